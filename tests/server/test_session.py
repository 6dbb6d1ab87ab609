"""The session, sentence by sentence: 03-wire of the design, and the test that holds each one.

sentence of 03-wire -> test (each name begins with test_)

- Malformed: refused whole before journal and book; seq stays: malformed_changes_nothing
- Book fault: journaled whole, acked, later frames held: a_book_fault_is_journaled_whole
- No fault: crossed or locked: a_crossed_book_is_no_fault
- As expected, lower, higher: record by record: records_are_judged_one_by_one
- While stale nothing but the phase: while_stale_only_the_phase_goes_out
- A snapshot takes no numbers: a_snapshot_takes_no_number
- its frames are dropped when the connection ends: half_a_snapshot_dies_with_its_connection
- lower than expected: ignored: an_old_snapshot_is_ignored
- count 0: an empty book: an_empty_snapshot_empties_the_book
- Skipped records: complete false, since: skipped_records_leave_the_sums_incomplete
- Back-fill as historical: a_back_fill_heals_the_sums
- the same: a_back_fill_over_a_gap_in_its_numbers
- Feed interrupted, resume from sleep: snapshot: after_sleep_the_book_is_asked_for
- Time going back: snapshot: a_rewind_asks_for_a_snapshot
- Reconnect: resumes, what was asked for is repeated: a_request_is_repeated_after_a_reconnect
- A new session at 1; statistics go on: a_new_session_keeps_the_statistics
- check, and every recovery ends verified: every_recovery_ends_verified
- one recovery at a time, with back-off: failing_checks_ask_with_back_off
- One publisher: bye, absence, takeover: busy_until_bye_absence_or_takeover
- the same over a restart: who_has_said_bye_holds_nothing_after_a_restart
- the superseded one: 4409, writes no more: the_superseded_publisher_writes_no_more
- the same: a_post_may_supersede_a_silent_socket
- Sources never share: sources_never_share
- WebSocket and HTTP share (session, seq): socket_and_post_share_the_numbers
- HTTP: book_fault, resync_required: posts_after_a_fault
- HTTP: instrument_busy: a_post_meets_a_busy_instrument
- ack: written and durable; count, time, at once: acks_by_count_time_and_at_once
- heartbeats: a lost last record is noticed: heartbeats_show_a_lost_last_record
- Times out of range: live_times_far_from_now_are_refused
- the same: times_that_no_clock_can_hold_are_refused_of_any_source
- the same: played_times_may_be_any
- Silent for 15 s: stale: silence_makes_stale
- closed: nothing is missing: silence_while_closed_is_quiet
- paused (playback): a_playback_pauses_and_goes_on
- A frame for another connection's stream: a_stream_belongs_to_one_connection
- One thing said twice is said alike: a_message_may_not_contradict_hello

No sockets: messages go in by hand, time moves by hand.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from market.enums import FrameFlag, FrameType, Kind, Source
from market.record import RECORD, Frame
from recording.entries import ClockEntry, Entry, FrameEntry, GapEntry, HoldEntry, PhaseEntry
from recording.journal import read_journal
from recording.journal.codec import encode_entry
from server.channel import Channel
from server.dialogue import Dialogue
from server.posts import Poster
from server.resuming import resume_all
from server.runtime import Runtime
from server.settings import settings_from
from wire.checksum import book_crc32
from wire.frames import encode_frame
from wire.messages import L2Update, QuoteUpdate, Snapshot, TradeUpdate

SECOND = 10**9
NOW = 1_795_099_800 * SECOND
"""Thursday 2026-11-19, 09:50 in New York."""
SYMBOL = "ES 12-26"
A, B = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "ab")
REPLY = int(FrameFlag.REPLY_NOW)
LAST = int(FrameFlag.LAST)


class Clock:
    """Moves by hand; sleep only moves the wall."""

    def __init__(self) -> None:
        self.monotonic = 1_000 * SECOND
        self.wall = NOW

    def monotonic_ns(self) -> int:
        return self.monotonic

    def wall_ns(self) -> int:
        return self.wall


class Peer:
    """A WebSocket client without a socket; ``heard`` holds the server's messages."""

    client = ("127.0.0.1", 1)
    can_write = True

    def __init__(self, world: "World") -> None:
        self.world = world
        self.heard: list[dict[str, Any]] = []
        self.code: int | None = None
        self.closing = False
        self.dialogue: Dialogue = world.runtime.connect(cast(Any, self))

    def attach(self, peer: object) -> None:
        """Messages are handed over by hand."""

    def write_text(self, messages: Sequence[bytes]) -> None:
        self.heard += [json.loads(message) for message in messages]

    def close_now(self, code: int, reason: str) -> None:
        self.code, self.closing = code, True

    def resume_reading(self) -> None:
        raise AssertionError("was never paused")

    def say(self, message: dict[str, Any] | Frame) -> list[dict[str, Any]]:
        """Handle one message; what was answered."""
        before = len(self.heard)
        if isinstance(message, Frame):
            self.dialogue.handle(encode_frame(message))
        else:
            self.dialogue.handle(json.dumps(message))
        self.world.runtime.pipeline.drain()
        return self.heard[before:]

    def hello(self, session: str = A, **fields: Any) -> dict[str, Any]:
        message = {"type": "hello", "protocol": {"min": 1, "max": 1}, "session": session}
        message |= {"instruments": [{"symbol": SYMBOL}], **fields}
        return self.say(message)[0]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["type"] == kind]

    def leave(self) -> None:
        self.world.runtime.disconnect(self.dialogue)


