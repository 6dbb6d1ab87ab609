"""Footprints: the published examples, the slow twin, the mirror, and the analyzer's bars."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import UsageError
from market.ticks import Grid
from orderbook.footprints import PRESETS, Rule, bar_fields, imbalances, rule_of, runs_of
from tests.orderbook.compare import analyzer_for, instrument
from tests.reference import footprint as twin
from tests.reference.records import ASK, BID, BUY, SELL, Rec, frames_of, trade

SECOND = 10**9
NOON = 1_700_000_040 * SECOND
ONE = Grid(1)
UNKNOWN = 2


def flags_of(rows: list[tuple[int, int]], rule: Rule) -> tuple[list[bool], list[bool]]:
    """Of (buy, sell) by row, ascending."""
    table = np.array(rows, np.int64).reshape(-1, 2)
    buy, sell = imbalances(table[:, 0], table[:, 1], rule)
    return buy.tolist(), sell.tolist()


# NinjaTrader's published examples


def test_published_deltas() -> None:
    """740 bought and 220 sold: 520; 3,463 and 4,535: -1,072."""
    for buy, sell, delta in ((740, 220, 520), (3463, 4535, -1072)):
        fields = bar_fields(np.array([[7, buy, sell, 0, 1]]), instrument(), PRESETS["nt"], 3)
        assert fields["delta"] == delta
        assert fields["rows"][0][4] == delta


def test_a_published_sell_imbalance() -> None:
    """989 at the bid against 518 at the ask one row up: 1.909 times, 471 more."""
    _, sell = flags_of([(0, 989), (518, 0)], PRESETS["nt"])
    assert sell == [True, False]
    assert (round(989 / 518, 3), 989 - 518) == (1.909, 471)


def test_a_published_buy_imbalance() -> None:
    """1,000 at the ask against 300 at the bid one row down."""
    buy, _ = flags_of([(0, 300), (1000, 0)], PRESETS["nt"])
    assert buy == [False, True]


def test_each_number_of_a_preset_decides() -> None:
    nt, atas = PRESETS["nt"], PRESETS["atas"]
    assert flags_of([(0, 20), (30, 0)], nt)[0] == [False, True]
    assert flags_of([(0, 21), (30, 0)], nt)[0] == [False, False]  # the ratio
    assert flags_of([(0, 1), (10, 0)], nt)[0] == [False, False]  # the difference
    assert flags_of([(0, 1), (30, 0)], atas)[0] == [False, False]  # the volume: above it
    assert flags_of([(0, 1), (31, 0)], atas)[0] == [False, True]
    assert flags_of([(0, 10), (30, 0)], PRESETS["tv"])[0] == [False, True]


def test_the_zero_rule_and_the_mode() -> None:
    rows = [(0, 0), (50, 0), (50, 10)]
    assert flags_of(rows, rule_of("nt", "diagonal", "allow", ONE))[0] == [False, True, True]
    assert flags_of(rows, rule_of("nt", "diagonal", "ignore", ONE))[0] == [False, False, False]
    assert flags_of(rows, rule_of("nt", "horizontal", "ignore", ONE))[0] == [False, False, True]


def test_a_rule_counts_in_size_steps() -> None:
    """Sizes in hundredths: the difference of 10 is a thousand of them."""
    rule = rule_of("nt", "diagonal", "allow", Grid("0.01"))
    assert (rule.ratio, rule.difference) == (1.5, 1000.0)


@pytest.mark.parametrize(
    "words", [("x", "diagonal", "allow"), ("nt", "up", "allow"), ("nt", "diagonal", "maybe")]
)
def test_a_wrong_word_is_refused(words: tuple[str, str, str]) -> None:
    with pytest.raises(UsageError, match="none of"):
        rule_of(*words, ONE)


def test_runs_are_maximal_and_long_enough() -> None:
    flags = np.array([1, 1, 0, 1, 1, 1, 0, 1], bool)
    assert runs_of(flags, 1) == [(0, 1), (3, 5), (7, 7)]
    assert runs_of(flags, 3) == [(3, 5)]
    assert runs_of(flags[:0], 1) == []


# Against the twin, and in the mirror

_rows = st.lists(
    st.tuples(*[st.sampled_from((0, 0, 1, 3, 10, 15, 29, 30, 31, 45, 90, 93))] * 2), max_size=20
)
_rule = st.builds(
    rule_of,
    st.sampled_from(("nt", "tv", "atas")),
    st.sampled_from(("diagonal", "horizontal")),
    st.sampled_from(("allow", "ignore")),
    st.just(ONE),
)


@given(rows=_rows, rule=_rule, least=st.integers(1, 4))
def test_the_slow_twin_finds_the_same(rows: list[tuple[int, int]], rule: Rule, least: int) -> None:
    buys = {100 + i: buy for i, (buy, _) in enumerate(rows) if buy}
    sells = {100 + i: sell for i, (_, sell) in enumerate(rows) if sell}
    slow = twin.Rule(
        rule.ratio,
        rule.difference,
        rule.volume,
        "horizontal" if rule.horizontal else "diagonal",
        "ignore" if rule.ignore_zero else "allow",
    )
    for flags, what in zip(flags_of(rows, rule), (twin.BUY, twin.SELL), strict=True):
        prices = range(100, 100 + len(rows))
        assert flags == [twin.is_imbalance(buys, sells, p, what, slow) for p in prices]
        runs = [(100 + a, 100 + b) for a, b in runs_of(np.array(flags, bool), least)]
        assert runs == twin.stacks(buys, sells, what, slow, least)


@given(rows=_rows, rule=_rule)
def test_the_mirrored_bar_has_the_mirrored_imbalances(
    rows: list[tuple[int, int]], rule: Rule
) -> None:
    """Prices upside down and buyers for sellers."""
    buy, sell = flags_of(rows, rule)
    mirrored = [(s, b) for b, s in reversed(rows)]
    assert flags_of(mirrored, rule) == (sell[::-1], buy[::-1])


@given(rows=_rows, rule=_rule)
def test_rows_outside_of_the_bar_count_as_zero(rows: list[tuple[int, int]], rule: Rule) -> None:
    buy, sell = flags_of(rows, rule)
    padded = flags_of([(0, 0), *rows, (0, 0)], rule)
    assert padded == ([False, *buy, False], [False, *sell, False])


# The analyzer's bars


def _fed(trades: list[tuple[int, int, int, int]]) -> Any:
    analyzer = analyzer_for(profile={"rolling_minutes": 3})
    recs = [Rec(NOON, *row) for row in ((0, BID, 0, 0, 99, 5), (0, ASK, 0, 0, 101, 5))]
    recs += [trade(time, side, price, size) for time, price, size, side in trades]
    for frame in frames_of(recs):
        assert analyzer.process_l2_update(frame).fault is None
    return analyzer


def test_the_analyzers_bars_are_the_closed_ones_and_the_open_one() -> None:
    minute = 60 * SECOND
    first = NOON // minute * minute
    analyzer = _fed(
        [
            (NOON, 100, 40, SELL),
            (NOON, 101, 100, BUY),
            (NOON + minute, 101, 7, UNKNOWN),
            (NOON + minute + 1, 102, 30, BUY),
        ]
    )
    found = analyzer.analyze_footprint(bars=5)
    assert [(bar["time"], bar["open"]) for bar in found["bars"]] == [
        (first, False),
        (first + minute, True),
    ]
    closed, last = found["bars"]
    assert closed["rows"] == [
        [25.0, 0.0, 40.0, 0.0, -40.0, None],
        [25.25, 100.0, 0.0, 0.0, 100.0, "buy"],
    ]
    assert last["rows"] == [
        [25.25, 0.0, 0.0, 7.0, 0.0, None],
        [25.5, 30.0, 0.0, 0.0, 30.0, "buy"],
    ]
    assert (closed["delta"], last["volume"]) == (60.0, 37.0)
    assert analyzer.analyze_footprint()["bars"] == [last]
    strict = analyzer.analyze_footprint(zero="ignore")["bars"][0]
    assert [row[5] for row in strict["rows"]] == [None, None]


def test_before_any_trade_there_is_no_bar() -> None:
    assert _fed([]).analyze_footprint()["bars"] == []


@pytest.mark.parametrize("bars", [0, 1441])
def test_a_number_of_bars_out_of_range_is_refused(bars: int) -> None:
    with pytest.raises(UsageError, match="bars"):
        _fed([]).analyze_footprint(bars=bars)
