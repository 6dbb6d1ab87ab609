"""Orders as the wire carries them: it has none between two ticks, order files do.

What leaves the grid is taken off, what comes onto it is added, so that the book at the other end
is at each moment the part of the file's book that lies on the grid.
"""

import numpy as np
from numpy.typing import NDArray

from market.enums import Kind, OrderOp
from market.record import Records, off_grid_of
from orderbook import OrderBook

__all__ = ["OrdersOnGrid"]


class OrdersOnGrid:
    """Follows an order file's book, where orders between two ticks come up in it.

    Attributes:
        left_out: records that were not handed on.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._book = OrderBook()
        self._hidden: set[int] = set()
        """Ids that may stand between two ticks."""

    def load(self, orders: Records) -> Records:
        """A snapshot's orders, without those between two ticks."""
        self._book.load_orders(orders)
        between = off_grid_of(orders)
        self._hidden = set(orders["ref"][between].tolist())
        self.left_out += len(self._hidden)
        return np.ascontiguousarray(orders[~between])

    def records(self, records: Records, base: int) -> Records:
        """The records of a frame that the other end needs, with what it has to be told instead."""
        if not (records["kind"] == Kind.ORDER).any():
            return records
        odd = self._odd(records)
        if not len(odd):
            self._follow(records, base)
            return records
        kept: list[Records] = []
        start = 0
        for place in odd.tolist():
            kept.append(records[start:place])
            self._follow(records[start:place], base)
            kept.append(self._told(records[place : place + 1], base))
            start = place + 1
        kept.append(records[start:])
        self._follow(records[start:], base)
        return np.concatenate(kept)

    def _odd(self, records: Records) -> NDArray[np.intp]:
        """Places of the records that are, or whose order may be, between two ticks."""
        between = off_grid_of(records)
        if not (self._hidden or between.any()):
            return np.empty(0, np.intp)
        self._hidden.update(records["ref"][between].tolist())
        refs = np.fromiter(self._hidden, np.uint64, len(self._hidden))
        return np.flatnonzero((records["kind"] == Kind.ORDER) & np.isin(records["ref"], refs))

    def _told(self, record: Records, base: int) -> Records:
        """One record: as it is, as one that does the same on the grid, or none."""
        ref = int(record["ref"][0])
        before = self._book.order(ref)
        self._follow(record, base)
        after = self._book.order(ref)
        if after is not None and after.off_grid:
            self._hidden.add(ref)
        else:
            self._hidden.discard(ref)
        told = record.copy()
        if before is not None and not before.off_grid:
            if off_grid_of(record).any():
                told["position"], told["price"] = 0, before.price
            if after is not None and after.off_grid:
                told["op"], told["size"] = OrderOp.DELETE, 0
            return told
        if after is not None and not after.off_grid:
            told["op"], told["side"], told["size"] = OrderOp.ADD, after.side, after.size
            return told
        nobody = before is None and after is None and not off_grid_of(record).any()
        if nobody or record["op"][0] == OrderOp.CLEAR:
            return told
        self.left_out += 1
        return told[:0]

    def _follow(self, records: Records, base: int) -> None:
        """Apply to the file's book; a fault empties it, as at the other end."""
        start = 0
        while start < len(records):
            outcome = self._book.apply(records[start:], base)
            if outcome.fault is None:
                return
            self._book.clear()
            start += outcome.applied
