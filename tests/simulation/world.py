"""Virtual time: two clocks and what is due, in one order that a seed decides."""

import heapq
import random
from collections.abc import Callable
from typing import Final

__all__ = ["MS", "SECOND", "VirtualClock", "World"]

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000


class VirtualClock:
    """A :class:`server.clock.Clock` that moves only when the world says so."""

    def __init__(self, wall: int) -> None:
        self.monotonic = 1_000 * SECOND
        self.wall = wall

    def monotonic_ns(self) -> int:
        return self.monotonic

    def wall_ns(self) -> int:
        return self.wall


class World:
    """Everything that happens, one thing after the other."""

    def __init__(self, seed: int, wall: int = 1_795_099_800 * SECOND) -> None:
        self.random: Final = random.Random(seed)
        self.clock: Final = VirtualClock(wall)
        self.happened = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0

    @property
    def now(self) -> int:
        return self.clock.monotonic

    def at(self, time: int, what: Callable[[], None]) -> None:
        """``what`` happens at ``time``, after everything that is due then already."""
        self._number += 1
        heapq.heappush(self._due, (max(time, self.now), self._number, what))

    def after(self, delay: int, what: Callable[[], None]) -> None:
        self.at(self.now + delay, what)

    def every(self, interval: int, what: Callable[[], None]) -> None:
        def again() -> None:
            what()
            self.after(interval, again)

        self.after(interval, again)

    def run(self, until: int, done: Callable[[], bool] = lambda: False) -> bool:
        """Let things happen until a time, or until ``done``; returns whether it is done."""
        while self._due and self._due[0][0] <= until:
            if done():
                return True
            time, _, what = heapq.heappop(self._due)
            self._move(time)
            self.happened += 1
            what()
        self._move(until)
        return done()

    def _move(self, time: int) -> None:
        passed = time - self.clock.monotonic
        self.clock.monotonic = time
        self.clock.wall += passed
