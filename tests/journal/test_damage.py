"""Bit flips, truncation and nonsense: never wrong data, never a crash, the exact good prefix.

The oracle is what the test gave to the writer, and the size of the file after each entry; nothing
that the reader says.
"""

import random
import shutil
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest

from market.errors import DataError, FileFormatError
from recording.entries import BarEntry, ClockEntry, Entry, FrameEntry, PhaseEntry
from recording.journal import (
    JournalReader,
    read_journal,
    recover,
    repair,
    segments_of,
    verify,
)
from tests.journal.small import HOME, OPEN, START, beginning, frame, plain, writer

KIB = 1 << 10
HEADER = 64


class Journal(NamedTuple):
    """One segment: its bytes, the entries given, the byte after each, where the footer begins."""

    path: Path
    data: bytes
    entries: list[object]
    ends: list[int]
    footer: int

    def good_before(self, position: int) -> list[object]:
        """What stands wholly before a byte."""
        return self.entries[: sum(end <= position for end in self.ends)]


def entry_of(rng: random.Random, number: int, seq: int) -> Entry:
    choice = rng.random()
    if choice < 0.05:
        return ClockEntry(OPEN + number)
    if choice < 0.08:
        return BarEntry(seq, {"open": 0.1, "time": OPEN + number})
    if choice < 0.1:
        return PhaseEntry("stale", "silent")
    return FrameEntry(frame(seq, rng.choice([1, 1, 2, 7, 30]), time=OPEN + number))


def make(folder: Path, size: int, seed: int = 1) -> Journal:
    rng = random.Random(seed)
    journal = writer(folder)
    entries, ends, seq = beginning(), [], 1
    for entry in entries:
        journal.write(entry, START)
    path = None
    while path is None or ends[-1] < size:
        entry = entry_of(rng, len(entries), seq)
        seq += len(entry.frame.records) if isinstance(entry, FrameEntry) else 1
        entries.append(entry)
        journal.write(entry, START + len(entries))
        if path is None:
            (path,) = segments_of(folder)
            data = path.read_bytes()
            place = HEADER
            for _ in beginning():
                place += 24 + int.from_bytes(data[place : place + 4], "little")
                ends.append(place)
        ends.append(path.stat().st_size)
        if rng.random() < 0.1:
            journal.sync()
    journal.sync()
    before = path.stat().st_size
    journal.close(START)
    data = path.read_bytes()
    footer = len(data) - 24 - 72
    assert before <= footer
    return Journal(path, data, [plain(entry) for entry in entries], ends, footer)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    """Little more than the 64 KiB that are cut: whatever stands before them is read each time."""
    return make(tmp_path_factory.mktemp("damage"), 72 * KIB)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    return make(tmp_path_factory.mktemp("small"), 6 * KIB)


def delivered(reader: JournalReader) -> tuple[list[object], FileFormatError | None]:
    good: list[object] = []
    try:
        good.extend(plain(entry) for entry in reader)
    except FileFormatError as error:
        return good, error
    return good, None


def flip(journal: Journal, path: Path, rng: random.Random) -> None:
    """Turn one bit, anywhere; nothing but what stands before it may be delivered."""
    position, bit = rng.randrange(len(journal.data)), rng.randrange(8)
    spoiled = bytearray(journal.data)
    spoiled[position] ^= 1 << bit
    path.write_bytes(spoiled)
    reader = read_journal(path)
    good, error = delivered(reader)
    if position < HEADER:
        assert (good, error is not None) == ([], True), position
        return
    assert good == journal.good_before(position), (position, bit)
    if position >= journal.footer:
        assert error is None
        assert [end.offset for end in reader.report.unclean] == [journal.footer]
        return
    assert error is not None, (position, bit)
    assert error.offset is not None
    assert ([HEADER, *journal.ends])[len(good)] <= error.offset <= position
    assert error.path == str(path)


