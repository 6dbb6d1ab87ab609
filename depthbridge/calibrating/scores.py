"""How scores behaved: distributions, what order flow explained, what queue imbalance foretold."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from depthbridge.reviewing.sessions import SCORES, SessionPart, seconds_of, sums_by_second
from market.errors import UsageError
from orderbook.impact import ofi_regression
from orderbook.prediction import next_moves, queue_imbalance_auc

__all__ = ["QUANTILES", "Behaviour", "Distribution", "Flow", "ScoreKeeper"]

QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_MOST: Final = 1 << 21
"""Seconds that are kept: 24 days of ES. Of more, every second one, and so on."""
_LEAST: Final = 60
"""Seconds without which nothing is said of flow."""
_BINS: Final = 40
_Floats = NDArray[np.float64]


class Distribution(NamedTuple):
    """One score at full seconds.

    Attributes:
        known: seconds at which it was defined.
        undefined: seconds at which it was not.
        mean: of the known ones; None without any.
        quantiles: at QUANTILES; empty without any.
        low: of the histogram.
        high: of the histogram.
        counts: of its bins, from low to high.
    """

    known: int
    undefined: int
    mean: float | None
    quantiles: tuple[float, ...]
    low: float
    high: float
    counts: tuple[int, ...]


class Flow(NamedTuple):
    """Mid's changes over seconds, regressed on order-flow imbalance.

    Attributes:
        seconds: in the regression.
        r2: share of the variance of a second's change that its own flow explains.
        r2_next: the same of the next second's change.
        slope: ticks per size step.
    """

    seconds: int
    r2: float | None
    r2_next: float | None
    slope: float | None


class Behaviour(NamedTuple):
    """The result.

    Attributes:
        scores: by name, those that were ever defined.
        flow: order flow at the touch; None: too little.
        queue_auc: chance that queue imbalance was larger before an upward move of mid than before
            a downward one; None: no moves.
    """

    scores: dict[str, Distribution]
    flow: Flow | None
    queue_auc: float | None


class ScoreKeeper:
    """Takes sessions; memory is bounded."""

    def __init__(self) -> None:
        self._scores: dict[str, _Kept] = {name: _Kept() for name in SCORES}
        self._flow = _Kept(3)
        self._queue = _Kept(2)

    def take(self, part: SessionPart) -> None:
        """Add a session."""
        for name, values in part.scores.items():
            self._scores[name].add(values[:, None])
        mids = seconds_of(part.path.mids, part.path.begin)
        changes = np.diff(mids)
        flows = sums_by_second(part.ofi, part.path.begin)[: len(changes)]
        later = np.concatenate([changes[1:], [np.nan]])[: len(changes)]
        self._flow.add(np.stack([flows, changes[: len(flows)], later[: len(flows)]], axis=1))
        imbalance = part.scores["queue_imbalance"][: len(mids)]
        # of every instant: from second to second a move and its return would not be seen
        moves = next_moves(part.path.mids).astype(np.float64)
        self._queue.add(
            np.stack([imbalance, seconds_of(moves, part.path.begin)[: len(imbalance)]], axis=1)
        )

    def result(self) -> Behaviour:
        """Everything so far."""
        scores = {name: _distribution(kept.values[:, 0]) for name, kept in self._scores.items()}
        imbalance, moves = self._queue.values.T
        known = ~np.isnan(imbalance)
        auc = queue_imbalance_auc(imbalance[known], moves[known].astype(np.int8))
        return Behaviour(
            {name: found for name, found in scores.items() if found.known},
            _regressed(self._flow.values),
            auc,
        )


class _Kept:
    """Rows; of too many every second one is dropped, again and again."""

    def __init__(self, columns: int = 1) -> None:
        self._parts: list[_Floats] = [np.zeros((0, columns))]
        self._count = 0
        self._stride = 1
        self._offset = 0

    def add(self, rows: _Floats) -> None:
        kept = rows[self._offset :: self._stride].copy()
        self._offset = (self._offset - len(rows)) % self._stride
        self._parts.append(kept)
        self._count += len(kept)
        if self._count > _MOST:
            halved = np.concatenate(self._parts)[::2]
            self._parts, self._count = [halved], len(halved)
            self._stride *= 2

    @property
    def values(self) -> _Floats:
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0]


def _distribution(values: _Floats) -> Distribution:
    known = values[~np.isnan(values)]
    undefined = len(values) - len(known)
    if not len(known):
        return Distribution(0, undefined, None, (), 0.0, 0.0, ())
    quantiles = tuple(float(value) for value in np.quantile(known, QUANTILES))
    low, high = quantiles[0], quantiles[-1]
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(np.clip(known, low, high), _BINS, (low, high))
    return Distribution(
        len(known),
        undefined,
        float(known.mean()),
        quantiles,
        low,
        high,
        tuple(int(count) for count in counts),
    )


def _regressed(rows: _Floats) -> Flow | None:
    flows, changes, later = rows.T
    known = ~np.isnan(changes)
    if known.sum() < _LEAST:
        return None
    same = ofi_regression(flows[known], changes[known])
    ahead = ~np.isnan(later)
    try:
        following = ofi_regression(flows[ahead], later[ahead]).r2
    except UsageError:
        following = None
    return Flow(int(known.sum()), same.r2, following, same.slopes[0])
