from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.enums import FrameFlag, FrameType
from market.errors import MalformedError
from market.record import Frame
from tests.wire.builders import frame_of, sizes
from wire.codes import ResyncReason
from wire.session import (
    ANONYMOUS,
    TRANSITIONS,
    AckPolicy,
    Action,
    Event,
    ResyncRequest,
    State,
    StreamSession,
    Verdict,
    negotiate,
)

SECOND = 10**9


def begun() -> StreamSession:
    session = StreamSession()
    assert session.begin("a")
    return session


def snapshot(seq: int, count: int = 3, *, last: bool = True) -> Frame:
    return frame_of(seq, count, kind=FrameType.SNAPSHOT, flags=FrameFlag.LAST if last else 0)


def test_the_table_is_complete_and_its_rules_hold() -> None:
    assert set(TRANSITIONS) == set(product(State, Event))
    for (state, event), after in TRANSITIONS.items():
        if event is Event.SNAPSHOT:
            assert after is State.LIVE
        if event is Event.FAULT:
            assert after is State.BROKEN
        if event in (Event.OLD, Event.OLD_SNAPSHOT):
            assert after is state
        if state is State.BROKEN and event not in (Event.SNAPSHOT, Event.SESSION):
            assert after is State.BROKEN


def test_in_order_needs_no_snapshot_from_one_on() -> None:
    session = begun()
    first = session.judge(frame_of(1, 10))
    assert (first.action, first.state, sizes([first.frame or frame_of(0, 0)])) == (
        Action.APPLY, State.LIVE, list(range(1, 11)),
    )  # fmt: skip
    assert session.judge(frame_of(11, 1)).action is Action.APPLY
    assert session.expected == 12


def test_a_gap_asks_once_and_a_resend_heals_it() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    verdict = session.judge(frame_of(12, 5))
    assert verdict == Verdict(
        Action.DROP, State.GAPPED, gap=(11, 11), resync=ResyncRequest(11, ResyncReason.GAP)
    )
    later = session.judge(frame_of(17, 5))
    assert (later.action, later.resync, later.gap) == (Action.DROP, None, None)
    healed = session.judge(frame_of(11, 11))
    assert (healed.action, healed.state, healed.recovered) == (Action.APPLY, State.LIVE, True)
    assert session.expected == 22
    assert session.gaps == 1


@settings(max_examples=300)
@given(st.integers(2, 400), st.data())
def test_a_dropped_record_is_found_at_the_next_record(total: int, data: st.DataObject) -> None:
    dropped = data.draw(st.integers(1, total - 1))
    session = begun()
    for seq in range(1, total + 1):
        if seq == dropped:
            continue
        verdict = session.judge(frame_of(seq, 1))
        if seq < dropped:
            assert verdict.action is Action.APPLY
        else:
            assert verdict.action is Action.DROP
            assert verdict.state is State.GAPPED
            assert (verdict.gap == (dropped, dropped)) == (seq == dropped + 1)
    assert session.expected == dropped


def test_a_lost_last_record_shows_at_the_heartbeat() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    assert session.heartbeat(10).resync is None
    verdict = session.heartbeat(12)
    assert (verdict.gap, verdict.resync) == ((11, 12), ResyncRequest(11, ResyncReason.GAP))


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), max_size=40), st.integers(1, 60))
def test_duplicates_and_overlaps_in_any_cut_give_the_same_stream(
    cuts: list[tuple[int, int]], total: int
) -> None:
    session = begun()
    accepted: list[Frame] = []
    offered = 0
    for back, count in [*cuts, *((0, total) for _ in range(2))]:
        seq = max(1, session.expected - back)
        count = min(count, total - seq + 1)
        offered += count
        verdict = session.judge(frame_of(seq, count))
        if verdict.frame is not None:
            accepted.append(verdict.frame)
            assert verdict.frame.seq == int(verdict.frame.records["size"][0])
    assert sizes(accepted) == list(range(1, total + 1))
    assert session.duplicates == offered - total


