"""Entries of a recording to events: both times, groups, and where a book begins anew."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from market.enums import FrameType, Kind, Phase, Source
from market.errors import DataError
from market.instrument import Instrument
from market.parts import SnapshotParts, records_of
from market.record import RECORD, REWIND_NS, Frame, Records, times_of
from orderbook.books.book import level_records
from orderbook.books.order_book import adds_of, standing_orders
from orderbook.books.snapshot import snapshot_levels
from recording.backtest.depth import BrokenBookError, Ladder, PriceLevels
from recording.backtest.events import Group, clear_of, joined, part_of
from recording.backtest.orders import Orders
from recording.entries import (
    CheckpointEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    PhaseEntry,
    SessionEntry,
)
from recording.stream import state_at

__all__ = ["Translator"]

_OLD: Final = 60_000_000_000
"""An order heard of so much later than it was entered was told again, in a snapshot."""
_NEVER: Final = -(2**62)
_Book = Ladder | PriceLevels | Orders
_BOOKS: Final[dict[int, type[_Book]]] = {
    int(Kind.DEPTH_POSITION): Ladder,
    int(Kind.DEPTH_PRICE): PriceLevels,
    int(Kind.ORDER): Orders,
}
_NOTHING: Final = np.zeros(0, RECORD)


class _Hours(Protocol):
    """Which times are wanted."""

    def mask(self, times: NDArray[np.int64]) -> NDArray[np.bool_]: ...

    def holds(self, time: int) -> bool: ...


class Translator:
    """Turns the entries of one recording into events; memory is bounded by the book.

    Args:
        latency: ns from the exchange to the local side, where the input does not say it.
        window: the part that is wanted; the book is built from the beginning.
        tolerant: a fault of the book empties it and is counted as a break.

    Attributes:
        instrument: known once the first entry was taken.
        heard: records whose receive time the input said.
        clamped: receive times before the exchange's; they count as equal to it.
        breaks: how often the book was lost on the way.
        faults: order records that were wrong, by word, and were left out.
        between: orders at prices between two ticks, which were left out.
    """

    def __init__(
        self, latency: int, window: _Hours | None = None, *, tolerant: bool = False
    ) -> None:
        self.instrument: Instrument | None = None
        self.heard = self.clamped = self.breaks = self.between = 0
        self.faults: Counter[str] = Counter()
        self._latency = latency
        self._window = window
        self._tolerant = tolerant
        self._source = Source.REPLAY
        self._session: str | None = None
        self._exchange = self._local = _NEVER
        self._held: list[Group] = []
        self._parts = SnapshotParts()
        self._book: _Book | None = None
        self._loaded = _NOTHING
        self._records = 0
        self._begun = self._broken = False
        self._shown = False  # whether what was yielded leads to the present book
        self._started = False

    @property
    def by_order(self) -> bool:
        """Whether the events are of orders."""
        return isinstance(self._book, Orders)

    def take(
        self, entry: Entry, received: "int | NDArray[np.int64] | None" = None
    ) -> Iterator[NDArray[Any]]:
        """The events of the groups that an entry completes.

        Args:
            entry: the next one.
            received: of a frame: when it was heard of, ns UTC, whole or by record.

        Raises:
            BookFaultError: rows that no market can have.
            DataError: time goes back by more than 5 s.
        """
        match entry:
            case InstrumentEntry(instrument, source):
                if self.instrument is not None:
                    yield from self._lose(lasting=False)
                self.instrument, self._source, self._begun = instrument, source, False
            case CheckpointEntry():
                self._resume(entry)
            case FrameEntry(frame):
                index = self._numbered(entry)
                yield from self._frame(frame, index, received)
            case GapEntry():
                yield from self._lose(lasting=True)
            case PhaseEntry(phase, reason):
                self._parts.clear()  # of a snapshot that a killed server could not write to its end
                if phase == Phase.STALE and reason not in ("gap", "silent"):
                    yield from self._lose(lasting=True)
            case SessionEntry(session) if session != self._session:
                self._session = session
                yield from self._lose(lasting=False)
            case _:
                pass

    def _frame(
        self, frame: Frame, index: NDArray[np.int64], received: "int | NDArray[np.int64] | None"
    ) -> Iterator[NDArray[Any]]:
        if frame.historical:
            return
        if frame.type == FrameType.SNAPSHOT:
            yield from self._snapshot(frame, received)
        elif len(frame.records) and not self._broken:
            self._begun = True
            yield from self._events(frame, index, received)

    def _numbered(self, entry: FrameEntry) -> NDArray[np.int64]:
        """Line or record of each record; where the input does not say it, they are counted."""
        count = len(entry.frame.records)
        index = entry.index
        if index is None:
            index = np.arange(self._records, self._records + count, dtype=np.int64)
        self._records += count
        return index

    def finish(self) -> Iterator[NDArray[Any]]:
        """The events of the last group; call it once the entries have ended."""
        yield from self._complete()
        self._count_book()

    # -- time ----------------------------------------------------------------------------------

    def _events(
        self, frame: Frame, index: NDArray[np.int64], received: "int | NDArray[np.int64] | None"
    ) -> Iterator[NDArray[Any]]:
        """Hold back the records of the newest time: more of them may come."""
        group = self._timed(frame, index, received)
        if self._held and self._held[-1].exchange[-1] != group.exchange[0]:
            yield from self._complete()
        cut = int(np.searchsorted(group.exchange, group.exchange[-1]))
        if cut:
            self._held.append(part_of(group, 0, cut))
            yield from self._complete()
        self._held.append(part_of(group, cut, len(group.records)))

    def _timed(
        self, frame: Frame, index: NDArray[np.int64], received: "int | NDArray[np.int64] | None"
    ) -> Group:
        own = times_of(frame)
        orders = frame.records["kind"] == Kind.ORDER
        if received is None:
            heard = own + self._latency
        else:
            heard = np.full(len(own), received, np.int64)
            self.heard += len(own)
            own = np.where(orders & (heard - own > _OLD), heard, own)
        exchange = np.maximum.accumulate(np.concatenate([[self._exchange], own]))[1:]
        back = (exchange - own > REWIND_NS) & ~orders
        if back.any():
            raise DataError(
                f"time goes back by more than 5 s at record {frame.seq + int(back.argmax()):,}, "
                "and hftbacktest's clock cannot: convert the parts on their own (--from, --until)",
                code="rewind",
            )
        if received is not None:
            self.clamped += int((heard < exchange).sum())
        local = np.concatenate([[self._local], np.maximum(heard, exchange)])
        local = np.maximum.accumulate(local)[1:]
        self._exchange, self._local = int(exchange[-1]), int(local[-1])
        seq = np.arange(frame.seq, frame.end, dtype=np.int64)
        return Group(frame.records, exchange, local, index, seq)

    # -- the book begins anew ------------------------------------------------------------------

    def _resume(self, entry: CheckpointEntry) -> None:
        """The state that a recording, or a run in it, begins with."""
        if self._begun or self.instrument is None:
            return
        self._begun = True
        stream = state_at(entry, self.instrument, self._source)
        if stream is None:
            return
        if not self._records:  # those before the state were counted too
            self._records = stream.records
        self._session = stream.session
        book = stream.analyzer.book()
        if book.by_order:
            self._begin(adds_of(standing_orders(book.state, book.heap)))
        else:
            self._begin(level_records(*book.levels()))
        self._broken = stream.broken

    def _snapshot(
        self, frame: Frame, received: "int | NDArray[np.int64] | None"
    ) -> Iterator[NDArray[Any]]:
        self._begun = True
        whole = self._parts.add(frame)
        if whole is None:
            return
        yield from self._complete()
        self._exchange = max(self._exchange, frame.base)
        heard = frame.base + self._latency if received is None else int(np.max(received))
        self._local = max(self._local, heard, self._exchange)
        self._begin(snapshot_levels(records_of(whole)))
        self._broken = False
        if self._window is None or self._window.holds(self._exchange):
            yield from self._show(self._exchange, self._local)

    def _begin(self, records: Records) -> None:
        """Another book; of depth it depends on the next record what it is addressed by."""
        assert self.instrument is not None
        self._count_book()
        self._shown = False
        self._loaded, self._book = records, None
        if (records["kind"] == Kind.ORDER).any():
            self._book = Orders(self.instrument, records)

    def _lose(self, *, lasting: bool) -> Iterator[NDArray[Any]]:
        """Nobody knows the book from here on, until a snapshot (``lasting``) or a new stream."""
        yield from self._complete()
        self._parts.clear()
        self._begin(_NOTHING)
        self._broken = lasting
        if self._started:
            self.breaks += 1
            yield clear_of(self._exchange, self._local)

    def _count_book(self) -> None:
        if isinstance(self._book, Orders):
            self.faults += self._book.faults
            self.between += self._book.between
            self._book.faults.clear()
            self._book.between = 0

    # -- events --------------------------------------------------------------------------------

    def _complete(self) -> Iterator[NDArray[Any]]:
        """The events of the groups that were held back."""
        if not self._held:
            return
        group, self._held = joined(self._held), []
        inside = np.ones(len(group.exchange), np.bool_)
        if self._window is not None:
            inside = self._window.mask(group.exchange)
        edges = [0, *(np.flatnonzero(inside[1:] != inside[:-1]) + 1).tolist(), len(inside)]
        for low, high in pairwise(edges):
            part = part_of(group, low, high)
            if inside[low]:
                yield from self._show(int(part.exchange[0]), int(part.local[0]))
                yield from self._translated(part)
            else:
                for _ in self._translated(part):
                    pass
                self._shown = False

    def _translated(self, group: Group) -> Iterator[NDArray[Any]]:
        """The events of whole groups; the book moves on."""
        while len(group.records):
            try:
                yield self._book_for(group.records).apply(group)
            except BrokenBookError as broken:
                yield broken.events
                if not self._tolerant:
                    raise broken.fault(group) from None
                group = part_of(group, broken.applied, len(group.records))
                self._begin(_NOTHING)
                self.breaks += 1
                yield clear_of(int(group.exchange[0]), int(group.local[0]))
                self._shown = True
            else:
                return

    def _book_for(self, records: Records) -> _Book:
        """The book; what it is says the first record that makes one."""
        assert self.instrument is not None
        if self._book is None:
            kinds = records["kind"][np.isin(records["kind"], list(_BOOKS))]
            if not len(kinds):
                return PriceLevels(self.instrument, self._loaded)
            self._book = _BOOKS[int(kinds[0])](self.instrument, self._loaded)
        return self._book

    def _show(self, exchange: int, local: int) -> Iterator[NDArray[Any]]:
        """A start snapshot, where what was yielded does not lead to the present book."""
        if self._shown:
            return
        self._shown = self._started = True
        book = self._book_for(_NOTHING)
        events = np.concatenate([clear_of(exchange, local), book.standing()])
        events["exch_ts"], events["local_ts"] = exchange, local
        yield events
