"""What the journal holds against what was sent: nothing lost, nothing doubled, nothing changed."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from market.enums import FrameType
from market.record import Frame, times_of
from tests.soak.market import Market

__all__ = ["Audit", "audit"]

_FIELDS = ("kind", "side", "op", "position", "price", "size", "ref")


@dataclass(slots=True)
class Audit:
    """Counts of records, by their numbers."""

    read: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    snapshots: int = 0
    """Frames of snapshots: there should be none, as the ring holds all that is missing."""


def audit(frames: Iterable[Frame], market: Market, sent: int) -> Audit:
    """Compare frames of a journal, in its order, with the ``sent`` records of a fresh market."""
    found = Audit()
    expected = 1
    for frame in frames:
        if frame.type != FrameType.EVENTS:
            found.snapshots += 1
            continue
        count = len(frame.records)
        found.read += count
        if frame.seq > expected:
            missing = frame.seq - expected
            found.lost += missing
            market.take(missing)
            expected += missing
        again = min(expected - frame.seq, count)
        found.doubled += again
        records, times = market.take(count - again)
        same = times_of(frame)[again:] == times
        for name in _FIELDS:
            same &= frame.records[name][again:] == records[name]
        found.changed += int(np.count_nonzero(~same))
        expected += count - again
    found.lost += max(sent - (expected - 1), 0)
    return found
