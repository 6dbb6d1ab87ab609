"""Journals of earlier formats read for ever: the values here are written by hand.

``golden/v1`` was written by the program as it was before format 2: one of each entry, then a roll
by age, so that the second segment carries the state and continues the hash. ``golden/v2`` is the
same with a sync after the sixth entry, hence marks, and an output digest of 0, 1, … 31. The bytes
are checked against the layout's own words with ``struct`` and ``hashlib`` alone.
"""

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from market.enums import FrameType, Source
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    MakersEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import read_journal, segments_of

GOLDEN = Path(__file__).parent / "golden"
FIRST_RECEIVED = 1_700_000_000_000_000_000
EVENTS_ROWS = [
    {"dt": 0, "kind": 0, "side": 1, "op": 0, "position": 3, "price": 17_999, "size": 25, "ref": 7},
    {"dt": 1500, "kind": 3, "side": 1, "op": 1, "position": 0, "price": 18_001, "size": 4}
    | {"ref": 0},
]


def of_kind(entries: list[Entry], kind: type[Entry]) -> list[Any]:
    return [entry for entry in entries if isinstance(entry, kind)]


def require_rows(entry: FrameEntry, rows: list[dict[str, int]]) -> None:
    found = [{name: int(record[name]) for name in rows[0]} for record in entry.frame.records]
    assert found == rows


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_golden_journal_reads_as_it_was_written(version: str) -> None:
    reader = read_journal(GOLDEN / version)
    timed = list(reader.timed())
    assert reader.report.clean
    assert reader.report.segments == 2
    assert [time - FIRST_RECEIVED for time, _ in timed] == [*range(10), 20_000_000_000]
    entries = [entry for _, entry in timed]
    order = [InstrumentEntry, SessionEntry, SettingsEntry, MakersEntry, FrameEntry, ClockEntry]
    order += [BarEntry, GapEntry, PhaseEntry, FrameEntry, FrameEntry]
    assert [type(entry) for entry in entries] == order
    (defined,) = of_kind(entries, InstrumentEntry)
    instrument = defined.instrument
    assert (instrument.symbol, instrument.root, instrument.aliases) == ("ES 12-23", "ES", ("ESZ3",))
    assert (instrument.tick.step, instrument.size.step) == (0.25, 1.0)
    assert (instrument.point_value, instrument.depth_levels) == (50.0, 10)
    assert (instrument.session, defined.source, defined.stream) == ("cme_equity", Source.LIVE, 3)
    flags = {"useL3": False, "DebugMode": True}
    assert of_kind(entries, SessionEntry) == [SessionEntry("0b5e", "äöü/1", 1, flags)]
    settings = {"clusters": {"on": 3.0, "grid_ms": 100}, "x": [1, 2.5, None]}
    assert of_kind(entries, SettingsEntry) == [SettingsEntry(settings, "ab12")]
    assert of_kind(entries, MakersEntry) == [MakersEntry(("NSDQ", "ARCA"))]
    assert of_kind(entries, ClockEntry) == [ClockEntry(1_700_007_200_000_000_007)]
    values = {"open": 0.1, "close": 1e-7, "time": 1_700_007_200_000_000_000}
    values["volume"] = 9_007_199_254_740_993
    assert of_kind(entries, BarEntry) == [BarEntry(3, values)]
    assert of_kind(entries, GapEntry) == [GapEntry("gap", 4, 9)]
    assert of_kind(entries, PhaseEntry) == [PhaseEntry("stale", "silent")]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_golden_journals_frames_have_their_records(version: str) -> None:
    frames = of_kind(list(read_journal(GOLDEN / version)), FrameEntry)
    facts = [
        (one.frame.type, one.frame.flags, one.frame.stream, one.frame.seq, one.frame.base)
        for one in frames
    ]
    base = 1_700_007_200_000_000_000
    assert facts == [
        (FrameType.EVENTS, 0, 3, 1, base),
        (FrameType.SNAPSHOT, 2, 3, 10, base + 8),
        (FrameType.EVENTS, 0, 3, 10, base + 10),
    ]
    assert [one.frame.sent - base for one in frames] == [5, 9, 11]
    require_rows(frames[0], EVENTS_ROWS)
    require_rows(frames[1], EVENTS_ROWS[:1])
    require_rows(frames[2], EVENTS_ROWS)


@pytest.mark.parametrize(
    ("version", "output", "marks"),
    [("v1", b"", []), ("v2", bytes(range(32)), [(1, 687), (2, 655)])],
    ids=["v1", "v2"],
)
def test_a_golden_journals_bytes_are_what_the_layout_says(
    version: str, output: bytes, marks: list[tuple[int, int]]
) -> None:
    previous = bytes(32)
    marked = []
    for number, path in enumerate(segments_of(GOLDEN / version), start=1):
        data = path.read_bytes()
        assert data[:8] == b"DBJ\r\n\x1a\n\0"
        assert struct.unpack_from("<HHI", data, 8) == (int(version[1:]), 64, number)
        assert (data[24:56], data[56:60]) == (previous, bytes(4))
        assert struct.unpack_from("<I", data, 60)[0] == zlib.crc32(data[:60])
        chained = hashlib.blake2b(previous + data[:64], digest_size=32)
        offset, count, kind = 64, 0, 0
        while kind != 255:
            head = data[offset : offset + 24]
            length, crc, kind, flags, reserved = struct.unpack_from("<IIBBH", head)
            payload = data[offset + 24 : offset + 24 + length]
            assert struct.unpack_from("<I", head, 20)[0] == zlib.crc32(head[:20])
            assert crc == zlib.crc32(payload[:40] if kind == 1 else payload)
            carried = number == 2 and kind in (2, 3, 4, 9)
            assert (flags, reserved) == (int(carried), 0)
            offset += 24 + length
            if kind == 13:
                marked.append(struct.unpack("<IQ", payload))
            if kind != 255:
                chained.update(head)
                count += 1
        previous = chained.digest()
        assert offset == len(data)
        assert payload == struct.pack("<Q", count) + previous + output
    assert marked == marks
