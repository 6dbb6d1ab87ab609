"""Order-flow imbalance on arrays, and what it explains: for studies of recordings.

Cont, Kukanov, Stoikov, "The price impact of order book events" (2014) for the pairs; Cont,
Cucuringu, Zhang, "Cross-impact of order flow imbalance in equity markets" (2023) for several levels
and their integration. Nothing here is part of a stream's output.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.errors import UsageError
from orderbook.layout import FOREVER

__all__ = [
    "Integrated",
    "Regression",
    "integrated_ofi",
    "mean_depth",
    "ofi_pairs",
    "ofi_regression",
    "sum_by_interval",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Integrated(NamedTuple):
    """Several levels as one.

    Attributes:
        values: one per interval.
        weights: of the levels; absolute values sum to 1.
        explained: share of the levels' variance along them.
    """

    values: Floats
    weights: Floats
    explained: float


class Regression(NamedTuple):
    """Least squares of a change on one or several flows, with an intercept.

    Attributes:
        n: observations.
        intercept: change without any flow.
        slopes: change per unit of each flow.
        r2: share of the variance explained; None: the changes or all flows do not vary.
    """

    n: int
    intercept: float
    slopes: tuple[float, ...]
    r2: float | None


def ofi_pairs(bid_px: Ints, bid_sz: Ints, ask_px: Ints, ask_sz: Ints) -> Ints:
    """The term of each pair of consecutive states, by level, as docs/analytics.md defines it.

    Args:
        bid_px: ticks, shape (states, levels), best first; where the size is 0 there is no row,
            and its price is not looked at.
        bid_sz: size steps, same shape.
        ask_px: as ``bid_px``.
        ask_sz: as ``bid_sz``.

    Returns:
        Size steps, shape (states - 1, levels); positive: bought, or bids added.
    """
    bids = np.where(bid_sz > 0, bid_px, -FOREVER)
    asks = np.where(ask_sz > 0, ask_px, FOREVER)
    return _gained(bids, bid_sz) - _gained(-asks, ask_sz)


def _gained(price: Ints, size: Ints) -> Ints:
    """Size gained on one side; a higher price is a better one."""
    now, before = price[1:], price[:-1]
    gained: Ints = np.where(now >= before, size[1:], 0) - np.where(now <= before, size[:-1], 0)
    return gained


def sum_by_interval(values: Ints, intervals: Ints, count: int) -> Ints:
    """Sums over intervals, shape (count, …), exact.

    Args:
        values: shape (n, …).
        intervals: number of each value's interval, shape (n,).
        count: intervals.
    """
    total = np.zeros((count, *values.shape[1:]), np.int64)
    np.add.at(total, intervals, values)
    return total


def mean_depth(bid_sz: Ints, ask_sz: Ints) -> float:
    """Mean size of a visible row, over states, sides and levels: the scale of level OFIs."""
    return float((bid_sz.mean() + ask_sz.mean()) / 2.0)


def integrated_ofi(flows: Floats, depth: float = 1.0) -> Integrated:
    """The levels' flows along their first principal component, divided by its l1 norm.

    Args:
        flows: sums by interval and level, shape (intervals, levels).
        depth: what they are divided by first, such as ``mean_depth`` of the same recording.

    Raises:
        UsageError: fewer than two intervals, or flows that do not vary.
    """
    scaled = np.asarray(flows, np.float64) / depth
    if scaled.ndim != 2 or len(scaled) < 2 or not (scaled != scaled[0]).any():
        raise UsageError("integrated OFI needs flows of at least two intervals that differ")
    centred = scaled - scaled.mean(axis=0)
    variances, vectors = np.linalg.eigh(centred.T @ centred)
    vector = vectors[:, -1]
    weights = vector / np.abs(vector).sum() * (1.0 if vector.sum() >= 0.0 else -1.0)
    return Integrated(scaled @ weights, weights, float(variances[-1] / variances.sum()))


def ofi_regression(flows: Floats, changes: Floats) -> Regression:
    """How much of the changes of mid the flows of the same intervals explain.

    Args:
        flows: by interval, shape (n,), or by interval and level, shape (n, levels).
        changes: of mid, shape (n,), in any unit.

    Raises:
        UsageError: shapes that do not fit together, or no more observations than coefficients.
    """
    x = np.asarray(flows, np.float64)
    x = x[:, None] if x.ndim == 1 else x
    y = np.asarray(changes, np.float64)
    if x.shape[0] != y.shape[0] or y.ndim != 1 or len(y) <= x.shape[1] + 1:
        raise UsageError(f"flows {x.shape} and changes {y.shape} make no regression")
    x_mean, y_mean = x.mean(axis=0), float(y.mean())
    centred = y - y_mean
    slopes = np.linalg.lstsq(x - x_mean, centred, rcond=None)[0]
    total = float(centred @ centred)
    rest = centred - (x - x_mean) @ slopes
    varies = total > 0.0 and bool((x != x[0]).any())
    return Regression(
        n=len(y),
        intercept=y_mean - float(x_mean @ slopes),
        slopes=tuple(float(slope) for slope in slopes),
        r2=1.0 - float(rest @ rest) / total if varies else None,
    )