def truncate(journal: Journal, path: Path, length: int) -> None:
    """Cut the file; the exact prefix is delivered, and recovery gives the same."""
    path.write_bytes(journal.data[:length])
    expected = journal.good_before(length)
    reader = read_journal(path)
    assert delivered(reader) == (expected, None), length
    if length == len(journal.data):
        assert reader.report.clean
        return
    (unclean,) = reader.report.unclean
    assert unclean.offset + unclean.torn == length


def boundaries(journal: Journal) -> set[int]:
    """Every byte within two of an entry's end, and within the footer."""
    first = len(journal.data) - 64 * KIB
    near = {end + more for end in journal.ends[-30:] for more in (-2, -1, 0, 1, 2)}
    near |= set(range(journal.footer, len(journal.data) + 1, 4))
    return {length for length in near if first <= length <= len(journal.data)}


def test_a_flipped_bit_never_gives_wrong_data(journal: Journal, tmp_path: Path) -> None:
    rng = random.Random(300)
    for _ in range(200):
        flip(journal, tmp_path / "x.dbj", rng)


def test_recovery_after_a_flipped_bit_gives_a_beginning(small: Journal, tmp_path: Path) -> None:
    path = tmp_path / HOME / "2023-11-15" / "000001.dbj"
    path.parent.mkdir(parents=True)
    cut = left = 0
    for position in range(0, len(small.data), 53):
        spoiled = bytearray(small.data)
        spoiled[position] ^= 1 << position % 8
        path.write_bytes(spoiled)
        found = recover(tmp_path / HOME)
        if found.damage is not None:
            left += 1
            assert path.read_bytes() == spoiled, "what was on disk is not touched"
            continue
        cut += 1
        reader = read_journal(path)
        assert delivered(reader) == (small.good_before(position), None), position
        assert reader.report.clean
    assert left > 50
    assert cut


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_flipped_bits(journal: Journal, tmp_path: Path) -> None:
    rng = random.Random(10_000)
    for _ in range(10_000):
        flip(journal, tmp_path / "x.dbj", rng)


def test_truncation_gives_the_exact_prefix(journal: Journal, tmp_path: Path) -> None:
    size = len(journal.data)
    for length in sorted(boundaries(journal) | set(range(size - 64 * KIB, size, 1100))):
        truncate(journal, tmp_path / "x.dbj", length)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_truncation_at_every_byte_of_the_last_64_kib(journal: Journal, tmp_path: Path) -> None:
    size = len(journal.data)
    for length in range(size - 64 * KIB, size + 1):
        truncate(journal, tmp_path / "x.dbj", length)


def test_recovery_keeps_the_exact_prefix_wherever_a_file_ends(
    small: Journal, tmp_path: Path
) -> None:
    path = tmp_path / HOME / "2023-11-15" / "000001.dbj"
    path.parent.mkdir(parents=True)
    for length in range(0, len(small.data), 37):
        path.write_bytes(small.data[:length])
        assert recover(tmp_path / HOME).damage is None
        if length < HEADER:
            assert not path.exists()
            continue
        reader = read_journal(path)
        assert delivered(reader) == (small.good_before(length), None)
        assert reader.report.clean


# Nonsense of every kind. What is forged with right checksums may be delivered: it cannot be told
# from what was written. But nothing may crash, hang, or take memory for what is not there.


def forged(rng: random.Random, kind: int, payload: bytes, length: int | None = None) -> bytes:
    """An entry whose checksums hold, whatever is in it."""
    if kind == 1 and len(payload) >= 40:
        payload = payload[:32] + struct.pack("<I", zlib.crc32(payload[40:])) + payload[36:]
    crc = zlib.crc32(payload[:40] if kind == 1 else payload)
    size = len(payload) if length is None else length
    head = struct.pack("<IIBBHq", size, crc, kind, rng.choice([0, 0, 1]), 0, START)
    return head + struct.pack("<I", zlib.crc32(head)) + payload


