"""Entries to Parquet; ``recording.readers.parquet`` documents columns and metadata."""

import base64
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import FrameType, Kind, QuoteOp
from market.errors import UsageError
from market.instrument import Instrument
from market.record import times_of
from market.ticks import Grid
from recording.entries import Entry, FrameEntry, GapEntry, InstrumentEntry, SettingsEntry
from recording.journal.codec import encode_entry

__all__ = ["Writer"]

_GROUP: Final = 1 << 20
_ONE: Final = Grid(1)


class Writer:
    """Writes one recording; memory is bounded by a row group of 2^20 rows."""

    def __init__(self, path: Path) -> None:
        self.dropped = 0
        self._path = path
        self._writer: Any = None
        self._instrument: Instrument | None = None
        self._parts: list[tuple[NDArray[Any], NDArray[np.int64]]] = []
        self._held = 0
        self._rows = 0
        self._expected = (int(FrameType.EVENTS), 1)
        self._runs: list[list[int]] = []
        self._controls: list[list[Any]] = []
        self._gaps: list[dict[str, Any]] = []
        self._config = ""

    def write(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            UsageError: a second instrument.
        """
        if isinstance(entry, FrameEntry):
            self._add_frame(entry)
            return
        if isinstance(entry, InstrumentEntry):
            if self._instrument is not None and entry.instrument != self._instrument:
                raise UsageError("a Parquet recording holds one instrument")
            self._instrument = entry.instrument
        elif isinstance(entry, GapEntry):
            self._gaps.append(
                {
                    "row": self._rows,
                    "reason": entry.reason,
                    "first": entry.first,
                    "last": entry.last,
                }
            )
        elif isinstance(entry, SettingsEntry):
            self._config = entry.config
        kind, payload = encode_entry(entry)
        self._controls.append([self._rows, int(kind), base64.b64encode(payload).decode()])

    def close(self) -> None:
        """Write what is left, and the metadata."""
        self._flush()
        self._open()
        self._writer.add_key_value_metadata(
            {
                "gaps": json.dumps(self._gaps),
                "config_hash": self._config,
                "runs": json.dumps(self._runs, separators=(",", ":")),
                "controls": json.dumps(self._controls, separators=(",", ":")),
            }
        )
        self._writer.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        if self._writer is not None:
            self._writer.close()

    def sidecar(self) -> None:
        """Nothing: the format says everything."""

    def _add_frame(self, entry: FrameEntry) -> None:
        frame = entry.frame
        snapshot = frame.type != FrameType.EVENTS
        if snapshot or (int(frame.type), frame.seq) != self._expected:
            self._runs.append(
                [self._rows, int(frame.type), int(frame.flags), frame.seq, frame.base]
            )
        # After a snapshot any frame begins a run; its own number does not say what comes next.
        self._expected = (-1, -1) if snapshot else (int(FrameType.EVENTS), frame.end)
        self._parts.append((frame.records, times_of(frame)))
        self._held += len(frame.records)
        self._rows += len(frame.records)
        if self._held >= _GROUP:
            self._flush()

    def _open(self) -> None:
        if self._writer is not None:
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._instrument is None:
            raise UsageError("a recording without its instrument cannot be written")
        instrument = self._instrument
        whole = instrument.size == _ONE
        schema = pa.schema(
            [
                ("time", pa.timestamp("ns", "UTC")),
                *((name, pa.uint8()) for name in ("kind", "side", "op", "position")),
                ("price", pa.float64()),
                ("size", pa.int64() if whole else pa.float64()),
                ("ref", pa.uint64()),
            ],
            metadata={
                "depthbridge": "1",
                "instrument": instrument.symbol,
                "tick_size": repr(instrument.tick.step),
                "size_step": repr(instrument.size.step),
                "session": instrument.session,
            },
        )
        self._writer = pq.ParquetWriter(
            self._path,
            schema,
            compression="zstd",
            compression_level=3,
            use_dictionary=["kind", "side", "op", "position", "price", "size"],
            column_encoding={"time": "DELTA_BINARY_PACKED", "ref": "DELTA_BINARY_PACKED"},
            store_schema=True,
        )

    def _flush(self) -> None:
        if not self._held:
            return
        import pyarrow as pa

        self._open()
        assert self._instrument is not None
        records = np.concatenate([part[0] for part in self._parts])
        times = np.concatenate([part[1] for part in self._parts])
        self._parts.clear()
        self._held = 0
        size = self._instrument.size
        priceless = (records["kind"] == Kind.QUOTE) & (records["op"] == QuoteOp.SESSION_VOLUME)
        columns = [
            pa.array(times, pa.timestamp("ns", "UTC")),
            *(
                pa.array(np.ascontiguousarray(records[name]))
                for name in ("kind", "side", "op", "position")
            ),
            pa.array(prices_of(records["price"], self._instrument.tick), mask=priceless),
            pa.array(np.ascontiguousarray(records["size"]))
            if size == _ONE
            else pa.array(prices_of(records["size"], size)),
            pa.array(np.ascontiguousarray(records["ref"])),
        ]
        self._writer.write_table(pa.table(columns, schema=self._writer.schema))


def prices_of(ticks: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
    """Each step's nearest double, as ``Grid.to_price``."""
    if np.all(np.abs(ticks) < 2**53 // grid.numerator):
        exact: NDArray[np.float64] = ticks * grid.numerator / grid.denominator
        return exact
    return np.array([grid.to_price(int(step)) for step in ticks])
