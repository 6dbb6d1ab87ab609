"""Where a request's body ends: by its length, or chunk by chunk (RFC 9112, section 7.1), strictly.

Chunk extensions and trailers are refused: nobody needs them here, and readers differ about them.
"""

import re
from typing import Final, Protocol

from server.guard.heads import Refusal
from wire.codes import ErrorCode

__all__ = ["Body", "ChunkedBody", "LengthBody"]

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_SIZE_BEGUN: Final = re.compile(rb"[0-9A-Fa-f]{0,8}|[0-9A-Fa-f]{1,8}\r")
_SIZE_BYTES: Final = 10
_CHUNKS: Final = 8192


class Body(Protocol):
    """The body of the request that is being read."""

    @property
    def done(self) -> bool:
        """Whether its last byte was taken."""

    def take(self, data: bytearray) -> bytes | Refusal:
        """Take its bytes off the beginning of ``data``; what belongs to nobody yet stays."""


class LengthBody:
    """A body of a known size."""

    def __init__(self, size: int) -> None:
        self._left = size

    @property
    def done(self) -> bool:
        """Whether its last byte was taken."""
        return not self._left

    def take(self, data: bytearray) -> bytes:
        """Take its bytes off the beginning of ``data``."""
        part = bytes(data[: self._left])
        del data[: len(part)]
        self._left -= len(part)
        return part


class ChunkedBody:
    """A body whose size nobody knew when it began."""

    def __init__(self, limit: int) -> None:
        """Begin before the first chunk.

        Args:
            limit: most bytes of all chunks together.
        """
        self.done = False
        self._limit = limit
        self._chunks = 0
        self._size = 0
        self._left = 0
        self._last = False

    def take(self, data: bytearray) -> bytes | Refusal:
        """Take whole chunks and parts of one off the beginning of ``data``.

        Returns:
            their payload; a refusal for what is malformed or too large.
        """
        parts: list[bytes] = []
        at, refused = 0, None
        while not self.done and refused is None:
            if self._left > 2:
                part = bytes(data[at : at + self._left - 2])
                if not part:
                    break
                parts.append(part)
                at += len(part)
                self._left -= len(part)
            elif self._left:
                end = bytes(data[at : at + 2])
                if len(end) < 2 and end in (b"", b"\r"):
                    break
                refused = self._chunk_end(end)
                at += 2
            else:
                found = _SIZE.match(data, at)
                if found is None:
                    if not _SIZE_BEGUN.fullmatch(data, at, at + _SIZE_BYTES):
                        refused = _bad("a chunk's size is not a number in hexadecimal")
                    break
                at = found.end()
                refused = self._begin(int(found[1], 16))
        del data[:at]
        return b"".join(parts) if refused is None else refused

    def _begin(self, size: int) -> Refusal | None:
        self._last = not size
        self._left = size + 2
        self._size += size
        self._chunks += 1
        if self._size > self._limit:
            return Refusal(ErrorCode.TOO_LARGE, f"more than {self._limit} bytes")
        return _bad(f"more than {_CHUNKS} chunks") if self._chunks > _CHUNKS else None

    def _chunk_end(self, end: bytes) -> Refusal | None:
        if end != b"\r\n":
            return _bad("trailers are not taken" if self._last else "a chunk has no end")
        self._left = 0
        self.done = self._last
        return None


def _bad(reason: str) -> Refusal:
    return Refusal(ErrorCode.BAD_REQUEST, reason)
