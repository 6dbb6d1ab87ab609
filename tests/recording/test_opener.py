"""Files of every compression, whole, cut and damaged."""

import gzip
import lzma
from pathlib import Path

import pytest
import zstandard

from market.errors import FileFormatError, UsageError
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
