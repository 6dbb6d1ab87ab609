"""A publisher without I/O: what it sends, and what the answers mean. Time is a parameter."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from client.ring import CAPACITY
from client.stream import BATCH, PublishedStream
from market.errors import MalformedError, SessionError
from market.instrument import Instrument
from wire.codes import CloseCode, ErrorCode
from wire.messages import (
    Ack,
    Bye,
    DeclaredInstrument,
    ErrorMessage,
    Heartbeat,
    Hello,
    Message,
    MessageDecoder,
    ProtocolRange,
    Resync,
    Welcome,
    encode_message,
)

__all__ = ["HOPELESS", "Link", "PublisherCore"]

HOPELESS: Final = frozenset(
    {
        ErrorCode.INSTRUMENT_BUSY,
        ErrorCode.UNKNOWN_INSTRUMENT,
        ErrorCode.TICK_SIZE_CONFLICT,
        ErrorCode.BAD_TICK_SIZE,
        ErrorCode.PROTOCOL_VERSION,
        ErrorCode.NOT_PUBLISHER,
        ErrorCode.UNAUTHORISED,
        ErrorCode.FORBIDDEN,
        ErrorCode.SETTINGS,
    }
)
"""Errors that the same hello would meet again."""

_MESSAGES_A_SECOND: Final = 10_000
"""Half of what a server takes by default; beyond that, frames grow instead."""
_SECOND: Final = 1_000_000_000


class Link(StrEnum):
    """State of the connection."""

    DOWN = "down"
    GREETING = "greeting"
    """``hello`` was sent."""
    UP = "up"


class PublisherCore:
    """All instruments of one publisher's run.

    Attributes:
        streams: by symbol.
        link: state of the connection.
        heartbeat_ns: time between heartbeats, as the server wants it.
        welcome: the server's last one.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        *,
        session: str,
        source: str = "live",
        client: str = "depthbridge-python",
        flags: Mapping[str, bool] | None = None,
        settings: Mapping[str, Any] | None = None,
        subscribe: Sequence[str] = (),
        takeover: bool = False,
        capacity: int = CAPACITY,
        batch: int = BATCH,
        reply_now: bool = False,
    ) -> None:
        """Begin a run.

        Args:
            instruments: what is published.
            session: UUID of this run; a restart is another run.
            source: ``live``, ``playback``, ``replay`` or ``demo``.
            client: name and version of the program.
            flags: ``useL3``, ``HistoricalOnly``, ``DebugMode``.
            settings: analytics settings of this publisher.
            subscribe: topics to receive on the same connection.
            takeover: supersede a session that holds an instrument, and say so again until something
                of this one is on disk: a server that stops while its disk refuses forgets it, and
                goes on with the one before.
            capacity: records kept for sending again.
            batch: most records of a frame while the sender keeps up.
            reply_now: ask for ack and metrics with every frame after which nothing waits.
        """
        self.streams: Final = {
            instrument.symbol: PublishedStream(
                instrument, capacity=capacity, batch=batch, reply_now=reply_now
            )
            for instrument in instruments
        }
        self.link = Link.DOWN
        self.heartbeat_ns = 5 * _SECOND
        self.welcome: Welcome | None = None
        self._decoder: Final = MessageDecoder(limit=1 << 26)
        self._takeover = takeover
        self._hello: Final = Hello(
            protocol=ProtocolRange(1, 1),
            session=session,
            client=client,
            source=source,  # type: ignore[arg-type]
            instruments=tuple(_declared(instrument) for instrument in instruments),
            flags=dict(flags or {}),
            settings=dict(settings or {}),
            subscribe=tuple(subscribe),  # type: ignore[arg-type]
        )
        self._by_index: dict[int, PublishedStream] = {}
        self._heartbeat_at = 0
        self._had: dict[int, int] = {}
        self._second = 0
        self._in_second = 0

    @property
    def takes_over(self) -> bool:
        """Whether the next hello supersedes another session."""
        return self._takeover

    @property
    def settled(self) -> bool:
        """Whether the server has acknowledged everything."""
        return all(stream.settled for stream in self.streams.values())

    @property
    def durable(self) -> bool:
        """Whether the server has acknowledged everything, and has it on disk if it keeps it."""
        return all(stream.settled and stream.durable for stream in self.streams.values())

    @property
    def backlog(self) -> int:
        """Records that wait to be sent."""
        return sum(stream.backlog for stream in self.streams.values())

    def connected(self, now: int) -> str:
        """The transport is open; returns ``hello``."""
        self.link = Link.GREETING
        self._heartbeat_at = now + self.heartbeat_ns
        hello = self._hello
        if self.takes_over:
            hello = Hello(**{**_fields(hello), "takeover": True})
        return encode_message(hello).decode()

    def disconnected(self, code: int | None = None) -> None:
        """The transport is gone; what was not acknowledged is sent again on the next one.

        Args:
            code: with which the server closed; after 4409 nothing is taken over any more.
        """
        self.link = Link.DOWN
        self._takeover = self._takeover and code != CloseCode.SUPERSEDED
        self._by_index = {}
        self._had = {}

    def receive(self, text: bytes | str, now: int) -> Message:
        """A message of the server; it is acted upon and returned.

        Raises:
            MalformedError: the server sent nonsense.
            SessionError: the server refuses this publisher for a reason that will not go away.
        """
        message = self._decoder.decode(text)
        match message:
            case Ack():
                self._takeover = self._takeover and message.durable_seq == 0
                self._stream(message.stream).acknowledged(message.seq, message.durable_seq)
            case Resync():
                self._stream(message.stream).resync(message.from_, message.reason)
            case Welcome():
                self._welcomed(message, now)
            case Heartbeat():
                self._compare(message)
            case ErrorMessage() if message.code in HOPELESS:
                raise SessionError(message.message, code=message.code, **message.facts)
            case ErrorMessage():
                self._refused(message)
        return message

    def outgoing(self, now: int, wall: int) -> Iterator[bytes | str]:
        """What to send: bytes are frames, text is JSON.

        Args:
            now: monotonic ns.
            wall: the clock, ns UTC.
        """
        if self.link is not Link.UP:
            return
        if now - self._second >= _SECOND:
            self._second, self._in_second = now, 0
        for stream in self.streams.values():
            while self._in_second < _MESSAGES_A_SECOND:
                message = stream.next_message(wall)
                if message is None:
                    break
                self._in_second += 1
                yield message
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + self.heartbeat_ns
            for beat in self._heartbeats():
                yield encode_message(beat).decode()

    def wake_at(self, now: int) -> int:
        """When ``outgoing`` has something to say at the latest, monotonic ns."""
        if self._in_second >= _MESSAGES_A_SECOND:
            return self._second + _SECOND
        return max(now, self._heartbeat_at)

    def bye(self) -> str:
        """The last message of the run."""
        last = {index: stream.sent - 1 for index, stream in self._by_index.items()}
        return encode_message(Bye(last=last)).decode()

    def _heartbeats(self) -> Iterator[Heartbeat]:
        """One for each event time: instruments of one feed share it."""
        times = {stream.told_time for stream in self._by_index.values()}
        for time in sorted(times) or [0]:
            last = {
                index: stream.sent - 1
                for index, stream in self._by_index.items()
                if stream.told_time == time
            }
            yield Heartbeat(last=last, time=time or None)

    def _welcomed(self, message: Welcome, now: int) -> None:
        self.link = Link.UP
        self.welcome = message
        self.heartbeat_ns = int(message.heartbeat_s * _SECOND)
        resumed = any(expected > 1 for expected in message.resume_from.values())
        # A server that was away doubts the book until somebody speaks.
        self._heartbeat_at = now if resumed else now + self.heartbeat_ns
        for symbol, stream in self.streams.items():
            index = message.streams.get(symbol)
            if index is None:
                raise SessionError(f"the server gave {symbol} no stream", code="unknown_stream")
            self._by_index[index] = stream
            stream.welcomed(index, message.resume_from.get(index, 1), message.max_batch)

    def _compare(self, message: Heartbeat) -> None:
        """A number that was sent before the server's previous heartbeat must have arrived."""
        for index, last in message.last.items():
            stream = self._by_index.get(index)
            if stream is None:
                continue
            if last + 1 < self._had.get(index, 0):
                stream.resync(last + 1, "gap")
            self._had[index] = stream.sent

    def _refused(self, error: ErrorMessage) -> None:
        """A frame or a bar of ours was refused whole: its numbers are still free."""
        stream = None if error.stream is None else self._by_index.get(error.stream)
        if stream is not None and error.seq is not None:
            stream.refused(error.seq, on_the_way=error.index is None)

    def _stream(self, index: int) -> PublishedStream:
        stream = self._by_index.get(index)
        if stream is None:
            raise MalformedError(
                f"the server speaks of stream {index}",
                code=ErrorCode.UNKNOWN_STREAM,
                field="stream",
            )
        return stream


def _declared(instrument: Instrument) -> DeclaredInstrument:
    return DeclaredInstrument(
        symbol=instrument.symbol,
        tick_size=instrument.tick.step,
        size_step=instrument.size.step,
        point_value=instrument.point_value,
        depth_levels=instrument.depth_levels,
    )


def _fields(hello: Hello) -> dict[str, Any]:
    return {name: getattr(hello, name) for name in hello.__struct_fields__}
