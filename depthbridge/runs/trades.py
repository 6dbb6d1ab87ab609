"""The trades of a recording."""

from collections.abc import Iterator
from typing import Final

from depthbridge.inputs import Window
from depthbridge.runs.base import Columns, Run
from depthbridge.runs.columns import in_units, words_of
from market.enums import Aggressor, FrameType, Kind, TradeSource
from market.record import times_of
from recording.entries import CheckpointEntry, Entry, FrameEntry, InstrumentEntry
from recording.readers import Recording

__all__ = ["TradesRun"]

AGGRESSORS: Final = tuple(word.name.lower() for word in Aggressor)
TRADE_SOURCES: Final = tuple(word.name.lower() for word in TradeSource)


class TradesRun(Run):
    """Trades: ``index``, ``time_ns``, ``price``, ``size``, ``aggressor``, ``source``."""

    def __init__(
        self, recording: Recording, window: Window | None = None, *, tolerant: bool = False
    ) -> None:
        super().__init__(recording, window, tolerant=tolerant)

    def _take(self, entry: Entry) -> Iterator[Columns]:
        if isinstance(entry, InstrumentEntry):
            self.instrument = entry.instrument
            self._source = entry.source
        if isinstance(entry, CheckpointEntry):
            self._state_at(entry, self._source)
        if not isinstance(entry, FrameEntry) or entry.frame.type != FrameType.EVENTS:
            return
        index = self._numbered(entry)
        if entry.frame.historical:
            return
        chosen = entry.frame.records["kind"] == Kind.TRADE
        if not chosen.any():
            return
        assert self.instrument is not None
        times = times_of(entry.frame)
        chosen &= self._window.mask(times)
        trades = entry.frame.records[chosen]
        tick = self.instrument.tick
        yield {
            "index": index[chosen],
            "time_ns": times[chosen],
            "price": trades["price"] * tick.numerator / tick.denominator,
            "size": in_units(trades["size"], self.instrument),
            "aggressor": words_of(AGGRESSORS, trades["side"]),
            "source": words_of(TRADE_SOURCES, trades["op"]),
        }
