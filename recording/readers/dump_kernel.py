"""The parser of NinjaTrader's Market Replay dump: bytes to records in one pass.

::

    L1;<type>;<yyyyMMddHHmmss>;<offset>;<price>;<volume>
    L2;<side>;<yyyyMMddHHmmss>;<offset>;<op>;<position>;<maker>;<price>;<volume>

It can stop after any line and go on from its state: at the end of the bytes, when the output is
full, at a line that is wrong, at a market maker it does not know yet.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import fused, kernel
from recording.readers.state import MAKER_WIDTH, NULL, Struct, Whole
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
    cut_frame,
    digits,
    is_point,
    line_end,
    load_eight,
    note_time,
    steps,
    wall_second,
)

__all__ = ["MAKER", "aggressor", "judge_trade", "parse_dump"]

MAKER: Final = 4
"""Status: a market maker that is not in the table; its name is at name_start to name_stop."""

_SEMICOLON: Final = 59
_UNKNOWN: Final = 2
_MAX_FRACTION: Final = 9_999_999


@kernel
def parse_dump(
    parser: NDArray[Any],
    records: NDArray[Any],
    index: NDArray[np.int64],
    starts: NDArray[np.int64],
    bases: NDArray[np.int64],
) -> Whole:
    """Parse whole lines from ``pos`` to ``stop``.

    Args:
        parser: one PARSER, changed in place; every line up to ``stop`` ends with LF.
        records: RECORD, room for the result; written up to ``count``, ``dt`` from the frame's base.
        index: line of each record.
        starts: first record of each frame, up to ``frames``.
        bases: its time, ns UTC.

    Returns:
        DONE or FULL; MALFORMED, OFF_GRID or MAKER with ``pos`` at the first byte of that line,
        which has changed nothing but caches.
    """
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
        time, j = _head(p, i)
        carried = True
        if j < 0:
            j = line_end(p, i)  # an empty line is skipped and counted
            if j < 0:
                status = np.int64(MALFORMED)
                break
        else:
            if byte(p, i + 1) == 50:
                j = _depth(p, i, j, records[k])
            else:
                j, carried = _level_one(p, i, j, records[k])
            if j < 0:
                status = -j
                break
            note_time(p, time, line)
            if carried:
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
def _head(p: Struct, i: int) -> Whole:
    """``Lx;y;time;offset;`` at ``i``: ns UTC, and the index after it or BAD."""
    if (
        byte(p, i) != 76
        or byte(p, i + 2) != _SEMICOLON
        or byte(p, i + 4) != _SEMICOLON
        or byte(p, i + 19) != _SEMICOLON
    ):
        return np.int64(0), np.int64(BAD)
    if byte(p, i + 1) != 49 and byte(p, i + 1) != 50:
        return np.int64(0), np.int64(BAD)
    if not wall_second(p, load_eight(p, i + 5), load_eight(p, i + 11)):
        return np.int64(0), np.int64(BAD)
    fraction, j = digits(p, i + 20)
    if j < 0 or byte(p, j) != _SEMICOLON:
        return np.int64(0), np.int64(BAD)
    return p.second + fraction * 100, j + 1


@fused
def _depth(p: Struct, i: int, j: Whole, r: Struct) -> Whole:
    """``op;position;maker;price;volume`` at ``j`` into record ``r``; next line, or -status."""
    side = np.int64(byte(p, i + 3)) - 48
    op = np.int64(byte(p, j)) - 48
    if side < 0 or side > 1 or op < 0 or op > 2 or byte(p, j + 1) != _SEMICOLON:
        return np.int64(-MALFORMED)
    position, j = digits(p, j + 2)
    if j < 0 or position > 255 or byte(p, j) != _SEMICOLON:
        return np.int64(-MALFORMED)
    j += 1
    ref = np.int64(0)
    if byte(p, j) != _SEMICOLON:
        ref, j = _maker(p, j)
        if j < 0:
            return j
    price, size, j = _price_and_size(p, j + 1)
    if j < 0:
        return j
    r.kind = 0
    r.side = side
    r.op = op
    r.position = position
    r.price = price
    r.size = size
    r.ref = ref
    return j


@fused
def _price_and_size(p: Struct, j: Whole) -> Whole:
    """``price;volume`` and the line's end: ticks, size steps, next line or -status."""
    price, j = steps(p, j, PRICE)
    if j < 0:
        return price, price, np.int64(-OFF_GRID if j == OFF else -MALFORMED)
    size, j = _size(p, j)
    return price, size, j


