"""How a figure is taken: warm, pinned, several rounds, with what it says about itself."""

import gc
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["CORE", "OURS", "Measure"]

OURS: Final = "ours"


def _pin() -> int | None:
    """Keep this process, and what it starts, on one core; the number, or None."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


CORE: Final = _pin()
"""The core that everything runs on; None where pinning is not possible."""


class Measure:
    """Measures one side of one or more lines.

    Args:
        benchmark: pytest-benchmark's fixture.
    """

    def __init__(self, benchmark: Any) -> None:  # noqa: ANN401 - untyped
        self._benchmark = benchmark

    def time(
        self,
        line: str,
        work: Callable[[], Any],
        items: int,
        *,
        role: str = OURS,
        rounds: int = 9,
    ) -> Any:  # noqa: ANN401
        """Time ``work``.

        Args:
            line: key of the line.
            work: the same every time.
            items: what one call works through.
            role: who it is.
            rounds: calls; one more warms up.

        Returns:
            What the last call returned.
        """
        self._benchmark.extra_info.update(line=line, role=role, items=items)
        gc.collect()
        return self._benchmark.pedantic(work, rounds=rounds, warmup_rounds=1, iterations=1)

    def keep(
        self, work: Callable[[], Mapping[str, Mapping[str, float]]], *, rounds: int = 3
    ) -> dict[str, dict[str, list[float]]]:
        """Keep figures that ``work`` itself measures.

        Args:
            work: returns by role and by key of a line a figure in the line's unit.
            rounds: calls.

        Returns:
            The figures of all rounds by role and line.
        """
        kept: dict[str, dict[str, list[float]]] = {}

        def once() -> None:
            for role, figures in work().items():
                for key, figure in figures.items():
                    kept.setdefault(role, {}).setdefault(key, []).append(figure)

        self._benchmark.pedantic(once, rounds=rounds, iterations=1)
        self._benchmark.extra_info["figures"] = kept
        return kept
