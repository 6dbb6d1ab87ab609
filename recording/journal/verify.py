"""Checks a whole journal by its checksums and chains, and names everything that is wrong.

Unlike the reader it does not stop at the first damage, and unlike recovery it changes nothing.
What entries mean is not looked at. The judgement is ``recording.journal.judge``'s.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from market.errors import UsageError
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED, only_stream, parts_of
from recording.journal.judge import Judge
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
        judge: what is wrong with them together; holes are not in it, as entries are not looked at.
    """

    judge: Judge
    segments: list[SegmentState] = field(default_factory=list)
    tables: list[TableState] = field(default_factory=list)

    @property
    def missing(self) -> list[int]:
        """Numbers of segments that are not there."""
        return self.judge.missing

    @property
    def damage(self) -> list[Damage]:
        """Everything that no crash leaves, in order; segments gone within a date are in it."""
        return self.judge.damage

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged; whole days may be missing, and an end may be torn."""
        return not self.damage


def verify(path: Path) -> VerifyReport:
    """Read every byte of one journal.

    Args:
        path: a segment, a compacted file, or a folder with those of one journal.

    Raises:
        UsageError: nothing there, or several journals.
    """
    judge = Judge()
    report = VerifyReport(judge)
    for scan in _scans(path):
        if isinstance(scan, CompactedScan):
            report.tables.append(_table_state(scan))
        else:
            report.segments.append(_state(scan))
        judge.begin(scan)
        judge.end(scan)
    return report


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
