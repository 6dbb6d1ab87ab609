"""The client's core, pumped by the virtual world, with a diary of what it numbered."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from client.backoff import Backoff
from client.core import Link as LinkState
from client.core import PublisherCore
from market.enums import FrameFlag, FrameType, Kind, Side, Source
from market.errors import SessionError
from market.instrument import Instrument
from market.record import RECORD, Frame, times_of
from server.posts import Poster
from server.runtime import Runtime
from tests.reference.records import Rec, frames_of, records_of
from tests.simulation.network import Link, Message
from tests.simulation.sides import SimServer
from tests.simulation.world import MS, SECOND, World
from wire.batches import Series
from wire.frames import encode_frame
from wire.messages import (
    Ack,
    BarUpdate,
    L2Update,
    QuoteUpdate,
    Resync,
    Snapshot,
    Welcome,
    encode_message,
)

__all__ = ["SimPublisher"]

_BEAT: Final = '{"type":"heartbeat"'


class SimPublisher:
    """A run of a publisher: its driver, and what it numbered."""

    def __init__(
        self,
        world: World,
        server: SimServer,
        instrument: Instrument,
        session: str,
        settings: dict[str, Any],
        *,
        source: Source = Source.LIVE,
        **options: Any,
    ) -> None:
        self.world: Final = world
        self.server: Final = server
        self.symbol: Final = instrument.symbol
        self.session: Final = session
        self.core: Final = PublisherCore(
            [instrument], session=session, source=source.value, settings=settings, **options
        )
        self.source: Final = source
        self.stream: Final = self.core.streams[self.symbol]
        self.diary: Final[dict[int, tuple[Any, ...]]] = {}
        """Number to (time, record without dt), of every record that was numbered."""
        self.bars: Final[dict[int, Mapping[str, Any]]] = {}
        """Number to bar."""
        self.history: Final[set[int]] = set()
        """Numbers of trades that were told again."""
        self.given_up: Final[set[int]] = set()
        """Numbers that nothing was given, when the playback was set back."""
        self.paused = False
        self.pushed_at: Final[dict[int, int]] = {}
        """Number to the market's moment after it."""
        self.link: Link | None = None
        self.ended: str | None = None
        self.asked: Counter[str] = Counter()
        """Reasons of the server's requests."""
        self.connections = 0
        self.posts: Counter[str] = Counter()
        """Answers to posts."""
        self.posting_until = self.offline_until = 0
        self.skipped = False
        """Posts were refused until a snapshot: what was not posted before it is a gap."""
        self._posted = 1
        self._headers = {
            "content-type": "application/octet-stream",
            "x-depthbridge-session": session,
            "x-depthbridge-instrument": instrument.symbol,
            "x-depthbridge-source": source.value,
        }
        self.acked = 0
        """Highest number that a server said was in its journal."""
        self._superseded = 0
        self._backoff = Backoff()
        world.every(250 * MS, self.pump)

    # The feed.

    def push(self, start: int, recs: Sequence[Rec]) -> None:
        """Number records; ``start`` is the market's moment before them."""
        for frame in frames_of(recs):
            end = self.stream.ring.end
            self.stream.push(frame, self.world.now)
            first = self.stream.ring.end - len(frame.records)
            for seq in range(end, first):
                self.given_up.add(seq)
                self.pushed_at[seq] = start
            self._note(first, [frame])
            for seq in range(first, self.stream.ring.end):
                start += 1
                self.pushed_at[seq] = start
        self.pump()

    def push_bar(self, values: Mapping[str, Any]) -> None:
        """Number a bar."""
        self.bars[self.stream.ring.end] = values
        self.stream.push_bar(values)
        self.pump()

    def backfill(self, trades: Sequence[Rec]) -> bool:
        """Tell trades of the session again; False: they are none, or too many for the ring."""
        if not 0 < len(trades) <= len(self.stream.ring):
            return False
        told = [trade._replace(ref=place) for place, trade in enumerate(trades, 1)]
        first = self.stream.ring.end
        self.stream.backfill(*records_of(told))
        self._note(first, list(frames_of(told)))
        self.history.update(range(first, first + len(told)))
        self.pump()
        return True

    def _note(self, seq: int, frames: Sequence[Frame]) -> None:
        for frame in frames:
            rows = zip(times_of(frame).tolist(), frame.records.tolist(), strict=True)
            for time, row in rows:
                self.diary[seq] = (time, *row[1:])
                seq += 1

    def stand_still(self) -> None:
        """The playback pauses: heartbeats say so, the first one at once."""
        self.paused = True
        self.core._heartbeat_at = self.world.now
        self.pump()

    # The connection.

    def connect(self) -> None:
        if self.ended is not None or self.link is not None:
            return
        if self.offline_until > self.world.now:
            self.world.at(self.offline_until, self.connect)
            return
        self.link = self.server.connect(self)
        if self.link is None:
            self._again()
            return
        self.connections += 1
        self.link.to_server(self.core.connected(self.world.now))

    def take(self, data: Message) -> None:
        try:
            message = self.core.receive(data, self.world.now)
        except SessionError as refusal:
            self._end(str(refusal.code))
            return
        if isinstance(message, Resync):
            self.asked[message.reason] += 1
        elif isinstance(message, Ack):
            self.acked = max(self.acked, message.seq)
        elif isinstance(message, Welcome):
            self._backoff.reset()
        self.pump()

    def pump(self) -> None:
        if self.link is not None and self.ended is None:
            for message in self.core.outgoing(self.world.now, self.world.clock.wall):
                said = message
                if self.paused and isinstance(said, str) and said.startswith(_BEAT):
                    said = f'{said[:-1]},"paused":true}}'
                self.link.to_server(said)

    # HTTP: the same session and numbers, without a socket.

    def post_until(self, time: int) -> None:
        """Post what the ring has from its oldest number that was not acknowledged on.

        Not where makers stand behind the rows: their names do not go by frames that are posted.
        """
        if self.stream._makers:
            return
        self._posted = max(self.stream.ring.acked + 1, self.stream.ring.first)
        self.posting_until = time
        self.world.after(0, self._post)

    def _post(self) -> None:
        if self.world.now >= self.posting_until or self.ended is not None:
            return
        self.world.after(self.world.random.randrange(1, 40) * MS, self._post)
        runtime = self.server.runtime
        if runtime is None or runtime.hub.find(self.symbol, self.source) is None:
            return
        ring = self.stream.ring
        if self.stream._seed is not None and not ring.acked:
            return  # the seed goes first, and by the socket
        if self._posted < ring.first:
            self.skipped = True  # given up, or overflowed, before it was posted
            self._post_snapshot(runtime)
        elif ring.bar(self._posted) is not None:
            if self._answer(runtime, self._bar(self._posted), bar=True) == "ok":
                self._posted += 1
        elif self._posted < ring.end:
            frame = ring.frame(self._posted, self.world.random.choice((1, 5, 40)))
            if self._answer(runtime, encode_frame(frame)) == "ok":
                self._posted = frame.end

    def _bar(self, seq: int) -> bytes:
        values = self.bars[seq]
        fields = {**values, "series": Series(**values["series"])}
        return encode_message(BarUpdate(seq=seq, **fields))

    def _answer(self, runtime: Runtime, body: bytes, *, bar: bool = False) -> str:
        if bar:
            headers = self._headers | {"content-type": "application/json"}
            poster = Poster(runtime, headers, (BarUpdate,))
        else:
            poster = Poster(runtime, self._headers, (L2Update, Snapshot, QuoteUpdate))
        answer = json.loads(bytes(poster.take(body).body))
        self.posts[answer.get("code", "ok")] += 1
        if "ack" in answer:
            self.acked = max(self.acked, answer["ack"]["seq"])
            self.stream.acknowledged(answer["ack"]["seq"], answer["ack"]["durable_seq"])
        if answer.get("code") == "gap":
            self._posted = answer["from"]
        elif answer.get("code") in ("resync_required", "book_fault"):
            self.skipped = True
            self._post_snapshot(runtime)
        return str(answer.get("code", "ok"))

    def _post_snapshot(self, runtime: Runtime) -> None:
        stream = self.stream
        bids, asks = stream.book.levels()
        prices = ([price for price, _ in reversed(bids)], [price for price, _ in asks])
        if any(a >= b for side in prices for a, b in pairwise(side)):
            return
        records = np.zeros(len(bids) + len(asks), RECORD)
        records["kind"] = Kind.DEPTH_PRICE
        records["side"][: len(bids)] = Side.BID
        records["price"] = [price for price, _ in (*bids, *asks)]
        records["size"] = [size for _, size in (*bids, *asks)]
        seq = stream.ring.end
        frame = Frame(records, stream.time, seq, FrameType.SNAPSHOT, int(FrameFlag.LAST))
        self._posted = seq
        self._answer(runtime, encode_frame(frame))

    def lost(self, code: int | None) -> None:
        self.link = None
        self.core.disconnected(code)
        self._superseded = self._superseded + 1 if code == 4409 else 0
        if self._superseded < 3:
            self._again()
        else:
            self._end("superseded")

    def bye(self) -> None:
        if self.link is not None and self.core.link is LinkState.UP:
            self.link.to_server(self.core.bye())
        self._end("bye")

    def vanish(self) -> None:
        """The process is gone."""
        self.ended = "vanished"
        if self.link is not None:
            self.link.cut()

    def _again(self) -> None:
        wait = self._backoff.delay(self.world.random.random())
        self.world.after(int(wait * SECOND), self.connect)

    def _end(self, why: str) -> None:
        self.ended = self.ended or why
        if self.link is not None:
            self.link.close("client", 1000)
