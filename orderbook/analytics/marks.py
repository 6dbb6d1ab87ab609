"""Marks: what stacks, absorption and icebergs leave at their rows until price goes through them.

One list of live clusters for the three kinds, in the order in which they came.
"""

import math

from market.jit import inlined
from orderbook.analytics.events import write_mark
from orderbook.layout import (
    ACTIVE,
    EVENT_NEW,
    EVENT_UPDATE,
    FOREVER,
    MARK_SLOTS,
    NO_REASON,
    NULL_TICKS,
    Struct,
    Words,
    as_int,
)

__all__ = ["earliest_mark_expiry", "find_mark", "grow_mark", "marks_clear", "new_mark", "tell_new"]


@inlined
def find_mark(state: Struct, kind: int, side: int, low: int, high: int) -> int:
    """The first live mark of a kind and side that shares a row with these; -1: none does."""
    marks = state.marks
    for i in range(marks.n):
        mark = marks.items[i]
        if mark.kind == kind and mark.side == side and mark.low <= high and low <= mark.high:
            return i
    return as_int(-1)


@inlined
def new_mark(state: Struct, kind: int, side: int, low: int, size: int, time: int) -> int:
    """Begin a mark of one row; returns its slot, -1 when all are taken (counted)."""
    marks = state.marks
    if marks.n == MARK_SLOTS:
        marks.dropped += 1
        return as_int(-1)
    mark = marks.items[marks.n]
    mark.id = 0
    mark.kind = kind
    mark.side = side
    mark.low = low
    mark.high = low
    mark.poc = low
    mark.size = size
    mark.peak = size
    mark.told = size
    mark.state = ACTIVE
    mark.buy = 0
    mark.sell = 0
    mark.added = NULL_TICKS
    mark.t_first = time
    mark.t_last = time
    mark.bar = 0
    mark.rel = math.nan
    marks.n += 1
    return as_int(marks.n) - 1


@inlined
def tell_new(state: Struct, heap: Words, slot: int, time: int) -> None:
    """Announce a mark whose fields are complete."""
    write_mark(state, heap, state.marks.items[slot], slot, EVENT_NEW, NO_REASON, time)


@inlined
def grow_mark(state: Struct, heap: Words, slot: int, size: int, moved: int, time: int) -> None:
    """A mark's other size; told when its bounds moved, or it is worth an update."""
    mark = state.marks.items[slot]
    mark.size = size
    mark.peak = max(as_int(mark.peak), size)
    mark.t_last = time
    if moved or float(abs(size - mark.told)) >= state.p.update_share * float(mark.peak):
        mark.told = size
        write_mark(state, heap, mark, slot, EVENT_UPDATE, NO_REASON, time)


@inlined
def earliest_mark_expiry(state: Struct) -> int:
    """When the oldest mark ends by age, ns; FOREVER without marks."""
    first = as_int(FOREVER)
    for i in range(state.marks.n):
        first = min(first, state.marks.items[i].t_first + state.p.expire)
    return first


@inlined
def marks_clear(state: Struct) -> None:
    """Forget all marks."""
    state.marks.n = 0
