import numpy as np
import pytest

from client.stream import PublishedStream
from market.enums import FrameFlag, FrameType, Kind
from market.record import RECORD, Frame
from orderbook import Book
from tests.client.fake_server import ES, depth_frames
from wire.checksum import book_crc32
from wire.frames import decode_frame
from wire.messages import Check, Makers, decode_message

SECOND = 10**9


def drained(stream: PublishedStream) -> list[bytes | str]:
    found = []
    while (message := stream.next_message(7)) is not None:
        found.append(message)
    return found


def texts(messages: list[bytes | str], kind: type) -> list[object]:
    decoded = [decode_message(m) for m in messages if isinstance(m, str)]
    return [m for m in decoded if isinstance(m, kind)]


def test_frames_carry_numbers_times_and_the_clock() -> None:
    stream = PublishedStream(ES, reply_now=True)
    stream.welcomed(3, 1, 4096)
    source = depth_frames(450, 30)
    for frame in source:
        stream.push(frame, 0)
    frames = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    assert [(f.seq, len(f.records)) for f in frames] == [(1, 200), (201, 200), (401, 50)]
    assert {(f.stream, f.sent, f.type) for f in frames} == {(3, 7, FrameType.EVENTS)}
    assert [bool(f.flags & FrameFlag.REPLY_NOW) for f in frames] == [False, False, True]
    assert stream.time == 10**18 + 449_000_000


