"""Reads a journal: one segment, or all segments of an instrument and source as one stream.

Every entry is delivered only after its checksums held. At damage the reader stops with
``FileFormatError`` and the byte offset, after everything before it was delivered. A torn tail or
a missing footer is how a killed process leaves its last segment: reported, not an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from market.errors import DataError, FileFormatError, UsageError
from recording.entries import Entry, GapEntry
from recording.journal.codec import decode_entry
from recording.journal.folder import only_stream, segments_of
from recording.journal.layout import (
    CARRIED,
    EMPTY_HASH,
    FOOTER,
    HEAD_SIZE,
    HEADER_SIZE,
    Chain,
    EntryType,
    FileHeader,
    payload_crc,
    unpack_file_header,
    unpack_head,
)

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
        unclean: segments without a footer.
        missing: segment numbers that are not there.
        unchained: segments whose header does not continue the hash of the one before.
    """

    segments: int = 0
    entries: int = 0
    unclean: list[UncleanEnd] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    unchained: list[Path] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every segment ends with its footer and continues the one before."""
        return not (self.unclean or self.missing or self.unchained)


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
        paths: the segments, in order.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            only_stream(path)
            self.paths: tuple[Path, ...] = segments_of(path)
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
        self.report = report = JournalReport()
        previous: _Segment | None = None
        for path in self.paths:
            with path.open("rb", buffering=_BUFFER) as file:
                segment = _Segment(path, file, report)
                if not segment.open(alone=len(self.paths) == 1):
                    continue
                report.segments += 1
                lost = self._join(previous, segment)
                if lost is not None:
                    yield segment.header.created, lost
                yield from segment.entries(skip_carried=previous is not None and lost is None)
                previous = segment

    def _join(self, previous: "_Segment | None", segment: "_Segment") -> GapEntry | None:
        """Check that a segment continues the one before; a gap entry if segments are missing."""
        if previous is None:
            return None
        number = previous.header.number
        if segment.header.number != number + 1:
            self.report.missing.extend(range(number + 1, segment.header.number))
            return GapEntry("missing_segment")
        if segment.header.previous not in (previous.digest, EMPTY_HASH):
            self.report.unchained.append(segment.path)
        return None


class _Segment:
    """One file while it is read."""

    def __init__(self, path: Path, file: BinaryIO, report: JournalReport) -> None:
        self.path = path
        self.header = FileHeader(0, 0, EMPTY_HASH)
        self.digest = EMPTY_HASH
        self._file = file
        self._report = report
        self._offset = 0
        self._chain = Chain(EMPTY_HASH, b"")

    def open(self, *, alone: bool) -> bool:
        """Read the file header; False if the file ends inside it and others may follow."""
        data = self._file.read(HEADER_SIZE)
        if len(data) < HEADER_SIZE:
            if alone:
                raise self._damage("the file is empty" if not data else "the file ends too early")
            self._report.unclean.append(UncleanEnd(self.path, 0, len(data)))
            return False
        header = unpack_file_header(data)
        if isinstance(header, str):
            raise self._damage(header)
        self.header = header
        self._chain = Chain(header.previous, data)
        self._offset = HEADER_SIZE
        return True

    def entries(self, *, skip_carried: bool) -> Iterator[TimedEntry]:
        """Entries up to the footer or the unclean end."""
        count = 0
        read = self._file.read
        while True:
            data = read(HEAD_SIZE)
            if len(data) < HEAD_SIZE:
                return self._unclean(len(data))
            head = unpack_head(data)
            if head is None:
                raise self._damage("the head of an entry is damaged")
            payload = read(head.length)
            if len(payload) < head.length:
                return self._unclean(HEAD_SIZE + len(payload))
            if payload_crc(head.type, payload) != head.crc:
                raise self._damage("the checksum of an entry does not hold")
            if head.type == EntryType.FOOTER:
                return self._footer(payload, count)
            entry = self._decode(head.type, payload)
            self._chain.add(data)
            self._offset += HEAD_SIZE + head.length
            count += 1
            if skip_carried and head.flags & CARRIED:
                continue
            self._report.entries += 1
            yield head.received, entry

    def _decode(self, kind: int, payload: bytes) -> Entry:
        try:
            return decode_entry(kind, payload)
        except DataError as cause:
            raise self._damage(cause.message) from cause

    def _footer(self, payload: bytes, count: int) -> None:
        if len(payload) != FOOTER.size:
            raise self._damage("the footer has the wrong length")
        counted, digest = FOOTER.unpack(payload)
        if counted != count or digest != self._chain.digest():
            raise self._damage("the footer does not agree with the entries before it")
        if self._file.read(1):
            raise self._damage("there are bytes after the footer")
        self.digest = digest

    def _unclean(self, torn: int) -> None:
        self._report.unclean.append(UncleanEnd(self.path, self._offset, torn))

    def _damage(self, what: str) -> FileFormatError:
        return FileFormatError(
            f"{self.path}: {what} at byte {self._offset}", path=str(self.path), offset=self._offset
        )
