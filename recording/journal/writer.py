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
    InstrumentEntry,
    MakersEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal.codec import encode_entry
from recording.journal.folder import SUFFIX, last_number, slug
from recording.journal.layout import (
    CARRIED,
    EMPTY_HASH,
    FORMAT_VERSION,
    MAX_PAYLOAD,
    Chain,
    EntryType,
    FileHeader,
    Footer,
    Mark,
    pack_entry,
    pack_file_header,
    pack_footer,
    pack_mark,
)
from recording.journal.recover import Recovered
from recording.journal.segment import LOCAL_DISK, Disk, SegmentFile
from recording.journal.unsynced import Point, Unsynced

__all__ = ["BACKLOG", "JournalWriter", "RollRules"]

BACKLOG: Final = 64 << 20
"""Most bytes that wait while the disk refuses."""
_PER_ENTRY: Final = 400
"""What an entry in the backlog takes besides its payload, bytes."""
_STATE: Final = (InstrumentEntry, SessionEntry, SettingsEntry, MakersEntry)
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
        overflowed: the backlog was full and is dropped; nothing is taken until :meth:`begin_run`.
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
            state: instrument, session, settings and makers of a run that goes on; empty: the
                first entries begin a run.
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
        self._disk = disk
        self._written = 0
        self._backlog: deque[_Waiting] = deque()
        self._backlog_size = 0
        self._backlog_limit = backlog
        self._backlog_base = -1
        self._in_step = True
        self._segment: SegmentFile | None = None
        self._spare: tuple[Path, SegmentFile] | None = None
        self._chain = Chain(EMPTY_HASH, b"")
        self._previous = EMPTY_HASH
        self._begun = False
        self._count = 0
        self._created = 0
        self._received = 0
        self._state: dict[type[Entry], bytes] = {}
        self._pending: list[_Waiting] = []
        self._trade_date = ""
        self._date_from = 0
        self._date_until = 0
        self._new_date = False
        self._session_count = 0
        self._dirty = False
        self._on_disk: Mark | None = None
        self._marked: Mark | None = None
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._unsynced = Unsynced(disk, self._lock)
        self._number = last_number(self.home)
        if recovered is not None:
            self._continue(recovered)
        for entry in state:
            self._remember(entry, *encode_entry(entry))
            self._begun = True
        self._written = self.durable_seq = resume_seq

    def _continue(self, recovered: Recovered) -> None:
        self._previous = recovered.previous
        if recovered.damage is None:
            self._on_disk = Mark(self._number + 1, 0)

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
        if not self._unsynced.failed:
            self.fault = None
        return self.fault is None

    def begin_run(self) -> None:
        """Go on after an overflow: what was dropped is lost, the next entries begin a run."""
        self._state.clear()
        self._pending.clear()
        self._begun = False
        if self._backlog_base >= 0:
            self._restart_numbers(self._backlog_base)
        self._backlog_base = -1
        self.overflowed = False
        if not self._unsynced.failed:
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
        entry = item.entry
        if self._segment is None and isinstance(entry, _STATE):
            self._pending.append(item)
        else:
            segment = self._roll_if_due(_event_time(entry), item.received)
            self._append(segment, item)
        self._received = item.received
        if isinstance(entry, FrameEntry):
            self._note_frame(entry.frame)
        elif isinstance(entry, BarEntry):
            self._written = entry.seq
        elif isinstance(entry, _STATE):
            self._remember(entry, item.kind, item.payload)

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
            self._restart_numbers(entry.seq - 1)
        self._state[type(entry)] = bytes([kind]) + payload

    def _restart_numbers(self, seq: int) -> None:
        with self._lock:
            self._session_count += 1
            self._written = self.durable_seq = seq

    def _append(self, segment: SegmentFile, item: _Waiting) -> None:
        data, head = pack_entry(item.kind, item.payload, 0, item.received)
        if self._marked != self._on_disk:
            self._append_marked(segment, data, head, item.received)
            return
        offset = segment.size
        segment.append(data)
        self._chain.add(head)
        self._count += 1
        self._wrote(segment, offset, data)

    def _append_marked(self, segment: SegmentFile, data: bytes, head: bytes, received: int) -> None:
        """An entry, and before it the mark of what a sync has brought to disk since the last."""
        due = self._on_disk
        assert due is not None
        mark, mark_head = pack_entry(EntryType.MARK, pack_mark(due), 0, received)
        offset = segment.size
        segment.append(mark + data)
        self._chain.add(mark_head)
        self._chain.add(head)
        self._count += 2
        self._marked = due
        self._wrote(segment, offset, mark + data)

    def _wrote(self, segment: SegmentFile, offset: int, data: bytes) -> None:
        with self._lock:
            self._unsynced.add(segment, offset, data)
            self._dirty = True

    def _roll_if_due(self, time: int | None, received: int) -> SegmentFile:
        if time is not None and not self._date_from <= time < self._date_until:
            self._move_date(time)
        segment = self._segment
        if segment is not None:
            age = received - self._created
            if segment.size < self._rules.size and age < self._rules.age and not self._new_date:
                return segment
            self._finish(received)
        return self._begin(received)

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
        self._new_date = self._segment is not None and date.isoformat() != self._trade_date
        self._trade_date = date.isoformat()

    def _begin(self, received: int) -> SegmentFile:
        """A new segment with its header and what it carries, in one write."""
        if not self._trade_date:
            self._trade_date = (
                datetime.fromtimestamp(received // 1_000_000_000, UTC).date().isoformat()
            )
        header = pack_file_header(FileHeader(self._number + 1, received, self._previous))
        chain = Chain(self._previous, header)
        entries = []
        known = list(self._state.values()) if self._begun else []
        entries += [pack_entry(one[0], one[1:], CARRIED, received) for one in known]
        for item in self._pending:
            entries.append(pack_entry(item.kind, item.payload, 0, item.received))
        more = self.at_begin(self._in_step) if self.at_begin is not None else ()
        entries += [pack_entry(*encode_entry(entry), CARRIED, received) for entry in more]
        for _, head in entries:
            chain.add(head)
        data = header + b"".join(entry for entry, _ in entries)
        segment = self._new_file(self.home / self._trade_date)
        segment.append(data)
        self._spare = None
        self._number += 1
        self._chain = chain
        self._count = len(entries)
        self._created = received
        self._new_date = False
        self._begun = True
        self._pending.clear()
        with self._lock:
            self._segment = segment
        self._wrote(segment, 0, data)
        return segment

    def _new_file(self, folder: Path) -> SegmentFile:
        """An empty file with the next number; one that could not be filled is used again."""
        path = folder / f"{self._number + 1:06d}{SUFFIX}"
        if self._spare is not None:
            spare, segment = self._spare
            if spare == path:
                return segment
            self._drop_spare()
        with self._lock:
            self._unsynced.renamed([*self._disk.make_folder(folder), folder])
        segment = self._disk.create(path)
        self._spare = path, segment
        return segment

    def _drop_spare(self) -> None:
        if self._spare is not None:
            path, segment = self._spare
            segment.close()
            self._disk.remove(path)
            self._spare = None

    def _finish(self, received: int) -> None:
        """Write the footer; the next sync closes the file."""
        segment = self._segment
        if segment is None:
            return
        chain, count, parts = self._chain.copy(), self._count, []
        last = [encode_entry(entry) for entry in self._last_entries()]
        if self._marked != self._on_disk and self._on_disk is not None:
            last.append((EntryType.MARK, pack_mark(self._on_disk)))
        for kind, payload in last:
            data, head = pack_entry(kind, payload, 0, received)
            parts.append(data)
            chain.add(head)
            count += 1
        output = self.digest() if self.digest is not None and self._in_step else EMPTY_HASH
        footer = pack_footer(Footer(count, chain.digest(), output), FORMAT_VERSION)
        parts.append(pack_entry(EntryType.FOOTER, footer, 0, received)[0])
        data, offset = b"".join(parts), segment.size
        segment.append(data)
        self._marked = self._on_disk
        self._previous = chain.digest()
        with self._lock:
            self._unsynced.add(segment, offset, data)
            self._unsynced.retire(segment)
            self._dirty = True
            self._segment = None

    def _last_entries(self) -> Sequence[Entry]:
        return self.at_end() if self.at_end is not None and self._in_step else ()

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
                point = self._unsynced.sync(self._point)
            except OSError as cause:
                self._dirty = True
                self.fault = EnvironmentFault(
                    f"the journal in {self.home} cannot be brought to disk: {cause.strerror}",
                    code="journal_sync",
                    folder=str(self.home),
                )
                raise self.fault from cause
            with self._lock:
                if not self._unsynced.lost:
                    self._on_disk = point.mark
                if point.session == self._session_count:
                    self.durable_seq = point.seq

    def _point(self) -> Point:
        self._dirty = False
        segment = self._segment
        mark = Mark(self._number + 1, 0) if segment is None else Mark(self._number, segment.size)
        return Point(mark, self._written, self._session_count, segment)

    def close(self, received: int) -> None:
        """Write the footer, sync, close. The next write begins a new segment.

        Raises:
            EnvironmentFault: ``journal_write``, ``journal_sync``: what is not written is lost with
                this writer.
        """
        if self.fault is not None and not self.retry():
            raise self.fault
        if self._segment is not None:
            self.sync()
        try:
            self._drop_spare()
            self._finish(received)
        except OSError as cause:
            self._refuse(cause)
            assert self.fault is not None
            raise self.fault from cause
        self.sync()


def _event_time(entry: Entry) -> int | None:
    """Event time of an entry that has one, ns UTC."""
    if isinstance(entry, FrameEntry):
        frame = entry.frame
        return frame.base if len(frame.records) and not frame.historical else None
    if isinstance(entry, ClockEntry):
        return entry.time
    return None
