"""The journal as one more format; reading it is ``recording.journal``'s business."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from market.enums import Source
from recording.entries import Entry, FrameEntry, GapEntry, InstrumentEntry
from recording.journal import read_journal
from recording.journal.folder import parts_of
from recording.journal.layout import MAGIC
from recording.readers.registry import Format, Request

__all__ = ["FORMAT"]


def _detect(head: bytes) -> bool:
    return head.startswith(MAGIC)


def _read(request: Request) -> Iterator[Entry]:
    report = request.report
    reader = read_journal(request.path)
    if request.segments:
        reader.paths = request.segments
    live = False
    for received, entry in reader.timed():
        report.received = received if live else None
        if isinstance(entry, FrameEntry):
            count = len(entry.frame.records)
            report.lines += count
            report.records += count
            if count and not entry.frame.historical:
                first = entry.frame.base + int(entry.frame.records["dt"][0])
                last = entry.frame.base + int(entry.frame.records["dt"][-1])
                report.first_time = first if report.first_time is None else report.first_time
                report.last_time = max(last, report.last_time or last)
        elif isinstance(entry, GapEntry):
            report.gaps += 1
        elif isinstance(entry, InstrumentEntry):
            live = entry.source is Source.LIVE
        yield entry


def _holds(folder: Path) -> bool:
    return bool(parts_of(folder))


FORMAT: Final = Format(
    name="journal",
    title="Depthbridge journal",
    detect=_detect,
    read=_read,
    suffixes=(".dbj",),
    holds=_holds,
)
