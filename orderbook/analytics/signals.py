"""Signals: rules over the cluster events of an instant and the touch, see docs/analytics.md.

An event arms a watch; the watch speaks once, when price has done what its rule waits for, or not at
all. A word that is not withheld becomes a signal.
"""

import math

from market.jit import inlined
from orderbook.analytics.events import event_at
from orderbook.analytics.row import depth_near, phase_of
from orderbook.layout import (
    ABSORPTION,
    ABSORPTION_REVERSAL,
    ALONE,
    BOUNCE,
    BREAK,
    CLOSED,
    CLUSTER_EVENTS,
    CONSUMED,
    EVENT_END,
    EVENT_NEW,
    FOREVER,
    IMBALANCE_STACK,
    NEVER,
    NO_SLOT,
    NULL_TICKS,
    PULL_AHEAD,
    PULLED,
    RECENT_SIGNALS,
    RESTING,
    SIGNAL,
    SIGNAL_WIDTH,
    SIGNALS,
    SPACED,
    STACK_CONTINUATION,
    THROUGH,
    TOUCHED,
    WARMING,
    WATCH_SLOTS,
    Struct,
    Words,
    as_int,
)

__all__ = ["clear_signals", "drop_watches", "judge_signals", "signals_due"]


@inlined
def judge_signals(state: Struct, heap: Words, first: int, sampled: int, time: int) -> None:
    """Let the rules see an instant.

    Args:
        state: watches, votes and counts are changed; the visible rows are fresh.
        heap: signals are appended; it has room for one of each direction.
        first: index of the instant's first cluster event, in order and with ids.
        sampled: whether the book can be read.
        time: the instant.
    """
    signals = state.signals
    for i in range(first, state.book.heap.count[CLUSTER_EVENTS]):
        event = event_at(state, heap, i)
        if event.kind == RESTING:
            _see_resting(state, event, time)
        elif event.kind == IMBALANCE_STACK:
            _see_traded(state, event, STACK_CONTINUATION, _rows(event), time)
        elif event.kind == ABSORPTION:
            _see_traded(state, event, ABSORPTION_REVERSAL, event.rel, time)
    if signals.n == 0:
        return
    if not sampled:
        _withhold_waiting(signals, phase_of(state.clock))
        return
    imbalance = math.nan
    if _any_waits(signals):
        imbalance = depth_near(state)[2]
    kept = as_int(0)
    for i in range(signals.n):
        watch = signals.watches[i]
        if watch.waiting and time - watch.since > state.p.signals.watch:
            continue
        if watch.waiting and _comes_true(state, watch, imbalance, time):
            _speak(state, heap, watch, imbalance, time)
            continue
        if kept != i:
            signals.watches[kept] = signals.watches[i]
        kept += 1
    signals.n = kept


@inlined
def _rows(event: Struct) -> float:
    return float(event.tick_high - event.tick_low + 1)


@inlined
def _see_resting(state: Struct, event: Struct, time: int) -> None:
    """A resting cluster was touched, let go, or has ended."""
    signals = state.signals
    rule = state.p.signals.rules
    slot = _find(signals, BOUNCE, event.id)
    if event.event == EVENT_END:
        if slot >= 0:
            _remove(signals, slot)
        if event.end_reason == CONSUMED or event.end_reason == THROUGH:
            if rule[BREAK].on:
                eaten = event.sell if event.side == 1 else event.buy
                share = float(eaten) / float(max(event.size_peak, 1))
                _arm(state, event, BREAK, share, time)
        elif event.end_reason == PULLED and rule[PULL_AHEAD].on and _was_close(state, event):
            fall = float(event.size_peak - event.size) / float(max(event.size_peak, 1))
            _arm(state, event, PULL_AHEAD, fall, time)
        return
    if not rule[BOUNCE].on:
        return
    if event.state == TOUCHED:
        if slot < 0:
            slot = _add(signals, event, BOUNCE)
        if slot >= 0:
            signals.watches[slot].waiting = 0
    elif slot >= 0 and not signals.watches[slot].waiting:
        signals.watches[slot].waiting = 1
        signals.watches[slot].since = time
    if slot >= 0:
        _follow(signals.watches[slot], event)


