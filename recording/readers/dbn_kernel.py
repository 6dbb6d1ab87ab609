"""The parser of Databento's binary records: orders, levels, trades; little-endian, fixed layouts.

::

    all       0 u8 length / 4   1 u8 type   2 u16 publisher   4 u32 instrument   8 u64 ts_event
    mbo      16 u64 order id   24 i64 price   32 u32 size   36 u8 flags   38 action   39 side
    others   16 i64 price   24 u32 size   28 action   29 side   30 u8 flags   31 u8 depth
    mbp      48 i64 bid price, i64 ask price, u32 bid size, u32 ask size, u32, u32; 1 or 10 times

The layouts are the same in versions 1 to 3. Source: https://databento.com/docs/standards-and-conventions/databento-binary-encoding
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import fused, kernel
from recording.readers.order_kernel import (
    ADD,
    CANCEL,
    CLEAR,
    LAST,
    MODIFY,
    note_price,
    put_nothing,
    put_order,
    put_trade,
    scaled_price,
)
from recording.readers.state import NULL, Struct, Whole
from recording.readers.text_kernel import (
    DONE,
    FULL,
    LATEST,
    MALFORMED,
    OFF,
    OFF_GRID,
    SIZE,
    byte,
    deliver,
    load_eight,
    note_time,
    scaled,
)

__all__ = ["ANY", "HEAD", "LOST", "OTHER", "TYPES", "parse_dbn"]

TYPES: Final = {"mbo": 160, "mbp-1": 1, "mbp-10": 10, "trades": 0}
"""Record types of the schemas."""
HEAD: Final = 16
ANY: Final = -1
"""``wanted``: every instrument, as they are one."""
OTHER: Final = 5
"""Status: a second instrument where one was expected."""
LOST: Final = 6
"""Status: a record's length is none; nobody can tell where the next one begins."""

_MBO, _TRADES, _MBP_1, _MBP_10 = 160, 0, 1, 10
_LENGTHS: Final = (56, 48, 80, 368)
_LEVELS: Final = 48
_LEVEL: Final = 32
_MOST: Final = 41
"""Records of one message: a trade, and of each side ten levels gone and ten new."""
_UNDEFINED: Final = 2**63 - 1
_LOW32: Final = np.uint64(0xFFFFFFFF)
_TOP: Final = np.uint64(1 << 63)
_DECIMALS: Final = 9
_LAST_FLAG: Final = 128
_A, _B, _C, _F, _M, _N, _R, _T = 65, 66, 67, 70, 77, 78, 82, 84
_DEPTH_PRICE: Final = 1
_UPDATE, _REMOVE = 1, 2
_BEFORE, _NOW = 0, 1
_PRICE, _SIZE = 0, 1


@kernel
def parse_dbn(
    parser: NDArray[Any],
    records: NDArray[Any],
    index: NDArray[np.int64],
    starts: NDArray[np.int64],
    bases: NDArray[np.int64],
) -> Whole:
    """As ``parse_dump``, of whole binary records from ``pos`` to ``stop``; ``variant``: their type.

    Returns:
        DONE or FULL; MALFORMED, OFF_GRID, OTHER or LOST with ``pos`` at that record.
    """
    p = parser[0]
    i = p.pos
    row = p.line
    k = np.int64(0)
    frames = np.int64(0)
    status = np.int64(DONE)
    while i + HEAD <= p.stop:
        length = 4 * np.int64(byte(p, i))
        if length < HEAD:
            status = np.int64(LOST)
            break
        if i + length > p.stop:
            break
        if k + _MOST > records.shape[0]:
            status = np.int64(FULL)
            break
        if byte(p, i + 1) == p.variant:
            who = _u32(p, i + 4)
            if p.wanted == ANY or who == p.wanted:
                time = _i64(p, i + 8)
                count = _message(p, i, length, time, row, records, k)
                if count < 0:
                    status = -count
                    break
                note_time(p, time, row)
                frames = deliver(k, count, time, row, frames, records, index, starts, bases)
                k += count
            else:
                p.others += 1
        i += length
        row += 1
    p.pos = i
    p.line = row
    p.count = k
    p.frames = frames
    return status


