"""Traded volume per price row: sorted cells of (price, buy, sell, unknown, trades) in the heap.

The session's profile and the open bar's footprint are the same structure in two regions.
"""

from market.jit import inlined, unsigned
from orderbook.layout import CELL_WIDTH, Struct, Words, as_int

__all__ = ["add_trade", "cell_measure", "find_cell", "has_room", "open_cell"]


@inlined
def has_room(header: Struct, region: int, entries: int) -> int:
    """Whether a region takes ``entries`` more; if not, asks for it in the header."""
    needed = header.count[region] + entries
    if needed <= header.capacity[region]:
        return 1
    header.wanted = region
    header.entries = needed
    return 0


@inlined
def find_cell(header: Struct, heap: Words, region: int, price: int) -> int:
    """Index of the first cell at or above a price."""
    start = header.offset[region]
    count = header.count[region]
    if count == 0:
        return as_int(0)
    # Cells are a tick or more apart: without gaps between them nothing is left to search for.
    above = price - heap[unsigned(start)]
    below = heap[unsigned(start + CELL_WIDTH * (count - 1))] - price
    high = min(max(above, as_int(0)), count)
    low = min(max(count - 1 - below, as_int(0)), count)
    while low < high:
        middle = (low + high) >> 1
        if heap[unsigned(start + CELL_WIDTH * middle)] < price:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def open_cell(header: Struct, heap: Words, region: int, price: int) -> int:
    """Word at which the cell of a price begins, made of zeros if there is none; there is room."""
    index = find_cell(header, heap, region, price)
    count = header.count[region]
    at = header.offset[region] + CELL_WIDTH * index
    if index == count or heap[at] != price:
        end = header.offset[region] + CELL_WIDTH * count
        for i in range(end - 1, at - 1, -1):
            heap[unsigned(i + CELL_WIDTH)] = heap[unsigned(i)]
        heap[unsigned(at)] = price
        for i in range(1, CELL_WIDTH):
            heap[unsigned(at + i)] = 0
        header.count[region] = count + 1
    return as_int(at)


@inlined
def add_trade(
    header: Struct, heap: Words, region: int, price: int, aggressor: int, size: int
) -> None:
    """Add a trade to its row; the region has room for one more cell.

    Args:
        header: the heap's header.
        heap: changed in place.
        region: PROFILE or BAR.
        price: ticks.
        aggressor: 0 sell, 1 buy, 2 unknown.
        size: size steps.
    """
    at = open_cell(header, heap, region, price)
    column = 3 if aggressor == 2 else 2 - aggressor
    heap[unsigned(at + column)] += size
    heap[unsigned(at + 4)] += 1


@inlined
def cell_measure(heap: Words, at: int, measure: int) -> int:
    """One additive part of a measure of the cell whose price stands at word ``at``.

    ``delta`` is signed here: its absolute value is taken of a window's sum.
    """
    if measure == 0:
        return heap[at + 1] + heap[at + 2] + heap[at + 3]
    if measure == 1:
        return heap[at + 1] - heap[at + 2]
    if measure == 2:
        return heap[at + 1]
    if measure == 3:
        return heap[at + 2]
    return heap[at + 4]
