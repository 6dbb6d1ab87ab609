"""Pulling and stacking: depth and orders against their twins, conservation, bounds, windows."""

from typing import Any

import numpy as np
import pytest

from market.ticks import Grid
from orderbook import Analyzer
from tests.orderbook.compare import Both, analyzer_for, run_plan
from tests.orderbook.market_fuzz import make_plan
from tests.orderbook.test_order_analytics import as_levels
from tests.reference.order_book import CANCEL, CLEAR, DELETE, FILL, MODIFY, REPLACE, OrderBook
from tests.reference.pulls import OrderPulls
from tests.reference.records import (
    ADD,
    ASK,
    BID,
    BUY,
    ORDER,
    SELL,
    TRADE,
    UNKNOWN,
    Rec,
    frames_of,
    price_row,
    trade,
)
from tests.reference.settings import Settings

NOON = 1_700_000_010 * 10**9
"""A multiple of 30 s."""
MS = 10**6
STEP = 100 * MS
TICK = 250_000_000
FIELDS = tuple(
    f"{what}_{side}" for side in ("bid", "ask") for what in ("added", "cancelled", "traded")
)
FIELDS += ("pulling", "stacking")


def pulls(analyzer: Analyzer) -> dict[str, Any]:
    analyzer.make_row()
    fields = analyzer.calculate_metrics()
    return {name: fields[name] for name in FIELDS}


def told(analyzer: Analyzer) -> dict[str, float]:
    """What is not 0 of fields that are not null."""
    found = pulls(analyzer)
    assert None not in found.values(), found
    return {name: value for name, value in found.items() if value}


def feed(analyzer: Analyzer, *recs: Rec) -> None:
    for frame in frames_of(recs, seq=analyzer.seq):
        assert analyzer.process_l2_update(frame).fault is None


def ladder(time: int, rows: int = 12, size: int = 10) -> list[Rec]:
    """Bids at 99, 98, …, asks at 101, 102, …"""
    return [
        price_row(time, side, 100 + sign * (1 + row), size)
        for row in range(rows)
        for side, sign in ((BID, -1), (ASK, 1))
    ]


def depth(rows: int = 12) -> Analyzer:
    """Of depth by price, in the first window's second instant."""
    analyzer = analyzer_for(depth=20)
    feed(analyzer, *ladder(NOON + 10 * MS, rows))
    analyzer.advance(NOON + STEP)
    assert set(pulls(analyzer).values()) == {None}
    analyzer.advance(NOON + 2 * STEP)
    assert told(analyzer) == {}
    return analyzer


# Depth


def test_the_fuzzed_streams_fill_every_field() -> None:
    most = dict.fromkeys(FIELDS, 0.0)
    nulls = 0
    for seed in (1, 2, 5, 8):
        for row in run_plan(make_plan(seed, 250)).rows:
            nulls += row["pulling"] is None
            for name in FIELDS:
                most[name] = max(most[name], row[name] or 0.0)
    assert min(most.values()) > 0
    assert nulls > 0


def test_more_is_added_less_is_cancelled_and_what_traded_is_neither() -> None:
    analyzer = depth()
    start = NOON + 2 * STEP
    feed(analyzer, price_row(start + 1, BID, 98, 17), price_row(start + 2, ASK, 103, 4))
    feed(analyzer, trade(start + 3, SELL, 99, 6), price_row(start + 4, BID, 99, 3))
    assert told(analyzer) == {}, "a row shows what the last instant saw"
    analyzer.advance(start + STEP)
    assert told(analyzer) == {
        "added_bid": 7,
        "cancelled_bid": 1,
        "traded_bid": 6,
        "cancelled_ask": 6,
        "pulling": 7,
        "stacking": 7,
    }


def test_the_sums_are_of_the_window_and_not_of_its_records() -> None:
    analyzer = depth()
    start = NOON + 2 * STEP
    for number, size in enumerate((50, 3, 12, 30, 11)):
        feed(analyzer, price_row(start + number * STEP, ASK, 102, size))
    analyzer.advance(start + 5 * STEP)
    assert told(analyzer) == {"added_ask": 1, "stacking": 1}


