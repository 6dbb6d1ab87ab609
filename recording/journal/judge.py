"""One judgement of a journal for everybody who reads it: a crash's end, a gone day, a hole, damage.

Reader, verification, repair and recomputation show a :class:`Judge` the parts of a journal in
order, so they cannot disagree. What it knows:

======== =========================================================================================
unclean  a part without a footer, with a torn tail, or without its header: how a process that was
         killed leaves its last segment. No fault
missing  numbers of segments that are not there. No fault where whole days may have been deleted;
         within one trade date it is damage
holes    places at which a repair has written that entries are lost. No fault any more: who reads
         goes on with the state that the next segment carries
damage   everything that no crash leaves
======== =========================================================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from market.enums import FrameFlag, FrameType
from recording.entries import (
    HOLES,
    BarEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    SessionEntry,
)
from recording.journal.compacted import CompactedScan
from recording.journal.folder import numbers_of
from recording.journal.layout import EMPTY_HASH, FileHeader
from recording.journal.scan import Damage, Ending, SegmentScan

__all__ = ["Hole", "Joint", "Judge", "Scan", "UncleanEnd", "spans"]

Scan = SegmentScan | CompactedScan
_HARMLESS: Final = (Ending.OPEN, Ending.TORN, Ending.HEADLESS)


class Joint(StrEnum):
    """How a part of a journal stands to what came before it."""

    FIRST = "first"
    """Nothing came before it."""
    JOINED = "joined"
    """It goes on exactly where the part before it ends, or begins a run of its own."""
    BEHIND = "behind"
    """Entries between them are lost: what it carries is all that is known."""
    BROKEN = "broken"
    """It contradicts what came before it: the last damage says how."""
    NOTHING = "nothing"
    """It has no header, so there is nothing in it to be read."""


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
class Hole:
    """Entries that are lost for good, as a gap says that stands in their place.

    Attributes:
        path: the part in which it says so.
        reason: of the gap.
        first: number that is lost; -1: not known.
        last: the last such number.
    """

    path: Path
    reason: str
    first: int = -1
    last: int = -1


class Judge:
    """Takes the parts of one journal in order: ``begin``, each entry, ``end``.

    Attributes:
        unclean: ends that a crash has left.
        tabled: such ends of segments that a compacted file stands for.
        missing: numbers of segments that are not there.
        absent: those of them right before the present part.
        holes: that a repair has marked, or that a reader marks where segments are missing.
        damage: everything that no crash leaves, in order.
        holed: whether a hole was met after which nobody has said what holds now.
    """

    def __init__(self) -> None:
        self.unclean: list[UncleanEnd] = []
        self.tabled = 0
        self.missing: list[int] = []
        self.absent = range(0)
        self.holes: list[Hole] = []
        self.damage: list[Damage] = []
        self.holed = False
        self._path = Path()
        self._number = 0
        self._last: Scan | None = None
        self._numbers = _Numbers()

    def begin(self, scan: Scan) -> Joint:
        """The next part, as far as its header says."""
        self._path, self.absent = scan.path, range(0)
        if scan.header is None:
            return Joint.NOTHING
        if self._last is None:
            return Joint.FIRST
        self.absent = range(self._number + 1, scan.header.number)
        if self.absent:
            return self._miss(scan)
        damage = self._contradiction(scan, scan.header, self._last)
        if damage is not None:
            self.damage.append(damage)
            return Joint.BROKEN
        if self._last.header is None and self._last.ending is not Ending.DAMAGED:
            return Joint.FIRST
        behind = self.holed or self._last.ending is Ending.DAMAGED
        return Joint.BEHIND if behind else Joint.JOINED

    def take(self, entry: Entry) -> None:
        """An entry of the part that began last, or a gap that its reader puts before it."""
        if isinstance(entry, GapEntry) and entry.reason in HOLES:
            self.holes.append(Hole(self._path, entry.reason))
            self.holed = True
            self._numbers.hole = self.holes[-1]
        elif isinstance(entry, InstrumentEntry):
            self.holed = False
        else:
            self._numbers.take(entry)

    def end(self, scan: Scan) -> Damage | None:
        """The same part when it has been read; what is wrong within it."""
        damage = scan.damage if scan.ending is Ending.DAMAGED else None
        if damage is not None:
            self.damage.append(damage)
        elif scan.ending in _HARMLESS and isinstance(scan, SegmentScan):
            self.unclean.append(UncleanEnd(scan.path, scan.end, scan.torn))
        if isinstance(scan, CompactedScan):
            self.tabled += sum(one["ending"] != Ending.CLEAN for one in scan.segments)
            self._number = scan.last
        elif scan.header is not None:
            self._number = scan.header.number
        else:
            self._number = (numbers_of(scan.path) or (0, 0))[1]
        if scan.header is not None or damage is not None or self._last is None:
            self._last = scan  # a file without a header: the chain goes over it
        return damage

    def notes(self, holes: Sequence[Hole] | None = None) -> list[str]:
        """What is no damage, in words, each a phrase.

        Args:
            holes: of somebody who has seen the entries; None: this judge has.
        """
        found = [f"missing segments {spans(self.missing)}"] if self.missing else []
        ends = len(self.unclean) + self.tabled
        if ends:
            places = ", ".join(f"{one.path} at byte {one.offset}" for one in self.unclean)
            where = f" ({places})" if places else ""
            found.append(f"{ends:,} unclean {'end' if ends == 1 else 'ends'}{where}")
        holes = self.holes if holes is None else holes
        if holes:
            words = "hole" if len(holes) == 1 else "holes"
            found.append(f"{len(holes):,} {words} ({', '.join(map(_lost, holes))})")
        return found

    def _miss(self, scan: Scan) -> Joint:
        """Segments are not there: whole days may be deleted, but nobody deletes within one."""
        assert self._last is not None
        self.missing += self.absent
        if scan.path.parent == self._last.path.parent:
            what = f"segments {spans(list(self.absent))} are gone"
            self.damage.append(Damage(scan.path.parent, -1, what))
        return Joint.BEHIND

    def _contradiction(self, scan: Scan, header: FileHeader, last: Scan) -> Damage | None:
        """What is wrong between a part and the one before it; damage there has been told."""
        consecutive = header.number == self._number + 1
        if not consecutive or header.previous in (last.digest, EMPTY_HASH):
            return None
        if last.ending is Ending.DAMAGED:
            return None
        if last.ending is Ending.CLEAN:
            return Damage(scan.path, 0, "the segment does not continue the one before it")
        return Damage(last.path, last.end, "the end of the segment is lost")


class _Numbers:
    """The numbers of the stream, to say which of them a hole has taken."""

    def __init__(self) -> None:
        self.hole: Hole | None = None
        self._session = ""
        self._expected = 1

    def take(self, entry: Entry) -> None:
        match entry:
            case SessionEntry(session, _, seq) if session != self._session:
                self._session, self._expected, self.hole = session, seq, None
            case FrameEntry(frame) if frame.type == FrameType.EVENTS and len(frame.records):
                self._go_on(frame.seq, frame.end)
            case FrameEntry(frame) if frame.flags & FrameFlag.LAST:
                self._go_on(frame.seq, frame.seq)
            case BarEntry(seq):
                self._go_on(seq, seq + 1)

    def _go_on(self, seq: int, expected: int) -> None:
        hole, self.hole = self.hole, None
        if hole is not None and seq > self._expected:
            hole.first, hole.last = self._expected, seq - 1
        self._expected = expected


def _lost(hole: Hole) -> str:
    if hole.first < 0:
        return f"{hole.path}: no number known to be lost"
    return f"{hole.path}: numbers {hole.first:,} to {hole.last:,} are lost"


def spans(numbers: list[int]) -> str:
    """``3-5, 9``."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{low}-{high}" if high > low else str(low) for low, high in found)
