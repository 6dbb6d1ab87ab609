"""Reads a journal: one segment, or all segments of an instrument and source as one stream.

Every entry is delivered only after its checksums held. At damage the reader stops with
``FileFormatError`` and the byte offset, after everything before it was delivered. A torn tail or
a missing footer is how a killed process leaves its last segment: reported, not an error. If a later
segment goes on with the same chain, the end that is missing was lost: that is damage again.
``recording.journal.scan`` says what is what.

What a segment carries over is skipped where it follows the one before it, except its checkpoint:
that marks the place where a day begins. Behind a hole (segments that are missing, or entries that a
repair could not save) all of it is delivered, as the beginning of a run: what held before the hole
may not hold any more, and the checkpoint is the exact state of the server that knew no hole. The
book is ``stale`` between the two, so without a usable checkpoint it stays so until a snapshot.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from market.enums import Phase
from market.errors import DataError, EnvironmentFault, FileFormatError, UsageError
from recording.entries import DAMAGE, MISSING, CheckpointEntry, Entry, GapEntry, PhaseEntry
from recording.journal.codec import decode_entry
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED, only_stream, parts_of
from recording.journal.judge import Joint, Judge, Scan, UncleanEnd
from recording.journal.layout import CARRIED, HEAD_SIZE, EntryType
from recording.journal.scan import Damage, SegmentScan

__all__ = ["JournalReader", "JournalReport", "TimedEntry", "UncleanEnd", "read_journal"]

_BUFFER: Final = 1 << 20
_UNTRUSTED: Final = PhaseEntry(Phase.STALE.value, DAMAGE)
"""Behind a hole and what is carried there: no book, unless a checkpoint follows."""

TimedEntry = tuple[int, Entry]
"""Receive time, ns UTC, and the entry."""


@dataclass(slots=True)
class JournalReport:
    """What the reader noticed so far.

    Attributes:
        segments: begun.
        entries: delivered.
        judge: what it found wrong.
    """

    segments: int = 0
    entries: int = 0
    judge: Judge = field(default_factory=Judge)

    @property
    def unclean(self) -> list[UncleanEnd]:
        """Segments without a footer, or with a torn tail."""
        return self.judge.unclean

    @property
    def missing(self) -> list[int]:
        """Numbers of segments that are not there."""
        return self.judge.missing

    @property
    def clean(self) -> bool:
        """Whether every segment is there and ends with its footer."""
        return not (self.unclean or self.missing)


def read_journal(path: Path) -> "JournalReader":
    """The entries of a segment file, or of the one journal below a folder.

    Raises:
        UsageError: nothing there, or several journals.
    """
    return JournalReader(path)


class JournalReader:
    """Iterable of entries; can be iterated once per instance at a time.

    Attributes:
        report: filled while iterating.
        paths: segments and compacted files, in order.
    """

    def __init__(self, path: Path) -> None:
        self._alone = not path.is_dir()
        if not self._alone:
            only_stream(path)
            self.paths: tuple[Path, ...] = parts_of(path)
        elif path.exists():
            self.paths = (path,)
        else:
            raise UsageError(f"{path} does not exist", code="no_file", path=str(path))
        self.report = JournalReport()

    def __iter__(self) -> Iterator[Entry]:
        """Entries in journal order.

        Raises:
            FileFormatError: damage; what came before it was delivered.
        """
        return (entry for _, entry in self.timed())

    def timed(self) -> Iterator[TimedEntry]:
        """Entries with their receive times; raises as ``__iter__``."""
        self.report = JournalReport()
        judge = self.report.judge
        for path in self.paths:
            with _open_part(path) as file:
                scan = file if isinstance(file, CompactedScan) else SegmentScan(path, file)
                joint = judge.begin(scan)
                if joint is Joint.BROKEN:
                    raise _error(judge.damage[-1])
                if joint is not Joint.NOTHING:
                    yield from self._part(scan, joint)
                elif self._alone:  # in a journal an unfinished write, alone no journal at all
                    assert scan.damage is not None
                    raise _error(scan.damage)
                damage = judge.end(scan)
                if damage is not None:
                    raise _error(damage)

    def _part(self, scan: Scan, joint: Joint) -> Iterator[TimedEntry]:
        """What a part adds to those before it."""
        report, judge = self.report, self.report.judge
        report.segments += 1
        if judge.absent:
            assert scan.header is not None
            gap = GapEntry(MISSING)
            judge.take(gap)
            yield scan.header.created, gap
        restating, received = False, 0
        for received, flags, entry in _decoded(scan):
            carried = bool(flags & CARRIED) and not isinstance(entry, CheckpointEntry)
            if restating and not carried:
                yield received, _UNTRUSTED
            restating = carried and (restating or judge.holed)
            if carried and not restating and joint is not Joint.FIRST:
                continue
            report.entries += 1
            judge.take(entry)
            yield received, entry
        if restating:
            yield received, _UNTRUSTED


def _open_part(path: Path) -> "BinaryIO | CompactedScan":
    if path.suffix == COMPACTED:
        return CompactedScan(path)
    try:
        return path.open("rb", buffering=_BUFFER)
    except FileNotFoundError as cause:
        raise EnvironmentFault(
            f"{path} was compacted or deleted while the journal was read; start again",
            code="journal_moved",
            path=str(path),
        ) from cause


def _decoded(scan: Scan) -> Iterator[tuple[int, int, Entry]]:
    """Receive time, flags and entry; marks of the writer are none."""
    if isinstance(scan, CompactedScan):
        yield from scan.entries()
        return
    for head, payload in scan:
        if head.type == EntryType.MARK:
            continue
        try:
            entry = decode_entry(head.type, payload)
        except DataError as cause:
            place = scan.end - HEAD_SIZE - head.length
            raise _error(Damage(scan.path, place, cause.message)) from cause
        yield head.received, head.flags, entry


def _error(damage: Damage) -> FileFormatError:
    return FileFormatError(str(damage), path=str(damage.path), offset=damage.offset)
