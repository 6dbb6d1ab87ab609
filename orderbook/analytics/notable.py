"""Prices of a session worth a line on a chart: its POC as it develops, its initial balance."""

from market.jit import inlined
from orderbook.layout import (
    CELL_WIDTH,
    DEVELOPING,
    FOREVER,
    NULL_TICKS,
    PROFILE,
    Struct,
    Words,
    as_int,
)

__all__ = ["notable_clear", "notable_gap", "notable_minute", "notable_session", "notable_trade"]


@inlined
def notable_trade(notable: Struct, time: int, price: int) -> None:
    """Add a trade (ticks) to the initial balance, if its time (ns UTC) lies in it."""
    if time < notable.begin or time >= notable.end:
        return
    if notable.low == NULL_TICKS:
        notable.low = price
        notable.high = price
    notable.low = min(notable.low, price)
    notable.high = max(notable.high, price)


@inlined
def notable_minute(state: Struct, heap: Words, instant: int) -> None:
    """At a full minute after trades: note where the POC of the session stands, if it moved.

    The heap has room for an entry. Cost: the rows of the session's profile.
    """
    bars = state.bars
    if not bars.filled or bars.mid_mode:
        return
    poc = _profile_poc(state.book.heap, heap)
    if poc == NULL_TICKS or poc == state.notable.poc:
        return
    state.notable.poc = poc
    header = state.book.heap
    at = header.offset[DEVELOPING] + 2 * header.count[DEVELOPING]
    heap[at] = instant
    heap[at + 1] = poc
    header.count[DEVELOPING] += 1


@inlined
def _profile_poc(header: Struct, heap: Words) -> int:
    """Price of the largest row; ties: nearest the middle of the range, then the lower."""
    count = header.count[PROFILE]
    start = header.offset[PROFILE]
    best = as_int(NULL_TICKS)
    if count == 0:
        return best
    most = as_int(-1)
    distance = as_int(0)
    ends = heap[start] + heap[start + CELL_WIDTH * (count - 1)]
    for i in range(count):
        at = start + CELL_WIDTH * i
        volume = heap[at + 1] + heap[at + 2] + heap[at + 3]
        away = abs(2 * heap[at] - ends)
        if volume > most or (volume == most and away < distance):
            best = heap[at]
            most = volume
            distance = away
    return best


@inlined
def notable_gap(notable: Struct, now: int) -> None:
    """Records were lost: an initial balance that is not over is not whole."""
    if now < notable.end:
        notable.whole = 0


@inlined
def notable_session(state: Struct) -> None:
    """The session is told anew: what was noted of it does not count."""
    state.notable.low = NULL_TICKS
    state.notable.high = NULL_TICKS
    state.notable.poc = NULL_TICKS
    state.book.heap.count[DEVELOPING] = 0


@inlined
def notable_clear(state: Struct) -> None:
    """Another session: when its initial balance is, says the caller."""
    notable_session(state)
    state.notable.begin = FOREVER
    state.notable.end = FOREVER
    state.notable.whole = 0
