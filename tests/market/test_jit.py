import threading

import numpy as np

from market.jit import inlined, kernel, rarely, unsigned


@inlined
def _double(value: int) -> int:
    return 2 * value


@kernel
def total(values: np.ndarray) -> int:  # type: ignore[type-arg]
    result = 0
    for value in values:
        result += _double(value)
    return result


@kernel
def total_of_small(values: np.ndarray, limit: int) -> int:  # type: ignore[type-arg]
    result = 0
    for i in range(len(values)):
        if rarely(values[unsigned(i)] >= limit):
            continue
        values[unsigned(i)] += 1
        result += values[unsigned(i)]
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


def test_what_is_said_of_indices_and_conditions_changes_no_result() -> None:
    values = np.arange(10)
    assert total_of_small(values, 4) == 1 + 2 + 3 + 4
    assert values.tolist() == [1, 2, 3, 4, 4, 5, 6, 7, 8, 9]
