"""The disk as the journal sees it: every write goes to the operating system before it returns.

Writer and recovery speak to :class:`Disk` and :class:`SegmentFile` only, and take the disk as a
parameter: tests replace it by one that is full, broken, or loses its power.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

__all__ = ["LOCAL_DISK", "Disk", "DiskSegment", "LocalDisk", "SegmentFile"]

_FLAGS: Final = os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class SegmentFile(Protocol):
    """What the writer needs of a file. All methods raise OSError."""

    @property
    def size(self) -> int:
        """Bytes of whole entries in the file."""

    def append(self, data: bytes) -> None:
        """Write all of it, unbuffered; after an error none of it counts."""

    def rewrite(self, offset: int, data: bytes) -> None:
        """Write bytes that the file has already once more. Any thread."""

    def sync(self) -> None:
        """Return when everything written before the call is on disk. Any thread."""

    def close(self) -> None:
        """Give the descriptor back; twice is once."""


class Disk(Protocol):
    """What the journal needs of a file system. All methods raise OSError."""

    def make_folder(self, folder: Path) -> list[Path]:
        """Make a folder with its parents; returns the folders that got a new one, to be synced."""

    def create(self, path: Path) -> SegmentFile:
        """A new, empty segment; fails if the file exists."""

    def reopen(self, path: Path, size: int) -> SegmentFile:
        """A segment that exists, cut to ``size``."""

    def rename(self, path: Path, target: Path) -> None:
        """Another name in the same folder; replaces a file of that name."""

    def remove(self, path: Path) -> None:
        """Delete a file."""

    def sync_folder(self, folder: Path) -> None:
        """Bring the names in a folder to disk."""


class DiskSegment:
    """A segment on the local disk."""

    _write: Callable[[int, bytes], int] = staticmethod(os.write)

    def __init__(self, path: Path, *, size: int = -1) -> None:
        """Create the file, or open it and cut it to ``size`` if that is not negative."""
        self._path = path
        flags = _FLAGS | os.O_CREAT | os.O_EXCL if size < 0 else _FLAGS
        self._fd = os.open(path, flags, 0o644)
        self._size = max(size, 0)
        self._spoiled = False
        if size >= 0:
            try:
                self._cut()
            except OSError:
                self.close()
                raise

    @property
    def size(self) -> int:
        """Bytes of whole entries in the file."""
        return self._size

    def append(self, data: bytes) -> None:
        """Write all of it, unbuffered; after an error none of it counts.

        What a failed write has left behind the last whole entry is cut off at once, or, where the
        disk refuses even that, before the next write.
        """
        if self._spoiled:
            self._cut()
        try:
            written = self._write(self._fd, data)
            while written < len(data):
                written += self._write(self._fd, data[written:])
        except OSError:
            self._spoiled = True
            self._cut()
            raise
        self._size += written

    def _cut(self) -> None:
        os.ftruncate(self._fd, self._size)
        os.lseek(self._fd, self._size, os.SEEK_SET)
        self._spoiled = False

    def rewrite(self, offset: int, data: bytes) -> None:
        """Write bytes that the file has already once more, through a descriptor of its own."""
        fd = os.open(self._path, _FLAGS)
        try:
            os.lseek(fd, offset, os.SEEK_SET)
            written = 0
            while written < len(data):
                written += self._write(fd, data[written:])
        finally:
            os.close(fd)

    def sync(self) -> None:
        """Return when everything written before the call is on disk."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class LocalDisk:
    """The file system of this machine."""

    def make_folder(self, folder: Path) -> list[Path]:
        """Make a folder with its parents; returns the folders that got a new one."""
        changed = []
        missing = folder
        while not missing.is_dir():
            changed.append(missing.parent)
            missing = missing.parent
        folder.mkdir(parents=True, exist_ok=True)
        return changed

    def create(self, path: Path) -> SegmentFile:
        """A new, empty segment."""
        return DiskSegment(path)

    def reopen(self, path: Path, size: int) -> SegmentFile:
        """A segment that exists, cut to ``size``."""
        return DiskSegment(path, size=size)

    def rename(self, path: Path, target: Path) -> None:
        """Another name in the same folder."""
        path.replace(target)

    def remove(self, path: Path) -> None:
        """Delete a file."""
        path.unlink()

    def sync_folder(self, folder: Path) -> None:
        """Bring the names in a folder to disk; Windows has no such call."""
        if os.name == "nt":
            return
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


LOCAL_DISK: Final = LocalDisk()
