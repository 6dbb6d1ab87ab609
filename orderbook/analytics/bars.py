"""One-minute bars of event time, and the composite score of the last five.

Until the first trade of a stream the bars are of mid (half ticks); afterwards of trades (ticks).
"""

import math

from market.jit import inlined
from orderbook.layout import BAR_SLOTS, Struct

__all__ = ["bar_clear", "bar_close", "bar_mid", "bar_trade"]

_HALF = 50.0


@inlined
def bar_trade(bar: Struct, minute: int, price: int, signed: int, size: int) -> None:
    """Add a trade to the open bar.

    Args:
        bar: changed in place.
        minute: start of the trade's minute, ns.
        price: ticks.
        signed: size, negative for a sell, 0 when the aggressor is unknown.
        size: size steps.
    """
    if bar.mid_mode:
        bar_clear(bar)
        bar.mid_mode = 0
    if not bar.filled:
        bar.filled = 1
        bar.start = minute
        bar.o = price
        bar.h = price
        bar.l = price
        bar.delta = 0
        bar.volume = 0
    bar.h = max(bar.h, price)
    bar.l = min(bar.l, price)
    bar.c = price
    bar.delta += signed
    bar.volume += size


@inlined
def bar_mid(bar: Struct, mid: int) -> None:
    """Sample mid (best bid plus best ask, ticks) into the open bar of a stream without trades."""
    if not bar.filled:
        bar.filled = 1
        bar.o = mid
        bar.h = mid
        bar.l = mid
    bar.h = max(bar.h, mid)
    bar.l = min(bar.l, mid)
    bar.c = mid


@inlined
def bar_close(bar: Struct, neutral: float) -> None:
    """Close the open bar at a full minute, if it has anything in it."""
    if not bar.filled:
        return
    bar.filled = 0
    body = float(bar.c - bar.o)
    if bar.mid_mode:
        score = 2.0 * _HALF * body / float(max(bar.h - bar.l, 2))
    else:
        score = _HALF * body / float(max(bar.h - bar.l, 1))
        if bar.volume > 0:
            score += _HALF * float(bar.delta) / float(bar.volume)
    slot = bar.count % BAR_SLOTS
    bar.closed_o[slot] = bar.o
    bar.closed_c[slot] = bar.c
    bar.closed_score[slot] = score
    bar.count += 1
    bar.delta = 0
    if bar.count >= BAR_SLOTS:
        _composite(bar, neutral)


@inlined
def _composite(bar: Struct, neutral: float) -> None:
    total = 0.0
    for i in range(bar.count, bar.count + BAR_SLOTS):
        total += bar.closed_score[i % BAR_SLOTS]
    bar.composite = total / BAR_SLOTS
    oldest = bar.count % BAR_SLOTS
    newest = (bar.count - 1) % BAR_SLOTS
    change = bar.closed_c[newest] - bar.closed_o[oldest]
    if abs(bar.composite) <= neutral:
        bar.outlook = 0
    elif bar.composite > 0.0:
        bar.outlook = 1 if change > 0 else 3
    else:
        bar.outlook = 2 if change < 0 else 4


@inlined
def bar_clear(bar: Struct) -> None:
    """Forget all bars."""
    bar.filled = 0
    bar.delta = 0
    bar.volume = 0
    bar.count = 0
    bar.composite = math.nan
    bar.outlook = -1
