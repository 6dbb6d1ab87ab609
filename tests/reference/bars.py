"""1-minute bars of trades (of mid, until there are trades) and their composite score."""

from dataclasses import dataclass

from tests.reference.settings import Settings

__all__ = ["MINUTE", "Bar", "Bars"]

MINUTE = 60 * 10**9


@dataclass
class Bar:
    """Prices in ticks, or in half ticks for bars of mid."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    delta: int = 0

    def add(self, price: int) -> None:
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price


class Bars:
    """The open bar and all closed ones."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.of_mid = True
        self.open: Bar | None = None
        self.closed: list[Bar] = []

    def trade(self, time: int, price: int, size: int, signed: int) -> None:
        if self.of_mid:
            self.of_mid = False
            self.open = None
            self.closed = []
        self._add(time - time % MINUTE, price)
        assert self.open is not None
        self.open.volume += size
        self.open.delta += signed

    def sample(self, time: int, mid: int) -> None:
        """A sampled instant; it belongs to the minute that it ends or lies in."""
        if self.of_mid:
            self._add((time - 1) - (time - 1) % MINUTE, mid)

    def close(self) -> None:
        """A minute is over."""
        if self.open is not None:
            self.closed.append(self.open)
            self.open = None

    def _add(self, start: int, price: int) -> None:
        if self.open is None:
            self.open = Bar(start, price, price, price, price)
        self.open.add(price)

    def score(self, bar: Bar) -> float:
        if self.of_mid:
            return 100.0 * (bar.close - bar.open) / max(bar.high - bar.low, 2)
        first = 50.0 * (bar.close - bar.open) / max(bar.high - bar.low, 1)
        return first + (50.0 * bar.delta / bar.volume if bar.volume else 0.0)

    def composite(self) -> float | None:
        if len(self.closed) < 5:
            return None
        total = 0.0
        for bar in self.closed[-5:]:
            total += self.score(bar)
        return total / 5.0

    def outlook(self) -> str | None:
        composite = self.composite()
        if composite is None:
            return None
        if abs(composite) <= self.settings.neutral:
            return "neutral"
        change = self.closed[-1].close - self.closed[-5].open
        same = (change > 0) if composite > 0 else (change < 0)
        word = "bullish" if composite > 0 else "bearish"
        return f"{'continue' if same else 'reversal'}_{word}"
