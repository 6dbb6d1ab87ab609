"""`test` runs everything, says what failed, and ends with pytest's own closing line."""

import sys
from pathlib import Path

import pytest

from depthbridge.commands import test as command

PASSES = ("-c", "print('fine')")
FAILS = ("-c", "print('what is wrong'); raise SystemExit(1)")
WORKERS = command._workers


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one test in it, which needs no processes."""
    monkeypatch.setattr(command, "_workers", list)
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-ra'\n")
    (tmp_path / "tests" / "test_it.py").write_text("def test_it(): pass\n")
    monkeypatch.setattr(command, "checkout", lambda _: tmp_path)
    monkeypatch.setattr(command, "install_programs", lambda: "")
    return tmp_path


def run(capfd: pytest.CaptureFixture[str], long: bool = False) -> tuple[int, list[str]]:
    code = command.run(type("Args", (), {"long": long})())
    return code, capfd.readouterr().out.splitlines()


def test_all_green_ends_with_pytests_closing_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "CHECKS", (("style", PASSES),))
    monkeypatch.setattr(command, "_workers", WORKERS)
    code, lines = run(capfd)
    assert code == 0
    assert lines[0].split()[:2] == ["ok", "style"]
    assert "1 passed" in lines[-1]


def test_a_failing_check_is_shown_and_fails_the_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "CHECKS", (("style", FAILS), ("types", PASSES)))
    code, lines = run(capfd)
    assert code == 1
    assert "what is wrong" in lines
    assert any("1 passed" in line for line in lines), "the tests run all the same"
    assert lines[-1] == "failed: style"


def test_a_failing_test_fails_the_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "CHECKS", ())
    (project / "tests" / "test_it.py").write_text("def test_it(): assert 1 == 2\n")
    code, lines = run(capfd)
    assert code == 1
    assert lines[-1] == "failed: pytest"


def test_skips_are_listed_with_their_reason(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "CHECKS", ())
    text = "import pytest\ndef test_it(): pytest.skip('no data here')\n"
    (project / "tests" / "test_it.py").write_text(text)
    code, lines = run(capfd)
    assert code == 0
    assert any("no data here" in line for line in lines)


def test_a_program_that_is_missing_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "CHECKS", ())
    monkeypatch.setattr(command, "install_programs", lambda: "missing, its tests are skipped: x")
    code, lines = run(capfd)
    assert code == 0
    assert lines[0] == "look    missing, its tests are skipped: x"


def test_every_tool_that_it_calls_is_installed() -> None:
    import subprocess

    for name, arguments in command.CHECKS:
        if arguments[0] == "-m":
            call = [sys.executable, "-m", arguments[1], "--version"]
            assert subprocess.run(call, check=False, capture_output=True).returncode == 0, name


def test_both_systems_are_type_checked() -> None:
    platforms = [
        words[words.index("--platform") + 1] for _, words in command.CHECKS if "--platform" in words
    ]
    assert platforms == ["linux", "win32"]
