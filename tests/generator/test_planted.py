"""Plans: in time order, never overlapping, every fate on both sides."""

from itertools import pairwise

from recording.planted import Fate, Plant, make_plans
from recording.splitmix import Random

SECOND = 10**9


def test_plans_leave_room_for_each_other_and_for_the_end() -> None:
    plans = make_plans(Random(3), 0, 4800 * SECOND)
    assert all(b.time - a.time > a.hold + 50 * SECOND for a, b in pairwise(plans))
    assert plans[0].time > 60 * SECOND
    assert plans[-1].time + plans[-1].hold < (4800 - 60) * SECOND


def test_every_fate_meets_both_sides() -> None:
    plans = make_plans(Random(3), 0, 4800 * SECOND)
    assert {(p.fate, p.side) for p in plans} == {(f, s) for f in [*Fate, None] for s in (0, 1)}


def test_a_short_recording_has_no_plans() -> None:
    assert make_plans(Random(3), 0, 60 * SECOND) == []


def test_everything_meets_both_sides_and_leaves_room() -> None:
    plans = make_plans(Random(3), 0, 4800 * SECOND, everything=True)
    assert {(p.fate or p.plant, p.side) for p in plans} == {
        (what, side) for what in [*Fate, *Plant] for side in (0, 1)
    }
    assert all(b.time - a.time > a.hold + 50 * SECOND for a, b in pairwise(plans))
