"""The front: help with examples, one line for errors, exit codes, awkward consoles."""

import argparse
import importlib
import io
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from depthbridge import cli
from depthbridge.commands import BARE, NAMES
from depthbridge.outputs import replacing
from depthbridge.version import VERSION
from market.errors import EnvironmentFault, UsageError


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "depthbridge", *words],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | variables,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A command of our own under the name of a real one."""
    module = ModuleType("depthbridge.commands.doctor")
    module.HELP = "does something"  # type: ignore[attr-defined]
    module.EXAMPLE = "doctor 1"  # type: ignore[attr-defined]
    module.add_arguments = lambda parser: parser.add_argument("number", type=int)  # type: ignore[attr-defined]
    module.run = lambda args: args.number  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "depthbridge.commands.doctor", module)
    return module


def fail_with(module: ModuleType, error: BaseException) -> None:
    def raising(_: argparse.Namespace) -> int:
        raise error

    module.run = raising  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [BARE, *NAMES])
def test_every_command_keeps_the_contract(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"depthbridge.commands.{name}")
    assert module.HELP
    assert "\n" not in module.HELP
    words = [] if name == BARE else [name]
    assert cli.main([*words, "--help"]) == 0
    out = capsys.readouterr().out
    assert "example" in out
    for line in module.EXAMPLE.strip().splitlines():
        assert line.split("run.py")[-1].split()[: len(words)] == words


@pytest.mark.parametrize("name", [BARE, *NAMES])
def test_examples_are_arguments_that_the_command_takes(name: str) -> None:
    module = importlib.import_module(f"depthbridge.commands.{name}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)
    for line in module.EXAMPLE.strip().splitlines():
        words = shlex.split(line)
        parser.parse_args(words if name == BARE else words[1:])


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert [name for name in NAMES if f"\n  {name} " not in out] == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"depthbridge {VERSION}\n"


def test_the_commands_code_is_the_exit_code(command: ModuleType) -> None:
    assert cli.main(["doctor", "7"]) == 7


@pytest.mark.parametrize(
    "words", [["doctor", "x"], ["doctor"], ["doctor", "1", "2"], ["nonsense"], ["--nonsense"]]
)
def test_wrong_arguments_end_with_one_line_and_2(
    words: list[str], command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("no such\ninstrument"), 2, "no such instrument"),
        (EnvironmentFault("port 8765 is in use"), 2, "port 8765 is in use"),
        (FileNotFoundError(2, "No such file or directory", "a.txt"), 2, "a.txt: No such file"),
        (KeyboardInterrupt(), 130, "stopped"),
        (UsageError("a\x00\x1b[2J\u202eb \xe9"), 2, "a\\x00\\x1b[2J\\u202eb \xe9\n"),
    ],
)
def test_errors_end_with_one_line(
    error: BaseException,
    code: int,
    text: str,
    command: ModuleType,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fail_with(command, error)
    assert cli.main(["doctor", "1"]) == code
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert text in captured.err
    assert "Traceback" not in captured.err


def test_a_defect_of_ours_is_not_hidden(command: ModuleType) -> None:
    fail_with(command, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        cli.main(["doctor", "1"])


def test_no_abbreviations(command: ModuleType) -> None:
    command.add_arguments = lambda parser: parser.add_argument("--levels")  # type: ignore[attr-defined]
    assert cli.main(["doctor", "--lev", "1"]) == 2


def test_a_console_without_unicode_does_not_end_the_program(
    command: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(_: argparse.Namespace) -> int:
        sys.stdout.write("3 × größer\n")
        return 0

    console = io.BytesIO()
    command.run = say  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, encoding="cp437", errors="strict"))
    assert cli.main(["doctor", "1"]) == 0
    assert console.getvalue().split() == [b"3", b"?", "größer".encode("cp437")]


def test_whoever_stops_reading_gets_no_traceback() -> None:
    script = "from depthbridge.cli import main; import sys; sys.exit(main(['--help']))"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_started_as_a_module_it_calls_itself_run_py() -> None:
    assert run("nonsense").stderr.startswith("python run.py: nonsense is no command")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_that_run_py_held_back_is_answered_in_one_line(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        signal.raise_signal(signal.SIGINT)
        assert cli.main(["doctor", "0"]) == 130
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a program without a word")
def test_sigterm_leaves_nothing_half_written(
    command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"

    def write(_: argparse.Namespace) -> int:
        with replacing(out) as part:
            part.write_text("half")
            signal.raise_signal(signal.SIGTERM)
        return 0

    command.run = write  # type: ignore[attr-defined]
    assert cli.main(["doctor", "0"]) == 143
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == "stopped\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_an_interrupt_within_an_executed_text_does_not_replace_the_exit_code(
    tmp_path: Path,
) -> None:
    """As while a dataclass, a named tuple or a kernel is made during the imports."""
    program = (
        "from depthbridge import cli\n"
        "cli._run = lambda words: exec('raise KeyboardInterrupt')\n"
        "raise SystemExit(cli.main([]))\n"
    )
    (tmp_path / "interrupted.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "stopped\n")
