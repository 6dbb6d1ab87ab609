"""What the recordings folder holds, by instrument, source and trade date."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from market.enums import FrameType, Phase, Source
from market.errors import DataError, UsageError
from market.instrument import Instrument, InstrumentTable
from market.session import SessionCalendar
from recording.entries import FrameEntry, GapEntry, InstrumentEntry, PhaseEntry
from recording.journal import JournalStream, journal_streams, read_journal
from recording.journal.folder import slug

__all__ = ["Day", "Found", "Summary", "days", "find_recording", "summarise"]

_SOURCES: Final = ("live", "playback", "replay")
_DOUBTS: Final = ("gap", "silent")


@dataclass(frozen=True, slots=True)
class Day:
    """One instrument and source on one trade date.

    Attributes:
        source: ``live``, ``playback`` or ``replay``.
        name: the symbol's folder name.
        trade_date: as the folder is named, ISO.
        folder: its journal segments.
        size: bytes on disk.
    """

    source: str
    name: str
    trade_date: str
    folder: Path
    size: int


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


def days(folder: Path) -> Iterator[Day]:
    """All days in a recordings folder, by source, symbol and date. Reads no journal."""
    for stream in journal_streams(folder):
        for day in _dates(stream):
            size = sum(path.stat().st_size for path in stream.segments if path.parent == day)
            yield Day(stream.source, stream.name, day.name, day, size)


def _dates(stream: JournalStream) -> list[Path]:
    return sorted({path.parent for path in stream.segments})


def summarise(day: Day, calendar_of: Callable[[str], SessionCalendar] | None = None) -> Summary:
    """Read a day's journal once; damage ends it and is named."""
    summary = Summary(day.name)
    lags: list[int] = []
    first = last = None
    live = False
    instrument: Instrument | None = None
    try:
        for entry in read_journal(day.folder):
            if isinstance(entry, InstrumentEntry):
                instrument = entry.instrument
                summary.symbol = instrument.symbol
                live = entry.source is Source.LIVE
            elif isinstance(entry, GapEntry):
                summary.gaps += 1
            elif isinstance(entry, PhaseEntry):
                if entry.phase == Phase.STALE and entry.reason not in _DOUBTS:
                    summary.resyncs += 1
            elif isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
                frame = entry.frame
                if not len(frame.records):
                    continue
                newest = frame.base + int(frame.records["dt"].max())
                summary.rows += len(frame.records)
                first = newest if first is None else first
                last = newest if last is None else max(last, newest)
                if frame.sent and live:
                    lags.append(frame.sent - newest)
    except DataError as error:
        summary.damage = error.message
    if lags:
        summary.lag_p99_ms = float(np.percentile(lags, 99)) / 1e6
    if (
        calendar_of is not None
        and instrument is not None
        and first is not None
        and last is not None
    ):
        summary.coverage = _coverage(calendar_of(instrument.session), day.trade_date, first, last)
    return summary


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
        segments: what to read, in order: the trade date's, and before them what its book needs.
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
        return stream.segments
    places = [
        place for place, path in enumerate(stream.segments) if path.parent.name == day.isoformat()
    ]
    if not places:
        return ()
    first = places[0]
    if not _has_snapshot(stream.segments[first], leading=True):
        while first > 0:
            first -= 1
            if _has_snapshot(stream.segments[first], leading=False):
                break
    return stream.segments[first : places[-1] + 1]


def _has_snapshot(path: Path, *, leading: bool) -> bool:
    """Whether a segment has a snapshot; ``leading``: before its first events."""
    try:
        for entry in read_journal(path):
            if isinstance(entry, FrameEntry):
                if entry.frame.type == FrameType.SNAPSHOT:
                    return True
                if leading and len(entry.frame.records):
                    return False
    except DataError:
        return False  # whoever reads it will hear of the damage
    return False
