"""What signals were worth: closed forms, a planted edge, and nothing where there is none."""

import math

import numpy as np
import pytest

from depthbridge.reviewing import HORIZONS, Path, Reviewer, SignalAt
from depthbridge.reviewing.intervals import exact_interval, mean_interval
from depthbridge.reviewing.outcomes import Outcome
from depthbridge.reviewing.report import as_text
from depthbridge.reviewing.review import ALL
from market.instrument import DEFAULT_INSTRUMENTS

NS = 10**9
STEP = NS // 10

START = 1_795_100_000 * NS


def path(mids: list[float] | np.ndarray) -> Path:
    return Path(START, STEP, np.asarray(mids, np.float64))


# -- intervals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        # Clopper and Pearson, published tables to four digits
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (8, 20, 0.1912, 0.6395),
        (50, 100, 0.3983, 0.6017),
    ],
)
def test_exact_intervals_of_rates(hits: int, count: int, low: float, high: float) -> None:
    found = exact_interval(hits, count)
    assert found.value == hits / count
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize("count", [1, 7, 300, 4_000])
def test_the_bounds_of_no_hit_in_closed_form(count: int) -> None:
    assert exact_interval(0, count).high == pytest.approx(1 - 0.025 ** (1 / count), rel=1e-9)
    assert exact_interval(count, count).low == pytest.approx(0.025 ** (1 / count), rel=1e-9)


def test_of_nothing_nothing_is_known() -> None:
    assert exact_interval(0, 0) == (None, None, None)
    assert mean_interval(np.zeros(0), np.random.default_rng(1)) == (None, None, None)


def test_a_bootstrapped_interval_is_about_two_standard_errors_wide() -> None:
    values = np.random.default_rng(5).normal(3.0, 2.0, 400)
    found = mean_interval(values, np.random.default_rng(1))
    assert found.value == values.mean()
    assert found.low is not None
    assert found.high is not None
    error = values.std() / math.sqrt(400)
    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1.0, abs=0.1)
    assert mean_interval(values, np.random.default_rng(1)) == found


# -- outcomes ------------------------------------------------------------------------------------


def test_an_outcome_by_hand() -> None:
    mids = [100.0] * 101
    mids[20], mids[50], mids[100] = 97.5, 104.0, 101.0
    way = path(mids)
    assert way.outcome(0, 1, 10) == Outcome(1.0, 4.0, 2.5)
    assert way.outcome(0, -1, 10) == Outcome(-1.0, 2.5, 4.0)
    assert way.outcome(1, 1, 10) is None  # the session ends before
    assert path(mids[:100]).outcome(0, 1, 10) is None
    mids[100] = math.nan
    assert path(mids).outcome(0, 1, 10) is None
    mids[100], mids[30] = 101.0, math.nan
    assert path(mids).outcome(0, 1, 10) == Outcome(1.0, 4.0, 2.5)
    assert path(mids).outcome(30, 1, 1) is None


def test_a_time_between_two_instants_belongs_to_the_next() -> None:
    way = path([1.0] * 10)
    assert [way.place(START + ns) for ns in (0, 1, STEP, STEP + 1)] == [0, 1, 1, 2]


# -- reviews -------------------------------------------------------------------------------------


def walk(seed: int, instants: int) -> np.ndarray:
    return 27_000 + np.random.default_rng(seed).choice((-0.5, 0.0, 0.5), instants).cumsum()


def signals_on(times: list[int], direction: int = 1, rule: str = "bounce") -> list[SignalAt]:
    return [SignalAt(START + place * STEP, rule, direction) for place in times]


