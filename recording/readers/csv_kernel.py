"""The parser of the depth CSV: cells by the meaning that the header gives their columns."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import fused, kernel
from recording.readers.cells_kernel import (
    ends,
    same_name,
    side_of,
    skip_cell,
    skip_cells,
    whole,
    whole64,
)
from recording.readers.headed import INSTRUMENT
from recording.readers.order_kernel import BILLIONTHS, MODIFY, note_price
from recording.readers.state import Struct, Whole
from recording.readers.text_kernel import (
    BAD,
    BILLIONTH,
    DONE,
    FULL,
    LATEST,
    MALFORMED,
    OFF,
    OFF_GRID,
    PRICE,
    SIZE,
    byte,
    cut_frame,
    digits,
    line_end,
    note_time,
    steps,
)

__all__ = [
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

TIME: Final = 2
KIND: Final = 3
SIDE: Final = 4
OP: Final = 5
POSITION: Final = 6
PRICES: Final = 7
SIZES: Final = 8
REF: Final = 9
"""Meanings of columns (``order``), after those of ``headed``."""

_EMPTY: Final = -1
"""A cell without a value."""
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
            frames = cut_frame(k, np.int64(1), time, frames, starts, bases)
            records[k].dt = time - bases[frames - 1]
            index[k] = line
            if records[k].kind == _ORDER and records[k].op <= MODIFY:
                note_price(p, line, records[k].position & BILLIONTHS)
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
    ref = np.uint64(0)
    failed = np.int64(0)
    priced = np.int64(0)
    j = i
    for column in range(p.columns):
        what = p.order[column]
        if ends(p, j):
            if what == PRICES:
                failed = np.int64(BAD)
        elif what == TIME:
            time, j = whole(p, j)
        elif what == KIND:
            kind, j = _kind(p, j)
        elif what == SIDE:
            side, j = side_of(p, j)
        elif what == OP:
            op, j = _op(p, j)
        elif what == POSITION:
            position, j = digits(p, j)
        elif what == PRICES:
            priced = j
            price, j = steps(p, j, PRICE)
            if j < 0:  # a session volume has no price, so this is judged when the kind is known
                failed = j
                j = skip_cells(p, i, column)
        elif what == SIZES:
            size = np.int64(_EMPTY)
            if byte(p, j) != 45:
                size, j = steps(p, j, SIZE)
            if j == OFF:
                return time, np.int64(-OFF_GRID)
        elif what == REF:
            ref, j = whole64(p, j)
        elif what == INSTRUMENT:
            j = same_name(p, j)
        else:
            j = skip_cell(p, j)
        if j < 0 or not ends(p, j):
            return time, np.int64(-MALFORMED)
        if column + 1 < p.columns:
            if byte(p, j) != p.separator:
                return time, np.int64(-MALFORMED)
            j += 1
    j = line_end(p, j)
    if j < 0 or not 0 <= time < LATEST or size < 0:
        return time, np.int64(-MALFORMED)
    if kind == _ORDER and priced > 0:
        price, position, failed = _between(p, priced, price, position, failed)
    status = _store(r, kind, side, op, position, price, size, ref, failed)
    return time, (j if status == DONE else -status)


@fused
def _between(p: Struct, j: Whole, price: Whole, position: Whole, failed: Whole) -> Whole:
    """The price cell at ``j`` of an order: in billionths if it is, or is said to be, off the grid.

    Returns:
        Price, position with its bit, and what failed.
    """
    position = max(position, np.int64(0))
    if failed != OFF and not position & BILLIONTHS:
        return price, position, failed
    price, j = steps(p, j, BILLIONTH)
    return price, position | BILLIONTHS, min(j, np.int64(0))


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
    return kind, skip_cell(p, j)


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
    return op, skip_cell(p, j)
