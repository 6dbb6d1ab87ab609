"""Book updates: bulk, from Python in batches, many books; beside C and SortedDict."""

import time
from typing import Any

import pytest

from benchmarks import inputs
from benchmarks.inputs import Rows, squeezed
from benchmarks.measuring import OURS, Measure
from benchmarks.native import CBook, COrders, compiled
from benchmarks.rivals import LadderBook, SortedBook
from market.record import Records
from orderbook import Book, OrderBook

pytestmark = pytest.mark.benchmark(timer=time.process_time)
_NEEDS_C = pytest.mark.skipif(compiled("book") is None, reason="no C compiler")
_STREAMS = ("position_mixed", "position_depth", "position_recorded", "price_mixed", "price_depth")
_PYTHON_ROWS = 200_000
_FIELDS = ("kind", "side", "op", "position", "price", "size")


def _stream(name: str) -> Rows:
    if name == "position_recorded":
        found = inputs.recorded()
        if found is None:
            pytest.skip("no recorded data beside the repository")
        return found
    depth_alone = name.endswith("depth")
    if name.startswith("price"):
        return inputs.prices(depth_alone=depth_alone)
    return inputs.depth_only() if depth_alone else inputs.rows()


def _final_best(records: Records) -> tuple[int, int]:
    """Best (bid, ask) at the end by a plain book that nobody optimised."""
    plain: LadderBook | SortedBook = SortedBook() if (records["kind"] == 1).any() else LadderBook()
    plain.apply(_tuples(records))
    return plain.best()


def _tuples(records: Records) -> list[tuple[int, int, int, int, int, int]]:
    columns = [records[name].tolist() for name in _FIELDS]
    return list(zip(*columns, strict=True))


def _book() -> Book:
    return Book(10)


def _apply_frames(frames: list[Any]) -> Book:
    book = Book(10)
    for frame in frames:
        book.apply(frame.records, frame.base)
    return book


@pytest.mark.parametrize("name", _STREAMS)
def test_bulk(measure: Measure, name: str) -> None:
    """One call for all: times are squeezed into what a frame can hold."""
    frames = inputs.frames_of(squeezed(_stream(name)), 1 << 30)
    book = measure.time(name, lambda: _apply_frames(frames), sum(len(f.records) for f in frames))
    bids, asks = book.top(1)
    expected = _final_best(_stream(name).records)
    assert (bids[0][0], asks[0][0]) == expected


@_NEEDS_C
@pytest.mark.parametrize("name", _STREAMS)
def test_bulk_in_c(measure: Measure, name: str) -> None:
    records = _stream(name).records
    by_price = name.startswith("price")
    base = int(records["price"][0]) - (1 << 13)

    def work() -> CBook:
        book = CBook(by_price=by_price, base=base)
        book.apply(records)
        return book

    assert measure.time(name, work, len(records), role="C").best() == _final_best(records)


@pytest.mark.parametrize("name", ["position", "price"])
def test_batches_of_200(measure: Measure, name: str) -> None:
    frames = inputs.frames_of(squeezed(_stream(f"{name}_mixed")), 200)
    book = measure.time(
        f"{name}_200", lambda: _apply_frames(frames), sum(len(f.records) for f in frames)
    )
    assert book.top(1)[0]


@pytest.mark.parametrize("name", ["position", "price"])
def test_batches_in_plain_python(measure: Measure, name: str) -> None:
    """By price on SortedDicts; by position on lists. The rows are tuples already."""
    rows = _tuples(_stream(f"{name}_mixed").records[:_PYTHON_ROWS])
    rival = SortedBook if name == "price" else LadderBook
    role = "SortedDict" if name == "price" else "Python lists"

    def work() -> SortedBook | LadderBook:
        book = rival()
        for start in range(0, len(rows), 200):
            book.apply(rows[start : start + 200])
        return book

    book = measure.time(f"{name}_200", work, len(rows), role=role, rounds=3)
    assert book.best()[0] < book.best()[1]


def _order_stream(name: str) -> Rows:
    found = inputs.orders() if name == "orders_made" else inputs.recorded_orders()
    if found is None:
        pytest.skip("no recorded data beside the repository")
    return found


@pytest.mark.parametrize("name", ["orders_made", "orders_recorded"])
def test_orders_in_bulk(measure: Measure, name: str) -> None:
    """One call for all, into a table that has grown already."""
    (frame,) = inputs.frames_of(squeezed(_order_stream(name)), 1 << 30)
    book = OrderBook(10)

    def work() -> None:
        book.clear()
        book.apply(frame.records, frame.base)

    measure.time(name, work, len(frame.records))
    assert book.faults == {}
    book.check()


@_NEEDS_C
@pytest.mark.parametrize("name", ["orders_made", "orders_recorded"])
def test_orders_in_bulk_in_c(measure: Measure, name: str) -> None:
    records = _order_stream(name).records
    book, rival = OrderBook(10), COrders(base=0)

    def work() -> None:
        rival.clear()
        rival.apply(records)

    measure.time(name, work, len(records), role="C")
    book.apply(records)
    bids, asks = book.top(1)
    assert rival.best() == (bids[0][0], asks[0][0])


def test_orders_in_batches_of_200(measure: Measure) -> None:
    frames = inputs.frames_of(squeezed(inputs.orders()), 200)
    book = OrderBook(10)

    def work() -> None:
        book.clear()
        for frame in frames:
            book.apply(frame.records, frame.base)

    measure.time("orders_200", work, sum(len(frame.records) for frame in frames))
    assert book.top(1)[0]


def test_2000_books_in_turn(measure: Measure) -> None:
    """Each book is out of the near caches when its turn comes."""
    frames = inputs.frames_of(squeezed(inputs.rows()), 200)[:50]
    books = [_book() for _ in range(2000)]

    def work() -> None:
        for book in books:
            book.clear()
        for frame in frames:
            for book in books:
                book.apply(frame.records, frame.base)

    measure.time("books_2000", work, 2000 * sum(len(frame.records) for frame in frames), rounds=3)
    assert books[0].top(10) == books[-1].top(10) == _apply_frames(frames).top(10)


def test_size_of_a_book(measure: Measure) -> None:
    book = Book(10)
    book.apply(inputs.prices().records[:10_000])
    size = (book.words.nbytes + book.heap.nbytes) / 1024
    measure.keep(lambda: {OURS: {"book_size": size}}, rounds=1)
    assert book.top(1)[0]
