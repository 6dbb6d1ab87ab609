"""A journal computed anew, and held against what it says came out when it was written.

Every record of the output digest, every footer's digest and every checkpoint is compared; the
first difference ends the work. What cannot be compared is counted: segments whose digest nobody
knows (the process was killed, the disk refused, an older format), and segments without a known
state: before the first checkpoint, and around a hole. The next checkpoint behind a hole is the
state that the server had, so everything from there on is compared again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from market.errors import FileFormatError
from orderbook import METRICS_FIELDS, METRICS_ROW
from recording.entries import (
    MISSING,
    CheckpointEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    OutputEntry,
)
from recording.journal.codec import decode_entry
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED
from recording.journal.judge import Joint, Judge, Scan
from recording.journal.layout import CARRIED, EntryType
from recording.journal.scan import Damage, Ending, SegmentScan
from recording.output import UNKNOWN, OutputDigest
from recording.stream import Stream

__all__ = ["Difference", "Recomputation"]

MakeStream = Callable[[InstrumentEntry], Stream]
_BUFFER: Final = 1 << 20
_TELL_EVERY: Final = 1024


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that came out otherwise.

    Attributes:
        path: the file.
        segment: its number.
        entry: of the recorded value, zero-based in the segment; -1: the footer.
        seq: the last number before it.
        field: ``digest``, ``count``, ``state`` or a field of the metrics row.
        recorded: what the journal says.
        computed: what came out now.
    """

    path: Path
    segment: int
    entry: int
    seq: int
    field: str
    recorded: object
    computed: object

    def __str__(self) -> str:
        """One line for people."""
        place = "footer" if self.entry < 0 else f"entry {self.entry}"
        return (
            f"{self.path}: segment {self.segment}, {place}, seq {self.seq}, {self.field}: "
            f"recorded {self.recorded}, computed {self.computed}"
        )


class _Step(NamedTuple):
    """One entry of a segment, or (``entry`` None) its end with the digest of its output."""

    number: int
    place: int
    flags: int
    entry: Entry | None
    output: bytes = UNKNOWN


