"""The book as a value of its own: what shadow books and tests use, and `OrderBook` builds on."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from market.enums import Kind, Side
from market.errors import UsageError
from market.jit import borrowed, inlined, kernel, rarely, unsigned
from market.record import MAX_RECORDS, RECORD, Records
from orderbook.books.ladder import apply_depth, clear_book, judge_group
from orderbook.books.orders import FAULT_WORDS, apply_order
from orderbook.books.price import refresh_rows
from orderbook.books.table import fetch_ahead
from orderbook.heap import grow, lay_out, new_heap, region
from orderbook.layout import (
    BOOK,
    BY_ORDER,
    BY_PRICE,
    FAULT_LOG,
    GROW,
    I8,
    MAX_DEPTH,
    MIXED,
    NEVER,
    OK,
    ORDER_FAULT,
    REGION_START,
    RING,
    ROWS,
    STATUSES,
    TOO_DEEP,
    UNSORTED,
    Struct,
    Words,
    as_int,
    record_dtype,
)

__all__ = [
    "FAULTS",
    "LONE_BOOK",
    "WHOLE",
    "Book",
    "Levels",
    "Outcome",
    "fault_word",
    "last_order_faults",
    "order_faults",
    "price_levels",
]

Levels = list[tuple[int, int]]
"""(ticks, size) of each level, best first."""

FAULTS: Final = {UNSORTED: "unsorted", TOO_DEEP: "too_deep", MIXED: "mixed"}

LONE_BOOK: Final = record_dtype(
    ("book", BOOK),
    ("now", I8),  # largest time seen
    ("seen", I8),  # records so far, of any kind
)
_FAR_REGIONS = 2
_COUNTERS: Final = ("removed_past_end", "appended", "unbuilt", "undrawn", "off_grid")


class Outcome(NamedTuple):
    """What became of a frame.

    Attributes:
        applied: records applied, from the first on.
        fault: None, or why the record at index ``applied`` was not applied: ``unsorted``,
            ``too_deep``, ``mixed``; of a strict book also a word of FAULT_WORDS.
        rewound: an event went back in time by more than 5 s and everything was reset.
    """

    applied: int
    fault: str | None = None
    rewound: bool = False


def fault_word(status: int, book: Struct) -> str | None:
    """What stopped a kernel, in a word; None: nothing did."""
    return FAULT_WORDS[int(book["fault"])] if status == ORDER_FAULT else FAULTS.get(status)


WHOLE: Final = {n * STATUSES + OK: Outcome(n) for n in range(MAX_RECORDS + 1)}
"""What a kernel returns for a frame that was applied whole, and its outcome, made once."""


class Book:
    """One instrument's depth: by position, by price or of orders, as the first record decides.

    What comes of the other kind (depth into a book of orders, orders into one of depth) is
    counted and not applied.

    Args:
        depth: declared levels of a side, 1 to 100. By position, more than ``depth + 1`` rows are
            a fault once time has advanced; by price it is the number of visible rows.
    """

    def __init__(self, depth: int = 10) -> None:
        if not 1 <= depth <= MAX_DEPTH:
            raise UsageError(f"depth must be 1 to {MAX_DEPTH}, not {depth}")
        self.words = np.zeros(LONE_BOOK.itemsize // 8, np.int64)
        self._state: Any = self.words.view(LONE_BOOK)[0]
        self._book = self._state["book"]
        self.heap = new_heap(self._book["heap"], _FAR_REGIONS)
        self._book["depth"] = depth
        self.clear()

    @classmethod
    def copy_of(cls, state: Struct, far: Sequence[Words], now: int) -> Self:
        """A book like another one.

        Args:
            state: the other's BOOK.
            far: its regions of far levels, asks first.
            now: its time, ns UTC.
        """
        book = cls(int(state["depth"]))
        for name in BOOK.names or ():
            if name != "heap":
                book._book[name] = state[name]
        header = book._book["heap"]
        capacities = [len(part) + int(REGION_START[which]) for which, part in enumerate(far)]
        book.heap = lay_out(header, capacities + [0] * (len(REGION_START) - len(far)))
        for which, part in enumerate(far):
            start = int(header["offset"][which])
            book.heap[start : start + part.size] = part.reshape(-1)
            header["count"][which] = len(part)
        book._state["now"] = now
        return book

    @property
    def state(self) -> Struct:
        """Its BOOK, to be read."""
        return self._book

    @property
    def depth(self) -> int:
        """Declared levels of a side."""
        return int(self._book["depth"])

    def apply(self, records: Records, base: int = 0) -> Outcome:
        """Apply the depth or order records among ``records``, in order, in one compiled call.

        Args:
            records: RECORD array; quotes and trades only move time.
            base: ns UTC, added to each ``dt``.
        """
        done = apply_records(records, base, 0, self.words, self.heap)
        while done not in WHOLE:
            start, status = divmod(int(done), STATUSES)
            if status != GROW:
                return Outcome(start, fault_word(status, self._book))
            self.grow()
            done = apply_records(records, base, start, self.words, self.heap)
        return WHOLE[done]

    def advance(self, time: int) -> str | None:
        """Time goes on to ``time`` (ns UTC): the fault of the rows as they stand, if it is one."""
        quote = np.zeros(1, RECORD)
        quote["kind"] = Kind.QUOTE
        fault = self.apply(quote, time).fault
        if fault is None:
            self._state["seen"] -= 1
        return fault

    def grow(self) -> None:
        """Enlarge the heap region that a kernel asked for."""
        self.heap = grow(self._book["heap"], self.heap)

    def load(self, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> None:
        """Replace the book by a snapshot's levels; the next depth record decides the mode anew."""
        self.clear()
        self.apply(level_records(bids, asks), 0)
        self._book["loaded"] = 1
        self._state["now"] = NEVER

    def top(self, levels: int) -> tuple[Levels, Levels]:
        """The best ``levels`` (at most 256) of (bids, asks)."""
        refresh_book(self.words, self.heap, min(levels, ROWS))
        return self._side(1, levels), self._side(0, levels)

    def levels(self) -> tuple[Levels, Levels]:
        """All levels of (bids, asks), best first, however many there are by price."""
        if self._book["mode"] < BY_PRICE:
            return self.top(ROWS)
        return price_levels(self._book, self.heap, 1), price_levels(self._book, self.heap, 0)

    def _side(self, side: int, levels: int) -> Levels:
        n = min(int(self._book["n"][side]), levels)
        prices = self._book["px"][side, :n].tolist()
        sizes = self._book["sz"][side, :n].tolist()
        return list(zip(prices, sizes, strict=True))

    def clear(self) -> None:
        """Empty the book."""
        clear_lone_book(self.words)

    @property
    def counters(self) -> dict[str, int]:
        """How often a row rule had to bend, and what was not applied."""
        return {name: int(self._book[name]) for name in _COUNTERS}

    @property
    def faults(self) -> dict[str, tuple[int, int]]:
        """What was wrong with order records: word, how often, which record was the first."""
        return order_faults(self._book)

    @property
    def by_order(self) -> bool:
        """Whether it is made of orders."""
        return bool(self._book["mode"] == BY_ORDER)

    def check(self) -> None:
        """Assert the invariants of a completed group."""
        by_price = self._book["mode"] >= BY_PRICE
        if by_price:
            # First: whoever reads rows relies on the counts to find an end.
            self._check_ladder()
        bids, asks = self.top(ROWS)
        for name, rows, sign in (("bids", bids, -1), ("asks", asks, 1)):
            prices = [sign * ticks for ticks, _ in rows]
            assert prices == sorted(set(prices)), f"{name} are strictly sorted from the best"
            assert all(size >= 0 for _, size in rows), f"no size of the {name} is negative"
        if not by_price:
            limit = self.depth + 1
            assert max(len(bids), len(asks)) <= limit, f"a side has at most {limit} rows"

    def _check_ladder(self) -> None:
        for side in range(2):
            ring = self._book["ring"][side]
            near = int(np.count_nonzero(ring))
            assert near == self._book["levels"][side], "levels counts the filled slots of the ring"
            best = int(self._book["best"][side])
            assert not near or best == _filled(self._book, side)[0], "best is the largest of them"
            offset, count = (int(self._book["heap"][key][side]) for key in ("offset", "count"))
            far = self.heap[offset : offset + 2 * count : 2]
            assert (np.diff(far) > 0).all(), "far levels ascend"
            assert not len(far) or far[-1] < self._book["low"][side], (
                "far levels lie below the ring"
            )
            assert near or not len(far), "the best level is always in the ring"


