"""Volume-synchronised imbalance, from docs/analytics.md: every step of volume by itself."""

from tests.reference.settings import Settings

__all__ = ["Toxicity"]


class Toxicity:
    """Buckets of equal volume, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.full: list[int] = []
        self.gap()

    def gap(self) -> None:
        self.open: list[tuple[int, int]] = []
        self.room = self.settings.toxicity_volume

    def trade(self, size: int, signed: int) -> None:
        """``signed``: size, negative for a sell, 0 for an unknown aggressor."""
        if not self.settings.toxicity:
            return
        direction = (signed > 0) - (signed < 0)
        while size:
            part = min(size, self.room)
            self.open.append((part, direction))
            self.room -= part
            size -= part
            if self.room == 0:
                self.full.append(abs(sum(part * direction for part, direction in self.open)))
                self.gap()

    def value(self) -> float | None:
        n = self.settings.toxicity_n
        if not self.settings.toxicity or len(self.full) < n:
            return None
        return float(sum(self.full[-n:])) / float(n * self.settings.toxicity_volume)
