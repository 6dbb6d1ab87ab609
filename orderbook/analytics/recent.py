"""The trades of the last seconds, and what each side's aggressors traded at each row of late.

A log of trades (time, price, aggressor, size) in the heap, and cells (price, buy, sell, first buy,
first sell): the sums over the log's entries from the number ``first …`` on. A trade further beyond
a row than ``absorb_ticks`` begins the row's sum anew, so old entries must not be taken off it.
"""

from market.jit import fused, inlined, unsigned
from orderbook.analytics.cells import find_cell, has_room, open_cell
from orderbook.layout import (
    CELL_WIDTH,
    NEVER,
    RECENT,
    RECENT_CELLS,
    RECENT_WIDTH,
    Struct,
    Words,
    as_int,
)

__all__ = [
    "forget_old",
    "forget_row",
    "recent_clear",
    "recent_room",
    "recent_trade",
    "traded_now",
    "traded_since",
]

_COMPACT = 512


@inlined
def recent_room(state: Struct) -> int:
    """Whether log and cells take one more trade; if not, the header asks for room."""
    header = state.book.heap
    return has_room(header, RECENT, 1) and has_room(header, RECENT_CELLS, 1)


@inlined
def recent_trade(
    state: Struct, heap: Words, price: int, aggressor: int, size: int, time: int
) -> None:
    """Add a trade; there is room. One of an unknown aggressor counts as a price alone."""
    recent = state.recent
    header = state.book.heap
    away = state.p.absorb_ticks
    if recent.time != NEVER:
        if price < recent.last:
            _begin_anew(header, heap, price + away + 1, recent.last + away, 2)
        elif price > recent.last:
            _begin_anew(header, heap, recent.last - away, price - away - 1, 1)
    recent.last = price
    recent.time = time
    if aggressor == 2:
        return
    at = header.offset[RECENT] + RECENT_WIDTH * header.count[RECENT]
    heap[at] = time
    heap[at + 1] = price
    heap[at + 2] = aggressor
    heap[at + 3] = size
    number = recent.base + header.count[RECENT]
    header.count[RECENT] += 1
    at = open_cell(header, heap, RECENT_CELLS, price)
    if heap[at + 2 - aggressor] == 0:
        heap[at + 4 - aggressor] = number
    heap[at + 2 - aggressor] += size


@inlined
def _begin_anew(header: Struct, heap: Words, low: int, high: int, column: int) -> None:
    """Clear one side's sums of the rows from ``low`` to ``high``."""
    i = find_cell(header, heap, RECENT_CELLS, low)
    while i < header.count[RECENT_CELLS]:
        at = header.offset[RECENT_CELLS] + CELL_WIDTH * i
        if heap[at] > high:
            break
        heap[at + column] = 0
        i += 1


@inlined
def forget_row(state: Struct, heap: Words, side: int, price: int) -> None:
    """Price went through a row's absorption: what was traded there does not count any more."""
    _begin_anew(state.book.heap, heap, price, price, 1 + side)


@fused
def forget_old(state: Struct, heap: Words, oldest: int) -> None:
    """Take the trades up to ``oldest`` off their rows; rows without any left go."""
    recent = state.recent
    header = state.book.heap
    start = header.offset[RECENT]
    while recent.head < header.count[RECENT]:
        at = start + RECENT_WIDTH * recent.head
        if heap[at] > oldest:
            break
        _take_off(state, heap, heap[at + 1], heap[at + 2], heap[at + 3])
        recent.head += 1
    if recent.head >= _COMPACT and 2 * recent.head >= header.count[RECENT]:
        gone = RECENT_WIDTH * recent.head
        for i in range(start, start + RECENT_WIDTH * header.count[RECENT] - gone):
            heap[i] = heap[i + gone]
        recent.base += recent.head
        header.count[RECENT] -= recent.head
        recent.head = 0


@inlined
def _take_off(state: Struct, heap: Words, price: int, aggressor: int, size: int) -> None:
    """The log's entry at ``head`` is too old to count."""
    header = state.book.heap
    i = find_cell(header, heap, RECENT_CELLS, price)
    at = header.offset[RECENT_CELLS] + CELL_WIDTH * i
    if i == header.count[RECENT_CELLS] or heap[at] != price:
        return
    number = state.recent.base + state.recent.head
    if heap[at + 2 - aggressor] > 0 and heap[at + 4 - aggressor] <= number:
        heap[at + 2 - aggressor] -= size
    if heap[at + 1] == 0 and heap[at + 2] == 0:
        end = header.offset[RECENT_CELLS] + CELL_WIDTH * (header.count[RECENT_CELLS] - 1)
        for j in range(at, end):
            heap[j] = heap[j + CELL_WIDTH]
        header.count[RECENT_CELLS] -= 1


@inlined
def traded_since(state: Struct, heap: Words, number: int, price: int, aggressor: int) -> int:
    """Volume of an aggressor at a row in the log's entries from ``number`` on."""
    header = state.book.heap
    total = as_int(0)
    for i in range(max(as_int(0), number - state.recent.base), header.count[RECENT]):
        at = header.offset[RECENT] + RECENT_WIDTH * i
        if heap[unsigned(at + 1)] == price and heap[unsigned(at + 2)] == aggressor:
            total += heap[unsigned(at + 3)]
    return total


@inlined
def traded_now(state: Struct, heap: Words, time: int, price: int, aggressor: int) -> int:
    """Volume of an aggressor at a row in the trades at ``time``, the newest."""
    header = state.book.heap
    total = as_int(0)
    i = header.count[RECENT] - 1
    while i >= 0:
        at = header.offset[RECENT] + RECENT_WIDTH * i
        if heap[at] != time:
            break
        if heap[at + 1] == price and heap[at + 2] == aggressor:
            total += heap[at + 3]
        i -= 1
    return total


@inlined
def recent_clear(state: Struct) -> None:
    """No trade has been seen."""
    recent = state.recent
    recent.head = 0
    recent.base = 0
    recent.seen = 0
    recent.time = NEVER
    header = state.book.heap
    header.count[RECENT] = 0
    header.count[RECENT_CELLS] = 0
