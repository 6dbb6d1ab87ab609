"""Resting clusters: zones of the book from birth to end reason, one instant at a time."""

from typing import Any

from tests.reference.ewma import Ewma
from tests.reference.position_book import Rows
from tests.reference.records import ASK, BID
from tests.reference.settings import Settings
from tests.reference.zones import Run, Zone, median_size, runs_of, size_within

__all__ = ["Resting"]

Event = dict[str, Any]


class Resting:
    """All live zones of both sides."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.zones: dict[int, list[Zone]] = {ASK: [], BID: []}
        self.median = Ewma(settings.base_half_life)
        self.base = 0.0

    def trade(self, time: int, price: int, size: int, aggressor: int) -> None:
        for zones in self.zones.values():
            for zone in zones:
                zone.trade(time, price, size, aggressor, self.settings.buffer)

    def sample(self, time: int, bids: Rows, asks: Rows) -> list[Event]:
        """Events without ids of new ones; the order is the caller's."""
        median = median_size(bids, asks)
        expected = self.median.value() if self.median.count else median
        self.base = max(expected, self.settings.threshold)
        self.median.add(median, time)
        events: list[Event] = []
        for side, rows, other in ((BID, bids, asks), (ASK, asks, bids)):
            events += self._side(time, side, rows, other[0][0])
        return events

    def _side(self, time: int, side: int, rows: Rows, other_best: int) -> list[Event]:
        old = self.zones[side]
        inc = self.settings.increment
        runs: list[Run] = []
        if self.base > 0.0:
            lit = {b for zone in old for b in range(zone.run.b_low, zone.run.b_high + 1)}
            on, off = self.settings.on * self.base, self.settings.off * self.base
            runs = runs_of(rows, inc, on, off, lit)
        heirs: dict[int, list[Zone]] = {index: [] for index in range(len(runs))}
        events = []
        for zone in old:
            shared = [
                index
                for index, run in enumerate(runs)
                if run.b_low <= zone.run.b_high and run.b_high >= zone.run.b_low
            ]
            if shared:
                heirs[max(shared, key=lambda i: (runs[i].size, -i))].append(zone)
            else:
                reason = self._reason(zone, rows)
                left = size_within(rows, zone.run.low, zone.run.high)
                self._book(zone, left - zone.run.size + zone.traded)
                zone.run.size = left
                self._end(events, time, zone, reason)
        zones = []
        for index, run in enumerate(runs):
            zones.append(self._inherit(events, time, side, run, heirs[index], rows))
        self.zones[side] = zones
        for zone in zones:
            self._judge(events, time, zone, other_best)
        return events

    def _inherit(
        self, events: list[Event], time: int, side: int, run: Run, old: list[Zone], rows: Rows
    ) -> Zone:
        row_size = dict(rows)[run.poc]
        if not old:
            return Zone(side, run, time, run.size, row_size=row_size)
        heir = min(old, key=lambda z: (z.t_first, z.id is None, z.id or 0, z.run.b_low))
        before = sum(zone.run.size for zone in old)
        traded = sum(zone.traded for zone in old)
        for zone in old:
            if zone is not heir:
                self._merge(heir, zone)
                self._end(events, time, zone, "merged")
        heir.run = run
        heir.row_size = row_size
        heir.traded = 0
        self._book(heir, run.size - before + traded)
        if run.size > heir.peak:
            heir.peak, heir.near_peak = run.size, heir.near
        return heir

    def _book(self, zone: Zone, change: int) -> None:
        zone.added += max(change, 0)
        zone.cancelled += max(-change, 0)

    def _merge(self, heir: Zone, zone: Zone) -> None:
        heir.buy += zone.buy
        heir.sell += zone.sell
        heir.near += zone.near
        heir.near_peak += zone.near_peak
        heir.added += zone.added
        heir.cancelled += zone.cancelled
        touches = [t for t in (heir.t_touch, zone.t_touch) if t is not None]
        heir.t_touch = max(touches) if touches else None
        extremes = [p for p in (heir.beyond, zone.beyond) if p is not None]
        if extremes:
            heir.beyond = min(extremes) if heir.side == BID else max(extremes)

    def _judge(self, events: list[Event], time: int, zone: Zone, other_best: int) -> None:
        settings = self.settings
        low, high = zone.run.low - settings.buffer, zone.run.high + settings.buffer
        fresh = zone.t_touch is not None and time - zone.t_touch <= settings.touch
        zone.state = "touched" if fresh or low <= other_best <= high else "active"
        bounds = (zone.run.low, zone.run.high)
        if zone.id is None:
            if time - zone.t_first < settings.announce:
                return
            word = "new"
        elif (
            zone.state != zone.told_state
            or bounds != zone.told_bounds
            or abs(zone.run.size - zone.told) >= self.settings.update_share * zone.peak
        ):
            word = "update"
        else:
            return
        zone.told, zone.told_state, zone.told_bounds = zone.run.size, zone.state, bounds
        events.append({"event": word, "zone": zone, "state": zone.state, "reason": None})

    def _end(self, events: list[Event], time: int, zone: Zone, reason: str) -> None:
        if zone.id is not None:
            events.append({"event": "end", "zone": zone, "state": "ended", "reason": reason})

    def _reason(self, zone: Zone, rows: Rows) -> str:
        low, high = zone.run.low, zone.run.high
        if zone.through(self.settings.buffer):
            return "through"
        fall = zone.peak - size_within(rows, low, high)
        if fall > 0 and 2 * (zone.near - zone.near_peak) >= fall:
            return "consumed"
        worst = rows[-1][0]
        if low < worst if zone.side == BID else high > worst:
            return "out_of_window"
        return "pulled"

    def end_all(self, reason: str) -> list[Event]:
        events: list[Event] = []
        for side in (BID, ASK):
            for zone in self.zones[side]:
                self._end(events, 0, zone, reason)
            self.zones[side] = []
        return events

    def replaced(self, before: dict[int, Rows], after: dict[int, Rows]) -> list[Event]:
        """A snapshot came: zones whose rows differ end ``stale``."""
        events: list[Event] = []
        for side in (BID, ASK):
            kept = []
            for zone in self.zones[side]:
                low, high = zone.run.low, zone.run.high
                rows = [
                    [row for row in rs[side] if low <= row[0] <= high] for rs in (before, after)
                ]
                if rows[0] == rows[1]:
                    kept.append(zone)
                else:
                    self._end(events, 0, zone, "stale")
            self.zones[side] = kept
        return events
