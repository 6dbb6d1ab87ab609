"""Journals as one CSV: a row for every numbered record, no control entries.

The columns are those of ``recording.readers.depth_csv``. A bar takes a number too: its row has kind
``5``, the bar's time, its close as ``price`` and its volume as ``size``; side, op, position and ref
are empty. Snapshots take no numbers and have no rows. Trades that are told again after a gap are
left out: they would count twice.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import BinaryIO, Final

from market.enums import FrameType
from market.errors import UsageError
from market.instrument import Instrument
from market.record import Frame
from recording.entries import BarEntry, Entry, FrameEntry, InstrumentEntry
from recording.readers.depth_csv import COLUMNS
from recording.writers.depth_csv import plain_decimal, write_rows

__all__ = ["BAR_KIND", "CsvExport"]

BAR_KIND: Final = 5
_GROUP: Final = 1 << 16


class CsvExport:
    """Writes the rows of several journals, one after the other.

    Attributes:
        rows: written so far, those that are held back included.
        told_again: records of a back-fill, left out.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Write the header.

        Args:
            file: opened for writing; stays open.
        """
        self.rows = 0
        self.told_again = 0
        self._file = file
        self._file.write(",".join(COLUMNS).encode() + b"\n")
        self._instrument: Instrument | None = None
        self._frames: list[Frame] = []
        self._held = 0

    def add(self, entries: Iterable[Entry]) -> None:
        """Write the rows of a journal; on an error those before it.

        Raises:
            DataError: the journal is damaged.
            UsageError: records before any instrument.
        """
        self._instrument = None
        try:
            for entry in entries:
                self._take(entry)
        finally:
            self._flush()

    def _take(self, entry: Entry) -> None:
        if isinstance(entry, FrameEntry):
            if entry.frame.historical:
                self.told_again += len(entry.frame.records)
            elif entry.frame.type == FrameType.EVENTS and len(entry.frame.records):
                self._frames.append(entry.frame)
                self._held += len(entry.frame.records)
                self.rows += len(entry.frame.records)
                if self._held >= _GROUP:
                    self._flush()
        elif isinstance(entry, BarEntry):
            self._flush()
            self._write_bar(entry)
        elif isinstance(entry, InstrumentEntry):
            self._flush()
            self._instrument = entry.instrument

    def _write_bar(self, bar: BarEntry) -> None:
        values = [bar.values.get(name) for name in ("time", "close", "volume")]
        time, close, volume = (_text(value) for value in values)
        name = self._named().symbol
        line = f"{bar.seq},{time},{name},{BAR_KIND},,,,{close},{volume},\n"
        self._file.write(line.encode())
        self.rows += 1

    def _flush(self) -> None:
        if self._frames:
            write_rows(self._file, self._frames, self._named())
            self._frames.clear()
            self._held = 0

    def _named(self) -> Instrument:
        if self._instrument is None:
            raise UsageError("the journal has records before it names its instrument")
        return self._instrument


def _text(value: object) -> str:
    """A number without an exponent, empty for anything else."""
    if isinstance(value, int):
        return str(value)
    return plain_decimal(Decimal(repr(value))) if isinstance(value, float) else ""
