"""Opens a recording: a file, or a folder of files of one instrument, in any format."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Final

from market.enums import Source
from market.errors import FileFormatError, UsageError
from market.instrument import DEFAULT_INSTRUMENTS, Instrument, InstrumentTable
from recording.entries import Entry, FrameEntry, InstrumentEntry
from recording.readers.registry import Format, Request, detect, format_named, formats, recognised
from recording.readers.report import Report
from recording.readers.zones import zone_table

__all__ = ["Recording", "open_recording"]

_OF_WINDOWS: Final = frozenset({"desktop.ini", "thumbs.db"})


def open_recording(
    path: Path | str,
    *,
    format: str | None = None,
    instrument: str | None = None,
    tick_size: float | str | None = None,
    time_zone: str | None = None,
    tolerant: bool = False,
    instruments: InstrumentTable = DEFAULT_INSTRUMENTS,
    segments: tuple[Path, ...] = (),
    seed: Path | str | None = None,
    date: date | None = None,
) -> "Recording":
    """Open a recording; nothing but its first bytes is read yet.

    Args:
        path: a file, or a folder whose files belong to one instrument.
        format: a format's name; None finds it by content.
        instrument: its name, where the recording does not say it.
        tick_size: for an instrument that is not known.
        time_zone: IANA zone of wall times, where the recording does not say it.
        tolerant: skip and count malformed lines; skip and name files of a folder that are none.
        instruments: the instruments that are known.
        segments: of a journal, what to read; empty: all.
        seed: a file with the book that the recording begins with (LOBSTER).
        date: of times that have none (LOBSTER).

    Raises:
        UsageError: no such file, format or zone; a seed for what has none.
        FileFormatError: empty, or of no known format.
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist", code="no_file", path=str(path))
    if time_zone is not None:
        zone_table(time_zone)  # a name that is none is a mistake, though the format be in UTC
    wanted = None if format is None else format_named(format)
    files, foreign = _files(path, wanted, tolerant=tolerant)
    if seed is not None and (len(files) > 1 or not files[0][1].seeded):
        raise UsageError(f"{path}: a seed goes with one LOBSTER message file", code="no_seed")
    request = Request(
        path=path,
        table=instruments,
        report=Report(),
        instrument=instrument,
        tick_size=tick_size,
        time_zone=time_zone,
        tolerant=tolerant,
        segments=segments,
        seed=None if seed is None else Path(seed),
        day=date,
    )
    return Recording(path, files, request, foreign)


class Recording:
    """An iterable of entries, always beginning with an ``InstrumentEntry``; streams.

    Attributes:
        path: what was opened.
        files: each with its format, in order.
        report: what was noticed; complete after an iteration, begun anew by the next.
    """

    def __init__(
        self,
        path: Path,
        files: list[tuple[Path, Format]],
        request: Request,
        foreign: Sequence[Path] = (),
    ) -> None:
        self.path = path
        self.files = files
        self._foreign = foreign
        self.report = request.report
        self._request = request
        self._hears = False
        self._begun: Iterator[Entry] | None = None
        self._first: InstrumentEntry | None = None

    @property
    def format(self) -> Format:
        """The format of the first file."""
        return self.files[0][1]

    @property
    def instrument(self) -> Instrument:
        """What the recording is of; reads up to its first entry.

        Raises:
            UsageError, FileFormatError: as the iteration.
        """
        return self._head.instrument

    @property
    def source(self) -> Source:
        """Where it was recorded; as ``instrument``."""
        return self._head.source

    @property
    def _head(self) -> InstrumentEntry:
        if self._first is None:
            entries = self._entries()
            entry = next(entries)
            assert isinstance(entry, InstrumentEntry)
            self._first = entry
            self._begun = chain([entry], entries)
        return self._first

    def hear(self) -> None:
        """Have the report say of every record when it was received, where the input knows it."""
        self._hears = self.report.hears = True

    def __iter__(self) -> Iterator[Entry]:
        """Entries in order; sequence numbers and indices run on from file to file.

        Raises:
            UsageError: the instrument is not known, or the files are of several.
            FileFormatError: a file ends to be readable; what came before was delivered.
        """
        begun, self._begun = self._begun, None
        return begun if begun is not None else self._entries()

    def _entries(self) -> Iterator[Entry]:
        self.report = report = Report(hears=self._hears)
        report.notes += [f"{one.name} is no recording and was skipped" for one in self._foreign]
        named: Instrument | None = None
        seq = 1
        for path, known in self.files:
            for entry in known.read(self._for(path, report, seq)):
                if isinstance(entry, InstrumentEntry) and len(self.files) > 1:
                    if named is not None:
                        if entry.instrument != named:
                            raise _several(self.path, named, entry.instrument)
                        continue
                    named = entry.instrument
                elif isinstance(entry, FrameEntry):
                    seq = entry.frame.end
                yield entry

    def _for(self, path: Path, report: Report, seq: int) -> Request:
        return replace(self._request, path=path, report=report, seq=seq, first=report.lines)


def _files(
    path: Path, wanted: Format | None, *, tolerant: bool
) -> tuple[list[tuple[Path, Format]], list[Path]]:
    """What to read, and what lies beside it and is no recording.

    A file that is none may be a recording that somebody damaged: only who asks for it skips it.
    """
    if path.is_file():
        return [(path, wanted or detect(path))], []
    for known in (wanted,) if wanted else formats():
        if known.holds(path):
            return [(path, known)], []
    children = sorted(child for child in path.iterdir() if child.is_file() and _is_data(child))
    if not tolerant:
        found = [(child, wanted or _detect_in_folder(child)) for child in children]
    else:
        kinds = [(child, wanted or recognised(child)) for child in children]
        found = [(child, kind) for child, kind in kinds if kind is not None]
    if not found:
        raise UsageError(f"{path} holds no recording", code="no_file", path=str(path))
    read = {child for child, _ in found}
    return found, [child for child in children if child not in read]


def _is_data(child: Path) -> bool:
    """Whether a file is neither hidden, nor a sidecar, nor what Windows leaves in folders."""
    name = child.name.lower()
    return not name.startswith(".") and child.suffix != ".json" and name not in _OF_WINDOWS


def _detect_in_folder(child: Path) -> Format:
    found = recognised(child)
    if found is None:
        raise FileFormatError(
            f"{child}: not a recording; move it out of the folder, or pass --tolerant to skip it",
            path=str(child),
            offset=0,
        )
    return found


def _several(path: Path, one: Instrument, other: Instrument) -> UsageError:
    return UsageError(
        f"{path} holds recordings of {one.symbol} and {other.symbol}; name one file, "
        "or pass --instrument if they are the same",
        code="several_instruments",
        path=str(path),
    )
