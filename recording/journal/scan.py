"""One segment file by its checksums alone: its whole entries, and how it ends.

Reader, recovery, verification and repair all see a file through :class:`SegmentScan`, so they
cannot disagree on what is damage. An entry is *whole* when the CRC of its head and of its payload
hold (of a frame also the CRC of its records). The scan goes from entry to entry; at the first that
is not whole it looks on, byte by byte:

========= ========================================================================================
ending    meaning
========= ========================================================================================
clean     the footer is there and agrees with the entries
open      the file ends after a whole entry (or its header), without a footer
torn      it ends with bytes that are no whole entry, and no whole entry follows anywhere in them:
          the unfinished write of a killed process or a power loss
headless  torn within the file header: nothing in the file can be trusted, nothing was recorded
damaged   a whole entry follows the bad one, the footer contradicts what is before it, bytes follow
          the footer, or the file is of a later format
========= ========================================================================================

Reads stay within the size that the file had when it was opened, so a segment that is being written
is seen as of one moment. Memory is bounded by the largest entry.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from recording.journal.layout import (
    CARRIED,
    EMPTY_HASH,
    HEAD_SIZE,
    HEADER_SIZE,
    MAX_PAYLOAD,
    Chain,
    EntryType,
    FileHeader,
    Footer,
    Head,
    header_holds,
    payload_holds,
    unpack_file_header,
    unpack_footer,
    unpack_head,
)

__all__ = ["Damage", "Ending", "SegmentScan", "next_whole_entry", "whole_entries"]

_BUFFER: Final = 1 << 20


class Ending(StrEnum):
    """How a segment ends; see the module."""

    CLEAN = "clean"
    OPEN = "open"
    TORN = "torn"
    HEADLESS = "headless"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong, and where.

    Attributes:
        path: the file.
        offset: byte of the entry that is not whole; -1: the fault is not in the bytes of a file.
        what: in words.
        resumes: byte of the next whole entry, -1 if there is none.
    """

    path: Path
    offset: int
    what: str
    resumes: int = -1

    def __str__(self) -> str:
        """One line for people."""
        place = f" at byte {self.offset}" if self.offset >= 0 else ""
        return f"{self.path}: {self.what}{place}"


