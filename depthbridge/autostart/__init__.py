"""Starting the server when its user logs in, and again whenever it ends.

::

    launch.py     what is started: program, arguments, folder
    systemd.py    a user unit of systemd (Linux)
    tasks.py      a task of the Task Scheduler (Windows)
    running.py    calls the system's own programs

Nothing needs an administrator.
"""

import sys
from typing import Protocol

from depthbridge.autostart.launch import Launch
from depthbridge.autostart.systemd import SystemdUnit
from depthbridge.autostart.tasks import ScheduledTask
from market.errors import EnvironmentFault

__all__ = ["Launch", "Starter", "starter"]


class Starter(Protocol):
    """The system's way to start something."""

    def on(self, launch: Launch) -> list[str]:
        """Start it now and at every login; again changes nothing. Lines for the user.

        Raises:
            EnvironmentFault: the system refuses.
        """

    def off(self) -> list[str]:
        """End it and do not start it again; lines for the user. Raises as :meth:`on`."""

    def status(self) -> tuple[bool, list[str]]:
        """Whether it starts at login, and lines for the user. Raises as :meth:`on`."""


def starter(platform: str = sys.platform) -> Starter:
    """This system's.

    Raises:
        EnvironmentFault: there is none that we know.
    """
    if platform == "win32":
        return ScheduledTask()
    if platform == "linux":
        return SystemdUnit()
    raise EnvironmentFault(
        "autostart knows the Task Scheduler of Windows and systemd on Linux; here, let your "
        "system's own means run: python run.py serve",
        code="no_autostart",
    )
