"""Aggressor and market makers' rows: the C# rules against plain Python."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderbook.makers import MakerRows
from tests.csharp.build import Program
from tests.csharp.talk import Talk
from tests.reference.records import POSITION, Rec, frames_of

_SELL, _BUY, _UNKNOWN = 0, 1, 2
_EVENT, _QUOTES, _TICK, _NONE = 1, 2, 3, 4
_ADD, _UPDATE, _REMOVE = 0, 1, 2
_NO: Final = 0.0
"""What NinjaTrader gives for a bid or ask that it does not know."""


def _judged(runner: Program, *lines: str) -> list[str]:
    return [answer for answer in runner.lines("aggressor", list(lines), "0.25") if answer]


def test_a_trade_is_judged_by_its_own_bid_and_ask(runner: Program) -> None:
    """At or beyond the ask a buy, at or below the bid a sell, between them the side before."""
    answers = _judged(
        runner,
        "trade 5000.25 5000 5000.25",
        "trade 5000.5 5000 5000.25",
        "trade 5000.25 5000 5000.5",
        "trade 5000 5000 5000.25",
        "trade 5000.25 5000 5000.5",
        "trade 4999.75 5000 5000.25",
    )
    assert answers == [f"{side} {_EVENT}" for side in (_BUY, _BUY, _BUY, _SELL, _SELL, _SELL)]


def test_the_first_trade_between_is_of_nobody(runner: Program) -> None:
    """Nothing is made up."""
    assert _judged(runner, "trade 5000.25 5000 5000.5") == [f"{_UNKNOWN} {_NONE}"]


def test_without_a_bid_and_ask_of_its_own_the_last_quotes_count(runner: Program) -> None:
    """And without those the tick rule."""
    answers = _judged(
        runner,
        "trade 5000 0 0",
        "trade 5000.25 0 0",
        "trade 5000.25 0 0",
        "trade 5000 0 0",
        "quote 0 5000.25",
        "quote 1 5000",
        "trade 5000.25 0 0",
        "clear",
        "trade 5000 0 0",
    )
    expected = [(_UNKNOWN, _NONE), (_BUY, _TICK), (_BUY, _TICK), (_SELL, _TICK), (_BUY, _QUOTES)]
    assert answers == [f"{side} {how}" for side, how in [*expected, (_UNKNOWN, _NONE)]]


def test_zero_is_a_price_near_zero(runner: Program) -> None:
    """Spreads trade there; an index does not."""
    assert _judged(runner, "trade 0 -0.25 0") == [f"{_BUY} {_EVENT}"]
    assert _judged(runner, "trade 5000 5000 0") == [f"{_UNKNOWN} {_NONE}"]
    assert _judged(runner, "trade -0.25 -0.25 0") == [f"{_SELL} {_EVENT}"]


_NamedRow = tuple[int, int, int]
"""Price, size, maker."""
_CHANGES: Final = st.lists(
    st.tuples(
        st.sampled_from([_ADD, _UPDATE, _UPDATE, _REMOVE]),
        st.integers(0, 5),
        st.integers(1, 5),
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    min_size=20,
    max_size=40,
)


def _sums(rows: list[_NamedRow], side: int) -> list[list[int]]:
    """The ladder of these makers' rows, best first."""
    sums: dict[int, int] = {}
    for price, size, _ in rows:
        sums[price] = sums.get(price, 0) + size
    return [[price, sums[price]] for price in sorted(sums, reverse=side == 1)]


def _shares(rows: list[_NamedRow], price: int) -> dict[int, int]:
    """What each maker has at a price."""
    shares: dict[int, int] = {}
    for at, size, maker in rows:
        if at == price:
            shares[maker] = shares.get(maker, 0) + size
    return {maker: size for maker, size in shares.items() if size}


def _apply(rows: list[_NamedRow], change: tuple[int, int, int, int, int]) -> bool:
    op, row, price, size, maker = change
    if row > len(rows):
        return False
    if op == _REMOVE:
        del rows[row : row + 1]
    elif op == _ADD or row == len(rows):
        rows.insert(row, (price, size, maker))
    else:
        rows[row] = (price, size, maker)
    return True


@pytest.mark.parametrize("depth", [1, 2, 3, 10])
def test_a_ladder_is_the_sum_of_its_rows_after_every_change(runner: Program, depth: int) -> None:
    """Each change by position, applied by NinjaTrader's rules, gives the sums of plain Python.

    And the server, which hears nothing else, knows what each maker has of each price.
    """
    with Talk(runner, "makers", str(depth)) as makers:

        @given(side=st.sampled_from([0, 1]), changes=_CHANGES)
        @settings(max_examples=80, deadline=None)
        def check(side: int, changes: list[tuple[int, int, int, int, int]]) -> None:
            rows: list[_NamedRow] = []
            ladder: list[_NamedRow] = []
            server = MakerRows()
            assert makers.say("load", side, []) == []
            for change in changes:
                told = makers.say(side, *change)
                if not _apply(rows, change):
                    assert told is None
                    continue
                recs = [
                    Rec(1, POSITION, side, op, row, price, size, maker)
                    for op, row, price, size, maker in told
                ]
                for op, row, price, size, maker in told:
                    assert _apply(ladder, (op, row, price, size, maker))
                    assert len(ladder) <= depth + 1
                assert [list(level[:2]) for level in ladder] == _sums(rows, side)[:depth]
                for frame in frames_of(recs):
                    server.apply(frame.records)
                for price, size, shares in server.levels(side):
                    assert [price, size] in _sums(rows, side)
                    assert shares == _shares(rows, price)

        check()


def test_a_ladder_is_loaded_from_rows(runner: Program) -> None:
    """The rows of a side as NinjaTrader has them, several of one price."""
    rows = [[10, 3, 1], [10, 4, 2], [11, 5, 1], [13, 1, 1], [13, 2, 3]]
    with Talk(runner, "makers", "2") as makers:
        assert makers.say("load", 0, rows) == [[10, 7], [11, 5]]
        assert makers.say(0, _UPDATE, 1, 10, 6, 3) == [
            [_UPDATE, 0, 10, 13, 3],
            [_UPDATE, 0, 10, 9, 2],
        ]
        assert makers.say(0, _REMOVE, 2, 0, 0, 9) == [
            [_REMOVE, 1, 11, 0, 1],
            [_ADD, 1, 13, 1, 1],
            [_UPDATE, 1, 13, 3, 3],
        ]
