"""Rows of the top N levels from a stream of frames, in bulk: what the `book` command writes."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import borrowed, inlined, kernel
from market.record import Frame
from orderbook.books.book import LONE_BOOK, Outcome, fault_word
from orderbook.books.ladder import apply_depth, judge_group
from orderbook.books.order_book import OrderBook
from orderbook.books.orders import apply_order
from orderbook.books.price import refresh_rows
from orderbook.layout import (
    GROW,
    NULL_TICKS,
    OFF_ASK,
    OFF_BID,
    OK,
    ROWS,
    Struct,
    Words,
    as_int,
)

__all__ = ["BETWEEN", "CHANGE", "EVENT_ROWS", "INTERVAL", "BookExporter", "book_row_dtype"]

EVENT_ROWS, CHANGE, INTERVAL = range(3)
"""A row per message; per message that changed the top N; per interval of event time.

A message is the records that follow each other with one index.
"""
BETWEEN: Final = 1 << 62
"""Added to a price in billionths of the price unit, of a level between two ticks."""

_FULL: Final = 100
_CHUNK: Final = 4096
_HEAD: Final = 2


def book_row_dtype(levels: int) -> np.dtype[Any]:
    """``index``, ``time_ns`` and per level bid price, bid size, ask price, ask size, int64.

    Prices are ticks, or BETWEEN and billionths; sizes size steps; an empty level is NULL_TICKS in
    both.
    """
    return np.dtype(
        [
            ("index", "<i8"),
            ("time_ns", "<i8"),
            *((name, "<i8", (levels,)) for name in ("bid_px", "bid_sz", "ask_px", "ask_sz")),
        ]
    )


class BookExporter:
    """Applies frames to a book and collects rows of its top levels.

    Args:
        depth: declared levels of a side.
        levels: levels of a row.
        mode: EVENT_ROWS, CHANGE or INTERVAL.
        interval: ns, for INTERVAL: rows are labelled with the interval's end, hold what happened
            up to and including it, and silent intervals have rows too.
        tick: the tick size in billionths of the price unit; 0: levels between ticks have no rows.
        strict: an order record that is wrong is a fault; else it is counted.

    Attributes:
        book: what the rows are of.
        outcome: how far the last frame got.
    """

    def __init__(
        self,
        depth: int,
        levels: int,
        mode: int,
        interval: int = 0,
        *,
        tick: int = 0,
        strict: bool = False,
    ) -> None:
        self.book = OrderBook(max(depth, 1), strict=strict)
        self.dtype = book_row_dtype(levels)
        self._levels = levels
        self._mode = mode
        self._interval = interval
        self._rows = np.zeros((_CHUNK, self.dtype.itemsize // 8), np.int64)
        self._last = np.full(self.dtype.itemsize // 8, NULL_TICKS, np.int64)
        # label of the open interval, index of the last record, rows written, records applied, tick
        self._marks = np.array([NULL_TICKS, -1, 0, 0, tick], np.int64)

    def feed(self, frame: Frame, index: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
        """Apply a frame; yields chunks of rows. ``outcome`` then says how far it got.

        Args:
            frame: events.
            index: for each record the zero-based line or record of the input.
        """
        self.outcome = Outcome(0)
        book, start = self.book, 0
        while True:
            status = export_rows(
                frame.records,
                index,
                frame.base,
                start,
                self._mode,
                self._interval,
                self._levels,
                book.words,
                book.heap,
                self._rows,
                self._last,
                self._marks,
            )
            start = int(self._marks[3])
            if self._marks[2]:
                yield self._take()
            if status == GROW:
                book.grow()
            elif status != _FULL:
                self.outcome = Outcome(start, fault_word(status, book.state))
                return

    def finish(self) -> NDArray[Any]:
        """The row of the last, incomplete interval, if there is one."""
        if self._mode == INTERVAL and self._marks[0] != NULL_TICKS:
            write_last(self._levels, self.book.words, self.book.heap, self._rows, self._marks)
        return self._take()

    def _take(self) -> NDArray[Any]:
        rows = self._rows[: self._marks[2]].copy().reshape(-1).view(self.dtype)
        self._marks[2] = 0
        return rows


@kernel
def export_rows(
    records: Struct,
    index: Words,
    base: int,
    start: int,
    mode: int,
    interval: int,
    levels: int,
    words: Words,
    heap: Words,
    rows: Struct,
    last: Words,
    marks: Words,
) -> int:
    """Apply ``records[start:]`` and write rows until ``rows`` is full.

    Returns:
        OK, _FULL, GROW or a book fault; ``marks[3]`` records are applied then.
    """
    heap = borrowed(heap)
    half = borrowed(heap.view(np.int32))
    state = words.view(LONE_BOOK)[0]
    book = state.book
    for i in range(start, len(records)):
        record = records[i]
        time = base + as_int(record.dt)
        marks[3] = i
        if time > state.now:
            status = judge_group(book)
            if status != OK:
                return status
            if mode == INTERVAL and not _silent_rows(
                book, heap, time, interval, levels, rows, marks
            ):
                return _FULL
            state.now = time
        if mode != INTERVAL and marks[2] == len(rows):
            return _FULL
        if index[i] != marks[1]:
            book.touched = ROWS
        status = OK
        if record.kind <= 1:
            status = apply_depth(book, heap, record)
        elif record.kind == 4:
            status = apply_order(book, heap, half, record, index[i])
        if status != OK:
            return status
        marks[1] = index[i]
        if i + 1 < len(records) and index[i + 1] == index[i]:
            continue
        if mode == EVENT_ROWS or (mode == CHANGE and book.touched < levels):
            row = rows[marks[2]]
            _write_row(book, heap, index[i], time, levels, row, marks[4])
            if mode == EVENT_ROWS or _differs(row, last):
                marks[2] += 1
    marks[3] = len(records)
    return OK


@kernel
def write_last(levels: int, words: Words, heap: Words, rows: Struct, marks: Words) -> None:
    """Write the row of the open interval."""
    heap = borrowed(heap)
    book = words.view(LONE_BOOK)[0].book
    _write_row(book, heap, marks[1], marks[0], levels, rows[marks[2]], marks[4])
    marks[2] += 1


@inlined
def _silent_rows(
    book: Struct, heap: Words, time: int, interval: int, levels: int, rows: Struct, marks: Words
) -> int:
    """Write the rows of all intervals that end before ``time``; 0 when ``rows`` is full."""
    label = -(-time // interval) * interval
    if marks[0] == NULL_TICKS:
        marks[0] = label
    while marks[0] < label:
        if marks[2] == len(rows):
            return 0
        _write_row(book, heap, marks[1], marks[0], levels, rows[marks[2]], marks[4])
        marks[2] += 1
        marks[0] += interval
    return 1


@inlined
def _write_row(
    book: Struct, heap: Words, index: int, time: int, levels: int, row: Words, tick: int
) -> None:
    refresh_rows(book, heap, max(levels, book.depth))
    row[0] = index
    row[1] = time
    for side in range(2):
        at = _HEAD + (0 if side == 1 else 2 * levels)
        n = book.n[side]
        for i in range(levels):
            row[at + i] = book.px[side, i] if i < n else NULL_TICKS
            row[at + levels + i] = book.sz[side, i] if i < n else NULL_TICKS
        between = book.heap.count[OFF_BID if side == 1 else OFF_ASK]
        if between > 0 and tick > 0:
            _write_between(book, heap, side, levels, row, at, tick)


@inlined
def _write_between(
    book: Struct, heap: Words, side: int, levels: int, row: Words, at: int, tick: int
) -> None:
    """Write a side's levels again, those between two ticks at their place."""
    region = OFF_BID if side == 1 else OFF_ASK
    start = book.heap.offset[region]
    left = book.heap.count[region]
    sign = 2 * side - 1
    near = as_int(0)
    for i in range(levels):
        price = as_int(0)
        better = as_int(left > 0)
        if better:
            price = heap[start + 2 * (left - 1)] * sign
            if near < book.n[side]:
                below = price // tick  # the tick under it
                ticks = book.px[side, near]
                better = as_int(ticks <= below if side == 1 else ticks > below)
        if better:
            row[at + i] = BETWEEN + price
            row[at + levels + i] = heap[start + 2 * (left - 1) + 1]
            left -= 1
        elif near < book.n[side]:
            row[at + i] = book.px[side, near]
            row[at + levels + i] = book.sz[side, near]
            near += 1


@inlined
def _differs(row: Words, last: Words) -> int:
    """Whether a row's levels differ from the last written row's; remembers them if so."""
    different = as_int(0)
    for i in range(_HEAD, len(row)):
        if row[i] != last[i]:
            different = as_int(1)
            last[i] = row[i]
    return different
