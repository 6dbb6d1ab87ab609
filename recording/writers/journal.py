"""Entries to a journal in a folder of its own; the time of receipt is the event's."""

from pathlib import Path

from market.errors import UsageError
from market.instrument import Instrument
from market.session import calendar_for
from recording.entries import BarEntry, ClockEntry, Entry, FrameEntry, InstrumentEntry
from recording.journal import JournalWriter

__all__ = ["Writer"]


class Writer:
    """Writes one recording as ``<path>/<source>/<symbol>/<trade date>/…``."""

    def __init__(self, path: Path) -> None:
        self.dropped = 0
        self._path = path
        self._journal: JournalWriter | None = None
        self._instrument: Instrument | None = None
        self._time = 0

    def write(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            UsageError: a second instrument.
            EnvironmentFault: the disk refuses.
        """
        if isinstance(entry, InstrumentEntry):
            if self._instrument is not None and entry.instrument != self._instrument:
                raise UsageError("a journal holds one instrument")
            if self._journal is None:
                calendar = calendar_for(entry.instrument.session)
                self._instrument = entry.instrument
                self._journal = JournalWriter(self._path, entry.instrument, entry.source, calendar)
        elif (
            isinstance(entry, FrameEntry)
            and len(entry.frame.records)
            and not entry.frame.historical
        ):
            self._time = entry.frame.base + int(entry.frame.records["dt"][-1])
        elif isinstance(entry, ClockEntry):
            self._time = entry.time
        elif isinstance(entry, BarEntry) and isinstance(entry.values.get("time"), int):
            self._time = entry.values["time"]
        if self._journal is None:
            raise UsageError("a recording without its instrument cannot be written")
        self._journal.write(entry, self._time)
        if self._journal.fault is not None:
            raise self._journal.fault

    def close(self) -> None:
        """Write the footer and bring everything to disk."""
        if self._journal is not None:
            self._journal.close(self._time)

    def abandon(self) -> None:
        """Let go of the files."""
        self.close()

    def sidecar(self) -> None:
        """Nothing: the format says everything."""
