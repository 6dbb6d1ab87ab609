"""The compiled calls of an analyzer: one per frame, and the rare ones around it."""

import math

import numpy as np

from market.jit import borrowed, inlined, kernel, unsigned
from market.record import REWIND_NS
from orderbook.analytics.bars import bar_clear, bar_trade
from orderbook.analytics.cells import add_trade, has_room
from orderbook.analytics.endings import clear_marks, end_all_marks, lose_trades
from orderbook.analytics.events import number_events, write_mark, write_resting, write_traded
from orderbook.analytics.flow import (
    flow_clear_range,
    flow_session,
    flow_sum,
    flow_trade,
    flow_volume,
)
from orderbook.analytics.icebergs import note_shown_again, size_before
from orderbook.analytics.known import forget_known
from orderbook.analytics.microprice import micro_clear, micro_stop
from orderbook.analytics.momentum import momentum_clear
from orderbook.analytics.notable import (
    notable_clear,
    notable_gap,
    notable_session,
    notable_trade,
)
from orderbook.analytics.ofi import ofi_clear, ofi_restart
from orderbook.analytics.opacity import opacity_clear, opacity_turn
from orderbook.analytics.pulls import (
    pulls_clear,
    pulls_group,
    pulls_order,
    pulls_stop,
    pulls_trade,
)
from orderbook.analytics.recent import recent_room, recent_trade
from orderbook.analytics.resting import (
    drop_changed_zones,
    keep_rows,
    resting_clear,
    resting_trade,
)
from orderbook.analytics.row import write_row
from orderbook.analytics.signals import clear_signals, drop_watches
from orderbook.analytics.toxicity import toxicity_clear, toxicity_gap, toxicity_trade
from orderbook.analytics.traded import traded_clear
from orderbook.analytics.volume import volume_clear
from orderbook.books.ladder import apply_depth, clear_book
from orderbook.books.orders import apply_order
from orderbook.books.price import refresh_rows
from orderbook.books.table import fetch_ahead
from orderbook.clock import complete_group, run_instants, start_clock
from orderbook.layout import (
    BAR,
    BARS_LOG,
    BY_ORDER,
    CLOSED,
    CLUSTER_EVENTS,
    EVENT_END,
    EVENT_SNAPSHOT,
    FOREVER,
    GROW,
    NO_REASON,
    OK,
    PROFILE,
    REWIND,
    STALE,
    STALE_END,
    STATE,
    STATUSES,
    SUMS_LOG,
    Struct,
    Words,
    as_int,
)

__all__ = [
    "advance_clock",
    "backfill_trades",
    "describe_live",
    "end_session",
    "forget_trades",
    "load_rows",
    "mark_gap",
    "open_session",
    "process_records",
    "read_row",
    "reset_state",
]

_MINUTE = 60_000_000_000


@kernel
def process_records(
    records: Struct, base: int, seq: int, row: int, words: Words, heap: Words
) -> int:
    """Apply records to book and analytics.

    Args:
        records: RECORD array, read only.
        base: ns UTC, added to each ``dt``.
        seq: number of ``records[0]``.
        row: 1: the frame makes a metrics row, to be written at its end; 0: it makes none.
        words: STATE, changed in place.
        heap: changed in place.

    Returns:
        ``applied * STATUSES + status`` (reading a field from Python costs as much as the call).
        OK; or a status of ``orderbook.layout`` that stopped it before record ``applied``, with
        everything before applied: GROW and BOUNDARY ask to be called again with the rest, REWIND
        and the book faults do not apply the record.
    """
    heap = borrowed(heap)
    state = words.view(STATE)[0]
    clock = state.clock
    book = state.book
    half = borrowed(heap.view(np.int32))
    for i in range(len(records)):
        record = records[unsigned(i)]
        time = base + as_int(record.dt)
        if time != clock.now or not clock.started:
            status = _move_time(state, heap, time)
            if status != OK:
                return _stop(state, i, seq, status)
        if record.kind <= 1:
            status = apply_depth(book, heap, record)
            if status != OK:
                return _stop(state, i, seq, status)
            clock.open = 1
        elif record.kind == 4:
            fetch_ahead(book, heap, half, records, i)
            before = as_int(0)
            if record.op == 1 and state.recent.time == clock.now and state.p.icebergs:
                before = size_before(state, heap, record)
            status = apply_order(book, heap, half, record, seq + i)
            if status != OK:
                return _stop(state, i, seq, status)
            if before > 0:
                note_shown_again(state, heap, record, before)
            if book.mode == BY_ORDER:
                clock.open = 1
                pulls_order(state.pulls, book, record.op)
        elif record.kind == 3:
            if not _trade(state, heap, record):
                return _stop(state, i, seq, GROW)
        elif record.op == 1:
            flow_volume(state.flow, record.size)
        clock.seq = seq + i + 1
    if row:
        refresh_rows(book, heap, book.depth)
        write_row(state)
    return len(records) * STATUSES + OK


