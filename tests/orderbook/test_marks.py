"""Stacks, absorption, icebergs: single cases by hand, the footprint's rule, orders, causality."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.ticks import Grid
from orderbook.footprints import imbalances, rule_of, runs_of
from tests.orderbook.compare import Both, analyzer_for, event_fields, run_plan
from tests.orderbook.market_fuzz import make_plan
from tests.reference.order_book import CANCEL, MODIFY
from tests.reference.records import ADD, ASK, BID, BUY, ORDER, SELL, Rec, frames_of, trade
from tests.reference.records import ask as ask_row
from tests.reference.records import bid as bid_row

MS = 10**6
SECOND = 10**9
MINUTE = 60 * SECOND
NOON = 1_700_000_040 * SECOND
STACK, ABSORBED, ICE = "imbalance_stack", "absorption", "iceberg"
OFF = {"stacks": "off", "absorption": "off", "icebergs": "off"}


def book(time: int = NOON, middle: int = 100) -> list[Rec]:
    """Ten rows of five a side, best 100 and 101."""
    bids = [bid_row(time, ADD, i, middle - i, 50) for i in range(10)]
    return bids + [ask_row(time, ADD, i, middle + 1 + i, 50) for i in range(10)]


def played(recs: list[Rec], until: int, **clusters: Any) -> list[dict[str, Any]]:
    """Events of both, which agree."""
    both = Both(clusters={"announce_ms": 600_000, **clusters})
    both.feed(recs)
    both.advance(until)
    return both.events


def told(events: list[dict[str, Any]], kind: str) -> list[tuple[Any, ...]]:
    """What was said of one kind: seconds from noon, word, side, bounds, size, reason."""
    return [
        (
            *((e["time"] - NOON) / SECOND if name == "time" else e[name] for name in ("time",)),
            *(e["event"], e["side"], e["tick_low"], e["tick_high"], e["size"], e["end_reason"]),
        )
        for e in events
        if e["kind"] == kind
    ]


# Stacks


def test_a_stack_of_buys_lives_until_price_goes_through_it() -> None:
    recs = book()
    for row in range(3):
        recs.append(trade(NOON + 50 * MS, BUY, 101 + row, 40))
    recs.append(trade(NOON + 1 * SECOND, BUY, 104, 20))
    recs.append(trade(NOON + 2 * SECOND, SELL, 100, 1))
    recs.append(trade(NOON + 3 * SECOND, SELL, 99, 1))
    recs.append(trade(NOON + 4 * SECOND, SELL, 99, 1))
    found = told(played(recs, NOON + 9 * SECOND), STACK)
    assert found == [
        (0.1, "new", BID, 101, 103, 120, None),
        (1.1, "update", BID, 101, 104, 140, None),
        (3.1, "end", BID, 101, 104, 140, "through"),
    ]


def test_sold_rows_stack_on_the_ask_and_end_with_the_session() -> None:
    recs = [*book(), *(trade(NOON + 50 * MS, SELL, 100 - row, 40) for row in range(3))]
    (new,) = [e for e in played(recs, NOON + SECOND) if e["kind"] == STACK]
    assert (new["side"], new["buy"], new["sell"], new["rel"]) == (ASK, 0, 120, None)


def test_a_stack_expires() -> None:
    recs = [*book(), *(trade(NOON + 50 * MS, BUY, 101 + row, 40) for row in range(3))]
    found = told(played(recs, NOON + 3 * MINUTE, expire_min=1), STACK)
    assert found[-1] == (60.1, "end", BID, 101, 103, 120, "expired")


_trades = st.lists(
    st.tuples(st.sampled_from((SELL, BUY, BUY, 2)), st.integers(97, 106), st.integers(1, 60)),
    max_size=25,
)


@given(
    trades=_trades,
    preset=st.sampled_from(("nt", "tv", "atas")),
    mode=st.sampled_from(("diagonal", "horizontal")),
    zero=st.sampled_from(("allow", "ignore")),
    rows=st.integers(1, 4),
)
def test_the_kernels_stacks_are_those_of_the_footprint(
    trades: list[tuple[int, int, int]], preset: str, mode: str, zero: str, rows: int
) -> None:
    """The stacks of a bar seen once are the runs that NumPy finds in its grid."""
    words = {"stack_preset": preset, "stack_mode": mode, "stack_zero": zero, "stack_rows": rows}
    analyzer = analyzer_for(clusters={**OFF, "stacks": "on", **words})
    recs = [*book(), *(trade(NOON + 50 * MS, side, price, size) for side, price, size in trades)]
    for frame in frames_of(recs):
        analyzer.process_l2_update(frame)
    analyzer.advance(NOON + 100 * MS)
    events = [event_fields(event) for event in analyzer.take_events()]
    grid = np.zeros((2, 20), np.int64)
    for side, price, size in trades:
        if side != 2:
            grid[1 - side, price - 90] += size
    flags = imbalances(grid[0], grid[1], rule_of(preset, mode, zero, Grid(1)))
    wanted = {
        (side, 90 + low, 90 + high, int(grid[1 - side, low : high + 1].sum()))
        for side in (ASK, BID)
        for low, high in runs_of(flags[1 - side], rows)
    }
    found = {
        (e["side"], e["tick_low"], e["tick_high"], e["size"]) for e in events if e["kind"] == STACK
    }
    assert found == wanted


# Absorption

FIXED = {"absorb_threshold": 100.0, "absorb_s": 10, "absorb_ticks": 1, "stacks": "off"}


def hits(price: int, side: int, *times: float, size: int = 40) -> list[Rec]:
    return [trade(NOON + round(t * SECOND), side, price, size) for t in times]


def test_a_row_that_takes_much_and_holds_absorbs() -> None:
    recs = book() + hits(100, SELL, 1.05, 2.05, 3.05, 4.05) + hits(98, SELL, 6.05)
    found = told(played(recs, NOON + 9 * SECOND, **FIXED), ABSORBED)
    assert found == [
        (3.1, "new", BID, 100, 100, 120, None),
        (4.1, "update", BID, 100, 100, 160, None),
        (6.1, "end", BID, 100, 100, 160, "through"),
    ]


def test_it_does_not_if_it_took_too_long_or_price_went_beyond() -> None:
    slow = book() + hits(100, SELL, 1.05, 6.05, 11.05, 16.05)
    assert told(played(slow, NOON + 20 * SECOND, **FIXED), ABSORBED) == []
    beyond = book() + hits(100, SELL, 1.05, 2.05) + hits(98, SELL, 2.55) + hits(100, SELL, 3.05)
    assert told(played(beyond, NOON + 9 * SECOND, **FIXED), ABSORBED) == []
    near = book() + hits(100, SELL, 1.05, 2.05) + hits(99, SELL, 2.55) + hits(100, SELL, 3.05)
    assert [row[1] for row in told(played(near, NOON + 9 * SECOND, **FIXED), ABSORBED)] == ["new"]


def test_what_was_traded_before_price_went_through_does_not_count_again() -> None:
    recs = book() + hits(100, SELL, 1.05, 2.05, 3.05) + hits(98, SELL, 4.05) + hits(100, SELL, 5.05)
    found = told(played(recs, NOON + 9 * SECOND, **{**FIXED, "absorb_ticks": 3}), ABSORBED)
    assert [(row[1], row[6]) for row in found] == [("new", None), ("end", "through")]


def test_the_aggressors_of_one_side_count() -> None:
    mixed = book() + hits(100, SELL, 1.05, 2.05) + hits(100, BUY, 3.05) + hits(100, 2, 4.05)
    assert told(played(mixed, NOON + 9 * SECOND, **FIXED), ABSORBED) == []
    bought = book() + hits(101, BUY, 1.05, 2.05, 3.05)
    (new,) = [e for e in played(bought, NOON + 9 * SECOND, **FIXED) if e["kind"] == ABSORBED]
    assert (new["side"], new["rel"], new["buy"]) == (ASK, 1.2, 120)


def test_a_gap_forgets_what_was_traded() -> None:
    both = Both(clusters={"announce_ms": 600_000, **FIXED})
    both.feed(book() + hits(100, SELL, 1.05, 2.05))
    both.gap()
    both.load([(100, 50)], [(101, 50)], NOON + 3 * SECOND)
    both.feed(hits(100, SELL, 3.05, 4.05))
    both.advance(NOON + 5 * SECOND)
    assert told(both.events, ABSORBED) == []
    both.feed(hits(100, SELL, 5.05))
    both.advance(NOON + 6 * SECOND)
    assert [row[1] for row in told(both.events, ABSORBED)] == ["new"]


# Icebergs from rows

ROWS = {"absorb_threshold": 100.0, "absorption": "off", "stacks": "off"}


def restored(count: int, left: int) -> list[Rec]:
    """Each half second 40 of the best bid of 50 are traded, and it shows ``left`` again."""
    recs = book()
    for k in range(count):
        time = NOON + SECOND + k * 500 * MS
        recs += [trade(time, SELL, 100, 40), bid_row(time + 1, 1, 0, 100, 10)]
        recs += [bid_row(time + 2, 1, 0, 100, left), bid_row(time + 200 * MS, 1, 0, 100, 50)]
    return recs


def test_a_row_that_is_restored_at_once_is_suspected() -> None:
    events = played(restored(6, 50), NOON + 9 * SECOND, **ROWS)
    news = [e for e in events if e["kind"] == ICE]
    new = news[0]
    assert (new["state"], new["side"], new["tick_low"], new["size"]) == ("suspected", BID, 100, 160)
    assert (new["added"], new["rel"], new["sell"], new["buy"]) == (160, 3.2, 160, 0)
    assert [e["event"] for e in news] == ["new", "update", "update"][: len(news)]


def test_no_more_is_put_back_than_was_traded() -> None:
    """Each time the row shows 40 more than it had; what others add is no iceberg's."""
    new = next(e for e in played(restored(9, 90), NOON + 9 * SECOND, **ROWS) if e["kind"] == ICE)
    assert (new["size"], new["added"]) == (280, 280)


