"""Closed trade dates of journals become one Parquet table each; nothing is lost on the way.

Segments are deleted only when the table that stands for them was written beside, brought to disk,
read back, compared with them entry by entry, and renamed. Killed anywhere, the next run finishes:
before the renaming the table is a ``.part`` that nobody reads, after it the segments are leftovers
that nobody reads, and both are cleared away.

A day stays as it is while its session is open, while it is the newest of its journal (a restart
resumes from segments), and where a segment is damaged. One table holds consecutive segments of one
date: a journal that comes back to a date (playback) has several, so that the order stays.
"""

import contextlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from market.errors import DataError, FileFormatError, UsageError
from market.record import Frame
from market.session import SessionCalendar
from recording.catalogue import Tally
from recording.entries import HOLES, FrameEntry, GapEntry, InstrumentEntry
from recording.journal.codec import decode_entry
from recording.journal.folder import (
    COMPACTED,
    JournalStream,
    journal_streams,
    leftovers_of,
    numbers_of,
)
from recording.journal.layout import CARRIED, EMPTY_HASH, EntryType, Head
from recording.journal.scan import Damage, Ending, SegmentScan
from recording.table import TableReader, TableWriter, TimedItem
from recording.table.layout import RawEntry

__all__ = [
    "PART",
    "Compacted",
    "Disk",
    "Run",
    "closed_runs",
    "compact_folder",
    "compact_run",
    "require_equal",
]

CalendarOf = Callable[[str], SessionCalendar]
"""The calendar of a session template."""

PART: Final = ".part"
_MARGIN_NS: Final = 3_600_000_000_000
"""After the close: late corrections, and clocks that differ."""
_NS: Final = 1_000_000_000


class Run(NamedTuple):
    """Consecutive segments of one trade date."""

    stream: JournalStream
    folder: Path
    segments: tuple[Path, ...]

    @property
    def table(self) -> Path:
        """The table that shall stand for them."""
        first, last = self.segments[0].stem, self.segments[-1].stem
        return self.folder / f"{first}-{last}{COMPACTED}"


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of a run.

    Attributes:
        table: its file, also when it was refused.
        segments: how many it stands for; 0: leftovers of an earlier run were cleared.
        before: bytes of the segments.
        after: bytes of the table.
        rows: records in it.
        refused: why the segments stay; empty when they do not.
    """

    table: Path
    segments: int = 0
    before: int = 0
    after: int = 0
    rows: int = 0
    refused: str = ""


class Disk:
    """The file operations whose order makes compaction safe; tests let each of them fail."""

    def sync(self, path: Path) -> None:
        """Bring a file's content to disk."""
        with path.open("rb+") as file:
            os.fsync(file.fileno())

    def sync_folder(self, folder: Path) -> None:
        """Bring a folder's names to disk; Windows has no such call."""
        if os.name == "nt":
            return
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def replace(self, path: Path, target: Path) -> None:
        """Give a file its name, in one step."""
        path.replace(target)

    def remove(self, path: Path) -> None:
        """Delete a file."""
        path.unlink()


def compact_folder(
    folder: Path, calendar_of: CalendarOf, now: int, disk: Disk | None = None
) -> Iterator[Compacted]:
    """Compact what is closed below a folder, and finish what an earlier run left.

    The caller holds the folder's lock for compaction.

    Args:
        folder: a recordings folder or one below it.
        calendar_of: gives sessions.
        now: ns UTC.
        disk: replaced by tests.
    """
    disk = disk or Disk()
    yield from _clear(folder, disk)
    for run in closed_runs(folder, calendar_of, now):
        try:
            yield compact_run(run, disk)
        except (DataError, UsageError) as reason:
            yield Compacted(run.table, refused=reason.message)
        except OSError as fault:
            yield Compacted(run.table, refused=f"{fault.filename}: {fault.strerror}")


