"""A server process under load for minutes or an hour, with a publisher that loses its connection
again and again; once a second its memory, descriptors, threads and lags are looked at."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil

from client import Client, Publisher
from market.instrument import Instrument
from market.record import Frame, make_frames
from recording.entries import FrameEntry
from recording.journal import read_journal
from server.settings import settings_from
from tests.soak.audit import Audit, audit
from tests.soak.market import BATCH_NS, Market
from tests.soak.relay import Relay
from tests.soak.slope import theil_sen, windows

__all__ = ["Report", "Sample", "Soak", "judge_memory"]

SYMBOL: Final = "SOAK"
_SEED: Final = 20_261_120
_CONFIG: Final[dict[str, Any]] = {
    "instruments": {SYMBOL: {"tick_size": 0.25, "session": "always"}},
}
_PATHS: Final = (
    "health",
    *(
        f"api/v1/instruments/{SYMBOL}/{what}"
        for what in (
            "book",
            "metrics",
            "clusters",
            "profile",
        )
    ),
)
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    """The server process at one moment."""

    at: float
    """Seconds since the load began."""
    rss: int
    descriptors: int
    threads: int
    status: str
    phase: str
    journal_lag: int
    """Records written and not yet on disk."""
    health_s: float
    """Round trip of ``/health``."""


@dataclass(slots=True)
class Report:
    """What a run found."""

    seconds: float
    rate: float
    reconnects: int
    sent: int
    heard: int
    """Metrics messages that the subscriber got."""
    polls: int
    audit: Audit
    stream: dict[str, Any]
    """The last row of ``/health``."""
    loop_lag_ms: dict[str, float]
    """How late the event loop was over the whole run: bounds of quantiles."""
    samples: list[Sample] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """Answers other than 200, errors in the server's log, a status other than ok."""

    def after(self, seconds: float) -> list[Sample]:
        """The samples after the warm-up."""
        return [sample for sample in self.samples if sample.at >= seconds]

    def figures(self, warm_up_s: float) -> dict[str, Any]:
        """The numbers to be kept."""
        kept = self.after(warm_up_s)
        rss = np.array([sample.rss for sample in kept]) / _MIB
        return {
            "seconds": round(self.seconds, 1),
            "warm_up_s": warm_up_s,
            "records_sent": self.sent,
            "records_per_second": round(self.rate),
            "reconnects": self.reconnects,
            "metrics_heard": self.heard,
            "http_polls": self.polls,
            "audit": asdict(self.audit),
            "memory_slope_mib_per_hour": round(judge_memory(kept), 3),
            "memory_mib": {
                "first": round(float(rss[0]), 1),
                "median": round(float(np.median(rss)), 1),
                "last": round(float(rss[-1]), 1),
                "most": round(float(rss.max()), 1),
            },
            "memory_mib_by_minute": [value / _MIB for value in _by_minute(self.samples, "rss")],
            "descriptors_by_minute": _by_minute(kept, "descriptors"),
            "threads_by_minute": _by_minute(kept, "threads"),
            "health_round_trip_ms": _quantiles([1000 * sample.health_s for sample in kept]),
            "loop_lag_ms": self.loop_lag_ms,
            "journal_lag_records": _quantiles([float(one.journal_lag) for one in kept]),
            "stream": self.stream,
            "complaints": self.complaints,
        }


def judge_memory(samples: list[Sample]) -> float:
    """The slope of resident memory, MiB an hour, over medians of 10 s."""
    times = np.array([sample.at for sample in samples])
    middles, values = windows(times, np.array([sample.rss / _MIB for sample in samples]))
    return theil_sen(middles / 3600, values) if len(middles) > 1 else 0.0


def _by_minute(samples: list[Sample], name: str) -> list[float]:
    times = np.array([sample.at for sample in samples])
    values = np.array([float(getattr(sample, name)) for sample in samples])
    return [float(value) for value in windows(times, values, 60.0)[1]]


def _quantiles(values: list[float]) -> dict[str, float]:
    points = {"p50": 50, "p99": 99, "max": 100}
    return {name: round(float(np.percentile(values, at)), 3) for name, at in points.items()}


