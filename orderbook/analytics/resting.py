"""Resting clusters: zones of the visible ladder that hold much more than its median row.

An instant finds the runs of on-buckets of each side, lets the earlier zones pass to the runs they
share buckets with, and ends, updates or announces.
"""

from typing import Final

from market.jit import fused, inlined, unsigned
from orderbook.analytics.events import write_resting
from orderbook.analytics.ewma import ewma_clear, ewma_update, ewma_value, ewma_value_at
from orderbook.analytics.median import median_size
from orderbook.books.ladder import visible_rows
from orderbook.layout import (
    ACTIVE,
    CONSUMED,
    EVENT_END,
    EVENT_NEW,
    EVENT_UPDATE,
    FOREVER,
    MERGED,
    NEVER,
    NO_REASON,
    NO_SLOT,
    OUT_OF_WINDOW,
    PULLED,
    THROUGH,
    TOUCHED,
    Struct,
    Words,
    as_int,
)

__all__ = [
    "drop_changed_zones",
    "keep_rows",
    "next_quiet_instant",
    "resting_clear",
    "resting_trade",
    "sample_resting",
]

_MANY: Final = 16
"""Rows that are passed over together; ROWS is a multiple of it."""


@fused
def sample_resting(state: Struct, heap: Words, time: int) -> None:
    """Evaluate both sides at a sampled instant; the visible rows are fresh.

    Changes zones and the base, appends events.
    """
    resting = state.resting
    p = state.p
    median = median_size(resting, state.book)
    usual = median if resting.base.count == 0 else ewma_value(resting.base, p.base_half_life)
    resting.base_used = max(usual, p.volume_threshold)
    ewma_update(resting.base, median, time, p.base_half_life)
    for side in range(1, -1, -1):
        _find_runs(state, side, resting.base_used)
        if resting.runs_n > 0 or resting.n[side] > 0:
            _inherit(state, heap, side, time)
            _announce(state, heap, side, time)


@fused
def _find_runs(state: Struct, side: int, base: float) -> None:
    """Write the maximal runs of adjacent on-buckets of a side, from the touch outward."""
    state.resting.runs_n = 0
    if base <= 0.0 or visible_rows(state.book, side) == 0:
        return
    if state.p.increment == 1 and not state.book.suspect:
        _find_rows(state, side, base)
    else:
        _find_buckets(state, side, base)


@fused
def _find_rows(state: Struct, side: int, base: float) -> None:
    """The same where every row is a bucket: the rows are in order and a tick or more apart.

    Nearly all of them are far below the density that matters, and are passed over many at a time.
    """
    book = state.book
    p = state.p
    n = visible_rows(book, side)
    which = unsigned(side)
    least = p.off * base
    for start in range(0, n, _MANY):
        most = as_int(0)
        for i in range(start, start + _MANY):  # behind the last row is memory of the ladder's own
            most = max(most, book.sz[which, unsigned(i)])
        if float(most) < least:
            continue
        for i in range(start, min(start + _MANY, n)):
            size = book.sz[which, unsigned(i)]
            if float(size) >= least:
                row = book.px[which, unsigned(i)]
                factor = p.off if _was_on(state.resting, side, row) else p.on
                if float(size) >= factor * base:
                    _extend(state.resting, side, row, row, row, size, row, size)


@inlined
def _find_buckets(state: Struct, side: int, base: float) -> None:
    book = state.book
    resting = state.resting
    p = state.p
    increment = as_int(p.increment)
    n = visible_rows(book, side)
    px = book.px[side]
    sz = book.sz[side]
    edge_low = min(px[0], px[n - 1])
    edge_high = max(px[0], px[n - 1])
    least = p.off * base
    i = as_int(0)
    while i < n:
        row = px[unsigned(i)]
        bucket = row if increment == 1 else row // increment
        low = bucket * increment
        high = low + increment - 1
        total = as_int(0)
        poc = i
        while i < n and low <= px[unsigned(i)] <= high:
            total += sz[unsigned(i)]
            if sz[unsigned(i)] > sz[unsigned(poc)]:
                poc = i
            i += 1
        low = max(low, edge_low)
        high = min(high, edge_high)
        visible = high - low + 1
        if 2 * visible < increment:  # in a book that is wrong inside, none at all
            continue
        density = float(total) / float(visible)
        if density < least:
            continue
        if density >= (p.off if _was_on(resting, side, bucket) else p.on) * base:
            _extend(resting, side, bucket, low, high, total, px[poc], sz[poc])


