"""The compiled book of orders against a plain one, record by record and in any cut."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from market.enums import OrderOp, Side
from market.ticks import Grid
from orderbook import Order, OrderBook
from orderbook.books.order_book import adds_of, standing_orders
from orderbook.layout import FIRST_LEVELS, FIRST_ORDERS, LEVELS, RING, RING_BETTER
from tests.reference import order_book as plain
from tests.reference.order_book import BILLIONTHS
from tests.reference.records import (
    ASK,
    BID,
    ORDER,
    Rec,
    frames_of,
    price_row,
    trade,
)

NOON = 1_700_000_000 * 10**9
TICK = 250_000_000
"""A quarter in billionths."""
ADD, MODIFY, CANCEL, DELETE, FILL, REPLACE, CLEAR = range(7)


def order(op: int, ref: int, price: int = 0, size: int = 0, side: int = BID, bits: int = 0) -> Rec:
    return Rec(NOON, ORDER, side, op, bits, price, size, ref)


def feed(book: OrderBook, recs: list[Rec], limit: int = 4096) -> str | None:
    """Apply all; the fault that stopped it."""
    for frame in frames_of(recs, limit):
        outcome = book.apply(frame.records, frame.base)
        if outcome.fault is not None:
            return outcome.fault
        assert outcome.applied == len(frame.records)
    return None


def twin() -> plain.OrderBook:
    return plain.OrderBook(Grid("0.25"))


def agree(book: OrderBook, other: plain.OrderBook) -> None:
    """Levels, queues, places and faults are the same, and the book is sound."""
    book.check()
    assert book.exact(TICK) == other.top(10**9)
    assert len(book) == len(other.orders)
    assert book.faults == other.faults
    for ref, standing in other.orders.items():
        ticks, between = divmod(standing.price, TICK)
        shown = standing.price if between else ticks
        assert book.order(ref) == Order(
            Side(standing.side), shown, standing.size, *other.ahead(ref), bool(between)
        )
    for side in (ASK, BID):
        for price, queue in other.queues[side].items():
            ticks, between = divmod(price, TICK)
            found = book.queue(side, price if between else ticks, off_grid=bool(between))
            assert found == [(ref, other.orders[ref].size) for ref in queue]


def both(recs: list[Rec], limit: int = 4096) -> OrderBook:
    """A book and its twin, fed alike and compared."""
    book, other = OrderBook(), twin()
    assert feed(book, recs, limit) is None
    for index, rec in enumerate(recs):
        other.apply(rec, index)
    agree(book, other)
    return book


# -- any records at all --------------------------------------------------------------------------

_EDGES = (0, 1, RING_BETTER, RING - RING_BETTER, RING, 3 * RING, 10**6)
_prices = st.one_of(
    st.integers(-6, 6),
    st.tuples(st.sampled_from(_EDGES), st.sampled_from((-1, 1)), st.integers(-1, 1)).map(
        lambda drawn: drawn[0] * drawn[1] + drawn[2]
    ),
    st.integers(-(2**53) + 1, 2**53 - 1).map(lambda ticks: ticks // 2),
)
_refs = st.sampled_from(
    (0, 1, 2, 3, 5, 8, 2**32, 2**32 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1)
)
_sizes = st.sampled_from((0, 1, 1, 2, 3, 7, 2**40))


def _between(price: int) -> int:
    """A price in billionths that lies between two ticks."""
    return max(-(2**40), min(price, 2**40)) * TICK // 1000 * 2 + 1


def _rec(drawn: tuple[int, int, int, int, int, bool]) -> Rec:
    op, ref, price, size, side, off = drawn
    if off:
        return order(op, ref, _between(price), size, side, BILLIONTHS)
    return order(op, ref, price, size, side)


_records = st.tuples(
    st.sampled_from((ADD, ADD, ADD, ADD, MODIFY, MODIFY, CANCEL, DELETE, FILL, REPLACE, CLEAR)),
    _refs,
    _prices,
    _sizes,
    st.sampled_from((ASK, BID)),
    st.sampled_from((False, False, False, True)),
).map(_rec)


@settings(max_examples=300)
@given(recs=st.lists(_records, max_size=80), limit=st.sampled_from((1, 7, 200)))
def test_any_records(recs: list[Rec], limit: int) -> None:
    both(recs, limit)


@given(recs=st.lists(_records, max_size=60))
def test_every_state(recs: list[Rec]) -> None:
    book, other = OrderBook(), twin()
    for index, rec in enumerate(recs):
        assert feed(book, [rec]) is None
        other.apply(rec, index)
        agree(book, other)


@given(recs=st.lists(_records, max_size=60))
def test_a_strict_book_stops_before_what_is_wrong(recs: list[Rec]) -> None:
    book, other = OrderBook(strict=True), twin()
    good = []
    wrong = None
    for rec in recs:
        wrong = other.apply(rec)
        if wrong is not None:
            break
        good.append(rec)
    assert feed(book, recs) == wrong
    assert book.faults == {}
    assert standing_orders(book.state, book.heap).tolist() == standing(both(good))


def standing(book: OrderBook) -> list[list[int]]:
    found: list[list[int]] = standing_orders(book.state, book.heap).tolist()
    return found


# -- a market of many orders ---------------------------------------------------------------------


def crowd(seed: int, count: int, live: int) -> list[Rec]:
    """About ``live`` orders round a walking middle, most of them near it; ids in no order."""
    rng = np.random.default_rng(seed)
    middle = 20_000
    standing: list[int] = []
    recs = []
    for _ in range(count):
        middle += int(rng.integers(-1, 2)) * int(rng.random() < 0.05)
        chance = rng.random()
        if chance < 0.05 + 0.55 * (len(standing) < live) or not standing:
            ref = int(rng.integers(0, 2**64, dtype=np.uint64))
            side = int(rng.integers(2))
            away = int(rng.exponential(20 if rng.random() < 0.9 else 3000)) + 1
            standing.append(ref)
            price = middle + away * (1 - 2 * side)
            recs.append(order(ADD, ref, price, int(rng.integers(1, 40)), side))
            continue
        where = int(rng.integers(len(standing)))
        ref = standing[where]
        op = int(rng.choice((MODIFY, CANCEL, FILL, DELETE)))
        price = middle + int(rng.integers(-30, 30))
        recs.append(order(op, ref, price, int(rng.integers(0, 20))))
        if op == DELETE:
            standing[where] = standing[-1]
            standing.pop()
    return recs


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("limit", [200, 4096])
def test_a_market(seed: int, limit: int) -> None:
    both(crowd(seed, 6_000, 400), limit)


def test_a_table_that_grows_several_times() -> None:
    book = both(crowd(9, 60_000, 40_000))
    assert len(book) > 4 * FIRST_ORDERS


def test_a_hundred_thousand_orders_stand_in_their_places() -> None:
    """So many that the kernels look ahead; at the end most go again, in no order."""
    rng = np.random.default_rng(8)
    jit = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"
    count = 100_000 if jit else 6_000  # plain Python takes minutes for them
    sides = rng.integers(0, 2, count)
    prices = 20_000 + rng.integers(1, 400, count) * (1 - 2 * sides)
    rows = zip(prices.tolist(), rng.integers(1, 9, count).tolist(), sides.tolist(), strict=True)
    recs = [order(ADD, 3 * number + 1, *row) for number, row in enumerate(rows)]
    book = OrderBook()
    assert feed(book, recs) is None
    kept = list(range(count))
    for gone in (rng.permutation(count)[: count - 3_000].tolist(), []):
        # Of one side, then one price, then as they came: what a queue is.
        queues = sorted(kept, key=lambda n: (recs[n].side, recs[n].price))
        wanted = [[recs[n].ref, 4 * recs[n].price + recs[n].side, recs[n].size] for n in queues]
        assert standing_orders(book.state, book.heap).tolist() == wanted
        book.check()
        kept = sorted(set(kept) - set(gone))
        assert feed(book, [order(DELETE, recs[n].ref) for n in gone]) is None
    assert len(book) == 3_000


def test_no_room_is_taken_between_two_doublings() -> None:
    recs = crowd(4, 40_000, 2_500)
    book = OrderBook()
    feed(book, recs[:8_000])
    heap = book.heap
    feed(book, recs[8_000:])
    assert book.heap is heap
    assert 1_000 < len(book) < FIRST_ORDERS


def test_levels_that_went_leave_their_slots() -> None:
    book = OrderBook()
    feed(book, [order(op, 7, price, 1) for price in range(1_500) for op in (ADD, DELETE)])
    assert len(book) == 0
    assert int(book.state["heap"]["capacity"][LEVELS]) == FIRST_LEVELS


def test_the_first_table_is_as_small_as_is_said() -> None:
    book = OrderBook()
    empty = book.heap.nbytes
    feed(book, [order(ADD, 1, 5, 1)])
    assert book.heap.nbytes - empty <= FIRST_ORDERS * 60
    assert empty < 4096


# -- examples by hand ----------------------------------------------------------------------------

QUEUE = [order(ADD, 1, 10, 5), order(ADD, 2, 10, 7), order(ADD, 3, 10, 9)]


@pytest.mark.parametrize(
    ("change", "queue"),
    [
        (order(MODIFY, 1, 10, 4), [(1, 4), (2, 7), (3, 9)]),
        (order(MODIFY, 1, 10, 5), [(1, 5), (2, 7), (3, 9)]),
        (order(MODIFY, 1, 10, 6), [(2, 7), (3, 9), (1, 6)]),
        (order(MODIFY, 3, 10, 10), [(1, 5), (2, 7), (3, 10)]),
        (order(MODIFY, 2, 11, 4), [(1, 5), (3, 9)]),
        (order(MODIFY, 2, 10, 0), [(1, 5), (3, 9)]),
        (order(CANCEL, 2, 0, 3), [(1, 5), (2, 4), (3, 9)]),
        (order(FILL, 1, 0, 5), [(2, 7), (3, 9)]),
        (order(DELETE, 3), [(1, 5), (2, 7)]),
        (order(CANCEL, 9, 0, 0), [(1, 5), (2, 7), (3, 9)]),
        (order(ADD, 2, 44, 1), [(1, 5), (2, 7), (3, 9)]),
        (order(FILL, 2, 0, 8), [(1, 5), (3, 9)]),
    ],
)
def test_places_in_the_queue(change: Rec, queue: list[tuple[int, int]]) -> None:
    assert both([*QUEUE, change]).queue(BID, 10) == queue


def test_size_ahead() -> None:
    book = both(QUEUE)
    assert book.order(3) == Order(Side.BID, 10, 9, 2, 12, False)
    assert book.order(1) == Order(Side.BID, 10, 5, 0, 0, False)
    assert book.order(4) is None
    assert OrderBook().order(4) is None


@pytest.mark.parametrize(
    ("recs", "faults"),
    [
        ([order(CANCEL, 7, 0, 1), order(FILL, 7, 0, 1), order(DELETE, 7)], {"unknown": (3, 3)}),
        ([order(REPLACE, 8), order(ADD, 8, 11, 1)], {"unknown": (1, 3)}),
        ([order(MODIFY, 7, 10, 4)], {"dead_modify": (1, 3)}),
        ([trade(NOON, 1, 10, 1), order(ADD, 1, 12, 4)], {"double_add": (1, 4)}),
        ([order(CANCEL, 1, 0, 6), order(FILL, 2, 0, 100)], {"beyond": (2, 3)}),
        ([order(DELETE, 1), order(DELETE, 1)], {"unknown": (1, 4)}),
    ],
)
@pytest.mark.parametrize("limit", [1, 4096])
def test_what_is_wrong_is_counted(
    recs: list[Rec], faults: dict[str, tuple[int, int]], limit: int
) -> None:
    assert both([*QUEUE, *recs], limit).faults == faults


def test_ids_have_64_bits() -> None:
    refs = [0, 2**63, 2**64 - 1, 2**32, 2**32 << 1, (1 << 32) | 1, 1]
    book = both([order(ADD, ref, 10, 1 + n) for n, ref in enumerate(refs)])
    assert [ref for ref, _ in book.queue(BID, 10)] == refs


def test_a_clear_takes_both_sides_and_the_book_goes_on() -> None:
    recs = [*QUEUE, order(ADD, 4, 12, 1, ASK), order(CLEAR, 0), order(ADD, 1, 9, 2)]
    book = both(recs)
    assert book.levels() == ([(9, 2)], [])


def test_prices_between_two_ticks() -> None:
    """As NASDAQ's stub quotes do: in the table, at their place, not in the ladder of ticks."""
    low, high = 100_000, 10**14 + 1
    recs = [
        order(ADD, 1, low, 100, BID, BILLIONTHS),
        order(ADD, 2, high, 100, ASK, BILLIONTHS),
        order(ADD, 3, 10, 5),
        order(ADD, 4, 11, 5, ASK),
        order(ADD, 5, 10 * TICK + 1, 7, BID, BILLIONTHS),
        order(ADD, 6, 10 * TICK + 1, 2, BID, BILLIONTHS),
    ]
    book = both(recs)
    assert book.levels() == ([(10, 5)], [(11, 5)])
    assert book.exact(TICK) == (
        [(10 * TICK + 1, 9), (10 * TICK, 5), (low, 100)],
        [(11 * TICK, 5), (high, 100)],
    )
    assert book.order(6) == Order(Side.BID, 10 * TICK + 1, 2, 1, 7, True)
    assert book.counters["off_grid"] == 4
    gone = both([*recs, order(DELETE, 5), order(MODIFY, 6, 10, 2), order(FILL, 2, 0, 100)])
    assert gone.exact(TICK) == ([(10 * TICK, 7), (low, 100)], [(11 * TICK, 5)])


