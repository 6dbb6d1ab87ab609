"""Environments of their own for packages that must not come into the product's."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

__all__ = ["environment"]

_PATIENCE = 600


def environment(folder: Path, *packages: str) -> Path:
    """Python with packages, in a new environment in ``folder``; skips where there is none.

    ``DEPTHBRIDGE_RIVAL_PYTHON`` names one that has them already.
    """
    given = os.environ.get("DEPTHBRIDGE_RIVAL_PYTHON")
    if given:
        return Path(given)
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    words = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*words, *packages], capture_output=True, text=True, check=False, timeout=_PATIENCE
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["pip says nothing"]
        pytest.skip(f"{', '.join(packages)} cannot be installed here: {last[0]}")
    return python