def test_a_row_that_is_filled_up_later_is_not() -> None:
    events = played(restored(12, 12), NOON + 19 * SECOND, **ROWS)
    assert told(events, ICE) == []


# Icebergs from orders


def order(time: int, op: int, ref: int, price: int = 0, size: int = 0, side: int = BID) -> Rec:
    return Rec(time, ORDER, side, op, 0, price, size, ref)


def orders() -> list[Rec]:
    return [
        *(order(NOON, ADD, 10 + i, 100 - i, 9) for i in range(3)),
        *(order(NOON, ADD, 20 + i, 101 + i, 9, ASK) for i in range(3)),
    ]


def of_orders(recs: list[Rec], until: int, **clusters: Any) -> list[dict[str, Any]]:
    analyzer = analyzer_for(clusters={**OFF, "icebergs": "on", **clusters})
    for frame in frames_of(recs):
        assert analyzer.process_l2_update(frame).fault is None
    analyzer.advance(until)
    return [event_fields(e) for e in analyzer.take_events() if e["kind"] == 4]


def refill(time: int, size: int = 9, ref: int = 10, price: int = 100) -> list[Rec]:
    return [trade(time, SELL, price, 9), order(time, MODIFY, ref, price, size)]


def test_an_order_that_is_shown_again_after_trades_is_an_iceberg() -> None:
    recs = orders() + refill(NOON + SECOND) + refill(NOON + 2 * SECOND, 12)
    (new,) = of_orders(recs, NOON + 3 * SECOND)
    assert (new["state"], new["side"], new["tick_low"]) == ("active", BID, 100)
    assert (new["size"], new["added"], new["rel"]) == (18, 21, 1.5)
    assert new["time"] == NOON + 2 * SECOND + 100 * MS


