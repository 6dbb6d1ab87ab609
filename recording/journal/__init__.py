"""The journal: everything that can shape an output, in one order, on disk before it is answered.

::

    layout.py    the bytes: file header, entry head, footer, chained hash
    codec.py     an entry of ``recording.entries`` to its payload and back
    folder.py    where segments lie, their names, the lock of a recordings folder
    segment.py   one open file: unbuffered writes, syncs; what crash-proofing will replace
    writer.py    one stream's journal: rolls segments, reports what is durable
    reader.py    streaming, stops at damage and says where

A journal belongs to one instrument and source. It knows no sockets and no clock: the time of
receipt is a parameter.
"""

from recording.journal.folder import FolderLock, JournalStream, journal_streams, segments_of
from recording.journal.reader import JournalReader, JournalReport, read_journal
from recording.journal.writer import JournalWriter, RollRules

__all__ = [
    "FolderLock",
    "JournalReader",
    "JournalReport",
    "JournalStream",
    "JournalWriter",
    "RollRules",
    "journal_streams",
    "read_journal",
    "segments_of",
]
