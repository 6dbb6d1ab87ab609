"""The zone of a dump, from its day and the halt; what contradicts it; clock changes."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from market.errors import UsageError
from market.instrument import DEFAULT_INSTRUMENTS
from recording.entries import FrameEntry
from recording.readers import open_recording
from recording.readers import survey as survey_module
from recording.readers.survey import CANDIDATES, choose_zone, infer_zone, survey_file
from recording.readers.survey_kernel import survey_lines
from recording.readers.zones import zone_table

ES = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
EASTERN = ZoneInfo("America/New_York")
assert ES is not None


def eastern_day(day: date) -> list[datetime]:
    """A line every 20 s while ES trades on an Eastern calendar day."""
    midnight = datetime.combine(day, datetime.min.time(), EASTERN)
    hours = {6: [(18, 24)], 4: [(0, 17)], 5: []}.get(day.weekday(), [(0, 17), (18, 24)])
    moments = []
    for begin, end in hours:
        first = (midnight + timedelta(hours=begin)).astimezone(UTC)
        moments += [first + timedelta(seconds=s) for s in range(1, (end - begin) * 3600, 20)]
    return moments


def write_dump(path: Path, moments: list[datetime], zone: str, *, trades: bool = True) -> Path:
    local = ZoneInfo(zone)
    lines = []
    for number, moment in enumerate(moments):
        stamp = moment.astimezone(local).strftime("%Y%m%d%H%M%S")
        kind = 2 if trades and number % 3 == 0 else 0
        lines.append(f"L1;{kind};{stamp};0;5000.25;1\r\n")
    path.write_text("".join(lines), newline="")
    return path


WINTER, SUMMER = date(2026, 1, 14), date(2026, 7, 15)
SUNDAY, FRIDAY = date(2026, 3, 8), date(2026, 10, 30)
"""The Sunday is the day of the American clock change, the Friday before the European one's end."""


@pytest.mark.parametrize("day", [WINTER, SUMMER, SUNDAY, FRIDAY])
@pytest.mark.parametrize(
    "zone",
    ["UTC", "America/New_York", "America/Chicago", "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo"],
)
def test_a_whole_day_shows_its_zone(tmp_path: Path, zone: str, day: date) -> None:
    moments = eastern_day(day)
    path = write_dump(tmp_path / "ES 12-26.txt", moments, zone)
    recording = open_recording(path)
    entries = [entry for entry in recording if isinstance(entry, FrameEntry)]
    assert recording.report.zone_origin == "inferred"
    assert entries[0].frame.base == int(moments[0].timestamp()) * 10**9
    assert recording.report.last_time == int(moments[-1].timestamp()) * 10**9
    assert any("inferred" in note for note in recording.report.notes)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_another_offset_given_by_the_caller_is_a_conflict(tmp_path: Path, zone: str) -> None:
    path = write_dump(tmp_path / "ES 12-26.txt", eastern_day(SUMMER), zone)
    assert choose_zone(path, ES, given=zone, beside=None).origin == "given"
    with pytest.raises(UsageError, match="contradicts"):
        choose_zone(path, ES, given="America/Denver", beside=None)
    same = {"UTC": "Africa/Abidjan", "Europe/Berlin": "Europe/Paris"}[zone]
    assert choose_zone(path, ES, given=same, beside=None).name == same


def test_two_hours_do_not_decide(tmp_path: Path) -> None:
    moments = [moment for moment in eastern_day(WINTER) if 18 <= moment.hour < 20]
    path = write_dump(tmp_path / "ES 12-26.txt", moments, "America/Chicago")
    zone = choose_zone(path, ES, given=None, beside=None)
    assert (zone.name, zone.origin) == ("UTC", "default")
    assert zone.note is not None
    beside = choose_zone(path, ES, given=None, beside="America/Chicago")
    assert (beside.name, beside.origin, beside.note) == ("America/Chicago", "sidecar", None)
    assert choose_zone(path, ES, given="Asia/Tokyo", beside="UTC").name == "Asia/Tokyo"


def test_one_mark_does_not_decide(tmp_path: Path) -> None:
    begin = eastern_day(WINTER)[:60]
    path = write_dump(tmp_path / "ES 12-26.txt", begin, "America/Chicago")
    assert choose_zone(path, ES, given=None, beside=None).origin == "default"


