"""A table back to the entries that were written, with the times of their receipt."""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.errors import DataError, FileFormatError, MalformedError
from market.record import RECORD, Frame, Records, off_grid_of
from market.ticks import Grid
from recording.table.layout import (
    BILLIONTHS,
    FRAME_COLUMNS,
    VERSION,
    RawEntry,
    digest_of,
    file_seal,
    unpack_entries,
)

__all__ = ["TableReader", "TimedItem", "records_of", "steps_of"]

_BATCH: Final = 1 << 16


class TimedItem(NamedTuple):
    """A frame with the place of its first record, or what is no row.

    Attributes:
        received: ns UTC; 0 unknown.
        item: a frame that is rows, or an entry as a journal holds it.
        row: number of the frame's first row in the table; of the next frame's.
    """

    received: int
    item: Frame | RawEntry
    row: int


class TableReader:
    """An open table of version 2; iterable once.

    Attributes:
        path: the file.
        metadata: all of it, as text.
        rows: how many there are.
    """

    def __init__(self, path: Path) -> None:
        """Read the metadata.

        Raises:
            FileFormatError: no such table, or its metadata is damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as cause:
            raise self._damage(_line(cause)) from cause
        try:
            found = self._file.metadata.metadata or {}
            self.metadata = {name.decode(): value.decode() for name, value in found.items()}
            if self.metadata.get("depthbridge") != VERSION:
                raise self._damage(f"is not a table of version {VERSION}")
            if self.metadata.get("digest") != digest_of(self.metadata):
                raise self._damage("damaged metadata")
            if not set(FRAME_COLUMNS) <= set(self._file.schema_arrow.names):
                raise self._damage("lacks columns")
            self._tick = Grid(self.metadata["tick_size"])
            self._size = Grid(self.metadata["size_step"])
            self._after = base64.b64decode(self.metadata["after"])
        except (UnicodeDecodeError, KeyError, MalformedError, binascii.Error) as cause:
            self._file.close()
            raise self._damage(f"damaged metadata: {cause}") from cause
        except FileFormatError:
            self._file.close()
            raise
        self.rows = int(self._file.metadata.num_rows)

    def __enter__(self) -> "TableReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[TimedItem]:
        """What was written, in its order.

        Raises:
            FileFormatError: damage; what came before it was delivered.
        """
        import pyarrow as pa

        self._require_whole()
        rest = _Batch.empty()
        row = 0
        batches = self._file.iter_batches(batch_size=_BATCH)
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    break
                rest = rest.joined(_Batch.of(batch, self._tick, self._size))
            except (pa.ArrowException, OSError, MalformedError, ValueError) as cause:
                raise self._damage(f"{_line(cause)} (after row {row:,})") from cause
            whole = rest.whole
            yield from self._frames(rest.head(whole), row)
            row += whole
            rest = rest.tail(whole)
        yield from self._frames(rest, row)
        row += len(rest.records)
        for raw in self._unpacked(self._after):
            yield TimedItem(raw.received, raw, row)

    def _require_whole(self) -> None:
        """Refuse a file with a changed byte before anything of it is delivered."""
        try:
            with self.path.open("rb") as file:
                _, named, wanted = file_seal(file)
        except DataError as cause:
            raise self._damage(cause.message) from cause
        if named != wanted:
            raise self._damage("the file is not as it was written")

    def _frames(self, batch: "_Batch", row: int) -> Iterator[TimedItem]:
        """The frames of rows that begin with one and end with one."""
        first = batch.first
        if not len(batch.records):
            return
        if not len(first) or first[0]:
            raise self._damage("the first row begins no frame")
        last = np.append(first[1:], len(batch.records)) - 1
        base = batch.times[first] - batch.origin
        batch.records["dt"] = batch.times - np.repeat(base, last + 1 - first)
        sent = np.where(batch.sent_known, batch.times[last] + batch.sent_lag, 0)
        said = np.where(sent != 0, sent, batch.times[last])
        received = np.where(batch.received_known, said + batch.received_lag, 0)
        facts = zip(
            first.tolist(),
            (last + 1).tolist(),
            batch.frame.tolist(),
            batch.seq.tolist(),
            base.tolist(),
            sent.tolist(),
            received.tolist(),
            batch.before.tolist(),
            strict=True,
        )
        for low, high, packed, seq, start, when, came, before in facts:
            if before is not None:
                for raw in self._unpacked(before):
                    yield TimedItem(raw.received, raw, row + low)
            frame = Frame(
                batch.records[low:high],
                start,
                seq,
                packed & 255,
                packed >> 8 & 255,
                packed >> 16 & 255,
                when,
            )
            yield TimedItem(came, frame, row + low)

    def _unpacked(self, data: bytes) -> Iterator[RawEntry]:
        try:
            yield from unpack_entries(data)
        except DataError as cause:
            raise self._damage(cause.message) from cause

    def _damage(self, what: str) -> FileFormatError:
        return FileFormatError(f"{self.path}: {what}", path=str(self.path), offset=0)


class _Batch(NamedTuple):
    """Rows, and what their frame columns say at the places where frames begin."""

    records: NDArray[Any]
    times: NDArray[Any]
    first: NDArray[Any]
    frame: NDArray[Any]
    seq: NDArray[Any]
    origin: NDArray[Any]
    sent_lag: NDArray[Any]
    sent_known: NDArray[Any]
    received_lag: NDArray[Any]
    received_known: NDArray[Any]
    before: NDArray[Any]

    @classmethod
    def empty(cls) -> "_Batch":
        """No rows."""
        none = np.zeros(0, np.int64)
        unknown = np.zeros(0, np.bool_)
        nothing = np.zeros(0, np.object_)
        records = np.zeros(0, RECORD)
        return cls(records, none, none, none, none, none, none, unknown, none, unknown, nothing)

    @classmethod
    def of(cls, batch: Any, tick: Grid, size: Grid) -> "_Batch":  # noqa: ANN401
        """The rows of a pyarrow batch.

        Raises:
            MalformedError: a price or size that is not on its grid.
        """
        records, times = records_of(batch, tick, size)
        marks = batch.column("frame")
        first = np.flatnonzero(marks.is_valid().to_numpy(zero_copy_only=False))

        def known(name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
            column = batch.column(name).take(_places(first))
            there = column.is_valid().to_numpy(zero_copy_only=False)
            values = column.fill_null(0).to_numpy(zero_copy_only=False)
            return values.astype(np.int64), there

        sent, received = known("sent_lag"), known("received_lag")
        return cls(
            records,
            times,
            first,
            known("frame")[0],
            known("seq")[0],
            known("origin")[0],
            *sent,
            *received,
            batch.column("before").take(_places(first)).to_numpy(zero_copy_only=False),
        )

    @property
    def whole(self) -> int:
        """Rows before the last frame, which may go on in the next batch."""
        return int(self.first[-1]) if len(self.first) else 0

    def head(self, rows: int) -> "_Batch":
        """The first rows."""
        marks = int(np.searchsorted(self.first, rows))
        return self._cut(slice(0, rows), slice(0, marks), 0)

    def tail(self, rows: int) -> "_Batch":
        """The rows after these."""
        marks = int(np.searchsorted(self.first, rows))
        return self._cut(slice(rows, None), slice(marks, None), rows)

    def joined(self, other: "_Batch") -> "_Batch":
        """These rows and the next ones."""
        moved = other._replace(first=other.first + len(self.records))
        return _Batch(*(np.concatenate(pair) for pair in zip(self, moved, strict=True)))

    def _cut(self, rows: slice, marks: slice, less: int) -> "_Batch":
        return _Batch(
            self.records[rows],
            self.times[rows],
            self.first[marks] - less,
            *(column[marks] for column in self[3:]),
        )


def records_of(batch: Any, tick: Grid, size: Grid) -> tuple[Records, NDArray[np.int64]]:  # noqa: ANN401
    """Records (``dt`` is 0) and times of a pyarrow batch with the row columns, or some of them.

    Raises:
        MalformedError: a price or size that is not on its grid; ``index`` is its row.
    """
    import pyarrow as pa

    names = batch.schema.names
    records = np.zeros(len(batch), RECORD)
    for name in ("kind", "side", "op", "position", "ref"):
        if name in names:
            records[name] = batch.column(name).to_numpy(zero_copy_only=False)
    if "kind" not in names and "position" not in names:
        records["kind"] = 1
    records["price"] = _prices(batch.column("price"), tick, off_grid_of(records))
    sizes = batch.column("size")
    if pa.types.is_floating(sizes.type):
        records["size"] = steps_of(sizes, size)
    else:
        records["size"] = sizes.to_numpy(zero_copy_only=False)
    times = batch.column("time").cast(pa.timestamp("ns", "UTC"), safe=True).cast(pa.int64())
    return records, times.to_numpy(zero_copy_only=False)


def _prices(column: Any, tick: Grid, between: NDArray[np.bool_]) -> NDArray[np.int64]:  # noqa: ANN401
    """Ticks; in billionths where an order lies ``between`` two ticks."""
    if not between.any():
        return steps_of(column, tick)
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = pa.array(between)
    prices = steps_of(pc.if_else(mask, 0.0, column), tick)
    prices[between] = steps_of(column.filter(mask), BILLIONTHS)
    return prices


def steps_of(column: Any, grid: Grid) -> NDArray[np.int64]:  # noqa: ANN401
    """Doubles to steps; a null (a session volume's price) is 0.

    Raises:
        MalformedError: one is not on the grid; ``index`` is its place.
    """
    if column.null_count:
        column = column.fill_null(0)
    values = column.to_numpy(zero_copy_only=False)
    steps = np.zeros(len(values), np.int64)
    fine = np.abs(values) < grid.step * 2.0**52
    steps[fine] = np.rint(values[fine] * grid.denominator / grid.numerator)
    for place in np.flatnonzero(steps * grid.numerator / grid.denominator != values):
        try:
            steps[place] = grid.to_ticks(float(values[place]))
        except MalformedError as cause:
            raise MalformedError(cause.message, code=cause.code, index=int(place)) from cause
    return steps


def _places(first: NDArray[np.int64]) -> Any:  # noqa: ANN401 - a pyarrow array
    import pyarrow as pa

    return pa.array(first)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
