"""Rows of a book of orders against the plain one: a row for each message, exact prices."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.ticks import Grid
from orderbook import NULL_TICKS
from orderbook.export import BETWEEN, CHANGE, EVENT_ROWS, INTERVAL, BookExporter
from tests.reference.order_book import (
    BILLIONTHS,
    CANCEL,
    CLEAR,
    DELETE,
    FILL,
    MODIFY,
    REPLACE,
    Levels,
    OrderBook,
    Row,
    rows_of,
)
from tests.reference.records import ADD, ASK, BID, ORDER, TRADE, Rec, frames_of

NOON = 1_700_000_000 * 10**9
TICK = 10_000_000
"""A cent in billionths."""

Said = list[tuple[int, Rec]]
"""Records with the index of their message."""


def order(op: int, ref: int, price: int = 0, size: int = 0, side: int = BID, bits: int = 0) -> Rec:
    return Rec(NOON, ORDER, side, op, bits, price, size, ref)


def exported(said: Said, levels: int, mode: int, limit: int = 4096) -> list[Row]:
    """The rows of an exporter, with prices in billionths."""
    exporter = BookExporter(10, levels, mode, 10**9, tick=TICK)
    index = np.array([at for at, _ in said], np.int64)
    chunks, done = [], 0
    for frame in frames_of([rec for _, rec in said], limit):
        part = index[done : done + len(frame.records)]
        chunks += list(exporter.feed(frame, part))
        assert exporter.outcome == (len(part), None, False)
        done += len(part)
    chunks.append(exporter.finish())
    return [
        Row(
            int(row["index"]), int(row["time_ns"]), *(_levels(row, side) for side in ("bid", "ask"))
        )
        for chunk in chunks
        for row in chunk
    ]


def _levels(row: np.void, side: str) -> Levels:
    filled = row[f"{side}_px"] != NULL_TICKS
    assert (filled == (row[f"{side}_sz"] != NULL_TICKS)).all()
    prices = [p - BETWEEN if p > BETWEEN // 2 else p * TICK for p in row[f"{side}_px"].tolist()]
    pairs = zip(prices, row[f"{side}_sz"].tolist(), strict=True)
    return [pair for pair, there in zip(pairs, filled, strict=True) if there]


def plain(said: Said, levels: int) -> list[Row]:
    return list(rows_of(OrderBook(Grid("0.01")), said, levels))


def changed(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows whose levels differ from those before."""
    last: tuple[Levels, Levels] = ([], [])
    for row in rows:
        if (row.bids, row.asks) != last:
            yield row
        last = (row.bids, row.asks)


_price = st.one_of(st.integers(-4, 12), st.integers(-3000, 3000))
_record = st.tuples(
    st.sampled_from((ADD, ADD, ADD, ADD, MODIFY, CANCEL, DELETE, FILL, REPLACE, CLEAR)),
    st.integers(1, 12),
    _price,
    st.integers(0, 5),
    st.sampled_from((ASK, BID)),
    st.sampled_from((0, 0, 1, TICK - 1)),
).map(
    lambda d: order(
        d[0], d[1], d[2] * TICK + d[5] if d[5] else d[2], d[3], d[4], BILLIONTHS if d[5] else 0
    )
)


@st.composite
def messages(draw: st.DrawFn) -> Said:
    said: Said = []
    index = 0
    for rec in draw(st.lists(_record, max_size=60)):
        index += draw(st.sampled_from((1, 1, 2)))
        if draw(st.booleans()):
            said.append((index, Rec(NOON, TRADE, 1, 0, 0, 3, 1)))
        said.append((index, rec))
        if rec.op == REPLACE:
            said.append((index, rec._replace(op=ADD, ref=rec.ref + 12)))
        if draw(st.booleans()):
            said.append((index, Rec(NOON, TRADE, 1, 0, 0, 3, 1)))
    return said


@settings(max_examples=200)
@given(said=messages(), levels=st.integers(1, 12))
def test_a_row_for_each_message(said: Said, levels: int) -> None:
    rows = plain(said, levels)
    assert exported(said, levels, EVENT_ROWS) == rows
    assert exported(said, levels, CHANGE) == list(changed(rows))


def test_more_rows_than_a_chunk_holds() -> None:
    said = [(at, order(ADD, at, 5 - at % 9, 1 + at % 3)) for at in range(10_000)]
    assert exported(said, 2, EVENT_ROWS) == plain(said, 2)


def test_an_interval_shows_what_stands_at_its_end() -> None:
    said = [
        (0, order(ADD, 1, 10, 5)),
        (1, order(ADD, 2, 10 * TICK + 1, 7, BID, BILLIONTHS)),
        (2, order(DELETE, 1)._replace(time=NOON + 1_500_000_000)),
    ]
    rows = exported(said, 3, INTERVAL)
    first = [(10 * TICK + 1, 7), (10 * TICK, 5)]
    assert [row.bids for row in rows] == [first, first, first[:1]]
    assert [row.index for row in rows] == [1, 1, 2]


def test_faults_carry_the_index_of_their_message() -> None:
    exporter = BookExporter(10, 1, EVENT_ROWS)
    (frame,) = frames_of([order(ADD, 1, 5, 1), order(DELETE, 1), order(DELETE, 1), order(FILL, 1)])
    list(exporter.feed(frame, np.array([3, 5, 8, 9])))
    assert exporter.book.faults == {"unknown": (1, 8)}


@pytest.mark.parametrize("mode", [EVENT_ROWS, CHANGE])
def test_a_strict_one_stops_after_what_was_good(mode: int) -> None:
    exporter = BookExporter(10, 1, mode, strict=True)
    (frame,) = frames_of([order(ADD, 1, 5, 1), order(ADD, 1, 6, 1), order(ADD, 2, 7, 1)])
    rows = np.concatenate(list(exporter.feed(frame, np.arange(3))))
    assert exporter.outcome == (1, "double_add", False)
    assert rows["index"].tolist() == [0]
