import threading

import numpy as np

from market.jit import inlined, kernel


@inlined
def _double(value: int) -> int:
    return 2 * value


@kernel
def total(values: np.ndarray) -> int:  # type: ignore[type-arg]
    result = 0
    for value in values:
        result += _double(value)
    return result


def test_kernels_call_steps_and_run_beside_each_other() -> None:
    found: list[int] = []
    values = np.arange(1000)
    workers = [threading.Thread(target=lambda: found.append(total(values))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [999_000] * 4
