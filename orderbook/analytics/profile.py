"""Volume profile: point of control and value area, over the full tick grid from low to high.

Rules after CBOT's Market Profile handbook (pairs of rows) and its single-row variant; the shares
are 70 %, or NinjaTrader's 68 %.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from market.jit import kernel

__all__ = ["SHARES", "point_of_control", "value_area"]

SHARES: Final = {"cbot2": (70, 2), "single": (70, 1), "nt68": (68, 2)}
"""Preset: percent of the volume, rows of a step."""


@kernel
def point_of_control(volumes: NDArray[np.int64]) -> int:
    """Index of the largest row; ties go to the row nearest the middle, then to the lower.

    Args:
        volumes: size steps per row, int64, not empty.
    """
    last = len(volumes) - 1
    best = 0
    for i in range(1, len(volumes)):
        closer = abs(2 * i - last) < abs(2 * best - last)
        if volumes[i] > volumes[best] or (volumes[i] == volumes[best] and closer):
            best = i
    return best


@kernel
def value_area(volumes: NDArray[np.int64], poc: int, percent: int, step: int) -> tuple[int, int]:
    """First and last row of the value area.

    From the POC, the next ``step`` rows above are compared with those below; the larger sum joins,
    ties go up, a cut step counts what exists, an exhausted side cannot be chosen, and it stops once
    the share is reached. Cost: the rows of the area.

    Args:
        volumes: size steps per row, int64, not empty.
        poc: index of the point of control.
        percent: share of the volume to cover.
        step: rows of a step.
    """
    total = 0
    for volume in volumes:
        total += volume
    low = poc
    high = poc
    covered = volumes[poc]
    last = len(volumes) - 1
    while covered * 100 < percent * total:
        above = 0
        for i in range(high + 1, min(high + step, last) + 1):
            above += volumes[i]
        below = 0
        for i in range(max(low - step, 0), low):
            below += volumes[i]
        if high < last and (above >= below or low == 0):
            high = min(high + step, last)
            covered += above
        else:
            low = max(low - step, 0)
            covered += below
    return low, high
