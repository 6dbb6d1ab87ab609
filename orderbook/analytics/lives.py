"""How long clusters made of trades live: traded ones, stacks, absorption, icebergs."""

from market.jit import inlined
from orderbook.layout import EXPIRED, NO_REASON, THROUGH, Struct, as_int

__all__ = ["gone_through", "why_ended"]


@inlined
def gone_through(state: Struct, side: int, low: int, high: int) -> int:
    """Whether trades since the last instant went beyond these rows by more than the buffer."""
    flow = state.flow
    buffer = state.p.buffer
    if not flow.any:
        return as_int(0)
    return as_int(flow.low < low - buffer if side == 1 else flow.high > high + buffer)


@inlined
def why_ended(state: Struct, cluster: Struct, time: int) -> int:
    """Price has gone through it by more than the buffer, or it is too old; else NO_REASON."""
    if gone_through(state, as_int(cluster.side), as_int(cluster.low), as_int(cluster.high)):
        return THROUGH
    if time - cluster.t_first >= state.p.expire:
        return EXPIRED
    return NO_REASON
