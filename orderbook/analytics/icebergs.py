"""Icebergs: rows that trade more than they show.

From a book of orders: an order that trades hit and that does not shrink shows hidden size. From
rows alone it is only suspected: the row was restored about as fast as it was traded, and several
times what it ever showed was traded there.
"""

import math

import numpy as np

from market.jit import borrowed, fused, inlined, unsigned
from orderbook.analytics.lives import gone_through
from orderbook.analytics.marks import find_mark, grow_mark, new_mark, tell_new
from orderbook.analytics.recent import traded_now, traded_since
from orderbook.books.ladder import visible_rows
from orderbook.books.table import LEVEL, find_order
from orderbook.layout import (
    BY_ORDER,
    ICEBERG,
    ICEBERG_SLOTS,
    LEVELS,
    ORDERS,
    RECENT,
    SLOT,
    SUSPECTED,
    Struct,
    Words,
    as_int,
)

__all__ = [
    "icebergs_clear",
    "judge_icebergs",
    "note_shown_again",
    "size_before",
]


@inlined
def size_before(state: Struct, heap: Words, record: Struct) -> int:
    """Size of the order that a modify leaves at its price; 0: it moves, or does not stand."""
    book = state.book
    half = borrowed(heap.view(np.int32))
    slot = find_order(book, heap, half, as_int(record.ref))
    if slot == 0:
        return as_int(0)
    at = book.heap.offset[ORDERS] + SLOT * slot
    key = heap[book.heap.offset[LEVELS] + SLOT * as_int(half[2 * at + LEVEL])]
    same = record.position & 2 == 0 and key & 2 == 0 and key >> 2 == record.price
    return heap[at + 1] if same else as_int(0)


@inlined
def note_shown_again(state: Struct, heap: Words, record: Struct, before: int) -> None:
    """A modify has been applied that left an order at its price, ``before`` its earlier size."""
    size = as_int(record.size)
    if size < before:
        return
    book = state.book
    half = borrowed(heap.view(np.int32))
    slot = find_order(book, heap, half, as_int(record.ref))
    at = book.heap.offset[ORDERS] + SLOT * slot
    side = heap[book.heap.offset[LEVELS] + SLOT * as_int(half[2 * at + LEVEL])] & 1
    time = state.clock.now
    price = as_int(record.price)
    traded = traded_now(state, heap, time, price, 1 - side)
    if traded == 0:
        return
    which = _find(state, side, price)
    if which < 0:
        which = _begin(state, side, price, time)
        if which < 0:
            return
    episode = state.icebergs.items[which]
    counted = as_int(0)
    if episode.t_last == time:
        counted = as_int(episode.group_traded)
    episode.executed += traded - counted
    episode.group_traded = traded
    episode.restored += size
    episode.shown = max(as_int(episode.shown), size)
    episode.refills += 1
    episode.t_last = time
    episode.fresh = 1


@inlined
def _find(state: Struct, side: int, price: int) -> int:
    icebergs = state.icebergs
    for i in range(icebergs.n):
        if icebergs.items[i].price == price and icebergs.items[i].side == side:
            return i
    return as_int(-1)


@inlined
def _begin(state: Struct, side: int, price: int, time: int) -> int:
    """A new episode; -1 when there is no place for it."""
    icebergs = state.icebergs
    if icebergs.n == ICEBERG_SLOTS:
        return as_int(-1)
    episode = icebergs.items[icebergs.n]
    episode.side = side
    episode.price = price
    episode.executed = 0
    episode.restored = 0
    episode.shown = 0
    episode.last = 0
    episode.refills = 0
    episode.t_last = time
    episode.group_traded = 0
    episode.fresh = 0
    icebergs.n += 1
    return as_int(icebergs.n) - 1


@fused
def judge_icebergs(state: Struct, heap: Words, sampled: int, time: int) -> None:
    """One instant: episodes go on, end or begin; those that say enough are told."""
    by_order = as_int(state.book.mode == BY_ORDER)
    if by_order:
        _drop_gone(state, time)
    elif sampled:
        _follow_rows(state, heap, time)
    else:
        icebergs_clear(state)
    state.recent.seen = state.recent.base + state.book.heap.count[RECENT]
    if not state.flow.any:
        return  # nothing is fresh
    for i in range(state.icebergs.n):
        episode = state.icebergs.items[i]
        if episode.fresh:
            episode.fresh = 0
            if _says_enough(state, episode, by_order):
                _tell(state, heap, episode, by_order, time)


@fused
def _is_over(state: Struct, episode: Struct, time: int) -> int:
    """Whether an episode is over by age, or price went through its row."""
    price = as_int(episode.price)
    if time - episode.t_last > state.p.iceberg_window:
        return as_int(1)
    return gone_through(state, as_int(episode.side), price, price)


