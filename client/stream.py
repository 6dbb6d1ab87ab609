"""One published instrument: numbers, ring, shadow book, and what to send next. No I/O."""

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from client.ring import CAPACITY, Ring
from market.enums import FrameFlag, FrameType, Kind, Side
from market.instrument import Instrument
from market.record import MAX_RECORDS, RECORD, REWIND_NS, Frame, Records, make_frames
from market.ticks import Grid
from orderbook import OrderBook
from wire.batches import BarUpdate, Series
from wire.checksum import LEVELS, book_crc32
from wire.codes import ResyncReason
from wire.frames import encode_frame
from wire.messages import Check, Makers, encode_message

__all__ = ["BATCH", "CHECK_NS", "CHECK_RECORDS", "PublishedStream", "warmup"]

BATCH: Final = 200
"""Most records of a frame while the sender keeps up; behind that, as many as the server takes."""
CHECK_RECORDS: Final = 500
CHECK_NS: Final = 250_000_000
_AGAIN: Final = 3
_BEHIND: Final = 4_000
_MARKS: Final = 1024
"""Checks that wait; beyond that the oldest are dropped."""

Levels = Sequence[tuple[int, int]]


class PublishedStream:
    """What a publisher knows of one instrument.

    Attributes:
        instrument: its definition.
        ring: numbers and records.
        book: the shadow book, after everything that was pushed.
        index: of the stream on the present connection.
        sent: next number to send.
        time: newest event time, ns UTC.
        faults: rows pushed that no market can have; each emptied the shadow book.
        resyncs: how often the server asked.
        refusals: how often it refused a frame or a bar.
        durable_seq: highest number that is on the server's disk; None where it keeps no journal.
    """

    def __init__(
        self,
        instrument: Instrument,
        *,
        capacity: int = CAPACITY,
        batch: int = BATCH,
        reply_now: bool = False,
    ) -> None:
        """Begin with an empty book and number 1.

        Args:
            instrument: its definition.
            capacity: records kept for sending again.
            batch: most records of a frame while the sender keeps up.
            reply_now: ask for ack and metrics with every frame after which nothing waits.
        """
        self.instrument: Final = instrument
        self.ring: Final = Ring(capacity)
        self.book: Final = OrderBook(instrument.depth_levels)
        self.index = 0
        self.sent = 1
        self.time = 0
        self.faults = 0
        self.resyncs = 0
        self.refusals = 0
        self.durable_seq: int | None = 0
        self._refused_at = 0
        self._again = 0
        self.most = MAX_RECORDS
        self._batch: Final = batch
        self._reply_now: Final = reply_now
        self._makers: tuple[str, ...] = ()
        self._queued: deque[bytes | str] = deque()
        self._marks: deque[tuple[int, int]] = deque(maxlen=_MARKS)
        self._marked = 0
        self._marked_at = 0
        self._snapshot = False
        self._seed: tuple[Records, int] | None = None

    @property
    def backlog(self) -> int:
        """Records that wait to be sent."""
        return self.ring.end - self.sent

    @property
    def settled(self) -> bool:
        """Whether everything was sent and acknowledged."""
        waiting = self._snapshot or bool(self._queued)
        return not waiting and self.ring.acked == self.ring.end - 1

    @property
    def durable(self) -> bool:
        """Whether everything numbered is on the server's disk, if it keeps a journal."""
        return self.durable_seq is None or self.durable_seq >= self.ring.end - 1

    def seed(self, bids: Levels, asks: Levels, time: int) -> None:
        """Begin from a known book, (ticks, size), best first: a snapshot goes out first.

        It goes out first on every connection to a server that expects number 1.
        """
        self.book.load(bids, asks)
        self._seeded(time)

    def seed_orders(self, orders: Records, time: int) -> None:
        """The same for a book of orders: adds, those of one price in the order of their queue."""
        self.book.load_orders(orders, time)
        self._seeded(time)

    def _seeded(self, time: int) -> None:
        self.time = max(self.time, time)
        if self.ring.end == 1:
            self._seed = self._adds(), time
        self._snapshot = True

    def push(self, frame: Frame, now: int) -> None:
        """Number the records of a frame of events (its own number is ignored).

        A step back in time of more than 5 s is a rewind of the playback: :meth:`reset` first.

        Args:
            frame: events.
            now: monotonic ns; only for the pace of checks.
        """
        if not len(frame.records):
            return
        if frame.historical:
            self.ring.append(frame)
            return
        if frame.base + int(frame.records["dt"][0]) < self.time - REWIND_NS:
            self.time = frame.base
            self.reset()
        for start in range(0, len(frame.records), CHECK_RECORDS):
            part = frame._replace(records=frame.records[start : start + CHECK_RECORDS])
            self.ring.append(part)
            self._shadow(part)
            if self.ring.end - self._marked >= CHECK_RECORDS or now - self._marked_at >= CHECK_NS:
                self._mark(now)
        self.time = max(self.time, frame.base + int(frame.records["dt"].max()))

    def backfill(self, trades: Records, times: NDArray[np.int64]) -> None:
        """Tell the server all trades of the session so far again, so that its sums are complete.

        Live records may be pushed before it is sent. Lists that outgrow the ring are told in parts
        by whoever calls :meth:`push` with historical frames.

        Args:
            trades: RECORD array of kind trade, in order; not empty.
            times: ns UTC of each.

        Raises:
            ValueError: it is empty, or longer than the ring.
        """
        if not 0 < len(trades) <= len(self.ring):
            raise ValueError(f"{len(trades)} trades do not fit into the ring")
        records = trades.copy()
        records["ref"] = np.arange(1, len(records) + 1, dtype=np.uint64)
        historical = int(FrameFlag.HISTORICAL)
        for frame in make_frames(records, times, self.ring.end):
            ends = int(records["ref"][-1]) == int(frame.records["ref"][-1])
            self.push(frame._replace(flags=historical | (int(FrameFlag.LAST) if ends else 0)), 0)

    def push_bar(self, values: Mapping[str, Any]) -> None:
        """Number a bar; ``values`` as in ``bar_update``."""
        self.ring.append_bar(values)

    def advance(self, time: int) -> None:
        """No record before ``time`` will come any more; heartbeats carry it."""
        self.time = max(self.time, time)

    @property
    def told_time(self) -> int:
        """What a heartbeat may say; 0, nothing, while records wait to be sent."""
        return self.time if self.sent >= self.ring.end else 0

    def set_makers(self, names: Sequence[str]) -> None:
        """Names that ``ref`` of depth records refers to; to be called before those are pushed."""
        self._makers = tuple(names)
        self._queued.append(self._makers_message())

    def reset(self) -> None:
        """The feed was reset or reconnected: empty the shadow book, and let the server know.

        One number is skipped, so that the server sees that records may be missing; what was not
        sent yet is forgotten.
        """
        self.book.clear()
        self.ring.skip()
        self.sent = self.ring.end
        self._snapshot = not self._queue_snapshot(0)

    def welcomed(self, index: int, resume: int, most: int) -> None:
        """A connection began; the server expects ``resume`` next."""
        self.index = index
        self.most = min(most, MAX_RECORDS)
        self._queued.clear()
        if self._makers:
            self._queued.append(self._makers_message())
        self.ring.resume(resume)
        if self._seed is not None and resume == self.ring.first == 1:
            self._snapshot = False  # the seed is one
        self._rewind(resume)

    def acknowledged(self, seq: int, durable: int | None = None) -> None:
        """The server has everything up to ``seq``, up to ``durable`` on disk."""
        self.ring.acknowledge(seq)
        self.durable_seq = durable

    def refused(self, seq: int, *, on_the_way: bool) -> None:
        """The server refused what begins at ``seq``, whole.

        Damage on the way is sent again, a few times. What is wrong in itself would be refused for
        ever: it is given up, and a snapshot goes on behind it.
        """
        self.refusals += 1
        self._again = self._again + 1 if seq == self._refused_at else 0
        self._refused_at = seq
        again = on_the_way and self._again < _AGAIN
        if again:
            self._snapshot = self._snapshot or seq >= self.ring.end
            self._rewind(seq)
        elif seq < self.sent:
            self._skip()

    def resync(self, from_: int, reason: str) -> None:
        """The server asks: for missing records the ring answers, for a wrong book a snapshot."""
        self.resyncs += 1
        if reason == ResyncReason.GAP:
            self._rewind(from_)
        else:
            self._snapshot = True

    def _rewind(self, seq: int) -> None:
        """Go on sending at ``seq``; if the ring has lost it, or never had it, with a snapshot.

        Number 1 comes after the seed: on an empty book the changes would make another one.
        """
        if self.ring.first <= seq <= self.ring.end:
            if self._seed is not None and seq == 1:
                self._queue_records(*self._seed, 1)
            self.sent = seq
            return
        self._skip()

    def _skip(self) -> None:
        """Give up what was not sent or not taken: go on with a snapshot."""
        self.sent = self.ring.end
        self._snapshot = not self._queue_snapshot(0)

    def next_message(self, wall: int) -> bytes | str | None:
        """What to send now: bytes are a frame, text is JSON; None: nothing.

        Args:
            wall: the sender's clock, ns UTC.
        """
        if self.sent < self.ring.first:
            self._rewind(self.sent)
        if self._queued:
            return self._queued.popleft()
        while self._marks and self._marks[0][0] < self.sent - 1:
            self._marks.popleft()
        if self._marks and self._marks[0][0] == self.sent - 1:
            seq, crc = self._marks.popleft()
            return _text(Check(stream=self.index, seq=seq, crc32=crc))
        if self.sent < self.ring.end:
            return self._next(wall)
        if self._snapshot and self._queue_snapshot(wall):
            self._snapshot = False
            return self._queued.popleft()
        return None

    def _next(self, wall: int) -> bytes | str:
        bar = self.ring.bar(self.sent)
        if bar is not None:
            self.sent += 1
            return self._bar_message(self.sent - 1, bar)
        most = min(self._batch if self.backlog < _BEHIND else MAX_RECORDS, self.most)
        if self._marks:
            most = min(most, self._marks[0][0] + 1 - self.sent)
        frame = self.ring.frame(self.sent, most)._replace(stream=self.index, sent=wall)
        if self._reply_now and frame.end == self.ring.end:
            frame = frame._replace(flags=frame.flags | int(FrameFlag.REPLY_NOW))
        self.sent = frame.end
        return encode_frame(frame, guard=True)

    def _shadow(self, part: Frame) -> None:
        """Apply to the shadow book; a fault empties it, as a tolerant reader would."""
        records, start = part.records, 0
        while start < len(records):
            outcome = self.book.apply(records[start:], part.base)
            if outcome.fault is None:
                return
            self.faults += 1
            self.book.clear()
            start += outcome.applied

    def _mark(self, now: int) -> None:
        bids, asks = self.book.top(LEVELS)
        self._marks.append((self.ring.end - 1, book_crc32(asks, bids)))
        self._marked = self.ring.end
        self._marked_at = now

    def _queue_snapshot(self, wall: int) -> bool:
        """Queue the shadow book, unless an event is only half told and its rows are in disorder."""
        bids, asks = self.book.levels()
        if not (_sorted(bids, -1) and _sorted(asks, 1)):
            return False
        self._queue_records(self._adds(), self.time, self.ring.end, wall)
        self._marks.clear()
        return True

    def _adds(self) -> Records:
        """The shadow book as a snapshot's records."""
        if self.book.by_order:
            return self.book.adds()
        return _snapshot_records(*self.book.levels())

    def _queue_records(self, records: Records, time: int, seq: int, wall: int = 0) -> None:
        """Queue a snapshot in front of number ``seq``, and the check that it went in well."""
        parts = np.array_split(records, range(MAX_RECORDS, len(records), MAX_RECORDS))
        for number, part in enumerate(parts, 1):
            flags = int(FrameFlag.LAST) if number == len(parts) else 0
            frame = Frame(part, time, seq, FrameType.SNAPSHOT, flags, self.index, wall)
            self._queued.append(encode_frame(frame, guard=True))
        book = OrderBook(self.instrument.depth_levels)
        book.apply(records)
        bids, asks = book.top(LEVELS)
        crc = book_crc32(asks, bids)
        self._queued.append(_text(Check(stream=self.index, seq=seq - 1, crc32=crc)))

    def _bar_message(self, seq: int, values: Mapping[str, Any]) -> str:
        fields = {**values, "series": Series(**values["series"])}
        return _text(BarUpdate(stream=self.index, seq=seq, **fields))

    def _makers_message(self) -> str:
        return _text(Makers(stream=self.index, names=self._makers))


def warmup() -> None:
    """Compile what a shadow book needs, for writable and for read-only records."""
    instrument = Instrument("", "", Grid("0.25"), Grid(1), 1.0, "always")
    stream = PublishedStream(instrument)
    for writable in (True, False):
        records = np.zeros(1, RECORD)
        records.flags.writeable = writable
        stream.push(Frame(records, 0, 1), CHECK_NS)
    stream.seed([], [], 0)


def _sorted(rows: Levels, sign: int) -> bool:
    return all(sign * (b[0] - a[0]) > 0 for a, b in pairwise(rows))


def _snapshot_records(bids: Levels, asks: Levels) -> Records:
    records = np.zeros(len(bids) + len(asks), RECORD)
    records["kind"] = Kind.DEPTH_PRICE
    records["side"] = [int(Side.BID)] * len(bids) + [int(Side.ASK)] * len(asks)
    records["price"] = [ticks for ticks, _ in (*bids, *asks)]
    records["size"] = [size for _, size in (*bids, *asks)]
    return records


def _text(message: Check | Makers | BarUpdate) -> str:
    return encode_message(message).decode()