def test_a_snapshot_replaces_orders_and_keeps_their_places() -> None:
    book = both(crowd(2, 3_000, 300))
    other = OrderBook()
    feed(other, QUEUE)
    other.load_orders(adds_of(standing_orders(book.state, book.heap)))
    assert standing(other) == standing(book)
    other.check()


def test_depth_does_not_reach_a_book_of_orders_nor_orders_one_of_depth() -> None:
    book = OrderBook()
    assert feed(book, [*QUEUE, price_row(NOON, BID, 20, 5), Rec(NOON, 0, ASK, 0, 0, 9, 1)]) is None
    assert book.levels() == ([(10, 21)], [])
    assert (book.counters["undrawn"], book.counters["unbuilt"]) == (2, 0)
    depth = OrderBook()
    assert feed(depth, [price_row(NOON, BID, 20, 5), *QUEUE]) is None
    assert depth.levels() == ([(20, 5)], [])
    assert (depth.counters["undrawn"], depth.counters["unbuilt"]) == (0, 3)
    assert len(depth) == 0
    assert depth.queue(BID, 10) == []


def test_locked_and_crossed_is_no_fault() -> None:
    book = both([*QUEUE, order(ADD, 4, 10, 1, ASK), order(ADD, 5, 8, 1, ASK)])
    assert book.top(1) == ([(10, 21)], [(8, 1)])
    assert book.faults == {}


