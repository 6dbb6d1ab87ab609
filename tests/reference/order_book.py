"""A plain order-by-order book of the wire's order records: one dictionary, one queue per price.

Written for clearness from the protocol's words; nothing of the product is used but its numbers.

========  =====================================================================================
op        what happens
========  =====================================================================================
add       the order stands at the end of its price's queue; nothing if its size is 0
modify    new total size, price as given; a changed price or a grown size loses the place in the
          queue, a size that shrinks keeps it; size 0 takes the order off
cancel    ``size`` is taken off
delete    the order goes
fill      ``size`` is executed; as cancel
replace   the order goes; the record after it adds the new one
clear     all orders of both sides go
========  =====================================================================================

A cancel or fill of 0 changes nothing, whomever it names: so a message is told that changes no
book. An order's side is that of its add. Bad input leaves the book consistent and is counted.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from sortedcontainers import SortedDict

from market.ticks import Grid
from tests.reference.records import ASK, BID, ORDER, Rec

__all__ = [
    "BEYOND",
    "BILLIONTHS",
    "CANCEL",
    "CLEAR",
    "DEAD_MODIFY",
    "DELETE",
    "DOUBLE_ADD",
    "FILL",
    "LAST",
    "MODIFY",
    "REPLACE",
    "UNKNOWN_ID",
    "Fault",
    "Levels",
    "Order",
    "OrderBook",
    "Row",
    "rows_of",
]

ADD, MODIFY, CANCEL, DELETE, FILL, REPLACE, CLEAR = range(7)
LAST = 1
"""Bit of ``position``: last record of an exchange event."""
BILLIONTHS = 2
"""Bit of ``position``: the price is no multiple of the tick; it is in billionths of the unit."""

UNKNOWN_ID = "unknown"
"""Cancel, delete, fill or replace of an order that does not stand."""
DEAD_MODIFY = "dead_modify"
"""Modify of such an order."""
DOUBLE_ADD = "double_add"
"""Add of an id that stands: the old order is kept."""
BEYOND = "beyond"
"""Cancel or fill of more than there is: the order goes."""

Levels = list[tuple[int, int]]
"""(price in billionths, total size), best first."""


class Order(NamedTuple):
    """An order that stands; ``price`` in billionths of the price unit."""

    side: int
    price: int
    size: int


class Fault(NamedTuple):
    """How often something was wrong, and the index of the first."""

    count: int
    first: int


class Row(NamedTuple):
    """The book after one message."""

    index: int
    time: int
    bids: Levels
    asks: Levels


class OrderBook:
    """Orders by id, and for each side and price their ids in the order of the queue."""

    def __init__(self, tick: Grid) -> None:
        self._tick = tick
        self.orders: dict[int, Order] = {}
        self.queues: dict[int, SortedDict] = {ASK: SortedDict(), BID: SortedDict()}
        self.faults: dict[str, Fault] = {}

    def apply(self, rec: Rec, index: int = -1) -> str | None:
        """Apply one record; other kinds than orders change nothing. The word of its fault."""
        if rec.kind != ORDER:
            return None
        fault = self._apply(rec)
        if fault is not None:
            known = self.faults.get(fault, Fault(0, index))
            self.faults[fault] = Fault(known.count + 1, known.first)
        return fault

    def _apply(self, rec: Rec) -> str | None:
        if rec.op == ADD:
            return self._add(rec)
        if rec.op == CLEAR:
            self.orders.clear()
            for queues in self.queues.values():
                queues.clear()
            return None
        if rec.op in (CANCEL, FILL) and rec.size == 0:
            return None
        if rec.ref not in self.orders:
            return DEAD_MODIFY if rec.op == MODIFY else UNKNOWN_ID
        if rec.op == MODIFY:
            return self._modify(rec)
        if rec.op in (CANCEL, FILL):
            return self._reduce(rec.ref, rec.size)
        assert rec.op in (DELETE, REPLACE), rec
        self._remove(rec.ref)
        return None

    def _add(self, rec: Rec) -> str | None:
        if rec.ref in self.orders:
            return DOUBLE_ADD
        if rec.size > 0:
            self._insert(rec.ref, Order(rec.side, self.price_of(rec), rec.size))
        return None

    def _modify(self, rec: Rec) -> None:
        old = self.orders[rec.ref]
        new = Order(old.side, self.price_of(rec), rec.size)
        if new.price == old.price and 0 < new.size <= old.size:
            self.orders[rec.ref] = new
            return
        self._remove(rec.ref)
        if new.size > 0:
            self._insert(rec.ref, new)

    def _reduce(self, ref: int, amount: int) -> str | None:
        order = self.orders[ref]
        if amount < order.size:
            self.orders[ref] = order._replace(size=order.size - amount)
            return None
        self._remove(ref)
        return BEYOND if amount > order.size else None

    def _insert(self, ref: int, order: Order) -> None:
        self.orders[ref] = order
        self.queues[order.side].setdefault(order.price, []).append(ref)

    def _remove(self, ref: int) -> None:
        order = self.orders.pop(ref)
        queue = self.queues[order.side][order.price]
        queue.remove(ref)
        if not queue:
            del self.queues[order.side][order.price]

    def price_of(self, rec: Rec) -> int:
        """A record's price in billionths; exact, or the tick has more than nine decimals."""
        if rec.position & BILLIONTHS:
            return rec.price
        price, rest = divmod(rec.price * self._tick.numerator * 10**9, self._tick.denominator)
        assert rest == 0
        return price

    def top(self, levels: int) -> tuple[Levels, Levels]:
        """Bids and asks."""
        bids, asks = self.queues[BID], self.queues[ASK]
        return (
            [(price, self.total(BID, price)) for price in islice(reversed(bids), levels)],
            [(price, self.total(ASK, price)) for price in islice(asks, levels)],
        )

    def total(self, side: int, price: int) -> int:
        """Size at a price in billionths."""
        return sum(self.orders[ref].size for ref in self.queues[side].get(price, ()))

    def count(self, side: int, price: int) -> int:
        """Orders at a price in billionths."""
        return len(self.queues[side].get(price, ()))

    def ahead(self, ref: int) -> tuple[int, int]:
        """Orders and size that stand before an order at its price."""
        order = self.orders[ref]
        queue = self.queues[order.side][order.price]
        before = queue[: queue.index(ref)]
        return len(before), sum(self.orders[other].size for other in before)

    def check(self) -> None:
        """Each order stands once, at its price; no queue and no order is empty."""
        queued = 0
        for side, queues in self.queues.items():
            for price, queue in queues.items():
                assert queue, (side, price)
                assert len(set(queue)) == len(queue)
                queued += len(queue)
                for ref in queue:
                    order = self.orders[ref]
                    assert order.side == side
                    assert order.price == price
                    assert order.size > 0
        assert queued == len(self.orders)


def rows_of(book: OrderBook, recs: Iterable[tuple[int, Rec]], levels: int) -> Iterator[Row]:
    """A row per message: records that share an index are one, the row shows the book after it.

    Args:
        book: the book before the first record.
        recs: each record with its index.
        levels: of a row.
    """
    last: tuple[int, int] | None = None
    for index, rec in recs:
        if last is not None and index != last[0]:
            yield Row(*last, *book.top(levels))
        book.apply(rec, index)
        last = (index, rec.time)
    if last is not None:
        yield Row(*last, *book.top(levels))