def test_a_snapshot_is_delivered_whole_and_takes_no_number() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    session.judge(frame_of(15, 5))
    first = session.judge(snapshot(20, 4, last=False))
    assert (first.action, first.state, session.expected) == (Action.WAIT, State.GAPPED, 11)
    whole = session.judge(snapshot(20, 2))
    assert (whole.action, whole.state, whole.recovered) == (Action.LOAD, State.LIVE, True)
    assert whole.lost == (11, 19)
    assert [len(part.records) for part in whole.snapshot] == [4, 2]
    assert session.expected == 20
    assert session.judge(frame_of(20, 1)).action is Action.APPLY


def test_an_old_snapshot_is_ignored_and_an_empty_one_counts() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    assert session.judge(snapshot(10)).action is Action.DROP
    empty = session.judge(snapshot(11, 0))
    assert (empty.action, empty.lost, session.expected) == (Action.LOAD, None, 11)


def test_an_incomplete_snapshot_is_dropped_with_its_connection() -> None:
    session = begun()
    session.judge(snapshot(5, 3, last=False))
    session.disconnected()
    whole = session.judge(snapshot(5, 2))
    assert [len(part.records) for part in whole.snapshot] == [2]
    session.judge(snapshot(7, 3, last=False))
    assert len(session.judge(snapshot(8, 1)).snapshot) == 1


def test_a_post_of_the_same_session_leaves_the_parts_of_a_snapshot_alone() -> None:
    session = begun()
    session.judge(snapshot(5, 3, last=False))
    assert not session.begin("a")
    assert [len(part.records) for part in session.judge(snapshot(5, 2)).snapshot] == [3, 2]
    session.judge(snapshot(7, 3, last=False))
    assert session.begin("b")
    assert [len(part.records) for part in session.judge(snapshot(7, 2)).snapshot] == [2]


@pytest.mark.parametrize("first", [True, False])
def test_the_rest_of_a_snapshot_is_no_snapshot(first: bool) -> None:
    session = begun()
    session.judge(frame_of(1, 4))
    if not first:
        session.judge(snapshot(5, 3, last=False))
    session.spoil(part=first)
    torn = session.judge(snapshot(5, 2))
    assert (torn.action, torn.torn, torn.snapshot, session.expected) == (Action.DROP, True, (), 5)
    assert session.judge(snapshot(5, 2)).action is Action.LOAD


@pytest.mark.parametrize("gap", [False, True])
def test_records_do_not_begin_where_the_first_snapshot_was_refused(gap: bool) -> None:
    """They change a book that is not there."""
    session = begun()
    session.spoil(part=True)
    if gap:
        assert session.judge(frame_of(4, 3)).gap == (1, 3), "they were refused too"
    verdict = session.judge(frame_of(1, 6))
    assert (verdict.action, verdict.torn, session.expected) == (Action.HOLD, True, 7)
    session.fail(ResyncReason.RESET)
    assert session.judge(frame_of(7, 1)).action is Action.HOLD
    assert session.judge(snapshot(8, 2)).action is Action.LOAD
    assert session.judge(frame_of(8, 1)).action is Action.APPLY


def test_a_refused_frame_of_events_spoils_no_snapshot() -> None:
    session = begun()
    session.spoil(part=False)
    assert session.judge(frame_of(1, 1)).action is Action.APPLY
    assert session.judge(snapshot(5, 2)).action is Action.LOAD
    session.spoil(part=True)
    session.judge(frame_of(5, 1))
    assert session.judge(snapshot(6, 2)).action is Action.LOAD
    session.spoil(part=True)
    session.disconnected()
    assert session.judge(snapshot(6, 2)).action is Action.LOAD


def test_a_snapshot_without_end_is_refused() -> None:
    session = begun()
    for _ in range(64):
        session.judge(snapshot(5, 1, last=False))
    with pytest.raises(MalformedError):
        session.judge(snapshot(5, 1, last=False))


def test_after_a_fault_records_are_held_until_the_snapshot() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    verdict = session.fail(ResyncReason.UNSORTED)
    assert verdict.resync == ResyncRequest(11, ResyncReason.UNSORTED)
    held = session.judge(frame_of(8, 8))
    assert (held.action, held.duplicates) == (Action.HOLD, 3)
    assert held.frame is not None
    assert held.frame.seq == 11
    assert session.judge(frame_of(20, 2)).resync is None
    assert session.wanted == ResyncRequest(16, ResyncReason.UNSORTED)
    assert session.fail(ResyncReason.CHECKSUM).resync is None
    whole = session.judge(snapshot(22))
    assert (whole.action, whole.lost, whole.recovered) == (Action.LOAD, (16, 21), True)
    assert session.wanted is None


