"""Order records as hftbacktest's order events: an order is added, modified, filled, cancelled.

Its book stops at an order that it does not know, so only what our own book would do is told.
"""

from collections import Counter
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.enums import Aggressor, Kind, OrderOp
from market.instrument import Instrument
from market.record import Records
from recording.backtest.events import (
    ADD,
    CANCEL,
    CLEAR,
    FILL,
    MODIFY,
    TRADE,
    Group,
    events_of,
)

__all__ = ["Orders"]

_BETWEEN: Final = 2
_Row = tuple[int, int, int, int, int, int]
"""Place of the record, kind, side, price, size, order id."""


class _Order(NamedTuple):
    side: int
    price: int
    size: int
    between: bool
    """It stands between two ticks, where hftbacktest has no level."""


class Orders:
    """The orders that stand, those of one price in the order of their queue.

    Where a source tells a trade and then changes orders (Databento), the reductions that the
    trade explains are told as fills too: hftbacktest's queues move by them.

    Attributes:
        faults: order records that were wrong, by word, and were left out.
        between: orders at prices between two ticks, which were left out.
    """

    def __init__(self, instrument: Instrument, adds: Records) -> None:
        self.faults: Counter[str] = Counter()
        self.between = 0
        self._instrument = instrument
        self._orders: dict[int, _Order] = {}
        self._rows: list[_Row] = []
        self._traded: Counter[tuple[int, int]] = Counter()
        for record in adds:
            self._add(
                0,
                int(record["side"]),
                int(record["price"]),
                int(record["size"]),
                int(record["ref"]),
                bool(record["position"] & _BETWEEN),
            )
        self._rows.clear()

    def standing(self) -> NDArray[Any]:
        """The book as adds, without times."""
        rows = [
            (0, ADD, order.side, order.price, order.size, ref)
            for ref, order in self._orders.items()
            if not order.between
        ]
        return self._events(rows)[0]

    def apply(self, group: Group) -> NDArray[Any]:
        """The events of whole groups, in the order of their records."""
        records, times = group.records, group.exchange.tolist()
        names = ("kind", "side", "op", "position", "price", "size", "ref")
        columns = (records[name].tolist() for name in names)
        now = 0
        for place, row in enumerate(zip(*columns, strict=True)):
            if times[place] != now:
                now = times[place]
                self._traded.clear()
            if row[0] == Kind.ORDER:
                self._order(place, *row[1:])
            elif row[0] == Kind.TRADE:
                self._trade(place, row[1], row[4], row[5])
        events, places = self._events(self._rows)
        self._rows = []
        events["exch_ts"], events["local_ts"] = group.exchange[places], group.local[places]
        return events

    def _events(self, rows: list[_Row]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        place, kind, side, price, size = (
            np.array([row[i] for row in rows], np.int64) for i in range(5)
        )
        ids = np.array([row[5] for row in rows], np.uint64)
        return events_of(self._instrument, kind, side, price, size, ids), place

    def _trade(self, place: int, side: int, price: int, size: int) -> None:
        self._rows.append((place, TRADE, side, price, size, 0))
        if side != Aggressor.UNKNOWN:
            self._traded[1 - side, price] += size

    def _order(
        self, place: int, side: int, op: int, position: int, price: int, size: int, ref: int
    ) -> None:
        between = bool(position & _BETWEEN)
        standing = self._orders.get(ref)
        if op == OrderOp.CLEAR:
            self._orders.clear()
            self._rows.append((place, CLEAR, Aggressor.UNKNOWN, 0, 0, 0))
        elif op == OrderOp.ADD:
            if standing is not None:
                self.faults["double_add"] += 1
            else:
                self._add(place, side, price, size, ref, between)
        elif op in (OrderOp.CANCEL, OrderOp.FILL) and not size:
            pass  # says nothing, whomever it names
        elif standing is None:
            self.faults["dead_modify" if op == OrderOp.MODIFY else "unknown"] += 1
        elif op == OrderOp.MODIFY:
            self._modify(place, ref, standing, price, size, between)
        elif op in (OrderOp.CANCEL, OrderOp.FILL):
            if size > standing.size:
                self.faults["beyond"] += 1
            if op == OrderOp.FILL and not standing.between:
                filled = min(size, standing.size)
                self._traded[standing.side, standing.price] -= filled
                self._rows.append((place, FILL, standing.side, standing.price, filled, ref))
            else:
                self._explain(place, ref, standing, standing.size - size)
            self._reduce(place, ref, standing, standing.size - size)
        else:  # delete, and the first half of a replace
            if op == OrderOp.DELETE:
                self._explain(place, ref, standing, 0)
            self._reduce(place, ref, standing, 0)

    def _add(self, place: int, side: int, price: int, size: int, ref: int, between: bool) -> None:
        if size:
            self._orders[ref] = _Order(side, price, size, between)
            self.between += between
            if not between:
                self._rows.append((place, ADD, side, price, size, ref))

    def _modify(
        self, place: int, ref: int, old: _Order, price: int, size: int, between: bool
    ) -> None:
        moved = (price, between) != (old.price, old.between)
        if not moved:
            self._explain(place, ref, old, size)
        if not size or (not moved and size <= old.size):
            self._reduce(place, ref, old, size)
            return
        if between or old.between or not moved:
            # hftbacktest keeps the place of an order that grows, and has no price between ticks.
            self._reduce(place, ref, old, 0)
            self._add(place, old.side, price, size, ref, between)
            return
        del self._orders[ref]
        self._orders[ref] = _Order(old.side, price, size, between)
        self._rows.append((place, MODIFY, old.side, price, size, ref))

    def _reduce(self, place: int, ref: int, old: _Order, left: int) -> None:
        """An order keeps its place with ``left`` of its size, or goes."""
        if left <= 0:
            del self._orders[ref]
            if not old.between:
                self._rows.append((place, CANCEL, old.side, old.price, old.size, ref))
            return
        self._orders[ref] = old._replace(size=left)
        if not old.between and left != old.size:
            self._rows.append((place, MODIFY, old.side, old.price, left, ref))

    def _explain(self, place: int, ref: int, old: _Order, left: int) -> None:
        """Tell a reduction as a fill, as far as trades of this moment at its price explain it."""
        key = (old.side, old.price)
        filled = min(old.size - max(left, 0), self._traded[key])
        if filled > 0 and not old.between:
            self._traded[key] -= filled
            self._rows.append((place, FILL, old.side, old.price, filled, ref))
