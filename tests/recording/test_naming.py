"""Which instrument a file is of, by its name, its folder or its sidecar; the catalogue."""

import json
from pathlib import Path

import pytest

from market.errors import FileFormatError, SettingsError, UsageError
from market.instrument import DEFAULT_INSTRUMENTS
from recording.catalogue import days, find_recording, summarise
from recording.readers.naming import Sidecar, find_instrument, name_in, read_sidecar
from recording.readers.report import Report


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("ES 12-26.txt", "ES 12-26"),
        ("ES 12-26/20261119.csv", "ES 12-26"),
        ("data/nq_03-27.txt.zst", "NQ 03-27"),
        ("MNQ 06-26.Last.txt", "MNQ 06-26"),
        ("ES ##-##.Last.txt", "ES ##-##"),
        ("esz6_20261119.csv", "ES 12-26"),
        ("20261119 6EH27.csv", "6E 03-27"),
        ("es_20231225_derived_from_mbo.txt", "ES"),
        ("CL.csv", "CL"),
        ("NQ/20211119.csv", "NQ"),
        ("data/20261119.csv", None),
        ("essay.txt", None),
        ("FOOZ6.txt", None),
        ("data/ABC 12-26.txt", "ABC 12-26"),
    ],
)
def test_names(path: str, name: str | None) -> None:
    assert name_in(Path("/recordings") / path, DEFAULT_INSTRUMENTS) == name


def test_a_folder_may_be_left_out() -> None:
    path = Path("/NQ 12-26/20211119.csv")
    assert name_in(path, DEFAULT_INSTRUMENTS) == "NQ 12-26"
    assert name_in(path, DEFAULT_INSTRUMENTS, folder=False) is None


def test_the_caller_comes_before_the_sidecar_before_the_name(tmp_path: Path) -> None:
    path = tmp_path / "NQ 12-26.txt"

    def found(instrument: str | None = None, tick_size: str | None = None) -> tuple[str, bool]:
        known, note = find_instrument(
            path,
            DEFAULT_INSTRUMENTS,
            instrument=instrument,
            tick_size=tick_size,
            sidecar=read_sidecar(path),
        )
        return known.symbol, note is not None

    assert found() == ("NQ 12-26", True)
    beside = path.with_name(path.name + ".json")
    beside.write_text(json.dumps({"instrument": "ES 12-26", "time_zone": "UTC", "more": 1}))
    assert found() == ("ES 12-26", False)
    assert found("YM 12-26") == ("YM 12-26", False)
    with pytest.raises(UsageError, match=r"0\.25"):
        found(tick_size="0.5")
    with pytest.raises(UsageError, match="--tick-size"):
        found("FOO")
    assert found("FOO", "0.5") == ("FOO", False)
    for text in ("[]", "{", "\xff"):
        beside.write_text(text)
        with pytest.raises(FileFormatError, match="json"):
            found()
    assert read_sidecar(tmp_path / "other") == Sidecar()


def test_a_report_speaks_of_what_was_noticed() -> None:
    assert Report().summary() == []
    report = Report(notes=["a"], inversions=2, first_inversion=4, malformed=1, first_malformed=0)
    report.gaps = 3
    lines = report.summary()
    assert len(lines) == 4
    assert "line 5" in lines[1]
    assert "line 1" in lines[2]


def test_an_empty_catalogue(tmp_path: Path) -> None:
    assert list(days(tmp_path)) == []
    assert find_recording(tmp_path, "ES", None, DEFAULT_INSTRUMENTS) is None
    assert find_recording(tmp_path / "no", "ES", None, DEFAULT_INSTRUMENTS) is None
    assert summarise.__doc__
    assert issubclass(SettingsError, UsageError)
