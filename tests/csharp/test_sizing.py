"""The small rules of trading against closed forms: size, hours, limits, stops, spacing, states."""

import json
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.csharp.build import Program

DAY = 86_400


def ask(runner: Program, *questions: dict[str, Any]) -> list[list[str]]:
    """The answers of the small rules."""
    lines = [json.dumps(question) for question in questions]
    return [json.loads(answer) for answer in runner.lines("trading-values", lines)]


def size(
    risk: float, tick_value: float, stop: int, *, fees: float = 0, most: int = 100
) -> dict[str, Any]:
    """A question for a position size."""
    return {
        "ask": "size",
        "risk": risk,
        "tick_value": tick_value,
        "fees": fees,
        "most": most,
        "stop": stop,
    }


@pytest.mark.parametrize(
    ("question", "contracts"),
    [
        (size(500, 12.5, 8), 5),  # ES: 8 ticks are 100 dollars
        (size(500, 1.25, 8), 50),  # MES: a tenth of it
        (size(499.99, 12.5, 8), 4),
        (size(99.99, 12.5, 8), 0),
        (size(500, 1.25, 8, most=10), 10),
        (size(500, 12.5, 8, fees=4.5), 4),
        (size(0.3, 0.1, 1), 3),  # 0.3/0.1 is less than 3 in binary fractions
        (size(1e12, 0.01, 1, most=7), 7),
    ],
)
def test_size_by_risk(runner: Program, question: dict[str, Any], contracts: int) -> None:
    """Risk over what one contract loses at its stop, rounded down, capped."""
    assert ask(runner, question) == [[str(contracts)]]


def test_micro_and_standard_carry_the_same_risk(runner: Program) -> None:
    """Whatever fits in standard contracts is risked by ten times as many micros."""
    for stop in (3, 8, 21):
        standard, micro = ask(runner, size(3000, 12.5, stop), size(3000, 1.25, stop, most=10_000))
        assert 0 <= int(micro[0]) - 10 * int(standard[0]) < 10


@settings(deadline=None, max_examples=10, suppress_health_check=list(HealthCheck))
@given(
    cases=st.lists(
        st.tuples(
            st.integers(1, 10_000_000),
            st.integers(1, 5_000),
            st.integers(1, 400),
            st.integers(0, 900),
        ),
        min_size=50,
        max_size=100,
    )
)
def test_size_is_the_exact_quotient(
    runner: Program, cases: list[tuple[int, int, int, int]]
) -> None:
    """In cents, against fractions."""
    asked = [size(r / 100, v / 100, s, fees=f / 100, most=10**6) for r, v, s, f in cases]
    for (risk, value, stop, fees), answer in zip(cases, ask(runner, *asked), strict=True):
        exact = min(math.floor(Fraction(risk, value * stop + fees)), 10**6)
        assert answer == [str(exact)]


@pytest.mark.parametrize(
    "question",
    [
        size(0, 12.5, 8),
        size(-1, 12.5, 8),
        size(500, 0, 8),
        size(500, 12.5, 0),
        size(500, 12.5, 8, fees=-1),
        size(500, 12.5, 8, most=0),
    ],
)
def test_sizes_that_cannot_be(runner: Program, question: dict[str, Any]) -> None:
    """Refused, not guessed."""
    [[answer]] = ask(runner, question)
    assert answer.startswith("refused: ")


def session(begin: int, last: int, end: int, second: int) -> dict[str, Any]:
    """A question for the hours; times in seconds."""
    return {
        "ask": "session",
        "begin": begin,
        "last_entry": last,
        "end": end,
        "local": second * 1000,
    }


