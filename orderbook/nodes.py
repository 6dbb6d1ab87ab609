"""High and low volume nodes of a profile: rows that stand out among their neighbours."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Nodes", "volume_nodes"]


class Nodes(NamedTuple):
    """Rows of a profile, ascending."""

    high: list[int]
    low: list[int]


def volume_nodes(volumes: NDArray[np.int64], reach: int) -> Nodes:
    """The nodes of a profile.

    A run is a longest stretch of rows of one volume. It is a high node if no row within ``reach``
    rows beside it has more, and it has more than the mean row; a low node if no such row has less,
    it has less than the mean row, and it touches neither end of the profile. A run is named by its
    middle row, the lower one of two.

    Args:
        volumes: size steps per row of the full grid, int64, not empty.
        reach: rows on either side, at least 1.
    """
    count, total = len(volumes), int(volumes.sum())
    edges = np.flatnonzero(volumes[1:] != volumes[:-1]) + 1
    starts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [count]])  # exclusive
    values = volumes[starts]
    before = np.concatenate([[-1], values[:-1]])
    after = np.concatenate([values[1:], [-1]])
    peaks = (values > before) & (values > after) & (values * count > total)
    inside = (starts > 0) & (ends < count)
    dips = inside & (values < before) & (values < after) & (values * count < total)
    high, low = [], []
    for run in np.flatnonzero(peaks | dips).tolist():
        first, end = int(starts[run]), int(ends[run])
        beside = volumes[max(first - reach, 0) : end + reach]
        middle = (first + end - 1) // 2
        if peaks[run] and beside.max() == values[run]:
            high.append(middle)
        elif dips[run] and beside.min() == values[run]:
            low.append(middle)
    return Nodes(high, low)
