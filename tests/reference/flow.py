"""Sums over the trades of a session, and the check against the running volume."""

import math

from market.ticks import Grid

__all__ = ["Session", "VolumeGap"]


class Session:
    """CVD and the volume-weighted price with its deviation."""

    def __init__(self, since: int, complete: bool) -> None:
        self.since = since
        self.complete = complete
        self.first: int | None = None
        self.cvd = 0
        self.s = self.p = self.q = 0.0

    def trade(self, price: int, size: int, signed: int) -> None:
        if self.s == 0.0:
            self.first = price
        assert self.first is not None
        away, volume = float(price - self.first), float(size)
        self.cvd += signed
        self.s += volume
        self.p += away * volume
        self.q += away * away * volume

    def fields(self, tick: Grid) -> dict[str, float | None]:
        if self.first is None or self.s == 0.0:
            return {"cvd": None, "vwap": None, "vwap_dev": None}
        mean = self.p / self.s
        variance = max(self.q / self.s - mean * mean, 0.0)
        return {
            "cvd": float(self.cvd),
            "vwap": (self.first + mean) * tick.numerator / tick.denominator,
            "vwap_dev": math.sqrt(variance) * tick.numerator / tick.denominator,
        }


class VolumeGap:
    """Change of the feed's running volume minus the trades that arrived."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last = 0
        self.traded = 0
        self.gap: float | None = None

    def trade(self, size: int) -> None:
        self.traded += size

    def running(self, volume: int) -> None:
        if self.first is None or volume < self.last:
            self.first, self.traded, self.gap = volume, 0, None
        else:
            self.gap = float(volume - self.first - self.traded)
        self.last = volume
