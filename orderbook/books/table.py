"""The order table: orders by id, levels by price, and each level's orders in a queue.

Two regions of the heap, ORDERS and LEVELS, each with ``capacity`` slots of four words and, behind
all of them, four 32-bit buckets for each slot. A bucket holds the first slot of a chain. Slots are
32-bit numbers from 1; 0 is none, and slot 0 itself takes writes that nobody reads.

======  =========================================  ============================================
word    of an order                                of a level
======  =========================================  ============================================
0       id                                         key: 4·price + 2·(price is off the grid) + side
1       size; 0: the slot is free                  size of all its orders
2, low  level                                      first order; of a free slot the next free one
2, high order before it                            last order
3, low  order behind it; of a free slot the next   orders; 0: the slot is free
        free one
3, high next in the bucket's chain                 next in the bucket's chain
======  =========================================  ============================================

A kernel that finds no free slot returns GROW; the heap is enlarged outside, and the next call
fills the buckets anew. So a slot keeps its number for as long as its order stands.
"""

import numpy as np

from market.jit import borrowed, fetched, fused, inlined, rarely, unsigned
from orderbook.layout import (
    BUCKETS,
    FIRST_LEVELS,
    FIRST_ORDERS,
    GROW,
    LEVELS,
    OK,
    ORDERS,
    SLOT,
    Struct,
    Words,
    as_int,
)

__all__ = [
    "BEHIND",
    "COUNT",
    "FIRST",
    "LEVEL",
    "fetch_ahead",
    "find_level",
    "find_order",
    "free_order",
    "key_of",
    "level_room",
    "link_table",
    "order_bucket",
    "order_in",
    "order_room",
    "queue_order",
    "remove_order",
    "take_order",
]

LEVEL, _BEFORE, BEHIND, _CHAIN = range(4, 8)
"""Halves of an order's slot, as 32-bit numbers."""
FIRST, _LAST, COUNT = range(4, 7)
"""Halves of a level's slot; its chain lies where an order's does."""
_MIX = 0x61C88647
"""2³² less the golden ratio's share of it: below 2³¹, so that no product overflows."""
_LOW_HALF = 0xFFFFFFFF
_HASH_BITS = 32
_LARGE = 1 << 15
"""Slots from which on a table is looked ahead for."""
_FAR = 12
_NEAR = 8
_NEXT = 4
"""Records ahead of the one that is applied."""


@fused
def key_of(price: int, off_grid: int, side: int) -> int:
    """A level's name."""
    return 4 * price + 2 * off_grid + side


@fused
def _hash(key: int, shift: int) -> int:
    return ((((key ^ (key >> _HASH_BITS)) & _LOW_HALF) * _MIX) & _LOW_HALF) >> shift


@fused
def _bucket(book: Struct, region: int, key: int, shift: int) -> int:
    """Where a key's chain begins, as an index of 32-bit numbers."""
    end = book.heap.offset[region] + SLOT * book.heap.capacity[region]
    return 2 * end + _hash(key, shift)


@fused
def order_bucket(book: Struct, ref: int) -> int:
    """Where the chain of an order's id begins, as an index of 32-bit numbers."""
    return _bucket(book, ORDERS, ref, book.order_shift)


@fused
def _found(heap: Words, half: Words, slots: int, bucket: int, key: int) -> int:
    slot = as_int(half[unsigned(bucket)])
    while slot != 0 and heap[unsigned(slots + SLOT * slot)] != key:
        slot = as_int(half[unsigned(2 * (slots + SLOT * slot) + _CHAIN)])
    return slot


@fused
def order_in(book: Struct, heap: Words, half: Words, bucket: int, ref: int) -> int:
    """The slot of an order whose chain begins in ``bucket``; 0: it does not stand."""
    return _found(heap, half, book.heap.offset[ORDERS], bucket, ref)


@fused
def find_order(book: Struct, heap: Words, half: Words, ref: int) -> int:
    """The slot of an order; 0: it does not stand."""
    return order_in(book, heap, half, order_bucket(book, ref), ref)


