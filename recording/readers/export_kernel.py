"""The parser of NinjaTrader's historical tick export: bytes to trades or quotes.

::

    yyyyMMdd HHmmss[ fffffff];<price>;<volume>
    yyyyMMdd HHmmss[ fffffff];<last>;<bid>;<ask>;<volume>
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import fused, kernel
from recording.readers.dump_kernel import aggressor
from recording.readers.state import Struct, Whole
from recording.readers.text_kernel import (
    BAD,
    DONE,
    FULL,
    MALFORMED,
    OFF,
    OFF_GRID,
    PRICE,
    SIZE,
    byte,
    civil_days,
    cut_frame,
    digits,
    eight_digits,
    is_eight_digits,
    line_end,
    load_eight,
    note_time,
    seconds_of_day,
    steps,
)

__all__ = ["ASKS", "BIDS", "TRADES", "parse_export"]

ASKS: Final = 0
BIDS: Final = 1
TRADES: Final = 2
"""What the file's prices are (``variant``): NinjaTrader's MarketDataType."""

_SEMICOLON: Final = 59
_BLANK: Final = 32
_SECOND_NS: Final = 1_000_000_000
_NOT_ON_GRID: Final = -OFF_GRID
_NOT_A_LINE: Final = -MALFORMED


@kernel
def parse_export(
    parser: NDArray[Any],
    records: NDArray[Any],
    index: NDArray[np.int64],
    starts: NDArray[np.int64],
    bases: NDArray[np.int64],
) -> Whole:
    """As ``parse_dump``; ``variant`` says what the prices are, ``columns`` how many fields."""
    p = parser[0]
    i = p.pos
    line = p.line
    k = np.int64(0)
    frames = np.int64(0)
    status = np.int64(DONE)
    while i < p.stop:
        if k == records.shape[0]:
            status = np.int64(FULL)
            break
        time, j = _export_time(p, i)
        if j < 0:
            j = line_end(p, i)
            if j < 0:
                status = np.int64(MALFORMED)
                break
        else:
            j = _tick(p, j, records[k])
            if j < 0:
                status = -j
                break
            note_time(p, time, line)
            frames = cut_frame(k, np.int64(1), time, frames, starts, bases)
            records[k].dt = time - bases[frames - 1]
            index[k] = line
            k += 1
        i = j
        line += 1
    p.pos = i
    p.line = line
    p.count = k
    p.frames = frames
    return status


@fused
def _export_time(p: Struct, i: int) -> Whole:
    """``yyyyMMdd HHmmss[ fffffff];`` at ``i``: ns UTC, and the index after it or BAD."""
    word0 = load_eight(p, i)
    word1 = load_eight(p, i + 7)
    if word0 != np.uint64(p.word0) or word1 != np.uint64(p.word1):
        if not is_eight_digits(word0) or byte(p, i + 8) != _BLANK:
            return np.int64(0), np.int64(BAD)
        days = civil_days(eight_digits(word0))
        clock, after = digits(p, i + 9)
        if days < 0 or after != i + 15:
            return np.int64(0), np.int64(BAD)
        second = seconds_of_day(clock)
        if second < 0:
            return np.int64(0), np.int64(BAD)
        p.second = (days * 86_400 + second) * _SECOND_NS
        p.word0 = np.int64(word0)
        p.word1 = np.int64(word1)
    j = i + 15
    fraction = np.int64(0)
    if byte(p, j) == _BLANK:
        fraction, j = digits(p, j + 1)
        if j != i + 23:
            return np.int64(0), np.int64(BAD)
    if byte(p, j) != _SEMICOLON:
        return np.int64(0), np.int64(BAD)
    return p.second + fraction * 100, j + 1


@fused
def _tick(p: Struct, j: Whole, r: Struct) -> Whole:
    """The rest of the line into record ``r``; next line or -status."""
    price, j = _price(p, j)
    bid = ask = price
    if j >= 0 and p.columns == 5:
        bid, j = _price(p, j)
        if j >= 0:
            ask, j = _price(p, j)
    if j < 0:
        return j
    if byte(p, j) == 45:
        return np.int64(_NOT_A_LINE)
    size, j = steps(p, j, SIZE)
    if j < 0:
        return np.int64(_NOT_ON_GRID if j == OFF else _NOT_A_LINE)
    j = line_end(p, j)
    if j < 0:
        return np.int64(_NOT_A_LINE)
    r.kind = 2
    r.side = p.variant
    r.op = 0
    r.position = 0
    r.price = price
    r.size = size
    r.ref = 0
    if p.variant == TRADES:
        if p.columns == 5:
            p.bid = bid
            p.ask = ask
        side, source = aggressor(p, price)
        r.kind = 3
        r.side = side
        r.op = 1 if source == 2 else source  # the event's own quotes
    return j


@fused
def _price(p: Struct, j: Whole) -> Whole:
    """``price;`` at ``j``: ticks, and the index after it or -status."""
    price, j = steps(p, j, PRICE)
    if j < 0:
        return price, np.int64(_NOT_ON_GRID if j == OFF else _NOT_A_LINE)
    if byte(p, j) != _SEMICOLON:
        return price, np.int64(_NOT_A_LINE)
    return price, j + 1
