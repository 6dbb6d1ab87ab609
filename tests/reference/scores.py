"""Momentum and volume: the present change and the present volume against their own past."""

import math

from tests.reference.ewma import Ewma
from tests.reference.settings import Settings

__all__ = ["Momentum", "Volume"]


class Momentum:
    """Change of mid over h seconds in units of its own root mean square."""

    def __init__(self, settings: Settings) -> None:
        self.h = settings.momentum_h
        self.mids: list[int | None] = []
        self.seen = 0
        self.variance = Ewma(settings.momentum_half_life)
        self.score: float | None = None

    def at_second(self, time: int, mid: int | None) -> None:
        """``mid`` in half ticks, None while paused."""
        self.score = None
        self.mids.append(mid)
        if len(self.mids) <= self.h or mid is None:
            return
        earlier = self.mids[-1 - self.h]
        if earlier is None:
            return
        change = float(mid - earlier)
        if self.warm:
            v = self.variance.value()
            if v != 0.0:
                z = change / math.sqrt(v) / 3.0
                self.score = 100.0 * max(-1.0, min(1.0, z))
        self.variance.add(change * change, time)
        self.seen += 1

    @property
    def warm(self) -> bool:
        return self.seen >= 10 * self.h


class Volume:
    """Mid-rank percentile of the last window's volume among the windows before it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.open = 0
        self.partial = True
        self.traded = False
        self.windows: list[int] = []
        self.score: float | None = None

    def trade(self, size: int) -> None:
        self.open += size
        self.traded = True

    def at_window(self, stale: bool) -> None:
        volume, self.open = self.open, 0
        partial, self.partial = self.partial, stale
        if partial:
            return
        past = self.windows[-self.settings.volume_n :]
        if self.traded and len(past) >= self.settings.volume_min:
            below = sum(earlier < volume for earlier in past)
            equal = sum(earlier == volume for earlier in past)
            self.score = 100.0 * (below + equal / 2) / len(past)
        self.windows.append(volume)

    @property
    def warm(self) -> bool:
        return len(self.windows) >= self.settings.volume_n
