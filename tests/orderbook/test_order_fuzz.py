"""Books of orders on the streams that visit every rule, against the slow twin of the analytics.

The twin reads the levels that the orders make, as price records, one for each order record. What
orders say more exactly than levels (pulling, icebergs) has twins of its own and is switched off.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from orderbook import Analyzer
from tests.orderbook.compare import Both
from tests.orderbook.market_fuzz import Plan, make_plan
from tests.reference.order_book import CANCEL, DELETE, FILL, MODIFY
from tests.reference.position_book import Applied, Rows
from tests.reference.records import (
    ADD,
    ASK,
    BID,
    ORDER,
    PRICE,
    REMOVE,
    UPDATE,
    Rec,
    frames_of,
    price_row,
    records_of,
)

CUTS = (1, 7, 200, 4096)
REWIND = 5 * 10**9
NOBODY = 1 << 60
"""An id that never stands."""


class Orders:
    """Levels as orders: every change of a level is told by some of its orders."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.levels: dict[tuple[int, int], dict[int, int]] = {}
        self.clock = 0
        self.used = 0

    def told(self, rec: Rec) -> Iterator[tuple[Rec, Rec]]:
        """The order records that lead to a level, each with the level that it leads to."""
        if rec.time < self.clock - REWIND:
            self.levels.clear()
            self.clock = rec.time
        self.clock = max(self.clock, rec.time)
        key = rec.side, rec.price
        wanted = 0 if rec.op == REMOVE else rec.size
        queue = self.levels.setdefault(key, {})
        if not queue and not wanted:
            yield self._record(rec, DELETE, NOBODY, 0, key)
        while sum(queue.values()) != wanted:
            more = wanted - sum(queue.values())
            op, ref, size = self._grown(queue, more) if more > 0 else self._cut(queue, -more)
            yield self._record(rec, op, ref, size, key)
        if queue and rec.size == wanted and not self.rng.randrange(4):
            ref = self.rng.choice(list(queue))
            yield self._record(rec, MODIFY, ref, queue[ref], key)

    def load(self, bids: Rows, asks: Rows, time: int) -> list[Rec]:
        """The adds of a snapshot, two orders a level where it can be."""
        self.levels.clear()
        self.clock = max(self.clock, time)
        adds = []
        for side, rows in ((BID, bids), (ASK, asks)):
            for price, size in rows:
                for part in (size // 3, size - size // 3):
                    if part:
                        self.used += 1
                        self.levels.setdefault((side, price), {})[self.used] = part
                        adds.append(Rec(time, ORDER, side, ADD, 0, price, part, self.used))
        return adds

    def _grown(self, queue: dict[int, int], more: int) -> tuple[int, int, int]:
        if queue and self.rng.random() < 0.5:
            ref = self.rng.choice(list(queue))
            queue[ref] += more
            return MODIFY, ref, queue[ref]
        self.used += 1
        queue[self.used] = self.rng.randint(1, more)
        return ADD, self.used, queue[self.used]

    def _cut(self, queue: dict[int, int], less: int) -> tuple[int, int, int]:
        ref = self.rng.choice(list(queue))
        if queue[ref] <= less:
            del queue[ref]
            return DELETE, ref, 0
        queue[ref] -= less
        op = self.rng.choice((MODIFY, CANCEL, FILL))
        return op, ref, queue[ref] if op == MODIFY else less

    def _record(
        self, rec: Rec, op: int, ref: int, size: int, key: tuple[int, int]
    ) -> tuple[Rec, Rec]:
        side, price = key
        total = sum(self.levels[key].values())
        level = price_row(rec.time, side, price, total, UPDATE if total else REMOVE)
        return Rec(rec.time, ORDER, side, op, 0, price, size, ref), level


class BothOfOrders(Both):
    """Feeds an Analyzer with orders, and its twin with their levels."""

    def __init__(self, plan: Plan, seed: int) -> None:
        super().__init__(plan.tick, plan.depth, **plan.settings)
        self.orders = Orders(seed)

    def feed(self, recs: Sequence[Rec], limit: int = 4096) -> Applied:
        pairs = [
            pair
            for rec in recs
            for pair in (self.orders.told(rec) if rec.kind == PRICE else ((rec, rec),))
        ]
        done = 0
        for frame in frames_of([pair[0] for pair in pairs], limit, self.analyzer.seq):
            outcome = self.analyzer.process_l2_update(frame)
            assert outcome.fault is None
            self.twin.process([pair[1] for pair in pairs[done : done + outcome.applied]])
            done += outcome.applied
            self.agree()
        return Applied(done, None)

    def advance(self, time: int) -> None:
        self.orders.clock = max(self.orders.clock, time)
        super().advance(time)

    def load(self, bids: Rows, asks: Rows, time: int) -> None:
        seq = self.analyzer.seq
        adds = records_of(self.orders.load(bids, asks, time))[0]
        self.analyzer.load_snapshot(adds, time, seq)
        self.twin.load(bids, asks, time, seq)
        self.agree(rows=False)


def played(seed: int) -> BothOfOrders | None:
    """A plan by price, told as orders; None: it is one by position."""
    plan = make_plan(seed, 250)
    if not any(rec.kind == PRICE for rec in plan.recs):
        return None
    plan.settings["clusters"]["icebergs"] = "off"
    plan.settings["scores"]["pulling"] = "off"
    both = BothOfOrders(plan, seed)
    for step in plan.steps:
        if step.what == "recs" and both.analyzer.phase == "stale":
            both.load(list(step.bids), list(step.asks), step.time)
        elif step.what == "recs":
            both.feed(step.recs, CUTS[seed % 4])
        elif step.what == "advance":
            both.advance(step.time)
        elif step.what == "gap":
            both.gap()
        else:
            both.load(list(step.bids), list(step.asks), step.time)
    return both


def unknown(analyzer: Analyzer) -> set[str]:
    return set(analyzer.order_faults)


@pytest.mark.parametrize(
    "seeds", [range(20), pytest.param(range(20, 400), marks=pytest.mark.long)], ids=["few", "many"]
)
def test_clusters_scores_and_signals_of_orders_are_those_of_their_levels(seeds: range) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    signals = 0
    for seed in seeds:
        both = played(seed)
        if both is not None:
            assert unknown(both.analyzer) <= {"unknown"}
            assert both.analyzer.book_kind == "L3"
            seen.update((event["event"], event["kind"]) for event in both.events)
            signals += len(both.signals)
    kinds = ("resting", "traded", "imbalance_stack", "absorption")
    assert all(seen[word, kind] for word in ("new", "end") for kind in kinds), seen
    assert signals > 0
