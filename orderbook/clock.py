"""The event clock: groups complete when time advances, instants lie on a grid, silence skips."""

import math

from market.jit import fused, inlined
from orderbook.analytics.absorption import judge_absorption, set_absorption_threshold
from orderbook.analytics.bars import bar_close, bar_mid
from orderbook.analytics.cells import has_room
from orderbook.analytics.endings import end_marks
from orderbook.analytics.events import number_events
from orderbook.analytics.ewma import ewma_extend
from orderbook.analytics.flow import flow_clear_range
from orderbook.analytics.icebergs import judge_icebergs
from orderbook.analytics.marks import earliest_mark_expiry
from orderbook.analytics.microprice import micro_instant
from orderbook.analytics.momentum import momentum_second, momentum_silence
from orderbook.analytics.notable import notable_minute
from orderbook.analytics.ofi import ofi_group, ofi_second, ofi_silence
from orderbook.analytics.opacity import opacity_sample, opacity_turn
from orderbook.analytics.pulls import pulls_instant, pulls_silence
from orderbook.analytics.recent import forget_old
from orderbook.analytics.resting import next_quiet_instant, sample_resting
from orderbook.analytics.signals import judge_signals, signals_due
from orderbook.analytics.stacks import judge_stacks
from orderbook.analytics.traded import (
    bar_room,
    close_bar_cells,
    earliest_expiry,
    end_traded,
    judge_traded,
)
from orderbook.analytics.volume import volume_silence, volume_window
from orderbook.books.ladder import judge_group
from orderbook.books.price import refresh_rows
from orderbook.layout import (
    BAR,
    BOUNDARY,
    CLUSTER_EVENTS,
    DEVELOPING,
    GROW,
    OK,
    RECENT_CELLS,
    ROWS,
    SIGNALS,
    Struct,
    Words,
)

__all__ = ["complete_group", "run_instants", "start_clock"]

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_SILENT_BARS = 6


