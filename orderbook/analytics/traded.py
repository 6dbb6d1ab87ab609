"""Traded clusters: rows whose volume in one-minute bars stands out from the last 30 minutes."""

import math

from market.jit import fused, inlined, unsigned
from orderbook.analytics.cells import cell_measure, find_cell, has_room
from orderbook.analytics.events import write_traded
from orderbook.analytics.known import forget_known
from orderbook.analytics.lives import why_ended
from orderbook.layout import (
    BAR,
    BARS_LOG,
    CELL_WIDTH,
    EVENT_END,
    EVENT_NEW,
    EVENT_UPDATE,
    FOREVER,
    MEASURE_DELTA,
    MEASURE_VOLUME,
    NEVER,
    NO_REASON,
    SUMS_LOG,
    THROUGH,
    TRADED_SLOTS,
    Struct,
    Words,
    as_int,
)

__all__ = [
    "bar_room",
    "close_bar_cells",
    "earliest_expiry",
    "end_traded",
    "judge_traded",
    "traded_clear",
]

_LOG_WIDTH = CELL_WIDTH + 1


@inlined
def bar_room(header: Struct) -> int:
    """Whether the logs can take the open bar; if not, the header asks for room."""
    cells = header.count[BAR]
    return has_room(header, BARS_LOG, cells) and has_room(header, SUMS_LOG, cells)


@inlined
def _first_logged(state: Struct, heap: Words, bars: int) -> int:
    """Index in the bars log of the first cell of the last ``bars`` closed bars."""
    header = state.book.heap
    start = header.offset[BARS_LOG]
    i = header.count[BARS_LOG]
    seen = 0
    last = as_int(0)
    while i > 0:
        bar = heap[start + _LOG_WIDTH * (i - 1)]
        if seen == 0 or bar != last:
            if seen == bars:
                break
            seen += 1
            last = bar
        i -= 1
    return i if bars > 0 else header.count[BARS_LOG]


@inlined
def _window_sum(state: Struct, heap: Words, row: int, first: int, closed: int) -> int:
    """Measure over rows ``row`` … and the bars range: the open bar (unless closed) and the log."""
    header = state.book.heap
    p = state.p
    top = row + p.price_range - 1
    total = as_int(0)
    if not closed:
        i = find_cell(header, heap, BAR, row)
        while i < header.count[BAR]:
            at = header.offset[BAR] + CELL_WIDTH * i
            if heap[at] > top:
                break
            total += cell_measure(heap, at, p.measure)
            i += 1
    for j in range(first, header.count[BARS_LOG]):
        at = header.offset[BARS_LOG] + _LOG_WIDTH * j + 1
        if row <= heap[at] <= top:
            total += cell_measure(heap, at, p.measure)
    return abs(total) if p.measure == MEASURE_DELTA else total


@inlined
def close_bar_cells(state: Struct, heap: Words, time: int) -> None:
    """Move the open bar's cells to the log and its window sums to the sums log.

    The caller has made sure of the room. ``time`` is the bar's end.
    """
    header = state.book.heap
    cells = header.count[BAR]
    forget_known(state)
    if cells == 0:
        return
    _expire(header, heap, BARS_LOG, _LOG_WIDTH, time - max(state.p.rolling, state.p.sums_window))
    _expire(header, heap, SUMS_LOG, 2, time - state.p.sums_window)
    for i in range(cells):
        at = header.offset[BARS_LOG] + _LOG_WIDTH * header.count[BARS_LOG]
        heap[at] = time
        for k in range(CELL_WIDTH):
            heap[at + 1 + k] = heap[header.offset[BAR] + CELL_WIDTH * i + k]
        header.count[BARS_LOG] += 1
    if state.p.bars_range == 1 and state.p.price_range == 1:
        _log_plain_sums(state, heap, time)
    else:
        _log_window_sums(state, heap, time)
    header.count[BAR] = 0


@inlined
def _log_plain_sums(state: Struct, heap: Words, time: int) -> None:
    header = state.book.heap
    for i in range(header.count[BAR]):
        total = cell_measure(heap, header.offset[BAR] + CELL_WIDTH * i, state.p.measure)
        _log_sum(header, heap, time, abs(total))


