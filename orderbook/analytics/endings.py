"""The ends of marks: price has gone through them, or they are too old."""

from market.jit import fused, inlined
from orderbook.analytics.absorption import absorption_clear
from orderbook.analytics.events import write_mark
from orderbook.analytics.icebergs import icebergs_clear
from orderbook.analytics.lives import why_ended
from orderbook.analytics.marks import marks_clear
from orderbook.analytics.recent import forget_row, recent_clear
from orderbook.analytics.stacks import spend_stack, stacks_clear
from orderbook.layout import (
    ABSORPTION,
    EVENT_END,
    IMBALANCE_STACK,
    NO_REASON,
    THROUGH,
    Struct,
    Words,
    as_int,
)

__all__ = ["clear_marks", "end_all_marks", "end_marks", "lose_trades"]


@fused
def end_marks(state: Struct, heap: Words, time: int) -> None:
    """End marks that price has gone through, or that are too old."""
    marks = state.marks
    kept = as_int(0)
    for i in range(marks.n):
        mark = marks.items[i]
        reason = why_ended(state, mark, time)
        if reason == NO_REASON:
            if kept != i:
                marks.items[kept] = marks.items[i]
            kept += 1
            continue
        if reason == THROUGH:
            _spend(state, heap, mark)
        write_mark(state, heap, mark, i, EVENT_END, reason, time)
    marks.n = kept


@inlined
def _spend(state: Struct, heap: Words, mark: Struct) -> None:
    """What led to the mark does not lead to another one; episodes of icebergs end themselves."""
    side = as_int(mark.side)
    low = as_int(mark.low)
    if mark.kind == ABSORPTION:
        forget_row(state, heap, side, low)
    elif mark.kind == IMBALANCE_STACK:
        spend_stack(state, side, low, as_int(mark.high))


@inlined
def end_all_marks(state: Struct, heap: Words, reason: int, time: int) -> None:
    """End every mark for one reason, and begin anew; there is room for the events."""
    for i in range(state.marks.n):
        write_mark(state, heap, state.marks.items[i], i, EVENT_END, reason, time)
    marks_clear(state)
    lose_trades(state)


@inlined
def lose_trades(state: Struct) -> None:
    """Trades were lost, or those of another session follow: nothing is known of late."""
    recent_clear(state)
    icebergs_clear(state)


@inlined
def clear_marks(state: Struct) -> None:
    """Everything as at the start."""
    marks_clear(state)
    stacks_clear(state)
    absorption_clear(state)
    lose_trades(state)
