"""The export window from its menu to files that Python reads without options."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from market.errors import DataError, UsageError
from recording.entries import FrameEntry, InstrumentEntry
from recording.readers import open_recording
from recording.readers.naming import read_sidecar
from tests.csharp.build import Program

ZONES = [
    ("Central Standard Time", "America/Chicago"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
]


def dump(path: Path, day: str, zone: str, *, price: str = "5000,25") -> datetime:
    """A few rows at noon in New York: far too few for the reader to infer a zone.

    Returns:
        The moment of the first row.
    """
    noon = datetime.strptime(f"{day} 12", "%Y%m%d %H").replace(tzinfo=ZoneInfo("America/New_York"))
    stamps = [
        (noon + timedelta(seconds=s)).astimezone(ZoneInfo(zone)).strftime("%Y%m%d%H%M%S")
        for s in range(3)
    ]
    lines = [f"L2;0;{stamp};5;0;0;;{price};3\r\n" for stamp in stamps]
    path.write_bytes("".join(lines).encode())
    return noon


def exported(runner: Program, source: Path, folder: Path, zone: str, *words: str) -> list[str]:
    """What the window has said at the end, and how far its bar is."""
    said = runner.run("exporter", str(source), str(folder), zone, *words)
    return [line.replace(str(folder) + "/", "") for line in said.splitlines()]


@pytest.mark.parametrize(("windows", "iana"), ZONES)
def test_what_was_exported_reads_without_options(
    runner: Program, tmp_path: Path, windows: str, iana: str
) -> None:
    """Zone, symbol and tick size come from the sidecar: the name and the rows do not say them."""
    source, folder = tmp_path / "nt", tmp_path / "out"
    source.mkdir()
    # A root that Python does not know, and a tick size that it could not guess.
    noon = dump(source / "20251119.txt", "20251119", iana, price="101,015625")
    said = exported(runner, source, folder, windows, "QQX", "0.015625", "20251119", "20251119")
    assert said == ["2025-11-19: written QQX 12-26 20251119.txt", "Done.", "bar 1/1"]
    path = folder / "QQX 12-26 20251119.txt"
    assert path.read_bytes() == (source / "20251119.txt").read_bytes()
    beside = read_sidecar(path)
    assert (beside.instrument, beside.tick_size, beside.time_zone) == ("QQX 12-26", 0.015625, iana)

    recording = open_recording(path)
    entries = list(recording)
    [known] = [entry for entry in entries if isinstance(entry, InstrumentEntry)]
    assert known.instrument.symbol == "QQX 12-26"
    first = next(entry for entry in entries if isinstance(entry, FrameEntry))
    assert first.frame.base == int(noon.timestamp()) * 10**9 + 500
    assert first.frame.records["price"][0] == 101.015625 / 0.015625
    path.with_name(path.name + ".json").unlink()
    with pytest.raises((UsageError, DataError)):
        list(open_recording(path))


def test_days_without_data_damaged_days_and_days_that_are_there(
    runner: Program, tmp_path: Path
) -> None:
    """Each is said, none stops the others, and nothing half-written stays."""
    source, folder = tmp_path / "nt", tmp_path / "out"
    source.mkdir()
    dump(source / "20251119.txt", "20251119", "America/Chicago")
    (source / "20251120.txt").write_bytes(b"x")
    dump(source / "20251123.txt", "20251123", "America/Chicago")
    words = ("Central Standard Time", "ES", "0.25", "20251118", "20251123")
    said = exported(runner, source, folder, *words)
    assert said == [
        "2025-11-18: no replay data; download it under Tools > Historical Data "
        "ES 12-26 20251118.txt",
        "2025-11-19: written ES 12-26 20251119.txt",
        "2025-11-20: failed: the replay file is damaged",
        "2025-11-21: no replay data; download it under Tools > Historical Data "
        "ES 12-26 20251121.txt",
        "2025-11-23: written ES 12-26 20251123.txt",
        "Done.",
        "bar 5/5",
    ]
    files = sorted(path.name for path in folder.iterdir())
    names = ["ES 12-26 20251119.txt", "ES 12-26 20251123.txt"]
    assert files == sorted([*names, *(f"{name}.json" for name in names)])
    assert exported(runner, source, folder, *words)[1] == (
        "2025-11-19: is there already ES 12-26 20251119.txt"
    )
    whole = list(open_recording(folder))
    assert sum(len(entry.frame.records) for entry in whole if isinstance(entry, FrameEntry)) == 6


def test_cancel_ends_after_the_day_under_way(runner: Program, tmp_path: Path) -> None:
    """A dump cannot be broken off; the next one is not begun."""
    source, folder = tmp_path / "nt", tmp_path / "out"
    source.mkdir()
    for day in ("20251118", "20251119", "20251120"):
        dump(source / f"{day}.txt", day, "America/Chicago")
    words = ("ES", "0.25", "20251118", "20251120", "cancel")
    said = exported(runner, source, folder, "Central Standard Time", *words)
    assert said[0] == "Cancelling after this day."
    assert said[-2:] == ["Cancelled.", "bar 1/3"]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ES", "0.25", "20251120", "20251119"), "the last day is before the first"),
        (("ES", "0", "20251119", "20251119"), "the instrument has no tick size"),
    ],
)
def test_what_cannot_be_exported(
    runner: Program, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """One line, and the window lives on."""
    answer = exported(runner, tmp_path, tmp_path / "out", "Central Standard Time", *words)
    assert answer[0] == said
    assert not (tmp_path / "out").exists()


def test_days_are_those_that_are_over(runner: Program) -> None:
    """No Saturdays; today and later are not complete."""
    listed = runner.run("exporter-days", "20261113", "20261130", "20261119", "ES 12-26")
    days = [line[-12:-4] for line in listed.splitlines()]
    expected = [date(2026, 11, day) for day in range(13, 19) if day != 14]
    assert days == [day.strftime("%Y%m%d") for day in expected]


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("ES 12-26", "ES 12-26 20261118.txt"),
        ("^SP500", "_SP500 20261118.txt"),
        ("BRK/B", "BRK_B 20261118.txt"),
        ("..\\x", ".._x 20261118.txt"),
    ],
)
def test_names_that_every_file_system_takes(runner: Program, symbol: str, name: str) -> None:
    """The symbol itself stands in the sidecar."""
    assert runner.run("exporter-days", "20261118", "20261118", "20261119", symbol).strip() == name


def test_every_zone_is_one_that_python_knows(runner: Program) -> None:
    """Windows' names, after the CLDR; an unknown one has no name rather than a wrong one."""
    pairs = dict(line.split("\t") for line in runner.run("exporter-zones").splitlines())
    assert pairs.pop("nobody's") == "none"
    assert len(pairs) > 130
    for name, iana in pairs.items():
        assert ZoneInfo(iana).key == iana, name
    assert pairs["Eastern Standard Time"] == "America/New_York"
    assert pairs["Pacific Standard Time"] == "America/Los_Angeles"
    assert pairs["GMT Standard Time"] == "Europe/London"
    assert pairs["Tokyo Standard Time"] == "Asia/Tokyo"
