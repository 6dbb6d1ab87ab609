"""Every JSON message of the protocol, both ways, as frozen structs.

Unknown fields are ignored and counted, so that newer peers can talk to older ones. Times are
integer nanoseconds UTC or ISO 8601 with a zone; prices and volumes are in the instrument's units.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from market.errors import MalformedError
from wire.batches import (
    BarUpdate,
    L2Columns,
    L2Entry,
    L2Update,
    L3Columns,
    L3Entry,
    L3Update,
    OrderEntry,
    QuoteColumns,
    QuoteEntry,
    QuoteUpdate,
    Series,
    Snapshot,
    TradeColumns,
    TradeEntry,
    TradeUpdate,
    Update,
)
from wire.codes import ErrorCode
from wire.frames import LIMIT
from wire.replies import (
    Ack,
    Book,
    Clusters,
    ErrorMessage,
    Metrics,
    Profile,
    Resync,
    Signal,
    Welcome,
)
from wire.schema import Message, Name, Seq, SessionId, SourceName, StreamIndex, Text, Time, Topic
from wire.strict import convert, loads

__all__ = [
    "CLIENT_MESSAGES",
    "SERVER_MESSAGES",
    "TOPICS",
    "Ack",
    "BarUpdate",
    "Book",
    "Bye",
    "Check",
    "Clusters",
    "DeclaredInstrument",
    "ErrorMessage",
    "Fill",
    "Heartbeat",
    "Hello",
    "L2Columns",
    "L2Entry",
    "L2Update",
    "L3Columns",
    "L3Entry",
    "L3Update",
    "Makers",
    "Message",
    "MessageDecoder",
    "Metrics",
    "Order",
    "OrderEntry",
    "Position",
    "Profile",
    "ProtocolRange",
    "QuoteColumns",
    "QuoteEntry",
    "QuoteUpdate",
    "Report",
    "Resync",
    "Series",
    "Signal",
    "Snapshot",
    "Subscribe",
    "TradeColumns",
    "TradeEntry",
    "TradeUpdate",
    "Unsubscribe",
    "Update",
    "Welcome",
    "decode_message",
    "encode_message",
]

TOPICS: Final = ("metrics", "clusters", "signals", "book", "profile", "view")
"""What can be subscribed to."""


class ProtocolRange(Struct, frozen=True):
    """Versions that a peer speaks."""

    min: int
    max: int


class DeclaredInstrument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An instrument as its publisher declares it; a known one needs only its symbol."""

    symbol: Name
    tick_size: float | None = None
    size_step: float | None = None
    point_value: float | None = None
    depth_levels: int | None = None


class Hello(Message, frozen=True, kw_only=True, tag="hello", omit_defaults=True):
    """The first message of a connection.

    Attributes:
        protocol: the versions the client speaks.
        session: UUID of this run of the publisher.
        client: name and version of the program.
        source: where its data comes from.
        role: a publisher sends data; a subscriber only listens.
        instruments: what it publishes; their indices come with ``welcome``.
        flags: ``useL3``, ``HistoricalOnly``, ``DebugMode``.
        settings: analytics settings of this publisher, over those of the server.
        subscribe: topics, for all the instruments of this hello.
        takeover: supersede a session that holds one of the instruments.
    """

    protocol: ProtocolRange
    session: SessionId
    client: Text = ""
    source: SourceName = "live"
    role: Literal["publisher", "subscriber"] = "publisher"
    instruments: tuple[DeclaredInstrument, ...] = ()
    flags: dict[str, bool] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    subscribe: tuple[Topic, ...] = ()
    takeover: bool = False


class Makers(Message, frozen=True, kw_only=True, tag="makers"):
    """Names of market makers; comes before the first record that refers to them.

    Attributes:
        stream: index given by ``welcome``.
        names: a depth record's ``ref`` is the index into this list plus one.
    """

    stream: StreamIndex
    names: Annotated[tuple[Text, ...], Meta(max_length=65535)]


class Check(Message, frozen=True, kw_only=True, tag="check"):
    """Checksum of the publisher's book, right after the frame that ends at ``seq``.

    Attributes:
        stream: index given by ``welcome``.
        seq: the last record before the check.
        crc32: over the best ten asks, then the best ten bids, ``ticks:size`` joined by ``|``.
    """

    stream: StreamIndex
    seq: Seq
    crc32: Annotated[int, Meta(ge=0, le=2**32 - 1)]


