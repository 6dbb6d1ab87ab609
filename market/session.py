"""When an instrument trades: session templates, holidays and early closes, in UTC nanoseconds.

A template says everything in the exchange's local time; the IANA zone makes UTC of it, so clock
changes are right. Sessions are named by their trade date: the evening of Sunday belongs to Monday.
A holiday's short session keeps the date of the holiday.

Holidays are computed rules of the present (2022 on), applied to every year; whoever needs another
hour for one date gives the template dates of its own (:func:`templates_from`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from market.errors import SettingsError
from market.holidays import GOOD_FRIDAY_REPORT, SHORT_DAYS, US_CLOSED, US_SHORT, holiday_of

__all__ = [
    "SHIPPED_TEMPLATES",
    "SessionCalendar",
    "SessionTemplate",
    "TradingSession",
    "Window",
    "calendar_for",
    "templates_from",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_SEARCH_DAYS: Final = 400
"""No template is closed for longer; beyond that there is no next boundary."""


class TradingSession(NamedTuple):
    """One trade date's session, ns UTC: from the first opening to the last close.

    Between them a template may pause (grains do in the morning); a pause is closed.
    """

    trade_date: date
    open: int
    close: int


class Window(NamedTuple):
    """Minutes of local time relative to the trade date's midnight; negative: the evening before."""

    open: int
    close: int


@dataclass(frozen=True, slots=True)
class SessionTemplate:
    """Hours of a group of instruments.

    Attributes:
        zone: IANA name.
        eth: the windows of a trade date, in order, apart from each other.
        rth: the regular hours, within ``eth``.
        weekdays: trade dates, Monday 0.
        closed: names of holidays without a session.
        early: holiday name to the minute of local time at which its session ends.
        dates: for single dates, None (closed) or the minute at which the session ends.
    """

    zone: str
    eth: tuple[Window, ...]
    rth: Window
    weekdays: frozenset[int] = frozenset(range(5))
    closed: frozenset[str] = frozenset()
    early: Mapping[str, int] = field(default_factory=dict)
    dates: Mapping[date, int | None] = field(default_factory=dict)


