"""Volume by price, point of control and value area."""

from collections.abc import Mapping

from tests.reference.bars import MINUTE
from tests.reference.settings import Settings

__all__ = ["PRESETS", "Profile", "point_of_control", "value_area"]

PRESETS = {"cbot2": (2, 0.70), "single": (1, 0.70), "nt68": (2, 0.68)}
"""Rows compared at a time, and the share to reach."""


def point_of_control(volumes: Mapping[int, int]) -> int:
    """The row with the largest volume; ties: nearest the middle of the range, then the lower."""
    low, high = min(volumes), max(volumes)
    return min(volumes, key=lambda p: (-volumes[p], abs(2 * p - (low + high)), p))


def value_area(volumes: Mapping[int, int], preset: str) -> tuple[int, int]:
    """Lowest and highest row."""
    step, share = PRESETS[preset]
    bottom, top = min(volumes), max(volumes)
    total = sum(volumes.values())
    low = high = point_of_control(volumes)
    inside = volumes[low]
    while inside < share * total:
        above = range(high + 1, min(high + step, top) + 1)
        below = range(low - 1, max(low - step, bottom) - 1, -1)
        up = sum(volumes.get(p, 0) for p in above)
        down = sum(volumes.get(p, 0) for p in below)
        if above and (not below or up >= down):
            high, inside = above[-1], inside + up
        else:
            low, inside = below[-1], inside + down
    return low, high


class Profile:
    """Cells (buy, sell, unknown) by price, of the session and of the last minutes."""

    def __init__(self, settings: Settings) -> None:
        self.minutes_kept = settings.rolling_minutes
        self.session: dict[int, list[int]] = {}
        self.minutes: dict[int, dict[int, list[int]]] = {}

    def trade(self, time: int, price: int, size: int, aggressor: int) -> None:
        minute = self.minutes.setdefault(time // MINUTE, {})
        for cells in (self.session, minute):
            cell = cells.setdefault(price, [0, 0, 0])
            cell[(1, 0, 2)[aggressor]] += size

    def tell(self, price: int, size: int, aggressor: int) -> None:
        """A trade of the past, for the session alone."""
        self.session.setdefault(price, [0, 0, 0])[(1, 0, 2)[aggressor]] += size

    def new_session(self) -> None:
        self.session = {}

    def rolling(self, time: int) -> dict[int, list[int]]:
        """Cells of the last minutes, the one that holds ``time`` included."""
        oldest = time // MINUTE - self.minutes_kept + 1
        cells: dict[int, list[int]] = {}
        for minute, rows in self.minutes.items():
            if minute >= oldest:
                for price, cell in rows.items():
                    old = cells.get(price, [0, 0, 0])
                    cells[price] = [a + b for a, b in zip(old, cell, strict=True)]
        return cells
