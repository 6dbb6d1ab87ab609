"""The micro-price: counting against the twin, the fit against it, a closed form and the series."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.session import SessionCalendar, SessionTemplate, Window
from orderbook import Analyzer
from orderbook.microprice import fit_microprice
from tests.orderbook.compare import Both
from tests.reference.microprice import Move, fit, series
from tests.reference.records import ASK, BID, Rec, frames_of, price_row

NOON = 1_700_000_040 * 10**9
STEP = 100_000_000
MINUTE = 60 * 10**9
HIGH, LOW = (1, 9), (1, 0)


def counted(moves: list[Move]) -> tuple[np.ndarray, np.ndarray]:
    """Moves as the state holds them."""
    counts, drift = np.zeros((30, 30), np.int64), np.zeros(30, np.int64)
    for (s, b), (t, c), change in moves:
        counts[10 * (s - 1) + b, 10 * (t - 1) + c] += 1
        drift[10 * (s - 1) + b] += change
    return counts, drift


def fitted(moves: list[Move], least: int = 1) -> dict[tuple[int, int], float]:
    """The known states."""
    table = fit_microprice(*counted(moves), least)
    return {
        (s + 1, b): float(value)
        for s, row in enumerate(table.tolist())
        for b, value in enumerate(row)
        if value == value
    }


def moves_of(seed: int, count: int, spreads: int = 3, buckets: int = 10) -> list[Move]:
    """A walk whose mid tends to go where the imbalance points."""
    rng = random.Random(seed)
    moves = []
    state = (1, buckets // 2)
    for _ in range(count):
        new = (rng.randint(1, spreads), rng.randrange(buckets))
        change = 0
        if rng.random() < 0.5:
            change = 2 if rng.random() < (state[1] + 1) / (buckets + 1) else -2
        moves.append((state, new, change))
        state = new
    return moves


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("count", [1, 3, 20, 300, 5_000])
def test_the_fit_is_the_twin_s_to_the_bit(seed: int, count: int) -> None:
    moves = moves_of(seed, count, 1 + seed % 3)
    assert fitted(moves) == fit(moves)


@given(share=st.integers(1, 99), up=st.integers(0, 100))
def test_of_two_states_it_is_known_in_closed_form(share: int, up: int) -> None:
    """From high imbalance mid moves by r on average, and high follows with chance a.

    g = r + (a - (1 - a))·g, so g = r/(2(1 - a)).
    """
    moves = [(HIGH, HIGH if i < share else LOW, 2 if i < up else 0) for i in range(100)]
    value = (2 * up / 100) / (2 * (1 - share / 100))
    found = fitted(moves)
    assert found[HIGH] == pytest.approx(min(value, 1.0), rel=1e-9, abs=1e-12)
    assert found[LOW] == 0.0 - found[HIGH]


def test_a_state_that_never_turns_has_no_limit() -> None:
    assert fitted([(HIGH, HIGH, 2)] * 50) == {}


@pytest.mark.parametrize("seed", range(4))
def test_the_system_s_solution_is_the_limit_of_the_series(seed: int) -> None:
    """Stoikov's sum of gᵏ, of moves that need no pooling and no clipping."""
    moves = [
        ((3, b), (3, c), change)
        for b in range(10)
        for c in range(10)
        for change, times in ((0, 5 + seed), (2, b), (-2, 9 - b))
        for _ in range(times * (1 + (b + c + seed) % 2))
    ]
    limit = series(moves, 80)
    values = [limit[3, b] for b in range(10)]
    assert values == sorted(values)
    assert max(values) < 3
    found = fitted(moves)
    assert found == pytest.approx(limit, abs=1e-10)
    assert len(found) == 10


@given(seed=st.integers(0, 2**32), count=st.integers(30, 400), spreads=st.integers(1, 3))
def test_it_is_antisymmetric_monotone_and_within_half_the_spread(
    seed: int, count: int, spreads: int
) -> None:
    found = fitted(moves_of(seed, count, spreads))
    for spread in range(1, 4):
        known = [(b, found[spread, b]) for b in range(10) if (spread, b) in found]
        values = [value for _, value in known]
        assert values == sorted(values)
        assert all(abs(value) <= spread for value in values)
        assert all(found[spread, 9 - b] == -value for b, value in known)


@given(seed=st.integers(0, 2**32))
def test_the_mirrored_market_has_the_same_fit(seed: int) -> None:
    moves = moves_of(seed, 200)
    mirrored = [((s, 9 - b), (t, 9 - c), -change) for (s, b), (t, c), change in moves]
    assert fitted(moves) == fitted(mirrored)


def test_too_few_moves_make_no_fit() -> None:
    moves = moves_of(1, 99)
    assert fitted(moves, 100) == {}
    assert fitted(moves, 99) != {}


# In the stream

SESSIONS = SessionTemplate(
    "UTC",
    (Window(1334, 1336), Window(1336, 1339), Window(1340, 1400)),
    Window(1334, 1336),
    weekdays=frozenset(range(7)),
)
"""From NOON on: two minutes, three minutes, a pause of one, and on."""


