"""Rows of the top levels of a book that is rebuilt from a recording."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from depthbridge.inputs import Window
from depthbridge.runs.base import Columns, Run, fault_of
from depthbridge.runs.columns import in_units
from market.enums import FrameType, Kind, Phase
from market.errors import UsageError
from market.parts import SnapshotParts, records_of
from market.record import Frame
from orderbook import NULL_TICKS
from orderbook.books.orders import FAULT_WORDS
from orderbook.books.snapshot import sides_of
from orderbook.export import BETWEEN, CHANGE, EVENT_ROWS, INTERVAL, BookExporter
from recording.entries import (
    DAMAGE,
    CheckpointEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.readers import Recording

__all__ = ["BookRun"]

_CHUNK: Final = 8192
_BOOK_KINDS: Final = (Kind.DEPTH_POSITION, Kind.DEPTH_PRICE, Kind.ORDER)
_BILLION: Final = 10**9


class BookRun(Run):
    """Rows of the top levels: ``index``, ``time_ns``, ``bid_price_1``, ``bid_size_1`` and so on.

    Args:
        recording: the input.
        levels: levels of a row.
        every: ``event``, ``change``, or an interval in ns.
        window: the part of the input whose rows are wanted; the book is built from the beginning.
        tolerant: a fault empties the book and is counted as a gap.
        strict: an order record that is wrong ends the run; else it is counted.

    Raises:
        BookFaultError: while iterating, rows that no market can have, unless tolerant; a wrong
            order record, if strict.
        UsageError: a recording without depth.
    """

    def __init__(
        self,
        recording: Recording,
        levels: int,
        every: str | int,
        window: Window | None = None,
        *,
        tolerant: bool = False,
        strict: bool = False,
    ) -> None:
        super().__init__(recording, window, tolerant=tolerant)
        if not 1 <= levels <= 100:
            raise UsageError("--levels must be 1 to 100")
        self.levels = levels
        self._every = every
        self._strict = strict
        self._exporter: BookExporter | None = None
        self._broken = False
        self._parts = SnapshotParts()
        self._places: list[NDArray[np.int64]] = []
        self._before = -1
        self._depth_seen = False
        self._clock = 0
        self._waiting: list[NDArray[Any]] = []
        self._held = 0

    def __iter__(self) -> Iterator[Columns]:
        yield from super().__iter__()
        if not self._depth_seen and not (self.rows and self.recording.format.by_order):
            what = "no depth (Level II), only Level I and trades" if self.rows else "no record"
            raise UsageError(
                f"{self.recording.path} has {what}: there is no book to build",
                code="no_depth",
            )

    def _finish(self) -> Iterator[Columns]:
        yield from self._collect(self._started().finish(), least=1)

    def _collect(self, rows: NDArray[Any], least: int = _CHUNK) -> Iterator[Columns]:
        """Few rows come at a time; columns are made of many."""
        self._waiting.append(rows)
        self._held += len(rows)
        if self._held >= least:
            rows = np.concatenate(self._waiting)
            self._waiting.clear()
            self._held = 0
            yield from self._columns(rows)

    def _started(self) -> BookExporter:
        if self._exporter is None:
            assert self.instrument is not None
            modes = {"event": EVENT_ROWS, "change": CHANGE}
            mode = modes.get(self._every, INTERVAL) if isinstance(self._every, str) else INTERVAL
            interval = self._every if isinstance(self._every, int) else 0
            depth = self.instrument.depth_levels
            tick, rest = divmod(
                self.instrument.tick.numerator * _BILLION, self.instrument.tick.denominator
            )
            self._exporter = BookExporter(
                depth,
                self.levels,
                mode,
                interval,
                tick=0 if rest else tick,
                strict=self._strict,
            )
        return self._exporter

    def metadata(self) -> dict[str, str]:
        """As of every run, and which book it is of."""
        by_order = self._exporter is not None and self._exporter.book.by_order
        return {**super().metadata(), "book": "L3" if by_order else "L2"}

    @property
    def order_faults(self) -> dict[str, tuple[int, int]]:
        """What was wrong with order records: word, how often, index of the first."""
        return {} if self._exporter is None else self._exporter.book.faults

    def _take(self, entry: Entry) -> Iterator[Columns]:
        match entry:
            case InstrumentEntry(instrument, source):
                self.instrument = instrument
                self._source = source
                self._begin_run()
            case CheckpointEntry():
                self._begin_with(entry)
            case FrameEntry(frame) if frame.type == FrameType.EVENTS:
                yield from self._events(entry)
            case FrameEntry(frame):
                self._snapshot(entry)
            case SettingsEntry(_, config):
                self.config = config
            case GapEntry(reason):
                self._lose(reason)
            case PhaseEntry(phase, reason):
                self._parts.clear()  # a killed server could not write the snapshot to its end
                if phase == Phase.STALE and reason == DAMAGE:
                    self._distrust()  # the gap has been told
                elif phase == Phase.STALE and reason not in ("gap", "silent"):
                    self._lose(reason)
            case SessionEntry():
                self._started().book.clear()
                self._broken = False
            case _:
                pass

    def _begin_with(self, entry: CheckpointEntry) -> None:
        stream = self._state_at(entry, self._source)
        if stream is not None:
            book = stream.analyzer.book()
            self._started().book = book
            self._broken = stream.broken
            self._depth_seen = self._depth_seen or any(book.top(1))

    def _events(self, entry: FrameEntry) -> Iterator[Columns]:
        frame = entry.frame
        if isinstance(self._every, int) and len(frame.records) and not frame.historical:
            if self._clock:
                self._check_silence(self._clock, frame.base, self._every)
            self._clock = max(self._clock, frame.base)
        index = self._numbered(entry)
        if frame.historical:
            return
        if not self._depth_seen:
            self._depth_seen = bool(np.isin(frame.records["kind"], _BOOK_KINDS).any())
        if self._broken:
            return
        exporter = self._started()
        while True:
            for rows in exporter.feed(frame, index):
                yield from self._collect(rows)
            applied, fault = exporter.outcome[:2]
            if fault is None:
                return
            if fault in FAULT_WORDS or not self._tolerant:
                raise fault_of(fault, index[applied], frame.seq + applied)
            self._gap(fault)
            exporter.book.clear()
            frame = Frame(frame.records[applied:], frame.base, frame.seq + applied)
            index = index[applied:]

    def _snapshot(self, entry: FrameEntry) -> None:
        whole = self._parts.add(entry.frame)
        if len(whole or self._parts) == 1:
            self._before = self._index
            self._places.clear()
        self._places.append(self._numbered(entry))
        self._depth_seen = True
        if whole is None:
            return
        self._judge(entry.frame)
        records = records_of(whole)
        places = np.concatenate(self._places)
        self._broken = False
        if (records["kind"] == Kind.ORDER).any():
            applied, fault = self._started().book.load_orders(records)[:2]
            if fault is not None:
                raise fault_of(fault, places[applied], entry.frame.seq)
            return
        self._started().book.load(*sides_of(records))

    def _judge(self, frame: Frame) -> None:
        """The rows before a snapshot: time moves to it, and they may be no book."""
        fault = self._started().book.advance(frame.base)
        if fault is not None:
            if not self._tolerant:
                raise fault_of(fault, self._before, frame.seq - 1)
            self._gap(fault)

    def _lose(self, reason: str) -> None:
        self._gap(reason)
        self._distrust()

    def _distrust(self) -> None:
        self._broken = True
        self._parts.clear()
        self._started().book.clear()

    def _columns(self, rows: NDArray[Any]) -> Iterator[Columns]:
        assert self.instrument is not None
        rows = rows[self._window.mask(rows["time_ns"])]
        if not len(rows):
            return
        columns: Columns = {"index": rows["index"], "time_ns": rows["time_ns"]}
        for level in range(self.levels):
            for side in ("bid", "ask"):
                ticks, sizes = rows[f"{side}_px"][:, level], rows[f"{side}_sz"][:, level]
                empty = ticks == NULL_TICKS
                columns[f"{side}_price_{level + 1}"] = np.ma.MaskedArray(
                    self._prices(np.where(empty, 0, ticks)), empty
                )
                columns[f"{side}_size_{level + 1}"] = np.ma.MaskedArray(
                    in_units(np.where(empty, 0, sizes), self.instrument), empty
                )
        yield columns

    def _prices(self, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
        """In the price unit; the nearest double of the exact decimal, between two ticks too."""
        assert self.instrument is not None
        grid = self.instrument.tick
        between = ticks > BETWEEN // 2
        prices: NDArray[np.float64] = (
            np.where(between, 0, ticks) * grid.numerator / grid.denominator
        )
        if between.any():
            prices[between] = (ticks[between] - BETWEEN) / _BILLION
        return prices
