"""What hftbacktest does with events, in plain words: one map of levels, one of orders."""

from typing import Any

__all__ = ["EventBook"]

DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
ADD, CANCEL, MODIFY, FILL = 10, 11, 12, 13
BUY, SELL = 1 << 29, 1 << 28
BOTH = 1 << 31 | 1 << 30


class EventBook:
    """Applies events; anything that hftbacktest stops at is an AssertionError."""

    def __init__(self, tick: float) -> None:
        self.tick = tick
        self.levels: dict[int, dict[int, float]] = {BUY: {}, SELL: {}}
        self.orders: dict[int, tuple[int, int, float]] = {}
        self.trades: list[tuple[int, int, float, int]] = []
        self.filled: list[tuple[int, float]] = []
        self.exchange = self.local = 0

    def apply(self, events: Any) -> None:
        for ev, exchange, local, price, size, ref, _, _ in events.tolist():
            assert ev & BOTH == BOTH
            assert exchange >= self.exchange, "the exchange's time does not go back"
            assert local >= self.local, "the local time does not go back"
            assert local >= exchange, "nothing is heard of before it happened"
            self.exchange, self.local = exchange, local
            ticks = round(price / self.tick)
            assert ticks * self.tick == price, "prices lie on the grid"
            self._apply(ev & 0xFF, ev & (BUY | SELL), ticks, size, ref, exchange)

    def _apply(self, kind: int, side: int, ticks: int, size: float, ref: int, time: int) -> None:
        if kind == TRADE:
            self.trades.append((side, ticks, size, time))
        elif kind == CLEAR:
            assert side == 0
            self.levels = {BUY: {}, SELL: {}}
            self.orders = {}
        elif kind in (DEPTH, SNAPSHOT):
            self._put(side, ticks, size)
        elif kind == ADD:
            assert ref not in self.orders, "no order is added twice"
            assert size > 0
            self._put_order(ref, side, ticks, size)
        elif kind == CANCEL:
            self._put_order(ref, *self.orders[ref][:2], 0)
        elif kind == MODIFY:
            assert size > 0
            old = self.orders[ref]
            assert old[0] == side
            if ticks == old[1]:
                assert size < old[2], "an order that grows would keep its place"
            self._put_order(ref, side, ticks, size)
        else:
            assert kind == FILL
            assert self.orders[ref][:2] == (side, ticks)
            assert 0 < size <= self.orders[ref][2]
            self.filled.append((ref, size))

    def _put(self, side: int, ticks: int, size: float) -> None:
        if size:
            self.levels[side][ticks] = size
        else:
            self.levels[side].pop(ticks, None)

    def _put_order(self, ref: int, side: int, ticks: int, size: float) -> None:
        """Dictionaries keep their order: an order that moves goes to the end of its queue."""
        old = self.orders.get(ref)
        if old is not None:
            self._put(old[0], old[1], self.levels[old[0]][old[1]] - old[2])
            if not size or old[1] != ticks:
                del self.orders[ref]
        if size:
            self.orders[ref] = (side, ticks, size)
            self._put(side, ticks, self.levels[side].get(ticks, 0) + size)

    @property
    def sides(self) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """(bids, asks), best first."""
        bids = sorted(self.levels[BUY].items(), reverse=True)
        return bids, sorted(self.levels[SELL].items())

    def queue(self, side: int, ticks: int) -> list[tuple[int, float]]:
        """(id, size) of the orders at a price."""
        return [(ref, size) for ref, (s, p, size) in self.orders.items() if (s, p) == (side, ticks)]