def test_a_fault_during_a_gap_asks_for_a_snapshot() -> None:
    session = begun()
    session.judge(frame_of(3, 1))
    assert session.fail(ResyncReason.RESET).resync == ResyncRequest(1, ResyncReason.RESET)
    assert session.judge(frame_of(1, 3)).action is Action.HOLD


def test_asking_again_waits_longer_each_time() -> None:
    session = begun()
    session.judge(frame_of(3, 1), now=0)
    asked, now = [], 0
    while now < 200 * SECOND:
        now += SECOND // 2
        if session.overdue(now):
            asked.append(now / SECOND)
    waits = np.diff([0.0, *asked])
    assert waits.tolist() == [2.0, 4.0, 8.0, 16.0] + [30.0] * (len(waits) - 4)
    session.judge(frame_of(1, 3))
    assert session.overdue(10**15) is None


def test_the_same_session_resumes_and_another_begins_at_one() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    assert not session.begin("a")
    assert session.expected == 11
    assert session.begin("b")
    assert (session.expected, session.state) == (1, State.FRESH)
    assert session.judge(frame_of(1, 1)).action is Action.APPLY


def test_a_session_that_comes_back_goes_on_behind_its_numbers_with_a_snapshot() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    assert session.begin("b")
    session.judge(frame_of(1, 4))
    assert session.begin("a")
    assert (session.expected, session.state) == (11, State.BROKEN)
    assert session.wanted == ResyncRequest(11, ResyncReason.RESTART)
    held = session.judge(frame_of(9, 4))
    assert (held.action, held.duplicates) == (Action.HOLD, 2)
    assert session.judge(snapshot(13)).recovered
    assert session.begin("b")
    assert session.expected == 5


def test_what_a_journal_holds_is_not_expected_again() -> None:
    session = StreamSession()
    session.remember({"a": 7, "b": 0})
    assert session.begin("b")
    assert (session.expected, session.state) == (1, State.FRESH), "it has said nothing yet"
    assert session.begin("a")
    assert (session.expected, session.state) == (8, State.BROKEN)


def test_the_anonymous_session_goes_on_behind_its_numbers_with_an_empty_book() -> None:
    session = StreamSession()
    session.remember({ANONYMOUS: 7})
    assert session.begin(ANONYMOUS)
    assert (session.expected, session.state, session.wanted) == (8, State.FRESH, None)


def test_the_sessions_that_are_remembered_are_bounded() -> None:
    session = StreamSession()
    session.remember({str(number): 9 for number in range(300)})
    assert session.begin("43")
    assert session.expected == 1, "forgotten: it ended before 256 others"
    assert session.begin("45")
    assert session.expected == 10


def test_the_anonymous_session_is_numbered_on_arrival() -> None:
    session = StreamSession()
    assert session.begin(None)
    for _ in range(3):
        verdict = session.judge(frame_of(session.expected, 5))
        assert verdict.action is Action.APPLY
        assert not session.begin(None)
    assert session.expected == 16


def test_a_bar_takes_a_number_of_the_stream() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    assert session.judge_numbers(11).action is Action.APPLY
    assert session.judge_numbers(11).action is Action.DROP
    assert session.judge_numbers(13).gap == (12, 12)


def test_a_check_speaks_only_right_after_its_frame() -> None:
    session = begun()
    session.judge(frame_of(1, 10))
    assert session.check_applies(10)
    assert not session.check_applies(9)
    session.fail(ResyncReason.CHECKSUM)
    assert not session.check_applies(10)


def test_acks_after_64_frames_or_50_ms_or_at_once() -> None:
    policy = AckPolicy()
    assert policy.due_at is None
    assert [policy.taken(1000) for _ in range(64)] == [False] * 63 + [True]
    policy.sent()
    assert not policy.taken(2000)
    assert policy.due_at == 2000 + 50_000_000
    assert policy.taken(2000 + 50_000_000)
    policy.sent()
    assert policy.taken(0, reply_now=True)


def test_versions() -> None:
    assert negotiate(1, 3) == 1
    assert negotiate(2, 3) is None
    assert negotiate(1, 3, (1, 2)) == 2
