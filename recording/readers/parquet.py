"""Parquet: tables of ``recording.table``, those of version 1, and files of other origin.

Version 1 kept no borders between frames. Columns: ``time`` (timestamp[ns, UTC]), ``kind``,
``side``, ``op``, ``position`` (u8), ``price`` (double), ``size`` (int64, or double where the size
step is not 1), ``ref`` (u64). Metadata: ``depthbridge`` (format version), ``instrument``,
``tick_size``, ``size_step``, ``session``, ``config_hash``; JSON in ``gaps``, in ``runs`` (row,
frame type, flags, seq, base, where a frame does not continue the one before) and in ``controls``
(row before which it stands, journal entry type, payload in base64). A file of other origin needs
the columns ``time``, ``side``, ``price``, ``size`` and the caller's options.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import FrameFlag, FrameType, Source
from market.errors import FileFormatError, MalformedError
from market.instrument import Instrument
from market.record import RECORD, Frame, Records, make_frames, times_of
from recording.entries import Entry, FrameEntry, GapEntry, InstrumentEntry
from recording.journal.codec import decode_entry
from recording.readers.naming import Sidecar, find_instrument, read_sidecar
from recording.readers.registry import Format, Request
from recording.readers.report import Report
from recording.table import TableReader
from recording.table.layout import VERSION
from recording.table.reader import records_of

__all__ = ["FORMAT"]

_BATCH: Final = 1 << 16
_NEEDED: Final = frozenset({"time", "side", "price", "size"})


def _detect(head: bytes) -> bool:
    return head.startswith(b"PAR1")


def _read(request: Request) -> Iterator[Entry]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = str(request.path)
    if _version(request.path) == VERSION:
        yield from _read_table(request)
        return
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as cause:
        raise FileFormatError(f"{path}: {_line(cause)}", path=path, offset=0) from cause
    with file:
        missing = _NEEDED - set(file.schema_arrow.names)
        if missing:
            columns = ", ".join(sorted(missing))
            raise FileFormatError(f"{path}: lacks the columns {columns}", path=path, offset=0)
        metadata = file.metadata.metadata or {}
        script = _Script(metadata, path, file.metadata.num_rows)
        first = script.opening() or _named(request, metadata)
        yield first
        rows = _Rows(request, first.instrument)
        batches = file.iter_batches(batch_size=_BATCH)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as cause:
                raise FileFormatError(
                    f"{path}: {_line(cause)} (after row {rows.count:,})", path=path, offset=0
                ) from cause
            if batch is None:
                break
            yield from script.entries(*rows.take(batch), rows)
        yield from script.rest(rows)


def _version(path: Path) -> str:
    """The version that a file names; empty where it names none, or cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (pa.ArrowException, OSError):
        return ""  # opening it will say so
    return str(metadata.get(b"depthbridge", b""), "utf-8", "replace")


def _read_table(request: Request) -> Iterator[Entry]:
    report, begin = request.report, request.first
    with TableReader(request.path) as table:
        live = False
        for received, item, row in table:
            report.received = received if live else None
            if isinstance(item, Frame):
                count = len(item.records)
                note_rows(report, item.records, times_of(item), begin + row + count)
                index = np.arange(begin + row, begin + row + count, dtype=np.int64)
                yield FrameEntry(item, index)
                continue
            entry = decode_entry(item.kind, item.payload)
            if isinstance(entry, GapEntry):
                report.gaps += 1
            elif isinstance(entry, InstrumentEntry):
                live = entry.source is Source.LIVE
            yield entry


def _named(request: Request, metadata: dict[bytes, bytes]) -> InstrumentEntry:
    said = {
        name: metadata[name.encode()].decode("utf-8", "replace")
        for name in ("instrument", "tick_size", "size_step")
        if name.encode() in metadata
    }
    sidecar = Sidecar(**said) if said else read_sidecar(request.path)
    instrument, note = find_instrument(
        request.path,
        request.table,
        instrument=request.instrument,
        tick_size=request.tick_size,
        sidecar=sidecar,
    )
    if note:
        request.report.notes.append(note)
    return InstrumentEntry(instrument, Source.REPLAY)


