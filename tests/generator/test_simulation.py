"""The market by itself: times, ends, and that its truth is complete."""

from statistics import median

import pytest

from market.enums import DepthOp
from recording.simulation import DEPTH, TYPICAL_SIZE, Market

SECOND = 10**9


def market(minutes: int, **changes: object) -> Market:
    settings = {"seed": 5, "start": 0, "end": minutes * 60 * SECOND, "first_price": 27_000}
    return Market(**(settings | changes))  # type: ignore[arg-type]


def test_times_are_in_order_on_ninjatraders_clock_and_before_the_end() -> None:
    times = [row.time for row in market(3)]
    assert times == sorted(times)
    assert all(time % 100 == 0 for time in times)
    assert 179 * SECOND < times[-1] < 180 * SECOND


def test_it_opens_with_full_sides_around_the_first_price() -> None:
    rows = [row for _, row in zip(range(23), market(1), strict=False)]
    best = {row.kind: row.price for row in rows if row.level == 2 and row.position == 0}
    assert best == {0: 27_001, 1: 27_000}
    assert sum(row.level == 2 for row in rows) == 2 * DEPTH


def test_typical_size_is_typical() -> None:
    sides: list[list[int]] = [[], []]
    medians = []
    for row in market(5, walls=False):
        if row.level == 2 and row.op == DepthOp.UPDATE:
            sides[row.kind][row.position] = row.size
            medians.append(median(sides[0] + sides[1]))
        elif row.level == 2 and row.op == DepthOp.ADD:
            sides[row.kind].insert(row.position, row.size)
        elif row.level == 2:
            sides[row.kind].pop(row.position)
    assert abs(median(medians) - TYPICAL_SIZE) < 0.1 * TYPICAL_SIZE


@pytest.mark.parametrize("minutes", [20, 30])
def test_no_wall_is_left_unfinished(minutes: int) -> None:
    running = market(minutes)
    assert sum(1 for _ in running) > 1000
    assert running.walls
    assert all(wall.t_start < wall.t_end for wall in running.walls)
    assert running._work.wall is None
