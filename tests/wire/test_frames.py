import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.errors import MalformedError
from market.record import HEADER, RECORD, Frame
from tests.wire.builders import frame_of, frames, rows
from wire.codes import ErrorCode
from wire.frames import LIMIT, decode_frame, encode_frame, require_records

OFFSETS = {"magic": (0, "<H"), "version": (2, "B"), "type": (3, "B"), "flags": (4, "B"),
           "count": (6, "<H"), "seq": (8, "<Q"), "base": (16, "<q"), "crc32": (32, "<I"),
           "reserved": (36, "<I")}  # fmt: skip


def patched(data: bytes, field: str, value: int) -> bytes:
    offset, form = OFFSETS[field]
    changed = bytearray(data)
    struct.pack_into(form, changed, offset, value)
    return bytes(changed)


def refusal(data: bytes, limit: int = LIMIT) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        decode_frame(data, limit=limit)
    return caught.value


def same(left: Frame, right: Frame) -> bool:
    return left[1:] == right[1:] and left.records.tobytes() == right.records.tobytes()


def test_the_bytes_are_those_of_the_protocol() -> None:
    """Offsets as the protocol's table prints them, written out by hand."""
    record = np.array([(7, 0, 1, 2, 9, -5, 3, 11)], RECORD)
    data = encode_frame(Frame(record, 1_700_000_000_000_000_000, 42, 1, 8, 3, 99))
    body = bytes.fromhex("07000000 00 01 02 09 fbffffffffffffff 0300000000000000 0b00000000000000")
    head = b"DB\x01\x01\x08\x03" + struct.pack("<HQqq", 1, 42, 1_700_000_000_000_000_000, 99)
    assert data == head + struct.pack("<II", zlib.crc32(body), 0) + body
    assert (HEADER.size, RECORD.itemsize) == (40, 32)


@given(frames(), st.booleans(), st.sampled_from([bytes, bytearray, memoryview]))
def test_round_trip(frame: Frame, deflate: bool, kind: type) -> None:
    data = encode_frame(frame, deflate=deflate)
    decoded = decode_frame(kind(data))
    assert same(decoded, frame)
    assert not decoded.records.flags.writeable
    assert bool(data[4] & 1) == deflate


def test_records_are_a_view_of_the_bytes() -> None:
    data = encode_frame(frame_of(1, 200))
    records = decode_frame(data).records
    assert np.shares_memory(records, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("magic", 0x4243, ErrorCode.BAD_MAGIC),
        ("version", 0, ErrorCode.BAD_VERSION),
        ("version", 2, ErrorCode.BAD_VERSION),
        ("type", 0, ErrorCode.BAD_TYPE),
        ("type", 3, ErrorCode.BAD_TYPE),
        ("flags", 16, ErrorCode.BAD_FLAGS),
        ("flags", 128, ErrorCode.BAD_FLAGS),
        ("reserved", 1, ErrorCode.BAD_RESERVED),
        ("count", 4097, ErrorCode.BAD_COUNT),
        ("count", 4, ErrorCode.BAD_LENGTH),
        ("count", 2, ErrorCode.BAD_LENGTH),
        ("crc32", 1, ErrorCode.BAD_CRC),
        ("seq", 2**63, ErrorCode.OUT_OF_RANGE),
        ("base", -1, ErrorCode.OUT_OF_RANGE),
        ("base", 2**62, ErrorCode.OUT_OF_RANGE),
    ],
)
def test_malformed_headers(field: str, value: int, code: ErrorCode) -> None:
    error = refusal(patched(encode_frame(frame_of(1, 3)), field, value))
    assert (error.code, error.field, error.index) == (code, field, None)


