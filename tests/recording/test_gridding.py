"""The book at the other end is the part of the file's book that lies on the grid."""

import random

import numpy as np
import pytest

from depthbridge.gridding import OrdersOnGrid
from market.enums import Kind, OrderOp
from market.record import RECORD, Records, off_grid_of
from orderbook import OrderBook
from wire.frames import require_records

OFF = 2
TICK = 10_000_000
"""In billionths of the price unit."""


def order(op: OrderOp, ref: int, price: int = 0, size: int = 0, *, off: bool = False) -> Records:
    record = np.zeros(1, RECORD)
    record["kind"], record["op"], record["ref"] = Kind.ORDER, op, ref
    record["price"], record["size"], record["side"] = price, size, ref % 2
    record["position"] = OFF if off else 0
    return record


def some(chance: random.Random, ids: int) -> Records:
    """Any record, of an id that stands or not, at a price on the grid or between two ticks."""
    op = chance.choice([*[OrderOp.ADD] * 6, *[OrderOp.MODIFY] * 5, *OrderOp])
    if op is OrderOp.CLEAR and chance.random() < 0.8:
        op = OrderOp.FILL
    off = chance.random() < 0.3
    ticks = 500 + chance.randrange(4) * (1 if chance.random() < 0.5 else -1)
    price = ticks * TICK + 5_000_000 if off else ticks
    record = order(op, chance.randrange(ids), price, chance.randrange(8), off=off)
    if op is OrderOp.CLEAR:
        record["ref"], record["price"], record["position"], record["size"] = 0, 0, 0, 0
    return record


def queues(book: OrderBook) -> list[tuple[int, int, int]]:
    """Each order on the grid: id, price, size; by side and price in the order of the queue."""
    return [(int(add["ref"]), int(add["price"]), int(add["size"])) for add in book.adds()]


@pytest.mark.parametrize("seed", range(40))
def test_a_book_of_any_records(seed: int) -> None:
    chance = random.Random(seed)
    ids = chance.choice([4, 12, 60])
    whole, other, grid = OrderBook(), OrderBook(), OrdersOnGrid()
    sent = told = 0
    for _ in range(120):
        count = chance.choice([1, 1, 2, 7, 40])
        records = np.concatenate([some(chance, ids) for _ in range(count)])
        handed = grid.records(records, 0)
        require_records(handed)  # what the wire takes
        assert not off_grid_of(handed).any()
        whole.apply(records, 0)
        other.apply(handed, 0)
        assert queues(other) == queues(whole)
        other.check()
        sent, told = sent + len(records), told + len(handed)
    assert sent - told == grid.left_out > 0


def test_what_is_on_the_grid_is_handed_on_as_it_is() -> None:
    grid = OrdersOnGrid()
    records = np.concatenate(
        [
            order(OrderOp.ADD, 1, 500, 3),
            order(OrderOp.FILL, 1, 500, 1),
            order(OrderOp.DELETE, 9),
        ]
    )
    assert grid.records(records, 0) is records
    hidden = order(OrderOp.ADD, 2, 5 * TICK + 1, 3, off=True)
    both = np.concatenate([hidden, order(OrderOp.MODIFY, 1, 501, 2)])
    assert np.array_equal(grid.records(both, 0), both[1:])
    assert grid.left_out == 1


def test_an_order_leaves_the_grid_and_comes_back_as_another_in_its_queue() -> None:
    grid, other = OrdersOnGrid(), OrderBook()
    steps = [
        (order(OrderOp.ADD, 1, 500, 3), [OrderOp.ADD]),
        (order(OrderOp.ADD, 3, 500, 4), [OrderOp.ADD]),
        (order(OrderOp.MODIFY, 1, 500 * TICK + 7, 3, off=True), [OrderOp.DELETE]),
        (order(OrderOp.FILL, 1, 500 * TICK + 7, 1, off=True), []),
        (order(OrderOp.MODIFY, 1, 500, 2), [OrderOp.ADD]),
        (order(OrderOp.CANCEL, 3, 5 * TICK + 7, 1, off=True), [OrderOp.CANCEL]),
        (order(OrderOp.REPLACE, 1), [OrderOp.REPLACE]),
    ]
    for record, wanted in steps:
        handed = grid.records(record, 0)
        assert handed["op"].tolist() == wanted
        other.apply(handed, 0)
    assert queues(other) == [(3, 500, 3)]
    assert grid.left_out == 1


def test_a_wrong_record_is_wrong_at_the_other_end_too() -> None:
    grid = OrdersOnGrid()
    grid.records(order(OrderOp.ADD, 2, 5 * TICK + 1, 3, off=True), 0)
    grid.records(order(OrderOp.CLEAR, 0), 0)
    unknown = order(OrderOp.DELETE, 2)
    assert np.array_equal(grid.records(unknown, 0), unknown)


def test_a_clear_is_handed_on_though_an_order_between_two_ticks_has_its_id() -> None:
    grid = OrdersOnGrid()
    grid.records(order(OrderOp.ADD, 0, 5 * TICK + 1, 3, off=True), 0)
    assert grid.records(order(OrderOp.CLEAR, 0), 0)["op"].tolist() == [OrderOp.CLEAR]


def test_a_snapshot_keeps_what_lies_on_the_grid_and_remembers_the_rest() -> None:
    grid = OrdersOnGrid()
    orders = np.concatenate(
        [order(OrderOp.ADD, 1, 500, 3), order(OrderOp.ADD, 3, 5 * TICK + 1, 4, off=True)]
    )
    assert np.array_equal(grid.load(orders), orders[:1])
    assert grid.left_out == 1
    assert grid.records(order(OrderOp.MODIFY, 3, 499, 4), 0)["op"].tolist() == [OrderOp.ADD]
    beyond = order(OrderOp.FILL, 3, 499, 5)
    assert np.array_equal(grid.records(beyond, 0), beyond)
