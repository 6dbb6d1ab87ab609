"""Counts of what the server does, cheap enough for every message: plain integers, no locks.

All of it is touched by the event loop alone; ``metrics.py`` copies it there and renders elsewhere.
Durations are taken of one message in 5 ms at most, by the processor's clock whatever the server's
clock says: a quantile needs no more, and the other messages pay one comparison.
"""

import time
from bisect import bisect_left
from collections import Counter
from typing import Final, Protocol

__all__ = ["BOUNDS_S", "SAMPLE_NS", "Histogram", "Measures", "Trace", "Traffic", "Unsynced"]

SAMPLE_NS: Final = 5_000_000
"""The durations of one message in so long are taken."""
BOUNDS_S: Final = (
    *(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001),
    *(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
"""Upper bounds of a histogram's buckets, seconds; above the last one is infinity."""
_BOUNDS_NS: Final = tuple(round(bound * 1e9) for bound in BOUNDS_S)


class Histogram:
    """Durations by size.

    Attributes:
        counts: of each bucket on its own; the last one is above all bounds.
        sum_ns: of all durations.
    """

    __slots__ = ("counts", "sum_ns")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS_NS) + 1)
        self.sum_ns = 0

    def add(self, ns: int) -> None:
        """Count one duration; a bound belongs to the bucket below it."""
        self.counts[bisect_left(_BOUNDS_NS, ns)] += 1
        self.sum_ns += ns


class Unsynced:
    """Since when the oldest written entry waits for the disk.

    The event loop writes, one other thread at a time syncs; each field has one that sets it anew.

    Attributes:
        waiting: receipt of the oldest entry that no sync covers, monotonic ns; None: there is none.
    """

    __slots__ = ("_syncing", "waiting")

    def __init__(self) -> None:
        self.waiting: int | None = None
        self._syncing: int | None = None

    def begin(self) -> None:
        """A sync begins: it covers what was written until now."""
        if self._syncing is None:
            self._syncing = self.waiting
        self.waiting = None

    def done(self) -> None:
        """The sync succeeded; after one that failed, the next begins where that one did."""
        self._syncing = None

    def age(self, now: int) -> int:
        """Ns for which the oldest entry has waited at ``now``; 0: nothing waits."""
        since = self._syncing if self._syncing is not None else self.waiting
        return 0 if since is None else max(now - since, 0)


class Ended(Protocol):
    """What stays of a connection that has ended."""

    @property
    def received(self) -> int:
        """Messages."""

    @property
    def received_bytes(self) -> int:
        """Of these messages."""

    @property
    def conflated(self) -> int:
        """Messages to it that a newer one replaced."""


class Traffic:
    """What came in over one transport."""

    __slots__ = ("bytes", "messages")

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0


class Trace:
    """Where the time of one message goes, ns; what the three do not take is ``decode``."""

    __slots__ = ("apply", "begun", "journal", "publish")

    def __init__(self) -> None:
        self.begun = time.perf_counter_ns()
        self.journal = 0
        self.apply = 0
        self.publish = 0

    def add(self, journal: int, apply: int, publish: int) -> None:
        """An entry was recorded."""
        self.journal += journal
        self.apply += apply
        self.publish += publish


class Measures:
    """Everything that is counted for the whole server; a book's own counts are with its channel.

    Attributes:
        queue: from arrival to its turn.
        decode: decoding, judging its numbers, answering.
        journal: written, not yet on disk.
        apply: book and analytics.
        publish: rendered for whoever listens.
        whole: the four together.
        loop_lag: how late the event loop woke a task that had asked for 10 ms.
        websocket: what came in by WebSocket, on connections that have ended.
        http: what came in by HTTP.
        http_records: records of it that were taken.
        opened: WebSocket connections so far.
        closed: by close code, those that the server ended.
        refused: by error code, messages and requests.
        conflated: messages that a newer one replaced, on connections that have ended.
        due: when the next message is to be timed, monotonic ns; then call :meth:`begin`.
        trace: of the message in hand, if it is one of those that are timed; then call :meth:`end`.
    """

    def __init__(self) -> None:
        self.queue = Histogram()
        self.decode = Histogram()
        self.journal = Histogram()
        self.apply = Histogram()
        self.publish = Histogram()
        self.whole = Histogram()
        self.loop_lag = Histogram()
        self.websocket = Traffic()
        self.http = Traffic()
        self.http_records = 0
        self.opened = 0
        self.closed: Counter[int] = Counter()
        self.refused: Counter[str] = Counter()
        self.conflated = 0
        self.trace: Trace | None = None
        self.due = 0

    def forget(self, connection: Ended) -> None:
        """A connection is gone; its counts stay."""
        self.websocket.messages += connection.received
        self.websocket.bytes += connection.received_bytes
        self.conflated += connection.conflated

    def begin(self, now: int) -> None:
        """Time the message whose turn has come (``now`` monotonic ns)."""
        self.due = now + SAMPLE_NS
        self.trace = Trace()

    def end(self) -> None:
        """The message is done; without a trace nothing happens."""
        trace = self.trace
        if trace is None:
            return
        self.trace = None
        whole = time.perf_counter_ns() - trace.begun
        self.journal.add(trace.journal)
        self.apply.add(trace.apply)
        self.publish.add(trace.publish)
        self.decode.add(whole - trace.journal - trace.apply - trace.publish)
        self.whole.add(whole)
