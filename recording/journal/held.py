"""Which numbers a journal holds, by session: what a server must not take a second time.

Asked where a run does not go on, so damage is no obstacle: every whole entry counts, also behind a
hole, for a repair brings it back.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from market.enums import FrameFlag, FrameType
from market.errors import DataError
from market.record import HEADER
from recording.entries import BarEntry, Entry, SessionEntry
from recording.journal.codec import decode_entry, encode_entry
from recording.journal.compacted import CompactedScan
from recording.journal.folder import COMPACTED, parts_of
from recording.journal.layout import CARRIED, HEADER_SIZE, EntryType
from recording.journal.scan import SegmentScan, whole_entries

__all__ = ["numbers_held"]

_BUFFER: Final = 1 << 20
_Raw = tuple[int, int, bytes]
"""Type, flags and payload of an entry."""


@dataclass(slots=True)
class _Span:
    """What follows on a session's entry, up to the next one.

    Attributes:
        session: None: nobody said whose records these are; the session before goes on.
        settled: whether ``last`` can be relied on, or may be further back.
        last: highest number.
    """

    session: str | None
    settled: bool
    last: int


def numbers_held(home: Path) -> dict[str, int]:
    """The sessions at the end of a journal, each with the highest number that it has there.

    Reads back as far as the last session's numbers ask for, which is one segment as a rule.

    Args:
        home: ``<recordings>/<source>/<symbol>``; need not exist.
    """
    spans: list[_Span] = []
    for path in reversed(parts_of(home) if home.is_dir() else ()):
        spans = [*_spans(_entries(path)), *spans]
        if _is_settled(spans):
            break
    held: dict[str, int] = {}
    session: str | None = None
    for span in spans:
        session = span.session or session
        if session is not None:
            last = max(span.last, held.pop(session, 0))
            held[session] = last
    return held


def _is_settled(spans: Sequence[_Span]) -> bool:
    """Whether the last session is known, and a number of it."""
    for span in reversed(spans):
        if span.settled and span.session is not None:
            return True
        if span.session is not None:
            return False
    return False


def _spans(entries: Iterable[_Raw]) -> list[_Span]:
    spans = [_Span(None, settled=False, last=0)]
    for kind, flags, payload in entries:
        entry = _decoded(kind, payload)
        if isinstance(entry, SessionEntry):
            spans.append(_Span(entry.session, not flags & CARRIED, entry.seq - 1))
            continue
        number = entry.seq if isinstance(entry, BarEntry) else _number_of_frame(kind, payload)
        if number:
            spans[-1].settled = True
            spans[-1].last = max(spans[-1].last, number)
    return spans


def _decoded(kind: int, payload: bytes) -> Entry | None:
    """A session or a bar; None: something else, or nonsense with a right checksum."""
    if kind not in (EntryType.SESSION, EntryType.BAR):
        return None
    try:
        return decode_entry(kind, payload)
    except DataError:
        return None


def _number_of_frame(kind: int, payload: bytes) -> int:
    """The highest number that a frame takes or skips; 0: none. Its records are not looked at."""
    if kind != EntryType.FRAME:
        return 0
    _, _, form, flags, _, count, seq, *_ = HEADER.unpack_from(payload)
    if form == FrameType.EVENTS:
        return int(seq + count - 1) if count else 0
    return int(seq - 1) if flags & FrameFlag.LAST else 0


def _entries(path: Path) -> Iterator[_Raw]:
    """Every whole entry of a part, whatever lies between."""
    if path.suffix == COMPACTED:
        with CompactedScan(path) as table:
            for _, flags, entry in table.entries():
                kind, payload = encode_entry(entry)
                yield int(kind), flags, payload
        return
    with path.open("rb", buffering=_BUFFER) as file:
        scan = SegmentScan(path, file)
        start = 0 if scan.header is None else HEADER_SIZE
        for _, head, payload in whole_entries(file, start, scan.size):
            yield head.type, head.flags, payload
