r"""A task of the Windows Task Scheduler, made from XML through ``schtasks``.

XML, as the switches of ``schtasks`` know neither batteries nor the working directory, and would
ask for an administrator: a logon trigger for everybody does, one for the own user does not.
Elements: Task Scheduler schema, https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema
"""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

from depthbridge.autostart.launch import Launch
from depthbridge.autostart.running import run, run_or_raise
from market.errors import EnvironmentFault

__all__ = ["NAME", "NAMESPACE", "ScheduledTask", "task_xml"]

NAME: Final = "Depthbridge"
NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_SETTINGS: Final = {
    "MultipleInstancesPolicy": "IgnoreNew",
    "DisallowStartIfOnBatteries": "false",
    "StopIfGoingOnBatteries": "false",
    "AllowHardTerminate": "true",
    "StartWhenAvailable": "true",
    "RunOnlyIfNetworkAvailable": "false",
    "AllowStartOnDemand": "true",
    "Enabled": "true",
    "Hidden": "true",
    "RunOnlyIfIdle": "false",
    "WakeToRun": "false",
    "ExecutionTimeLimit": "PT0S",
    "Priority": "5",
}
"""No time limit (PT0S), normal priority (the default, 7, is below normal)."""


def task_xml(launch: Launch, user: str) -> bytes:
    r"""The task as ``schtasks /XML`` takes it: UTF-16 with its mark.

    Args:
        launch: what is started.
        user: ``DOMAIN\name`` at whose logon it starts, as whom it runs.
    """
    task = Xml.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    about = Xml.SubElement(task, "RegistrationInfo")
    _leaf(about, "Description", "Depthbridge, order-flow server (run.py autostart)")
    trigger = Xml.SubElement(Xml.SubElement(task, "Triggers"), "LogonTrigger")
    _leaf(trigger, "Enabled", "true")
    # RestartOnFailure covers a start that fails, not a program that ended: this does, every minute.
    repetition = Xml.SubElement(trigger, "Repetition")
    _leaf(repetition, "Interval", "PT1M")
    _leaf(repetition, "StopAtDurationEnd", "false")
    _leaf(trigger, "UserId", user)
    principal = Xml.SubElement(Xml.SubElement(task, "Principals"), "Principal", {"id": "Author"})
    _leaf(principal, "UserId", user)
    _leaf(principal, "LogonType", "InteractiveToken")
    _leaf(principal, "RunLevel", "LeastPrivilege")
    settings = Xml.SubElement(task, "Settings")
    for name, value in _SETTINGS.items():
        _leaf(settings, name, value)
    idle = Xml.SubElement(settings, "IdleSettings")
    _leaf(idle, "StopOnIdleEnd", "false")
    _leaf(idle, "RestartOnIdle", "false")
    restart = Xml.SubElement(settings, "RestartOnFailure")
    _leaf(restart, "Interval", "PT1M")
    _leaf(restart, "Count", "255")
    action = Xml.SubElement(Xml.SubElement(task, "Actions", {"Context": "Author"}), "Exec")
    _leaf(action, "Command", str(launch.program))
    _leaf(action, "Arguments", subprocess.list2cmdline(launch.arguments))
    _leaf(action, "WorkingDirectory", str(launch.folder))
    text = Xml.tostring(task, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-16"?>\r\n{text}'.encode("utf-16")


def _leaf(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, name).text = text


class ScheduledTask:
    """The task, through ``schtasks``."""

    def on(self, launch: Launch) -> list[str]:
        """See :class:`depthbridge.autostart.Starter`."""
        xml = task_xml(launch, _user())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "depthbridge.xml"
            path.write_bytes(xml)
            run_or_raise("schtasks", "/Create", "/TN", NAME, "/XML", str(path), "/F")
        run_or_raise("schtasks", "/Run", "/TN", NAME)
        return [
            f"on: task {NAME} of the Task Scheduler",
            "it runs, starts at every logon and again within a minute of its end",
        ]

    def off(self) -> list[str]:
        """See :class:`depthbridge.autostart.Starter`."""
        if not self._exists():
            return ["off: it was not on"]
        run("schtasks", "/End", "/TN", NAME)
        run_or_raise("schtasks", "/Delete", "/TN", NAME, "/F")
        return ["off: ended, and not started again"]

    def status(self) -> tuple[bool, list[str]]:
        """See :class:`depthbridge.autostart.Starter`."""
        if not self._exists():
            return False, ["off"]
        said = run_or_raise("schtasks", "/Query", "/TN", NAME, "/FO", "CSV", "/NH")
        # "\Depthbridge","N/A","Running"; the last word is in the user's language.
        state = said.splitlines()[-1].rpartition(",")[2].strip('"') or "unknown"
        return True, [f"on: task {NAME} of the Task Scheduler", f"now: {state}"]

    def _exists(self) -> bool:
        return run("schtasks", "/Query", "/TN", NAME)[0] == 0


def _user() -> str:
    domain, name = os.environ.get("USERDOMAIN"), os.environ.get("USERNAME")
    if not name:
        raise EnvironmentFault("the variable USERNAME is not set", code="no_user")
    return f"{domain}\\{name}" if domain else name