@inlined
def _was_on(resting: Struct, side: int, bucket: int) -> int:
    for i in range(resting.n[side]):
        zone = resting.zones[side, i]
        if zone.b_low <= bucket <= zone.b_high:
            return 1
    return 0


@inlined
def _extend(
    resting: Struct, side: int, bucket: int, low: int, high: int, size: int, poc: int, most: int
) -> None:
    """Add an on-bucket to the last run, or start a new one."""
    n = resting.runs_n
    if n > 0:
        run = resting.runs[n - 1]
        if bucket == (run.b_low - 1 if side == 1 else run.b_high + 1):
            run.b_low = min(run.b_low, bucket)
            run.b_high = max(run.b_high, bucket)
            run.low = min(run.low, low)
            run.high = max(run.high, high)
            run.size += size
            if most > run.poc_size:
                run.poc = poc
                run.poc_size = most
            return
    run = resting.runs[n]
    run.b_low = bucket
    run.b_high = bucket
    run.low = low
    run.high = high
    run.size = size
    run.poc = poc
    run.poc_size = most
    resting.runs_n = n + 1


@inlined
def _inherit(state: Struct, heap: Words, side: int, time: int) -> None:
    """Pass the side's zones on to the runs; zones without an heir end."""
    resting = state.resting
    if not _runs_differ(resting, side):  # each is its own heir
        for k in range(resting.runs_n):
            _take_run(state, resting.zones[side, k], resting.runs[k], time)
        return
    old_n = resting.n[side]
    for i in range(old_n):
        resting.old[i] = resting.zones[side, i]
        _choose_heir(resting, resting.old[i])
    for k in range(resting.runs_n):
        _choose_owner(resting, old_n, k)
    for i in range(old_n):
        zone = resting.old[i]
        if zone.heir < 0:
            _end_zone(state, heap, zone, time)
        elif resting.runs[zone.heir].owner != i:
            _merge(resting.old[resting.runs[zone.heir].owner], zone)
            if zone.id > 0:
                write_resting(state, heap, zone, NO_SLOT, EVENT_END, MERGED, time)
    for k in range(resting.runs_n):
        run = resting.runs[k]
        zone = resting.zones[side, k]
        if run.owner >= 0:
            resting.zones[side, k] = resting.old[run.owner]
        else:
            _begin(zone, run, side, time)
        _take_run(state, zone, run, time)
    resting.n[side] = resting.runs_n


@inlined
def _choose_heir(resting: Struct, zone: Struct) -> None:
    """The run with the largest size among those that share a bucket, then the lowest."""
    zone.heir = -1
    for k in range(resting.runs_n):
        run = resting.runs[k]
        if run.b_low <= zone.b_high and zone.b_low <= run.b_high:
            if zone.heir < 0:
                zone.heir = k
            else:
                best = resting.runs[zone.heir]
                if run.size > best.size or (run.size == best.size and run.low < best.low):
                    zone.heir = k


@inlined
def _choose_owner(resting: Struct, old_n: int, k: int) -> None:
    """The oldest of the zones that pass to run ``k``."""
    run = resting.runs[k]
    run.owner = -1
    for i in range(old_n):
        zone = resting.old[i]
        if zone.heir == k and (run.owner < 0 or _older(zone, resting.old[run.owner])):
            run.owner = i


@inlined
def _older(a: Struct, b: Struct) -> int:
    if a.t_first != b.t_first:
        return a.t_first < b.t_first
    if a.id != b.id:
        return b.id == 0 or (a.id > 0 and a.id < b.id)
    return a.low < b.low


@inlined
def _merge(into: Struct, zone: Struct) -> None:
    """Take over the sums of a zone that ends merged."""
    into.size += zone.size
    into.buy += zone.buy
    into.sell += zone.sell
    into.unknown += zone.unknown
    into.near += zone.near
    into.near_peak += zone.near_peak
    into.traded += zone.traded
    into.added += zone.added
    into.cancelled += zone.cancelled
    into.t_touch = max(into.t_touch, zone.t_touch)
    if into.side == 1:
        into.beyond = min(into.beyond, zone.beyond)
    else:
        into.beyond = max(into.beyond, zone.beyond)


