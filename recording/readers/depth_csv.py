"""Generic CSV of depth, quotes, trades and orders: the columns that ``docs/formats.md`` documents.

The header says what stands where; the separator is a comma or a semicolon. ``journal export``
writes the same columns.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from market.enums import Source
from market.errors import FileFormatError
from market.instrument import Instrument
from recording.entries import Entry, InstrumentEntry
from recording.readers import csv_kernel as columns
from recording.readers.csv_kernel import parse_csv
from recording.readers.naming import find_instrument, read_sidecar
from recording.readers.opener import open_bytes, peek
from recording.readers.registry import Format, Request
from recording.readers.state import MAKER_WIDTH, new_parser
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
    "instrument": columns.INSTRUMENT,
}
_NEEDED: Final = frozenset({"time_ns", "side", "price", "size"})
_MOST_COLUMNS: Final = 16
_UTC: Final = np.array([[-(2**63), 0]], np.int64)


def _header(head: bytes) -> tuple[str, list[str]]:
    """The separator and the names of the columns."""
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
    text = line.decode("utf-8", "replace")
    separator = ";" if text.count(";") > text.count(",") else ","
    return separator, [name.strip().lower() for name in text.split(separator)]


def _detect(head: bytes) -> bool:
    return set(_header(head)[1]) >= _NEEDED


def _read(request: Request) -> Iterator[Entry]:
    head = peek(request.path)
    separator, names = _header(head)
    missing = _NEEDED - set(names)
    if missing or len(names) > _MOST_COLUMNS or len(set(names)) != len(names):
        what = f"lacks {', '.join(sorted(missing))}" if missing else "has too many or equal columns"
        raise FileFormatError(
            f"{request.path}: the header {what}", path=str(request.path), line=request.first
        )
    sidecar = read_sidecar(request.path)
    named = _first_cell(head, separator, names, "instrument")
    instrument, note = find_instrument(
        request.path,
        request.table,
        instrument=request.instrument or named,
        tick_size=request.tick_size,
        sidecar=sidecar,
    )
    if note:
        request.report.notes.append(note)
    yield InstrumentEntry(instrument, Source.REPLAY)
    with open_bytes(request.path) as source:
        yield from TextStream(
            source,
            _parser(instrument, separator, names, named),
            parse_csv,
            request.report,
            tolerant=request.tolerant,
            header=True,
            seq=request.seq,
            line=request.first,
        )


def _parser(
    instrument: Instrument, separator: str, names: list[str], named: str | None
) -> NDArray[np.record]:
    parser = new_parser(instrument.tick, instrument.size, _UTC)
    parser["separator"] = ord(separator)
    parser["columns"] = len(names)
    order = [_MEANING.get(name, columns.IGNORED) for name in names]
    if named is None or len(named.encode()) >= MAKER_WIDTH:
        order = [columns.IGNORED if what == columns.INSTRUMENT else what for what in order]
    else:
        text = named.encode()
        parser["names"][0, 0, 0] = len(text)
        parser["names"][0, 0, 1 : 1 + len(text)] = np.frombuffer(text, np.uint8)
    parser["order"][0, : len(order)] = order
    return parser


def _first_cell(head: bytes, separator: str, names: list[str], column: str) -> str | None:
    """A cell of the first row; None if there is no such column or row, or it is empty."""
    lines = head.split(b"\n", 2)
    if column not in names or len(lines) < 2:
        return None
    cells = lines[1].rstrip(b"\r").decode("utf-8", "replace").split(separator)
    place = names.index(column)
    return cells[place] or None if place < len(cells) else None


FORMAT: Final = Format(
    name="csv",
    title="CSV of depth, quotes, trades and orders",
    detect=_detect,
    read=_read,
    suffixes=(".csv",),
)
