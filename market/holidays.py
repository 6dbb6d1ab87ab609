"""Holidays of the United States' futures exchanges as rules: a date has at most one name.

Source: the exchange's holiday calendars of 2022 to 2026. A Sunday's holiday is kept on Monday, a
Saturday's on Friday, except New Year's Day, which then is not kept at all.
"""

from datetime import date, timedelta
from typing import Final

__all__ = [
    "GOOD_FRIDAY_REPORT",
    "SHORT_DAYS",
    "US_CLOSED",
    "US_SHORT",
    "easter",
    "holiday_of",
]

_DAY: Final = timedelta(days=1)

GOOD_FRIDAY_REPORT: Final = "good_friday_report"
"""Good Friday on the first Friday of a month: the employment report comes out, some trade."""
US_CLOSED: Final = frozenset({"new_year", "good_friday", "christmas"})
"""Every group is closed."""
US_SHORT: Final = frozenset(
    {
        "martin_luther_king",
        "presidents_day",
        "memorial_day",
        "juneteenth",
        "independence_day",
        "labor_day",
        "thanksgiving",
    }
)
"""The cash market is closed; electronic trading halts early."""
SHORT_DAYS: Final = frozenset({"independence_eve", "thanksgiving_friday", "christmas_eve"})
"""Trading days that end early."""


def easter(year: int) -> date:
    """Easter Sunday, Gregorian (the anonymous computus as of Meeus, Astronomical Algorithms, 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def holiday_of(day: date) -> str | None:
    """Name of the holiday or short day kept on ``day``; None: an ordinary day."""
    return _fixed(day) or _moving(day) or _eve(day)


def _fixed(day: date) -> str | None:
    for name, month, number, first_year in (
        ("new_year", 1, 1, 1),
        ("juneteenth", 6, 19, 2022),
        ("independence_day", 7, 4, 1),
        ("christmas", 12, 25, 1),
    ):
        if day.year >= first_year and _kept(date(day.year, month, number), name) == day:
            return name
    return None


def _kept(day: date, name: str) -> date:
    if day.weekday() == 6:
        return day + _DAY
    if day.weekday() == 5 and name != "new_year":
        return day - _DAY
    return day


def _moving(day: date) -> str | None:
    if day.weekday() == 4 and day == easter(day.year) - 2 * _DAY:
        return GOOD_FRIDAY_REPORT if day.day <= 7 else "good_friday"
    week = (day.day - 1) // 7 + 1
    if day.weekday() == 0:
        if day.month == 5 and (day + 7 * _DAY).month == 6:
            return "memorial_day"
        return {
            (1, 3): "martin_luther_king",
            (2, 3): "presidents_day",
            (9, 1): "labor_day",
        }.get((day.month, week))
    if day.month == 11 and day.weekday() == 3 and week == 4:
        return "thanksgiving"
    if day.month == 11 and day.weekday() == 4 and 23 <= day.day <= 29:
        return "thanksgiving_friday"
    return None


def _eve(day: date) -> str | None:
    if day.weekday() < 4 and (day.month, day.day) == (7, 3):
        return "independence_eve"
    if day.weekday() < 4 and (day.month, day.day) == (12, 24):
        return "christmas_eve"
    return None
