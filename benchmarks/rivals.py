"""The same work in plain Python, as a reader would write it first."""

from collections.abc import Iterable
from typing import Any

from sortedcontainers import SortedDict

from market.enums import DepthOp, Kind

__all__ = ["LadderBook", "SortedBook"]

Row = tuple[int, int, int, int, int, int]
"""kind, side, op, position, price, size."""


class SortedBook:
    """A book by price on two SortedDicts, best level first."""

    def __init__(self) -> None:
        self.sides: tuple[Any, Any] = (SortedDict(), SortedDict(lambda price: -price))

    def apply(self, rows: Iterable[Row]) -> None:
        """Apply updates by price."""
        for kind, side, op, _, price, size in rows:
            if kind != Kind.DEPTH_PRICE:
                continue
            levels = self.sides[side]
            if op == DepthOp.REMOVE or not size:
                levels.pop(price, None)
            else:
                levels[price] = size

    def best(self) -> tuple[int, int]:
        """Best (bid, ask) in ticks."""
        return self.sides[1].peekitem(0)[0], self.sides[0].peekitem(0)[0]


class LadderBook:
    """A book by position on two lists."""

    def __init__(self) -> None:
        self.sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])

    def apply(self, rows: Iterable[Row]) -> None:
        """Apply updates by position."""
        for kind, side, op, row, price, size in rows:
            if kind != Kind.DEPTH_POSITION:
                continue
            ladder = self.sides[side]
            if op == DepthOp.REMOVE:
                del ladder[row : row + 1]
            elif op == DepthOp.ADD or row >= len(ladder):
                ladder.insert(row, (price, size))
            else:
                ladder[row] = (price, size)

    def best(self) -> tuple[int, int]:
        """Best (bid, ask) in ticks."""
        return self.sides[1][0][0], self.sides[0][0][0]