@pytest.mark.parametrize(
    ("record", "field", "code"),
    [
        ((0, 5, 0, 0, 0, 0, 0, 0), "kind", ErrorCode.BAD_KIND),
        ((0, 255, 0, 0, 0, 0, 0, 0), "kind", ErrorCode.BAD_KIND),
        ((0, 0, 2, 0, 0, 0, 0, 0), "side", ErrorCode.OUT_OF_RANGE),
        ((0, 1, 2, 0, 0, 0, 0, 0), "side", ErrorCode.OUT_OF_RANGE),
        ((0, 2, 2, 0, 0, 0, 0, 0), "side", ErrorCode.OUT_OF_RANGE),
        ((0, 2, 1, 1, 0, 0, 0, 0), "side", ErrorCode.OUT_OF_RANGE),
        ((0, 3, 3, 0, 0, 0, 0, 0), "side", ErrorCode.OUT_OF_RANGE),
        ((0, 4, 2, 0, 0, 0, 0, 0), "side", ErrorCode.OUT_OF_RANGE),
        ((0, 0, 0, 3, 0, 0, 0, 0), "op", ErrorCode.BAD_OP),
        ((0, 1, 0, 3, 0, 0, 0, 0), "op", ErrorCode.BAD_OP),
        ((0, 2, 0, 2, 0, 0, 0, 0), "op", ErrorCode.BAD_OP),
        ((0, 3, 0, 5, 0, 0, 0, 0), "op", ErrorCode.BAD_OP),
        ((0, 4, 0, 7, 0, 0, 0, 0), "op", ErrorCode.BAD_OP),
        ((0, 4, 0, 0, 2, 0, 0, 0), "position", ErrorCode.OUT_OF_RANGE),
        ((0, 2, 0, 1, 0, 1, 0, 0), "price", ErrorCode.OUT_OF_RANGE),
        ((0, 0, 0, 0, 0, 2**53, 0, 0), "price", ErrorCode.OUT_OF_RANGE),
        ((0, 0, 0, 0, 0, -(2**53), 0, 0), "price", ErrorCode.OUT_OF_RANGE),
        ((0, 0, 0, 0, 0, 0, 2**53, 0), "size", ErrorCode.OUT_OF_RANGE),
        ((0, 3, 0, 0, 0, 0, -1, 0), "size", ErrorCode.NEGATIVE_SIZE),
    ],
)
@pytest.mark.parametrize("index", [0, 6])
def test_malformed_records_say_which_and_what(
    record: tuple[int, ...], field: str, code: ErrorCode, index: int
) -> None:
    records = rows(7)
    records[index] = record
    error = refusal(encode_frame(Frame(records, 0, 1)))
    assert (error.code, error.field, error.index) == (code, field, index)
    with pytest.raises(MalformedError):
        require_records(records)


@pytest.mark.parametrize(("field", "value"), [("kind", 2), ("kind", 3), ("op", 1)])
def test_a_snapshot_holds_adds_of_depth_and_orders_only(field: str, value: int) -> None:
    records = rows(2)
    records[1][field] = value
    decode_frame(encode_frame(Frame(records, 0, 1)))
    error = refusal(encode_frame(Frame(records, 0, 1, 2)))
    assert (error.field, error.index) == (field, 1)


def test_the_limit_holds_before_and_after_decoding() -> None:
    data = encode_frame(frame_of(1, 100))
    assert refusal(data, limit=len(data) - 1).code == ErrorCode.TOO_LARGE
    packed = encode_frame(Frame(np.zeros(100, RECORD), 0, 1), deflate=True)
    assert len(packed) < 200
    assert refusal(packed, limit=200).code == ErrorCode.TOO_LARGE
    assert len(decode_frame(packed, limit=3240).records) == 100


def deflated(payload: bytes, count: int, tail: bytes = b"") -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    body = packer.compress(payload) + packer.flush() + tail
    return HEADER.pack(0x4244, 1, 1, 1, 0, count, 1, 0, 0, zlib.crc32(body), 0) + body


@pytest.mark.parametrize(
    "data",
    [
        deflated(bytes(64), 1),
        deflated(bytes(64), 3),
        deflated(bytes(64), 2, b"x"),
        deflated(b"", 1),
        HEADER.pack(0x4244, 1, 1, 1, 0, 1, 1, 0, 0, zlib.crc32(b"\xff" * 40), 0) + b"\xff" * 40,
        HEADER.pack(0x4244, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0),
    ],
)
def test_deflate_must_give_exactly_the_records(data: bytes) -> None:
    assert refusal(data).code == ErrorCode.BAD_DEFLATE


