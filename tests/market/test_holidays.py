from datetime import date, timedelta

import pytest

from market.holidays import easter, holiday_of

# Published tables of Easter Sunday.
EASTER = ["2000-04-23", "2008-03-23", "2011-04-24", "2016-03-27", "2019-04-21", "2020-04-12",
          "2023-04-09", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"]  # fmt: skip


@pytest.mark.parametrize("day", EASTER)
def test_easter(day: str) -> None:
    assert easter(date.fromisoformat(day).year) == date.fromisoformat(day)


@pytest.mark.parametrize("year", range(1990, 2060))
def test_every_year_has_its_holidays_once(year: int) -> None:
    day, seen = date(year, 1, 1), []
    while day.year == year:
        name = holiday_of(day)
        if name is not None and day.weekday() < 5 and not name.endswith(("_eve", "_friday")):
            seen.append(name.replace("_report", ""))
        day += timedelta(days=1)
    expected = {"martin_luther_king", "presidents_day", "memorial_day", "independence_day",
                "labor_day", "thanksgiving", "christmas"}  # fmt: skip
    if year >= 2022:
        expected.add("juneteenth")
    if date(year, 1, 1).weekday() != 5:
        expected.add("new_year")
    assert set(seen) - {"good_friday"} == expected
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("day", "name"),
    [("2026-01-19", "martin_luther_king"), ("2026-02-16", "presidents_day"),
     ("2026-04-03", "good_friday_report"), ("2024-03-29", "good_friday"),
     ("2026-05-25", "memorial_day"), ("2026-06-19", "juneteenth"),
     ("2026-07-03", "independence_day"),
     ("2021-07-05", "independence_day"), ("2025-07-03", "independence_eve"),
     ("2026-09-07", "labor_day"), ("2026-11-26", "thanksgiving"),
     ("2026-11-27", "thanksgiving_friday"), ("2025-12-24", "christmas_eve"),
     ("2022-12-26", "christmas"), ("2026-11-20", None)],
)  # fmt: skip
def test_holidays_of_the_exchange_calendars(day: str, name: str | None) -> None:
    assert holiday_of(date.fromisoformat(day)) == name