@inlined
def _log_window_sums(state: Struct, heap: Words, time: int) -> None:
    """Sums of the windows that end with the bar just logged and start at its rows."""
    header = state.book.heap
    first = _first_logged(state, heap, state.p.bars_range)
    for i in range(header.count[BAR]):
        row = heap[header.offset[BAR] + CELL_WIDTH * i]
        _log_sum(header, heap, time, _window_sum(state, heap, row, first, 1))


@inlined
def _log_sum(header: Struct, heap: Words, time: int, total: int) -> None:
    if total == 0:
        return
    at = header.offset[SUMS_LOG] + 2 * header.count[SUMS_LOG]
    heap[at] = time
    heap[at + 1] = total
    header.count[SUMS_LOG] += 1


@inlined
def _expire(header: Struct, heap: Words, region: int, width: int, oldest: int) -> None:
    """Drop the entries of bars that ended at or before ``oldest`` from the front of a log."""
    start = header.offset[region]
    count = header.count[region]
    gone = as_int(0)
    while gone < count and heap[start + width * gone] <= oldest:
        gone += 1
    if gone > 0:
        for i in range(start, start + width * (count - gone)):
            heap[i] = heap[i + width * gone]
        header.count[region] = count - gone


@inlined
def _set_threshold(state: Struct, heap: Words) -> None:
    """Threshold of the open bar, from the sums of bars closed before it."""
    traded = state.traded
    p = state.p
    traded.judged = state.bars.start
    if not math.isnan(p.fixed):
        traded.threshold = p.fixed
        traded.mean = p.fixed
        return
    header = state.book.heap
    start = header.offset[SUMS_LOG]
    count = header.count[SUMS_LOG]
    first = as_int(0)
    while first < count and heap[start + 2 * first] <= state.bars.start - p.sums_window:
        first += 1
    n = count - first
    traded.threshold = math.nan
    if n < p.sums_min:
        return
    total = as_int(0)
    for i in range(first, count):
        total += heap[start + 2 * i + 1]
    mean = float(total) / float(n)
    squares = 0.0
    for i in range(first, count):
        distance = float(heap[start + 2 * i + 1]) - mean
        squares += distance * distance
    traded.mean = mean
    traded.threshold = mean + p.deviations * math.sqrt(squares / float(n))


@fused
def end_traded(state: Struct, heap: Words, time: int) -> None:
    """End clusters that price has gone through, or that are too old."""
    traded = state.traded
    kept = as_int(0)
    for i in range(traded.n):
        cluster = traded.clusters[i]
        reason = why_ended(state, cluster, time)
        if reason != NO_REASON:
            if reason == THROUGH:
                _spend(state, cluster.low)
            write_traded(state, heap, cluster, i, EVENT_END, reason, time)
        else:
            if kept != i:
                traded.clusters[kept] = traded.clusters[i]
            kept += 1
    traded.n = kept


@inlined
def _spend(state: Struct, row: int) -> None:
    """Price went through a row's cluster: the row makes no other in the open bar."""
    traded = state.traded
    if traded.spent_bar != state.bars.start:
        traded.spent_bar = state.bars.start
        traded.spent_n = 0
    if traded.spent_n < TRADED_SLOTS:
        traded.spent[traded.spent_n] = row
        traded.spent_n += 1


@inlined
def _is_spent(state: Struct, row: int) -> int:
    traded = state.traded
    if traded.spent_bar == state.bars.start:
        for i in range(traded.spent_n):
            if traded.spent[i] == row:
                return 1
    return 0


@fused
def judge_traded(state: Struct, heap: Words, time: int) -> None:
    """Look for rows of the open bar at or above the threshold."""
    header = state.book.heap
    traded = state.traded
    p = state.p
    if header.count[BAR] == 0:
        return
    if traded.judged != state.bars.start:
        _set_threshold(state, heap)
    if math.isnan(traded.threshold):
        return
    first = header.count[BARS_LOG]
    if p.bars_range > 1:
        first = _first_logged(state, heap, p.bars_range - 1)
    plain = p.bars_range == 1 and p.price_range == 1
    if plain and state.known.traded and not _traded_reaches(state, heap):
        return
    state.known.traded = as_int(plain)
    for i in range(header.count[BAR]):
        at = header.offset[BAR] + CELL_WIDTH * i
        if plain:
            total = abs(cell_measure(heap, at, p.measure))
        else:
            total = _window_sum(state, heap, heap[at], first, 0)
        if total >= traded.threshold:
            state.known.traded = 0
            _qualify(state, heap, heap[at], total, first, time)