@pytest.mark.parametrize(
    ("begin", "last", "end"), [(30_600, 53_000, 54_000), (61_200, 50_000, 57_600)]
)
def test_hours_also_across_midnight(runner: Program, begin: int, last: int, end: int) -> None:
    """Each second of two days by the definition: since the beginning, modulo the day."""
    seconds = [base + edge for base in (0, DAY, 20_000 * DAY) for edge in range(0, DAY, 613)]
    seconds += [20_000 * DAY + edge + d for edge in (begin, last, end) for d in (-1, 0, 1)]
    answers = ask(runner, *(session(begin, last, end, second) for second in seconds))
    for second, (state, day) in zip(seconds, answers, strict=True):
        since = (second - begin) % DAY
        expected = "Flat" if since >= (end - begin) % DAY else "NoEntries"
        if since < (last - begin) % DAY:
            expected = "Open"
        assert state == expected, second
        assert int(day) == (second - begin) // DAY


def test_the_whole_day(runner: Program) -> None:
    """Equal begin and end: never flat."""
    answers = ask(runner, *(session(0, 0, 0, second) for second in range(0, DAY, 5_003)))
    assert {state for state, _ in answers} == {"Open"}


def test_a_last_entry_outside_the_session_is_refused(runner: Program) -> None:
    """A typing error must not trade all day."""
    [[answer]] = ask(runner, session(30_600, 20_000, 54_000, 0))
    assert answer.startswith("refused: ")


def test_limits_latch_until_the_next_day(runner: Program) -> None:
    """From the first value of a day on; what was won before does not count."""
    steps = [
        [1, 100],
        [1, 149.99],
        [1, 150],
        [1, 20],
        [2, 20],
        [2, -29.99],
        [2, -30],
        [2, 90],
        [3, 0],
    ]
    [answer] = ask(runner, {"ask": "limits", "goal": 50, "loss": 50, "steps": steps})
    states = [word.split()[0] for word in answer]
    assert states == ["Open", "Open", "Goal", "Goal", "Open", "Open", "Loss", "Loss", "Open"]


def stop(direction: int, entry: int, best: int, current: int, **plan: int) -> dict[str, Any]:
    """A question for a moved stop."""
    return {
        "ask": "stop",
        "direction": direction,
        "entry": entry,
        "best": best,
        "current": current,
        **plan,
    }


@pytest.mark.parametrize("direction", [1, -1])
def test_stops_only_come_closer(runner: Program, direction: int) -> None:
    """Against the definition, and mirrored for the other side."""
    plans = [
        {"break_even_after": 4, "break_even_offset": 1},
        {"trail_distance": 5, "trail_after": 3},
        {"trail_distance": 5, "trail_after": 3, "trail_step": 3},
        {"break_even_after": 2, "trail_distance": 6},
        {},
    ]
    cases = [(plan, best, now) for plan in plans for best in range(12) for now in (-8, -3, 0, 4)]
    asked = [
        stop(direction, 4000, 4000 + direction * best, 4000 + direction * now, **plan)
        for plan, best, now in cases
    ]
    for (plan, best, now), [answer] in zip(cases, ask(runner, *asked), strict=True):
        expected = now
        if plan.get("break_even_after") and best >= plan["break_even_after"]:
            expected = max(expected, plan.get("break_even_offset", 0))
        if plan.get("trail_distance") and best >= plan.get("trail_after", 0):
            trailed = best - plan["trail_distance"]
            if trailed - now >= plan.get("trail_step", 1):
                expected = max(expected, trailed)
        assert (int(answer) - 4000) * direction == expected, (plan, best, now)


def test_spacing_per_direction(runner: Program) -> None:
    """In time, and in price while it is fresh."""
    steps = [
        [1, 100, 0],
        [1, 200, 9],
        [-1, 100, 9],
        [1, 101, 10],
        [1, 104, 10],
        [1, 104, 30],
        [1, 104, 5],
    ]
    [answer] = ask(runner, {"ask": "spacing", "time": 10, "ticks": 3, "steps": steps})
    assert answer == ["yes", "no", "yes", "no", "yes", "yes", "yes"]


def test_agreement_within_a_time(runner: Program) -> None:
    """Different clusters, one direction, in time; then anew."""
    steps = [
        [1, 0, 1],
        [1, 5, 1],
        [1, 10, 2],
        [1, 11, 3],
        [-1, 12, 4],
        [1, 13, 5],
        [1, 30, 6],
        [1, 31, 7],
    ]
    [answer] = ask(runner, {"ask": "agree", "needed": 2, "within": 10, "steps": steps})
    assert answer == ["no", "no", "yes", "no", "no", "no", "no", "yes"]


