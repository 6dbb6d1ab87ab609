"""A book of orders as a value of its own: queues, places in them, exact prices."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.enums import Kind, Side
from market.jit import borrowed, kernel
from market.record import RECORD, Records
from orderbook.books.book import LONE_BOOK, Book, Levels, Outcome
from orderbook.books.orders import OFF_GRID
from orderbook.books.table import BEHIND, COUNT, FIRST, LEVEL, find_level, find_order
from orderbook.heap import region
from orderbook.layout import (
    BY_ORDER,
    LEVELS,
    OFF_ASK,
    OFF_BID,
    ORDERS,
    REGION_WIDTHS,
    SLOT,
    Struct,
    Words,
    as_int,
)

__all__ = ["STANDING", "Order", "OrderBook", "adds_of", "standing_orders"]

_FOUND: Final = 6
STANDING: Final = 3
"""Words of an order as ``standing_orders`` lists it."""
_OFF_GRID_KEY: Final = 2
"""Bit of a level's key."""
_ALL_BITS: Final = 2**64 - 1


class Order(NamedTuple):
    """An order that stands.

    Attributes:
        side: of the book.
        price: ticks; in billionths of the price unit when ``off_grid``.
        size: what is left of it, size steps.
        place: orders before it in the queue of its price.
        ahead: their size together.
        off_grid: it stands between two ticks.
    """

    side: Side
    price: int
    size: int
    place: int
    ahead: int
    off_grid: bool


class OrderBook(Book):
    """A book whose orders can be asked for.

    Args:
        depth: number of visible rows, 1 to 100.
        strict: stop at a record that is wrong instead of counting it.
    """

    def __init__(self, depth: int = 10, *, strict: bool = False) -> None:
        super().__init__(depth)
        self._book["strict"] = strict

    def __len__(self) -> int:
        """How many orders stand."""
        return int(self._book["live"])

    def load_orders(self, records: Records, time: int = 0) -> Outcome:
        """Replace the book by a snapshot: adds, those of one price in the order of the queue.

        Counters go on.

        Args:
            records: order records, ``dt`` after ``time``.
            time: ns UTC.
        """
        self.clear()
        return self.apply(records, time)

    def order(self, ref: int) -> Order | None:
        """An order by its id, with its place; None if it does not stand. Cost: its place."""
        found = np.zeros(_FOUND, np.int64)
        if not self.by_order or not locate_order(_signed(ref), self.words, self.heap, found):
            return None
        side, price, size, place, ahead, off_grid = found.tolist()
        return Order(Side(side), price, size, place, ahead, bool(off_grid))

    def queue(self, side: int, price: int, *, off_grid: bool = False) -> list[tuple[int, int]]:
        """(id, size) of the orders at a price, first in the queue first."""
        found = np.zeros(_FOUND, np.int64)
        key = 4 * price + 2 * off_grid + side
        if not self.by_order or not locate_level(key, self.words, self.heap, found):
            return []
        slot, count = found[:2].tolist()
        rows = np.zeros((count, STANDING), np.int64)
        offset = self._book["heap"]["offset"]
        walk_queues(np.array([slot]), int(offset[LEVELS]), int(offset[ORDERS]), self.heap, rows)
        return [(ref & _ALL_BITS, size) for ref, _, size in rows.tolist()]

    def table(self, which: int) -> Words:
        """The words of ORDERS or LEVELS, with all its room; a view."""
        header = self._book["heap"]
        start = int(header["offset"][which])
        return self.heap[start : start + int(header["capacity"][which]) * REGION_WIDTHS[which]]

    def off_grid(self, side: int) -> Levels:
        """Levels between two ticks, best first; prices in billionths of the price unit."""
        which = OFF_BID if side == Side.BID else OFF_ASK
        rows = region(self._book["heap"], self.heap, which)[::-1]
        return [(u * (2 * side - 1), size) for u, size in rows.tolist()]

    def exact(self, tick: int) -> tuple[Levels, Levels]:
        """All levels of (bids, asks), on the grid or not, best first.

        Args:
            tick: the tick size in billionths of the price unit, as all prices returned.
        """
        sides = []
        for side, near in zip((1, 0), self.levels(), strict=True):
            levels = [(ticks * tick, size) for ticks, size in near] + self.off_grid(side)
            sides.append(sorted(levels, reverse=bool(side)))
        return sides[0], sides[1]

    def adds(self, *, off_grid: bool = False) -> Records:
        """The orders as records that make them stand; those between two ticks if ``off_grid``."""
        orders = standing_orders(self._book, self.heap)
        return adds_of(orders if off_grid else orders[orders[:, 1] & _OFF_GRID_KEY == 0])

    def check(self) -> None:
        """Assert that table, queues and ladder agree."""
        super().check()
        if not self.by_order:
            return
        orders = standing_orders(self._book, self.heap)
        refs, keys, sizes = orders.T
        assert len(orders) == len(self), "each order stands in one queue"
        assert len(np.unique(refs)) == len(orders), "and once"
        assert (sizes > 0).all(), "no order is empty"
        for side in (0, 1):
            mine = keys & 1 == side
            sums: dict[int, int] = {}
            for key, size in zip(keys[mine].tolist(), sizes[mine].tolist(), strict=True):
                sums[key] = sums.get(key, 0) + size
            on_grid = {key >> 2: size for key, size in sums.items() if not key & 2}
            between = {key >> 2: size for key, size in sums.items() if key & 2}
            assert on_grid == dict(self.levels()[1 - side]), "a level is the sum of its orders"
            assert between == dict(self.off_grid(side)), "off the grid too"


