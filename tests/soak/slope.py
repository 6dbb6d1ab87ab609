"""How fast memory grows, robust against steps, and how steady a count is."""

from typing import Any, Final

import numpy as np

__all__ = ["PER_WINDOW_S", "theil_sen", "windows"]

PER_WINDOW_S: Final = 10.0

Floats = np.ndarray[Any, np.dtype[np.float64]]


def theil_sen(x: Floats, y: Floats) -> float:
    """The median of the slopes of all pairs: 29 % of the points may lie anywhere.

    A least-squares line is bent by one late garbage collection or a buffer that grew once; a leak
    moves the median pair as well. Sen (1968), J. Am. Stat. Assoc. 63, 1379.
    """
    first, second = np.triu_indices(len(x), 1)
    distance = x[second] - x[first]
    apart = distance > 0
    return float(np.median((y[second] - y[first])[apart] / distance[apart]))


def windows(times: Floats, values: Floats, seconds: float = PER_WINDOW_S) -> tuple[Floats, Floats]:
    """The middle and the median of each window: single samples stop mattering."""
    slot = ((times - times[0]) // seconds).astype(int)
    kept = np.unique(slot)
    middles = np.array([times[slot == one].mean() for one in kept])
    return middles, np.array([np.median(values[slot == one]) for one in kept])