@fused
def _i64(p: Struct, i: Whole) -> Whole:
    return np.int64(load_eight(p, i))


@fused
def _u32(p: Struct, i: Whole) -> Whole:
    return np.int64(load_eight(p, i) & _LOW32)


@fused
def _message(
    p: Struct,
    i: Whole,
    length: Whole,
    time: Whole,
    row: Whole,
    records: NDArray[Any],
    k: Whole,
) -> Whole:
    """One record into records from ``k`` on: their number, or -status."""
    if time < 0 or time >= LATEST:
        return np.int64(-MALFORMED)
    if p.variant == _MBO:
        if length < _LENGTHS[0]:
            return np.int64(-MALFORMED)
        return _order(p, i, row, records[k])
    if length < (_LENGTHS[1] if p.variant == _TRADES else _LENGTHS[2]):
        return np.int64(-MALFORMED)
    count = np.int64(0)
    if byte(p, i + 28) == _T:
        count = _trade(p, i + 16, i + 24, byte(p, i + 29), records[k])
        if count < 0:
            return count
    if p.variant == _TRADES:
        if count == 0:
            put_nothing(records[k])
        return np.int64(1)
    if p.variant == _MBP_10 and length < _LENGTHS[3]:
        return np.int64(-MALFORMED)
    return _ladder(p, i + _LEVELS, records, k, count)


@fused
def _aggressor(side: Whole) -> Whole:
    """Who crossed the spread, as the exchange says."""
    if side == _B:
        return np.int64(1)
    return np.int64(0 if side == _A else 2)


@fused
def _trade(p: Struct, price_at: Whole, size_at: Whole, side: Whole, r: Struct) -> Whole:
    """A trade into ``r``: 1; 0 if there is none, or none that a record can hold; or -status."""
    amount = _u32(p, size_at)
    nano = _i64(p, price_at)
    if nano == _UNDEFINED or amount == 0:
        return np.int64(0)
    price, bits, status = _price(p, nano)
    size, fits = scaled(p, amount, np.int64(0), np.int64(1), SIZE)
    if status < 0 or fits < 0:
        return np.int64(-OFF_GRID if status == OFF or fits == OFF else -MALFORMED)
    if bits:
        p.left_out += 1
        return np.int64(0)
    put_trade(r, _aggressor(side), price, size)
    return np.int64(1)


@fused
def _price(p: Struct, nano: Whole) -> Whole:
    """Billionths as ticks, or as they are with their bit: (price, bits, 1 or BAD, OFF)."""
    one = np.int64(1)
    if nano < 0:
        price, bits, status = scaled_price(p, -nano, np.int64(_DECIMALS), one)
        return -price, bits, status
    return scaled_price(p, nano, np.int64(_DECIMALS), one)


@fused
def _order(p: Struct, i: Whole, row: Whole, r: Struct) -> Whole:
    """An mbo record into ``r``: 1, or -status."""
    action = byte(p, i + 38)
    side = byte(p, i + 39)
    last = np.int64(LAST if byte(p, i + 36) & _LAST_FLAG else 0)
    zero = np.int64(0)
    if action == _T:
        count = _trade(p, i + 24, i + 32, side, r)
        if count != 0:
            return count
        put_nothing(r)
        r.position = last
        return np.int64(1)
    if action in (_F, _N):  # the cancel or modify that follows changes the book
        put_nothing(r)
        r.position = last
        return np.int64(1)
    if action == _R:
        put_order(r, np.int64(CLEAR), zero, last, zero, zero, np.uint64(0))
        return np.int64(1)
    op = np.int64(-1)
    if action == _A:
        op = np.int64(ADD)
    elif action == _C:
        op = np.int64(CANCEL)
    elif action == _M:
        op = np.int64(MODIFY)
    if op < 0 or (side != _A and side != _B and not (side == _N and op != ADD)):
        return np.int64(-MALFORMED)
    nano = _i64(p, i + 24)
    price = bits = zero
    if nano != _UNDEFINED:
        price, bits, status = _price(p, nano)
        if status < 0:
            return np.int64(-OFF_GRID if status == OFF else -MALFORMED)
    elif op != CANCEL:
        return np.int64(-MALFORMED)
    size, fits = scaled(p, _u32(p, i + 32), zero, np.int64(1), SIZE)
    if fits < 0:
        return np.int64(-OFF_GRID if fits == OFF else -MALFORMED)
    if op != CANCEL:
        note_price(p, row, bits)
    bid = np.int64(1 if side == _B else 0)
    put_order(r, op, bid, bits | last, price, size, load_eight(p, i + 16))
    return np.int64(1)


