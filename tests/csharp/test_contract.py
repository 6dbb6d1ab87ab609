"""C# and Python agree on every frame: the golden ones, and seeded ones whole and damaged."""

import json
import random
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from market.errors import MalformedError
from market.record import HEADER, RECORD, Frame
from tests.contract.golden import HERE, restored
from tests.csharp.build import Program
from wire.checksum import book_crc32
from wire.frames import decode_frame, encode_frame

NAMES = sorted(path.stem for path in HERE.glob("*.bin"))
TIME = 1_763_560_800_123_456_700
MAX_DT = 2**32 - 1
FIELDS = RECORD.names or ()
LAST, HISTORICAL, REPLY_NOW = 2, 4, 8
OPS = {0: 3, 1: 3, 2: 2, 3: 5, 4: 7}
"""Kinds, and how many operations each has."""
SEED = 20_261_119


def stored(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def decoded(runner: Program) -> dict[str, Any]:
    """What C# makes of the golden frames."""
    frames = [(HERE / f"{name}.bin").read_bytes().hex() for name in NAMES]
    return dict(zip(NAMES, map(json.loads, runner.lines("decode", frames)), strict=True))


def line_of(frame: Frame, marks: list[int] | None = None) -> str:
    """A line for the verb `encode`."""
    marks = marks or [0] * len(frame.records)
    rows = [
        [frame.base + int(row["dt"]), *(int(row[name]) for name in FIELDS[1:]), mark]
        for row, mark in zip(frame.records, marks, strict=True)
    ]
    head = {name: int(getattr(frame, name)) for name in Frame._fields if name != "records"}
    return json.dumps({**head, "records": rows})


def encoded(runner: Program, lines: list[str]) -> list[list[bytes]]:
    answers = runner.lines("encode", lines)
    return [[bytes.fromhex(text) for text in json.loads(answer)] for answer in answers]


def test_there_are_golden_frames_of_each_sort() -> None:
    assert len(NAMES) > 30
    assert sum(stored(name)["valid"] for name in NAMES) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_frames_are_read_as_it_is_written(name: str, decoded: dict[str, Any]) -> None:
    description, found = stored(name), decoded[name]
    if not description["valid"]:
        assert found == {key: description[key] for key in ("code", "index", "field")}
        return
    marks = found.pop("marks")
    assert found == description["frame"]
    flags, count = found["flags"], len(found["records"])
    assert marks == [
        (flags & HISTORICAL) | (flags & LAST if i == count - 1 else 0) for i in range(count)
    ]


def test_the_golden_frames_are_written_as_they_stand(runner: Program) -> None:
    """Only the guard differs: golden frames have none, the bridge always does."""
    names = [name for name in NAMES if stored(name)["valid"] and not stored(name)["deflated"]]
    frames = [restored(stored(name)) for name in names]
    for name, frame, parts in zip(
        names, frames, encoded(runner, list(map(line_of, frames))), strict=True
    ):
        (data,) = parts
        assert data == encode_frame(frame, guard=True), name
        assert data[:36] + bytes(4) + data[40:] == (HERE / f"{name}.bin").read_bytes(), name


def test_the_checksums_of_books(runner: Program) -> None:
    entries = stored("checksums")
    extremes = [(2**63 - 1, 0), (-(2**63), 2**63 - 1), (-10, 10), (0, 100)]
    entries.append({"asks": extremes, "bids": extremes[::-1]})
    books = [{side: entry[side] for side in ("asks", "bids")} for entry in entries]
    answers = list(map(int, runner.lines("checksum", list(map(json.dumps, books)))))
    assert answers[:-1] == [entry["crc32"] for entry in entries[:-1]]
    assert answers[-1] == book_crc32(extremes, extremes[::-1])


def record(rng: random.Random, kind: int) -> tuple[int, ...]:
    op = rng.randrange(OPS[kind])
    volume = kind == 2 and op == 1
    return (
        rng.choice((0, 1, rng.randrange(MAX_DT), MAX_DT)),
        kind,
        0 if volume else rng.randrange(3 if kind == 3 else 2),
        op,
        rng.randrange(2 if kind == 4 else 256),
        0 if volume else rng.choice((rng.randrange(-(2**53) + 1, 2**53), rng.randrange(40_000))),
        rng.choice((0, rng.randrange(500), rng.randrange(2**53))),
        rng.choice((0, rng.randrange(2**64))),
    )


def random_frame(rng: random.Random) -> Frame:
    """A valid frame of any sort; the first record of those with records is at their base."""
    sort = rng.choice(("events", "events", "events", "snapshot", "historical"))
    count = rng.choice((0, 1, 2, 7, 63, 64, 65, 128, 200))
    if sort == "historical":
        count = max(count, 1)
    rows = [record(rng, 3 if sort == "historical" else rng.randrange(5)) for _ in range(count)]
    records = np.array(rows, RECORD) if rows else np.zeros(0, RECORD)
    flags = rng.choice((0, REPLY_NOW))
    if sort == "snapshot":
        records["kind"] = rng.choice((0, 1, 4))
        records["op"] = 0
        records["side"] = np.minimum(records["side"], 1)
        records["position"] %= 2
        flags |= rng.choice((0, LAST))
    elif sort == "historical":
        place = rng.randrange(1, 2**40)
        records["ref"] = np.arange(place, place + count, dtype=np.uint64)
        flags |= HISTORICAL | rng.choice((0, LAST))
    if count:
        records["dt"][0] = 0
    return Frame(
        records,
        rng.choice((0, TIME, 2**62 - 2**32)),
        rng.choice((1, rng.randrange(1, 2**62))),
        2 if sort == "snapshot" else 1,
        flags,
        rng.randrange(256),
        rng.choice((0, TIME, rng.randrange(2**62))),
    )


def test_random_frames_become_the_same_bytes(runner: Program) -> None:
    rng = random.Random(SEED)
    frames = [random_frame(rng) for _ in range(300)]
    for number, (frame, parts) in enumerate(
        zip(frames, encoded(runner, list(map(line_of, frames))), strict=True)
    ):
        assert parts == [encode_frame(frame, guard=True)], number


def test_random_frames_are_read_the_same_deflated_or_not(runner: Program) -> None:
    rng = random.Random(SEED + 1)
    frames = [random_frame(rng) for _ in range(200)]
    lines = [encode_frame(frame, deflate=i % 2 == 0).hex() for i, frame in enumerate(frames)]
    for frame, answer in zip(frames, runner.lines("decode", lines), strict=True):
        found = json.loads(answer)
        del found["marks"]
        rows = [{name: int(row[name]) for name in FIELDS} for row in frame.records]
        head = {name: int(getattr(frame, name)) for name in Frame._fields if name != "records"}
        assert found == {**head, "records": rows}


def damaged(rng: random.Random) -> bytes:
    """A frame with something wrong: bytes of any place, or fields with the checksums in order."""
    frame = random_frame(rng)
    data = bytearray(encode_frame(frame, deflate=rng.random() < 0.4, guard=rng.random() < 0.5))
    for _ in range(rng.randrange(1, 4)):
        how = rng.randrange(6)
        if how == 0 or not data:
            data += rng.randbytes(rng.randrange(1, 40))
        elif how == 1:
            del data[rng.randrange(len(data)) :]
        elif how == 2:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif how == 3 and len(data) > 40:
            data[rng.randrange(40, len(data))] = rng.randrange(256)
        elif len(data) >= 40:
            data[rng.randrange(2, 24)] = rng.choice((0, 1, 2, 5, 7, 15, 16, 255))
    mended = rng.random()
    if len(data) >= 40 and mended < 0.8:
        struct.pack_into("<I", data, 32, zlib.crc32(data[40:]))
        guard = zlib.crc32(data[:36]) if mended < 0.4 else 0
        struct.pack_into("<I", data, 36, guard)
    return bytes(data)


def judged(data: bytes) -> dict[str, Any]:
    """What Python says of a frame."""
    try:
        frame = decode_frame(data)
    except MalformedError as error:
        return {"code": error.code, "index": error.index, "field": error.field}
    return {
        "seq": frame.seq,
        "count": len(frame.records),
        "crc": zlib.crc32(frame.records.tobytes()),
    }


def test_random_damage_is_refused_for_the_same_reason(runner: Program) -> None:
    rng = random.Random(SEED + 2)
    frames = [damaged(rng) for _ in range(4_000)]
    reasons = set()
    answers = runner.lines("decode", [frame.hex() for frame in frames])
    for frame, answer in zip(frames, answers, strict=True):
        found, expected = json.loads(answer), judged(frame)
        if "code" in expected:
            reasons.add((expected["code"], expected["field"]))
            assert found == expected, frame.hex()
            continue
        rows = [tuple(row[name] for name in FIELDS) for row in found["records"]]
        records = np.array(rows, RECORD) if rows else np.zeros(0, RECORD)
        summary = {"seq": found["seq"], "count": len(rows), "crc": zlib.crc32(records.tobytes())}
        assert summary == expected, frame.hex()
    assert reasons >= {
        ("bad_length", None), ("bad_length", "count"), ("bad_magic", "magic"),
        ("bad_version", "version"), ("bad_type", "type"), ("bad_flags", "flags"),
        ("bad_reserved", "reserved"), ("bad_count", "count"), ("bad_crc", "crc32"),
        ("bad_deflate", None), ("bad_kind", "kind"), ("bad_op", "op"), ("negative_size", "size"),
        ("out_of_range", "side"), ("out_of_range", "position"), ("out_of_range", "price"),
        ("out_of_range", "size"), ("out_of_range", "ref"), ("out_of_range", "seq"),
        ("out_of_range", "base"),
    }  # fmt: skip


def test_the_last_values_in_range_and_the_first_beyond(runner: Program) -> None:
    trade = np.zeros(1, RECORD)
    trade["kind"] = 3
    most_seq, most_base = 2**63 - 1 - 4_096, 2**62 - MAX_DT
    frames = [Frame(trade, 0, seq) for seq in (0, most_seq, most_seq + 1, 2**64 - 1)]
    frames += [Frame(trade, base, 1) for base in (most_base, most_base + 1, -1)]
    for field in ("price", "size"):
        for value in (2**53 - 1, 2**53, 1 - 2**53, -(2**53)):
            records = trade.copy()
            records[field] = value
            frames.append(Frame(records, 0, 1))
    lines = [encode_frame(frame) for frame in frames]
    refused = 0
    answers = runner.lines("decode", [line.hex() for line in lines])
    for line, answer in zip(lines, map(json.loads, answers), strict=True):
        expected = judged(line)
        refused += "code" in expected
        assert ("code" in answer) == ("code" in expected), (line.hex(), answer)
        if "code" in expected:
            assert answer == expected
    assert refused == 9


def deflated_block(rng: random.Random, wanted: bytes) -> bytes:
    """The bytes as raw deflate of another sort: stored, fixed codes, or by another strategy."""
    strategy = rng.choice((zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_DEFAULT_STRATEGY))
    packer = zlib.compressobj(rng.randrange(10), zlib.DEFLATED, -15, 9, strategy)
    cut = rng.randrange(len(wanted) + 1)
    flush = packer.flush(rng.choice((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_NO_FLUSH)))
    return packer.compress(wanted[:cut]) + flush + packer.compress(wanted[cut:]) + packer.flush()


def test_every_sort_of_deflate_is_read(runner: Program) -> None:
    """Whole, and with one bit turned: then both refuse, or both read the same."""
    rng = random.Random(SEED + 3)
    frames = []
    for number in range(1_500):
        records = np.zeros(rng.choice((1, 3, 200)), RECORD)
        records["price"] = [rng.randrange(-9, 9) for _ in records]
        records["size"] = [rng.choice((1, rng.randrange(2**50))) for _ in records]
        body = bytearray(deflated_block(rng, records.tobytes()))
        if number % 3:
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        head = HEADER.pack(0x4244, 1, 1, 1, 0, len(records), 1, TIME, TIME, zlib.crc32(body), 0)
        frames.append(head + bytes(body))
    read = 0
    answers = runner.lines("decode", [frame.hex() for frame in frames])
    for number, (frame, answer) in enumerate(zip(frames, answers, strict=True)):
        found, expected = json.loads(answer), judged(frame)
        assert found.get("code") == expected.get("code"), frame.hex()
        if "code" not in expected:
            read += 1
            rows = [tuple(row[name] for name in FIELDS) for row in found["records"]]
            assert zlib.crc32(np.array(rows, RECORD).tobytes()) == expected["crc"], number
    assert 500 <= read < 1_500


def block_of_nothing(literals: dict[int, int], distances: list[int]) -> bytes:
    """A deflate block that only ends, with codes of these lengths (of literals by symbol)."""
    lengths = [literals.get(symbol, 0) for symbol in range(257)] + distances
    # Final, dynamic, 257 literals, the distances, 19 lengths of lengths: 0 to 15 have four bits.
    fields = [
        (1, 1),
        (2, 2),
        (0, 5),
        (len(distances) - 1, 5),
        (15, 4),
        *[(0, 3)] * 3,
        *[(4, 3)] * 16,
    ]
    fields += [(int(f"{length:04b}"[::-1], 2), 4) for length in lengths]
    fields.append(((1 << literals[256]) - 1 if len(literals) > 1 else 0, literals[256]))
    bits = "".join(f"{value:0{size}b}"[::-1] for value, size in fields)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def test_codes_that_are_not_complete(runner: Program) -> None:
    """A single word of one bit, or none, may stand alone; nothing else may be left over."""
    cases = [
        ({256: 1}, [1]), ({256: 1}, [0]), ({256: 1}, [2]), ({256: 2}, [1]), ({256: 1}, [1, 1]),
        ({256: 1}, [1, 2]), ({256: 1}, [2, 2]), ({256: 1}, [1, 1, 1]), ({65: 1, 256: 1}, [1]),
        ({65: 1, 256: 2}, [1]), ({65: 2, 256: 2}, [1]), ({65: 1}, [1]), ({256: 1}, [15]),
        ({0: 1, 1: 1, 256: 1}, [1]), ({256: 1}, [2, 2, 2]), ({256: 1}, [2, 2, 2, 2]),
    ]  # fmt: skip
    frames = []
    for literals, distances in cases:
        body = block_of_nothing({256: 0, **literals}, distances)
        head = HEADER.pack(0x4244, 1, 1, 1, 0, 0, 1, TIME, TIME, zlib.crc32(body), 0)
        frames.append(head + body)
    found = [json.loads(answer) for answer in runner.lines("decode", [one.hex() for one in frames])]
    verdicts = ["code" not in judged(frame) for frame in frames]
    assert ["code" not in answer for answer in found] == verdicts
    assert verdicts.count(True) == 5


def test_records_are_cut_into_frames_where_time_or_list_say_so(runner: Program) -> None:
    cases: list[tuple[list[tuple[int, int]], list[int]]] = [
        ([(0, 0), (MAX_DT, 0), (1, 0)], [3]),
        ([(0, 0), (MAX_DT + 1, 0), (MAX_DT, 0)], [1, 1, 1]),
        ([(5, 0), (4, 0), (6, 0)], [1, 2]),
        ([(0, 0), (0, HISTORICAL), (0, HISTORICAL | LAST), (0, 0)], [1, 2, 1]),
        ([(0, HISTORICAL | LAST), (0, HISTORICAL), (0, 0)], [1, 1, 1]),
        ([(0, 0)] * 4_097, [4_096, 1]),
    ]
    lines = []
    for marks, _ in cases:
        rows = [
            [TIME + time, 3, 0, 0, 0, 5, 1, place if flags else 0, flags]
            for place, (time, flags) in enumerate(marks, 1)
        ]
        head = {"type": 1, "flags": REPLY_NOW, "stream": 2, "seq": 9, "sent": 0, "base": 0}
        lines.append(json.dumps({**head, "records": rows}))
    for (marks, counts), parts in zip(cases, encoded(runner, lines), strict=True):
        frames = list(map(decode_frame, parts))
        assert [len(frame.records) for frame in frames] == counts
        seq = 9
        for frame in frames:
            own = marks[seq - 9 : seq - 9 + len(frame.records)]
            assert frame.seq == seq
            assert frame.base == TIME + own[0][0]
            assert list(frame.records["dt"]) == [time - own[0][0] for time, _ in own]
            assert frame.flags == REPLY_NOW | (own[0][1] & HISTORICAL) | (own[-1][1] & LAST)
            seq = frame.end


def test_a_frame_is_written_without_an_allocation(runner: Program) -> None:
    """And within 10 us where nothing else runs; the bound here is for a busy machine."""
    found = json.loads(runner.run("bench-frames"))
    assert found["bytes"] == 0
    assert found["median_us"] < 100
