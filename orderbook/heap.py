"""The growable half of a state: regions of one flat int64 array.

A kernel that lacks room returns GROW before it changes anything; the class around it enlarges the
region here and calls the kernel again.
"""

import numpy as np

from orderbook.layout import REGION_START, REGION_WIDTHS, Struct, Words

__all__ = ["grow", "lay_out", "new_heap", "region"]


def new_heap(header: Struct, regions: int = len(REGION_WIDTHS)) -> Words:
    """Lay out the first ``regions`` regions at their starting capacities; writes ``header``."""
    capacities = [size if i < regions else 0 for i, size in enumerate(REGION_START)]
    return lay_out(header, capacities)


def grow(header: Struct, heap: Words) -> Words:
    """A copy of the heap in which the wanted region holds at least the wanted entries.

    A table keeps its buckets when another region grows; when it grows itself they are void.
    """
    wanted = int(header["wanted"])
    capacities = [int(size) for size in header["capacity"]]
    capacities[wanted] = max(2 * capacities[wanted], int(header["entries"]))
    old = [int(offset) for offset in header["offset"]]
    sizes = [
        int(size) * width for size, width in zip(header["capacity"], REGION_WIDTHS, strict=True)
    ]
    larger = lay_out(header, capacities)
    for start, offset, size in zip(header["offset"].tolist(), old, sizes, strict=True):
        larger[start : start + size] = heap[offset : offset + size]
    return larger


def region(header: Struct, heap: Words, which: int) -> Words:
    """The entries in use of one region, shape (count, width); a view."""
    width = REGION_WIDTHS[which]
    start = int(header["offset"][which])
    used = heap[start : start + int(header["count"][which]) * width]
    return used.reshape(-1, width)


def lay_out(header: Struct, capacities: list[int]) -> Words:
    """Empty regions with room for these many entries; writes ``header``, not its counts."""
    offset = 0
    for i, (capacity, width) in enumerate(zip(capacities, REGION_WIDTHS, strict=True)):
        header["offset"][i] = offset
        header["capacity"][i] = capacity
        offset += capacity * width
    return np.zeros(max(offset, 1), np.int64)