@inlined
def _was_close(state: Struct, event: Struct) -> int:
    """Whether a cluster stood near the touch, and for long enough to count."""
    p = state.p.signals
    return (
        event.distance != NULL_TICKS
        and 0 <= event.distance <= p.rules[PULL_AHEAD].ticks
        and event.t_last - event.t_first >= p.pull_age
    )


@inlined
def _see_traded(state: Struct, event: Struct, rule: int, measure: float, time: int) -> None:
    """A stack of imbalances or an absorption came, changed or ended."""
    signals = state.signals
    if not state.p.signals.rules[rule].on:
        return
    if event.event == EVENT_NEW:
        _arm(state, event, rule, measure, time)
        return
    slot = _find(signals, rule, event.id)
    if slot < 0:
        return
    if event.event == EVENT_END:
        _remove(signals, slot)
    else:
        _follow(signals.watches[slot], event)
        if not math.isnan(measure):
            signals.watches[slot].measure = measure


@inlined
def _arm(state: Struct, event: Struct, rule: int, measure: float, time: int) -> None:
    """Begin to wait, if the measure is as large as the rule asks for."""
    if measure >= state.p.signals.rules[rule].limit:
        slot = _add(state.signals, event, rule)
        if slot >= 0:
            watch = state.signals.watches[slot]
            watch.waiting = 1
            watch.since = time
            watch.measure = measure


@inlined
def _add(signals: Struct, event: Struct, rule: int) -> int:
    """A new watch at the end of the list; NO_SLOT when there is none left."""
    if signals.n == WATCH_SLOTS:
        signals.dropped += 1
        return NO_SLOT
    watch = signals.watches[signals.n]
    watch.rule = rule
    watch.cluster = event.id
    watch.side = event.side
    up = event.side == 1
    if rule in (BREAK, PULL_AHEAD):
        up = not up
    watch.direction = 1 if up else -1
    watch.waiting = 0
    watch.since = NEVER
    watch.beyond = NEVER
    watch.measure = math.nan
    _follow(watch, event)
    signals.n += 1
    return signals.n - 1


@inlined
def _follow(watch: Struct, event: Struct) -> None:
    watch.low = event.tick_low
    watch.high = event.tick_high
    watch.size = event.size
    watch.peak = event.size_peak


@inlined
def _find(signals: Struct, rule: int, cluster: int) -> int:
    for i in range(signals.n):
        if signals.watches[i].rule == rule and signals.watches[i].cluster == cluster:
            return as_int(i)
    return NO_SLOT


@inlined
def _remove(signals: Struct, slot: int) -> None:
    for i in range(slot + 1, signals.n):
        signals.watches[i - 1] = signals.watches[i]
    signals.n -= 1


@inlined
def _withhold_waiting(signals: Struct, reason: int) -> None:
    """Drop the watches that wait for price; clusters that are touched stay watched."""
    kept = as_int(0)
    for i in range(signals.n):
        if signals.watches[i].waiting:
            signals.withheld[reason] += 1
            continue
        if kept != i:
            signals.watches[kept] = signals.watches[i]
        kept += 1
    signals.n = kept


@inlined
def _any_waits(signals: Struct) -> int:
    for i in range(signals.n):
        if signals.watches[i].waiting:
            return as_int(1)
    return as_int(0)


@inlined
def _ticks_beyond(book: Struct, watch: Struct) -> int:
    """How far the touch stands on the far side of the zone, in the watch's direction."""
    if watch.direction > 0:
        return book.px[1, 0] - watch.high
    return watch.low - book.px[0, 0]


@inlined
def _comes_true(state: Struct, watch: Struct, imbalance: float, time: int) -> int:
    """Whether price has done what the watch waits for; NaN never is enough."""
    p = state.p.signals
    rule = p.rules[watch.rule]
    if not rule.on:
        return 0
    leaning = float(watch.direction) * imbalance
    if watch.rule == PULL_AHEAD:
        return leaning >= p.pull_imbalance
    if _ticks_beyond(state.book, watch) < rule.ticks:
        watch.beyond = NEVER
        return 0
    if watch.rule == BOUNCE:
        whole = float(watch.size) >= p.bounce_keep * float(watch.peak)
        watch.measure = leaning
        return whole and leaning >= rule.limit
    if watch.rule == STACK_CONTINUATION:
        if watch.beyond == NEVER:
            watch.beyond = time
        return time - watch.beyond >= p.stack_hold
    return 1


