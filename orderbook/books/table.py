"""The order table: orders by id, levels by price, and each level's orders in a queue.

Two regions of the heap, ORDERS and LEVELS, each with ``capacity`` slots of four words and, behind
all of them, two 32-bit buckets for each slot. A bucket holds the first slot of a chain. Slots are
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

from market.jit import borrowed, fetched, fused, inlined
from orderbook.layout import (
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
    "append_order",
    "fetch_ahead",
    "find_level",
    "find_order",
    "free_order",
    "key_of",
    "level_room",
    "link_table",
    "order_room",
    "remove_order",
    "take_level",
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
"""Slots (of 40 bytes) from which on a table is looked ahead for."""
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
def _find(book: Struct, heap: Words, half: Words, region: int, key: int, shift: int) -> int:
    slots = book.heap.offset[region]
    slot = as_int(half[_bucket(book, region, key, shift)])
    while slot != 0 and heap[slots + SLOT * slot] != key:
        slot = as_int(half[2 * (slots + SLOT * slot) + _CHAIN])
    return slot


@fused
def find_order(book: Struct, heap: Words, half: Words, ref: int) -> int:
    """The slot of an order; 0: it does not stand."""
    return _find(book, heap, half, ORDERS, ref, book.order_shift)


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
        fetched(half, _bucket(book, ORDERS, as_int(records[i + _FAR].ref), book.order_shift))
    if i + _NEAR < n:
        at = _bucket(book, ORDERS, as_int(records[i + _NEAR].ref), book.order_shift)
        fetched(heap, orders + SLOT * as_int(half[at]))
    if i + _NEXT < n:
        at = _bucket(book, ORDERS, as_int(records[i + _NEXT].ref), book.order_shift)
        half_slot = 2 * (orders + SLOT * as_int(half[at]))
        fetched(heap, orders + SLOT * as_int(half[half_slot + _BEFORE]))
        fetched(heap, orders + SLOT * as_int(half[half_slot + BEHIND]))


@fused
def find_level(book: Struct, heap: Words, half: Words, key: int) -> int:
    """The slot of a level; 0: there is none."""
    return _find(book, heap, half, LEVELS, key, book.level_shift)


@fused
def _chain(book: Struct, half: Words, region: int, key: int, shift: int, slot: int) -> None:
    bucket = _bucket(book, region, key, shift)
    half[2 * (book.heap.offset[region] + SLOT * slot) + _CHAIN] = half[bucket]
    half[bucket] = slot


@fused
def _unchain(book: Struct, half: Words, region: int, key: int, shift: int, slot: int) -> None:
    slots = book.heap.offset[region]
    at = _bucket(book, region, key, shift)
    while half[at] != slot:
        at = 2 * (slots + SLOT * as_int(half[at])) + _CHAIN
    half[at] = half[2 * (slots + SLOT * slot) + _CHAIN]


@fused
def order_room(book: Struct) -> int:
    """Whether a slot is free; else GROW is prepared."""
    return book.free_order != 0 or _slot_room(book, ORDERS)


@fused
def level_room(book: Struct) -> int:
    """Whether a level's slot is free; else GROW is prepared."""
    return book.free_level != 0 or _slot_room(book, LEVELS)


@inlined
def _slot_room(book: Struct, region: int) -> int:
    if book.heap.count[region] < book.heap.capacity[region]:
        return as_int(1)
    book.heap.wanted = region
    book.heap.entries = 2 * book.heap.capacity[region]
    return as_int(0)


@fused
def take_order(book: Struct, heap: Words, half: Words, ref: int, size: int) -> int:
    """A slot for an order that stands in no queue yet; there is room."""
    slots = book.heap.offset[ORDERS]
    slot = book.free_order
    if slot != 0:
        book.free_order = half[2 * (slots + SLOT * slot) + BEHIND]
    else:
        slot = book.heap.count[ORDERS]
        book.heap.count[ORDERS] = slot + 1
    heap[slots + SLOT * slot] = ref
    heap[slots + SLOT * slot + 1] = size
    _chain(book, half, ORDERS, ref, book.order_shift, slot)
    book.live += 1
    return slot


