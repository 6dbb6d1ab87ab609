"""Seeded streams of entries that visit every state a stream can be in."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from market.enums import FrameFlag, FrameType, Kind, Source
from market.instrument import Instrument
from market.record import RECORD, Frame, Records, make_frames
from market.session import SessionCalendar, SessionTemplate, Window
from market.ticks import Grid
from orderbook import Parameters
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import JournalWriter, RollRules
from recording.output import OutputRecorder
from recording.stream import Result, Stream
from tests.orderbook.market_fuzz import Levels, Plan, Step, make_plan
from tests.reference.records import Rec, records_of

__all__ = [
    "CALENDAR",
    "Recorder",
    "Told",
    "added_up",
    "entries_of",
    "instrument_of",
    "record",
    "stream_of",
    "tell",
]

MINUTE = 60_000_000_000
CALENDAR = SessionCalendar(
    SessionTemplate(
        "UTC",
        tuple(Window(start, start + 1) for start in range(1331, 1361, 2)),
        Window(1331, 1361),
        frozenset(range(7)),
    )
)
"""Opens every other minute, so that a short stream sees sessions turn."""

Told = tuple[bytes | None, bytes, bool, int, str | None]
"""Row and events as bytes, whether it publishes, records applied, fault."""


def instrument_of(plan: Plan) -> Instrument:
    return Instrument("TS 12-26", "TS", Grid(plan.tick), Grid(1), 50.0, "always", plan.depth)


def stream_of(plan: Plan) -> Stream:
    return Stream(instrument_of(plan), calendar=CALENDAR)


def tell(stream: Stream, entry: Entry) -> Told:
    """Apply an entry; everything that it led to."""
    result = stream.apply(entry)
    row = None
    if result.emits or result.publishes:
        row = stream.analyzer.row().tobytes()
    events = result.events.tobytes()
    return row, events, result.publishes, result.applied, result.fault


def entries_of(seed: int, steps: int) -> tuple[Plan, list[Entry]]:
    plan = make_plan(seed, steps)
    return plan, list(_Entries(seed, plan))


class _Entries:
    """What a journal would hold if a publisher sent the plan, and more happened besides."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.rng = random.Random(seed)
        self.apart = random.Random(seed ^ 0xA9A7)
        self.flags = {"useL3": self.apart.random() < 0.5}
        self.plan = plan
        self.seq = 1
        self.time = 0
        self.bar_time = 0
        self.sessions = 0

    def __iter__(self) -> Iterator[Entry]:
        yield InstrumentEntry(instrument_of(self.plan), Source.LIVE)
        parameters = Parameters.from_mapping(self.plan.settings)
        yield SettingsEntry(parameters.to_mapping(), parameters.config_hash)
        yield SessionEntry("session 0", flags=self.flags)
        if self.flags["useL3"]:
            yield MakersEntry(("NSDQ", "ARCA"))
        for step in self.plan.steps:
            self.time = max(self.time, step.time)
            yield from self._aside(parameters)
            if step.what == "advance":
                yield ClockEntry(step.time)
            elif step.what == "gap":
                yield self.rng.choice((GapEntry("gap", 3, 9), PhaseEntry("stale", "checksum")))
            elif step.what == "load":
                yield from self._snapshot(step.bids, step.asks, step.time)
            else:
                yield from self._broken(step) if self.rng.random() < 0.03 else ()
                yield from self._events(step.recs)

    def _broken(self, step: Step) -> Iterator[Entry]:
        """Records that are held back, then the book that makes up for them."""
        yield self.rng.choice((GapEntry("gap", 3, 9), PhaseEntry("stale", "checksum")))
        yield from self._events(step.recs[: self.rng.choice((0, 1, 9))])
        yield from self._snapshot(step.bids, step.asks, self.time)

    def _events(self, recs: tuple[Rec, ...]) -> Iterator[Entry]:
        records, times = records_of(recs)
        if self.flags["useL3"]:
            depth = np.flatnonzero(records["kind"] == Kind.DEPTH_POSITION)
            records["ref"][depth] = [self.apart.randrange(3) for _ in depth]
        for frame in make_frames(records, times, self.seq, self.rng.choice((1, 7, 50))):
            self.seq = frame.end
            yield FrameEntry(frame)

    def _snapshot(self, bids: Levels, asks: Levels, time: int) -> Iterator[Entry]:
        records = np.zeros(len(bids) + len(asks), RECORD)
        records["side"][: len(bids)] = 1
        records["price"] = [ticks for ticks, _ in (*bids, *asks)]
        records["size"] = [size for _, size in (*bids, *asks)]
        if self.flags["useL3"]:
            records = self._shared(records)
        parts = np.array_split(records, self.rng.choice((1, 1, 2, 3)))
        for part in parts[:-1]:
            yield FrameEntry(Frame(part, time, self.seq, FrameType.SNAPSHOT))
            if self.rng.random() < 0.3:
                yield FrameEntry(Frame(np.zeros(0, RECORD), time, self.seq))
        last = Frame(parts[-1], time, self.seq, FrameType.SNAPSHOT, int(FrameFlag.LAST))
        yield FrameEntry(last)

    def _shared(self, levels: Records) -> Records:
        """Makers' shares of these levels, in most cases; ``added_up`` makes levels of them."""
        if self.apart.random() < 0.2:
            return levels
        shares = []
        for level in levels:
            left = int(level["size"])
            for ref in self.apart.sample(range(4), self.apart.randrange(1, 4))[:-1]:
                share = level.copy()
                share["size"], share["ref"] = self.apart.randint(0, left), ref
                left -= int(share["size"])
                shares.append(share)
            level["size"], level["ref"] = left, 4
            shares.append(level)
        made: Records = np.array(shares, RECORD) if shares else levels
        return made

    def _aside(self, parameters: Parameters) -> Iterator[Entry]:
        chance = self.rng.random()
        if chance < 0.04:
            yield PhaseEntry("stale", self.rng.choice(("gap", "silent")))
        elif chance < 0.06:
            yield PhaseEntry("paused", "playback")
        elif chance < 0.12:
            yield from self._bar()
        elif chance < 0.14:
            yield MakersEntry(("NSDQ", f"M{self.seq}"))
        elif chance < 0.16:
            increment = self.rng.choice((1, 2, 3))
            clusters = replace(parameters.clusters, ClusterIncrement=increment)
            other = replace(parameters, clusters=clusters)
            yield SettingsEntry(other.to_mapping(), other.config_hash)
        elif chance < 0.17:
            self.sessions += 1
            self.seq = 1
            yield SessionEntry(f"session {self.sessions}", flags=self.flags)
        elif chance < 0.19:
            yield HoldEntry(self.rng.random() < 0.5)

    def _bar(self) -> Iterator[Entry]:
        self.bar_time = max(self.bar_time + self.rng.choice((1, MINUTE)), self.time)
        low, high = sorted(self.rng.uniform(-5, 5) for _ in range(2))
        values: dict[str, Any] = {
            "series": {"type": "minute", "value": self.rng.choice((1, 5))},
            "time": self.bar_time,
            "open": low,
            "high": high,
            "low": low,
            "close": self.rng.choice((low, high)),
            "volume": self.rng.choice((0.0, 0.1, 7.0, 1e9)),
            "delta": None,
        }
        yield BarEntry(self.seq, values)
        self.seq += 1


