"""``/metrics``: what :mod:`server.measure` and the channels count, in Prometheus' text format.

:mod:`server.observe` copies numbers on the event loop; :func:`render` makes text of the copy and
looks at process and disk, in a thread of its own. Names and units follow
Prometheus' conventions: base units, ``_total`` for counters, and labels only of what is bounded
(instruments, sources, words of the protocol).
"""

import asyncio
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import choose_encoder

from market.enums import Phase
from server.measure import BOUNDS_S
from server.observe import (
    BOOK_COUNTERS,
    BOOK_GAUGES,
    SERVER_COUNTERS,
    SERVER_GAUGES,
    Observation,
    observe,
)
from server.runtime import Runtime
from wire.codes import ResyncReason

__all__ = ["Disk", "MetricsPage", "render"]

_STATUSES: Final = ("starting", "ok", "degraded")
_STREAM: Final = ("instrument", "source")
_AGAIN_NS: Final = 250_000_000
"""A request within so long after another gets the same text."""
_WALK_NS: Final = 30_000_000_000
"""How old the size of the recordings may be."""


def render(seen: Observation, disk: "Disk", accept: str = "") -> tuple[bytes, str]:
    """Text and content type; touches process and disk, so not on the event loop.

    Args:
        seen: what :func:`observe` copied.
        disk: of the recordings.
        accept: the request's header of that name; OpenMetrics for whoever asks for it.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(seen, disk))
    ProcessCollector(registry=registry)
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class Disk:
    """How much the recordings take, looked at now and then: a walk over many files takes time."""

    def __init__(self) -> None:
        self._looked: tuple[int, int] | None = None

    def used(self, folder: Path, now: int) -> int:
        """Bytes of everything below the folder (``now`` monotonic ns)."""
        if self._looked is None or now - self._looked[0] > _WALK_NS:
            self._looked = now, sum(_size(path) for path in folder.rglob("*"))
        return self._looked[1]


def _size(path: Path) -> int:
    """Bytes of a file; 0 of what is none, or has just been removed."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


