"""The golden frames by name, and ``python -m tests.contract.golden`` to write them."""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from market.record import HEADER, RECORD, Frame
from wire.checksum import book_crc32
from wire.frames import encode_frame

HERE = Path(__file__).parent
TIME = 1_763_560_800_123_456_700
FIELDS = RECORD.names or ()


class Case(NamedTuple):
    """A frame and what it means."""

    name: str
    data: bytes
    description: dict[str, Any]


def described(frame: Frame, *, deflated: bool = False) -> dict[str, Any]:
    rows = [{name: int(row[name]) for name in FIELDS} for row in frame.records]
    header = {name: int(getattr(frame, name)) for name in Frame._fields if name != "records"}
    return {"valid": True, "deflated": deflated, "frame": {**header, "records": rows}}


def restored(description: dict[str, Any]) -> Frame:
    fields = dict(description["frame"])
    rows = [tuple(row[name] for name in FIELDS) for row in fields.pop("records")]
    return Frame(np.array(rows, RECORD), **fields)


def cases() -> Iterator[Case]:
    yield from _valid()
    yield from _malformed()


def _frame(*rows: tuple[int, ...], seq: int = 1, **header: int) -> Frame:
    return Frame(np.array(list(rows), RECORD), TIME, seq, **{"sent": TIME + 1_000_000, **header})


_DEPTH = _frame(
    (0, 0, 0, 0, 0, 18_001, 12, 0),
    (0, 0, 1, 0, 0, 18_000, 7, 0),
    (100, 0, 1, 1, 0, 18_000, 9, 0),
    (4_294_967_295, 0, 0, 2, 10, 18_011, 0, 3),
    stream=2,
)  # fmt: skip
_LAST = 2
_HISTORICAL = 4
_SNAPSHOT = 2


def _valid() -> Iterator[Case]:
    frames = {
        "depth_by_position": _DEPTH,
        "depth_by_price": _frame(
            (0, 1, 1, 0, 0, -37, 2**53 - 1, 0), (1, 1, 0, 2, 0, -36, 0, 0), seq=2**40
        ),
        "mixed_kinds": _frame(
            (0, 2, 1, 0, 0, 18_000, 7, 0),
            (0, 2, 0, 1, 0, 0, 1_234_567, 0),
            (5, 3, 1, 1, 0, 18_001, 2, 0),
            (5, 3, 2, 4, 0, 18_001, 1, 0),
            (9, 0, 0, 1, 0, 18_001, 10, 0),
            seq=77,
            flags=8,
        ),
        "orders": _frame(
            (0, 4, 1, 0, 1, 18_000, 5, 2**64 - 1),
            (1, 4, 1, 5, 0, 18_000, 5, 2**64 - 1),
            (1, 4, 1, 0, 1, 18_001, 4, 7),
            (2, 4, 0, 6, 1, 0, 0, 0),
        ),
        "backfill": _frame(
            (0, 3, 1, 0, 0, 18_001, 2, 41),
            (7, 3, 0, 1, 0, 18_000, 3, 42),
            seq=700,
            flags=_HISTORICAL,
        ),
        "backfill_last": _frame((0, 3, 2, 4, 0, 18_000, 1, 43), seq=702, flags=_HISTORICAL | _LAST),
        "snapshot_part": _frame((0, 0, 1, 0, 0, 18_000, 7, 0), seq=500, type=_SNAPSHOT),
        "snapshot_last": _frame(
            (0, 0, 0, 0, 0, 18_001, 3, 0), seq=500, type=_SNAPSHOT, flags=_LAST
        ),
        "snapshot_of_an_empty_book": _frame(seq=9, type=_SNAPSHOT, flags=_LAST),
    }
    for name, frame in frames.items():
        yield Case(name, encode_frame(frame), described(frame))
    many = _frame(*[(i, 0, i % 2, 1, i % 10, 18_000 + i % 10, i, 0) for i in range(50)])
    yield Case("deflated", encode_frame(many, deflate=True), described(many, deflated=True))


