"""Traded clusters: price rows where far more traded in a minute than in the half hour before."""

import math
from dataclasses import dataclass, field
from typing import Any

from tests.reference.bars import MINUTE
from tests.reference.records import ASK, BID
from tests.reference.settings import Settings

__all__ = ["Cluster", "Traded"]


@dataclass
class Cell:
    buy: int = 0
    sell: int = 0
    unknown: int = 0
    trades: int = 0

    @property
    def volume(self) -> int:
        return self.buy + self.sell + self.unknown


@dataclass
class Minute:
    """Cells by price of one bar."""

    start: int
    cells: dict[int, Cell] = field(default_factory=dict)


@dataclass
class Cluster:
    """One row (or window of rows) that stood out."""

    side: int
    low: int
    high: int
    poc: int
    size: int
    buy: int
    sell: int
    t_first: int
    rel: float
    id: int | None = None
    told: int = 0
    lowest: int | None = None
    highest: int | None = None
    kind: str = "traded"
    added: int | None = None
    peak: int = 0


class Traded:
    """Bars with cells, and the clusters that live on them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.open: Minute | None = None
        self.closed: list[Minute] = []
        self.clusters: list[Cluster] = []
        self.crossed: set[int] = set()
        self.fresh = False
        self.known: tuple[int, tuple[float, float] | None] = (-1, None)

    def trade(self, time: int, price: int, size: int, aggressor: int) -> None:
        if self.open is None:
            self.open = Minute(time - time % MINUTE)
        self.fresh = True
        cell = self.open.cells.setdefault(price, Cell())
        cell.buy += size if aggressor == 1 else 0
        cell.sell += size if aggressor == 0 else 0
        cell.unknown += size if aggressor == 2 else 0
        cell.trades += 1
        for cluster in self.clusters:
            lows = [p for p in (cluster.lowest, price) if p is not None]
            highs = [p for p in (cluster.highest, price) if p is not None]
            cluster.lowest, cluster.highest = min(lows), max(highs)

    def close(self) -> None:
        self.crossed = set()
        if self.open is not None:
            self.closed.append(self.open)
            self.open = None

    def evaluate(self, time: int) -> list[dict[str, Any]]:
        events = []
        living = []
        for cluster in self.clusters:
            reason = self._end_reason(cluster, time)
            if reason == "through" and self.open is not None:
                self.crossed.add(cluster.low)
            if reason:
                events.append(
                    {"event": "end", "cluster": cluster, "state": "ended", "reason": reason}
                )
            else:
                living.append(cluster)
        self.clusters = living
        fresh, self.fresh = self.fresh, False
        threshold = self._threshold()
        if self.open is None or threshold is None or not fresh:
            return events
        limit, mean = threshold
        bars = [*self._last_bars(len(self.closed)), self.open]
        for price in sorted(self.open.cells):
            measure, cells = self._window(bars, price)
            if measure >= limit and price not in self.crossed:
                rel = measure / (mean if self.settings.fixed is None else limit)
                self._found(events, time, price, measure, cells, rel)
        return events

    def _found(
        self,
        events: list[dict[str, Any]],
        time: int,
        price: int,
        measure: int,
        cells: list[Cell],
        rel: float,
    ) -> None:
        buy, sell = sum(c.buy for c in cells), sum(c.sell for c in cells)
        for cluster in self.clusters:
            if cluster.low == price:
                if measure > cluster.size:
                    cluster.size, cluster.rel = measure, rel
                    cluster.buy, cluster.sell = buy, sell
                    cluster.poc = self._largest(price)
                    if cluster.size - cluster.told >= self.settings.update_share * cluster.size:
                        cluster.told = cluster.size
                        events.append(
                            {"event": "update", "cluster": cluster, "state": "active"}
                            | {"reason": None}
                        )
                return
        side = BID if buy >= sell else ASK
        high = price + self.settings.price_range - 1
        poc = self._largest(price)
        cluster = Cluster(side, price, high, poc, measure, buy, sell, time, rel, told=measure)
        self.clusters.append(cluster)
        events.append({"event": "new", "cluster": cluster, "state": "active", "reason": None})

    def _largest(self, low: int) -> int:
        """Row of the window with the largest volume; ties: the lower."""
        assert self.open is not None
        bars = [*self._last_bars(len(self.closed)), self.open]
        rows = range(low, low + self.settings.price_range)
        volume = {p: sum(bar.cells[p].volume for bar in bars if p in bar.cells) for p in rows}
        return max(rows, key=lambda p: (volume[p], -p))

    def _end_reason(self, cluster: Cluster, time: int) -> str | None:
        buffer = self.settings.buffer
        if cluster.side == BID:
            through = cluster.lowest is not None and cluster.lowest < cluster.low - buffer
        else:
            through = cluster.highest is not None and cluster.highest > cluster.high + buffer
        if through:
            return "through"
        return "expired" if time - cluster.t_first >= self.settings.expire else None

    def _window(
        self, bars: list[Minute], price: int, height: int | None = None
    ) -> tuple[int, list[Cell]]:
        rows = range(price, price + (height or self.settings.price_range))
        cells = [bar.cells[p] for bar in bars for p in rows if p in bar.cells]
        buy, sell = sum(c.buy for c in cells), sum(c.sell for c in cells)
        unknown, trades = sum(c.unknown for c in cells), sum(c.trades for c in cells)
        measure = {
            "volume": buy + sell + unknown,
            "delta": abs(buy - sell),
            "buy": buy,
            "sell": sell,
            "trades": trades,
        }[self.settings.measure]
        return measure, cells

    def _threshold(self) -> tuple[float, float] | None:
        """Limit and mean."""
        if self.settings.fixed is not None:
            return self.settings.fixed, self.settings.fixed
        if self.open is None:
            return None
        if self.known[0] != self.open.start:
            self.known = (self.open.start, self._statistical(self.open.start))
        return self.known[1]

    def _statistical(self, start: int) -> tuple[float, float] | None:
        sums = self._past_sums(start)
        if len(sums) < self.settings.sums_min:
            return None
        total = 0.0
        for x in sums:
            total += x
        mean = total / len(sums)
        squares = 0.0
        for x in sums:
            squares += (x - mean) * (x - mean)
        deviation = math.sqrt(squares / len(sums))
        return mean + self.settings.deviations * deviation, mean

    def _past_sums(self, start: int) -> list[int]:
        sums = []
        for index, bar in enumerate(self.closed):
            if bar.start + MINUTE > start - self.settings.sums_window:
                bars = [*self._last_bars(index), bar]
                found = [self._window(bars, price)[0] for price in sorted(bar.cells)]
                sums += [x for x in found if x]
        return sums

    def _last_bars(self, count: int) -> list[Minute]:
        """Bars before the last one of a window: the closed one number ``count``, or the open one.

        How far they reach back counts from the newest closed bar of the window's time.
        """
        newest = self.closed[min(count, len(self.closed) - 1)].start if self.closed else 0
        reach = max(self.settings.sums_window, self.settings.rolling_minutes * MINUTE)
        bars = self.closed[max(0, count + 1 - self.settings.bars_range) : count]
        return [bar for bar in bars if bar.start > newest - reach]

    def end_all(self, reason: str) -> list[dict[str, Any]]:
        ended, self.clusters = self.clusters, []
        return [
            {"event": "end", "cluster": cluster, "state": "ended", "reason": reason}
            for cluster in ended
        ]
