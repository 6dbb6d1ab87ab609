"""Writing cluster events: one instant's events end up in their published order."""

import math

import numpy as np

from market.jit import borrowed, inlined
from orderbook.analytics.momentum import momentum_warm
from orderbook.analytics.opacity import opacity_of
from orderbook.books.ladder import visible_rows
from orderbook.books.table import COUNT, find_level, key_of
from orderbook.layout import (
    ACTIVE,
    BY_ORDER,
    CLUSTER_EVENTS,
    ENDED,
    EVENT,
    EVENT_END,
    EVENT_NEW,
    EVENT_WIDTH,
    LEVELS,
    NO_REASON,
    NULL_TICKS,
    RESTING,
    SLOT,
    TRADED,
    Struct,
    Words,
    as_int,
)

__all__ = ["event_at", "number_events", "warming", "write_mark", "write_resting", "write_traded"]

_OFI_SECONDS = 60


@inlined
def event_at(state: Struct, heap: Words, index: int) -> Struct:
    """The event slot ``index`` of the heap's event region."""
    start = state.book.heap.offset[CLUSTER_EVENTS] + index * EVENT_WIDTH
    return heap[start : start + EVENT_WIDTH].view(EVENT)[0]


@inlined
def warming(state: Struct) -> int:
    """Whether any statistic still lacks its history."""
    p = state.p
    return as_int(
        not momentum_warm(state.momentum, p.momentum_h)
        or state.ofi.mean.count < _OFI_SECONDS
        or state.volume.count < p.volume_n
    )


@inlined
def _next_event(state: Struct, heap: Words, what: int, time: int) -> Struct:
    header = state.book.heap
    event = event_at(state, heap, header.count[CLUSTER_EVENTS])
    header.count[CLUSTER_EVENTS] += 1
    event.event = what
    event.time = time
    event.seq = state.clock.seq
    event.warmup = warming(state)
    event.by_order = state.book.mode == BY_ORDER
    event.orders = -1
    return event


@inlined
def write_resting(
    state: Struct, heap: Words, zone: Struct, slot: int, what: int, reason: int, time: int
) -> None:
    """Append an event of a resting zone; ``slot`` finds it again when ids are given."""
    event = _next_event(state, heap, what, time)
    event.kind = RESTING
    event.side = zone.side
    event.state = ENDED if what == EVENT_END else zone.state
    event.end_reason = reason
    event.id = zone.id
    event.tick_low = zone.low
    event.tick_high = zone.high
    event.poc = zone.poc
    event.size = zone.size
    event.size_peak = zone.peak
    event.buy = zone.buy
    event.sell = zone.sell
    event.added = zone.added
    event.cancelled = zone.cancelled
    event.t_first = zone.t_first
    event.t_last = time
    event.rel = math.nan
    base = state.resting.base_used
    if base > 0.0 and zone.span > 0:
        event.rel = float(zone.size) / float(zone.span) / base
    p = state.p
    event.opacity = opacity_of(state.opacity, zone.poc_size, p.opacity_min, p.opacity_steps)
    event.spare[0] = slot
    if event.by_order:
        event.orders = _orders_within(state.book, heap, zone.side, zone.low, zone.high)
    _place(state.book, event)


@inlined
def write_traded(
    state: Struct, heap: Words, cluster: Struct, slot: int, what: int, reason: int, time: int
) -> None:
    """Append an event of a traded cluster."""
    event = _next_event(state, heap, what, time)
    event.kind = TRADED
    event.side = cluster.side
    event.state = ENDED if what == EVENT_END else as_int(ACTIVE)
    event.end_reason = reason
    event.id = cluster.id
    event.tick_low = cluster.low
    event.tick_high = cluster.high
    event.poc = cluster.poc
    event.size = cluster.size
    event.size_peak = cluster.size
    event.buy = cluster.buy
    event.sell = cluster.sell
    event.added = NULL_TICKS
    event.cancelled = NULL_TICKS
    event.t_first = cluster.t_first
    event.t_last = time if what == EVENT_END else cluster.t_last
    event.rel = float(cluster.size) / cluster.mean if cluster.mean > 0.0 else math.nan
    event.opacity = -1
    event.spare[0] = slot
    _place(state.book, event)


