"""Reads a journal: one segment, or all segments of an instrument and source as one stream.

Every entry is delivered only after its checksums held. At damage the reader stops with
``FileFormatError`` and the byte offset, after everything before it was delivered. A torn tail or
a missing footer is how a killed process leaves its last segment: reported, not an error. If a later
segment goes on with the same chain, the end that is missing was lost: that is damage again.
``recording.journal.scan`` says what is what.

What a segment carries over is skipped where it follows the one before it, except its checkpoint:
that marks the place where a day begins.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from market.errors import DataError, EnvironmentFault, FileFormatError, UsageError
from recording.entries import CheckpointEntry, Entry, GapEntry
from recording.journal.codec import decode_entry
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED, only_stream, parts_of
from recording.journal.layout import CARRIED, EMPTY_HASH, HEAD_SIZE, EntryType, FileHeader
from recording.journal.scan import Damage, Ending, SegmentScan

__all__ = ["JournalReader", "JournalReport", "TimedEntry", "UncleanEnd", "read_journal"]

_BUFFER: Final = 1 << 20

TimedEntry = tuple[int, Entry]
"""Receive time, ns UTC, and the entry."""


@dataclass(frozen=True, slots=True)
class UncleanEnd:
    """Where a segment stops without a footer.

    Attributes:
        path: the segment.
        offset: byte after its last whole entry.
        torn: bytes of an unfinished entry after that.
    """

    path: Path
    offset: int
    torn: int


@dataclass(slots=True)
class JournalReport:
    """What the reader noticed so far.

    Attributes:
        segments: begun.
        entries: delivered.
        unclean: segments without a footer, or with a torn tail.
        missing: segment numbers that are not there.
    """

    segments: int = 0
    entries: int = 0
    unclean: list[UncleanEnd] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)

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
        before = _Before()
        for path in self.paths:
            with _open_part(path) as file:
                scan = file if isinstance(file, CompactedScan) else SegmentScan(path, file)
                if scan.header is None:
                    self._headless(scan, before)
                    continue
                before = yield from self._entries(scan, scan.header, before)

    def _entries(
        self, scan: "_Scan", header: FileHeader, before: "_Before"
    ) -> Generator[TimedEntry, None, "_Before"]:
        """What a part adds to those before it."""
        self.report.segments += 1
        missing = before.require(scan, header)
        self.report.missing.extend(missing)
        if missing:
            yield header.created, GapEntry("missing_segment")
        for received, flags, entry in _decoded(scan):
            known = before.continued and not missing and flags & CARRIED
            if known and not isinstance(entry, CheckpointEntry):
                continue
            self.report.entries += 1
            yield received, entry
        self._note_end(scan)
        last = scan.last if isinstance(scan, CompactedScan) else header.number
        return _Before(last, scan.digest, scan)

    def _headless(self, scan: "_Scan", before: "_Before") -> None:
        """A file without a header: in a journal an unfinished write, alone no journal at all."""
        assert scan.damage is not None
        if self._alone or scan.ending is Ending.DAMAGED:
            raise _error(scan.damage)
        self._note_end(scan)
        before.pass_over(scan)

    def _note_end(self, scan: "_Scan") -> None:
        if scan.ending is Ending.DAMAGED:
            assert scan.damage is not None
            raise _error(scan.damage)
        if scan.ending is not Ending.CLEAN:
            self.report.unclean.append(UncleanEnd(scan.path, scan.end, scan.torn))


class _Before:
    """The segment before the present one: what it must be continued with."""

    def __init__(
        self, number: int = 0, digest: bytes = EMPTY_HASH, scan: "_Scan | None" = None
    ) -> None:
        self.number = number
        self._digest = digest
        self._scan = scan

    @property
    def continued(self) -> bool:
        """Whether entries came before, so that what is carried is known."""
        return self._scan is not None and self._scan.header is not None

    def pass_over(self, scan: "_Scan") -> None:
        """A file that never held anything, as far as one can see: the chain goes over it."""
        self.number = int(scan.path.stem)
        self._scan = self._scan or scan

    def require(self, scan: "_Scan", header: FileHeader) -> range:
        """Numbers missing before ``scan``.

        Raises:
            FileFormatError: it goes on with another chain than the segment before it has.
        """
        if self._scan is None:
            return range(0)
        if header.number != self.number + 1:
            return range(self.number + 1, header.number)
        if header.previous in (self._digest, EMPTY_HASH):
            return range(0)
        if self._scan.ending is Ending.CLEAN:
            raise _error(Damage(scan.path, 0, "the segment does not continue the one before it"))
        end = self._scan.end
        raise _error(Damage(self._scan.path, end, "the end of the segment is lost"))


_Scan = SegmentScan | CompactedScan


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


def _decoded(scan: _Scan) -> Iterator[tuple[int, int, Entry]]:
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
