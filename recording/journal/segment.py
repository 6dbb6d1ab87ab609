"""One open file of a journal: every write goes to the operating system before it returns.

This is the seam for crash-proofing: the writer only speaks to :class:`SegmentFile`, and takes the
function that opens one as a parameter.
"""

import os
from pathlib import Path
from typing import Protocol

__all__ = ["DiskSegment", "SegmentFile"]


class SegmentFile(Protocol):
    """What the writer needs of a file. All methods raise OSError."""

    @property
    def size(self) -> int:
        """Bytes of whole entries in the file."""

    def append(self, data: bytes) -> None:
        """Write all of it, unbuffered; after an error the file is as long as before."""

    def sync(self) -> None:
        """Return when everything written before the call is on disk. Any thread."""

    def close(self) -> None:
        """Give the descriptor back; twice is once."""


class DiskSegment:
    """A segment on the local disk, created new."""

    _write = staticmethod(os.write)

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._fd = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o644)
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes of whole entries in the file."""
        return self._size

    def append(self, data: bytes) -> None:
        """Write all of it, unbuffered; after an error the file is as long as before."""
        try:
            written = self._write(self._fd, data)
            while written < len(data):
                written += self._write(self._fd, data[written:])
        except OSError:
            os.ftruncate(self._fd, self._size)
            os.lseek(self._fd, self._size, os.SEEK_SET)
            raise
        self._size += written

    def sync(self) -> None:
        """Return when everything written before the call is on disk."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