@inlined
def _begin(zone: Struct, run: Struct, side: int, time: int) -> None:
    zone.id = 0
    zone.side = side
    zone.b_low = run.b_low
    zone.b_high = run.b_high
    zone.size = run.size
    zone.peak = run.size
    zone.told = run.size
    zone.state = ACTIVE
    zone.changed = 0
    zone.t_first = time
    zone.t_touch = NEVER
    zone.buy = 0
    zone.sell = 0
    zone.unknown = 0
    zone.near = 0
    zone.near_peak = 0
    zone.traded = 0
    zone.added = 0
    zone.cancelled = 0
    zone.beyond = FOREVER if side == 1 else NEVER


@inlined
def _take_run(state: Struct, zone: Struct, run: Struct, time: int) -> None:
    """Bring a zone up to its run's bounds and size, and settle its state."""
    moved = run.size - zone.size + zone.traded
    if moved > 0:
        zone.added += moved
    else:
        zone.cancelled -= moved
    zone.traded = 0
    if zone.t_first != time and (zone.low != run.low or zone.high != run.high):
        zone.changed = 1
    zone.b_low = run.b_low
    zone.b_high = run.b_high
    zone.low = run.low
    zone.high = run.high
    zone.span = run.high - run.low + 1
    zone.poc = run.poc
    zone.poc_size = run.poc_size
    zone.size = run.size
    if zone.size > zone.peak:
        zone.peak = zone.size
        zone.near_peak = zone.near
    buffer = state.p.buffer
    opposite = state.book.px[1 - zone.side, 0]
    near = zone.low - buffer <= opposite <= zone.high + buffer
    state_now = TOUCHED if near or time - zone.t_touch <= state.p.touch else ACTIVE
    if state_now != zone.state:
        zone.state = state_now
        zone.changed = 1


@inlined
def _announce(state: Struct, heap: Words, side: int, time: int) -> None:
    """Write what the zones of a side have to tell."""
    resting = state.resting
    for k in range(resting.n[side]):
        zone = resting.zones[side, k]
        if zone.id == 0:
            if time - zone.t_first < state.p.announce:
                continue
            what = EVENT_NEW
        elif zone.changed or float(abs(zone.size - zone.told)) >= state.p.update_share * float(
            zone.peak
        ):
            what = EVENT_UPDATE
        else:
            continue
        zone.told = zone.size
        zone.changed = 0
        write_resting(state, heap, zone, k, what, NO_REASON, time)


@inlined
def _end_zone(state: Struct, heap: Words, zone: Struct, time: int) -> None:
    """End a zone that nothing inherits; unannounced ones leave without a word."""
    if zone.id == 0:
        return
    book = state.book
    side = zone.side
    left = as_int(0)
    n = visible_rows(book, side)
    for i in range(n):
        if zone.low <= book.px[side, i] <= zone.high:
            left += book.sz[side, i]
    moved = left - zone.size + zone.traded
    if moved > 0:
        zone.added += moved
    else:
        zone.cancelled -= moved
    zone.size = left
    write_resting(state, heap, zone, NO_SLOT, EVENT_END, _why(state, zone, n), time)


@inlined
def _why(state: Struct, zone: Struct, n: int) -> int:
    buffer = state.p.buffer
    side = zone.side
    if side == 1 and zone.beyond < zone.low - buffer:
        return THROUGH
    if side == 0 and zone.beyond > zone.high + buffer:
        return THROUGH
    fall = zone.peak - zone.size
    if fall > 0 and 2 * (zone.near - zone.near_peak) >= fall:
        return CONSUMED
    worst = state.book.px[side, n - 1]
    if (side == 1 and zone.low < worst) or (side == 0 and zone.high > worst):
        return OUT_OF_WINDOW
    return PULLED


@inlined
def resting_trade(state: Struct, price: int, aggressor: int, size: int, time: int) -> None:
    """Credit a trade to the zones at and near its price."""
    buffer = state.p.buffer
    for side in range(2):
        for k in range(state.resting.n[side]):
            zone = state.resting.zones[side, k]
            if zone.low - buffer <= price <= zone.high + buffer:
                zone.near += size
                zone.t_touch = time
                if zone.low <= price <= zone.high:
                    zone.traded += size
                    if aggressor == 1:
                        zone.buy += size
                    elif aggressor == 0:
                        zone.sell += size
                    else:
                        zone.unknown += size
            zone.beyond = min(zone.beyond, price) if side == 1 else max(zone.beyond, price)


