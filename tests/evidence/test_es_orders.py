"""An hour of ES, order by order: the compiled book against an independent one, and its queues."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from market.enums import Side
from orderbook import OrderBook
from orderbook.books.order_book import adds_of, standing_orders
from tests.evidence.databento import mbo_events
from tests.reference.mbo_book import LAST, SNAPSHOT, MboBook, MboEvent
from tests.reference.order_book import CANCEL, CLEAR, FILL, MODIFY, REPLACE
from tests.reference.records import ADD, ASK, BID, ORDER, Rec, frames_of

pytestmark = pytest.mark.recordings

_OPS = {"A": ADD, "M": MODIFY, "C": CANCEL, "R": CLEAR}


@pytest.fixture(scope="module")
def events(recorded: Path) -> list[MboEvent]:
    return list(mbo_events(recorded / "databento/es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"))


def order_rec(event: MboEvent) -> Rec:
    """The record of an event that changes a book."""
    side = BID if event.side == "B" else ASK
    return Rec(
        event.time, ORDER, side, _OPS[event.action], 0, event.price, event.size, event.order_id
    )


def feed(book: OrderBook, recs: list[Rec]) -> None:
    for frame in frames_of(recs):
        assert book.apply(frame.records, frame.base) == (len(frame.records), None, False)


def grouped(events: list[MboEvent]) -> Iterator[list[MboEvent]]:
    """The records of each exchange event."""
    part = []
    for event in events:
        part.append(event)
        if event.flags & LAST:
            yield part
            part = []
    assert not part


def test_ten_levels_equal_the_other_book_after_every_event(events: list[MboEvent]) -> None:
    book, other = OrderBook(), MboBook()
    compared = 0
    for part in grouped(events):
        feed(book, [order_rec(event) for event in part if event.action in _OPS])
        for event in part:
            other.apply(event)
        assert book.top(10) == other.top(10)
        compared += not part[-1].flags & SNAPSHOT
        if compared % 5_000 == 0:
            book.check()
    assert compared == 47_022
    assert book.faults == {}
    assert same_queues(book, other)


def same_queues(book: OrderBook, other: MboBook) -> bool:
    """Every queue holds the same orders in the same order."""
    assert len(book) == len(other.orders)
    return all(
        book.queue(side, price) == list(queue.items())
        for side, name in ((Side.BID, "B"), (Side.ASK, "A"))
        for price, queue in other.sides[name].items()
    )


def test_a_snapshot_of_it_makes_the_same_queues(events: list[MboEvent]) -> None:
    book, other = OrderBook(), MboBook()
    for event in events[:30_000]:
        other.apply(event)
    feed(book, [order_rec(event) for event in events[:30_000] if event.action in _OPS])
    loaded = OrderBook()
    loaded.load_orders(adds_of(standing_orders(book.state, book.heap)))
    loaded.check()
    assert same_queues(loaded, other)


def test_fills_take_the_first_of_the_queue(events: list[MboEvent]) -> None:
    """98.5 % of the fills at an order's own price fit strict time priority.

    A fill names the order; the change of the book follows at the end of the event. So orders
    that were filled before it in the event, and not less than they had, stand in front of nobody.
    An order that is told to have more left than the fill left it (an iceberg's next part) has lost
    its place: it is put behind, as a modify to a larger size is.
    """
    book = OrderBook()
    seen: Counter[str] = Counter()
    for part in grouped(events):
        cancelled = {event.order_id for event in part if event.action == "C"}
        filled: Counter[int] = Counter()
        for event in part:
            standing = book.order(event.order_id)
            if event.action == "F":
                if standing is not None and standing.price == event.price:
                    seen[_place(book, event, filled, cancelled)] += 1
                filled[event.order_id] += event.size
                continue
            if event.action not in _OPS:
                continue
            rec = order_rec(event)
            taken = filled.pop(event.order_id, 0)
            if event.action == "M" and taken and standing and event.size > standing.size - taken:
                feed(book, [rec._replace(op=REPLACE), rec._replace(op=ADD)])
            else:
                feed(book, [rec])
    assert sum(seen.values()) == 6_232
    assert seen == {"first": 5_703, "those before it cancelled": 434, "not explained": 95}
    assert book.faults == {}


def _place(book: OrderBook, event: MboEvent, filled: Counter[int], cancelled: set[int]) -> str:
    standing = book.order(event.order_id)
    assert standing is not None
    queue = book.queue(standing.side, standing.price)
    before = [ref for ref, size in queue[: standing.place] if filled[ref] < size]
    if not before:
        return "first"
    return "those before it cancelled" if set(before) <= cancelled else "not explained"


def test_a_fill_that_reduces_by_itself_leaves_the_same_book(events: list[MboEvent]) -> None:
    """Told as fills instead of as the changes that follow them, no order is left otherwise."""
    book, other = OrderBook(), OrderBook()
    for _, part in groupby(events[:20_000], lambda event: event.time):
        recs = [order_rec(event) for event in part if event.action in _OPS]
        feed(book, recs)
        feed(other, [r._replace(op=FILL) if r.op == CANCEL else r for r in recs])
    assert standing_orders(book.state, book.heap).tolist() == (
        standing_orders(other.state, other.heap).tolist()
    )
