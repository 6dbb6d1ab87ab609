"""Autostart through systemd and the Task Scheduler, both played by scripts that take notes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from depthbridge import cli
from depthbridge.autostart import Launch, starter
from depthbridge.autostart.launch import server_launch
from depthbridge.autostart.systemd import SystemdUnit, unit_text
from depthbridge.autostart.tasks import NAMESPACE, ScheduledTask, task_xml
from market.errors import EnvironmentFault

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts stand in for programs")
ODD = "Ümläute, Leer zeichen & <50%h> $HOME"
ANALYZE = shutil.which("systemd-analyze")
SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> "{log}"
case "$2" in
  is-active) echo active;;
  is-enabled) test -e "{log}.enabled" && echo enabled || {{ echo disabled; exit 1; }};;
  enable) touch "{log}.enabled";;
  disable) rm -f "{log}.enabled";;
esac
"""
SCHTASKS = """#!/bin/sh
echo "schtasks $1 $2 $3" >> "{log}"
case "$1" in
  /Create) cp "$5" "{log}.xml";;
  /Query) test -e "{log}.xml" || {{ echo "ERROR: The system cannot find it." >&2; exit 1; }}
    test "$4" = /FO && printf '"\\\\Depthbridge","N/A","Running"\\r\\n'; true;;
  /Delete) rm "{log}.xml";;
esac
"""


class System:
    """Stand-ins on a path of their own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log = folder / "calls"
        self.bin = folder / "bin"
        self.bin.mkdir()
        monkeypatch.setenv("PATH", f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / ODD))
        monkeypatch.setenv("DEPTHBRIDGE_RECORDING_FOLDER", str(folder / "recordings"))
        monkeypatch.setenv("USERDOMAIN", "DESK")
        monkeypatch.setenv("USERNAME", "Jürgen")
        self.put("systemctl", SYSTEMCTL)
        self.put("schtasks", SCHTASKS)
        self.put("loginctl", "#!/bin/sh\necho Linger=no\n")

    def put(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text.format(log=self.log), encoding="utf-8")
        path.chmod(0o755)

    def calls(self) -> list[str]:
        """What was called since the last question."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    return System(tmp_path, monkeypatch)


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """A program in a folder with every character that has a meaning somewhere."""
    folder = tmp_path / ODD
    folder.mkdir(exist_ok=True)
    program = folder / "python"
    program.symlink_to(sys.executable)
    return Launch(program, ("-m", "depthbridge", "serve", "--log", str(folder / "x.log")), folder)


def test_systemd_on_twice_off_twice(system: System, launch: Launch) -> None:
    unit = SystemdUnit()
    assert unit.status() == (False, ["off"])
    assert unit.off() == ["off: it was not on"]
    assert system.calls() == []
    lines = unit.on(launch)
    assert lines[0] == f"on: {unit.path}"
    assert "loginctl enable-linger" in lines[-1]
    assert [call.split()[2] for call in system.calls()] == [
        *("--version", "daemon-reload", "enable", "restart")
    ]
    assert unit.status() == (True, [f"on: {unit.path}", "now: active"])
    system.calls()
    unit.on(launch)
    again = [call.split()[2] for call in system.calls()]
    assert again == ["--version", "enable", "start"], "a server that runs is left alone"
    unit.on(Launch(launch.program, ("-m", "depthbridge", "serve"), launch.folder))
    assert "restart" in [call.split()[2] for call in system.calls()], "another unit takes effect"
    assert unit.off() == ["off: ended, and not started again"]
    assert system.calls() == [
        "systemctl --user disable --now depthbridge.service",
        "systemctl --user daemon-reload",
    ]
    assert not unit.path.exists()
    assert unit.off() == ["off: it was not on"]


def test_a_unit_that_somebody_disabled_is_off(system: System, launch: Launch) -> None:
    unit = SystemdUnit()
    unit.on(launch)
    Path(f"{system.log}.enabled").unlink()
    is_on, lines = unit.status()
    assert not is_on
    assert lines[0].endswith("but disabled")


