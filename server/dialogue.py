"""The conversation with one WebSocket peer: hello, data, questions, and what it listens to.

Messages come from the pipeline one at a time; answers go to the connection's outbox. A refused
message changes nothing and is answered with an ``error``.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from market.enums import FrameFlag, FrameType, Source
from market.errors import DataError, DepthbridgeError, MalformedError, SessionError
from market.record import MAX_RECORDS, Frame
from orderbook import Parameters
from recording.messages import metrics_message
from server.answers import error_fields
from server.channel import Channel
from server.connection import Connection
from server.hub import Hub
from server.published import Published, PublishedStreams
from server.reports import take_report
from server.snapshots import snapshot_frames
from server.subscription import Subscription
from wire.codes import CloseCode, ErrorCode, ResyncReason
from wire.fast import split_plain_l2
from wire.frames import decode_frame
from wire.messages import (
    BarUpdate,
    Bye,
    Check,
    DeclaredInstrument,
    ErrorMessage,
    Fill,
    Heartbeat,
    Hello,
    L3Update,
    Makers,
    Message,
    MessageDecoder,
    Order,
    Position,
    Report,
    Snapshot,
    Subscribe,
    TradeUpdate,
    Unsubscribe,
    Update,
    Welcome,
    encode_message,
)
from wire.session import AckPolicy, Grant, ResyncRequest, negotiate
from wire.updates import Batch, Origin, bar_values, parse_time, snapshot_update, to_batch

__all__ = ["Dialogue"]

_LOG: Final = logging.getLogger("depthbridge.dialogue")
_PROTOCOL: Final = 1
_EVENTS: Final = bytes([FrameType.EVENTS])
_REPLY_NOW: Final = int(FrameFlag.REPLY_NOW)


class Dialogue:
    """What one peer said so far.

    Attributes:
        id: of the connection, for the publishers' table.
        connection: its boxes.
        subscription: what it listens to.
        session: UUID of the publisher's run, after ``hello``.
    """

    def __init__(
        self,
        number: int,
        connection: Connection,
        hub: Hub,
        version: str,
        supersede: Callable[[int], None],
    ) -> None:
        """Begin before ``hello``.

        Args:
            number: of the connection.
            connection: its boxes.
            hub: the channels.
            version: of the server.
            supersede: closes another connection with 4409.
        """
        self.id = number
        self.connection = connection
        self.subscription = Subscription(connection, hub)
        self.session = ""
        self._hub = hub
        self._clock = hub.clock
        self._version = version
        self._supersede = supersede
        self._decoder = MessageDecoder(hub.settings.server.frame_bytes)
        self._greeted = False
        self._source = Source.LIVE
        self._now = 0
        self._about: int | None = None
        limits = hub.settings.server
        self._published = PublishedStreams(
            self, lambda: AckPolicy(limits.ack_frames, int(limits.ack_ms * 1e6))
        )
        self._handlers: Final[dict[type[Message], Callable[[Any, int], None]]] = {
            Makers: self._makers,
            BarUpdate: self._bar,
            Check: self._check,
            Snapshot: self._snapshot,
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            Heartbeat: self._heartbeat,
            Bye: self._bye,
            Order: self._report,
            Fill: self._report,
            Position: self._report,
        }

    # What comes in.

    def handle(self, data: bytes | str) -> None:
        """One message of the peer."""
        now = self._now = self._clock.monotonic_ns()
        stream = self._about = None
        measures = self._hub.measures
        if now >= measures.due:
            measures.begin(now)
        try:
            if isinstance(data, str):
                self._text(data, now)
            else:
                stream = data[5] if len(data) > 5 else None
                self._frame(data, now)
        except DepthbridgeError as error:
            self._refuse(error, stream if self._about is None else self._about)
        finally:
            if measures.trace is not None:
                measures.end()

    def _frame(self, data: bytes, now: int) -> None:
        try:
            frame = decode_frame(data, limit=self._decoder.limit)
        except MalformedError:
            for published in self._published:  # its stream may be what is damaged
                published.channel.session.spoil(part=data[3:4] != _EVENTS)
            raise
        published = self._stream(frame.stream)
        published.channel.require_kinds(frame.records)
        self._take(published, frame, now, Origin(frame.seq), data)

    def _take(
        self, published: Published, frame: Frame, now: int, origin: Origin, raw: bytes | None = None
    ) -> None:
        channel = published.channel
        _, result = channel.frame(frame, now, raw)
        if channel.wrong_orders:
            published.tell_wrong_orders(self.connection, origin, now)
        if result is not None and result.replaced is not None:
            published.tell_replaced(self.connection, frame.seq, result.replaced)
        reply_now = frame.flags & _REPLY_NOW != 0
        if reply_now and result is not None and not self.subscription.hears_every_row(channel):
            self.connection.send(channel.rendered(metrics_message), ("metrics", channel.key))
        if published.acks.taken(now, reply_now=reply_now):
            published.acknowledge(self.connection)

    def _text(self, text: str, now: int) -> None:
        if self._greeted and text.startswith('{"type":"l2_update",'):
            plain = split_plain_l2(text.encode(), self._decoder)
            if plain is not None:
                published = self._addressed(plain.message)
                names = published.channel.stream.makers
                self._batch(
                    published,
                    plain.message,
                    plain.batch(published.channel.stream.instrument, names),
                    now,
                )
                return
        message = self._decoder.decode(text)
        if isinstance(message, Hello):
            self._hello(message, now)
            return
        if not self._greeted:
            self._fatal(ErrorCode.HELLO_EXPECTED, "the first message must be hello")
            return
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(message, now)
        elif isinstance(message, Update):
            published = self._addressed(message)
            channel = published.channel
            stream = channel.stream
            batch = to_batch(message, stream.instrument, stream.makers, channel.trade_side)
            self._batch(published, message, batch, now)
        else:
            raise MalformedError(
                "a message that only a server sends", code=ErrorCode.BAD_TYPE, field="type"
            )

    def _batch(self, published: Published, message: Update, batch: Batch, now: int) -> None:
        """Records of a JSON message, as the frames that they make."""
        channel = published.channel
        seq = channel.session.expected if message.seq is None else message.seq
        channel.require_kinds(batch.records, orders=isinstance(message, L3Update))
        frames = list(batch.frames(seq))
        for frame in frames:
            channel.require_present(frame)
        if batch.makers:
            channel.makers((*channel.stream.makers, *batch.makers))
        origin = Origin(seq, batch.places)
        for frame in frames:
            self._take(published, frame, now, origin)
        if isinstance(message, TradeUpdate):
            channel.note_trades(batch, seq)

    # Hello.

    def _hello(self, hello: Hello, now: int) -> None:
        if self._greeted:
            raise MalformedError("hello was said before", code=ErrorCode.BAD_TYPE, field="type")
        if negotiate(hello.protocol.min, hello.protocol.max) is None:
            self._fatal(
                ErrorCode.PROTOCOL_VERSION,
                f"this server speaks protocol {_PROTOCOL}, not {hello.protocol.min} to "
                f"{hello.protocol.max}",
            )
            return
        most = self._hub.settings.server.connection_instruments
        if len(hello.instruments) > most:
            raise MalformedError(
                f"more than {most} instruments: publish the others on another connection",
                code=ErrorCode.OUT_OF_RANGE,
                field="instruments",
            )
        parameters = self._hub.parameters(hello.settings)
        self._greeted = True
        self.session = hello.session.lower()
        source = self._source = Source(hello.source)
        streams: dict[str, int] = {}
        if hello.role == "publisher":
            for declared in hello.instruments:
                published = self._publish(hello, declared, source, now)
                if published is not None:
                    channel = published.channel
                    instrument = channel.stream.instrument
                    channel.configure(self._hub.settings.informed(parameters, instrument, source))
                    streams[declared.symbol] = published.index
        welcome = Welcome(
            protocol=_PROTOCOL,
            server=self._version,
            streams=streams,
            resume_from={
                published.index: published.channel.session.expected for published in self._published
            },
            max_batch=MAX_RECORDS,
            heartbeat_s=self._hub.settings.server.heartbeat_s,
            config=self._config(parameters),
        )
        self.connection.send(encode_message(welcome))
        for published in self._published:
            if published.channel.session.expected > 1:  # resumed: what is expected is not yet safe
                published.acknowledge(self.connection)
        self._repeat_requests()
        symbols = [declared.symbol for declared in hello.instruments]
        if hello.subscribe:
            self.subscription.add(hello.subscribe, symbols, source)

    def _config(self, parameters: Parameters) -> str:
        """Hash of the settings of the first stream, of those of this hello without any."""
        for published in self._published:
            return published.channel.stream.config
        return parameters.config_hash

    def _repeat_requests(self) -> None:
        """What the publisher did not give on its last connection; of a gap welcome says it."""
        for published in self._published:
            wanted = published.channel.session.wanted
            if wanted is not None and wanted.reason is not ResyncReason.GAP:
                published.resync(self.connection, wanted)

    def _publish(
        self, hello: Hello, declared: DeclaredInstrument, source: Source, now: int
    ) -> Published | None:
        try:
            instrument = self._hub.define(
                declared.symbol,
                tick_size=declared.tick_size,
                size_step=declared.size_step,
                point_value=declared.point_value,
                depth_levels=declared.depth_levels,
            )
        except DepthbridgeError as error:
            self._refuse(error, None)
            return None
        key = (instrument.symbol, source)
        claim = self._hub.publishers.claim(key, self.session, self.id, now, takeover=hello.takeover)
        if claim.grant is Grant.BUSY:
            busy = SessionError(
                f"another session publishes {instrument.symbol} as {source.value}; say hello with "
                "takeover, or subscribe",
                code=ErrorCode.INSTRUMENT_BUSY,
                instrument=instrument.symbol,
            )
            self._refuse(busy, None)
            return None
        channel = self._hub.channel(instrument, source)
        channel.begin(self.session, hello.client, hello.flags)
        channel.publisher = self
        if claim.superseded is not None:
            self._supersede(claim.superseded)
        channel.live.connected = True
        channel.live.heard = now
        return self._published.add(channel)

    # The other messages.

    def _makers(self, message: Makers, now: int) -> None:
        self._stream(message.stream).channel.makers(message.names)

    def _bar(self, message: BarUpdate, now: int) -> None:
        published = self._addressed(message)
        channel = published.channel
        self._about = published.index
        seq = channel.session.expected if message.seq is None else message.seq
        channel.bar(seq, bar_values(message), now)
        if published.acks.taken(now):
            published.acknowledge(self.connection)

    def _snapshot(self, message: Snapshot, now: int) -> None:
        published = self._addressed(message)
        channel = published.channel
        batch = snapshot_update(message, channel.stream.instrument)
        channel.require_kinds(batch.records)
        seq = channel.session.expected if message.seq is None else message.seq
        for frame in snapshot_frames(batch.records, parse_time(message.time), seq):
            self._take(published, frame, now, Origin(frame.seq))

    def _check(self, message: Check, now: int) -> None:
        self._stream(message.stream).channel.check(message.seq, message.crc32, now)

    def _report(self, message: Report, now: int) -> None:
        take_report(self._hub, message, self._source)

    def _subscribe(self, message: Subscribe, now: int) -> None:
        self.subscription.add(
            message.topics, message.instruments, Source(message.source), message.max_rate_hz
        )

    def _unsubscribe(self, message: Unsubscribe, now: int) -> None:
        self.subscription.drop(message.topics, message.instruments, Source(message.source))

    def _heartbeat(self, message: Heartbeat, now: int) -> None:
        event_time = None if message.time is None else parse_time(message.time)
        for index in message.last:
            self._stream(index)
        for published in self._published:
            published.channel.require_heartbeat(event_time, paused=message.paused)
        for published in self._published:
            channel = published.channel
            self._hub.publishers.seen(channel.key, self.session, now)
            last = message.last.get(published.index)
            channel.heartbeat(last, event_time, now, paused=message.paused)

    def _bye(self, message: Bye, now: int) -> None:
        self._heartbeat(Heartbeat(last=message.last, time=message.time), now)
        for published in self._published:
            published.channel.leave()
            published.acknowledge(self.connection)
            self._hub.publishers.bye(published.channel.key, self.session)
        self._published.clear()

    # What goes out.

    def resync(self, channel: Channel, request: ResyncRequest) -> None:
        """Ask the peer for records or a snapshot."""
        published = self._published.of(channel)
        if published is not None:
            published.resync(self.connection, request)

    def acknowledge_due(self, now: int) -> None:
        """Send the acks whose time has come (monotonic ns)."""
        for published in self._published:
            due = published.acks.due_at
            if due is not None and now >= due:
                published.acknowledge(self.connection)

    def acknowledge_durable(self) -> None:
        """More is on disk: let the publisher forget it."""
        for published in self._published:
            published.acknowledge(self.connection)

    def beat(self) -> None:
        """The server's heartbeat, once it has said welcome."""
        if not self._greeted:
            return
        last = {
            published.index: published.channel.session.expected - 1 for published in self._published
        }
        beat = Heartbeat(last=last, time=self._clock.wall_ns())
        self.connection.send(encode_message(beat), key="heartbeat")

    def end(self, now: int) -> None:
        """The connection is gone."""
        self.subscription.end()
        self._hub.publishers.disconnected(self.id)
        for published in self._published:
            if published.channel.publisher is self:
                published.channel.disconnected()
                published.channel.publisher = None

    @property
    def streams(self) -> Iterable[Channel]:
        """What it publishes."""
        return tuple(published.channel for published in self._published)

    def _stream(self, index: int) -> Published:
        if not self._greeted:
            raise SessionError("the first message must be hello", code=ErrorCode.HELLO_EXPECTED)
        published = self._published.at(index)
        self._hub.publishers.seen(published.channel.key, self.session, self._now)
        return published

    def _addressed(self, message: Update) -> Published:
        """The stream of a data message.

        Raises:
            MalformedError: ``contradiction``: it names another session or source than ``hello``.
        """
        for field, said, known in (
            ("session", message.session and message.session.lower(), self.session),
            ("source", message.source, self._source.value),
        ):
            if self._greeted and said is not None and said != known:
                raise MalformedError(
                    f"{field} {said} is not that of hello",
                    code=ErrorCode.CONTRADICTION,
                    field=field,
                )
        return self._stream(self._published.index_of(message))

    def _refuse(self, error: DepthbridgeError, stream: int | None) -> None:
        code, facts = error_fields(error)
        self._hub.measures.refused[code.value] += 1
        seq = None
        published = None if stream is None else self._published.get(stream)
        if code is ErrorCode.BAD_RESERVED:  # a damaged header cannot be asked for its stream
            published = self._published.lone
            stream = None if published is None else published.index
        if published is not None:
            channel = published.channel
            seq = channel.session.expected
            if isinstance(error, DataError):
                channel.counters.malformed += 1
        if code is ErrorCode.HELLO_EXPECTED:
            self._fatal(code, error.message)
            return
        details = {key: value for key, value in error.facts.items() if value is not None}
        message = ErrorMessage(
            code=code.value,
            message=error.message,
            stream=stream,
            seq=seq,
            index=facts.get("index"),
            field=facts.get("field"),
            facts={} if isinstance(error, DataError) else details,
        )
        self.connection.send(encode_message(message))
        _LOG.info("refused", extra={"code": code.value, "reason": error.message})

    def _fatal(self, code: ErrorCode, message: str) -> None:
        self.connection.fail(code, message, CloseCode.PROTOCOL_VERSION)
