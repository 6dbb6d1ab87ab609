"""Entries to Parquet: ``recording.table`` says how."""

from pathlib import Path

from market.errors import UsageError
from market.instrument import Instrument
from recording.entries import Entry, InstrumentEntry
from recording.table import TableWriter

__all__ = ["Writer"]


class Writer:
    """Writes one recording; memory is bounded by a row group."""

    def __init__(self, path: Path) -> None:
        self.dropped = 0
        self._table = TableWriter(path)
        self._instrument: Instrument | None = None

    def write(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            UsageError: a second instrument.
        """
        if isinstance(entry, InstrumentEntry):
            if self._instrument is not None and entry.instrument != self._instrument:
                raise UsageError("a Parquet recording holds one instrument")
            self._instrument = entry.instrument
        self._table.write(entry)

    def close(self) -> None:
        """Write what is left, and the metadata."""
        self._table.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._table.abandon()

    def sidecar(self) -> None:
        """Nothing: the format says everything."""
