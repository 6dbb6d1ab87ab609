"""On-buckets of one side and the runs they form: a snapshot of liquidity at one instant."""

from dataclasses import dataclass

from tests.reference.position_book import Rows
from tests.reference.records import BID

__all__ = ["Run", "Zone", "median_size", "runs_of", "size_within"]


@dataclass
class Run:
    """A maximal run of adjacent on-buckets, clipped to the visible ticks."""

    b_low: int
    b_high: int
    low: int
    high: int
    size: int
    poc: int

    @property
    def span(self) -> int:
        return self.high - self.low + 1


@dataclass
class Zone:
    """A run with a life; ``id`` None until it is announced."""

    side: int
    run: Run
    t_first: int
    peak: int
    id: int | None = None
    told: int = 0
    told_state: str = "active"
    told_bounds: tuple[int, int] = (0, 0)
    state: str = "active"
    t_touch: int | None = None
    buy: int = 0
    sell: int = 0
    traded: int = 0
    near: int = 0
    near_peak: int = 0
    added: int = 0
    cancelled: int = 0
    beyond: int | None = None
    row_size: int = 0

    def trade(self, time: int, price: int, size: int, aggressor: int, buffer: int) -> None:
        low, high = self.run.low, self.run.high
        if low <= price <= high:
            self.buy += size if aggressor == 1 else 0
            self.sell += size if aggressor == 0 else 0
            self.traded += size
        if low - buffer <= price <= high + buffer:
            self.near += size
            self.t_touch = time
        if self.beyond is None:
            self.beyond = price
        self.beyond = min(self.beyond, price) if self.side == BID else max(self.beyond, price)

    def through(self, buffer: int) -> bool:
        if self.beyond is None:
            return False
        if self.side == BID:
            return self.beyond < self.run.low - buffer
        return self.beyond > self.run.high + buffer


def median_size(bids: Rows, asks: Rows) -> float:
    sizes = sorted(size for _, size in bids + asks)
    middle = len(sizes) // 2
    if len(sizes) % 2:
        return float(sizes[middle])
    return (sizes[middle - 1] + sizes[middle]) / 2


def size_within(rows: Rows, low: int, high: int) -> int:
    return sum(size for price, size in rows if low <= price <= high)


def runs_of(rows: Rows, inc: int, on: float, off: float, lit: set[int]) -> list[Run]:
    """Runs, lowest first; ``lit`` are the buckets that were on before."""
    worst, best = sorted((rows[0][0], rows[-1][0]))
    sums: dict[int, int] = {}
    for price, size in rows:
        sums[price // inc] = sums.get(price // inc, 0) + size
    buckets = []
    for bucket in sorted(sums):
        low, high = max(bucket * inc, worst), min(bucket * inc + inc - 1, best)
        visible = high - low + 1
        if 2 * visible < inc:
            continue
        density = sums[bucket] / visible
        if density >= (off if bucket in lit else on):
            buckets.append(bucket)
    runs: list[list[int]] = []
    for bucket in buckets:
        if runs and runs[-1][-1] == bucket - 1:
            runs[-1].append(bucket)
        else:
            runs.append([bucket])
    return [_run(rows, inc, run[0], run[-1], worst, best) for run in runs]


def _run(rows: Rows, inc: int, first: int, last: int, worst: int, best: int) -> Run:
    low, high = max(first * inc, worst), min(last * inc + inc - 1, best)
    within = [(price, size) for price, size in rows if low <= price <= high]
    poc = max(within, key=lambda row: row[1])[0]
    return Run(first, last, low, high, sum(size for _, size in within), poc)
