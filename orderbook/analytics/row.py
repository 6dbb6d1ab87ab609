"""The metrics row: reads state, changes nothing but the marks of its own OFI sums."""

import math

from market.jit import inlined, unsigned
from orderbook.analytics.events import warming
from orderbook.analytics.ewma import LN2
from orderbook.analytics.microprice import micro_row
from orderbook.analytics.pulls import pulls_row
from orderbook.analytics.toxicity import toxicity_row
from orderbook.books.ladder import visible_rows
from orderbook.layout import (
    CLOSED,
    CROSSED,
    OFI_LEVELS,
    PAUSED,
    STALE,
    SYNCED,
    WAITING,
    Struct,
    as_int,
)

__all__ = ["depth_near", "phase_of", "write_row"]


@inlined
def phase_of(clock: Struct) -> int:
    """Ordinal of the phase as of the last completed group; the first that holds."""
    if clock.stale:
        return STALE
    if not clock.both_seen:
        return WAITING
    if clock.closed:
        return CLOSED
    if clock.paused:
        return PAUSED
    if clock.crossed:
        return CROSSED
    return SYNCED


@inlined
def write_row(state: Struct) -> None:
    """Fill ``state.row``; the visible rows of the book are fresh."""
    row = state.row
    clock = state.clock
    row.time_ns = clock.now
    row.seq = clock.seq - 1
    row.phase = phase_of(clock)
    _touch_fields(state, row)
    _ofi_fields(state, row)
    row.momentum = state.momentum.score
    row.volume = state.volume.score
    row.composite = state.bars.composite
    row.outlook = state.bars.outlook
    _flow_fields(state, row)
    micro_row(state, row)
    pulls_row(state, row)
    toxicity_row(state, row)
    row.warmup = warming(state)


@inlined
def _touch_fields(state: Struct, row: Struct) -> None:
    book = state.book
    p = state.p
    row.best_bid = math.nan
    row.best_ask = math.nan
    row.mid = math.nan
    row.spread = math.nan
    row.weighted_mid = math.nan
    row.queue_imbalance = math.nan
    row.imbalance = math.nan
    row.bid_ask_ratio = math.nan
    row.log2_ratio = math.nan
    bid = book.px[1, 0]
    ask = book.px[0, 0]
    if book.n[1] > 0:
        row.best_bid = float(bid) * p.numerator / p.denominator
    if book.n[0] > 0:
        row.best_ask = float(ask) * p.numerator / p.denominator
    if book.n[0] == 0 or book.n[1] == 0 or bid >= ask:
        return
    row.mid = float(bid + ask) * p.numerator / (2.0 * p.denominator)
    row.spread = float(ask - bid)
    bid_size = float(book.sz[1, 0])
    ask_size = float(book.sz[0, 0])
    both = bid_size + ask_size
    if both > 0.0:
        ticks = (float(bid) * ask_size + float(ask) * bid_size) / both
        row.weighted_mid = ticks * p.numerator / p.denominator
        row.queue_imbalance = (bid_size - ask_size) / both
    bids, asks, row.imbalance = depth_near(state)
    if asks > 0:
        ratio = float(bids) / float(asks)
        row.bid_ask_ratio = ratio
        if bids > 0:
            row.log2_ratio = math.log(ratio) / LN2


@inlined
def depth_near(state: Struct) -> tuple[int, int, float]:
    """Sizes of the rows that count, bids and asks, and the score ``imbalance``; NaN without any."""
    book = state.book
    p = state.p
    bids = as_int(0)
    asks = as_int(0)
    difference = 0.0
    total = 0.0
    bid_rows = visible_rows(book, 1)
    ask_rows = visible_rows(book, 0)
    for i in range(p.levels):
        bid = book.sz[1, unsigned(i)] if i < bid_rows else as_int(0)
        ask = book.sz[0, unsigned(i)] if i < ask_rows else as_int(0)
        bids += bid
        asks += ask
        difference += p.weights[unsigned(i)] * float(bid - ask)
        total += p.weights[unsigned(i)] * float(bid + ask)
    return bids, asks, 100.0 * difference / total if total > 0.0 else math.nan


@inlined
def _ofi_fields(state: Struct, row: Struct) -> None:
    ofi = state.ofi
    row.ofi_1 = math.nan
    row.ofi_2 = math.nan
    row.ofi_3 = math.nan
    row.ofi_4 = math.nan
    row.ofi_5 = math.nan
    levels = state.p.ofi_levels
    if ofi.known:
        row.ofi_1 = float(ofi.total[0] - ofi.row[0])
        if levels > 1:
            row.ofi_2 = float(ofi.total[1] - ofi.row[1])
        if levels > 2:
            row.ofi_3 = float(ofi.total[2] - ofi.row[2])
        if levels > 3:
            row.ofi_4 = float(ofi.total[3] - ofi.row[3])
        if levels > 4:
            row.ofi_5 = float(ofi.total[4] - ofi.row[4])
    row.ofi = row.ofi_1
    row.ofi_z = ofi.z
    for i in range(OFI_LEVELS):
        ofi.row[i] = ofi.total[i]


@inlined
def _flow_fields(state: Struct, row: Struct) -> None:
    flow = state.flow
    p = state.p
    row.cvd = math.nan
    row.vwap = math.nan
    row.vwap_dev = math.nan
    row.delta = math.nan
    if flow.traded:
        row.delta = float(0 if state.bars.mid_mode else state.bars.delta)
    if flow.v > 0.0:
        row.cvd = float(flow.cvd)
        mean = flow.pv / flow.v
        row.vwap = (float(flow.first_price) + mean) * p.numerator / p.denominator
        variance = max(flow.ppv / flow.v - mean * mean, 0.0)
        row.vwap_dev = math.sqrt(variance) * p.numerator / p.denominator
    row.since = flow.since
    row.complete = flow.complete
    row.volume_gap = flow.volume_gap
