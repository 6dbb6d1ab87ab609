"""The frames of a snapshot on their way to a whole one."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from market.enums import FrameFlag
from market.record import Frame, Records

__all__ = ["SnapshotParts", "records_of"]


class SnapshotParts:
    """What has come of a snapshot.

    Its frames carry one number, and the last is marked. One that began and never ended is dropped
    where another number comes; whoever knows earlier that it is lost says so by :meth:`clear`.
    """

    __slots__ = ("_frames",)

    def __init__(self, frames: Iterable[Frame] = ()) -> None:
        self._frames = list(frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)

    def add(self, frame: Frame) -> tuple[Frame, ...] | None:
        """Take the next frame; returns all of them, and forgets them, if it is the last."""
        if self._frames and self._frames[0].seq != frame.seq:
            self._frames.clear()
        self._frames.append(frame)
        if not frame.flags & FrameFlag.LAST:
            return None
        whole = tuple(self._frames)
        self._frames.clear()
        return whole

    def clear(self) -> None:
        """Forget what has come."""
        self._frames.clear()


def records_of(parts: Sequence[Frame]) -> Records:
    """The records of a snapshot's frames."""
    if len(parts) == 1:
        return parts[0].records
    records: Records = np.concatenate([part.records for part in parts])
    return records
