"""The plain order book itself: examples by hand, and the vendor's ES orders through another one."""

from pathlib import Path

import pytest

from market.ticks import Grid
from tests.evidence.databento import mbo_events
from tests.reference.mbo_book import MboBook
from tests.reference.order_book import (
    ADD,
    BEYOND,
    BILLIONTHS,
    CANCEL,
    CLEAR,
    DEAD_MODIFY,
    DELETE,
    DOUBLE_ADD,
    FILL,
    MODIFY,
    REPLACE,
    UNKNOWN_ID,
    Fault,
    OrderBook,
    rows_of,
)
from tests.reference.records import ASK, BID, ORDER, TRADE, Rec

QUARTER = Grid("0.25")
P = 250_000_000
"""A tick in billionths."""


def order(op: int, ref: int, side: int = BID, price: int = 0, size: int = 0, bits: int = 0) -> Rec:
    return Rec(0, ORDER, side, op, bits, price, size, ref)


def filled(*recs: Rec) -> OrderBook:
    book = OrderBook(QUARTER)
    for index, rec in enumerate(recs):
        book.apply(rec, index)
        book.check()
    return book


QUEUE = (
    order(ADD, 1, BID, 10, 5),
    order(ADD, 2, BID, 10, 7),
    order(ADD, 3, BID, 10, 9),
)


@pytest.mark.parametrize(
    ("change", "queue"),
    [
        (order(MODIFY, 1, BID, 10, 4), [(1, 4), (2, 7), (3, 9)]),
        (order(MODIFY, 1, BID, 10, 5), [(1, 5), (2, 7), (3, 9)]),
        (order(MODIFY, 1, BID, 10, 6), [(2, 7), (3, 9), (1, 6)]),
        (order(MODIFY, 1, BID, 11, 4), [(2, 7), (3, 9)]),
        (order(MODIFY, 1, BID, 10, 0), [(2, 7), (3, 9)]),
        (order(CANCEL, 2, size=3), [(1, 5), (2, 4), (3, 9)]),
        (order(CANCEL, 2, size=7), [(1, 5), (3, 9)]),
        (order(CANCEL, 2, size=0), [(1, 5), (2, 7), (3, 9)]),
        (order(FILL, 1, size=1), [(1, 4), (2, 7), (3, 9)]),
        (order(FILL, 1, size=5), [(2, 7), (3, 9)]),
        (order(DELETE, 3), [(1, 5), (2, 7)]),
        (order(REPLACE, 3), [(1, 5), (2, 7)]),
        (order(ADD, 4, BID, 10, 0), [(1, 5), (2, 7), (3, 9)]),
        (order(ADD, 4, BID, 10, 1), [(1, 5), (2, 7), (3, 9), (4, 1)]),
        (order(ADD, 4, ASK, 10, 1), [(1, 5), (2, 7), (3, 9)]),
        (order(CLEAR, 0, ASK), []),
        (Rec(0, TRADE, 0, 0, 0, 10, 5, 1), [(1, 5), (2, 7), (3, 9)]),
    ],
)
def test_a_change_of_the_queue_of_one_price(change: Rec, queue: list[tuple[int, int]]) -> None:
    book = filled(*QUEUE, change)
    assert [(ref, book.orders[ref].size) for ref in book.queues[BID].get(10 * P, [])] == queue
    assert book.faults == {}
    ahead = 0
    for place, (ref, size) in enumerate(queue):
        assert book.ahead(ref) == (place, ahead)
        ahead += size


@pytest.mark.parametrize(
    ("change", "fault", "left"),
    [
        (order(CANCEL, 9, size=1), UNKNOWN_ID, {1, 2, 3}),
        (order(FILL, 9, size=1), UNKNOWN_ID, {1, 2, 3}),
        (order(DELETE, 9), UNKNOWN_ID, {1, 2, 3}),
        (order(REPLACE, 9), UNKNOWN_ID, {1, 2, 3}),
        (order(MODIFY, 9, BID, 10, 5), DEAD_MODIFY, {1, 2, 3}),
        (order(ADD, 1, ASK, 99, 8), DOUBLE_ADD, {1, 2, 3}),
        (order(CANCEL, 1, size=6), BEYOND, {2, 3}),
        (order(FILL, 2, size=8), BEYOND, {1, 3}),
    ],
)
def test_bad_input_is_counted_with_its_first_index(change: Rec, fault: str, left: set[int]) -> None:
    book = filled(*QUEUE, change)
    assert book.faults == {fault: Fault(1, 3)}
    assert set(book.orders) == left
    assert book.queues[ASK] == {}
    book.apply(order(DELETE, 77), 8)
    book.apply(order(DELETE, 77), 9)
    assert book.faults[UNKNOWN_ID] == (Fault(3, 3) if fault == UNKNOWN_ID else Fault(2, 8))


def test_levels_are_in_the_order_of_exact_prices() -> None:
    book = filled(
        order(ADD, 1, ASK, 101, 1),
        order(ADD, 2, ASK, 100 * 10**9, 2, BILLIONTHS),
        order(ADD, 3, ASK, 25_260_000_000, 3, BILLIONTHS),
        order(ADD, 4, BID, 100_000, 4, BILLIONTHS),
        order(ADD, 5, BID, 100, 5),
        order(ADD, 6, BID, 100, 6),
        order(MODIFY, 4, BID, 99, 4),
    )
    assert book.top(9) == (
        [(25 * 10**9, 11), (24_750_000_000, 4)],
        [(25_250_000_000, 1), (25_260_000_000, 3), (100 * 10**9, 2)],
    )
    assert book.top(1) == ([(25 * 10**9, 11)], [(25_250_000_000, 1)])
    assert (book.count(BID, 25 * 10**9), book.count(BID, 0)) == (2, 0)


def test_a_message_of_two_records_is_one_row() -> None:
    recs = [
        (0, order(ADD, 1, BID, 10, 5)),
        (1, order(REPLACE, 1)),
        (1, order(ADD, 2, BID, 11, 6)),
        (4, order(CANCEL, 0, size=0)),
        (5, order(DELETE, 2)._replace(time=7)),
    ]
    rows = list(rows_of(OrderBook(QUARTER), recs, 2))
    assert [(row.index, row.time, row.bids) for row in rows] == [
        (0, 0, [(10 * P, 5)]),
        (1, 0, [(11 * P, 6)]),
        (4, 0, [(11 * P, 6)]),
        (5, 7, []),
    ]
    assert list(rows_of(OrderBook(QUARTER), [], 2)) == []


OPS = {"A": ADD, "C": CANCEL, "M": MODIFY, "R": CLEAR}


@pytest.mark.recordings
def test_the_vendors_orders_lead_to_the_vendors_book(recorded: Path) -> None:
    path = recorded / "databento" / "es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    plain, vendors = OrderBook(QUARTER), MboBook()
    for index, event in enumerate(mbo_events(path)):
        vendors.apply(event)
        if event.action in OPS:
            side = BID if event.side == "B" else ASK
            op, ref = OPS[event.action], event.order_id
            plain.apply(Rec(event.time, ORDER, side, op, 0, event.price, event.size, ref), index)
        if index % 16 == 0:
            bids, asks = vendors.top(10)
            assert plain.top(10) == ([(p * P, s) for p, s in bids], [(p * P, s) for p, s in asks])
    plain.check()
    assert plain.faults == {}
    assert len(plain.orders) == len(vendors.orders) > 5000