def test_a_check_every_500_records_or_250_ms() -> None:
    stream = PublishedStream(ES)
    for frame in depth_frames(2000, 10):
        stream.push(frame, 0)
    checks = texts(drained(stream), Check)
    assert [check.seq for check in checks] == [500, 1000, 1500, 2000]  # type: ignore[attr-defined]
    late = PublishedStream(ES)
    for number, frame in enumerate(depth_frames(100, 10)):
        late.push(frame, number * SECOND // 10)
    seqs = [check.seq for check in texts(drained(late), Check)]  # type: ignore[attr-defined]
    assert seqs == [40, 70, 100]


def test_makers_come_first_on_every_connection() -> None:
    stream = PublishedStream(ES)
    stream.set_makers(["A", "B"])
    stream.push(depth_frames(20)[0], 0)
    stream.welcomed(1, 1, 4096)
    first = drained(stream)
    assert isinstance(first[0], str)
    assert decode_message(first[0]) == Makers(stream=1, names=("A", "B"))
    stream.welcomed(2, 21, 4096)
    assert texts(drained(stream), Makers) == [Makers(stream=2, names=("A", "B"))]


def test_a_fault_of_the_feed_empties_the_shadow_book_and_is_counted() -> None:
    stream = PublishedStream(ES)
    frame = depth_frames(20, 20)[0]
    stream.push(frame, 0)
    wrong = frame.records[:3].copy()
    wrong["op"], wrong["dt"] = 1, [0, 1, 2]
    wrong["side"], wrong["position"], wrong["price"] = 1, [5, 0, 0], [18_500, 18_000, 18_000]
    stream.push(Frame(wrong, 2 * 10**18, 0), 0)
    assert stream.faults == 1
    assert stream.book.top(10) == ([(18_000, int(wrong["size"][2]))], [])
    assert stream.ring.end == 24


def test_the_servers_limit_of_a_frame_holds() -> None:
    stream = PublishedStream(ES)
    stream.welcomed(0, 1, 64)
    for frame in depth_frames(6000, 500):
        stream.push(frame, 0)
    frames = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    assert max(len(f.records) for f in frames) == 64
    refs = np.concatenate([f.records["ref"] for f in frames])
    assert refs.tolist() == list(range(1, 6001))


def test_a_heartbeat_does_not_run_ahead_of_records_that_wait() -> None:
    """The server would take them for late ones, and from 5 s on for a rewind."""
    stream = PublishedStream(ES)
    stream.welcomed(1, 1, 4096)
    for frame in depth_frames(450, 30):
        stream.push(frame, 0)
    assert stream.told_time == 0
    stream.next_message(7)
    assert stream.told_time == 0
    drained(stream)
    assert stream.told_time == stream.time == 10**18 + 449_000_000


def test_a_back_fill_is_sent_and_sent_again_with_its_places_and_its_end() -> None:
    stream = PublishedStream(ES, batch=50)
    for frame in depth_frames(20, 20):
        stream.push(frame, 0)
    book, time = stream.book.top(10), stream.time
    trades = np.zeros(120, RECORD)
    trades["kind"], trades["size"] = Kind.TRADE, np.arange(120)
    stream.backfill(trades, np.full(120, time - 60 * SECOND, np.int64))
    assert (stream.book.top(10), stream.time) == (book, time), "the past changes nothing"
    for resume in (1, 21, 71, 100):
        stream.welcomed(0, resume, 4096)
        frames = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
        told = [f for f in frames if f.historical]
        assert told[0].seq == max(resume, 21)
        assert np.concatenate([f.records["ref"] for f in told]).tolist() == list(
            range(max(resume, 21) - 20, 121)
        )
        assert [bool(f.flags & FrameFlag.LAST) for f in told] == [False] * (len(told) - 1) + [True]
        assert all(not f.flags for f in frames if not f.historical)


@pytest.mark.parametrize("count", [0, 41])
def test_a_back_fill_that_the_ring_cannot_hold_is_refused(count: int) -> None:
    stream = PublishedStream(ES, capacity=40)
    with pytest.raises(ValueError, match="do not fit"):
        stream.backfill(np.zeros(count, RECORD), np.zeros(count, np.int64))
    assert stream.ring.end == 1


def test_every_snapshot_is_followed_by_its_check() -> None:
    stream = PublishedStream(ES)
    book = Book(10)
    for frame in depth_frames(300, 30):
        stream.push(frame, 0)
        book.apply(frame.records, frame.base)
    drained(stream)
    stream.resync(301, "checksum")
    frame, check = drained(stream)
    assert isinstance(frame, bytes)
    assert decode_frame(frame).type == FrameType.SNAPSHOT
    bids, asks = book.top(10)
    assert isinstance(check, str)
    assert decode_message(check) == Check(stream=0, seq=300, crc32=book_crc32(asks, bids))


@pytest.mark.parametrize(
    ("asked", "first", "kind"),
    [
        (39, 105, FrameType.SNAPSHOT),
        (40, 105, FrameType.SNAPSHOT),
        (41, 41, FrameType.EVENTS),
        (50, 50, FrameType.EVENTS),
    ],
)
def test_what_the_ring_has_forgotten_is_skipped_with_a_snapshot(
    asked: int, first: int, kind: FrameType
) -> None:
    """A ring of 64 that was given 104."""
    stream = PublishedStream(ES, capacity=64)
    for frame in depth_frames(104, 8):
        stream.push(frame, 0)
    drained(stream)
    stream.resync(asked, "gap")
    frames = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    assert (frames[0].seq, frames[0].type) == (first, kind)
    assert sum(len(f.records) for f in frames if f.type == FrameType.EVENTS) == 105 - first


def test_a_book_of_orders_is_told_as_its_orders() -> None:
    """After a resync, and where it began from one; those between two ticks are left out."""
    rows = [(1, 18_000, 5, 7), (1, 18_000, 2, 3), (0, 18_002, 4, 2**64 - 1)]
    records = np.zeros(3, RECORD)
    records["kind"], records["position"] = Kind.ORDER, 1
    for record, (side, price, size, ref) in zip(records, rows, strict=True):
        record["side"], record["price"], record["size"], record["ref"] = side, price, size, ref
    between = records[:1].copy()
    between["position"], between["price"], between["ref"] = 2, 4_500_000_000_001, 9
    pushed, seeded = PublishedStream(ES), PublishedStream(ES)
    pushed.push(Frame(records, 10**18, 0), 0)
    pushed.book.apply(between)
    drained(pushed)
    pushed.resync(4, "checksum")
    seeded.seed_orders(records, 10**18)
    seeded.welcomed(0, 1, 4096)
    for stream, seq in ((pushed, 4), (seeded, 1)):
        told, check = drained(stream)
        assert isinstance(told, bytes)
        frame = decode_frame(told)
        assert (frame.type, frame.seq, frame.flags) == (FrameType.SNAPSHOT, seq, FrameFlag.LAST)
        assert set(frame.records["kind"].tolist()) == {Kind.ORDER}
        fields = ["side", "price", "size", "ref"]
        assert sorted(frame.records[fields].tolist()) == sorted(rows)
        bids = [row[3] for row in frame.records[fields].tolist() if row[0] == 1]
        assert bids == [7, 3], "in the order of their queue"
        assert isinstance(check, str)
        crc = book_crc32([(18_002, 4)], [(18_000, 7)])
        assert decode_message(check) == Check(stream=0, seq=seq - 1, crc32=crc)


def test_damage_on_the_way_is_sent_again_but_not_for_ever() -> None:
    stream = PublishedStream(ES)
    for frame in depth_frames(60, 20):
        stream.push(frame, 0)
    first = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    for _ in range(3):
        stream.refused(1, on_the_way=True)
        again = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
        assert [frame.seq for frame in again] == [frame.seq for frame in first] == [1]
    stream.refused(1, on_the_way=True)
    last = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    assert [(frame.type, frame.seq) for frame in last] == [(FrameType.SNAPSHOT, 61)]
    stream.push(depth_frames(20, 20)[0], 0)
    drained(stream)
    stream.refused(61, on_the_way=True)
    again = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    assert [(frame.type, frame.seq) for frame in again] == [(FrameType.EVENTS, 61)]


def test_what_is_wrong_in_itself_is_never_sent_again() -> None:
    stream = PublishedStream(ES)
    for frame in depth_frames(60, 20):
        stream.push(frame, 0)
    drained(stream)
    stream.refused(1, on_the_way=False)
    rest = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    assert [(frame.type, frame.seq) for frame in rest] == [(FrameType.SNAPSHOT, 61)]
    stream.refused(61, on_the_way=False)
    assert drained(stream) == [], "an answer to something that was never sent"


def test_a_damaged_snapshot_is_made_again() -> None:
    stream = PublishedStream(ES)
    for frame in depth_frames(60, 20):
        stream.push(frame, 0)
    drained(stream)
    stream.resync(61, "checksum")
    drained(stream)
    stream.refused(61, on_the_way=True)
    again = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    assert [(frame.type, frame.seq) for frame in again] == [(FrameType.SNAPSHOT, 61)]


@pytest.mark.parametrize("count", [0, 20])
def test_a_damaged_seed_is_told_again_before_its_changes(count: int) -> None:
    """On an empty book the changes would make another one, and no number would be missing."""
    stream = PublishedStream(ES)
    stream.seed([(17_990, 5)], [(18_010, 6)], 10**18)
    for frame in depth_frames(count, 20) if count else ():
        stream.push(frame, 0)
    stream.welcomed(0, 1, 4096)
    assert isinstance(stream.next_message(7), bytes)
    stream.refused(1, on_the_way=True)
    told = [decode_frame(m) for m in drained(stream) if isinstance(m, bytes)]
    assert (told[0].type, told[0].seq) == (FrameType.SNAPSHOT, 1)
    assert told[0].records["price"].tolist() == [17_990, 18_010]
    assert [f.seq for f in told if f.type == FrameType.EVENTS] == [1] * bool(count)


def test_durable_is_more_than_settled() -> None:
    stream = PublishedStream(ES)
    stream.push(depth_frames(20, 20)[0], 0)
    stream.welcomed(0, 1, 4096)
    drained(stream)
    assert not stream.durable
    stream.acknowledged(20, 10)
    assert (stream.settled, stream.durable) == (True, False)
    stream.acknowledged(20, 20)
    assert stream.durable
    stream.welcomed(0, 11, 4096)
    assert not stream.settled, "the server lost what it had acknowledged"
    stream.acknowledged(20, None)
    assert stream.durable, "no journal"


def test_frames_guard_their_header() -> None:
    stream = PublishedStream(ES)
    stream.push(depth_frames(20, 20)[0], 0)
    frame = drained(stream)[0]
    assert isinstance(frame, bytes)
    assert frame[36:40] != bytes(4)
