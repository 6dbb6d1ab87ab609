"""Programs of other makers that tests need: installed where that is possible without a question.

That is on Debian and its kin, as root, with a network. Elsewhere the tests that need one are
skipped and say so.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

__all__ = ["PROGRAMS", "install_programs", "services_kept_down"]

_MONO: Final = "/usr/lib/mono"
PROGRAMS: Final[Mapping[str, str]] = {
    "promtool": "prometheus",
    "mcs": "mono-mcs",
    "mono": "mono-runtime",
    f"{_MONO}/4.5/System.Net.Http.dll": "libmono-system-net-http4.0-cil",
    f"{_MONO}/4.5/System.Web.Extensions.dll": "libmono-system-web-extensions4.0-cil",
    f"{_MONO}/4.5/Microsoft.CSharp.dll": "libmono-microsoft-csharp4.0-cil",
    f"{_MONO}/4.8-api/mscorlib.dll": "mono-devel",
}
"""Program, or path of a library, to the Debian package that has it."""
_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_DENY: Final = "#!/bin/sh\nexit 101\n"
_PATIENCE_S: Final = 600


def install_programs(programs: Mapping[str, str] = PROGRAMS) -> str:
    """Install what is missing.

    Returns:
        One line: what was installed, or what is missing and why it stays so; empty: all is there.
    """
    missing = {name: package for name, package in programs.items() if not _is_there(name)}
    if not missing:
        return ""
    names = ", ".join(f"{name} (package {package})" for name, package in missing.items())
    if not _may_install():
        return f"missing, its tests are skipped: {names}"
    packages = sorted(set(missing.values()))
    with services_kept_down(_POLICY):
        failed = _apt("install", *packages) and (_apt("update") or _apt("install", *packages))
    if failed:
        return f"missing, its tests are skipped: {names}: {failed}"
    return f"installed {', '.join(packages)}"


def _is_there(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else shutil.which(name) is not None


def _may_install() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt(verb: str, *packages: str) -> str:
    """Run apt-get without questions; returns the last line of what went wrong, or nothing."""
    options = ["--no-install-recommends"] if packages else []
    try:
        done = subprocess.run(
            ["apt-get", "-qq", "-y", verb, *options, *packages],
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        return str(failure)
    lines = (done.stderr.strip() or done.stdout.strip() or "apt-get failed").splitlines()
    return lines[-1] if done.returncode else ""


@contextlib.contextmanager
def services_kept_down(policy: Path) -> Iterator[None]:
    """A package may bring a service; only its programs are wanted, so none is started.

    Debian asks ``policy-rc.d`` before it starts one; a machine that has its own keeps it.
    """
    if policy.exists():
        yield
        return
    policy.write_text(_DENY, encoding="utf-8")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()
