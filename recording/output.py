"""A digest of what a stream put out, so that a replay can show that it puts out the same.

Of every entry that leads to something: the words of its metrics row, or where it makes none the
new phase with number and time, then its cluster events, then its signals, as they lie in memory.
BLAKE2b-256 in order, begun anew with every segment of the journal.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Final

from recording.entries import Entry, OutputEntry
from recording.journal import JournalWriter
from recording.stream import Result, Stream

__all__ = ["EVERY", "UNKNOWN", "OutputDigest", "OutputRecorder"]

EVERY: Final = 256
"""Outputs between two records of the digest."""
UNKNOWN: Final = bytes(32)
"""In the place of a digest: nobody knows it."""
_SAID: Final = struct.Struct("<8sqq")


class OutputDigest:
    """Of the outputs of one stream since the beginning of a segment.

    Attributes:
        count: outputs since then.
    """

    __slots__ = ("_hash", "count")

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=len(UNKNOWN))
        self.count = 0

    def add(self, stream: Stream, result: Result) -> None:
        """Take what an entry led to, before the next one is applied."""
        events, signals = result.events, result.signals
        if result.emits:
            self._hash.update(stream.analyzer.row_memory)
        elif result.publishes:
            phase = stream.phase.value.encode()
            self._hash.update(_SAID.pack(phase, stream.expected, stream.analyzer.clock))
        elif not len(events) and not len(signals):
            return
        for told in (events, signals):
            if len(told):
                self._hash.update(told.tobytes())
        self.count += 1

    def entry(self, stream: Stream, segment: int) -> OutputEntry:
        """A record of it, for the journal."""
        row = stream.analyzer.row_memory.tobytes()
        return OutputEntry(segment, self.count, self._hash.digest(), row)

    def value(self) -> bytes:
        """The 32 bytes."""
        return self._hash.digest()


class OutputRecorder:
    """Gives a journal what belongs beside its entries: digests of the output, checkpoints.

    While entries wait for a disk that refuses them, the stream is ahead of the journal: then the
    digest of the segment is unknown, and it begins without a checkpoint.
    """

    def __init__(self, stream: Stream, journal: JournalWriter) -> None:
        """Hang on to the journal; every entry that is written must be applied, then told here."""
        self._stream = stream
        self._journal = journal
        self._digest = OutputDigest()
        self._told = 0
        self._known = True
        self._ended = False
        journal.digest = self._value
        journal.at_end = self._at_end
        journal.at_begin = self._at_begin

    def applied(self, result: Result) -> OutputEntry | None:
        """Take what the last entry led to; now and then a record that is to be written."""
        digest = self._digest
        digest.add(self._stream, result)
        if digest.count - self._told < EVERY or not self._known:
            return None
        self._told = digest.count
        return digest.entry(self._stream, self._journal.number)

    def _value(self) -> bytes:
        self._ended = True
        return self._digest.value() if self._known else UNKNOWN

    def _at_end(self) -> Sequence[Entry]:
        if not self._known or self._digest.count == self._told:
            return ()
        return (self._digest.entry(self._stream, self._journal.number),)

    def _at_begin(self, in_step: bool) -> Sequence[Entry]:
        """Outputs since the last footer, of entries that this segment begins with, are unknown."""
        self._known = in_step and (self._ended or not self._digest.count)
        self._digest = OutputDigest()
        self._told = 0
        self._ended = False
        if not in_step or self._stream.untouched:
            return ()
        return (self._stream.checkpoint(self._journal.trade_date),)
