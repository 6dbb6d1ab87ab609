"""Initial balance, developing and naked POCs, nodes: against the twin, and in closed form."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.record import Frame
from market.session import calendar_for
from orderbook import Analyzer, Parameters
from orderbook.nodes import volume_nodes
from orderbook.notable import NakedPocs
from tests.reference import notable as plain
from tests.reference.records import BUY, SELL, Rec, frames_of, trade

CALENDAR = calendar_for("cme_equity")
MINUTE = 60 * 10**9
HOUR = 60 * MINUTE
OPEN = int(datetime(2026, 11, 15, 23, 0, tzinfo=UTC).timestamp()) * 10**9  # Monday's session
RTH = int(datetime(2026, 11, 16, 14, 30, tzinfo=UTC).timestamp()) * 10**9


def instrument() -> Instrument:
    found = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert found is not None
    return found


def analyzer(minutes: int = 60, rows: int = 3) -> Analyzer:
    parameters = Parameters.from_mapping(
        {"profile": {"initial_balance_min": minutes, "node_rows": rows}}
    )
    return Analyzer(instrument(), parameters, calendar=CALENDAR)


def fed(one: Analyzer, recs: Sequence[Rec], limit: int = 4096) -> Analyzer:
    for frame in frames_of(recs, limit):
        assert one.process_l2_update(frame).fault is None
    return one


def said(one: Analyzer) -> dict[str, Any]:
    profile = one.analyze_volume_profile()
    names = ("developing_poc", "initial_balance", "high_nodes", "low_nodes")
    naked = [(poc["price"], poc["trade_date"]) for poc in profile["naked_pocs"]]
    return {name: profile[name] for name in names} | {"naked_pocs": naked}


def week(seed: int, trades: int) -> list[Rec]:
    """Trades of several days, drifting, only while the market is open."""
    rng = random.Random(seed)
    time, price, recs = OPEN + rng.randrange(HOUR), 27_000, []
    while len(recs) < trades:
        time += rng.choice((0, 10**9, 20 * 10**9, MINUTE, 7 * MINUTE, 3 * HOUR))
        price += rng.choice((-9, -1, -1, 0, 0, 0, 1, 1, 12))
        if CALENDAR.trading_session(time) is not None:
            recs.append(trade(time, rng.choice((BUY, SELL)), price, rng.randint(1, 9)))
    return recs


@pytest.mark.parametrize("seed", range(6))
def test_equal_to_the_twin_at_any_moment(seed: int) -> None:
    recs = week(seed, 300)
    one, at = analyzer(45, 2), 0
    for cut in sorted(random.Random(seed).sample(range(1, len(recs)), 12)):
        # The twin reads a moment at which time has moved on.
        fed(one, recs[at:cut], 1 + seed)
        at = cut
        expected = plain.notable(recs[:cut], CALENDAR, 45, 2, instrument().tick.to_price)
        assert said(one) == expected


def test_a_frozen_analyzer_goes_on_alike() -> None:
    recs = week(11, 300)
    whole = fed(analyzer(), recs)
    half = fed(analyzer(), recs[:200])
    other = analyzer()
    other.thaw(half.freeze())
    assert said(fed(other, recs[200:])) == said(whole)
    assert said(whole)["naked_pocs"]


def test_the_initial_balance_is_the_range_of_the_first_hour_of_regular_trading() -> None:
    before = [trade(OPEN + HOUR, BUY, 27_100, 1), trade(RTH - 1, BUY, 27_090, 1)]
    hour = [trade(RTH, BUY, 27_004, 1), trade(RTH + HOUR - 1, SELL, 26_996, 1)]
    after = [trade(RTH + HOUR, SELL, 26_000, 1)]
    one = fed(analyzer(), before)
    assert one.analyze_volume_profile()["initial_balance"] is None
    fed(one, hour[:1])
    balance = one.analyze_volume_profile()["initial_balance"]
    assert (balance["low"], balance["high"], balance["over"]) == (6751.0, 6751.0, False)
    fed(one, hour[1:] + after)
    assert one.analyze_volume_profile()["initial_balance"] == {
        "begin": RTH,
        "end": RTH + HOUR,
        "low": 6749.0,
        "high": 6751.0,
        "over": True,
        "complete": True,
    }


def test_who_comes_late_or_loses_records_does_not_know_the_whole_balance() -> None:
    late = fed(analyzer(), [trade(RTH + 1, BUY, 27_000, 1), trade(RTH + 2 * HOUR, BUY, 27_000, 1)])
    assert late.analyze_volume_profile()["initial_balance"]["complete"] is False
    lost = fed(analyzer(), [trade(RTH - 1, BUY, 27_000, 1), trade(RTH + 1, BUY, 27_000, 1)])
    assert lost.analyze_volume_profile()["initial_balance"]["complete"] is True
    lost.gap("gap")
    assert lost.analyze_volume_profile()["initial_balance"]["complete"] is False


def test_a_back_fill_tells_the_balance_again() -> None:
    one = fed(analyzer(), [trade(RTH + HOUR + 1, BUY, 27_000, 1)])
    told = [
        trade(OPEN, BUY, 26_000, 1),
        trade(RTH + 5, BUY, 27_010, 2),
        trade(RTH + 6, SELL, 27_002, 2),
        trade(RTH + HOUR + 1, BUY, 27_000, 1),
    ]
    told = [rec._replace(ref=place) for place, rec in enumerate(told, 1)]
    frames = list(frames_of(told))
    for frame in frames:
        one.backfill(Frame(frame.records, frame.base, 2), last=frame is frames[-1])
    balance = one.analyze_volume_profile()["initial_balance"]
    assert (balance["low"], balance["high"], balance["complete"]) == (6750.5, 6752.5, True)


def test_a_naked_poc_lasts_until_a_session_trades_across_it() -> None:
    days = [OPEN + day * 24 * HOUR + HOUR for day in range(4)]
    recs = [
        trade(days[0], BUY, 27_000, 5),
        trade(days[1], BUY, 27_050, 5),  # above: the first stays
        trade(days[2], BUY, 27_040, 5),
        trade(days[2] + 1, BUY, 27_060, 4),  # jumps over the second
    ]
    one = fed(analyzer(), recs)
    assert said(one)["naked_pocs"] == [(6750.0, "2026-11-16")]
    fed(one, [trade(days[3], BUY, 27_001, 1)])
    naked = one.analyze_volume_profile()["naked_pocs"]
    assert [(poc["price"], poc["trade_date"]) for poc in naked] == [
        (6750.0, "2026-11-16"),
        (6760.0, "2026-11-18"),
    ]
    assert [poc["complete"] for poc in naked] == [False, True]
    fed(one, [trade(days[3] + 1, BUY, 27_000, 1)])
    assert said(one)["naked_pocs"] == [(6760.0, "2026-11-18")]


def test_time_that_goes_back_forgets_earlier_sessions() -> None:
    recs = [trade(OPEN, BUY, 27_000, 5), trade(OPEN + 25 * HOUR, BUY, 27_050, 5)]
    one = fed(analyzer(), recs)
    assert said(one)["naked_pocs"]
    fed(one, [trade(OPEN + 24 * HOUR, BUY, 27_050, 5)])
    assert said(one)["naked_pocs"] == []
    assert one.analyze_volume_profile()["initial_balance"] is None


def test_only_so_many_are_kept() -> None:
    pocs = NakedPocs()
    for day in range(150):
        pocs.end_session(np.array([[day, 1, 0, 0, 1]]), day, complete=True)
    kept = pocs.uncovered(np.zeros((0, 5), np.int64))
    assert [poc.ticks for poc in kept] == list(range(50, 150))


def test_an_endless_session_has_no_balance_and_no_earlier_ones() -> None:
    one = Analyzer(instrument())
    fed(one, [trade(RTH, BUY, 27_000, 1), trade(RTH + 30 * HOUR, BUY, 27_000, 1)])
    profile = one.analyze_volume_profile()
    assert profile["initial_balance"] is None
    assert profile["naked_pocs"] == []
    assert [poc for _, poc in profile["developing_poc"]] == [6750.0]


def test_the_rolling_profile_has_nodes_and_nothing_of_sessions() -> None:
    profile = fed(analyzer(), week(3, 100)).analyze_volume_profile(scope="rolling")
    assert "naked_pocs" not in profile
    assert "high_nodes" in profile


# -- nodes ---------------------------------------------------------------------------------------


@given(
    st.lists(st.one_of(st.integers(0, 4), st.integers(0, 2**40)), min_size=1, max_size=60),
    st.integers(1, 6),
)
def test_nodes_are_those_of_the_twin(sizes: list[int], reach: int) -> None:
    found = volume_nodes(np.array(sizes, np.int64), reach)
    high, low = plain.nodes(dict(enumerate(sizes)), reach)
    assert (found.high, found.low) == (high, low)


@pytest.mark.parametrize(
    ("sizes", "high", "low"),
    [
        ([5], [], []),
        ([1, 1, 1], [], []),
        ([1, 9, 1], [1], []),
        ([9, 1, 9], [0, 2], [1]),
        ([1, 9, 9, 1], [1], []),  # of two middle rows the lower one
        ([8, 0, 0, 0, 8], [0, 4], [2]),
        ([9, 8, 9, 1, 1], [0, 2], []),  # a dip above the mean is none
        ([1, 2, 1, 9, 1], [3], [2]),  # nor is a peak below it
    ],
)
def test_nodes_by_hand(sizes: list[int], high: list[int], low: list[int]) -> None:
    assert volume_nodes(np.array(sizes, np.int64), 1) == (high, low)


def test_a_larger_neighbour_within_reach_hides_a_peak() -> None:
    sizes = np.array([1, 9, 1, 10, 1, 1, 1], np.int64)
    assert volume_nodes(sizes, 1).high == [1, 3]
    assert volume_nodes(sizes, 2).high == [3]
