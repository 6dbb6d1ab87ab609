"""After a repair: tables that followed a repaired segment are joined to its new chain."""

import json
from collections.abc import Collection
from itertools import zip_longest
from pathlib import Path

from market.errors import DataError, FileFormatError
from market.record import Frame
from recording.compaction import PART, Disk
from recording.entries import FrameEntry
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED, parts_of
from recording.journal.layout import EMPTY_HASH
from recording.journal.scan import SegmentScan
from recording.table import TableReader, TableWriter, TimedItem

__all__ = ["rejoin"]


def rejoin(home: Path, repaired: Collection[Path], disk: Disk | None = None) -> list[Path]:
    """Let tables continue the segments before them, where those were repaired.

    A repair changes the chained hash of what it writes anew; a table that follows is copied with
    the new one. A table after any other segment is left as it is, and stays damage if it does not
    continue it: entries are lost there that no gap names.

    Args:
        home: ``<recordings>/<source>/<symbol>``, locked by the caller.
        repaired: segments that were written anew.
        disk: replaced by tests.

    Returns:
        The tables that were written anew.

    Raises:
        DataError: a table is damaged; nothing was changed.
        OSError: the disk refuses; what stands there is still complete.
    """
    disk = disk or Disk()
    changed = []
    last, digest = 0, EMPTY_HASH
    before: Path | None = None
    for path in parts_of(home):
        if path.suffix != COMPACTED:
            with path.open("rb") as file:
                scan = SegmentScan(path, file)
                scan.run()
            last, digest, before = int(path.stem), scan.digest, path
            continue
        with CompactedScan(path) as table:
            if table.header is None:
                raise FileFormatError(str(table.damage), path=str(path), offset=0)
            follows = table.header.number == last + 1 and before in repaired
            if follows and table.header.previous not in (digest, EMPTY_HASH):
                _copy(path, digest, disk)
                changed.append(path)
            last, digest, before = table.last, table.digest, path
    return changed


def _copy(table: Path, previous: bytes, disk: Disk) -> None:
    """The same table with another predecessor."""
    part = table.with_name(table.name + PART)
    writer = TableWriter(part)
    try:
        with TableReader(table) as reader:
            journal = json.loads(reader.metadata["journal"])
            journal["segments"][0]["previous"] = previous.hex()
            for received, item, _ in reader:
                if isinstance(item, Frame):
                    writer.write(FrameEntry(item), received)
                else:
                    writer.write_raw(item)
            writer.close({"journal": json.dumps(journal), "summary": reader.metadata["summary"]})
        _require_same(table, part)
        disk.sync(part)
        disk.replace(part, table)
    finally:
        writer.abandon()
        part.unlink(missing_ok=True)
    disk.sync_folder(table.parent)


def _require_same(table: Path, copy: Path) -> None:
    with TableReader(table) as one, TableReader(copy) as other:
        for mine, its in zip_longest(one, other):
            same = mine is not None and its is not None and _plain(mine) == _plain(its)
            if not same:
                raise DataError(f"{copy} differs from {table}")


def _plain(item: TimedItem) -> tuple[object, ...]:
    if isinstance(item.item, Frame):
        return item.received, item.item[1:], item.item.records.tobytes()
    return item.received, item.item