class MetricsPage:
    """Answers for one runtime, one at a time: many requests cost no more than a few."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._disk = Disk()
        self._thread = ThreadPoolExecutor(1, "metrics")
        self._lock = asyncio.Lock()
        self._last: tuple[int, str, tuple[bytes, str]] | None = None

    async def text(self, accept: str) -> tuple[bytes, str]:
        """The page and its content type."""
        async with self._lock:
            last = self._last
            now = self._runtime.clock.monotonic_ns()
            if last is not None and last[1] == accept and now - last[0] < _AGAIN_NS:
                return last[2]
            loop = asyncio.get_running_loop()
            seen = observe(self._runtime)
            page = await loop.run_in_executor(self._thread, render, seen, self._disk, accept)
            self._last = now, accept, page
            return page


class _Families:
    """A collector of one observation."""

    def __init__(self, seen: Observation, disk: Disk) -> None:
        self._seen = seen
        self._disk = disk

    def collect(self) -> Iterator[Metric]:
        """Every family, server first."""
        seen = self._seen
        build = {"version": seen.version, "python": platform.python_version()}
        yield InfoMetricFamily("depthbridge_build", "What runs.", build)
        yield InfoMetricFamily(
            "depthbridge_config", "Hash of the analytics settings.", {"config": seen.config}
        )
        yield _states("status", "What /health says.", (), [((), seen.status)], _STATUSES)
        yield _gauge(
            "degraded",
            "1 for each reason that /health gives.",
            ("reason",),
            (((reason,), 1.0) for reason in seen.reasons),
        )
        for name, about in SERVER_GAUGES.items():
            yield _gauge(name, about, (), [((), seen.gauges[name])])
        for name, about in SERVER_COUNTERS.items():
            yield _counter(name, about, (), [((), seen.counters[name])])
        yield from self._traffic()
        yield from self._durations()
        yield from self._recordings()
        yield from self._books()

    def _traffic(self) -> Iterator[Metric]:
        seen = self._seen
        for name, about, values in (
            ("received_messages", "Messages and requests received.", seen.messages),
            ("received_bytes", "Of these messages and requests, decoded.", seen.bytes),
            ("received_records", "Numbered records taken.", seen.records),
        ):
            yield _counter(name, about, ("transport",), _one(values))
        yield _counter(
            "connections_closed", "Connections that the server ended.", ("code",), _one(seen.closed)
        )
        yield _counter("refused", "Messages and requests refused.", ("code",), _one(seen.refused))

    def _durations(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "depthbridge_stage_duration_seconds",
            "Where the time of a message goes; one in 5 ms is timed.",
            labels=["stage"],
        )
        for stage, (counts, sum_ns) in self._seen.stages.items():
            family.add_metric([stage], _buckets(counts), sum_ns / 1e9)
        yield family
        counts, sum_ns = self._seen.loop_lag
        lag = HistogramMetricFamily(
            "depthbridge_loop_lag_seconds",
            "How late the event loop woke a task that had asked for 10 ms.",
        )
        lag.add_metric([], _buckets(counts), sum_ns / 1e9)
        yield lag

    def _recordings(self) -> Iterator[Metric]:
        folder = self._seen.recordings
        if folder is None or not folder.is_dir():
            return
        disk = shutil.disk_usage(folder)
        for name, about, value in (
            (
                "recordings_bytes",
                "Size of the recordings.",
                self._disk.used(folder, self._seen.taken),
            ),
            ("recordings_disk_free_bytes", "Free where the recordings lie.", disk.free),
            ("recordings_disk_size_bytes", "Size of that file system.", disk.total),
        ):
            yield _gauge(name, about, (), [((), value)])

    def _books(self) -> Iterator[Metric]:
        books = self._seen.books
        for name, about in BOOK_COUNTERS.items():
            rows = [(book.labels, book.counters[name]) for book in books]
            yield _counter(f"book_{name}", about, _STREAM, rows)
        for name, about in BOOK_GAUGES.items():
            gauges = [(book.labels, book.gauges[name]) for book in books]
            yield _gauge(f"book_{name}", about, _STREAM, gauges)
        phases = [(book.labels, book.phase) for book in books]
        words = tuple(phase.value for phase in Phase)
        yield _states("book_phase", "What the book is worth now.", _STREAM, phases, words)
        asked = [
            ((*book.labels, reason.value), book.resyncs.get(reason.value, 0))
            for book in books
            for reason in ResyncReason
        ]
        yield _counter(
            "book_resyncs", "Requests to the publisher to send again.", (*_STREAM, "reason"), asked
        )
        for name, about, label, counts in (
            ("signals", "Signals given, by rule.", "rule", "signals"),
            ("signals_withheld", "Words of a rule that became no signal.", "reason", "withheld"),
        ):
            said = [
                ((*book.labels, word), count)
                for book in books
                for word, count in getattr(book, counts).items()
            ]
            yield _counter(f"book_{name}", about, (*_STREAM, label), said)


_Labels = tuple[str, ...]


def _one(values: Mapping[str, int]) -> list[tuple[_Labels, int]]:
    return [((name,), value) for name, value in values.items()]


def _counter(
    name: str, about: str, labels: _Labels, rows: Iterable[tuple[_Labels, int]]
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"depthbridge_{name}", about, labels=labels)
    for values, count in rows:
        family.add_metric(values, count)
    return family


def _gauge(
    name: str, about: str, labels: _Labels, rows: Iterable[tuple[_Labels, float | None]]
) -> GaugeMetricFamily:
    """A gauge; what is not known has no sample."""
    family = GaugeMetricFamily(f"depthbridge_{name}", about, labels=labels)
    for values, value in rows:
        if value is not None:
            family.add_metric(values, float(value))
    return family


def _states(
    name: str,
    about: str,
    labels: _Labels,
    rows: Iterable[tuple[_Labels, str]],
    words: tuple[str, ...],
) -> StateSetMetricFamily:
    family = StateSetMetricFamily(f"depthbridge_{name}", about, labels=labels)
    for values, word in rows:
        family.add_metric(values, {one: one == word for one in words})
    return family


def _buckets(counts: tuple[int, ...]) -> list[tuple[str, float]]:
    """Bounds with how many lie at or below them."""
    names = [*map(str, BOUNDS_S), "+Inf"]
    return list(zip(names, map(float, accumulate(counts)), strict=True))