@fused
def fetch_ahead(book: Struct, heap: Words, half: Words, records: Struct, i: int) -> None:
    """Ask for the cache lines that the order records after ``i`` will need; changes nothing.

    First the bucket, then the slot that it names, then that order's neighbours in the queue. Of a
    table that fits into the cache nothing is asked for: that would only cost time.
    """
    if book.linked < _LARGE:
        return
    n = len(records)
    orders = book.heap.offset[ORDERS]
    if i + _FAR < n:
        fetched(half, order_bucket(book, as_int(records[unsigned(i + _FAR)].ref)))
    if i + _NEAR < n:
        at = order_bucket(book, as_int(records[unsigned(i + _NEAR)].ref))
        fetched(heap, orders + SLOT * as_int(half[unsigned(at)]))
    if i + _NEXT < n:
        at = order_bucket(book, as_int(records[unsigned(i + _NEXT)].ref))
        half_slot = 2 * (orders + SLOT * as_int(half[unsigned(at)]))
        fetched(heap, orders + SLOT * as_int(half[unsigned(half_slot + _BEFORE)]))
        fetched(heap, orders + SLOT * as_int(half[unsigned(half_slot + BEHIND)]))


@fused
def find_level(book: Struct, heap: Words, half: Words, key: int) -> int:
    """The slot of a level; 0: there is none."""
    bucket = _bucket(book, LEVELS, key, book.level_shift)
    return _found(heap, half, book.heap.offset[LEVELS], bucket, key)


@fused
def _chain(half: Words, slots: int, bucket: int, slot: int) -> None:
    half[unsigned(2 * (slots + SLOT * slot) + _CHAIN)] = half[unsigned(bucket)]
    half[unsigned(bucket)] = slot


@fused
def _unchain(half: Words, slots: int, bucket: int, slot: int) -> None:
    at = bucket
    while half[unsigned(at)] != slot:
        at = 2 * (slots + SLOT * as_int(half[unsigned(at)])) + _CHAIN
    half[unsigned(at)] = half[unsigned(2 * (slots + SLOT * slot) + _CHAIN)]


@fused
def order_room(book: Struct) -> int:
    """Whether a slot is free; else GROW is prepared."""
    return _slot_room(book, ORDERS) if rarely(book.free_order == 0) else as_int(1)


@fused
def level_room(book: Struct) -> int:
    """Whether a level's slot is free; else GROW is prepared."""
    return _slot_room(book, LEVELS) if rarely(book.free_level == 0) else as_int(1)


@inlined
def _slot_room(book: Struct, region: int) -> int:
    if book.heap.count[region] < book.heap.capacity[region]:
        return as_int(1)
    book.heap.wanted = region
    book.heap.entries = 2 * book.heap.capacity[region]
    return as_int(0)


@fused
def take_order(book: Struct, heap: Words, half: Words, bucket: int, ref: int, size: int) -> int:
    """A slot for an order that stands in no queue yet; there is room."""
    slots = book.heap.offset[ORDERS]
    slot = book.free_order
    if slot != 0:
        book.free_order = half[unsigned(2 * (slots + SLOT * slot) + BEHIND)]
    else:
        slot = book.heap.count[ORDERS]
        book.heap.count[ORDERS] = slot + 1
    heap[unsigned(slots + SLOT * slot)] = ref
    heap[unsigned(slots + SLOT * slot + 1)] = size
    _chain(half, slots, bucket, slot)
    book.live += 1
    return slot


@fused
def free_order(book: Struct, heap: Words, half: Words, bucket: int, slot: int) -> None:
    """Give back the slot of an order that stands in no queue any more."""
    slots = book.heap.offset[ORDERS]
    at = slots + SLOT * slot
    _unchain(half, slots, bucket, slot)
    heap[unsigned(at + 1)] = 0
    half[unsigned(2 * at + BEHIND)] = book.free_order
    book.free_order = slot
    book.live -= 1


@inlined
def _take_level(book: Struct, heap: Words, half: Words, bucket: int, key: int) -> int:
    """A slot for a level without orders; there is room."""
    slots = book.heap.offset[LEVELS]
    slot = book.free_level
    if slot != 0:
        book.free_level = half[unsigned(2 * (slots + SLOT * slot) + FIRST)]
    else:
        slot = book.heap.count[LEVELS]
        book.heap.count[LEVELS] = slot + 1
    at = slots + SLOT * slot
    heap[unsigned(at)] = key
    heap[unsigned(at + 1)] = 0
    heap[unsigned(at + 2)] = 0
    half[unsigned(2 * at + COUNT)] = 0
    _chain(half, slots, bucket, slot)
    return as_int(slot)


@fused
def queue_order(book: Struct, heap: Words, half: Words, slot: int, key: int) -> int:
    """Put an order at the end of a level's queue; returns the level's size. There is room."""
    slots = book.heap.offset[LEVELS]
    bucket = _bucket(book, LEVELS, key, book.level_shift)
    level = _found(heap, half, slots, bucket, key)
    if level == 0:
        level = _take_level(book, heap, half, bucket, key)
    return _append(heap, half, book.heap.offset[ORDERS], slots, slot, level)


