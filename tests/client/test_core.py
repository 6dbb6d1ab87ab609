"""Client and server without sockets, joined by a line that loses what the test wants."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.core import Link, PublisherCore
from market.errors import MalformedError, SessionError
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import Frame
from tests.client.fake_server import ES, FakeServer, depth_frames
from wire.messages import Ack, ErrorMessage, Heartbeat, Welcome, encode_message

SECOND = 10**9
SYMBOL = ES.symbol


class Line:
    """A connection: what goes over it, and what is lost with it."""

    def __init__(self, server: FakeServer, **options: Any) -> None:
        self.server = server
        self.core = PublisherCore([ES], session="00000000-0000-4000-8000-000000000021", **options)
        self.now = 0
        self.answers: list[str] = []

    def connect(self) -> None:
        for answer in self.server.receive(self.core.connected(self.now)):
            self.core.receive(encode_message(answer), self.now)

    def pump(self, lose: Sequence[int] = ()) -> int:
        """One round: everything outgoing, and the answers; message numbers in ``lose`` vanish."""
        count = 0
        for message in self.core.outgoing(self.now, 5):
            if count not in lose:
                self.answers += [encode_message(m).decode() for m in self.server.receive(message)]
            count += 1
        for answer in self.answers:
            self.core.receive(answer, self.now)
        self.answers.clear()
        return count

    def settle(self) -> None:
        for _ in range(60):
            self.now += SECOND
            self.pump()
            if self.core.settled:
                return
        raise AssertionError("did not settle")

    def require_same(self, total: int) -> None:
        assert self.server.records[SYMBOL] == list(range(1, total + 1))
        assert self.server.books[SYMBOL].top(10) == self.core.streams[SYMBOL].book.top(10)


def push(line: Line, frames: Sequence[Frame]) -> None:
    for frame in frames:
        line.core.streams[SYMBOL].push(frame, line.now)


def test_everything_arrives_once_and_the_books_agree() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(3000))
    line.settle()
    line.require_same(3000)
    assert line.server.snapshots == 0
    assert line.server.checks >= 6
    assert line.server.failed_checks == 0


@settings(max_examples=60)
@given(st.lists(st.integers(0, 60), max_size=12), st.integers(0, 40))
def test_connections_cut_anywhere_lose_nothing_and_repeat_nothing(
    cuts: list[int], forgotten: int
) -> None:
    line = Line(FakeServer())
    frames = depth_frames(1200, 11)
    for cut in cuts:
        line.connect()
        push(line, frames[:8])
        del frames[:8]
        line.now += SECOND // 10
        for count, message in enumerate(line.core.outgoing(line.now, 5)):
            if count >= cut:
                break
            answers = list(line.server.receive(message))
            for answer in answers if count % 41 != forgotten else ():
                line.core.receive(encode_message(answer), line.now)
        line.core.disconnected()
    line.connect()
    push(line, frames)
    line.settle()
    line.require_same(1200)
    assert line.server.snapshots == 0
    assert line.server.sessions[SYMBOL].gaps == 0


@settings(max_examples=60)
@given(st.sets(st.integers(0, 40), max_size=6))
def test_lost_messages_are_found_and_sent_again(lost: set[int]) -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(3000))
    line.pump(tuple(lost))
    line.settle()
    line.require_same(3000)


def test_a_lost_last_record_is_found_by_a_heartbeat() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(100))
    line.pump(lose=range(10))
    line.now += 6 * SECOND
    line.pump()
    line.settle()
    line.require_same(100)
    beat = line.server.beats[0]
    assert (beat.last, beat.time) == ({0: 100}, 10**18 + 99_000_000)


def test_the_servers_heartbeat_starts_a_resend_too() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(100))
    line.pump(lose=range(10))
    behind = encode_message(Heartbeat(last={0: 0}))
    line.core.receive(behind, line.now)
    assert line.pump() == 0
    line.core.receive(behind, line.now)
    line.pump()
    line.require_same(100)


def test_a_wrong_book_is_found_at_the_next_check_and_healed() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(20))
    line.pump()
    bids, asks = line.server.books[SYMBOL].top(10)
    line.server.books[SYMBOL].load([(bids[0][0], bids[0][1] + 1), *bids[1:]], asks)
    far = depth_frames(20)[0].records[-1:].copy()
    far["op"] = 1
    push(line, [Frame(far, 2 * 10**18 + number, 0) for number in range(600)])
    line.settle()
    assert line.server.failed_checks == 1
    assert line.server.snapshots == 1
    assert line.server.books[SYMBOL].top(10) == line.core.streams[SYMBOL].book.top(10)


def test_an_exhausted_ring_ends_in_a_snapshot_that_says_what_is_lost() -> None:
    line = Line(FakeServer(), capacity=1000)
    line.connect()
    frames = depth_frames(5000)
    push(line, frames[:10])
    line.pump()
    line.core.disconnected()
    push(line, frames[10:])
    line.connect()
    line.settle()
    assert line.server.lost == [(201, 5000)]
    assert line.server.snapshots == 1
    assert line.core.streams[SYMBOL].ring.overrun == 3800
    assert line.server.books[SYMBOL].top(10) == line.core.streams[SYMBOL].book.top(10)


def test_a_restarted_client_begins_a_session_with_a_snapshot() -> None:
    server = FakeServer()
    first = Line(server)
    first.connect()
    push(first, depth_frames(500))
    first.settle()
    again = Line(server)
    again.core = PublisherCore([ES], session="00000000-0000-4000-8000-000000000022")
    bids, asks = first.core.streams[SYMBOL].book.top(10)
    again.core.streams[SYMBOL].seed(bids, asks, 10**18)
    again.connect()
    assert server.books[SYMBOL].top(10) == ([], [])
    again.settle()
    assert server.snapshots == 1
    assert server.books[SYMBOL].top(10) == (bids, asks)
    assert server.sessions[SYMBOL].expected == 1


def test_a_feed_reset_is_told_by_a_skipped_number_and_a_snapshot() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(100))
    line.settle()
    line.core.streams[SYMBOL].reset()
    line.settle()
    assert line.server.lost == [(101, 101)]
    assert line.server.books[SYMBOL].top(10) == ([], [])
    push(line, depth_frames(40))
    line.settle()
    assert line.server.books[SYMBOL].top(10) == line.core.streams[SYMBOL].book.top(10)


def test_a_rewind_of_the_playback_begins_again_with_an_empty_book() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(500))
    line.settle()
    earlier = [frame._replace(base=frame.base - 60 * SECOND) for frame in depth_frames(500)]
    push(line, earlier[:10])
    line.core.disconnected()
    line.connect()
    push(line, earlier[10:])
    line.settle()
    assert line.server.lost == [(501, 701)]
    assert line.server.records[SYMBOL][-300:] == list(range(201, 501))
    assert line.server.books[SYMBOL].top(10) == line.core.streams[SYMBOL].book.top(10)
    assert line.core.streams[SYMBOL].time == earlier[-1].base + 19_000_000
    line.now += 6 * SECOND
    line.pump()
    assert line.server.beats[-1].time == earlier[-1].base + 19_000_000


def test_bars_take_numbers_between_records() -> None:
    line = Line(FakeServer())
    line.connect()
    stream = line.core.streams[SYMBOL]
    bar = {"series": {"type": "minute", "value": 1}, "time": 5, "open": 1.0, "high": 2.0,
           "low": 1.0, "close": 2.0, "volume": 3.0, "delta": None}  # fmt: skip
    frames = depth_frames(100)
    push(line, frames[:2])
    stream.push_bar(bar)
    push(line, frames[2:])
    line.pump(lose=[1])
    line.settle()
    assert line.server.bars == [41]
    assert line.server.records[SYMBOL] == list(range(1, 101))
    assert line.server.sessions[SYMBOL].expected == 102


def test_snapshots_wait_until_an_event_is_told_whole() -> None:
    line = Line(FakeServer())
    line.connect()
    frames = depth_frames(20, 20)
    push(line, frames)
    line.settle()
    half = frames[0].records[:2].copy()
    half["op"], half["position"], half["side"], half["price"] = 1, [3, 2], 1, [17_998, 17_999]
    stream = line.core.streams[SYMBOL]
    push(line, [Frame(half[:1], 2 * 10**18, 0)])
    stream.resync(21, "checksum")
    line.pump()
    assert line.server.snapshots == 0
    half["price"][1], half["position"][1] = 17_996, 4
    fixed = half[1:].copy()
    fixed["position"], fixed["price"] = 3, 17_997
    push(line, [Frame(fixed, 2 * 10**18, 0)])
    line.pump()
    assert line.server.snapshots == 1


def test_natural_batching() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(700, 7))
    line.pump()
    assert max(line.server.sizes) == 200
    sizes = len(line.server.sizes)
    push(line, depth_frames(20_000, 4000))
    line.pump()
    assert max(line.server.sizes[sizes:]) > 200


def test_a_flood_makes_larger_frames_not_more_messages() -> None:
    line = Line(FakeServer())
    line.connect()
    sent = 0
    for frame in depth_frames(12_000, 1):
        line.core.streams[SYMBOL].push(frame, 0)
        sent += line.pump()
    assert sent == 10_000
    assert line.core.backlog > 0
    assert line.core.wake_at(0) == SECOND
    line.now = SECOND
    assert line.pump() < 50
    line.require_same(12_000)


def test_errors_that_stay_end_the_run_and_others_do_not() -> None:
    core = PublisherCore([ES], session="00000000-0000-4000-8000-000000000023")
    with pytest.raises(SessionError) as caught:
        core.receive(encode_message(ErrorMessage(code="instrument_busy", message="no")), 0)
    assert caught.value.code == "instrument_busy"
    core.receive(encode_message(ErrorMessage(code="gap", message="no")), 0)
    with pytest.raises(MalformedError):
        core.receive('{"type":"ack","stream":9,"seq":1,"durable_seq":null}', 0)
    with pytest.raises(SessionError):
        core.receive(encode_message(Welcome(protocol=1, server="x")), 0)


def test_hello_declares_everything() -> None:
    other = DEFAULT_INSTRUMENTS.define("NQ 12-26")
    core = PublisherCore(
        [ES, other], session="00000000-0000-4000-8000-000000000023", source="replay",
        takeover=True, flags={"useL3": True},
        subscribe=("clusters",),
    )  # fmt: skip
    hello = json.loads(core.connected(0))
    assert hello["takeover"] is True
    assert hello["source"] == "replay"
    assert [row["symbol"] for row in hello["instruments"]] == ["ES 12-26", "NQ 12-26"]
    assert hello["instruments"][0]["tick_size"] == 0.25
    assert list(core.outgoing(0, 0)) == []
    welcome = Welcome(
        protocol=1, server="x", streams={"ES 12-26": 4, "NQ 12-26": 2}, resume_from={4: 1, 2: 1}
    )
    core.receive(encode_message(welcome), 0)
    assert core.link is Link.UP


def welcomed_taker() -> PublisherCore:
    core = PublisherCore([ES], session="00000000-0000-4000-8000-000000000023", takeover=True)
    return greeted(core)


def greeted(core: PublisherCore) -> PublisherCore:
    assert json.loads(core.connected(0))["takeover"] is True
    welcome = Welcome(protocol=1, server="x", streams={SYMBOL: 0}, resume_from={0: 1})
    core.receive(encode_message(welcome), 0)
    return core


@pytest.mark.parametrize("durable", [1, None], ids=["on disk", "no journal"])
def test_it_takes_over_until_something_is_on_disk(durable: int | None) -> None:
    core = welcomed_taker()
    core.receive(encode_message(Ack(stream=0, seq=1, durable_seq=0)), 0)
    core.disconnected()
    core = greeted(core)
    core.receive(encode_message(Ack(stream=0, seq=1, durable_seq=durable)), 0)
    core.disconnected()
    assert "takeover" not in json.loads(core.connected(0))


@pytest.mark.parametrize(("code", "again"), [(1012, True), (4409, False)])
def test_it_does_not_take_back_what_was_taken_over(code: int, again: bool) -> None:
    core = welcomed_taker()
    core.disconnected(code)
    assert ("takeover" in json.loads(core.connected(0))) is again


def test_a_refused_frame_is_sent_again() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(40))
    for _ in line.core.outgoing(line.now, 5):
        pass
    refusal = ErrorMessage(code="bad_crc", message="damaged", stream=0, seq=1)
    line.core.receive(encode_message(refusal), line.now)
    line.settle()
    line.require_same(40)
    assert line.core.streams[SYMBOL].refusals == 1
    for other in (
        ErrorMessage(code="bad_crc", message="", stream=7, seq=1),
        ErrorMessage(code="bad_json", message="damaged"),
    ):
        line.core.receive(encode_message(other), line.now)
    assert line.core.streams[SYMBOL].refusals == 1


def test_a_malformed_record_is_skipped_by_a_snapshot() -> None:
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(40))
    for _ in line.core.outgoing(line.now, 5):
        pass
    refusal = ErrorMessage(code="out_of_range", message="", stream=0, seq=1, index=3, field="price")
    line.core.receive(encode_message(refusal), line.now)
    line.settle()
    assert line.server.lost == [(1, 40)]
    assert line.server.records[SYMBOL] == []
    assert line.core.durable


def test_a_resumed_publisher_speaks_at_once() -> None:
    """A server that was away doubts the book until somebody speaks."""
    line = Line(FakeServer())
    line.connect()
    push(line, depth_frames(40))
    line.settle()
    beats = len(line.server.beats)
    line.core.disconnected()
    line.connect()
    line.pump()
    assert [beat.last for beat in line.server.beats[beats:]] == [{0: 40}]
