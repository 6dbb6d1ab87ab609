r"""The bytes of a journal segment. All integers are little-endian.

File header, 64 bytes:

======  =======  ========  ======================================================================
offset  type     field     meaning
======  =======  ========  ======================================================================
0       8 bytes  magic     ``DBJ\r\n\x1a\n\0``: a text-mode copy damages it visibly
8       u16      version   1
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
hold the payloads' CRCs, so the chain notices an entry that is lost, moved or replaced.
"""

import hashlib
import struct
import zlib
from enum import IntEnum
from typing import Final, NamedTuple

__all__ = [
    "CARRIED",
    "EMPTY_HASH",
    "ENTRY_HEAD",
    "FILE_HEADER",
    "FOOTER",
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
    "Head",
    "pack_file_header",
    "pack_head",
    "payload_crc",
    "unpack_file_header",
    "unpack_head",
]

MAGIC: Final = b"DBJ\r\n\x1a\n\0"
FORMAT_VERSION: Final = 1
FILE_HEADER: Final = struct.Struct("<8sHHIq32sI")
ENTRY_HEAD: Final = struct.Struct("<IIBBHq")
FOOTER: Final = struct.Struct("<Q32s")
_CRC: Final = struct.Struct("<I")
HEADER_SIZE: Final = FILE_HEADER.size + _CRC.size
HEAD_SIZE: Final = ENTRY_HEAD.size + _CRC.size
HASH_SIZE: Final = 32
EMPTY_HASH: Final = bytes(HASH_SIZE)
FRAME_HEADER_SIZE: Final = 40
CARRIED: Final = 1
MAX_PAYLOAD: Final = 2 << 20
"""Above the wire's frame limit; a longer entry cannot be one of ours."""


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
    FOOTER = 255


class FileHeader(NamedTuple):
    """The facts of a segment's first 64 bytes."""

    number: int
    created: int
    previous: bytes


class Head(NamedTuple):
    """The facts of an entry's head."""

    length: int
    crc: int
    type: int
    flags: int
    received: int


class Chain:
    """The running hash over a segment's header and entry heads."""

    __slots__ = ("_hash",)

    def __init__(self, previous: bytes, header: bytes) -> None:
        self._hash = hashlib.blake2b(previous + header, digest_size=HASH_SIZE)

    def add(self, head: bytes) -> None:
        """Take the 24 bytes of one entry's head."""
        self._hash.update(head)

    def digest(self) -> bytes:
        """The 32 bytes of the hash so far."""
        return self._hash.digest()


def pack_file_header(header: FileHeader) -> bytes:
    """The 64 bytes at a segment's start."""
    body = FILE_HEADER.pack(
        MAGIC, FORMAT_VERSION, HEADER_SIZE, header.number, header.created, header.previous, 0
    )
    return body + _CRC.pack(zlib.crc32(body))


def unpack_file_header(data: bytes) -> FileHeader | str:
    """The header's facts, or what is wrong with these 64 bytes."""
    magic, version, size, number, created, previous, reserved = FILE_HEADER.unpack_from(data)
    if magic != MAGIC:
        return "not a Depthbridge journal"
    if zlib.crc32(data[: FILE_HEADER.size]) != _CRC.unpack_from(data, FILE_HEADER.size)[0]:
        return "the file header is damaged"
    if version != FORMAT_VERSION or size != HEADER_SIZE or reserved:
        return f"journal format {version} is not one of this program (it reads {FORMAT_VERSION})"
    return FileHeader(number, created, previous)


def pack_head(head: Head) -> bytes:
    """The 24 bytes before an entry's payload."""
    body = ENTRY_HEAD.pack(head.length, head.crc, head.type, head.flags, 0, head.received)
    return body + _CRC.pack(zlib.crc32(body))


def unpack_head(data: bytes) -> Head | None:
    """The head's facts, or None if its CRC does not hold."""
    if zlib.crc32(data[: ENTRY_HEAD.size]) != _CRC.unpack_from(data, ENTRY_HEAD.size)[0]:
        return None
    length, crc, kind, flags, reserved, received = ENTRY_HEAD.unpack_from(data)
    if reserved or flags > CARRIED or length > MAX_PAYLOAD:
        return None
    return Head(length, crc, kind, flags, received)


def payload_crc(kind: int, payload: bytes | memoryview) -> int:
    """The CRC-32 that the head holds for this payload."""
    if kind == EntryType.FRAME:
        return zlib.crc32(payload[:FRAME_HEADER_SIZE])
    return zlib.crc32(payload)