def test_a_planted_edge_is_found_and_its_size_is_right() -> None:
    mids = walk(1, 60_000)
    times = list(range(700, 55_000, 700))
    for place in times:
        mids[place + 50 :] += 3.0  # three ticks up, five seconds after each signal
    mids -= np.linspace(0, 3.0 * len(times), len(mids))  # and no drift for those who are random
    reviewer = Reviewer(seed=3)
    reviewer.take(path(mids), signals_on(times))
    found = {(line.rule, line.seconds): line for line in reviewer.result().lines}
    line = found["bounce", 10]
    assert line.signals == len(times)
    assert line.excess.low is not None
    assert line.excess.high is not None
    assert line.excess.low > 0.5
    assert line.excess.low < 3.0 * (1 - 100 / 700) < line.excess.high
    assert line.hits.value is not None
    assert line.random_hits is not None
    assert line.hits.value > line.random_hits


@pytest.mark.parametrize("seed", range(4))
def test_random_signals_on_a_random_walk_have_no_edge(seed: int) -> None:
    reviewer = Reviewer(seed=seed)
    draw = np.random.default_rng(100 + seed)
    for day in range(3):
        times = sorted(draw.integers(0, 100_000, 60).tolist())
        signs = draw.choice((-1, 1), 60).tolist()
        signals = [
            SignalAt(START + place * STEP, "break", sign)
            for place, sign in zip(times, signs, strict=True)
        ]
        reviewer.take(path(walk(10 * seed + day, 110_000)), signals)
    inside = [
        line.excess.low <= 0 <= line.excess.high
        for line in reviewer.result().lines
        if line.rule == "break" and line.excess.low is not None and line.excess.high is not None
    ]
    assert sum(inside) >= 2


def test_rules_are_told_apart_and_together() -> None:
    reviewer = Reviewer()
    mids = np.concatenate([np.full(3_000, 10.0), np.full(3_000, 12.0)])
    reviewer.take(
        path(mids), [*signals_on([2_950], 1, "break"), *signals_on([2_950], -1, "bounce")]
    )
    review = reviewer.result()
    assert review.signals == {"bounce": 1, "break": 1}
    lines = {(line.rule, line.seconds): line for line in review.lines}
    assert [line.rule for line in review.lines] == [ALL] * 3 + ["bounce"] * 3 + ["break"] * 3
    assert lines["break", 10].move.value == 2.0
    assert lines["bounce", 10].move.value == -2.0
    assert lines["bounce", 10].adverse == 2.0
    assert lines[ALL, 10].move.value == 0.0
    assert lines[ALL, 10].hits.value == 0.5
    assert lines["break", 300].signals == 1
    assert review.hours == pytest.approx(600 / 3600)
    assert review.until == START + 5_999 * STEP


def test_a_signal_at_the_end_has_no_outcome_yet() -> None:
    reviewer = Reviewer()
    reviewer.take(path(walk(1, 700)), signals_on([0, 650]))
    lines = {(line.rule, line.seconds): line for line in reviewer.result().lines}
    assert (lines["bounce", 60].signals, lines["bounce", 60].unknown) == (1, 1)
    assert (lines["bounce", 300].signals, lines["bounce", 300].unknown) == (0, 2)
    assert lines["bounce", 300].hits == (None, None, None)


def test_random_times_come_from_the_half_hours_around() -> None:
    mids = np.full(80_000, 10.0)
    mids[40_000:] = np.arange(40_000)  # rises from here on, and only here
    reviewer = Reviewer(draws=50)
    reviewer.take(path(mids), signals_on([1_000]))
    assert {line.random for line in reviewer.result().lines} == {0.0}


def test_the_same_seed_gives_the_same_review() -> None:
    found = []
    for seed in (7, 7, 8):
        reviewer = Reviewer(seed=seed)
        reviewer.take(path(walk(2, 50_000)), signals_on(list(range(0, 40_000, 500))))
        found.append(reviewer.result())
    assert found[0] == found[1]
    assert found[0].lines != found[2].lines


def test_no_signals_are_no_lines() -> None:
    reviewer = Reviewer()
    es = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert es is not None
    assert as_text(reviewer.result(), es) == "ES 12-26: no trading session, nothing to judge\n"
    reviewer.take(path(walk(2, 500)), [])
    assert reviewer.result().lines == ()
    assert as_text(reviewer.result(), es).startswith("ES 12-26: 1 session up to 20")
    assert HORIZONS == (10, 60, 300)
