"""Stacks of imbalances in the open bar; the rule is that of ``orderbook.footprints``."""

import math

from market.jit import bit_length, fused, inlined, unsigned
from orderbook.analytics.cells import find_cell
from orderbook.analytics.marks import find_mark, grow_mark, new_mark, tell_new
from orderbook.layout import (
    BAR,
    CELL_WIDTH,
    IMBALANCE_STACK,
    MARK_SLOTS,
    NEVER,
    Struct,
    Words,
    as_int,
)

__all__ = ["judge_stacks", "spend_stack", "stacks_clear"]

_ROWS = 62
"""Rows whose imbalances are remembered as bits of a word; a bar of more rows is looked at whole."""


@fused
def _opposite(state: Struct, heap: Words, i: int, side: int) -> int:
    """Volume that the imbalance of a side at cell ``i`` is measured against."""
    header = state.book.heap
    start = header.offset[BAR]
    at = start + CELL_WIDTH * i
    column = 1 + side
    step = as_int(0) if state.p.stack_horizontal else 1 - 2 * side
    j = min(max(i + step, as_int(0)), header.count[BAR] - 1)
    other = start + CELL_WIDTH * j
    adjoins = as_int(heap[unsigned(other)] == heap[unsigned(at)] + step)
    return heap[unsigned(other + column)] * adjoins


@fused
def _is_imbalance(state: Struct, heap: Words, i: int, side: int) -> int:
    """Whether it is one, without a branch: no guess at it is better than half right."""
    p = state.p
    own = heap[unsigned(state.book.heap.offset[BAR] + CELL_WIDTH * i + 2 - side)]
    opposite = _opposite(state, heap, i, side)
    return as_int(
        (own > 0)
        & (float(own) > p.stack_volume)
        & ((opposite != 0) | (p.stack_ignore_zero == 0))
        & (float(own) >= p.stack_ratio * float(opposite))
        & (float(own - opposite) >= p.stack_difference)
    )


@fused
def judge_stacks(state: Struct, heap: Words, time: int) -> None:
    """Look for stacks in the open bar; side 1 of buy imbalances, 0 of sell imbalances."""
    if not _find_imbalances(state, heap):
        _judge_cells(state, heap, time)
        return
    for k in range(2):
        side = as_int(1 - k)
        _judge_bits(state, heap, side, as_int(state.known.imbalances[unsigned(side)]), time)


@fused
def _find_imbalances(state: Struct, heap: Words) -> int:
    """Bring the remembered imbalances up to date; 0: the bar has too many rows for them.

    A trade changes those of its row and of the rows that are compared with it.
    """
    known = state.known
    header = state.book.heap
    count = header.count[BAR]
    start = header.offset[BAR]
    low = heap[unsigned(start)]
    high = heap[unsigned(start + CELL_WIDTH * (count - 1))]
    i = as_int(0)
    if high - low >= _ROWS:
        known.stacks = 0
        return 0
    if known.stacks and known.lowest <= low and high < known.lowest + _ROWS:
        i = find_cell(header, heap, BAR, state.flow.low - 1)
        high = min(high, state.flow.high + 1)
    else:
        known.stacks = 1
        known.lowest = low - (_ROWS - 1 - (high - low)) // 2
        known.imbalances[0] = 0
        known.imbalances[1] = 0
    sells = as_int(known.imbalances[0])
    buys = as_int(known.imbalances[1])
    while i < count:
        row = heap[unsigned(start + CELL_WIDTH * i)]
        if row > high:
            break
        bit = row - known.lowest
        others = ~(as_int(1) << bit)
        sells = (sells & others) | (_is_imbalance(state, heap, i, as_int(0)) << bit)
        buys = (buys & others) | (_is_imbalance(state, heap, i, as_int(1)) << bit)
        i += 1
    known.imbalances[0] = sells
    known.imbalances[1] = buys
    return 1


@fused
def _judge_bits(state: Struct, heap: Words, side: int, bits: int, time: int) -> None:
    """Find the runs of at least so many bits, from the lowest on."""
    begins = bits  # bits that have so many behind them
    missing = state.p.stack_rows - 1
    while missing > 0 and begins != 0:
        begins &= begins >> 1
        missing -= 1
    while begins != 0:
        first = _lowest_bit(begins)
        rows = _lowest_bit(~(bits >> first))
        i = find_cell(state.book.heap, heap, BAR, state.known.lowest + first)
        _found(state, heap, side, i, i + rows - 1, time)
        begins = begins >> (first + rows) << (first + rows)


