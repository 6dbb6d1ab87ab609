"""Momentum: the change of mid over h seconds, measured against its own size at that horizon."""

import math

from market.jit import inlined
from orderbook.analytics.ewma import ewma_clear, ewma_extend, ewma_update, ewma_value
from orderbook.layout import MOMENTUM_SLOTS, Struct

__all__ = ["momentum_clear", "momentum_second", "momentum_silence", "momentum_warm"]

_SECOND = 1_000_000_000
_WARM_UP = 10
_CLIP = 3.0


@inlined
def momentum_second(m: Struct, mid: float, time: int, h: int, half_life: float) -> None:
    """Sample mid (half ticks; NaN while paused) at a whole second.

    Args:
        m: changed in place.
        mid: best bid plus best ask, ticks.
        time: the second, ns.
        h: horizon, seconds, below MOMENTUM_SLOTS.
        half_life: of the squared changes, ns.
    """
    second = time // _SECOND
    before = m.mids[(second - h) % MOMENTUM_SLOTS]
    m.mids[second % MOMENTUM_SLOTS] = mid
    m.score = math.nan
    change = mid - before
    if math.isnan(change):
        return
    if m.changes >= _WARM_UP * h:
        variance = ewma_value(m.variance, half_life)
        if variance > 0.0:
            z = change / math.sqrt(variance) / _CLIP
            m.score = 100.0 * max(-1.0, min(1.0, z))
    ewma_update(m.variance, change * change, time, half_life)
    m.changes += 1


@inlined
def momentum_silence(m: Struct, mid: float, time: int, seconds: int, h: int, hl: float) -> None:
    """``seconds`` seconds at the same mid, which fills the ring; the last one at ``time``."""
    last = time // _SECOND
    for second in range(last - min(seconds, MOMENTUM_SLOTS) + 1, last + 1):
        m.mids[second % MOMENTUM_SLOTS] = mid
    if not math.isnan(mid):
        m.changes += seconds - 1
        ewma_extend(m.variance, time - _SECOND, seconds - 1)
    momentum_second(m, mid, time, h, hl)


@inlined
def momentum_warm(m: Struct, h: int) -> int:
    """Whether enough changes have been seen for a score."""
    return m.changes >= _WARM_UP * h


@inlined
def momentum_clear(m: Struct) -> None:
    """Forget everything."""
    for i in range(MOMENTUM_SLOTS):
        m.mids[i] = math.nan
    m.changes = 0
    m.score = math.nan
    ewma_clear(m.variance)