def touch(time: int, bid: int, spread: int, b: int, a: int) -> list[Rec]:
    """A book of one row on each side, told anew."""
    return [
        price_row(time, BID, bid, b),
        price_row(time, ASK, bid + spread, a),
    ]


def walk(seed: int, count: int) -> list[Rec]:
    rng = random.Random(seed)
    bid, recs, old = 1000, [], (0, 0)
    for number in range(count):
        time = NOON + number * STEP + 1
        spread = rng.choice((1, 1, 1, 2, 3, 4))
        for side, price in zip((BID, ASK), old, strict=True):
            if price:
                recs.append(price_row(time, side, price, 0))
        recs += touch(time, bid, spread, rng.randint(1, 9), rng.randint(1, 9))
        old = (bid, bid + spread)
        bid += rng.choice((-1, 0, 0, 1))
    return recs


@pytest.mark.parametrize("least", [10, 100_000])
def test_a_session_is_measured_by_the_one_before(least: int) -> None:
    both = Both(calendar=SessionCalendar(SESSIONS), scores={"microprice_least": least})
    both.feed(walk(2, 4_000), 50)
    known = [row["time_ns"] for row in both.rows if row["microprice"] is not None]
    if least > 10:
        assert known == []
        return
    assert min(known) >= NOON + 2 * MINUTE
    assert len(known) > 50
    for row in both.rows:
        if row["microprice"] is not None:
            assert abs(row["microprice"] - row["mid"]) <= row["spread"] * 0.25 / 2
            if row["queue_imbalance"] == 0:
                assert row["microprice"] == row["mid"]
    equal = [row for row in both.rows if row["queue_imbalance"] == 0 and row["microprice"]]
    assert equal


def test_it_is_on_the_side_of_the_larger_size() -> None:
    both = Both(calendar=SessionCalendar(SESSIONS), scores={"microprice_least": 10})
    recs = walk(5, 1_300)
    both.feed(recs, 50)
    (table,) = {both.analyzer._state["micro"]["fitted"].tobytes()}
    values = np.frombuffer(table).reshape(3, 10)
    assert np.nanmax(values) > 0


def test_off_it_is_null_and_nothing_is_counted() -> None:
    both = Both(calendar=SessionCalendar(SESSIONS), scores={"microprice": "off"})
    both.feed(walk(2, 1_500), 50)
    assert {row["microprice"] for row in both.rows} == {None}
    assert not both.analyzer._state["micro"]["moves"].any()


def test_no_move_leads_across_a_gap_or_an_unknown_state() -> None:
    analyzer = Analyzer(Both().analyzer.instrument)
    for number, spread in enumerate((1, 9, 1)):
        feed(analyzer, touch(NOON + number * STEP + 1, 1000, spread, 5, 2 + number))
        analyzer.advance(NOON + (number + 1) * STEP)
        feed(analyzer, [price_row(NOON + (number + 1) * STEP, ASK, 1000 + spread, 0)])
    assert moves(analyzer) == 0
    feed(analyzer, touch(NOON + 3 * STEP + 1, 1000, 1, 5, 1))
    analyzer.advance(NOON + 4 * STEP)
    assert moves(analyzer) == 1
    analyzer.gap("gap")
    analyzer.load_levels([(1000, 9)], [(1001, 1)], NOON + 4 * STEP + 1, analyzer.seq)
    analyzer.advance(NOON + 5 * STEP)
    assert moves(analyzer) == 1
    analyzer.load_levels([(1000, 1)], [(1001, 1)], NOON + 5 * STEP + 1, analyzer.seq)
    analyzer.advance(NOON + 6 * STEP)
    assert moves(analyzer) == 1, "nor across a snapshot without a gap"


def feed(analyzer: Analyzer, recs: list[Rec]) -> None:
    for frame in frames_of(recs, seq=analyzer.seq):
        assert analyzer.process_l2_update(frame).fault is None


def moves(analyzer: Analyzer) -> int:
    return int(analyzer._state["micro"]["moves"].sum())


def test_a_rewind_forgets_what_was_later() -> None:
    both = Both(calendar=SessionCalendar(SESSIONS), scores={"microprice_least": 10})
    both.feed(walk(2, 1_500), 50)
    assert both.rows[-1]["microprice"] is not None
    both.feed(touch(NOON + 3 * MINUTE // 2, 1000, 1, 5, 2))
    assert both.rows[-1]["microprice"] is None
    assert moves(both.analyzer) == 0


def test_a_frozen_state_carries_moves_and_fit() -> None:
    calendar = SessionCalendar(SESSIONS)
    one: Any = Both(calendar=calendar, scores={"microprice_least": 10}).analyzer
    other: Any = Both(calendar=calendar).analyzer
    recs = walk(2, 2_200)
    at = len(recs) * 5 // 8
    feed(one, recs[:at])
    other.thaw(one.freeze())
    for analyzer in (one, other):
        feed(analyzer, recs[at:])
        analyzer.make_row()
    assert one.freeze() == other.freeze()
    assert one.calculate_metrics()["time_ns"] > NOON + 3 * MINUTE
