"""Deletes old compacted days when the owner has set a limit; nothing else is ever deleted.

A day goes whole, the oldest trade date first. Days with a segment left (open, newest, damaged) and
pinned days stay, whatever the limit.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from recording.catalogue import Day, days
from recording.compaction import Disk
from recording.journal.folder import PINNED, segments_of

__all__ = ["delete_old", "pin"]


def delete_old(
    folder: Path,
    today: date,
    *,
    keep_bytes: int | None = None,
    keep_days: int | None = None,
    disk: Disk | None = None,
) -> Iterator[Day]:
    """Delete days, the oldest first, and yield each after it is gone.

    The caller holds the folder's lock for compaction.

    Args:
        folder: a recordings folder or one below it.
        today: trade dates more than ``keep_days`` before it are too old.
        keep_bytes: delete until no more than this is on disk; None: no limit.
        keep_days: None: no limit.
        disk: replaced by tests.

    Raises:
        OSError: the disk refuses; what was not yielded is still there, or partly.
    """
    disk = disk or Disk()
    found = list(days(folder))
    size = sum(day.size for day in found)
    oldest = None if keep_days is None else (today - timedelta(days=keep_days)).isoformat()
    for day in sorted(found, key=lambda one: (one.trade_date, one.source, one.name)):
        too_old = oldest is not None and day.trade_date < oldest
        too_much = keep_bytes is not None and size > keep_bytes
        if (too_old or too_much) and _may_go(day):
            _delete(day, disk)
            size -= day.size
            yield day


def _may_go(day: Day) -> bool:
    pinned = (day.folder / PINNED).exists()
    return day.compacted and not pinned and not segments_of(day.folder)


def _delete(day: Day, disk: Disk) -> None:
    for path in day.parts:
        disk.remove(path)
    disk.sync_folder(day.folder)
    if not any(day.folder.iterdir()):
        day.folder.rmdir()


def pin(day: Day, *, pinned: bool) -> bool:
    """Let retention leave a day alone, or not any more; returns whether that is new."""
    mark = day.folder / PINNED
    if mark.exists() == pinned:
        return False
    if pinned:
        mark.touch()
    else:
        mark.unlink()
    return True