def test_the_hours_around_the_halt_decide(tmp_path: Path) -> None:
    around = [moment for moment in eastern_day(WINTER) if moment.hour in (20, 21, 22, 23)]
    path = write_dump(tmp_path / "ES 12-26.txt", around, "Europe/Berlin")
    assert choose_zone(path, ES, given=None, beside=None).name == "Europe/Berlin"


def test_several_days_do_not_decide(tmp_path: Path) -> None:
    moments = eastern_day(WINTER) + eastern_day(WINTER + timedelta(days=1))
    path = write_dump(tmp_path / "ES 12-26.txt", moments, "Europe/Berlin")
    assert choose_zone(path, ES, given=None, beside=None).origin == "default"


def test_quotes_in_the_halt_do_not_contradict_but_trades_do(tmp_path: Path) -> None:
    day = eastern_day(WINTER)
    halt = [day[0].replace(hour=22) + timedelta(minutes=m) for m in range(10, 50)]
    quiet = write_dump(tmp_path / "a.txt", halt, "UTC", trades=False).read_text()
    path = write_dump(tmp_path / "ES 12-26.txt", day, "UTC")
    path.write_text(path.read_text() + quiet)
    assert choose_zone(path, ES, given=None, beside=None).name == "UTC"
    path.write_text(path.read_text() + quiet.replace("L1;0", "L1;2"))
    assert choose_zone(path, ES, given=None, beside=None).origin == "default"


def test_an_instrument_without_the_halt_needs_the_whole_day(tmp_path: Path) -> None:
    other = DEFAULT_INSTRUMENTS.define("BTCUSD", 0.25)
    midnight = datetime.combine(WINTER, datetime.min.time(), EASTERN).astimezone(UTC)
    moments = [midnight + timedelta(seconds=s) for s in range(0, 86_400, 30)]
    survey = survey_file(write_dump(tmp_path / "a.txt", moments, "Asia/Tokyo"))
    assert survey is not None
    assert infer_zone(survey, other) == "Asia/Tokyo"


def test_large_files_are_surveyed_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey_module, "_WHOLE", 1 << 16)
    monkeypatch.setattr(survey_module, "_BLOCK", 1 << 12)
    moments = [
        moment + timedelta(milliseconds=100 * i) for moment in eastern_day(WINTER) for i in range(8)
    ]
    path = write_dump(tmp_path / "ES 12-26.txt", moments, "Asia/Kolkata")
    assert path.stat().st_size > 1 << 19
    assert choose_zone(path, ES, given=None, beside=None).name == "Asia/Kolkata"


def test_lines_are_counted_by_the_minute() -> None:
    data = (
        b"L1;2;20231226000100;0;5000;1\nL2;0;20231226000159;5;0;0;;5000;1\n"
        b"rubbish\n\nL1;0;20231227000000;5;5000;1\n"
    )
    lines, trades = np.zeros(3000, np.int64), np.zeros(3000, np.int64)
    day = survey_lines(np.frombuffer(data, np.uint8).copy(), len(data), lines, trades, -1)
    assert date(1970, 1, 1) + timedelta(days=int(day)) == date(2023, 12, 26)
    assert np.flatnonzero(lines).tolist() == [1, 1440]
    assert lines[1] == 2
    assert trades.sum() == trades[1] == 1


@pytest.mark.parametrize("zone", [*CANDIDATES, "Australia/Lord_Howe", "Pacific/Chatham"])
def test_zone_tables_agree_with_the_zone_database(zone: str) -> None:
    table = zone_table(zone)
    info = ZoneInfo(zone)
    for year in (1999, 2008, 2023, 2026, 2059):
        for step in range(0, 366 * 24, 37):
            wall = datetime(year, 1, 1) + timedelta(hours=step, minutes=20)  # noqa: DTZ001
            local = int(wall.replace(tzinfo=UTC).timestamp())
            row = np.searchsorted(table[:, 0], local, side="right") - 1
            expected = int(wall.replace(tzinfo=info).astimezone(UTC).timestamp())
            assert local - table[row, 1] == expected, wall


def test_a_zone_that_does_not_exist(tmp_path: Path) -> None:
    path = write_dump(tmp_path / "ES 12-26.txt", eastern_day(WINTER)[:3], "UTC")
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(UsageError, match="time zone"):
            choose_zone(path, ES, given=name, beside=None)
