"""What parsers of order events share: order and trade records, prices between two ticks.

A price that is no multiple of the tick is legal in order-level files (NASDAQ's stub quotes): such
an order's price is in billionths of the price unit, and bit 1 of ``position`` says so.
"""

from typing import Final

import numpy as np

from market.jit import fused
from recording.readers.state import Struct, Whole
from recording.readers.text_kernel import BILLIONTH, OFF, PRICE, scaled, steps

__all__ = [
    "ADD",
    "BILLIONTHS",
    "CANCEL",
    "CLEAR",
    "DELETE",
    "FILL",
    "LAST",
    "MODIFY",
    "MOST_RECORDS",
    "REPLACE",
    "end_event",
    "note_price",
    "price_at",
    "put_nothing",
    "put_order",
    "put_trade",
    "scaled_price",
]

ADD, MODIFY, CANCEL, DELETE, FILL, REPLACE, CLEAR = 0, 1, 2, 3, 4, 5, 6
"""``market.enums.OrderOp``."""
LAST: Final = 1
BILLIONTHS: Final = 2
"""Bits of ``position``."""
MOST_RECORDS: Final = 2
"""Of one line."""
_TRADE, _ORDER = 3, 4


@fused
def price_at(p: Struct, i: int) -> Whole:
    """A decimal price as ticks or billionths: (price, bits of ``position``, index or BAD, OFF)."""
    price, j = steps(p, i, PRICE)
    if j != OFF:
        return price, np.int64(0), j
    price, j = steps(p, i, BILLIONTH)
    return price, np.int64(BILLIONTHS), j


@fused
def scaled_price(p: Struct, x: Whole, d: Whole, j: Whole) -> Whole:
    """The same of a mantissa ``x`` with ``d`` fraction digits, whose index after it is ``j``."""
    price, k = scaled(p, x, d, j, PRICE)
    if k != OFF:
        return price, np.int64(0), k
    price, k = scaled(p, x, d, j, BILLIONTH)
    return price, np.int64(BILLIONTHS), k


@fused
def put_order(
    r: Struct, op: Whole, side: Whole, bits: Whole, price: Whole, size: Whole, ref: Whole
) -> None:
    """Write an order record; ``dt`` is left alone."""
    r.kind = _ORDER
    r.side = side
    r.op = op
    r.position = bits
    r.price = price
    r.size = size
    r.ref = ref


@fused
def put_nothing(r: Struct) -> None:
    """Write the record of a message that changes no book: a cancel of nothing."""
    zero = np.int64(0)
    put_order(r, CANCEL, zero, zero, zero, zero, np.uint64(0))


@fused
def put_trade(r: Struct, side: Whole, price: Whole, size: Whole) -> None:
    """Write a trade whose aggressor the exchange says; ``dt`` is left alone."""
    r.kind = _TRADE
    r.side = side
    r.op = 4 if side == 2 else 0
    r.position = 0
    r.price = price
    r.size = size
    r.ref = 0


@fused
def end_event(r: Struct) -> None:
    """Mark an order record as the last of its exchange event."""
    if r.kind == _ORDER:
        r.position |= LAST


@fused
def note_price(p: Struct, line: Whole, bits: Whole) -> None:
    """Count an order that is put at a price between two ticks."""
    if bits:
        if p.off_grid == 0:
            p.first_off_grid = line
        p.off_grid += 1
