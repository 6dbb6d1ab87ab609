"""The score of planted truth, by hand."""

from typing import Any

import numpy as np
import pytest

from benchmarks.independent import independent_frames
from benchmarks.planted import Announced, Score, score, table
from market.enums import Kind
from market.record import times_of
from orderbook import OrderBook

SECOND = 10**9


def wall(ticks: int, start: int, end: int, side: str = "bid") -> dict[str, Any]:
    return {"ticks": ticks, "side": side, "t_start": start * SECOND, "t_end": end * SECOND}


def new(ticks: int, time: float, side: str = "bid", kind: str = "resting") -> Announced:
    return Announced(kind, side, ticks, ticks + 1, int(time * SECOND))


def test_found_missed_and_false() -> None:
    truth = {"walls": [wall(100, 10, 30), wall(200, 50, 60), wall(300, 70, 80, "ask")]}
    found = [new(100, 10.6), new(99, 25.0), new(200, 49.9), new(300, 71.0), new(300, 72.0, "ask")]
    result = score("resting", truth, found, 0, 3600 * SECOND)
    assert (result.planted, result.found) == (3, 2)
    assert result.recall == pytest.approx(2 / 3)
    assert (result.announced, result.fitting) == (5, 3)
    assert result.false_alarms == 2.0
    assert result.delays == [pytest.approx(0.6), pytest.approx(2.0)]


def test_what_needs_bars_is_judged_once_there_are_some() -> None:
    truth = {"concentrations": [wall(100, 10, 30), wall(100, 2000, 2030)]}
    found = [new(100, 20, kind="traded"), new(100, 2031, "ask", "traded")]
    result = score("traded", truth, found, 0, 3600 * SECOND)
    assert (result.planted, result.found, result.announced, result.hours) == (1, 1, 1, 0.5)


def test_an_iceberg_may_be_called_an_absorption_but_is_not_asked_for_as_one() -> None:
    truth = {"icebergs": [wall(100, 10, 30)], "absorptions": [wall(200, 10, 30)]}
    result = score("absorption", truth, [new(100, 12, kind="absorption")], 0, 3600 * SECOND)
    assert (result.planted, result.found, result.fitting) == (1, 0, 1)


def test_flickering_walls_that_are_announced_are_counted() -> None:
    truth = {"walls": [], "flickers": [wall(100, 10, 30)]}
    result = score("resting", truth, [new(100, 12)], 0, 3600 * SECOND)
    assert (result.flickers, result.fitting, result.false_alarms) == (1, 0, 1.0)
    total = Score()
    total.add(result)
    total.add(result)
    assert (total.flickers, total.hours, total.precision) == (2, 2.0, 0.0)
    assert total.recall is None


def test_the_table_has_a_line_for_each_kind() -> None:
    one = Score(planted=4, found=3, announced=4, fitting=3, delays=[0.5, 0.6, 2.0], hours=2.0)
    lines = table({"resting": one}, {"resting": Score(hours=1.0)})
    assert lines[2] == "| resting (walls) | 4 | 75.0% | 75.0% | 0.6 s | 2.0 s | 0.5 | 0.0 |"


def test_independent_arrivals_make_a_book_that_never_crosses() -> None:
    book = OrderBook(10)
    last, trades = 0, 0
    for frame in independent_frames(3, 3):
        times = times_of(frame)
        assert int(times[0]) >= last
        assert (np.diff(times) >= 0).all()
        last = int(times[-1])
        for place in range(0, len(frame.records), 50):
            assert book.apply(frame.records[place : place + 50], frame.base).fault is None
            bids, asks = book.top(1)
            assert bids[0][0] < asks[0][0]
        trades += int((frame.records["kind"] == Kind.TRADE).sum())
    assert trades > 100
    assert [f.seq for f in independent_frames(3, 1)] == [f.seq for f in independent_frames(3, 1)]
