"""How long clusters made of trades live: traded ones, stacks, absorption, icebergs."""

from market.jit import inlined
from orderbook.layout import EXPIRED, NO_REASON, THROUGH, Struct

__all__ = ["why_ended"]


@inlined
def why_ended(state: Struct, cluster: Struct, time: int) -> int:
    """Price has gone through it by more than the buffer, or it is too old; else NO_REASON."""
    flow = state.flow
    buffer = state.p.buffer
    if flow.any and (
        (cluster.side == 1 and flow.low < cluster.low - buffer)
        or (cluster.side == 0 and flow.high > cluster.high + buffer)
    ):
        return THROUGH
    if time - cluster.t_first >= state.p.expire:
        return EXPIRED
    return NO_REASON
