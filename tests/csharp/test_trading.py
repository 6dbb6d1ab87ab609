"""Orders that meet every misfortune a broker has, and what the desk does with each of them.

The seeded runs (`Runner/TradingRun.cs`) look from outside after every event; the tables below say
word for word what goes to the broker.
"""

import json
from typing import Any, Final

import pytest

from tests.csharp.build import Program

LIVES: Final = 300
"""Seeds of a run in the short form."""
LIVE: Final[list[dict[str, Any]]] = [
    {"at": 0, "do": "start"},
    {"do": "live", "on": 1},
    {"do": "quote", "bid": 4000},
]
ENTERED: Final[list[dict[str, Any]]] = [
    *LIVE,
    {"at": 1000, "do": "idea", "direction": 1},
    {"do": "Accepted", "id": 1, "quantity": 2},
]
FILLED: Final[list[dict[str, Any]]] = [
    *ENTERED,
    {"do": "Filled", "id": 1, "filled": 2, "average": 4001},
    {"do": "Accepted", "id": 2, "price": 3993},
    {"do": "Accepted", "id": 3, "price": 4013},
]


class Desk:
    """A script of events and the answers to them."""

    def __init__(self, runner: Program, events: list[dict[str, Any]], **settings: Any) -> None:
        """Play the events under the settings; two contracts by the risk unless said otherwise."""
        chosen = {"risk": 20, "most": 2, **settings}
        lines = [json.dumps(chosen), *map(json.dumps, events)]
        self.answers = [json.loads(line) for line in runner.lines("trading-script", lines)][1:]

    @property
    def last(self) -> dict[str, Any]:
        """The answer to the last event."""
        answer = self.answers[-1]
        assert isinstance(answer, dict)
        return answer

    @property
    def said(self) -> list[str]:
        """What the last event made it say."""
        return list(self.last["said"])


def runs(runner: Program, mode: str, first: int, count: int) -> dict[str, Any]:
    """Totals of seeded runs, after a look at their faults."""
    *faults, totals = runner.run("trading-runs", mode, str(first), str(count)).splitlines()
    assert not faults, "\n".join(faults[:20])
    found = json.loads(totals)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("first", [1, 1001])
def test_nothing_is_unprotected_doubled_or_too_large_at_a_decent_exchange(
    runner: Program, first: int
) -> None:
    """Refusals, part fills, lost and late answers, cancel races, interruptions of both lines."""
    totals = runs(runner, "clean", first, LIVES)
    assert totals["entries"] > 10 * LIVES
    assert totals["fills"] > 20 * LIVES
    assert totals["closings"] > 4 * LIVES
    # An exit that was refused four times waits a second; a stop price that was passed while its
    # target's end is not confirmed cannot be covered. Nothing else may be open uncovered.
    assert totals["unprotectable"] < totals["looks"] * 1e-3


@pytest.mark.parametrize("first", [1, 1001])
def test_what_an_exchange_does_twice_ends_flat(runner: Program, first: int) -> None:
    """Fills after a confirmed cancel, both sides of a pair, more than was ordered."""
    totals = runs(runner, "dirty", first, LIVES)
    assert totals["crossings"] > 0.3 * LIVES
    assert totals["unprotectable"] < totals["looks"] * 1e-3


@pytest.mark.long
@pytest.mark.parametrize("mode", ["clean", "dirty"])
def test_twenty_thousand_lives(runner: Program, mode: str) -> None:
    """As above, with many more seeds."""
    for first in range(10_000, 30_000, 2_000):
        runs(runner, mode, first, 2_000)


def test_a_fill_is_protected_and_the_target_follows_the_stop(runner: Program) -> None:
    """The stop goes out with the fill, the target in its group once the stop works."""
    filled = {"do": "Filled", "id": 1, "filled": 2, "average": 4001}
    desk = Desk(runner, [*ENTERED, filled])
    assert desk.said == ["stop 2 sell 2 stopmarket 3993 oco s-1"]
    desk = Desk(runner, [*ENTERED, filled, {"do": "Accepted", "id": 2, "price": 3993}])
    assert desk.said == ["target 3 sell 2 limit 4013 oco s-1"]


