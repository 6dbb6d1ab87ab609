"""Checks a whole journal by its checksums and chains, and names everything that is wrong.

Unlike the reader it does not stop at the first damage, and unlike recovery it changes nothing.
What entries mean is not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from market.errors import UsageError
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED, numbers_of, only_stream, parts_of
from recording.journal.layout import EMPTY_HASH
from recording.journal.scan import Damage, Ending, SegmentScan

__all__ = ["SegmentState", "TableState", "VerifyReport", "verify"]


@dataclass(frozen=True, slots=True)
class SegmentState:
    """One file.

    Attributes:
        path: the file.
        number: of the segment; 0 if the header does not hold.
        version: of the format; 0 if the header does not hold.
        entries: whole ones from the beginning on, marks included, the footer not.
        size: of the file, bytes.
        ending: how it ends.
        end: byte after those entries.
        what: in words, empty for a clean or an open one.
        output: digest of the segment's output from the footer; zeros: unknown.
    """

    path: Path
    number: int
    version: int
    entries: int
    size: int
    ending: Ending
    end: int
    what: str
    output: bytes


@dataclass(frozen=True, slots=True)
class TableState:
    """One compacted file.

    Attributes:
        path: the file.
        first: number of the first segment that it stands for; 0 if it cannot be read.
        last: number of the last.
        entries: that it holds.
        rows: records that are rows.
        unclean: segments among them that had no footer or a torn tail.
        what: in words, empty for a good one.
    """

    path: Path
    first: int
    last: int
    entries: int
    rows: int
    unclean: int
    what: str


@dataclass(slots=True)
class VerifyReport:
    """What a journal holds.

    Attributes:
        segments: every one that no compacted file stands for, in order.
        tables: every compacted file, in order.
        missing: numbers of segments that are not there.
        damage: everything that no crash leaves, in order.
    """

    segments: list[SegmentState] = field(default_factory=list)
    tables: list[TableState] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged; segments may be missing or have a torn end."""
        return not self.damage


def verify(path: Path) -> VerifyReport:
    """Read every byte of one journal.

    Args:
        path: a segment, a compacted file, or a folder with those of one journal.

    Raises:
        UsageError: nothing there, or several journals.
    """
    report = VerifyReport()
    before: _End | None = None
    for scan in _scans(path):
        if isinstance(scan, CompactedScan):
            report.tables.append(_table_state(scan))
        else:
            report.segments.append(_state(scan))
        span = numbers_of(scan.path) or (0, 0)
        if scan.header is None:
            over = before.scan if before else scan
            if scan.ending is Ending.DAMAGED and scan.damage is not None:
                report.damage.append(scan.damage)
                over = scan
            before = _End(span[1], over)
            continue
        if before is not None:
            report.missing += range(before.number + 1, scan.header.number)
            broken = before.break_with(scan)
            if broken is not None:
                report.damage.append(broken)
        if scan.ending is Ending.DAMAGED and scan.damage is not None:
            report.damage.append(scan.damage)
        last = scan.last if isinstance(scan, CompactedScan) else scan.header.number
        before = _End(last, scan)
    return report


@dataclass(frozen=True, slots=True)
class _End:
    """How far the journal has been seen."""

    number: int
    scan: SegmentScan | CompactedScan

    def break_with(self, scan: SegmentScan | CompactedScan) -> Damage | None:
        """What is wrong between this segment and the next."""
        header, last = scan.header, self.scan
        assert header is not None
        if header.number != self.number + 1 or header.previous in (last.digest, EMPTY_HASH):
            return None
        if last.ending is Ending.CLEAN:
            return Damage(scan.path, 0, "the segment does not continue the one before it")
        if last.ending is Ending.DAMAGED:
            return None
        return Damage(last.path, last.end, "the end of the segment is lost")


def _scans(path: Path) -> Iterator[SegmentScan | CompactedScan]:
    if path.is_dir():
        only_stream(path)
        paths: tuple[Path, ...] = parts_of(path)
    elif path.exists():
        paths = (path,)
    else:
        raise UsageError(f"{path} does not exist", code="no_file", path=str(path))
    for one in paths:
        if one.suffix == COMPACTED:
            with CompactedScan(one) as table:
                table.run()
            yield table
            continue
        with one.open("rb") as file:
            scan = SegmentScan(one, file)
            scan.run()
        yield scan


def _table_state(scan: CompactedScan) -> TableState:
    return TableState(
        scan.path,
        scan.header.number if scan.header else 0,
        scan.last,
        scan.count,
        scan.rows,
        sum(segment["ending"] != Ending.CLEAN for segment in scan.segments),
        scan.damage.what if scan.damage else "",
    )


def _state(scan: SegmentScan) -> SegmentState:
    header, footer, ending = scan.header, scan.footer, scan.ending
    assert ending is not None
    return SegmentState(
        scan.path,
        header.number if header else 0,
        header.version if header else 0,
        scan.count,
        scan.size,
        ending,
        scan.end,
        scan.damage.what if scan.damage else "",
        footer.output if footer else EMPTY_HASH,
    )
