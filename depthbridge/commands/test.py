"""``test``: style, types, layers, spelling and the tests; one exit code for all of them."""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from depthbridge.checkout import checkout
from depthbridge.system import install_programs

__all__ = ["CHECKS", "EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "runs the linters, the type checker, the layer check and all tests"
EXAMPLE = "test --long"

_LAYERS: Final = "from importlinter.cli import lint_imports_command as c; c()"
_KERNELS: Final = (
    "from depthbridge.kernels import prepare_cache as p; p(); "
    "from server.warmup import warm_kernels as w; w()"
)
CHECKS: Final = (
    ("kernels", ("-c", _KERNELS)),
    ("ruff check", ("-m", "ruff", "check", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", ".")),
    ("mypy (Linux)", ("-m", "mypy", "--platform", "linux")),
    (
        "mypy (Windows)",
        ("-m", "mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/win32"),
    ),
    ("import layers", ("-c", _LAYERS)),
    ("codespell", ("-m", "codespell_lib")),
)
"""Name and arguments of Python of each check that is not a test. Kernels are compiled before the
tests, which start servers and would all wait for the same ones."""
_MOST: Final = 4
"""Processes of pytest: each one takes up to 800 MB."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--long", action="store_true", help="also what takes minutes")


def run(args: argparse.Namespace) -> int:
    """Print a line for each check and what failed, then pytest's own report; 0 or 1."""
    root = checkout("tests")
    told = install_programs()
    if told:
        print(f"{'ok' if told.startswith('installed') else 'look':<8}{told}", flush=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        passing = [pool.submit(_passes, name, arguments, root) for name, arguments in CHECKS]
    failed = [name for (name, _), one in zip(CHECKS, passing, strict=True) if not one.result()]
    pytest = [sys.executable, "-m", "pytest", *(["--long"] if args.long else _workers())]
    code = subprocess.run(pytest, cwd=root, check=False).returncode
    if code:
        failed.append("pytest")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _workers() -> list[str]:
    """One process more than cores, as many tests wait for servers and programs of theirs.

    What takes hours also measures, and gets the machine for itself.
    """
    cores = os.cpu_count() or 1
    return ["--numprocesses", str(min(_MOST, cores + 1)), "--dist", "loadfile"] if cores > 1 else []


def _passes(name: str, arguments: tuple[str, ...], root: Path) -> bool:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=os.environ | {"PYTHONUTF8": "1"},
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    word = "ok" if done.returncode == 0 else "FAILED"
    told = f"{word:<8}{name:<16}{time.perf_counter() - start:5.1f} s\n"
    if done.returncode:
        told += f"{done.stdout}{done.stderr}\n"
    print(told, end="", flush=True)  # at once, as checks end beside each other
    return done.returncode == 0
