"""The same bytes in every process: hash seeds, bounds checks, without the compiler."""

import os
import subprocess
import sys
from pathlib import Path

from tests.orderbook.digest import digest


def _elsewhere(root: Path, seeds: range, steps: int, **environment: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.orderbook.digest",
            *map(str, (seeds.start, seeds.stop, steps)),
        ],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_three_processes_and_two_hash_seeds(root: Path) -> None:
    seeds = range(6)
    here = digest(seeds, 150)
    for hash_seed in ("0", "1", "0"):
        assert _elsewhere(root, seeds, 150, PYTHONHASHSEED=hash_seed) == here


def test_without_the_compiler(root: Path) -> None:
    seeds = range(10, 14)
    assert _elsewhere(root, seeds, 60, NUMBA_DISABLE_JIT="1") == digest(seeds, 60)


def test_with_bounds_checks(root: Path, tmp_path: Path) -> None:
    seeds = range(20, 40)
    found = _elsewhere(root, seeds, 150, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert found == digest(seeds, 150)