@inlined
def _stop(state: Struct, index: int, seq: int, status: int) -> int:
    state.clock.seq = seq + index
    return index * STATUSES + status


@inlined
def _move_time(state: Struct, heap: Words, time: int) -> int:
    """Bring the clock to a record's time; an earlier one, within 5 s, joins the open group."""
    clock = state.clock
    if not clock.started:
        start_clock(clock, time, state.p.grid)
        state.flow.since = time
        return OK
    if time < clock.now:
        return REWIND if time < clock.now - REWIND_NS else OK
    if clock.open:
        status = complete_group(state, heap)
        if status != OK:
            return status
    if state.pulls.owed_n > 0:
        pulls_group(state.pulls)
    if time >= clock.next_instant or time >= clock.boundary:
        status = run_instants(state, heap, time)
        if status != OK:
            return status
    clock.now = time
    return OK


@inlined
def _trade(state: Struct, heap: Words, record: Struct) -> int:
    """Apply a trade everywhere; 0 when the heap lacks room and nothing was changed."""
    header = state.book.heap
    if not (has_room(header, PROFILE, 1) and has_room(header, BAR, 1)):
        return 0
    recent = state.p.absorption or state.p.icebergs
    if recent and not recent_room(state):
        return 0
    price = record.price
    size = record.size
    aggressor = as_int(record.side)
    signed = _signed(aggressor, size)
    add_trade(header, heap, PROFILE, price, aggressor, size)
    add_trade(header, heap, BAR, price, aggressor, size)
    minute = state.clock.now // _MINUTE * _MINUTE
    bar_trade(state.bars, minute, price, signed, size)
    flow_trade(state.flow, price, signed, size)
    notable_trade(state.notable, state.clock.now, price)
    state.volume.open += size
    resting_trade(state, price, aggressor, size, state.clock.now)
    if recent:
        recent_trade(state, heap, price, aggressor, size, state.clock.now)
    pulls_trade(state, price, aggressor, size)
    p = state.p
    if p.toxicity:
        toxicity_trade(state.toxicity, aggressor, size, p.toxicity_volume, p.toxicity_n)
    state.clock.active = 1
    return 1


@inlined
def _signed(aggressor: int, size: int) -> int:
    return size if aggressor == 1 else (-size if aggressor == 0 else as_int(0))


@kernel
def backfill_trades(
    records: Struct, base: int, start: int, since: int, until: int, words: Words, heap: Words
) -> int:
    """Add ``records[start:]``, trades of the past, to the profile and the session sums only.

    The trade of place (``ref``) 1 begins the list: sums and profile start anew. One that is not
    the next of the list, or lies outside of the session, ends it: the rest of it does not count.

    Args:
        records: RECORD array of trades, read only.
        base: ns UTC, added to each ``dt``.
        start: first record to add.
        since: opening of the session, ns UTC, inclusive.
        until: its end, exclusive.
        words: STATE, changed in place; ``flow.filled`` counts the list, ``complete`` stays 0.
        heap: changed in place.

    Returns:
        As ``process_records``, with status OK or GROW.
    """
    heap = borrowed(heap)
    state = words.view(STATE)[0]
    flow = state.flow
    header = state.book.heap
    for i in range(start, len(records)):
        record = records[i]
        if not has_room(header, PROFILE, 1):
            return i * STATUSES + GROW
        place = as_int(record.ref)
        if place == 1:
            flow_session(flow, since, 0)
            notable_session(state)
            header.count[PROFILE] = 0
        time = base + as_int(record.dt)
        if place != flow.filled + 1 or time < since or time >= until:
            flow.filled = 0
            continue
        aggressor = as_int(record.side)
        add_trade(header, heap, PROFILE, record.price, aggressor, record.size)
        flow_sum(flow, record.price, _signed(aggressor, record.size), record.size)
        notable_trade(state.notable, time, record.price)
        flow.filled = place
    return len(records) * STATUSES + OK


@kernel
def advance_clock(time: int, words: Words, heap: Words) -> int:
    """A heartbeat moves the clock to ``time``; earlier ones change nothing. Status as above."""
    heap = borrowed(heap)
    state = words.view(STATE)[0]
    clock = state.clock
    if not clock.started or time <= clock.now:
        return OK
    if clock.open:
        status = complete_group(state, heap)
        if status != OK:
            return status
    if state.pulls.owed_n > 0:
        pulls_group(state.pulls)
    status = run_instants(state, heap, time)
    if status == OK:
        clock.now = time
    return status


@kernel
def read_row(words: Words, heap: Words) -> None:
    """Write the metrics row of the present state."""
    heap = borrowed(heap)
    state = words.view(STATE)[0]
    refresh_rows(state.book, heap, state.book.depth)
    write_row(state)


