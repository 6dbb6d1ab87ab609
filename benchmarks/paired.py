"""What ingest notices of an attack, on a machine that is never quite calm.

One server, one publisher, and phases in turn: calm, attacked, calm, attacked, … Each attack is
compared with the calm phase right before it, of the same length; the figure is the median over the
pairs of the ratio of their p99. How much calm phases differ from each other is said beside it:
an effect smaller than that is not seen. The server is pinned to one core, publisher and attacker
to the others, so that the attacker's own work is not charged to the server; where the system
allows it (root), server and publisher run at real-time priority, so that neither is anybody else's.

A virtual machine is sometimes held up as a whole, both cores, for milliseconds. Before each frame
the publisher times what it takes to make one, which is always the same work and none of the
server's: where that took several times longer than usual, the round trips before and after it do
not count, calm or attacked, and how many that were is said.

A round trip counts from the moment at which it was due, if the one before was late, so that a long
pause of the server counts as often as it delays something.
"""

import gc
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.targets import HERE, Target, masked
from market.record import RECORD, make_frames
from wire.frames import encode_frame

__all__ = ["Attack", "Effect", "Pairs", "attacker", "server_core"]

_EVERY_S: Final = 0.0025
_STALLED: Final = 4
"""Work that takes so many times what it usually does was held up by the machine."""
_SETTLE_S: Final = 1.0
"""After an attack: what it left behind is not the calm of the next pair."""


class Sample(NamedTuple):
    """One round trip.

    Attributes:
        at: when it was sent.
        spent: seconds from when it was due to its ack.
        work: seconds that the publisher took before to make the frame, always the same work.
    """

    at: float
    spent: float
    work: float


class Ingest:
    """A publisher: 50 records, four hundred times a second, each time waiting for the ack."""

    def __init__(self, server: Target) -> None:
        self._peer = server.peer(hello=False)
        self._peer.hello("publisher", ["ATTACK 1"], source="live")
        self._frames = _frames()
        self._done = threading.Event()
        self.samples: list[Sample] = []
        self.left_out = self.taken = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Publish meanwhile, in a thread."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join(60)

    def between(self, begin: float, end: float) -> list[float]:
        """The round trips that were sent then, as far as they count."""
        limit = _STALLED * statistics.median(one.work for one in self.samples)
        found = [one for one in self.samples if begin <= one.at < end]
        stalled = [one.work > limit for one in found] + [False]
        counted = [
            one.spent
            for one, now, then in zip(found, stalled, stalled[1:], strict=False)
            if not (now or then)
        ]
        self.left_out += len(found) - len(counted)
        self.taken += len(found)
        return counted

    def _run(self) -> None:
        be_urgent(threading.get_native_id())
        due, usual = time.monotonic(), 1.0
        while not self._done.is_set():
            begun = time.monotonic()
            frame, seq = next(self._frames)
            data = masked(frame)
            work = time.monotonic() - begun
            usual = min(usual, work)
            due += _EVERY_S
            if work > _STALLED * 2 * usual:
                due = time.monotonic()
            late = time.monotonic() - due
            if late < 0:
                time.sleep(-late)
            sent = time.monotonic()
            self._peer.sock.sendall(data)
            while json.loads(self._peer.hear(b'{"type":"ack"'))["seq"] < seq:
                continue
            since = due if late > 0 else sent
            self.samples.append(Sample(sent, time.monotonic() - since, work))


def _frames() -> Iterator[tuple[bytes, int]]:
    rng = np.random.default_rng(5)
    seq, moment = 1, 1_795_099_800_000_000_000
    records = np.zeros(20, RECORD)
    records["side"], records["position"] = np.repeat([0, 1], 10), np.tile(np.arange(10), 2)
    while True:
        rows = records["position"].astype(np.int64)
        records["price"] = np.where(records["side"] == 1, 999 - rows, 1000 + rows)
        records["size"] = rng.integers(1, 60, len(records))
        times = moment + np.arange(len(records)) * 1000
        for frame in make_frames(records.copy(), times, seq):
            yield encode_frame(frame._replace(flags=8)), frame.end - 1
            seq = frame.end
        moment += 5_000_000
        records = np.zeros(50, RECORD)
        records["op"], records["side"] = 1, rng.integers(0, 2, 50)
        records["position"] = rng.integers(0, 10, 50)


class Attack(NamedTuple):
    """What an attacker says of one attack: moments of the monotonic clock.

    Attributes:
        begun: the first connection was dialled.
        connected: the last one was made.
        first: the first one was ended by the server.
        last: the last one was.
        longest: seconds that one connection was open at most.
        held: connections that the server never ended.
        queued: most bytes that waited in one of the server's sockets.
    """

    begun: float
    connected: float
    first: float
    last: float
    longest: float
    held: int
    queued: int = 0


