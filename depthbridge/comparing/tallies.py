"""Trades and exported bars as bars with their footprints, minute by minute."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from depthbridge.inputs import Window
from depthbridge.progress import Progress
from market.enums import Aggressor, FrameType, Kind
from market.errors import UsageError
from market.instrument import Instrument
from market.record import times_of
from recording.entries import BarEntry, FrameEntry
from recording.readers import Recording
from recording.readers.lines import text_lines

__all__ = ["MINUTE", "Bar", "Tally", "tally_export", "tally_recording"]

MINUTE: Final = 60_000_000_000
_LATE: Final = 10_000_000_000
"""How far back a later record may still lie."""


@dataclass(slots=True)
class Bar:
    """A bar, prices in ticks, sizes in size steps.

    Attributes:
        between: signed volume traded between bid and ask, by the side of the trade before it.
        cells: by price buy, sell and unclassified volume; empty for a bar that was read as such.
    """

    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    buy: int = 0
    sell: int = 0
    between: int = 0
    cells: dict[int, list[int]] = field(default_factory=dict)

    def trade(self, price: int, size: int, side: int, *, between: bool = False) -> None:
        """Add a trade; ``side`` as Aggressor."""
        self.high, self.low, self.close = max(self.high, price), min(self.low, price), price
        self.volume += size
        cell = self.cells.setdefault(price, [0, 0, 0])
        cell[(1, 0, 2)[side]] += size
        signed = 0
        if side == Aggressor.BUY:
            self.buy += size
            signed = size
        elif side == Aggressor.SELL:
            self.sell += size
            signed = -size
        if between:
            self.between += signed

    def join(self, later: "Bar") -> None:
        """Make this bar reach over the next one."""
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close = later.close
        for name in ("volume", "buy", "sell", "between"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for price, cell in later.cells.items():
            mine = self.cells.setdefault(price, [0, 0, 0])
            for place, size in enumerate(cell):
                mine[place] += size

    @property
    def prices(self) -> tuple[int, int, int, int, int]:
        """Open, high, low, close and volume."""
        return self.open, self.high, self.low, self.close, self.volume


@dataclass(slots=True)
class Tally:
    """What one side says.

    Attributes:
        instrument: its units.
        kind: ``ticks``, ``minute`` or ``day``.
        bars: by the end of the minute, ns UTC: trades from its beginning to before its end. Bars
            of days by midnight UTC of their date.
        late: the same with the trades at the end and without those at the beginning.
        sources: trades by how their aggressor is known, TradeSource.
        gaps: breaks of a recording.
        quoted: whether the ticks came with bid and ask.
    """

    instrument: Instrument
    kind: str = "ticks"
    bars: dict[int, Bar] = field(default_factory=dict)
    late: dict[int, Bar] = field(default_factory=dict)
    sources: Counter[int] = field(default_factory=Counter)
    gaps: int = 0
    quoted: bool = False

    @property
    def period(self) -> int:
        """Length of a bar, ns: the smallest step between two."""
        if self.kind == "ticks":
            return MINUTE
        ends = sorted(self.bars)
        return min((b - a for a, b in pairwise(ends)), default=MINUTE)

    def trade(self, time: int, price: int, size: int, side: int, *, between: bool = False) -> None:
        """Add a trade, time ns UTC, price in ticks."""
        end = time // MINUTE * MINUTE + MINUTE
        for bars, at in ((self.bars, end), (self.late, -(-time // MINUTE) * MINUTE)):
            bar = bars.get(at)
            if bar is None:
                bar = bars[at] = Bar(price, price, price, price)
            bar.trade(price, size, side, between=between)


def tally_recording(recording: Recording, window: Window | None) -> Tally:
    """The trades of a recording.

    Raises:
        UsageError: it has none.
    """
    tally = Tally(recording.instrument)
    rows = 0
    with Progress("records") as progress:
        for entry in recording:
            if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
                rows += len(entry.frame.records)
                progress.at(rows)
                if window is not None and entry.frame.base - _LATE >= window.end:
                    break
                _take(tally, entry, window, lambda _: False)
    tally.gaps = recording.report.gaps
    if not tally.bars:
        raise UsageError(f"{recording.path} has no trades in that part", code="no_trades")
    return tally


def tally_export(recording: Recording, window: Window | None) -> Tally:
    """The ticks or bars of a NinjaTrader export; bars of days are not cut to the window.

    Raises:
        UsageError: it has neither, as an export of bids or asks.
    """
    tally = Tally(recording.instrument)
    between = _between(recording.path)
    tally.quoted = between is not None
    inside = between or set()
    rows = 0
    with Progress("rows of the export") as progress:
        for entry in recording:
            if isinstance(entry, BarEntry):
                _take_bar(tally, entry.values)
                rows += 1
            elif isinstance(entry, FrameEntry):
                rows += len(entry.frame.records)
                _take(tally, entry, window, inside.__contains__)
            progress.at(rows)
    if window is not None and tally.kind == "minute":
        length = tally.period
        tally.bars = {end: bar for end, bar in tally.bars.items() if window.holds(end - length)}
    if not tally.bars:
        raise UsageError(
            f"{recording.path} has neither trades nor bars: export Last, not Bid or Ask",
            code="no_trades",
        )
    return tally


def _take(
    tally: Tally, entry: FrameEntry, window: Window | None, between: Callable[[int], bool]
) -> None:
    frame = entry.frame
    chosen = frame.records["kind"] == Kind.TRADE
    if frame.historical or not chosen.any():
        return
    times = times_of(frame)
    if window is not None:
        chosen &= window.mask(times)
    rows, index = frame.records[chosen], entry.index
    places = np.zeros(len(rows), np.int64) if index is None else index[chosen]
    columns = (rows[name].tolist() for name in ("price", "size", "side", "op"))
    for time, place, price, size, side, op in zip(
        times[chosen].tolist(), places.tolist(), *columns, strict=True
    ):
        tally.sources[op] += 1
        tally.trade(time, price, size, side, between=between(place))


def _take_bar(tally: Tally, values: Any) -> None:  # noqa: ANN401 - a bar_update's values
    tick, size = tally.instrument.tick, tally.instrument.size
    tally.kind = str(values["series"]["type"])
    opened, high, low, close = (
        tick.to_ticks(values[name]) for name in ("open", "high", "low", "close")
    )
    volume = size.to_ticks(values["volume"])
    tally.bars[values["time"]] = Bar(opened, high, low, close, volume)


def _between(path: Path) -> set[int] | None:
    """Lines of a tick export whose price lies between their bid and ask; None: it has no quotes."""
    found: set[int] | None = None
    for line in text_lines(path):
        fields = line.text.split(b";")
        if len(fields) != 5 or b" " not in fields[0]:
            continue
        found = set() if found is None else found
        try:
            price, bid, ask = (float(cell.replace(b",", b".")) for cell in fields[1:4])
        except ValueError:
            continue  # the reader says so of the line
        if bid < price < ask:
            found.add(line.number)
    return found


def day_of(end: int) -> str:
    """Date of a bar of a day."""
    return datetime.fromtimestamp(end // 1_000_000_000, UTC).date().isoformat()
