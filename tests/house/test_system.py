"""Missing programs are installed as root on Debian, and named elsewhere."""

import os
import sys
from pathlib import Path

import pytest

from depthbridge import system

WANTED = {"a-program-nobody-has": "some-package"}
SCRIPT = """#!/bin/sh
echo "$*" >> "{log}"
test -e "{policy}" && echo kept down >> "{log}"
case "$*" in *{fails}*) echo "E: no luck" >&2; exit 100;; esac
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="apt-get is Debian's")


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an apt-get that writes down how it was called, alone on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(system, "_POLICY", policy)
    return folder


def apt_get(folder: Path, fails: str = "nothing-at-all") -> Path:
    log = folder / "log"
    script = folder / "apt-get"
    text = SCRIPT.format(log=log, policy=folder.parent / "policy-rc.d", fails=fails)
    script.write_text(text, encoding="utf-8")
    script.chmod(0o755)
    return log


def test_nothing_is_done_when_all_is_there(apt: Path) -> None:
    log = apt_get(apt)
    assert system.install_programs({"sh": "dash"}) == ""
    assert not log.exists()


def test_what_is_missing_is_installed_without_its_service(apt: Path) -> None:
    log = apt_get(apt)
    assert system.install_programs(WANTED) == "installed some-package"
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines == ["-qq -y install --no-install-recommends some-package", "kept down"]
    assert not (apt.parent / "policy-rc.d").exists()


def test_a_library_is_known_by_its_path(apt: Path, tmp_path: Path) -> None:
    log = apt_get(apt)
    library = tmp_path / "library.dll"
    assert system.install_programs({str(library): "some-package"}) == "installed some-package"
    log.unlink()
    library.touch()
    assert system.install_programs({str(library): "some-package"}) == ""
    assert not log.exists()


def test_old_lists_are_renewed_once(apt: Path) -> None:
    log = apt_get(apt, fails="install")
    told = system.install_programs(WANTED)
    assert told.startswith("missing, its tests are skipped: a-program-nobody-has")
    assert told.endswith("E: no luck")
    calls = [
        line.split()[2] for line in log.read_text(encoding="utf-8").splitlines() if "-" in line
    ]
    assert calls == ["install", "update", "install"]


def test_somebody_elses_policy_is_kept(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("own", encoding="utf-8")
    with system.services_kept_down(policy):
        assert policy.read_text(encoding="utf-8") == "own"
    assert policy.read_text(encoding="utf-8") == "own"


def test_nobody_but_root_installs(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = apt_get(apt)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    told = system.install_programs(WANTED)
    assert told == "missing, its tests are skipped: a-program-nobody-has (package some-package)"
    assert not log.exists()