def _signed(ref: int) -> int:
    """An id as the word that holds it."""
    return ref - 2**64 if ref >= 2**63 else ref


def standing_orders(book: Struct, heap: Words) -> NDArray[np.int64]:
    """All orders, the same for equal books however they came about.

    Returns:
        int64[n, 3]: id, level's key, size; by side, on the grid before off it, price, queue.
    """
    header = book["heap"]
    count = int(header["count"][LEVELS])
    out = np.zeros((int(book["live"]), STANDING), np.int64)
    if book["mode"] != BY_ORDER or count == 0:
        return out[:0]
    start = int(header["offset"][LEVELS])
    slots = heap[start : start + SLOT * count].reshape(-1, SLOT)
    used = np.flatnonzero(slots[:, 1])
    keys = slots[used, 0]
    used = used[np.lexsort((keys >> 2, keys & 2, keys & 1))]
    walk_queues(used, start, int(header["offset"][ORDERS]), heap, out)
    return out


def adds_of(orders: NDArray[np.int64]) -> Records:
    """Order records that make these orders (as ``standing_orders`` gives them) stand."""
    records = np.zeros(len(orders), RECORD)
    records["kind"] = Kind.ORDER
    records["ref"] = orders[:, 0].view(np.uint64)
    records["side"] = orders[:, 1] & 1
    records["position"] = orders[:, 1] & OFF_GRID
    records["price"] = orders[:, 1] >> 2
    records["size"] = orders[:, 2]
    return records


@kernel
def locate_order(ref: int, words: Words, heap: Words, found: Words) -> int:
    """Write an order's side, price, size, orders and size before it, off_grid; 0: not there."""
    heap = borrowed(heap)
    book = words.view(LONE_BOOK)[0].book
    half = borrowed(heap.view(np.int32))
    slot = find_order(book, heap, half, ref)
    if slot == 0:
        return as_int(0)
    orders = book.heap.offset[ORDERS]
    level = book.heap.offset[LEVELS] + SLOT * as_int(half[2 * (orders + SLOT * slot) + LEVEL])
    key = heap[level]
    found[0] = key & 1
    found[1] = key >> 2
    found[2] = heap[orders + SLOT * slot + 1]
    found[3] = 0
    found[4] = 0
    found[5] = (key >> 1) & 1
    other = as_int(half[2 * level + FIRST])
    while other != slot:
        found[3] += 1
        found[4] += heap[orders + SLOT * other + 1]
        other = as_int(half[2 * (orders + SLOT * other) + BEHIND])
    return as_int(1)


@kernel
def locate_level(key: int, words: Words, heap: Words, found: Words) -> int:
    """Write a level's slot and its number of orders; 0: there is none."""
    heap = borrowed(heap)
    book = words.view(LONE_BOOK)[0].book
    half = borrowed(heap.view(np.int32))
    slot = find_level(book, heap, half, key)
    found[0] = slot
    found[1] = half[2 * (book.heap.offset[LEVELS] + SLOT * slot) + COUNT]
    return slot


@kernel
def walk_queues(used: Words, levels: int, orders: int, heap: Words, out: Struct) -> None:
    """Write id, key and size of each order of the levels ``used``, queue by queue."""
    heap = borrowed(heap)
    half = borrowed(heap.view(np.int32))
    row = 0
    for i in range(len(used)):
        level = levels + SLOT * used[i]
        slot = as_int(half[2 * level + FIRST])
        while slot != 0:
            at = orders + SLOT * slot
            out[row, 0] = heap[at]
            out[row, 1] = heap[level]
            out[row, 2] = heap[at + 1]
            row += 1
            slot = as_int(half[2 * at + BEHIND])
