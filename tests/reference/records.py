"""Records as plain tuples for the twins, and their way into frames for the product."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from market.record import RECORD, Frame, Records, make_frames, times_of

__all__ = [
    "ADD",
    "ASK",
    "BID",
    "BUY",
    "ORDER",
    "POSITION",
    "PRICE",
    "QUOTE",
    "REMOVE",
    "SELL",
    "TRADE",
    "UNKNOWN",
    "UPDATE",
    "Rec",
    "ask",
    "bid",
    "frames_of",
    "price_row",
    "quote",
    "records_of",
    "recs_of",
    "running_volume",
    "trade",
]

POSITION, PRICE, QUOTE, TRADE, ORDER = range(5)
ADD, UPDATE, REMOVE = range(3)
ASK, BID = 0, 1
SELL, BUY, UNKNOWN = range(3)


class Rec(NamedTuple):
    """One record with its absolute time, ns UTC."""

    time: int
    kind: int
    side: int
    op: int
    position: int
    price: int
    size: int
    ref: int = 0


def ask(time: int, op: int, position: int, price: int, size: int) -> Rec:
    return Rec(time, POSITION, ASK, op, position, price, size)


def bid(time: int, op: int, position: int, price: int, size: int) -> Rec:
    return Rec(time, POSITION, BID, op, position, price, size)


def price_row(time: int, side: int, price: int, size: int, op: int = UPDATE) -> Rec:
    return Rec(time, PRICE, side, op, 0, price, size)


def trade(time: int, side: int, price: int, size: int) -> Rec:
    return Rec(time, TRADE, side, 0, 0, price, size)


def quote(time: int, side: int, price: int, size: int) -> Rec:
    return Rec(time, QUOTE, side, 0, 0, price, size)


def running_volume(time: int, volume: int) -> Rec:
    return Rec(time, QUOTE, 0, 1, 0, 0, volume)


def records_of(recs: Sequence[Rec]) -> tuple[Records, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """RECORD array (``dt`` not set) and times."""
    records = np.zeros(len(recs), RECORD)
    for name in ("kind", "side", "op", "position", "price", "size", "ref"):
        records[name] = [getattr(rec, name) for rec in recs]
    return records, np.array([rec.time for rec in recs], np.int64)


def frames_of(recs: Sequence[Rec], limit: int = 4096, seq: int = 1) -> Iterator[Frame]:
    """Frames of at most ``limit`` records, cut where the wire's rules demand it."""
    records, times = records_of(recs)
    yield from make_frames(records, times, seq, limit)


def recs_of(frame: Frame) -> list[Rec]:
    """The way back."""
    rows = frame.records.tolist()
    times = times_of(frame).tolist()
    return [Rec(time, *row[1:]) for time, row in zip(times, rows, strict=True)]
