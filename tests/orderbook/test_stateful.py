"""A book by position in any order of changes, faults and snapshots, against the plain one."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from market.enums import Side
from orderbook import Book
from tests.reference.position_book import PositionBook
from tests.reference.records import ADD, POSITION, REMOVE, UPDATE, Rec, frames_of, trade

NOON = 1_700_000_000 * 10**9
DEPTH = 4
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
TestPositionBook.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
