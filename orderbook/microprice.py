"""The micro-price: what the touch says about where mid is going, fitted on a session's moves.

Stoikov, "The micro-price: a high-frequency estimator of future prices" (2018). States are (spread
1 to 3 ticks, bucket of queue imbalance); of a Markov chain on them the micro-price is mid plus the
sum of all expected changes of mid to come. With the moves counted once more as their mirror images
that sum is antisymmetric, so the half of the states with more bid than ask is enough, and it is
the solution of a linear system instead of a series.

Only plain arithmetic in a fixed order: the same counts give the same bits on every machine.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from orderbook.layout import FOREVER, Struct
from orderbook.layout import MICRO_BUCKETS as BUCKETS
from orderbook.layout import MICRO_SPREADS as SPREADS
from orderbook.layout import MICRO_STATES as STATES
from orderbook.parameters import Scores

__all__ = ["fit_microprice", "refit"]

_HALF: Final = BUCKETS // 2
_PIVOT_MIN: Final = 1e-9

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def fit_microprice(moves: Counts, drift: Counts, least: int = 1) -> Floats:
    """What to add to mid in each state.

    Args:
        moves: how often state i was followed by state j, shape (30, 30); a state is
            ``10 * (spread - 1) + bucket``.
        drift: sum of the changes of best bid plus best ask at the moves from state i.
        least: fewer moves than this give no fit.

    Returns:
        Half ticks by spread and bucket, shape (3, 10): antisymmetric in the buckets,
        not falling, within half the spread. NaN in a state that was never left; NaN everywhere
        without enough moves, or if they do not determine it.
    """
    table = np.full((SPREADS, BUCKETS), np.nan)
    if int(moves.sum()) < least:
        return table
    mirror = np.arange(STATES).reshape(SPREADS, BUCKETS)[:, ::-1].ravel()
    both = moves + moves[mirror][:, mirror]
    half = np.flatnonzero(np.arange(STATES) % BUCKETS >= _HALF)
    left = both.sum(axis=1)[half]
    solved = _solve(
        *_system(
            both[half][:, half] - both[half][:, mirror[half]], left, (drift - drift[mirror])[half]
        )
    )
    if solved is None:
        return table
    for spread in range(SPREADS):
        part = slice(_HALF * spread, _HALF * (spread + 1))
        upper = _rising(solved[part], left[part], float(spread + 1))
        table[spread, _HALF:] = upper
        table[spread, :_HALF] = 0.0 - upper[::-1]
    return table


def refit(micro: Struct, scores: Scores) -> None:
    """A session opens: fit on the moves since the last opening, and count anew.

    Args:
        micro: MICRO, changed in place.
        scores: the switch and the least number of moves.
    """
    least = scores.microprice_least if scores.microprice == "on" else FOREVER
    micro["fitted"] = fit_microprice(micro["moves"], micro["drift"], least)
    micro["moves"] = 0
    micro["drift"] = 0
    micro["state"] = -1


def _system(net: Counts, left: Counts, drift: Counts) -> tuple[Floats, Floats]:
    """Matrix and right side; a state that was never left stands alone, at 0."""
    times = np.maximum(left, 1)
    matrix = np.eye(len(left)) - np.where(left[:, None] > 0, net / times[:, None], 0.0)
    return matrix, np.where(left > 0, drift / times, 0.0)


def _solve(matrix: Floats, right: Floats) -> Floats | None:
    """Elimination in the order of the states; the matrix is diagonally dominant: no pivoting."""
    n = len(right)
    for k in range(n):
        if abs(matrix[k, k]) <= _PIVOT_MIN:
            return None
        for i in range(k + 1, n):
            factor = matrix[i, k] / matrix[k, k]
            matrix[i, k:] -= factor * matrix[k, k:]
            right[i] -= factor * right[k]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            right[i] -= matrix[i, j] * right[j]
        right[i] /= matrix[i, i]
    return right


def _rising(values: Floats, weights: Counts, limit: float) -> Floats:
    """The closest values that do not fall (pooled neighbours), between 0 and ``limit``."""
    known = np.flatnonzero(weights > 0)
    blocks: list[tuple[float, int, int]] = []
    for at in known.tolist():
        value, weight, members = float(values[at]), int(weights[at]), 1
        while blocks and blocks[-1][0] > value:
            before, heavy, count = blocks.pop()
            value = (before * heavy + value * weight) / (heavy + weight)
            weight += heavy
            members += count
        blocks.append((value, weight, members))
    rising = np.full(len(values), np.nan)
    pooled = [max(0.0, min(limit, value)) for value, _, members in blocks for _ in range(members)]
    rising[known] = pooled
    return rising