@inlined
def _drop_gone(state: Struct, time: int) -> None:
    """End the episodes that are over."""
    icebergs = state.icebergs
    kept = as_int(0)
    for i in range(icebergs.n):
        if not _is_over(state, icebergs.items[i], time):
            if kept != i:
                icebergs.items[kept] = icebergs.items[i]
            kept += 1
    icebergs.n = kept


@fused
def _follow_rows(state: Struct, heap: Words, time: int) -> None:
    """Rows of a book without orders: what they traded and show since the instant before."""
    icebergs = state.icebergs
    book = state.book
    low = as_int(state.flow.low)  # only between these a row can have traded
    high = as_int(state.flow.high)
    kept = as_int(0)
    for i in range(icebergs.n):
        episode = icebergs.items[i]
        if _is_over(state, episode, time):
            continue
        now = _row_size(book, as_int(episode.side), as_int(episode.price))
        if now == 0:
            continue
        if low <= episode.price <= high:
            _exchange(state, heap, i, now, time)
        episode.shown = max(as_int(episode.shown), now)
        episode.last = now
        if kept != i:
            icebergs.items[kept] = icebergs.items[i]
        kept += 1
    icebergs.n = kept
    for k in range(2):
        side = as_int(1 - k)
        if icebergs.touch_size[side] > 0 and low <= icebergs.touch[side] <= high:
            _begin_at_touch(state, heap, side, time)
        icebergs.touch[side] = book.px[side, 0]
        icebergs.touch_size[side] = book.sz[side, 0]


@inlined
def _begin_at_touch(state: Struct, heap: Words, side: int, time: int) -> None:
    """Trades hit what was the best row at the instant before, and some of it is still there."""
    icebergs = state.icebergs
    price = as_int(icebergs.touch[side])
    if traded_since(state, heap, state.recent.seen, price, 1 - side) == 0:
        return
    if _find(state, side, price) >= 0:
        return
    now = _row_size(state.book, side, price)
    if now == 0:
        return
    which = _begin(state, side, price, time)
    if which < 0:
        return
    episode = icebergs.items[which]
    episode.last = icebergs.touch_size[side]
    _exchange(state, heap, which, now, time)
    episode.shown = max(as_int(icebergs.touch_size[side]), now)
    episode.last = now


@inlined
def _exchange(state: Struct, heap: Words, which: int, now: int, time: int) -> None:
    """Add what the row traded since the instant before, and what of it was put back."""
    episode = state.icebergs.items[which]
    aggressor = 1 - as_int(episode.side)
    traded = traded_since(state, heap, state.recent.seen, as_int(episode.price), aggressor)
    if traded == 0:
        return
    episode.executed += traded
    episode.restored += min(max(now - episode.last + traded, as_int(0)), traded)
    episode.t_last = time
    episode.fresh = 1


@fused
def _row_size(book: Struct, side: int, price: int) -> int:
    """Size of a visible row; 0: it is not visible."""
    which = unsigned(side)
    away = (book.px[which, 0] - price) * (2 * side - 1)
    i = min(away, visible_rows(book, side) - 1)  # rows are a tick or more apart
    while i >= 0:
        if book.px[which, unsigned(i)] == price:
            return book.sz[which, unsigned(i)]
        i -= 1
    return as_int(0)


@inlined
def _says_enough(state: Struct, episode: Struct, by_order: int) -> int:
    p = state.p
    if by_order:
        return as_int(episode.refills >= p.iceberg_refills)
    threshold = state.absorption.threshold
    return as_int(
        not math.isnan(threshold)
        and float(episode.executed) >= threshold
        and float(episode.executed) >= p.iceberg_factor * float(episode.shown)
        and float(episode.restored) >= p.iceberg_share * float(episode.executed)
    )


@inlined
def _tell(state: Struct, heap: Words, episode: Struct, by_order: int, time: int) -> None:
    side = as_int(episode.side)
    price = as_int(episode.price)
    executed = as_int(episode.executed)
    slot = find_mark(state, ICEBERG, side, price, price)
    fresh = as_int(slot < 0)
    if fresh:
        slot = new_mark(state, ICEBERG, side, price, executed, time)
        if slot < 0:
            return
    mark = state.marks.items[slot]
    if not fresh and executed <= mark.size:
        return
    mark.buy = executed if side == 0 else as_int(0)
    mark.sell = executed if side == 1 else as_int(0)
    mark.added = episode.restored
    mark.rel = float(executed) / float(episode.shown)
    if not by_order:
        mark.state = SUSPECTED
    if fresh:
        tell_new(state, heap, slot, time)
    else:
        grow_mark(state, heap, slot, executed, 0, time)


@inlined
def icebergs_clear(state: Struct) -> None:
    """No episode is known, and no touch."""
    state.icebergs.n = 0
    state.icebergs.touch_size[0] = 0
    state.icebergs.touch_size[1] = 0
