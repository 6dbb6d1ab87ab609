"""Deadlines of many connections behind one timer, a few at a time.

Who connects five hundred times at once is late five hundred times at once: no turn of the event
loop ends more than a few of them, so that the others' messages are worked on in between.
"""

import asyncio
import heapq
from collections.abc import Callable
from typing import Final

__all__ = ["Deadline", "Deadlines"]

_TURN: Final = 2
"""Deadlines that pass in one turn: ending a connection takes 30 µs, and 300 µs if an application
waits for its body."""
_EARLY_S: Final = 0.001
"""A timer is rounded to this much: one that came early would be set again, for no time at all."""


class Deadlines:
    """The deadlines of one event loop."""

    __slots__ = ("_heap", "_loop", "_number", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Deadline]] = []
        self._number = 0
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0

    def __len__(self) -> int:
        return len(self._heap)

    def time(self) -> float:
        """The loop's time."""
        return self._loop.time()

    def look_at(self, when: float, deadline: "Deadline") -> None:
        """Call ``deadline.look`` then, at most a millisecond earlier, or in a turn that follows."""
        self._number += 1
        heapq.heappush(self._heap, (when, self._number, deadline))
        if self._timer is None or when < self._timer_at:
            self._wake(when)

    def _wake(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self._turn)

    def _turn(self) -> None:
        heap, now = self._heap, self._loop.time() + _EARLY_S
        self._timer = None
        for _ in range(_TURN):
            if not heap or heap[0][0] > now:
                break
            when, _, deadline = heapq.heappop(heap)
            deadline.look(when, now)
        if not heap:
            return
        if heap[0][0] > now:
            self._wake(heap[0][0])
        else:
            self._timer_at = now
            self._timer = self._loop.call_soon(self._turn)


class Deadline:
    """Calls back when its time has passed. Moving it to later costs nothing: it is looked at again.

    What it no longer needs stays among the deadlines until its time, without its callback.
    """

    __slots__ = ("_all", "_at", "_look_at", "_passed")

    def __init__(self, deadlines: Deadlines, passed: Callable[[], None]) -> None:
        """Begin without a time.

        Args:
            deadlines: of the loop.
            passed: called once each time a deadline passes.
        """
        self._all = deadlines
        self._passed: Callable[[], None] | None = passed
        self._at = 0.0
        self._look_at = 0.0

    def set(self, seconds: float) -> None:
        """From now on so many seconds. A time that was set before no longer counts."""
        self._at = at = self._all.time() + seconds
        if not self._look_at or at < self._look_at:
            self._look_at = at
            self._all.look_at(at, self)

    def clear(self) -> None:
        """No deadline."""
        self._at = 0.0

    def end(self) -> None:
        """No deadline, and none will be set any more."""
        self._at = 0.0
        self._passed = None

    def look(self, when: float, now: float) -> None:
        """For the deadlines: it is ``now``, and ``when`` is when this was to be looked at."""
        if when != self._look_at:  # an earlier look has taken its place
            return
        self._look_at = 0.0
        if not self._at or self._passed is None:
            return
        if now < self._at:
            self._look_at = self._at
            self._all.look_at(self._at, self)
        else:
            self._at = 0.0
            self._passed()