@fused
def _cell(when: Whole, side: Whole, what: Whole, row: Whole) -> Whole:
    """Where a level's price or size stands in ``levels``."""
    return ((when * 2 + side) * 2 + what) * 10 + row


@fused
def _ladder(p: Struct, i: Whole, records: NDArray[Any], k: Whole, count: Whole) -> Whole:
    """The levels that differ from the last message's, after ``count`` records: their number."""
    rows = np.int64(10 if p.variant == _MBP_10 else 1)
    for side in range(2):
        for n in range(rows):
            status = _read_level(p, i + _LEVEL * n, side, n)
            if status < 0:
                return np.int64(-OFF_GRID if status == OFF else -MALFORMED)
    for side in range(2):
        for n in range(rows):
            price = p.levels[_cell(_BEFORE, side, _PRICE, n)]
            if price != NULL and not _stands(p, _NOW, side, rows, price):
                _put_level(records[k + count], side, _REMOVE, price, np.int64(0))
                count += 1
        for n in range(rows):
            price = p.levels[_cell(_NOW, side, _PRICE, n)]
            size = p.levels[_cell(_NOW, side, _SIZE, n)]
            if price != NULL and size != _stands(p, _BEFORE, side, rows, price):
                _put_level(records[k + count], side, _UPDATE, price, size)
                count += 1
        for n in range(rows):
            p.levels[_cell(_BEFORE, side, _PRICE, n)] = p.levels[_cell(_NOW, side, _PRICE, n)]
            p.levels[_cell(_BEFORE, side, _SIZE, n)] = p.levels[_cell(_NOW, side, _SIZE, n)]
    if count == 0:
        _put_unchanged(p, records[k])
        count += 1
    return count


@fused
def _read_level(p: Struct, at: Whole, side: Whole, n: Whole) -> Whole:
    """Level ``n`` of a side, bytes at ``at``, into what is now: 1, or BAD, or OFF."""
    nano = _i64(p, at + (8 if side == 0 else 0))
    amount = _u32(p, at + (20 if side == 0 else 16))
    p.levels[_cell(_NOW, side, _PRICE, n)] = NULL
    p.levels[_cell(_NOW, side, _SIZE, n)] = 0
    if nano == _UNDEFINED or amount == 0:
        return np.int64(1)
    price, bits, status = _price(p, nano)
    size, fits = scaled(p, amount, np.int64(0), np.int64(1), SIZE)
    if bits or fits == OFF:
        return np.int64(OFF)
    p.levels[_cell(_NOW, side, _PRICE, n)] = price
    p.levels[_cell(_NOW, side, _SIZE, n)] = size
    return min(status, fits)


@fused
def _stands(p: Struct, when: Whole, side: Whole, rows: Whole, price: Whole) -> Whole:
    """Size at a price before or now; 0: no level."""
    for n in range(rows):
        if p.levels[_cell(when, side, _PRICE, n)] == price:
            return p.levels[_cell(when, side, _SIZE, n)]
    return np.int64(0)


@fused
def _put_level(r: Struct, side: Whole, op: Whole, price: Whole, size: Whole) -> None:
    r.kind = _DEPTH_PRICE
    r.side = side
    r.op = op
    r.position = 0
    r.price = price
    r.size = size
    r.ref = 0


@fused
def _put_unchanged(p: Struct, r: Struct) -> None:
    """The record of a message that changes no level: one of them again, or none taken out."""
    for side in range(2):
        if p.levels[_cell(_NOW, side, _PRICE, 0)] != NULL:
            _put_level(
                r,
                side,
                _UPDATE,
                p.levels[_cell(_NOW, side, _PRICE, 0)],
                p.levels[_cell(_NOW, side, _SIZE, 0)],
            )
            return
    _put_level(r, 0, _REMOVE, np.int64(0), np.int64(0))
