"""WebSocket frames of a client (RFC 6455) from bytes, one at a time, within limits.

One call of ``next`` handles at most one frame, so that whoever drives it decides how many frames
are worked on in one turn. A message over a limit is refused at the frame's header: nothing of the
announced payload is kept. No extension is ever agreed on, so a reserved bit is an error.
"""

import codecs
from enum import IntEnum
from typing import Final, NamedTuple

from market.enums import at_hand

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

__all__ = ["FrameReader", "Got", "Refused"]

_CONTINUATION: Final = 0
_TEXT: Final = 1
_BINARY: Final = 2
_CLOSE: Final = 8
_LARGEST_CONTROL: Final = 125
_OPCODES: Final = frozenset((0, 1, 2, 8, 9, 10))
_KEEP: Final = 1 << 16
"""Handled bytes that may stay at the buffer's beginning before it is moved up."""
_PROTOCOL_ERROR: Final = 1002
_NOT_UTF8: Final = 1007


@at_hand
class Got(IntEnum):
    """What a frame brought."""

    TEXT = 1
    """A whole text message: str."""
    BINARY = 2
    """A whole binary message: bytes."""
    PART = 3
    """A fragment that does not end its message."""
    CLOSE = 8
    """A close frame: its payload, not judged."""
    PING = 9
    PONG = 10
    REFUSED = 16
    """The connection must end: a :class:`Refused`. Nothing follows."""


_GOT_BINARY: Final = Got.BINARY


class Refused(NamedTuple):
    """Why a connection must end.

    Attributes:
        code: 1002 or 1007; 0: a limit, ``limit`` says which.
        reason: in words.
        limit: ``bytes`` or ``fragments``, if one was exceeded.
    """

    code: int
    reason: str
    limit: str = ""


class FrameReader:
    """Frames of one connection, after its handshake."""

    def __init__(self, *, message_bytes: int, fragments: int) -> None:
        """Begin at a frame's first byte.

        Args:
            message_bytes: largest message.
            fragments: most frames of one message.
        """
        self._most_bytes = message_bytes
        self._most_parts = fragments
        self._data = bytearray()
        self._at = 0
        self._kind = 0
        self._parts: list[bytes] = []
        self._texts: list[str] = []
        self._size = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._ended = False

    @property
    def held(self) -> int:
        """Bytes in memory: not yet handled, and parts of an unfinished message."""
        return len(self._data) - self._at + self._size

    def feed(self, data: bytes) -> None:
        """Append what arrived; nothing after a refusal."""
        if self._ended:
            return
        if self._at == len(self._data):
            self._data.clear()
            self._at = 0
        elif self._at > _KEEP:
            del self._data[: self._at]
            self._at = 0
        self._data += data

    def next(self) -> tuple[Got, bytes | str | Refused] | None:
        """Handle one frame; None: more bytes are needed."""
        data, at = self._data, self._at
        room = len(data) - at
        if room < 2 or self._ended:
            return None
        first, second = data[at], data[at + 1]
        opcode, size, head = first & 15, second & 127, 6
        if first & 0x70 or opcode not in _OPCODES or not second & 0x80:
            return self._bad_header(first, opcode)
        if opcode >= _CLOSE:
            if size > _LARGEST_CONTROL or not first & 0x80:
                return self._refused("a control frame is too long or fragmented")
        else:
            if (opcode != _CONTINUATION) == (self._kind != 0):
                return self._refused("fragments out of order")
            if size == 126:
                head = 8
                if room < 4:
                    return None
                size = data[at + 2] << 8 | data[at + 3]
            elif size == 127:
                head = 14
                if room < 10:
                    return None
                size = int.from_bytes(data[at + 2 : at + 10])
            if self._size + size > self._most_bytes:
                return self._too_large(size)
        end = at + head + size
        if len(data) < end:
            return None
        self._at = end
        mask = data[at + head - 4 : at + head]
        if size < _KEEP:
            payload = apply_mask(data[at + head : end], mask)
        else:
            with memoryview(data) as whole, whole[at + head : end] as part:
                payload = apply_mask(part, mask)
            del data[:end]
            self._at = 0
        if opcode >= _CLOSE:
            return Got(opcode), payload
        if first & 0x80 and opcode:
            return self._whole(opcode, payload)
        return self._part(opcode, payload, last=bool(first & 0x80))

    def _whole(self, opcode: int, payload: bytes) -> tuple[Got, bytes | str | Refused]:
        """A message in one frame."""
        if opcode == _BINARY:
            return _GOT_BINARY, payload
        try:
            return Got.TEXT, payload.decode()
        except UnicodeDecodeError as error:
            return self._not_text(error)

    def _part(
        self, opcode: int, payload: bytes, *, last: bool
    ) -> tuple[Got, bytes | str | Refused]:
        """A frame of a fragmented message. Text is judged with each part, not at the end."""
        if opcode:
            self._kind = opcode
        self._parts.append(payload)
        self._size += len(payload)
        if self._kind == _TEXT:
            try:
                self._texts.append(self._decoder.decode(payload, last))
            except UnicodeDecodeError as error:
                return self._not_text(error)
        if not last:
            if len(self._parts) >= self._most_parts:
                self._end()
                return Got.REFUSED, Refused(
                    0, f"a message of more than {self._most_parts} fragments", "fragments"
                )
            return Got.PART, b""
        kind, self._kind, self._size = self._kind, 0, 0
        parts, self._parts = self._parts, []
        texts, self._texts = self._texts, []
        return (Got.TEXT, "".join(texts)) if kind == _TEXT else (Got.BINARY, b"".join(parts))

    def _bad_header(self, first: int, opcode: int) -> tuple[Got, Refused]:
        if first & 0x70:
            return self._refused("a reserved bit is set; no extension is in use")
        if opcode not in _OPCODES:
            return self._refused(f"opcode {opcode} is unknown")
        return self._refused("a frame is not masked")

    def _too_large(self, size: int) -> tuple[Got, Refused]:
        whole = self._size + size
        self._end()
        return Got.REFUSED, Refused(
            0, f"{whole} bytes exceed the limit {self._most_bytes}", "bytes"
        )

    def _not_text(self, error: UnicodeDecodeError) -> tuple[Got, Refused]:
        return self._refused(f"{error.reason} at byte {error.start}", _NOT_UTF8)

    def _refused(self, reason: str, code: int = _PROTOCOL_ERROR) -> tuple[Got, Refused]:
        self._end()
        return Got.REFUSED, Refused(code, reason)

    def _end(self) -> None:
        """Keep nothing and take nothing any more."""
        self._ended = True
        self._data = bytearray()
        self._at = self._size = 0
        self._parts, self._texts = [], []
