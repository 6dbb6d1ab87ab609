"""Puts a journal in order before it is written again: what a crash left behind is cut off.

A killed process leaves an unfinished entry at most. A power loss may take any bytes that were not
yet on disk, and leave others: pages of zeros, pages missing between good ones, a later segment
whose predecessor lost its end. All of that lies after the last byte that a mark claims, so
recovery goes back to the last segment that such a loss cannot have touched, and from there keeps
the longest whole beginning: the exact prefix of what was written.

What is cut is kept beside the journal as ``NNNNNN.dbj.torn`` where it holds whole entries. A hole
that a mark says was on disk is damage: nothing is touched, and the server begins a new run in a
new segment. Every step can be interrupted and begun again.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from market.errors import EnvironmentFault
from recording.journal.folder import COMPACTED, numbers_of, segments_of
from recording.journal.layout import (
    EMPTY_HASH,
    HEADER_SIZE,
    EntryType,
    Footer,
    Mark,
    pack_entry,
    pack_footer,
    unpack_mark,
)
from recording.journal.scan import Damage, Ending, SegmentScan, whole_entries
from recording.journal.segment import LOCAL_DISK, Disk, SegmentFile

__all__ = ["TORN", "Recovered", "recover"]

TORN: Final = ".torn"
"""Suffix of what recovery has set aside."""
_NOWHERE: Final = Mark(0, 0)
_BLOCK: Final = 1 << 20
_LEVELS: Final = 4
"""Folders above a segment whose names belong to a journal: date, symbol, source, recordings."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """How a journal stands, ready to be continued.

    Attributes:
        number: of the last segment; 0: there is none.
        previous: what the next segment's header takes; zeros where nothing is continued.
        cut: bytes taken off the ends of segments.
        closed: whether a footer was added to the last one.
        removed: segments on which nothing could be built: set aside, or deleted if shorter than a
            file header.
        damage: what forbids to continue; then nothing was changed.
    """

    number: int = 0
    previous: bytes = EMPTY_HASH
    cut: int = 0
    closed: bool = False
    removed: tuple[Path, ...] = ()
    damage: Damage | None = None


def recover(home: Path, disk: Disk = LOCAL_DISK) -> Recovered:
    """Cut off what a crash left at the end of a journal, and close it with a footer.

    Args:
        home: ``<recordings>/<source>/<symbol>``, locked by the caller; need not exist.
        disk: where it lies.

    Raises:
        EnvironmentFault: ``journal_recovery``: the disk refuses; the journal can be read, and
            recovered later.
    """
    try:
        paths = segments_of(home) if home.is_dir() else ()
        return _recover(paths, _compacted(home), disk) if paths else Recovered()
    except OSError as cause:
        raise EnvironmentFault(
            f"the journal in {home} cannot be recovered: {cause.strerror}",
            code="journal_recovery",
            folder=str(home),
        ) from cause


def _compacted(home: Path) -> frozenset[int]:
    """Numbers of the segments that a table stands for: it was on disk before they were deleted."""
    spans = [numbers_of(path) for path in home.rglob(f"*{COMPACTED}")]
    return frozenset(number for span in spans if span for number in range(span[0], span[1] + 1))


def _recover(paths: Sequence[Path], compacted: Container[int], disk: Disk) -> Recovered:
    found = _reachable(paths, compacted)
    kept = _whole_beginning(found)
    after = found[kept:]
    last = found[kept - 1] if kept else None
    damage = _damage(last, after)
    if damage is not None:
        return Recovered(int(paths[-1].stem), damage=damage)
    for segment in reversed(after):
        _remove(segment.scan, disk)
    removed = tuple(segment.scan.path for segment in after)
    staying = paths[: len(paths) - len(after)]
    _bring_to_disk(found[:kept], disk)
    if last is None:
        number = int(staying[-1].stem) if staying else 0
        return Recovered(number, removed=removed)
    scan = last.scan
    assert scan.header is not None
    open_ends = [one.scan for one in found[:kept] if one.scan.ending is not Ending.CLEAN]
    cut = sum(_close(one, disk) for one in open_ends if one.header is not None)
    closed = scan in open_ends
    return Recovered(scan.header.number, scan.digest, cut, closed, removed)


@dataclass(frozen=True, slots=True)
class _Segment:
    """What a file holds.

    Attributes:
        scan: run to its end.
        claimed: the furthest mark in it, also after a hole.
    """

    scan: SegmentScan
    claimed: Mark

    @property
    def number(self) -> int:
        return int(self.scan.path.stem)

    @property
    def is_base(self) -> bool:
        """Whether a crash cannot have touched what is before it, or it continues nothing."""
        header = self.scan.header
        own_chain = header is not None and (header.previous == EMPTY_HASH or header.version == 1)
        return own_chain or self.claimed.number >= self.number

    def continues(self, before: "_Segment | None") -> bool:
        """Whether it goes on exactly where the segment before it ends; None: there is none."""
        header = self.scan.header
        end = EMPTY_HASH if before is None else before.scan.digest
        return header is not None and header.previous == end


def _reachable(paths: Sequence[Path], compacted: Container[int]) -> list[_Segment]:
    """The segments from the last one that a crash cannot have touched before, to the end."""
    found: list[_Segment] = []
    claimed = _NOWHERE
    for path in reversed(paths):
        number = int(path.stem)
        if found and number != found[-1].number - 1:
            if claimed > Mark(number + 1, 0):
                break  # what is missing between them was on disk: somebody has taken it away
            if found[-1].number - 1 in compacted:
                break  # or has made a table of it
        found.append(_survey(path))
        claimed = max(claimed, found[-1].claimed)
        if found[-1].is_base:
            break
    return found[::-1]


def _survey(path: Path) -> _Segment:
    claimed = _NOWHERE
    with path.open("rb") as file:
        scan = SegmentScan(path, file)
        for head, payload in scan:
            if head.type == EntryType.MARK:
                claimed = max(claimed, unpack_mark(payload) or claimed)
        if scan.damage is not None and scan.damage.resumes >= 0:
            for _, head, payload in whole_entries(file, scan.damage.resumes, scan.size):
                if head.type == EntryType.MARK:
                    claimed = max(claimed, unpack_mark(payload) or claimed)
    return _Segment(scan, claimed)


def _whole_beginning(found: Sequence[_Segment]) -> int:
    """How many of the segments belong to the longest whole beginning; the last may be torn."""
    kept = 0
    for place, segment in enumerate(found):
        if segment.scan.header is None:
            continue  # an unfinished creation; the next one may go on where the last one ended
        if place and not segment.continues(found[kept - 1] if kept else None):
            break
        kept = place + 1
    return kept


def _damage(last: _Segment | None, after: Sequence[_Segment]) -> Damage | None:
    """What no crash can have left."""
    touched = [] if last is None or last.scan.ending is Ending.CLEAN else [last]
    touched += after
    for segment in touched:
        damage, header = segment.scan.damage, segment.scan.header
        strange = segment.scan.ending is Ending.DAMAGED and damage is not None
        if (
            strange
            and damage is not None
            and (damage.resumes < 0 or (header is not None and header.version == 1))
        ):
            return damage
    if not touched:
        return None
    first = touched[0].scan
    beside = last is not None and touched[0].number == last.number + 1
    if touched[0] is not last and beside and first.header is not None:
        return Damage(first.path, 0, "the segment does not continue the one before it")
    hole = Mark(touched[0].number, first.end)
    if max(segment.claimed for segment in touched) > hole:
        return first.damage or Damage(first.path, first.end, "the end of the segment is lost")
    return None


def _remove(scan: SegmentScan, disk: Disk) -> None:
    """Take a segment out of the journal; what might hold something is only renamed."""
    if scan.size < HEADER_SIZE:
        disk.remove(scan.path)
    else:
        disk.rename(scan.path, _aside(scan.path))
    disk.sync_folder(scan.path.parent)


def _aside(path: Path) -> Path:
    """A free name beside a segment."""
    target = path.with_name(path.name + TORN)
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}{TORN}{number}")
    return target


def _bring_to_disk(found: Sequence[_Segment], disk: Disk) -> None:
    """Write and sync what no mark claims: a killed process may have left it in memory only.

    It is written again because a sync may have failed before the process died: then the system
    takes the pages for clean, and a sync alone would do nothing.
    """
    folders: dict[Path, None] = {}
    claimed = max((segment.claimed for segment in found), default=_NOWHERE)
    for segment in found:
        scan = segment.scan
        start = claimed.offset if claimed.number == segment.number else 0
        file = disk.reopen(scan.path, scan.size)
        try:
            if claimed.number <= segment.number:
                _write_again(scan, file, min(start, scan.end))
            file.sync()
        finally:
            file.close()
        folders.update(dict.fromkeys(list(scan.path.parents)[:_LEVELS]))
    for folder in folders:
        disk.sync_folder(folder)


def _write_again(scan: SegmentScan, file: SegmentFile, start: int) -> None:
    end = scan.size if scan.ending is Ending.CLEAN else scan.end
    with scan.path.open("rb") as source:
        source.seek(start)
        while start < end:
            data = source.read(min(_BLOCK, end - start))
            file.rewrite(start, data)
            start += len(data)


def _close(scan: SegmentScan, disk: Disk) -> int:
    """Cut the segment to its whole entries and add the footer; returns the bytes cut."""
    assert scan.header is not None
    if scan.damage is not None and scan.damage.resumes >= 0:
        _keep_tail(scan, disk)
    payload = pack_footer(Footer(scan.count, scan.digest), scan.header.version)
    footer, _ = pack_entry(EntryType.FOOTER, payload, 0, scan.received)
    segment = disk.reopen(scan.path, scan.end)
    try:
        segment.sync()
        segment.append(footer)
        segment.sync()
    finally:
        segment.close()
    return scan.torn


def _keep_tail(scan: SegmentScan, disk: Disk) -> None:
    """Copy what is cut to a file beside the segment."""
    copy = disk.create(_aside(scan.path))
    try:
        with scan.path.open("rb") as file:
            file.seek(scan.end)
            while data := file.read(_BLOCK):
                copy.append(data)
        copy.sync()
    finally:
        copy.close()
    disk.sync_folder(scan.path.parent)