@pytest.mark.parametrize(
    "second",
    [
        [order(NOON + 2 * SECOND, MODIFY, 10, 100, 12)],  # no trade
        refill(NOON + 2 * SECOND, 8),  # it shrinks
        [trade(NOON + 2 * SECOND, BUY, 100, 9), order(NOON + 2 * SECOND, MODIFY, 10, 100, 9)],
        [trade(NOON + 2 * SECOND, SELL, 99, 9), order(NOON + 2 * SECOND, MODIFY, 10, 100, 9)],
        [trade(NOON + 2 * SECOND, SELL, 100, 9), order(NOON + 2 * SECOND, MODIFY, 10, 99, 9)],
        [trade(NOON + 2 * SECOND, SELL, 100, 9), order(NOON + 2 * SECOND, CANCEL, 10, 100, 9)],
        [trade(NOON + 2 * SECOND, SELL, 100, 9), order(NOON + 2 * SECOND + 1, MODIFY, 10, 100, 9)],
        refill(NOON + 90 * SECOND),  # too late
        [trade(NOON + 2 * SECOND, SELL, 98, 1), *refill(NOON + 3 * SECOND)],  # gone through
    ],
)
def test_what_makes_none(second: list[Rec]) -> None:
    assert of_orders(orders() + refill(NOON + SECOND) + second, NOON + 100 * SECOND) == []


