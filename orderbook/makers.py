"""Whose the size of each level is, where depth by position names market makers.

The ladder's rows are prices; a record's ``ref`` names the maker whose row changed one of them, so
what a record changes of a size is put to that maker's account. Definition: docs/analytics.md,
"Market makers". It owns no book: it follows the same records.
"""

from collections.abc import Sequence
from typing import Any, Final

from market.enums import DepthOp, Kind
from market.record import Records
from orderbook.layout import ROWS

__all__ = ["NOBODY", "MakerRows"]

NOBODY: Final = 0
"""Account of what no record has said whose it is."""

Levels = Sequence[tuple[int, int]]
Accounts = dict[int, int]
"""Size steps by maker (``ref``); together the level's size, none of them 0."""


class _Row:
    """A level: price in ticks, size, accounts."""

    __slots__ = ("accounts", "price", "size")

    def __init__(self, price: int, size: int, maker: int) -> None:
        self.price = price
        self.size = size
        self.accounts: Accounts = {maker: size} if size else {}

    def resize(self, size: int, maker: int) -> None:
        """Put the difference to a maker's account; what it lacks others give, nobody first."""
        change, self.size = size - self.size, size
        accounts = self.accounts
        accounts[maker] = accounts.get(maker, 0) + change
        lacking = -accounts[maker]
        if lacking > 0:
            accounts[maker] = 0
            givers = sorted(accounts, key=lambda one: (one != NOBODY, -accounts[one], one))
            for giver in givers:
                given = min(lacking, accounts[giver])
                accounts[giver] -= given
                lacking -= given
        self.accounts = {one: size for one, size in accounts.items() if size}


class MakerRows:
    """The levels of both sides with their accounts."""

    def __init__(self) -> None:
        self._sides: tuple[list[_Row], list[_Row]] = ([], [])

    def load(self, bids: Levels, asks: Levels) -> None:
        """Begin anew with levels (ticks, size) that are nobody's."""
        self._sides = (
            [_Row(price, size, NOBODY) for price, size in asks],
            [_Row(price, size, NOBODY) for price, size in bids],
        )

    def load_shares(self, records: Records) -> None:
        """Begin anew with a snapshot's records: each is its maker's share of its price."""
        sides: tuple[dict[int, _Row], dict[int, _Row]] = ({}, {})
        for _, _, side, _, _, price, size, ref in records.tolist():
            if size:  # the book has no such level either
                row = sides[side].setdefault(price, _Row(price, 0, NOBODY))
                row.resize(row.size + size, ref)
        asks, bids = sides
        self._sides = (
            [asks[price] for price in sorted(asks)][:ROWS],
            [bids[price] for price in sorted(bids, reverse=True)][:ROWS],
        )

    def apply(self, records: Records) -> None:
        """Follow the depth records by position among ``records``."""
        depth = records[records["kind"] == Kind.DEPTH_POSITION]
        for _, _, side, op, position, price, size, ref in depth.tolist():
            self._apply(side, op, position, price, size, ref)

    def _apply(self, side: int, op: int, position: int, price: int, size: int, ref: int) -> None:
        rows = self._sides[side]
        if op == DepthOp.UPDATE and position < len(rows):
            row = rows[position]
            if row.price == price:
                row.resize(size, ref)
            else:
                rows[position] = _Row(price, size, ref)
        elif op == DepthOp.REMOVE:
            if position < len(rows):
                del rows[position]
        elif len(rows) < ROWS:
            rows.insert(position, _Row(price, size, ref))

    def levels(self, side: int) -> list[tuple[int, int, Accounts]]:
        """(ticks, size, accounts) of a side's levels, best first; the largest account first."""
        return [
            (
                row.price,
                row.size,
                dict(sorted(row.accounts.items(), key=lambda one: (-one[1], one[0]))),
            )
            for row in self._sides[side]
        ]

    def freeze(self) -> dict[str, Any]:
        """All of it, for JSON."""
        rows = [
            [[row.price, row.size, sorted(row.accounts.items())] for row in side]
            for side in self._sides
        ]
        return {"rows": rows}

    def thaw(self, frozen: dict[str, Any]) -> None:
        """Go on from what ``freeze`` gave."""
        sides = []
        for side in frozen["rows"]:
            rows = []
            for price, size, accounts in side:
                row = _Row(price, size, NOBODY)
                row.accounts = dict(accounts)
                rows.append(row)
            sides.append(rows)
        self._sides = sides[0], sides[1]
