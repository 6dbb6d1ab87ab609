"""Compaction, retention and pinning of a recordings folder, as the command line does them."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from market.errors import EnvironmentFault, UsageError
from recording.catalogue import Day, days
from recording.compaction import Compacted, compact_folder
from recording.journal import FolderLock, journal_streams
from recording.retention import delete_old, pin

if TYPE_CHECKING:
    from server.settings import Settings

__all__ = ["COMPACTING", "closing_lock", "compact_all", "pin_all", "root_of"]

COMPACTING: Final = ".compacting"
"""The lock of whoever replaces segments by compacted files."""
_MIB: Final = 1 << 20
_GB: Final = 10**9
_LOWEST: Final = 19


def compact_all(
    folder: Path,
    settings: "Settings",
    *,
    keep_gb: float | None = None,
    keep_days: int | None = None,
    background: bool = False,
) -> int:
    """Compact closed days, then delete what the limits say; prints each. 2: something stays.

    Raises:
        EnvironmentFault: another compaction is at work there, or the disk refuses.
        UsageError: no journal.
    """
    if background:
        _step_back()
    root = root_of(folder)
    refused = 0
    keep_bytes = None if keep_gb is None else int(keep_gb * _GB)
    today = datetime.now(UTC).date()
    with closing_lock(root, COMPACTING):
        for result in compact_folder(folder, settings.calendar, time.time_ns()):
            print(_line(result, root), flush=True, file=sys.stderr if result.refused else None)
            refused += bool(result.refused)
        try:
            for day in delete_old(folder, today, keep_bytes=keep_bytes, keep_days=keep_days):
                print(f"{_name(day)}: deleted, {day.size / _MIB:,.1f} MiB", flush=True)
        except OSError as cause:
            raise EnvironmentFault(f"{cause.filename or folder}: {cause.strerror}") from cause
    return 2 if refused else 0


def _line(result: Compacted, root: Path) -> str:
    place = result.table.absolute()
    name = place.relative_to(root).as_posix() if root in place.parents else str(place)
    if result.refused:
        return f"{name}: not compacted: {result.refused}"
    if not result.segments:
        return f"{name}: cleared what an earlier run left"
    per_row = f", {result.after / result.rows:.1f} bytes a row" if result.rows else ""
    return (
        f"{name}: {result.segments:,} segments, {result.before / _MIB:,.1f} MiB to "
        f"{result.after / _MIB:,.1f} MiB{per_row}"
    )


@contextmanager
def closing_lock(root: Path, name: str | None = None) -> Iterator[None]:
    """Hold a lock of a recordings folder: the server's, or the one named.

    Raises:
        EnvironmentFault: somebody else has it.
    """
    try:
        lock = FolderLock(root) if name is None else FolderLock(root, name)
    except EnvironmentFault as fault:
        if fault.code != "folder_in_use" or name is None:
            raise
        raise EnvironmentFault(
            f"{root} is being compacted already", code=fault.code, folder=str(root)
        ) from fault
    try:
        yield
    finally:
        lock.release()


def _step_back() -> None:
    """Let the server go first: lowest priority, one thread."""
    import pyarrow as pa

    pa.set_cpu_count(1)
    if sys.platform != "win32":
        os.nice(_LOWEST)


def pin_all(folder: Path, *, pinned: bool) -> int:
    """Pin or unpin every day at or below a folder; prints each.

    Raises:
        UsageError: no journal.
    """
    root_of(folder)
    word = "pinned" if pinned else "not pinned"
    for day in days(folder):
        news = "" if pin(day, pinned=pinned) else " as before"
        print(f"{_name(day)}: {word}{news}")
    return 0


def _name(day: Day) -> str:
    return f"{day.source}/{day.name}/{day.trade_date}"


def root_of(folder: Path) -> Path:
    """The recordings folder that a path at or below it belongs to.

    Raises:
        UsageError: it is a file, or holds no journal.
    """
    folder = folder.absolute()
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"{folder} is a file: name the folder of its day", code="no_journal", path=str(folder)
        )
    for stream in journal_streams(folder):
        return stream.folder.parents[1]
    raise UsageError(f"{folder} holds no journal", code="no_journal", path=str(folder))