def test_an_iceberg_grows_and_ends() -> None:
    recs = orders()
    for k in range(1, 6):
        recs += refill(NOON + k * SECOND)
    recs.append(trade(NOON + 8 * SECOND, SELL, 98, 1))
    events = of_orders(recs, NOON + 9 * SECOND)
    assert [(e["event"], e["size"]) for e in events] == [
        ("new", 18),
        ("update", 27),
        ("update", 36),
        ("end", 45),
    ]
    assert events[-1]["end_reason"] == "through"


# All of them


def test_the_fuzz_visits_all_of_them() -> None:
    seen: Counter[tuple[Any, ...]] = Counter()
    for seed in range(40):
        seen.update(
            (e["event"], e["kind"], e["end_reason"]) for e in run_plan(make_plan(seed, 250)).events
        )
    for kind in (STACK, ABSORBED, ICE):
        assert seen["new", kind, None], seen
        assert seen["end", kind, "expired"], seen
    for kind in (STACK, ABSORBED):
        assert seen["update", kind, None], seen
        assert seen["end", kind, "through"], seen
        assert seen["end", kind, "stale"], seen


def told_before_the_cut(seed: int) -> set[str]:
    """Kinds told before the cut, where all is as without it."""
    recs = make_plan(seed, 250, rewinds=False, gaps=False, faults=False).recs
    settings = make_plan(seed, 250).settings
    whole, part = [], []
    for events, some in ((whole, recs), (part, recs[: len(recs) * 2 // 3])):
        analyzer = analyzer_for(**settings)
        for frame in frames_of(some, 50):
            analyzer.process_l2_update(frame)
            events += [event_fields(event) for event in analyzer.take_events()]
    assert part == whole[: len(part)]
    return {event["kind"] for event in part}


def test_cutting_the_input_changes_nothing_before() -> None:
    told = set().union(*(told_before_the_cut(seed) for seed in range(200, 206)))
    assert {STACK, ABSORBED} <= told


def test_switched_off_they_leave_no_trace() -> None:
    recs = make_plan(3, 250).recs
    events = []
    for clusters in (OFF, {}):
        analyzer = analyzer_for(clusters={"least_sums": 2, **clusters})
        for frame in frames_of(recs, 50):
            analyzer.process_l2_update(frame)
            events.append([event_fields(event) for event in analyzer.take_events()])
    kinds = {event["kind"] for part in events[: len(events) // 2] for event in part}
    assert kinds <= {"resting", "traded"}


def test_icebergs_begin_anew_when_they_are_on_again() -> None:
    analyzer = analyzer_for()
    on = analyzer.parameters
    recs = [*book(), trade(NOON + 50 * MS, BUY, 101, 10)]
    for frame in frames_of(recs):
        analyzer.process_l2_update(frame)
    analyzer.advance(NOON + SECOND)
    known = analyzer._state["icebergs"]
    assert known["touch_size"].any()
    analyzer.reconfigure(on.overridden({"clusters": {"icebergs": "off"}}))
    assert (int(known["n"]), known["touch_size"].tolist()) == (0, [0, 0])
