"""Salvage, on request only: what is whole in a damaged journal, with the holes marked as such.

A damaged segment is written anew: every whole entry that can be found in it, a ``gap`` entry of
reason ``damage`` wherever bytes were lost, a footer. The book is not trusted from there on until a
snapshot comes, as after any gap. The old file stays beside the new one as ``NNNNNN.dbj.damaged``.
The segments after it are joined to the new chain. What ran before goes on as it was: marks and
digests of output after a hole are left out, as they speak of bytes and results that are gone. Where
whole segments are gone within a trade date, segments that hold nothing but such a gap take their
places; a first segment that lost the definition of its instrument gets the copy that the next one
carries. The gaps stay: whoever judges the journal says of each which numbers are lost there.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from market.errors import DataError, EnvironmentFault, FileFormatError, UsageError
from recording.entries import DAMAGE, GapEntry, InstrumentEntry
from recording.journal.codec import encode_entry
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED, SUFFIX, only_stream, parts_of
from recording.journal.judge import Scan
from recording.journal.layout import (
    CARRIED,
    EMPTY_HASH,
    FORMAT_VERSION,
    HEAD_SIZE,
    HEADER_SIZE,
    Chain,
    EntryType,
    FileHeader,
    Footer,
    pack_entry,
    pack_file_header,
    pack_footer,
)
from recording.journal.reader import JournalReader
from recording.journal.scan import Ending, SegmentScan, whole_entries
from recording.journal.segment import LOCAL_DISK

__all__ = ["ASIDE", "RepairReport", "repair"]

ASIDE: Final = ".damaged"
"""Suffix of the files that were replaced because bytes in them are lost."""
_NEW: Final = ".new"
_Entry = tuple[int, bytes, int, int]
"""Type, payload, flags, receive time."""
_GONE: Final = (EntryType.MARK, EntryType.FOOTER)


@dataclass(slots=True)
class RepairReport:
    """What was done.

    Attributes:
        rewritten: segments written anew, those included that were only joined to the new chain.
        kept: the damaged files, as they were.
        salvaged: whole entries that stand behind a hole.
        holes: places where bytes were lost.
        lost_bytes: bytes that belong to no whole entry.
        absent: numbers of segments that were gone within a date; a gap stands in their place.
    """

    rewritten: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    salvaged: int = 0
    holes: int = 0
    lost_bytes: int = 0
    absent: list[int] = field(default_factory=list)


def repair(path: Path) -> RepairReport:
    """Make a damaged journal readable to its end.

    A torn end of the last segment is none of its business; a second call finds nothing to do.

    Args:
        path: a folder with the segments of one journal, locked by the caller.

    Raises:
        FileFormatError: a segment of a later format.
        UsageError: no folder, no journal in it, or several.
        EnvironmentFault: ``journal_repair``: the disk refuses; call again.
    """
    if not path.is_dir():
        raise UsageError(f"{path} is not the folder of a journal", code="no_journal")
    only_stream(path)
    report = RepairReport()
    try:
        _Repair(report).run(parts_of(path))
    except OSError as cause:
        raise EnvironmentFault(
            f"the journal in {path} cannot be repaired: {cause.strerror}",
            code="journal_repair",
            folder=str(path),
        ) from cause
    return report


class _Repair:
    """Goes through the parts of a journal and joins what is left of them to one chain."""

    def __init__(self, report: RepairReport) -> None:
        self._report = report
        self._number = -1
        self._digest = self._was = EMPTY_HASH
        self._folder = Path()
        self._hollow: list[Path] = []

    def run(self, parts: Sequence[Path]) -> None:
        """All of them, in order; compacted files stay as they are."""
        for place, path in enumerate(parts):
            if path.suffix == COMPACTED:
                with CompactedScan(path) as table:
                    if table.header is not None:
                        self._fill(table, table.header, parts[place:])
                    self._note(path, table, -1 if table.header is None else table.last)
                continue
            follower = _header_of(parts[place + 1]) if place + 1 < len(parts) else None
            with path.open("rb") as file:
                scan = SegmentScan(path, file)
                scan.run()
                self._segment(scan, file, follower, parts[place + 1 :])

    def _segment(
        self,
        scan: SegmentScan,
        file: BinaryIO,
        follower: FileHeader | None,
        later: Sequence[Path],
    ) -> None:
        header, path, report = scan.header, scan.path, self._report
        if header is None:
            _require_ours(scan)
            if scan.ending is not Ending.DAMAGED:
                self._hollow.append(path)
                return
        filled = header is not None and self._fill(scan, header, [path, *later])
        previous = EMPTY_HASH if header is None else header.previous
        follows = int(path.stem) == self._number + 1 and (header is None or previous != EMPTY_HASH)
        strange = follows and previous != self._digest
        damaged = scan.ending is Ending.DAMAGED or _lost_its_end(scan, path, follower)
        digest = scan.digest
        if damaged or strange:
            lost = header is not None and previous not in (self._was, self._digest)
            lost = strange and lost and not filled
            before = self._digest if follows else previous
            entries = _entries(scan, file, report, damaged=damaged, lost=lost)
            if damaged and self._number < 0:
                entries = chain(_borrowed(scan, file, later), entries)
            output = scan.footer.output if scan.footer is not None and not lost else EMPTY_HASH
            created = header.created if header is not None else 0
            digest = _write(FileHeader(int(path.stem), created, before), path, entries, output)
            _replace(path, report, keep=damaged)
        self._note(path, scan, int(path.stem))
        self._digest = digest
        if damaged and follower is not None:
            self._was = follower.previous

    def _note(self, path: Path, scan: Scan, number: int) -> None:
        self._digest = self._was = scan.digest
        self._number, self._folder = number, path.parent
        self._hollow.clear()

    def _fill(self, scan: Scan, header: FileHeader, later: Sequence[Path]) -> bool:
        """Segments with nothing but a gap, where some are gone within a date; whether there are.

        One that is there and has lost all, its header too, gets a gap on whatever date it lies.
        """
        hollow = {int(path.stem): path for path in self._hollow}
        absent = range(self._number + 1, header.number) if self._number >= 0 else sorted(hollow)
        if not absent:
            return False
        skipped = set(absent) <= set(hollow)
        if skipped and header.previous in (self._was, self._digest, EMPTY_HASH):
            self._number = header.number - 1  # a crash left them: nothing was ever in them
            return False
        if scan.path.parent != self._folder:
            absent = [number for number in absent if number in hollow]
            if not absent:
                return False
        for number in absent:
            path = hollow.get(number, self._folder / f"{number:06d}{SUFFIX}")
            gap: list[_Entry] = [(*encode_entry(GapEntry(DAMAGE)), 0, header.created)]
            if self._number < 0 and number == absent[0]:
                gap = [*_instrument_of(later, header.created), *gap]
            new = FileHeader(number, header.created, self._digest)
            self._digest = _write(new, path, gap, EMPTY_HASH)
            _replace(path, self._report, keep=path in self._hollow and path.stat().st_size > 0)
        self._report.absent += absent
        self._report.holes += 1
        self._number = header.number - 1
        return True


def _replace(path: Path, report: RepairReport, *, keep: bool) -> None:
    """Put the new file in the place of the old one."""
    report.rewritten.append(path)
    if keep:
        report.kept.append(_keep(path))
    LOCAL_DISK.rename(path.with_name(path.name + _NEW), path)
    LOCAL_DISK.sync_folder(path.parent)


def _require_ours(scan: SegmentScan) -> None:
    damage = scan.damage
    if scan.ending is Ending.DAMAGED and damage is not None and damage.resumes < 0:
        raise FileFormatError(str(damage), path=str(damage.path), offset=damage.offset)


def _header_of(path: Path) -> FileHeader | None:
    if path.suffix == COMPACTED:
        with CompactedScan(path) as table:
            return table.header
    with path.open("rb") as file:
        return SegmentScan(path, file).header


def _lost_its_end(scan: SegmentScan, path: Path, follower: FileHeader | None) -> bool:
    """Whether the next segment says that this one had more entries."""
    return (
        scan.ending is not Ending.CLEAN
        and follower is not None
        and follower.number == int(path.stem) + 1
        and follower.previous not in (scan.digest, EMPTY_HASH)
    )


def _write(header: FileHeader, path: Path, entries: Iterable[_Entry], output: bytes) -> bytes:
    """Write a segment beside the one of its name; returns its chained hash."""
    made = pack_file_header(header)
    chain, count, last = Chain(header.previous, made), 0, header.created
    target = path.with_name(path.name + _NEW)
    target.unlink(missing_ok=True)
    copy = LOCAL_DISK.create(target)
    try:
        copy.append(made)
        for kind, payload, flags, received in entries:
            data, head = pack_entry(kind, payload, flags, received)
            copy.append(data)
            chain.add(head)
            count, last = count + 1, received
        footer = pack_footer(Footer(count, chain.digest(), output), FORMAT_VERSION)
        copy.append(pack_entry(EntryType.FOOTER, footer, 0, last)[0])
        copy.sync()
    finally:
        copy.close()
    return chain.digest()


def _entries(
    scan: SegmentScan, file: BinaryIO, report: RepairReport, *, damaged: bool, lost: bool
) -> Iterator[_Entry]:
    """All that is whole, with its holes; ``lost``: something before the segment is missing."""
    gap, hole = encode_entry(GapEntry(DAMAGE)), False
    end = 0 if scan.header is None else HEADER_SIZE
    received = scan.header.created if scan.header is not None else 0
    if lost:
        report.holes += 1
        yield *gap, 0, received
    for offset, head, payload in whole_entries(file, end, scan.size):
        if offset > end:
            report.holes += 1
            report.lost_bytes += offset - end
            yield *gap, 0, received
            hole = True
        end = offset + HEAD_SIZE + head.length
        received = head.received
        if head.type in _GONE or (hole and head.type == EntryType.OUTPUT):
            continue
        report.salvaged += hole
        yield head.type, payload, head.flags, received
    if damaged and not hole:
        report.holes += 1
        report.lost_bytes += scan.size - end
        yield *gap, 0, received


def _borrowed(scan: SegmentScan, file: BinaryIO, later: Sequence[Path]) -> Iterator[_Entry]:
    """The instrument, where a journal's first segment has lost it: the next one has a copy."""
    received = 0 if scan.header is None else scan.header.created
    if any(head.type == EntryType.INSTRUMENT for _, head, _ in whole_entries(file, 0, scan.size)):
        return
    yield from _instrument_of(later, received)


def _instrument_of(later: Sequence[Path], received: int) -> Iterator[_Entry]:
    for path in later:
        with contextlib.suppress(DataError):  # it is mended in its turn
            for entry in JournalReader(path):
                if isinstance(entry, InstrumentEntry):
                    yield *encode_entry(entry), CARRIED, received
                    return


def _keep(path: Path) -> Path:
    """A copy beside the segment, under a name that is free."""
    aside, number = path.with_name(path.name + ASIDE), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}{ASIDE}{number}")
    shutil.copyfile(path, aside)
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    return aside
