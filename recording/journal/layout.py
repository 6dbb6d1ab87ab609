r"""The bytes of a journal segment. All integers are little-endian.

File header, 64 bytes:

======  =======  ========  ======================================================================
offset  type     field     meaning
======  =======  ========  ======================================================================
0       8 bytes  magic     ``DBJ\r\n\x1a\n\0``: a text-mode copy damages it visibly
8       u16      version   2; journals of version 1 are read as well
10      u16      size      64
12      u32      number    of this segment within its journal, from 1
16      i64      created   receive time of the first entry, ns UTC
24      32 b     previous  chained hash of the segment before, zero at a journal's start
56      u32      reserved  0
60      u32      crc       CRC-32 of the 60 bytes before
======  =======  ========  ======================================================================

Then entries, each a head of 24 bytes and its payload:

======  ====  ==========  ======================================================================
0       u32   length      bytes of payload
4       u32   crc         CRC-32 of the payload; of a frame: of its 40 header bytes, whose own
                          ``crc32`` field covers the records (so they are summed only once)
8       u8    type        :class:`EntryType`
9       u8    flags       bit 0 carried: repeats the state at a roll, skipped in a chain
10      u16   reserved    0
12      i64   received    the server's clock at receipt, ns UTC
20      u32   head_crc    CRC-32 of the 20 bytes before, so that a wrong length is seen as damage
======  ====  ==========  ======================================================================

The last entry of a cleanly closed segment is the footer: u64 count of entries before it, then the
chained hash, BLAKE2b-256 over ``previous``, the file header and every entry head, in order. Heads
hold the payloads' CRCs, so the chain notices an entry that is lost, moved or replaced. From version
2 on 32 bytes follow: the digest of the output that the segment's entries led to, zeros if unknown.

A mark says what was on disk when it was written: u32 number of a segment, u64 offset; everything of
the journal before that byte of that segment. It is written along with the first entry after a sync.
Recovery needs it: what no mark claims may be lost by a power failure, what one claims was damaged.
"""

import hashlib
import struct
import zlib
from enum import IntEnum
from typing import Final, NamedTuple

__all__ = [
    "CARRIED",
    "EMPTY_HASH",
    "FORMAT_VERSION",
    "FRAME_HEADER_SIZE",
    "HASH_SIZE",
    "HEADER_SIZE",
    "HEAD_SIZE",
    "MAGIC",
    "MAX_PAYLOAD",
    "Chain",
    "EntryType",
    "FileHeader",
    "Footer",
    "Head",
    "Mark",
    "header_holds",
    "pack_entry",
    "pack_file_header",
    "pack_footer",
    "pack_head",
    "pack_mark",
    "payload_crc",
    "payload_holds",
    "unpack_file_header",
    "unpack_footer",
    "unpack_head",
    "unpack_mark",
]

MAGIC: Final = b"DBJ\r\n\x1a\n\0"
FORMAT_VERSION: Final = 2
_READABLE: Final = (1, 2)
_FILE_HEADER: Final = struct.Struct("<8sHHIq32sI")
_ENTRY_HEAD: Final = struct.Struct("<IIBBHq")
_FOOTERS: Final = {1: struct.Struct("<Q32s"), 2: struct.Struct("<Q32s32s")}
_MARK: Final = struct.Struct("<IQ")
_CRC: Final = struct.Struct("<I")
HEADER_SIZE: Final = _FILE_HEADER.size + _CRC.size
HEAD_SIZE: Final = _ENTRY_HEAD.size + _CRC.size
HASH_SIZE: Final = 32
EMPTY_HASH: Final = bytes(HASH_SIZE)
FRAME_HEADER_SIZE: Final = 40
CARRIED: Final = 1
MAX_PAYLOAD: Final = 16 << 20
"""Room for a checkpoint; far above the wire's frames. A longer entry cannot be one of ours."""
_FRAME_CRC: Final = struct.Struct("<32xI")
"""Where a frame's header keeps the CRC-32 of its records."""


class EntryType(IntEnum):
    """What an entry holds. Numbers never change their meaning; new ones are only appended."""

    FRAME = 1
    INSTRUMENT = 2
    SESSION = 3
    SETTINGS = 4
    PHASE = 5
    BAR = 6
    CLOCK = 7
    GAP = 8
    MAKERS = 9
    OUTPUT = 10
    CHECKPOINT = 11
    MESSAGE = 12
    MARK = 13
    HOLD = 14
    FOOTER = 255


class FileHeader(NamedTuple):
    """The facts of a segment's first 64 bytes."""

    number: int
    created: int
    previous: bytes
    version: int = FORMAT_VERSION


class Head(NamedTuple):
    """The facts of an entry's head."""

    length: int
    crc: int
    type: int
    flags: int
    received: int


