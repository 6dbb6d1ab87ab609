"""Entries to NinjaTrader's Market Replay dump, in UTC; ``<file>.json`` says so beside it.

A dump does not hold who the aggressor of a trade was: a reader finds it from the quotes. Only
recordings whose trades a reader would judge the same can be written without loss.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from market.enums import Aggressor, FrameType, Kind, QuoteOp, Side
from market.errors import UsageError
from market.instrument import Instrument
from recording.entries import Entry, FrameEntry, InstrumentEntry, MakersEntry
from recording.readers.dump_kernel import judge_trade
from recording.readers.state import NULL, PARSER

__all__ = ["Writer"]

_NS: Final = 1_000_000_000
_SESSION_VOLUME: Final = 5
_LAST: Final = 2


class Writer:
    """Writes one recording, line by line."""

    def __init__(self, path: Path) -> None:
        self.dropped = 0
        self._path = path
        self._file = path.open("wb")
        self._instrument: Instrument | None = None
        self._makers: tuple[str, ...] = ()
        # The reader's own rule judges, on the state that a reader would have.
        self._state = np.zeros(1, PARSER)
        self._quotes = self._state[0]
        self._quotes.bid = self._quotes.ask = self._quotes.trade = NULL
        self._quotes.side = Aggressor.UNKNOWN
        self._prices: dict[int, str] = {}
        self._second = -1
        self._stamp = ""

    def write(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            UsageError: something that a dump cannot hold.
        """
        if isinstance(entry, InstrumentEntry):
            if self._instrument is not None and entry.instrument != self._instrument:
                raise UsageError("a dump holds one instrument")
            self._instrument = entry.instrument
        elif isinstance(entry, MakersEntry):
            self._makers = entry.names
        elif not isinstance(entry, FrameEntry) or entry.frame.historical:
            self.dropped += 1
        elif entry.frame.type != FrameType.EVENTS:
            raise UsageError("a dump cannot hold snapshots; convert to .parquet instead")
        else:
            base = entry.frame.base
            lines = [self._line(base, *record) for record in entry.frame.records.tolist()]
            self._file.write("".join(lines).encode())

    def close(self) -> None:
        """Write the sidecar."""
        self._file.close()
        if self._instrument is None:
            raise UsageError("a recording without its instrument cannot be written")

    def sidecar(self) -> bytes:
        """What belongs into ``<file>.json``."""
        assert self._instrument is not None
        values = {
            "instrument": self._instrument.symbol,
            "tick_size": self._instrument.tick.step,
            "size_step": self._instrument.size.step,
            "time_zone": "UTC",
        }
        return json.dumps(values, indent=1).encode() + b"\n"

    def abandon(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def _line(
        self,
        base: int,
        dt: int,
        kind: int,
        side: int,
        op: int,
        row: int,
        price: int,
        size: int,
        ref: int,
    ) -> str:
        time = self._time(base + dt)
        if kind == Kind.DEPTH_POSITION:
            if ref > len(self._makers):
                raise UsageError("a depth row names a market maker that was never introduced")
            maker = self._makers[ref - 1] if ref else ""
            return (
                f"L2;{side};{time};{op};{row};{maker};{self._price(price)};{self._size(size)}\r\n"
            )
        if kind == Kind.TRADE:
            judged = judge_trade(self._state, price)
            if (int(judged[0]), int(judged[1])) != (side, op):
                raise UsageError(
                    "a dump does not hold the aggressors of these trades; convert to .parquet"
                )
            return f"L1;{_LAST};{time};{self._price(price)};{self._size(size)}\r\n"
        if kind != Kind.QUOTE:
            raise UsageError("a dump holds depth by position only; convert to .parquet instead")
        if op == QuoteOp.SESSION_VOLUME:
            return f"L1;{_SESSION_VOLUME};{time};0;{self._size(size)}\r\n"
        if side == Side.ASK:
            self._quotes.ask = price
        else:
            self._quotes.bid = price
        return f"L1;{side};{time};{self._price(price)};{self._size(size)}\r\n"

    def _time(self, time: int) -> str:
        second, rest = divmod(time, _NS)
        if rest % 100:
            raise UsageError("a dump's times have steps of 100 ns; convert to .parquet instead")
        if second != self._second:
            self._second = second
            self._stamp = datetime.fromtimestamp(second, UTC).strftime("%Y%m%d%H%M%S")
        return f"{self._stamp};{rest // 100}"

    def _price(self, ticks: int) -> str:
        text = self._prices.get(ticks)
        if text is None:
            assert self._instrument is not None
            text = self._prices[ticks] = _plain(ticks, self._instrument.tick)
        return text

    def _size(self, steps: int) -> str:
        assert self._instrument is not None
        return _plain(steps, self._instrument.size)


def _plain(steps: int, grid: Any) -> str:  # noqa: ANN401
    if grid.denominator == 1:
        return str(steps * grid.numerator)
    text = format(Decimal(steps * grid.numerator) / Decimal(grid.denominator), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
