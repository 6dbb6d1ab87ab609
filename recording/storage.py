"""How much room recordings take, and how long the disk will do at the present rate.

Needs no package, as ``doctor`` asks it when packages are missing.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

__all__ = ["DISK_LOW", "RECORDINGS_LARGE", "Storage", "measure_storage"]

RECORDINGS_LARGE: Final = "recordings_large"
DISK_LOW: Final = "disk_low"
LARGE: Final = 10 * 10**9
FEW_DAYS: Final = 5.0
_DAY_S: Final = 86_400
_SEGMENT: Final = ".dbj"
"""As ``recording.journal.folder.SUFFIX``."""


class _Usage(Protocol):
    """As ``shutil.disk_usage`` answers."""

    @property
    def free(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes of a recordings folder and of its disk.

    Attributes:
        size: of all files in the folder.
        free: on its disk.
        per_day: of segments that were written to in the last 24 hours, before compaction.
    """

    size: int
    free: int
    per_day: int

    @property
    def days_left(self) -> float | None:
        """Days until the disk is full at the present rate; None: nothing was recorded lately."""
        return self.free / self.per_day if self.per_day else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Stable words for what its owner should know."""
        found = []
        if self.size >= LARGE:
            found.append(RECORDINGS_LARGE)
        if self.days_left is not None and self.days_left < FEW_DAYS:
            found.append(DISK_LOW)
        return tuple(found)

    def text(self) -> str:
        """For people."""
        words = f"{self.size / 10**9:.1f} GB recorded, {self.free / 10**9:.1f} GB free"
        left = self.days_left
        if left is not None and left < 1000:
            words += f", enough for {left:.1f} days at {self.per_day / 10**9:.2f} GB a day"
        return words


def measure_storage(
    folder: Path, now: float, usage: Callable[[Path], _Usage] = shutil.disk_usage
) -> Storage:
    """Look at every file's size and time; opens none.

    Args:
        folder: of recordings; need not exist.
        now: seconds since 1970, as of files' times.
        usage: of the disk that a path lies on.

    Raises:
        OSError: the disk cannot be asked.
    """
    size = per_day = 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue  # compacted or deleted meanwhile
        if path.is_dir():
            continue
        size += facts.st_size
        if path.suffix == _SEGMENT and facts.st_mtime > now - _DAY_S:
            per_day += facts.st_size
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    return Storage(size, usage(existing).free, per_day)
