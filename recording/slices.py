"""The newest minutes of journals: readable copies, and a line for each entry.

A slice is made of whole segments up to their last whole entry: the first one holds the beginning of
the minutes, and each begins with the state that it carries. Works beside a server that writes.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from market.enums import FrameType
from market.errors import DataError
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import JournalStream, journal_streams
from recording.journal.codec import decode_entry
from recording.journal.layout import CARRIED, EntryType
from recording.journal.scan import Ending, SegmentScan

__all__ = ["COLUMNS", "Moment", "Slice", "moments", "newest_time", "slices", "timeline_rows"]

COLUMNS: Final = (
    *("received", "instrument", "source", "entry", "seq", "count"),
    *("event_time", "sent", "detail"),
)
"""Of the timeline; times are ISO 8601 UTC with nanoseconds."""
_NS: Final = 1_000_000_000
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Slice:
    """The newest minutes of one journal.

    Attributes:
        stream: the journal.
        symbol: of its instrument, as the publisher names it.
        segments: each with the bytes of it that are whole.
        fault: what is damaged in the last of them; empty if nothing is.
    """

    stream: JournalStream
    symbol: str
    segments: tuple[tuple[Path, int], ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline; times are ns UTC, 0 unknown."""

    received: int
    entry: str
    seq: int = -1
    count: int = 0
    event_time: int = 0
    sent: int = 0
    detail: str = ""


def newest_time(folder: Path) -> int:
    """Receive time of the newest entry in any journal of a folder, ns UTC; 0: there is none."""
    newest = 0
    for stream in journal_streams(folder):
        for path in stream.segments[-1:]:
            with path.open("rb") as file:
                scan = SegmentScan(path, file)
                scan.run()
                newest = max(newest, scan.received)
    return newest


def slices(folder: Path, since: int) -> Iterator[Slice]:
    """What journals received since a time, ns UTC; journals that received nothing are left out."""
    for stream in journal_streams(folder):
        found: list[tuple[Path, int]] = []
        fault = ""
        for path in reversed(stream.segments):
            with path.open("rb", buffering=_PIECE) as file:
                scan = SegmentScan(path, file)
                scan.run()
            if scan.header is None or (not found and scan.received < since):
                break
            whole = scan.size if scan.ending is Ending.CLEAN else scan.end
            found.append((path, whole))
            if scan.ending is Ending.DAMAGED:
                fault = fault or str(scan.damage)
            if scan.header.created <= since:
                break
        if found:
            found.reverse()
            yield Slice(stream, _symbol(found[0][0]) or stream.name, tuple(found), fault)


def _symbol(path: Path) -> str:
    """What the segment says of its instrument; empty: nothing."""
    with path.open("rb", buffering=_PIECE) as file:
        for head, payload in SegmentScan(path, file):
            if head.type == EntryType.INSTRUMENT:
                try:
                    entry = decode_entry(head.type, payload)
                except DataError:
                    return ""
                return entry.instrument.symbol if isinstance(entry, InstrumentEntry) else ""
    return ""


def moments(part: Slice, since: int, most: int) -> list[Moment]:
    """The newest entries of a slice that were received since a time, ns UTC; at most ``most``."""
    found: deque[Moment] = deque(maxlen=most)
    for path, size in part.segments:
        with path.open("rb", buffering=_PIECE) as file:
            for moment in _moments_of(path, file, size):
                if moment.received >= since:
                    found.append(moment)
    return list(found)


def _moments_of(path: Path, file: BinaryIO, size: int) -> Iterator[Moment]:
    scan = SegmentScan(path, file)
    for head, payload in scan:
        if scan.end > size:
            return  # written after the slice was taken
        if head.flags & CARRIED:
            continue
        if head.type == EntryType.MARK:
            yield Moment(head.received, "mark", detail="on disk up to here at the latest")
            continue
        try:
            yield _moment(head.received, decode_entry(head.type, payload))
        except DataError as cause:
            yield Moment(head.received, f"type {head.type}", detail=cause.message)


def _moment(received: int, entry: Entry) -> Moment:
    """An entry as a line."""
    name = type(entry).__name__.removesuffix("Entry").lower()
    match entry:
        case FrameEntry(frame):
            count = len(frame.records)
            name = "events" if frame.type == FrameType.EVENTS else "snapshot"
            time = frame.base + int(frame.records["dt"].max()) if count else frame.base
            detail = "told again" if frame.historical else ""
            return Moment(received, name, frame.seq, count, time, frame.sent, detail)
        case ClockEntry(time):
            return Moment(received, "heartbeat", event_time=time)
        case BarEntry(seq, values):
            closed = values.get("time")
            time = closed if isinstance(closed, int) else 0
            return Moment(received, name, seq, 1, time, detail=str(values.get("series", "")))
        case GapEntry(reason, first, last):
            return Moment(received, name, first, detail=f"{reason}: {first} to {last}")
        case PhaseEntry(phase, reason):
            return Moment(received, name, detail=f"{phase}: {reason}")
        case SessionEntry(session, client, seq):
            return Moment(received, name, seq, detail=f"{client} {session}")
        case HoldEntry(held):
            return Moment(received, "back" if held else "bye")
        case SettingsEntry(_, config):
            return Moment(received, name, detail=config)
        case InstrumentEntry():
            return Moment(received, name, detail="a new run of the server")
    return Moment(received, name)


def timeline_rows(part: Slice, found: list[Moment]) -> Iterator[list[str]]:
    """Cells of ``COLUMNS``."""
    for moment in found:
        yield [
            _iso(moment.received),
            part.symbol,
            part.stream.source,
            moment.entry,
            str(moment.seq) if moment.seq >= 0 else "",
            str(moment.count or ""),
            _iso(moment.event_time),
            _iso(moment.sent),
            moment.detail,
        ]


def _iso(time: int) -> str:
    """ISO 8601 with nanoseconds; empty where nothing is known, the number where it is no date."""
    if not time:
        return ""
    second, rest = divmod(time, _NS)
    try:
        return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    except (OverflowError, ValueError, OSError):
        return str(time)