@inlined
def write_mark(
    state: Struct, heap: Words, mark: Struct, slot: int, what: int, reason: int, time: int
) -> None:
    """Append an event of a stack, an absorption or an iceberg."""
    event = _next_event(state, heap, what, time)
    event.kind = mark.kind
    event.side = mark.side
    event.state = ENDED if what == EVENT_END else mark.state
    event.end_reason = reason
    event.id = mark.id
    event.tick_low = mark.low
    event.tick_high = mark.high
    event.poc = mark.poc
    event.size = mark.size
    event.size_peak = mark.peak
    event.buy = mark.buy
    event.sell = mark.sell
    event.added = mark.added
    event.cancelled = NULL_TICKS
    event.t_first = mark.t_first
    event.t_last = time if what == EVENT_END else mark.t_last
    event.rel = mark.rel
    event.opacity = -1
    event.spare[0] = slot
    _place(state.book, event)


@inlined
def _place(book: Struct, event: Struct) -> None:
    """Distance from the touch, and dominance of the book's sizes within the bounds."""
    event.distance = NULL_TICKS
    if book.n[0] > 0 and book.n[1] > 0:
        if event.side == 1:
            event.distance = book.px[1, 0] - event.tick_high
        else:
            event.distance = event.tick_low - book.px[0, 0]
    bid = _size_within(book, 1, event.tick_low, event.tick_high)
    ask = _size_within(book, 0, event.tick_low, event.tick_high)
    event.dominance = math.nan
    if bid + ask > 0:
        event.dominance = float(bid - ask) / float(bid + ask)


@inlined
def _size_within(book: Struct, side: int, low: int, high: int) -> int:
    total = as_int(0)
    for i in range(visible_rows(book, side)):
        if low <= book.px[side, i] <= high:
            total += book.sz[side, i]
    return total


@inlined
def _orders_within(book: Struct, heap: Words, side: int, low: int, high: int) -> int:
    """Orders that stand in the visible rows of a side within bounds."""
    half = borrowed(heap.view(np.int32))
    total = as_int(0)
    for i in range(visible_rows(book, side)):
        price = book.px[side, i]
        if low <= price <= high:
            level = find_level(book, heap, half, key_of(price, 0, side))
            total += half[2 * (book.heap.offset[LEVELS] + SLOT * level) + COUNT]
    return total


@inlined
def _key_before(a: Struct, b: Struct) -> int:
    """Whether event ``a`` is published before ``b``: end, update, new; kind; bid first; price."""
    if a.event != b.event:
        return a.event < b.event
    if a.kind != b.kind:
        return a.kind < b.kind
    if a.side != b.side:
        return a.side > b.side
    return a.tick_low < b.tick_low


@inlined
def number_events(state: Struct, heap: Words, first: int) -> None:
    """Sort the instant's events from index ``first`` on, then give the new ones their ids."""
    count = state.book.heap.count[CLUSTER_EVENTS]
    start = state.book.heap.offset[CLUSTER_EVENTS]
    for i in range(first + 1, count):
        j = i
        while j > first and _key_before(event_at(state, heap, j), event_at(state, heap, j - 1)):
            a = start + j * EVENT_WIDTH
            for k in range(a, a + EVENT_WIDTH):
                word = heap[k]
                heap[k] = heap[k - EVENT_WIDTH]
                heap[k - EVENT_WIDTH] = word
            j -= 1
    for i in range(first, count):
        event = event_at(state, heap, i)
        if event.event == EVENT_NEW:
            event.id = state.resting.next_id
            state.resting.next_id += 1
            event.end_reason = NO_REASON
            if event.kind == RESTING:
                state.resting.zones[event.side, event.spare[0]].id = event.id
            elif event.kind == TRADED:
                state.traded.clusters[event.spare[0]].id = event.id
            else:
                state.marks.items[event.spare[0]].id = event.id