def closed_runs(folder: Path, calendar_of: CalendarOf, now: int) -> list[Run]:
    """The runs that may be compacted, by journal and number."""
    found: list[Run] = []
    for stream in journal_streams(folder):
        newest = stream.parts[-1].parent
        run: list[Path] = []
        for path in stream.parts:
            if run and not _continues(run[-1], path):
                found.append(Run(stream, run[0].parent, tuple(run)))
                run = []
            if path in stream.segments and path.parent != newest:
                run.append(path)
        if run:
            found.append(Run(stream, run[0].parent, tuple(run)))
    return [run for run in found if _is_closed(run, calendar_of, now)]


def _continues(one: Path, other: Path) -> bool:
    return one.parent == other.parent and numbers_of(other) == (int(one.stem) + 1,) * 2


def _is_closed(run: Run, calendar_of: CalendarOf, now: int) -> bool:
    """Whether the session of the run's trade date has been over for the margin."""
    day = date.fromisoformat(run.folder.name)
    session = None
    template = _template_of(run.segments[0])
    if template is not None:
        with contextlib.suppress(UsageError):  # a template of another configuration
            session = calendar_of(template).session_of(day)
    if session is not None:
        return session.close + _MARGIN_NS <= now
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=2)
    return int(midnight.timestamp()) * _NS <= now


def _template_of(path: Path) -> str | None:
    """The session template of a segment's instrument."""
    with path.open("rb") as file:
        for head, payload in SegmentScan(path, file):
            if head.type == EntryType.INSTRUMENT:
                entry = decode_entry(head.type, payload)
                assert isinstance(entry, InstrumentEntry)
                return entry.instrument.session
    return None


def compact_run(run: Run, disk: Disk) -> Compacted:
    """Make the table of a run and delete its segments.

    Raises:
        DataError: a segment is damaged, or the table did not come out equal; nothing was changed.
        UsageError: records before the instrument is named; nothing was changed.
        OSError: the disk refuses; what stands there is still complete.
    """
    part = run.table.with_name(run.table.name + PART)
    try:
        rows = _write(run, part)
        disk.sync(part)
        require_equal(part, run.segments)
        before = sum(path.stat().st_size for path in run.segments)
        after = part.stat().st_size
        disk.replace(part, run.table)
    finally:
        part.unlink(missing_ok=True)
    disk.sync_folder(run.folder)
    _remove(run.segments, disk)
    return Compacted(run.table, len(run.segments), before, after, rows)


def _remove(segments: Sequence[Path], disk: Disk) -> None:
    for path in segments:
        disk.remove(path)
    disk.sync_folder(segments[0].parent)


def _write(run: Run, part: Path) -> int:
    """The table of a run; rows in it."""
    writer = TableWriter(part)
    tally = Tally(run.folder.name)
    states: list[dict[str, object]] = []
    carried = _Carried()
    previous = None
    try:
        for path in run.segments:
            with path.open("rb", buffering=1 << 20) as file:
                scan = SegmentScan(path, file)
                _require_chained(scan, previous)
                kept = 0
                for head, payload in carried.kept(scan, first=not states):
                    raw = RawEntry(head.type, head.flags, head.received, payload)
                    tally.take(writer.write_raw(raw))
                    kept += 1
            states.append(_state_of(scan, kept))
            previous = scan.digest
        journal = json.dumps({"segments": states})
        writer.close({"journal": journal, "summary": json.dumps(tally.to_mapping())})
    finally:
        writer.abandon()
    return writer.rows


class _Carried:
    """Leaves out marks of the writer, and what segments repeat for those who begin to read there.

    Checkpoints stay, as a reader that goes through the whole journal gets them too. So does what
    the first segment behind a hole repeats: nobody knows what the hole has changed.
    """

    def __init__(self) -> None:
        self._holed = False

    def kept(self, scan: SegmentScan, *, first: bool) -> Iterator[tuple[Head, bytes]]:
        """What is kept of a segment; ``first``: of the table."""
        all_of_it, self._holed = first or self._holed, False
        for head, payload in scan:
            repeated = head.flags & CARRIED and head.type != EntryType.CHECKPOINT
            if head.type == EntryType.MARK or (repeated and not all_of_it):
                continue
            if head.type == EntryType.GAP:
                self._holed = self._holed or _is_hole(payload)
            yield head, payload


