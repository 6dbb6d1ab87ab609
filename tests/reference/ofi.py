"""Order flow imbalance per completed group, and its score on the 1 s grid."""

import math

from tests.reference.book_metrics import crossed, two_sided
from tests.reference.ewma import Ewma
from tests.reference.position_book import Rows
from tests.reference.settings import Settings

__all__ = ["Ofi", "pair"]

State = tuple[Rows, Rows]


def pair(before: State, after: State, level: int) -> int:
    """Contribution of one level to the change from one book state to the next."""
    (bid_, b_), (ask_, a_) = _level(before, level)
    (bid, b), (ask, a) = _level(after, level)
    e = 0
    if bid >= bid_:
        e += b
    if bid <= bid_:
        e -= b_
    if ask <= ask_:
        e -= a
    if ask >= ask_:
        e += a_
    return e


def _level(state: State, level: int) -> tuple[tuple[float, int], tuple[float, int]]:
    bids, asks = state
    return (
        bids[level] if level < len(bids) else (-math.inf, 0),
        asks[level] if level < len(asks) else (math.inf, 0),
    )


class Ofi:
    """Pairs, their sums since the previous row and since the previous second."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.before: State | None = None
        self.row = [0] * settings.ofi_levels
        self.known = False
        self.second = 0
        self.paired = False
        self.counting = False
        self.mean = Ewma(settings.ofi_half_life)
        self.square = Ewma(settings.ofi_half_life)
        self.z: float | None = None

    def group(self, bids: Rows, asks: Rows) -> None:
        """A group with depth is complete."""
        if not two_sided(bids, asks) or crossed(bids, asks):
            self.before = None
            return
        after = (list(bids), list(asks))
        if self.before is not None:
            pairs = [pair(self.before, after, i) for i in range(self.settings.ofi_levels)]
            self.row = [x + e for x, e in zip(self.row, pairs, strict=True)]
            self.known = True
            self.second += pairs[0]
            self.paired = True
        self.before = after

    def restart(self) -> None:
        """Records were lost, or the book was replaced."""
        self.before = None
        self.known = False
        self.second = 0
        self.paired = self.counting = False
        self.z = None

    def take_row(self) -> list[int] | None:
        """Sums since the previous row; null until the first pair after a start or gap."""
        sums, self.row = self.row, [0] * self.settings.ofi_levels
        return sums if self.known else None

    def at_second(self, time: int, sampled: bool) -> None:
        x, self.second = float(self.second), 0
        self.z = None
        if not self.counting:
            self.counting = self.paired
            return
        if not sampled:
            return
        if self.mean.count >= self.settings.ofi_warmup:
            m, q = self.mean.value(), self.square.value()
            variance = q - m * m
            if q != 0.0 and variance > 1e-12 * q:
                self.z = (x - m) / math.sqrt(variance)
        self.mean.add(x, time)
        self.square.add(x * x, time)

    @property
    def warm(self) -> bool:
        return self.mean.count >= self.settings.ofi_warmup
