"""Order-flow imbalance: Cont, Kukanov, Stoikov, "The price impact of order book events" (2014).

One pair of states per completed group and level; an absent row has the worst possible price and
size 0, so that its appearance counts as an addition.
"""

import math

from market.jit import inlined, unsigned
from orderbook.analytics.ewma import ewma_clear, ewma_extend, ewma_update, ewma_value
from orderbook.books.ladder import visible_rows
from orderbook.layout import Struct, as_int

__all__ = ["ofi_clear", "ofi_group", "ofi_restart", "ofi_second", "ofi_silence"]

_SECOND = 1_000_000_000
_SECONDS_MIN = 60
_SPREAD_MIN = 1e-12


@inlined
def ofi_group(ofi: Struct, book: Struct, levels: int) -> None:
    """Form the pairs of a completed group; the book's visible rows are fresh.

    Args:
        ofi: changed in place: totals and the previous state.
        book: rows of both sides.
        levels: rows that count, 1 to 5.
    """
    n_ask = book.n[0]
    n_bid = book.n[1]
    if n_ask == 0 or n_bid == 0 or book.px[1, 0] >= book.px[0, 0]:
        ofi.valid = 0
        return
    if ofi.valid:
        ofi.known = 1
        if book.touched >= levels:
            return
        for side in range(2):
            _add_changes(ofi, book, side, levels)
    for side in range(2):
        n = min(visible_rows(book, side), levels)
        which = unsigned(side)
        ofi.prev_n[which] = n
        for i in range(n):
            ofi.prev_px[which, unsigned(i)] = book.px[which, unsigned(i)]
            ofi.prev_sz[which, unsigned(i)] = book.sz[which, unsigned(i)]
    ofi.valid = 1


@inlined
def _add_changes(ofi: Struct, book: Struct, side: int, levels: int) -> None:
    """Add what the rows of one side gained, in the paper's sense, to the totals.

    Of two rows at the same place one counts whose price is better, both whose price is the same.
    """
    which = unsigned(side)
    sign = 2 * side - 1
    rows = min(visible_rows(book, side), levels)
    known = min(ofi.prev_n[which], levels)
    both = min(rows, known)
    for i in range(both):
        at = unsigned(i)
        step = (book.px[which, at] - ofi.prev_px[which, at]) * sign
        gained = book.sz[which, at] if step >= 0 else as_int(0)
        lost = ofi.prev_sz[which, at] if step <= 0 else as_int(0)
        ofi.total[at] += (gained - lost) * sign
    for i in range(both, rows):
        ofi.total[unsigned(i)] += book.sz[which, unsigned(i)] * sign
    for i in range(both, known):
        ofi.total[unsigned(i)] -= ofi.prev_sz[which, unsigned(i)] * sign


@inlined
def ofi_second(ofi: Struct, sampled: int, time: int, half_life: float) -> None:
    """Close an aligned second: ``z`` of its sum, then the EWMAs take it in."""
    x = float(ofi.total[0] - ofi.second)
    ofi.second = ofi.total[0]
    ofi.z = math.nan
    if not ofi.counting:
        ofi.counting = ofi.known
    elif sampled:
        if ofi.mean.count >= _SECONDS_MIN:
            mean = ewma_value(ofi.mean, half_life)
            square = ewma_value(ofi.square, half_life)
            variance = square - mean * mean
            if variance > _SPREAD_MIN * square:
                ofi.z = (x - mean) / math.sqrt(variance)
        ewma_update(ofi.mean, x, time, half_life)
        ewma_update(ofi.square, x * x, time, half_life)


@inlined
def ofi_silence(ofi: Struct, sampled: int, time: int, seconds: int, half_life: float) -> None:
    """``seconds`` seconds without any pair, the last one ending at ``time``.

    The run of zeros has begun before, so only its end moves.
    """
    if ofi.counting and sampled:
        ewma_extend(ofi.mean, time - _SECOND, seconds - 1)
        ewma_extend(ofi.square, time - _SECOND, seconds - 1)
    ofi_second(ofi, sampled, time, half_life)


@inlined
def ofi_restart(ofi: Struct) -> None:
    """Records were lost or the book replaced: no pair across it, the open second starts anew."""
    ofi.valid = 0
    ofi.known = 0
    ofi.counting = 0
    ofi.z = math.nan


@inlined
def ofi_clear(ofi: Struct) -> None:
    """Forget everything."""
    ofi_restart(ofi)
    ofi.second = ofi.total[0]
    ewma_clear(ofi.mean)
    ewma_clear(ofi.square)