def test_each_part_fill_has_a_bracket_of_its_own(runner: Program) -> None:
    """No quantity has to be changed, so nothing is bare in between."""
    parts = [
        {"do": "PartFilled", "id": 1, "filled": 1, "average": 4001},
        {"do": "Filled", "id": 1, "filled": 2, "average": 4001.5},
    ]
    desk = Desk(runner, [*ENTERED, *parts])
    assert [answer["said"] for answer in desk.answers[-2:]] == [
        ["stop 2 sell 1 stopmarket 3993 oco s-1"],
        ["stop 3 sell 1 stopmarket 3994 oco s-2"],
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1)])
def test_a_fill_counts_once_however_it_is_told(runner: Program, order: tuple[int, ...]) -> None:
    """By a report, by an execution, by the same execution again, in any order."""
    told = [
        {"do": "Filled", "id": 1, "filled": 2, "average": 4001},
        {"do": "execution", "id": 1, "name": "a", "quantity": 2, "price": 4001},
        {"do": "execution", "id": 1, "name": "a", "quantity": 2, "price": 4001},
    ]
    desk = Desk(runner, [*ENTERED, *(told[index] for index in order)])
    assert desk.last["net"] == 2
    stops = [word for answer in desk.answers for word in answer["said"] if word.startswith("stop")]
    assert len(stops) == 1


def test_the_way_out_is_target_then_stop_then_market(runner: Program) -> None:
    """Protected until the exit goes out, and no contract with two orders that could close it."""
    way = [
        {"at": 2000, "do": "flatten"},
        {"do": "Cancelled", "id": 3},
        {"do": "Cancelled", "id": 2},
        {"do": "Accepted", "id": 4},
        {"do": "Filled", "id": 4, "filled": 2, "average": 4000},
    ]
    desk = Desk(runner, [*FILLED, *way])
    assert [answer["said"] for answer in desk.answers[-5:]] == [
        ["Closing: the test says so", "cancel 3"],
        ["cancel 2"],
        ["exit 4 sell 2 market"],
        [],
        ["Closed"],
    ]
    assert desk.last["net"] == 0
    assert desk.last["realised"] == -2


def test_a_stop_that_fills_while_it_is_cancelled_is_not_closed_again(runner: Program) -> None:
    """The race between our cancel and the market."""
    way = [
        {"at": 2000, "do": "flatten"},
        {"do": "Cancelled", "id": 3},
        {"do": "Filled", "id": 2, "filled": 2, "average": 3993},
    ]
    desk = Desk(runner, [*FILLED, *way])
    assert desk.said == ["Closed"]
    assert desk.last["net"] == 0


def test_a_stop_that_went_first_with_its_group_is_put_back(runner: Program) -> None:
    """While the target's end is not confirmed the contracts are neither bare nor closed twice."""
    desk = Desk(runner, [*FILLED, {"at": 2000, "do": "flatten"}, {"do": "Cancelled", "id": 2}])
    assert desk.said == ["stop 4 sell 2 stopmarket 3993 oco s-2"]
    assert desk.last["net"] == 2


def test_beyond_its_stop_a_position_waits_for_the_end_of_its_target(runner: Program) -> None:
    """The one bare moment: a stop would be refused, an exit could close what the target closes."""
    way = [
        {"at": 2000, "do": "flatten"},
        {"do": "quote", "bid": 3990},
        {"do": "Cancelled", "id": 2},
        {"do": "Cancelled", "id": 3},
    ]
    said = [answer["said"] for answer in Desk(runner, [*FILLED, *way]).answers[-2:]]
    assert said == [[], ["exit 4 sell 2 market"]]


def test_both_sides_of_a_pair(runner: Program) -> None:
    """The second fill opens what nobody wanted: out at once."""
    both = [
        {"do": "Filled", "id": 3, "filled": 2, "average": 4013},
        {"do": "Filled", "id": 2, "filled": 2, "average": 3993},
    ]
    desk = Desk(runner, [*FILLED, *both])
    assert desk.answers[-2]["said"] == ["cancel 2"]
    assert desk.said == [
        "Overfill: Stop",
        "Closing: closed more than was open",
        "exit 4 buy 2 market",
    ]


def test_a_fill_after_the_cancel_was_confirmed_is_protected(runner: Program) -> None:
    """Late, but ours."""
    late = [
        {"at": 40_000, "do": "tick"},
        {"do": "Cancelled", "id": 1},
        {"do": "execution", "id": 1, "name": "late", "quantity": 1, "price": 4001},
    ]
    desk = Desk(runner, [*ENTERED, *late])
    assert desk.answers[-3]["said"] == ["cancel 1"]
    assert desk.said == ["stop 2 sell 1 stopmarket 3993 oco s-1"]