class Recomputation:
    """Reads the parts of one journal in order.

    Attributes:
        entries: applied so far.
        records: applied so far.
        outputs: records of the digest that were compared.
        checkpoints: that were compared.
        segments: whose footer's digest was compared.
        unknown: segments whose digest nobody knows.
        unread: segments without a known state: before the first checkpoint, or with a hole.
        difference: what ended the work.
        judge: what it found wrong with the parts.
    """

    def __init__(self, make: MakeStream) -> None:
        """Begin; ``make`` makes a fresh stream."""
        self.entries = self.records = self.outputs = self.checkpoints = 0
        self.segments = self.unknown = self.unread = 0
        self.difference: Difference | None = None
        self.judge = Judge()
        self._make = make
        self._stream: Stream | None = None
        self._known = False
        self._joined = False
        self._whole = False
        self._digest = OutputDigest()
        self._path = Path()

    def run(self, paths: Sequence[Path]) -> Iterator[int]:
        """Compare until the end or the first difference; yields the records so far, now and then.

        Raises:
            FileFormatError: damage.
            DataError: entries that this program cannot apply.
            SettingsError: the same of settings.
        """
        for self._path in paths:
            with _opened(self._path) as scan:
                joint = self.judge.begin(scan)
                if joint is Joint.BROKEN:
                    raise _error(self.judge.damage[-1])
                self._known = self._known and joint is not Joint.BEHIND
                if self.judge.absent:
                    self.judge.take(GapEntry(MISSING))
                for step in _steps(scan):
                    self._take(step)
                    if self.difference is not None:
                        return
                    if step.place % _TELL_EVERY == 0:
                        yield self.records
                damage = self.judge.end(scan)
                if damage is not None:
                    raise _error(damage)

    def _take(self, step: _Step) -> None:
        entry = step.entry
        if step.place == 0:
            self._joined = self._whole = self._known
            self._digest = OutputDigest()
        if entry is None:
            self._end(step)
            return
        self.judge.take(entry)
        if isinstance(entry, OutputEntry):
            self._compare_output(step, entry)
        elif not step.flags & CARRIED:
            self._take_own(step, entry)
        elif not self._joined:
            self._take_carried(entry)
        elif isinstance(entry, CheckpointEntry):
            self._compare_state(step, entry)

    def _take_own(self, step: _Step, entry: Entry) -> None:
        """What happened; before the state is known it says nothing, and behind a hole it is not."""
        if self.judge.holed:
            self._known = self._whole = False
            return
        if isinstance(entry, InstrumentEntry):
            if not self._known:
                self._whole = step.place == 0
            if (
                not self._known
                or self._stream is None
                or entry.instrument != self._stream.instrument
            ):
                self._stream = self._make(entry)
            self._known = True
        if self._known and self._stream is not None:
            self._digest.add(self._stream, self._stream.apply(entry))
            self.entries += 1
            if isinstance(entry, FrameEntry):
                self.records += len(entry.frame.records)

    def _take_carried(self, entry: Entry) -> None:
        """What a segment that is read without the one before it begins with."""
        if isinstance(entry, InstrumentEntry):
            self._stream = self._make(entry)
            self._known = False
        if self._stream is not None:
            self._stream.apply(entry)
            self._known = self._whole = self._stream.resumed

    def _end(self, step: _Step) -> None:
        if not self._whole:
            self.unread += 1
        elif step.output == UNKNOWN:
            self.unknown += 1
        else:
            self.segments += 1
            self._require(step, "digest", step.output.hex(), self._digest.value().hex())

    def _compare_output(self, step: _Step, entry: OutputEntry) -> None:
        stream = self._stream
        if not self._whole or stream is None or entry.segment != step.number:
            return
        self.outputs += 1
        computed = self._digest.entry(stream, step.number)
        recorded_row, computed_row = (
            np.frombuffer(one.row, METRICS_ROW) for one in (entry, computed)
        )
        if entry.row != computed.row:
            for name in METRICS_FIELDS:
                recorded, now = recorded_row[name][0], computed_row[name][0]
                if recorded.tobytes() != now.tobytes():
                    self._require(step, name, repr(recorded.item()), repr(now.item()))
                    return
        self._require(step, "count", entry.count, computed.count)
        self._require(step, "digest", entry.digest.hex(), computed.digest.hex())

    def _compare_state(self, step: _Step, entry: CheckpointEntry) -> None:
        if not entry.usable or self._stream is None:
            return
        self.checkpoints += 1
        recorded, computed = entry.unpacked(), self._stream.freeze()
        if recorded != computed:
            at = next(
                (
                    i
                    for i, pair in enumerate(zip(recorded, computed, strict=False))
                    if pair[0] != pair[1]
                ),
                min(len(recorded), len(computed)),
            )
            self._require(
                step, f"state byte {at}", recorded[at : at + 8].hex(), computed[at : at + 8].hex()
            )

    def _require(self, step: _Step, name: str, recorded: object, computed: object) -> None:
        if recorded == computed or self.difference is not None:
            return
        assert self._stream is not None
        entry = -1 if step.entry is None else step.place
        seq = self._stream.expected - 1
        self.difference = Difference(self._path, step.number, entry, seq, name, recorded, computed)


@contextmanager
def _opened(path: Path) -> Iterator[Scan]:
    if path.suffix == COMPACTED:
        with CompactedScan(path) as table:
            yield table
        return
    with path.open("rb", buffering=_BUFFER) as file:
        yield SegmentScan(path, file)


def _steps(scan: Scan) -> Iterator[_Step]:
    if isinstance(scan, CompactedScan):
        yield from _compacted_steps(scan)
        return
    if scan.header is None:
        return
    number, index = scan.header.number, 0
    for head, payload in scan:
        if head.type != EntryType.MARK:
            yield _Step(number, index, head.flags, decode_entry(head.type, payload))
            index += 1
    if scan.ending is not Ending.DAMAGED:
        output = UNKNOWN if scan.footer is None else scan.footer.output
        yield _Step(number, index, 0, None, output)


def _compacted_steps(scan: CompactedScan) -> Iterator[_Step]:
    entries = scan.entries()
    for facts in scan.segments:
        number, index = int(str(facts["number"])), 0
        for _, flags, entry in islice(entries, int(str(facts["kept"]))):
            yield _Step(number, index, flags, entry)
            index += 1
        yield _Step(number, index, 0, None, bytes.fromhex(str(facts["output"])))
    for _ in entries:  # the damage, if any, is found at the end
        pass


def _error(damage: Damage) -> FileFormatError:
    return FileFormatError(str(damage), path=str(damage.path), offset=damage.offset)
