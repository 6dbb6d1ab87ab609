"""Seeded streams that visit every rule of the analytics: walls, trades, silences, faults, gaps.

A plan is a list of steps: records, heartbeats, gaps and snapshots. Parameters are drawn so small
that scores, warm-ups and expiries are reached within minutes of event time.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.reference.position_book import Rows
from tests.reference.records import (
    ADD,
    ASK,
    BID,
    POSITION,
    PRICE,
    QUOTE,
    REMOVE,
    TRADE,
    UPDATE,
    Rec,
)

__all__ = ["Plan", "Step", "make_plan"]

MS = 10**6
SECOND = 10**9
MINUTE = 60 * SECOND
START = 1_699_999_980 * SECOND
"""A full minute."""


Levels = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Step:
    """``recs``, ``advance``, ``gap`` or ``load``; of records: the book that they lead to."""

    what: str
    time: int = 0
    recs: tuple[Rec, ...] = ()
    bids: Levels = ()
    asks: Levels = ()


@dataclass
class Plan:
    """A stream with the settings it is meant for."""

    depth: int
    tick: str
    settings: dict[str, dict[str, Any]]
    steps: list[Step] = field(default_factory=list)

    @property
    def recs(self) -> list[Rec]:
        return [rec for step in self.steps for rec in step.recs]


def make_plan(seed: int, steps: int = 300, **switches: bool) -> Plan:
    """A plan; ``switches`` turn ``rewinds``, ``gaps``, ``faults`` or ``silences`` off."""
    rng = random.Random(seed)
    plan = Plan(
        depth=rng.choice((1, 2, 5, 10, 10, 20)),
        tick=rng.choice(("0.25", "0.25", "0.1", "0.03125", "0.00005", "5")),
        settings=_settings(rng),
    )
    plan.settings["clusters"] |= _level_settings(random.Random(seed ^ 0x1CEB))
    scores = plan.settings["scores"]
    scores["volume_least"] = min(scores["volume_least"], scores["volume_windows"])
    clusters = plan.settings["clusters"]
    clusters["off_factor"] = min(clusters["off_factor"], clusters["on_factor"])
    _Market(rng, plan, switches).run(steps)
    return plan


def _settings(rng: random.Random) -> dict[str, dict[str, Any]]:
    clusters = {
        "grid_ms": rng.choice((100, 100, 100, 50, 250, 1000)),
        "ClusterIncrement": rng.choice((1, 1, 1, 2, 3, 5)),
        "ClusterBuffer": rng.choice((1, 1, 0, 2)),
        "OrderBookVolumeThreshold": rng.choice((0.0, 0.0, 12.5)),
        "on_factor": rng.choice((3.0, 2.0, 1.5)),
        "off_factor": rng.choice((2.0, 1.25, 0.5)),
        "announce_ms": rng.choice((500, 500, 0, 150, 3000)),
        "touch_ms": rng.choice((100, 100, 0, 1000)),
        "base_half_life_s": rng.choice((60.0, 1.0)),
        "update_share": rng.choice((0.25, 0.1)),
        "bars_range": rng.choice((1, 1, 2, 3)),
        "price_range": rng.choice((1, 1, 2, 4)),
        "measure": rng.choice(("volume", "volume", "delta", "buy", "sell", "trades")),
        "threshold": rng.choice((0.0, 0.0, 0.0, 20.0)),
        "deviations": rng.choice((3.0, 1.0, 0.0)),
        "least_sums": rng.choice((50, 2, 5)),
        "window_min": rng.choice((30, 2, 5)),
        "expire_min": rng.choice((30, 1, 3)),
        "opacity": rng.choice(("normal", "low", "high")),
        "opacity_samples": rng.choice((50, 1)),
    }
    scores = {
        "imbalance": rng.choice(("default", "bookmap")),
        "levels": rng.choice((5, 1, 10)),
        "ofi_half_life_s": rng.choice((60.0, 3.0)),
        "momentum_s": rng.choice((30, 1, 3)),
        "momentum_half_life_s": rng.choice((600.0, 5.0)),
        "volume_window_s": rng.choice((30, 1, 7)),
        "volume_windows": rng.choice((120, 5)),
        "volume_least": rng.choice((20, 2)),
        "neutral": rng.choice((10.0, 0.0)),
    }
    own = random.Random(repr((clusters, scores)))  # later settings leave the streams as they were
    scores["pulling_window_s"] = own.choice((30, 1, 4, 50))
    scores["microprice_least"] = own.choice((1, 20, 1000))
    scores["flow_toxicity"] = own.choice(("on", "on", "off"))
    scores["toxicity_buckets"] = own.choice((50, 3, 1))
    scores["toxicity_volume"] = own.choice((1000, 40, 1))
    rolling = rng.choice((30, 1, 3))
    return {
        "clusters": clusters,
        "scores": scores,
        "profile": {"rolling_minutes": rolling},
        "signals": _signal_settings(rng),
    }


def _signal_settings(rng: random.Random) -> dict[str, Any]:
    switches = ("bounce", "breaks", "stack", "absorption", "pull")
    return {name: rng.choice(("on", "on", "on", "off")) for name in switches} | {
        "bounce_ticks": rng.choice((2, 0, 1)),
        "bounce_imbalance": rng.choice((20.0, 1.0)),
        "bounce_keep": rng.choice((0.5, 0.0, 1.0)),
        "break_ticks": rng.choice((1, 0)),
        "break_share": rng.choice((0.5, 0.01)),
        "stack_hold_ms": rng.choice((1000, 0, 150)),
        "stack_rows": rng.choice((3.0, 1.0)),
        "absorption_ticks": rng.choice((2, 0)),
        "pull_distance": rng.choice((3, 1000)),
        "pull_share": rng.choice((0.5, 0.01)),
        "pull_age_ms": rng.choice((2000, 0)),
        "pull_imbalance": rng.choice((20.0, -100.0)),
        "watch_s": rng.choice((10.0, 0.3, 60.0)),
        "agree": rng.choice((1, 1, 2, 3)),
        "agree_s": rng.choice((30.0, 1.0)),
        "spacing_s": rng.choice((60.0, 0.0, 1.0)),
        "expire_s": rng.choice((30.0, 0.1)),
        "warmup_s": rng.choice((60.0, 0.0, 1.0)),
    }


def _level_settings(rng: random.Random) -> dict[str, Any]:
    """Stacks, absorption and icebergs; drawn apart, so that the streams stay what they were."""
    return {
        "stacks": rng.choice(("on", "on", "on", "off")),
        "stack_preset": rng.choice(("nt", "tv", "atas")),
        "stack_mode": rng.choice(("diagonal", "diagonal", "horizontal")),
        "stack_zero": rng.choice(("allow", "allow", "ignore")),
        "stack_rows": rng.choice((1, 1, 2, 3)),
        "absorption": rng.choice(("on", "on", "on", "off")),
        "absorb_s": rng.choice((60, 10, 1)),
        "absorb_threshold": rng.choice((0.0, 0.0, 5.0, 20.0)),
        "absorb_deviations": rng.choice((4.0, 1.0, 0.0)),
        "absorb_ticks": rng.choice((1, 0, 3)),
        "icebergs": rng.choice(("on", "on", "on", "off")),
        "iceberg_s": rng.choice((60, 10, 1)),
        "iceberg_factor": rng.choice((3.0, 1.0)),
        "iceberg_share": rng.choice((0.8, 0.2)),
    }


class _Market:
    """Levels that change at random, and what a feed would say about it."""

    def __init__(self, rng: random.Random, plan: Plan, switches: dict[str, bool]) -> None:
        self.rng = rng
        self.plan = plan
        self.allowed = switches
        self.by_price = rng.random() < 0.4
        self.time = START + rng.choice((0, 1, 99 * MS, 30 * SECOND, rng.randrange(MINUTE)))
        self.volume = rng.randrange(1000)
        self.middle = rng.choice((1000, 0, -400, 20_000))
        self.common = rng.choice((1, 5, 10, 100))
        self.levels: dict[int, dict[int, int]] = {ASK: {}, BID: {}}
        self.shown: dict[int, Rows] = {ASK: [], BID: []}
        self.pending: list[Rec] = []

    def run(self, steps: int) -> None:
        self._fill()
        self._say()
        actions = (
            [self._resize] * 30
            + [self._wall] * 6
            + [self._shrink] * 6
            + [self._drop] * 5
            + [self._trade] * 16
            + [self._sweep] * 3
            + [self._shift] * 3
            + [self._pass_time] * 40
            + [self._heartbeat] * 3
            + [self._late] * 2
            + [self._quote] * 3
            + [self._oddity]
        )
        for _ in range(steps):
            self.rng.choice(actions)()
        self._flush()

    # Changes of the book

    def _fill(self) -> None:
        spread = self.rng.choice((1, 1, 2, 5))
        for row in range(self.plan.depth + 3):
            gap = self.rng.choice((0, 0, 0, 1, 7))
            self.levels[BID][self.middle - row - gap] = self._size()
            self.levels[ASK][self.middle + spread + row + gap] = self._size()

    def _size(self) -> int:
        return self.rng.randint(1, 2 * self.common)

    def _visible(self, side: int) -> Rows:
        rows = sorted(self.levels[side].items(), reverse=side == BID)
        return rows[: self.plan.depth]

    def _some_price(self, side: int) -> int:
        rows = self._visible(side)
        if not rows:
            return self.middle + (1 if side == ASK else 0)
        return self.rng.choice(rows)[0]

    def _resize(self) -> None:
        side = self.rng.randrange(2)
        price = self._some_price(side) + self.rng.choice((0, 0, 0, 1, -1))
        self._set(side, price, self._size())

    def _wall(self) -> None:
        side = self.rng.randrange(2)
        price = self._some_price(side)
        for offset in range(self.rng.choice((1, 1, 2, 3))):
            self._set(side, price + offset, self.common * self.rng.randint(3, 20))

    def _shrink(self) -> None:
        """Take from the largest level."""
        side = self.rng.randrange(2)
        rows = self._visible(side)
        if rows:
            price, size = max(rows, key=lambda row: row[1])
            left = size * self.rng.choice((0, 1, 3, 5, 7)) // 8
            if self.rng.random() < 0.5:
                self._print(price, size - left, 1 - side)
            self._set(side, price, left)

    def _drop(self) -> None:
        side = self.rng.randrange(2)
        self._set(side, self._some_price(side), 0)
        if len(self.levels[side]) < 3 and self.rng.random() < 0.9:
            self._fill()
            self._say()

    def _set(self, side: int, price: int, size: int) -> None:
        """An uncrossed change, mostly."""
        others = self.levels[1 - side]
        if size and others and self.rng.random() < 0.97:
            best = max(others) if side == ASK else min(others)
            if price <= best if side == ASK else price >= best:
                return
        if size:
            self.levels[side][price] = size
        else:
            self.levels[side].pop(price, None)
        self._say()

    def _shift(self) -> None:
        """The market moves by some ticks."""
        step = self.rng.choice((-3, -1, 1, 3, 40))
        self.middle += step
        for side in (ASK, BID):
            self.levels[side] = {p + step: s for p, s in self.levels[side].items()}
        self._say()

    # What a feed says

    def _say(self) -> None:
        for side in (ASK, BID):
            rows = self._visible(side)
            if self.by_price:
                self._say_prices(side)
            else:
                self._say_rows(side, rows)

    def _say_prices(self, side: int) -> None:
        now = self.levels[side]
        before = dict(self.shown[side])
        for price in before:
            if price not in now:
                op = self.rng.choice((UPDATE, REMOVE))
                self._rec(PRICE, side, op, 0, price, 0)
        for price, size in now.items():
            if before.get(price) != size:
                self._rec(PRICE, side, UPDATE if price in before else ADD, 0, price, size)
        self.shown[side] = list(now.items())

    def _say_rows(self, side: int, rows: Rows) -> None:
        shown = self.shown[side]
        if len(rows) == len(shown) and rows[1:] == shown[:-1] and rows != shown:
            self._rec(POSITION, side, ADD, 0, *rows[0])
            self._rec(POSITION, side, REMOVE, len(rows), shown[-1][0], 0)
        elif rows and len(rows) == len(shown) and rows[:-1] == shown[1:]:
            self._rec(POSITION, side, REMOVE, 0, shown[0][0], 0)
            self._rec(POSITION, side, ADD, len(rows) - 1, *rows[-1])
        else:
            for row in range(len(shown) - 1, len(rows) - 1, -1):
                self._rec(POSITION, side, REMOVE, row, shown[row][0], 0)
            for row, level in enumerate(rows):
                if row >= len(shown):
                    self._rec(POSITION, side, self.rng.choice((ADD, UPDATE)), row, *level)
                elif shown[row] != level:
                    self._rec(POSITION, side, UPDATE, row, *level)
        self.shown[side] = rows

    def _rec(self, kind: int, side: int, op: int, position: int, price: int, size: int) -> None:
        self.pending.append(Rec(self.time, kind, side, op, position, price, size))

    def _print(self, price: int, size: int, aggressor: int) -> None:
        if self.rng.random() < 0.1:
            aggressor = 2
        self._rec(TRADE, aggressor, 1, 0, price, size)
        self.volume += size
        if self.rng.random() < 0.3:
            lost = self.rng.choice((0, 0, 0, 2))
            self._rec(QUOTE, 0, 1, 0, 0, self.volume + lost)

    def _trade(self) -> None:
        side = self.rng.randrange(2)
        rows = self._visible(side)
        if not rows:
            return
        price, size = rows[0]
        traded = self.rng.choice((1, self._size(), size))
        self._print(price, traded, 1 - side)
        if self.rng.random() < 0.8:
            self._set(side, price, max(size - traded, 0))

    def _sweep(self) -> None:
        """Trades through several levels, and sometimes far beyond."""
        side = self.rng.randrange(2)
        for price, size in self._visible(side)[: self.rng.randint(1, 4)]:
            self._print(price, size, 1 - side)
            self._set(side, price, 0)
        if self.rng.random() < 0.2:
            self._print(self._some_price(side) + self.rng.choice((-15, 15)), 1, 2)
        if len(self.levels[side]) < 4:
            self._fill()
            self._say()

    def _quote(self) -> None:
        chance = self.rng.random()
        if chance < 0.1:
            self.volume = self.rng.randrange(100)
        if chance < 0.5:
            self._rec(QUOTE, 0, 1, 0, 0, self.volume)
        else:
            self._rec(QUOTE, self.rng.randrange(2), 0, 0, self.middle, 7)

    # Time

    def _pass_time(self) -> None:
        steps = (1, 1000, MS, 10 * MS, 40 * MS, 99 * MS, 100 * MS, 130 * MS, 400 * MS, SECOND)
        step = self.rng.choice(steps)
        if self.rng.random() < 0.06 and self.allowed.get("silences", True):
            step = self.rng.choice((7 * SECOND, 30 * SECOND, MINUTE, 3 * MINUTE))
        if self.rng.random() < 0.1:
            step = -self.time % (100 * MS) or step
        self.time += step

    def _heartbeat(self) -> None:
        self._flush()
        self.time += self.rng.choice((0, 1, 60 * MS, 100 * MS, 2 * SECOND))
        self.plan.steps.append(Step("advance", self.time))

    def _late(self) -> None:
        """Records that arrive with an earlier time, by at most five seconds."""
        back = self.rng.choice((1, 70 * MS, SECOND, 5 * SECOND))
        now = self.time
        self.time -= back
        self._resize()
        self._trade()
        self.time = now

    def _oddity(self) -> None:
        chance = self.rng.random()
        if chance < 0.4 and self.allowed.get("gaps", True):
            self._gap()
        elif chance < 0.6 and self.allowed.get("rewinds", True):
            self._rewind()
        elif chance < 0.8 and self.allowed.get("faults", True) and not self.by_price:
            self._fault()
        else:
            self._rec(POSITION if not self.by_price else PRICE, ASK, REMOVE, 200, -9999, 0)

    def _gap(self) -> None:
        self._flush()
        self.plan.steps.append(Step("gap"))
        self._lose_time()
        for _ in range(self.rng.choice((0, 0, 3))):
            side = self.rng.randrange(2)
            self.levels[side][self._some_price(side)] = self._size()
        self._snapshot()

    def _lose_time(self) -> None:
        if self.rng.random() < 0.7:
            self.time += self.rng.choice((1, 50 * MS, SECOND, 40 * SECOND))
        if self.rng.random() < 0.3:
            self.plan.steps.append(Step("advance", self.time))

    def _snapshot(self) -> None:
        bids, asks = self._book()
        if self.rng.random() < 0.1:
            bids = ()
        self.plan.steps.append(Step("load", self.time, bids=bids, asks=asks))
        self.levels = {ASK: dict(asks), BID: dict(bids)}
        self.shown = {ASK: list(asks), BID: list(bids)}

    def _book(self) -> tuple[Levels, Levels]:
        kept = None if self.by_price else self.plan.depth
        bids = tuple(sorted(self.levels[BID].items(), reverse=True)[:kept])
        return bids, tuple(sorted(self.levels[ASK].items())[:kept])

    def _rewind(self) -> None:
        self.time -= self.rng.choice((5 * SECOND + 1, 90 * SECOND, 3600 * SECOND))
        self.shown = {ASK: [], BID: []}
        self._say()

    def _fault(self) -> None:
        """Two rows of one price, then time advances: the book needs a snapshot."""
        self._rec(POSITION, ASK, ADD, 0, self.middle + 50, 1)
        self._rec(POSITION, ASK, ADD, 0, self.middle + 50, 1)
        self.time += self.rng.choice((1, SECOND))
        self._rec(TRADE, 0, 1, 0, self.middle, 3)
        self._flush()
        self._lose_time()
        self._snapshot()

    def _flush(self) -> None:
        if self.pending:
            bids, asks = self._book()
            recs = tuple(self.pending)
            self.plan.steps.append(Step("recs", self.time, recs, bids, asks))
            self.pending = []
