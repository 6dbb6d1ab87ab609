"""What queue imbalance says about the next move of mid: for studies of recordings.

Gould and Bonart, "Queue imbalance as a one-tick-ahead price predictor in a limit order book"
(2016): a logistic fit of the direction of the next move on the imbalance at the touch, judged by
the area under its ROC curve. A fit says nothing about the data that it was made on: fit on what
came before, judge on what came after (``split_causally``). Nothing of it is part of a stream's
output.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.errors import UsageError

__all__ = [
    "Bin",
    "Judgement",
    "Logistic",
    "fit_queue_imbalance",
    "judge_queue_imbalance",
    "next_moves",
    "queue_imbalance_auc",
    "split_causally",
]

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]

_STEPS: Final = 50
_SMALL: Final = 1e-12
_STEEPEST: Final = 500.0
"""Argument at which the logistic function is 0 or 1 to all digits."""


class Logistic(NamedTuple):
    """P(up | I) = 1/(1 + exp(-(intercept + slope·I)))."""

    intercept: float
    slope: float
    n: int

    def probability(self, imbalance: Floats) -> Floats:
        """Of an upward next move, shape as given."""
        argument = self.intercept + self.slope * np.asarray(imbalance, np.float64)
        probability: Floats = 1.0 / (1.0 + np.exp(-np.clip(argument, -_STEEPEST, _STEEPEST)))
        return probability


class Bin(NamedTuple):
    """Observations of like probability.

    Attributes:
        n: observations.
        predicted: mean of their probabilities.
        observed: share of them that went up.
    """

    n: int
    predicted: float
    observed: float


class Judgement(NamedTuple):
    """A fit on observations.

    Attributes:
        n: observations.
        auc: area under the ROC curve; ½ says nothing; None: all went one way.
        brier: mean of (probability - outcome)²; ¼ is what a coin gets.
        reliability: by tenths of the probability; empty ones left out.
    """

    n: int
    auc: float | None
    brier: float
    reliability: tuple[Bin, ...]


def next_moves(mids: Floats) -> Signs:
    """Direction of the next change of mid after each observation: 1, -1, or 0 if none came.

    Args:
        mids: in order; NaN where there is none. A move is told by the known mids on both sides
            of what is unknown.
    """
    moves = np.zeros(len(mids), np.int8)
    ahead = np.int8(0)
    later = np.nan
    for i in range(len(mids) - 1, -1, -1):
        mid = mids[i]
        if mid != mid:
            continue
        if later == later and mid != later:
            ahead = np.int8(1 if later > mid else -1)
        moves[i] = ahead
        later = mid
    return moves


def split_causally(count: int, share: float = 0.5) -> tuple[slice, slice]:
    """What to fit on and, after it in time, what to judge on."""
    if not 0.0 < share < 1.0:
        raise UsageError(f"a share of {share} leaves one side empty")
    at = int(count * share)
    return slice(0, at), slice(at, count)


def queue_imbalance_auc(imbalance: Floats, moves: Signs) -> float | None:
    """Chance that an upward move had the larger imbalance than a downward one, ties half.

    Args:
        imbalance: shape (n,); NaN is left out.
        moves: of ``next_moves``; 0 is left out.

    Returns:
        None when all of them went one way.
    """
    x, up = _known(imbalance, moves)
    ups = int(up.sum())
    downs = len(up) - ups
    if ups == 0 or downs == 0:
        return None
    _, where, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    twice = 2 * last - counts + 1  # twice the mean rank of equal values, from 1
    ranks = int(twice[where][up].sum())
    return (ranks - ups * (ups + 1)) / (2.0 * ups * downs)


def fit_queue_imbalance(imbalance: Floats, moves: Signs) -> Logistic | None:
    """Most likely logistic function (Newton's method).

    Returns:
        None when there is none: all went one way, imbalance does not vary, or one threshold
        separates up from down, so that the steps do not come to rest.
    """
    x, up = _known(imbalance, moves)
    if not len(x) or up.all() or not up.any() or x.min() == x.max():
        return None
    fit = Logistic(0.0, 0.0, len(x))
    for _ in range(_STEPS):
        p = fit.probability(x)
        weight = p * (1.0 - p)
        miss = up - p
        a, b, c = float(weight.sum()), float((weight * x).sum()), float((weight * x * x).sum())
        g, h = float(miss.sum()), float((miss * x).sum())
        determinant = a * c - b * b
        if determinant <= 0.0:
            return None
        step = ((c * g - b * h) / determinant, (a * h - b * g) / determinant)
        fit = Logistic(fit.intercept + step[0], fit.slope + step[1], len(x))
        if abs(step[0]) + abs(step[1]) <= _SMALL * (1.0 + abs(fit.slope)):
            return fit
    return None


def judge_queue_imbalance(
    fit: Logistic, imbalance: Floats, moves: Signs, bins: int = 10
) -> Judgement | None:
    """What a fit was worth on observations that it has not seen; None without any.

    Args:
        fit: made on earlier observations.
        imbalance: as for ``queue_imbalance_auc``.
        moves: likewise.
        bins: of the probability, equally wide.
    """
    x, up = _known(imbalance, moves)
    if not len(x):
        return None
    p = fit.probability(x)
    which = np.minimum((p * bins).astype(np.int64), bins - 1)
    reliability = tuple(
        Bin(int(inside.sum()), float(p[inside].mean()), float(up[inside].mean()))
        for inside in (which == i for i in range(bins))
        if inside.any()
    )
    brier = float(((p - up) ** 2).mean())
    return Judgement(len(x), queue_imbalance_auc(imbalance, moves), brier, reliability)


def _known(imbalance: Floats, moves: Signs) -> tuple[Floats, NDArray[np.bool_]]:
    x = np.asarray(imbalance, np.float64)
    if x.shape != np.shape(moves):
        raise UsageError(f"{x.shape} imbalances and {np.shape(moves)} moves")
    known = ~np.isnan(x) & (moves != 0)
    return x[known], moves[known] > 0
