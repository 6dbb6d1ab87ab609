"""The record and the frame: the one memory layout of market data.

It is what the wire carries, the journal stores, readers yield and kernels take; nothing converts
it into another shape on the way. All fields are little-endian.

Record, 32 bytes:

======  ====  ==========  =========================================================================
offset  type  field       meaning
======  ====  ==========  =========================================================================
0       u32   dt          nanoseconds after the frame's base
4       u8    kind        :class:`market.enums.Kind`
5       u8    side        0 ask, 1 bid; of a trade 0 sell, 1 buy aggressor, 2 unknown
6       u8    op          depends on kind: DepthOp, QuoteOp, OrderOp, TradeSource
7       u8    position    zero-based row; of an order bit 0 = last record of an exchange event
8       i64   price       ticks
16      i64   size        size steps, never negative
24      u64   ref         order id; for depth maker index + 1; of a historical trade its place in
                          the back-fill, from 1; 0 none
======  ====  ==========  =========================================================================

Header, 40 bytes:

======  ====  ==========  =========================================================================
offset  type  field       meaning
======  ====  ==========  =========================================================================
0       u16   magic       0x4244, the bytes ``DB``
2       u8    version     1
3       u8    type        :class:`market.enums.FrameType`
4       u8    flags       :class:`market.enums.FrameFlag`
5       u8    stream      index given by ``welcome``
6       u16   count       records, 0 to 4096
8       u64   seq         of the first record; each further record has the next one
16      i64   base        time of origin, ns since the Unix epoch UTC
24      i64   sent        the sender's clock at sending, ns UTC
32      u32   crc32       zlib CRC-32 of the payload as sent
36      u32   reserved    0, or CRC-32 of the 36 bytes before it
======  ====  ==========  =========================================================================
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.enums import FrameFlag, FrameType, Kind

__all__ = [
    "HEADER",
    "MAGIC",
    "MAX_DT",
    "MAX_RECORDS",
    "RECORD",
    "REWIND_NS",
    "VERSION",
    "FieldRecord",
    "Frame",
    "Records",
    "make_frames",
    "off_grid_of",
    "times_of",
]


class FieldRecord(np.record):  # type: ignore[misc] # final in the stubs only
    """A structured scalar whose fields hide array methods of the same name (``size``, ``base``).

    With the JIT off kernels read ``record.size`` from it, and mean the field.
    """

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - any field
        """The field of that name, or else the attribute."""
        fields = super().__getattribute__("dtype").fields
        if name in fields:
            return self[name]
        return super().__getattribute__(name)


RECORD: Final = np.dtype(
    (
        FieldRecord,
        [
            ("dt", "<u4"),
            ("kind", "u1"),
            ("side", "u1"),
            ("op", "u1"),
            ("position", "u1"),
            ("price", "<i8"),
            ("size", "<i8"),
            ("ref", "<u8"),
        ],
    )
)
HEADER: Final = struct.Struct("<HBBBBHQqqII")
MAGIC: Final = 0x4244
VERSION: Final = 1
MAX_RECORDS: Final = 4096
_HISTORICAL: Final = int(FrameFlag.HISTORICAL)
"""A plain integer: ``&`` with an IntFlag costs microseconds."""
_BILLIONTHS: Final = 2
MAX_DT: Final = 2**32 - 1
"""Largest distance of a record from its frame's base, ns (4.29 s)."""
REWIND_NS: Final = 5_000_000_000
"""What is earlier than the clock by more sets it back: a rewind, not a late record."""

Records = NDArray[Any]
"""A one-dimensional C-contiguous array of RECORD."""


class Frame(NamedTuple):
    """Records in their order of birth, with the header's facts.

    Attributes:
        records: at most ``MAX_RECORDS`` of RECORD.
        base: ns UTC; a record's time is ``base + dt``.
        seq: number of the first record.
        type: events or snapshot.
        flags: FrameFlag bits.
        stream: index given by ``welcome``; 0 in files.
        sent: the sender's clock, ns UTC; 0 unknown.
    """

    records: Records
    base: int
    seq: int
    type: int = FrameType.EVENTS
    flags: int = 0
    stream: int = 0
    sent: int = 0

    @property
    def end(self) -> int:
        """The sequence number after the last record."""
        return self.seq + len(self.records)

    @property
    def historical(self) -> bool:
        """Whether it holds trades of the session told again, and not what happens now."""
        return self.flags & _HISTORICAL != 0


def off_grid_of(records: Records) -> NDArray[np.bool_]:
    """Which are orders at a price between two ticks: bit 1 of ``position``.

    Their ``price`` is in billionths of the price unit. Only order-level files have such, and what
    is made of them; never the wire.
    """
    found: NDArray[np.bool_] = records["kind"] == Kind.ORDER
    if found.any():
        found &= (records["position"] & _BILLIONTHS) != 0
    return found


def times_of(frame: Frame) -> NDArray[np.int64]:
    """Time of each record, int64 ns UTC."""
    times: NDArray[np.int64] = frame.records["dt"].astype(np.int64)
    times += frame.base
    return times


def make_frames(
    records: Records, times: NDArray[np.int64], seq: int, limit: int = MAX_RECORDS
) -> Iterator[Frame]:
    """Cut records with absolute times into frames.

    ``records["dt"]`` is written. A record before the frame's base, or more than ``MAX_DT`` after
    it, starts a new frame, as does the limit.

    Args:
        records: writable, C-contiguous RECORD array of any length.
        times: ns UTC of each record, same length.
        seq: number of the first record.
        limit: most records of a frame.
    """
    for start, stop in _cuts(times, limit):
        base = int(times[start])
        part = records[start:stop]
        part["dt"] = times[start:stop] - base
        yield Frame(part, base, seq + start)


def _cuts(times: NDArray[np.int64], limit: int) -> Iterable[tuple[int, int]]:
    start = 0
    while start < len(times):
        stop = min(start + limit, len(times))
        offsets = times[start:stop] - times[start]
        outside = np.flatnonzero((offsets < 0) | (offsets > MAX_DT))
        if len(outside):
            stop = start + int(outside[0])
        yield start, stop
        start = stop
