"""Depth records by strategy: plausible ladders, and ladders that nobody should send."""

import random
from collections.abc import Iterator

from hypothesis import strategies as st

from tests.reference.position_book import PositionBook
from tests.reference.records import (
    ADD,
    ASK,
    BID,
    ORDER,
    POSITION,
    PRICE,
    QUOTE,
    REMOVE,
    TRADE,
    UPDATE,
    Rec,
)

__all__ = ["broken_ladders", "ladder_stream", "ladders", "price_levels"]

_SECOND = 10**9


def ladder_stream(seed: int, records: int, depth: int = 10) -> list[Rec]:
    """Rows as NinjaTrader sends them: eleventh rows, lost bests, bursts of equal times, trades."""
    return list(_ladder(random.Random(seed), records, depth))


def _ladder(rng: random.Random, records: int, depth: int) -> Iterator[Rec]:
    book = PositionBook(depth)
    time = 1_700_000_000 * _SECOND + rng.randrange(_SECOND)
    made = 0
    for side, start in ((ASK, 101), (BID, 100)):
        for row in range(depth):
            price = start + (row if side == ASK else -row)
            rec = Rec(time, POSITION, side, ADD, row, price, rng.randint(1, 40))
            book.change(rec)
            made += 1
            yield rec
    while made < records:
        time += rng.choice((0, 0, 1, 100, 1_000_000, 40_000_000, 3 * _SECOND))
        for rec in _event(rng, book, time, depth):
            if rec.kind == POSITION:
                book.change(rec)
            made += 1
            yield rec


def _event(rng: random.Random, book: PositionBook, time: int, depth: int) -> Iterator[Rec]:
    side = rng.randrange(2)
    rows = book.rows[side]
    away = 1 if side == ASK else -1
    best_other = book.rows[1 - side][0][0]
    chance = rng.random()
    if chance < 0.6:
        row = rng.randrange(len(rows))
        yield Rec(time, POSITION, side, UPDATE, row, rows[row][0], rng.randint(1, 60))
    elif chance < 0.7 and (rows[0][0] - away - best_other) * away > 0:
        yield Rec(time, POSITION, side, ADD, 0, rows[0][0] - away, rng.randint(1, 20))
        yield Rec(time, POSITION, side, REMOVE, depth, rows[-1][0], 0)
    elif chance < 0.8:
        yield Rec(time, POSITION, side, REMOVE, 0, rows[0][0], 0)
        last = rows[-1][0] + away * rng.choice((1, 1, 1, 3))
        yield Rec(time, POSITION, side, ADD, depth - 1, last, rng.randint(1, 20))
    elif chance < 0.9:
        yield Rec(time, TRADE, side, 1, 0, rows[0][0], rng.randint(1, 5))
    else:
        yield Rec(time, QUOTE, side, 0, 0, rows[0][0], rows[0][1])


_steps = st.sampled_from((0, 0, 0, 0, 1, 50_000_000, -1, -60_000_000))


def _timed(rows: st.SearchStrategy[tuple[int, ...]]) -> st.SearchStrategy[list[Rec]]:
    def build(drawn: list[tuple[int, tuple[int, ...]]]) -> list[Rec]:
        time = 1_700_000_000 * _SECOND
        recs = []
        for step, row in drawn:
            time += step
            recs.append(Rec(time, *row))
        return recs

    return st.lists(st.tuples(_steps, rows), max_size=120).map(build)


def ladders(depth: int) -> st.SearchStrategy[list[Rec]]:
    """Mostly applicable rows by position around one price, so that some groups are sorted."""
    position = st.integers(0, depth + 3)
    side = st.integers(0, 1)

    def sorted_row(drawn: tuple[int, int, int, int, int]) -> tuple[int, ...]:
        which, op, row, noise, size = drawn
        price = 100 + (2 * row + noise if which == ASK else -2 * row - noise)
        return (POSITION, which, op, row, price, size)

    sane = st.tuples(
        side, st.sampled_from((0, 1, 1, 1, 2)), position, st.integers(0, 1), st.integers(0, 50)
    ).map(sorted_row)
    return _timed(sane)


def broken_ladders(depth: int) -> st.SearchStrategy[list[Rec]]:
    """Any rows at all, any kind among them, positions up to a byte."""
    price = st.one_of(st.integers(90, 110), st.integers(-(2**52), 2**52))
    return _timed(
        st.one_of(
            st.tuples(
                st.sampled_from((POSITION, POSITION, POSITION, QUOTE, TRADE, ORDER, PRICE)),
                st.integers(0, 1),
                st.integers(0, 1),
                st.one_of(st.integers(0, depth + 3), st.integers(0, 255)),
                price,
                st.integers(0, 2**40),
            ),
            st.tuples(
                st.just(POSITION),
                st.integers(0, 1),
                st.integers(0, 2),
                st.integers(0, 3),
                price,
                st.integers(0, 9),
            ),
        )
    )


def price_levels(reach: int) -> st.SearchStrategy[list[Rec]]:
    """Levels by price: clustered round centres that jump, as far as ``reach`` ticks."""
    centre = st.sampled_from((0, 1, -1, 255, 256, 257, 767, 1023, 1024, 1025, 5000, -5000))
    price = st.one_of(
        st.integers(-8, 8),
        st.tuples(centre, st.integers(-3, 3)).map(sum),
        st.integers(-reach, reach),
    )
    row = st.tuples(
        st.just(PRICE),
        st.integers(0, 1),
        st.sampled_from((ADD, UPDATE, UPDATE, REMOVE)),
        st.just(0),
        price,
        st.sampled_from((0, 1, 2, 7, 2**40)),
    )
    return _timed(row)
