"""Where a journal stopped, so that its run can go on: after a restart nothing begins anew.

The state of the newest usable checkpoint, then every entry after it, gives the stream exactly as
the process before left it; without a checkpoint of this program, the run from its beginning.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from market.errors import DataError, SettingsError
from recording.entries import (
    BarEntry,
    CheckpointEntry,
    Entry,
    FrameEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import read_journal, segments_of
from recording.journal.codec import decode_entry
from recording.journal.held import numbers_held
from recording.journal.layout import CARRIED, EntryType
from recording.journal.recover import Recovered, recover
from recording.journal.scan import SegmentScan
from recording.stream import Stream

__all__ = ["Resumed", "Unresumed", "resume"]

_STATE: Final = (InstrumentEntry, SettingsEntry, SessionEntry, MakersEntry, HoldEntry)
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
        free: whether it has said ``bye`` since: another one may publish at once.
        entries: applied.
        records: applied.
        checkpoint: whether a checkpoint spared the beginning of the run.
        received: of the last entry, ns UTC.
        held: sessions before the present one that were read, each with its highest number.
    """

    stream: Stream
    recovered: Recovered
    state: tuple[Entry, ...]
    started: bool
    free: bool
    entries: int
    records: int
    checkpoint: bool
    received: int
    held: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Unresumed:
    """Nothing to go on from: a new run begins.

    Attributes:
        home: the journal.
        reason: in words.
        recovered: the journal as it stands; None: nobody has looked.
        held: the sessions at its end, each with the highest number that it has there.
    """

    home: Path
    reason: str
    recovered: Recovered | None = None
    held: Mapping[str, int] = field(default_factory=dict)


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
    created = _created(paths) if longest else None
    if created is not None and created + longest < oldest:
        return Unresumed(home, _OLD)
    recovered = recover(home)
    found = _resume(home, make, oldest, recovered)
    if isinstance(found, Resumed):
        return found
    return Unresumed(home, found, recovered, numbers_held(home))


def _resume(home: Path, make: MakeStream, oldest: int, recovered: Recovered) -> Resumed | str:
    """The run that goes on, or why none does."""
    if recovered.damage is not None:
        return str(recovered.damage)
    paths = segments_of(home)
    if not paths:
        return "there is no segment"
    reason = "the beginning of the run is not there"
    try:
        for first in _beginnings(paths):
            found = _Run(make).read(paths[first:], recovered)
            if isinstance(found, Resumed):
                return found if found.received >= oldest else _OLD
            reason = found
    except (DataError, SettingsError) as error:
        reason = error.message
    return reason


def _created(paths: Sequence[Path]) -> int | None:
    """When the last segment began; one that a crash left without its header says nothing."""
    for path in reversed(paths):
        with path.open("rb") as file:
            header = SegmentScan(path, file).header
        if header is not None:
            return header.created
    return None


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
        self._held: dict[str, int] = {}
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
            if isinstance(entry, SessionEntry) and stream.session not in (None, entry.session):
                self._held[str(stream.session)] = stream.expected - 1
            result = stream.apply(entry)
            result.events, result.signals  # noqa: B018 - taken, so that they do not pile up
            if stream.unresumed:
                return stream.unresumed
            self._note(entry)
        assert stream is not None
        return Resumed(
            stream,
            recovered,
            tuple(self._state.values()),
            self._started or stream.expected > 1,
            self._state.get(HoldEntry) == HoldEntry(False),
            self._entries,
            self._records,
            stream.resumed,
            last,
            self._held,
        )

    def _note(self, entry: Entry) -> None:
        self._entries += 1
        if isinstance(entry, InstrumentEntry):
            self._state.clear()
        elif isinstance(entry, SessionEntry):
            self._state.pop(MakersEntry, None)
            self._state.pop(HoldEntry, None)
            self._started = False
        elif isinstance(entry, FrameEntry):
            self._started = True
            self._records += len(entry.frame.records)
        elif isinstance(entry, BarEntry):
            self._started = True
        if isinstance(entry, _STATE):
            self._state[type(entry)] = entry
