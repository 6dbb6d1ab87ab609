"""What the recordings folder holds, by instrument, source and trade date."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from market.enums import FrameFlag, FrameType, Phase, Source
from market.errors import DataError, UsageError
from market.instrument import InstrumentTable
from market.record import Frame
from market.session import SessionCalendar
from recording.entries import (
    DAMAGE,
    CheckpointEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    PhaseEntry,
)
from recording.journal import JournalReader, JournalStream, journal_streams, read_journal
from recording.journal.folder import COMPACTED, PINNED, slug
from recording.table import TableReader

__all__ = ["Day", "Found", "Summary", "Tally", "days", "find_recording", "summarise"]

_SOURCES: Final = ("live", "playback", "replay")
_DOUBTS: Final = ("gap", "silent", DAMAGE)
"""Reasons of ``stale`` for which no book was sent."""


@dataclass(frozen=True, slots=True)
class Day:
    """One instrument and source on one trade date.

    Attributes:
        source: ``live``, ``playback`` or ``replay``.
        name: the symbol's folder name.
        trade_date: as the folder is named, ISO.
        folder: its part of the journal.
        parts: its segments and compacted files, in order.
        size: bytes on disk.
        pinned: whether retention leaves it alone.
    """

    source: str
    name: str
    trade_date: str
    folder: Path
    parts: tuple[Path, ...]
    size: int
    pinned: bool

    @property
    def compacted(self) -> bool:
        """Whether no segment is left."""
        return all(path.suffix == COMPACTED for path in self.parts)


@dataclass(slots=True)
class Summary:
    """What a day's journal holds.

    Attributes:
        symbol: the instrument.
        rows: numbered records.
        gaps: breaks: records that are missing.
        resyncs: times that the book had to be sent again.
        lag_p99_ms: 99th percentile of a live feed's lag (sent - newest event time), ms; None else.
        coverage: share of the session between the first and the last record; None without one.
        damage: why reading stopped early; None if it did not.
    """

    symbol: str
    rows: int = 0
    gaps: int = 0
    resyncs: int = 0
    lag_p99_ms: float | None = None
    coverage: float | None = None
    damage: str | None = None


class Tally:
    """Sums up entries; what it says of a closed day is kept with the compacted file.

    Attributes:
        symbol: of the last instrument.
        session: its session template; empty before the first.
        rows: numbered records.
        gaps: breaks.
        resyncs: times that the book had to be sent again.
        first: newest event time of the first frame, ns UTC; None before it.
        last: newest event time, ns UTC.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.session = ""
        self.rows = self.gaps = self.resyncs = 0
        self.first: int | None = None
        self.last: int | None = None
        self._live = False
        self._lags: list[int] = []

    def take(self, entry: Entry) -> None:
        """Count the next entry."""
        if isinstance(entry, InstrumentEntry):
            self.symbol = entry.instrument.symbol
            self.session = entry.instrument.session
            self._live = entry.source is Source.LIVE
        elif isinstance(entry, GapEntry):
            self.gaps += 1
        elif isinstance(entry, PhaseEntry):
            if entry.phase == Phase.STALE and entry.reason not in _DOUBTS:
                self.resyncs += 1
        elif isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
            self._take_frame(entry.frame)

    def _take_frame(self, frame: Frame) -> None:
        self.rows += len(frame.records)
        if not len(frame.records) or frame.flags & FrameFlag.HISTORICAL:
            return  # told again after a gap: no sign of how fast the feed is
        newest = frame.base + int(frame.records["dt"].max())
        self.first = newest if self.first is None else self.first
        self.last = newest if self.last is None else max(self.last, newest)
        if frame.sent and self._live:
            self._lags.append(frame.sent - newest)

    @property
    def lag_p99_ms(self) -> float | None:
        """99th percentile of a live feed's lag, ms."""
        return float(np.percentile(self._lags, 99)) / 1e6 if self._lags else None

    def to_mapping(self) -> dict[str, Any]:
        """All of it, for JSON."""
        names = ("symbol", "session", "rows", "gaps", "resyncs", "first", "last", "lag_p99_ms")
        return {name: getattr(self, name) for name in names}


def days(folder: Path) -> Iterator[Day]:
    """All days in a recordings folder, by source, symbol and date. Reads no journal."""
    for stream in journal_streams(folder):
        by_date: dict[Path, list[Path]] = {}
        for path in stream.parts:
            by_date.setdefault(path.parent, []).append(path)
        for day, parts in sorted(by_date.items()):
            yield Day(
                stream.source,
                stream.name,
                day.name,
                day,
                tuple(parts),
                sum(path.stat().st_size for path in parts),
                (day / PINNED).exists(),
            )


