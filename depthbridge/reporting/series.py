"""Numbers over time, thinned while they come: memory does not grow with the recording."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "How", "Series", "Thinned"]

BINS: Final = 600
"""Most bins; even."""
_START: Final = 1_000_000_000
"""Width of the first bins, ns."""
How = Literal["last", "low", "high", "sum", "mean"]
"""What is kept of a bin's values."""
_Floats = NDArray[np.float64]


class Series(NamedTuple):
    """Columns over bins of equal width; bins without a row are left out.

    Attributes:
        times: where each bin ends, ns UTC.
        width: of a bin, ns.
        columns: by name; NaN where no value was known.
    """

    times: NDArray[np.int64]
    width: int
    columns: dict[str, _Floats]


class Thinned:
    """Takes rows in order of time, keeps at most BINS bins.

    A bin holds what lies after its beginning, up to its end. When the bins run out, each two
    become one: what is kept of a bin does not depend on how the rows came.

    Args:
        kept: by column, what is kept.
    """

    def __init__(self, kept: Mapping[str, How]) -> None:
        self._kept = dict(kept)
        self._width = _START
        self._begin: int | None = None
        self._rows = np.zeros(BINS)
        self._values = {name: np.full(BINS, np.nan) for name in kept}
        self._known = {name: np.zeros(BINS) for name in kept}

    def add(self, times: NDArray[np.int64], columns: Mapping[str, _Floats]) -> None:
        """Take rows.

        Args:
            times: ns UTC, none before those of earlier calls.
            columns: of the same length; NaN is unknown.
        """
        if not len(times):
            return
        if self._begin is None:
            self._begin = (int(times[0]) - 1) // _START * _START
        while int(times[-1]) > self._begin + BINS * self._width:
            self._widen()
        places = (times - self._begin - 1) // self._width
        np.add.at(self._rows, places, 1.0)
        for name, how in self._kept.items():
            values = np.asarray(columns[name], np.float64)
            known = ~np.isnan(values)
            self._take(name, how, places[known], values[known])

    def _take(self, name: str, how: How, places: NDArray[np.int64], values: _Floats) -> None:
        kept = self._values[name]
        if how == "last":
            kept[places] = values  # of several for one place the last one stays
        elif how == "low":
            np.fmin.at(kept, places, values)
        elif how == "high":
            np.fmax.at(kept, places, values)
        else:
            kept[places] = np.nan_to_num(kept[places])
            np.add.at(kept, places, values)
        np.add.at(self._known[name], places, 1.0)

    def _widen(self) -> None:
        self._width *= 2
        self._rows = _doubled(self._rows[::2] + self._rows[1::2], 0.0)
        for name, how in self._kept.items():
            even, odd = self._values[name][::2], self._values[name][1::2]
            if how == "last":
                joined = np.where(np.isnan(odd), even, odd)
            elif how in ("low", "high"):
                joined = (np.fmin if how == "low" else np.fmax)(even, odd)
            else:
                none = np.isnan(even) & np.isnan(odd)
                joined = np.where(none, np.nan, np.nan_to_num(even) + np.nan_to_num(odd))
            self._values[name] = _doubled(joined, np.nan)
            known = self._known[name]
            self._known[name] = _doubled(known[::2] + known[1::2], 0.0)

    def result(self) -> Series:
        """Everything so far."""
        full = np.flatnonzero(self._rows)
        begin = self._begin or 0
        columns = {}
        for name, how in self._kept.items():
            values = self._values[name][full]
            if how == "mean":
                values = values / np.maximum(self._known[name][full], 1.0)
            columns[name] = values.copy()
        return Series(begin + (full + 1) * self._width, self._width, columns)


def _doubled(values: _Floats, empty: float) -> _Floats:
    return np.concatenate([values, np.full(BINS - len(values), empty)])
