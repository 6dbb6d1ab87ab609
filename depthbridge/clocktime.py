"""Moments as people read them."""

import numpy as np

__all__ = ["moment"]

_NS = 1_000_000_000


def moment(time: int) -> str:
    """``2026-11-20 13:52:00`` of ns UTC, to the second."""
    return str(np.datetime64(time // _NS, "s")).replace("T", " ")
