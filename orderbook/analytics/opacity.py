"""Opacity: a size's place among the visible sizes of 30 minutes, in NinjaTrader's 20 steps.

One histogram per aligned minute; bins are exact below 64, then 32 to the octave, and stand for
their lower edge.
"""

from market.jit import bit_length, inlined, unsigned
from orderbook.books.ladder import visible_rows
from orderbook.layout import HIST_BINS, HIST_MINUTES, Struct, as_int

__all__ = ["opacity_clear", "opacity_of", "opacity_sample", "opacity_turn"]

_EXACT = 64
_EXACT_BITS = 6
_PER_OCTAVE = 32
_PERCENTILE = 99
_STEPS = 20
_STEP = 5


@inlined
def bin_of(size: int) -> int:
    """Bin of a size."""
    octave = max(bit_length(size) - _EXACT_BITS, as_int(0))
    return min(_PER_OCTAVE * octave + (size >> octave), as_int(HIST_BINS - 1))


@inlined
def lower_edge(index: int) -> int:
    """Smallest size of a bin."""
    if index < _EXACT:
        return index
    octave = (index - _EXACT) // _PER_OCTAVE + 1
    return (_PER_OCTAVE + (index - _EXACT) % _PER_OCTAVE) << octave


@inlined
def opacity_sample(opacity: Struct, book: Struct, minute: int, times: int) -> None:
    """Count the visible sizes ``times`` times in the block of ``minute`` (minutes since 1970)."""
    opacity_turn(opacity, minute)
    block = unsigned(minute % HIST_MINUTES)
    for side in range(2):
        n = visible_rows(book, side)
        which = unsigned(side)
        for i in range(n):
            index = unsigned(bin_of(book.sz[which, unsigned(as_int(i))]))
            opacity.blocks[block, index] += times
        opacity.rows += n * times
    opacity.samples += times


@inlined
def opacity_turn(opacity: Struct, minute: int) -> None:
    """Close the open block if it is not that of ``minute``, and empty those that have aged out."""
    if minute == opacity.minute:
        return
    closed = opacity.minute % HIST_MINUTES
    for i in range(HIST_BINS):
        opacity.window[i] += as_int(opacity.blocks[closed, i])
    first = max(opacity.minute + 1, minute - HIST_MINUTES + 1)
    for other in range(first, minute + 1):
        block = other % HIST_MINUTES
        for i in range(HIST_BINS):
            count = as_int(opacity.blocks[block, i])
            opacity.window[i] -= count
            opacity.rows -= count
            opacity.blocks[block, i] = 0
    opacity.minute = minute


@inlined
def opacity_of(opacity: Struct, size: int, least: int, steps: Struct) -> int:
    """Opacity 0..100 of a size among the window's, -1 before ``least`` samples.

    Args:
        opacity: read only, turned to the present minute.
        size: size steps.
        least: sampled instants needed.
        steps: the 20 values of u that must be exceeded, ascending.
    """
    if opacity.samples < least or opacity.rows == 0:
        return as_int(-1)
    low = as_int(-1)
    high = as_int(-1)
    still = opacity.minute % HIST_MINUTES
    reached = as_int(0)
    for i in range(HIST_BINS):
        reached += opacity.window[i] + as_int(opacity.blocks[still, i])
        if reached > 0 and low < 0:
            low = lower_edge(i)
        if reached * 100 >= opacity.rows * _PERCENTILE:
            high = lower_edge(i)
            break
    return _level(size, low, high, steps) * _STEP


@inlined
def _level(size: int, low: int, high: int, steps: Struct) -> int:
    if high > low:
        u = max(0.0, min(1.0, float(size - low) / float(high - low)))
    else:
        u = 1.0 if size > low else 0.0
    level = 0
    for j in range(_STEPS):
        if u > steps[j]:
            level = j + 1
    return level


@inlined
def opacity_clear(opacity: Struct) -> None:
    """Forget all samples."""
    opacity.samples = 0
    opacity.minute = 0
    opacity.rows = 0
    for i in range(HIST_BINS):
        opacity.window[i] = 0
    for block in range(HIST_MINUTES):
        for i in range(HIST_BINS):
            opacity.blocks[block, i] = 0
