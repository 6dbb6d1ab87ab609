"""Frames as bytes: header, records, CRC and the optional deflate of a data frame.

A frame is refused whole: nothing of it reaches journal or book. The limit holds for the bytes as
sent and for what they decode to; a deflate bomb is stopped while it decodes.
"""

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from zlib import MAX_WBITS, compressobj, crc32, decompressobj

import numpy as np

from market.enums import FrameFlag, FrameType, Kind
from market.errors import MalformedError
from market.record import HEADER, MAGIC, MAX_DT, MAX_RECORDS, RECORD, VERSION, Frame, Records
from wire.codes import ErrorCode
from wire.kernels import FIELDS, check_records, record_rules

__all__ = [
    "LIMIT",
    "MAX_TIME",
    "decode_frame",
    "encode_frame",
    "require_historical",
    "require_records",
    "warmup",
]

LIMIT: Final = 1 << 20
"""Default limit of a frame, raw and decoded, bytes."""
MAX_TIME: Final = 2**62
"""Times are 0 up to this, ns UTC (the year 2116)."""

_HEAD: Final = HEADER.size
_GUARDED: Final = _HEAD - 4
"""Bytes of the header under its own CRC; a guard of 0 means that there is none."""
_ROW: Final = RECORD.itemsize
_UNKNOWN_FLAGS: Final = ~int(
    FrameFlag.DEFLATED | FrameFlag.LAST | FrameFlag.HISTORICAL | FrameFlag.REPLY_NOW
)
_DEFLATED: Final = int(FrameFlag.DEFLATED)
_HISTORICAL: Final = int(FrameFlag.HISTORICAL)
_SNAPSHOT: Final = int(FrameType.SNAPSHOT)
_KEPT_BITS: Final = 3
"""Bits that ``position`` of an order may have in a journal."""
_RULES: Final = tuple(record_rules(snapshot=kind == _SNAPSHOT) for kind in range(_SNAPSHOT + 1))
_KEPT_RULES: Final = tuple(
    record_rules(snapshot=kind == _SNAPSHOT, bits=_KEPT_BITS) for kind in range(_SNAPSHOT + 1)
)
"""By the frame's type, on the wire and in a journal."""
_LAST_SEQ: Final = 2**63 - 1 - MAX_RECORDS
_LAST_BASE: Final = MAX_TIME - MAX_DT
_MAX_PLACE: Final = 2**53 - 1
_frame_of: Final[Callable[[tuple[Any, ...]], Frame]] = partial(tuple.__new__, Frame)
"""A frame of its fields in order: half of what a call of the class takes."""


def encode_frame(frame: Frame, *, deflate: bool = False, guard: bool = False) -> bytes:
    """The bytes of a frame.

    Args:
        frame: at most MAX_RECORDS records; a DEFLATED bit in its flags is replaced.
        deflate: compress the payload (raw deflate), for links that leave the machine.
        guard: put a CRC-32 of the header into its last word.
    """
    payload = frame.records.tobytes()
    flags = frame.flags & ~_DEFLATED
    if deflate:
        packer = compressobj(wbits=-MAX_WBITS)
        payload = packer.compress(payload) + packer.flush()
        flags |= _DEFLATED
    header = HEADER.pack(
        MAGIC,
        VERSION,
        frame.type,
        flags,
        frame.stream,
        len(frame.records),
        frame.seq,
        frame.base,
        frame.sent,
        crc32(payload),
        0,
    )
    if guard:
        header = header[:_GUARDED] + crc32(header[:_GUARDED]).to_bytes(4, "little")
    return header + payload


def decode_frame(
    data: bytes | bytearray | memoryview, *, limit: int = LIMIT, kept: bool = False
) -> Frame:
    """The frame of these bytes; its records are a read-only view of them (copied if deflated).

    The DEFLATED bit is taken off the frame's flags, as the records are not deflated any more.

    Args:
        data: header and payload.
        limit: bytes, raw and decoded.
        kept: from a journal, where orders may stand between two ticks; the wire has none.

    Raises:
        MalformedError: with ``code``, and ``index`` and ``field`` of the first offending record.
    """
    size = len(data)
    if size < _HEAD:
        raise MalformedError(f"{size} bytes are less than a header", code=ErrorCode.BAD_LENGTH)
    if size > limit:
        raise MalformedError(f"{size} bytes exceed the limit {limit}", code=ErrorCode.TOO_LARGE)
    magic, version, kind, flags, stream, count, seq, base, sent, crc, guard = HEADER.unpack_from(
        data
    )
    wrong = (
        magic != MAGIC
        or version != VERSION
        or not 1 <= kind <= _SNAPSHOT
        or flags & _UNKNOWN_FLAGS
        or (guard and guard != crc32(memoryview(data)[:_GUARDED]))
        or count > MAX_RECORDS
        or seq > _LAST_SEQ
        or not 0 <= base <= _LAST_BASE
    )
    if wrong:
        damaged = bool(guard) and guard != crc32(memoryview(data)[:_GUARDED])
        raise _refused_header(magic, version, kind, flags, count, seq, damaged)
    payload = memoryview(data)[_HEAD:]
    if crc32(payload) != crc:
        raise MalformedError("CRC-32 of the payload differs", code=ErrorCode.BAD_CRC, field="crc32")
    if flags & _DEFLATED:
        records = _inflate(payload, count, limit)
        flags -= _DEFLATED
    elif size != _HEAD + _ROW * count:
        raise MalformedError(
            f"{count} records need {_HEAD + _ROW * count} bytes, not {size}",
            code=ErrorCode.BAD_LENGTH,
            field="count",
        )
    else:
        source = data if isinstance(data, bytes) else memoryview(data).toreadonly()
        records = np.frombuffer(source, RECORD, count, _HEAD)
    status = check_records(records, (_KEPT_RULES if kept else _RULES)[kind])
    if status >= 0:
        raise _refused_record(records, status)
    if flags & _HISTORICAL:
        if kind == _SNAPSHOT:
            raise MalformedError(
                "a snapshot is not historical", code=ErrorCode.BAD_FLAGS, field="flags"
            )
        require_historical(records)
    return _frame_of((records, base, seq, kind, flags, stream, sent))