@inlined
def _lowest_bit(bits: int) -> int:
    """Number of the lowest bit that is set; one is."""
    return bit_length(bits & -bits) - 1


@inlined
def _judge_cells(state: Struct, heap: Words, time: int) -> None:
    """Find the runs cell by cell."""
    header = state.book.heap
    count = as_int(header.count[BAR])
    start = header.offset[BAR]
    least = state.p.stack_rows
    for k in range(2):
        side = as_int(1 - k)
        run = as_int(0)
        before = as_int(0)
        for i in range(count):
            row = heap[unsigned(start + CELL_WIDTH * i)]
            longer = 1 + run * as_int(row == before + 1)
            longer *= _is_imbalance(state, heap, as_int(i), side)
            if run >= least and longer <= run:
                _found(state, heap, side, i - run, as_int(i - 1), time)
            run = longer
            before = row
        if run >= least:
            _found(state, heap, side, count - run, count - 1, time)


@inlined
def _found(state: Struct, heap: Words, side: int, first: int, last: int, time: int) -> None:
    """A stack of the cells ``first`` to ``last``."""
    start = state.book.heap.offset[BAR]
    low = heap[start + CELL_WIDTH * first]
    high = heap[start + CELL_WIDTH * last]
    size = as_int(0)
    for i in range(first, last + 1):
        size += heap[start + CELL_WIDTH * i + 2 - side]
    slot = find_mark(state, IMBALANCE_STACK, side, low, high)
    bar = state.bars.start
    if slot < 0:
        if _is_spent(state, side, low, high):
            return
        slot = new_mark(state, IMBALANCE_STACK, side, low, size, time)
        if slot >= 0:
            _describe(state, heap, slot, first, last)
            tell_new(state, heap, slot, time)
        return
    mark = state.marks.items[slot]
    if mark.bar == bar or size > mark.size:
        moved = as_int(mark.low != low or mark.high != high)
        _describe(state, heap, slot, first, last)
        grow_mark(state, heap, slot, size, moved, time)


@inlined
def _describe(state: Struct, heap: Words, slot: int, first: int, last: int) -> None:
    """Bounds, sums and busiest row (the lowest on ties) of a stack."""
    mark = state.marks.items[slot]
    start = state.book.heap.offset[BAR]
    mark.low = heap[start + CELL_WIDTH * first]
    mark.high = heap[start + CELL_WIDTH * last]
    mark.bar = state.bars.start
    mark.buy = 0
    mark.sell = 0
    own = as_int(0)
    against = as_int(0)
    most = as_int(-1)
    for i in range(first, last + 1):
        at = start + CELL_WIDTH * i
        mark.buy += heap[at + 1]
        mark.sell += heap[at + 2]
        mine = heap[at + 2 - mark.side]
        own += mine
        against += _opposite(state, heap, i, as_int(mark.side))
        if mine > most:
            most = mine
            mark.poc = heap[at]
    mark.rel = float(own) / float(against) if against > 0 else math.nan


@inlined
def spend_stack(state: Struct, side: int, low: int, high: int) -> None:
    """Price went through a stack: its rows make no other of that side in the open bar."""
    stacks = state.stacks
    if stacks.spent_bar != state.bars.start:
        stacks.spent_bar = state.bars.start
        stacks.spent_n = 0
    if stacks.spent_n < MARK_SLOTS:
        stacks.spent[stacks.spent_n, 0] = side
        stacks.spent[stacks.spent_n, 1] = low
        stacks.spent[stacks.spent_n, 2] = high
        stacks.spent_n += 1


@inlined
def _is_spent(state: Struct, side: int, low: int, high: int) -> int:
    stacks = state.stacks
    if stacks.spent_bar == state.bars.start:
        for i in range(stacks.spent_n):
            if (
                stacks.spent[i, 0] == side
                and stacks.spent[i, 1] <= high
                and low <= stacks.spent[i, 2]
            ):
                return 1
    return 0


@inlined
def stacks_clear(state: Struct) -> None:
    """No row is spent."""
    state.stacks.spent_bar = NEVER
    state.stacks.spent_n = 0
