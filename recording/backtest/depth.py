"""Books by position and by price as changes of depth: what differs at the end of each group."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import DepthOp, Kind, Side
from market.errors import BookFaultError
from market.instrument import Instrument
from market.record import Records, make_frames
from orderbook import NULL_TICKS
from orderbook.export import CHANGE, BookExporter
from recording.backtest.events import DEPTH, EVENT, SNAPSHOT, TRADE, Group, events_of, part_of

__all__ = ["BrokenBookError", "Ladder", "PriceLevels", "trades_of"]

_ROWS: Final = 1024
"""Rows that are compared at once: two of them, level by level, as one block."""


class BrokenBookError(Exception):
    """Rows that no market can have, behind what was good.

    Attributes:
        events: of the records before them.
        applied: how many of the group's records those are.
        reason: as of BookFaultError.
    """

    def __init__(self, events: NDArray[Any], applied: int, reason: str) -> None:
        super().__init__(reason)
        self.events = events
        self.applied = applied
        self.reason = reason

    def fault(self, group: Group) -> BookFaultError:
        """The same for whoever does not go on; ``group`` is what was to be applied."""
        index = int(group.line[self.applied])
        return BookFaultError(
            f"the book broke at line or record {index + 1:,} ({self.reason}); "
            "--tolerant empties the book and goes on",
            reason=self.reason,
            index=index,
            seq=int(group.seq[self.applied]),
        )


def trades_of(instrument: Instrument, group: Group) -> NDArray[Any]:
    """The trades of a group, in order, with their own times."""
    chosen = group.records["kind"] == Kind.TRADE
    rows = group.records[chosen]
    events = events_of(instrument, TRADE, rows["side"], rows["price"], rows["size"])
    events["exch_ts"], events["local_ts"] = group.exchange[chosen], group.local[chosen]
    return events


class _Depth:
    """What both have in common: trades first, then what went, then what is new or changed."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    def _merged(self, group: Group, changes: NDArray[Any]) -> NDArray[Any]:
        """A group's events in order.

        ``changes`` have the time at which the exchange changed; heard of is the whole group.
        """
        last = np.searchsorted(group.exchange, changes["exch_ts"], side="right") - 1
        changes["local_ts"] = group.local[last]
        trades = trades_of(self._instrument, group)
        rank = np.concatenate([np.zeros(len(trades)), np.where(changes["qty"] > 0, 2, 1)])
        events = np.concatenate([trades, changes])
        return events[np.lexsort((rank, events["exch_ts"]))]

    def _standing(self, levels: list[tuple[int, int, int]]) -> NDArray[Any]:
        side, price, size = np.array(levels, np.int64).reshape(-1, 3).T
        return events_of(self._instrument, SNAPSHOT, side, price, size)


class PriceLevels(_Depth):
    """A book by price: every level that was ever told and not taken back."""

    def __init__(self, instrument: Instrument, levels: Records) -> None:
        super().__init__(instrument)
        self.levels: dict[tuple[int, int], int] = {}
        self._take(levels)

    def standing(self) -> NDArray[Any]:
        """The book as a snapshot, without times."""
        return self._standing([(*key, size) for key, size in sorted(self.levels.items())])

    def apply(self, group: Group) -> NDArray[Any]:
        """The events of whole groups."""
        chosen = group.records["kind"] == Kind.DEPTH_PRICE
        rows, times = group.records[chosen], group.exchange[chosen]
        # Of several changes of a level in one group the last one counts.
        order = np.lexsort((np.arange(len(rows)), rows["price"], rows["side"], times))
        rows, times = rows[order], times[order]
        keys = np.stack([times, rows["side"].astype(np.int64), rows["price"]])
        final = np.ones(len(rows), np.bool_)
        final[:-1] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        rows, times = rows[final], times[final]
        size = np.where(rows["op"] == DepthOp.REMOVE, 0, rows["size"])
        self._take(rows)
        changes = events_of(self._instrument, DEPTH, rows["side"], rows["price"], size)
        changes["exch_ts"] = times
        return self._merged(group, changes)

    def _take(self, rows: Records) -> None:
        gone = int(DepthOp.REMOVE)
        columns = (rows[name].tolist() for name in ("side", "price", "size", "op"))
        for side, price, size, op in zip(*columns, strict=True):
            if size and op != gone:
                self.levels[side, price] = size
            else:
                self.levels.pop((side, price), None)


