"""Pulling and stacking, from docs/analytics.md: rows of depth, and orders record by record."""

from abc import ABC, abstractmethod
from typing import Any

from tests.reference.order_book import CLEAR, FILL, OrderBook
from tests.reference.position_book import Rows
from tests.reference.records import ASK, BID, BUY, SELL, Rec
from tests.reference.settings import Settings

__all__ = ["DepthPulls", "OrderPulls"]

ROWS = 10
PRICES = 32
SIDES = {"bid": BID, "ask": ASK}


class _Stretch:
    """One row as long as it is followed."""

    def __init__(self, first: int, size: int) -> None:
        self.first = first
        self.size = size
        self.hit = 0
        self.hit_before = 0

    def parts(self, size: int, hit: int) -> tuple[int, int, int]:
        """Added, cancelled, traded."""
        n = size - self.first + hit
        return max(n, 0), max(-n, 0), hit


class _Window(ABC):
    """What both kinds have in common: when a window begins, and which side a trade hits."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.best: dict[int, int] | None = None
        self.span: dict[int, list[int]] = {}
        self.sums: dict[int, list[int]] | None = None

    def stop(self) -> None:
        self.best = None
        self.sums = None

    def at_instant(self, time: int, sampled: bool, bids: Rows, asks: Rows) -> None:
        if not sampled or not self.settings.pulling:
            self.stop()
            return
        rows = {BID: bids[:ROWS], ASK: asks[:ROWS]}
        best = {side: rows[side][0][0] for side in rows}
        if best != self.best or time % self.settings.pulling_window == 0:
            self.best = best
            self.sums = None
            self.begin(rows)
        else:
            self.sums = self.measure(rows)
        self.span = {side: sorted((rows[side][0][0], rows[side][-1][0])) for side in rows}

    @abstractmethod
    def begin(self, rows: dict[int, Rows]) -> None:
        """Start over from these rows."""

    @abstractmethod
    def measure(self, rows: dict[int, Rows]) -> dict[int, list[int]]:
        """Added, cancelled and traded of each side since the window began."""

    def side_hit(self, price: int, aggressor: int) -> int | None:
        assert self.best is not None
        if aggressor in (BUY, SELL):
            return {BUY: ASK, SELL: BID}[aggressor]
        if price <= self.best[BID]:
            return BID
        return ASK if price >= self.best[ASK] else None

    def within(self, side: int, price: int) -> bool:
        low, high = self.span[side]
        return low <= price <= high

    def fields(self) -> dict[str, Any]:
        words = ("added", "cancelled", "traded")
        names = [f"{word}_{side}" for side in SIDES for word in words]
        if self.sums is None:
            return dict.fromkeys([*names, "pulling", "stacking"])
        found = {
            f"{word}_{name}": float(self.sums[side][index])
            for name, side in SIDES.items()
            for index, word in enumerate(words)
        }
        found["pulling"] = found["cancelled_bid"] + found["cancelled_ask"]
        found["stacking"] = found["added_bid"] + found["added_ask"]
        return found


class DepthPulls(_Window):
    """From sizes at the instants and the trades between them."""

    def begin(self, rows: dict[int, Rows]) -> None:
        self.past = {side: [0, 0, 0] for side in rows}
        self.followed = {
            side: {price: _Stretch(size, size) for price, size in rows[side]} for side in rows
        }

    def measure(self, rows: dict[int, Rows]) -> dict[int, list[int]]:
        return {side: self._measure(side, dict(rows[side])) for side in rows}

    def _measure(self, side: int, sizes: dict[int, int]) -> list[int]:
        followed = self.followed[side]
        last = max(sizes) if side == ASK else min(sizes)
        for price in [price for price in followed if price not in sizes]:
            stretch = followed.pop(price)
            if price < last if side == ASK else price > last:
                parts = stretch.parts(0, stretch.hit)
            else:
                parts = stretch.parts(stretch.size, stretch.hit_before)
            self.past[side] = [a + b for a, b in zip(self.past[side], parts, strict=True)]
        total = self.past[side]
        for price, size in sizes.items():
            if price not in followed:
                followed[price] = _Stretch(0 if self.within(side, price) else size, size)
            stretch = followed[price]
            stretch.size, stretch.hit_before = size, stretch.hit
            parts = stretch.parts(size, stretch.hit)
            total = [a + b for a, b in zip(total, parts, strict=True)]
        return total

    def trade(self, price: int, size: int, aggressor: int) -> None:
        if self.best is None:
            return
        side = self.side_hit(price, aggressor)
        if side is not None and price in self.followed[side]:
            self.followed[side][price].hit += size


class OrderPulls(_Window):
    """From what each order record does to the levels of a plain book of orders."""

    def __init__(self, settings: Settings, book: OrderBook, unit: int) -> None:
        super().__init__(settings)
        self.book = book
        self.unit = unit  # billionths of a tick
        self.fills = False
        self.owed: dict[tuple[int, int], int] = {}

    def stop(self) -> None:
        super().stop()
        self.owed = {}

    def begin(self, rows: dict[int, Rows]) -> None:
        self.running = {side: [0, 0, 0] for side in rows}

    def measure(self, rows: dict[int, Rows]) -> dict[int, list[int]]:
        return {side: list(self.running[side]) for side in rows}

    def trade(self, price: int, size: int, aggressor: int) -> None:
        if self.best is None or self.fills:
            return
        side = self.side_hit(price, aggressor)
        if side is None or not self.within(side, price):
            return
        key = (side, price)
        if key in self.owed or len(self.owed) < PRICES:
            self.owed[key] = self.owed.get(key, 0) + size
            self.running[side][2] += size

    def order(self, rec: Rec) -> None:
        """Apply the record to the plain book and take in what became of its levels."""
        before = self._levels(rec)
        self.book.apply(rec)
        if rec.op == CLEAR:
            self.stop()
        self.fills = self.fills or rec.op == FILL
        if self.best is None:
            return
        for (side, price), size in (self._levels(rec) | before).items():
            ticks, rest = divmod(price, self.unit)
            if rest or not self.within(side, ticks):
                continue
            change = self.book.total(side, price) - before.get((side, price), size)
            self._change((side, ticks), change, rec.op)

    def _levels(self, rec: Rec) -> dict[tuple[int, int], int]:
        """The levels that a record may touch, with their sizes."""
        standing = self.book.orders.get(rec.ref)
        places = {(standing.side, standing.price)} if standing else set()
        if rec.op != CLEAR:
            side = standing.side if standing else rec.side
            places.add((side, self.book.price_of(rec)))
        return {place: self.book.total(*place) for place in places}

    def _change(self, key: tuple[int, int], change: int, op: int) -> None:
        sums = self.running[key[0]]
        if change > 0:
            sums[0] += change
        elif change < 0:
            paid = min(self.owed.get(key, 0), -change)
            if paid:
                self.owed[key] -= paid
            sums[2 if op == FILL else 1] += -change - paid

    def end_group(self) -> None:
        """Time moves on."""
        if not self.fills:
            for (side, _), left in self.owed.items():
                self.running[side][0] += left
        self.owed = {}
