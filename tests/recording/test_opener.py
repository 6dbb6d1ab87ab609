"""Files of every compression, whole, cut and damaged."""

import gzip
import lzma
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from market.errors import FileFormatError, UsageError
from recording.readers import open_recording
from recording.readers.lines import text_lines
from recording.readers.opener import compression_of, open_bytes, peek

COMPRESSORS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(level=3, write_checksum=True).compress,
    "xz": lzma.compress,
}
DATA = b"".join(b"line %d\r\n" % i for i in range(40_000))


def read_all(path: Path, size: int = 1 << 16) -> bytes:
    parts = []
    buffer = bytearray(size)
    with open_bytes(path) as source:
        while count := source.readinto(memoryview(buffer)):
            parts.append(bytes(buffer[:count]))
    return b"".join(parts)


@pytest.mark.parametrize("name", COMPRESSORS)
@pytest.mark.parametrize("size", [7, 1 << 16, 1 << 22])
def test_any_compression_whatever_the_name(tmp_path: Path, name: str, size: int) -> None:
    path = tmp_path / "recording.txt"
    data = DATA[:2000] if size == 7 else DATA
    path.write_bytes(COMPRESSORS[name](data))
    assert read_all(path, size) == data
    assert peek(path, 100) == DATA[:100]
    with open_bytes(path) as source:
        assert source.compression == (None if name == "plain" else name)


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz"])
def test_several_members_are_one_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "recording"
    path.write_bytes(COMPRESSORS[name](DATA) + COMPRESSORS[name](b"and more\n"))
    assert read_all(path) == DATA + b"and more\n"


def read_until_error(path: Path) -> tuple[bytes, FileFormatError | None]:
    got = b""
    buffer = bytearray(1 << 16)
    with open_bytes(path) as source:
        try:
            while count := source.readinto(memoryview(buffer)):
                got += buffer[:count]
        except FileFormatError as error:
            return got, error
    return got, None


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz"])
def test_a_cut_file_gives_a_prefix_and_then_says_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / "recording"
    whole = COMPRESSORS[name](b"short\n" * 20)
    for cut in range(8, len(whole)):
        path.write_bytes(whole[:cut])
        got, error = read_until_error(path)
        assert (b"short\n" * 20).startswith(got)
        assert error is not None
        assert error.offset == cut


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz"])
def test_damage_is_never_silent(tmp_path: Path, name: str) -> None:
    path = tmp_path / "recording"
    whole = COMPRESSORS[name](DATA[:50_000])
    for place in range(len(whole) // 4, len(whole) - 30, len(whole) // 25):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        got, error = read_until_error(path)
        assert error is not None or got == DATA[:50_000]


@pytest.mark.parametrize(("name", "least"), [("gzip", 100_000), ("zstd", 131_072), ("xz", 100_000)])
@pytest.mark.parametrize("members", [1, 2])
def test_what_decodes_before_the_damage_is_delivered(
    tmp_path: Path, name: str, least: int, members: int
) -> None:
    path = tmp_path / "recording"
    data = random.Random(1).randbytes(200_000) + DATA
    before = COMPRESSORS[name](b"before\n") if members == 2 else b""
    whole = before + COMPRESSORS[name](data)
    given = (b"before\n" if members == 2 else b"") + data
    path.write_bytes(whole[: len(whole) - 4] + bytes(byte ^ 0x55 for byte in whole[-4:]))
    got, error = read_until_error(path)
    assert given.startswith(got)
    assert len(got) >= least
    assert error is not None
    assert "damaged" in error.message
    assert error.offset is not None
    assert len(whole) - 30 < error.offset <= len(whole)


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz"])
def test_a_small_damaged_file_is_not_called_empty(tmp_path: Path, name: str) -> None:
    path = tmp_path / "ES 12-26.txt"
    whole = COMPRESSORS[name](b"".join(dump_lines(2000)))
    for cut in (10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert_called_damaged(path, "cut", cut)
    for place in (20, len(whole) // 2):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert_called_damaged(path, "damaged", place)


def dump_lines(count: int) -> Iterator[bytes]:
    noise = random.Random(2)
    for i in range(count):
        time = 20261119140000 + i // 60 % 60 * 100 + i % 60
        yield b"L1;2;%d;%d;5000.25;%d\r\n" % (time, noise.randrange(10**7), noise.randrange(99))


def assert_called_damaged(path: Path, word: str, place: int) -> None:
    with pytest.raises(FileFormatError, match=word) as caught:
        list(open_recording(path, time_zone="UTC"))
    assert caught.value.offset is not None
    assert caught.value.offset >= place
    assert "empty" not in caught.value.message


def test_a_malformed_line_of_a_damaged_file_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "ES 12-26.txt"
    lines = list(dump_lines(60_000))
    lines[30_000] = b"rubbish\r\n"
    whole = gzip.compress(b"".join(lines))
    path.write_bytes(whole)
    with pytest.raises(FileFormatError, match="line 30,001 is malformed: rubbish") as caught:
        list(open_recording(path, time_zone="UTC"))
    assert caught.value.offset is None
    path.write_bytes(whole[:-8] + bytes(4) + whole[-4:])
    with pytest.raises(FileFormatError, match=r"damaged.*line 30,001.*rubbish") as caught:
        list(open_recording(path, time_zone="UTC"))
    assert caught.value.line == 30_000
    assert caught.value.offset is not None
    assert len(whole) - 8 < caught.value.offset <= len(whole)


@pytest.mark.parametrize("name", ["gzip", "zstd", "xz"])
def test_a_bomb_is_read_in_small_pieces(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(COMPRESSORS[name](bytes(64 << 20)))
    buffer = bytearray(1 << 16)
    with open_bytes(path) as source:
        assert source.readinto(memoryview(buffer)) == 1 << 16


def test_the_first_bytes_decide() -> None:
    assert compression_of(b"") is None
    assert compression_of(b"\x1f\x8b\x08") == "gzip"
    assert compression_of(b"L1;0;2023") is None


def test_missing_files_are_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing"):
        open_bytes(tmp_path / "nothing")
    with pytest.raises(UsageError):
        open_bytes(tmp_path)


def test_lines_are_numbered_and_the_last_one_may_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"\xef\xbb\xbfa\r\n\r\nb\nc")
    found = list(text_lines(path, 5))
    assert found == [(5, b"a", True), (6, b"", True), (7, b"b", True), (8, b"c", False)]
    path.write_bytes(DATA)
    assert [line.text for line in text_lines(path)] == DATA.replace(b"\r", b"").split(b"\n")[:-1]
