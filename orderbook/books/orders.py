"""What an order record does: to the table, and through it to the ladder of prices.

The ladder by price (``orderbook.books.price``) holds the size of each level, so whatever reads
rows reads a book of orders as any other. Prices between two ticks stay out of it: their levels
lie in lists of their own (OFF_ASK, OFF_BID), in the same order, with prices in billionths.

Bad input leaves the book consistent and is counted: an id that does not stand changes nothing, a
double add neither, a cancel or fill of more than there is takes the order off.
"""

from typing import Final

from market.jit import fused, inlined, rarely, unsigned
from orderbook.books.ladder import clear_book
from orderbook.books.price import far_room, put_far, put_level
from orderbook.books.table import (
    LEVEL,
    free_order,
    key_of,
    level_room,
    link_table,
    order_bucket,
    order_in,
    order_room,
    queue_order,
    remove_order,
    take_order,
)
from orderbook.layout import (
    BEYOND_SIZE,
    BY_ORDER,
    DEAD_MODIFY,
    DOUBLE_ADD,
    FAULT_LOG,
    GROW,
    LEVELS,
    NO_MODE,
    OFF_ASK,
    OFF_BID,
    OK,
    ORDER_FAULT,
    ORDER_FAULTS,
    ORDERS,
    SLOT,
    UNKNOWN_ORDER,
    Struct,
    Words,
    as_int,
)

__all__ = ["FAULT_WORDS", "OFF_GRID", "apply_order"]

FAULT_WORDS: Final = ("unknown", "dead_modify", "double_add", "beyond")
"""Names of the kinds of faults, in the order of their numbers."""

_ADD, _MODIFY, _CANCEL, _DELETE, _FILL, _REPLACE, _CLEAR = range(7)
OFF_GRID: Final = 2
"""Bit of ``position``: the price is in billionths, between two ticks."""


@fused
def apply_order(book: Struct, heap: Words, half: Words, record: Struct, label: int) -> int:
    """Apply one order record.

    Args:
        book: BOOK, changed in place.
        heap: changed in place.
        half: the heap as 32-bit numbers.
        record: of kind 4.
        label: index or number of the record, kept with the first fault of a kind.

    Returns:
        OK; or, and then nothing has changed, GROW, or, of a strict book, ORDER_FAULT.
        Cost: two or three dependent cache lines; nothing grows with the book.
    """
    linked = book.linked
    capacity = book.heap.capacity[ORDERS] + book.heap.capacity[LEVELS]
    if rarely(linked != capacity) or rarely(linked == 0):
        if book.mode != BY_ORDER and book.mode != NO_MODE:
            book.unbuilt += 1
            return OK
        if link_table(book, heap) != OK:
            return GROW
        book.mode = BY_ORDER
    book.moves = 0
    op = record.op
    ref = as_int(record.ref)
    bucket = order_bucket(book, ref)
    # What it is before where it stands: a guess that was wrong is found out before the look-up.
    if op == _ADD:
        return _add(book, heap, half, bucket, record, label)
    size = record.size
    slot = order_in(book, heap, half, bucket, ref)
    if rarely(slot == 0) or rarely(op == _CLEAR):
        return _of_none(book, heap, op, size, label)
    at = book.heap.offset[ORDERS] + SLOT * slot
    level = book.heap.offset[LEVELS] + SLOT * as_int(half[unsigned(2 * at + LEVEL)])
    key = heap[unsigned(level)]
    standing = heap[unsigned(at + 1)]
    left = as_int(0)
    if op == _MODIFY:
        left = size
        if size > standing or (size != 0 and key != _key(record, key & 1)):
            return _move(book, heap, half, slot, key, record)
    elif op in (_CANCEL, _FILL):
        left = standing - size
    by = max(left, as_int(0)) - standing
    if left > 0:
        total = heap[unsigned(level + 1)] + by
        heap[unsigned(at + 1)] = left
        heap[unsigned(level + 1)] = total
    else:
        if rarely(left < 0):
            status = _fault(book, BEYOND_SIZE, label)
            if status != OK:
                return status
        total = remove_order(book, heap, half, slot)
        free_order(book, heap, half, bucket, slot)
    _show(book, heap, key, total, by, as_int(0))
    return OK


