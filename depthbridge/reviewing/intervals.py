"""Intervals: exact ones of rates (Clopper and Pearson 1934), percentile bootstrap of means."""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVEL", "Interval", "exact_interval", "mean_interval"]

LEVEL: Final = 0.95
_ROUNDS: Final = 1000
_HALVINGS: Final = 60
_BLOCK: Final = 1 << 22
"""Draws that are made at once."""


class Interval(NamedTuple):
    """A value and the bounds within which it lies with probability LEVEL; None: no data."""

    value: float | None
    low: float | None
    high: float | None


def exact_interval(hits: int, count: int) -> Interval:
    """Of a rate: the bounds beyond which so few, or so many, hits have half of 1 - LEVEL."""
    if not count:
        return Interval(None, None, None)
    tail = (1.0 - LEVEL) / 2.0
    low = 0.0 if hits == 0 else _solve(lambda p: 1.0 - _at_most(hits - 1, count, p), tail)
    high = 1.0 if hits == count else 1.0 - _solve(lambda p: _at_most(hits, count, 1.0 - p), tail)
    return Interval(hits / count, low, high)


def _solve(rising: Callable[[float], float], target: float) -> float:
    """Where a function that rises from 0 to 1 takes a value."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if rising(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _at_most(hits: int, count: int, rate: float) -> float:
    """Probability of at most so many hits."""
    if rate <= 0.0:
        return 1.0
    if rate >= 1.0:
        return 1.0 if hits >= count else 0.0
    yes, no, whole = math.log(rate), math.log1p(-rate), math.lgamma(count + 1)
    return math.fsum(
        math.exp(
            whole - math.lgamma(k + 1) - math.lgamma(count - k + 1) + k * yes + (count - k) * no
        )
        for k in range(hits + 1)
    )


def mean_interval(values: NDArray[np.float64], draw: np.random.Generator) -> Interval:
    """Of a mean: percentiles of the means of samples drawn with replacement."""
    count = len(values)
    if not count:
        return Interval(None, None, None)
    means = np.empty(_ROUNDS)
    step = max(1, min(_ROUNDS, _BLOCK // count))
    for start in range(0, _ROUNDS, step):
        rounds = min(step, _ROUNDS - start)
        picked = draw.integers(0, count, (rounds, count))
        means[start : start + rounds] = values[picked].mean(axis=1)
    low, high = np.quantile(means, ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
    return Interval(float(values.mean()), float(low), float(high))