def _malformed() -> Iterator[Case]:
    good = encode_frame(_DEPTH)
    for name, offset, form, value, code, field in (
        ("magic", 0, "<H", 0x4442, "bad_magic", "magic"),
        ("version", 2, "B", 2, "bad_version", "version"),
        ("type", 3, "B", 3, "bad_type", "type"),
        ("flags", 4, "B", 16, "bad_flags", "flags"),
        ("count_over_the_limit", 6, "<H", 4097, "bad_count", "count"),
        ("count_against_length", 6, "<H", 3, "bad_length", "count"),
        ("base_negative", 16, "<q", -1, "out_of_range", "base"),
        ("crc", 32, "<I", 0, "bad_crc", "crc32"),
        ("reserved", 36, "<I", 1, "bad_reserved", "reserved"),
    ):
        changed = bytearray(good)
        struct.pack_into(form, changed, offset, value)
        yield _bad(name, bytes(changed), code, None, field)
    yield _bad("header_cut", good[:39], "bad_length", None, None)
    yield _bad("payload_damaged", good[:-1] + b"\x01", "bad_crc", None, "crc32")
    yield _bad("deflate_too_long", _deflated(bytes(96), 2), "bad_deflate", None, None)
    yield _bad("deflate_bomb", _deflated(bytes(8_000_000), 4096), "bad_deflate", None, None)
    for name, row, code, field in (
        ("kind", (0, 5, 0, 0, 0, 0, 0, 0), "bad_kind", "kind"),
        ("side", (0, 0, 2, 0, 0, 0, 0, 0), "out_of_range", "side"),
        ("op", (0, 0, 0, 3, 0, 0, 0, 0), "bad_op", "op"),
        ("order_position", (0, 4, 0, 0, 2, 0, 0, 0), "out_of_range", "position"),
        ("price", (0, 0, 0, 0, 0, 2**53, 0, 0), "out_of_range", "price"),
        ("size_negative", (0, 3, 0, 0, 0, 0, -1, 0), "negative_size", "size"),
        ("session_volume_with_price", (0, 2, 0, 1, 0, 1, 5, 0), "out_of_range", "price"),
    ):
        frame = _frame((0, 0, 0, 0, 0, 1, 1, 0), row, row)
        yield _bad(name, encode_frame(frame), code, 1, field)
    trade = _frame((0, 3, 0, 0, 0, 1, 1, 0), type=_SNAPSHOT, flags=_LAST)
    yield _bad("snapshot_with_a_trade", encode_frame(trade), "bad_kind", 0, "kind")
    told, row = (0, 3, 0, 0, 0, 1, 1, 1), (0, 0, 0, 0, 0, 1, 1, 2)
    for name, rows, code, index, field in (
        ("backfill_with_depth", (told, row), "bad_kind", 1, "kind"),
        ("backfill_with_a_hole", (told, (0, 3, 0, 0, 0, 1, 1, 3)), "out_of_range", 1, "ref"),
        ("backfill_without_a_place", ((0, 3, 0, 0, 0, 1, 1, 0),), "out_of_range", 0, "ref"),
        ("backfill_of_nothing", (), "bad_count", None, "count"),
    ):
        yield _bad(name, encode_frame(_frame(*rows, flags=_HISTORICAL)), code, index, field)
    empty = _frame(type=_SNAPSHOT, flags=_HISTORICAL | _LAST)
    yield _bad("backfill_as_snapshot", encode_frame(empty), "bad_flags", None, "flags")


def _bad(name: str, data: bytes, code: str, index: int | None, field: str | None) -> Case:
    return Case(f"bad_{name}", data, {"valid": False, "code": code, "index": index, "field": field})


def _deflated(payload: bytes, count: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    body = packer.compress(payload) + packer.flush()
    return HEADER.pack(0x4244, 1, 1, 1, 0, count, 1, TIME, TIME, zlib.crc32(body), 0) + body


def checksums() -> list[dict[str, Any]]:
    books: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]] = [
        ([], []),
        ([(18_001, 5)], []),
        ([(18_001, 5), (18_002, 7)], [(18_000, 3), (17_999, 11)]),
        ([(i, 100 - i) for i in range(1, 13)], [(-i, i) for i in range(12)]),
    ]
    return [{"asks": asks, "bids": bids, "crc32": book_crc32(asks, bids)} for asks, bids in books]


def messages() -> list[dict[str, Any]]:
    row = '{"time":1,"side":"bid","operation":"add","position":0,"price":1.5,"volume":2}'
    good = {
        "hello": '{"type":"hello","protocol":{"min":1,"max":1},"session":'
        '"7c9e6679-7425-40de-944b-e07fc1f90ae7","later":[{}]}',
        "l2_update": '{"type":"l2_update","stream":0,"seq":1,"updates":[' + row + "]}",
        "check": '{"type":"check","stream":0,"seq":500,"crc32":4294967295}',
        "heartbeat": '{"type":"heartbeat","last":{"0":500},"time":"2026-11-19T14:00:00.5Z"}',
    }
    found: list[dict[str, Any]] = [
        {"text": text, "valid": True, "type": name} for name, text in good.items()
    ]
    for text, code, index, field in (
        ("{", "bad_json", None, None),
        ('{"type":"hullo"}', "bad_type", None, "type"),
        ('{"type":"check","stream":0,"seq":1}', "missing_field", None, "crc32"),
        ('{"type":"check","stream":0,"stream":0,"seq":1}', "repeated_key", None, "stream"),
        ('{"type":"check","seq":18446744073709551616}', "bad_number", None, "seq"),
        ('{"type":"check","seq":NaN}', "bad_number", None, "seq"),
        ('{"type":"check","stream":0,"seq":"1","crc32":1}', "bad_type", None, "seq"),
        ('{"type":"x","a":' + "[" * 32 + "]" * 32 + "}", "too_deep", None, None),
        ('{"type":"l2_update","updates":[' + row + "," + row.replace("1.5", '"1.5"') + "]}",
         "bad_type", 1, "price"),
        ('{"type":"l2_update","updates":[' + row.replace("bid", "buy") + "]}",
         "out_of_range", 0, "side"),
    ):  # fmt: skip
        found.append({"text": text, "valid": False, "code": code, "index": index, "field": field})
    return found


def write() -> None:
    for case in cases():
        (HERE / f"{case.name}.bin").write_bytes(case.data)
        _write_json(case.name, case.description)
    _write_json("messages", messages())
    _write_json("checksums", checksums())


def _write_json(name: str, value: object) -> None:
    text = json.dumps(value, indent=1) + "\n"
    (HERE / f"{name}.json").write_bytes(text.encode())


if __name__ == "__main__":
    write()
