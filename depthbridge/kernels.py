"""Where compiled kernels are kept between starts.

Numba's cache looks only at the kernel's own file and at the processor: a change in a callee, in a
constant of another module, or in a switch such as ``NUMBA_BOUNDSCHECK`` would keep stale machine
code. So the cache folder is named after a digest of everything that can shape the code. It must be
set before the first kernel is imported; this module therefore imports nothing of the project.
"""

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Final

__all__ = ["kernel_digest", "prepare_cache"]

_VARIABLE: Final = "NUMBA_CACHE_DIR"
_PREFIX: Final = "numba-"
_PACKAGES: Final = ("market", "wire", "orderbook", "recording")
"""Packages that hold kernels, or constants that kernels freeze."""
_KEEP_SECONDS: Final = 30 * 86_400


def prepare_cache() -> Path | None:
    """Point Numba at a folder that fits these very sources; call it before any kernel is imported.

    The folder lies in ``NUMBA_CACHE_DIR`` if that is set, else in the user's cache folder, else in
    the temporary folder. If none can be written (or trusted), kernels compile in memory.

    Returns:
        The folder, or None when there is none.
    """
    name = _PREFIX + kernel_digest()
    given = os.environ.get(_VARIABLE)
    if given and Path(given).name == name:
        return Path(given)
    for parent in _parents(given):
        folder = parent / name
        if _usable(folder):
            _point_numba_at(str(folder))
            _forget_old(parent, folder)
            return folder
    _point_numba_at(None)
    return None


def kernel_digest() -> str:
    """Hex digest of the kernel sources, the versions and Numba's switches."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parent.parent
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    for part in (platform.python_version(), _version("numba"), _version("numpy")):
        digest.update(part.encode())
    for key in sorted(os.environ):
        if key.startswith("NUMBA_") and key != _VARIABLE:
            digest.update(f"{key}={os.environ[key]}".encode())
    return digest.hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"  # `doctor` still has to start, to say so


def _parents(given: str | None) -> list[Path]:
    if given:
        base = Path(given)
        # Inherited from a parent process with other sources: stay beside, never nest.
        return [base.parent if base.name.startswith(_PREFIX) else base]
    parents = []
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        if local:
            parents.append(Path(local) / "Depthbridge" / "cache")
    else:
        home = os.environ.get("XDG_CACHE_HOME")
        parents.append((Path(home) if home else Path("~/.cache").expanduser()) / "depthbridge")
    parents.append(Path(tempfile.gettempdir()) / f"depthbridge-{_user()}")
    return parents


def _user() -> str:
    if sys.platform == "win32":
        return "cache"  # the temporary folder is the user's own there
    return str(os.getuid())


def _usable(folder: Path) -> bool:
    """Whether the folder exists, can be written, and belongs to nobody else.

    Numba unpickles what it finds there, so a folder that others may write to is not trusted.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        if sys.platform == "win32":
            return True
        status = folder.stat()
        return status.st_uid == os.getuid() and not status.st_mode & 0o022
    except OSError:
        return False


def _point_numba_at(folder: str | None) -> None:
    if folder is None:
        os.environ.pop(_VARIABLE, None)
    else:
        os.environ[_VARIABLE] = folder
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()


def _forget_old(parent: Path, current: Path) -> None:
    """Drop the caches of sources that have not been started for a month."""
    now = time.time()
    os.utime(current)
    for folder in parent.glob(_PREFIX + "*"):
        if folder != current and folder.is_dir() and now - folder.stat().st_mtime > _KEEP_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
