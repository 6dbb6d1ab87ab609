"""The C# shadow book against the server's own, for any changes of rows that a feed may tell."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.record import RECORD, Frame
from orderbook import Book
from tests.csharp.build import Program
from tests.csharp.talk import CsharpCore, Talk
from wire.checksum import book_crc32

BASE = 10**18
Change = tuple[int, int, int, int, int]
"""Side, operation, position, price and whether time advances first."""


@pytest.fixture(scope="module")
def talk(runner: Program) -> Iterator[Talk]:
    with Talk(runner, "publisher") as talk:
        yield talk


def rows(side: int) -> list[list[int]]:
    sign = 1 - 2 * side
    return [[1000 + sign * (1 + 2 * row), 5 + row] for row in range(10)]


def one(time: int, side: int, op: int, position: int, price: int, number: int) -> Frame:
    records = np.zeros(1, RECORD)
    records[0] = (0, 0, side, op, position, price, number * 7 % 90, number)
    return Frame(records, time, number)


changes = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 2),
        st.integers(0, 12),
        st.integers(970, 1030),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150)
@given(changes)
def test_any_changes_give_the_same_rows_or_a_doubt(talk: Talk, told: list[Change]) -> None:
    core = CsharpCore(talk)
    assert talk.say("seed", rows(1), rows(0), BASE)
    book = Book(10)
    book.load(*([(row[0], row[1]) for row in rows(side)] for side in (1, 0)))
    time = BASE
    for number, (side, op, position, price, later) in enumerate(told, 1):
        time += later * 1000
        part = one(time, side, op, position, price, number)
        count = len(book.top(256)[1 - side])
        if core.push(part):
            behind = position > count if op != 2 else count <= position < 10
            assert behind or book.apply(part.records, part.base).fault is not None
            assert core.book() == ([], []), "a doubt leaves no rows"
            return
        assert book.apply(part.records, part.base).fault is None, "a fault there is a doubt here"
    state = core.state
    bids, asks = book.top(10)
    assert core.book() == (bids, asks)
    assert state["checksum"] == book_crc32(asks, bids)
    assert state["counters"]["RemovedPastEnd"] == book.counters["removed_past_end"]
