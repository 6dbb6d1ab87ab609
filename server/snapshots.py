"""Snapshots: as frames, and whether they contradict themselves."""

import numpy as np

from market.enums import FrameFlag, FrameType, Kind
from market.errors import MalformedError
from market.record import MAX_RECORDS, Frame, Records
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
    """Refuse a snapshot that names a price of a side twice, or of orders an id.

    Raises:
        MalformedError: ``out_of_range``; ``bad_kind`` for depth and orders in one snapshot.
    """
    orders = records["kind"] == Kind.ORDER
    if orders.any():
        if not orders.all():
            raise MalformedError(
                "a snapshot has depth and orders", code=ErrorCode.BAD_KIND, field="kind"
            )
        if len(np.unique(records["ref"])) != len(records):
            raise MalformedError(
                "a snapshot names an order twice", code=ErrorCode.OUT_OF_RANGE, field="order_id"
            )
        return
    keys = records["price"] * 2 + (records["side"] & 1)
    if len(np.unique(keys)) != len(keys):
        raise MalformedError(
            "a snapshot names a price twice", code=ErrorCode.OUT_OF_RANGE, field="price"
        )
