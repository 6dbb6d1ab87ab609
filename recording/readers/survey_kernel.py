"""Counts a dump's lines and trades by the minute of their wall time, for the zone's inference."""

import numpy as np
from numpy.typing import NDArray

from market.jit import inlined, kernel
from recording.readers.state import Whole
from recording.readers.text_kernel import civil_days

__all__ = ["survey_lines"]

_SHORTEST = 24


@kernel
def survey_lines(
    b: NDArray[np.uint8], stop: int, lines: NDArray[np.int64], trades: NDArray[np.int64], day: int
) -> int:
    """Add the whole lines of ``b`` to the counts per minute.

    Args:
        b: bytes, beginning with a line.
        stop: how many.
        lines: count per minute, from midnight of ``day`` on.
        trades: the same of Last lines only.
        day: days since 1970; -1: the day of the first line.

    Returns:
        The day; -1 if nothing looked like a line. Lines on days beyond the arrays are not counted.
    """
    i = 0
    while i + _SHORTEST < stop:
        if b[i] == 76 and b[i + 2] == 59 and b[i + 4] == 59:
            date = civil_days(_number(b, i + 5, 8))
            if date >= 0:
                if day < 0:
                    day = date
                hhmm = _number(b, i + 13, 4)
                minute = (date - day) * 1440 + hhmm // 100 * 60 + hhmm % 100
                if 0 <= minute < lines.shape[0]:
                    lines[minute] += 1
                    if b[i + 1] == 49 and b[i + 3] == 50:
                        trades[minute] += 1
            i += _SHORTEST
        while i < stop and b[i] != 10:
            i += 1
        i += 1
    return day


@inlined
def _number(b: NDArray[np.uint8], i: int, count: int) -> Whole:
    x = np.int64(0)
    for j in range(i, i + count):
        x = x * 10 + (np.int64(b[j]) - 48)
    return x
