"""The streams that one connection publishes: their indices, acks and requests."""

from collections.abc import Callable, Iterator
from typing import Final, Literal

from market.errors import MalformedError, SessionError
from server.channel import Channel
from server.connection import Connection
from server.roles import Publisher
from wire.codes import ErrorCode, ResyncReason
from wire.messages import Ack, ErrorMessage, Resync, Update, encode_message
from wire.session import AckPolicy, ResyncRequest
from wire.updates import Origin

__all__ = ["Published", "PublishedStreams"]

_Reason = Literal["gap", "checksum", "unsorted", "reset", "restart", "feed"]
_SECOND: Final = 1_000_000_000
_REASONS: Final[dict[ResyncReason, _Reason]] = {
    ResyncReason.GAP: "gap",
    ResyncReason.CHECKSUM: "checksum",
    ResyncReason.UNSORTED: "unsorted",
    ResyncReason.RESET: "reset",
    ResyncReason.RESTART: "restart",
    ResyncReason.FEED: "feed",
}


class Published:
    """A stream that a connection publishes.

    Attributes:
        index: on the wire.
        channel: behind it.
        acks: when to acknowledge.
    """

    __slots__ = ("_told_wrong", "acks", "channel", "index")

    def __init__(self, index: int, channel: Channel, acks: AckPolicy) -> None:
        self.index = index
        self.channel = channel
        self.acks = acks
        self._told_wrong = 0

    def goes_by(self, name: str) -> bool:
        """Whether this is its symbol, or an alias."""
        instrument = self.channel.stream.instrument
        return name in (instrument.symbol, *instrument.aliases)

    def confirm(self, message: Update) -> None:
        """A data message for this stream says nothing else of its instrument.

        Raises:
            MalformedError: ``contradiction``: index and symbol name two instruments.
            SessionError: ``tick_size_conflict``.
        """
        if message.instrument is not None and not self.goes_by(message.instrument):
            raise MalformedError(
                f"{message.instrument} is not stream {self.index}",
                code=ErrorCode.CONTRADICTION,
                field="instrument",
            )
        self.channel.stream.instrument.require(
            tick_size=message.tick_size, size_step=message.size_step
        )

    def acknowledge(self, connection: Connection) -> None:
        """Say what is safe; nothing while the journal refuses entries."""
        channel = self.channel
        if channel.journal_broken:
            return
        self.acks.sent()
        ack = Ack(stream=self.index, seq=channel.written_seq, durable_seq=channel.durable_seq)
        connection.send(encode_message(ack), key=("ack", self.index))

    def tell_wrong_orders(self, connection: Connection, origin: Origin, now: int) -> None:
        """Say that order records of the last frame did not fit the book, once a second at most.

        Args:
            connection: to its publisher.
            origin: of the records of the frame or message.
            now: monotonic ns.
        """
        if now < self._told_wrong:
            return
        self._told_wrong = now + _SECOND
        channel = self.channel
        count = channel.wrong_orders
        last = channel.stream.analyzer.last_order_faults[-count:]
        message = ErrorMessage(
            code=ErrorCode.ORDER_FAULT.value,
            message=f"{count} order records do not fit the book: they are counted",
            stream=self.index,
            index=origin.index_of(last[0][0]),
            field="ref",
            facts={
                "count": count,
                "faults": [{"seq": seq, "fault": word} for seq, word in last],
                "totals": {
                    word: count for word, (count, _) in channel.stream.analyzer.order_faults.items()
                },
            },
        )
        connection.send(encode_message(message))

    def tell_replaced(self, connection: Connection, seq: int, fault: str) -> None:
        """Say that the book before a snapshot was none: nothing is asked for, it is healed.

        Args:
            connection: to its publisher.
            seq: of the snapshot; the error has none, so that nothing is taken as refused.
            fault: in a word.
        """
        message = ErrorMessage(
            code=ErrorCode.BOOK_FAULT.value,
            message=f"{fault}: the rows up to number {seq - 1}; the snapshot has replaced them",
            stream=self.index,
            facts={"last": seq - 1, "fault": fault},
        )
        connection.send(encode_message(message))

    def resync(self, connection: Connection, request: ResyncRequest) -> None:
        """Ask for records or a snapshot."""
        reason = _REASONS[request.reason]
        message = Resync(stream=self.index, from_=request.from_, reason=reason)
        connection.send(encode_message(message))


class PublishedStreams:
    """The streams by index."""

    __slots__ = ("_acks", "_publisher", "_streams")

    def __init__(self, publisher: Publisher, acks: Callable[[], AckPolicy] = AckPolicy) -> None:
        self._publisher = publisher
        self._acks = acks
        self._streams: list[Published] = []

    def __iter__(self) -> Iterator[Published]:
        """Those that no other connection has taken over."""
        return iter([one for one in self._streams if one.channel.publisher is self._publisher])

    def add(self, channel: Channel) -> Published:
        """The next index is this channel's; a second name of one that is here has its index."""
        for known in self._streams:
            if known.channel is channel:
                return known
        published = Published(len(self._streams), channel, self._acks())
        self._streams.append(published)
        return published

    def clear(self) -> None:
        """Nothing is published any more."""
        self._streams.clear()

    def get(self, index: int) -> Published | None:
        """The stream of an index, if there is one."""
        return self._streams[index] if index < len(self._streams) else None

    @property
    def lone(self) -> Published | None:
        """The stream, if there is but one."""
        return self._streams[0] if len(self._streams) == 1 else None

    def of(self, channel: Channel) -> Published | None:
        """The stream of a channel, if it is published here."""
        return next((one for one in self._streams if one.channel is channel), None)

    def at(self, index: int) -> Published:
        """The stream of an index.

        Raises:
            SessionError: ``unknown_stream``, or ``not_publisher``: nothing is published here, or
                another connection has it now.
        """
        published = self.get(index)
        if published is None:
            if not self._streams:
                raise SessionError(
                    "this connection publishes nothing", code=ErrorCode.NOT_PUBLISHER
                )
            raise SessionError(f"stream {index} is unknown", code=ErrorCode.UNKNOWN_STREAM)
        if published.channel.publisher is not self._publisher:
            raise SessionError("another connection has the stream", code=ErrorCode.NOT_PUBLISHER)
        return published

    def index_of(self, message: Update) -> int:
        """The stream that a data message names, by index or by symbol.

        Raises:
            MalformedError: it names none, or two (``contradiction``).
            SessionError: ``unknown_stream``, or a second tick size.
        """
        if message.stream is not None:
            published = self.get(message.stream)
            if published is not None:  # of an unknown index the caller speaks
                published.confirm(message)
            return message.stream
        if message.instrument is None:
            raise MalformedError(
                "'stream' or 'instrument' is missing",
                code=ErrorCode.MISSING_FIELD,
                field="instrument",
            )
        for published in self._streams:
            if published.goes_by(message.instrument):
                published.confirm(message)
                return published.index
        raise SessionError(
            f"{message.instrument} is not published by this connection",
            code=ErrorCode.UNKNOWN_STREAM,
        )
