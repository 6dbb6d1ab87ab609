"""Snapshots: as frames, and whether they contradict themselves."""

import numpy as np

from market.enums import FrameFlag, FrameType
from market.errors import MalformedError
from market.record import MAX_RECORDS, Frame, Records
from orderbook.books.snapshot import snapshot_levels
from wire.codes import ErrorCode

__all__ = ["require_snapshot", "snapshot_frames"]


def snapshot_frames(records: Records, time: int, seq: int) -> list[Frame]:
    """A snapshot's records as frames, the last one flagged.

    Args:
        records: adds, best first; ``dt`` is set to 0.
        time: of the snapshot, ns UTC.
        seq: the next increment's.
    """
    records["dt"] = 0
    parts = np.array_split(records, range(MAX_RECORDS, len(records), MAX_RECORDS))
    frames = [Frame(part, time, seq, FrameType.SNAPSHOT) for part in parts]
    frames[-1] = frames[-1]._replace(flags=int(FrameFlag.LAST))
    return frames


def require_snapshot(records: Records) -> None:
    """Refuse a snapshot that contradicts itself.

    Raises:
        MalformedError: ``bad_kind`` for depth and orders in one, ``out_of_range`` for the rest of
            what :func:`orderbook.books.snapshot.snapshot_levels` refuses.
    """
    try:
        snapshot_levels(records)
    except MalformedError as cause:
        code = ErrorCode.BAD_KIND if cause.field == "kind" else ErrorCode.OUT_OF_RANGE
        field = "order_id" if cause.field == "ref" else cause.field
        raise MalformedError(cause.message, code=code, field=field) from cause