def _is_hole(payload: bytes) -> bool:
    entry = decode_entry(EntryType.GAP, payload)
    return isinstance(entry, GapEntry) and entry.reason in HOLES


def _require_chained(scan: SegmentScan, previous: bytes | None) -> None:
    if scan.header is None:
        raise _refusal(scan.damage)
    if previous is not None and scan.header.previous not in (previous, EMPTY_HASH):
        raise _refusal(Damage(scan.path, 0, "the segment does not continue the one before it"))


def _state_of(scan: SegmentScan, kept: int) -> dict[str, object]:
    """What a table says of a segment that it stands for."""
    if scan.ending is Ending.DAMAGED:
        raise _refusal(scan.damage)
    assert scan.header is not None
    assert scan.ending is not None
    return {
        "number": scan.header.number,
        "created": scan.header.created,
        "version": scan.header.version,
        "entries": scan.count,
        "kept": kept,
        "ending": scan.ending.value,
        "digest": scan.digest.hex(),
        "output": scan.footer.output.hex() if scan.footer else EMPTY_HASH.hex(),
        "previous": scan.header.previous.hex(),
    }


def _refusal(damage: Damage | None) -> FileFormatError:
    assert damage is not None
    return FileFormatError(str(damage), path=str(damage.path), offset=damage.offset)


def require_equal(table: Path, segments: Sequence[Path]) -> None:
    """Read a table back and compare it entry by entry with segments that it stands for.

    Raises:
        DataError: a difference, or one of both cannot be read.
    """
    waiting = {int(path.stem): path for path in segments}
    carried = _Carried()
    with TableReader(table) as reader:
        items = iter(reader)
        for place, state in enumerate(json.loads(reader.metadata["journal"])["segments"]):
            mine = islice(items, int(state["kept"]))
            path = waiting.pop(int(state["number"]), None)
            if path is None:
                deque(mine, maxlen=0)
            else:
                _require_equal_segment(path, mine, table, carried, first=place == 0)
        if waiting or next(items, None) is not None:
            raise DataError(f"{table} holds other segments than those it stands for")


def _require_equal_segment(
    path: Path, items: Iterator[TimedItem], table: Path, carried: _Carried, *, first: bool
) -> None:
    with path.open("rb", buffering=1 << 20) as file:
        scan = SegmentScan(path, file)
        wanted = carried.kept(scan, first=first)
        for number, (pair, item) in enumerate(zip_longest(wanted, items)):
            if pair is None or item is None or not _equal(pair[0], pair[1], item):
                raise DataError(f"{table} differs from {path} at its entry {number + 1:,}")
        if scan.ending is Ending.DAMAGED or scan.header is None:
            raise _refusal(scan.damage)


def _equal(head: Head, payload: bytes, item: TimedItem) -> bool:
    found = item.item
    if head.received != item.received:
        return False
    if head.type != EntryType.FRAME:
        return found == RawEntry(head.type, head.flags, head.received, payload)
    if isinstance(found, RawEntry):
        if (found.kind, found.flags) != (head.type, head.flags):
            return False
        found = _frame(found.payload)
    elif head.flags:
        return False
    wanted = _frame(payload)
    return wanted[1:] == found[1:] and wanted.records.tobytes() == found.records.tobytes()


def _frame(payload: bytes) -> Frame:
    entry = decode_entry(EntryType.FRAME, payload)
    assert isinstance(entry, FrameEntry)
    return entry.frame


def _clear(folder: Path, disk: Disk) -> Iterator[Compacted]:
    """Remove what a killed run left: unfinished tables, and segments that have their table."""
    for path in folder.rglob(f"*{COMPACTED}{PART}"):
        if numbers_of(path.with_suffix("")) is not None:
            disk.remove(path)
    tables: dict[Path, list[Path]] = {}
    for path, table in leftovers_of(folder):
        tables.setdefault(table, []).append(path)
    for table, segments in sorted(tables.items()):
        try:
            require_equal(table, segments)
            _remove(sorted(segments), disk)
            yield Compacted(table)
        except DataError as damage:
            yield Compacted(table, refused=damage.message)
        except OSError as fault:
            yield Compacted(table, refused=f"{fault.filename}: {fault.strerror}")