class World:
    """A server's runtime with a clock of its own."""

    def __init__(self, folder: Path, clock: Clock | None = None, **server: Any) -> None:
        self.clock = clock or Clock()
        self.folder = folder
        settings = settings_from({"server": server, "recording": {"folder": str(folder)}})
        self.runtime = Runtime(settings, "1", clock=self.clock)

    def peer(self) -> Peer:
        return Peer(self)

    def publisher(self, session: str = A, **fields: Any) -> Peer:
        peer = self.peer()
        assert peer.hello(session, **fields)["type"] == "welcome"
        return peer

    def pass_time(self, seconds: float, *, asleep: bool = False) -> None:
        """In steps of the slow tick; asleep: the wall clock alone."""
        if asleep:
            self.clock.wall += int(seconds * SECOND)
            seconds = 0.25
        for _ in range(round(seconds * 4)):
            self.clock.monotonic += SECOND // 4
            self.clock.wall += SECOND // 4
            self.runtime.tick(self.clock.monotonic)
            self.runtime.slow_tick(self.clock.monotonic)
        self.runtime.pipeline.drain()

    def channel(self, source: Source = Source.LIVE) -> Channel:
        found = self.runtime.hub.find(SYMBOL, source)
        assert found is not None
        return found

    def post(self, message: dict[str, Any] | Frame, session: str = A, **headers: str) -> Any:
        given = {f"x-depthbridge-{name}": value for name, value in headers.items()}
        body = json.dumps(message).encode() if isinstance(message, dict) else encode_frame(message)
        if isinstance(message, Frame):
            given |= {"content-type": "application/octet-stream"}
            given |= {"x-depthbridge-session": session, "x-depthbridge-instrument": SYMBOL}
        allowed = (L2Update, Snapshot, QuoteUpdate, TradeUpdate)
        answer = Poster(self.runtime, given, allowed).take(body)
        self.runtime.pipeline.drain()
        return answer.status_code, json.loads(answer.body)

    def killed(self) -> "World":
        """Another process on what is on disk now; the clocks go on."""
        folder = self.folder.with_name(f"{self.folder.name}x")
        shutil.copytree(self.folder, folder)
        world = World(folder, self.clock)
        world.runtime.hub.take_over(resume_all(world.runtime.settings, self.clock))
        return world

    def entries(self, source: str = "live") -> list[Entry]:
        return list(read_journal(self.folder / source / "ES_12-26"))

    def journaled(self, source: str = "live") -> list[tuple[int, bytes]]:
        """The same as bytes, to be compared."""
        return [encode_entry(entry) for entry in self.entries(source)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def book(
    seq: int = 1,
    time: int = NOW,
    *,
    snapshot: bool = False,
    size: int = 5,
    shift: int = 0,
    **more: Any,
) -> Frame:
    """Ten rows a side, asks first; 20 records."""
    records = np.zeros(20, RECORD)
    records["side"] = np.repeat([0, 1], 10)
    rows = np.tile(np.arange(10), 2)
    records["position"], records["size"] = rows, size
    records["price"] = shift + np.where(records["side"] == 1, 27_249 - rows, 27_250 + rows)
    if snapshot:
        more = {"type": FrameType.SNAPSHOT, "flags": LAST, **more}
    return Frame(records, time, seq, **more)


def sizes(seq: int, count: int, time: int = NOW + SECOND, flags: int = REPLY) -> Frame:
    """Updates of the best ask: record number n has the size n."""
    records = np.zeros(count, RECORD)
    records["op"], records["price"] = 1, 27_250
    records["size"] = np.arange(seq, seq + count)
    return Frame(records, time, seq, flags=flags)


def trades(
    seq: int, count: int, time: int = NOW + SECOND, flags: int = REPLY, place: int = 0
) -> Frame:
    records = np.zeros(count, RECORD)
    records["kind"], records["side"], records["price"], records["size"] = Kind.TRADE, 1, 27_250, 2
    if place:
        records["ref"] = np.arange(place, place + count)
    return Frame(records, time, seq, flags=flags)


def disorder(seq: int, time: int = NOW + SECOND) -> Frame:
    """Two bids at one price, then a trade at a later time, before which the rows are judged."""
    records = np.zeros(2, RECORD)
    records["kind"], records["op"] = (0, Kind.TRADE), (1, 0)
    records["side"], records["position"], records["size"] = 1, (3, 0), 5
    records["price"], records["dt"] = (27_249, 27_250), (0, 10)
    return Frame(records, time, seq, flags=REPLY)


def check(channel: Channel, seq: int | None = None, wrong: int = 0) -> dict[str, Any]:
    bids, asks = channel.stream.analyzer.top(10)
    crc = book_crc32(asks, bids) ^ wrong
    at = channel.session.expected - 1 if seq is None else seq
    return {"type": "check", "stream": 0, "seq": at, "crc32": crc}


def reasons(peer: Peer) -> list[str]:
    return [message["reason"] for message in peer.of("resync")]


# What can be wrong


def test_malformed_changes_nothing(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    channel, entries = world.channel(), world.journaled()
    before = channel.stream.freeze()
    bad = book(21, NOW + SECOND)
    bad.records["size"][7] = -1
    (answer,) = peer.say(bad)
    facts = {key: answer.get(key) for key in ("type", "code", "stream", "seq", "index", "field")}
    assert facts == {
        "type": "error", "code": "negative_size", "stream": 0, "seq": 21, "index": 7,
        "field": "size",
    }  # fmt: skip
    row = {"time": NOW, "side": "bid", "operation": "update", "position": 0, "volume": 1}
    for price, code in ((6812.3, "off_grid"), ("6812", "bad_type")):
        message = {"type": "l2_update", "stream": 0, "updates": [{**row, "price": price}]}
        assert peer.say(message)[0]["code"] == code
    assert channel.stream.freeze() == before
    assert world.journaled() == entries
    assert peer.say(sizes(21, 1))[-1]["seq"] == 21, "the number is still free"


def test_a_book_fault_is_journaled_whole(world: World) -> None:
    peer = world.publisher(subscribe=["metrics"])
    peer.say(book(flags=REPLY))
    peer.say(disorder(21))
    channel = world.channel()
    assert reasons(peer) == ["unsorted"]
    assert peer.of("ack")[-1]["seq"] == 22, "the range is never sent again"
    assert channel.session.expected == 23
    peer.say(sizes(23, 4))
    assert peer.of("ack")[-1]["seq"] == 26
    assert int(channel.stream.analyzer.top(1)[1][0][1]) == 5, "held, not applied"
    kept = [e.frame for e in world.entries() if isinstance(e, FrameEntry)]
    assert [(f.seq, len(f.records)) for f in kept] == [(1, 20), (21, 2), (23, 4)]
    peer.say(book(27, NOW + 2 * SECOND, snapshot=True, size=9))
    peer.say(sizes(27, 1, NOW + 3 * SECOND))
    assert peer.of("metrics")[-1]["phase"] == "synced"


@pytest.mark.parametrize("later", [SECOND, 0])
def test_a_fault_that_a_snapshot_brings_out_is_counted_and_told(
    world: World, caplog: pytest.LogCaptureFixture, later: int
) -> None:
    """Its time moves the clock, so the rows before it are judged: at the same time they are not."""
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    peer.say(disorder(21)._replace(records=disorder(21).records[:1]))
    channel = world.channel()
    assert channel.counters.faults == 0, "not judged yet"
    answers = peer.say(book(22, NOW + SECOND + later, snapshot=True, flags=LAST | REPLY))
    told = [answer for answer in answers if answer["type"] == "error"]
    faults = ["unsorted"] if later else []
    assert [(one["code"], one["stream"], one["facts"]) for one in told] == [
        ("book_fault", 0, {"fault": fault, "last": 21}) for fault in faults
    ]
    assert {one.get("seq") for one in told} <= {None}, "nothing was refused"
    assert channel.counters.faults == len(faults)
    assert [r.reason for r in caplog.records if r.message == "book fault"] == faults  # type: ignore[attr-defined]
    assert channel.stream.phase == "synced"
    assert reasons(peer) == [], "the snapshot has healed it"
    peer.say(sizes(22, 4, NOW + SECOND + 2 * SECOND))
    assert channel.stream.analyzer.top(1)[1] == [(27_250, 25)]


def test_a_post_that_brings_a_fault_out_is_taken(world: World) -> None:
    row = {"time": NOW, "side": "bid", "operation": "add", "position": 0, "volume": 5}
    rows = [{**row, "price": price} for price in (6812.25, 6812.0)]
    l2 = {"type": "l2_update", "instrument": SYMBOL, "updates": rows}
    assert world.post(l2)[0] == 200
    levels = {"bids": [[6812.25, 7]], "asks": []}
    snapshot = {"type": "snapshot", "instrument": SYMBOL, "time": NOW + SECOND, **levels}
    status, answer = world.post(snapshot)
    assert (status, answer["status"]) == (200, "ok")
    channel = world.channel()
    assert channel.counters.faults == 1
    assert channel.stream.analyzer.top(3) == ([(27_249, 7)], [])


def test_a_heartbeat_that_brings_a_fault_out_is_logged_too(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    peer.say(disorder(21)._replace(records=disorder(21).records[:1]))
    peer.say({"type": "heartbeat", "last": {"0": 21}, "time": NOW + 2 * SECOND})
    assert world.channel().counters.faults == 1
    assert reasons(peer) == ["unsorted"]
    assert [r.reason for r in caplog.records if r.message == "book fault"] == ["unsorted"]  # type: ignore[attr-defined]


def test_a_crossed_book_is_no_fault(world: World) -> None:
    peer = world.publisher(subscribe=["metrics"])
    peer.say(book(flags=REPLY))
    crossed = sizes(21, 1)
    crossed.records["price"] = 27_240
    peer.say(crossed)
    peer.say(sizes(22, 1, NOW + 2 * SECOND))
    phases = [message["phase"] for message in peer.of("metrics")]
    assert reasons(peer) == []
    rows = book(23, NOW + 3 * SECOND, snapshot=True)
    rows.records["price"][rows.records["side"] == 1] += 5
    peer.say(rows)
    phases += [message["phase"] for message in peer.of("metrics")]
    assert "crossed" in phases
    assert world.channel().stream.phase == "crossed"


# Sequence, gaps, snapshots, resume


def test_records_are_judged_one_by_one(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    peer.say(sizes(21, 5))
    peer.say(sizes(23, 6))
    channel = world.channel()
    assert (channel.session.expected, channel.counters.duplicates) == (29, 3)
    assert channel.stream.analyzer.top(1)[1] == [(27_250, 28)]
    peer.say(sizes(20, 2))
    assert (channel.session.expected, channel.counters.duplicates) == (29, 5)
    assert channel.stream.analyzer.top(1)[1] == [(27_250, 28)]
    peer.say(sizes(31, 1))
    assert peer.of("resync") == [{"type": "resync", "stream": 0, "from": 29, "reason": "gap"}]
    peer.say(sizes(27, 4))
    assert (channel.session.expected, channel.session.gaps) == (31, 1)


def test_while_stale_only_the_phase_goes_out(world: World) -> None:
    topics = ["metrics", "clusters", "book", "profile"]
    peer = world.publisher(subscribe=topics)
    peer.say(book(flags=REPLY))
    peer.say(trades(21, 1, NOW, int(FrameFlag.HISTORICAL) | LAST, place=1))
    world.pass_time(1)
    assert peer.of("profile")[-1]["complete"]
    peer.say(sizes(40, 1))
    world.pass_time(2)
    told = [m for m in peer.heard if m["type"] in topics]
    (stale,) = [m for m in told if m.get("phase") == "stale" and m["type"] == "metrics"]
    assert set(stale) == {"type", "instrument", "source", "seq", "time", "book", "phase"}
    after = told[told.index(stale) + 1 :]
    for message in after:
        empty = message.get("bids") == [] or message.get("complete") is False
        assert empty, message
    status, answer = world.post(sizes(41, 1))
    assert (status, answer["code"]) == (409, "gap")
    assert any(message["type"] == "profile" for message in after)
    peer.say(sizes(22, 18))
    assert peer.of("metrics")[-1]["phase"] == "synced"


def test_a_snapshot_takes_no_number(world: World) -> None:
    peer = world.publisher()
    peer.say(book(snapshot=True))
    channel = world.channel()
    assert channel.session.expected == 1
    peer.say(sizes(1, 3))
    peer.say(book(4, NOW + 2 * SECOND, snapshot=True, size=8))
    assert (channel.session.expected, channel.session.gaps) == (4, 0)
    assert channel.stream.analyzer.top(1)[1] == [(27_250, 8)]


def test_half_a_snapshot_dies_with_its_connection(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    peer.say(book(21, NOW + SECOND, snapshot=True, size=99, flags=0))
    peer.leave()
    peer = world.publisher()
    peer.say(book(21, NOW + SECOND, snapshot=True, size=7))
    assert world.channel().stream.analyzer.top(1)[1] == [(27_250, 7)]
    kept = [e.frame for e in world.entries() if isinstance(e, FrameEntry)]
    assert [int(f.records["size"][0]) for f in kept] == [5, 7]


def test_an_old_snapshot_is_ignored(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    entries = world.journaled()
    peer.say(book(20, NOW + SECOND, snapshot=True, size=77))
    assert world.channel().stream.analyzer.top(1)[1] == [(27_250, 5)]
    assert world.journaled() == entries


def test_an_empty_snapshot_empties_the_book(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    empty = Frame(np.zeros(0, RECORD), NOW + SECOND, 21, FrameType.SNAPSHOT, LAST)
    peer.say(empty)
    assert world.channel().stream.analyzer.top(10) == ([], [])
    peer.say(book(21, NOW + 2 * SECOND, flags=REPLY))
    assert world.channel().stream.analyzer.top(1)[1] == [(27_250, 5)]
    assert reasons(peer) == []


def lost_trades(world: World) -> Peer:
    """Ten trades, of which the last four never came, and a snapshot that skips them."""
    peer = world.publisher(subscribe=["metrics"])
    peer.say(book(flags=REPLY))
    peer.say(trades(21, 6))
    peer.say(book(31, NOW + 2 * SECOND, snapshot=True))
    peer.say(sizes(31, 1, NOW + 3 * SECOND))
    return peer


def test_skipped_records_leave_the_sums_incomplete(world: World) -> None:
    peer = lost_trades(world)
    assert any(isinstance(e, GapEntry) and (e.first, e.last) == (27, 30) for e in world.entries())
    row = peer.of("metrics")[-1]
    assert (row["cvd"], row["complete"], row["since"]) == (12.0, False, NOW)


def test_a_back_fill_heals_the_sums(world: World) -> None:
    peer = lost_trades(world)
    told = int(FrameFlag.HISTORICAL)
    before = len(peer.of("metrics"))
    peer.say(trades(32, 6, flags=told, place=1))
    assert len(peer.of("metrics")) == before, "part of a list means nothing"
    peer.say(trades(32, 6, flags=told, place=1))
    assert world.channel().counters.duplicates == 6
    peer.say(trades(38, 4, NOW + 2 * SECOND, told | LAST | REPLY, place=7))
    row = peer.of("metrics")[-1]
    assert (row["cvd"], row["complete"]) == (20.0, True)
    assert row["time"] == NOW + 3 * SECOND
    assert peer.of("ack")[-1]["seq"] == 41
    update = {"time": NOW + SECOND, "price": 6812.5, "volume": 3, "aggressor": "sell"}
    message = {"type": "trade_update", "stream": 0, "historical": True, "last": True}
    peer.say({**message, "updates": [update, update]})
    row = peer.of("metrics")[-1]
    assert (row["cvd"], row["complete"]) == (-6.0, True), "the list replaces all before it"


def test_a_back_fill_over_a_gap_in_its_numbers(world: World) -> None:
    """Missing parts that are sent again leave it whole; parts that are lost for good do not."""
    peer = lost_trades(world)
    told = int(FrameFlag.HISTORICAL)
    peer.say(trades(32, 4, flags=told, place=1))
    peer.say(trades(38, 2, flags=told | LAST, place=7))
    assert reasons(peer)[-1] == "gap"
    peer.say(trades(36, 4, flags=told, place=5)._replace(flags=told | LAST))
    assert world.channel().stream.analyzer.read()["complete"][0]
    peer.say(trades(40, 4, flags=told, place=1))
    peer.say(book(46, NOW + 4 * SECOND, snapshot=True))
    peer.say(trades(46, 2, flags=told | LAST, place=7))
    assert not world.channel().stream.analyzer.read()["complete"][0]


def test_after_sleep_the_book_is_asked_for(world: World) -> None:
    feed = world.publisher()
    feed.say(book(flags=REPLY))
    replayed = world.publisher(source="replay")
    replayed.say(book(flags=REPLY))
    world.pass_time(10)
    assert reasons(feed) == []
    world.pass_time(5.5, asleep=True)
    assert (reasons(feed), reasons(replayed)) == (["feed"], [])
    assert world.channel().stream.phase == "stale"
    assert any(isinstance(e, PhaseEntry) and e.reason == "feed" for e in world.entries())
    assert GapEntry("feed") in world.entries(), "what the feed said meanwhile has no numbers"
    feed.say(book(21, NOW + SECOND, snapshot=True))
    assert world.channel().stream.phase == "synced"
    world.clock.monotonic += 6 * SECOND
    world.clock.wall += 6 * SECOND
    world.runtime.slow_tick(world.clock.monotonic)
    world.runtime.pipeline.drain()
    assert reasons(feed) == ["feed", "feed"], "the process itself stood still"


def test_a_rewind_asks_for_a_snapshot(world: World) -> None:
    peer = world.publisher(source="playback")
    peer.say(book(flags=REPLY))
    peer.say(sizes(21, 1, NOW - 6 * SECOND))
    channel = world.channel(Source.PLAYBACK)
    assert (reasons(peer), channel.stream.phase) == (["reset"], "stale")
    assert PhaseEntry("stale", "reset") in world.entries("playback")
    assert GapEntry("reset") in world.entries("playback")
    peer.say(book(22, NOW - 5 * SECOND, snapshot=True))
    peer.say(sizes(22, 1, NOW - 4 * SECOND))
    assert channel.stream.phase == "synced"
    assert not channel.stream.analyzer.read()["complete"][0]


@pytest.mark.parametrize("source", ["playback", "replay", "live"])
def test_a_snapshot_sets_a_playback_back(world: World, source: str) -> None:
    """What comes after it is not another step back, and nothing is asked for."""
    peer = world.publisher(source=source)
    peer.say(book(flags=REPLY))
    peer.say(trades(21, 3))
    peer.say(book(25, NOW - 60 * SECOND, snapshot=True, shift=40))
    assert world.channel(Source(source)).stream.phase == "synced"
    records = np.zeros(1, RECORD)
    records["op"], records["price"], records["size"] = 1, 27_290, 9
    peer.say(Frame(records, NOW - 59 * SECOND, 25, flags=REPLY))
    stream = world.channel(Source(source)).stream
    if source == "live":  # its clock never goes back: the record does
        assert reasons(peer) == ["reset"]
        return
    assert (reasons(peer), stream.phase) == ([], "synced")
    row = stream.analyzer.calculate_metrics()
    assert (row["time_ns"], row["best_ask"]) == (NOW - 59 * SECOND, 6822.5)
    assert (row["cvd"], row["complete"], row["since"]) == (None, False, NOW - 60 * SECOND)
    bids, asks = stream.analyzer.top(10)
    assert (bids[0], asks[0], len(bids), len(asks)) == ((27_289, 5), (27_290, 9), 10, 10)
    assert GapEntry("gap", 24, 24) in world.entries(source), "the number that was given up"
    assert GapEntry("reset") not in world.entries(source)


def test_a_session_that_begins_with_an_empty_book_is_waited_for(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    peer.say(sizes(25, 1))
    assert world.channel().stream.phase == "stale"
    other = world.publisher(B, takeover=True)
    assert world.channel().stream.phase == "waiting"
    assert GapEntry("gap", 21) in world.entries(), "nobody will send what is missing"
    other.say(book(1, NOW + SECOND, snapshot=True))
    assert world.channel().stream.phase == "synced"


def test_no_hello_can_use_up_the_instruments(world: World) -> None:
    names = [{"symbol": f"X{n}", "tick_size": 0.25} for n in range(65)]
    refused = world.peer().hello(instruments=names)
    assert (refused["code"], refused["field"]) == ("out_of_range", "instruments")
    assert not list(world.runtime.hub), "nothing was made of it"
    assert len(world.peer().hello(instruments=names[1:])["streams"]) == 64


def test_instruments_without_data_make_room_for_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.hub._MOST_CHANNELS", 3)
    listener = world.peer()
    listener.hello(B, role="subscriber", instruments=[], subscribe=["metrics", "clusters"])
    fed = world.publisher()
    fed.say(book(flags=REPLY))
    empty = world.peer()
    empty.hello(A, instruments=[{"symbol": "NQ 12-26"}, {"symbol": "CL 01-27"}])
    full = world.peer()
    assert full.hello(B, instruments=[{"symbol": "YM 12-26"}])["code"] == "out_of_range"
    fed.leave()
    empty.leave()
    assert world.peer().hello(B, instruments=[{"symbol": "YM 12-26"}])["code"] == "out_of_range"
    world.pass_time(31)
    welcome = world.peer().hello(B, instruments=[{"symbol": "YM 12-26"}, {"symbol": "GC 02-27"}])
    assert set(welcome["streams"]) == {"YM 12-26", "GC 02-27"}
    kept = {channel.symbol for channel in world.runtime.hub}
    assert kept == {SYMBOL, "YM 12-26", "GC 02-27"}, "what has data stays"
    assert listener.code is None


def test_a_post_of_nothing_ahead_is_a_gap(world: World) -> None:
    assert world.post(book())[0] == 200
    nothing = {"type": "l2_update", "instrument": SYMBOL, "session": A, "updates": []}
    status, answer = world.post({**nothing, "seq": 23})
    assert (status, answer["code"], answer["from"]) == (409, "gap", 21)
    assert world.post({**nothing, "seq": 21})[0] == 200


def test_a_request_is_repeated_after_a_reconnect(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    peer.say(check(world.channel(), wrong=1))
    assert reasons(peer) == ["checksum"]
    peer.leave()
    again = world.peer()
    welcome = again.hello()
    assert welcome["resume_from"] == {"0": 21}
    assert again.of("resync") == [{"type": "resync", "stream": 0, "from": 21, "reason": "checksum"}]
    again.say(book(21, NOW + SECOND, snapshot=True))
    again.say(check(world.channel()))
    again.leave()
    last = world.publisher()
    assert reasons(last) == []


def test_a_new_session_keeps_the_statistics(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    peer.say(trades(21, 5))
    peer.say({"type": "bye"})
    peer.leave()
    other = world.publisher(B)
    assert world.channel().session.expected == 1
    other.say(book(1, NOW + 2 * SECOND, snapshot=True))
    other.say(trades(1, 1, NOW + 3 * SECOND))
    row = world.channel().stream.analyzer.read()
    assert (row["cvd"][0], bool(row["complete"][0]), int(row["since"][0])) == (12.0, False, NOW)


def test_every_recovery_ends_verified(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    channel = world.channel()
    recovery = channel.session.recovery
    peer.say(check(channel))
    peer.say(sizes(25, 1))
    peer.say(sizes(21, 5))
    assert (recovery.ended, recovery.verified) == (1, 0)
    peer.say(check(channel))
    assert (recovery.ended, recovery.verified) == (1, 1)
    peer.say(disorder(26))
    peer.say(book(28, NOW + 2 * SECOND, snapshot=True))
    assert (recovery.ended, recovery.verified) == (2, 1)
    world.pass_time(5)
    assert reasons(peer) == ["gap", "unsorted", "checksum"], "nobody had verified it"
    peer.say(book(28, NOW + 2 * SECOND, snapshot=True))
    peer.say(check(channel, 27))
    assert (recovery.ended, recovery.verified) == (2, 2)
    world.pass_time(60)
    assert len(reasons(peer)) == 3


def test_failing_checks_ask_with_back_off(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    channel, asked = world.channel(), []
    began = world.clock.monotonic
    peer.say(check(channel, wrong=1))
    for _ in range(4 * 100):
        if len(reasons(peer)) > len(asked):
            asked.append((world.clock.monotonic - began) / SECOND)
            peer.say(book(21, NOW + SECOND, snapshot=True))
            peer.say(check(channel, 20, wrong=1))
            assert channel.stream.phase == "stale"
        world.pass_time(0.25)
    assert asked[:5] == [0.0, 2.0, 6.0, 14.0, 30.0]
    assert all(later - earlier == 30 for earlier, later in pairwise(asked[4:]))


# Publishers


def test_busy_until_bye_absence_or_takeover(world: World) -> None:
    first, second = world.publisher(), world.peer()
    error = second.hello(B, subscribe=["metrics"])
    assert (error["type"], error["code"]) == ("error", "instrument_busy")
    assert second.of("welcome")[0]["streams"] == {}
    first.say(book(flags=REPLY))
    assert second.of("metrics"), "it may subscribe"
    first.say({"type": "bye"})
    third = world.publisher(B)
    third.leave()
    world.pass_time(29.5)
    assert world.peer().hello(A)["code"] == "instrument_busy"
    world.pass_time(0.5)
    assert world.peer().hello(A)["type"] == "welcome"
    assert world.peer().hello(B, takeover=True)["type"] == "welcome"


C = "c" * 8 + A[8:]


def _live_through(world: World, step: str) -> World:
    """What happens to an instrument between its first records and the question whose it is."""
    if step == "restart":
        return world.killed()
    if step == "asleep":  # and what is recorded at the end of it begins a segment
        world.pass_time(7200, asleep=True)
    if step == "bye":
        dialogue = world.channel().publisher
        assert isinstance(dialogue, Dialogue)
        dialogue.handle(json.dumps({"type": "bye"}))
        world.runtime.pipeline.drain()
    if step in ("A", "B"):
        world.publisher({"A": A, "B": B}[step])
    if step == "book":
        world.publisher(B).say(book(1, NOW + SECOND, snapshot=True))
    if step == "post":
        assert world.post(sizes(21, 1))[0] == 200
    return world


@pytest.mark.parametrize(
    ("steps", "free"),
    [
        ("restart", False),
        ("bye restart", True),
        ("bye restart restart", True),
        ("bye asleep restart", True),
        ("bye A restart", False),
        ("bye restart A restart", False),
        ("bye post restart", False),
        ("bye B restart", False),
        ("bye B restart restart", False),
        ("bye B book asleep restart", False),
        ("bye B bye restart", True),
    ],
)
def test_who_has_said_bye_holds_nothing_after_a_restart(
    world: World, steps: str, free: bool
) -> None:
    world.publisher().say(book(flags=REPLY))
    for step in steps.split():
        world = _live_through(world, step)
    told = world.peer().hello(C)
    status, answer = world.post(book(1, NOW + SECOND, snapshot=True), C)
    if free:
        assert told["resume_from"] == {"0": 1}
        assert (status, world.channel().stream.phase) == (200, "synced")
    else:
        assert (told["code"], answer["code"]) == ("instrument_busy", "instrument_busy")
        assert world.publisher(C, takeover=True).dialogue.session == C


def test_bye_is_journaled_once_and_shapes_no_output(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    channel = world.channel()
    state = channel.stream.freeze()
    peer.say({"type": "bye"})
    peer.say({"type": "bye"})
    assert channel.stream.freeze() == state
    again = world.publisher()
    world.publisher(takeover=True)
    again.leave()
    holds = [entry for entry in world.entries() if isinstance(entry, HoldEntry)]
    assert holds == [HoldEntry(False), HoldEntry(True)]


@pytest.mark.parametrize("session", [B, A], ids=["takeover", "reconnect"])
def test_the_superseded_publisher_writes_no_more(world: World, session: str) -> None:
    old = world.publisher()
    old.say(book(flags=REPLY))
    new = world.publisher(session, takeover=True)
    assert old.code == 4409
    entries, channel = world.journaled(), world.channel()
    expected = channel.session.expected
    for left in (
        sizes(expected, 3),
        book(expected, NOW + SECOND, snapshot=True, size=66),
        {"type": "heartbeat", "time": NOW + 9 * SECOND},
        {"type": "heartbeat", "last": {"0": 99}, "time": NOW + 9 * SECOND},
        check(channel, wrong=1),
        {"type": "makers", "stream": 0, "names": ["X"]},
        {"type": "bye", "time": NOW + 9 * SECOND},
    ):
        old.dialogue.handle(encode_frame(left) if isinstance(left, Frame) else json.dumps(left))
    world.runtime.pipeline.drain()
    old.leave()
    assert world.journaled() == entries
    assert channel.publisher is new.dialogue
    assert channel.live.connected
    new.say(book(expected, NOW + SECOND, flags=REPLY))
    assert new.of("ack")[-1]["seq"] == expected + 19
    assert world.peer().hello("c" * 8 + A[8:])["code"] == "instrument_busy"


def test_a_post_may_supersede_a_silent_socket(world: World) -> None:
    old = world.publisher()
    old.say(book(flags=REPLY))
    world.pass_time(30)
    status, answer = world.post(book(1, NOW + SECOND), B)
    assert (status, answer["ack"]["seq"], old.code) == (200, 20, 4409)
    entries = world.journaled()
    old.dialogue.handle(encode_frame(sizes(21, 1)))
    world.runtime.pipeline.drain()
    assert world.journaled() == entries


def test_sources_never_share(world: World) -> None:
    for number, source in enumerate(("live", "playback", "replay", "demo"), 1):
        peer = world.publisher(f"{number}" * 8 + A[8:], source=source)
        peer.say(book(size=number, flags=REPLY))
    tops = [world.channel(Source(s)).stream.analyzer.top(1)[1][0][1] for s in Source]
    assert tops == [1, 2, 3, 4]
    assert sorted(path.name for path in world.folder.iterdir() if path.is_dir()) == [
        "live", "playback", "replay"
    ]  # fmt: skip


def test_socket_and_post_share_the_numbers(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    assert world.post(sizes(21, 5))[1]["ack"]["seq"] == 25
    peer.say(sizes(21, 7))
    status, answer = world.post(sizes(24, 4))
    assert (status, answer["ack"]["seq"]) == (200, 27)
    assert world.channel().counters.duplicates == 5 + 4
    assert world.channel().stream.analyzer.top(1)[1] == [(27_250, 27)]
    status, answer = world.post(sizes(30, 1))
    assert (status, answer["code"], answer["from"]) == (409, "gap", 28)
    assert reasons(peer) == ["gap"]
    peer.say(sizes(28, 3))
    assert world.channel().session.expected == 31


def test_posts_after_a_fault(world: World) -> None:
    world.post(book())
    status, answer = world.post(disorder(21))
    assert (status, answer["code"], answer["ack"]["seq"]) == (409, "book_fault", 22)
    status, answer = world.post(sizes(23, 1))
    assert (status, answer["code"], answer["from"]) == (409, "resync_required", 23)
    status, answer = world.post(book(23, NOW + 2 * SECOND, snapshot=True))
    assert (status, answer["metrics"]["phase"]) == (200, "synced")
    assert world.post(sizes(23, 1, NOW + 3 * SECOND))[0] == 200


def test_a_post_meets_a_busy_instrument(world: World) -> None:
    peer = world.publisher()
    status, answer = world.post(book(), B)
    assert (status, answer["code"]) == (409, "instrument_busy")
    row = {"time": NOW, "side": "bid", "operation": "add", "position": 0, "price": 1, "volume": 1}
    anonymous = {"type": "l2_update", "instrument": SYMBOL, "updates": [row]}
    assert world.post(anonymous)[1]["code"] == "instrument_busy"
    assert world.post(book())[0] == 200, "its own session may post"
    peer.say({"type": "bye"})
    assert world.post(book(1, NOW + SECOND), B)[0] == 200


# Acks, heartbeats, time


def test_acks_by_count_time_and_at_once(tmp_path: Path) -> None:
    world = World(tmp_path, ack_frames=3, ack_ms=1_000)
    peer = world.publisher()
    assert [len(peer.say(sizes(n, 1, flags=0))) for n in (1, 2, 3)] == [0, 0, 1]
    peer.say(sizes(4, 1, flags=0))
    world.clock.monotonic += SECOND - 1
    world.runtime.tick(world.clock.monotonic)
    world.runtime.pipeline.drain()
    assert peer.of("ack")[-1]["seq"] == 3
    world.clock.monotonic += 1
    world.runtime.tick(world.clock.monotonic)
    world.runtime.pipeline.drain()
    assert peer.of("ack")[-1] == {"type": "ack", "stream": 0, "seq": 4, "durable_seq": 0}
    peer.say(sizes(5, 1, flags=REPLY))
    assert peer.of("ack")[-1]["seq"] == 5
    due = world.runtime.unsynced()
    for channel in due:
        channel.sync()
    world.runtime.synced(due, [])
    world.runtime.pipeline.drain()
    assert peer.of("ack")[-1] == {"type": "ack", "stream": 0, "seq": 5, "durable_seq": 5}


def test_heartbeats_show_a_lost_last_record(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    world.pass_time(5)
    assert peer.of("heartbeat")[-1] == {
        "type": "heartbeat", "last": {"0": 20}, "time": world.clock.wall
    }  # fmt: skip
    peer.say({"type": "heartbeat", "last": {"0": 20}, "time": NOW + SECOND})
    assert reasons(peer) == []
    peer.say({"type": "heartbeat", "last": {"0": 21}, "time": NOW + 2 * SECOND})
    assert peer.of("resync") == [{"type": "resync", "stream": 0, "from": 21, "reason": "gap"}]
    assert world.channel().stream.analyzer.clock == NOW + SECOND, "not past what is missing"


HOUR = 3_600 * SECOND


def ahead(time: int) -> list[Callable[[World, Peer], tuple[str, str | None]]]:
    """All ways to say a time; each returns code and field of the refusal."""
    row = {"time": time, "side": "bid", "operation": "update", "position": 0, "price": 6812.25}
    l2 = {"type": "l2_update", "stream": 0, "updates": [{**row, "time": NOW, "volume": 1}]}
    l2["updates"].append({**row, "volume": 1})  # type: ignore[attr-defined]
    bar = {"type": "bar_update", "stream": 0, "time": time, "open": 1, "high": 1, "low": 1}
    bar |= {"close": 1, "volume": 1}
    snapshot = {"type": "snapshot", "stream": 0, "time": time, "bids": [], "asks": []}

    def said(message: dict[str, Any] | Frame) -> Callable[[World, Peer], tuple[str, str | None]]:
        def say(_: World, peer: Peer) -> tuple[str, str | None]:
            (answer,) = peer.say(message)
            return answer["code"], answer.get("field")

        return say

    def posted(message: dict[str, Any] | Frame) -> Callable[[World, Peer], tuple[str, str | None]]:
        def post(world: World, _: Peer) -> tuple[str, str | None]:
            status, answer = world.post(message)
            assert status == 400
            return answer["code"], answer.get("field")

        return post

    late = sizes(21, 2, time - 5)
    late.records["dt"][1] = 5
    named = {"instrument": SYMBOL, "session": A, "seq": 21}
    return [
        said({"type": "heartbeat", "time": time}),
        said({"type": "bye", "time": time}),
        said(late),
        said(l2),
        said(bar),
        said(snapshot),
        said(book(21, time, snapshot=True)),
        posted(late),
        posted({**l2, **named}),
        posted({**snapshot, **named}),
    ]


@pytest.mark.parametrize(
    "time",
    [NOW + HOUR + 1, 2**62 - 2**33, 5, NOW // 1_000_000_000, NOW // 1000, 946_684_799 * SECOND],
    ids=["an hour", "2116", "unset", "seconds", "microseconds", "1999"],
)
def test_live_times_far_from_now_are_refused(world: World, time: int) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    channel, entries = world.channel(), world.journaled()
    before = channel.stream.freeze()
    for way in ahead(time):
        code, field = way(world, peer)
        assert (code, field in ("time", "base", "dt")) == ("out_of_range", True)
    assert (channel.stream.freeze(), world.journaled()) == (before, entries)
    assert channel.session.expected == 21
    peer.say(sizes(21, 1, NOW + HOUR))
    assert peer.of("ack")[-1]["seq"] == 21, "up to an hour is somebody's clock"


def test_times_that_no_clock_can_hold_are_refused_of_any_source(world: World) -> None:
    peer = world.publisher(source="replay")
    for time in (2**62, 2**63 - 1, -1, "2262-01-01T00:00:00Z"):
        (answer,) = peer.say({"type": "heartbeat", "time": time})
        assert (answer["code"], answer["field"]) == ("out_of_range", "time")


def test_played_times_may_be_any(world: World) -> None:
    for source in ("playback", "replay", "demo"):
        peer = world.publisher(source=source)
        peer.say(book(time=NOW + 20 * 365 * 24 * HOUR, flags=REPLY))
        assert peer.of("ack")[-1]["seq"] == 20


def test_silence_makes_stale(world: World) -> None:
    peer = world.publisher(subscribe=["metrics"])
    peer.say(book(flags=REPLY))
    peer.say(sizes(21, 1))
    world.pass_time(14.75)
    assert world.channel().stream.phase == "synced"
    world.pass_time(0.25)
    assert peer.of("metrics")[-1]["phase"] == "stale"
    world.pass_time(60)
    stale = [e for e in world.entries() if isinstance(e, PhaseEntry)]
    assert stale == [PhaseEntry("stale", "silent")]
    assert reasons(peer) == [], "nothing is known to be missing"
    peer.say({"type": "heartbeat", "last": {"0": 21}, "time": NOW + 2 * SECOND})
    assert peer.of("metrics")[-1]["phase"] == "synced"


def test_silence_while_closed_is_quiet(world: World) -> None:
    """ES closes at 17:00 New York and opens at 18:00; the clock is at 16:59."""
    close = NOW + 7 * HOUR + 600 * SECOND
    world.clock.wall = close - 60 * SECOND
    peer = world.publisher()
    peer.say(book(time=close - 60 * SECOND, flags=REPLY))
    peer.say({"type": "heartbeat", "time": close})
    channel = world.channel()
    assert channel.stream.phase == "closed"
    world.clock.wall = close + SECOND
    world.runtime.slow_tick(world.clock.monotonic)
    peer.say(book(21, close + SECOND, snapshot=True))
    world.pass_time(120)
    assert channel.stream.phase == "closed"
    world.pass_time(3_600 - 125)
    assert channel.stream.phase == "closed"
    world.pass_time(10)
    assert channel.stream.phase == "stale", "the market is open again, and nobody speaks"


def test_a_playback_pauses_and_goes_on(world: World) -> None:
    peer = world.publisher(source="playback", subscribe=["metrics"])
    peer.say(book(flags=REPLY))
    peer.say(sizes(21, 1))
    channel = world.channel(Source.PLAYBACK)
    clock = channel.stream.analyzer.clock

    def beat(**fields: Any) -> None:
        world.pass_time(5)
        peer.say({"type": "heartbeat", "time": clock, **fields})

    for _ in range(8):
        beat(paused=True)
        assert (channel.stream.phase, channel.stream.analyzer.clock) == ("paused", clock)
    assert [m["phase"] for m in peer.of("metrics")][-1] == "paused"
    beat()
    assert channel.stream.phase == "synced"
    beat(paused=True)
    peer.say(sizes(22, 1, NOW + 2 * SECOND))
    assert channel.stream.phase == "synced", "a record ends the pause"
    phases = [e for e in world.entries("playback") if isinstance(e, PhaseEntry)]
    assert phases == [
        PhaseEntry("paused", ""), PhaseEntry("paused", "over"), PhaseEntry("paused", "")
    ]  # fmt: skip
    beats = [e for e in world.entries("playback") if isinstance(e, ClockEntry)]
    assert len(beats) == 1, "a pause moves no clock"


def test_live_does_not_pause(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    (answer,) = peer.say({"type": "heartbeat", "paused": True})
    assert (answer["code"], answer["field"]) == ("out_of_range", "paused")
    assert world.channel().stream.phase != "paused"


# Whose stream it is


def test_a_stream_belongs_to_one_connection(world: World) -> None:
    owner = world.publisher()
    owner.say(book(flags=REPLY))
    other = world.publisher(B, instruments=[{"symbol": "NQ 12-26"}])
    (answer,) = other.say(sizes(21, 1)._replace(stream=1))
    assert (answer["code"], answer["stream"]) == ("unknown_stream", 1)
    watcher = world.peer()
    watcher.hello(B, role="subscriber", instruments=[])
    (answer,) = watcher.say(sizes(21, 1))
    assert answer["code"] == "not_publisher"
    row = {"time": NOW, "side": "bid", "operation": "add", "position": 0, "price": 1, "volume": 1}
    (answer,) = other.say({"type": "l2_update", "instrument": SYMBOL, "updates": [row]})
    assert answer["code"] == "unknown_stream"
    assert world.channel().session.expected == 21


def test_a_message_may_not_contradict_hello(world: World) -> None:
    peer = world.publisher(source="replay")
    peer.say(book(flags=REPLY))
    row = {"time": NOW, "side": "bid", "operation": "update", "position": 0, "price": 6812.25}
    message = {"type": "l2_update", "stream": 0, "updates": [{**row, "volume": 1}]}
    for field, value in (("session", B), ("source", "live")):
        (answer,) = peer.say({**message, field: value})
        assert (answer["code"], answer["field"]) == ("contradiction", field)
    peer.say({**message, "session": A.upper(), "source": "replay"})
    assert world.channel(Source.REPLAY).session.expected == 22


def test_one_instrument_under_two_names_is_one_stream(world: World) -> None:
    peer = world.peer()
    names = [{"symbol": "ES 12-26"}, {"symbol": "ESZ6"}, {"symbol": "ES 12-26"}]
    welcome = peer.hello(instruments=names)
    assert welcome["streams"] == {"ES 12-26": 0, "ESZ6": 0}
    assert welcome["resume_from"] == {"0": 1}
    heard = peer.say(book(flags=REPLY))
    assert [one["type"] for one in heard].count("ack") == 1


def test_a_message_may_not_contradict_its_stream(world: World) -> None:
    peer = world.publisher()
    peer.say(book(flags=REPLY))
    row = {"time": NOW, "side": "bid", "operation": "update", "position": 0, "price": 6812.25}
    message = {"type": "l2_update", "stream": 0, "updates": [{**row, "volume": 1}]}
    for field, value, code in (
        ("instrument", "NQ 12-26", "contradiction"),
        ("tick_size", 0.5, "tick_size_conflict"),
        ("size_step", 2, "tick_size_conflict"),
    ):
        (answer,) = peer.say({**message, field: value})
        assert (answer["code"], world.channel().session.expected) == (code, 21)
    peer.say({**message, "instrument": "ESZ6", "tick_size": 0.25, "size_step": 1})
    assert world.channel().session.expected == 22
