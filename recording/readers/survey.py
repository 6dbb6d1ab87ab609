"""The time zone of a dump's wall times.

A dump does not say its zone, but it covers one US/Eastern calendar day, and nothing trades from
16:00 to 17:00 Central nor on weekends. A zone is possible if the file contradicts neither; it is
supported by each of these that the file shows: the day's beginning, its end, trades until the
halt, trades from its end on. The file decides if two or more of them speak for one offset and no
other offset has as many.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from market.errors import FileFormatError, UsageError
from market.instrument import Instrument
from market.session import SHIPPED_TEMPLATES, Window
from recording.readers.opener import ByteSource, open_bytes
from recording.readers.survey_kernel import survey_lines
from recording.readers.zones import zone_table

__all__ = ["Survey", "Zone", "choose_zone", "infer_zone", "survey_file"]

CANDIDATES: Final = (
    "UTC",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Halifax",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Caracas",
    "Atlantic/Azores",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Moscow",
    "Africa/Johannesburg",
    "Asia/Jerusalem",
    "Asia/Dubai",
    "Asia/Tehran",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Perth",
    "Australia/Brisbane",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Australia/Sydney",
    "Pacific/Noumea",
    "Pacific/Auckland",
    "Pacific/Tongatapu",
)
"""Of zones with one offset the first is named; on the day in question they are the same."""

_EASTERN: Final = ZoneInfo("America/New_York")
_MINUTES: Final = 3 * 1440
_BLOCK: Final = 1 << 16
_WHOLE: Final = 1 << 24
"""Plain files up to this size are surveyed in full, larger ones in 256 blocks."""
_FEWEST_TRADES: Final = 50
_ENOUGH: Final = 2
_OPEN, _HALT, _END = 18 * 60, 17 * 60, 24 * 60
_SLACK: Final = 5
_SUNDAY, _SATURDAY, _FRIDAY = 6, 5, 4


@dataclass(frozen=True, slots=True)
class Survey:
    """When a dump has lines and trades, in its own wall time.

    Attributes:
        day: midnight of its first line's day, naive.
        lines: count per minute from ``day`` on, three days.
        trades: the same of trades.
    """

    day: datetime
    lines: NDArray[np.int64]
    trades: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone, how it is known, and a line for people if it is not certain."""

    name: str
    origin: str
    note: str | None = None


def choose_zone(
    path: Path, instrument: Instrument, *, given: str | None, beside: str | None
) -> Zone:
    """The zone of a dump: as the caller says, else as the file shows, else the sidecar, else UTC.

    Args:
        path: the dump.
        instrument: only the sessions of known futures say when the halt is.
        given: the caller's zone.
        beside: the sidecar's zone.

    Raises:
        UsageError: an unknown zone, or one that the file contradicts.
    """
    survey = survey_file(path)
    shown = infer_zone(survey, instrument) if survey is not None else None
    for name in (given, beside):
        if name is not None:
            zone_table(name)
    if given is not None:
        if survey is not None and shown is not None and not _same(survey, given, shown):
            raise UsageError(
                f"{path}: --time-zone {given} contradicts the file, whose day and trading halt "
                f"fit {shown}",
                code="zone_conflict",
                path=str(path),
            )
        return Zone(given, "given")
    if shown is not None:
        return Zone(shown, "inferred", f"times read as {shown}, inferred from the day and the halt")
    if beside is not None:
        return Zone(beside, "sidecar")
    return Zone("UTC", "default", "the file does not show its time zone: read as UTC (--time-zone)")


def survey_file(path: Path) -> Survey | None:
    """Count lines and trades per minute; None if the file has no dump lines."""
    lines = np.zeros(_MINUTES, np.int64)
    trades = np.zeros(_MINUTES, np.int64)
    day = -1
    for block in _blocks(path):
        day = int(survey_lines(block, len(block), lines, trades, day))
    if day < 0:
        return None
    return Survey(datetime(1970, 1, 1) + timedelta(days=day), lines, trades)  # noqa: DTZ001


def infer_zone(survey: Survey, instrument: Instrument) -> str | None:
    """The zone that a survey decides for; None if it does not decide."""
    best: dict[int, str] = {}
    most = _ENOUGH
    for name in CANDIDATES:
        shift = _shift(survey, name)
        support = _support(survey, shift, halts=_halts(instrument))
        if support > most:
            best, most = {}, support
        if support == most:
            best.setdefault(shift, name)
    return next(iter(best.values())) if len(best) == 1 else None


