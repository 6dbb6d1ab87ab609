"""The footprint of a recording: a row per bar and traded price."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from depthbridge.inputs import Window
from depthbridge.runs.base import Columns, Run
from depthbridge.runs.columns import in_units
from market.enums import FrameType, Kind
from market.errors import UsageError
from market.record import REWIND_NS, times_of
from orderbook.footprints import Choice, grid_of, imbalances, rule_of, runs_of
from recording.entries import CheckpointEntry, Entry, FrameEntry, InstrumentEntry
from recording.readers import Recording

__all__ = ["BarKind", "FootprintRun", "bar_kind"]

_MINUTE: Final = 60_000_000_000
_CHUNK: Final = 4096
_UNITS: Final = ("m", "t", "v")
"""Minutes, trades, volume."""


class BarKind(NamedTuple):
    """What a bar is: ``unit`` m, t or v (minutes, trades, volume), and how many of it."""

    unit: str
    number: int


def bar_kind(text: str) -> BarKind:
    """``1m``, ``500t``, ``2000v``.

    Raises:
        UsageError: anything else.
    """
    count, unit = text[:-1], text[-1:]
    if unit in _UNITS and count.isascii() and count.isdigit() and 1 <= int(count) <= 10**9:
        return BarKind(unit, int(count))
    raise UsageError(f"bars {text!r}: give a number of minutes, trades or volume: 1m, 500t, 2000v")


class FootprintRun(Run):
    """Volume by bar and price, with imbalances and stacks.

    A bar of minutes is aligned; one of trades or volume begins with a trade and ends with the one
    that reaches the number (no trade is split). Trades that come late count as at the clock.

    Args:
        recording: the input.
        bars: what a bar is.
        chosen: words of the rule, and least rows of a stack.
        window: the part of the input whose trades count.
        tolerant: as of every run.
    """

    def __init__(
        self,
        recording: Recording,
        bars: BarKind,
        chosen: Choice,
        window: Window | None = None,
        *,
        tolerant: bool = False,
    ) -> None:
        super().__init__(recording, window, tolerant=tolerant)
        self._bars = bars
        self._chosen = chosen
        self._cells: dict[int, list[int]] = {}
        self._start = 0
        self._done = 0
        self._clock = 0
        self._ready: list[Columns] = []
        self._waiting = 0

    def _take(self, entry: Entry) -> Iterator[Columns]:
        if isinstance(entry, InstrumentEntry):
            self.instrument = entry.instrument
            self._source = entry.source
        if isinstance(entry, CheckpointEntry):
            self._state_at(entry, self._source)
        if not isinstance(entry, FrameEntry) or entry.frame.type != FrameType.EVENTS:
            return
        self._numbered(entry)
        if entry.frame.historical:
            return
        records, times = entry.frame.records, times_of(entry.frame)
        chosen = (records["kind"] == Kind.TRADE) & self._window.mask(times)
        trades = records[chosen]
        rows = (trades[name].tolist() for name in ("price", "side", "size"))
        for time, price, side, size in zip(times[chosen].tolist(), *rows, strict=True):
            self._trade(time, price, side, size)
        if self._waiting >= _CHUNK:
            yield from self._flush()

    def _finish(self) -> Iterator[Columns]:
        self._close()
        yield from self._flush()

    def _trade(self, time: int, price: int, side: int, size: int) -> None:
        if time < self._clock - REWIND_NS:
            self._close()
            self._clock = time
        self._clock = max(self._clock, time)
        unit, number = self._bars
        if unit == "m":
            start = self._clock // (number * _MINUTE) * (number * _MINUTE)
            if self._cells and start != self._start:
                self._close()
            self._start = start
        elif not self._cells:
            self._start = self._clock
        cell = self._cells.setdefault(price, [0, 0, 0, 0])
        cell[2 if side == 2 else 1 - side] += size
        cell[3] += 1
        self._done += 1 if unit == "t" else size
        if unit != "m" and self._done >= self._reached:
            self._close()

    @property
    def _reached(self) -> float:
        unit, number = self._bars
        assert self.instrument is not None
        grid = self.instrument.size
        return number if unit == "t" else number * grid.denominator / grid.numerator

    def _close(self) -> None:
        """The open bar is over."""
        if self._cells:
            rows = [(price, *cell) for price, cell in sorted(self._cells.items())]
            self._ready.append(self._columns(np.array(rows, np.int64)))
            self._waiting += len(rows)
        self._cells = {}
        self._done = 0

    def _columns(self, cells: NDArray[np.int64]) -> Columns:
        instrument = self.instrument
        assert instrument is not None
        chosen, tick = self._chosen, instrument.tick
        rule = rule_of(chosen.preset, chosen.mode, chosen.zero, instrument.size)
        low, grid = grid_of(cells)
        where = cells[:, 0] - low
        columns: dict[str, Any] = {
            "time_ns": np.full(len(cells), self._start),
            "price": cells[:, 0] * tick.numerator / tick.denominator,
        }
        sizes = {"buy": cells[:, 1], "sell": cells[:, 2], "unknown": cells[:, 3]}
        sizes["delta"] = cells[:, 1] - cells[:, 2]
        columns |= {name: in_units(values, instrument) for name, values in sizes.items()}
        columns["trades"] = cells[:, 4]
        for name, flags in zip(("buy", "sell"), imbalances(grid[0], grid[1], rule), strict=True):
            stacked = np.zeros(len(flags), np.bool_)
            for first, last in runs_of(flags, chosen.rows):
                stacked[first : last + 1] = True
            columns[f"{name}_imbalance"] = flags[where]
            columns[f"{name}_stack"] = stacked[where]
        return columns

    def _flush(self) -> Iterator[Columns]:
        ready, self._ready, self._waiting = self._ready, [], 0
        if ready:
            yield {name: np.concatenate([part[name] for part in ready]) for name in ready[0]}
