"""Session sums of trades: cumulative delta, VWAP and its deviation, completeness."""

import math

from market.jit import inlined
from orderbook.layout import FOREVER, NEVER, Struct

__all__ = ["flow_clear_range", "flow_session", "flow_sum", "flow_trade", "flow_volume"]


@inlined
def flow_sum(flow: Struct, price: int, signed: int, size: int) -> None:
    """Add a trade to the sums of the session alone, as a back-fill does."""
    if flow.v == 0.0:
        flow.first_price = price
    flow.cvd += signed
    distance = float(price - flow.first_price)
    weight = float(size)
    flow.v += weight
    flow.pv += distance * weight
    flow.ppv += distance * distance * weight


@inlined
def flow_trade(flow: Struct, price: int, signed: int, size: int) -> None:
    """Add a trade: price in ticks; ``signed`` is negative for sells, 0 for unknown aggressors."""
    flow_sum(flow, price, signed, size)
    flow.traded = 1
    flow.traded_since += size
    flow.low = min(flow.low, price)
    flow.high = max(flow.high, price)
    flow.any = 1


@inlined
def flow_volume(flow: Struct, volume: int) -> None:
    """Compare the feed's running session volume with the trades seen since its first value."""
    if not flow.volume_known or volume < flow.volume_last:
        flow.volume_known = 1
        flow.volume_first = volume
        flow.traded_since = 0
        flow.volume_gap = math.nan
    else:
        flow.volume_gap = float(volume - flow.volume_first - flow.traded_since)
    flow.volume_last = volume


@inlined
def flow_clear_range(flow: Struct) -> None:
    """Start the range of prices traded since the last instant."""
    flow.low = FOREVER
    flow.high = NEVER
    flow.any = 0


@inlined
def flow_session(flow: Struct, since: int, complete: int) -> None:
    """Start the sums of a session at ``since``."""
    flow.cvd = 0
    flow.v = 0.0
    flow.pv = 0.0
    flow.ppv = 0.0
    flow.since = since
    flow.complete = complete
    flow.filled = 0
