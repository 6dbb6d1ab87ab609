"""Flow toxicity: imbalance of the traded volume over buckets of equal volume.

Easley, López de Prado, O'Hara, "Flow toxicity and liquidity in a high-frequency world" (2012). What
it is not is said in docs/analytics.md.
"""

import math

from market.jit import inlined
from orderbook.layout import TOXICITY_SLOTS, Struct

__all__ = ["toxicity_clear", "toxicity_gap", "toxicity_row", "toxicity_trade"]


@inlined
def toxicity_trade(t: Struct, aggressor: int, size: int, volume: int, n: int) -> None:
    """Pour a trade into the buckets, exactly.

    Args:
        t: changed in place.
        aggressor: 0 sell, 1 buy, 2 unknown (fills a bucket and is on neither side).
        size: size steps.
        volume: of a bucket; another one than before starts anew.
        n: buckets that count, at most TOXICITY_SLOTS. Cost: at most so many steps, and one.
    """
    if t.volume != volume:
        toxicity_clear(t)
        t.volume = volume
    left = size
    whole = left // volume - n - 1
    if whole > 0:  # so many buckets of it alone would be pushed out by its others
        left -= whole * volume
    while left > 0:
        take = min(left, volume - t.filled)
        t.filled += take
        left -= take
        if aggressor == 1:
            t.signed += take
        elif aggressor == 0:
            t.signed -= take
        if t.filled == volume:
            t.ring[t.count % TOXICITY_SLOTS] = abs(t.signed)
            t.count += 1
            toxicity_gap(t)


@inlined
def toxicity_gap(t: Struct) -> None:
    """Trades may have been lost: the open bucket starts anew."""
    t.filled = 0
    t.signed = 0


@inlined
def toxicity_row(state: Struct, row: Struct) -> None:
    """Fill the row's field."""
    t = state.toxicity
    n = state.p.toxicity_n
    row.flow_toxicity = math.nan
    if not state.p.toxicity or t.count < n:
        return
    total = 0
    for i in range(t.count - n, t.count):
        total += t.ring[i % TOXICITY_SLOTS]
    row.flow_toxicity = float(total) / float(n * t.volume)


@inlined
def toxicity_clear(t: Struct) -> None:
    """Forget everything."""
    toxicity_gap(t)
    t.count = 0
    t.volume = 0
