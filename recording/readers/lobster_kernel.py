"""The parser of LOBSTER message files, and the way of its messages to seeded orders.

::

    <seconds after midnight>,<type>,<order id>,<size>,<price * 10,000>,<direction>
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import fused, kernel
from recording.readers.cells_kernel import ends, skip_cell, whole, whole64
from recording.readers.order_kernel import (
    ADD,
    BILLIONTHS,
    CANCEL,
    DELETE,
    FILL,
    MOST_RECORDS,
    end_event,
    note_price,
    put_nothing,
    put_order,
    put_trade,
    scaled_price,
)
from recording.readers.state import Struct, Whole
from recording.readers.text_kernel import (
    BAD,
    DONE,
    FULL,
    MALFORMED,
    OFF,
    OFF_GRID,
    SIZE,
    byte,
    deliver,
    digits,
    line_end,
    note_time,
    scaled,
)

__all__ = ["DECIMALS", "LEFT", "PRICE", "SEED", "SIDE", "add_known", "parse_messages", "route"]

DECIMALS: Final = 4
"""Of a price: it is in ten-thousandths."""

_COMMA: Final = 44
_MINUS: Final = 45
_DOT: Final = 46
_DAY: Final = 86_400
_NS: Final = 1_000_000_000
_SUBMIT, _CANCEL, _DELETE, _EXECUTE, _HIDDEN, _CROSS, _HALT = 1, 2, 3, 4, 5, 6, 7
_UNKNOWN: Final = 2
_ORDER: Final = 4

SIDE, PRICE, BITS, LEFT, SEED = 0, 1, 2, 3, 4
"""Columns of the seeds: side, price with its bits of ``position``, size that is left, order id."""


@kernel
def parse_messages(
    parser: NDArray[Any],
    records: NDArray[Any],
    index: NDArray[np.int64],
    starts: NDArray[np.int64],
    bases: NDArray[np.int64],
) -> Whole:
    """As ``parse_dump``; ``second`` is the midnight that times count from, ns UTC."""
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
            time, count, j = _message(p, i, line, records[k], records[k + 1])
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
def _message(p: Struct, i: Whole, line: Whole, r: Struct, second: Struct) -> Whole:
    """One line into one or two records: its time, their number, and the next line or -status."""
    wrong = np.int64(-MALFORMED)
    one = np.int64(1)
    time, j = _time(p, i)
    if j < 0 or byte(p, j) != _COMMA:
        return time, one, wrong
    kind, j = digits(p, j + 1)
    if j < 0 or byte(p, j) != _COMMA or kind < _SUBMIT or kind > _HALT:
        return time, one, wrong
    ref, j = _id(p, j + 1, kind)
    if j < 0 or byte(p, j) != _COMMA:
        return time, one, wrong
    size, j = whole(p, j + 1)
    if j < 0 or byte(p, j) != _COMMA:
        return time, one, wrong
    size, j = scaled(p, size, np.int64(0), j, SIZE)
    if j < 0:
        return time, one, np.int64(-OFF_GRID if j == OFF else -MALFORMED)
    below = byte(p, j + 1) == _MINUS
    mantissa, j = whole(p, j + 2 if below else j + 1)
    if j < 0 or byte(p, j) != _COMMA or (below and kind != _HALT):
        return time, one, wrong
    side, j = _direction(p, j + 1)
    if j > 0 and byte(p, j) == _COMMA:
        j = skip_cell(p, j + 1)  # some files name the participant
    if j < 0 or (side == _UNKNOWN and kind <= _EXECUTE):
        return time, one, wrong
    j = line_end(p, j)
    if j < 0:
        return time, one, wrong
    if kind == _HALT:
        put_nothing(r)
        end_event(r)
        return time, one, j
    price, bits, status = scaled_price(p, mantissa, np.int64(DECIMALS), j)
    if status < 0:
        return time, one, np.int64(-OFF_GRID if status == OFF else -MALFORMED)
    count = one
    if kind >= _EXECUTE and size > 0:
        if bits:
            p.left_out += 1
        else:
            put_trade(r, _UNKNOWN if side == _UNKNOWN or kind == _CROSS else 1 - side, price, size)
            if kind != _EXECUTE:
                return time, one, j
            count = np.int64(2)
    last = second if count == 2 else r
    if kind > _EXECUTE:
        put_nothing(last)
    else:
        put_order(last, _operation(kind), side, bits, price, size, ref)
        if kind == _SUBMIT:
            note_price(p, line, bits)
    end_event(last)
    return time, count, j


@fused
def _operation(kind: Whole) -> Whole:
    if kind == _SUBMIT:
        return np.int64(ADD)
    if kind == _CANCEL:
        return np.int64(CANCEL)
    return np.int64(DELETE if kind == _DELETE else FILL)


@fused
def _time(p: Struct, i: Whole) -> Whole:
    """Seconds with any number of decimals, to the nearest ns: ns UTC, and the index after it."""
    second, j = digits(p, i)
    if j < 0 or second >= _DAY:
        return np.int64(0), np.int64(BAD)
    ns = np.int64(0)
    if byte(p, j) == _DOT:
        unit = np.int64(_NS // 10)
        j += 1
        first = j
        c = np.int64(byte(p, j)) - 48
        while 0 <= c <= 9:
            ns += c * unit
            if j == first + 9 and c >= 5:
                ns += 1
            unit //= 10
            j += 1
            c = np.int64(byte(p, j)) - 48
        if j == first:
            return np.int64(0), np.int64(BAD)
    return p.second + second * _NS + ns, j


@fused
def _id(p: Struct, i: Whole, kind: Whole) -> Whole:
    """An order's id; what is no order's message may have a negative one."""
    if kind > _EXECUTE and byte(p, i) == _MINUS:
        i += 1
    return whole64(p, i)


@fused
def _direction(p: Struct, i: Whole) -> Whole:
    """1 is a buy order, -1 a sell order, 0 neither: the side, and the index after it or BAD."""
    side = np.int64(1)
    if byte(p, i) == _MINUS:
        side = np.int64(0)
        i += 1
    c = byte(p, i)
    if c == 48 and side == 1:
        side = np.int64(_UNKNOWN)
    elif c != 49:
        return side, np.int64(BAD)
    i += 1
    if not ends(p, i):
        return side, np.int64(BAD)
    return side, i


@kernel
def route(
    records: NDArray[Any],
    index: NDArray[np.int64],
    known: NDArray[np.uint64],
    used: NDArray[np.uint8],
    seeds: NDArray[np.int64],
    marks: NDArray[np.int64],
) -> None:
    """Turn messages on orders that were never added into messages on the seed at their price.

    Args:
        records: changed in place: ``ref``, ``size``, and a deletion becomes a cancel.
        index: line of each record.
        known: ids added so far, by hash; twice as many places as ids.
        used: which places hold one.
        seeds: rows of SIDE, PRICE, BITS, LEFT, SEED.
        marks: ids in ``known``; size left in all seeds; messages that wanted more than was left at
            their price; line of the first of them.
    """
    for n in range(len(records)):
        r = records[n]
        if r.kind != _ORDER:
            continue
        if r.op == ADD:
            marks[0] += _add(known, used, r.ref)
        elif (r.size > 0 or r.op == DELETE) and not used[_place(known, used, r.ref)]:
            wanted = np.int64(r.size)
            for s in range(len(seeds)):
                if (
                    seeds[s, SIDE] == r.side
                    and seeds[s, PRICE] == r.price
                    and seeds[s, BITS] == r.position & BILLIONTHS
                    and seeds[s, LEFT] > 0
                ):
                    taken = min(wanted, seeds[s, LEFT])
                    seeds[s, LEFT] -= taken
                    marks[1] -= taken
                    r.ref = np.uint64(seeds[s, SEED])
                    r.size = taken
                    if r.op == DELETE:
                        r.op = CANCEL
                    if taken < wanted:
                        if marks[2] == 0:
                            marks[3] = index[n]
                        marks[2] += 1
                    break


@kernel
def add_known(
    ids: NDArray[np.uint64],
    there: NDArray[np.uint8],
    known: NDArray[np.uint64],
    used: NDArray[np.uint8],
) -> None:
    """Move the ids of one table into a larger one."""
    for n in range(len(ids)):
        if there[n]:
            _add(known, used, ids[n])


@fused
def _add(known: NDArray[np.uint64], used: NDArray[np.uint8], ref: Whole) -> Whole:
    """Enter an id; 1 if it is new."""
    place = _place(known, used, ref)
    if used[place]:
        return np.int64(0)
    known[place] = ref
    used[place] = 1
    return np.int64(1)


@fused
def _place(known: NDArray[np.uint64], used: NDArray[np.uint8], ref: Whole) -> Whole:
    """Where an id stands, or would."""
    mask = np.uint64(len(known) - 1)
    key = np.uint64(ref)
    # Ids are numbered through: a multiplication spreads them. It does not overflow, as it is said
    # to be wrong with the JIT off.
    folded = (key ^ (key >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
    place = ((folded * np.uint64(0x9E3779B1)) >> np.uint64(16)) & mask
    while used[place] and known[place] != key:
        place = (place + np.uint64(1)) & mask
    return place
