"""Stacks of imbalances, absorption and icebergs, slowly, from docs/analytics.md."""

import math
from dataclasses import dataclass, field
from typing import Any

from tests.reference import footprint
from tests.reference.position_book import Rows
from tests.reference.records import ASK, BID
from tests.reference.settings import Settings
from tests.reference.traded import Traded

__all__ = ["KINDS", "Mark", "Marks"]

KINDS = ("resting", "traded", "imbalance_stack", "absorption", "iceberg")
STACK, ABSORBED, ICE = KINDS[2:]
SLOTS = 256
EPISODES = 32


@dataclass
class Mark:
    """A live cluster of one of the three kinds."""

    kind: str
    side: int
    low: int
    high: int
    poc: int
    size: int
    t_first: int
    id: int | None = None
    state: str = "active"
    buy: int = 0
    sell: int = 0
    added: int | None = None
    rel: float | None = None
    bar: int = 0
    peak: int = 0
    told: int = 0


@dataclass
class Episode:
    """What a row traded and showed of late."""

    side: int
    price: int
    last: int = 0
    executed: int = 0
    restored: int = 0
    shown: int = 0
    refills: int = 0
    t_last: int = 0
    fresh: bool = False
    groups: dict[int, int] = field(default_factory=dict)


class Marks:
    """The three kinds; ``traded`` holds the bars."""

    def __init__(self, settings: Settings, traded: Traded) -> None:
        self.settings = settings
        self.traded = traded
        self.marks: list[Mark] = []
        self.spent: list[tuple[int, int, int]] = []
        self.limit: float | None = None
        self.limit_of = -1
        self.range: list[int] = []
        self.fresh = False
        self.lose()

    def lose(self) -> None:
        """Trades were lost, or another session begins."""
        self.trades: list[tuple[int, int, int, int]] = []
        self.begun: dict[tuple[int, int], int] = {}
        self.number = 0
        self.seen = 0
        self.episodes: list[Episode] = []
        self.touch: dict[int, tuple[int, int]] = {}
        self.by_order = False

    def close_bar(self) -> None:
        self.spent = []

    # What comes in

    def trade(self, time: int, price: int, size: int, aggressor: int) -> None:
        self.range.append(price)
        self.fresh = True
        if not (self.settings.absorption or self.settings.icebergs):
            return
        away = self.settings.absorb_ticks
        for at in {trade[1] for trade in self.trades}:
            if price < at - away:
                self.begun[BID, at] = self.number + len(self.trades)
            if price > at + away:
                self.begun[ASK, at] = self.number + len(self.trades)
        self.trades.append((time, price, aggressor, size))

    def modify(self, time: int, side: int, price: int, before: int, size: int) -> None:
        """An order that stays at its price; ``before`` its earlier size."""
        if not self.settings.icebergs or size < before:
            return
        traded = sum(t[3] for t in self.trades if t[:3] == (time, price, 1 - side))
        if not traded:
            return
        episode = self._episode(side, price)
        if episode is None:
            if len(self.episodes) == EPISODES:
                return
            episode = Episode(side, price)
            self.episodes.append(episode)
        episode.groups[time] = traded
        episode.executed = sum(episode.groups.values())
        episode.restored += size
        episode.shown = max(episode.shown, size)
        episode.refills += 1
        episode.t_last = time
        episode.fresh = True

    # An instant

    def evaluate(self, time: int, bids: Rows, asks: Rows, sampled: bool) -> list[dict[str, Any]]:
        fresh, self.fresh = self.fresh, False
        events = self._ends(time)
        if fresh and self.traded.open is not None:
            if self.settings.stacks:
                self._stacks(events, time)
            self._set_limit()
            if self.settings.absorption:
                self._absorption(events, time)
        if self.settings.icebergs:
            self._icebergs(events, time, {BID: bids, ASK: asks}, sampled)
        self.range = []
        return events

    def _beyond(self, side: int, low: int, high: int) -> bool:
        """Whether a trade since the instant before lies beyond by more than the buffer."""
        buffer = self.settings.buffer
        if side == BID:
            return any(price < low - buffer for price in self.range)
        return any(price > high + buffer for price in self.range)

    def _ends(self, time: int) -> list[dict[str, Any]]:
        events = []
        for mark in list(self.marks):
            through = self._beyond(mark.side, mark.low, mark.high)
            if not through and time - mark.t_first < self.settings.expire:
                continue
            self.marks.remove(mark)
            events.append(_event("end", mark, "through" if through else "expired"))
            if not through:
                continue
            if mark.kind == STACK:
                if self.traded.open is not None:
                    self.spent.append((mark.side, mark.low, mark.high))
            elif mark.kind == ABSORBED:
                self.begun[mark.side, mark.low] = self.number + len(self.trades)
            else:
                self.episodes = [
                    e for e in self.episodes if (e.side, e.price) != (mark.side, mark.low)
                ]
        return events

    def end_all(self, reason: str) -> list[dict[str, Any]]:
        ended, self.marks = self.marks, []
        self.lose()
        return [_event("end", mark, reason) for mark in ended]

    def _live(self, kind: str, side: int, low: int, high: int) -> Mark | None:
        for mark in self.marks:
            if (mark.kind, mark.side) == (kind, side) and mark.low <= high and low <= mark.high:
                return mark
        return None

    def _new(self, events: list[dict[str, Any]], mark: Mark) -> None:
        if len(self.marks) == SLOTS:
            return
        mark.peak = mark.told = mark.size
        self.marks.append(mark)
        events.append(_event("new", mark, None))

    def _grown(self, events: list[dict[str, Any]], mark: Mark, moved: bool) -> None:
        mark.peak = max(mark.peak, mark.size)
        if moved or abs(mark.size - mark.told) >= self.settings.update_share * mark.peak:
            mark.told = mark.size
            events.append(_event("update", mark, None))

    # Stacks

    def _stacks(self, events: list[dict[str, Any]], time: int) -> None:
        bar = self.traded.open
        assert bar is not None
        settings = self.settings
        rule = footprint.Rule(
            settings.stack_ratio,
            settings.stack_difference,
            settings.stack_volume,
            settings.stack_mode,
            settings.stack_zero,
        )
        buys = {price: cell.buy for price, cell in bar.cells.items()}
        sells = {price: cell.sell for price, cell in bar.cells.items()}
        for side, what, own in ((BID, footprint.BUY, buys), (ASK, footprint.SELL, sells)):
            other = sells if side == BID else buys
            step = 0 if rule.mode == "horizontal" else (-1 if side == BID else 1)
            for low, high in footprint.stacks(buys, sells, what, rule, settings.stack_rows):
                rows = range(low, high + 1)
                size = sum(own[p] for p in rows)
                against = sum(other.get(p + step, 0) for p in rows)
                found = Mark(side=side, kind=STACK, low=low, high=high, poc=0, size=size, t_first=0)
                found.poc = max(rows, key=lambda p, own=own: (own[p], -p))  # type: ignore[misc]
                found.buy = sum(buys[p] for p in rows)
                found.sell = sum(sells[p] for p in rows)
                found.rel = size / against if against else None
                found.bar = bar.start
                found.t_first = time
                self._stack(events, found)

    def _stack(self, events: list[dict[str, Any]], found: Mark) -> None:
        mark = self._live(STACK, found.side, found.low, found.high)
        if mark is None:
            if not any(
                side == found.side and low <= found.high and found.low <= high
                for side, low, high in self.spent
            ):
                self._new(events, found)
        elif mark.bar == found.bar or found.size > mark.size:
            moved = (mark.low, mark.high) != (found.low, found.high)
            for name in ("low", "high", "poc", "size", "buy", "sell", "rel", "bar"):
                setattr(mark, name, getattr(found, name))
            self._grown(events, mark, moved)

    # Absorption

    def _set_limit(self) -> None:
        settings = self.settings
        bar = self.traded.open
        assert bar is not None
        if self.limit_of == bar.start:
            return
        self.limit_of = bar.start
        self.limit = settings.absorb_fixed
        if self.limit is not None:
            return
        minute = 60 * 10**9
        volumes = [
            float(volume)
            for closed in self.traded.closed
            if closed.start + minute > bar.start - settings.sums_window
            for price in sorted(closed.cells)
            for volume in (closed.cells[price].buy, closed.cells[price].sell)
            if volume > 0
        ]
        if len(volumes) < settings.sums_min:
            return
        total = 0.0
        for volume in volumes:
            total += volume
        mean = total / len(volumes)
        squares = 0.0
        for volume in volumes:
            squares += (volume - mean) * (volume - mean)
        self.limit = mean + settings.absorb_deviations * math.sqrt(squares / len(volumes))

    def _recent(self, time: int, side: int, price: int) -> int:
        """Volume of the aggressors that hit a side's row, since it began anew."""
        begun = self.begun.get((side, price), 0)
        return sum(
            size
            for number, (when, at, aggressor, size) in enumerate(self.trades, self.number)
            if number >= begun and at == price and aggressor == 1 - side
            if when > time - self.settings.absorb_window
        )

    def _absorption(self, events: list[dict[str, Any]], time: int) -> None:
        if self.limit is None:
            return
        for price in sorted({trade[1] for trade in self.trades}):
            volumes = {side: self._recent(time, side, price) for side in (ASK, BID)}
            for side, volume in volumes.items():
                if volume == 0 or volume < self.limit:
                    continue
                mark = self._live(ABSORBED, side, price, price)
                if mark is not None and volume <= mark.size:
                    continue
                known = mark or Mark(ABSORBED, side, price, price, price, volume, time)
                known.size, known.rel = volume, volume / self.limit
                known.buy, known.sell = volumes[ASK], volumes[BID]
                if mark is None:
                    self._new(events, known)
                else:
                    self._grown(events, known, False)

    # Icebergs

    def _episode(self, side: int, price: int) -> Episode | None:
        return next((e for e in self.episodes if (e.side, e.price) == (side, price)), None)

    def _icebergs(
        self, events: list[dict[str, Any]], time: int, rows: dict[int, Rows], sampled: bool
    ) -> None:
        self.episodes = [
            e
            for e in self.episodes
            if time - e.t_last <= self.settings.iceberg_window
            and not self._beyond(e.side, e.price, e.price)
        ]
        if not self.by_order:
            if sampled:
                self._follow(time, rows)
            else:
                self.episodes = []
                self.touch = {}
        self.seen = len(self.trades)
        for episode in self.episodes:
            fresh, episode.fresh = episode.fresh, False
            if fresh and self._enough(episode):
                self._ice(events, time, episode)

    def _follow(self, time: int, rows: dict[int, Rows]) -> None:
        fresh = self.trades[self.seen :]

        def traded(side: int, price: int) -> int:
            return sum(t[3] for t in fresh if t[1] == price and t[2] == 1 - side)

        living = []
        for episode in self.episodes:
            now = dict(rows[episode.side]).get(episode.price, 0)
            if now:
                self._exchange(episode, now, traded(episode.side, episode.price), time)
                living.append(episode)
        self.episodes = living
        for side in (BID, ASK):
            price, size = self.touch.get(side, (0, 0))
            now = dict(rows[side]).get(price, 0)
            known = self._episode(side, price) is not None or len(self.episodes) == EPISODES
            if size and now and traded(side, price) and not known:
                episode = Episode(side, price, last=size, shown=size)
                self._exchange(episode, now, traded(side, price), time)
                self.episodes.append(episode)
            self.touch[side] = rows[side][0]

    def _exchange(self, episode: Episode, now: int, traded: int, time: int) -> None:
        if traded:
            episode.executed += traded
            episode.restored += min(max(now - episode.last + traded, 0), traded)
            episode.t_last = time
            episode.fresh = True
        episode.shown = max(episode.shown, now)
        episode.last = now

    def _enough(self, episode: Episode) -> bool:
        settings = self.settings
        if self.by_order:
            return episode.refills >= settings.iceberg_refills
        return (
            self.limit is not None
            and episode.executed >= self.limit
            and episode.executed >= settings.iceberg_factor * episode.shown
            and episode.restored >= settings.iceberg_share * episode.executed
        )

    def _ice(self, events: list[dict[str, Any]], time: int, episode: Episode) -> None:
        side, price, size = episode.side, episode.price, episode.executed
        mark = self._live(ICE, side, price, price)
        if mark is not None and size <= mark.size:
            return
        known = mark or Mark(ICE, side, price, price, price, size, time)
        known.size = size
        known.buy, known.sell = (size, 0) if side == ASK else (0, size)
        known.added, known.rel = episode.restored, size / episode.shown
        if not self.by_order:
            known.state = "suspected"
        if mark is None:
            self._new(events, known)
        else:
            self._grown(events, known, False)


def _event(word: str, mark: Mark, reason: str | None) -> dict[str, Any]:
    state = "ended" if word == "end" else mark.state
    return {"event": word, "cluster": mark, "state": state, "reason": reason}