@fused
def _traded_reaches(state: Struct, heap: Words) -> int:
    """Whether a row between the trades since the last instant reaches the threshold by itself."""
    header = state.book.heap
    i = find_cell(header, heap, BAR, state.flow.low)
    while i < header.count[BAR]:
        at = header.offset[BAR] + CELL_WIDTH * i
        if heap[unsigned(at)] > state.flow.high:
            break
        if abs(cell_measure(heap, at, state.p.measure)) >= state.traded.threshold:
            return as_int(1)
        i += 1
    return as_int(0)


@inlined
def _qualify(state: Struct, heap: Words, row: int, total: int, first: int, time: int) -> None:
    traded = state.traded
    for i in range(traded.n):
        cluster = traded.clusters[i]
        if cluster.low == row:
            if total > cluster.size:
                cluster.size = total
                cluster.mean = traded.mean
                cluster.t_last = time
                _split(state, heap, cluster, row, first)
                if float(total - cluster.told) >= state.p.update_share * float(total):
                    cluster.told = total
                    write_traded(state, heap, cluster, i, EVENT_UPDATE, NO_REASON, time)
            return
    if _is_spent(state, row):
        return
    if traded.n == TRADED_SLOTS:
        traded.dropped += 1
        return
    cluster = traded.clusters[traded.n]
    cluster.id = 0
    cluster.low = row
    cluster.high = row + state.p.price_range - 1
    cluster.size = total
    cluster.told = total
    cluster.mean = traded.mean
    cluster.t_first = time
    cluster.t_last = time
    _split(state, heap, cluster, row, first)
    cluster.side = as_int(cluster.buy >= cluster.sell)
    traded.n += 1
    write_traded(state, heap, cluster, traded.n - 1, EVENT_NEW, NO_REASON, time)


@inlined
def _split(state: Struct, heap: Words, cluster: Struct, row: int, first: int) -> None:
    """Buy and sell volume of the window, and its busiest row (the lowest on ties)."""
    cluster.buy = 0
    cluster.sell = 0
    cluster.poc = row
    most = as_int(-1)
    for price in range(row, row + state.p.price_range):
        volume = _add_row(state, heap, cluster, price, first)
        if volume > most:
            most = volume
            cluster.poc = price


@inlined
def _add_row(state: Struct, heap: Words, cluster: Struct, price: int, first: int) -> int:
    """Add one row of the window to a cluster's sums; returns the row's volume."""
    header = state.book.heap
    volume = as_int(0)
    i = find_cell(header, heap, BAR, price)
    at = header.offset[BAR] + CELL_WIDTH * i
    if i < header.count[BAR] and heap[at] == price:
        cluster.buy += heap[at + 1]
        cluster.sell += heap[at + 2]
        volume += cell_measure(heap, at, MEASURE_VOLUME)
    for j in range(first, header.count[BARS_LOG]):
        at = header.offset[BARS_LOG] + _LOG_WIDTH * j + 1
        if heap[at] == price:
            cluster.buy += heap[at + 1]
            cluster.sell += heap[at + 2]
            volume += cell_measure(heap, at, MEASURE_VOLUME)
    return volume


@inlined
def earliest_expiry(state: Struct) -> int:
    """When the oldest cluster ends by age, ns; FOREVER without clusters."""
    first = as_int(FOREVER)
    for i in range(state.traded.n):
        first = min(first, state.traded.clusters[i].t_first + state.p.expire)
    return first


@inlined
def traded_clear(traded: Struct) -> None:
    """Forget clusters and threshold."""
    traded.n = 0
    traded.judged = NEVER
    traded.spent_bar = NEVER
    traded.threshold = math.nan
    traded.mean = math.nan
