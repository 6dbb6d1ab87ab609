from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import SettingsError
from market.session import SHIPPED_TEMPLATES, SessionCalendar, calendar_for, templates_from

CHICAGO = ZoneInfo("America/Chicago")
SECOND = 10**9
HOUR = 3600 * SECOND


def ns(text: str, zone: ZoneInfo = CHICAGO) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND


instants = st.integers(
    int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * SECOND,
    int(datetime(2035, 1, 1, tzinfo=UTC).timestamp()) * SECOND,
)
templates = st.sampled_from(sorted(SHIPPED_TEMPLATES))


@pytest.mark.parametrize(
    ("time", "trade_date"),
    [
        ("2026-11-19T10:00", "2026-11-19"),
        ("2026-11-19T15:59:59", "2026-11-19"),
        ("2026-11-19T16:00", None),
        ("2026-11-19T16:59:59", None),
        ("2026-11-19T17:00", "2026-11-20"),
        ("2026-11-20T16:00", None),
        ("2026-11-22T16:59", None),
        ("2026-11-22T17:00", "2026-11-23"),
        ("2026-11-21T12:00", None),
        # holidays as the exchange announced them
        ("2023-12-25T16:30", None),
        ("2023-12-25T17:00", "2023-12-26"),
        ("2023-12-22T15:00", "2023-12-22"),
        ("2023-12-24T18:00", None),
        ("2024-03-29T08:00", None),
        ("2023-04-07T08:00", "2023-04-07"),
        ("2023-04-07T08:15", None),
        ("2024-11-28T11:59", "2024-11-28"),
        ("2024-11-28T12:00", None),
        ("2024-11-28T17:00", "2024-11-29"),
        ("2024-11-29T12:14", "2024-11-29"),
        ("2024-11-29T12:15", None),
        ("2024-07-03T12:15", None),
        ("2024-06-19T12:00", None),
        ("2021-06-18T15:00", "2021-06-18"),
        ("2021-12-24T10:00", None),
        ("2021-12-31T10:00", "2021-12-31"),
        ("2023-01-02T10:00", None),
    ],
)
def test_the_equity_calendar(time: str, trade_date: str | None) -> None:
    session = calendar_for("cme_equity").trading_session(ns(time))
    assert (session and session.trade_date.isoformat()) == trade_date


def test_the_recorded_christmas_opening() -> None:
    """The recorded ES file of 2023-12-25 trades from 23:00 UTC on."""
    calendar = calendar_for("cme_equity")
    opening = ns("2023-12-25T23:00", ZoneInfo("UTC"))
    assert calendar.trading_session(opening - 1) is None
    session = calendar.trading_session(opening)
    assert session is not None
    assert (session.trade_date, session.open) == (date(2023, 12, 26), opening)
    assert calendar.next_boundary(opening - 1) == opening


def test_clock_changes_move_the_utc_hour_only() -> None:
    calendar = calendar_for("cme_equity")
    for day, hour in (("2026-03-06", 14.5), ("2026-03-09", 13.5), ("2026-11-02", 14.5)):
        hours = calendar.rth(date.fromisoformat(day))
        assert hours is not None
        midnight = ns(day, ZoneInfo("UTC"))
        assert hours[0] - midnight == int(hour * HOUR)
        assert hours[1] - hours[0] == int(6.5 * HOUR)
    switch = calendar.session_of(date(2026, 3, 9))
    assert switch is not None
    assert switch.close - switch.open == 23 * HOUR
    european = SessionCalendar(
        templates_from(
            {"x": {"zone": "Europe/Berlin", "eth": ["01:10-22:00"], "rth": "09:00-17:30"}}
        )["x"]
    )
    night = european.session_of(date(2026, 3, 30))
    assert night is not None
    assert night.close - night.open == 20 * HOUR + 50 * 60 * SECOND


def test_grains_pause_in_the_morning() -> None:
    calendar = calendar_for("cme_grains")
    assert calendar.trading_session(ns("2026-11-19T08:00")) is None
    before = calendar.trading_session(ns("2026-11-19T07:00"))
    assert before == calendar.trading_session(ns("2026-11-19T09:00"))
    assert calendar.next_boundary(ns("2026-11-19T07:00")) == ns("2026-11-19T07:45")
    assert calendar.next_boundary(ns("2026-11-19T08:00")) == ns("2026-11-19T08:30")
    assert calendar.trading_session(ns("2026-11-26T09:00")) is None


@given(instants)
def test_always_is_open_and_changes_its_date_at_midnight_utc(time: int) -> None:
    calendar = calendar_for("always")
    session = calendar.trading_session(time)
    assert session is not None
    assert session.close - session.open == 24 * HOUR
    assert session.open % (24 * HOUR) == 0
    assert session.open <= time < session.close == calendar.next_boundary(time)


@given(templates, instants)
def test_next_boundary_agrees_with_trading_session(name: str, time: int) -> None:
    calendar = calendar_for(name)
    boundary = calendar.next_boundary(time)
    assert boundary > time
    here = calendar.trading_session(time)
    assert calendar.trading_session(boundary - 1) == here
    assert calendar.trading_session(boundary) != here
    for part in range(1, 8):
        assert calendar.trading_session(time + (boundary - time) * part // 8) == here


@given(templates, instants)
def test_a_session_contains_its_instant_and_knows_its_date(name: str, time: int) -> None:
    calendar = calendar_for(name)
    session = calendar.trading_session(time)
    if session is not None:
        assert session.open <= time < session.close
        assert session == calendar.session_of(session.trade_date)
        assert calendar.trading_session(session.open) == session
        hours = calendar.rth(session.trade_date)
        if hours is not None:
            assert session.open <= hours[0] < hours[1] <= session.close


@pytest.mark.parametrize("name", sorted(SHIPPED_TEMPLATES))
def test_sessions_of_twenty_years_never_overlap(name: str) -> None:
    calendar = calendar_for(name)
    day, last = date(2015, 1, 1), 0
    count = 0
    while day.year < 2035:
        session = calendar.session_of(day)
        if session is not None:
            assert session.open >= last
            assert session.close > session.open
            last = session.close
            count += 1
        day += timedelta(days=1)
    assert count == 7305 if name == "always" else 4950 < count < 5220


def test_unknown_template_and_wrong_settings_name_their_key() -> None:
    with pytest.raises(SettingsError, match="cme_equity"):
        calendar_for("nyse")
    for settings, key in (
        ({"zone": "Mars/Olympus"}, "sessions.x.zone"),
        ({"eth": ["9-17"]}, "sessions.x.eth"),
        ({"eth": ["09:00-17:00", "16:00-18:00"]}, "sessions.x.eth"),
        ({"rth": "09:00"}, "sessions.x.rth"),
        ({"dates": {"2026-13-01": "closed"}}, "sessions.x.dates"),
        ({"open": 1}, "sessions.x.open"),
    ):
        with pytest.raises(SettingsError) as caught:
            templates_from({"x": settings})
        assert caught.value.key == key


def test_single_dates_override_the_rules() -> None:
    templates = templates_from(
        {"cme_equity": {"dates": {"2026-11-19": "closed", "2026-11-20": "10:00"}}}
    )
    calendar = calendar_for("cme_equity", templates)
    assert calendar.session_of(date(2026, 11, 19)) is None
    short = calendar.session_of(date(2026, 11, 20))
    assert short is not None
    assert short.close == ns("2026-11-20T10:00")
