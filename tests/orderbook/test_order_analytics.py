"""A book of orders in the analyzer: ladder, metrics and clusters as of the levels it makes."""

import math
from typing import Any

import numpy as np
import pytest

from market.errors import MalformedError
from market.record import make_frames
from market.ticks import Grid
from orderbook import Analyzer
from orderbook.books.order_book import adds_of, standing_orders
from tests.orderbook.compare import analyzer_for, event_fields
from tests.reference.order_book import CANCEL, DELETE, FILL, MODIFY, OrderBook
from tests.reference.records import (
    ADD,
    ASK,
    BID,
    ORDER,
    REMOVE,
    UPDATE,
    Rec,
    frames_of,
    price_row,
    records_of,
    trade,
)

NOON = 1_700_000_000 * 10**9
TICK = 250_000_000


def market(seed: int, count: int) -> list[Rec]:
    """Orders round a middle, now and then a wall, and trades."""
    rng = np.random.default_rng(seed)
    time, middle = NOON, 20_000
    standing: list[tuple[int, int]] = []
    recs: list[Rec] = []
    for number in range(count):
        time += int(rng.integers(0, 30_000_000)) * int(rng.random() < 0.7)
        if rng.random() < 0.55 or len(standing) < 40:
            side = int(rng.integers(2))
            away = int(rng.integers(1, 12))
            size = int(rng.integers(200, 400)) if rng.random() < 0.03 else int(rng.integers(1, 9))
            recs.append(_order(time, ADD, number, middle + away * (1 - 2 * side), size, side))
            standing.append((number, 1 - 2 * side))
        elif rng.random() < 0.2:
            recs.append(trade(time, int(rng.integers(2)), middle, int(rng.integers(1, 5))))
        else:
            ref, sign = standing.pop(int(rng.integers(len(standing))))
            op = int(rng.choice((DELETE, DELETE, MODIFY, CANCEL, FILL)))
            recs.append(_order(time, op, ref, middle + 9 * sign, int(rng.integers(1, 6))))
    return recs


def _order(time: int, op: int, ref: int, price: int = 0, size: int = 0, side: int = BID) -> Rec:
    return Rec(time, ORDER, side, op, 0, price, size, ref)