@kernel
def load_rows(records: Struct, seq: int, again: int, words: Words, heap: Words) -> int:
    """Replace the book by a snapshot: one record by price per level, or orders as adds.

    The clock stands at the snapshot's time. Returns OK, or GROW with the book half loaded: grow
    and call ``again``.
    """
    heap = borrowed(heap)
    state = words.view(STATE)[0]
    book = state.book
    half = borrowed(heap.view(np.int32))
    if not again:
        keep_rows(state)
    clear_book(book)
    for i in range(len(records)):
        if records[i].kind == 4:
            status = apply_order(book, heap, half, records[i], seq)
        else:
            status = apply_depth(book, heap, records[i])
        if status != OK:
            return status
    book.loaded = 1
    state.clock.stale = 0
    state.clock.seq = seq
    state.volume.partial = 1
    ofi_restart(state.ofi)
    drop_watches(state.signals, STALE)
    pulls_stop(state.pulls)
    micro_stop(state.micro)
    complete_group(state, heap)
    first = book.heap.count[CLUSTER_EVENTS]
    drop_changed_zones(state, heap, STALE_END, 0, state.clock.now)
    number_events(state, heap, first)
    return OK


@kernel
def mark_gap(words: Words) -> None:
    """Records were lost: nothing is sampled until a snapshot, the session's sums are incomplete."""
    state = words.view(STATE)[0]
    state.clock.stale = 1
    state.clock.open = 0
    state.volume.partial = 1
    state.flow.complete = 0
    state.flow.filled = 0
    notable_gap(state.notable, state.clock.now)
    ofi_restart(state.ofi)
    drop_watches(state.signals, STALE)
    lose_trades(state)
    pulls_stop(state.pulls)
    micro_stop(state.micro)
    toxicity_gap(state.toxicity)


@kernel
def end_session(reason: int, time: int, words: Words, heap: Words) -> None:
    """End all clusters for one reason; the heap has room for their events."""
    heap = borrowed(heap)
    state = words.view(STATE)[0]
    first = state.book.heap.count[CLUSTER_EVENTS]
    refresh_rows(state.book, heap, state.book.depth)
    opacity_turn(state.opacity, max(state.opacity.minute, time // _MINUTE))
    drop_changed_zones(state, heap, reason, 1, time)
    for i in range(state.traded.n):
        write_traded(state, heap, state.traded.clusters[i], i, EVENT_END, reason, time)
    state.traded.n = 0
    end_all_marks(state, heap, reason, time)
    number_events(state, heap, first)
    drop_watches(state.signals, STALE if reason == STALE_END else CLOSED)


@kernel
def forget_trades(words: Words) -> None:
    """Nobody asks for recent trades any more; whoever does later begins anew."""
    lose_trades(words.view(STATE)[0])


@kernel
def open_session(since: int, complete: int, words: Words) -> None:
    """Start the sums and the profile of a session."""
    state = words.view(STATE)[0]
    flow_session(state.flow, since, complete)
    notable_clear(state)
    state.book.heap.count[PROFILE] = 0


@kernel
def describe_live(words: Words, heap: Words) -> int:
    """Append a snapshot event for every live announced cluster; returns their number.

    The heap has room for them; the caller takes them off again.
    """
    heap = borrowed(heap)
    state = words.view(STATE)[0]
    refresh_rows(state.book, heap, state.book.depth)
    first = state.book.heap.count[CLUSTER_EVENTS]
    now = state.clock.now
    for side in range(1, -1, -1):
        for k in range(state.resting.n[side]):
            zone = state.resting.zones[side, k]
            if zone.id > 0:
                write_resting(state, heap, zone, k, EVENT_SNAPSHOT, NO_REASON, now)
    for i in range(state.traded.n):
        write_traded(state, heap, state.traded.clusters[i], i, EVENT_SNAPSHOT, NO_REASON, now)
    for i in range(state.marks.n):
        write_mark(state, heap, state.marks.items[i], i, EVENT_SNAPSHOT, NO_REASON, now)
    return as_int(state.book.heap.count[CLUSTER_EVENTS]) - first


@kernel
def reset_state(words: Words) -> None:
    """Empty the book and all windows; ids, totals and settings stay."""
    state = words.view(STATE)[0]
    clear_book(state.book)
    clock = state.clock
    clock.started = 0
    clock.open = 0
    clock.active = 0
    clock.stale = 0
    clock.both_seen = 0
    clock.crossed = 0
    clock.boundary = FOREVER
    ofi_clear(state.ofi)
    momentum_clear(state.momentum)
    volume_clear(state.volume)
    bar_clear(state.bars)
    state.bars.mid_mode = 1
    flow_session(state.flow, 0, 0)
    flow_clear_range(state.flow)
    state.flow.traded = 0
    state.flow.volume_known = 0
    state.flow.volume_gap = math.nan
    resting_clear(state.resting)
    traded_clear(state.traded)
    clear_marks(state)
    forget_known(state)
    opacity_clear(state.opacity)
    clear_signals(state.signals)
    pulls_clear(state.pulls)
    micro_clear(state.micro)
    toxicity_clear(state.toxicity)
    notable_clear(state)
    header = state.book.heap
    header.count[PROFILE] = 0
    header.count[BAR] = 0
    header.count[BARS_LOG] = 0
    header.count[SUMS_LOG] = 0
