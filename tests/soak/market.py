"""An endless market whose every record follows from a seed, so that a journal can be checked
against it without keeping what was sent."""

from typing import Any, Final

import numpy as np

from market.enums import Kind, Side
from market.record import RECORD, Records

__all__ = ["BATCH", "BATCH_NS", "Market"]

BATCH: Final = 100
BATCH_NS: Final = 20_000_000
"""A batch each 20 ms: 5,000 records a second."""
_ROWS: Final = 10
_MIDDLE: Final = 27_250
_WALL: Final = 900
_WALL_EVERY: Final = 23

Times = np.ndarray[Any, np.dtype[np.int64]]


class Market:
    """Ten rows a side around a price that wanders within a band, walls that come and go, trades.

    Args:
        seed: of everything.
        start: event time of the first batch, ns UTC.
    """

    def __init__(self, seed: int, start: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._time = start
        self._ask = _MIDDLE
        self._walls = 0
        self._number = 0
        self._left: tuple[Records, Times] = (np.zeros(0, RECORD), np.zeros(0, np.int64))

    def batch(self) -> tuple[Records, Times]:
        """The next 100 records with their times; a move of the price is one instant of 20 rows."""
        rng = self._rng
        records = np.zeros(BATCH, RECORD)
        times = self._time + np.sort(rng.integers(0, BATCH_NS, BATCH))
        kinds = rng.choice([Kind.DEPTH_POSITION, Kind.QUOTE, Kind.TRADE], BATCH, p=[0.8, 0.1, 0.1])
        records["kind"] = kinds
        records["side"] = rng.integers(0, 2, BATCH)
        depth = kinds == Kind.DEPTH_POSITION
        records["op"] = depth
        records["position"] = np.where(depth, rng.integers(0, _ROWS, BATCH), 0)
        records["size"] = rng.integers(1, 60, BATCH)
        moved = self._number == 0 or rng.random() < 0.1
        if rng.random() < 0.01:
            self._walls = int(rng.integers(0, _WALL_EVERY))
        self._price(records[: -2 * _ROWS] if moved else records)
        if moved:
            self._move(records[-2 * _ROWS :], times)
        if self._number == 0:
            records[: 2 * _ROWS] = records[-2 * _ROWS :]
            records["op"][: 2 * _ROWS] = 0
            times[: 2 * _ROWS] = times[0]
        self._time += BATCH_NS
        self._number += 1
        return records, times

    def take(self, count: int) -> tuple[Records, Times]:
        """The next ``count`` records with their times, whatever the batches."""
        records, times = self._left
        parts = [(records, times)]
        size = len(records)
        while size < count:
            parts.append(self.batch())
            size += BATCH
        records = np.concatenate([part for part, _ in parts])
        times = np.concatenate([part for _, part in parts])
        self._left = records[count:], times[count:]
        return records[:count], times[:count]

    def _move(self, rows: Records, times: Times) -> None:
        """Every row of both sides anew, one tick away or where it was, at one instant."""
        if self._number:
            step = int(self._rng.integers(-1, 2))
            self._ask = min(max(self._ask + step, _MIDDLE - 40), _MIDDLE + 40)
        rows["kind"], rows["op"] = Kind.DEPTH_POSITION, 1
        rows["side"] = np.repeat([Side.ASK, Side.BID], _ROWS)
        rows["position"] = np.tile(np.arange(_ROWS), 2)
        times[-2 * _ROWS :] = times[-2 * _ROWS]
        self._price(rows)

    def _price(self, rows: Records) -> None:
        place = rows["position"].astype(np.int64)
        bid = rows["side"] == Side.BID
        rows["price"] = np.where(bid, self._ask - 1 - place, self._ask + place)
        wall = (rows["kind"] == Kind.DEPTH_POSITION) & (rows["price"] % _WALL_EVERY == self._walls)
        rows["size"][wall] = _WALL
