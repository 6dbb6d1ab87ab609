"""NinjaTrader's local times become UTC: against Python's zone database, over every clock change."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from tests.csharp.build import Program

_ZONES: Final = {
    "America/New_York": -5,
    "America/Chicago": -6,
    "America/Denver": -7,
    "America/Los_Angeles": -8,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_TICKS: Final = 621_355_968_000_000_000
_SECOND: Final = 1_000_000_000
_FIRST_PASS: Final = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
"""Half past one in Chicago, before the clocks go back."""


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _ticks(moment: datetime, zone: str) -> int:
    """The wall clock of the zone, as .NET counts it; which pass it is gets lost here."""
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    return _EPOCH_TICKS + (local - _EPOCH) // timedelta(microseconds=1) * 10


def _told(runner: Program, zone: str, moments: list[datetime]) -> list[int]:
    lines = [str(_ticks(moment, zone)) for moment in moments]
    return [int(answer) for answer in runner.lines("zone", lines, str(_ZONES[zone]))]


def _steps(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += step


@pytest.mark.parametrize("zone", _ZONES)
@pytest.mark.parametrize("year", [2019, 2026])
def test_a_year_in_order_is_utc_in_order(runner: Program, zone: str, year: int) -> None:
    """Both hours of autumn, and the hour that spring leaves out, every seven minutes of a year."""
    moments = list(
        _steps(
            datetime(year, 1, 1, tzinfo=UTC),
            datetime(year + 1, 1, 1, tzinfo=UTC),
            timedelta(minutes=7, microseconds=1),
        )
    )
    assert _told(runner, zone, moments) == [_ns(moment) for moment in moments]


def test_both_passes_of_an_hour_are_there_in_what_is_tested() -> None:
    """The year above does hold times that the wall clock shows twice."""
    zone = "America/Chicago"
    assert _ticks(_FIRST_PASS, zone) == _ticks(_FIRST_PASS + timedelta(hours=1), zone)


@pytest.mark.parametrize("zone", _ZONES)
def test_every_second_around_the_autumn_change(runner: Program, zone: str) -> None:
    """The change itself, second by second, from two hours before to two hours after."""
    change = datetime(2026, 11, 1, 1 - _ZONES[zone], tzinfo=UTC)
    moments = list(
        _steps(change - timedelta(hours=2), change + timedelta(hours=2), timedelta(seconds=1))
    )
    assert _told(runner, zone, moments) == [_ns(moment) for moment in moments]


def test_disorder_between_threads_does_not_jump_an_hour(runner: Program) -> None:
    """An event that comes 2 s late in the first pass is no event of the second."""
    moments = [_FIRST_PASS, _FIRST_PASS - timedelta(seconds=2), _FIRST_PASS + timedelta(seconds=1)]
    assert _told(runner, "America/Chicago", moments) == [_ns(moment) for moment in moments]


def test_a_playback_set_back_into_the_repeated_hour_means_its_first_pass(runner: Program) -> None:
    """Both passes lie before the latest time: the earlier one, and order goes on from it."""
    moments = [
        _FIRST_PASS + timedelta(hours=9),
        _FIRST_PASS,
        _FIRST_PASS + timedelta(minutes=20),
        _FIRST_PASS + timedelta(minutes=61),
    ]
    assert _told(runner, "America/Chicago", moments) == [_ns(moment) for moment in moments]


def test_a_live_start_in_the_second_pass_is_told_by_the_pc_s_clock(runner: Program) -> None:
    """Without an event before it the wall clock alone would mean the first pass."""
    second = _FIRST_PASS + timedelta(hours=1)
    ticks = str(_ticks(second, "America/Chicago"))
    with_clock = ["not-before " + str(_ns(second - timedelta(minutes=10))), ticks]
    assert runner.lines("zone", with_clock, "-6")[1] == str(_ns(second))
    assert runner.lines("zone", [ticks], "-6") == [str(_ns(_FIRST_PASS))]


def test_the_hour_that_spring_leaves_out_does_no_harm(runner: Program) -> None:
    """No feed has such times; if one comes, it is near, and what follows is right."""
    spring = datetime(2026, 3, 8, 8, tzinfo=UTC)
    gap = (
        _EPOCH_TICKS
        + (datetime(2026, 3, 8, 2, 30, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) * 10
    )
    after = spring + timedelta(minutes=31)
    answers = runner.lines("zone", [str(gap), str(_ticks(after, "America/Chicago"))], "-6")
    assert abs(int(answers[0]) - _ns(spring)) <= 3600 * _SECOND
    assert int(answers[1]) == _ns(after)


def test_a_hundred_nanoseconds_are_kept(runner: Program) -> None:
    """NinjaTrader's smallest step is the step of the answer."""
    base = _ticks(_FIRST_PASS, "America/Chicago")
    answers = runner.lines("zone", [str(base), str(base + 1)], "-6")
    assert int(answers[1]) - int(answers[0]) == 100


@pytest.mark.parametrize("ticks", [0, 567_709_344_000_000_000])
def test_no_time_at_all_is_the_latest_one(runner: Program, ticks: int) -> None:
    """NinjaTrader's smallest dates stand for none: they must not become a rewind."""
    known = _ticks(_FIRST_PASS, "America/Chicago")
    answers = runner.lines("zone", [str(ticks), str(known), str(ticks)], "-6")
    assert answers == ["0", str(_ns(_FIRST_PASS)), str(_ns(_FIRST_PASS))]