class SegmentScan:
    """The whole entries of one file; iterate once, then ``ending`` says how it ends.

    Attributes:
        path: the file.
        size: bytes it had when it was opened.
        header: its facts; None when they do not hold.
        end: byte after the last whole entry so far, the footer not counted.
        count: whole entries so far, the footer not counted.
        received: of the last whole entry, or of the header.
        digest: the chained hash up to ``end``; valid between two entries.
        footer: of a clean segment.
        ending: None before the end.
        damage: what stopped the scan, for every ending but ``clean`` and ``open``.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """Read the file header of a file that was opened for reading, at its start."""
        self.path = path
        self._file = file
        self.size = file.seek(0, 2)
        file.seek(0)
        self.header: FileHeader | None = None
        self.end = 0
        self.count = 0
        self.received = 0
        self.footer: Footer | None = None
        self.ending: Ending | None = None
        self.damage: Damage | None = None
        self._resumes = -1
        self._chain = Chain(EMPTY_HASH, b"")
        self._open()

    @property
    def digest(self) -> bytes:
        """The chained hash over what was read so far."""
        return self._chain.digest()

    @property
    def torn(self) -> int:
        """Bytes after the last whole entry."""
        return self.size - self.end

    def _open(self) -> None:
        data = self._file.read(min(HEADER_SIZE, self.size))
        if len(data) < HEADER_SIZE:
            what = "the file ends within its header" if data else "the file is empty"
            self._stop(Ending.HEADLESS, what)
            return
        header = unpack_file_header(data)
        if isinstance(header, str):
            foreign = header_holds(data)
            ending = Ending.DAMAGED if foreign else self._kind_of_end(Ending.HEADLESS)
            self._stop(ending, header)
            return
        self.header = header
        self.received = header.created
        self._chain = Chain(header.previous, data)
        self.end = HEADER_SIZE

    def __iter__(self) -> Iterator[tuple[Head, bytes]]:
        """Heads and payloads of the whole entries, the footer not among them."""
        read = self._file.read
        while self.ending is None:
            left = self.size - self.end
            if not left:
                return self._stop(Ending.OPEN, "")
            data = read(min(HEAD_SIZE, left))
            head = unpack_head(data) if len(data) == HEAD_SIZE else None
            if head is None:
                return self._bad("the head of an entry is cut off or damaged")
            if head.length > left - HEAD_SIZE:
                return self._bad("an entry is cut off")
            payload = read(head.length)
            if not payload_holds(head, payload):
                return self._bad("the checksum of an entry does not hold")
            if head.type == EntryType.FOOTER:
                return self._close(payload)
            self._chain.add(data)
            self.end += HEAD_SIZE + head.length
            self.count += 1
            self.received = head.received
            yield head, payload

    def run(self) -> Ending:
        """Scan to the end."""
        for _ in self:
            pass
        assert self.ending is not None
        return self.ending

    def _close(self, payload: bytes) -> None:
        assert self.header is not None
        footer = unpack_footer(payload, self.header.version)
        if footer is None:
            self._stop(Ending.DAMAGED, "the footer has the wrong length")
        elif footer.entries != self.count or footer.digest != self.digest:
            self._stop(Ending.DAMAGED, "the footer does not agree with the entries before it")
        elif self.end + HEAD_SIZE + len(payload) != self.size:
            self._stop(Ending.DAMAGED, "there are bytes after the footer")
        else:
            self.footer = footer
            self._stop(Ending.CLEAN, "")

    def _bad(self, what: str) -> None:
        self._stop(self._kind_of_end(Ending.TORN), what)

    def _kind_of_end(self, harmless: Ending) -> Ending:
        self._resumes = next_whole_entry(self._file, self.end + 1, self.size)
        return harmless if self._resumes < 0 else Ending.DAMAGED

    def _stop(self, ending: Ending, what: str) -> None:
        self.ending = ending
        if what:
            self.damage = Damage(self.path, self.end, what, self._resumes)


def whole_entries(file: BinaryIO, start: int, size: int) -> Iterator[tuple[int, Head, bytes]]:
    """Offset, head and payload of every whole entry from ``start`` on, whatever lies between.

    Args:
        file: opened for reading; its position is moved.
        start: first byte to look at.
        size: of the file.
    """
    offset = start
    while offset <= size - HEAD_SIZE:
        file.seek(offset)
        head = unpack_head(file.read(HEAD_SIZE))
        payload = b""
        whole = head is not None and head.length <= size - offset - HEAD_SIZE
        if head is not None and whole:
            payload = file.read(head.length)
            whole = payload_holds(head, payload)
        if head is None or not whole:
            offset = next_whole_entry(file, offset + 1, size)
            if offset < 0:
                return
            continue
        yield offset, head, payload
        offset += HEAD_SIZE + head.length


def next_whole_entry(file: BinaryIO, start: int, size: int) -> int:
    """The byte where the next whole entry begins, at any alignment; -1 if there is none.

    Args:
        file: opened for reading; its position is moved.
        start: first byte to look at.
        size: of the file.
    """
    while start <= size - HEAD_SIZE:
        file.seek(start)
        data = file.read(min(_BUFFER + HEAD_SIZE - 1, size - start))
        for place in _head_places(data, size - start):
            head = unpack_head(data[place : place + HEAD_SIZE])
            if head is not None and head.length <= size - start - place - HEAD_SIZE:
                file.seek(start + place + HEAD_SIZE)
                if payload_holds(head, file.read(head.length)):
                    return start + place
        if len(data) < HEAD_SIZE:
            return -1
        start += len(data) - HEAD_SIZE + 1
    return -1


def _head_places(data: bytes, left: int) -> list[int]:
    """Where a head could begin, by its fields without a checksum; cheap, as tails may be long."""
    count = len(data) - HEAD_SIZE + 1
    if count <= 0:
        return []
    raw = np.frombuffer(data, np.uint8)
    at = [raw[field : field + count] for field in range(12)]
    fits = (at[10] == 0) & (at[11] == 0) & (at[9] <= CARRIED) & (at[8] != 0)
    places = np.flatnonzero(fits)
    length = np.zeros(len(places), np.int64)
    for byte in range(4):
        length |= at[byte][places].astype(np.int64) << (8 * byte)
    limit = min(MAX_PAYLOAD, left)
    found: list[int] = places[length <= limit].tolist()
    return found
