"""The files of one journal, as its writer sees them: begin one, append to it, end it.

Each of the three is one write, so that after an error either all of it is in the journal or
nothing. Marks are written here, as they say something about files only.
"""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from recording.journal.folder import SUFFIX
from recording.journal.layout import (
    EMPTY_HASH,
    FORMAT_VERSION,
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
from recording.journal.segment import Disk, SegmentFile
from recording.journal.unsynced import Unsynced

__all__ = ["JournalFiles", "Packed"]

_ABOVE: Final = 3
"""Folders above a date: symbol, source, recordings. A killed process may have made them and not
have synced them, so every new segment has them synced."""


class Packed(NamedTuple):
    """An entry to be written."""

    kind: int
    payload: bytes
    flags: int
    received: int


class JournalFiles:
    """The open segment, and what the next one needs.

    ``begin``, ``append`` and ``finish`` belong to the writing thread and raise OSError; nothing has
    changed then.

    Attributes:
        number: of the newest segment that was begun, 0 before the first.
        created: receive time at which it was begun.
        lock: held for a moment by the writing thread, and by a sync.
        unsynced: what is written and not known to be on disk.
    """

    def __init__(self, disk: Disk, number: int, previous: bytes, on_disk: Mark | None) -> None:
        """Continue a journal.

        Args:
            disk: where it lies.
            number: of its last segment.
            previous: chained hash of that; zeros: the next segment continues nothing.
            on_disk: what is known to be on disk.
        """
        self.number = number
        self.created = 0
        self.lock = threading.Lock()
        self.unsynced = Unsynced(disk, self.lock)
        self._disk = disk
        self._previous = previous
        self._on_disk = on_disk
        self._marked: Mark | None = None
        self._segment: SegmentFile | None = None
        self._spare: tuple[Path, SegmentFile] | None = None
        self._chain = Chain(EMPTY_HASH, b"")
        self._count = 0

    @property
    def segment(self) -> SegmentFile | None:
        """The open one, if there is one."""
        return self._segment

    def point(self) -> Mark:
        """What a sync that begins now brings to disk. The lock is held."""
        if self._segment is None:
            return Mark(self.number + 1, 0)
        return Mark(self.number, self._segment.size)

    def reached(self, mark: Mark) -> None:
        """A sync has brought so much to disk. The lock is held."""
        if not self.unsynced.losses:
            self._on_disk = mark

    def begin(self, folder: Path, entries: Iterable[Packed], received: int) -> None:
        """Open a segment that begins with these entries."""
        header = pack_file_header(FileHeader(self.number + 1, received, self._previous))
        chain, parts = Chain(self._previous, header), [header]
        for entry in entries:
            data, head = pack_entry(*entry)
            chain.add(head)
            parts.append(data)
        segment = self._new_file(folder)
        self._write(segment, b"".join(parts))
        self._spare = None
        self._chain, self._count = chain, len(parts) - 1
        self.created = received
        with self.lock:
            self.number += 1
            self._segment = segment

    def append(self, entry: Packed) -> None:
        """Add an entry to the open segment."""
        segment = self._segment
        assert segment is not None
        data, head = pack_entry(*entry)
        due = self._on_disk
        if due is None or due == self._marked:
            self._write(segment, data)
        else:
            mark, mark_head = pack_entry(EntryType.MARK, pack_mark(due), 0, entry.received)
            self._write(segment, mark + data)
            self._marked = due
            self._chain.add(mark_head)
            self._count += 1
        self._chain.add(head)
        self._count += 1

    def finish(self, entries: Iterable[Packed], output: bytes, received: int) -> None:
        """End the open segment with these entries and its footer; the next sync closes the file."""
        segment = self._segment
        assert segment is not None
        chain, parts, due = self._chain.copy(), [], self._on_disk
        entries = list(entries)
        if due is not None and due != self._marked:
            entries.append(Packed(EntryType.MARK, pack_mark(due), 0, received))
        for entry in entries:
            data, head = pack_entry(*entry)
            chain.add(head)
            parts.append(data)
        footer = Footer(self._count + len(entries), chain.digest(), output)
        payload = pack_footer(footer, FORMAT_VERSION)
        parts.append(pack_entry(EntryType.FOOTER, payload, 0, received)[0])
        self._write(segment, b"".join(parts))
        self._marked = due
        self._previous = footer.digest
        with self.lock:
            self.unsynced.retire(segment)
            self._segment = None

    def drop_spare(self) -> None:
        """Delete a file that was made for a segment and could not be filled."""
        if self._spare is not None:
            path, segment = self._spare
            segment.close()
            self._disk.remove(path)
            self._spare = None

    def _new_file(self, folder: Path) -> SegmentFile:
        """An empty file with the next number; one that could not be filled is used again."""
        path = folder / f"{self.number + 1:06d}{SUFFIX}"
        if self._spare is not None:
            spare, segment = self._spare
            if spare == path:
                return segment
            self.drop_spare()
        changed = self._disk.make_folder(folder)
        with self.lock:
            self.unsynced.renamed([*changed, folder, *list(folder.parents)[:_ABOVE]])
        segment = self._disk.create(path)
        self._spare = path, segment
        return segment

    def _write(self, segment: SegmentFile, data: bytes) -> None:
        offset = segment.size
        segment.append(data)
        with self.lock:
            self.unsynced.add(segment, offset, data)
