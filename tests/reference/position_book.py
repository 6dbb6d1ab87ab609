"""A plain L2 book by position: NinjaTrader's row rules and the fault rules, one list per side."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from tests.reference.records import ADD, ASK, BID, POSITION, PRICE, REMOVE, Rec

__all__ = ["Applied", "PositionBook"]

MOST_ROWS = 256
"""A position is a byte."""

Rows = list[tuple[int, int]]


class Applied(NamedTuple):
    """How many records were applied, and the fault that stopped it."""

    applied: int
    fault: str | None


class PositionBook:
    """Rows as (price, size), best first.

    Judged between groups only: when a record of a later time arrives, both sides must be strictly
    sorted and hold at most ``depth`` + 1 rows; otherwise that record is not applied.
    """

    def __init__(self, depth: int = 10) -> None:
        self.depth = depth
        self.rows: dict[int, Rows] = {ASK: [], BID: []}
        self.clock: int | None = None
        self.removed_past_end = 0
        self.appended = 0

    def apply(self, recs: Iterable[Rec]) -> Applied:
        applied = 0
        for rec in recs:
            if self.clock is None or rec.time > self.clock:
                fault = self.fault()
                if fault is not None:
                    return Applied(applied, fault)
                self.clock = rec.time
            if rec.kind == PRICE:
                return Applied(applied, "mixed")
            if rec.kind == POSITION and self.full(rec):
                return Applied(applied, "too_deep")
            if rec.kind == POSITION:
                self.change(rec)
            applied += 1
        return Applied(applied, None)

    def full(self, rec: Rec) -> bool:
        """Whether a record would make a 257th row."""
        rows = len(self.rows[rec.side])
        grows = rec.op == ADD or (rec.op != REMOVE and rec.position >= rows)
        return grows and rows == MOST_ROWS

    def change(self, rec: Rec) -> None:
        rows = self.rows[rec.side]
        row = (rec.price, rec.size)
        if rec.op == REMOVE:
            if rec.position < len(rows):
                del rows[rec.position]
            else:
                self.removed_past_end += 1
        elif rec.position >= len(rows):
            self.appended += rec.position > len(rows) or rec.op != ADD
            rows.append(row)
        elif rec.op == ADD:
            rows.insert(rec.position, row)
        else:
            rows[rec.position] = row

    def fault(self) -> str | None:
        """Word of the fault that the rows have now."""
        if any(len(self.rows[side]) > self.depth + 1 for side in (ASK, BID)):
            return "too_deep"
        for side in (ASK, BID):
            prices = [price for price, _ in self.rows[side]]
            if side == BID:
                prices.reverse()
            if any(b <= a for a, b in pairwise(prices)):
                return "unsorted"
        return None

    def top(self, levels: int) -> tuple[Rows, Rows]:
        """Bids and asks, best first."""
        return self.rows[BID][:levels], self.rows[ASK][:levels]

    def load(self, bids: Rows, asks: Rows) -> None:
        self.rows = {ASK: list(asks), BID: list(bids)}
