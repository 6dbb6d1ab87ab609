"""The Analyzer against its twin, bit for bit, on streams that visit every rule."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.record import RECORD, Frame
from market.session import SHIPPED_TEMPLATES, SessionCalendar, SessionTemplate, Window
from orderbook import Analyzer
from tests.orderbook.book_streams import ladder_stream
from tests.orderbook.compare import Both, instrument, run_plan
from tests.orderbook.market_fuzz import make_plan
from tests.reference.records import ASK, BID, Rec, bid, price_row, trade
from tests.reference.records import ask as ask_row

NOON = 1_700_000_040 * 10**9
SECOND = 10**9
MS = 10**6
CUTS = (1, 7, 200, 4096)


@pytest.mark.parametrize("seed", range(60))
def test_fuzzed_streams(seed: int) -> None:
    run_plan(make_plan(seed, 250), CUTS[seed % 4])


@pytest.mark.long
@pytest.mark.timeout(1800)
@given(seed=st.integers(0, 2**40), cut=st.integers(1, 300))
def test_more_fuzzed_streams(seed: int, cut: int) -> None:
    run_plan(make_plan(seed, 300), cut)


def test_a_stack_that_ends_at_a_minutes_boundary_spends_nothing_of_the_next_bar() -> None:
    """Found by the fuzz: price went through the row before the boundary, and met it again."""
    both = run_plan(make_plan(25_573, 300), 1)
    told = [
        (event["event"], event["time"] // SECOND % 60)
        for event in both.events
        if (event["kind"], event["side"], event["poc"]) == ("imbalance_stack", ASK, 19_992)
    ]
    assert [("new", 59), ("end", 0), ("new", 1)] in [told[i : i + 3] for i in range(len(told))]


def test_what_was_no_book_before_a_snapshot_is_stale_up_to_it() -> None:
    """Rows out of order, shown by the snapshot's time: nothing is sampled from them."""
    both = Both()
    both.feed([ask_row(NOON, 0, row, 101 + row, 5) for row in range(2)] + [bid(NOON, 0, 0, 100, 5)])
    both.feed([ask_row(NOON + SECOND, 1, 0, 103, 5)])
    samples = both.analyzer._state["opacity"]["samples"]
    assert both.load([(100, 5)], [(101, 5)], NOON + 40 * SECOND) == "unsorted"
    assert both.analyzer.clock == NOON + 40 * SECOND
    assert both.analyzer._state["opacity"]["samples"] == samples
    both.feed([bid(NOON + 43 * SECOND, 1, 0, 100, 6)])
    assert both.analyzer._state["opacity"]["samples"] == samples + 30


def test_the_fuzz_visits_every_kind_of_event() -> None:
    events = chain.from_iterable(run_plan(make_plan(seed, 250)).events for seed in range(60))
    seen = Counter((event["event"], event["kind"], event["end_reason"]) for event in events)
    reasons = ("stale", "through", "consumed", "out_of_window", "pulled", "merged")
    assert all(seen["end", "resting", reason] for reason in reasons), seen
    assert all(seen["end", "traded", reason] for reason in ("through", "expired", "stale")), seen
    assert all(seen[word, kind, None] for word in ("new", "update") for kind in KINDS), seen


KINDS = ("resting", "traded")


@pytest.mark.parametrize("seed", range(3))
def test_a_plausible_ladder_with_minutes_of_silence(seed: int) -> None:
    recs = ladder_stream(seed, 4_000)
    both = Both(scores={"volume_windows": 30})
    both.feed(recs, CUTS[seed])
    assert not both.rows[-1]["warmup"]


SESSIONS = SessionTemplate(
    "UTC",
    (Window(1333, 1335), Window(1336, 1338), Window(1338, 1341), Window(1345, 1400)),
    Window(1336, 1338),
    weekdays=frozenset(range(7)),
)
"""Around the streams' start at 22:13: openings, closes, a turn without a pause."""


@pytest.mark.parametrize("seed", range(100, 130))
def test_sessions_open_and_close_within_the_stream(seed: int) -> None:
    both = run_plan(make_plan(seed, 250), CUTS[seed % 4], SessionCalendar(SESSIONS))
    assert {row["phase"] for row in both.rows} <= {
        "synced",
        "closed",
        "crossed",
        "stale",
        "waiting",
    }


def test_session_end_ends_all_clusters() -> None:
    ended = Counter(
        (event["kind"], event["end_reason"])
        for seed in range(100, 110)
        for event in run_plan(make_plan(seed, 250), 200, SessionCalendar(SESSIONS)).events
    )
    assert ended["resting", "session_end"]
    assert ended["traded", "session_end"]


# Records and groups that a market rarely sends

_step = st.sampled_from((0, 0, 0, 1, 30 * MS, 100 * MS, SECOND, 31 * SECOND, -1, -3 * SECOND))
_price = st.integers(97, 103)
_size = st.sampled_from((0, 1, 2, 3, 50, 1000))


def _any_rec(drawn: tuple[int, int, int, int, int, int]) -> tuple[int, ...]:
    kind, side, op, position, price, size = drawn
    return (kind, side, min(op, 1) if kind == 2 else op, position, price, size)


_rows = st.lists(
    st.tuples(
        _step,
        st.tuples(
            st.sampled_from((1, 1, 1, 3, 3, 2)),
            st.integers(0, 1),
            st.integers(0, 2),
            st.integers(0, 3),
            _price,
            _size,
        ).map(_any_rec),
    ),
    max_size=60,
)


