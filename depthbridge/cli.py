"""The command line: finds the command, parses its arguments, turns errors into exit codes.

It knows the shape of a command module, never what a command does.

Exit codes: 0 done, 1 a check or test failed, 2 wrong argument, file or environment, 130 Ctrl-C,
143 SIGTERM (servers: 0).
"""

import argparse
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn, Protocol, cast

from depthbridge.commands import BARE, NAMES
from depthbridge.version import VERSION
from market.errors import DepthbridgeError

__all__ = ["main"]

_WIDTH: Final = 12


class _Command(Protocol):
    HELP: str
    EXAMPLE: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """One clear line instead of usage and error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


class _Terminated(BaseException):
    """SIGTERM: to every block that it passes what Ctrl-C is, so nothing half-written stays."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what stands after the program's name; None takes them from ``sys.argv``.

    Returns:
        The exit code.
    """
    _never_fail_to_print()
    answering = _answer_sigterm()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _let_interrupts_through()
        code = _run(words)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except DepthbridgeError as error:
        return _fail(error.message)
    except KeyboardInterrupt:
        _keep_our_exit_code()
        print("stopped", file=sys.stderr)
        return 130
    except _Terminated:
        print("stopped", file=sys.stderr)
        return 143
    except BrokenPipeError:
        # Whoever read our output has gone (`… | head`); nothing is left to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        return _fail(f"{error.filename}: {error.strerror}")
    finally:
        if answering:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _run(words: list[str]) -> int:
    prog = _prog()
    if words and words[0] in NAMES:
        name, rest = words[0], words[1:]
        command = _load(name)
        parser = _parser(command, f"{prog} {name}", command.HELP)
    elif not words or words[0].startswith("-"):
        rest = words
        command = _load(BARE)
        description = command.HELP
        if any(word in {"-h", "--help"} for word in words):
            description += "\n\n" + _command_list(prog)
        parser = _parser(command, prog, description)
        parser.add_argument("--version", action="version", version=f"depthbridge {VERSION}")
    else:
        return _fail(f"{words[0]} is no command; there are {', '.join(NAMES)}")
    command.add_arguments(parser)
    try:
        args = parser.parse_args(rest)
    except SystemExit as exit_:
        return int(exit_.code or 0)
    if "input" not in args:
        return command.run(args)
    from depthbridge.compiling import told_compiling  # Numba: 0.2 s that others need not wait

    with told_compiling():
        return command.run(args)


def _load(name: str) -> _Command:
    return cast("_Command", importlib.import_module(f"depthbridge.commands.{name}"))


def _parser(command: _Command, prog: str, description: str) -> argparse.ArgumentParser:
    start = _prog()
    lines = [line.removeprefix(f"{start} ") for line in command.EXAMPLE.strip().splitlines()]
    heading = "example" if len(lines) == 1 else "examples"
    return _Parser(
        prog=prog,
        description=description,
        epilog="\n".join([f"{heading}:", *(f"  {start} {line}".rstrip() for line in lines)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _command_list(prog: str) -> str:
    rows = [f"  {name:<{_WIDTH}}{_load(name).HELP}" for name in NAMES]
    return "\n".join([f"commands ({prog} COMMAND --help says more):", *rows])


def _prog() -> str:
    """What the user typed to get here."""
    root = Path(__file__).resolve().parent.parent
    started_as_module = Path(sys.argv[0]).name == "__main__.py"
    return "python run.py" if started_as_module and (root / "run.py").exists() else "depthbridge"


def _fail(message: str) -> int:
    line = " ".join(_printable(message).split())
    print(f"{_prog()}: {line}", file=sys.stderr)
    return 2


def _printable(text: str) -> str:
    """What a file or a file's name says may be anything: no byte of it commands the console."""
    return "".join(
        character if character.isprintable() or character.isspace() else ascii(character)[1:-1]
        for character in text
    )


def _answer_sigterm() -> bool:
    """Let SIGTERM unwind the program as Ctrl-C does, unless somebody answers it already.

    Servers have an answer of their own while they run.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        return False

    def stop(*_: object) -> NoReturn:
        raise _Terminated

    signal.signal(signal.SIGTERM, stop)
    return True


def _let_interrupts_through() -> None:
    """run.py holds Ctrl-C back until somebody is there to answer it in one line."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def _keep_our_exit_code() -> None:
    """Make Python forget that an interrupt passed through the execution of a text.

    Dataclasses, named tuples and Numba execute texts while they are imported. Python then notes
    that a KeyboardInterrupt went unhandled, and at its end kills itself with SIGINT although
    somebody further out did handle it; the next text that is evaluated takes the note back.
    """
    eval("0")


def _never_fail_to_print() -> None:
    """A console that lacks a character shows a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
