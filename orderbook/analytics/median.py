"""Median of the visible sizes of both sides.

From one instant to the next it hardly moves, so it is looked for from where it was: counts over the
rows say whether a size is the middle one, and else which is the next to try. That asks for no order
and no branch. What has moved far is partitioned.
"""

from typing import Final

from market.jit import inlined, unsigned
from orderbook.books.ladder import visible_rows
from orderbook.layout import FOREVER, Struct, as_int

__all__ = ["median_size"]

_STEPS: Final = 8


@inlined
def median_size(resting: Struct, book: Struct) -> float:
    """Median of all visible row sizes, of which there is one at least.

    The first word of ``resting.sorted`` remembers the middle size; any value leads to the median.
    """
    half = (visible_rows(book, 0) + visible_rows(book, 1)) // 2
    middle = as_int(resting.sorted[0])
    for _ in range(_STEPS):
        less = as_int(0)
        upto = as_int(0)
        below = as_int(-1)
        above = as_int(FOREVER)
        for side in range(2):
            sizes = book.sz[side]
            for i in range(visible_rows(book, side)):
                size = sizes[unsigned(as_int(i))]
                less += as_int(size < middle)
                upto += as_int(size <= middle)
                below = max(below, size if size < middle else as_int(-1))
                above = min(above, size if size > middle else as_int(FOREVER))
        if less > half:
            middle = below
        elif upto <= half:
            middle = above
        else:
            resting.sorted[0] = middle
            return _between(book, middle if less < half else below, middle)
    return _partitioned(resting, book, half)


@inlined
def _between(book: Struct, lower: int, upper: int) -> float:
    """The upper middle size of an odd number of rows, the mean of both middle ones of an even."""
    if (visible_rows(book, 0) + visible_rows(book, 1)) % 2:
        return float(upper)
    return 0.5 * float(lower + upper)


@inlined
def _partitioned(resting: Struct, book: Struct, half: int) -> float:
    n = as_int(0)
    for side in range(2):
        for i in range(visible_rows(book, side)):
            resting.sorted[n] = book.sz[side, i]
            n += 1
    _select(resting, n, half)
    middle = as_int(resting.sorted[half])
    lower = as_int(resting.sorted[0])
    for i in range(1, half):
        lower = max(lower, resting.sorted[i])
    resting.sorted[0] = middle
    return _between(book, lower, middle)


@inlined
def _select(resting: Struct, n: int, k: int) -> None:
    """Partition the ``n`` sizes around the one of rank ``k`` (Hoare's quickselect)."""
    low = as_int(0)
    high = n - 1
    while low < high:
        pivot = resting.sorted[(low + high) // 2]
        i = low
        j = high
        while i <= j:
            while resting.sorted[i] < pivot:
                i += 1
            while resting.sorted[j] > pivot:
                j -= 1
            if i <= j:
                size = resting.sorted[i]
                resting.sorted[i] = resting.sorted[j]
                resting.sorted[j] = size
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            return