def forgery(rng: random.Random, small: Journal) -> bytes:
    kind = rng.choice([*range(1, 15), 200, 255])
    payloads = [
        lambda: rng.randbytes(rng.choice([0, 7, 8, 12, 39, 40, 41, 72, 300])),
        lambda: rng.choice([b"[]", b"null", b"{}", b"1", b"[" * 5000, b'{"seq":"x"}', b"\xff"]),
        lambda: bytes(small.data[(at := rng.randrange(len(small.data))) : at + 200]),
        lambda: b'{"session":1,"client":2,"seq":-5,"flags":3}',
        lambda: b'{"names":3,"phase":1,"reason":[],"first":{},"last":"","values":0}',
    ]
    length = rng.choice([None, None, None, 0, 1 << 24, (1 << 24) + 1, (1 << 32) - 1])
    return forged(rng, kind, rng.choice(payloads)(), length)


def mutate(rng: random.Random, small: Journal) -> bytes:
    data = bytearray(small.data)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(data) + 1)
        stop = min(len(data), start + rng.choice([0, 1, 4, 24, 100, 2000]))
        ends = [HEADER, *small.ends]
        number = rng.randrange(len(small.ends))
        data[start:stop] = rng.choice(
            [
                rng.randbytes(stop - start),
                bytes(stop - start),
                b"",
                small.data[ends[number] : ends[number + 1]],
                forgery(rng, small),
            ]
        )
        if rng.random() < 0.5:
            place = rng.choice(ends)
            data[place:place] = forgery(rng, small)
    return bytes(data)


def fuzz(small: Journal, folder: Path, seeds: range) -> int:
    """Everything that reads a journal, over nonsense; returns how much was refused."""
    refused = 0
    home = folder / HOME
    for seed in seeds:
        rng = random.Random(seed)
        path = home / "2023-11-15" / "000001.dbj"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mutate(rng, small))
        try:
            for entry in read_journal(path):
                assert entry is not None
        except DataError:
            refused += 1
        verify(path)
        if seed % 10 == 0:
            recover(home)
        if seed % 10 == 5:
            if path.exists():
                repaired(folder)
            shutil.rmtree(home)
    return refused


def repaired(folder: Path) -> None:
    report = verify(folder)
    if any("is not one of this program" in state.what for state in report.segments):
        with pytest.raises(FileFormatError, match="is not one of this program"):
            repair(folder)
        return
    repair(folder)
    assert verify(folder).ok


def test_nonsense_is_refused_and_nothing_else_happens(small: Journal, tmp_path: Path) -> None:
    assert fuzz(small, tmp_path, range(700)) > 300


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_kinds_of_nonsense(small: Journal, tmp_path: Path) -> None:
    assert fuzz(small, tmp_path, range(1000, 101_000)) > 30_000


@pytest.mark.parametrize("length", [(1 << 24) - 1, 1 << 24, 1 << 30, (1 << 32) - 1])
def test_a_length_that_is_not_there_takes_no_memory(
    small: Journal, tmp_path: Path, length: int
) -> None:
    path = tmp_path / "x.dbj"
    path.write_bytes(small.data[: small.ends[5]] + forged(random.Random(1), 9, b"x", length))
    list(read_journal(path))
    tracemalloc.start()
    try:
        assert len(list(read_journal(path))) == 6
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_a_long_tail_of_zeros_is_searched_in_bounded_memory(small: Journal, tmp_path: Path) -> None:
    path = tmp_path / "x.dbj"
    with path.open("wb") as file:
        file.write(small.data[: small.footer])
        file.truncate(48 << 20)
    tracemalloc.start()
    try:
        reader = read_journal(path)
        assert len(list(reader)) == len(small.entries)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20
    (unclean,) = reader.report.unclean
    assert unclean.offset == small.footer


def test_an_entry_far_behind_a_hole_is_found(small: Journal, tmp_path: Path) -> None:
    path = tmp_path / "x.dbj"
    entry = forged(random.Random(1), 9, b'{"names":["NSDQ"]}')
    for gap in (1, 24, (1 << 20) - 24, (1 << 20) - 1, 1 << 20, (3 << 20) + 5):
        path.write_bytes(small.data[: small.footer] + bytes(gap) + entry)
        good, error = delivered(read_journal(path))
        assert good == small.entries
        assert error is not None, gap
        assert error.offset == small.footer
