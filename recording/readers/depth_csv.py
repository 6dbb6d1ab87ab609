"""Generic CSV of depth, quotes, trades and orders: the columns that ``docs/formats.md`` documents.

The header says what stands where; the separator is a comma or a semicolon. ``journal export``
writes the same columns.
"""

from collections.abc import Iterator
from typing import Final

from market.enums import Source
from recording.entries import Entry, InstrumentEntry
from recording.readers import csv_kernel as columns
from recording.readers.csv_kernel import parse_csv
from recording.readers.headed import Header
from recording.readers.naming import find_instrument, read_sidecar
from recording.readers.opener import open_bytes, peek
from recording.readers.registry import Format, Request
from recording.readers.text import TextStream

__all__ = ["COLUMNS", "FORMAT"]

COLUMNS: Final = (
    "seq",
    "time_ns",
    "instrument",
    "kind",
    "side",
    "op",
    "position",
    "price",
    "size",
    "ref",
)
"""As written; a reader needs ``time_ns``, ``side``, ``price`` and ``size`` in any order."""

_MEANING: Final = {
    "time_ns": columns.TIME,
    "kind": columns.KIND,
    "side": columns.SIDE,
    "op": columns.OP,
    "position": columns.POSITION,
    "price": columns.PRICES,
    "size": columns.SIZES,
    "ref": columns.REF,
}
_NEEDED: Final = frozenset({"time_ns", "side", "price", "size"})


def _detect(head: bytes) -> bool:
    return set(Header.of(head).names) >= _NEEDED


def _read(request: Request) -> Iterator[Entry]:
    header = Header.of(peek(request.path))
    header.require(_NEEDED, request.path, request.first)
    instrument, note = find_instrument(
        request.path,
        request.table,
        instrument=request.instrument or header.first("instrument"),
        tick_size=request.tick_size,
        sidecar=read_sidecar(request.path),
    )
    if note:
        request.report.notes.append(note)
    yield InstrumentEntry(instrument, Source.REPLAY)
    with open_bytes(request.path) as source:
        yield from TextStream(
            source,
            header.parser(instrument, _MEANING),
            parse_csv,
            request.report,
            tolerant=request.tolerant,
            header=True,
            seq=request.seq,
            line=request.first,
        )


FORMAT: Final = Format(
    name="csv",
    title="CSV of depth, quotes, trades and orders",
    detect=_detect,
    read=_read,
    suffixes=(".csv",),
)