def test_the_depth_may_be_told_before_its_trade() -> None:
    analyzer = depth()
    start = NOON + 2 * STEP
    feed(analyzer, price_row(start + 1, ASK, 101, 4), trade(start + 2, BUY, 101, 6))
    analyzer.advance(start + STEP)
    assert told(analyzer) == {"traded_ask": 6}


@pytest.mark.parametrize(
    ("price", "aggressor", "field"),
    [(99, UNKNOWN, "traded_bid"), (101, UNKNOWN, "traded_ask"), (100, UNKNOWN, ""), (99, BUY, "")],
)
def test_what_a_trade_hits(price: int, aggressor: int, field: str) -> None:
    analyzer = depth()
    feed(analyzer, trade(NOON + 2 * STEP + 1, aggressor, price, 6))
    analyzer.advance(NOON + 3 * STEP)
    side = field[-3:]
    wanted = {field: 6, f"added_{side}": 6, "stacking": 6} if field else {}
    assert told(analyzer) == wanted


def test_a_row_that_comes_within_the_span_came_from_nothing_and_one_behind_it_did_not() -> None:
    analyzer = analyzer_for(depth=20)
    feed(analyzer, *ladder(NOON + 10 * MS), price_row(NOON + 10 * MS, BID, 95, 0))
    analyzer.advance(NOON + 2 * STEP)
    feed(analyzer, price_row(NOON + 2 * STEP + 1, BID, 95, 8))
    analyzer.advance(NOON + 3 * STEP)
    assert told(analyzer) == {"added_bid": 8, "stacking": 8}
    # 89, the last of the ten, was pushed out, and comes back with another size.
    feed(analyzer, price_row(NOON + 3 * STEP + 1, BID, 89, 70))
    feed(analyzer, price_row(NOON + 4 * STEP + 1, BID, 95, 0))
    analyzer.advance(NOON + 5 * STEP)
    assert told(analyzer) == {}


def test_a_row_that_is_pushed_out_leaves_what_was_seen_of_it() -> None:
    analyzer = depth()
    at = NOON + 2 * STEP
    feed(analyzer, price_row(at + 1, BID, 90, 15))
    feed(analyzer, price_row(at + STEP + 1, BID, 90, 95), price_row(at + STEP + 1, BID, 98, 0))
    feed(analyzer, price_row(at + 2 * STEP + 1, BID, 90, 95))
    analyzer.advance(at + 3 * STEP)
    assert told(analyzer)["added_bid"] == 85, "98 is gone, so that 90 is still the ninth"
    pushed = depth()
    feed(pushed, price_row(at + 1, BID, 90, 15), price_row(at + 1, BID, 96, 0))
    pushed.advance(at + STEP)
    feed(pushed, price_row(at + STEP + 1, BID, 96, 4), price_row(at + STEP + 1, BID, 89, 40))
    feed(pushed, trade(at + STEP + 2, SELL, 89, 3))
    pushed.advance(at + 2 * STEP)
    assert told(pushed) == {
        "added_bid": 5 + 4,
        "cancelled_bid": 10,
        "stacking": 9,
        "pulling": 10,
    }


def test_the_touch_ends_the_window() -> None:
    analyzer = depth()
    feed(analyzer, price_row(NOON + 2 * STEP + 1, ASK, 105, 1))
    analyzer.advance(NOON + 3 * STEP)
    assert told(analyzer) == {"cancelled_ask": 9, "pulling": 9}
    feed(analyzer, price_row(NOON + 3 * STEP + 1, BID, 100, 1))
    analyzer.advance(NOON + 4 * STEP)
    assert set(pulls(analyzer).values()) == {None}
    analyzer.advance(NOON + 5 * STEP)
    assert told(analyzer) == {}


