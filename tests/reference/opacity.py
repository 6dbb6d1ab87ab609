"""How a size compares with the visible sizes of the last half hour, in 20 steps."""

from tests.reference.bars import MINUTE
from tests.reference.position_book import Rows
from tests.reference.settings import Settings

__all__ = ["Opacity", "bin_floor"]

_EXACT = 64
_PER_OCTAVE = 32


def bin_floor(size: int) -> int:
    """Lower edge of the bin: exact below 64, then 32 bins to the octave."""
    if size < _EXACT:
        return size
    width = 1 << (size.bit_length() - 1 - _PER_OCTAVE.bit_length() + 1)
    return size - size % width


class Opacity:
    """Every visible size at every sampled instant, by aligned minute."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.samples = 0
        self.minutes: dict[int, dict[int, int]] = {}

    def sample(self, time: int, bids: Rows, asks: Rows) -> None:
        minute = time // MINUTE
        self.samples += 1
        bins = self.minutes.setdefault(minute, {})
        for _, size in bids + asks:
            floor = bin_floor(size)
            bins[floor] = bins.get(floor, 0) + 1
        oldest = minute - self.settings.opacity_minutes + 1
        self.minutes = {m: b for m, b in self.minutes.items() if m >= oldest}

    def level(self, size: int) -> int | None:
        """Opacity 0 to 100 of a row of this size."""
        if self.samples < self.settings.opacity_min:
            return None
        bins: dict[int, int] = {}
        for minute in self.minutes.values():
            for floor, count in minute.items():
                bins[floor] = bins.get(floor, 0) + count
        low = min(bins)
        high = self._ninety_ninth(bins)
        if high == low:
            u = 1.0 if size > low else 0.0
        else:
            u = max(0.0, min(1.0, (size - low) / (high - low)))
        return 5 * sum(u > (j / 20) ** (1 / self.settings.gamma) for j in range(20))

    def _ninety_ninth(self, bins: dict[int, int]) -> int:
        total = sum(bins.values())
        reached = 0
        for floor in sorted(bins):
            reached += bins[floor]
            if 100 * reached >= 99 * total:
                return floor
        raise AssertionError("unreachable")
