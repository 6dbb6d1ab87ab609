"""Books by position and by price in any order of changes, faults, snapshots: against plain ones."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from market.enums import Side
from orderbook import Book
from orderbook.layout import RING, RING_BETTER
from tests.reference.position_book import PositionBook, Rows
from tests.reference.price_book import PriceBook
from tests.reference.records import (
    ADD,
    ASK,
    BID,
    POSITION,
    REMOVE,
    UPDATE,
    Rec,
    ask,
    frames_of,
    price_row,
    trade,
)

pytestmark = pytest.mark.timeout(3600)

NOON = 1_700_000_000 * 10**9
DEPTH = 4
EXAMPLES = max(150, settings().max_examples)
"""More in the long run."""
MIDDLE = 1_000


class PositionMachine(RuleBasedStateMachine):
    """Mostly rows that a market can have, so that books grow deep before something is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(DEPTH)
        self.twin = PositionBook(DEPTH)
        self.time = NOON
        self.faulty = False

    def _say(self, rec: Rec) -> None:
        (frame,) = frames_of([rec])
        outcome = self.book.apply(frame.records, frame.base)
        expected = self.twin.apply([rec])
        assert (outcome.applied, outcome.fault) == (expected.applied, expected.fault)
        self.faulty = expected.fault is not None

    def _fitting(self, side: int, op: int, row: int) -> int:
        """A price between its neighbours, or beyond the last row."""
        rows, sign = self.twin.rows[side], -1 if side == Side.BID else 1
        above = sign * rows[row - 1][0] if 0 < row <= len(rows) else sign * MIDDLE
        after = row if op == ADD else row + 1
        below = sign * rows[after][0] if after < len(rows) else above + 8
        return sign * ((above + below) // 2)

    @precondition(lambda self: not self.faulty)
    @rule(
        side=st.sampled_from(list(Side)),
        op=st.sampled_from((ADD, ADD, ADD, UPDATE, REMOVE)),
        row=st.integers(0, DEPTH + 2),
        size=st.integers(1, 99),
        later=st.booleans(),
        wild=st.integers(0, 19),
    )
    def change(self, side: int, op: int, row: int, size: int, later: bool, wild: int) -> None:
        row = min(row, len(self.twin.rows[side])) if wild else row
        price = self._fitting(side, op, row) if wild else MIDDLE + size
        self.time += later
        self._say(Rec(self.time, POSITION, side, op, row, price, size))

    @precondition(lambda self: not self.faulty)
    @rule()
    def pass_time(self) -> None:
        """Another kind of record: the open group is judged."""
        self.time += 1
        self._say(trade(self.time, 1, MIDDLE, 1))

    @rule(bids=st.sets(st.integers(1, 20), max_size=DEPTH), size=st.integers(1, 99))
    def snapshot(self, bids: set[int], size: int) -> None:
        below = [(MIDDLE - price, size) for price in sorted(bids)]
        above = [(MIDDLE + price, size) for price in sorted(bids)]
        self.book.load(below, above)
        self.twin.load(below, above)
        self.twin.clock = None
        self.faulty = False

    @invariant()
    def both_are_equal(self) -> None:
        assert self.book.top(256) == self.twin.top(256)
        assert self.book.levels() == self.twin.top(256)


TestPositionBook: Any = PositionMachine.TestCase
TestPositionBook.settings = settings(max_examples=EXAMPLES, stateful_step_count=60, deadline=None)


EDGES = sorted(
    sign * (edge + around)
    for edge in (1, RING_BETTER, RING - RING_BETTER, RING, 2 * RING, 10**6)
    for around in (-1, 0, 1)
    for sign in (-1, 1)
)
"""Distances from the best price at which the window of near levels begins, ends or moves."""
FAR = 2**53 - 1


class PriceMachine(RuleBasedStateMachine):
    """Levels round the edges of the window, which follows the best price up and down."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(DEPTH)
        self.twin = PriceBook()
        self.decided = False

    def _say(self, *recs: Rec) -> None:
        for frame in frames_of(recs):
            outcome = self.book.apply(frame.records, frame.base)
            assert (outcome.applied, outcome.fault) == (len(frame.records), None)
        assert self.twin.apply(recs) == (len(recs), None)
        self.decided = True

    def _best(self, side: int) -> int:
        levels = self.twin.sides[side]
        return MIDDLE if not levels else levels.peekitem(-1 if side == BID else 0)[0]

    @rule(
        side=st.sampled_from((ASK, BID)),
        away=st.one_of(st.sampled_from(EDGES), st.integers(-40, 40)),
        size=st.integers(0, 99),
        op=st.sampled_from((ADD, UPDATE, UPDATE, REMOVE)),
    )
    def change(self, side: int, away: int, size: int, op: int) -> None:
        """Some size, none, or a removal, of a level that may exist or not."""
        price = min(max(self._best(side) + away, -FAR), FAR)
        self._say(price_row(NOON, side, price, size, op))

    @rule(
        side=st.sampled_from((ASK, BID)),
        which=st.integers(0, 400),
        op=st.sampled_from((UPDATE, REMOVE)),
    )
    def remove(self, side: int, which: int, op: int) -> None:
        """A level that exists, near or far; often the best."""
        prices = list(self.twin.sides[side])
        if prices:
            price = self._best(side) if which % 3 == 0 else prices[which % len(prices)]
            self._say(price_row(NOON, side, price, 0, op))

    @rule(
        side=st.sampled_from((ASK, BID)),
        count=st.integers(2, 120),
        step=st.sampled_from((-1000, -64, -7, -1, 1, 7, 64, 1000)),
        size=st.integers(0, 9),
    )
    def many(self, side: int, count: int, step: int, size: int) -> None:
        """More far levels than there is room for; or many away at once."""
        best = self._best(side)
        prices = [best + step * n for n in range(count) if abs(best + step * n) <= FAR]
        self._say(*(price_row(NOON, side, price, size) for price in prices))

    @precondition(lambda self: self.decided)
    @rule(rows=st.integers(0, 3))
    def a_row_by_position_is_refused(self, rows: int) -> None:
        """After the fault the book is as it was, and goes on."""
        good = [price_row(NOON, ASK, MIDDLE + n, 7) for n in range(rows)]
        (frame,) = frames_of([*good, ask(NOON, ADD, 0, MIDDLE, 1), price_row(NOON, BID, 1, 1)])
        outcome = self.book.apply(frame.records, frame.base)
        assert (outcome.applied, outcome.fault) == (rows, "mixed")
        self.twin.apply(good)

    @rule(
        bids=st.dictionaries(st.integers(1, 3000), st.integers(1, 99), max_size=40),
        asks=st.dictionaries(st.integers(1, 3000), st.integers(1, 99), max_size=40),
        shift=st.sampled_from((0, RING, -(10**9), FAR - 3000 - MIDDLE)),
    )
    def snapshot(self, bids: dict[int, int], asks: dict[int, int], shift: int) -> None:
        middle = MIDDLE + shift
        below: Rows = [(middle - away, size) for away, size in sorted(bids.items())]
        above: Rows = [(middle + away, size) for away, size in sorted(asks.items())]
        self.book.load(below, above)
        self.twin.load(below, above)
        self.decided = False

    @rule()
    def clear(self) -> None:
        self.book.clear()
        self.twin.load([], [])
        self.decided = False

    @invariant()
    def both_are_equal(self) -> None:
        self.book.check()
        for levels in (1, DEPTH, 256):
            assert self.book.top(levels) == self.twin.top(levels)
        assert self.book.levels() == self.twin.top(10**6)


TestPriceBook: Any = PriceMachine.TestCase
TestPriceBook.settings = settings(max_examples=EXAMPLES, stateful_step_count=60, deadline=None)
