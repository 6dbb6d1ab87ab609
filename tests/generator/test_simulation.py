"""The market by itself: times, ends, and that its truth is complete."""

from statistics import median

import pytest

from market.enums import DepthOp, MarketDataType, Side
from recording.planted import Episode
from recording.simulation import DEPTH, TYPICAL_SIZE, Market, Row

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


@pytest.fixture(scope="module")
def everything() -> tuple[Market, list[Row]]:
    running = market(30, everything=True)
    return running, list(running)


def test_a_planted_episode_holds_its_row_while_its_volume_is_traded(
    everything: tuple[Market, list[Row]],
) -> None:
    """The volume is what the rows say, nothing trades beyond, and the row never shows more."""
    running, rows = everything
    assert len(running.icebergs) >= 3
    assert len(running.absorptions) >= 3
    for one in [*running.icebergs, *running.absorptions]:
        mine = [row for row in rows if one.t_start <= row.time <= one.t_end]
        trades = [row for row in mine if row.level == 1 and row.kind == MarketDataType.LAST]
        assert sum(row.size for row in trades if row.price == one.price) == one.volume
        beyond = one.price - 1 if one.side == Side.BID else one.price + 1
        assert not any(row.price == beyond for row in trades)
        shown = [
            row.size for row in mine if (row.level, row.kind, row.price) == (2, one.side, one.price)
        ]
        assert max(shown) <= one.shown
        assert min(shown) > 0


def test_an_iceberg_is_restored_at_once_and_an_absorber_is_not(
    everything: tuple[Market, list[Row]],
) -> None:
    running, rows = everything

    def restored(one: Episode) -> float:
        """Share of the trades after which the row shows about as much as before, in its group."""
        last, before, told = {}, 0, []
        for row in rows:
            if one.t_start < row.time <= one.t_end and row.level == 2 and row.price == one.price:
                last[row.time] = row.size
            if one.t_start < row.time <= one.t_end and row.kind == MarketDataType.LAST:
                told.append((row.time, before))
            if row.level == 2 and row.price == one.price and row.kind == one.side:
                before = row.size
        hits = [(time, size) for time, size in told if time in last]
        return sum(last[time] > size - 10 for time, size in hits) / len(hits)

    assert all(restored(one) > 0.9 for one in running.icebergs)
    assert all(restored(one) < 0.4 for one in running.absorptions)
    assert all(one.volume > 8 * one.shown for one in running.icebergs)


def test_a_flickering_wall_is_never_there_for_half_a_second(
    everything: tuple[Market, list[Row]],
) -> None:
    running, rows = everything
    assert len(running.flickers) >= 2
    for one in running.flickers:
        assert one.times > 5
        assert one.longest < SECOND // 2
        since, longest = None, 0
        for row in rows:
            if not one.t_start <= row.time <= one.t_end or row.level != 2:
                continue
            if (row.kind, row.price) == (one.side, one.price):
                there = row.size >= one.size
                longest = max(longest, row.time - since if since is not None else 0)
                since = row.time if there and since is None else (since if there else None)
        assert 0 < longest <= one.longest
        trades = [r for r in rows if r.level == 1 and r.kind == MarketDataType.LAST]
        assert not any(t.price == one.price and one.t_start <= t.time <= one.t_end for t in trades)


def test_without_everything_the_rows_stay_what_they_were() -> None:
    assert list(market(3)) == list(market(3, everything=False))
    assert list(market(12)) != list(market(12, everything=True))
