"""The part of a recording that lies in a window, as a recording of its own.

Where the window begins, and wherever it goes on after hours that are left out, stands the book of
that moment: what follows changes that book, not an empty one.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from depthbridge.inputs import Window
from market.enums import DepthOp, FrameFlag, FrameType, Kind, OrderOp, Side
from market.parts import SnapshotParts, records_of
from market.record import MAX_RECORDS, RECORD, Frame, Records, make_frames, times_of
from orderbook import OrderBook
from orderbook.books.book import level_records
from orderbook.books.snapshot import sides_of
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

__all__ = ["cut"]

_DEPTH: Final = (Kind.DEPTH_POSITION, Kind.DEPTH_PRICE)


def cut(entries: Iterable[Entry], window: Window, *, snapshots: bool) -> Iterator[Entry]:
    """Entries of the window, numbered anew.

    Args:
        entries: of the whole recording.
        window: what is wanted.
        snapshots: whether the book of a beginning may be a snapshot; else records make it.
    """
    return _Cut(window, snapshots=snapshots).entries(entries)


class _Cut:
    def __init__(self, window: Window, *, snapshots: bool) -> None:
        self._window = window
        self._snapshots = snapshots
        self._book = OrderBook()
        self._of: InstrumentEntry | None = None
        self._parts = SnapshotParts()
        self._seq = 1
        self._kind = Kind.DEPTH_PRICE
        self._outside = True
        self._told: Records = np.empty(0, RECORD)
        """The levels that a reader of what was yielded has when the window is left."""

    def entries(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            match entry:
                case InstrumentEntry(instrument):
                    self._of = entry
                    self._book = OrderBook(instrument.depth_levels)
                    yield entry
                case CheckpointEntry():
                    self._begin_with(entry)  # its numbers are those of the whole
                case FrameEntry(frame) if frame.type == FrameType.SNAPSHOT:
                    yield from self._snapshot(frame)
                case FrameEntry(frame) if frame.historical:
                    pass  # a part of the session has no list of all its trades
                case FrameEntry(frame) if frame.type == FrameType.EVENTS:
                    yield from self._events(frame)
                case _:
                    if isinstance(entry, GapEntry | SessionEntry):
                        self._book.clear()
                    if isinstance(entry, PhaseEntry):
                        self._parts.clear()  # of a snapshot that a killed server could not finish
                    yield entry

    def _begin_with(self, entry: CheckpointEntry) -> None:
        if self._of is None:
            return
        state = state_at(entry, self._of.instrument, self._of.source)
        if state is not None:
            self._book = state.analyzer.book()

    def _snapshot(self, frame: Frame) -> Iterator[Entry]:
        parts = self._parts.add(frame)
        if parts is None:
            return
        self._load(records_of(parts))
        inside = self._window.holds(frame.base)
        if inside:
            for part in parts:
                yield FrameEntry(part._replace(seq=self._seq))
        self._outside = not inside

    def _load(self, records: Records) -> None:
        self._book.clear()
        if (records["kind"] == Kind.ORDER).any():
            self._book.load_orders(records)
            return
        self._book.load(*sides_of(records))

    def _events(self, frame: Frame) -> Iterator[Entry]:
        times = times_of(frame)
        inside = self._window.mask(times)
        depth = np.isin(frame.records["kind"], _DEPTH)
        if depth.any():
            self._kind = Kind(int(frame.records["kind"][depth.argmax()]))
        edges = [0, *(np.flatnonzero(np.diff(inside)) + 1).tolist(), len(inside)]
        for start, stop in pairwise(edges):
            if start == stop:
                continue
            records = np.ascontiguousarray(frame.records[start:stop])
            if inside[start]:
                if self._outside:
                    yield from self._beginning(int(times[start]))
                    self._outside = False
                yield from self._numbered(records.copy(), times[start:stop])
            elif not self._outside:
                self._outside = True
                self._told = self._levels()
            if self._book.apply(records, frame.base).fault is not None:
                self._book.clear()

    def _levels(self) -> Records:
        return level_records(*self._book.levels())

    def _beginning(self, time: int) -> Iterator[Entry]:
        """The book as it stands before what is at ``time``."""
        orders = self._book.by_order
        records = self._book.adds(off_grid=True) if orders else self._levels()
        if not len(records):
            return
        if self._snapshots:
            for start in range(0, len(records), MAX_RECORDS):
                last = start + MAX_RECORDS >= len(records)
                flags = int(FrameFlag.LAST) if last else 0
                part = records[start : start + MAX_RECORDS]
                yield FrameEntry(Frame(part, time, self._seq, FrameType.SNAPSHOT, flags))
            return
        if orders:
            cleared = np.zeros(1, RECORD)
            cleared["kind"], cleared["op"] = Kind.ORDER, OrderOp.CLEAR
            made = np.concatenate([cleared, records])
        else:
            gone = self._told.copy()
            gone["op"], gone["size"] = DepthOp.REMOVE, 0
            if self._kind == Kind.DEPTH_POSITION:
                _number_rows(records)
            gone["kind"] = records["kind"] = self._kind
            made = np.concatenate([gone, records])
        yield from self._numbered(made, np.full(len(made), time))

    def _numbered(self, records: Records, times: NDArray[np.int64]) -> Iterator[Entry]:
        for frame in make_frames(records, times, self._seq):
            self._seq = frame.end
            yield FrameEntry(frame)


def _number_rows(levels: Records) -> None:
    """Levels, the best of a side first, as adds at the rows of a ladder."""
    for side in (Side.BID, Side.ASK):
        chosen = levels["side"] == side
        levels["position"][chosen] = np.arange(np.count_nonzero(chosen))
