"""A ladder addressed by price: a dense ring near each side's touch, far levels in a sorted list.

Both sides are kept in the coordinate u (price for bids, -price for asks), in which the best level
is the largest. A side's ring covers u in [low, low + RING) and follows its best price; every other
level is worse than the window and lies in the heap, ascending in u, so that levels enter and leave
the window at the end of that list.
"""

from market.jit import fused, inlined, rarely
from orderbook.layout import (
    BY_PRICE,
    FAR_ASK,
    FAR_BID,
    GROW,
    OK,
    RING,
    RING_BETTER,
    ROWS,
    Struct,
    Words,
    as_int,
)

__all__ = ["apply_price", "far_room", "put_far", "put_level", "refresh_rows"]

_MASK = RING - 1


@inlined
def apply_price(book: Struct, heap: Words, record: Struct) -> int:
    """Apply one depth record by price; size 0 or ``Remove`` deletes the level.

    Returns:
        OK, or GROW when the far list may overflow (nothing changed).
    """
    side = as_int(record.side)
    size = record.size if record.op != 2 else as_int(0)
    u = record.price * (2 * side - 1)
    low = book.low[side]
    outside = u < low or u >= low + RING or book.levels[side] == 0
    if outside and not far_room(book, side, 1):
        return GROW
    put_level(book, heap, side, u, size)
    return OK


@fused
def far_room(book: Struct, side: int, levels: int) -> int:
    """Whether so many more levels may become far whatever happens; else GROW is prepared."""
    region = FAR_BID if side == 1 else FAR_ASK
    needed = book.heap.count[region] + book.levels[side] + levels
    if rarely(needed > book.heap.capacity[region]):
        book.heap.wanted = region
        book.heap.entries = needed
        return as_int(0)
    return as_int(1)


@fused
def put_level(book: Struct, heap: Words, side: int, u: int, size: int) -> None:
    """Set a level's size, 0 for none; there is room for it among the far ones."""
    region = FAR_BID if side == 1 else FAR_ASK
    if rarely(book.levels[side] == 0) and book.heap.count[region] == 0:
        book.low[side] = u - (RING - RING_BETTER)
    low = book.low[side]
    if rarely(u >= low + RING):
        if size != 0:
            _anchor_up(book, heap, side, region, u)
            _set_near(book, heap, side, region, u, size)
    elif rarely(u < low):
        put_far(book, heap, region, u, size)
    else:
        _set_near(book, heap, side, region, u, size)
    book.dirty[side] = 1
    book.touched = 0


@fused
def _set_near(book: Struct, heap: Words, side: int, region: int, u: int, size: int) -> None:
    slot = u & _MASK
    before = book.ring[side, slot]
    book.ring[side, slot] = size
    if size != 0:
        if before == 0:
            book.levels[side] += 1
        if book.levels[side] == 1 or u > book.best[side]:
            book.best[side] = u
    elif before != 0:
        book.levels[side] -= 1
        if rarely(book.levels[side] == 0):
            _anchor_down(book, heap, side, region)
        elif u == book.best[side]:
            u -= 1
            while book.ring[side, u & _MASK] == 0:
                u -= 1
            book.best[side] = u
            if rarely(u < book.low[side] + RING_BETTER):
                _anchor_down(book, heap, side, region)


@inlined
def _anchor_up(book: Struct, heap: Words, side: int, region: int, u: int) -> None:
    """Move the window up to a better price; levels that fall out of it become far."""
    low = u - (RING - RING_BETTER)
    start = book.heap.offset[region]
    if book.levels[side] > 0:
        stop = min(low, book.low[side] + RING)
        for old in range(book.low[side], stop):
            slot = old & _MASK
            if book.ring[side, slot] != 0:
                at = start + 2 * book.heap.count[region]
                heap[at] = old
                heap[at + 1] = book.ring[side, slot]
                book.heap.count[region] += 1
                book.ring[side, slot] = 0
                book.levels[side] -= 1
    book.low[side] = low


@inlined
def _anchor_down(book: Struct, heap: Words, side: int, region: int) -> None:
    """Move the window down to the best level left; far levels that it covers become near."""
    count = book.heap.count[region]
    start = book.heap.offset[region]
    if book.levels[side] > 0:
        best = book.best[side]
    elif count > 0:
        best = heap[start + 2 * (count - 1)]
    else:
        return
    low = best - (RING - RING_BETTER)
    if low >= book.low[side]:
        return
    while count > 0 and heap[start + 2 * (count - 1)] >= low:
        count -= 1
        book.ring[side, heap[start + 2 * count] & _MASK] = heap[start + 2 * count + 1]
        book.levels[side] += 1
    book.heap.count[region] = count
    book.low[side] = low
    book.best[side] = best


@inlined
def put_far(book: Struct, heap: Words, region: int, u: int, size: int) -> None:
    """Set the size of a level in a sorted list, 0 for none; there is room for it."""
    start = book.heap.offset[region]
    count = book.heap.count[region]
    low = as_int(0)
    high = count
    while low < high:
        middle = (low + high) // 2
        if heap[start + 2 * middle] < u:
            low = middle + 1
        else:
            high = middle
    at = start + 2 * low
    end = start + 2 * count
    if low < count and heap[at] == u:
        if size != 0:
            heap[at + 1] = size
            return
        for i in range(at, end - 2):
            heap[i] = heap[i + 2]
        book.heap.count[region] = count - 1
    elif size != 0:
        for i in range(end + 1, at + 1, -1):
            heap[i] = heap[i - 2]
        heap[at] = u
        heap[at + 1] = size
        book.heap.count[region] = count + 1


@inlined
def refresh_rows(book: Struct, heap: Words, rows: int) -> None:
    """Write the best ``rows`` levels of each changed side into ``px``, ``sz``, ``n``."""
    if book.mode < BY_PRICE:
        return
    for side in range(2):
        if book.dirty[side]:
            book.n[side] = _copy_rows(book, heap, side, min(rows, ROWS))
            book.dirty[side] = 0


@inlined
def _copy_rows(book: Struct, heap: Words, side: int, rows: int) -> int:
    sign = 2 * side - 1
    n = as_int(0)
    left = book.levels[side]
    u = book.best[side]
    while n < rows and left > 0:
        size = book.ring[side, u & _MASK]
        if size != 0:
            book.px[side, n] = u * sign
            book.sz[side, n] = size
            n += 1
            left -= 1
        u -= 1
    region = FAR_BID if side == 1 else FAR_ASK
    start = book.heap.offset[region]
    i = book.heap.count[region] - 1
    while n < rows and i >= 0:
        book.px[side, n] = heap[start + 2 * i] * sign
        book.sz[side, n] = heap[start + 2 * i + 1]
        n += 1
        i -= 1
    return n
