"""A plain order-by-order book for Databento's MBO schema: what the exchange says, no more.

Trades (T), fills (F) and N never change it: the C or M that follows does. An order keeps its place
in the queue of its price unless its price changes or its size grows.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sortedcontainers import SortedDict

__all__ = ["LAST", "SNAPSHOT", "MboBook", "MboEvent"]

SNAPSHOT = 32
"""Flag: the record belongs to the snapshot at the start."""
LAST = 128
"""Flag: last record of an exchange event."""


class MboEvent(NamedTuple):
    """One record; ``side`` is ``"A"``, ``"B"`` or ``"N"``, ``price`` in any integer unit."""

    time: int
    action: str
    side: str
    price: int
    size: int
    order_id: int
    flags: int


class MboBook:
    """Orders by id and queues by price."""

    def __init__(self) -> None:
        self.orders: dict[int, tuple[str, int, int]] = {}
        self.sides: dict[str, SortedDict] = {"A": SortedDict(), "B": SortedDict()}
        self.unknown = 0

    def apply(self, event: MboEvent) -> None:
        if event.action == "A":
            self._insert(event.order_id, event.side, event.price, event.size)
        elif event.action == "C":
            self._reduce(event.order_id, event.size)
        elif event.action == "M":
            self._modify(event)
        elif event.action == "R":
            self.orders.clear()
            for side in self.sides.values():
                side.clear()
        else:
            assert event.action in "TFN", event

    def top(self, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Bids and asks, best first, (price, total size)."""
        bids = [(price, self._total("B", price)) for price in _last(self.sides["B"], levels)]
        asks = [(price, self._total("A", price)) for price in _first(self.sides["A"], levels)]
        return bids, asks

    def check(self) -> None:
        """Each order stands once in the queue of its price and no queue is empty."""
        queued = 0
        for side, queues in self.sides.items():
            for price, queue in queues.items():
                assert queue, (side, price)
                for order_id, size in queue.items():
                    assert self.orders[order_id] == (side, price, size)
                    assert size > 0
                queued += len(queue)
        assert queued == len(self.orders)

    def _total(self, side: str, price: int) -> int:
        return sum(self.sides[side][price].values())

    def _insert(self, order_id: int, side: str, price: int, size: int) -> None:
        assert order_id not in self.orders
        self.orders[order_id] = (side, price, size)
        self.sides[side].setdefault(price, {})[order_id] = size

    def _remove(self, order_id: int) -> None:
        side, price, _ = self.orders.pop(order_id)
        queue = self.sides[side][price]
        del queue[order_id]
        if not queue:
            del self.sides[side][price]

    def _reduce(self, order_id: int, amount: int) -> None:
        if order_id not in self.orders:
            self.unknown += 1
            return
        side, price, size = self.orders[order_id]
        if amount >= size:
            self._remove(order_id)
        else:
            self.orders[order_id] = (side, price, size - amount)
            self.sides[side][price][order_id] = size - amount

    def _modify(self, event: MboEvent) -> None:
        if event.order_id not in self.orders:
            self.unknown += 1
            self._insert(event.order_id, event.side, event.price, event.size)
            return
        side, price, size = self.orders[event.order_id]
        if price == event.price and event.size <= size:
            self.orders[event.order_id] = (side, price, event.size)
            self.sides[side][price][event.order_id] = event.size
            return
        self._remove(event.order_id)
        self._insert(event.order_id, side, event.price, event.size)


def _first(queues: SortedDict, levels: int) -> Iterator[int]:
    for index in range(min(levels, len(queues))):
        yield queues.keys()[index]


def _last(queues: SortedDict, levels: int) -> Iterator[int]:
    for index in range(min(levels, len(queues))):
        yield queues.keys()[-1 - index]
