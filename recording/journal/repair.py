"""Salvage, on request only: what is whole in a damaged journal, with the holes marked as such.

A damaged segment is written anew: every whole entry that can be found in it, a ``gap`` entry of
reason ``damage`` wherever bytes were lost, a footer. The book is not trusted from there on until a
snapshot comes, as after any gap. The old file stays beside the new one as ``NNNNNN.dbj.damaged``.
The segments after it are joined to the new chain. What ran before goes on as it was: marks and
digests of output after a hole are left out, as they speak of bytes and results that are gone.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from market.errors import EnvironmentFault, FileFormatError, UsageError
from recording.entries import GapEntry
from recording.journal.codec import encode_entry
from recording.journal.folder import only_stream, segments_of
from recording.journal.layout import (
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
    """

    rewritten: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    salvaged: int = 0
    holes: int = 0
    lost_bytes: int = 0


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
        _repair(segments_of(path), report)
    except OSError as cause:
        raise EnvironmentFault(
            f"the journal in {path} cannot be repaired: {cause.strerror}",
            code="journal_repair",
            folder=str(path),
        ) from cause
    return report


def _repair(paths: tuple[Path, ...], report: RepairReport) -> None:
    digest = was = EMPTY_HASH
    number = -1
    for place, path in enumerate(paths):
        follower = _header_of(paths[place + 1]) if place + 1 < len(paths) else None
        with path.open("rb") as file:
            scan = SegmentScan(path, file)
            scan.run()
            if scan.header is None:
                _require_ours(scan)
                if scan.ending is not Ending.DAMAGED:
                    continue
            previous = EMPTY_HASH if scan.header is None else scan.header.previous
            follows = int(path.stem) == number + 1 and (
                scan.header is None or scan.header.previous != EMPTY_HASH
            )
            strange = follows and previous != digest
            damaged = scan.ending is Ending.DAMAGED or _lost_its_end(scan, path, follower)
            if damaged or strange:
                lost = strange and scan.header is not None and previous not in (was, digest)
                previous = digest if follows else previous
                entries = _entries(scan, file, report, damaged=damaged, lost=lost)
                digest = _rewrite(scan, previous, entries)
            else:
                digest = scan.digest
        if damaged or strange:
            _replace(path, report, keep=damaged)
        was = follower.previous if damaged and follower is not None else scan.digest
        number = int(path.stem)


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


def _rewrite(scan: SegmentScan, previous: bytes, entries: Iterable[_Entry]) -> bytes:
    """Write a segment anew beside the old one; returns its chained hash."""
    header, path = scan.header, scan.path
    created = header.created if header is not None else 0
    made = pack_file_header(FileHeader(int(path.stem), created, previous))
    chain, count, last = Chain(previous, made), 0, created
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
        footer = pack_footer(Footer(count, chain.digest()), FORMAT_VERSION)
        copy.append(pack_entry(EntryType.FOOTER, footer, 0, last)[0])
        copy.sync()
    finally:
        copy.close()
    return chain.digest()


def _entries(
    scan: SegmentScan, file: BinaryIO, report: RepairReport, *, damaged: bool, lost: bool
) -> Iterator[_Entry]:
    """All that is whole, with its holes; ``lost``: something before the segment is missing."""
    gap, hole = encode_entry(GapEntry("damage")), False
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