def summarise(day: Day, calendar_of: Callable[[str], SessionCalendar] | None = None) -> Summary:
    """Sum up a day: from the metadata of its one compacted file, else by reading it once.

    Damage ends the reading and is named.
    """
    tally = Tally(day.name)
    damage = None
    try:
        known = _kept_summary(day)
        if known is None:
            reader = JournalReader(day.folder)
            reader.paths = day.parts
            for entry in reader:
                tally.take(entry)
            known = tally.to_mapping()
    except DataError as error:
        damage = error.message
        known = tally.to_mapping()
    summary = Summary(
        known["symbol"],
        known["rows"],
        known["gaps"],
        known["resyncs"],
        known["lag_p99_ms"],
        damage=damage,
    )
    if calendar_of is not None and known["session"] and known["first"] is not None:
        calendar = calendar_of(known["session"])
        summary.coverage = _coverage(calendar, day.trade_date, known["first"], known["last"])
    return summary


def _kept_summary(day: Day) -> dict[str, Any] | None:
    """What the one compacted file of a day says; None where the day is something else."""
    if len(day.parts) != 1 or not day.compacted:
        return None
    with TableReader(day.parts[0]) as table:
        kept: dict[str, Any] = json.loads(table.metadata["summary"])
        return kept


def _coverage(calendar: SessionCalendar, day: str, first: int, last: int) -> float | None:
    session = calendar.session_of(date.fromisoformat(day))
    if session is None:
        return None
    covered = min(last, session.close) - max(first, session.open)
    return max(0.0, covered / (session.close - session.open))


@dataclass(frozen=True, slots=True)
class Found:
    """Where an instrument is recorded.

    Attributes:
        folder: its journal.
        segments: parts to read, in order: the trade date's, and before them what its book needs.
    """

    folder: Path
    segments: tuple[Path, ...]


def find_recording(
    folder: Path, name: str, day: date | None, table: InstrumentTable
) -> Found | None:
    """Find an instrument's journal; live comes before playback and replay.

    Args:
        folder: the recordings folder.
        name: a symbol, an alias, or a root of which one contract is recorded.
        day: a trade date; None: all.
        table: the instruments that are known.

    Returns:
        None if there is nothing.

    Raises:
        UsageError: several contracts of the root, with their names.
    """
    if not folder.is_dir():
        return None
    known = table.resolve(name)
    wanted = {name, slug(name)} | ({slug(known.symbol)} if known else set())
    found: dict[str, dict[str, Found]] = {}
    for stream in journal_streams(folder):
        fits = stream.name in wanted or stream.name.startswith(name + "_")
        segments = _segments_for(stream, day) if fits else ()
        if segments:
            found.setdefault(stream.source, {})[stream.name] = Found(stream.folder, segments)
    for source in _SOURCES:
        streams = found.get(source, {})
        exact = [match for symbol, match in streams.items() if symbol in wanted]
        if exact or len(streams) == 1:
            return (exact or list(streams.values()))[0]
        if streams:
            names = ", ".join(sorted(streams))
            raise UsageError(f"several contracts of {name} are recorded ({names}): name one")
    return None


def _segments_for(stream: JournalStream, day: date | None) -> tuple[Path, ...]:
    """The segments of a trade date, led in by those that its book depends on."""
    if day is None:
        return stream.parts
    places = [
        place for place, path in enumerate(stream.parts) if path.parent.name == day.isoformat()
    ]
    if not places:
        return ()
    first = places[0]
    if not _is_complete(stream.parts[first]):
        while first > 0:
            first -= 1
            if _has_snapshot(stream.parts[first]):
                break
    return stream.parts[first : places[-1] + 1]


def _is_complete(path: Path) -> bool:
    """Whether a segment begins with its state: a checkpoint of this program, or a snapshot."""
    try:
        for entry in read_journal(path):
            if isinstance(entry, CheckpointEntry) and entry.usable:
                return True
            if isinstance(entry, FrameEntry):
                if entry.frame.type == FrameType.SNAPSHOT:
                    return True
                if len(entry.frame.records):
                    return False
    except DataError:
        return False  # whoever reads it will hear of the damage
    return False


def _has_snapshot(path: Path) -> bool:
    try:
        return any(
            isinstance(entry, FrameEntry) and entry.frame.type == FrameType.SNAPSHOT
            for entry in read_journal(path)
        )
    except DataError:
        return False  # whoever reads it will hear of the damage
