"""Writes one instrument's and source's journal.

``write`` returns when the operating system has the bytes: a killed process then loses nothing that
was answered. ``sync``, from any thread, brings them to disk and moves ``durable_seq``.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from market.enums import FrameType, Source
from market.errors import EnvironmentFault
from market.instrument import Instrument
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
from recording.journal.folder import SUFFIX, segments_of, slug
from recording.journal.layout import (
    CARRIED,
    EMPTY_HASH,
    FOOTER,
    Chain,
    EntryType,
    FileHeader,
    Head,
    pack_file_header,
    pack_head,
    payload_crc,
)
from recording.journal.segment import DiskSegment, SegmentFile

__all__ = ["JournalWriter", "RollRules"]

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


class JournalWriter:
    """Appends entries; rolls segments; knows what is written and what is durable.

    Entries that only describe the stream wait for the first one that says something: it decides
    the trade date, and a stream that never sends leaves no file.

    Attributes:
        written_seq: highest number that is in the journal, 0 before the first.
        durable_seq: highest number that is on disk.
    """

    def __init__(
        self,
        folder: Path,
        instrument: Instrument,
        source: Source,
        calendar: SessionCalendar,
        *,
        rules: RollRules | None = None,
        opener: Callable[[Path], SegmentFile] = DiskSegment,
    ) -> None:
        """Continue the numbering of what is in the folder; no file is made before the first write.

        Args:
            folder: the recordings folder, already locked.
            instrument: whose journal it is.
            source: of the stream; ``demo`` has no journal.
            calendar: gives the trade date of a time.
            rules: when to roll.
            opener: makes a segment; tests and crash-proofing replace it.
        """
        self.home = folder / source.value / slug(instrument.symbol)
        self.written_seq = 0
        self.durable_seq = 0
        self._calendar = calendar
        self._rules = rules or RollRules()
        self._open = opener
        self._segment: SegmentFile | None = None
        self._chain = Chain(EMPTY_HASH, b"")
        self._previous = EMPTY_HASH
        self._begun = False
        self._count = 0
        self._created = 0
        self._state: dict[type[Entry], bytes] = {}
        self._pending: list[tuple[EntryType, bytes, int]] = []
        self._trade_date = ""
        self._date_from = 0
        self._date_until = 0
        self._new_date = False
        self._session_count = 0
        self._retired: list[SegmentFile] = []
        self._dirty = False
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        present = segments_of(self.home) if self.home.is_dir() else ()
        self._number = int(present[-1].stem) if present else 0

    def write(self, entry: Entry, received: int, raw: bytes | None = None) -> None:
        """Append one entry; when this returns, a killed process does not lose it.

        Args:
            entry: what happened.
            received: the server's clock at receipt, ns UTC.
            raw: the frame's own bytes as they came, if they hold exactly this entry.

        Raises:
            EnvironmentFault: ``journal_write``: disk full or an I/O error; the entry is not in the
                journal, the ones before it are, and a later write may succeed.
        """
        kind, payload = (EntryType.FRAME, raw) if raw is not None else encode_entry(entry)
        if self._segment is None and isinstance(entry, _STATE):
            self._pending.append((kind, payload, received))
            self._note(entry, kind, payload)
            return
        try:
            segment = self._roll_if_due(_event_time(entry), received)
            self._append(segment, kind, payload, 0, received)
        except OSError as cause:
            raise EnvironmentFault(
                f"the journal in {self.home} cannot be written: {cause.strerror}",
                code="journal_write",
                folder=str(self.home),
            ) from cause
        self._note(entry, kind, payload)

    def _note(self, entry: Entry, kind: EntryType, payload: bytes) -> None:
        if isinstance(entry, FrameEntry):
            if entry.frame.type == FrameType.EVENTS:
                self.written_seq = entry.frame.end - 1
        elif isinstance(entry, BarEntry):
            self.written_seq = entry.seq
        elif isinstance(entry, _STATE):
            self._remember(entry, kind, payload)

    def _remember(self, entry: Entry, kind: EntryType, payload: bytes) -> None:
        if isinstance(entry, InstrumentEntry):
            self._state.clear()
        if isinstance(entry, SessionEntry):
            with self._lock:
                self._session_count += 1
                self.written_seq = self.durable_seq = entry.seq - 1
            self._state.pop(MakersEntry, None)
        self._state[type(entry)] = bytes([kind]) + payload

    def _append(
        self, segment: SegmentFile, kind: int, payload: bytes, flags: int, received: int
    ) -> None:
        head = pack_head(Head(len(payload), payload_crc(kind, payload), kind, flags, received))
        segment.append(head + payload)
        self._chain.add(head)
        self._count += 1
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
        if not self._trade_date:
            self._trade_date = (
                datetime.fromtimestamp(received // 1_000_000_000, UTC).date().isoformat()
            )
        folder = self.home / self._trade_date
        folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        path = folder / f"{self._number:06d}{SUFFIX}"
        segment = self._open(path)
        try:
            header = pack_file_header(FileHeader(self._number, received, self._previous))
            segment.append(header)
            self._chain = Chain(self._previous, header)
            self._count = 0
            self._created = received
            if self._begun:
                for state in self._state.values():
                    self._append(segment, state[0], state[1:], CARRIED, received)
            for kind, payload, time in self._pending:
                self._append(segment, kind, payload, 0, time)
        except OSError:
            segment.close()
            path.unlink()
            raise
        self._new_date = False
        self._begun = True
        self._pending.clear()
        with self._lock:
            self._segment = segment
        return segment

    def _finish(self, received: int) -> None:
        """Write the footer; the next sync closes the file."""
        segment = self._segment
        if segment is None:
            return
        footer = FOOTER.pack(self._count, self._chain.digest())
        head = pack_head(
            Head(len(footer), payload_crc(EntryType.FOOTER, footer), EntryType.FOOTER, 0, received)
        )
        segment.append(head + footer)
        self._previous = self._chain.digest()
        with self._lock:
            self._retired.append(segment)
            self._segment = None

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
                self._sync()
            except OSError as cause:
                self._dirty = True
                raise EnvironmentFault(
                    f"the journal in {self.home} cannot be brought to disk: {cause.strerror}",
                    code="journal_sync",
                    folder=str(self.home),
                ) from cause

    def _sync(self) -> None:
        with self._lock:
            retired = tuple(self._retired)
            segment, seq, session = self._segment, self.written_seq, self._session_count
            self._dirty = False
        for old in retired:
            old.sync()
            old.close()
            self._retired.remove(old)
        if segment is not None:
            segment.sync()  # still open, even if retired meanwhile: only a sync closes a file
        with self._lock:
            if session == self._session_count:
                self.durable_seq = seq

    def close(self, received: int) -> None:
        """Write the footer, sync, close. The next write begins a new segment.

        Raises:
            EnvironmentFault: as ``write`` and ``sync``.
        """
        try:
            self._finish(received)
        except OSError as cause:
            raise EnvironmentFault(
                f"the journal in {self.home} cannot be closed: {cause.strerror}",
                code="journal_write",
                folder=str(self.home),
            ) from cause
        self.sync()
        self._sync_folder()

    def _sync_folder(self) -> None:
        """A new file's name is durable only with its folder; Windows has no such call."""
        if os.name == "nt" or not self.home.is_dir():
            return
        fd = os.open(self.home, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _event_time(entry: Entry) -> int | None:
    """Event time of an entry that has one, ns UTC."""
    if isinstance(entry, FrameEntry):
        return entry.frame.base if len(entry.frame.records) else None
    if isinstance(entry, ClockEntry):
        return entry.time
    return None
