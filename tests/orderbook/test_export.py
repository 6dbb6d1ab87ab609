"""Rows of the top levels against a book that is read after every single record."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.record import RECORD, Frame
from orderbook import NULL_TICKS, Book
from orderbook.export import CHANGE, EVENT_ROWS, INTERVAL, BookExporter

SECOND = 1_000_000_000
BASE = 1_700_000_000 * SECOND
Row = tuple[int, int, tuple[int, ...]]


def flat(levels: list[tuple[int, int]], n: int) -> tuple[int, ...]:
    filled = levels[:n] + [(NULL_TICKS, NULL_TICKS)] * (n - len(levels[:n]))
    return tuple(price for price, _ in filled) + tuple(size for _, size in filled)


def slow_rows(records: np.ndarray, index: np.ndarray, n: int, mode: int, every: int) -> list[Row]:
    """One record at a time, as the definition reads."""
    book, rows = Book(10), []
    levels = flat([], n) + flat([], n)
    label, last = None, -1
    for record, line in zip(records, index, strict=True):
        time = BASE + int(record["dt"])
        end = -(-time // every) * every
        while mode == INTERVAL and label is not None and label < end:
            rows.append((last, label, levels))
            label += every
        label = end if label is None else label
        book.apply(np.array([record]), BASE)
        bids, asks = book.top(n)
        after = flat(bids, n) + flat(asks, n)
        if mode == EVENT_ROWS or (mode == CHANGE and after != levels):
            rows.append((int(line), time, after))
        levels, last = after, int(line)
    if mode == INTERVAL and label is not None:
        rows.append((last, label, levels))
    return rows


def fast_rows(records: np.ndarray, index: np.ndarray, n: int, mode: int, every: int) -> list[Row]:
    exporter = BookExporter(10, n, mode, every)
    cut = len(records) // 3
    chunks = []
    for part in (slice(0, cut), slice(cut, None)):
        chunks += list(exporter.feed(Frame(records[part], BASE, 1), index[part]))
    chunks.append(exporter.finish())
    return [
        (
            int(row["index"]),
            int(row["time_ns"]),
            tuple(x for key in row.dtype.names[2:] for x in row[key]),
        )
        for chunk in chunks
        for row in chunk
    ]


@st.composite
def streams(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """A ladder that grows by appending and is then updated, removed from and traded on."""
    rows: list[tuple[int, ...]] = []
    steps = draw(
        st.lists(
            st.tuples(
                st.integers(0, 1), st.integers(0, 3), st.integers(0, 9), st.integers(0, 2 * SECOND)
            ),
            min_size=1,
            max_size=40,
        )
    )
    time, n = 0, [0, 0]
    for side, what, row, wait in steps:
        time = min(time + wait, 2**32 - 1)
        if what == 3:
            rows.append((time, 3, 0, 4, 0, 100, 1, 0))
        elif what == 2 or n[side] == 10:
            rows.append((time, 0, side, 2, row, 0, 0, 0))
            n[side] -= row < n[side]
        elif what == 1 and row < n[side]:
            rows.append((time, 0, side, 1, row, -1, 5 + row, 0))
        else:
            rows.append((time, 0, side, 0, n[side], -1, 3, 0))
            n[side] += 1
    records = np.array(rows, RECORD)
    prices = [[100 + i for i in range(400)], [99 - i for i in range(400)]]
    held: list[list[int]] = [[], []]
    for record in records:
        side, row = int(record["side"]), int(record["position"])
        if record["kind"] != 0:
            continue
        if record["op"] == 0:
            held[side].append(prices[side].pop(0))
            record["price"] = held[side][-1]
        elif record["op"] == 1:
            record["price"] = held[side][row]
        elif row < len(held[side]):
            held[side].pop(row)
    index = np.arange(len(records), dtype=np.int64) * 2 + 5
    return records, index


@pytest.mark.parametrize("mode", [EVENT_ROWS, CHANGE, INTERVAL])
@given(stream=streams(), levels=st.integers(1, 12))
@settings(max_examples=60)
def test_rows_are_those_of_a_book_read_after_every_record(
    mode: int, stream: tuple[np.ndarray, np.ndarray], levels: int
) -> None:
    records, index = stream
    expected = slow_rows(records, index, levels, mode, SECOND)
    assert fast_rows(records, index, levels, mode, SECOND) == expected


def test_more_rows_than_a_chunk_holds() -> None:
    records = np.zeros(10_000, RECORD)
    records["op"], records["size"] = 1, np.arange(10_000)
    records["price"] = 7
    rows = fast_rows(records, np.arange(10_000), 1, EVENT_ROWS, SECOND)
    assert [row[0] for row in rows] == list(range(10_000))
    assert [row[2][3] for row in rows] == list(range(10_000))


def test_a_fault_is_named_with_what_was_good_before_it() -> None:
    records = np.zeros(3, RECORD)
    records["dt"] = [0, 0, 1]
    records["position"], records["price"], records["size"] = [0, 1, 2], [101, 100, 102], 1
    exporter = BookExporter(10, 2, EVENT_ROWS)
    rows = list(exporter.feed(Frame(records, BASE, 1), np.arange(3)))
    assert exporter.outcome == (2, "unsorted", False)
    assert sum(len(chunk) for chunk in rows) == 2
