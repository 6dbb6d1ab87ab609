"""The messages that a server sends."""

from typing import Any, ClassVar, Literal

import msgspec

from wire.schema import BookName, Level, Message, Seq, Share, SourceName, StreamIndex, Time

__all__ = [
    "Ack",
    "Book",
    "Clusters",
    "ErrorMessage",
    "Metrics",
    "Profile",
    "Resync",
    "Signal",
    "Welcome",
]


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """The answer to ``hello``.

    Attributes:
        protocol: the version in use.
        server: its version.
        streams: index by symbol, for frames and messages of this connection.
        resume_from: next expected number by stream index.
        max_batch: most records of a frame.
        heartbeat_s: seconds between heartbeats.
        config: hash of the settings of the first of `streams`; every output names its own.
    """

    protocol: int
    server: str
    streams: dict[str, StreamIndex] = msgspec.field(default_factory=dict)
    resume_from: dict[StreamIndex, Seq] = msgspec.field(default_factory=dict)
    max_batch: int = 4096
    heartbeat_s: float = 5.0
    config: str = ""


class Ack(Message, frozen=True, kw_only=True, tag="ack"):
    """What is safe; cumulative, after 64 frames or 50 ms, at once for ``reply now``.

    Attributes:
        stream: index given by ``welcome``.
        seq: last record written to the journal.
        durable_seq: last record on disk; null where nothing is journaled (demo).
    """

    stream: StreamIndex
    seq: Seq
    durable_seq: Seq | None = None


class Resync(Message, frozen=True, kw_only=True, tag="resync"):
    """The server needs records again, or a snapshot.

    Attributes:
        stream: index given by ``welcome``.
        from_: on the wire ``from``: the next number expected.
        reason: see the table of reasons.
    """

    stream: StreamIndex
    from_: Seq = msgspec.field(name="from")
    reason: Literal["gap", "checksum", "unsorted", "reset", "restart", "feed"]


class Metrics(Message, frozen=True, kw_only=True, tag="metrics"):
    """The measures of one instrument after a frame, and as they are once it is subscribed to.

    Attributes:
        instrument: the symbol.
        source: of the stream.
        seq: the last record in them.
        time: the event clock.
        book: ``L3`` for a book of orders, else ``L2``.
        phase: of the book as of the last completed group.
        values: every measure by its name, see docs/analytics.md; on the wire they stand beside.
    """

    open_field: ClassVar[str | None] = "values"
    instrument: str
    source: SourceName
    seq: Seq
    time: Time
    book: BookName = "L2"
    phase: Literal["stale", "waiting", "closed", "paused", "crossed", "synced"]
    values: dict[str, Any] = msgspec.field(default_factory=dict)


class Clusters(Message, frozen=True, kw_only=True, tag="clusters"):
    """Clusters that came, changed or went.

    Attributes:
        event: ``snapshot`` is the full set, after subscribing.
        seq: the last record in them.
        clusters: resting, traded, imbalance_stack, absorption, iceberg: see docs/analytics.md.
        instrument: the symbol.
        source: of the stream.
        time: the event clock.
        book: ``L3`` for a book of orders, else ``L2``.
    """

    event: Literal["snapshot", "new", "update", "end"]
    seq: Seq
    clusters: tuple[dict[str, Any], ...]
    instrument: str = ""
    source: SourceName = "live"
    time: Time = 0
    book: BookName = "L2"


class Signal(Message, frozen=True, kw_only=True, tag="signal"):
    """A rule has fired; see docs/analytics.md.

    Attributes:
        id: of the signal: 1, 2, … per instrument and source, until another run begins.
        instrument: the symbol.
        source: of the stream.
        seq: the last record it rests on.
        time: the instant at which it fired.
        kind: the rule: bounce, break, stack_continuation, absorption_reversal, pull_ahead.
        side: of the cluster, bid or ask.
        strength: -1 to 1, above 0 up.
        confidence: hit rate on the user's own earlier recordings, or null.
        price: the best bid (up) or ask (down) at that instant.
        reason: in words, with the numbers.
        cluster: id, or null.
        expires: when it is no longer valid.
        config: hash of the settings in force.
        book: ``L3`` for a book of orders, else ``L2``.
    """

    id: int | str
    instrument: str
    source: SourceName
    seq: Seq
    time: Time
    kind: str
    side: str
    strength: float
    confidence: float | None = None
    price: float | None = None
    reason: str = ""
    cluster: int | None = None
    expires: Time | None = None
    config: str = ""
    book: BookName = "L2"


class Book(Message, frozen=True, kw_only=True, tag="book"):
    """The best rows, for the topic ``book``.

    Attributes:
        instrument: the symbol.
        source: of the stream.
        seq: the last record in it.
        time: the event clock.
        book: ``L3`` for a book of orders, else ``L2``.
        phase: of the book.
        bids: [price, volume], best first.
        asks: the same.
        bid_makers: for each bid [name, volume] of its market makers, the largest first; null: of
            nobody that was named. Only where they are kept apart (``useL3``).
        ask_makers: the same of each ask.
    """

    instrument: str
    source: SourceName
    seq: Seq
    time: Time
    book: BookName = "L2"
    phase: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    bid_makers: tuple[tuple[Share, ...], ...] | None = None
    ask_makers: tuple[tuple[Share, ...], ...] | None = None


class Profile(Message, frozen=True, kw_only=True, tag="profile"):
    """The volume profile, for the topic ``profile``.

    Attributes:
        instrument: the symbol.
        source: of the stream.
        seq: the last record in it.
        time: the event clock.
        book: ``L3`` for a book of orders, else ``L2``.
        values: its fields, see docs/analytics.md; on the wire they stand beside.
    """

    open_field: ClassVar[str | None] = "values"
    instrument: str
    source: SourceName
    seq: Seq
    time: Time
    book: BookName = "L2"
    values: dict[str, Any] = msgspec.field(default_factory=dict)


class ErrorMessage(Message, frozen=True, kw_only=True, tag="error"):
    """Something was refused.

    Attributes:
        code: a stable word, see the table of codes.
        message: for people.
        stream: index given by ``welcome``.
        seq: the next number expected; nothing of the refused message was taken.
        index: of the offending record in its frame or message.
        field: its name.
        fatal: the connection is closed after this.
        facts: further facts of this code, such as ``known`` and ``declared``.
    """

    code: str
    message: str
    stream: StreamIndex | None = None
    seq: Seq | None = None
    index: int | None = None
    field: str | None = None
    fatal: bool = False
    facts: dict[str, Any] = msgspec.field(default_factory=dict)
