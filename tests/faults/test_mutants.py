"""Every planted fault has to be noticed by the test that is named beside it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.mutants import MUTANTS, VARIABLE, Mutant


def test_every_mutant_still_fits_its_source(root: Path) -> None:
    for mutant in MUTANTS:
        text = (root / mutant.path).read_text(encoding="utf-8")
        assert mutant.old in text, mutant.what
        assert (root / mutant.test.partition("::")[0]).exists(), mutant.what
    assert len({mutant.what for mutant in MUTANTS}) == len(MUTANTS) >= 20


def test_a_mutant_is_killed(root: Path) -> None:
    """One of them always; all of them in the long run."""
    assert _killed(root, next(i for i, one in enumerate(MUTANTS) if one.path == "client/ring.py"))


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(len(MUTANTS)), ids=[one.what for one in MUTANTS])
def test_every_mutant_is_killed_long(root: Path, number: int) -> None:
    assert _killed(root, number), f"survived: {MUTANTS[number].what}"


def _killed(root: Path, number: int) -> bool:
    """Whether the named test fails with the mutant, for that reason and not for another."""
    mutant: Mutant = MUTANTS[number]
    env = os.environ | {VARIABLE: str(number)}
    if not mutant.jit:
        env["NUMBA_DISABLE_JIT"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.faults.mutants",
         "-p", "no:cacheprovider", mutant.test],
        cwd=root, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    return done.returncode == 1