class Ladder(_Depth):
    """A book by position: the visible rows of both sides.

    A level that leaves the visible rows is told as gone: nobody says what becomes of it.
    """

    def __init__(self, instrument: Instrument, levels: Records) -> None:
        super().__init__(instrument)
        depth = max(instrument.depth_levels, 1)
        self._exporter = BookExporter(depth, depth, CHANGE)
        self._last = np.full(1, NULL_TICKS, np.int64).repeat(4 * depth).reshape(1, 4, depth)
        if len(levels):
            sides = [_sorted(levels, side) for side in (Side.BID, Side.ASK)]
            self._exporter.book.load(*sides)
            for place, rows in enumerate(sides):
                for row, (price, size) in enumerate(rows[:depth]):
                    self._last[0, 2 * place : 2 * place + 2, row] = price, size

    def standing(self) -> NDArray[Any]:
        """The book as a snapshot, without times."""
        levels = []
        for place, side in ((0, Side.BID), (2, Side.ASK)):
            for price, size in self._last[0, place : place + 2].T.tolist():
                if price != NULL_TICKS and size:
                    levels.append((int(side), price, size))
        return self._standing(levels)

    def apply(self, group: Group) -> NDArray[Any]:
        """The events of whole groups.

        Raises:
            BrokenBookError: rows that no market can have; it has the events before them.
        """
        rows, times, applied, fault = self._rows(group)
        parts = [np.zeros(0, EVENT)]
        for low in range(0, len(rows), _ROWS):
            part = np.concatenate([self._last, rows[low : low + _ROWS]])
            parts.append(self._changes(part, times[low : low + _ROWS]))
            self._last = part[-1:]
        events = self._merged(part_of(group, 0, applied), np.concatenate(parts))
        if fault is not None:
            raise BrokenBookError(events, applied, fault)
        return events

    def _rows(self, group: Group) -> tuple[NDArray[np.int64], NDArray[np.int64], int, str | None]:
        """The rows at the end of each group that changed them, and its time.

        Returns:
            int64[n, 4, depth]: bid prices and sizes, ask prices and sizes; int64[n]; how many
            records were applied, and the fault of the next one, if any.
        """
        records = np.ascontiguousarray(group.records).copy()
        found: list[NDArray[Any]] = []
        done, fault = len(records), None
        for frame in make_frames(records, group.exchange, 0):
            index = np.arange(frame.seq, frame.end, dtype=np.int64)
            found += [rows.copy() for rows in self._exporter.feed(frame, index)]
            applied, fault = self._exporter.outcome[:2]
            if fault is not None:
                done = frame.seq + applied
                break
        if not found:
            nothing = np.zeros((0, *self._last.shape[1:]), np.int64)
            return nothing, np.zeros(0, np.int64), done, fault
        rows = np.concatenate(found)
        times = rows["time_ns"]
        final = np.ones(len(rows), np.bool_)
        final[:-1] = times[1:] != times[:-1]
        rows = rows[final]
        names = ("bid_px", "bid_sz", "ask_px", "ask_sz")
        stacked = np.stack([rows[name] for name in names], axis=1)
        return stacked, rows["time_ns"].copy(), done, fault

    def _changes(self, rows: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[Any]:
        """What differs between each row and the one before it; of ``rows[0]`` nothing."""
        parts = []
        for place, side in ((0, Side.BID), (2, Side.ASK)):
            price, size = rows[:, place], rows[:, place + 1]
            size = np.where(price == NULL_TICKS, 0, size)
            same = price[1:, :, None] == price[:-1, None, :]  # new against old
            known = same & (size[1:, :, None] == size[:-1, None, :])
            changed = ~known.any(axis=2) & (price[1:] != NULL_TICKS)
            gone = ~same.any(axis=1) & (price[:-1] != NULL_TICKS)
            for where, prices, sizes in (
                (gone, price[:-1], np.zeros_like(size[:-1])),
                (changed, price[1:], size[1:]),
            ):
                row = np.nonzero(where)[0]
                sides = np.full(len(row), int(side))
                part = events_of(self._instrument, DEPTH, sides, prices[where], sizes[where])
                part["exch_ts"] = times[row]
                parts.append(part)
        return np.concatenate(parts)


def _sorted(levels: Records, side: Side) -> list[tuple[int, int]]:
    """(ticks, size) of a side, best first."""
    rows = levels[levels["side"] == side]
    rows = rows[np.argsort(rows["price"] * (-1 if side == Side.BID else 1), kind="stable")]
    return list(zip(rows["price"].tolist(), rows["size"].tolist(), strict=True))