def as_levels(recs: list[Rec]) -> list[list[Rec]]:
    """For each record the depth by price that it means; at least one where it is of an order."""
    book = OrderBook(Grid("0.25"))
    told = []
    for rec in recs:
        if rec.kind != ORDER:
            told.append([rec])
            continue
        old = book.orders.get(rec.ref)
        places = {(old.side, old.price // TICK)} if old else set()
        book.apply(rec)
        new = book.orders.get(rec.ref)
        places |= {(new.side, new.price // TICK)} if new else set()
        places = places or {(ASK, 10**6)}
        sizes = [(side, price, book.total(side, price * TICK)) for side, price in sorted(places)]
        told.append(
            [price_row(rec.time, s, p, size, UPDATE if size else REMOVE) for s, p, size in sizes]
        )
    return told


def rows(analyzer: Analyzer) -> dict[str, Any]:
    fields = analyzer.calculate_metrics()
    for name in ("seq", "index", "pulling", "stacking"):
        fields.pop(name, None)
    for what in ("added", "cancelled", "traded"):  # of depth they are bounds: test_pulls.py
        for side in ("bid", "ask"):
            fields.pop(f"{what}_{side}")
    return fields


def told(analyzer: Analyzer) -> list[dict[str, Any]]:
    events = []
    for event in analyzer.take_events():
        fields = event_fields(event)
        fields.pop("seq")
        events.append(fields)
    return events


@pytest.mark.parametrize("seed", range(3))
def test_metrics_and_clusters_are_those_of_the_levels(seed: int) -> None:
    recs = market(seed, 2_500)
    orders, levels = analyzer_for(), analyzer_for()
    clusters = 0
    for rec, meant in zip(recs, as_levels(recs), strict=True):
        for analyzer, part in ((orders, [rec]), (levels, meant)):
            for frame in frames_of(part, seq=analyzer.seq):
                assert analyzer.process_l2_update(frame).fault is None
        assert rows(orders) == rows(levels)
        events = told(orders)
        assert events == told(levels)
        clusters += len(events)
    assert clusters > 20
    assert (orders.book_kind, levels.book_kind) == ("L3", "L2")
    assert orders.top(10) == levels.top(10) == orders.book().top(10)
    assert orders.counters["orders_not_applied"] == 0


def test_a_zone_says_how_many_orders_stand_in_it() -> None:
    orders = analyzer_for()
    recs = [_order(NOON, ADD, 2 * n + s, 100 + n if s else 99 - n, 5, 1 - s)
            for n in range(10) for s in (0, 1)]  # fmt: skip
    recs += [_order(NOON, ADD, 100 + n, 95, 70) for n in range(3)]
    feed(orders, recs)
    orders.advance(NOON + 2 * 10**9)
    (cluster,) = orders.calculate_clusters()
    assert (cluster["orders"], cluster["source"]["book"], cluster["size"]) == (4, "L3", 215)
    feed(orders, [_order(NOON + 2 * 10**9, DELETE, 101)])
    (cluster,) = orders.calculate_clusters()
    assert cluster["orders"] == 3


def feed(analyzer: Analyzer, recs: list[Rec], limit: int = 4096) -> None:
    for frame in frames_of(recs, limit, analyzer.seq):
        assert analyzer.process_l2_update(frame).fault is None


@pytest.mark.parametrize("cut", [1, 7, 500])
def test_it_does_not_matter_how_records_are_cut(cut: int) -> None:
    recs = market(5, 1_500)
    whole, parts = analyzer_for(), analyzer_for()
    feed(whole, recs)
    feed(parts, recs, cut)
    # What a row sums up since the row before depends on the cut, so both begin a row here.
    for analyzer in (whole, parts):
        analyzer.read()
        analyzer.read()
    assert whole.freeze() == parts.freeze()


@pytest.mark.parametrize("at", [3, 700, 1_400])
def test_a_thawed_state_goes_on_as_if_nothing_had_been(at: int) -> None:
    recs = market(6, 1_500)
    one, other = analyzer_for(), analyzer_for()
    feed(one, recs[:at])
    feed(one, [_order(one.clock, DELETE, ref) for ref, _, _ in standing(one)[:2]])
    frozen = one.freeze()
    other.thaw(frozen)
    assert other.freeze() == frozen
    for analyzer in (one, other):
        feed(analyzer, recs[at:], 50)
    assert one.freeze() == other.freeze()
    assert standing(one) == standing(other)
    other.book().check()


def standing(analyzer: Analyzer) -> list[list[int]]:
    book = analyzer.book()
    found: list[list[int]] = standing_orders(book.state, book.heap).tolist()
    return found


def test_a_table_of_many_orders_is_kept_and_found_again() -> None:
    analyzer, other = analyzer_for(), analyzer_for()
    recs = [_order(NOON, ADD, n << 40, 20_000 - n % 3_000, 1 + n % 7) for n in range(9_000)]
    feed(analyzer, recs)
    other.thaw(analyzer.freeze())
    assert standing(analyzer) == standing(other)
    assert len(standing(other)) == 9_000
    feed(other, [_order(NOON, DELETE, n << 40) for n in range(9_000)])
    assert standing(other) == []
    assert other.order_faults == {}


def test_a_snapshot_of_orders_replaces_the_book() -> None:
    recs = market(8, 800)
    source, analyzer = analyzer_for(), analyzer_for()
    feed(source, recs)
    feed(analyzer, recs[:300])
    analyzer.gap("gap")
    assert analyzer.phase == "stale"
    book = source.book()
    adds = adds_of(standing_orders(book.state, book.heap))
    analyzer.load_snapshot(adds, source.clock, source.seq)
    assert analyzer.phase == source.phase
    assert standing(analyzer) == standing(source)
    assert analyzer.top(10) == source.top(10)


@pytest.mark.parametrize("by_order", [False, True])
def test_a_snapshot_that_needs_room_leaves_clusters_whose_rows_are_the_same(by_order: bool) -> None:
    near = [(side, 100 + n if side == ASK else 99 - n, 90 if n == 4 else 5)
            for n in range(10) for side in (ASK, BID)]  # fmt: skip
    far = [(ASK, 5_000 + 2 * n, 1) for n in range(5_000)]
    analyzer = analyzer_for()

    def said(levels: list[tuple[int, int, int]]) -> list[Rec]:
        return [
            _order(NOON, ADD, 1 + n, price, size, side)
            if by_order
            else price_row(NOON, side, price, size, ADD)
            for n, (side, price, size) in enumerate(levels)
        ]

    feed(analyzer, said(near))
    analyzer.advance(NOON + 2 * 10**9)
    live = [cluster["id"] for cluster in analyzer.calculate_clusters()]
    assert len(live) == 2
    analyzer.gap("gap")
    analyzer.load_snapshot(records_of(said(near + far))[0], analyzer.clock, analyzer.seq)
    assert [cluster["id"] for cluster in analyzer.calculate_clusters()] == live


def test_a_snapshot_with_an_order_twice_or_with_depth_is_refused() -> None:
    analyzer = analyzer_for()
    twice = records_of([_order(NOON, ADD, 1, 5, 1), _order(NOON, ADD, 1, 6, 1)])[0]
    with pytest.raises(MalformedError, match="twice"):
        analyzer.load_snapshot(twice, NOON, 1)
    mixed = records_of([_order(NOON, ADD, 1, 5, 1), price_row(NOON, BID, 6, 1)])[0]
    with pytest.raises(MalformedError, match="depth and orders"):
        analyzer.load_snapshot(mixed, NOON, 1)


def test_wrong_records_are_counted_with_the_number_of_the_first() -> None:
    analyzer = analyzer_for()
    feed(analyzer, [_order(NOON, ADD, 1, 5, 1), trade(NOON, 1, 5, 1), _order(NOON, DELETE, 9)])
    feed(analyzer, [_order(NOON, FILL, 1, 0, 2), _order(NOON, DELETE, 9)])
    assert analyzer.order_faults == {"unknown": (2, 3), "beyond": (1, 4)}


def test_orders_do_not_reach_a_book_of_depth_nor_depth_one_of_orders() -> None:
    depth, orders = analyzer_for(), analyzer_for()
    level, order = price_row(NOON, BID, 5, 1), _order(NOON, ADD, 1, 6, 1)
    feed(depth, [level, order])
    feed(orders, [order, level])
    assert (depth.top(9)[0], orders.top(9)[0]) == ([(5, 1)], [(6, 1)])
    assert (depth.counters["orders_not_applied"], depth.counters["depth_not_applied"]) == (1, 0)
    assert (orders.counters["orders_not_applied"], orders.counters["depth_not_applied"]) == (0, 1)


def test_a_rewind_empties_the_table() -> None:
    analyzer = analyzer_for()
    feed(analyzer, [_order(NOON, ADD, 1, 5, 1), _order(NOON, ADD, 2, 7, 1, ASK)])
    records, times = records_of([_order(NOON - 6 * 10**9, ADD, 1, 4, 3)])
    (frame,) = make_frames(records, times, analyzer.seq)
    assert analyzer.process_l2_update(frame).rewound
    assert analyzer.top(9) == ([(4, 3)], [])
    assert len(analyzer.book()) == 1


def test_prices_between_ticks_stay_out_of_the_metrics() -> None:
    analyzer = analyzer_for()
    between = _order(NOON, ADD, 3, 5 * TICK + 1, 9)._replace(position=2)
    feed(analyzer, [_order(NOON, ADD, 1, 5, 1), _order(NOON, ADD, 2, 7, 1, ASK), between])
    row = analyzer.read()[0]
    assert float(row["best_bid"]) == 1.25
    assert not math.isnan(float(row["mid"]))
    assert analyzer.counters["orders_off_grid"] == 1
    other = analyzer_for()
    other.thaw(analyzer.freeze())
    assert other.freeze() == analyzer.freeze()
