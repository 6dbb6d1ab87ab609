"""How tests wait: for a state, not for a time. Patience only ends what hangs."""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["PATIENCE_MS", "PATIENCE_S", "wait_until"]

PATIENCE_S: Final = 60
"""Many times what a busy machine needs; no test says that something took less."""
PATIENCE_MS: Final = PATIENCE_S * 1000

_PAUSE_S: Final = 0.02


def wait_until(holds: Callable[[], bool], told: Callable[[], object] = str) -> None:
    """Ask until something holds.

    Args:
        holds: whether it does.
        told: what to say of it when patience ends.

    Raises:
        AssertionError: it did not come to hold.
    """
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, told()
        time.sleep(_PAUSE_S)