def _halts(instrument: Instrument) -> bool:
    template = SHIPPED_TEMPLATES.get(instrument.session)
    return template is not None and template.eth == (Window(-7 * 60, 16 * 60),)


def _same(survey: Survey, one: str, other: str) -> bool:
    return _shift(survey, one) == _shift(survey, other)


def _shift(survey: Survey, name: str) -> int:
    """Minutes to add to the file's wall time for Eastern time, at its last line."""
    last = survey.day + timedelta(minutes=int(np.flatnonzero(survey.lines)[-1]))
    moment = last.replace(tzinfo=ZoneInfo(name))
    ahead, eastern = moment.utcoffset(), moment.astimezone(_EASTERN).utcoffset()
    assert ahead is not None  # a ZoneInfo always knows
    assert eastern is not None
    return int((eastern - ahead).total_seconds()) // 60


def _support(survey: Survey, shift: int, *, halts: bool) -> int:
    """How many marks speak for a shift; -1 if the file contradicts it."""
    lines = np.flatnonzero(survey.lines) + shift
    trades = np.flatnonzero(survey.trades) + shift
    if len(lines) == 0 or lines[0] // 1440 != lines[-1] // 1440:
        return -1
    offset = int(lines[0] // 1440)
    weekday = (survey.day + timedelta(days=offset)).weekday()
    lines, trades = lines - offset * 1440, trades - offset * 1440
    first = lines
    if halts:
        if len(trades) and _contradicted(trades, weekday):
            return -1
        if weekday == _SUNDAY:
            first = trades
    support = 0
    begin, end = (_OPEN, _END) if halts and weekday == _SUNDAY else (0, _END)
    if halts and weekday == _FRIDAY:
        end = _HALT
    if len(first):
        support += bool(begin <= first[0] < begin + 2)
        support += bool(end - 2 <= lines[-1] < end + _SLACK)
    if halts and weekday < _FRIDAY and int(survey.trades.sum()) >= _FEWEST_TRADES:
        support += _any(trades, _HALT - 20, _HALT + _SLACK) and bool(lines[-1] >= _OPEN)
        support += _any(trades, _OPEN - 1, _OPEN + 20)
    return support


def _contradicted(trades: NDArray[np.int64], weekday: int) -> bool:
    """Trades while the exchange is closed; minutes of the Eastern day."""
    if weekday == _SATURDAY:
        return True
    if weekday == _SUNDAY:
        return bool(trades[0] < _OPEN - _SLACK)
    if weekday == _FRIDAY:
        return bool(trades[-1] >= _HALT + _SLACK)
    return _any(trades, _HALT + _SLACK, _OPEN - _SLACK)


def _any(minutes: NDArray[np.int64], low: int, high: int) -> bool:
    return bool(np.any((minutes >= low) & (minutes < high)))


def _blocks(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Blocks of whole lines; damage ends them, reading the file will say so."""
    size = path.stat().st_size
    with open_bytes(path) as source:
        if source.compression is None and size > _WHOLE:
            step = (size - _BLOCK) / (_WHOLE // _BLOCK - 1)
            for number in range(_WHOLE // _BLOCK):
                source.seek(int(number * step))
                yield _whole_lines(source, skip=number > 0)
            return
        rest = b""
        while True:
            piece = np.empty(_BLOCK * 16 + len(rest), np.uint8)
            piece[: len(rest)] = np.frombuffer(rest, np.uint8)
            try:
                count = source.readinto(piece.data[len(rest) :])
            except FileFormatError:
                return
            filled = len(rest) + count
            if count == 0:
                return
            end = piece[:filled].tobytes().rfind(b"\n") + 1
            rest = piece[end:filled].tobytes()[-_BLOCK:]
            yield piece[:end]


def _whole_lines(source: ByteSource, *, skip: bool) -> NDArray[np.uint8]:
    """One block from where the source stands, without its first line if ``skip``."""
    block = np.empty(_BLOCK, np.uint8)
    count = source.readinto(block.data)
    data = block[:count].tobytes()
    start = data.find(b"\n") + 1 if skip else 0
    return block[start : data.rfind(b"\n") + 1]
