"""Volume score: how the last aligned window ranks among those before it."""

import math

from market.jit import inlined
from orderbook.layout import VOLUME_SLOTS, Struct

__all__ = ["volume_clear", "volume_silence", "volume_window"]


@inlined
def volume_window(v: Struct, traded: int, n: int, least: int) -> None:
    """Close a window: rank it, then add it.

    Args:
        v: changed in place; ``score`` is the mid-rank percentile, 0..100, NaN below ``least``.
        traded: whether the stream has had a trade.
        n: windows to rank against, below VOLUME_SLOTS.
        least: windows needed for a score.
    """
    value = v.open
    v.open = 0
    if v.partial:
        v.partial = 0
        return
    known = min(v.count, n)
    if known >= least and traded:
        below = 0
        equal = 0
        for i in range(v.count - known, v.count):
            other = v.ring[i % VOLUME_SLOTS]
            if other < value:
                below += 1
            elif other == value:
                equal += 1
        v.score = 100.0 * (below + 0.5 * equal) / known
    v.ring[v.count % VOLUME_SLOTS] = value
    v.count += 1


@inlined
def volume_silence(v: Struct, windows: int, traded: int, n: int, least: int) -> None:
    """``windows`` windows without trades; past n + 2 of them nothing changes any more."""
    for _ in range(min(windows, n + 2)):
        volume_window(v, traded, n, least)


@inlined
def volume_clear(v: Struct) -> None:
    """Forget everything; the open window is partial."""
    v.open = 0
    v.partial = 1
    v.count = 0
    v.score = math.nan
