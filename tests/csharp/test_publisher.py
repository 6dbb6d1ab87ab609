"""The C# publisher and a server without sockets, joined by a line that loses what a test wants."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.enums import FrameFlag, FrameType, Kind
from market.record import RECORD, Frame
from recording.entries import FrameEntry
from recording.readers import open_recording
from tests.client.fake_server import FakeServer, depth_frames
from tests.csharp.build import Program
from tests.csharp.talk import SYMBOL, CsharpCore, Talk, records_of
from wire.frames import decode_frame
from wire.messages import (
    Ack,
    BarUpdate,
    Bye,
    Check,
    ErrorMessage,
    Heartbeat,
    Makers,
    Message,
    Resync,
    Welcome,
    decode_message,
)

SECOND = 10**9
OTHER = "NQ 12-26"
BASE = 10**18


class Line:
    """A connection: what goes over it, and what is lost with it."""

    def __init__(self, talk: Talk, **options: Any) -> None:
        self.server = FakeServer()
        self.talk = talk
        self.core = CsharpCore(talk, **options)
        self.now = 0
        self.sent: list[bytes | str] = []

    def connect(self) -> None:
        for answer in self.server.receive(self.core.connected(self.now)):
            self.core.receive(answer, self.now)

    def pump(self, lose: Sequence[int] = ()) -> int:
        """One round: everything outgoing, and the answers; message numbers in ``lose`` vanish."""
        answers: list[Message] = []
        outgoing = list(self.core.outgoing(self.now))
        self.sent += outgoing
        for number, message in enumerate(outgoing):
            if number not in lose:
                answers += self.server.receive(message)
        for answer in answers:
            self.core.receive(answer, self.now)
        return len(outgoing)

    def settle(self) -> None:
        for _ in range(60):
            self.now += SECOND
            self.pump()
            if self.core.state["settled"]:
                return
        raise AssertionError(f"did not settle: {self.core.state}")

    def require_same(self, total: int) -> None:
        assert self.server.records[SYMBOL] == list(range(1, total + 1))
        self.require_same_book()

    def require_same_book(self) -> None:
        assert self.server.books[SYMBOL].top(10) == self.core.book()
        assert self.server.failed_checks == 0

    def frames(self) -> list[Frame]:
        return [decode_frame(message) for message in self.sent if isinstance(message, bytes)]

    def texts(self, kind: type[Message]) -> list[Any]:
        texts = [decode_message(message) for message in self.sent if isinstance(message, str)]
        return [message for message in texts if isinstance(message, kind)]


@pytest.fixture(scope="module")
def talk(runner: Program) -> Iterator[Talk]:
    with Talk(runner, "publisher") as talk:
        yield talk


def push(line: Line, frames: Sequence[Frame]) -> None:
    for frame in frames:
        line.core.push(frame)


def trades(first: int, count: int, time: int = BASE) -> Frame:
    """Trades numbered from ``first`` on, 1 ms apart."""
    records = np.zeros(count, RECORD)
    records["kind"] = Kind.TRADE
    records["dt"] = np.arange(count) * 1_000_000
    records["price"] = 18_000
    records["size"] = 1
    return Frame(records, time, first)


def test_everything_arrives_once_and_the_books_agree(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(3000))
    line.settle()
    line.require_same(3000)
    assert line.server.snapshots == 0
    assert line.server.checks >= 6
    assert max(line.server.sizes) <= 200


def test_checks_come_right_after_their_frame_every_500_records(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    records = np.concatenate([frame.records for frame in depth_frames(2600)])
    records["dt"] = 0  # no check comes by time
    push(line, [Frame(records, BASE, 1)])
    line.settle()
    assert [check.seq for check in line.texts(Check)] == [1, 501, 1001, 1501, 2001, 2501]
    seen = 0
    for message in line.sent:
        if isinstance(message, bytes):
            seen = decode_frame(message).end - 1
        elif isinstance(decode_message(message), Check):
            assert decode_message(message).seq == seen  # type: ignore[attr-defined]
    assert line.server.checks == 6
    assert line.server.failed_checks == 0


def test_checks_come_every_quarter_of_a_second(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(1000))  # a millisecond apart
    line.settle()
    assert [check.seq for check in line.texts(Check)] == [1, 251, 501, 751]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 60), max_size=12), st.integers(0, 40))
def test_connections_cut_anywhere_lose_nothing_and_repeat_nothing(
    talk: Talk, cuts: list[int], forgotten: int
) -> None:
    line = Line(talk)
    frames = depth_frames(1200, 11)
    for cut in cuts:
        line.connect()
        push(line, frames[:8])
        del frames[:8]
        line.now += SECOND // 10
        for count, message in enumerate(line.core.outgoing(line.now, most=cut)):
            answers = list(line.server.receive(message))
            for answer in answers if count % 41 != forgotten else ():
                line.core.receive(answer, line.now)
        line.core.disconnected()
    line.connect()
    push(line, frames)
    line.settle()
    line.require_same(1200)
    assert line.server.snapshots == 0
    assert line.server.sessions[SYMBOL].gaps == 0


@settings(max_examples=30)
@given(st.sets(st.integers(0, 40), max_size=6))
def test_lost_messages_are_found_and_sent_again(talk: Talk, lost: set[int]) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(3000))
    line.pump(tuple(lost))
    line.settle()
    line.require_same(3000)
    assert line.server.snapshots == 0


def test_a_resync_in_the_middle_of_a_batch(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(2000))
    first = list(line.core.outgoing(line.now, most=4))
    for message in (*first[:2], first[3]):  # frame, check, lost frame, frame
        for answer in line.server.receive(message):
            line.core.receive(answer, line.now)
    assert line.core.state["resyncs"] == 1
    line.settle()
    line.require_same(2000)
    assert line.server.snapshots == 0


def test_a_lost_last_record_is_found_by_a_heartbeat(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    line.pump(lose=range(10))
    line.now += 6 * SECOND
    line.pump()
    line.settle()
    line.require_same(100)


def test_the_servers_heartbeat_finds_a_lost_last_record(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    line.pump(lose=range(10))
    line.core.receive(Heartbeat(last={0: 0}), line.now)  # may still be on its way
    assert line.pump() == 0
    line.core.receive(Heartbeat(last={0: 0}), line.now)
    assert line.core.state["resyncs"] == 1
    line.settle()
    line.require_same(100)


@pytest.mark.parametrize("reason", ["checksum", "unsorted", "reset", "restart", "feed"])
def test_a_wrong_book_is_healed_by_a_snapshot(talk: Talk, reason: str) -> None:
    line = Line(talk)
    line.connect()
    frames = depth_frames(1000)
    push(line, frames[:20])
    line.settle()
    line.server.books[SYMBOL].clear()
    request = line.server.sessions[SYMBOL].fail(reason).resync  # type: ignore[arg-type]
    assert request is not None
    line.core.receive(Resync(stream=0, from_=request.from_, reason=reason), line.now)  # type: ignore[arg-type]
    push(line, frames[20:])
    line.settle()
    assert line.server.snapshots == 1
    line.require_same(1000)


def test_a_ring_that_is_exhausted_goes_on_with_a_snapshot(talk: Talk) -> None:
    line = Line(talk, capacity=1024)
    line.connect()
    frames = depth_frames(5000)
    push(line, frames[:10])
    line.settle()
    line.core.disconnected()
    push(line, frames[10:])
    line.connect()
    line.settle()
    assert line.server.snapshots == 1
    assert line.server.lost == [(201, 5000)]
    state = line.core.state
    assert state["losses"] == 1
    assert state["counters"]["Overrun"] == 5000 - 200 - 1024
    line.require_same_book()


def test_a_server_that_is_ahead_gets_a_snapshot(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    line.settle()
    line.core.receive(Resync(stream=0, from_=500, reason="gap"), line.now)
    line.settle()
    assert line.core.state["losses"] == 1
    assert line.core.state["sent"] == 101
    assert line.server.snapshots == 1
    line.require_same_book()


def test_a_heartbeat_does_not_tell_of_numbers_that_a_waiting_book_skips(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    line.core.receive(Resync(stream=0, from_=500, reason="gap"), line.now)
    line.now += 6 * SECOND
    beat, snapshot, *_ = line.core.outgoing(line.now)
    assert isinstance(beat, str)
    assert json.loads(beat)["last"] == {}
    assert isinstance(snapshot, bytes)
    assert decode_frame(snapshot).seq == 101


def test_an_ack_says_what_is_safe_and_no_more(talk: Talk) -> None:
    line = Line(talk, capacity=1024)
    line.connect()
    push(line, depth_frames(100))
    assert list(line.core.outgoing(line.now))
    for seq, acked in ((60, 60), (59, 60), (99, 99)):
        line.core.receive(Ack(stream=0, seq=seq), line.now)
        state = line.core.state
        assert (state["acked"], state["settled"]) == (acked, False)
    line.core.receive(Ack(stream=0, seq=100), line.now)
    assert line.core.state["settled"]
    push(line, [trades(101, 1024, BASE + SECOND)])
    assert line.core.state["counters"]["Overrun"] == 0
    push(line, [trades(1125, 1, BASE + 3 * SECOND)])
    assert line.core.state["counters"]["Overrun"] == 1, "number 101 is forgotten unacknowledged"


def test_damage_on_the_way_is_sent_again(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(400))
    assert list(line.core.outgoing(line.now, most=2))
    line.core.receive(ErrorMessage(code="bad_crc", message="", stream=0, seq=1), line.now)
    line.settle()
    line.require_same(400)
    assert line.core.state["refusals"] == 1
    assert line.server.snapshots == 0


def test_what_is_refused_for_ever_is_given_up_and_a_snapshot_follows(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(400))
    list(line.core.outgoing(line.now, most=1))
    line.core.receive(
        ErrorMessage(code="out_of_range", message="", stream=0, seq=1, index=3), line.now
    )
    line.settle()
    assert line.server.snapshots == 1
    line.require_same_book()


def test_damage_that_does_not_end_is_given_up(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(20))
    for _ in range(4):
        assert list(line.core.outgoing(line.now, most=1))
        line.core.receive(ErrorMessage(code="bad_crc", message="", stream=0, seq=1), line.now)
    line.settle()
    assert line.server.snapshots == 1
    line.require_same_book()


def test_a_snapshot_that_is_damaged_on_the_way_is_sent_again(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    line.settle()
    line.core.receive(Resync(stream=0, from_=101, reason="feed"), line.now)
    snapshot = next(line.core.outgoing(line.now, most=1))
    assert isinstance(snapshot, bytes)
    assert decode_frame(snapshot).type == FrameType.SNAPSHOT
    line.core.receive(ErrorMessage(code="bad_crc", message="", stream=0, seq=101), line.now)
    line.settle()
    assert line.server.snapshots >= 1
    line.require_same_book()


def test_a_seed_goes_out_first(talk: Talk) -> None:
    line = Line(talk)
    assert talk.say("seed", [[100, 5], [99, 6]], [[101, 7]], BASE)
    line.connect()
    talk.say("depth", BASE + 1, 1, 1, 0, 100, 9, 1)
    line.settle()
    snapshot, *rest = line.frames()
    assert (snapshot.type, snapshot.seq, len(snapshot.records)) == (FrameType.SNAPSHOT, 1, 3)
    assert set(snapshot.records["kind"]) == {Kind.DEPTH_POSITION}
    assert [frame.seq for frame in rest] == [1]
    line.require_same(1)
    assert line.server.books[SYMBOL].top(10) == ([(100, 9), (99, 6)], [(101, 7)])


def test_rows_of_size_zero_survive_a_snapshot(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    talk.say("seed", [[100, 0], [99, 6]], [[101, 7]], BASE)
    line.pump()
    (snapshot,) = line.frames()
    assert snapshot.records["size"].tolist() == [0, 6, 7]


@pytest.mark.parametrize("reason", ["FeedReset", "FeedLost", "Rewind"])
def test_a_reset_loses_nothing_of_what_was_numbered_before(talk: Talk, reason: str) -> None:
    line = Line(talk)
    line.connect()
    frames = depth_frames(400)
    push(line, frames)
    list(line.core.outgoing(line.now, most=1))  # and the line breaks
    line.core.disconnected()
    talk.say("reset", reason)
    assert line.core.state["seed_wanted"]
    push(line, frames)  # the feed tells everything again, from the rows on
    assert not line.core.state["seed_wanted"]
    line.connect()
    line.settle()
    assert line.server.records[SYMBOL] == list(range(1, 401)) * 2
    assert line.server.lost == [(401, 401)]
    assert line.server.snapshots == 1
    line.require_same_book()


def test_time_that_goes_back_is_a_rewind(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    frames = depth_frames(400)
    push(line, frames)
    back = [frame._replace(base=frame.base - 10 * SECOND) for frame in frames]
    push(line, back)
    line.settle()
    state = line.core.state
    assert state["counters"]["Rewinds"] == 1
    assert state["last_reset"] == "Rewind"
    assert line.server.lost == [(401, 401)]
    assert line.server.records[SYMBOL] == list(range(1, 401)) * 2
    line.require_same_book()


def test_five_seconds_back_are_none(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(400))
    back = trades(401, 1, BASE + 399_000_000 - 5 * SECOND)
    push(line, [back])
    line.settle()
    assert line.core.state["counters"]["Rewinds"] == 0
    assert line.server.snapshots == 0


def test_a_first_event_that_is_no_first_row_waits_for_a_seed(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    assert talk.say("depth", BASE, 1, 1, 0, 100, 5, 1) is True
    push(line, [trades(1, 3, BASE + 1)])
    line.settle()
    assert line.server.books[SYMBOL].top(10) == ([], [])
    assert talk.say("depth", BASE + 2, 1, 0, 0, 101, 5, 1) is True  # a better best row is no start
    assert talk.say("seed", [[101, 5], [100, 5]], [[102, 7]], BASE + 2) is True
    assert talk.say("depth", BASE + 3, 1, 1, 1, 100, 8, 9) is False
    line.settle()
    assert line.server.books[SYMBOL].top(10) == ([(101, 5), (100, 8)], [(102, 7)])
    assert line.server.records[SYMBOL] == [0, 0, 0, 9]
    assert line.server.lost == []


ROWS_OUT_OF_RANGE = {
    "update far behind the end": (1, 12, 30),
    "add far behind the end": (0, 12, 30),
    "remove of a visible row that is not there": (2, 9, 0),
}


@pytest.mark.parametrize("name", ROWS_OUT_OF_RANGE)
def test_a_row_out_of_range_never_makes_a_wrong_book(talk: Talk, name: str) -> None:
    op, position, price = ROWS_OUT_OF_RANGE[name]
    line = Line(talk)
    line.connect()
    frames = depth_frames(400)
    push(line, frames[:10])
    if op == 2:
        talk.say("depth", BASE + SECOND // 2, 1, 2, 9, 0, 0, 0)
    line.settle()
    assert talk.say("depth", BASE + SECOND // 2, 1, op, position, price, 1, 0) is True
    assert line.core.state["last_reset"] == "Fault"
    line.settle()
    assert line.server.books[SYMBOL].top(10) == ([], []), "an empty book is not a wrong one"
    assert talk.say("depth", BASE + SECOND, 1, 0, 0, 20_000, 1, 0) is True
    line.settle()
    assert line.server.books[SYMBOL].top(10) == ([], []), "a new best row does not begin a book"
    talk.say("seed", [[100, 5]], [[101, 7]], BASE + SECOND)
    line.settle()
    assert line.server.books[SYMBOL].top(10) == ([(100, 5)], [(101, 7)])
    line.require_same_book()


def test_an_eleventh_row_that_was_never_told_may_go(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    assert talk.say("depth", BASE + SECOND, 1, 2, 10, 0, 0, 0) is False
    line.settle()
    assert line.core.state["counters"]["RemovedPastEnd"] == 1
    line.require_same_book()


def test_rows_in_disorder_when_time_advances_empty_the_book(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    assert talk.say("depth", BASE + SECOND, 1, 1, 0, 1, 5, 0) is False  # half told, perhaps
    assert talk.say("depth", BASE + SECOND, 1, 1, 1, 18_000, 5, 0) is False
    assert talk.say("depth", BASE + SECOND + 1, 1, 1, 1, 18_000, 5, 0) is True
    line.settle()
    assert line.server.books[SYMBOL].top(10) == ([], [])
    assert line.core.state["counters"]["Faults"] == 1


NONSENSE = {
    "side": (BASE, 7, 0, 0, 1, 1),
    "negative side": (BASE, -1, 0, 0, 1, 1),
    "operation": (BASE, 1, 3, 0, 1, 1),
    "negative position": (BASE, 1, 0, -1, 1, 1),
    "position": (BASE, 1, 0, 256, 1, 1),
    "price": (BASE, 1, 0, 0, 1 << 60, 1),
    "least price": (BASE, 1, 0, 0, -(1 << 63), 1),
    "negative size": (BASE, 1, 0, 0, 1, -1),
    "size": (BASE, 1, 0, 0, 1, 1 << 60),
    "no time": (0, 1, 0, 0, 1, 1),
    "negative time": (-(1 << 63), 1, 0, 0, 1, 1),
    "time": ((1 << 63) - 1, 1, 0, 0, 1, 1),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_counted_and_never_numbered(talk: Talk, name: str) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    time, side, op, position, price, size = NONSENSE[name]
    assert talk.say("depth", time, side, op, position, price, size, 0) is True
    for kind, sort in ((3, 9), (3, -1), (2, 0)):
        talk.say("records", [[kind, time, side, sort, position, price, size, 0]])
    talk.say("advance", time)
    line.settle()
    assert line.core.state["counters"]["Refused"] >= 2
    assert line.server.books[SYMBOL].top(10) == ([], [])
    assert talk.say("seed", [[100, 5]], [[101, 7]], BASE + SECOND) is True
    line.settle()
    assert line.server.books[SYMBOL].top(10) == ([(100, 5)], [(101, 7)])
    line.require_same_book()


@pytest.mark.parametrize(
    ("bids", "asks", "time"),
    [
        ([[100, 5], [101, 5]], [[102, 1]], BASE),
        ([[100, 5], [100, 5]], [[102, 1]], BASE),
        ([[100 - row, 5] for row in range(12)], [[102, 1]], BASE),
        ([[100, -5]], [[102, 1]], BASE),
        ([[1 << 60, 5]], [[102, 1]], BASE),
        ([[100, 5]], [[102, 1]], 0),
    ],
)
def test_a_seed_that_is_no_book_is_refused(
    talk: Talk, bids: list[list[int]], asks: list[list[int]], time: int
) -> None:
    line = Line(talk)
    line.connect()
    assert talk.say("seed", bids, asks, time) is False
    assert line.core.state["counters"]["SeedsRefused"] == 1
    line.pump()
    assert line.server.snapshots == 0


def test_a_seed_that_says_what_is_known_sends_nothing(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(100))
    line.settle()
    state = line.core.state
    assert talk.say("seed", state["bids"], state["asks"], BASE + SECOND) is True
    line.pump()
    assert line.server.snapshots == 0


def test_bars_take_numbers_of_the_same_sequence(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(30))
    assert talk.say("bar", BASE, 1.0, 2.0, 1.0, 1.5, 10.0) is True
    assert talk.say("bar", BASE, 1.0, 0.5, 1.0, 1.5, 10.0) is False
    push(line, [trades(32, 5)])
    line.settle()
    assert line.server.bars == [31]
    assert [frame.seq for frame in line.frames()] == [1, 2, 32]  # a check comes after number 1
    assert line.core.state["end"] == 37
    (bar,) = line.texts(BarUpdate)
    assert (bar.open, bar.close, bar.delta) == (1.0, 1.5, None)


def test_a_bar_is_never_taken_for_the_record_that_stood_in_its_place(talk: Talk) -> None:
    line = Line(talk, capacity=16)
    line.connect()
    push(line, [trades(1, 16, BASE + 3 * SECOND)])
    line.settle()
    push(line, [trades(17, 3)])  # three seconds back are no rewind, and fit one frame with old ones
    assert talk.say("bar", BASE, 1.0, 2.0, 1.0, 1.5, 10.0) is True
    push(line, [trades(21, 2)])
    line.sent.clear()
    line.settle()
    assert line.server.bars == [20]
    assert [(frame.seq, len(frame.records)) for frame in line.frames()] == [(17, 3), (21, 2)]


def test_makers_are_told_before_they_are_used_and_on_every_connection(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(20))
    assert talk.say("maker", "ARCA") == 1
    assert talk.say("maker", "NSDQ") == 2
    assert talk.say("maker", "ARCA") == 1
    assert talk.say("maker", "") == 0
    talk.say("depth", BASE + SECOND, 1, 1, 0, 18_000, 5, 2)
    line.pump()
    assert [makers.names for makers in line.texts(Makers)] == [("ARCA", "NSDQ")]
    first = next(i for i, m in enumerate(line.sent) if isinstance(m, str) and '"makers"' in m)
    assert isinstance(line.sent[-1], str | bytes)
    assert all(isinstance(m, str) for m in line.sent[:first]) or first >= 0
    line.core.disconnected()
    line.connect()
    line.pump()
    assert len(line.texts(Makers)) == 2


def test_a_backfill_is_told_in_parts_between_live_records(talk: Talk) -> None:
    line = Line(talk, capacity=1024)
    line.connect()
    push(line, depth_frames(20))
    told = [[BASE - SECOND + n, 18_000, 1, n % 2, 1] for n in range(3000)]
    assert talk.say("backfill", told) is True
    assert line.core.state["end"] == 22, "the first is numbered at once"
    push(line, [trades(22, 4, BASE + SECOND)])
    line.settle()
    assert line.core.state["backfilling"] is False
    historical = [frame for frame in line.frames() if frame.historical]
    refs = [int(ref) for frame in historical for ref in frame.records["ref"]]
    assert refs == list(range(1, 3001))
    assert [frame.flags & FrameFlag.LAST != 0 for frame in historical].count(True) == 1
    assert historical[-1].flags & FrameFlag.LAST
    assert line.server.snapshots == 0
    assert line.core.state["counters"]["Overrun"] == 0


def test_a_reset_makes_a_backfill_void(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(20))
    talk.say("backfill", [[BASE - SECOND + n, 18_000, 1, 1, 1] for n in range(3000)])
    talk.say("reset", "FeedLost")
    line.settle()
    counters = line.core.state["counters"]
    assert counters["BackfillsVoid"] == 1
    assert counters["Historical"] == 1
    assert talk.say("backfill", [[0, 18_000, 1, 1, 1]]) is False
    assert talk.say("backfill", []) is False


def test_heartbeats_carry_the_last_numbers_and_the_event_time(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(20))
    line.pump()
    talk.say("advance", BASE + 3 * SECOND)
    line.now += 5 * SECOND
    line.pump()
    (beat,) = line.server.beats
    assert beat.last == {0: 20}
    assert beat.time == BASE + 3 * SECOND
    assert not beat.paused


def test_a_heartbeat_says_nothing_of_the_time_while_records_wait(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(1000))
    line.now += 6 * SECOND
    first = next(iter(line.core.outgoing(line.now, most=1)))
    beat = decode_message(first)  # overdue: it does not wait for a stream that never rests
    assert isinstance(beat, Heartbeat)
    assert beat.time is None


def test_a_resumed_connection_is_greeted_with_a_heartbeat(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(20))
    line.settle()
    line.core.disconnected()
    line.connect()
    line.pump()
    assert line.server.beats[-1].last == {0: 20}


def test_a_playback_that_stands_still_says_so_at_once(talk: Talk) -> None:
    line = Line(talk, source="playback")
    line.connect()
    push(line, depth_frames(20))
    line.pump()
    talk.say("pause", True)
    line.pump()
    assert [beat.paused for beat in line.server.beats] == [True]
    line.pump()
    assert len(line.server.beats) == 1
    push(line, [trades(21, 1, BASE + SECOND)])
    assert line.core.state["paused"] is False
    line.now += 5 * SECOND
    line.pump()
    assert [beat.paused for beat in line.server.beats] == [True, False]


def test_a_live_feed_never_says_paused(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    talk.say("pause", True)
    line.now += 5 * SECOND
    line.pump()
    assert [beat.paused for beat in line.server.beats] == [False]


def test_two_streams_share_a_connection_and_none_starves(talk: Talk) -> None:
    line = Line(talk)
    talk.say("stream", OTHER, 65_536)
    push(line, depth_frames(3000))
    talk.say("stream", SYMBOL, 0)
    push(line, depth_frames(3000))
    line.connect()
    line.settle()
    assert line.server.records[OTHER] == line.server.records[SYMBOL] == list(range(1, 3001))
    streams = [frame.stream for frame in line.frames()]
    assert streams[:6] in ([0, 1] * 3, [1, 0] * 3)
    line.now += 5 * SECOND
    line.pump()
    assert line.server.beats[-1].last == {0: 3000, 1: 3000}
    talk.say("stream", OTHER, 0)
    talk.say("remove")
    line.core.disconnected()
    line.connect()
    assert [d.symbol for d in line.server.hellos[-1].instruments] == [SYMBOL]


def test_bye_tells_the_last_numbers(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(20))
    line.settle()
    bye = decode_message(talk.say("bye"))
    assert isinstance(bye, Bye)
    assert bye.last == {0: 20}


def welcomed_taker(talk: Talk) -> Line:
    line = Line(talk, takeover=True)
    greet(line, takeover=True)
    return line


def greet(line: Line, *, takeover: bool) -> None:
    hello = json.loads(line.core.connected(0))
    assert hello.get("takeover", False) is takeover
    line.core.receive(Welcome(protocol=1, server="x", streams={SYMBOL: 0}, resume_from={0: 1}), 0)


@pytest.mark.parametrize("durable", [1, None], ids=["on disk", "no journal"])
def test_it_takes_over_until_something_is_on_disk(talk: Talk, durable: int | None) -> None:
    line = welcomed_taker(talk)
    line.core.receive(Ack(stream=0, seq=1, durable_seq=0), 0)
    line.core.disconnected()
    greet(line, takeover=True)
    line.core.receive(Ack(stream=0, seq=1, durable_seq=durable), 0)
    line.core.disconnected()
    greet(line, takeover=False)


def test_it_does_not_take_back_what_was_taken_over(talk: Talk) -> None:
    line = welcomed_taker(talk)
    talk.say("superseded")
    line.core.disconnected()
    greet(line, takeover=False)


@pytest.mark.parametrize("code", ["unknown_instrument", "tick_size_conflict"])
def test_a_report_about_another_instrument_does_not_end_the_connection(
    talk: Talk, code: str
) -> None:
    line = Line(talk)
    line.connect()
    line.core.receive(ErrorMessage(code=code, message="YM 12-26 is unknown"), 0)
    state = line.core.state
    assert (state["link"], state["hopeless"], state["refusal"]) == ("Up", None, None)
    push(line, depth_frames(20))
    line.settle()
    line.require_same(20)


def test_a_stream_that_is_refused_later_does_not_stop_the_other(talk: Talk) -> None:
    line = Line(talk)
    talk.say("stream", OTHER, 1024)
    line.connect()
    line.core.receive(ErrorMessage(code="instrument_busy", message="busy", stream=1), 0)
    state = line.core.state
    assert (state["link"], state["hopeless"]) == ("Up", None)
    assert (state["refusal"], state["busy"]) == ("instrument_busy", True)
    talk.say("stream", SYMBOL, 0)
    push(line, depth_frames(20))
    line.pump()
    assert line.server.records[SYMBOL] == list(range(1, 21))
    line.core.receive(ErrorMessage(code="instrument_busy", message="busy", stream=0), 0)
    assert line.core.state["hopeless"] == "instrument_busy"


def test_reply_now_is_asked_with_the_frame_after_which_nothing_waits(talk: Talk) -> None:
    line = Line(talk, reply_now=True)
    line.connect()
    push(line, depth_frames(500))
    line.pump()
    asked = [frame.flags & FrameFlag.REPLY_NOW != 0 for frame in line.frames()]
    assert asked == [False] * (len(asked) - 1) + [True]
    assert line.core.state["round_trip"] == 0
    assert line.core.state["lag"] == 5 - (BASE + 499_000_000)


def test_frames_grow_when_the_sender_is_behind_and_end_at_a_check(talk: Talk) -> None:
    line = Line(talk)
    push(line, depth_frames(9000))  # a millisecond apart: a check every 250
    line.connect()
    line.settle()
    line.require_same(9000)
    assert max(line.server.sizes) > 3_000
    checks = [check.seq for check in line.texts(Check)]
    ends = [frame.end - 1 for frame in line.frames()]
    assert set(checks) <= set(ends)
    assert len([end for end in ends if end < 5_000 and end not in checks]) == 0
    assert line.server.failed_checks == 0


def test_a_frame_that_spans_too_much_time_still_ends_at_a_check(talk: Talk) -> None:
    line = Line(talk)
    for frame in depth_frames(9000):
        rows = records_of(frame)
        for row in rows:
            row[1] = BASE + (row[1] - BASE) * 20  # 50 records a second, a check every 13
        talk.say("records", rows)
    line.connect()
    line.settle()
    line.require_same(9000)
    assert line.server.checks > 9000 / 250
    assert line.server.failed_checks == 0


MILLISECOND = 10**6
ASK_EVERY, HOLD_BEHIND, LARGEST = 8192, 16_384, 4096


def sent_records(line: Line, now: int) -> list[Frame]:
    """The frames that go out at a moment; their bytes are not kept."""
    outgoing = line.core.outgoing(now)
    return [decode_frame(message) for message in outgoing if isinstance(message, bytes)]


def test_a_burst_asks_for_answers_and_waits_for_them(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(50_000))
    frames = sent_records(line, 0)
    held_at = frames[-1].end - 1
    assert HOLD_BEHIND <= held_at <= HOLD_BEHIND + LARGEST
    asked = [frame.end - 1 for frame in frames if frame.flags & FrameFlag.REPLY_NOW]
    assert max(b - a for a, b in zip([0, *asked], asked, strict=False)) <= ASK_EVERY + LARGEST
    assert talk.say("wake", 0) == 5 * MILLISECOND
    assert not sent_records(line, 5 * MILLISECOND - 1)
    line.core.receive(Ack(stream=0, seq=asked[0], durable_seq=None), 1)
    more = sent_records(line, 2)
    assert more[0].seq == held_at + 1
    assert more[-1].end - 1 - asked[0] <= HOLD_BEHIND + LARGEST


def test_a_server_that_does_not_answer_is_not_waited_for_without_end(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    push(line, depth_frames(50_000))
    told = sum(len(frame.records) for frame in sent_records(line, 0))
    rounds = 0
    while told < 50_000:
        rounds += 1
        frames = sent_records(line, rounds * 5 * MILLISECOND)
        count = sum(len(frame.records) for frame in frames)
        assert 0 < count <= ASK_EVERY + LARGEST, "up to the next question"
        told += count
    assert rounds < 12
    assert talk.say("wake", rounds * 5 * MILLISECOND) > rounds * 5 * MILLISECOND


@pytest.mark.parametrize("code", ["settings", "protocol_version", "unauthorised", "forbidden"])
def test_what_the_same_hello_would_meet_again_ends_the_connection(talk: Talk, code: str) -> None:
    line = Line(talk)
    line.core.connected(0)
    line.core.receive(ErrorMessage(code=code, message="no"), 0)
    assert line.core.state["hopeless"] == code
    line.core.disconnected()
    assert line.core.state["hopeless"] is None


def test_one_instrument_that_is_busy_does_not_stop_the_other(talk: Talk) -> None:
    line = Line(talk)
    talk.say("stream", OTHER, 1024)
    line.core.connected(0)
    line.core.receive(ErrorMessage(code="instrument_busy", message=f"{OTHER} is busy"), 0)
    line.core.receive(Welcome(protocol=1, server="x", streams={SYMBOL: 0}, resume_from={0: 1}), 0)
    state = line.core.state
    assert (state["link"], state["hopeless"], state["busy"]) == ("Up", None, True)
    assert state["refusal"] == "instrument_busy"
    talk.say("stream", SYMBOL, 0)
    assert line.core.state["refusal"] is None
    push(line, depth_frames(20))
    assert [decode_frame(m).stream for m in line.core.outgoing(0) if isinstance(m, bytes)] == [0, 0]


def test_when_every_instrument_is_refused_there_is_no_hope(talk: Talk) -> None:
    line = Line(talk)
    line.core.connected(0)
    line.core.receive(ErrorMessage(code="tick_size_conflict", message="no"), 0)
    line.core.receive(Welcome(protocol=1, server="x"), 0)
    assert line.core.state["hopeless"] == "tick_size_conflict"


def test_fifteen_seconds_of_silence_are_too_many(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    assert not talk.say("silent", 15 * SECOND - 1)
    assert talk.say("silent", 15 * SECOND)
    line.core.receive(Heartbeat(last={}), 10 * SECOND)
    assert not talk.say("silent", 24 * SECOND)
    assert talk.say("wake", 24 * SECOND) <= 25 * SECOND


def test_what_is_unknown_is_ignored(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    line.core.receive(Ack(stream=9, seq=5), 0)
    line.core.receive(Resync(stream=9, from_=5, reason="gap"), 0)
    line.core.receive(Heartbeat(last={9: 5}), 0)
    line.core.receive(ErrorMessage(code="bad_crc", message="", stream=9, seq=1), 0)
    push(line, depth_frames(100))
    line.settle()
    line.require_same(100)


def test_reports_wait_for_a_connection_and_go_first(talk: Talk) -> None:
    line = Line(talk)
    talk.say("report", '{"type":"order"}')
    assert list(line.core.outgoing(0)) == []
    line.connect()
    assert next(line.core.outgoing(0)) == '{"type":"order"}'


def test_a_server_that_forgot_everything_gets_everything_again(talk: Talk) -> None:
    line = Line(talk)
    line.connect()
    frames = depth_frames(400)
    push(line, frames[:10])
    line.settle()
    line.core.disconnected()
    line.server = FakeServer()
    line.connect()
    state = line.core.state
    assert (state["acked"], state["settled"]) == (0, False), "what it had acknowledged is not safe"
    push(line, frames[10:])
    line.settle()
    line.require_same(400)


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_losses_resets_and_cuts_in_any_order_end_with_equal_books(
    talk: Talk, seed: int, script: list[int]
) -> None:
    line = Line(talk)
    line.connect()
    frames = depth_frames(1500, 13, seed % 1000)
    push(line, frames[:3])
    for step in script:
        push(line, frames[3 : 3 + step % 9])
        del frames[3 : 3 + step % 9]
        if step % 5 == 0:
            line.core.disconnected()
            line.connect()
        elif step % 5 == 1:
            state = line.core.state
            talk.say("reset", "FeedLost")
            talk.say("seed", state["bids"], state["asks"], state["time"])
        elif step % 5 == 2:
            line.core.receive(Resync(stream=0, from_=1, reason="feed"), line.now)
        line.now += SECOND // 20
        line.pump(lose=(step % 4,))
    line.settle()
    line.now += 11 * SECOND
    line.settle()
    line.require_same_book()


@pytest.mark.recordings
def test_an_hour_of_es_has_no_doubts_and_equal_books(talk: Talk, recorded: Path) -> None:
    line = Line(talk)
    line.connect()
    path = recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt"
    for entry in open_recording(path):
        if isinstance(entry, FrameEntry):
            assert not line.core.push(entry.frame)
            line.pump()
    line.settle()
    counters = line.core.state["counters"]
    assert (counters["Depth"], counters["Trades"]) == (43_979, 2_972)
    assert (counters["Resets"], counters["Refused"], counters["Unseeded"]) == (0, 0, 0)
    assert line.server.checks > 1_000
    assert line.server.snapshots == 0
    line.require_same_book()