@fused
def free_order(book: Struct, heap: Words, half: Words, slot: int) -> None:
    """Give back the slot of an order that stands in no queue any more."""
    at = book.heap.offset[ORDERS] + SLOT * slot
    _unchain(book, half, ORDERS, heap[at], book.order_shift, slot)
    heap[at + 1] = 0
    half[2 * at + BEHIND] = book.free_order
    book.free_order = slot
    book.live -= 1


@inlined
def take_level(book: Struct, heap: Words, half: Words, key: int) -> int:
    """A slot for a level without orders; there is room."""
    slots = book.heap.offset[LEVELS]
    slot = book.free_level
    if slot != 0:
        book.free_level = half[2 * (slots + SLOT * slot) + FIRST]
    else:
        slot = book.heap.count[LEVELS]
        book.heap.count[LEVELS] = slot + 1
    at = slots + SLOT * slot
    heap[at] = key
    heap[at + 1] = 0
    heap[at + 2] = 0
    half[2 * at + COUNT] = 0
    _chain(book, half, LEVELS, key, book.level_shift, slot)
    return slot


@fused
def append_order(book: Struct, heap: Words, half: Words, slot: int, level: int) -> int:
    """Put an order at the end of a level's queue; returns the level's size."""
    orders = book.heap.offset[ORDERS]
    at = orders + SLOT * slot
    top = book.heap.offset[LEVELS] + SLOT * level
    last = as_int(half[2 * top + _LAST])
    half[2 * at + LEVEL] = level
    half[2 * at + _BEFORE] = last
    half[2 * at + BEHIND] = 0
    half[2 * (orders + SLOT * last) + BEHIND if last != 0 else 2 * top + FIRST] = slot
    half[2 * top + _LAST] = slot
    half[2 * top + COUNT] += 1
    heap[top + 1] += heap[at + 1]
    return heap[top + 1]


@fused
def remove_order(book: Struct, heap: Words, half: Words, slot: int) -> int:
    """Take an order out of its queue; returns its level's size. A level of no order is gone."""
    orders = book.heap.offset[ORDERS]
    at = orders + SLOT * slot
    level = as_int(half[2 * at + LEVEL])
    top = book.heap.offset[LEVELS] + SLOT * level
    before = as_int(half[2 * at + _BEFORE])
    behind = as_int(half[2 * at + BEHIND])
    half[2 * (orders + SLOT * before) + BEHIND if before != 0 else 2 * top + FIRST] = behind
    half[2 * (orders + SLOT * behind) + _BEFORE if behind != 0 else 2 * top + _LAST] = before
    left = half[2 * top + COUNT] - 1
    half[2 * top + COUNT] = left
    heap[top + 1] -= heap[at + 1]
    if left == 0:
        _unchain(book, half, LEVELS, heap[top], book.level_shift, level)
        half[2 * top + FIRST] = book.free_level
        book.free_level = level
    return heap[top + 1]


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
        for i in range(header.capacity[region]):
            heap[end + i] = 0
    for slot in range(1, header.count[ORDERS]):
        at = header.offset[ORDERS] + SLOT * slot
        if heap[at + 1] != 0:
            _chain(book, half, ORDERS, heap[at], book.order_shift, slot)
    for slot in range(1, header.count[LEVELS]):
        at = header.offset[LEVELS] + SLOT * slot
        if half[2 * at + COUNT] != 0:
            _chain(book, half, LEVELS, heap[at], book.level_shift, slot)
    book.linked = header.capacity[ORDERS] + header.capacity[LEVELS]
    return OK


@inlined
def _shift_for(capacity: int) -> int:
    """Two buckets for each of ``capacity`` slots, a power of two."""
    shift = as_int(_HASH_BITS)
    while capacity > 0:
        shift -= 1
        capacity >>= 1
    return shift
