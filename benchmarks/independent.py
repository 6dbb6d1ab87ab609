"""A book of independent arrivals: nobody in it waits for, follows or hides from anybody.

Limit orders of one size arrive at each distance from the other side at a rate of its own, each
order is cancelled at a rate of its own, market orders come from both sides alike (after Cont,
Stoikov, Talreja 2010). Whatever is announced on it is a false alarm.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from random import Random

import numpy as np

from market.enums import Aggressor, DepthOp, Kind, Side, TradeSource
from market.record import RECORD, Frame, make_frames

__all__ = ["independent_frames"]

_SECOND = 1_000_000_000
_START = 1_795_099_800 * _SECOND
_REACH = 15
_ARRIVALS = tuple(1.6 / (1 + distance) ** 0.4 for distance in range(1, _REACH + 1))
"""Orders a second at 1, 2, … ticks from the other side's best."""
_CANCELS = 0.2
"""Of each order, a second: it lives five seconds in the mean."""
_MARKET = 0.9
"""Market orders a second and side."""
_PART = 3_000


class _Book:
    """Sizes by price, and the orders that will be cancelled."""

    def __init__(self, rng: Random, first: int) -> None:
        self.rng = rng
        self.levels: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
        self.cancels: list[tuple[int, int, int, int]] = []
        for distance in range(1, _REACH + 1):
            self.levels[Side.ASK][first + distance] = 8
            self.levels[Side.BID][first - distance] = 8

    def best(self, side: int) -> int:
        levels = self.levels[side]
        return min(levels) if side == Side.ASK else max(levels)

    def change(self, side: int, price: int, by: int) -> int:
        """Change a level; its new size."""
        levels = self.levels[side]
        levels[price] += by
        if levels[price] <= 0:
            del levels[price]
        return levels.get(price, 0)


def independent_frames(seed: int, minutes: int) -> Iterator[Frame]:
    """Frames of depth by price and trades, in order of time."""
    rows: list[tuple[int, int, int, int, int]] = []
    seq = 1
    for row in _rows(Random(seed), minutes):
        rows.append(row)
        if len(rows) >= _PART:
            frames = list(_frames(rows, seq))
            seq = frames[-1].end
            yield from frames
            rows = []
    if rows:
        yield from _frames(rows, seq)


def _frames(rows: list[tuple[int, int, int, int, int]], seq: int) -> Iterator[Frame]:
    table = np.array(rows, np.int64)
    records = np.zeros(len(rows), RECORD)
    for place, name in enumerate(("kind", "side", "price", "size"), 1):
        records[name] = table[:, place]
    depth = records["kind"] == Kind.DEPTH_PRICE
    records["op"] = np.where(depth, DepthOp.UPDATE, TradeSource.EXCHANGE)
    records["op"][depth & (records["size"] == 0)] = DepthOp.REMOVE
    yield from make_frames(records, table[:, 0].copy(), seq)


def _rows(rng: Random, minutes: int) -> Iterator[tuple[int, int, int, int, int]]:
    book = _Book(rng, 27_000)
    time, end = _START, _START + minutes * 60 * _SECOND
    for side in (Side.ASK, Side.BID):
        for price, size in book.levels[side].items():
            yield time, Kind.DEPTH_PRICE, side, price, size
            for _ in range(size):
                _plan_cancel(book, time, side, price)
    total = 2 * (sum(_ARRIVALS) + _MARKET)
    while True:
        time += max(1, round(rng.expovariate(total) * _SECOND))
        while book.cancels and book.cancels[0][0] <= time:
            at, _, side, price = heapq.heappop(book.cancels)
            # A level keeps at least one lot on the last price of its side: no side runs dry.
            if book.levels[side].get(price, 0) and len(book.levels[side]) > 1:
                yield at, Kind.DEPTH_PRICE, side, price, book.change(side, price, -1)
        if time >= end:
            return
        side = rng.randrange(2)
        if rng.random() < _MARKET * 2 / total:
            yield from _taken(book, time, side)
            continue
        distance = rng.choices(range(1, _REACH + 1), _ARRIVALS)[0]
        other = book.best(1 - side)
        price = other + distance if side == Side.ASK else other - distance
        _plan_cancel(book, time, side, price)
        yield time, Kind.DEPTH_PRICE, side, price, book.change(side, price, 1)


def _taken(book: _Book, time: int, side: int) -> Iterator[tuple[int, int, int, int, int]]:
    """A market order takes one lot of a side's best."""
    if len(book.levels[side]) < 2:
        return
    price = book.best(side)
    aggressor = Aggressor.BUY if side == Side.ASK else Aggressor.SELL
    yield time, Kind.TRADE, aggressor, price, 1
    yield time, Kind.DEPTH_PRICE, side, price, book.change(side, price, -1)


def _plan_cancel(book: _Book, time: int, side: int, price: int) -> None:
    at = time + round(book.rng.expovariate(_CANCELS) * _SECOND)
    heapq.heappush(book.cancels, (at, len(book.cancels), side, price))
