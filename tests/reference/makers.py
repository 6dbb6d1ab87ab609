"""Whose the size of each level is, by the words of docs/analytics.md: a history for each row."""

from typing import NamedTuple

from tests.reference.records import ADD, ASK, BID, POSITION, REMOVE, UPDATE, Rec

__all__ = ["PlainMakers"]


class Row(NamedTuple):
    """A level: its price, and (maker, size after the change) of every change since it came."""

    price: int
    history: list[tuple[int, int]]


class PlainMakers:
    """Rows of both sides."""

    def __init__(self) -> None:
        self.rows: dict[int, list[Row]] = {ASK: [], BID: []}

    def load(self, side: int, levels: list[tuple[int, int]]) -> None:
        self.rows[side] = [Row(price, [(0, size)]) for price, size in levels]

    def apply(self, rec: Rec) -> None:
        if rec.kind != POSITION:
            return
        rows = self.rows[rec.side]
        there = rec.position < len(rows)
        if rec.op == REMOVE:
            if there:
                rows.pop(rec.position)
        elif rec.op == UPDATE and there and rows[rec.position].price == rec.price:
            rows[rec.position].history.append((rec.ref, rec.size))
        elif rec.op == UPDATE and there:
            rows[rec.position] = Row(rec.price, [(rec.ref, rec.size)])
        else:
            assert rec.op in (ADD, UPDATE)
            place = rec.position if there else len(rows)
            rows[place:place] = [Row(rec.price, [(rec.ref, rec.size)])]

    def levels(self, side: int) -> list[tuple[int, int, dict[int, int]]]:
        return [(row.price, row.history[-1][1], accounts(row)) for row in self.rows[side]]


def accounts(row: Row) -> dict[int, int]:
    """Step by step, a unit at a time."""
    shares: dict[int, int] = {}
    total = 0
    for maker, size in row.history:
        shares.setdefault(maker, 0)
        others = sorted(shares, key=lambda one: (-shares[one], one))
        givers = [0] * (0 in shares) + [one for one in others if one not in (0, maker)]
        shares[maker] += size - total
        total = size
        while shares[maker] < 0:
            giver = next(one for one in givers if one != maker and shares[one] > 0)
            shares[giver] -= 1
            shares[maker] += 1
    return {maker: share for maker, share in shares.items() if share}