def test_trend_is_the_close_against_its_average(runner: Program) -> None:
    """An EMA of 3: unknown for two bars, then by hand."""
    closes = [10, 12, 11, 11.25, 14, 11]
    average, expected = 10.0, []
    for index, close in enumerate(closes):
        average = close if index == 0 else average + (close - average) / 2
        sign = (close > average) - (close < average)
        expected.append(str(sign if index >= 2 else 0))
    [answer] = ask(runner, {"ask": "trend", "period": 3, "closes": closes})
    assert answer == expected


def test_rate_in_any_second(runner: Program) -> None:
    """A sliding second, not a calendar one."""
    times = [0, 0, 0, 999, 1000, 1001, 1002, 1999]
    [answer] = ask(runner, {"ask": "rate", "per_second": 3, "times": times})
    assert answer[:-1] == ["yes", "yes", "yes", "no", "yes", "yes", "no", "no"]
    assert answer[-1] == "3"


def test_live_patience(runner: Program) -> None:
    """Nothing before the first LIVE; ten after the last."""
    steps = [[0], [5, 1], [100], [200, 0], [209], [210], [211, 1], [212, 0], [221], [222]]
    [answer] = ask(runner, {"ask": "live", "patience": 10, "steps": steps})
    assert answer == ["no", "yes", "yes", "yes", "yes", "no", "yes", "yes", "yes", "no"]


@pytest.mark.parametrize(
    ("price", "start", "end", "ticks"),
    [(19996, 0.25, 0.25, 19996), (19996, 0.25, 1.0, 4999), (19997, 0.25, 0.1, 49993), (0, 1, 2, 0)],
)
def test_prices_between_instruments(
    runner: Program, price: int, start: float, end: float, ticks: int
) -> None:
    """The same price in the other's ticks, to the nearest."""
    question = {"ask": "rescale", "price": price, "from": start, "to": end}
    assert ask(runner, question) == [[str(ticks)]]


EVENTS = (
    "Accepted",
    "PartFilled",
    "Filled",
    "CancelAsked",
    "CancelRefused",
    "ChangeRefused",
    "Cancelled",
    "Rejected",
)


@pytest.mark.parametrize("phase", ["Filled", "Cancelled", "Rejected"])
def test_an_ended_order_stays_ended(runner: Program, phase: str) -> None:
    """Whatever is told of it."""
    assert ask(runner, {"ask": "state", "phase": phase}) == [[phase] * len(EVENTS)]


@pytest.mark.parametrize("phase", ["Sent", "Working", "Cancelling"])
def test_a_live_order_ends_by_three_words_only(runner: Program, phase: str) -> None:
    """And a cancel that was asked for is not forgotten by a late acceptance."""
    [row] = ask(runner, {"ask": "state", "phase": phase})
    after = dict(zip(EVENTS, row, strict=True))
    ends = {event for event, then in after.items() if then in EVENTS}
    assert ends == {"Filled", "Cancelled", "Rejected"}
    assert after["CancelAsked"] == "Cancelling"
    if phase == "Cancelling":
        assert after["Accepted"] == after["PartFilled"] == "Cancelling"
        assert after["CancelRefused"] == "Working"


def test_reject_policy(runner: Program) -> None:
    """By role: first and fourth refusal for unknown, price, rate, margin, closed, not allowed."""
    asked = [{"ask": "reject", "role": role} for role in ("Entry", "Stop", "Target", "Exit")]
    entry, protective, target, way_out = ask(runner, *asked)
    again, out = "Retry Flatten", "Flatten Flatten"
    assert entry == ["Drop Drop"] * 2 + ["Retry Drop"] + ["Drop Drop"] * 3
    assert protective == [again, out, again, out, out, out]
    assert target == ["Retry Drop", "Drop Drop", "Retry Drop"] + ["Drop Drop"] * 3
    assert way_out == ["Retry Retry"] * 6