def test_whoever_lingers_is_not_told_how(system: System, launch: Launch) -> None:
    system.put("loginctl", "#!/bin/sh\necho Linger=yes\n")
    assert not any("enable-linger" in line for line in SystemdUnit().on(launch))


def test_the_unit_says_what_it_should(launch: Launch) -> None:
    lines = unit_text(launch).splitlines()
    for wanted in ("Restart=always", "StartLimitIntervalSec=0", "WantedBy=default.target"):
        assert wanted in lines
    plain = Launch(Path("/a b/python"), ("50%", "$HOME", 'say "x"', "a\\b"), Path("/a b/50%"))
    assert "WorkingDirectory=/a b/50%%" in unit_text(plain).splitlines()
    words = '"50%%" "$$HOME" "say \\"x\\"" "a\\\\b"'  # systemd.service(5), COMMAND LINES
    assert f'ExecStart="/a b/python" {words}' in unit_text(plain).splitlines()
    with pytest.raises(EnvironmentFault):
        unit_text(Launch(launch.program, ("a\nExecStartPre=b",), launch.folder))
    with pytest.raises(EnvironmentFault):
        unit_text(Launch(Path("/home/o'neil/python"), (), launch.folder))


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_itself_reads_the_unit(
    tmp_path: Path, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks for the program under the path that it read: the escapes are right."""
    assert ANALYZE is not None
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = tmp_path / "depthbridge.service"

    def verdict(text: str) -> tuple[int, str]:
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [ANALYZE or "", "--user", "verify", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    good = unit_text(launch)
    assert verdict(good) == (0, "")
    code, said = verdict(good.replace("%%", "%"))
    assert (code, "depthbridge.service" in said) != (0, False), "a specifier would be seen"
    assert verdict(good.replace("/python", "/nothing"))[0] != 0
    assert "Restrat" in verdict(good.replace("Restart=", "Restrat="))[1]


def test_the_task_scheduler_on_twice_off_twice(system: System, launch: Launch) -> None:
    task = ScheduledTask()
    assert task.status() == (False, ["off"])
    system.calls()
    for _ in range(2):
        assert task.on(launch)[0] == "on: task Depthbridge of the Task Scheduler"
        assert system.calls() == [
            "schtasks /Create /TN Depthbridge",
            "schtasks /Run /TN Depthbridge",
        ]
    given = Path(f"{system.log}.xml").read_bytes()
    assert given == task_xml(launch, "DESK\\Jürgen")
    assert task.status() == (True, ["on: task Depthbridge of the Task Scheduler", "now: Running"])
    system.calls()
    assert task.off() == ["off: ended, and not started again"]
    assert [call.split()[1] for call in system.calls()] == ["/Query", "/End", "/Delete"]
    assert task.off() == ["off: it was not on"]


# The elements of the Task Scheduler schema that we use, in the order it demands where it does.
SCHEMA = {
    "Task": {"RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"},
    "RegistrationInfo": {"Description"},
    "Triggers": {"LogonTrigger"},
    "LogonTrigger": ["Enabled", "Repetition", "UserId"],
    "Repetition": ["Interval", "StopAtDurationEnd"],
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "RunLevel"},
    "Settings": {
        *("MultipleInstancesPolicy", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries"),
        *("AllowHardTerminate", "StartWhenAvailable", "RunOnlyIfNetworkAvailable", "IdleSettings"),
        *("AllowStartOnDemand", "Enabled", "Hidden", "RunOnlyIfIdle", "WakeToRun"),
        *("ExecutionTimeLimit", "Priority", "RestartOnFailure"),
    },
    "IdleSettings": {"StopOnIdleEnd", "RestartOnIdle"},
    "RestartOnFailure": {"Interval", "Count"},
    "Actions": {"Exec"},
    "Exec": ["Command", "Arguments", "WorkingDirectory"],
}


def test_the_task_is_one_of_the_schema(launch: Launch) -> None:
    raw = task_xml(launch, "DESK\\Jürgen")
    assert raw[:2] in (b"\xff\xfe", b"\xfe\xff"), "schtasks wants UTF-16 with its mark"
    root = Xml.fromstring(raw.decode("utf-16").partition("\r\n")[2])
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        children = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
        allowed = SCHEMA.get(name, set())
        assert children == allowed if isinstance(allowed, list) else set(children) == allowed, name
        assert len(children) == len(set(children)), name

    def text(path: str) -> str | None:
        return root.findtext("/".join(f"{{{NAMESPACE}}}{part}" for part in path.split("/")))

    assert text("Triggers/LogonTrigger/UserId") == "DESK\\Jürgen"
    assert text("Principals/Principal/RunLevel") == "LeastPrivilege"
    assert text("Settings/DisallowStartIfOnBatteries") == "false"
    assert text("Settings/StopIfGoingOnBatteries") == "false"
    assert text("Settings/ExecutionTimeLimit") == "PT0S"
    assert text("Settings/Hidden") == "true"
    assert text("Settings/RestartOnFailure/Interval") == "PT1M"
    assert text("Triggers/LogonTrigger/Repetition/Interval") == "PT1M"
    assert text("Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert text("Actions/Exec/Command") == str(launch.program)
    assert text("Actions/Exec/WorkingDirectory") == str(launch.folder)
    log = launch.arguments[-1]
    assert text("Actions/Exec/Arguments") == f'-m depthbridge serve --log "{log}"'


def test_no_user_no_task(system: System, launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("USERNAME")
    with pytest.raises(EnvironmentFault):
        ScheduledTask().on(launch)
    assert system.calls() == []


def test_what_is_started_is_this_server(tmp_path: Path, root: Path) -> None:
    launch = server_launch(tmp_path / "x.log", Path("some.yaml"))
    assert launch.folder == root
    assert launch.program == Path(sys.executable)
    assert launch.arguments[-1] == str(Path.cwd() / "some.yaml")
    import argparse

    from depthbridge.commands import serve

    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    args = parser.parse_args(launch.arguments[3:])
    assert (args.log, args.config) == (tmp_path / "x.log", Path.cwd() / "some.yaml")


def test_on_windows_without_a_window(tmp_path: Path) -> None:
    python = tmp_path / "python.exe"
    assert server_launch(tmp_path, None, python).program == python
    (tmp_path / "pythonw.exe").write_bytes(b"")
    assert server_launch(tmp_path, None, python).program == tmp_path / "pythonw.exe"


def test_an_unknown_system_is_told_what_to_do() -> None:
    with pytest.raises(EnvironmentFault, match=r"python run\.py serve"):
        starter("darwin")
    assert isinstance(starter("win32"), ScheduledTask)
    assert isinstance(starter("linux"), SystemdUnit)


def test_the_command_says_what_it_did(
    system: System, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["autostart", "status"]) == 1
    assert cli.main(["autostart", "on"]) == 0
    assert f"log: {tmp_path / 'logs' / 'depthbridge.log'}" in capsys.readouterr().out
    assert cli.main(["autostart", "status"]) == 0
    assert cli.main(["autostart", "off"]) == 0
    assert cli.main(["autostart", "status"]) == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "systemctl is not on this machine"),
        ("#!/bin/sh\necho Failed to connect to bus: No medium found >&2\nexit 1\n", "No medium"),
    ],
)
def test_without_systemd_it_ends_with_one_line_and_2(
    system: System,
    script: str | None,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if script is None:
        (system.bin / "systemctl").unlink()
        monkeypatch.setenv("PATH", str(system.bin))
    else:
        system.put("systemctl", script)
    assert cli.main(["autostart", "on"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert words in said
    assert not SystemdUnit().path.exists()


def test_a_configuration_that_is_wrong_is_not_started(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("server: {prot: 1}", encoding="utf-8")
    assert cli.main(["autostart", "on", "--config", str(config)]) == 2
    assert "server.prot" in capsys.readouterr().err
    assert system.calls() == []