class Effect(NamedTuple):
    """An attack's p99 beside a calm one, in ms, pair by pair."""

    calm: list[float]
    attacked: list[float]

    def __str__(self) -> str:
        ratios = [a / c - 1 for a, c in zip(self.attacked, self.calm, strict=True)]
        return (
            f"{statistics.median(self.calm):.3f} -> {statistics.median(self.attacked):.3f} ms, "
            f"{statistics.median(ratios):+.0%} ({min(ratios):+.0%} to {max(ratios):+.0%})"
        )


class Pairs:
    """Pairs of a calm phase and an attack.

    Attributes:
        attacks: what the attacker said.
        urgent: whether the server runs at real-time priority.
    """

    def __init__(self, server: Target, dialled: "subprocess.Popen[str]") -> None:
        self.attacks: list[Attack] = []
        self._attacker = dialled
        self._server = server
        self._beyond: list[float] = []
        self._ingest = Ingest(server)
        threads = [int(one.name) for one in Path(f"/proc/{server.pid}/task").iterdir()]
        self.urgent = min(map(be_urgent, threads))

    def run(self, count: int, seconds: float) -> None:
        """Calm and attacked in turn; ``seconds`` is what a calm phase lasts."""
        gc.collect()
        gc.disable()
        with self._ingest.running():
            time.sleep(3)
            for _ in range(count):
                time.sleep(_SETTLE_S)
                begun, before = time.monotonic(), self._server.processor_s()
                time.sleep(seconds)
                calm = (self._server.processor_s() - before) / (time.monotonic() - begun)
                begun, before = time.monotonic(), self._server.processor_s()
                self.attacks.append(Attack(**self._attack()))
                spent = self._server.processor_s() - before
                self._beyond.append(spent - calm * (time.monotonic() - begun))
        gc.enable()
        self._seconds = seconds

    def _attack(self) -> dict[str, Any]:
        assert self._attacker.stdin is not None
        assert self._attacker.stdout is not None
        self._attacker.stdin.write("\n")
        self._attacker.stdin.flush()
        found: dict[str, Any] = json.loads(self._attacker.stdout.readline())
        return found

    @property
    def whole(self) -> Effect:
        """From the first connection to the last one's end: accepting, holding and cutting."""
        return self._effect([(one.begun, one.last) for one in self.attacks])

    @property
    def holding(self) -> Effect:
        """While all connections are there."""
        return self._effect([(one.connected, one.first) for one in self.attacks])

    @property
    def worst(self) -> Effect:
        """The worst round trip in place of the p99."""
        return self._effect([(one.begun, one.last) for one in self.attacks], 100)

    @property
    def noise(self) -> str:
        """How far the p99 of a calm phase is from the one before."""
        calm = self.whole.calm
        ratios = [b / a - 1 for a, b in pairwise(calm)]
        return f"{min(ratios):+.0%} to {max(ratios):+.0%}" if ratios else "not known"

    @property
    def left_out(self) -> float:
        """Share of the round trips that do not count because the whole machine was held up."""
        return self._ingest.left_out / max(1, self._ingest.taken)

    @property
    def processor_ms(self) -> float:
        """The server's processor time for an attack, beyond what ingest takes as long."""
        return statistics.median(self._beyond) * 1e3

    def _effect(self, spans: Sequence[tuple[float, float]], at: float = 99) -> Effect:
        effect = Effect([], [])
        for attack, span in zip(self.attacks, spans, strict=True):
            begun = attack.begun
            effect.calm.append(_ms(self._ingest.between(begun - self._seconds, begun), at))
            effect.attacked.append(_ms(self._ingest.between(*span), at))
        return effect


def _ms(spent: Sequence[float], at: float) -> float:
    return float(np.percentile(spent, at)) * 1e3


def server_core() -> int | None:
    """Keep this process, and attackers that it starts, off one core, and return it; or None."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None
    cores = os.sched_getaffinity(0)
    core = max(cores)
    os.sched_setaffinity(0, cores - {core})
    return core


def be_urgent(thread: int) -> bool:
    """Let a thread, and those that it starts, run before all ordinary ones; False: not allowed."""
    try:
        os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    return True


@contextmanager
def attacker(*words: object) -> Iterator["subprocess.Popen[str]"]:
    """A process of ``benchmarks.attackers``."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.attackers", *map(str, words)],
        cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process
        process.communicate(timeout=60)
