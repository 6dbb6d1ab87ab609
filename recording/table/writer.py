"""Entries to a table; memory is bounded by a row group of 2^20 rows."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import Kind, QuoteOp
from market.errors import UsageError
from market.instrument import Instrument
from market.record import Frame, Records, off_grid_of, times_of
from recording.entries import Entry, FrameEntry, GapEntry, InstrumentEntry, SettingsEntry
from recording.journal.codec import decode_entry, encode_entry
from recording.journal.layout import EntryType
from recording.table.layout import (
    BILLIONTHS,
    NO_SEAL,
    ONE,
    VERSION,
    RawEntry,
    digest_of,
    file_seal,
    pack_entry,
    prices_of,
    schema_of,
)
from wire.frames import encode_frame

__all__ = ["TableWriter"]

_GROUP: Final = 1 << 20
_MOST_FRAMES: Final = 1 << 17
_MOST_BYTES: Final = 64 << 20
_EXACT: Final = 2**50
"""Steps up to this come back from their double without doubt, divided by the step's numerator."""


class TableWriter:
    """Writes one table; the file is whole only after ``close``.

    Attributes:
        rows: records written so far.
    """

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._path = path
        self._sink: Any = None
        self._instrument: Instrument | None = None
        self._foreign = False
        self._items: list[tuple[bytes, Frame, int]] = []
        self._before = bytearray()
        self._held = self._bytes = 0
        self._config = ""
        self._gaps: list[dict[str, Any]] = []

    def write(self, entry: Entry, received: int = 0, flags: int = 0) -> None:
        """Add an entry; the first is an ``InstrumentEntry``.

        Args:
            entry: any.
            received: the server's clock at receipt, ns UTC; 0 unknown.
            flags: of its head in the journal.
        """
        if isinstance(entry, FrameEntry):
            self._add_frame(entry.frame, received, flags)
        else:
            kind, payload = encode_entry(entry)
            self.write_raw(RawEntry(int(kind), flags, received, payload))

    def write_raw(self, raw: RawEntry) -> Entry:
        """Add an entry as a journal holds it; a frame becomes rows, anything else keeps its bytes.

        Returns:
            The entry that it holds.

        Raises:
            DataError: a payload that is not what its type promises.
        """
        entry = decode_entry(raw.kind, raw.payload)
        if isinstance(entry, FrameEntry):
            self._add_frame(entry.frame, raw.received, raw.flags)
            return entry
        if isinstance(entry, InstrumentEntry):
            if self._instrument is None:
                self._instrument = entry.instrument
            self._foreign = entry.instrument != self._instrument
        elif isinstance(entry, GapEntry):
            self._gaps.append(
                {
                    "row": self.rows,
                    "reason": entry.reason,
                    "first": entry.first,
                    "last": entry.last,
                }
            )
        elif isinstance(entry, SettingsEntry):
            self._config = entry.config
        self._before += pack_entry(raw)
        return entry

    def close(self, more: Mapping[str, str] | None = None) -> None:
        """Write what is left and the metadata.

        Args:
            more: metadata besides.
        """
        self._flush()
        self._open()
        metadata = {
            **self._facts(),
            "gaps": json.dumps(self._gaps),
            "config_hash": self._config,
            "after": base64.b64encode(bytes(self._before)).decode(),
            **(more or {}),
        }
        metadata["digest"] = digest_of(metadata)
        self._sink.add_key_value_metadata({**metadata, "file": NO_SEAL})
        self._sink.close()
        with self._path.open("rb+") as file:
            place, _, digits = file_seal(file)
            file.seek(place)
            file.write(digits)

    def abandon(self) -> None:
        """Let go of the file as it is; after ``close`` nothing."""
        if self._sink is not None:
            self._sink.close()

    def _add_frame(self, frame: Frame, received: int, flags: int) -> None:
        if not len(frame.records) or self._foreign or flags:
            self._before += _frame_bytes(frame, received, flags)
            return
        self._items.append((bytes(self._before), frame, received))
        self._bytes += len(self._before)
        self._before.clear()
        self._held += len(frame.records)
        self.rows += len(frame.records)
        full = self._held >= _GROUP or len(self._items) >= _MOST_FRAMES
        if full or self._bytes >= _MOST_BYTES:
            self._flush()

    def _facts(self) -> dict[str, str]:
        if self._instrument is None:
            raise UsageError("a recording without its instrument cannot be written")
        return {
            "depthbridge": VERSION,
            "instrument": self._instrument.symbol,
            "tick_size": repr(self._instrument.tick.step),
            "size_step": repr(self._instrument.size.step),
            "session": self._instrument.session,
        }

    def _open(self) -> None:
        if self._sink is not None:
            return
        import pyarrow.parquet as pq

        facts = self._facts()
        assert self._instrument is not None
        self._sink = pq.ParquetWriter(
            self._path,
            schema_of(self._instrument.size == ONE, facts),
            compression="zstd",
            compression_level=3,
            use_dictionary=[
                *("kind", "side", "op", "position", "price", "size"),
                *("frame", "origin"),
            ],
            column_encoding={
                "time": "DELTA_BINARY_PACKED",
                "ref": "DELTA_BINARY_PACKED",
                "seq": "DELTA_BINARY_PACKED",
                "sent_lag": "DELTA_BINARY_PACKED",
                "received_lag": "DELTA_BINARY_PACKED",
            },
            store_schema=True,
        )

    def _flush(self) -> None:
        if not self._items:
            return
        import pyarrow as pa

        self._open()
        assert self._instrument is not None
        frames = [frame for _, frame, _ in self._items]
        records = np.concatenate([frame.records for frame in frames])
        if not _fits(records, self._instrument):
            self._set_unfit_aside(self._instrument)
            self._flush()
            return
        times = np.concatenate([times_of(frame) for frame in frames])
        size = self._instrument.size
        priceless = (records["kind"] == Kind.QUOTE) & (records["op"] == QuoteOp.SESSION_VOLUME)
        columns = [
            pa.array(times, pa.timestamp("ns", "UTC")),
            *(
                pa.array(np.ascontiguousarray(records[name]))
                for name in ("kind", "side", "op", "position")
            ),
            pa.array(self._prices(records), mask=priceless),
            pa.array(np.ascontiguousarray(records["size"]))
            if size == ONE
            else pa.array(prices_of(records["size"], size)),
            pa.array(np.ascontiguousarray(records["ref"])),
            *self._frame_columns(frames, times),
        ]
        self._sink.write_table(pa.table(columns, schema=self._sink.schema))
        self._items.clear()
        self._held = self._bytes = 0

    def _prices(self, records: Records) -> NDArray[np.float64]:
        assert self._instrument is not None
        prices = prices_of(records["price"], self._instrument.tick)
        between = off_grid_of(records)
        if between.any():
            prices[between] = prices_of(records["price"][between], BILLIONTHS)
        return prices

    def _frame_columns(self, frames: list[Frame], times: NDArray[np.int64]) -> list[Any]:
        import pyarrow as pa

        counts = np.array([len(frame.records) for frame in frames], np.int64)
        last = np.cumsum(counts) - 1
        first = last + 1 - counts
        packed = [int(f.type) | int(f.flags) << 8 | int(f.stream) << 16 for f in frames]
        sent = np.array([frame.sent for frame in frames], np.int64)
        received = np.array([time for _, _, time in self._items], np.int64)
        said = np.where(sent != 0, sent, times[last])
        before = [data or None for data, _, _ in self._items]
        places = np.full(len(times), len(frames), np.int64)
        places[first] = np.arange(len(frames))

        def column(values: Any, type_: Any, there: Any = None) -> Any:  # noqa: ANN401
            mask = None if there is None else np.asarray(~there)
            known = pa.array(np.asarray(values), type_, mask=mask)
            return pa.concat_arrays([known, pa.nulls(1, type_)]).take(pa.array(places))

        return [
            column(np.array(packed, np.uint32), pa.uint32()),
            column(np.array([frame.seq for frame in frames], np.int64), pa.int64()),
            column(np.array([frame.records["dt"][0] for frame in frames], np.uint32), pa.uint32()),
            column(sent - times[last], pa.int64(), sent != 0),
            column(received - said, pa.int64(), received != 0),
            pa.array([*before, None], pa.binary()).take(pa.array(places)),
        ]

    def _set_unfit_aside(self, instrument: Instrument) -> None:
        """Frames with a price or size that its double would not give back stay journal bytes."""
        items, self._items = self._items, []
        waiting = b""
        for before, frame, received in items:
            waiting += before
            if _fits(frame.records, instrument):
                self._items.append((waiting, frame, received))
                waiting = b""
            else:
                waiting += _frame_bytes(frame, received, 0)
                self._held -= len(frame.records)
                self.rows -= len(frame.records)
        self._before[:0] = waiting


def _fits(records: Records, instrument: Instrument) -> bool:
    """Whether every price and size comes back from its double."""
    tick, size = instrument.tick, instrument.size
    if np.abs(records["price"]).max() >= _EXACT // tick.numerator:
        return False
    between = off_grid_of(records)
    if between.any() and np.abs(records["price"][between]).max() >= _EXACT:
        return False
    return size == ONE or bool(records["size"].max() < _EXACT // size.numerator)


def _frame_bytes(frame: Frame, received: int, flags: int) -> bytes:
    return pack_entry(RawEntry(int(EntryType.FRAME), flags, received, encode_frame(frame)))