class Report(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What NinjaTrader did; recorded with the instrument's data, for strategies.

    Attributes:
        instrument: the symbol.
        time: of the event.
        source: whose instrument; absent: the connection's, by HTTP ``live``.
        values: every further field as sent.
    """

    open_field: ClassVar[str | None] = "values"
    instrument: Name
    time: Time
    source: SourceName | None = None
    values: dict[str, Any] = field(default_factory=dict)


class Order(Report, frozen=True, kw_only=True, tag="order", omit_defaults=True):
    """An order changed."""


class Fill(Report, frozen=True, kw_only=True, tag="fill", omit_defaults=True):
    """An order was executed."""


class Position(Report, frozen=True, kw_only=True, tag="position", omit_defaults=True):
    """A position changed."""


class Subscribe(Message, frozen=True, kw_only=True, tag="subscribe", omit_defaults=True):
    """Begin to receive topics.

    Attributes:
        topics: see TOPICS.
        instruments: symbols; empty: all.
        source: of the instruments.
        max_rate_hz: most metrics and book messages a second and instrument; 0: all.
    """

    topics: tuple[Topic, ...]
    instruments: tuple[Name, ...] = ()
    source: SourceName = "live"
    max_rate_hz: Annotated[float, Meta(ge=0, le=1e6)] = 0.0


class Unsubscribe(Message, frozen=True, kw_only=True, tag="unsubscribe", omit_defaults=True):
    """Stop receiving topics.

    Attributes:
        topics: see TOPICS.
        instruments: symbols; empty: all.
        source: of the instruments.
    """

    topics: tuple[Topic, ...]
    instruments: tuple[Name, ...] = ()
    source: SourceName = "live"


class Heartbeat(Message, frozen=True, kw_only=True, tag="heartbeat", omit_defaults=True):
    """A sign of life, both ways, every 5 s.

    Attributes:
        last: last sequence number by stream index; a difference starts a resync.
        time: in the source's event time, never later than the newest record that can still come;
            moves the event clock through silence.
        paused: to the server: the playback (or replay) stands still. It ends with the next record,
            or with a heartbeat that says no more of it.
    """

    last: dict[StreamIndex, Seq] = field(default_factory=dict)
    time: Time | None = None
    paused: bool = False


class Bye(Message, frozen=True, kw_only=True, tag="bye", omit_defaults=True):
    """The publisher ends and gives its instruments free.

    Attributes:
        last: last sequence number by stream index.
        time: as in ``heartbeat``.
    """

    last: dict[StreamIndex, Seq] = field(default_factory=dict)
    time: Time | None = None


CLIENT_MESSAGES: Final[tuple[type[Message], ...]] = (
    Hello, Makers, L2Update, L3Update, TradeUpdate, QuoteUpdate, BarUpdate, Snapshot, Check,
    Order, Fill, Position, Subscribe, Unsubscribe, Heartbeat, Bye,
)  # fmt: skip
"""What a client may send."""
SERVER_MESSAGES: Final[tuple[type[Message], ...]] = (
    Welcome, Ack, Resync, Metrics, Clusters, Signal, Book, Profile, ErrorMessage, Heartbeat,
)  # fmt: skip
"""What a server may send."""

_BY_TYPE: Final = {
    str(kind.__struct_config__.tag): kind for kind in (*CLIENT_MESSAGES, *SERVER_MESSAGES)
}
_NESTED: Final[dict[type[Message], tuple[str, type[Struct]]]] = {
    Hello: ("instruments", DeclaredInstrument),
    L2Update: ("updates", L2Entry),
    L3Update: ("updates", L3Entry),
    TradeUpdate: ("updates", TradeEntry),
    QuoteUpdate: ("updates", QuoteEntry),
    Snapshot: ("orders", OrderEntry),
}
_NAMES: Final = {
    kind: frozenset(kind.__struct_encode_fields__)
    for kind in (*_BY_TYPE.values(), *(nested for _, nested in _NESTED.values()))
}
_ENCODE: Final = msgspec.json.Encoder().encode


class MessageDecoder:
    """Decodes the messages of one peer and counts the fields that it did not know.

    Attributes:
        unknown: fields ignored so far.
    """

    __slots__ = ("limit", "unknown")

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit: Final = limit
        self.unknown = 0

    def decode(self, text: bytes | str) -> Message:
        """The message of this text.

        Raises:
            MalformedError: with ``code``, ``field`` and ``index``.
        """
        values = loads(text, limit=self.limit)
        name = values.get("type")
        kind = _BY_TYPE.get(name) if isinstance(name, str) else None
        if kind is None:
            missing = "type" not in values
            raise MalformedError(
                "type is missing" if missing else f"type {str(name)[:64]!r} is unknown",
                code=ErrorCode.MISSING_FIELD if missing else ErrorCode.BAD_TYPE,
                field="type",
            )
        if kind.open_field is not None:
            values = _gathered(values, kind)
        message = convert(values, kind)
        self.unknown += _unknown(values, kind)
        return message


def decode_message(text: bytes | str, *, limit: int = LIMIT) -> Message:
    """The message of this text; for a peer's stream use a :class:`MessageDecoder`.

    Raises:
        MalformedError: with ``code``, ``field`` and ``index``.
    """
    return MessageDecoder(limit).decode(text)


def encode_message(message: Message) -> bytes:
    """The JSON text of a message, ``type`` first."""
    if message.open_field is None:
        return _ENCODE(message)
    values = msgspec.to_builtins(message)
    rest = values.pop(message.open_field)
    return _ENCODE({**values, **rest})


def _gathered(values: dict[str, Any], kind: type[Message]) -> dict[str, Any]:
    """Move the fields that the struct does not name into its open field."""
    assert kind.open_field is not None
    own = (_NAMES[kind] - {kind.open_field}) | {"type"}
    rest = {key: value for key, value in values.items() if key not in own}
    return {**{key: values[key] for key in own if key in values}, kind.open_field: rest}


def _unknown(values: dict[str, Any], kind: type[Message]) -> int:
    names = _NAMES[kind]
    count = sum(key not in names for key in values) - 1  # ``type``
    nested = _NESTED.get(kind)
    if nested is not None:
        own = _NAMES[nested[1]]
        entries = values.get(nested[0]) or ()
        for entry in (entries,) if isinstance(entries, dict) else entries:
            count += sum(key not in own for key in entry)
    return count
