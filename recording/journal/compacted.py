"""A compacted file where segments stood: read like a segment, by the same rules.

``recording.compaction`` makes such files; ``recording.table`` is their format. The metadata
``journal`` keeps of each segment its number, version, count of entries, end and chained hash, so
that a compacted day is joined to the segments around it as they were.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from market.errors import DataError, FileFormatError
from market.record import Frame
from recording.entries import Entry, FrameEntry
from recording.journal.codec import decode_entry
from recording.journal.layout import EMPTY_HASH, FileHeader
from recording.journal.scan import Damage, Ending
from recording.table import TableReader

__all__ = ["CompactedScan", "SegmentFacts"]

SegmentFacts = dict[str, object]
"""What a table says of a segment: ``number``, ``created``, ``version``, ``entries``, ``kept``,
``ending``, ``digest``, ``output``, ``previous`` (hex)."""
_FACTS: Final = ("number", "created", "version", "kept", "ending", "digest", "previous")


class CompactedScan:
    """The entries of one compacted file; attributes as of ``SegmentScan``.

    Attributes:
        path: the file.
        header: number, time and predecessor of its first segment; None when they cannot be read.
        last: number of its last segment.
        segments: what it says of each segment.
        count: entries so far.
        rows: records that are rows.
        digest: the chained hash at the end of its last segment.
        ending: of the last segment; damaged when the file is.
        end: 0, for a table has no byte where it stops.
        damage: what is wrong with the file.
    """

    def __init__(self, path: Path) -> None:
        """Read the metadata."""
        self.path = path
        self.header: FileHeader | None = None
        self.segments: list[SegmentFacts] = []
        self.last = 0
        self.count = self.rows = self.end = self.torn = 0
        self.digest = EMPTY_HASH
        self.ending: Ending | None = None
        self.damage: Damage | None = None
        self._table: TableReader | None = None
        try:
            self._table = TableReader(path)
            self._take_facts(json.loads(self._table.metadata["journal"])["segments"])
        except FileFormatError as cause:
            self._stop(cause.message.removeprefix(f"{path}: "))
        except (KeyError, ValueError, TypeError, IndexError):
            self._stop("the file does not say which segments it stands for")

    def __enter__(self) -> "CompactedScan":
        return self

    def __exit__(self, *_: object) -> None:
        if self._table is not None:
            self._table.close()

    def _take_facts(self, segments: list[SegmentFacts]) -> None:
        assert self._table is not None
        facts = [[segment[name] for name in _FACTS] for segment in segments]
        number, created, version, _, _, _, previous = facts[0]
        self.segments = segments
        self.rows = self._table.rows
        self.last = int(str(facts[-1][0]))
        self.digest = bytes.fromhex(str(facts[-1][5]))
        self.header = FileHeader(
            int(str(number)),
            int(str(created)),
            bytes.fromhex(str(previous)),
            int(str(version)),
        )

    def entries(self) -> Iterator[tuple[int, int, Entry]]:
        """Receive time, flags and entry of each; the damage that ends them is in ``damage``."""
        if self._table is None or self.ending is not None:
            return
        try:
            for received, item, _ in self._table:
                self.count += 1
                if isinstance(item, Frame):
                    yield received, 0, FrameEntry(item)
                else:
                    yield received, item.flags, decode_entry(item.kind, item.payload)
        except DataError as cause:
            self._stop(cause.message.removeprefix(f"{self.path}: "))
            return
        if self.count != sum(int(str(segment["kept"])) for segment in self.segments):
            self._stop("the file does not hold all its entries")
            return
        self.ending = Ending(str(self.segments[-1]["ending"]))

    def run(self) -> None:
        """Read to the end."""
        for _ in self.entries():
            pass

    def _stop(self, what: str) -> None:
        self.ending = Ending.DAMAGED
        self.damage = Damage(self.path, 0, what)