class _Rows:
    """Batches to records with absolute times."""

    def __init__(self, request: Request, instrument: Instrument) -> None:
        self.count = 0
        self.first = request.first
        self.report = request.report
        self._path = str(request.path)
        self._instrument = instrument

    def take(self, batch: Any) -> tuple[Records, NDArray[np.int64]]:  # noqa: ANN401
        """Records and times of a batch.

        Raises:
            FileFormatError: a value that no record can hold.
        """
        try:
            records, times = records_of(batch, self._instrument.tick, self._instrument.size)
        except MalformedError as cause:
            row = self.first + self.count + (cause.index or 0)
            raise FileFormatError(
                f"{self._path}: row {row + 1:,}: {cause.message}", path=self._path, offset=0
            ) from cause
        self.count += len(records)
        note_rows(self.report, records, times, self.first + self.count)
        return records, times


def note_rows(report: Report, records: Records, times: NDArray[np.int64], line: int) -> None:
    """Bring the report up to date; ``line``: number of the rows so far."""
    report.lines = line
    report.records += len(records)
    if len(times):
        if report.first_time is None:
            report.first_time = int(times[0])
        report.last_time = max(int(times.max()), report.last_time or int(times[0]))


class _Script:
    """What the metadata says about rows: where other frames begin, and control entries."""

    def __init__(self, metadata: dict[bytes, bytes], path: str, total: int) -> None:
        self._total = total
        try:
            self._runs = json.loads(metadata.get(b"runs", b"[]"))
            controls = json.loads(metadata.get(b"controls", b"[]"))
            self._controls = [
                (int(row), decode_entry(kind, base64.b64decode(text)))
                for row, kind, text in controls
            ]
        except (ValueError, TypeError, MalformedError) as cause:
            raise FileFormatError(
                f"{path}: damaged metadata: {cause}", path=path, offset=0
            ) from cause
        self._seq = 1
        self._row = 0
        self._type, self._flags, self._base = int(FrameType.EVENTS), 0, -1

    def opening(self) -> InstrumentEntry | None:
        """The instrument's entry, if the metadata has one."""
        if self._controls and isinstance(self._controls[0][1], InstrumentEntry):
            return self._controls.pop(0)[1]  # type: ignore[return-value]
        return None

    def entries(
        self, records: NDArray[Any], times: NDArray[np.int64], rows: _Rows
    ) -> Iterator[Entry]:
        """Entries of the next rows, with the control entries that lie before and between them."""
        low, end = 0, len(records)
        while low < end:
            yield from self._due(rows)
            high = min(end, low + self._next_mark() - self._row)
            yield from self._frames(records[low:high], times[low:high], rows)
            self._row += high - low
            low = high

    def rest(self, rows: _Rows) -> Iterator[Entry]:
        """Control entries after the last row."""
        yield from self._due(rows)

    def _next_mark(self) -> int:
        marks = [2**62]
        if self._runs:
            marks.append(self._runs[0][0])
        if self._controls:
            marks.append(self._controls[0][0])
        return min(marks)

    def _due(self, rows: _Rows) -> Iterator[Entry]:
        while self._controls and self._controls[0][0] <= self._row:
            entry = self._controls.pop(0)[1]
            if isinstance(entry, GapEntry):
                rows.report.gaps += 1
            yield entry
        while self._runs and self._runs[0][0] <= self._row:
            row, self._type, self._flags, self._seq, self._base = self._runs.pop(0)
            following = self._runs[0][0] if self._runs else self._total
            if following == row:  # a frame without records, such as the snapshot of an empty book
                nothing = np.zeros(0, RECORD)
                yield FrameEntry(Frame(nothing, self._base, self._seq, self._type, self._flags))

    def _frames(
        self, records: NDArray[Any], times: NDArray[np.int64], rows: _Rows
    ) -> Iterator[Entry]:
        first = rows.first + self._row
        if self._type != FrameType.EVENTS or self._flags & FrameFlag.HISTORICAL:
            records["dt"] = times - self._base
            after = self._row + len(records)
            flags = self._flags
            if after < min(self._next_mark(), self._total):
                flags &= ~FrameFlag.LAST  # the next batch goes on with this frame
            yield FrameEntry(Frame(records, self._base, self._seq, self._type, flags))
            if self._type == FrameType.EVENTS:
                self._seq += len(records)
            return
        for frame in make_frames(records, times, self._seq):
            start = first + frame.seq - self._seq
            yield FrameEntry(frame, np.arange(start, start + len(frame.records), dtype=np.int64))
        self._seq += len(records)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


FORMAT: Final = Format(
    name="parquet",
    title="Parquet",
    detect=_detect,
    read=_read,
    suffixes=(".parquet",),
)
