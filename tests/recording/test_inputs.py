"""Windows: half open, in sessions, from the options of a command."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from depthbridge.inputs import Window, window_of
from market.errors import UsageError
from market.session import calendar_for

NS = 10**9
CALENDAR = calendar_for("cme_equity")
DAY = date(2026, 11, 19)


def at(hour: int, minute: int = 0, day: int = 19) -> int:
    return int(datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()) * NS


def test_a_window_includes_its_begin_and_not_its_end() -> None:
    window = Window(100, 200)
    assert window.mask(np.array([99, 100, 199, 200])).tolist() == [False, True, True, False]


def test_small_steps_back_do_not_end_a_window() -> None:
    window = Window(100, 200)
    assert not window.over(200 + 10 * NS - 1)
    assert window.over(200 + 10 * NS)
    assert not Window().over(2**63 - 1)


def test_a_trade_date_is_its_session() -> None:
    window = window_of(CALENDAR, DAY, None, None, None)
    assert (window.begin, window.end) == (at(23, 0, 18), at(22))
    part = window_of(CALENDAR, DAY, None, "14:30", "2026-11-19T15:00+00:00")
    assert (part.begin, part.end) == (at(14, 30), at(15))


def test_regular_hours_of_every_day() -> None:
    window = window_of(CALENDAR, None, "RTH", None, None)
    times = np.array([at(14, 29), at(14, 30), at(20, 59), at(21), at(15, day=20), at(15, day=21)])
    assert window.mask(times).tolist() == [False, True, True, False, True, False]
    eth = window_of(CALENDAR, None, "ETH", None, None)
    assert eth.mask(np.array([at(21, 59), at(22, 30), at(23)])).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("window", "first", "last", "meets"),
    [
        (Window(100, 200), 0, 99, False),
        (Window(100, 200), 0, 100, True),
        (Window(100, 200), 199, 300, True),
        (Window(100, 200), 200, 300, False),
        (Window(calendar=CALENDAR, session="RTH"), at(12), at(14, 29), False),
        (Window(calendar=CALENDAR, session="RTH"), at(12), at(14, 30), True),
        (Window(calendar=CALENDAR, session="RTH"), at(21), at(22), False),
        (Window(at(21), at(23), CALENDAR, "RTH"), at(12), at(23), False),
    ],
)
def test_what_a_window_meets(window: Window, first: int, last: int, meets: bool) -> None:
    assert window.meets(first, last) is meets


@pytest.mark.parametrize(
    ("day", "session", "begin", "end"),
    [
        (date(2026, 11, 21), None, None, None),
        (DAY, None, "15:00", "14:00"),
        (DAY, None, "23:59:59", None),
        (None, None, "14:30", None),
        (None, None, "noon", None),
        (date(2026, 12, 25), "RTH", None, None),
    ],
)
def test_windows_that_cannot_be(
    day: date | None, session: str | None, begin: str | None, end: str | None
) -> None:
    with pytest.raises(UsageError):
        window_of(CALENDAR, day, session, begin, end)