@fused
def _add(book: Struct, heap: Words, half: Words, bucket: int, record: Struct, label: int) -> int:
    ref = as_int(record.ref)
    size = record.size
    if rarely(order_in(book, heap, half, bucket, ref) != 0):
        return _fault(book, DOUBLE_ADD, label)
    if rarely(size == 0):
        return OK
    key = _key(record, as_int(record.side))
    if not (order_room(book) and level_room(book) and _rows_room(book, key)):
        return GROW
    slot = take_order(book, heap, half, bucket, ref, size)
    book.off_grid += (key >> 1) & 1
    total = queue_order(book, heap, half, slot, key)
    _show(book, heap, key, total, size, as_int(0))
    return OK


@inlined
def _of_none(book: Struct, heap: Words, op: int, size: int, label: int) -> int:
    """A record that names no order that stands."""
    if op == _CLEAR:
        clear_book(book)
        book.touched = 0
        link_table(book, heap)
        book.mode = BY_ORDER
        return OK
    if size == 0 and op in (_CANCEL, _FILL):
        return OK
    return _fault(book, DEAD_MODIFY if op == _MODIFY else UNKNOWN_ORDER, label)


@inlined
def _fault(book: Struct, kind: int, label: int) -> int:
    """Count what is wrong; a strict book stops instead."""
    if book.strict:
        book.fault = kind
        return ORDER_FAULT
    if book.order_faults[kind] == 0:
        book.order_first[kind] = label
    total = as_int(0)
    for other in range(ORDER_FAULTS):
        total += book.order_faults[other]
    book.order_log[total % FAULT_LOG, 0] = label
    book.order_log[total % FAULT_LOG, 1] = kind
    book.order_faults[kind] += 1
    return OK


@fused
def _key(record: Struct, side: int) -> int:
    return key_of(record.price, as_int(record.position & OFF_GRID) >> 1, side)


@fused
def _move(book: Struct, heap: Words, half: Words, slot: int, before: int, record: Struct) -> int:
    """Another price or a larger size: to the end of the queue. OK or GROW."""
    key = _key(record, before & 1)
    if not (level_room(book) and _rows_room(book, key)):
        return GROW
    at = unsigned(book.heap.offset[ORDERS] + SLOT * slot + 1)
    by = -heap[at]
    moves = as_int(0)
    total = remove_order(book, heap, half, slot)
    if key != before:
        _show(book, heap, before, total, by, moves)
        moves += 1
        by = as_int(0)
    heap[at] = record.size
    book.off_grid += (key >> 1) & 1
    total = queue_order(book, heap, half, slot, key)
    _show(book, heap, key, total, by + record.size, moves)
    return OK


@fused
def _rows_room(book: Struct, key: int) -> int:
    """Room for a level that comes, and for one that may be pushed out; else GROW is prepared."""
    if rarely(key & 2 != 0):
        return _off_room(book, key & 1)
    return far_room(book, key & 1, 2)


@inlined
def _off_room(book: Struct, side: int) -> int:
    region = OFF_BID if side == 1 else OFF_ASK
    if book.heap.count[region] < book.heap.capacity[region]:
        return as_int(1)
    book.heap.wanted = region
    book.heap.entries = book.heap.count[region] + 1
    return as_int(0)


@fused
def _show(book: Struct, heap: Words, key: int, size: int, by: int, move: int) -> None:
    """Tell the ladder a level's size, and whoever asks by how much it changed."""
    book.move_key[move] = key
    book.move_by[move] = by
    book.moves = move + 1
    side = key & 1
    u = (key >> 2) * (2 * side - 1)
    if rarely(key & 2 != 0):
        put_far(book, heap, OFF_BID if side == 1 else OFF_ASK, u, size)
        book.touched = 0
    else:
        put_level(book, heap, side, u, size)
