"""What becomes of a snapshot's frames until the last one."""

import numpy as np
import pytest

from market.enums import FrameFlag, FrameType
from market.parts import SnapshotParts, records_of
from market.record import RECORD, Frame

PART, LAST = int(FrameType.SNAPSHOT), int(FrameFlag.LAST)


def part(seq: int, price: int, flags: int = 0) -> Frame:
    records = np.zeros(1, RECORD)
    records["price"] = price
    return Frame(records, 0, seq, PART, flags)


def prices(frames: tuple[Frame, ...] | None) -> list[int]:
    assert frames is not None
    found: list[int] = records_of(frames)["price"].tolist()
    return found


def test_the_last_frame_gives_all_in_their_order_and_leaves_nothing() -> None:
    parts = SnapshotParts()
    assert parts.add(part(7, 1)) is None
    assert parts.add(part(7, 2)) is None
    assert len(parts) == 2
    assert prices(parts.add(part(7, 3, LAST))) == [1, 2, 3]
    assert len(parts) == 0
    assert prices(parts.add(part(7, 4, LAST))) == [4]


def test_another_number_begins_another_snapshot() -> None:
    parts = SnapshotParts()
    parts.add(part(7, 1))
    parts.add(part(9, 2))
    assert prices(parts.add(part(9, 3, LAST))) == [2, 3]


@pytest.mark.parametrize("cleared", [True, False])
def test_what_was_cleared_is_forgotten(cleared: bool) -> None:
    parts = SnapshotParts([part(7, 1)])
    assert [frame.seq for frame in parts] == [7]
    if cleared:
        parts.clear()
    assert prices(parts.add(part(7, 2, LAST))) == ([2] if cleared else [1, 2])


def test_one_frame_is_not_copied() -> None:
    frame = part(7, 1, LAST)
    assert records_of([frame]) is frame.records
