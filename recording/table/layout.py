"""Columns and metadata of a table, and the bytes of what is no row.

=============  ================  ===============================================================
column         type              meaning
=============  ================  ===============================================================
time           timestamp ns UTC  of the record
kind … ref     u8, double, …     as in ``market.record``; price and size are decimals, a session
                                 volume has no price
frame          u32               at a frame's first record: type + 256 * flags + 65536 * stream
seq            i64               at a frame's first record: its number
origin         u32               at a frame's first record: ns after the frame's base
sent_lag       i64               at a frame's first record: sent - time of its last record, ns;
                                 null: the sender did not say
received_lag   i64               at a frame's first record: received - sent (or, without one, the
                                 last record's time), ns; null: unknown
before         binary            entries that stand before this record's frame: journal bytes
=============  ================  ===============================================================

Between two first records the frame columns are null. ``before`` and the metadata ``after`` hold
heads and payloads exactly as in a journal segment (``recording.journal.layout``): control entries,
frames without a record, and frames whose values no double can hold. A head's time 0 is unknown.

Metadata: ``depthbridge`` (``2``), ``instrument``, ``tick_size``, ``size_step``, ``session``,
``config_hash``, ``gaps`` (JSON), ``after`` (base64), what the writer was told besides (``journal``,
``summary``); ``digest``, BLAKE2b-256 over all of these; and ``file``, BLAKE2b-256 over the whole
file with zeros in the place of these digits: Parquet's own checksums leave headers of pages and the
footer out, and a changed byte there can change a value.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.errors import DataError
from market.ticks import Grid
from recording.journal.layout import HEAD_SIZE, Head, pack_head, payload_crc, unpack_head

__all__ = [
    "BILLIONTHS",
    "FRAME_COLUMNS",
    "NO_SEAL",
    "ONE",
    "ROW_COLUMNS",
    "VERSION",
    "RawEntry",
    "digest_of",
    "file_seal",
    "pack_entry",
    "prices_of",
    "schema_of",
    "unpack_entries",
]

VERSION: Final = "2"
ROW_COLUMNS: Final = ("time", "kind", "side", "op", "position", "price", "size", "ref")
FRAME_COLUMNS: Final = ("frame", "seq", "origin", "sent_lag", "received_lag", "before")
ONE: Final = Grid(1)
BILLIONTHS: Final = Grid("0.000000001")
"""The grid of orders between two ticks."""
_SEAL: Final = b"blake2b-256:"
_DIGITS: Final = b"0" * 64
NO_SEAL: Final = (_SEAL + _DIGITS).decode()
"""What ``file`` says until the file is written."""
_TRAILER: Final = struct.Struct("<I4s")
_PIECE: Final = 1 << 20


class RawEntry(NamedTuple):
    """An entry as a journal holds it.

    Attributes:
        kind: ``EntryType``, or a number that this program does not know.
        flags: of its head.
        received: the server's clock at receipt, ns UTC; 0 unknown.
        payload: its bytes.
    """

    kind: int
    flags: int
    received: int
    payload: bytes


def pack_entry(entry: RawEntry) -> bytes:
    """Head and payload, as in a journal segment."""
    kind, flags, received, payload = entry
    head = Head(len(payload), payload_crc(kind, payload), kind, flags, received)
    return pack_head(head) + payload


def unpack_entries(data: bytes) -> Iterator[RawEntry]:
    """The entries of these bytes.

    Raises:
        DataError: they are not whole entries, or a checksum does not hold.
    """
    offset = 0
    while offset < len(data):
        head = unpack_head(data[offset : offset + HEAD_SIZE].ljust(HEAD_SIZE, b"\xff"))
        start = offset + HEAD_SIZE
        if head is None or start + head.length > len(data):
            raise DataError(f"the head of an entry is damaged at byte {offset} of its cell")
        payload = data[start : start + head.length]
        if payload_crc(head.type, payload) != head.crc:
            raise DataError(f"the checksum of an entry does not hold at byte {offset} of its cell")
        yield RawEntry(head.type, head.flags, head.received, payload)
        offset = start + head.length


def schema_of(whole_sizes: bool, metadata: Mapping[str, str]) -> Any:  # noqa: ANN401
    """The pyarrow schema; ``whole_sizes``: the size step is 1."""
    import pyarrow as pa

    return pa.schema(
        [
            ("time", pa.timestamp("ns", "UTC")),
            *((name, pa.uint8()) for name in ("kind", "side", "op", "position")),
            ("price", pa.float64()),
            ("size", pa.int64() if whole_sizes else pa.float64()),
            ("ref", pa.uint64()),
            ("frame", pa.uint32()),
            ("seq", pa.int64()),
            ("origin", pa.uint32()),
            ("sent_lag", pa.int64()),
            ("received_lag", pa.int64()),
            ("before", pa.binary()),
        ],
        metadata=dict(metadata),
    )


def digest_of(metadata: Mapping[str, str]) -> str:
    """BLAKE2b-256 over names and values but ``digest`` itself and what pyarrow adds, hex."""
    total = hashlib.blake2b(digest_size=32)
    for name in sorted(metadata):
        if name not in {"digest", "file", "ARROW:schema"}:
            for text in (name, metadata[name]):
                data = text.encode()
                total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()


def file_seal(file: BinaryIO) -> tuple[int, bytes, bytes]:
    """The digest of a whole file, and the one that it names.

    Returns:
        Byte where the named digits begin, these digits, and what they must be.

    Raises:
        DataError: the file is cut, or names no digest.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _TRAILER.size))
    tail = file.read(_TRAILER.size)
    length, magic = _TRAILER.unpack(tail) if len(tail) == _TRAILER.size else (0, b"")
    start = size - _TRAILER.size - length
    if magic != b"PAR1" or start < 0:
        raise DataError("the file is cut off, or is no Parquet")
    file.seek(start)
    footer = file.read(length)
    place = footer.find(_SEAL) + len(_SEAL)
    if footer.count(_SEAL) != 1 or place + len(_DIGITS) > length:
        raise DataError("the file does not name its digest")
    total = hashlib.blake2b(digest_size=32)
    file.seek(0)
    left = start + place
    while left:
        piece = file.read(min(_PIECE, left))
        total.update(piece)
        left -= len(piece)
    total.update(_DIGITS)
    file.seek(len(_DIGITS), 1)
    while piece := file.read(_PIECE):
        total.update(piece)
    named = footer[place : place + len(_DIGITS)]
    return start + place, named, total.hexdigest().encode()


def prices_of(ticks: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
    """Each step's nearest double, as ``Grid.to_price``."""
    if np.all(np.abs(ticks) < 2**53 // grid.numerator):
        exact: NDArray[np.float64] = ticks * grid.numerator / grid.denominator
        return exact
    return np.array([grid.to_price(int(step)) for step in ticks])
