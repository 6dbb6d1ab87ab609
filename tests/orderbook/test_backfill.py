"""A back-fill heals the sums of a session whose trades were lost, and touches nothing else."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.record import Frame
from market.session import SessionCalendar, SessionTemplate, Window
from orderbook import Analyzer
from tests.orderbook.book_streams import ladder_stream
from tests.orderbook.compare import Both, analyzer_for
from tests.reference.position_book import PositionBook
from tests.reference.records import (
    ASK,
    BID,
    POSITION,
    TRADE,
    Rec,
    frames_of,
    running_volume,
    trade,
)

SECOND = 10**9
OPENING = 1_700_000_040 * SECOND
"""22:14 UTC; the streams begin 40 s before it."""
EVENING = SessionCalendar(
    SessionTemplate("UTC", (Window(1334, 1400),), Window(1334, 1400), weekdays=frozenset(range(7)))
)
PAUSED = SessionCalendar(
    SessionTemplate(
        "UTC",
        (Window(1320, 1333), Window(1334, 1400)),
        Window(1334, 1340),
        weekdays=frozenset(range(7)),
    )
)
"""The window that opens at 22:14 is the second of its trade date."""


def told(recs: Sequence[Rec]) -> list[Rec]:
    """The trades among records as a list of the session: places from 1."""
    trades = [rec for rec in recs if rec.kind == TRADE and rec.time >= OPENING]
    return [rec._replace(ref=place) for place, rec in enumerate(trades, 1)]


def book_after(recs: Sequence[Rec]) -> PositionBook:
    book = PositionBook(10)
    for rec in recs:
        if rec.kind == POSITION:
            book.change(rec)
    return book


def session_of(analyzer: Analyzer) -> dict[str, Any]:
    row = analyzer.calculate_metrics()
    names = ("cvd", "vwap", "vwap_dev", "since", "complete")
    profile = analyzer.analyze_volume_profile()
    del profile["developing_poc"]  # a back-fill begins it anew
    return {name: row[name] for name in names} | {"profile": profile}


def uninterrupted(recs: Sequence[Rec], calendar: SessionCalendar) -> dict[str, Any]:
    whole = Both(calendar=calendar)
    whole.feed(recs)
    whole.analyzer.read()
    return session_of(whole.analyzer)


def interrupted(recs: Sequence[Rec], first: int, last: int, calendar: SessionCalendar) -> Both:
    """Records ``first`` to ``last`` never come: a snapshot skips them."""
    both = Both(calendar=calendar)
    both.feed(recs[:first])
    both.gap()
    book = book_after(recs[:last])
    both.load(book.rows[BID], book.rows[ASK], recs[last - 1].time)
    return both


@pytest.mark.parametrize("calendar", [EVENING, PAUSED], ids=["one window", "a pause before"])
@pytest.mark.parametrize("cut", [1, 7, 4096])
def test_after_a_back_fill_the_session_is_as_if_nothing_had_been_lost(
    cut: int, calendar: SessionCalendar
) -> None:
    recs = ladder_stream(11, 3_000)
    both = interrupted(recs, 900, 1_400, calendar)
    both.analyzer.read()
    assert not session_of(both.analyzer)["complete"]
    both.backfill(told(recs[:1_400]), cut)
    both.feed(recs[1_400:])
    both.agree_on_the_session()
    found = session_of(both.analyzer)
    assert found == uninterrupted(recs, calendar)
    assert found["complete"]
    assert found["since"] == OPENING
    assert found["profile"]["volume"] > 0


@settings(max_examples=10)  # each compares hundreds of profiles with the slow twin's
@given(
    seed=st.integers(0, 40),
    cut=st.sampled_from((1, 3, 50)),
    spread=st.integers(1, 60),
    lost=st.integers(0, 400),
)
def test_live_records_may_come_between_the_parts_of_a_list(
    seed: int, cut: int, spread: int, lost: int
) -> None:
    recs = ladder_stream(seed, 1_500)
    both = interrupted(recs, 700, 701 + lost, EVENING)
    rest, trades = recs[701 + lost :], told(recs[: 701 + lost])
    for start in range(0, len(trades), cut):
        part = trades[start : start + cut]
        both.backfill(part, last=start + cut >= len(trades))
        both.feed(rest[:spread])
        rest = rest[spread:]
        both.agree_on_the_session()
    both.feed(rest)
    both.agree_on_the_session()
    if trades:
        assert session_of(both.analyzer) == uninterrupted(recs, EVENING)


def test_a_stream_that_began_late_is_made_complete() -> None:
    recs = ladder_stream(12, 2_000)
    both = Both(calendar=EVENING)
    late = 1_000
    assert recs[late].time > OPENING
    book = book_after(recs[:late])
    both.load(book.rows[BID], book.rows[ASK], recs[late - 1].time)
    both.backfill(told(recs[:late]), 20)
    both.feed(recs[late:])
    both.agree_on_the_session()
    assert session_of(both.analyzer) == uninterrupted(recs, EVENING)


def _ready(calendar: SessionCalendar = EVENING) -> tuple[Both, list[Rec]]:
    recs = ladder_stream(13, 1_200)
    both = interrupted(recs, 600, 601, calendar)
    return both, told(recs[:601])


@pytest.mark.parametrize("hole", [1, 5])
def test_a_list_with_a_hole_never_counts_as_complete(hole: int) -> None:
    both, trades = _ready()
    both.backfill(trades[:10], last=False)
    both.backfill(trades[10 + hole :])
    both.agree_on_the_session()
    assert not session_of(both.analyzer)["complete"]


def test_a_list_without_its_beginning_changes_nothing() -> None:
    both, trades = _ready()
    before = both.analyzer.read().tobytes()
    both.analyzer.seq = both.twin.seq = both.analyzer.seq
    sums = session_of(both.analyzer)
    both.backfill(trades[3:])
    both.agree_on_the_session()
    assert session_of(both.analyzer) == sums
    assert len(before) == len(both.analyzer.read().tobytes())


def test_a_gap_inside_a_list_ends_it() -> None:
    both, trades = _ready()
    both.backfill(trades[:10], last=False)
    both.gap()
    both.load([(100, 1)], [(101, 1)], both.analyzer.clock)
    both.backfill(trades[10:])
    both.agree_on_the_session()
    assert not session_of(both.analyzer)["complete"]
    both.backfill(trades)
    both.agree_on_the_session()
    assert session_of(both.analyzer)["complete"]


def test_a_snapshot_that_skips_nothing_lets_a_list_go_on() -> None:
    both, trades = _ready()
    both.backfill(trades[:10], last=False)
    both.load([(100, 1)], [(101, 1)], both.analyzer.clock)
    both.backfill(trades[10:])
    both.agree_on_the_session()
    assert session_of(both.analyzer)["complete"]


def test_a_list_that_begins_again_replaces_what_it_began() -> None:
    both, trades = _ready()
    both.backfill(trades[:10], last=False)
    both.backfill(trades, 7)
    both.agree_on_the_session()
    once = session_of(both.analyzer)
    both.backfill(trades, 9)
    assert session_of(both.analyzer) == once, "the list replaces, it does not add"


def test_the_turn_of_the_session_ends_a_list() -> None:
    calendar = SessionCalendar(
        SessionTemplate(
            "UTC",
            (Window(1334, 1360), Window(1360, 1400)),
            Window(1334, 1340),
            weekdays=frozenset(range(7)),
        )
    )
    both, trades = _ready(calendar)
    both.backfill(trades[:10], last=False)
    both.advance(1_700_000_000 * SECOND + 3_600 * SECOND)
    both.agree_on_the_session()
    both.backfill(trades[10:])
    both.agree_on_the_session()
    found = session_of(both.analyzer)
    assert (found["complete"], found["cvd"]) == (True, None), "the new session has no trade yet"


def test_trades_of_another_session_do_not_count() -> None:
    both, trades = _ready()
    early = [trades[0]._replace(time=OPENING - 1, ref=1)]
    both.backfill([*early, *(rec._replace(ref=rec.ref + 1) for rec in trades)])
    both.agree_on_the_session()
    assert not session_of(both.analyzer)["complete"]
    late = trades[-1]._replace(time=OPENING + 3_960 * SECOND)
    both.backfill([*trades[:-1], late])
    both.agree_on_the_session()
    assert not session_of(both.analyzer)["complete"]


def test_nothing_counts_while_closed_or_before_the_first_event() -> None:
    both = Both(calendar=EVENING)
    one = trade(OPENING, 1, 100, 5)._replace(ref=1)
    both.backfill([one])
    assert math.isnan(float(both.analyzer.read()["cvd"][0]))
    both, trades = _ready()
    both.advance(OPENING + 3_960 * SECOND)
    before = session_of(both.analyzer)["cvd"]
    both.backfill(trades[:5])
    both.agree_on_the_session()
    assert session_of(both.analyzer)["cvd"] == before


def test_bars_scores_and_clusters_do_not_hear_of_it() -> None:
    recs = ladder_stream(14, 2_400)
    for number in range(60, len(recs), 60):
        recs[number] = running_volume(recs[number - 1].time, number)
    plain, filled = analyzer_for(), analyzer_for()
    trades = [rec._replace(price=rec.price + 50) for rec in told(recs[:1_200])]
    seen: list[list[Any]] = [[], []]
    seq = 0
    for frame in frames_of(recs, 50):
        for analyzer, events in zip((plain, filled), seen, strict=True):
            analyzer.process_l2_update(frame)
            events.append(analyzer.take_events().tobytes())
        if seq < len(trades):
            (part, *_) = frames_of(trades[seq : seq + 3])
            seq += len(part.records)
            filled.backfill(part)
            filled.seq = frame.end
        rows = [analyzer.calculate_metrics() for analyzer in (plain, filled)]
        for name in ("cvd", "vwap", "vwap_dev", "since", "complete"):
            for row in rows:
                row.pop(name)
        assert rows[0] == rows[1]
        profiles = [a.analyze_volume_profile(scope="rolling") for a in (plain, filled)]
        assert profiles[0]["rows"] == profiles[1]["rows"]
    assert seq == len(trades)
    assert seen[0] == seen[1]


def test_many_prices_make_the_profile_grow() -> None:
    both, _ = _ready()
    many = [trade(OPENING + i, i % 3, 5_000 - i, 1)._replace(ref=i + 1) for i in range(3_000)]
    both.backfill(many, 1_000)
    both.agree_on_the_session()
    assert session_of(both.analyzer)["profile"]["volume"] == 3_000


def test_an_empty_frame_changes_nothing() -> None:
    both, trades = _ready()
    both.backfill(trades[:4], last=False)
    seq = both.analyzer.seq
    empty = next(frames_of(trades[:1]))
    assert both.analyzer.backfill(Frame(empty.records[:0], OPENING, seq)) == 4