def test_an_overfill_beyond_the_cap_is_closed(runner: Program) -> None:
    """Three of two: everything goes."""
    desk = Desk(runner, [*ENTERED, {"do": "Filled", "id": 1, "filled": 3, "average": 4001}])
    assert desk.said == [
        "Overfill: Entry",
        "Closing: more than the size cap",
        "exit 2 sell 3 market",
    ]


def test_the_manager_keeps_to_the_cap_by_itself(runner: Program) -> None:
    """Open and ordered together, whatever the desk asks for; and one direction at a time."""
    one = {"at": 1000, "do": "enter", "direction": 1, "quantity": 1}
    answers = Desk(runner, [*LIVE, one, one, one, {**one, "direction": -1}]).answers[3:]
    assert [answer["verdict"] for answer in answers] == ["sent", "sent", "not sent", "not sent"]
    open_ = Desk(runner, [*FILLED, {**one, "at": 2000}])
    assert open_.last["verdict"] == "not sent"


def test_an_entry_takes_what_the_cap_has_left(runner: Program) -> None:
    """Two are open of three, and the risk is good for two more: one."""
    again = {"at": 2000, "do": "idea", "direction": 1}
    desk = Desk(runner, [*FILLED, again], most=3)
    assert desk.said == ["entry 4 buy 1 market"]
    full = Desk(runner, [*FILLED, again], most=2)
    assert (full.last["verdict"], full.said) == ("Size", [])


def test_an_exit_that_became_too_large_is_not_joined_by_another(runner: Program) -> None:
    """A stop fills after its cancel: the exit of two is cancelled, and may still fill."""
    way = [
        {"at": 2000, "do": "flatten"},
        {"do": "Cancelled", "id": 3},
        {"do": "Cancelled", "id": 2},
        {"do": "Accepted", "id": 4},
        {"do": "execution", "id": 2, "name": "late", "quantity": 1, "price": 3993},
        {"at": 2100, "do": "tick"},
        {"do": "Cancelled", "id": 4},
    ]
    said = [answer["said"] for answer in Desk(runner, [*FILLED, *way]).answers[-3:]]
    assert said == [["cancel 4"], [], ["exit 5 sell 1 market"]]


def test_a_report_finds_the_rules_of_its_moment(runner: Program) -> None:
    """A refused entry is not tried again when LIVE has been missing for ten seconds by now."""
    lost = {"at": 2000, "do": "live", "on": 0}
    refused = {"do": "Rejected", "id": 1, "reason": "Rate"}
    assert Desk(runner, [*ENTERED, lost, {"at": 12_000, **refused}]).said == [
        "cancel 1",
        "Rejected: Entry Rate",
    ]


def test_a_part_fill_of_the_target_takes_the_stop_down(runner: Program) -> None:
    """Or the stop would close more than is open."""
    desk = Desk(runner, [*FILLED, {"do": "PartFilled", "id": 3, "filled": 1, "average": 4013}])
    assert desk.said == ["change 2 to 1 at 3993"]


REFUSED: Final = {
    ("Stop", "Price"): [
        "Rejected: Stop Price",
        "Closing: the stop was refused",
        "exit 3 sell 2 market",
    ],
    ("Stop", "Unknown"): ["Rejected: Stop Unknown", "stop 3 sell 2 stopmarket 3993 oco s-2"],
}


@pytest.mark.parametrize(("role", "reason"), REFUSED)
def test_a_refused_stop(runner: Program, role: str, reason: str) -> None:
    """Beyond the market: out. For no known reason: once more, in a new group."""
    filled = {"do": "Filled", "id": 1, "filled": 2, "average": 4001}
    desk = Desk(runner, [*ENTERED, filled, {"do": "Rejected", "id": 2, "reason": reason}])
    assert desk.said == REFUSED[role, reason]


def test_a_stop_refused_on_the_spot(runner: Program) -> None:
    """Then the next one goes out within the same event, and no target before it works."""
    filled = {"do": "Filled", "id": 1, "filled": 2, "average": 4001}
    desk = Desk(runner, [*ENTERED, {"do": "refuse", "role": "stop"}, filled])
    assert desk.said == [
        "stop 2 sell 2 stopmarket 3993 oco s-1",
        "Rejected: Stop Unknown",
        "stop 3 sell 2 stopmarket 3993 oco s-2",
    ]


