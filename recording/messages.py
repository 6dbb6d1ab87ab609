"""What a stream has to say, as the JSON messages of the wire: deterministic bytes.

Live, replay and offline commands render here, so equal entries give equal bytes. Rendering only
reads state; what nobody listens to is not rendered.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson
from numpy.typing import NDArray

from market.enums import Phase
from orderbook import describe
from orderbook.signals import signal_fields as described
from recording.stream import Result, Stream

__all__ = [
    "BOOK_ROWS",
    "ClusterMessage",
    "book_fields",
    "book_message",
    "cluster_messages",
    "clusters_message",
    "footprint_fields",
    "live_clusters",
    "metrics_message",
    "profile_fields",
    "profile_message",
    "recent_signals",
    "signal_fields",
    "signal_messages",
]

BOOK_ROWS: Final = 10


class ClusterMessage(NamedTuple):
    """One cluster event.

    Attributes:
        event: ``new``, ``update`` or ``end``.
        id: of the cluster.
        text: the message.
    """

    event: str
    id: int
    text: bytes


def metrics_message(stream: Stream) -> bytes:
    """The metrics after the last entry: its row, or while stale the phase and nothing else.

    To be called when ``Result.publishes``.
    """
    phase = stream.phase
    if phase is Phase.STALE:
        head = _head(stream, "metrics", stream.expected - 1, stream.analyzer.clock)
        return orjson.dumps({**head, "phase": phase.value})
    return b"".join((stream.opening, stream.analyzer.row_text(), stream.ending))


def cluster_messages(stream: Stream, result: Result) -> list[ClusterMessage]:
    """The cluster events of an entry in order, one message each: updates are conflated per id."""
    events = result.events
    if not len(events):
        return []
    return [_cluster_message(stream, event) for event in describe.plain_events(events)]


def _cluster_message(stream: Stream, event: Mapping[str, Any]) -> ClusterMessage:
    word = describe.event_word(event)
    head = _head(stream, "clusters", event["seq"] - 1, event["time"])
    cluster = describe.cluster_fields(event, stream.instrument, stream.parameters, stream.config)
    text = orjson.dumps({**head, "event": word, "clusters": [cluster]})
    return ClusterMessage(word, cluster["id"], text)


def clusters_message(stream: Stream) -> bytes:
    """The full set of live clusters, event ``snapshot``."""
    head = _present(stream, "clusters")
    return orjson.dumps({**head, "event": "snapshot", "clusters": live_clusters(stream)})


def live_clusters(stream: Stream) -> list[dict[str, Any]]:
    """The live clusters; none while stale."""
    return [] if stream.phase is Phase.STALE else stream.analyzer.calculate_clusters()


def signal_messages(stream: Stream, signals: NDArray[Any]) -> list[bytes]:
    """Signals in order (SIGNAL, as ``Result.signals``), one message each."""
    return [orjson.dumps(signal_fields(stream, signal)) for signal in signals]


def recent_signals(stream: Stream, after: int | None = None) -> list[dict[str, Any]]:
    """Signals of the past, as messages: those that have not expired; none while stale.

    Args:
        stream: of which.
        after: instead those with a higher id, expired or not. An id that was not given yet is one
            of an earlier run, and then all are new.
    """
    if stream.phase is Phase.STALE:
        return []
    analyzer = stream.analyzer
    if after is None:
        recent = analyzer.recent_signals()
        recent = recent[recent["expires"] > analyzer.clock]
    else:
        recent = analyzer.recent_signals(0 if after >= analyzer.next_signal else after)
    return [signal_fields(stream, signal) for signal in recent]


def signal_fields(stream: Stream, signal: Any) -> dict[str, Any]:  # noqa: ANN401 - a SIGNAL row
    """One SIGNAL as the message."""
    fields = described(signal, stream.instrument, stream.parameters)
    head = _head(stream, "signal", fields.pop("seq"), fields.pop("time"))
    return {**head, **fields, "config": stream.config}


def book_message(stream: Stream, rows: int = BOOK_ROWS) -> bytes:
    """The best rows of the book."""
    return orjson.dumps(book_fields(stream, rows))


def book_fields(stream: Stream, rows: int = BOOK_ROWS) -> dict[str, Any]:
    """The best rows, [price, volume] in the instrument's units, best first; none while stale."""
    price, size = stream.instrument.tick.to_price, stream.instrument.size.to_price
    bids, asks = ([], []) if stream.phase is Phase.STALE else stream.analyzer.top(rows)
    return {
        **_present(stream, "book"),
        "phase": stream.phase.value,
        "bids": [(price(ticks), size(steps)) for ticks, steps in bids],
        "asks": [(price(ticks), size(steps)) for ticks, steps in asks],
        **_maker_fields(stream, len(bids), len(asks)),
    }


def _maker_fields(stream: Stream, bids: int, asks: int) -> dict[str, Any]:
    """For each row whose it is, [name, volume], the largest first; null: nobody named."""
    rows = stream.maker_rows
    if rows is None:
        return {}
    size, names = stream.instrument.size.to_price, stream.makers
    fields = {}
    for name, side, count in (("bid_makers", 1, bids), ("ask_makers", 0, asks)):
        fields[name] = [
            [
                (names[ref - 1] if 0 < ref <= len(names) else None, size(steps))
                for ref, steps in accounts.items()
            ]
            for _, _, accounts in rows.levels(side)[:count]
        ]
    return fields


def profile_message(stream: Stream) -> bytes:
    """The volume profile of the session."""
    return orjson.dumps(profile_fields(stream))


def profile_fields(
    stream: Stream, preset: str | None = None, scope: str = "session"
) -> dict[str, Any]:
    """A volume profile with its head. Raises UsageError: no such preset or scope."""
    profile = stream.analyzer.analyze_volume_profile(preset, scope)
    if stream.phase is Phase.STALE:
        profile["complete"] = False  # what is missing may still be trades
    return {**_present(stream, "profile"), **profile}


def footprint_fields(stream: Stream, **chosen: Any) -> dict[str, Any]:  # noqa: ANN401
    """The footprint of the last bars with its head; arguments as of ``analyze_footprint``.

    Raises:
        UsageError: a word or a number out of range.
    """
    return {**_present(stream, "footprint"), **stream.analyzer.analyze_footprint(**chosen)}


def _present(stream: Stream, kind: str) -> dict[str, Any]:
    return _head(stream, kind, stream.expected - 1, stream.analyzer.clock)


def _head(stream: Stream, kind: str, seq: int, time: int) -> dict[str, Any]:
    return {
        "type": kind,
        "instrument": stream.instrument.symbol,
        "source": stream.source.value,
        "seq": seq,
        "time": time,
        "book": stream.analyzer.book_kind,
    }
