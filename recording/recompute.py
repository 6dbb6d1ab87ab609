"""A journal computed anew, and held against what it says came out when it was written.

Every record of the output digest, every footer's digest and every checkpoint is compared; the
first difference ends the work. What cannot be compared is counted: segments whose digest nobody
knows (the process was killed, the disk refused, an older format), and segments before the first
place at which the state is known.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from market.errors import FileFormatError
from orderbook import METRICS_FIELDS, METRICS_ROW
from recording.entries import CheckpointEntry, Entry, FrameEntry, InstrumentEntry, OutputEntry
from recording.journal.codec import decode_entry
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED
from recording.journal.layout import CARRIED, EntryType
from recording.journal.scan import Ending, SegmentScan
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
        unread: segments that begin before the first place at which the state is known.
        difference: what ended the work.
    """

    def __init__(self, make: MakeStream) -> None:
        """Begin; ``make`` makes a fresh stream."""
        self.entries = self.records = self.outputs = self.checkpoints = 0
        self.segments = self.unknown = self.unread = 0
        self.difference: Difference | None = None
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
        last = -1
        for self._path in paths:
            for step in _steps(self._path):
                if step.place == 0:
                    self._joined = self._whole = self._known and step.number == last + 1
                    self._digest = OutputDigest()
                    last = step.number
                self._take(step)
                if self.difference is not None:
                    return
                if step.place % _TELL_EVERY == 0:
                    yield self.records

    def _take(self, step: _Step) -> None:
        entry = step.entry
        if entry is None:
            self._end(step)
        elif isinstance(entry, OutputEntry):
            self._compare_output(step, entry)
        elif not step.flags & CARRIED:
            self._take_own(step, entry)
        elif not self._joined:
            self._take_carried(entry)
        elif isinstance(entry, CheckpointEntry):
            self._compare_state(step, entry)

    def _take_own(self, step: _Step, entry: Entry) -> None:
        """What happened; before the state is known it says nothing."""
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


def _steps(path: Path) -> Iterator[_Step]:
    if path.suffix == COMPACTED:
        with CompactedScan(path) as scan:
            yield from _compacted_steps(scan)
            _require_whole(scan)
        return
    with path.open("rb", buffering=_BUFFER) as file:
        segment = SegmentScan(path, file)
        if segment.header is None:
            _require_whole(segment)
            return
        number, index = segment.header.number, 0
        for head, payload in segment:
            if head.type != EntryType.MARK:
                yield _Step(number, index, head.flags, decode_entry(head.type, payload))
                index += 1
        _require_whole(segment)
        output = UNKNOWN if segment.footer is None else segment.footer.output
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


def _require_whole(scan: SegmentScan | CompactedScan) -> None:
    if scan.ending is Ending.DAMAGED or (scan.damage is not None and scan.header is None):
        assert scan.damage is not None
        raise FileFormatError(str(scan.damage), path=str(scan.path), offset=scan.damage.offset)