class Soak:
    """One run.

    Args:
        folder: for configuration, recordings and log.
        root: the repository.
        seconds: of load.
        reconnect_s: the publisher's connection is cut this often.
    """

    def __init__(self, folder: Path, root: Path, seconds: float, reconnect_s: float = 5.0) -> None:
        self._folder = folder
        self._root = root
        self._seconds = seconds
        self._reconnect_s = reconnect_s
        self._log = folder / "server.log"
        self._recordings = folder / "recordings"
        self._samples: list[Sample] = []
        self._complaints: list[str] = []
        self._stream: dict[str, Any] = {}
        self._loop_lag_ms: dict[str, float] = {}
        self._polls = 0
        self._heard = 0

    async def run(self) -> Report:
        """Start the server, load it, stop it, read its journal."""
        with self._server() as process:
            port = await asyncio.to_thread(_port_of, process)
            async with _asking(port) as http, _asking(port) as poller:
                await _until_ready(http)
                start = time.time_ns()
                began = time.monotonic()
                async with Relay(port) as relay:
                    sent = await self._load(http, poller, process.pid, port, relay, start)
                seconds = time.monotonic() - began
            code = await asyncio.to_thread(_stop, process)
        if code:
            self._complaints.append(f"the server ended with {code}")
        self._complaints += _errors_in(self._log)
        found = await asyncio.to_thread(audit, self._frames(), Market(_SEED, start), sent)
        return Report(
            seconds=seconds,
            rate=sent / seconds,
            reconnects=relay.cuts,
            sent=sent,
            heard=self._heard,
            polls=self._polls,
            audit=found,
            stream=self._stream,
            loop_lag_ms=self._loop_lag_ms,
            samples=self._samples,
            complaints=self._complaints,
        )

    @contextlib.contextmanager
    def _server(self) -> Iterator[subprocess.Popen[str]]:
        config = self._folder / "soak.yaml"
        text = {**_CONFIG, "recording": {"folder": str(self._recordings)}}
        config.write_text(json.dumps(text), encoding="utf-8")
        words = [sys.executable, "-m", "depthbridge", "serve", "--port", "0"]
        with (
            self._log.open("w") as log,
            subprocess.Popen(
                [*words, "--config", str(config)],
                cwd=self._root,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    async def _load(
        self,
        http: httpx.AsyncClient,
        poller: httpx.AsyncClient,
        pid: int,
        port: int,
        relay: Relay,
        start: int,
    ) -> int:
        """Everything at once, until the time is over; returns the records sent."""
        instrument = settings_from(_CONFIG).instruments.resolve(SYMBOL)
        assert instrument is not None
        url = f"ws://127.0.0.1:{relay.port}/ws"
        async with (
            Publisher(url, [instrument]) as publisher,
            Client(f"ws://127.0.0.1:{port}/ws") as client,
            _beside(
                self._listen(client),
                self._poll(poller),
                self._watch(http, pid),
                self._cut(relay),
            ),
        ):
            sent = await self._publish(publisher, instrument, start)
            await publisher.flush()
        self._loop_lag_ms = _loop_lag((await http.get("/metrics")).text)
        return sent

    async def _publish(self, publisher: Publisher, instrument: Instrument, start: int) -> int:
        market = Market(_SEED, start)
        began = time.monotonic()
        for number in range(int(self._seconds * 1e9) // BATCH_NS):
            due = began + (number + 1) * BATCH_NS / 1e9
            await asyncio.sleep(max(due - time.monotonic(), 0))
            for frame in make_frames(*market.batch(), 1):
                await publisher.publish(instrument.symbol, frame)
        return publisher.stream(instrument.symbol).ring.end - 1

    async def _listen(self, client: Client) -> None:
        async for _ in client.metrics():
            self._heard += 1

    async def _cut(self, relay: Relay) -> None:
        while True:
            await asyncio.sleep(self._reconnect_s)
            relay.cut()

    async def _poll(self, http: httpx.AsyncClient) -> None:
        while True:
            for path in _PATHS:
                answer = await http.get(f"/{path}")
                self._polls += 1
                known = len(self._samples) > 1
                if answer.status_code != 200 and known:
                    self._complaints.append(f"/{path}: {answer.status_code} {answer.text[:200]}")
                await asyncio.sleep(0.2)

    async def _watch(self, http: httpx.AsyncClient, pid: int) -> None:
        process = psutil.Process(pid)
        began = time.monotonic()
        while True:
            await asyncio.sleep(1.0)
            asked = time.monotonic()
            health = (await http.get("/health")).json()
            answered = time.monotonic()
            if health["status"] != "ok":
                self._complaints.append(f"{answered - began:.0f} s: {health['reasons']}")
            row = self._stream = health["streams"][0]
            with process.oneshot():
                self._samples.append(
                    Sample(
                        at=answered - began,
                        rss=process.memory_info().rss,
                        descriptors=_descriptors(process),
                        threads=process.num_threads(),
                        status=health["status"],
                        phase=row["phase"],
                        journal_lag=row["written_seq"] - row["durable_seq"],
                        health_s=answered - asked,
                    )
                )

    def _frames(self) -> Iterator[Frame]:
        for entry in read_journal(self._recordings):
            if isinstance(entry, FrameEntry):
                yield entry.frame


@contextlib.asynccontextmanager
async def _beside(*works: Any) -> AsyncIterator[None]:
    """Run these meanwhile; one that fails ends the whole."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()


def _asking(port: int) -> httpx.AsyncClient:
    """One connection that stays open: the server's descriptors are to be counted."""
    limits = httpx.Limits(max_connections=1, keepalive_expiry=None)
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, limits=limits)


async def _until_ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(240):
        while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


def _loop_lag(metrics: str) -> dict[str, float]:
    """Upper bounds, ms, of the buckets that hold these quantiles of the whole run."""
    found = re.findall(
        r'^depthbridge_loop_lag_seconds_bucket{le="([^"]+)"} (\S+)$', metrics, re.MULTILINE
    )
    buckets = [(1000 * float(bound), float(count)) for bound, count in found]
    most = buckets[-1][1]
    return {
        name: next(bound for bound, count in buckets if count >= share * most)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0))
    }


def _port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    found = re.search(r"http://\S+:(\d+)/", process.stdout.readline())
    assert found is not None, "the server did not start"
    return int(found[1])


def _stop(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(30)


def _descriptors(process: psutil.Process) -> int:
    number: int = process.num_handles() if os.name == "nt" else process.num_fds()
    return number


def _errors_in(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8").splitlines()
    return [line[:500] for line in lines if '"level":"info"' not in line]
