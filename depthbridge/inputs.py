"""INPUT and its options, the same for every command that reads recordings.

INPUT is a file, a folder, or the name of an instrument that the recordings folder holds.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from depthbridge.clocktime import moment
from depthbridge.numbers import decimal_number
from market.errors import UsageError
from market.session import SessionCalendar

if TYPE_CHECKING:  # heavy, and not needed for the help
    from recording.readers import Recording
    from server.settings import Settings

__all__ = [
    "Input",
    "Window",
    "add_input_arguments",
    "check_reach",
    "open_input",
    "window_of",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER: Final = 2**63 - 1
_STEP_BACK: Final = 10_000_000_000
_SESSIONS: Final = ("RTH", "ETH")


def add_input_arguments(parser: argparse.ArgumentParser, *, until: str = "--to") -> None:
    """Declare INPUT and what says how to read it.

    Args:
        parser: of the command.
        until: the option for the end of the window; ``convert`` needs ``--to`` for the format.
    """
    parser.add_argument(
        "input",
        metavar="INPUT",
        help="a file, a folder, or an instrument's name in the recordings folder (with --date)",
    )
    group = parser.add_argument_group("input")
    group.add_argument("--format", help="instead of finding it by content: nt-dump, lobster, …")
    group.add_argument("--instrument", help="where the recording does not say it: 'ES 12-26'")
    group.add_argument(
        "--tick-size", type=_tick_size, help="for an instrument that is not known: 0.25"
    )
    group.add_argument("--time-zone", help="IANA zone of a dump's times: America/Chicago")
    group.add_argument("--tolerant", action="store_true", help="skip and count what is wrong")
    group.add_argument(
        "--date", type=_date, help="trade date, YYYY-MM-DD; of LOBSTER messages their day"
    )
    group.add_argument(
        "--seed",
        type=Path,
        metavar="FILE",
        help="LOBSTER: the order book file; its first row is the book after the first message",
    )
    group.add_argument("--session", choices=_SESSIONS, type=str.upper, help="only its hours")
    group.add_argument("--from", dest="begin", metavar="TIME", help="UTC, ISO; HH:MM with --date")
    group.add_argument(until, dest="end", metavar="TIME", help="the same, exclusive")
    group.add_argument("--config", type=Path, metavar="FILE", help="configuration (YAML)")


@dataclass(frozen=True, slots=True)
class Input:
    """A recording, the part of it that is wanted, and the settings that go with it."""

    recording: "Recording"
    window: "Window | None"
    settings: "Settings"


def open_input(args: argparse.Namespace) -> Input:
    """What the arguments name.

    Raises:
        UsageError: nothing there, or options that contradict each other.
        FileFormatError: a file of no known format.
    """
    from recording.readers import open_recording
    from server.settings import load_settings

    settings = load_settings(args.config)
    path = Path(args.input)
    segments: tuple[Path, ...] = ()
    if not path.exists():
        path, segments = _recorded(args, settings)
    elif args.format is not None:
        _check_format(args.format)
    recording = open_recording(
        path,
        format=args.format,
        instrument=args.instrument,
        tick_size=args.tick_size,
        time_zone=args.time_zone,
        tolerant=args.tolerant,
        instruments=settings.instruments,
        segments=segments,
        seed=args.seed,
        date=args.date,
    )
    window = None
    own = recording.format.dated  # the day says what the times mean, and cuts nothing off
    cut = args.session, args.begin, args.end
    if (args.date and not own) or any(word is not None for word in cut):
        calendar = settings.calendar(recording.instrument.session)
        window = window_of(calendar, args.date, args.session, args.begin, args.end, whole=own)
    return Input(recording, window, settings)


def _recorded(args: argparse.Namespace, settings: "Settings") -> tuple[Path, tuple[Path, ...]]:
    """The journal of an instrument, and which of its segments to read."""
    from recording.catalogue import find_recording

    folder = settings.recordings_folder
    found = find_recording(folder, args.input, args.date, settings.instruments)
    if found is None:
        day = f" of {args.date}" if args.date else ""
        raise UsageError(
            f"{args.input} is neither a file nor recorded{day} in {folder} (see: recordings)",
            code="no_file",
        )
    return found.folder, found.segments


def _check_format(name: str) -> None:
    from recording.readers import formats

    names = [known.name for known in formats()]
    if name not in names:
        raise UsageError(f"--format {name} is unknown; there are {', '.join(names)}")


class Window:
    """The part of a recording that is wanted: times from ``begin`` to before ``end``, in a session.

    Args:
        begin: ns UTC.
        end: ns UTC, exclusive.
        calendar: with ``session``: only its hours.
        session: ``RTH``, ``ETH`` or None.
    """

    def __init__(
        self,
        begin: int = 0,
        end: int = _FOREVER,
        calendar: SessionCalendar | None = None,
        session: str | None = None,
    ) -> None:
        self.begin = begin
        self.end = end
        self._calendar = calendar
        self._session = session
        self._hours: dict[date, tuple[int, int] | None] = {}

    @property
    def session(self) -> str | None:
        """Whose hours: ``RTH``, ``ETH``; None: all."""
        return self._session

    @property
    def limits(self) -> tuple[int | None, int | None]:
        """Begin, and end (exclusive), ns UTC; None: it is open there."""
        return self.begin or None, None if self.end == _FOREVER else self.end

    def mask(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these times (ns UTC) lie in the window."""
        inside: NDArray[np.bool_] = (times >= self.begin) & (times < self.end)
        if self._session is None or not inside.any():
            return inside
        hours = np.zeros(len(times), np.bool_)
        for low, high in self._sessions(int(times[inside].min()), int(times[inside].max())):
            hours |= (times >= low) & (times < high)
        return inside & hours

    def over(self, time: int) -> bool:
        """Whether nothing can lie in it from a record at ``time`` on, which may step back a bit."""
        return time - _STEP_BACK >= self.end

    def holds(self, time: int) -> bool:
        """Whether one time lies in the window."""
        return bool(self.mask(np.array([time]))[0])

    def reach(self, time: int) -> int:
        """Where the stretch of the window that ``time`` lies in ends, exclusive; else ``time``."""
        if not self.holds(time):
            return time
        if self._session is None:
            return self.end
        stretches = self._sessions(time, time)
        return min(self.end, next(high for low, high in stretches if low <= time < high))

    def meets(self, first: int, last: int) -> bool:
        """Whether it has anything of the time from ``first`` to ``last``, both included."""
        low, high = max(first, self.begin), min(last, self.end - 1)
        if low > high or self._session is None:
            return low <= high
        return any(begin <= high and low < end for begin, end in self._sessions(low, high))

    def _sessions(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        day = _day_of(first) - timedelta(days=1)
        while day <= _day_of(last) + timedelta(days=1):
            if day not in self._hours:
                self._hours[day] = self._hours_of(day)
            hours = self._hours[day]
            if hours is not None:
                yield hours
            day += timedelta(days=1)

    def _hours_of(self, day: date) -> tuple[int, int] | None:
        assert self._calendar is not None
        if self._session == "RTH":
            return self._calendar.rth(day)
        session = self._calendar.session_of(day)
        return None if session is None else (session.open, session.close)


def check_reach(recording: "Recording", window: Window | None) -> None:
    """Refuse a window of which a recording that was read holds nothing: a wrong day, mostly.

    Raises:
        UsageError: with the times that the recording has.
    """
    first, last = recording.report.first_time, recording.report.last_time
    if window is None or first is None or last is None or window.meets(first, last):
        return
    begins, ends = moment(first), moment(last)
    reach = f"begins at {begins}" if window.end <= first else f"is from {begins} to {ends}"
    raise UsageError(
        f"{recording.path} has nothing in that window: it {reach} UTC", code="empty_window"
    )


def window_of(
    calendar: SessionCalendar,
    day: date | None,
    session: str | None,
    begin: str | None,
    end: str | None,
    *,
    whole: bool = False,
) -> Window:
    """The window that the options say; ``whole``: ``day`` only dates times without a day.

    Raises:
        UsageError: a time that is none, a date without the session, an empty window.
    """
    low, high = 0, _FOREVER
    if day is not None and not whole:
        hours = calendar.session_of(day)
        if hours is None:
            raise UsageError(f"there is no session on {day}")
        low, high = hours.open, hours.close
    if begin is not None:
        low = max(low, _instant(begin, day, "--from"))
    if end is not None:
        high = min(high, _instant(end, day, "the end"))
    if low >= high:
        raise UsageError("--date and the times leave nothing")
    if day is not None and not whole and session == "RTH" and calendar.rth(day) is None:
        raise UsageError(f"there are no regular hours on {day}")
    return Window(low, high, calendar, session)


def _instant(text: str, day: date | None, option: str) -> int:
    """Time as ns UTC; a time of day belongs to ``day``."""
    try:
        if len(text) <= 15 and ":" in text and "-" not in text and "T" not in text:
            if day is None:
                raise UsageError(f"{option} {text}: a time of day needs --date")
            moment = datetime.combine(day, time.fromisoformat(text))
        else:
            moment = datetime.fromisoformat(text)
    except ValueError as cause:
        raise UsageError(
            f"{option} {text or repr(text)} is no time such as 2026-11-19T14:30"
        ) from cause
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _tick_size(text: str) -> str:
    """Its text, as it was written; refused for journals too, which know their own."""
    if decimal_number(text) <= 0:
        raise argparse.ArgumentTypeError(f"{text} is no tick size: it must be above 0")
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as cause:
        raise argparse.ArgumentTypeError(f"{text} is no date such as 2026-11-19") from cause


def _day_of(instant: int) -> date:
    return (_EPOCH + timedelta(microseconds=instant // 1000)).date()