class SessionCalendar:
    """Answers for one template; a value without state."""

    __slots__ = ("_zone", "template")

    def __init__(self, template: SessionTemplate) -> None:
        self.template: Final = template
        self._zone: Final = ZoneInfo(template.zone)

    @property
    def fingerprint(self) -> str:
        """Digest of the template: equal ones give equal answers."""
        template = self.template
        parts = [template.zone, template.eth, template.rth, sorted(template.weekdays)]
        parts += [sorted(template.closed), sorted(template.early.items())]
        parts.append(sorted((day.isoformat(), end) for day, end in template.dates.items()))
        return blake2b(repr(parts).encode(), digest_size=8).hexdigest()

    def trading_session(self, time: int) -> TradingSession | None:
        """The session that contains ``time`` (ns UTC), open included, close not; None: closed."""
        day = self._local_date(time)
        for trade_date in (day - _DAY, day, day + _DAY):
            for opened, closed in self._windows(trade_date):
                if opened <= time < closed:
                    return self.session_of(trade_date)
        return None

    def opening(self, time: int) -> int | None:
        """When the window that contains ``time`` opened, ns UTC; None: closed."""
        day = self._local_date(time)
        for trade_date in (day - _DAY, day, day + _DAY):
            for opened, closed in self._windows(trade_date):
                if opened <= time < closed:
                    return opened
        return None

    def next_boundary(self, time: int) -> int:
        """The first instant after ``time`` at which open/closed or the trade date changes, ns UTC.

        Raises:
            SettingsError: a template that never opens again.
        """
        day = self._local_date(time) - _DAY
        for offset in range(_SEARCH_DAYS):
            for edges in self._windows(day + offset * _DAY):
                for edge in edges:
                    if edge > time:
                        return edge
        raise SettingsError(f"no session within {_SEARCH_DAYS} days", key="sessions")

    def rth(self, trade_date: date) -> tuple[int, int] | None:
        """Regular hours of a trade date, ns UTC; None: closed, or over before they would begin."""
        end = self._end(trade_date)
        opened, closed = self.template.rth
        if end is None or end <= opened:
            return None
        return self._instant(trade_date, opened), self._instant(trade_date, min(closed, end))

    def session_of(self, trade_date: date) -> TradingSession | None:
        """The session of a trade date; None: there is none."""
        windows = list(self._windows(trade_date))
        if not windows:
            return None
        return TradingSession(trade_date, windows[0][0], windows[-1][1])

    def _windows(self, trade_date: date) -> Iterator[tuple[int, int]]:
        end = self._end(trade_date)
        if end is None:
            return
        for opened, closed in self.template.eth:
            if opened < end:
                yield (
                    self._instant(trade_date, opened),
                    self._instant(trade_date, min(closed, end)),
                )

    def _end(self, trade_date: date) -> int | None:
        """Minute at which the trade date's session ends; None: there is no session."""
        template = self.template
        last = template.eth[-1].close
        if trade_date in template.dates:
            end = template.dates[trade_date]
            return None if end is None else min(end, last)
        if trade_date.weekday() not in template.weekdays:
            return None
        holiday = holiday_of(trade_date)
        if holiday is None:
            return last
        return None if holiday in template.closed else min(template.early.get(holiday, last), last)

    def _local_date(self, time: int) -> date:
        return (_EPOCH + timedelta(microseconds=time // 1000)).astimezone(self._zone).date()

    def _instant(self, trade_date: date, minute: int) -> int:
        days, minute = divmod(minute, 1440)
        local = datetime.combine(
            trade_date + days * _DAY, time(minute // 60, minute % 60), tzinfo=self._zone
        )
        return (local.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 1000


def calendar_for(
    template: str, templates: Mapping[str, SessionTemplate] | None = None
) -> SessionCalendar:
    """The calendar of a template by name, from the shipped ones or from ``templates``.

    Raises:
        SettingsError: unknown name.
    """
    known = SHIPPED_TEMPLATES if templates is None else templates
    if template not in known:
        names = ", ".join(sorted(known))
        raise SettingsError(
            f"session template {template!r} is unknown; known: {names}",
            key="session",
            allowed=names,
        )
    return SessionCalendar(known[template])


def templates_from(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, SessionTemplate]:
    """The shipped templates with the user's laid over them.

    Args:
        settings: by name, each with ``zone``, ``eth`` (list of ``"17:00-16:00"``: an opening later
            than its close is on the evening before), ``rth``, and ``dates`` (ISO date to
            ``closed`` or the local time of an early close).

    Raises:
        SettingsError: unknown key or value out of range.
    """
    templates = dict(SHIPPED_TEMPLATES)
    for name, values in settings.items():
        templates[name] = _template(f"sessions.{name}", values, templates.get(name))
    return templates


def _template(
    path: str, values: Mapping[str, Any], known: SessionTemplate | None
) -> SessionTemplate:
    allowed = ("zone", "eth", "rth", "dates")
    for key in values:
        if key not in allowed:
            raise _refused(f"{path}.{key}", f"one of {', '.join(allowed)}")
    base = known or SessionTemplate("UTC", (Window(0, 1440),), Window(0, 1440))
    zone = str(values.get("zone", base.zone))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as cause:
        raise _refused(f"{path}.zone", "an IANA zone such as America/Chicago") from cause
    eth = base.eth
    if "eth" in values:
        eth = tuple(_window(f"{path}.eth", text) for text in values["eth"])
        if not eth or any(a.close > b.open for a, b in pairwise(eth)):
            raise _refused(f"{path}.eth", "windows in order that do not overlap")
    rth = _window(f"{path}.rth", values["rth"]) if "rth" in values else base.rth
    dates = {
        _date(f"{path}.dates", day): None if text == "closed" else _minute(f"{path}.dates", text)
        for day, text in values.get("dates", {}).items()
    }
    return replace(base, zone=zone, eth=eth, rth=rth, dates={**base.dates, **dates})


def _window(path: str, text: object) -> Window:
    opened, dash, closed = str(text).partition("-")
    if not dash:
        raise _refused(path, "HH:MM-HH:MM")
    start, stop = _minute(path, opened), _minute(path, closed)
    return Window(start - 1440 if start >= stop else start, stop)


def _minute(path: str, text: object) -> int:
    hour, colon, minute = str(text).strip().partition(":")
    valid = bool(colon) and hour.isdecimal() and minute.isdecimal()
    if not valid or int(minute) > 59 or int(hour) * 60 + int(minute) > 1440:
        raise _refused(path, "HH:MM up to 24:00")
    return int(hour) * 60 + int(minute)


def _date(path: str, day: object) -> date:
    try:
        return day if isinstance(day, date) else date.fromisoformat(str(day))
    except ValueError as cause:
        raise _refused(path, "dates as YYYY-MM-DD") from cause


def _refused(path: str, allowed: str) -> SettingsError:
    return SettingsError(f"{path} must be {allowed}", key=path, allowed=allowed)


def _globex(
    rth: tuple[int, int], holiday: int, short: int, *, report: int | None = None
) -> SessionTemplate:
    """Sunday evening to Friday: 17:00 the day before to 16:00 Central."""
    early = dict.fromkeys(US_SHORT, holiday) | dict.fromkeys(SHORT_DAYS, short)
    closed = set(US_CLOSED)
    if report is None:
        closed.add(GOOD_FRIDAY_REPORT)
    else:
        early[GOOD_FRIDAY_REPORT] = report
    return SessionTemplate(
        "America/Chicago",
        (Window(-7 * 60, 16 * 60),),
        Window(*rth),
        closed=frozenset(closed),
        early=early,
    )


def _agricultural(eth: tuple[Window, ...], short: int) -> SessionTemplate:
    return SessionTemplate(
        "America/Chicago",
        eth,
        eth[-1],
        closed=US_CLOSED | US_SHORT | {GOOD_FRIDAY_REPORT},
        early=dict.fromkeys(SHORT_DAYS, short),
    )


_NOON: Final = 12 * 60
SHIPPED_TEMPLATES: Final[Mapping[str, SessionTemplate]] = {
    "cme_equity": _globex((510, 900), _NOON, _NOON + 15, report=8 * 60 + 15),
    "cme_fx": _globex((440, 840), _NOON, _NOON + 15, report=10 * 60 + 15),
    "cme_rates": _globex((440, 840), _NOON, _NOON + 15, report=10 * 60 + 15),
    "cme_crypto": _globex((510, 900), _NOON, _NOON + 15, report=8 * 60 + 15),
    "cme_energy": _globex((480, 810), 13 * 60 + 30, 12 * 60 + 45),
    "cme_metals": _globex((440, 750), 13 * 60 + 30, 12 * 60 + 45),
    "cme_grains": _agricultural((Window(-5 * 60, 465), Window(510, 800)), 12 * 60 + 5),
    "cme_livestock": _agricultural((Window(510, 785),), 12 * 60 + 5),
    "always": SessionTemplate(
        "UTC", (Window(0, 1440),), Window(0, 1440), weekdays=frozenset(range(7))
    ),
}
"""By name: RTH of equities and crypto 08:30-15:00, rates and currencies 07:20-14:00, energy
08:00-13:30, metals 07:20-12:30, grains 08:30-13:20, livestock 08:30-13:05, all Central."""
