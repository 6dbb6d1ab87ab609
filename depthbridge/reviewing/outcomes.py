"""A session's path of mid, and what follows a moment on it; pure."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["HORIZONS", "Outcome", "Path", "SignalAt"]

HORIZONS: Final = (10, 60, 300)
"""Seconds after a signal."""
_NS: Final = 1_000_000_000


class SignalAt(NamedTuple):
    """A signal as far as its outcome goes.

    Attributes:
        time: of its instant, ns UTC.
        rule: its kind.
        direction: 1 up, -1 down.
    """

    time: int
    rule: str
    direction: int


class Outcome(NamedTuple):
    """What followed, in ticks, in the direction of the signal.

    Attributes:
        move: mid at the horizon less mid at the moment.
        favourable: farthest in the direction on the way, at least 0.
        adverse: farthest against it, at least 0.
    """

    move: float
    favourable: float
    adverse: float


@dataclass(frozen=True, slots=True)
class Path:
    """Mid at the instants of one session.

    Attributes:
        begin: time of the first instant, ns UTC.
        step: between two instants, ns.
        mids: ticks, float64; NaN where the book has no mid.
    """

    begin: int
    step: int
    mids: NDArray[np.float64]

    def place(self, time: int) -> int:
        """The instant at or after a time."""
        return -(-(time - self.begin) // self.step)

    def holds(self, place: int, seconds: int) -> bool:
        """Whether mid is known at an instant and so many seconds later, within the session."""
        end = place + seconds * _NS // self.step
        if place < 0 or end >= len(self.mids):
            return False
        return not (np.isnan(self.mids[place]) or np.isnan(self.mids[end]))

    def outcome(self, place: int, direction: int, seconds: int) -> Outcome | None:
        """What followed an instant; None where ``holds`` says no."""
        if not self.holds(place, seconds):
            return None
        end = place + seconds * _NS // self.step
        way = (self.mids[place : end + 1] - self.mids[place]) * direction
        return Outcome(
            float(way[-1]), float(max(np.nanmax(way), 0.0)), float(max(-np.nanmin(way), 0.0))
        )