@inlined
def start_clock(clock: Struct, time: int, grid: int) -> None:
    """The first event sets the clock; the first instant lies after it."""
    clock.started = 1
    clock.now = time
    clock.next_instant = (time // grid + 1) * grid
    clock.quiet_since = clock.next_instant


@inlined
def complete_group(state: Struct, heap: Words) -> int:
    """Judge the rows of the open group, set the phase, form the OFI pairs.

    Returns:
        OK, or a book fault, and then nothing but the judgement has happened.
    """
    book = state.book
    clock = state.clock
    status = judge_group(book)
    if status != OK:
        return status
    refresh_rows(book, heap, book.depth)
    clock.open = 0
    clock.active = 1
    both = book.n[0] > 0 and book.n[1] > 0
    clock.crossed = both and book.px[1, 0] >= book.px[0, 0]
    clock.both_seen = clock.both_seen or both
    ofi_group(state.ofi, book, state.p.ofi_levels)
    book.touched = ROWS
    return OK


@inlined
def _is_sampled(state: Struct) -> int:
    clock = state.clock
    book = state.book
    return (
        clock.both_seen
        and not clock.stale
        and not clock.paused
        and not clock.crossed
        and book.n[0] > 0
        and book.n[1] > 0
    )


@inlined
def run_instants(state: Struct, heap: Words, time: int) -> int:
    """Evaluate the instants up to and including ``time``, the group before them complete.

    Returns:
        OK; GROW when the heap lacks room for the next instant; BOUNDARY when the trading session
        changes at ``clock.boundary`` ≤ ``time`` (the instants up to it are done).
    """
    clock = state.clock
    stop = min(time, clock.boundary)
    while clock.next_instant <= stop:
        instant = clock.next_instant
        if not _has_room(state, heap, instant):
            return GROW
        _evaluate(state, heap, instant)
        clock.next_instant = instant + state.p.grid
        if clock.active:
            clock.active = 0
            clock.quiet_since = instant
        elif clock.next_instant < stop:
            _skip_silence(state, instant, stop)
    return BOUNDARY if clock.boundary <= time else OK


@inlined
def _has_room(state: Struct, heap: Words, instant: int) -> int:
    """Room for everything that one instant can write."""
    header = state.book.heap
    resting = state.resting
    events = (
        2 * (resting.n[0] + resting.n[1])
        + 2 * state.book.depth
        + 2 * state.traded.n
        + header.count[BAR]
        + 2 * state.marks.n
        + 2 * state.p.stacks * header.count[BAR]
        + 2 * header.count[RECENT_CELLS]
        + state.icebergs.n
        + 2
    )
    if not has_room(header, CLUSTER_EVENTS, events) or not has_room(header, SIGNALS, 2):
        return 0
    if instant % _MINUTE == 0:
        return bar_room(header) and has_room(header, DEVELOPING, 1)
    return 1


@inlined
def _evaluate(state: Struct, heap: Words, instant: int) -> None:
    """One instant, in the order of docs/analytics.md."""
    p = state.p
    book = state.book
    sampled = _is_sampled(state)
    mid = float(book.px[0, 0] + book.px[1, 0]) if sampled else math.nan
    if instant % _SECOND == 0:
        momentum_second(state.momentum, mid, instant, p.momentum_h, p.momentum_half_life)
        ofi_second(state.ofi, sampled, instant, p.ofi_half_life)
    if instant % p.volume_window == 0:
        volume_window(state.volume, state.flow.traded, p.volume_n, p.volume_min)
        state.volume.partial = state.clock.stale
    if state.bars.mid_mode and sampled:
        bar_mid(state.bars, book.px[0, 0] + book.px[1, 0])
    if instant % _MINUTE == 0:
        notable_minute(state, heap, instant)
        close_bar_cells(state, heap, instant)
        bar_close(state.bars, p.neutral)
    pulls_instant(state, sampled, instant)
    micro_instant(state, sampled)
    first = book.heap.count[CLUSTER_EVENTS]
    if sampled:
        opacity_sample(state.opacity, book, instant // _MINUTE, 1)
        sample_resting(state, heap, instant)
    else:
        opacity_turn(state.opacity, instant // _MINUTE)
    end_traded(state, heap, instant)
    if state.marks.n > 0:
        end_marks(state, heap, instant)
    if state.flow.any:
        judge_traded(state, heap, instant)
        _judge_bar(state, heap, instant)
    if p.icebergs:
        judge_icebergs(state, heap, sampled, instant)
    if state.flow.any:
        flow_clear_range(state.flow)
    if book.heap.count[CLUSTER_EVENTS] > first:
        number_events(state, heap, first)
    if state.signals.n > 0 or book.heap.count[CLUSTER_EVENTS] > first:
        judge_signals(state, heap, first, sampled, instant)


@fused
def _judge_bar(state: Struct, heap: Words, instant: int) -> None:
    """Stacks and absorption after trades; those of a bar that has closed were the last of it."""
    p = state.p
    if p.absorption or p.icebergs:
        forget_old(state, heap, instant - p.absorb_window)
    if state.book.heap.count[BAR] == 0:
        return
    if p.stacks:
        judge_stacks(state, heap, instant)
    if p.absorption or p.icebergs:
        set_absorption_threshold(state, heap)
    if p.absorption:
        judge_absorption(state, heap, instant)


@inlined
def _skip_silence(state: Struct, instant: int, stop: int) -> None:
    """Jump over instants at which nothing can happen; ``instant`` was silent and is done.

    Afterwards ``next_instant`` is the first instant, at most the last one up to ``stop``, that
    must be evaluated by itself.
    """
    clock = state.clock
    p = state.p
    grid = p.grid
    last = stop // grid * grid
    expiry = min(earliest_expiry(state), earliest_mark_expiry(state))
    target = min(last, -(-expiry // grid) * grid)
    sampled = _is_sampled(state)
    if state.signals.n > 0:
        due = signals_due(state.signals, p.signals.stack_hold, grid)
        target = min(target, max(due, instant + grid))
    bars = state.bars.filled or state.bars.mid_mode
    if bars and instant < clock.quiet_since + _SILENT_BARS * _MINUTE:
        target = min(target, (instant // _MINUTE + 1) * _MINUTE)
    if instant < clock.quiet_since + (p.momentum_h + 2) * _SECOND:
        target = min(target, (instant // _SECOND + 1) * _SECOND)
    if sampled and target > instant + grid:
        target = next_quiet_instant(state, instant, target, grid)
    skipped = target - grid
    if skipped > instant:
        _pass_time(state, instant, skipped, sampled)
        clock.next_instant = target


@inlined
def _pass_time(state: Struct, instant: int, upto: int, sampled: int) -> None:
    """Account for the silent instants after ``instant`` up to and including ``upto``."""
    p = state.p
    book = state.book
    seconds = upto // _SECOND - instant // _SECOND
    if seconds > 0:
        time = upto // _SECOND * _SECOND
        mid = float(book.px[0, 0] + book.px[1, 0]) if sampled else math.nan
        momentum_silence(state.momentum, mid, time, seconds, p.momentum_h, p.momentum_half_life)
        ofi_silence(state.ofi, sampled, time, seconds, p.ofi_half_life)
    windows = upto // p.volume_window - instant // p.volume_window
    if windows > 0 and not state.clock.stale:
        volume_silence(state.volume, windows, state.flow.traded, p.volume_n, p.volume_min)
    pulls_silence(state, sampled, instant, upto)
    if not sampled:
        return
    ewma_extend(state.resting.base, upto, (upto - instant) // p.grid)
    oldest = upto // _MINUTE - 30
    at = max(instant, oldest * _MINUTE)
    state.opacity.samples += (at - instant) // p.grid
    while at < upto:
        minute = (at + p.grid) // _MINUTE
        end = min(upto, (minute + 1) * _MINUTE - p.grid)
        opacity_sample(state.opacity, book, minute, (end - at) // p.grid)
        at = end
