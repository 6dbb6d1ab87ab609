"""Checks a whole journal by its checksums and chains, and names everything that is wrong.

Unlike the reader it does not stop at the first damage, and unlike recovery it changes nothing.
What entries mean is not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from market.errors import UsageError
from recording.journal.folder import only_stream, segments_of
from recording.journal.layout import EMPTY_HASH
from recording.journal.scan import Damage, Ending, SegmentScan

__all__ = ["SegmentState", "VerifyReport", "verify"]


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


@dataclass(slots=True)
class VerifyReport:
    """What a journal holds.

    Attributes:
        segments: every file, in order.
        missing: numbers of segments that are not there.
        damage: everything that no crash leaves, in order.
    """

    segments: list[SegmentState] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged; segments may be missing or have a torn end."""
        return not self.damage


def verify(path: Path) -> VerifyReport:
    """Read every byte of one journal.

    Args:
        path: a segment, or a folder with the segments of one journal.

    Raises:
        UsageError: nothing there, or several journals.
    """
    report = VerifyReport()
    before: _End | None = None
    for scan in _scans(path):
        report.segments.append(_state(scan))
        if scan.header is None:
            if scan.ending is Ending.DAMAGED and scan.damage is not None:
                report.damage.append(scan.damage)
            before = before and before.passing(int(scan.path.stem))
            continue
        if before is not None:
            report.missing += range(before.number + 1, scan.header.number)
            broken = before.break_with(scan)
            if broken is not None:
                report.damage.append(broken)
        if scan.ending is Ending.DAMAGED and scan.damage is not None:
            report.damage.append(scan.damage)
        before = _End(scan.header.number, scan)
    return report


@dataclass(frozen=True, slots=True)
class _End:
    """How far the journal has been seen."""

    number: int
    scan: SegmentScan

    def passing(self, number: int) -> "_End":
        """Over a file that never held anything."""
        return _End(number, self.scan)

    def break_with(self, scan: SegmentScan) -> Damage | None:
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


def _scans(path: Path) -> Iterator[SegmentScan]:
    if path.is_dir():
        only_stream(path)
        paths: tuple[Path, ...] = segments_of(path)
    elif path.exists():
        paths = (path,)
    else:
        raise UsageError(f"{path} does not exist", code="no_file", path=str(path))
    for one in paths:
        with one.open("rb") as file:
            scan = SegmentScan(one, file)
            scan.run()
        yield scan


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
