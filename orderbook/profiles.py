"""A volume profile as the named fields that leave the program."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.instrument import Instrument
from orderbook.analytics.profile import SHARES, point_of_control, value_area
from orderbook.footprints import grid_of
from orderbook.notable import node_fields

__all__ = ["profile_fields", "rolling_cells"]

_MINUTE: Final = 60_000_000_000


def rolling_cells(
    log: NDArray[np.int64], still: NDArray[np.int64], now: int, minutes: int
) -> NDArray[np.int64]:
    """Cells (price, buy, sell, unknown, trades) of the last minutes, ascending in price.

    Args:
        log: cells of closed bars with the bar's end before each, as BARS_LOG holds them.
        still: cells of the open bar.
        now: event time, ns UTC, which lies in the open bar.
        minutes: the open bar is the last of them.
    """
    oldest = now // _MINUTE * _MINUTE - (minutes - 1) * _MINUTE
    cells = np.concatenate([log[log[:, 0] > oldest, 1:], still])
    prices, where = np.unique(cells[:, 0], return_inverse=True)
    merged = np.zeros((len(prices), cells.shape[1]), np.int64)
    np.add.at(merged, where, cells)
    merged[:, 0] = prices
    return merged


def profile_fields(
    cells: NDArray[np.int64], preset: str, reach: int, instrument: Instrument
) -> dict[str, Any]:
    """POC, value area, rows and nodes in the instrument's units; without trades None and empty.

    Args:
        cells: as ``rolling_cells`` returns them.
        preset: key of ``SHARES``.
        reach: rows beside a node that it is compared with.
        instrument: of the units.

    Raises:
        UsageError: the profile spans more rows than can be laid out.
    """
    if not len(cells):
        areas = dict.fromkeys(("poc", "value_area_low", "value_area_high"))
        return {**areas, "volume": 0, "rows": [], "high_nodes": [], "low_nodes": []}
    low, grid = grid_of(cells)
    volumes = grid.sum(axis=0)
    percent, step = SHARES[preset]
    poc = point_of_control(volumes)
    first, last = value_area(volumes, poc, percent, step)
    price, size = instrument.tick.to_price, instrument.size.to_price
    return {
        "poc": price(low + poc),
        "value_area_low": price(low + first),
        "value_area_high": price(low + last),
        "volume": size(int(volumes.sum())),
        "rows": [
            [price(ticks), size(buy), size(sell), size(unknown)]
            for ticks, buy, sell, unknown, _ in cells.tolist()
        ],
        **node_fields(volumes, low, reach, instrument.tick),
    }