class Footer(NamedTuple):
    """The facts of a segment's last entry; ``output`` is all zeros where it is unknown."""

    entries: int
    digest: bytes
    output: bytes = EMPTY_HASH


class Mark(NamedTuple):
    """Everything before this byte of this segment is on disk; marks compare in journal order."""

    number: int
    offset: int


class Chain:
    """The running hash over a segment's header and entry heads."""

    __slots__ = ("_hash",)

    def __init__(self, previous: bytes, header: bytes) -> None:
        self._hash = hashlib.blake2b(previous + header, digest_size=HASH_SIZE)

    def add(self, head: bytes) -> None:
        """Take the 24 bytes of one entry's head."""
        self._hash.update(head)

    def copy(self) -> "Chain":
        """One that goes on from here by itself."""
        other = Chain(b"", b"")
        other._hash = self._hash.copy()
        return other

    def digest(self) -> bytes:
        """The 32 bytes of the hash so far."""
        return self._hash.digest()


def pack_file_header(header: FileHeader) -> bytes:
    """The 64 bytes at a segment's start."""
    body = _FILE_HEADER.pack(
        MAGIC, header.version, HEADER_SIZE, header.number, header.created, header.previous, 0
    )
    return body + _CRC.pack(zlib.crc32(body))


def header_holds(data: bytes) -> bool:
    """Whether these 64 bytes are a header as it was written, of whatever version."""
    crc: int = _CRC.unpack_from(data, _FILE_HEADER.size)[0]
    return data.startswith(MAGIC) and zlib.crc32(data[: _FILE_HEADER.size]) == crc


def unpack_file_header(data: bytes) -> FileHeader | str:
    """The header's facts, or what is wrong with these 64 bytes."""
    magic, version, size, number, created, previous, reserved = _FILE_HEADER.unpack_from(data)
    if magic != MAGIC:
        return "not a Depthbridge journal"
    if not header_holds(data):
        return "the file header is damaged"
    if version not in _READABLE or size != HEADER_SIZE or reserved:
        return (
            f"journal format {version} is not one of this program (it reads up to {_READABLE[-1]})"
        )
    return FileHeader(number, created, previous, version)


def pack_head(head: Head) -> bytes:
    """The 24 bytes before an entry's payload."""
    body = _ENTRY_HEAD.pack(head.length, head.crc, head.type, head.flags, 0, head.received)
    return body + _CRC.pack(zlib.crc32(body))


def pack_entry(kind: int, payload: bytes, flags: int, received: int) -> tuple[bytes, bytes]:
    """Head and payload of an entry, and the head alone, which the chain takes."""
    head = pack_head(Head(len(payload), payload_crc(kind, payload), kind, flags, received))
    return head + payload, head


def unpack_head(data: bytes) -> Head | None:
    """The head's facts, or None if its CRC does not hold."""
    if zlib.crc32(data[: _ENTRY_HEAD.size]) != _CRC.unpack_from(data, _ENTRY_HEAD.size)[0]:
        return None
    length, crc, kind, flags, reserved, received = _ENTRY_HEAD.unpack_from(data)
    if reserved or not kind or flags > CARRIED or length > MAX_PAYLOAD:
        return None
    return Head(length, crc, kind, flags, received)


def payload_crc(kind: int, payload: bytes | memoryview) -> int:
    """The CRC-32 that the head holds for this payload."""
    if kind == EntryType.FRAME:
        return zlib.crc32(payload[:FRAME_HEADER_SIZE])
    return zlib.crc32(payload)


def payload_holds(head: Head, payload: bytes | memoryview) -> bool:
    """Whether these are the bytes that were written: all of them, a frame's records included."""
    if len(payload) != head.length or payload_crc(head.type, payload) != head.crc:
        return False
    if head.type != EntryType.FRAME:
        return True
    if len(payload) < FRAME_HEADER_SIZE:
        return False
    crc: int = _FRAME_CRC.unpack_from(payload)[0]
    return zlib.crc32(payload[FRAME_HEADER_SIZE:]) == crc


def pack_footer(footer: Footer, version: int) -> bytes:
    """The payload of a footer; version 1 has no room for the output's digest."""
    if version == 1:
        return _FOOTERS[1].pack(footer.entries, footer.digest)
    return _FOOTERS[version].pack(*footer)


def unpack_footer(payload: bytes, version: int) -> Footer | None:
    """The footer's facts, or None if it has another length."""
    layout = _FOOTERS[version]
    return Footer(*layout.unpack(payload)) if len(payload) == layout.size else None


def pack_mark(mark: Mark) -> bytes:
    """The payload of a mark."""
    return _MARK.pack(*mark)


def unpack_mark(payload: bytes) -> Mark | None:
    """The mark's facts, or None if it has another length."""
    return Mark(*_MARK.unpack(payload)) if len(payload) == _MARK.size else None
