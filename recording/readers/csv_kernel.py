"""The parser of the depth CSV: cells by the meaning that the header gives their columns."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import fused, kernel
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
    cut_frame,
    digits,
    eight_digits,
    is_eight_digits,
    line_end,
    load_eight,
    note_time,
    steps,
)

__all__ = [
    "IGNORED",
    "INSTRUMENT",
    "KIND",
    "OP",
    "POSITION",
    "PRICES",
    "REF",
    "SIDE",
    "SIZES",
    "TIME",
    "parse_csv",
]

IGNORED: Final = 0
TIME: Final = 1
KIND: Final = 2
SIDE: Final = 3
OP: Final = 4
POSITION: Final = 5
PRICES: Final = 6
SIZES: Final = 7
REF: Final = 8
INSTRUMENT: Final = 9
"""Meanings of columns (``order``)."""

_EMPTY: Final = -1
"""A cell without a value."""
_E8: Final = 100_000_000
_TENTH: Final = (2**63 - 1) // 10
_DEPTH_POSITION, _DEPTH_PRICE, _QUOTE, _TRADE, _ORDER = 0, 1, 2, 3, 4


@kernel
def parse_csv(
    parser: NDArray[Any],
    records: NDArray[Any],
    index: NDArray[np.int64],
    starts: NDArray[np.int64],
    bases: NDArray[np.int64],
) -> Whole:
    """As ``parse_dump``; ``order`` and ``columns`` say what stands in which column."""
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
        j = line_end(p, i)
        if j < 0:
            time, j = _row(p, i, records[k])
            if j < 0:
                status = -j
                break
            note_time(p, time, line)
            frames = cut_frame(k, time, frames, starts, bases)
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
def _row(p: Struct, i: Whole, r: Struct) -> Whole:
    """One row into record ``r``: its time, and the next line or -status."""
    time = kind = side = op = position = price = size = np.int64(_EMPTY)
    ref = np.int64(0)
    failed = np.int64(0)
    j = i
    for column in range(p.columns):
        what = p.order[column]
        if _ends(p, j):
            if what == PRICES:
                failed = np.int64(BAD)
        elif what == TIME:
            time, j = _whole(p, j)
        elif what == KIND:
            kind, j = _kind(p, j)
        elif what == SIDE:
            side, j = _side(p, j)
        elif what == OP:
            op, j = _op(p, j)
        elif what == POSITION:
            position, j = digits(p, j)
        elif what == PRICES:
            price, j = steps(p, j, PRICE)
            if j < 0:  # a session volume has no price, so this is judged when the kind is known
                failed = j
                j = _skip(p, i, column)
        elif what == SIZES:
            size = np.int64(_EMPTY)
            if byte(p, j) != 45:
                size, j = steps(p, j, SIZE)
            if j == OFF:
                return time, np.int64(-OFF_GRID)
        elif what == REF:
            ref, j = _whole(p, j)
        elif what == INSTRUMENT:
            j = _same_name(p, j)
        else:
            j = _skip_cell(p, j)
        if j < 0 or not _ends(p, j):
            return time, np.int64(-MALFORMED)
        if column + 1 < p.columns:
            if byte(p, j) != p.separator:
                return time, np.int64(-MALFORMED)
            j += 1
    j = line_end(p, j)
    if j < 0 or time < 0 or size < 0:
        return time, np.int64(-MALFORMED)
    status = _store(r, kind, side, op, position, price, size, ref, failed)
    return time, (j if status == DONE else -status)


@fused
def _store(
    r: Struct,
    kind: Whole,
    side: Whole,
    op: Whole,
    position: Whole,
    price: Whole,
    size: Whole,
    ref: Whole,
    failed: Whole,
) -> Whole:
    """Check the cells against each other and write the record; DONE or a status."""
    if kind < 0:
        kind = np.int64(_DEPTH_PRICE if position < 0 else _DEPTH_POSITION)
    if kind == _DEPTH_POSITION and position < 0:
        return np.int64(MALFORMED)
    position = max(position, np.int64(0))
    most_side = np.int64(1)
    most_op = np.int64(2)
    if kind == _TRADE:
        most_side = np.int64(2)
        most_op = np.int64(4)
        if side < 0:
            side = np.int64(2)
        if op < 0:
            op = np.int64(4 if side == 2 else 0)
    elif kind == _QUOTE:
        most_op = np.int64(1)
        op = max(op, np.int64(0))
        if op == 1:
            failed = np.int64(0)
            price = np.int64(0)
            side = np.int64(0)
    elif kind == _ORDER:
        most_op = np.int64(6)
    if failed < 0:
        return np.int64(OFF_GRID if failed == OFF else MALFORMED)
    if kind > _ORDER or side < 0 or side > most_side or op < 0 or op > most_op or position > 255:
        return np.int64(MALFORMED)
    r.kind = kind
    r.side = side
    r.op = op
    r.position = position
    r.price = price
    r.size = size
    r.ref = ref
    return np.int64(DONE)


@fused
def _ends(p: Struct, j: Whole) -> Whole:
    """Whether a cell ends at ``j``."""
    c = byte(p, j)
    return c == p.separator or c == 10 or c == 13


@fused
def _skip_cell(p: Struct, j: Whole) -> Whole:
    while not _ends(p, j):
        j += 1
    return j


@fused
def _skip(p: Struct, i: Whole, column: Whole) -> Whole:
    """The end of a row's cell, counted from the row's beginning."""
    j = _skip_cell(p, i)
    for _ in range(column):
        j = _skip_cell(p, j + 1)
    return j


@fused
def _whole(p: Struct, j: Whole) -> Whole:
    """An unsigned number below 2^63, and the index after it or BAD."""
    word = load_eight(p, j)
    x = np.int64(0)
    count = np.int64(0)
    while is_eight_digits(word) and count < 16:
        x = x * _E8 + eight_digits(word)
        count += 8
        word = load_eight(p, j + count)
    c = np.int64(byte(p, j + count)) - 48
    while 0 <= c <= 9 and count < 19:
        if x > _TENTH or (x == _TENTH and c > 7):
            return x, np.int64(BAD)
        x = x * 10 + c
        count += 1
        c = np.int64(byte(p, j + count)) - 48
    if count == 0 or 0 <= c <= 9:
        return x, np.int64(BAD)
    return x, j + count


@fused
def _kind(p: Struct, j: Whole) -> Whole:
    """A number, or a word by its first letter: depth (either), quote, trade, order."""
    c = byte(p, j) | 32
    if c < 97:
        return digits(p, j)
    kind = np.int64(_EMPTY)
    if c == 113:
        kind = np.int64(_QUOTE)
    elif c == 116:
        kind = np.int64(_TRADE)
    elif c == 111:
        kind = np.int64(_ORDER)
    elif c != 100:
        return kind, np.int64(BAD)
    return kind, _skip_cell(p, j)


@fused
def _side(p: Struct, j: Whole) -> Whole:
    """A number, or a word by its first letter: ask, sell; bid, buy; unknown."""
    c = byte(p, j) | 32
    if c < 97:
        return digits(p, j)
    side = np.int64(0)
    if c == 98:
        side = np.int64(1)
    elif c == 117:
        side = np.int64(2)
    elif c != 97 and c != 115:
        return side, np.int64(BAD)
    return side, _skip_cell(p, j)


@fused
def _op(p: Struct, j: Whole) -> Whole:
    """A number, or a word of a depth row by its first letter: add, update, remove or delete."""
    c = byte(p, j) | 32
    if c < 97:
        return digits(p, j)
    op = np.int64(0)
    if c == 117:
        op = np.int64(1)
    elif c == 114 or c == 100:
        op = np.int64(2)
    elif c != 97:
        return op, np.int64(BAD)
    return op, _skip_cell(p, j)


@fused
def _same_name(p: Struct, j: Whole) -> Whole:
    """The end of the instrument's cell if it names the file's instrument (names[0]), else BAD."""
    length = np.int64(p.names[0, 0])
    for c in range(length):
        if byte(p, j + c) != p.names[0, 1 + c]:
            return np.int64(BAD)
    return j + length