@given(rows=_rows, limit=st.sampled_from(CUTS), grid=st.sampled_from((50, 100, 1000)))
def test_crossed_one_sided_and_silent(
    rows: list[tuple[int, tuple[int, ...]]], limit: int, grid: int
) -> None:
    time = NOON
    recs = []
    for step, row in rows:
        time += step
        recs.append(Rec(time, *row))
    clusters = {"grid_ms": grid, "announce_ms": 0, "threshold": 3.0}
    scores = {"momentum_s": 1, "volume_window_s": 1, "volume_least": 2}
    Both(clusters=clusters, scores=scores).feed(recs, limit)


@pytest.mark.parametrize("hours", [1, pytest.param(72, marks=pytest.mark.long)])
def test_hours_of_silence(hours: int) -> None:
    """The closed form of the product against every instant of the twin."""
    both = Both(clusters={"grid_ms": 1000, "expire_min": 90})
    end = NOON + hours * 3600 * SECOND
    both.feed(ladder_stream(4, 400))
    quiet = both.analyzer.clock
    recs = [bid(end + quiet - NOON, 1, 0, both.twin.visible()[0][0][0], 500)]
    recs.append(recs[0]._replace(time=recs[0].time + 3 * SECOND, size=3))
    both.feed(recs)
    both.advance(recs[-1].time + 1800 * SECOND)
    both.feed([recs[-1]._replace(time=recs[-1].time + 1801 * SECOND)])


@pytest.mark.parametrize("heartbeat", [False, True])
@pytest.mark.parametrize("minutes", [100, 276])
@pytest.mark.parametrize(("every", "length"), [(60, 40), (180, 180)])
def test_of_a_long_silence_the_sessions_in_the_middle_are_passed_over(
    monkeypatch: pytest.MonkeyPatch, every: int, length: int, minutes: int, heartbeat: bool
) -> None:
    """As the twin, with an hour for the 31 days; with pauses, and with sessions that are longer."""
    monkeypatch.setattr("orderbook.analyzer._LEAP", 3600 * SECOND)
    monkeypatch.setattr("tests.reference.analytics.LEAP", 3600 * SECOND)
    windows = tuple(Window(begin, begin + length) for begin in range(0, 1440, every))
    template = SessionTemplate("UTC", windows, Window(0, 40), weekdays=frozenset(range(7)))
    both = Both(clusters={"grid_ms": 1000}, calendar=SessionCalendar(template))
    both.feed(ladder_stream(4, 400))
    later = both.analyzer.clock + minutes * 60 * SECOND
    if heartbeat:
        both.advance(later)
    both.feed([bid(later + SECOND, 1, 0, both.twin.visible()[0][0][0], 500)])
    both.advance(later + 3600 * SECOND)


def test_a_leap_over_a_century_turns_the_sessions_of_a_month() -> None:
    """One wrong time must not hold up everybody else."""
    turned: list[int] = []

    class Counted(SessionCalendar):
        __slots__ = ()

        def next_boundary(self, time: int) -> int:
            turned.append(time)
            return super().next_boundary(time)

    calendar = Counted(SHIPPED_TEMPLATES["cme_equity"])
    analyzer = Analyzer(instrument(), calendar=calendar)
    analyzer.load_levels([(1, 1)], [(2, 1)], 1, 1)
    analyzer.advance(NOON)
    assert analyzer.clock == NOON
    assert len(turned) < 100
    analyzer.process_l2_update(Frame(np.zeros(1, RECORD), NOON + 80 * 365 * 86_400 * SECOND, 1))
    assert len(turned) < 200


def test_a_trade_of_size_zero_divides_nothing() -> None:
    recs = [trade(NOON + minute * 60 * SECOND, 1, 100, 0) for minute in range(8)]
    both = Both()
    both.feed(recs)
    assert both.rows[-1]["composite"] == 0.0
    assert both.rows[-1]["vwap"] is None


def test_sizes_and_prices_of_a_fine_grid_stay_exact() -> None:
    """Bitcoin in steps of 1e-5 and 1e-8: products of price and size leave 64 bits."""
    recs = [
        price_row(NOON, BID, 5_621_830_000, 950_000_000_000),
        price_row(NOON, ASK, 5_621_840_000, 1_250_000_000_000),
        trade(NOON + 1, 1, 5_621_840_000, 70_000_000_000),
        price_row(NOON + SECOND, BID, 5_621_830_000, 940_000_000_000),
    ]
    both = Both("0.00001")
    both.feed(recs)
    row = both.rows[-1]
    assert row["best_bid"] < row["weighted_mid"] < row["best_ask"]


def test_records_at_an_instant_come_after_it() -> None:
    recs = [
        bid(NOON, 0, 0, 100, 5),
        ask_row(NOON, 0, 0, 101, 5),
        bid(NOON + 100 * MS, 1, 0, 100, 900),
        bid(NOON + 200 * MS, 1, 0, 100, 900),
    ]
    both = Both(clusters={"announce_ms": 0, "on_factor": 1.5, "off_factor": 1.0})
    both.feed(recs, 1)
    (event,) = both.events
    assert (event["event"], event["time"], event["size"]) == ("new", NOON + 200 * MS, 900)


def test_an_instant_survives_a_book_that_is_wrong_inside() -> None:
    """A row beyond the edges of its side has no visible tick: the next check has to find it."""
    both = Both()
    rows = [ask_row(NOON, 0, row, 101 + row, 5) for row in range(5)]
    both.feed(rows + [bid(NOON, 0, row, 100 - row, 5 + 90 * row) for row in range(5)])
    book = both.analyzer._state["book"]
    book["px"][1, 3] = book["px"][1, 4] - 1
    both.analyzer.advance(NOON + SECOND)
    assert both.analyzer.clock == NOON + SECOND