def require_historical(records: Records) -> None:
    """Refuse what is no part of a back-fill: at least one trade, their places in order.

    Raises:
        MalformedError: ``bad_count``, ``bad_kind``, ``out_of_range`` with ``index`` and ``field``.
    """
    if not len(records):
        raise MalformedError(
            "a historical frame needs a trade", code=ErrorCode.BAD_COUNT, field="count"
        )
    strangers = np.flatnonzero(records["kind"] != Kind.TRADE)
    if len(strangers):
        raise MalformedError(
            "a historical frame holds trades only",
            code=ErrorCode.BAD_KIND,
            index=int(strangers[0]),
            field="kind",
        )
    places = records["ref"]
    first = int(places[0])
    wanted = (
        np.arange(first, first + len(records), dtype=np.uint64) if first <= _MAX_PLACE else places
    )
    wrong = np.flatnonzero((places != wanted) | (places == 0) | (places > _MAX_PLACE))
    if len(wrong):
        raise MalformedError(
            "places of a back-fill begin at 1 and go up one by one",
            code=ErrorCode.OUT_OF_RANGE,
            index=int(wrong[0]),
            field="ref",
        )


def require_records(records: Records, *, snapshot: bool = False) -> None:
    """Refuse records with a field out of range, as decoding does.

    Raises:
        MalformedError: with ``code``, ``index`` and ``field``.
    """
    status = check_records(records, record_rules(snapshot=snapshot))
    if status >= 0:
        raise _refused_record(records, status)


def warmup() -> None:
    """Compile the checks for writable and for read-only records."""
    records = np.zeros(1, RECORD)
    require_records(records)
    decode_frame(encode_frame(Frame(records, 0, 1)))


def _inflate(payload: memoryview, count: int, limit: int) -> Records:
    wanted = _ROW * count
    if _HEAD + wanted > limit:
        raise MalformedError(
            f"{count} records decode to more than the limit {limit}",
            code=ErrorCode.TOO_LARGE,
            field="count",
        )
    decoder = decompressobj(-MAX_WBITS)
    try:
        raw = decoder.decompress(payload, wanted + 1)
    except zlib.error as cause:
        raise MalformedError(f"deflate: {cause}", code=ErrorCode.BAD_DEFLATE) from cause
    if len(raw) != wanted or not decoder.eof or decoder.unused_data:
        raise MalformedError(
            f"the payload does not decode to exactly {wanted} bytes", code=ErrorCode.BAD_DEFLATE
        )
    return np.frombuffer(raw, RECORD)


def _refused_header(
    magic: int, version: int, kind: int, flags: int, count: int, seq: int, damaged: bool
) -> MalformedError:
    for wrong, code, field, found in (
        (damaged, ErrorCode.BAD_RESERVED, "reserved", "not the header's CRC-32"),
        (magic != MAGIC, ErrorCode.BAD_MAGIC, "magic", hex(magic)),
        (version != VERSION, ErrorCode.BAD_VERSION, "version", version),
        (not 1 <= kind <= _SNAPSHOT, ErrorCode.BAD_TYPE, "type", kind),
        (flags & _UNKNOWN_FLAGS, ErrorCode.BAD_FLAGS, "flags", hex(flags)),
        (count > MAX_RECORDS, ErrorCode.BAD_COUNT, "count", count),
        (seq > _LAST_SEQ, ErrorCode.OUT_OF_RANGE, "seq", seq),
    ):
        if wrong:
            return MalformedError(f"frame {field} is {found}", code=code, field=field)
    return MalformedError("frame base is out of range", code=ErrorCode.OUT_OF_RANGE, field="base")


def _refused_record(records: Records, status: int) -> MalformedError:
    index, number = divmod(status, 8)
    field = FIELDS[number]
    value = int(records[index][field])
    code = {"kind": ErrorCode.BAD_KIND, "op": ErrorCode.BAD_OP}.get(field, ErrorCode.OUT_OF_RANGE)
    if field == "size" and value < 0:
        code = ErrorCode.NEGATIVE_SIZE
    return MalformedError(
        f"record {index}: {field} {value} is out of range", code=code, index=index, field=field
    )