def test_the_clock_ends_it_in_silence_too() -> None:
    analyzer = depth()
    feed(analyzer, price_row(NOON + 2 * STEP + 1, ASK, 105, 1))
    analyzer.advance(NOON + 30 * 10**9 - 1)
    assert told(analyzer) == {"cancelled_ask": 9, "pulling": 9}
    analyzer.advance(NOON + 30 * 10**9)
    assert set(pulls(analyzer).values()) == {None}
    feed(analyzer, price_row(NOON + 31 * 10**9, ASK, 105, 6))
    analyzer.advance(NOON + 32 * 10**9)
    assert told(analyzer) == {"added_ask": 5, "stacking": 5}
    analyzer.advance(NOON + 95 * 10**9)
    assert told(analyzer) == {}


def test_a_turn_that_silence_skips_is_made_up_for() -> None:
    """After 32 s of silence only minutes are evaluated."""
    start = NOON - 10 * 10**9  # a multiple of 50 s
    analyzer = analyzer_for(depth=20, scores={"pulling_window_s": 50})
    feed(analyzer, *ladder(start + 10 * MS))
    analyzer.advance(start + 2 * STEP)
    feed(analyzer, price_row(start + 2 * STEP + 1, ASK, 105, 1))
    analyzer.advance(start + 45 * 10**9)
    assert told(analyzer) == {"cancelled_ask": 9, "pulling": 9}
    analyzer = analyzer_for(depth=20, scores={"pulling_window_s": 50})
    feed(analyzer, *ladder(start + 10 * MS))
    analyzer.advance(start + 2 * STEP)
    feed(analyzer, price_row(start + 2 * STEP + 1, ASK, 105, 1))
    analyzer.advance(start + 58 * 10**9)
    assert told(analyzer) == {}


def test_nothing_is_added_across_a_gap() -> None:
    analyzer = depth()
    analyzer.gap("gap")
    assert set(pulls(analyzer).values()) == {None}
    rows = [(99 - row, 50) for row in range(12)], [(101 + row, 50) for row in range(12)]
    analyzer.load_levels(*rows, NOON + 2 * STEP + 5, analyzer.seq)
    analyzer.advance(NOON + 3 * STEP)
    assert set(pulls(analyzer).values()) == {None}
    analyzer.advance(NOON + 4 * STEP)
    assert told(analyzer) == {}


def test_off_it_is_null() -> None:
    both = Both(scores={"pulling": "off"})
    both.feed([*ladder(NOON, 5), *ladder(NOON + STEP, 5, 3), *ladder(NOON + 3 * STEP, 5)])
    assert set(pulls(both.analyzer).values()) == {None}


# Orders


def _order(time: int, op: int, ref: int, price: int = 0, size: int = 0, side: int = BID) -> Rec:
    return Rec(time, ORDER, side, op, 0, price, size, ref)


def market(seed: int, count: int, fills: bool) -> list[Rec]:
    """Orders of every kind; a trade takes the best ones, told as fills or as cancels after it."""
    rng = np.random.default_rng(seed)
    time, middle = NOON, 20_000
    plain = OrderBook(Grid("0.25"))
    recs: list[Rec] = []

    def say(*said: Rec) -> None:
        for rec in said:
            plain.apply(rec)
            recs.append(rec)

    for ref in range(count):
        time += int(rng.integers(0, 40 * MS)) * int(rng.random() < 0.6)
        chance = rng.random()
        side = int(rng.integers(2))
        if chance < 0.45 or len(plain.orders) < 50:
            away = int(rng.integers(1, 16))
            price = middle + away * (1 - 2 * side)
            say(_order(time, ADD, ref, price, int(rng.integers(1, 9)), side))
        elif chance < 0.6 and plain.queues[side]:
            say(*_hit(plain, rng, time, side, fills))
        elif chance < 0.605:
            say(_order(time, CLEAR, 0))
        else:
            other = list(plain.orders)[int(rng.integers(len(plain.orders)))]
            old = plain.orders[other]
            op = int(rng.choice((DELETE, CANCEL, MODIFY, MODIFY, REPLACE)))
            price = old.price // TICK + int(rng.integers(-1, 2)) * int(rng.random() < 0.5)
            price = min(price, middle - 1) if old.side == BID else max(price, middle + 1)
            size = int(rng.integers(1, 9))
            say(_order(time, op, other, price, size, old.side))
            if op == REPLACE:
                say(_order(time, ADD, ref, price, size, old.side))
    return recs