def test_an_exit_is_never_given_up(runner: Program) -> None:
    """Four times at once, then once a second."""
    events: list[dict[str, Any]] = [*ENTERED, {"do": "flatten"}]
    events += [{"do": "Filled", "id": 1, "filled": 2, "average": 4001}]
    events += [{"do": "Rejected", "id": order, "reason": "Closed"} for order in (2, 3, 4, 5)]
    desk = Desk(runner, [*events, {"at": 1900, "do": "tick"}, {"at": 2100, "do": "tick"}])
    said = [answer["said"] for answer in desk.answers[-7:]]
    assert said[0][-1] == "exit 2 sell 2 market"
    assert [words[-1] for words in said[1:4]] == [f"exit {n} sell 2 market" for n in (3, 4, 5)]
    assert said[4] == ["Rejected: Exit Closed"]
    assert said[5] == []
    assert said[6] == ["exit 6 sell 2 market"]


def test_a_refused_entry_is_dropped_unless_the_rate_was_the_reason(runner: Program) -> None:
    """A signal is worth no second try; the rate is."""
    desk = Desk(runner, [*ENTERED, {"do": "Rejected", "id": 1, "reason": "Margin"}])
    assert desk.said == ["Rejected: Entry Margin"]
    desk = Desk(runner, [*ENTERED, {"do": "Rejected", "id": 1, "reason": "Rate"}])
    assert desk.said == ["Rejected: Entry Rate", "entry 2 buy 2 market"]


def test_without_a_heartbeat_entries_go_and_protection_stays(runner: Program) -> None:
    """Ten seconds without LIVE."""
    lost = {"at": 5000, "do": "live", "on": 0}
    before = Desk(runner, [*FILLED, lost, {"at": 14_900, "do": "tick"}], most=4, risk=20)
    assert before.last["gates"] == "None"
    after = Desk(runner, [*FILLED, lost, {"at": 15_000, "do": "tick"}])
    assert after.last["gates"] == "NotLive"
    assert after.said == []
    assert after.last["net"] == 2
    working = Desk(runner, [*ENTERED, lost, {"at": 15_000, "do": "tick"}])
    assert working.said == ["cancel 1"]
    idea = {"do": "idea", "direction": 1}
    assert Desk(runner, [*LIVE, lost, {"at": 15_000, **idea}]).last["verdict"] == "Gated"
    back = {"do": "live", "on": 1}
    assert Desk(runner, [*LIVE, lost, {"at": 16_000, **back}, idea]).last["verdict"] == "Entered"


def test_never_live_never_enters(runner: Program) -> None:
    """Before the first LIVE there is no patience either."""
    events = [LIVE[0], LIVE[2], {"at": 100, "do": "idea", "direction": 1}]
    assert Desk(runner, events).last["verdict"] == "Gated"


@pytest.mark.parametrize(("position", "orders"), [(1, 0), (-3, 0), (0, 2)])
def test_it_does_not_start_on_what_it_does_not_know(
    runner: Program, position: int, orders: int
) -> None:
    """A position or orders of somebody else."""
    start = {"do": "start", "position": position, "orders": orders}
    desk = Desk(runner, [start, *LIVE[1:], {"do": "idea", "direction": 1}])
    assert desk.answers[0]["said"] == [
        f"Refused: position {position}, orders {orders}: not known here"
    ]
    assert desk.last["verdict"] == "Gated"
    assert desk.last["gates"] == "Refused"


def test_a_position_that_appears_from_elsewhere_stops_entries(runner: Program) -> None:
    """Five seconds of difference, not one."""
    events = [*LIVE, {"at": 1000, "do": "account", "position": 3}]
    assert Desk(runner, [*events, {"at": 5900, "do": "tick"}]).last["gates"] == "None"
    desk = Desk(runner, [*events, {"at": 6000, "do": "tick"}])
    assert desk.said == ["Halted: the account has 3, here are 0"]
    assert desk.last["gates"] == "Halted"


def test_a_silent_broker_stops_entries(runner: Program) -> None:
    """No word on an order for ten seconds."""
    events = [*LIVE, {"at": 1000, "do": "idea", "direction": 1}, {"at": 11_000, "do": "tick"}]
    desk = Desk(runner, events)
    assert desk.said == ["Halted: no word on order 1", "cancel 1"]