def test_the_check_notices_a_queue_that_lost_an_order() -> None:
    book = both(QUEUE)
    book._book["live"] += 1
    with pytest.raises(AssertionError):
        book.check()


def test_the_check_notices_a_ladder_that_differs() -> None:
    book = both(QUEUE)
    book._book["ring"][1, 10 & (RING - 1)] += 1
    with pytest.raises(AssertionError, match="sum of its orders"):
        book.check()


class OrderMachine(RuleBasedStateMachine):
    """Plausible orders, many at one price, with prices at the edges of the near window."""

    def __init__(self) -> None:
        super().__init__()
        self.book = OrderBook(4)
        self.twin = twin()
        self.next = 1
        self.said = 0

    def _say(self, *recs: Rec) -> None:
        assert feed(self.book, list(recs)) is None
        for rec in recs:
            self.twin.apply(rec, self.said)
            self.said += 1

    def _standing(self, which: int) -> int:
        return list(self.twin.orders)[which % len(self.twin.orders)] if self.twin.orders else 0

    @rule(
        price=_prices.filter(lambda ticks: abs(ticks) < 2**40),
        side=st.sampled_from((ASK, BID)),
        sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5),
        off=st.sampled_from((False, False, True)),
    )
    def add(self, price: int, side: int, sizes: list[int], off: bool) -> None:
        at, bits = (_between(price), BILLIONTHS) if off else (price, 0)
        for size in sizes:
            self._say(order(ADD, self.next * 0x9E3779B97F4A7C15 % 2**64, at, size, side, bits))
            self.next += 1

    @rule(
        which=st.integers(0, 99),
        op=st.sampled_from((CANCEL, FILL, DELETE, MODIFY, REPLACE)),
        price=st.integers(-6, 6),
        size=st.integers(0, 9),
        same=st.booleans(),
    )
    def change(self, which: int, op: int, price: int, size: int, same: bool) -> None:
        ref = self._standing(which)
        bits = 0
        if same and ref in self.twin.orders:
            price = self.twin.orders[ref].price
            bits = BILLIONTHS if price % TICK else 0
            price = price if bits else price // TICK
        self._say(order(op, ref, price, size, BID, bits))
        if op == OrderOp.REPLACE:
            self._say(order(ADD, ref, price, size + 1, BID, bits))

    @rule()
    def clear(self) -> None:
        self._say(order(CLEAR, 0))

    @invariant()
    def both_are_equal(self) -> None:
        agree(self.book, self.twin)


TestOrderBook: Any = OrderMachine.TestCase
TestOrderBook.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
