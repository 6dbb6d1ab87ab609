"""The parser of order events as CSV: a row becomes one record, a replace or a fill two."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import fused, kernel
from recording.readers.cells_kernel import ends, same_name, side_of, skip_cell, whole, whole64
from recording.readers.headed import INSTRUMENT
from recording.readers.order_kernel import (
    ADD,
    CANCEL,
    CLEAR,
    DELETE,
    FILL,
    MODIFY,
    MOST_RECORDS,
    REPLACE,
    end_event,
    note_price,
    price_at,
    put_order,
    put_trade,
)
from recording.readers.state import Struct, Whole
from recording.readers.text_kernel import (
    BAD,
    DONE,
    FULL,
    LATEST,
    MALFORMED,
    OFF,
    OFF_GRID,
    SIZE,
    byte,
    deliver,
    digits,
    line_end,
    note_time,
    steps,
)

__all__ = ["ACTION", "ID", "NEW_ID", "PRICES", "SIDE", "SIZES", "TIME", "parse_orders"]

TIME: Final = 2
ACTION: Final = 3
SIDE: Final = 4
ID: Final = 5
PRICES: Final = 6
SIZES: Final = 7
NEW_ID: Final = 8
"""Meanings of columns (``order``), after those of ``headed``."""

_EMPTY: Final = -1
"""A cell without a value."""


@kernel
def parse_orders(
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
        if k + MOST_RECORDS > records.shape[0]:
            status = np.int64(FULL)
            break
        j = line_end(p, i)
        if j < 0:
            time, count, j = _row(p, i, line, records[k], records[k + 1])
            if j < 0:
                status = -j
                break
            note_time(p, time, line)
            frames = deliver(k, count, time, line, frames, records, index, starts, bases)
            k += count
        i = j
        line += 1
    p.pos = i
    p.line = line
    p.count = k
    p.frames = frames
    return status


@fused
def _row(p: Struct, i: Whole, line: Whole, r: Struct, second: Struct) -> Whole:
    """One row into one or two records: its time, their number, and the next line or -status."""
    time = action = side = size = np.int64(_EMPTY)
    bits = np.int64(_EMPTY)
    price = np.int64(0)
    ref = new = np.uint64(0)
    named = renamed = np.int64(0)
    j = i
    for column in range(p.columns):
        what = p.order[column]
        if ends(p, j):
            pass
        elif what == TIME:
            time, j = whole(p, j)
        elif what == ACTION:
            action, j = _action(p, j)
        elif what == SIDE:
            side, j = side_of(p, j)
        elif what == ID:
            ref, j = whole64(p, j)
            named = np.int64(1)
        elif what == PRICES:
            price, bits, j = price_at(p, j)
        elif what == SIZES:
            if byte(p, j) == 45:
                j = np.int64(BAD)
            else:
                size, j = steps(p, j, SIZE)
        elif what == NEW_ID:
            new, j = whole64(p, j)
            renamed = np.int64(1)
        elif what == INSTRUMENT:
            j = same_name(p, j)
        else:
            j = skip_cell(p, j)
        if j == OFF:
            return time, np.int64(0), np.int64(-OFF_GRID)
        if j < 0 or not ends(p, j):
            return time, np.int64(0), np.int64(-MALFORMED)
        if column + 1 < p.columns:
            if byte(p, j) != p.separator:
                return time, np.int64(0), np.int64(-MALFORMED)
            j += 1
    j = line_end(p, j)
    if j < 0 or not 0 <= time < LATEST or not _whole_row(action, side, bits, size, named, renamed):
        return time, np.int64(0), np.int64(-MALFORMED)
    sided = max(side, np.int64(0))
    placed = max(bits, np.int64(0))
    amount = max(size, np.int64(0))
    if action == REPLACE:
        put_order(r, action, sided, np.int64(0), np.int64(0), np.int64(0), ref)
        put_order(second, np.int64(ADD), sided, placed, price, amount, new)
        end_event(second)
        note_price(p, line, placed)
        return time, np.int64(2), j
    if action == FILL and side >= 0 and bits >= 0 and size > 0:
        if bits == 0:  # who crossed the spread stood on the other side
            put_trade(r, 1 - side, price, size)
            put_order(second, action, sided, placed, price, amount, ref)
            end_event(second)
            return time, np.int64(2), j
        p.left_out += 1
    put_order(r, action, sided, placed, price, amount, ref)
    end_event(r)
    if action <= MODIFY:
        note_price(p, line, placed)
    return time, np.int64(1), j


@fused
def _whole_row(
    action: Whole, side: Whole, bits: Whole, size: Whole, named: Whole, renamed: Whole
) -> Whole:
    """Whether a row says what its action needs; a side may only be ask or bid."""
    if action < 0 or side > 1:
        return False
    if action == CLEAR:
        return True
    if not named or (action == REPLACE and not renamed):
        return False
    if action in (ADD, REPLACE) and side < 0:
        return False
    if action in (ADD, REPLACE, MODIFY) and bits < 0:
        return False
    return size >= 0 or action == DELETE


@fused
def _action(p: Struct, j: Whole) -> Whole:
    """A word, or its number as on the wire; the index after it or BAD."""
    first = byte(p, j) | 32
    if first < 97:
        action, j = digits(p, j)
        return (action, j) if action <= CLEAR else (action, np.int64(BAD))
    end = skip_cell(p, j)
    length = end - j
    second = byte(p, j + 1) | 32
    action = np.int64(_EMPTY)
    if first == 97 and length == 3:
        action = np.int64(ADD)
    elif first == 109 and length == 6:
        action = np.int64(MODIFY)
    elif first == 99 and second == 97 and length == 6:
        action = np.int64(CANCEL)
    elif first == 100 and length == 6:
        action = np.int64(DELETE)
    elif first == 102 and length == 4:
        action = np.int64(FILL)
    elif first == 114 and length == 7:
        action = np.int64(REPLACE)
    elif first == 99 and second == 108 and length == 5:
        action = np.int64(CLEAR)
    return action, (end if action >= 0 else np.int64(BAD))