def added_up(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same entries, with the levels of each snapshot in its last frame: nobody's."""
    parts: list[Frame] = []
    for entry in entries:
        if not isinstance(entry, FrameEntry) or entry.frame.type != FrameType.SNAPSHOT:
            yield entry
            continue
        frame = entry.frame
        parts.append(frame)
        if not frame.flags & FrameFlag.LAST:
            yield FrameEntry(frame._replace(records=frame.records[:0]))
            continue
        sums: dict[tuple[int, int], int] = {}
        for part in parts:
            for row in part.records:
                key = (int(row["side"]), int(row["price"]))
                sums[key] = sums.get(key, 0) + int(row["size"])
        parts.clear()
        records = np.zeros(len(sums), RECORD)
        records["side"] = [side for side, _ in sums]
        records["price"] = [price for _, price in sums]
        records["size"] = list(sums.values())
        yield FrameEntry(frame._replace(records=records))


class Recorder:
    """What the server's channel does with entries, without the server."""

    def __init__(self, folder: Path, plan: Plan, rules: RollRules | None = None) -> None:
        self.stream = stream_of(plan)
        instrument = self.stream.instrument
        self.journal = JournalWriter(folder, instrument, Source.LIVE, CALENDAR, rules=rules)
        self.outputs = OutputRecorder(self.stream, self.journal)
        self.received = 0
        self.told: list[Told] = []

    def take(self, entry: Entry) -> Result:
        """Write, apply, and keep what came of it."""
        self.received += 1_000_000
        self.journal.write(entry, self.received)
        result = self.stream.apply(entry)
        output = self.outputs.applied(result)
        if output is not None:
            self.journal.write(output, self.received)
        return result

    def close(self) -> None:
        self.journal.close(self.received)


def record(folder: Path, seed: int, steps: int, size: int = 20_000) -> Recorder:
    """A journal of a random stream, in segments of about ``size`` bytes."""
    plan, entries = entries_of(seed, steps)
    recorder = Recorder(folder, plan, RollRules(size=size))
    for entry in entries:
        recorder.take(entry)
    recorder.close()
    return recorder
