"""The last records of a stream by their numbers, to send them again."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import FrameFlag
from market.record import RECORD, Frame, Records, make_frames, times_of

__all__ = ["CAPACITY", "Ring"]

CAPACITY: Final = 65_536


class Ring:
    """Records and bars from number ``first`` up to ``end``, which is the next to be given.

    When it is full the oldest ones are forgotten, whether they were acknowledged or not; whoever
    needs them then gets a snapshot.

    Attributes:
        first: oldest number still here.
        end: next number.
        overrun: numbers forgotten before they were acknowledged.
    """

    __slots__ = ("_bars", "_flags", "_records", "_times", "acked", "end", "first", "overrun")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._records: Final[Records] = np.zeros(capacity, RECORD)
        self._times: Final = np.zeros(capacity, np.int64)
        self._flags: Final = np.zeros(capacity, np.uint8)
        self._bars: Final[dict[int, Mapping[str, Any]]] = {}
        self.first = 1
        self.end = 1
        self.acked = 0
        self.overrun = 0

    def __len__(self) -> int:
        """Most records it holds."""
        return len(self._records)

    @property
    def room(self) -> int:
        """Numbers that can be given before one is forgotten that was not acknowledged."""
        return len(self._records) - (self.end - 1 - self.acked)

    def append(self, frame: Frame) -> None:
        """Take the records of a frame in; they get the next numbers."""
        count = len(frame.records)
        if count > len(self._records):
            raise ValueError(f"{count} records do not fit into a ring of {len(self._records)}")
        flags = np.full(count, frame.flags & FrameFlag.HISTORICAL, np.uint8)
        if frame.historical and count:
            flags[-1] |= frame.flags & FrameFlag.LAST
        start = self.end % len(self._records)
        part = min(count, len(self._records) - start)
        for place, values in (
            (self._records, frame.records),
            (self._times, times_of(frame)),
            (self._flags, flags),
        ):
            place[start : start + part] = values[:part]
            place[: count - part] = values[part:]
        self._grow(count)

    def append_bar(self, values: Mapping[str, Any]) -> None:
        """Take a bar in; it gets the next number."""
        self._bars[self.end] = values
        self._grow(1)

    def skip(self) -> None:
        """Give a number to nothing: the server then knows that something was lost."""
        self.end += 1
        self.first = self.end
        self._bars.clear()

    def acknowledge(self, seq: int) -> None:
        """Everything up to ``seq`` is safe."""
        self.acked = max(self.acked, min(seq, self.end - 1))

    def resume(self, seq: int) -> None:
        """The server expects ``seq``: what it lost of what it had acknowledged is not safe.

        That it expects it does not say that what is before is written: only an ack does.
        """
        self.acked = min(self.acked, max(seq - 1, 0))

    def bar(self, seq: int) -> Mapping[str, Any] | None:
        """The bar of this number; None: it is a record."""
        return self._bars.get(seq)

    def frame(self, seq: int, most: int) -> Frame:
        """A frame from ``seq`` on, of at most ``most`` records, ending before a bar.

        Historical records and others never share one, and it ends with a back-fill.
        """
        count = min(most, self.end - seq)
        if self._bars:
            count = min((bar - seq for bar in self._bars if seq < bar < seq + count), default=count)
        start = seq % len(self._records)
        stop = start + count
        places: Any = slice(start, stop)
        if stop > len(self._records):
            places = np.arange(start, stop) % len(self._records)
        flags = self._flags[places]
        if flags.any():
            count = _alike(flags)
            whole = isinstance(places, slice)
            places = slice(start, start + count) if whole else places[:count]
        frame = next(make_frames(self._records[places].copy(), self._times[places], seq))
        return frame._replace(flags=int(self._flags[(frame.end - 1) % len(self._flags)]))

    def _grow(self, count: int) -> None:
        self.end += count
        first = max(self.first, self.end - len(self._records))
        if first > self.acked + 1:
            self.overrun += first - max(self.first, self.acked + 1)
        for seq in [seq for seq in self._bars if seq < first]:
            del self._bars[seq]
        self.first = first


def _alike(flags: NDArray[np.uint8]) -> int:
    """How many leading records go into one frame."""
    ends = np.flatnonzero((flags != flags[0]) & (flags != flags[0] | FrameFlag.LAST))
    count = int(ends[0]) if len(ends) else len(flags)
    last = np.flatnonzero(flags[:count] & FrameFlag.LAST)
    return int(last[0]) + 1 if len(last) else count
