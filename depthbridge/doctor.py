"""What can be wrong with a machine, and what to do about it.

Each check looks at one thing and never raises for what it finds; ``diagnose`` runs them in order.
"""

import importlib
import platform
import shutil
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from depthbridge.kernels import prepare_cache
from recording.storage import DISK_LOW, measure_storage

__all__ = ["FLOORS", "Finding", "Verdict", "diagnose"]

FLOORS: Final = {
    "starlette": (1, 5, 1),
    "uvicorn": (0, 54),
    "websockets": (17, 0, 1),
    "h11": (0, 16),
    "httptools": (0, 8),
    "orjson": (3, 11, 6),
}
"""Older ones have known holes."""
_IMPORTS: Final = (
    *FLOORS,
    *("msgspec", "numpy", "numba", "sortedcontainers", "yaml", "tzdata", "pyarrow", "zstandard"),
    "prometheus_client",
)
_INSTALL: Final = "delete the folder .venv and start run.py again"
_RELEASED: Final = datetime(2026, 11, 1, tzinfo=UTC)
_GIGABYTE: Final = 10**9
_LITTLE_SPACE: Final = 10 * _GIGABYTE
_NO_SPACE: Final = _GIGABYTE
_COARSE_CLOCK: Final = 0.02
_ZONES: Final = ("America/New_York", "America/Chicago", "Europe/Berlin")


class Verdict(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    LOOK = "look"
    """Works, but worth knowing."""
    WRONG = "WRONG"


class Finding(NamedTuple):
    """What a check found; ``advice`` is what to do about it, empty when all is well."""

    subject: str
    verdict: Verdict
    text: str
    advice: str = ""


def diagnose(host: str, port: int, folder: Path) -> Iterator[Finding]:
    """Run all checks, each when its turn comes.

    Args:
        host: address that the server would listen on.
        port: its port.
        folder: where recordings lie.
    """
    checks: tuple[Callable[[], Finding], ...] = (
        check_python,
        check_packages,
        lambda: check_port(host, port),
        lambda: check_folder(folder),
        check_kernels,
        check_clock,
        check_time_zones,
    )
    for check in checks:
        yield check()


def check_python() -> Finding:
    """Version, word size and where it is."""
    bits = "64-bit" if sys.maxsize > 2**32 else "32-bit"
    text = f"{platform.python_version()}, {bits}, {sys.executable}"
    if not (3, 11) <= sys.version_info[:2] <= (3, 14) or bits == "32-bit":
        advice = "install 64-bit Python 3.11 to 3.14 from https://www.python.org/downloads/"
        return Finding("Python", Verdict.WRONG, text, advice)
    return Finding("Python", Verdict.OK, text)


def check_packages() -> Finding:
    """Everything importable, nothing older than its floor."""
    faults = []
    for name in _IMPORTS:
        try:
            importlib.import_module(name)
        except ImportError as error:
            faults.append(f"{name} cannot be imported ({error})")
    for name, floor in FLOORS.items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # the import above has said so
        if _numbers(version) < floor:
            wanted = ".".join(map(str, floor))
            faults.append(f"{name} {version} is older than {wanted}")
    if faults:
        return Finding("packages", Verdict.WRONG, "; ".join(faults), _INSTALL)
    return Finding("packages", Verdict.OK, f"{len(_IMPORTS)} present, none below its floor")


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def check_port(host: str, port: int) -> Finding:
    """Free, or held by a Depthbridge that answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if _is_depthbridge(host, port):
            return Finding("port", Verdict.OK, f"{host}:{port}, Depthbridge is running there")
        advice = "end the program that has it, or choose another: serve --port 8766"
        reason = error.strerror or str(error)
        return Finding("port", Verdict.WRONG, f"{host}:{port}: {reason}", advice)
    return Finding("port", Verdict.OK, f"{host}:{port} is free")


def _is_depthbridge(host: str, port: int) -> bool:
    address = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/health", timeout=2) as answer:
            return b'"protocol"' in answer.read(65_536)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def check_folder(folder: Path) -> Finding:
    """Recordings can be written, and there is room for them."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        storage = measure_storage(folder, time.time(), shutil.disk_usage)
    except OSError as error:
        advice = "make it writable, or set recording.folder in the configuration"
        return Finding("folder", Verdict.WRONG, f"{folder}: {error.strerror}", advice)
    text = f"{folder}, {storage.text()}"
    if storage.free < _NO_SPACE:
        return Finding("folder", Verdict.WRONG, text, "make room, a busy day needs about 1 GB")
    if storage.free < _LITTLE_SPACE or DISK_LOW in storage.warnings:
        return Finding("folder", Verdict.LOOK, text, "make room before it stops recording")
    if storage.warnings:
        advice = "set recording.keep_gb or recording.keep_days, or delete days you do not need"
        return Finding("folder", Verdict.LOOK, text, advice)
    return Finding("folder", Verdict.OK, text)


def check_kernels() -> Finding:
    """They compile (or load), and later starts find them compiled."""
    cache = prepare_cache()
    start = time.perf_counter()
    try:
        importlib.import_module("server.warmup").warm_kernels()
    except ImportError as error:
        return Finding("kernels", Verdict.WRONG, str(error), _INSTALL)
    text = f"ready in {time.perf_counter() - start:.1f} s"
    if cache is None:
        advice = "make the user's cache folder writable, or set NUMBA_CACHE_DIR to one that is"
        return Finding("kernels", Verdict.LOOK, f"{text}, compiled at every start", advice)
    return Finding("kernels", Verdict.OK, f"{text}, kept in {cache}")


def check_clock() -> Finding:
    """Not years off, and fine enough; only a time server knows more."""
    now = datetime.now(UTC)
    step = time.get_clock_info("time").resolution
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC, steps of {step:.1e} s"
    if now < _RELEASED:
        advice = "set the date; this version is newer than that"
        return Finding("clock", Verdict.WRONG, text, advice)
    if step > _COARSE_CLOCK:
        return Finding("clock", Verdict.LOOK, text, "feed lag cannot be measured well here")
    return Finding("clock", Verdict.OK, text)


def check_time_zones() -> Finding:
    """The zones of the exchanges are known, with their clock changes."""
    try:
        for name in _ZONES:
            ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        return Finding("time zones", Verdict.WRONG, str(error), _INSTALL)
    local = datetime.now(UTC).astimezone()
    text = f"tzdata {metadata.version('tzdata')}; here it is {local:%H:%M} ({local.tzname()})"
    return Finding("time zones", Verdict.OK, text)
