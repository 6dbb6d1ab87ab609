"""Entries to CSV, one row per numbered record; control entries have no row.

The columns are those of ``recording.readers.depth_csv``; kinds, sides and operations are numbers.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import FrameType, Kind, QuoteOp
from market.errors import UsageError
from market.instrument import Instrument
from market.record import Frame, off_grid_of, times_of
from market.ticks import Grid
from recording.entries import Entry, FrameEntry, InstrumentEntry
from recording.readers.depth_csv import COLUMNS

__all__ = ["Writer", "plain_decimal", "write_rows"]

_GROUP: Final = 1 << 16
_BILLIONTHS: Final = Grid("0.000000001")


class Writer:
    """Writes one recording."""

    def __init__(self, path: Path) -> None:
        self.dropped = 0
        self._file = path.open("wb")
        self._file.write(",".join(COLUMNS).encode() + b"\n")
        self._instrument: Instrument | None = None
        self._parts: list[FrameEntry] = []
        self._held = 0

    def write(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            UsageError: a snapshot, or a second instrument.
        """
        if isinstance(entry, FrameEntry) and not entry.frame.historical:
            if entry.frame.type != FrameType.EVENTS:
                raise UsageError("a CSV cannot hold snapshots; convert to .parquet instead")
            self._parts.append(entry)
            self._held += len(entry.frame.records)
            if self._held >= _GROUP:
                self._flush()
        elif isinstance(entry, InstrumentEntry):
            if self._instrument is not None and entry.instrument != self._instrument:
                raise UsageError("a CSV recording holds one instrument")
            self._instrument = entry.instrument
        else:
            self.dropped += 1

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def sidecar(self) -> None:
        """Nothing: the format says everything."""

    def _flush(self) -> None:
        if not self._held:
            return
        if self._instrument is None:
            raise UsageError("a recording without its instrument cannot be written")
        write_rows(self._file, [part.frame for part in self._parts], self._instrument)
        self._parts.clear()
        self._held = 0


def write_rows(file: BinaryIO, frames: Sequence[Frame], instrument: Instrument) -> None:
    """Write the rows of frames of one instrument, without a header."""
    import pyarrow as pa
    from pyarrow import csv

    records = np.concatenate([frame.records for frame in frames])
    seq = np.concatenate([np.arange(frame.seq, frame.end) for frame in frames])
    times = np.concatenate([times_of(frame) for frame in frames])
    name = pa.array([instrument.symbol])
    table = pa.table(
        [
            pa.array(seq),
            pa.array(times),
            name.take(pa.array(np.zeros(len(records), np.int64))),
            *(pa.array(np.ascontiguousarray(records[f])) for f in ("kind", "side", "op")),
            pa.array(np.ascontiguousarray(records["position"])),
            _prices(records, instrument.tick),
            _decimals(records["size"], instrument.size),
            pa.array(np.ascontiguousarray(records["ref"])),
        ],
        names=list(COLUMNS),
    )
    csv.write_csv(table, file, csv.WriteOptions(include_header=False, quoting_style="none"))


def _prices(records: NDArray[Any], grid: Grid) -> Any:  # noqa: ANN401 - a pyarrow array
    """Prices as decimals; a session volume has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    priceless = (records["kind"] == Kind.QUOTE) & (records["op"] == QuoteOp.SESSION_VOLUME)
    prices = _decimals(records["price"], grid)
    between = off_grid_of(records)
    if between.any():
        exact = _decimals(records["price"][between], _BILLIONTHS)
        prices = pc.replace_with_mask(prices.cast("string"), pa.array(between), exact)
    return pc.if_else(priceless, "", prices) if priceless.any() else prices


def _decimals(steps: NDArray[np.int64], grid: Grid) -> Any:  # noqa: ANN401 - a pyarrow array
    """Exact decimals of steps; few values repeat often."""
    import pyarrow as pa

    if grid.numerator == grid.denominator == 1:
        return pa.array(np.ascontiguousarray(steps))
    values, places = np.unique(steps, return_inverse=True)
    step = Decimal(grid.numerator) / Decimal(grid.denominator)
    texts = [plain_decimal(int(value) * step) for value in values]
    return pa.array(texts).take(pa.array(places))


def plain_decimal(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
