"""The journal: everything that can shape an output, in one order, on disk before it is answered.

::

    layout.py    the bytes: file header, entry head, footer, chained hash
    codec.py     an entry of ``recording.entries`` to its payload and back
    folder.py    where segments lie, their names, the lock of a recordings folder
    segment.py   the disk: unbuffered writes, syncs; what tests replace by a worse one
    files.py     the segments of one journal while it is written: begin, append, end
    unsynced.py  what is written and not known to be on disk
    writer.py    one stream's journal: rolls segments, reports what is durable
    scan.py      one file by its checksums: whole entries, and what its end means
    judge.py     the parts together: what a crash leaves, what is missing, holes, damage
    reader.py    streaming, stops at damage and says where
    recover.py   before a journal is written again: cuts off what a crash left
    verify.py    everything that is wrong with a journal
    repair.py    on request: what is whole in a damaged journal, with its holes marked
    held.py      which numbers it holds, by session: a server takes none of them twice

A journal belongs to one instrument and source. It knows no sockets and no clock: the time of
receipt is a parameter.
"""

from recording.journal.folder import FolderLock, JournalStream, journal_streams, segments_of
from recording.journal.reader import JournalReader, JournalReport, read_journal
from recording.journal.recover import Recovered, recover
from recording.journal.repair import RepairReport, repair
from recording.journal.verify import VerifyReport, verify
from recording.journal.writer import JournalWriter, RollRules

__all__ = [
    "FolderLock",
    "JournalReader",
    "JournalReport",
    "JournalStream",
    "JournalWriter",
    "Recovered",
    "RepairReport",
    "RollRules",
    "VerifyReport",
    "journal_streams",
    "read_journal",
    "recover",
    "repair",
    "segments_of",
    "verify",
]