def test_the_days_loss_closes_and_locks(runner: Program) -> None:
    """Realised and open together; the next day opens again."""
    events = [*FILLED, {"at": 2000, "do": "quote", "bid": 3996}]
    assert Desk(runner, events, loss=12.5).said == ["Closing: the day's loss limit", "cancel 3"]
    assert Desk(runner, events, loss=12.51).said == []
    fees = {"fees": 2, "risk": 24}  # for a contract in and out: half of it is paid by now
    closed = ["Closing: the day's loss limit", "cancel 3"]
    assert Desk(runner, events, loss=14.5, **fees).said == closed
    assert Desk(runner, events, loss=14.51, **fees).said == []
    out = [
        {"do": "Cancelled", "id": 3},
        {"do": "Cancelled", "id": 2},
        {"do": "Filled", "id": 4, "filled": 2, "average": 3996},
        {"at": 3000, "do": "quote", "bid": 4000},
    ]
    idea = {"do": "idea", "direction": 1}
    locked = Desk(runner, [*events, *out, idea], loss=12.5)
    assert (locked.last["verdict"], locked.last["gates"]) == ("Gated", "Loss")
    tomorrow = Desk(runner, [*events, *out, {"at": 90_000_000, **idea}], loss=12.5)
    assert tomorrow.last["verdict"] == "Entered"


def test_the_days_goal_closes(runner: Program) -> None:
    """Likewise."""
    events = [*FILLED, {"at": 2000, "do": "quote", "bid": 4005}]
    assert Desk(runner, events, goal=10).said == ["Closing: the day's goal", "cancel 3"]


def test_flat_at_the_end_of_the_session(runner: Program) -> None:
    """No entries from the last entry on, nothing open from the end on."""
    hours = {"begin": 0, "last_entry": 100, "end": 200}
    working = Desk(runner, [*ENTERED, {"at": 100_000, "do": "tick"}], entry_time=0, **hours)
    assert working.said == ["cancel 1"]
    open_ = Desk(runner, [*FILLED, {"at": 100_000, "do": "tick"}], **hours)
    assert open_.said == []
    end = Desk(runner, [*FILLED, {"at": 200_000, "do": "tick"}], **hours)
    assert end.said == ["Closing: the session is over", "cancel 3"]


def test_an_opposite_signal_closes_and_does_not_turn(runner: Program) -> None:
    """Out first; the next signal may enter."""
    desk = Desk(runner, [*FILLED, {"at": 2000, "do": "idea", "direction": -1}])
    assert desk.last["verdict"] == "Closed"
    assert desk.said == ["Closing: opposite signal", "cancel 3"]


def test_break_even_and_trailing_move_the_stop_at_the_broker(runner: Program) -> None:
    """By changes of the order that lives there."""
    moved = [{"at": 2000, "do": "quote", "bid": 4005}]
    even = Desk(runner, [*FILLED, *moved], break_even_after=4, break_even_offset=1)
    assert even.said == ["change 2 to 2 at 4002"]
    trail = Desk(runner, [*FILLED, *moved], trail_distance=3, trail_after=2)
    assert trail.said == ["change 2 to 2 at 4002"]


def test_the_best_price_counts_though_the_stop_could_not_be_moved_then(runner: Program) -> None:
    """It did not work yet; the market has come back by the time it does."""
    events = [
        *ENTERED,
        {"do": "Filled", "id": 1, "filled": 2, "average": 4001},
        {"at": 2000, "do": "quote", "bid": 4005},
        {"do": "quote", "bid": 4003},
        {"do": "Accepted", "id": 2, "price": 3993},
    ]
    desk = Desk(runner, events, break_even_after=4, break_even_offset=1)
    assert desk.said == ["target 3 sell 2 limit 4013 oco s-1", "change 2 to 2 at 4002"]


def test_time_closes(runner: Program) -> None:
    """In market time."""
    desk = Desk(runner, [*FILLED, {"at": 61_000, "do": "quote", "bid": 4002}], most_time=60_000)
    assert desk.said == ["Closing: held long enough", "cancel 3"]


def test_nothing_is_sent_while_the_broker_is_away(runner: Program) -> None:
    """What was missed is made good at its return."""
    away = [
        {"do": "broker", "on": 0},
        {"do": "Filled", "id": 1, "filled": 2, "average": 4001},
    ]
    desk = Desk(runner, [*ENTERED, *away])
    assert desk.said == []
    desk = Desk(runner, [*ENTERED, *away, {"do": "broker", "on": 1}])
    assert desk.said == ["stop 2 sell 2 stopmarket 3993 oco s-1"]


