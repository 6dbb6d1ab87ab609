"""Writes one instrument's and source's journal.

``write`` returns when the operating system has the bytes: a killed process then loses nothing that
was answered. ``sync``, from any thread, brings them to disk and moves ``durable_seq``. What the
disk refuses waits, in order, in a backlog, and is not counted as written before it is.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from market.enums import FrameFlag, FrameType, Source
from market.errors import DataError, EnvironmentFault
from market.instrument import Instrument
from market.record import Frame
from market.session import SessionCalendar
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal.codec import encode_entry
from recording.journal.files import JournalFiles, Packed
from recording.journal.folder import last_number, parts_of, slug
from recording.journal.layout import CARRIED, EMPTY_HASH, MAX_PAYLOAD, EntryType, Mark
from recording.journal.recover import Recovered
from recording.journal.segment import LOCAL_DISK, Disk
from recording.journal.unsynced import Point

__all__ = ["BACKLOG", "JournalWriter", "RollRules"]

BACKLOG: Final = 64 << 20
"""Most bytes that wait while the disk refuses."""
_PER_ENTRY: Final = 400
"""What an entry in the backlog takes besides its payload, bytes."""
_STATE: Final = (InstrumentEntry, SessionEntry, SettingsEntry, MakersEntry, HoldEntry)
"""What a new segment repeats, so that it can be read without the ones before."""


@dataclass(frozen=True, slots=True)
class RollRules:
    """When a new segment begins; a new trade date always begins one.

    Attributes:
        size: bytes of a segment.
        age: ns of receive time since its first entry.
    """

    size: int = 64 << 20
    age: int = 3_600_000_000_000


class _Waiting(NamedTuple):
    """An entry ready to be written."""

    entry: Entry
    kind: EntryType
    payload: bytes
    received: int


class JournalWriter:
    """Appends entries; rolls segments; knows what is written and what is durable.

    Entries that only describe the stream wait for the first one that says something: it decides
    the trade date, and a stream that never sends leaves no file.

    Attributes:
        durable_seq: highest number that is on disk.
        overflowed: the backlog was full and is dropped, or more was lost to failed syncs than could
            be kept; nothing is taken until :meth:`begin_run`.
        fault: why the disk refuses; None: it does not.
        digest: gives the 32 bytes of the footer that name the segment's output.
        at_end: gives the entries that belong right before a footer.
        at_begin: gives the entries that a new segment carries after the state. Its argument says
            whether everything before has been written at once: if not, what was applied meanwhile
            is ahead of the journal, ``digest`` and ``at_end`` are not asked, and nothing that
            depends on the state of the stream must be given.
    """

    def __init__(
        self,
        folder: Path,
        instrument: Instrument,
        source: Source,
        calendar: SessionCalendar,
        *,
        rules: RollRules | None = None,
        disk: Disk = LOCAL_DISK,
        backlog: int = BACKLOG,
        recovered: Recovered | None = None,
        state: Sequence[Entry] = (),
        resume_seq: int = 0,
    ) -> None:
        """Continue the numbering of what is in the folder; no file is made before the first write.

        Args:
            folder: the recordings folder, already locked.
            instrument: whose journal it is.
            source: of the stream; ``demo`` has no journal.
            calendar: gives the trade date of a time.
            rules: when to roll.
            disk: where the files lie; tests replace it.
            backlog: bytes that may wait while the disk refuses.
            recovered: how :func:`recover` left the journal: the chain goes on from there.
            state: instrument, session, settings, makers and hold of a run that goes on; empty:
                the first entries begin a run.
            resume_seq: the number that a run that goes on has on disk.
        """
        self.home = folder / source.value / slug(instrument.symbol)
        self.durable_seq = 0
        self.overflowed = False
        self.fault: EnvironmentFault | None = None
        self.digest: Callable[[], bytes] | None = None
        self.at_end: Callable[[], Sequence[Entry]] | None = None
        self.at_begin: Callable[[bool], Sequence[Entry]] | None = None
        self._calendar = calendar
        self._rules = rules or RollRules()
        self._written = 0
        self._backlog: deque[_Waiting] = deque()
        self._backlog_size = 0
        self._backlog_limit = backlog
        self._backlog_base = -1
        self._in_step = True
        self._begun = False
        self._received = 0
        self._state: dict[type[Entry], bytes] = {}
        self._pending: list[Packed] = []
        self._trade_date = ""
        self._date_from = 0
        self._date_until = 0
        self._new_date = False
        self._session_count = 0
        self._dirty = False
        self._losses = 0
        self._syncing = threading.Lock()
        self._files = _files(self.home, disk, recovered)
        for entry in state:
            self._remember(entry, *encode_entry(entry))
            self._begun = True
        if self._begun and (parts := parts_of(self.home)):
            self._trade_date = parts[-1].parent.name
        self._written = self.durable_seq = resume_seq

    @property
    def number(self) -> int:
        """Of the present segment; between two, of the one before."""
        return self._files.number

    @property
    def trade_date(self) -> str:
        """Of the present segment, or the one that begins: ISO; empty before the first."""
        return self._trade_date

    @property
    def written_seq(self) -> int:
        """Highest number that is in the journal, 0 before the first."""
        return self._written if self._backlog_base < 0 else self._backlog_base

    @property
    def refusing(self) -> bool:
        """Whether entries wait, or were dropped, or the last sync failed: acknowledge nothing."""
        return self.fault is not None

    def write(self, entry: Entry, received: int, raw: bytes | None = None) -> None:
        """Append one entry; when this returns, a killed process does not lose what is written.

        A disk that refuses is no error here: the entry waits, ``refusing`` says so, and
        ``written_seq`` stays until :meth:`retry` has written it.

        Args:
            entry: what happened.
            received: the server's clock at receipt, ns UTC.
            raw: the frame's own bytes as they came, if they hold exactly this entry.

        Raises:
            DataError: an entry that is too long for a journal.
        """
        kind, payload = (EntryType.FRAME, raw) if raw is not None else encode_entry(entry)
        if len(payload) > MAX_PAYLOAD:
            raise DataError(f"an entry of {len(payload)} bytes is too long", code="journal_entry")
        item = _Waiting(entry, kind, payload, received)
        if self._backlog or self.overflowed:
            self._queue(item)
            return
        try:
            self._put(item)
        except OSError as cause:
            self._refuse(cause)
            self._queue(item)

    def retry(self) -> bool:
        """Write what waits; from the thread that writes.

        Returns:
            Whether the disk takes entries. If ``overflowed``, :meth:`begin_run` has to follow.
        """
        try:
            self._in_step = False
            if self.overflowed:
                self._finish(self._received)
            while self._backlog:
                self._put(self._backlog[0])
                self._backlog_size -= _PER_ENTRY + len(self._backlog.popleft().payload)
        except OSError as cause:
            self._refuse(cause)
            return False
        finally:
            self._in_step = True
        if self.overflowed:
            return True
        self._backlog_base = -1
        if not self._files.unsynced.failed:
            self.fault = None
        return self.fault is None

    def begin_run(self) -> None:
        """Go on after an overflow: what was dropped is lost, the next entries begin a run."""
        self._state.clear()
        self._pending.clear()
        self._begun = False
        if self._backlog_base >= 0:
            self._restart_numbers(self._backlog_base, self._backlog_base)
        self._backlog_base = -1
        self.overflowed = False
        if not self._files.unsynced.failed:
            self.fault = None

    def _queue(self, item: _Waiting) -> None:
        if isinstance(item.entry, SessionEntry):
            self._backlog_base = item.entry.seq - 1
        if self.overflowed:
            return
        self._backlog_size += _PER_ENTRY + len(item.payload)
        if self._backlog_size > self._backlog_limit:
            self._backlog.clear()
            self._backlog_size = 0
            self.overflowed = True
            return
        self._backlog.append(item)

    def _refuse(self, cause: OSError) -> None:
        self.fault = EnvironmentFault(
            f"the journal in {self.home} cannot be written: {cause.strerror}",
            code="journal_write",
            folder=str(self.home),
        )

    def _put(self, item: _Waiting) -> None:
        """Write an entry; after an OSError nothing of it is in the journal."""
        entry, packed = item.entry, Packed(item.kind, item.payload, 0, item.received)
        waits = self._files.segment is None and isinstance(entry, _STATE)
        if waits:
            self._pending.append(packed)
        else:
            self._roll_if_due(_event_time(entry), item.received)
            self._files.append(packed)
        self._received = item.received
        if isinstance(entry, FrameEntry):
            self._note_frame(entry.frame)
        elif isinstance(entry, BarEntry):
            self._written = entry.seq
        elif isinstance(entry, _STATE):
            self._remember(entry, item.kind, item.payload)
        if not waits:
            self._dirty = True  # last, so that a sync meanwhile cannot leave its number behind

    def _note_frame(self, frame: Frame) -> None:
        if frame.type == FrameType.EVENTS:
            self._written = frame.end - 1
        elif frame.flags & FrameFlag.LAST:
            self._written = max(self._written, frame.seq - 1)  # what it skips never comes

    def _remember(self, entry: Entry, kind: EntryType, payload: bytes) -> None:
        if isinstance(entry, InstrumentEntry):
            self._state.clear()
        if isinstance(entry, SessionEntry):
            self._state.pop(MakersEntry, None)
            self._state.pop(HoldEntry, None)
            # A session that comes back may have numbers that no sync has reached yet.
            self._restart_numbers(entry.seq - 1, 0)
        self._state[type(entry)] = bytes([kind]) + payload

    def _restart_numbers(self, written: int, durable: int) -> None:
        with self._files.lock:
            self._session_count += 1
            self._written, self.durable_seq = written, durable

    def _roll_if_due(self, time: int | None, received: int) -> None:
        if time is not None and not self._date_from <= time < self._date_until:
            self._move_date(time)
        segment = self._files.segment
        if segment is not None:
            age = received - self._files.created
            if segment.size < self._rules.size and age < self._rules.age and not self._new_date:
                return
            self._finish(received)
        self._begin(received)

    def _move_date(self, time: int) -> None:
        """Trade date of ``time``; while closed, the one before goes on."""
        session = self._calendar.trading_session(time)
        self._date_from = time if session is None else session.open
        self._date_until = self._calendar.next_boundary(time)
        if session is None and self._trade_date:
            return
        if session is None:
            date = datetime.fromtimestamp(time // 1_000_000_000, UTC).date()
        else:
            date = session.trade_date
        self._new_date = self._files.segment is not None and date.isoformat() != self._trade_date
        self._trade_date = date.isoformat()

    def _begin(self, received: int) -> None:
        """A new segment with what it carries, and with the entries that waited for it."""
        if not self._trade_date:
            self._trade_date = (
                datetime.fromtimestamp(received // 1_000_000_000, UTC).date().isoformat()
            )
        known = self._state.values() if self._begun else ()
        entries = [Packed(state[0], state[1:], CARRIED, received) for state in known]
        entries += self._pending
        more = self.at_begin(self._in_step) if self.at_begin is not None else ()
        entries += [Packed(*encode_entry(entry), CARRIED, received) for entry in more]
        self._files.begin(self.home / self._trade_date, entries, received)
        self._new_date = False
        self._begun = True
        self._pending.clear()

    def _finish(self, received: int) -> None:
        if self._files.segment is None:
            return
        last = self.at_end() if self.at_end is not None and self._in_step else ()
        entries = [Packed(*encode_entry(entry), 0, received) for entry in last]
        output = self.digest() if self.digest is not None and self._in_step else EMPTY_HASH
        self._files.finish(entries, output, received)
        self._dirty = True

    @property
    def dirty(self) -> bool:
        """Whether a sync has something to do."""
        return self._dirty

    def sync(self) -> None:
        """Bring to disk what was written before the call. Any thread.

        Raises:
            EnvironmentFault: ``journal_sync``: the disk refused; ``durable_seq`` stays.
        """
        with self._syncing:
            try:
                point = self._files.unsynced.sync(self._point)
            except OSError as cause:
                self._dirty = True
                if self._files.unsynced.losses > self._losses:
                    self._losses = self._files.unsynced.losses
                    self.overflowed = True
                self.fault = EnvironmentFault(
                    f"the journal in {self.home} cannot be brought to disk: {cause.strerror}",
                    code="journal_sync",
                    folder=str(self.home),
                )
                raise self.fault from cause
            with self._files.lock:
                self._files.reached(point.mark)
                if point.session == self._session_count:
                    self.durable_seq = point.seq

    def _point(self) -> Point:
        self._dirty = False
        files = self._files
        return Point(files.point(), self._written, self._session_count, files.segment)

    def close(self, received: int) -> None:
        """Write the footer, sync, close. The next write begins a new segment.

        Raises:
            EnvironmentFault: ``journal_write``, ``journal_sync``: what is not written is lost with
                this writer.
        """
        if self.fault is not None and not self.retry():
            raise self.fault
        if self._files.segment is not None:
            self.sync()
        try:
            self._files.drop_spare()
            self._finish(received)
        except OSError as cause:
            self._refuse(cause)
            assert self.fault is not None
            raise self.fault from cause
        self.sync()


def _files(home: Path, disk: Disk, recovered: Recovered | None) -> JournalFiles:
    """The files that follow on what is in a journal's folder."""
    number = last_number(home)
    if recovered is None or recovered.damage is not None:
        return JournalFiles(disk, number, EMPTY_HASH, None)
    return JournalFiles(disk, number, recovered.previous, Mark(number + 1, 0))


def _event_time(entry: Entry) -> int | None:
    """Event time of an entry that has one, ns UTC."""
    if isinstance(entry, FrameEntry):
        frame = entry.frame
        return frame.base if len(frame.records) and not frame.historical else None
    if isinstance(entry, ClockEntry):
        return entry.time
    return None