def test_a_deflate_bomb_stays_small() -> None:
    bomb = deflated(bytes(200_000_000), 4096)
    assert len(bomb) < LIMIT
    tracemalloc.start()
    try:
        assert refusal(bomb).code == ErrorCode.BAD_DEFLATE
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("deflate", [False, True])
def test_cut_at_every_byte_and_with_bytes_too_many(deflate: bool) -> None:
    data = encode_frame(frame_of(1, 5), deflate=deflate)
    for size in range(len(data)):
        refusal(data[:size])
    refusal(data + b"\0")


def test_a_changed_byte_of_the_payload_is_always_found() -> None:
    data = encode_frame(frame_of(1, 20))
    for place in range(HEADER.size, len(data)):
        for bit in (1, 16, 128):
            changed = bytearray(data)
            changed[place] ^= bit
            assert refusal(bytes(changed)).code == ErrorCode.BAD_CRC


@settings(max_examples=400)
@given(st.binary(max_size=300))
def test_random_bytes_never_crash_the_decoder(data: bytes) -> None:
    for candidate in (data, b"DB\x01\x01" + data, _with_crc(data)):
        try:
            frame = decode_frame(candidate)
        except MalformedError:
            continue
        require_records(frame.records, snapshot=frame.type == 2)


def _with_crc(data: bytes) -> bytes:
    body = data[: len(data) // 32 * 32]
    return HEADER.pack(0x4244, 1, 1, 0, 0, len(body) // 32, 1, 0, 0, zlib.crc32(body), 0) + body


def changed_bytes(data: bytes) -> set[int]:
    """Offsets of which some other value is taken for a sound frame that says something else."""
    frame = decode_frame(data)
    unnoticed = set()
    for offset in range(len(data)):
        for change in range(1, 256):
            damaged = bytearray(data)
            damaged[offset] ^= change
            try:
                found = decode_frame(bytes(damaged))
            except MalformedError:
                continue
            if not same(found, frame):
                unnoticed.add(offset)
    return unnoticed


def test_any_byte_changed_to_any_value_is_found_at_that_frame() -> None:
    """All of them: 136 bytes with 255 other values each. Without a guard the header is open."""
    frame = frame_of(41, 3)._replace(stream=2, sent=1_700_000_000_000_000_000)
    assert changed_bytes(encode_frame(frame, guard=True)) == set()
    fields = {3: "type", 4: "flags", 5: "stream", **dict.fromkeys(range(8, 16), "seq")}
    fields |= {**dict.fromkeys(range(16, 24), "base"), **dict.fromkeys(range(24, 32), "sent")}
    assert changed_bytes(encode_frame(frame)) <= set(fields)
    assert {8, 16, 24} <= changed_bytes(encode_frame(frame))


def test_a_guard_is_the_crc_of_the_header_before_it() -> None:
    data = encode_frame(frame_of(1, 2), guard=True)
    assert struct.unpack_from("<I", data, 36) == (zlib.crc32(data[:36]),)
    assert same(decode_frame(data), decode_frame(encode_frame(frame_of(1, 2))))
    error = refusal(patched(data, "seq", 2))
    assert (error.code, error.facts["field"]) == (ErrorCode.BAD_RESERVED, "reserved")


@pytest.mark.long
def test_ten_thousand_changed_bytes_are_found_long() -> None:
    rng = np.random.default_rng(5)
    for run in range(10_000):
        frame = frame_of(int(rng.integers(1, 10**9)), int(rng.integers(0, 60)))
        damaged = bytearray(encode_frame(frame, guard=True, deflate=run % 3 == 0))
        damaged[rng.integers(len(damaged))] ^= rng.integers(1, 256)
        with pytest.raises(MalformedError):
            decode_frame(bytes(damaged))