def _hit(book: OrderBook, rng: Any, time: int, side: int, fills: bool) -> list[Rec]:
    """A trade at the best price, and what becomes of the orders there; at times more than that."""
    queue = book.queues[side]
    price = queue.keys()[-1] if side == BID else queue.keys()[0]
    refs = list(queue[price])[: int(rng.integers(1, 3))]
    sizes = [int(rng.integers(1, book.orders[ref].size + 1)) for ref in refs]
    aggressor = int(rng.choice((1 - side, 1 - side, UNKNOWN)))
    hidden = int(rng.integers(1, 5)) * int(not fills and rng.random() < 0.3)
    printed = [trade(time, aggressor, price // TICK, sum(sizes) + hidden)]
    op = FILL if fills else CANCEL
    taken = [_order(time, op, ref, 0, size) for ref, size in zip(refs, sizes, strict=True)]
    return printed + taken if rng.random() < 0.8 or not fills else taken + printed


class Told:
    """The twin, with the clock's rules for groups, instants and sampled books."""

    def __init__(self) -> None:
        self.book = OrderBook(Grid("0.25"))
        self.twin = OrderPulls(Settings(), self.book, TICK)
        self.time = NOON
        self.next = NOON + STEP

    def apply(self, rec: Rec) -> None:
        if rec.time > self.time:
            self.twin.end_group()
            self.advance(rec.time)
        if rec.kind == ORDER:
            self.twin.order(rec)
        else:
            self.twin.trade(rec.price, rec.size, rec.side)

    def advance(self, time: int) -> None:
        while self.next <= time:
            bids, asks = self.tops()
            sampled = bool(bids and asks and bids[0][0] < asks[0][0])
            self.twin.at_instant(self.next, sampled, bids, asks)
            self.next += STEP
        self.time = time

    def tops(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        bids, asks = self.book.top(10)
        return [(p // TICK, s) for p, s in bids], [(p // TICK, s) for p, s in asks]


@pytest.mark.parametrize("fills", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_orders_against_the_twin(seed: int, fills: bool) -> None:
    analyzer, other = analyzer_for(), Told()
    seen = dict.fromkeys(FIELDS, 0.0)
    for rec in market(seed, 1_200, fills):
        feed(analyzer, rec)
        other.apply(rec)
        found = pulls(analyzer)
        assert found == other.twin.fields(), rec
        for name, value in found.items():
            seen[name] = max(seen[name], value or 0.0)
    assert min(seen.values()) > 0, seen
    assert set(analyzer.order_faults) == {"beyond"}


@pytest.mark.parametrize("fills", [True, False])
def test_every_unit_is_accounted_for(fills: bool) -> None:
    """Of a plain book, no twin: what came less what went is the change of what was in the span."""
    analyzer, book = analyzer_for(), OrderBook(Grid("0.25"))
    recs = [rec for rec in market(9, 2_500, fills) if rec.op != CLEAR or rec.kind != ORDER]
    spans: dict[int, list[int]] = {}
    before: dict[str, Any] = dict.fromkeys(FIELDS)
    sizes: dict[int, int] = {}
    at, compared = 0, 0
    for instant in range(NOON + STEP, recs[-1].time, STEP):
        while recs[at].time < instant:
            feed(analyzer, recs[at])
            book.apply(recs[at])
            at += 1
        analyzer.advance(instant)
        analyzer.make_row()
        found = pulls(analyzer)
        for side, name in ((BID, "bid"), (ASK, "ask")):
            if found["pulling"] is not None:
                change = {
                    what: found[f"{what}_{name}"] - (before[f"{what}_{name}"] or 0)
                    for what in ("added", "cancelled", "traded")
                }
                low, high = spans[side]
                now = sum(book.total(side, price * TICK) for price in range(low, high + 1))
                assert change["added"] - change["cancelled"] - change["traded"] == now - sizes[side]
                compared += sum(change.values()) > 0
        bids, asks = book.top(10)
        for side, rows in ((BID, bids), (ASK, asks)):
            if rows:
                low, high = sorted((rows[0][0] // TICK, rows[-1][0] // TICK))
                spans[side] = [low, high]
                sizes[side] = sum(size for _, size in rows)
        before = found
    assert compared > 50


@pytest.mark.parametrize("seed", range(3))
def test_bounds_of_the_same_events_as_depth_are_never_above_the_truth(seed: int) -> None:
    recs = market(seed + 20, 1_500, fills=True)
    recs = [rec for rec in recs if not (rec.kind == ORDER and rec.op == CLEAR)]
    orders, levels = analyzer_for(), analyzer_for()
    compared = below = 0
    for rec, meant in zip(recs, as_levels(recs), strict=True):
        feed(orders, rec)
        feed(levels, *meant)
        truth, bounds = pulls(orders), pulls(levels)
        if truth["pulling"] is None:
            assert bounds["pulling"] is None
            continue
        compared += 1
        below += bounds != truth
        for name in FIELDS:
            assert bounds[name] <= truth[name], (name, rec)
    assert compared > 300
    assert below > 30


def test_an_iceberg_s_next_part_is_added() -> None:
    """Its trade is told, and then the same size again: nothing of the book has changed."""
    analyzer = analyzer_for()
    adds = [_order(NOON + MS, ADD, 2 * n + s, 100 + n if s else 99 - n, 10, 1 - s)
            for n in range(10) for s in (0, 1)]  # fmt: skip
    feed(analyzer, *adds)
    analyzer.advance(NOON + 2 * STEP)
    at = NOON + 2 * STEP + 1
    feed(analyzer, trade(at, BUY, 100, 10), _order(at, MODIFY, 1, 100, 10, ASK))
    analyzer.advance(at + STEP)
    assert told(analyzer) == {"added_ask": 10, "traded_ask": 10, "stacking": 10}


def test_trades_hit_nothing_once_orders_say_that_they_were_filled() -> None:
    analyzer = analyzer_for()
    adds = [_order(NOON + MS, ADD, 2 * n + s, 100 + n if s else 99 - n, 10, 1 - s)
            for n in range(10) for s in (0, 1)]  # fmt: skip
    feed(analyzer, *adds, _order(NOON + MS, FILL, 19, 0, 1))
    analyzer.advance(NOON + 2 * STEP)
    feed(analyzer, trade(NOON + 2 * STEP + 1, BUY, 100, 4))
    analyzer.advance(NOON + 3 * STEP)
    assert told(analyzer) == {}, "a hidden order"


def test_no_more_than_32_prices_of_a_group_are_held_against_orders() -> None:
    analyzer = analyzer_for(depth=100)
    adds = [_order(NOON + MS, ADD, 2 * n + s, 140 + 8 * n if s else 99 - n, 10, 1 - s)
            for n in range(10) for s in (0, 1)]  # fmt: skip
    feed(analyzer, *adds)
    analyzer.advance(NOON + 2 * STEP)
    at = NOON + 2 * STEP + 1
    feed(analyzer, *(trade(at, BUY, 140 + n, 1) for n in range(40)))
    analyzer.advance(NOON + 3 * STEP)
    assert told(analyzer) == {"added_ask": 32, "traded_ask": 32, "stacking": 32}


def test_a_frozen_state_carries_the_window() -> None:
    recs = market(4, 900, fills=False)
    one, other = analyzer_for(), analyzer_for()
    at = next(i for i, rec in enumerate(recs) if i > 500 and rec.kind == TRADE)
    feed(one, *recs[: at + 1])
    other.thaw(one.freeze())
    for rec in recs[at + 1 :]:
        feed(one, rec)
        feed(other, rec)
        assert pulls(one) == pulls(other)
