"""The compiled L2 book against two plain ones, record by record and in any cut."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook import Book
from tests.orderbook.book_streams import broken_ladders, ladder_stream, ladders, price_levels
from tests.orderbook.compare import analyzer_for
from tests.reference.position_book import Applied, PositionBook
from tests.reference.price_book import PriceBook
from tests.reference.records import (
    ADD,
    ASK,
    BID,
    ORDER,
    POSITION,
    PRICE,
    REMOVE,
    UPDATE,
    Rec,
    ask,
    bid,
    frames_of,
    price_row,
)

NOON = 1_700_000_000 * 10**9


def feed(book: Book, recs: Sequence[Rec], limit: int = 4096) -> Applied:
    """Apply until a fault; how many records of ``recs`` were applied."""
    applied = 0
    for frame in frames_of(recs, limit):
        outcome = book.apply(frame.records, frame.base)
        applied += outcome.applied
        if outcome.fault is not None:
            return Applied(applied, outcome.fault)
    return Applied(applied, None)


def agree(book: Book, twin: PositionBook | PriceBook) -> None:
    assert book.top(256) == twin.top(256)
    if isinstance(twin, PositionBook):
        assert book.counters["removed_past_end"] == twin.removed_past_end
        assert book.counters["appended"] == twin.appended


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("limit", [1, 7, 200, 4096])
def test_a_plausible_ladder(seed: int, limit: int) -> None:
    recs = ladder_stream(seed, 3_000)
    book, twin = Book(10), PositionBook(10)
    assert twin.apply(recs) == feed(book, recs, limit) == (len(recs), None)
    agree(book, twin)
    book.check()


def test_every_state_of_a_plausible_ladder() -> None:
    book, twin = Book(10), PositionBook(10)
    for rec in ladder_stream(99, 1_500):
        assert twin.apply([rec]) == feed(book, [rec])
        agree(book, twin)


@pytest.mark.parametrize("depth", [1, 3, 10])
@given(data=st.data())
def test_rows_of_any_kind(depth: int, data: st.DataObject) -> None:
    recs = data.draw(st.one_of(ladders(depth), broken_ladders(depth)))
    limit = data.draw(st.sampled_from((1, 7, 200)))
    recs = _one_mode(recs)
    book, twin = Book(depth), PositionBook(depth)
    assert feed(book, recs, limit) == twin.apply(recs)
    agree(book, twin)


@given(recs=price_levels(10**6), limit=st.sampled_from((1, 7, 200)), depth=st.integers(1, 25))
def test_levels_by_price(recs: list[Rec], limit: int, depth: int) -> None:
    book, twin = Book(depth), PriceBook()
    assert feed(book, recs, limit) == twin.apply(recs)
    agree(book, twin)


@given(recs=price_levels(2**52))
def test_every_state_by_price(recs: list[Rec]) -> None:
    book, twin = Book(10), PriceBook()
    for rec in recs:
        assert feed(book, [rec]) == twin.apply([rec])
        agree(book, twin)
        book.check()


@given(
    ticks=st.sets(st.integers(-3000, 3000), max_size=300),
    gone=st.sets(st.integers(-3000, 3000), max_size=300),
    side=st.integers(0, 1),
)
def test_hundreds_of_far_levels(ticks: set[int], gone: set[int], side: int) -> None:
    recs = [price_row(NOON, side, tick, 1 + abs(tick)) for tick in ticks]
    recs += [price_row(NOON + 1, side, tick, 0, REMOVE) for tick in gone]
    book, twin = Book(10), PriceBook()
    assert feed(book, recs) == twin.apply(recs)
    agree(book, twin)
    assert book.levels() == twin.top(len(ticks) + 1)


@given(recs=ladders(10), start=st.integers(1, 12))
def test_rows_after_a_snapshot(recs: list[Rec], start: int) -> None:
    bids = [(99 - 2 * row, 5 + row) for row in range(start)]
    asks = [(100 + 2 * row, 6 + row) for row in range(start)]
    book, twin = Book(12), PositionBook(12)
    for either in (book, twin):
        either.load(bids, asks)
    assert feed(book, recs) == twin.apply(recs)
    agree(book, twin)


@given(recs=price_levels(5000), start=st.integers(0, 40), far=st.sampled_from((1, 700, 10**9)))
def test_levels_after_a_snapshot(recs: list[Rec], start: int, far: int) -> None:
    bids = [(-1 - row * far, 5 + row) for row in range(start)]
    asks = [(row * far, 6 + row) for row in range(start)]
    book, twin = Book(10), PriceBook()
    for either in (book, twin):
        either.load(bids, asks)
    assert feed(book, recs) == twin.apply(recs)
    agree(book, twin)


def test_fault_belongs_to_the_first_record_of_the_new_time() -> None:
    recs = [ask(NOON, ADD, 0, 10, 1), ask(NOON, ADD, 1, 10, 1), bid(NOON + 1, ADD, 0, 9, 1)]
    book = Book(10)
    assert feed(book, recs) == (2, "unsorted")
    assert book.top(10) == ([], [(10, 1), (10, 1)])


def test_disorder_inside_a_group_is_no_fault() -> None:
    recs = [
        ask(NOON, ADD, 0, 10, 1),
        ask(NOON, ADD, 1, 10, 1),
        ask(NOON, UPDATE, 1, 11, 1),
        bid(NOON + 1, ADD, 0, 9, 1),
    ]
    assert feed(Book(10), recs) == (4, None)


def test_crossed_is_no_fault() -> None:
    recs = [ask(NOON, ADD, 0, 10, 1), bid(NOON, ADD, 0, 12, 1), bid(NOON + 9, UPDATE, 0, 12, 2)]
    book = Book(10)
    assert feed(book, recs) == (3, None)
    assert book.top(1) == ([(12, 2)], [(10, 1)])
    book.check()


@pytest.mark.parametrize(("rows", "fault"), [(11, None), (12, "too_deep")])
def test_one_row_more_than_declared_is_allowed(rows: int, fault: str | None) -> None:
    recs = [ask(NOON, ADD, row, 10 + row, 1) for row in range(rows)]
    recs.append(bid(NOON + 1, ADD, 0, 9, 1))
    assert feed(Book(10), recs) == (rows + (fault is None), fault)


def test_a_group_holds_at_most_256_rows_of_a_side() -> None:
    recs = [bid(NOON, ADD, 0, 1000 + row, 1) for row in range(257)]
    book, twin = Book(10), PositionBook(10)
    assert feed(book, recs) == twin.apply(recs) == (256, "too_deep")
    agree(book, twin)


def test_remove_past_the_end_is_counted_and_update_past_the_end_appends() -> None:
    recs = [
        ask(NOON, ADD, 0, 10, 1),
        ask(NOON, REMOVE, 1, 0, 0),
        ask(NOON, UPDATE, 5, 11, 2),
        ask(NOON, ADD, 9, 12, 3),
        ask(NOON, REMOVE, 200, 0, 0),
    ]
    book, twin = Book(10), PositionBook(10)
    assert feed(book, recs) == twin.apply(recs) == (5, None)
    assert book.top(10) == ([], [(10, 1), (11, 2), (12, 3)])
    agree(book, twin)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ask(NOON, ADD, 0, 10, 1), price_row(NOON, BID, 9, 1)),
        (price_row(NOON, BID, 9, 1), ask(NOON, ADD, 0, 10, 1)),
    ],
)
def test_a_book_is_by_position_or_by_price(first: Rec, second: Rec) -> None:
    book = Book(10)
    assert feed(book, [first, second]) == (1, "mixed")
    assert sum(map(len, book.top(9))) == 1


def test_clear_empties_and_forgets_the_mode() -> None:
    book = Book(10)
    feed(book, [ask(NOON, ADD, 0, 10, 1)])
    book.clear()
    assert book.top(10) == ([], [])
    assert feed(book, [price_row(NOON, ASK, 9, 1)]) == (1, None)
    book.check()


def _by_price(side: int, sizes: dict[int, int]) -> Book:
    """A book that was told these prices, in this order."""
    book = Book(10)
    assert feed(book, [price_row(NOON, side, *level) for level in sizes.items()])[1] is None
    return book


def test_size_0_takes_a_price_out_of_the_book_and_of_its_counts() -> None:
    book = _by_price(ASK, {100: 3, 101: 4, 102: 5})
    assert feed(book, [price_row(NOON, ASK, 101, 0)]) == (1, None)
    book.check()
    assert book.levels() == ([], [(100, 3), (102, 5)])


def test_the_best_price_left_is_found_when_the_best_goes() -> None:
    book = _by_price(BID, {100: 3, 97: 4, 90: 5})
    assert feed(book, [price_row(NOON, BID, 100, 0, REMOVE)]) == (1, None)
    book.check()
    assert book.top(1) == ([(97, 4)], [])


def test_a_price_far_below_the_best_is_kept_and_found_again() -> None:
    """Farther than the window reaches, which goes up with the best and comes down again."""
    book = _by_price(BID, {100: 3, 99: 4, 5_000: 5})
    book.check()
    assert book.levels() == book.top(9) == ([(5_000, 5), (100, 3), (99, 4)], [])
    assert feed(book, [price_row(NOON, BID, 5_000, 0)]) == (1, None)
    book.check()
    assert book.levels() == book.top(9) == ([(100, 3), (99, 4)], [])


def test_check_notices_disorder() -> None:
    book = Book(10)
    feed(book, [bid(NOON, ADD, 0, 10, 1), bid(NOON, ADD, 1, 11, 1)])
    with pytest.raises(AssertionError):
        book.check()


def _one_mode(recs: list[Rec]) -> list[Rec]:
    """Cut before a record that would mix two ways of addressing, except as the very last one.

    Orders that come first would make a book of orders.
    """
    depth = next((at for at, rec in enumerate(recs) if rec.kind in (POSITION, PRICE)), len(recs))
    recs = [rec for at, rec in enumerate(recs) if at > depth or rec.kind != ORDER]
    for index, rec in enumerate(recs):
        if rec.kind == PRICE:
            first = any(earlier.kind == POSITION for earlier in recs[:index])
            return recs[: index + 1] if first else recs[:index]
    return recs


@pytest.mark.parametrize("depth", [1, 2, 9, 10, 20])
@pytest.mark.parametrize("kind", [POSITION, PRICE])
def test_a_checksum_covers_levels_that_are_not_visible(depth: int, kind: int) -> None:
    """By price a book holds more than it shows; what is compared must not depend on that."""
    rows = [(side, 100 - row if side == BID else 101 + row) for row in range(12) for side in (0, 1)]
    recs = [
        Rec(10**9, kind, side, ADD, index // 2, price, 5 + index)
        for index, (side, price) in enumerate(rows)
        if kind == PRICE or index // 2 < depth
    ]
    analyzer = analyzer_for(depth=depth)
    for frame in frames_of(recs):
        analyzer.process_l2_update(frame)
    shown = 10 if kind == PRICE else min(depth, 10)
    bids, asks = analyzer.best(10)
    assert [price for price, _ in bids] == list(range(100, 100 - shown, -1))
    assert [price for price, _ in asks] == list(range(101, 101 + shown))
    assert len(analyzer.top(10)[0]) == min(depth, 10)