@inlined
def next_quiet_instant(state: Struct, time: int, last: int, grid: int) -> int:
    """First instant after ``time``, at most ``last``, at which silence changes a zone.

    All rows, and so the median, stay as they were at ``time``. An announcement falls due, a touch
    wears off, or the base has drifted so far that a bucket turns: since it drifts towards one
    value, the buckets that turn only grow in number, and the first instant is found by bisection.
    """
    resting = state.resting
    p = state.p
    due = last
    for side in range(2):
        for k in range(resting.n[side]):
            zone = resting.zones[side, k]
            if zone.id == 0:
                due = min(due, _grid_up(zone.t_first + p.announce, grid))
            if zone.state == TOUCHED and time - zone.t_touch <= p.touch:
                due = min(due, _grid_up(zone.t_touch + p.touch + 1, grid))
    due = max(due, time + grid)
    low = as_int(1)
    high = (due - time) // grid
    if high < 1 or not _turns(state, time + high * grid - grid):
        return due
    while low < high:
        middle = (low + high) // 2
        if _turns(state, time + middle * grid - grid):
            high = middle
        else:
            low = middle + 1
    return time + low * grid


@inlined
def _turns(state: Struct, time: int) -> int:
    """Whether the base as of ``time`` would give other runs than the present zones."""
    resting = state.resting
    usual = ewma_value_at(resting.base, time, state.p.base_half_life)
    base = max(usual, state.p.volume_threshold)
    for side in range(2):
        _find_runs(state, side, base)
        if _runs_differ(resting, side):
            return 1
    return 0


@inlined
def _runs_differ(resting: Struct, side: int) -> int:
    """Whether the runs are of other buckets than the zones of a side."""
    if resting.runs_n != resting.n[side]:
        return 1
    for k in range(resting.runs_n):
        run = resting.runs[k]
        zone = resting.zones[side, k]
        if run.b_low != zone.b_low or run.b_high != zone.b_high:
            return 1
    return 0


@inlined
def _grid_up(time: int, grid: int) -> int:
    return -(-time // grid) * grid


@inlined
def keep_rows(state: Struct) -> None:
    """Remember the visible rows before a snapshot replaces them."""
    book = state.book
    resting = state.resting
    for side in range(2):
        n = visible_rows(book, side)
        resting.before_n[side] = n
        for i in range(n):
            resting.before_px[side, i] = book.px[side, i]
            resting.before_sz[side, i] = book.sz[side, i]


@inlined
def drop_changed_zones(
    state: Struct, heap: Words, reason: int, all_of_them: int, time: int
) -> None:
    """End the zones whose rows differ from those that ``keep_rows`` kept, or all of them."""
    resting = state.resting
    for side in range(1, -1, -1):
        kept = as_int(0)
        for k in range(resting.n[side]):
            zone = resting.zones[side, k]
            if all_of_them or _rows_differ(state, side, zone.low, zone.high):
                if zone.id > 0:
                    write_resting(state, heap, zone, NO_SLOT, EVENT_END, reason, time)
            else:
                if kept != k:
                    resting.zones[side, kept] = resting.zones[side, k]
                kept += 1
        resting.n[side] = kept


@inlined
def _rows_differ(state: Struct, side: int, low: int, high: int) -> int:
    book = state.book
    resting = state.resting
    i = as_int(0)
    j = as_int(0)
    n = visible_rows(book, side)
    m = resting.before_n[side]
    while True:
        while i < n and not low <= book.px[side, i] <= high:
            i += 1
        while j < m and not low <= resting.before_px[side, j] <= high:
            j += 1
        if i == n or j == m:
            return as_int(i < n or j < m)
        if (
            book.px[side, i] != resting.before_px[side, j]
            or book.sz[side, i] != resting.before_sz[side, j]
        ):
            return 1
        i += 1
        j += 1


@inlined
def resting_clear(resting: Struct) -> None:
    """Forget zones and base; ids go on."""
    resting.n[0] = 0
    resting.n[1] = 0
    resting.runs_n = 0
    resting.base_used = 0.0
    ewma_clear(resting.base)
