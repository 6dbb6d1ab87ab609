"""Where a journal stopped, so that its run can go on: after a restart nothing begins anew.

The state of the newest usable checkpoint, then every entry after it, gives the stream exactly as
the process before left it; without a checkpoint of this program, the run from its beginning.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from market.errors import DataError, SettingsError
from recording.entries import (
    BarEntry,
    CheckpointEntry,
    Entry,
    FrameEntry,
    InstrumentEntry,
    MakersEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import read_journal, segments_of
from recording.journal.codec import decode_entry
from recording.journal.layout import CARRIED, EntryType
from recording.journal.recover import Recovered, recover
from recording.journal.scan import SegmentScan
from recording.stream import Stream

__all__ = ["Resumed", "Unresumed", "resume"]

_STATE: Final = (InstrumentEntry, SettingsEntry, SessionEntry, MakersEntry)
_BEGINNING: Final = (*_STATE, CheckpointEntry)
_OLD: Final = "the last entry is too old"
MakeStream = Callable[[InstrumentEntry], Stream]
"""A fresh stream for the instrument and source of an entry, or SettingsError: not to be resumed."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run that goes on.

    Attributes:
        stream: as it was after the last entry.
        recovered: the journal, ready to be continued.
        state: the entries that define the stream, for the next segment.
        started: whether the publisher's session has said anything yet.
        entries: applied.
        records: applied.
        checkpoint: whether a checkpoint spared the beginning of the run.
        received: of the last entry, ns UTC.
    """

    stream: Stream
    recovered: Recovered
    state: tuple[Entry, ...]
    started: bool
    entries: int
    records: int
    checkpoint: bool
    received: int


@dataclass(frozen=True, slots=True)
class Unresumed:
    """Nothing to go on from: a new run begins.

    Attributes:
        home: the journal.
        reason: in words.
        recovered: the journal as it stands; None: nobody has looked.
    """

    home: Path
    reason: str
    recovered: Recovered | None = None


def resume(home: Path, make: MakeStream, oldest: int, *, longest: int = 0) -> Resumed | Unresumed:
    """Put a journal in order and bring a stream to where it stopped.

    Args:
        home: ``<recordings>/<source>/<symbol>``; the folder is locked by the caller.
        make: makes the stream.
        oldest: a journal whose last entry was received before this (ns UTC) is not resumed.
        longest: ns that a segment covers at most: one that began too long ago is not even read.

    Raises:
        EnvironmentFault: the disk refuses.
    """
    paths = segments_of(home)
    if paths and longest and _created(paths[-1]) + longest < oldest:
        return Unresumed(home, _OLD)
    recovered = recover(home)
    if recovered.damage is not None:
        return Unresumed(home, str(recovered.damage), recovered)
    paths = segments_of(home)
    if not paths:
        return Unresumed(home, "there is no segment", recovered)
    reason = "the beginning of the run is not there"
    try:
        for first in _beginnings(paths):
            found = _Run(make).read(paths[first:], recovered)
            if isinstance(found, Resumed):
                return found if found.received >= oldest else Unresumed(home, _OLD, recovered)
            reason = found
    except (DataError, SettingsError) as error:
        reason = error.message
    return Unresumed(home, reason, recovered)


def _created(path: Path) -> int:
    with path.open("rb") as file:
        header = SegmentScan(path, file).header
        return 0 if header is None else header.created


def _beginnings(paths: Sequence[Path]) -> Iterator[int]:
    """Places in ``paths`` to begin at, the last one first: a checkpoint, or a run's beginning."""
    for place in range(len(paths) - 1, -1, -1):
        with paths[place].open("rb") as file:
            scan = SegmentScan(paths[place], file)
            for head, payload in scan:
                if head.type == EntryType.MARK:
                    continue
                entry = decode_entry(head.type, payload)
                if isinstance(entry, CheckpointEntry) and entry.usable:
                    yield place
                if isinstance(entry, InstrumentEntry) and not head.flags & CARRIED:
                    yield place
                    return
                if not isinstance(entry, _BEGINNING):
                    break
        if place and int(paths[place].stem) != int(paths[place - 1].stem) + 1:
            return


class _Run:
    """What is gathered while a run is read."""

    def __init__(self, make: MakeStream) -> None:
        self._make = make
        self._state: dict[type[Entry], Entry] = {}
        self._started = False
        self._entries = 0
        self._records = 0

    def read(self, paths: Sequence[Path], recovered: Recovered) -> Resumed | str:
        """Read to the end; or why the checkpoint at the beginning cannot be used."""
        reader = read_journal(paths[0])
        reader.paths = tuple(paths)
        stream: Stream | None = None
        last = 0
        for received, entry in reader.timed():
            last = received
            if isinstance(entry, InstrumentEntry) and (
                stream is None or entry.instrument != stream.instrument
            ):
                stream = self._make(entry)
            assert stream is not None
            result = stream.apply(entry)
            result.events  # noqa: B018 - taken, so that they do not pile up
            if stream.unresumed:
                return stream.unresumed
            self._note(entry)
        assert stream is not None
        return Resumed(
            stream,
            recovered,
            tuple(self._state.values()),
            self._started or stream.expected > 1,
            self._entries,
            self._records,
            stream.resumed,
            last,
        )

    def _note(self, entry: Entry) -> None:
        self._entries += 1
        if isinstance(entry, InstrumentEntry):
            self._state.clear()
        elif isinstance(entry, SessionEntry):
            self._state.pop(MakersEntry, None)
            self._started = False
        elif isinstance(entry, FrameEntry):
            self._started = True
            self._records += len(entry.frame.records)
        elif isinstance(entry, BarEntry):
            self._started = True
        if isinstance(entry, _STATE):
            self._state[type(entry)] = entry
