"""A plain L2 book by price: two sorted dictionaries."""

from collections.abc import Iterable
from itertools import islice

from sortedcontainers import SortedDict

from tests.reference.position_book import Applied, Rows
from tests.reference.records import ASK, BID, POSITION, PRICE, REMOVE, Rec

__all__ = ["PriceBook"]


class PriceBook:
    """Size by price; size 0 or ``remove`` takes the level out, wherever it lies."""

    def __init__(self) -> None:
        self.sides: dict[int, SortedDict] = {ASK: SortedDict(), BID: SortedDict()}

    def apply(self, recs: Iterable[Rec]) -> Applied:
        applied = 0
        for rec in recs:
            if rec.kind == POSITION:
                return Applied(applied, "mixed")
            if rec.kind == PRICE:
                self.change(rec)
            applied += 1
        return Applied(applied, None)

    def change(self, rec: Rec) -> None:
        levels = self.sides[rec.side]
        if rec.op == REMOVE or rec.size == 0:
            levels.pop(rec.price, None)
        else:
            levels[rec.price] = rec.size

    def top(self, levels: int) -> tuple[Rows, Rows]:
        """Bids and asks, best first."""
        return (
            list(islice(((p, self.sides[BID][p]) for p in reversed(self.sides[BID])), levels)),
            list(islice(self.sides[ASK].items(), levels)),
        )

    def load(self, bids: Rows, asks: Rows) -> None:
        self.sides = {ASK: SortedDict(asks), BID: SortedDict(bids)}
