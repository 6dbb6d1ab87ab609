"""The last records of a stream by their numbers, to send them again."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

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

    __slots__ = ("_bars", "_records", "_times", "acked", "end", "first", "overrun")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._records: Final[Records] = np.zeros(capacity, RECORD)
        self._times: Final = np.zeros(capacity, np.int64)
        self._bars: Final[dict[int, Mapping[str, Any]]] = {}
        self.first = 1
        self.end = 1
        self.acked = 0
        self.overrun = 0

    @property
    def room(self) -> int:
        """Numbers that can be given before one is forgotten that was not acknowledged."""
        return len(self._records) - (self.end - 1 - self.acked)

    def append(self, frame: Frame) -> None:
        """Take the records of a frame in; they get the next numbers."""
        count = len(frame.records)
        if count > len(self._records):
            raise ValueError(f"{count} records do not fit into a ring of {len(self._records)}")
        times = times_of(frame)
        start = self.end % len(self._records)
        part = min(count, len(self._records) - start)
        self._records[start : start + part] = frame.records[:part]
        self._times[start : start + part] = times[:part]
        self._records[: count - part] = frame.records[part:]
        self._times[: count - part] = times[part:]
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

    def bar(self, seq: int) -> Mapping[str, Any] | None:
        """The bar of this number; None: it is a record."""
        return self._bars.get(seq)

    def frame(self, seq: int, most: int) -> Frame:
        """A frame from ``seq`` on, of at most ``most`` records, ending before a bar."""
        count = min(most, self.end - seq)
        if self._bars:
            count = min((bar - seq for bar in self._bars if seq < bar < seq + count), default=count)
        start = seq % len(self._records)
        stop = start + count
        if stop <= len(self._records):
            records, times = self._records[start:stop].copy(), self._times[start:stop]
        else:
            places = np.arange(start, stop) % len(self._records)
            records, times = self._records[places], self._times[places]
        return next(make_frames(records, times, seq))

    def _grow(self, count: int) -> None:
        self.end += count
        first = max(self.first, self.end - len(self._records))
        if first > self.acked + 1:
            self.overrun += first - max(self.first, self.acked + 1)
        for seq in [seq for seq in self._bars if seq < first]:
            del self._bars[seq]
        self.first = first