def test_native_brackets_are_awaited_and_missed(runner: Program) -> None:
    """Two seconds; then out."""
    filled = {"do": "Filled", "id": 1, "filled": 2, "average": 4001}
    late = Desk(runner, [*ENTERED, filled, {"at": 3100, "do": "tick"}], native=1)
    assert late.answers[-2]["said"] == []
    assert late.said == ["Closing: the attached stop is missing", "exit 2 sell 2 market"]
    stop = {
        "do": "attach",
        "role": "stop",
        "direction": -1,
        "quantity": 2,
        "price": 3993,
        "parent": 1,
        "oco": "n",
    }
    word = {"do": "Accepted", "id": 2, "price": 3993}
    there = Desk(runner, [*ENTERED, filled, stop, word, {"at": 3100, "do": "tick"}], native=1)
    assert there.said == []


def test_entries_leave_room_for_their_protection(runner: Program) -> None:
    """Of five messages a second an entry takes one and keeps three free."""
    events = [*LIVE]
    events += [{"at": 1000, "do": "idea", "direction": 1} for _ in range(3)]
    desk = Desk(runner, events, most=9, orders_per_second=5)
    assert [answer["verdict"] for answer in desk.answers[-3:]] == ["Entered", "Entered", "Busy"]


def test_ideas_are_judged_in_turn(runner: Program) -> None:
    """Each rule has its word."""
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({"received": -500}, {}, "Stale"),
        ({"expires": 900}, {}, "Stale"),
        ({"kind": "break"}, {"kinds": "bounce, fade"}, "Filtered"),
        ({"kind": "FADE"}, {"kinds": "bounce, fade"}, "Entered"),
        ({"strength": 0.4}, {"least_strength": 0.5}, "Filtered"),
        ({"strength": -0.5}, {"least_strength": 0.5}, "Entered"),
        ({}, {"least_confidence": 0.5}, "Filtered"),
        ({"confidence": 0.5}, {"least_confidence": 0.5}, "Entered"),
        ({"score": 59}, {"least_score": 60}, "Filtered"),
        ({}, {"trend_period": 2}, "Trend"),
        ({}, {"agreeing": 2}, "Waiting"),
        ({}, {"risk": 5}, "Size"),
    ]
    for idea, settings, verdict in cases:
        events = [*LIVE, {"at": 1000, "do": "idea", "direction": 1, **idea}]
        assert Desk(runner, events, **settings).last["verdict"] == verdict, (idea, settings)


@pytest.mark.parametrize(
    ("at", "bid", "verdict"),
    [
        (10_999, 4004, "Spacing"),
        (11_000, 4003, "Spacing"),
        (11_000, 4004, "Entered"),
        (20_999, 4000, "Spacing"),
        (21_000, 4000, "Entered"),
    ],
)
def test_entries_keep_their_distance(runner: Program, at: int, bid: int, verdict: str) -> None:
    """In time always, in price within twice that time."""
    then = [{"at": at, "do": "quote", "bid": bid}, {"do": "idea", "direction": 1}]
    desk = Desk(runner, [*ENTERED, *then], most=9, spacing_time=10_000, spacing_ticks=4)
    assert desk.last["verdict"] == verdict


@pytest.mark.parametrize(
    ("entry", "offset", "price", "said"),
    [
        ("limit", 1, 3999, "entry 1 buy 2 limit 3998"),
        ("limit", 0, 0, "entry 1 buy 2 limit 4001"),
        ("stopmarket", 2, 4003, "entry 1 buy 2 stopmarket 4005"),
        ("stopmarket", 0, 3990, "entry 1 buy 2 stopmarket 4002"),
        ("market", 5, 3990, "entry 1 buy 2 market"),
    ],
)
def test_entries_by_limit_stop_and_market(
    runner: Program, entry: str, offset: int, price: int, said: str
) -> None:
    """A stop on the wrong side goes one tick beyond the market."""
    events = [*LIVE, {"at": 1000, "do": "idea", "direction": 1, "price": price}]
    assert Desk(runner, events, entry=entry, entry_offset=offset).said == [said]


def test_no_entry_while_an_old_target_may_still_fill(runner: Program) -> None:
    """Flat is not enough: what is left over must be gone too."""
    events = [*FILLED, {"do": "Filled", "id": 2, "filled": 2, "average": 3993}]
    idea = {"at": 2000, "do": "idea", "direction": 1}
    assert Desk(runner, [*events, idea]).last["verdict"] == "Busy"
    assert Desk(runner, [*events, {"do": "Cancelled", "id": 3}, idea]).last["verdict"] == "Entered"
