"""Counting the moves of the touch for the micro-price, and reading it; see orderbook.microprice."""

import math

from market.jit import inlined
from orderbook.layout import MICRO_BUCKETS, MICRO_SPREADS, MICRO_STATES, NO_SLOT, Struct, as_int

__all__ = ["micro_clear", "micro_instant", "micro_row", "micro_stop"]


@inlined
def micro_instant(state: Struct, sampled: int) -> None:
    """Count the move since the instant before, if there was one. Changes ``state.micro``."""
    micro = state.micro
    book = state.book
    if not sampled or state.clock.closed or not state.p.microprice:
        micro.state = NO_SLOT
        return
    now = _state_of(book)
    mid = book.px[0, 0] + book.px[1, 0]
    before = micro.state
    if before >= 0 and now >= 0 and (now != before or mid != micro.mid):
        micro.moves[before, now] += 1
        micro.drift[before] += mid - micro.mid
    micro.state = now
    micro.mid = mid


@inlined
def _state_of(book: Struct) -> int:
    """Number of the touch's state; -1: none. Both sides are there and do not cross."""
    spread = book.px[0, 0] - book.px[1, 0]
    both = book.sz[0, 0] + book.sz[1, 0]
    if spread > MICRO_SPREADS or both <= 0:
        return as_int(-1)
    share = min(MICRO_BUCKETS * book.sz[1, 0] // both, as_int(MICRO_BUCKETS - 1))
    return MICRO_BUCKETS * (spread - 1) + share


@inlined
def micro_row(state: Struct, row: Struct) -> None:
    """Fill the row's field."""
    row.microprice = math.nan
    book = state.book
    p = state.p
    if not p.microprice or book.n[0] == 0 or book.n[1] == 0 or book.px[1, 0] >= book.px[0, 0]:
        return
    at = _state_of(book)
    if at < 0:
        return
    spread = at // MICRO_BUCKETS
    bucket = at % MICRO_BUCKETS
    shift = state.micro.fitted[spread, bucket]
    tenfold = MICRO_BUCKETS * book.sz[1, 0]
    both = book.sz[0, 0] + book.sz[1, 0]
    if tenfold == bucket * both and bucket > 0:
        shift = (state.micro.fitted[spread, bucket - 1] + shift) / 2.0
    mid = float(book.px[0, 0] + book.px[1, 0])
    row.microprice = (mid + shift) * p.numerator / (2.0 * p.denominator)


@inlined
def micro_stop(micro: Struct) -> None:
    """Records were lost, the book was replaced, a session begins: no move leads across it."""
    micro.state = NO_SLOT


@inlined
def micro_clear(micro: Struct) -> None:
    """Forget everything, the fit too."""
    micro_stop(micro)
    for i in range(MICRO_STATES):
        micro.drift[i] = 0
        for j in range(MICRO_STATES):
            micro.moves[i, j] = 0
    for i in range(MICRO_SPREADS):
        for j in range(MICRO_BUCKETS):
            micro.fitted[i, j] = math.nan