@inlined
def _speak(state: Struct, heap: Words, watch: Struct, imbalance: float, time: int) -> None:
    """Count the word as withheld, or make it a signal."""
    signals = state.signals
    p = state.p.signals
    side = as_int(watch.direction > 0)
    if state.clock.closed:
        signals.withheld[CLOSED] += 1
    elif state.resting.base.count * state.p.grid < p.warmup:
        signals.withheld[WARMING] += 1
    elif time - signals.last[side] < p.spacing:
        signals.withheld[SPACED] += 1
    elif not _agree(signals, watch, p.agree, p.agree_within, time):
        signals.withheld[ALONE] += 1
    else:
        signals.last[side] = time
        _write(state, heap, watch, imbalance, time)


@inlined
def _agree(signals: Struct, watch: Struct, needed: int, within: int, time: int) -> int:
    """Add a vote; whether enough agree now. Then they begin to count anew.

    A vote makes those for the other direction void, and an earlier one of its rule and cluster.
    """
    kept = as_int(0)
    for i in range(signals.votes_n):
        vote = signals.votes[i]
        same = vote.rule == watch.rule and vote.cluster == watch.cluster
        if vote.direction == watch.direction and time - vote.time <= within and not same:
            if kept != i:
                signals.votes[kept] = signals.votes[i]
            kept += 1
    signals.votes_n = 0
    if kept + 1 >= needed:
        return 1
    vote = signals.votes[kept]
    vote.direction = watch.direction
    vote.time = time
    vote.rule = watch.rule
    vote.cluster = watch.cluster
    signals.votes_n = kept + 1
    return 0


@inlined
def _write(state: Struct, heap: Words, watch: Struct, imbalance: float, time: int) -> None:
    """Append the signal and keep it among the recent ones."""
    signals = state.signals
    p = state.p.signals
    header = state.book.heap
    start = header.offset[SIGNALS] + header.count[SIGNALS] * SIGNAL_WIDTH
    signal = heap[start : start + SIGNAL_WIDTH].view(SIGNAL)[0]
    header.count[SIGNALS] += 1
    limit = p.rules[watch.rule].limit
    signal.id = signals.next_id
    signal.rule = watch.rule
    signal.side = watch.side
    signal.direction = watch.direction
    signal.time = time
    signal.seq = state.clock.seq
    signal.price = state.book.px[1, 0] if watch.direction > 0 else state.book.px[0, 0]
    signal.cluster = watch.cluster
    signal.tick_low = watch.low
    signal.tick_high = watch.high
    signal.size = watch.size
    signal.size_peak = watch.peak
    signal.ticks = _ticks_beyond(state.book, watch)
    signal.waited = time - watch.since
    signal.expires = time + p.expire
    signal.imbalance = imbalance
    signal.measure = watch.measure
    signal.limit = limit
    signal.strength = float(watch.direction) * watch.measure / (watch.measure + limit)
    slot = signals.next_id % RECENT_SIGNALS
    signals.recent[slot] = signal
    signals.next_id += 1
    signals.fired[watch.rule] += 1


@inlined
def signals_due(signals: Struct, hold: int, grid: int) -> int:
    """First instant at which silence alone makes a watch speak; FOREVER: none."""
    due = FOREVER
    for i in range(signals.n):
        if signals.watches[i].beyond != NEVER:
            due = min(due, -(-(signals.watches[i].beyond + hold) // grid) * grid)
    return due


@inlined
def drop_watches(signals: Struct, reason: int) -> None:
    """The stream broke, or a session ended: nothing that was seen before counts."""
    for i in range(signals.n):
        if signals.watches[i].waiting:
            signals.withheld[reason] += 1
    signals.n = 0
    signals.votes_n = 0


@inlined
def clear_signals(signals: Struct) -> None:
    """Forget everything but counts and ids: time begins anew."""
    signals.n = 0
    signals.votes_n = 0
    signals.last[0] = NEVER
    signals.last[1] = NEVER
    for i in range(RECENT_SIGNALS):
        signals.recent[i].id = 0