def price_levels(book: Struct, heap: Words, side: int) -> Levels:
    """All levels of a side of a book by price, best first; nothing is changed."""
    near = _filled(book, side)
    sizes = book["ring"][side][near & (RING - 1)].tolist()
    far = region(book["heap"], heap, side)[::-1]
    prices = np.concatenate([near, far[:, 0]]) * (2 * side - 1)
    return list(zip(prices.tolist(), [*sizes, *far[:, 1].tolist()], strict=True))


def order_faults(book: Struct) -> dict[str, tuple[int, int]]:
    """Of a BOOK, what was wrong with order records: word, how often, label of the first."""
    counts, firsts = book["order_faults"].tolist(), book["order_first"].tolist()
    return {
        word: (count, first)
        for word, count, first in zip(FAULT_WORDS, counts, firsts, strict=True)
        if count
    }


def last_order_faults(book: Struct) -> list[tuple[int, str]]:
    """Of a BOOK, the last order records that were wrong: label and word, at most FAULT_LOG."""
    total = int(book["order_faults"].sum())
    log = book["order_log"].tolist()
    places = range(max(0, total - FAULT_LOG), total)
    found = (log[place % FAULT_LOG] for place in places)
    return [(label, FAULT_WORDS[kind]) for label, kind in found]


def _filled(book: Struct, side: int) -> NDArray[np.int64]:
    """Where (u) the ring of a side holds something, best first."""
    window = int(book["low"][side]) + np.arange(RING - 1, -1, -1)
    return window[book["ring"][side][window & (RING - 1)] != 0]


