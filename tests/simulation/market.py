"""What a market says to its feed, portion by portion, and the plain book after every record."""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from tests.orderbook.market_fuzz import Plan, Step
from tests.reference.position_book import PositionBook
from tests.reference.price_book import PriceBook
from tests.reference.records import ADD, ASK, BID, POSITION, PRICE, TRADE, Rec

__all__ = ["Book", "Market", "Portion"]

Book = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
"""(ticks, size) of bids and asks, best first, all of them."""


class Portion(NamedTuple):
    """What is said at once.

    Attributes:
        what: ``recs``; ``advance``: no record before ``time`` will come any more; ``rows``: a
            playback was set back, and its book is told anew.
        recs: records.
        time: ns UTC.
    """

    what: str
    recs: tuple[Rec, ...] = ()
    time: int = 0


class Market:
    """A plan as it is played.

    A *moment* is how many things were said: ``books[moment]`` is the plain book then.

    Attributes:
        plan: the stream, and the settings it is meant for.
        books: by moment.
        told: what was said on the way to the present time; a jump back takes off its end.
        names: of the market makers that records name so far, by ``ref`` - 1.
        bars: those of its charts, on the way to the present time.
        jumps: how often it was set back.
    """

    def __init__(self, plan: Plan, rng: random.Random, extra: random.Random, makers: int) -> None:
        """Begin before the first record.

        Args:
            plan: rewinds, gaps and faults are not in it.
            rng: decides what is said at once.
            extra: decides bars, makers and jumps, so that a plan without them is told alike.
            makers: how many stand behind the rows; 0: nobody says.
        """
        self.plan: Final = plan
        self.by_price: Final = any(rec.kind == PRICE for rec in plan.recs)
        self.makers: Final = 0 if self.by_price else makers
        self.names: list[str] = []
        self.books: Final[list[Book]] = [((), ())]
        self.told: list[Rec] = []
        self.bars: Final[list[dict[str, Any]]] = []
        self.jumps = 0
        self._moments: list[int] = [0]
        self._book: Any = self._empty()
        self._extra: Final = extra
        self._bar_times: dict[str, int] = {}
        self._random: Final = rng
        self._ahead: Final = deque(self._portions(plan.steps))

    @property
    def moment(self) -> int:
        return len(self.books) - 1

    @property
    def over(self) -> bool:
        return not self._ahead

    @property
    def trades(self) -> list[Rec]:
        """All of the session so far."""
        return [rec for rec in self.told if rec.kind == TRADE]

    def sound(self, moment: int) -> bool:
        """Whether no event is only half told then."""
        bids, asks = self.books[moment]
        prices = ([price for price, _ in reversed(bids)], [price for price, _ in asks])
        return all(a < b for side in prices for a, b in pairwise(side))

    def next(self) -> Portion:
        """Say the next portion."""
        portion = self._ahead.popleft()
        if self.makers:
            portion = portion._replace(recs=tuple(map(self._owned, portion.recs)))
        for rec in portion.recs:
            self._say(rec, kept=portion.what == "recs")
        return portion

    def miss(self) -> None:
        """The market goes on by a record while nobody publishes."""
        portion = self._ahead[0]
        if not portion.recs:
            self.next()
            return
        self._ahead[0] = portion._replace(recs=portion.recs[:1])
        rest = portion._replace(recs=portion.recs[1:])
        self.next()
        if rest.recs:
            self._ahead.appendleft(rest)

    def bar(self) -> dict[str, Any] | None:
        """A bar that has just closed, of one of two series; None before the first record."""
        if not self.told:
            return None
        kind, value = self._extra.choice((("minute", 1), ("tick", 50)))
        series = f"{kind} {value}"
        time = max(self._bar_times.get(series, 0) + 1, self.told[-1].time)
        self._bar_times[series] = time
        names = ("low", "close", "open", "high")
        prices = zip(names, sorted(self._extra.randrange(1, 1000) for _ in names), strict=True)
        bar: dict[str, Any] = {name: float(price) for name, price in prices}
        bar |= {"volume": float(self._extra.randrange(500)), "delta": None}
        bar |= {"series": {"type": kind, "value": value}, "time": time}
        self.bars.append(bar)
        return bar

    def jump_back(self, before: int) -> bool:
        """Set the playback back to a time before ``before``; whether there is one.

        The feed then tells the whole book of that time, and what came after it once more.
        """
        if self._ahead and self._ahead[0].what == "rows":
            return False
        places = [
            place
            for place in range(1, len(self.told))
            if self.told[place - 1].time < before and self.sound(self._moments[place])
        ]
        places = [place for place in places if any(self.books[self._moments[place]])]
        if not places:
            return False
        place = self._extra.choice(places)
        rows = self._rows(self.books[self._moments[place]], self.told[place - 1].time)
        again = self.told[place:]
        del self.told[place:], self._moments[place + 1 :]
        self._bar_times.clear()
        self.bars.clear()
        self._ahead.extendleft(reversed([*self._cut(rows, "rows"), *self._cut(again)]))
        self._book = self._empty()
        self.books.append(((), ()))
        self.jumps += 1
        return True

    def _rows(self, book: Book, time: int) -> tuple[Rec, ...]:
        kind = PRICE if self.by_price else POSITION
        return tuple(
            Rec(time, kind, side, ADD, 0 if self.by_price else row, *level)
            for side, levels in ((BID, book[0]), (ASK, book[1]))
            for row, level in enumerate(levels)
        )

    def _owned(self, rec: Rec) -> Rec:
        """The record with the maker whose row it is, mostly."""
        if rec.kind != POSITION or self._extra.random() < 0.2:
            return rec
        ref = self._extra.randint(1, min(self.makers, len(self.names) + 1))
        if ref > len(self.names):
            self.names.append(f"MM{ref}")
        return rec._replace(ref=ref)

    def _say(self, rec: Rec, *, kept: bool) -> None:
        if not self.by_price or rec.kind == PRICE:
            assert self._book.apply([rec]).fault is None, "the plan is sound"
        self.books.append(self._levels())
        if kept:
            self.told.append(rec)
            self._moments.append(self.moment)

    def _empty(self) -> Any:
        return PriceBook() if self.by_price else PositionBook(self.plan.depth)

    def _levels(self) -> Book:
        if self.by_price:
            bids, asks = self._book.top(10**6)
        else:
            bids, asks = self._book.rows[BID], self._book.rows[ASK]
        return tuple(bids), tuple(asks)

    def _portions(self, steps: Sequence[Step]) -> Iterator[Portion]:
        recs, pushed = self.plan.recs, 0
        for step in steps:
            if step.what == "advance":
                yield Portion("advance", (), min([step.time, *(r.time for r in recs[pushed:])]))
            pushed += len(step.recs)
            yield from self._cut(step.recs)

    def _cut(self, recs: Sequence[Rec], what: str = "recs") -> Iterator[Portion]:
        left = tuple(recs)
        while left:
            count = self._random.choice((1, 3, 10, 30))
            yield Portion(what, left[:count])
            left = left[count:]
