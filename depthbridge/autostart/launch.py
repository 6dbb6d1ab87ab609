"""What autostart starts: this Python, this package, the server."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Launch", "server_launch"]


@dataclass(frozen=True, slots=True)
class Launch:
    """A program with its arguments and the folder it is started in."""

    program: Path
    arguments: tuple[str, ...]
    folder: Path


def server_launch(log: Path, config: Path | None, program: Path | None = None) -> Launch:
    """``serve`` with a log file, by the Python that runs now.

    Args:
        log: file that the server logs into; nobody sees its standard error.
        config: the user's configuration.
        program: instead of ``sys.executable``.
    """
    python = _windowless(program or Path(sys.executable))
    options: Sequence[str] = () if config is None else ("--config", str(config.resolve()))
    arguments = ("-m", "depthbridge", "serve", "--log", str(log.resolve()), *options)
    return Launch(python, arguments, Path(__file__).resolve().parents[2])


def _windowless(python: Path) -> Path:
    """On Windows the Python without a console, if it is there: else a black window stays open."""
    beside = python.with_name("pythonw.exe")
    return beside if python.name.lower() == "python.exe" and beside.exists() else python
