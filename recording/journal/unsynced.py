"""What was written to a journal's files and is not known to be on disk.

After a failed ``fsync`` the system may have dropped the pages and call the next one a success, so
the bytes are kept until a sync has succeeded, and written again before the next one.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from recording.journal.layout import Mark
from recording.journal.segment import Disk, SegmentFile

__all__ = ["KEPT", "Point", "Unsynced"]

KEPT: Final = 64 << 20
"""Most bytes that are kept for writing again."""
_BLOCK: Final = 1 << 20


class Point(NamedTuple):
    """How far the journal was when a sync began.

    Attributes:
        mark: what is on disk when it has succeeded.
        seq: the highest number written.
        session: counts the sessions, as numbers of different ones do not compare.
        segment: the open file, if there is one.
    """

    mark: Mark
    seq: int
    session: int
    segment: SegmentFile | None


class Unsynced:
    """Written bytes, retired files and new names that are not known to be on disk.

    ``add`` and ``retire`` belong to the writing thread, which holds the writer's lock; ``sync`` to
    any thread, one at a time.

    Attributes:
        failed: the last sync did not succeed.
        losses: how often a sync failed whose bytes had become too many to keep: they cannot be
            secured any more.
    """

    def __init__(self, disk: Disk, lock: threading.Lock) -> None:
        self.failed = False
        self.losses = 0
        self._disk = disk
        self._lock = lock
        self._written: list[tuple[SegmentFile, int, bytes]] = []
        self._size = 0
        self._complete = True
        self._held: list[tuple[SegmentFile, int, bytes]] = []
        self._held_size = 0
        self._retired: list[SegmentFile] = []
        self._folders: dict[Path, None] = {}

    def add(self, segment: SegmentFile, offset: int, data: bytes) -> None:
        """These bytes are in the file since now. The lock is held."""
        self._written.append((segment, offset, data))
        self._size += len(data)
        if self._size + self._held_size > KEPT:
            self._written = []
            self._size = 0
            self._complete = False

    def retire(self, segment: SegmentFile) -> None:
        """The file has its footer; the next sync closes it. The lock is held."""
        self._retired.append(segment)

    def renamed(self, folders: Iterable[Path]) -> None:
        """These folders have new names in them. The lock is held."""
        self._folders.update(dict.fromkeys(folders))

    @property
    def pending(self) -> bool:
        """Whether files or names wait for a sync, or the last one failed."""
        return bool(self.failed or self._retired or self._folders)

    def sync(self, take: Callable[[], Point]) -> Point:
        """Bring everything to disk that is written when ``take`` is called, under the lock.

        Returns:
            What ``take`` gave: all of it is on disk.

        Raises:
            OSError: the disk refused; the next sync writes the bytes again.
        """
        with self._lock:
            point = take()
            self._held += self._written
            self._held_size += self._size
            self._written, self._size = [], 0
            complete, self._complete = self._complete, True
            retired, folders = tuple(self._retired), tuple(self._folders)
        try:
            if self.failed:
                _write_again(self._held)
            for folder in folders:
                self._disk.sync_folder(folder)
            for old in retired:
                old.sync()
            if point.segment is not None:
                point.segment.sync()  # still open, even if retired meanwhile: see below
        except OSError:
            with self._lock:
                self.failed = True
                self.losses += not complete
            raise
        with self._lock:
            self.failed = False
            self._held, self._held_size = [], 0
            del self._retired[: len(retired)]
            for folder in folders:
                del self._folders[folder]
        for old in retired:
            old.close()  # only here, so that no file is closed while it is synced
        return point


def _write_again(held: Sequence[tuple[SegmentFile, int, bytes]]) -> None:
    """In few calls: what follows on each other in a file goes together."""
    place = 0
    while place < len(held):
        segment, offset, data = held[place]
        parts, end = [data], offset + len(data)
        place += 1
        while place < len(held) and held[place][0] is segment and end - offset < _BLOCK:
            parts.append(held[place][2])
            end += len(held[place][2])
            place += 1
        segment.rewrite(offset, b"".join(parts))