@fused
def _append(heap: Words, half: Words, orders: int, levels: int, slot: int, level: int) -> int:
    """Put an order at the end of a level's queue; returns the level's size."""
    at = orders + SLOT * slot
    top = levels + SLOT * level
    last = as_int(half[unsigned(2 * top + _LAST)])
    half[unsigned(2 * at + LEVEL)] = level
    half[unsigned(2 * at + _BEFORE)] = last
    half[unsigned(2 * at + BEHIND)] = 0
    half[unsigned(2 * (orders + SLOT * last) + BEHIND if last != 0 else 2 * top + FIRST)] = slot
    half[unsigned(2 * top + _LAST)] = slot
    half[unsigned(2 * top + COUNT)] += 1
    total = heap[unsigned(top + 1)] + heap[unsigned(at + 1)]
    heap[unsigned(top + 1)] = total
    return total


@fused
def remove_order(book: Struct, heap: Words, half: Words, slot: int) -> int:
    """Take an order out of its queue; returns its level's size. A level of no order is gone."""
    orders = book.heap.offset[ORDERS]
    levels = book.heap.offset[LEVELS]
    at = orders + SLOT * slot
    level = as_int(half[unsigned(2 * at + LEVEL)])
    top = levels + SLOT * level
    before = as_int(half[unsigned(2 * at + _BEFORE)])
    behind = as_int(half[unsigned(2 * at + BEHIND)])
    fore = 2 * (orders + SLOT * before) + BEHIND if before != 0 else 2 * top + FIRST
    back = 2 * (orders + SLOT * behind) + _BEFORE if behind != 0 else 2 * top + _LAST
    half[unsigned(fore)] = behind
    half[unsigned(back)] = before
    left = half[unsigned(2 * top + COUNT)] - 1
    half[unsigned(2 * top + COUNT)] = left
    total = heap[unsigned(top + 1)] - heap[unsigned(at + 1)]
    heap[unsigned(top + 1)] = total
    if left == 0:
        bucket = _bucket(book, LEVELS, heap[unsigned(top)], book.level_shift)
        _unchain(half, levels, bucket, level)
        half[unsigned(2 * top + FIRST)] = book.free_level
        book.free_level = level
    return total


@inlined
def _has_slots(book: Struct) -> int:
    """Whether both regions have slots at all; else GROW is prepared."""
    header = book.heap
    for region, first in ((ORDERS, FIRST_ORDERS), (LEVELS, FIRST_LEVELS)):
        if header.capacity[region] == 0:
            header.wanted = region
            header.entries = first
            return as_int(0)
    return as_int(1)


@inlined
def link_table(book: Struct, heap: Words) -> int:
    """Fill the buckets for the present capacities; an empty table begins. OK, or GROW."""
    if not _has_slots(book):
        return GROW
    header = book.heap
    half = borrowed(heap.view(np.int32))
    if book.linked == 0:
        header.count[ORDERS] = 1
        header.count[LEVELS] = 1
        book.free_order = 0
        book.free_level = 0
        book.live = 0
    book.order_shift = _shift_for(header.capacity[ORDERS])
    book.level_shift = _shift_for(header.capacity[LEVELS])
    for region in (ORDERS, LEVELS):
        end = header.offset[region] + SLOT * header.capacity[region]
        for i in range(header.capacity[region] * BUCKETS // 2):
            heap[end + i] = 0
    for slot in range(1, header.count[ORDERS]):
        at = header.offset[ORDERS] + SLOT * slot
        if heap[at + 1] != 0:
            _chain(half, header.offset[ORDERS], order_bucket(book, heap[at]), slot)
    for slot in range(1, header.count[LEVELS]):
        at = header.offset[LEVELS] + SLOT * slot
        if half[2 * at + COUNT] != 0:
            bucket = _bucket(book, LEVELS, heap[at], book.level_shift)
            _chain(half, header.offset[LEVELS], bucket, slot)
    book.linked = header.capacity[ORDERS] + header.capacity[LEVELS]
    return OK


@inlined
def _shift_for(capacity: int) -> int:
    """What a hash loses to name one of BUCKETS buckets for each of ``capacity`` slots."""
    shift = as_int(_HASH_BITS)
    buckets = capacity * BUCKETS
    while buckets > 1:
        shift -= 1
        buckets >>= 1
    return shift
