"""A user unit of systemd: ``~/.config/systemd/user/depthbridge.service``."""

import getpass
import os
from pathlib import Path
from typing import Final

from depthbridge.autostart.launch import Launch
from depthbridge.autostart.running import run, run_or_raise
from market.errors import EnvironmentFault

__all__ = ["NAME", "SystemdUnit", "unit_text"]

NAME: Final = "depthbridge.service"
_CTL: Final = ("systemctl", "--user")
_TEXT: Final = """\
# Written by `run.py autostart on`, removed by `run.py autostart off`.
[Unit]
Description=Depthbridge, order-flow server
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory={folder}
ExecStart={command}
Restart=always
RestartSec=5
TimeoutStopSec=20

[Install]
WantedBy=default.target
"""
"""Restart: always, for ever (no start limit); a stop gives the journal time to be synced."""


def unit_text(launch: Launch) -> str:
    """The unit file.

    Raises:
        EnvironmentFault: a path that a unit file cannot hold.
    """
    program, folder = str(launch.program), str(launch.folder)
    for word, forbidden in ((program, "\"'\\"), *((word, "") for word in launch.arguments)):
        if any(char in word for char in "\n\r\0" + forbidden):
            raise EnvironmentFault(f"systemd cannot start {word!r}", code="bad_path")
    # Specifiers are seen everywhere, variables in arguments; the folder takes the whole line.
    words = (f'"{program.replace("%", "%%")}"', *map(_quoted, launch.arguments))
    return _TEXT.format(folder=folder.replace("%", "%%"), command=" ".join(words))


def _quoted(word: str) -> str:
    """An argument in ExecStart: specifiers, variables, quotes and backslashes escaped."""
    for char, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(char, escaped)
    return f'"{word}"'


class SystemdUnit:
    """The unit, through ``systemctl --user``."""

    @property
    def path(self) -> Path:
        """Where the unit file lies."""
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return Path(base) / "systemd" / "user" / NAME

    def on(self, launch: Launch) -> list[str]:
        """See :class:`depthbridge.autostart.Starter`."""
        text = unit_text(launch)
        before = self.path.read_text(encoding="utf-8") if self.path.exists() else None
        run_or_raise(*_CTL, "--version")
        try:
            if text != before:
                self._write(text)
                run_or_raise(*_CTL, "daemon-reload")
            run_or_raise(*_CTL, "enable", NAME)
            # A server that runs under the same unit is left alone.
            run_or_raise(*_CTL, "start" if text == before else "restart", NAME)
        except EnvironmentFault:
            self._write(before)
            raise
        lines = [f"on: {self.path}", "it runs, starts at every login and again whenever it ends"]
        if not self._lingers():
            user = getpass.getuser()
            lines.append(f"to run it without a login as well: loginctl enable-linger {user}")
        return lines

    def off(self) -> list[str]:
        """See :class:`depthbridge.autostart.Starter`."""
        if not self.path.exists():
            return ["off: it was not on"]
        run_or_raise(*_CTL, "disable", "--now", NAME)
        self.path.unlink()
        run_or_raise(*_CTL, "daemon-reload")
        return ["off: ended, and not started again"]

    def status(self) -> tuple[bool, list[str]]:
        """See :class:`depthbridge.autostart.Starter`."""
        if not self.path.exists():
            return False, ["off"]
        enabled, said = run(*_CTL, "is-enabled", NAME)
        active = run(*_CTL, "is-active", NAME)[1] or "unknown"
        if enabled:
            return False, [f"off: {self.path} is there, but {said or 'not enabled'}"]
        return True, [f"on: {self.path}", f"now: {active}"]

    def _write(self, text: str | None) -> None:
        """The unit file with this text; None: no file."""
        if text is None:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(text, encoding="utf-8", newline="\n")

    def _lingers(self) -> bool:
        try:
            said = run("loginctl", "show-user", getpass.getuser(), "--property=Linger")[1]
        except EnvironmentFault:
            return False
        return said == "Linger=yes"
