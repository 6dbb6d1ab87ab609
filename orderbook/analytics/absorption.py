"""Absorption: one side's aggressors trade much at a row, and price does not go beyond it."""

import math

from market.jit import fused, inlined, unsigned
from orderbook.analytics.cells import find_cell
from orderbook.analytics.marks import find_mark, grow_mark, new_mark, tell_new
from orderbook.layout import (
    ABSORPTION,
    BARS_LOG,
    CELL_WIDTH,
    NEVER,
    RECENT_CELLS,
    Struct,
    Words,
    as_int,
)

__all__ = ["absorption_clear", "judge_absorption", "set_absorption_threshold"]

_LOG_WIDTH = CELL_WIDTH + 1


@inlined
def set_absorption_threshold(state: Struct, heap: Words) -> None:
    """Threshold while the open bar lasts, from rows of bars closed before it."""
    absorption = state.absorption
    p = state.p
    if absorption.judged == state.bars.start:
        return
    absorption.judged = state.bars.start
    if not math.isnan(p.absorb_fixed):
        absorption.threshold = p.absorb_fixed
        return
    absorption.threshold = math.nan
    header = state.book.heap
    start = header.offset[BARS_LOG]
    count = header.count[BARS_LOG]
    first = as_int(0)
    while first < count and heap[start + _LOG_WIDTH * first] <= state.bars.start - p.sums_window:
        first += 1
    n = as_int(0)
    total = as_int(0)
    for i in range(first, count):
        for column in range(2, 4):
            volume = heap[start + _LOG_WIDTH * i + column]
            if volume > 0:
                n += 1
                total += volume
    if n < p.sums_min:
        return
    mean = float(total) / float(n)
    squares = 0.0
    for i in range(first, count):
        for column in range(2, 4):
            volume = heap[start + _LOG_WIDTH * i + column]
            if volume > 0:
                distance = float(volume) - mean
                squares += distance * distance
    absorption.threshold = mean + p.absorb_deviations * math.sqrt(squares / float(n))


@fused
def judge_absorption(state: Struct, heap: Words, time: int) -> None:
    """Look for rows whose recent volume of one aggressor side reaches the threshold."""
    threshold = state.absorption.threshold
    if math.isnan(threshold):
        return
    if state.known.absorbed and not _absorbed_reaches(state, heap):
        return
    state.known.absorbed = 1
    header = state.book.heap
    for i in range(header.count[RECENT_CELLS]):
        at = header.offset[RECENT_CELLS] + CELL_WIDTH * i
        for side in range(2):
            volume = heap[unsigned(at + 1 + side)]
            if volume > 0 and float(volume) >= threshold:
                state.known.absorbed = 0
                _absorbed(state, heap, as_int(side), at, volume, time)


@fused
def _absorbed_reaches(state: Struct, heap: Words) -> int:
    """Whether a row between the trades since the last instant reaches the threshold.

    The volume of every other row can only have become less.
    """
    threshold = state.absorption.threshold
    header = state.book.heap
    i = find_cell(header, heap, RECENT_CELLS, state.flow.low)
    while i < header.count[RECENT_CELLS]:
        at = header.offset[RECENT_CELLS] + CELL_WIDTH * i
        if heap[unsigned(at)] > state.flow.high:
            break
        most = max(heap[unsigned(at + 1)], heap[unsigned(at + 2)])
        if most > 0 and float(most) >= threshold:
            return as_int(1)
        i += 1
    return as_int(0)


@inlined
def _absorbed(state: Struct, heap: Words, side: int, at: int, volume: int, time: int) -> None:
    """A row of a side took this much; its cell stands at word ``at``."""
    row = heap[at]
    slot = find_mark(state, ABSORPTION, side, row, row)
    fresh = as_int(slot < 0)
    if fresh:
        slot = new_mark(state, ABSORPTION, side, row, volume, time)
        if slot < 0:
            return
    mark = state.marks.items[slot]
    if not fresh and volume <= mark.size:
        return
    mark.buy = heap[at + 1]
    mark.sell = heap[at + 2]
    mark.rel = float(volume) / state.absorption.threshold
    if fresh:
        tell_new(state, heap, slot, time)
    else:
        grow_mark(state, heap, slot, volume, 0, time)


@inlined
def absorption_clear(state: Struct) -> None:
    """Forget the threshold."""
    state.absorption.judged = NEVER
    state.absorption.threshold = math.nan
