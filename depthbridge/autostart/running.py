"""Calls a program of the system and takes its word."""

import shutil
import subprocess

from market.errors import EnvironmentFault

__all__ = ["run", "run_or_raise"]

_PATIENCE_S = 60


def run(*words: str) -> tuple[int, str]:
    """Exit code, and what it said on both outputs.

    Raises:
        EnvironmentFault: ``program_missing``: it is not there; ``program_failed``: it hangs.
    """
    program = shutil.which(words[0])
    if program is None:
        raise EnvironmentFault(
            f"{words[0]} is not on this machine, and autostart needs it", code="program_missing"
        )
    try:
        done = subprocess.run(
            [program, *words[1:]],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired as cause:
        raise EnvironmentFault(
            f"{' '.join(words)} did not end within {_PATIENCE_S} s", code="program_failed"
        ) from cause
    return done.returncode, done.stdout.strip()


def run_or_raise(*words: str) -> str:
    """What it said.

    Raises:
        EnvironmentFault: as :func:`run`, or ``program_failed`` with its last line.
    """
    code, said = run(*words)
    if code:
        reason = said.splitlines()[-1] if said else f"exit code {code}"
        raise EnvironmentFault(f"{' '.join(words)}: {reason}", code="program_failed")
    return said
