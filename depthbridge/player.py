"""Plays a recording through a publisher, as the bridge would, and prints what comes back."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, TextIO

import numpy as np

from client import Publisher
from client.stream import PublishedStream
from depthbridge.gridding import OrdersOnGrid
from depthbridge.inputs import Window
from depthbridge.numbers import decimal_number
from market.enums import FrameType, Kind, Phase
from market.parts import SnapshotParts, records_of
from market.record import Frame, times_of
from orderbook import OrderBook
from orderbook.books.snapshot import sides_of
from recording.entries import (
    BarEntry,
    CheckpointEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    MakersEntry,
    PhaseEntry,
)
from recording.stream import state_at
from wire.messages import Clusters, ErrorMessage, Message, Metrics, Resync, Signal

__all__ = ["Player", "Printer", "parse_speed"]

_STEP_S: Final = 0.05
"""Paced playing sends this much wall time at once."""
_METRICS_EVERY_S: Final = 1.0


class Player:
    """Plays entries of one instrument.

    Attributes:
        rows: records sent so far.
        time: event time of the last one, ns UTC.
    """

    def __init__(
        self,
        publisher: Publisher,
        symbol: str,
        speed: float | None,
        window: Window | None = None,
    ) -> None:
        """Prepare.

        Args:
            publisher: connected.
            symbol: of the instrument, as the publisher declared it.
            speed: event seconds per second; None: as fast as the server takes it.
            window: what to play; None: everything.
        """
        self.rows = 0
        self.time = 0
        self._publisher = publisher
        self._symbol = symbol
        self._speed = speed
        self._window = window
        self._outside = False
        self._start: tuple[float, int] | None = None
        self._broken = False
        self._parts = SnapshotParts()
        self._orders = OrdersOnGrid()
        self._from: InstrumentEntry | None = None

    @property
    def left_out(self) -> int:
        """Records of orders between two ticks, which the wire does not carry."""
        return self._orders.left_out

    async def play(self, entries: Iterable[Entry], at: Callable[[int], object]) -> None:
        """Play until the end; ``at`` is told the rows before each entry, and ends it with False.

        Raises:
            SessionError: the server has refused this publisher.
            FileFormatError: the recording cannot be read from here on; what came before was sent.
        """
        stream = self._publisher.stream(self._symbol)
        for entry in entries:
            if at(self.rows) is False:
                return
            if isinstance(entry, FrameEntry):
                self._from = None
            match entry:
                case InstrumentEntry():
                    self._from = entry
                case CheckpointEntry() if self._from is not None:
                    self._begin_with(entry, self._from)
                case FrameEntry(frame) if frame.type == FrameType.SNAPSHOT:
                    self._snapshot(frame)
                case FrameEntry(frame) if frame.historical and self._window is not None:
                    continue
                case FrameEntry(frame) if not self._broken:
                    await self._events(frame)
                case BarEntry(_, values):
                    await self._publisher.publish_bar(self._symbol, values)
                case ClockEntry(event_time):
                    stream.advance(event_time)
                case MakersEntry(names):
                    stream.set_makers(names)
                case GapEntry():
                    self._broken = True
                case PhaseEntry(phase, reason):
                    self._parts.clear()  # of a snapshot that a killed server could not finish
                    lost = phase == Phase.STALE and reason not in ("gap", "silent")
                    self._broken = self._broken or lost

    def _begin_with(self, entry: CheckpointEntry, of: InstrumentEntry) -> None:
        """A day that begins with the state of the one before is played onto that book.

        So is what follows on a hole of the recording.
        """
        state = state_at(entry, of.instrument, of.source)
        self._from = None
        lost, self._broken = self._broken, state is None or state.broken
        if state is not None and not state.broken:
            stream = self._publisher.stream(self._symbol)
            if lost:
                stream.reset()
            book = state.analyzer.book()
            self._orders.load(book.adds(off_grid=True))
            _seed(stream, book, state.analyzer.clock)
            self._publisher.wake()

    async def _events(self, frame: Frame) -> None:
        frame = frame._replace(records=self._orders.records(frame.records, frame.base))
        for part in self._paced(frame) if self._window is None else self._wanted(frame):
            if part.historical:
                await self._publisher.publish(self._symbol, part)
                continue
            await self._wait_for(part.base + int(part.records["dt"][0]))
            await self._publisher.publish(self._symbol, part)
            self.rows += len(part.records)
            self.time = part.base + int(part.records["dt"][-1])

    def _wanted(self, frame: Frame) -> Iterator[Frame]:
        """The parts of a frame that lie in the window; the others only move the shadow book."""
        assert self._window is not None
        inside = self._window.mask(times_of(frame))
        edges = [0, *(np.flatnonzero(np.diff(inside)) + 1).tolist(), len(inside)]
        stream = self._publisher.stream(self._symbol)
        for start, stop in pairwise(edges):
            part = frame._replace(records=frame.records[start:stop], seq=frame.seq + start)
            if not len(part.records):
                continue
            if inside[start]:
                if self._outside:
                    _seed(stream, stream.book, part.base)
                    self._outside = False
                yield from self._paced(part)
            else:
                self._outside = True
                if stream.book.apply(part.records, part.base).fault is not None:
                    stream.book.clear()

    def _paced(self, frame: Frame) -> Iterator[Frame]:
        """The frame, cut where a paced player has to wait."""
        if self._speed is None or len(frame.records) < 2 or frame.historical:
            if len(frame.records):
                yield frame
            return
        step = int(self._speed * _STEP_S * 1e9) or 1
        slots = times_of(frame) // step
        edges = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), len(frame.records)]
        for start, stop in pairwise(edges):
            yield frame._replace(records=frame.records[start:stop], seq=frame.seq + start)

    async def _wait_for(self, event_time: int) -> None:
        if self._speed is None:
            return
        now = time.monotonic()
        if self._start is None or event_time < self.time:
            self._start = now, event_time
        due = self._start[0] + (event_time - self._start[1]) / 1e9 / self._speed
        if due > now:
            await asyncio.sleep(due - now)

    def _snapshot(self, frame: Frame) -> None:
        """A snapshot of the recording becomes one of the publisher, once it is whole."""
        whole = self._parts.add(frame)
        if whole is None:
            return
        records = records_of(whole)
        stream = self._publisher.stream(self._symbol)
        if self._broken:
            stream.reset()
        self._broken = False
        if (records["kind"] == Kind.ORDER).any():
            stream.seed_orders(self._orders.load(records), frame.base)
        else:
            stream.seed(*sides_of(records), frame.base)
        self._publisher.wake()


def _seed(stream: PublishedStream, book: OrderBook, time: int) -> None:
    """Begin from this book: its orders if it is made of them, else its levels."""
    if book.by_order:
        stream.seed_orders(book.adds(), time)
    else:
        stream.seed(*book.levels(), time)


class Printer:
    """Prints cluster events and signals as they come, metrics once a second.

    Attributes:
        new: cluster events ``new`` so far.
        ended: cluster events ``end`` so far.
        metrics: metrics messages so far.
        signals: signals so far.
    """

    def __init__(self, out: TextIO = sys.stdout, *, quiet: bool = False) -> None:
        self.new = 0
        self.ended = 0
        self.metrics = 0
        self.signals = 0
        self._out = out
        self._quiet = quiet
        self._next_metrics = 0.0

    async def follow(self, publisher: Publisher) -> None:
        """Take what the server says until the publisher is closed."""
        async for message in publisher.messages():
            self.show(message)

    def show(self, message: Message) -> None:
        """Count and print one message."""
        match message:
            case Clusters(event="new" | "end" as event):
                self.new += event == "new"
                self.ended += event == "end"
                for cluster in message.clusters:
                    self._line(_cluster_line(message, cluster))
            case Metrics():
                self.metrics += 1
                now = time.monotonic()
                if now >= self._next_metrics:
                    self._next_metrics = now + _METRICS_EVERY_S
                    self._line(_metrics_line(message))
            case Signal():
                self.signals += 1
                self._line(_signal_line(message))
            case ErrorMessage():
                self._line(f"error {message.code}: {message.message}")
            case Resync():
                self._line(f"resync from {message.from_}: {message.reason}")

    @property
    def summary(self) -> str:
        """The last line."""
        return f"clusters: {self.new} new, {self.ended} ended"

    def _line(self, text: str) -> None:
        if not self._quiet:
            print(text, file=self._out, flush=True)


def parse_speed(text: str) -> float | None:
    """``max`` as None, else a positive number.

    Raises:
        ValueError: neither.
    """
    if text == "max":
        return None
    try:
        speed = decimal_number(text)
    except argparse.ArgumentTypeError as cause:
        raise ValueError(text) from cause
    if not 0 < speed < 1e6:
        raise ValueError(text)
    return speed


def _clock(event_time: int | str) -> str:
    moment = datetime.fromtimestamp(int(event_time) / 1e9, UTC)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def _metrics_line(message: Metrics) -> str:
    values = message.values
    if "best_bid" not in values:
        return f"{_clock(message.time)} {message.instrument} {message.phase}"
    shown = " ".join(
        f"{name} {_number(values.get(name))}" for name in ("imbalance", "ofi_z", "momentum", "cvd")
    )
    touch = f"{_number(values['best_bid'])} / {_number(values['best_ask'])}"
    return f"{_clock(message.time)} {message.instrument} {message.phase} {touch} {shown}"


def _cluster_line(message: Clusters, cluster: dict[str, object]) -> str:
    zone = f"{_number(cluster['price_low'])}"
    if cluster["price_high"] != cluster["price_low"]:
        zone += f" to {_number(cluster['price_high'])}"
    ending = f" {cluster['end_reason']}" if message.event == "end" else ""
    return (
        f"{_clock(message.time)} {message.instrument} cluster {cluster['id']} {message.event}"
        f"{ending}: {cluster['kind']} {cluster['side']} {zone} size {_number(cluster['size'])}"
    )


def _signal_line(message: Signal) -> str:
    return (
        f"{_clock(message.time)} {message.instrument} signal {message.id} {message.kind} "
        f"{message.strength:+.2f} at {message.price}: {message.reason}"
    )


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return "-" if value is None else str(value)
