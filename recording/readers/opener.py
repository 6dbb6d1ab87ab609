"""Bytes of a file, plain or compressed, streaming.

The compression is found by the first bytes, not by the name. What a damaged file still gives is
delivered; only then the damage is raised.
"""

import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from market.errors import EnvironmentFault, FileFormatError, UsageError

__all__ = ["ByteSource", "compression_of", "damage_of", "open_bytes", "peek"]

_PIECE: Final = 1 << 18
_MOST: Final = 1 << 20
"""Bytes that one step of decompression may give, so that a bomb cannot fill the memory."""

_MAGIC: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
}


def compression_of(head: bytes) -> str | None:
    """``gzip``, ``zstd`` or ``xz`` by a file's first bytes; None: plain."""
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return None


def open_bytes(path: Path) -> "ByteSource":
    """Open a file for reading from its beginning.

    Raises:
        UsageError: it is missing or is a folder.
        EnvironmentFault: it cannot be read, or a package for its compression is missing.
    """
    try:
        file = path.open("rb", buffering=0)
    except (FileNotFoundError, IsADirectoryError) as cause:
        raise UsageError(f"{path}: {cause.strerror}", code="no_file", path=str(path)) from cause
    except OSError as cause:
        raise EnvironmentFault(f"{path}: {cause.strerror}", path=str(path)) from cause
    kind = compression_of(file.read(8))
    file.seek(0)
    return ByteSource(path, file, kind)


def peek(path: Path, size: int = 1 << 16) -> bytes:
    """The first bytes of a file, decompressed; fewer if it ends or is damaged before that."""
    with open_bytes(path) as source:
        head = bytearray(size)
        view = memoryview(head)
        filled = 0
        try:
            while filled < size:
                count = source.readinto(view[filled:])
                if count == 0:
                    break
                filled += count
        except FileFormatError:
            pass  # reading it in full will say so
        return bytes(head[:filled])


def damage_of(path: Path) -> FileFormatError | None:
    """What is wrong with the compressed data of a file, which is read in full; None if nothing."""
    with open_bytes(path) as source:
        return source.damage_ahead()


class ByteSource:
    """The decompressed bytes of one file.

    Attributes:
        path: the file.
        compression: ``gzip``, ``zstd``, ``xz`` or None.
    """

    def __init__(self, path: Path, file: BinaryIO, compression: str | None) -> None:
        self.path = path
        self.compression = compression
        self._file = file
        self._pieces = self._decompressed(compression) if compression else None
        self._rest = memoryview(b"")

    def __enter__(self) -> "ByteSource":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def position(self) -> int:
        """Bytes of the file (as it lies on disk) that have been read."""
        return self._file.tell()

    def seek(self, offset: int) -> None:
        """Go on reading at a byte of the file; of plain files only."""
        assert self.compression is None
        self._file.seek(offset)

    def readinto(self, view: memoryview) -> int:
        """Fill the beginning of ``view``; 0 at the end of the file.

        Raises:
            FileFormatError: the compressed data is damaged or cut here.
        """
        if self._pieces is None:
            count = self._file.readinto(view)  # type: ignore[attr-defined]
            return int(count or 0)
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def damage_ahead(self) -> FileFormatError | None:
        """Read a compressed file to its end, for the damage that shows only there."""
        if self._pieces is None:
            return None
        try:
            for _ in self._pieces:
                pass
        except FileFormatError as damage:
            return damage
        return None

    def _decompressed(self, compression: str) -> Iterator[bytes]:
        """Decompressed pieces of all members."""
        decoder = None
        pending = b""
        member = given = 0
        while True:
            data = pending or self._file.read(_PIECE)
            pending = b""
            if not data:
                break
            start = self._file.tell() - len(data)
            if decoder is None:
                decoder = _DECODERS[compression]()
                member, given = start, 0
            try:
                for piece in decoder.feed(data):
                    given += len(piece)
                    yield piece
            except _DAMAGES as cause:
                yield from self._up_to_damage(compression, member, start, given)
                raise self._damage(f"the {compression} data is damaged: {cause}") from cause
            if decoder.finished:
                pending = decoder.unused.lstrip(b"\0")
                decoder = None
        if decoder is not None:
            raise self._damage(f"the {compression} data ends too early: the file was cut")

    def _up_to_damage(
        self, compression: str, member: int, start: int, given: int
    ) -> Iterator[bytes]:
        """What decodes before the damage; the file then stands behind the first damaged byte.

        A decoder keeps what it has when it fails. So a second one reads the member again, and
        byte by byte from where the first one failed.

        Args:
            compression: of the member.
            member: its first byte.
            start: the first byte of the piece that holds the damage.
            given: bytes of the member that were delivered.
        """
        decoder = _DECODERS[compression]()
        self._file.seek(member)
        try:
            while data := self._file.read(min(_PIECE, max(1, start - self._file.tell()))):
                for piece in decoder.feed(data):
                    yield piece[given:]
                    given = max(0, given - len(piece))
        except _DAMAGES:
            return

    def _damage(self, what: str) -> FileFormatError:
        offset = self._file.tell()
        return FileFormatError(
            f"{self.path}: {what} (before byte {offset})", path=str(self.path), offset=offset
        )


class _DamagedError(Exception):
    """What an optional decompressor calls damage."""


class _Decoder(Protocol):
    finished: bool
    unused: bytes

    def feed(self, data: bytes) -> Iterator[bytes]: ...


class _Gzip:
    """One gzip member."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=31)
        self.finished = False
        self.unused = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        decoder = self._decoder
        while data and not decoder.eof:
            yield decoder.decompress(data, _MOST)
            data = decoder.unconsumed_tail
        self.finished = decoder.eof
        self.unused = decoder.unused_data


class _Xz:
    """One xz stream."""

    def __init__(self) -> None:
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        self.finished = False
        self.unused = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        decoder = self._decoder
        yield decoder.decompress(data, _MOST)
        while not decoder.needs_input and not decoder.eof:
            yield decoder.decompress(b"", _MOST)
        self.finished = decoder.eof
        self.unused = decoder.unused_data


class _Zstd:
    """One zstd frame; fed in small pieces, because it has no cap of its own."""

    _STEP: Final = 1 << 14

    def __init__(self) -> None:
        try:
            import zstandard
        except ImportError as cause:
            raise EnvironmentFault(
                "reading .zst needs the package zstandard: pip install zstandard"
            ) from cause
        self._error = zstandard.ZstdError
        self._decoder = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        self.finished = False
        self.unused = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), self._STEP):
            try:
                yield self._decoder.decompress(data[start : start + self._STEP])
            except self._error as cause:
                raise _DamagedError(str(cause)) from cause
            if self._decoder.eof:
                self.finished = True
                self.unused = self._decoder.unused_data + data[start + self._STEP :]
                return


_DAMAGES: Final = (zlib.error, lzma.LZMAError, _DamagedError)
_DECODERS: Final[dict[str, Callable[[], _Decoder]]] = {"gzip": _Gzip, "zstd": _Zstd, "xz": _Xz}
