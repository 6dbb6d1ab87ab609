"""A digest of what a stream put out, so that a replay can show that it puts out the same.

Of every entry that leads to something: the words of its metrics row, or where it makes none the
new phase with number and time, then its cluster events, as they lie in memory. BLAKE2b-256 in
order, begun anew with every segment of the journal.
"""

import hashlib
import struct
from typing import Final

from market.enums import Phase
from recording.entries import OutputEntry
from recording.stream import Result, Stream

__all__ = ["EVERY", "UNKNOWN", "OutputDigest"]

EVERY: Final = 256
"""Outputs between two records of the digest."""
UNKNOWN: Final = bytes(32)
"""In the place of a digest: nobody knows it."""
_SAID: Final = struct.Struct("<8sqq")


class OutputDigest:
    """Of the outputs of one stream since the beginning of a segment.

    Attributes:
        count: outputs since then.
        known: whether all of them are in it; if not, it says nothing.
    """

    __slots__ = ("_digest", "_told", "count", "known")

    def __init__(self) -> None:
        self.begin()

    def begin(self, *, known: bool = True) -> None:
        """A segment begins; ``known`` False: with outputs that belong to another one."""
        self._digest = hashlib.blake2b(digest_size=len(UNKNOWN))
        self._told = 0
        self.count = 0
        self.known = known

    def add(self, stream: Stream, result: Result) -> None:
        """Take what an entry led to, before the next one is applied."""
        events = result.events
        if result.emits:
            self._digest.update(stream.analyzer.row_words)
        elif result.publishes:
            phase = stream.phase.value.encode()
            self._digest.update(_SAID.pack(phase, stream.expected, stream.analyzer.clock))
        elif not len(events):
            return
        if len(events):
            self._digest.update(events.tobytes())
        self.count += 1

    @property
    def due(self) -> bool:
        """Whether it is time for a record of it."""
        return self.count - self._told >= EVERY

    def entry(self, stream: Stream, segment: int) -> OutputEntry:
        """A record of it, for the journal."""
        self._told = self.count
        return OutputEntry(segment, self.count, self._digest.digest(), stream.analyzer.row_words.tobytes())

    def value(self) -> bytes:
        """The 32 bytes; ``UNKNOWN`` where it says nothing."""
        return self._digest.digest() if self.known and self.count else UNKNOWN