@fused
def _size(p: Struct, j: Whole) -> Whole:
    """``;volume`` and the line's end: size steps, next line or -status."""
    if byte(p, j) != _SEMICOLON or byte(p, j + 1) == 45:
        return np.int64(0), np.int64(-MALFORMED)
    size, j = steps(p, j + 1, SIZE)
    if j < 0:
        return size, np.int64(-OFF_GRID if j == OFF else -MALFORMED)
    j = line_end(p, j)
    return size, (np.int64(-MALFORMED) if j < 0 else j)


@fused
def _maker(p: Struct, start: Whole) -> Whole:
    """Number of the market maker at ``start``, from 1, and the index of the semicolon after it."""
    j = start
    while byte(p, j) != _SEMICOLON:
        if byte(p, j) == 10 or byte(p, j) == 13 or j - start >= MAKER_WIDTH - 1:
            return np.int64(0), np.int64(-MALFORMED)
        j += 1
    for m in range(p.makers):
        c = np.int64(0)
        if p.names[m, 0] == j - start:
            while c < j - start and p.names[m, 1 + c] == byte(p, start + c):
                c += 1
            if c == j - start:
                return np.int64(m + 1), j
    p.name_start = start
    p.name_stop = j
    return np.int64(0), np.int64(-MAKER)


@fused
def _level_one(p: Struct, i: int, j: Whole, r: Struct) -> Whole:
    """``price;volume`` at ``j``: next line or -status, and whether record ``r`` was made of it."""
    kind = np.int64(byte(p, i + 3)) - 48
    if kind < 0 or kind > 9:
        return np.int64(-MALFORMED), False
    if kind > 2:
        return _statistic(p, kind, j, r)
    price, size, j = _price_and_size(p, j)
    if j < 0:
        return j, False
    r.kind = 2
    r.side = kind
    r.op = 0
    r.position = 0
    r.price = price
    r.size = size
    r.ref = 0
    if kind == 0:
        p.ask = price
    elif kind == 1:
        p.bid = price
    else:
        side, source = aggressor(p, price)
        r.kind = 3
        r.side = side
        r.op = source
    return j, True


@fused
def _statistic(p: Struct, kind: Whole, j: Whole, r: Struct) -> Whole:
    """As ``_level_one`` for the types 3 to 9; only the session's volume becomes a record."""
    if byte(p, j) == 45:
        j += 1
    start = j
    while 48 <= byte(p, j) <= 57 or is_point(p, j):
        j += 1
    if j == start:
        return np.int64(-MALFORMED), False
    size, j = _size(p, j)
    if j < 0:
        return j, False
    if kind != 5:
        p.uncarried[kind] += 1
        return j, False
    r.kind = 2
    r.side = 0
    r.op = 1
    r.position = 0
    r.price = 0
    r.size = size
    r.ref = 0
    return j, True


@fused
def aggressor(p: Struct, price: Whole) -> Whole:
    """Side and source of a trade at ``price``: by the last quotes, else by the tick rule.

    At or above the ask it is a buy, at or below the bid a sell, between them the side of the trade
    before. Source: 2 quotes, 3 tick rule, 4 none.
    """
    side = p.side
    source = np.int64(2)
    if p.bid != NULL and p.ask != NULL:
        if price >= p.ask:
            side = np.int64(1)
        elif price <= p.bid:
            side = np.int64(0)
    else:
        source = np.int64(3)
        if p.trade != NULL:
            if price > p.trade:
                side = np.int64(1)
            elif price < p.trade:
                side = np.int64(0)
    p.side = side
    p.trade = price
    return side, (np.int64(4) if side == _UNKNOWN else source)


@kernel
def judge_trade(parser: NDArray[Any], price: int) -> Whole:
    """``aggressor`` for callers outside of kernels."""
    return aggressor(parser[0], np.int64(price))
