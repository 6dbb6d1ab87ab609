"""The doctor finds what is broken, and what is not stays ok."""

import socket
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from depthbridge import doctor
from depthbridge.doctor import Verdict
from recording.storage import Storage


def test_the_machine_that_runs_the_tests_is_fit(tmp_path: Path) -> None:
    findings = list(doctor.diagnose("127.0.0.1", 0, tmp_path))
    assert [f.subject for f in findings] == [
        "Python",
        "packages",
        "port",
        "folder",
        "kernels",
        "clock",
        "time zones",
    ]
    assert [f for f in findings if f.verdict is Verdict.WRONG] == []


def test_a_taken_port_is_found_with_advice() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        finding = doctor.check_port("127.0.0.1", other.getsockname()[1])
    assert finding.verdict is Verdict.WRONG
    assert "--port" in finding.advice


def test_an_old_python_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert doctor.check_python().verdict is Verdict.WRONG


def test_a_package_below_its_floor_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda n: "0.9.0" if n == "h11" else real(n))
    finding = doctor.check_packages()
    assert finding.verdict is Verdict.WRONG
    assert "h11 0.9.0 is older than 0.16" in finding.text


def test_a_missing_package_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "orjson", None)
    finding = doctor.check_packages()
    assert finding.verdict is Verdict.WRONG
    assert "orjson cannot be imported" in finding.text


def test_versions_are_compared_as_numbers() -> None:
    assert doctor._numbers("3.11.10") > doctor._numbers("3.11.6")
    assert doctor._numbers("1.0rc1") == (1,)


def test_a_folder_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    assert doctor.check_folder(blocked / "recordings").verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(5 * 10**8, Verdict.WRONG), (5 * 10**9, Verdict.LOOK), (10**12, Verdict.OK)],
)
def test_room_on_the_disk(
    free: int, verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert doctor.check_folder(tmp_path / "not yet there").verdict is verdict


def test_a_clock_years_off_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Dead":
            return cls(1980, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(doctor, "datetime", Dead)
    assert doctor.check_clock().verdict is Verdict.WRONG


def test_missing_time_zones_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_ZONES", ("Middle/Earth",))
    assert doctor.check_time_zones().verdict is Verdict.WRONG


def test_no_place_for_compiled_kernels_is_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "prepare_cache", lambda: None)
    assert doctor.check_kernels().verdict is Verdict.LOOK


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        (Storage(11 * 10**9, 10**12, 0), "recording.keep_gb"),
        (Storage(10**9, 2 * 10**11, 5 * 10**10), "make room"),
    ],
)
def test_recordings_that_grow_are_worth_a_look(
    storage: Storage, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "measure_storage", lambda *_: storage)
    found = doctor.check_folder(tmp_path)
    assert found.verdict is Verdict.LOOK
    assert said in found.advice
    assert "recorded" in found.text