@kernel
def apply_records(records: Struct, base: int, start: int, words: Words, heap: Words) -> int:
    """Apply ``records[start:]`` to a lone book; returns ``applied * STATUSES + status``."""
    heap = borrowed(heap)
    state = words.view(LONE_BOOK)[0]
    book = state.book
    before = state.seen - start
    half = borrowed(heap.view(np.int32))
    for i in range(start, len(records)):
        record = records[unsigned(i)]
        time = base + as_int(record.dt)
        if rarely(book.suspect != 0) and time > state.now:
            status = judge_group(book)
            if status != OK:
                return _stopped(state, before, i, status)
        state.now = max(state.now, time)
        status = OK
        if record.kind <= 1:
            status = apply_depth(book, heap, record)
        elif record.kind == 4:
            fetch_ahead(book, heap, half, records, i)
            status = apply_order(book, heap, half, record, before + i)
        if rarely(status != OK):
            return _stopped(state, before, i, status)
    return _stopped(state, before, len(records), OK)


@inlined
def _stopped(state: Struct, before: int, applied: int, status: int) -> int:
    state.seen = before + applied
    return applied * STATUSES + status


@kernel
def refresh_book(words: Words, heap: Words, rows: int) -> None:
    """Bring the visible rows of a book by price up to ``rows``."""
    heap = borrowed(heap)
    book = words.view(LONE_BOOK)[0].book
    book.dirty[0] = 1
    book.dirty[1] = 1
    refresh_rows(book, heap, rows)


@kernel
def clear_lone_book(words: Words) -> None:
    """Empty a lone book and its clock."""
    state = words.view(LONE_BOOK)[0]
    clear_book(state.book)
    state.now = NEVER


def level_records(bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> Records:
    """One depth record by price for each (ticks, size)."""
    records = np.zeros(len(bids) + len(asks), RECORD)
    records["kind"] = Kind.DEPTH_PRICE
    records["side"][len(asks) :] = Side.BID
    for i, (ticks, size) in enumerate((*asks, *bids)):
        records["price"][i] = ticks
        records["size"][i] = size
    return records
