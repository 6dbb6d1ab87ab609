"""What ``/metrics`` shows, copied at one moment on the event loop.

The copy holds plain values, so that :mod:`server.metrics` can render it in a thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from market.enums import Source
from server.channel import Channel
from server.health import health, not_ready, session_open
from server.measure import Histogram
from server.runtime import Runtime
from wire.codes import CloseCode, ErrorCode

__all__ = [
    "BOOK_COUNTERS",
    "BOOK_GAUGES",
    "SERVER_COUNTERS",
    "SERVER_GAUGES",
    "Book",
    "Observation",
    "observe",
]

_STAGES: Final = ("queue", "decode", "journal", "apply", "publish", "whole")

BOOK_COUNTERS: Final = {
    "frames": "Frames and batches taken.",
    "records": "Numbered records taken.",
    "duplicates": "Records that had been taken before.",
    "gaps": "Times that records were found missing.",
    "malformed": "Messages refused for what they themselves show.",
    "faults": "Rows that no market can have, steps back in time, broken invariants.",
    "checks": "Checksums of the publisher's book that were compared.",
    "checks_failed": "Checksums that differed from our book's.",
    "journal_failures": "Writes and syncs that the disk refused.",
}
BOOK_GAUGES: Final = {
    "session_open": "1 while the instrument trades by its session template.",
    "publisher_connected": "1 while a publisher's connection is open.",
    "publisher_age_seconds": "Since the publisher was last heard.",
    "feed_lag_seconds": "Sender's clock at sending less the newest event time (source live).",
    "last_sequence": "Number of the last record judged.",
    "listeners": "Subscriptions to this book.",
    "journal_lag_records": "Records written and not yet on disk.",
    "journal_lag_seconds": "For how long the oldest entry that is not on disk has waited.",
    "journal_refusing": "1 while the journal takes no entries.",
}
SERVER_GAUGES: Final = {
    "ready": "1 while the server takes data (readyz).",
    "connections": "WebSocket connections.",
    "connections_limit": "WebSocket connections allowed.",
    "inbox_bytes": "Received and waiting for their turn, over all connections.",
    "inbox_messages": "Messages that wait for their turn, over all connections.",
    "outbox_bytes": "Waiting to be sent, over all connections.",
    "outbox_full_connections": "Connections whose outbox is over its limit.",
    "jobs": "HTTP requests that wait for their turn.",
    "start_time_seconds": "When the server started, Unix time.",
}
SERVER_COUNTERS: Final = {
    "connections_opened": "WebSocket connections so far.",
    "outbox_conflated": "Messages that a newer one replaced before they were sent.",
}


@dataclass(frozen=True, slots=True)
class Book:
    """One instrument and source; a gauge that is None is not known."""

    labels: tuple[str, str]
    phase: str
    counters: Mapping[str, int]
    gauges: Mapping[str, float | None]
    resyncs: Mapping[str, int]
    signals: Mapping[str, int]
    withheld: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Observation:
    """The numbers at one moment (``taken``, monotonic ns); nothing of it changes afterwards."""

    taken: int
    version: str
    config: str
    status: str
    reasons: tuple[str, ...]
    recordings: Path | None
    books: tuple[Book, ...]
    counters: Mapping[str, int]
    gauges: Mapping[str, float]
    messages: Mapping[str, int]
    bytes: Mapping[str, int]
    records: Mapping[str, int]
    closed: Mapping[str, int]
    refused: Mapping[str, int]
    stages: Mapping[str, tuple[tuple[int, ...], int]]
    loop_lag: tuple[tuple[int, ...], int]


def observe(runtime: Runtime) -> Observation:
    """Copy what is to be shown; on the event loop, O(books + connections)."""
    measures, peers = runtime.measures, runtime.peers
    now = runtime.clock.monotonic_ns()
    wall = runtime.clock.wall_ns()
    state = health(runtime)
    books = tuple(_book(runtime, channel, now) for channel in runtime.hub)
    http = measures.http_records
    return Observation(
        taken=now,
        version=runtime.version,
        config=runtime.settings.config_hash,
        status=state["status"],
        reasons=tuple(state["reasons"]),
        recordings=(
            runtime.settings.recordings_folder if runtime.settings.recording.enabled else None
        ),
        books=books,
        counters={
            "connections_opened": measures.opened,
            "outbox_conflated": measures.conflated + sum(peer.conflated for peer in peers),
        },
        gauges={
            "ready": not_ready(runtime) is None,
            "connections": runtime.connections,
            "connections_limit": runtime.settings.server.connections,
            "inbox_bytes": sum(peer.waiting_bytes for peer in peers),
            "inbox_messages": sum(peer.waiting for peer in peers),
            "outbox_bytes": sum(peer.outbox.size for peer in peers),
            "outbox_full_connections": sum(peer.outbox.full for peer in peers),
            "jobs": runtime.pipeline.jobs,
            "start_time_seconds": (wall - (now - runtime.started)) / 1e9,
        },
        messages={
            "websocket": measures.websocket.messages + sum(peer.received for peer in peers),
            "http": measures.http.messages,
        },
        bytes={
            "websocket": measures.websocket.bytes + sum(peer.received_bytes for peer in peers),
            "http": measures.http.bytes,
        },
        records={
            "websocket": sum(book.counters["records"] for book in books) - http,
            "http": http,
        },
        closed={str(code.value): measures.closed[code] for code in CloseCode},
        refused={code.value: 0 for code in ErrorCode} | dict(measures.refused),
        stages={name: _copied(getattr(measures, name)) for name in _STAGES},
        loop_lag=_copied(measures.loop_lag),
    )


def _book(runtime: Runtime, channel: Channel, now: int) -> Book:
    stream, live, session = channel.stream, channel.live, channel.session
    counters = channel.counters
    signals = stream.analyzer.signal_counters
    durable = channel.durable_seq
    lag = live.feed_lag if channel.source is Source.LIVE else None
    return Book(
        labels=(channel.symbol, channel.source.value),
        phase=stream.phase.value,
        counters={name: getattr(counters, name) for name in BOOK_COUNTERS if name != "gaps"}
        | {"gaps": session.gaps},
        gauges={
            "session_open": session_open(runtime, channel),
            "publisher_connected": live.connected,
            "publisher_age_seconds": (now - live.heard) / 1e9 if live.heard else None,
            "feed_lag_seconds": None if lag is None else lag / 1e9,
            "last_sequence": session.expected - 1,
            "listeners": len(channel.listeners),
            "journal_lag_records": None if durable is None else channel.written_seq - durable,
            "journal_lag_seconds": None if durable is None else channel.journal_age(now) / 1e9,
            "journal_refusing": channel.journal_broken,
        },
        resyncs=dict(counters.resyncs),
        signals=signals["fired"],
        withheld=signals["withheld"],
    )


def _copied(histogram: Histogram) -> tuple[tuple[int, ...], int]:
    return tuple(histogram.counts), histogram.sum_ns
