"""CSV of order events: ``time_ns,action,side,order_id,price,size,new_order_id``.

Rows of one order-level book, in the terms of ``market.enums.OrderOp``; ``docs/formats.md`` says
which cells an action needs.
"""

from collections.abc import Iterator
from typing import Final

from market.enums import Source
from recording.entries import Entry, InstrumentEntry
from recording.readers import order_csv_kernel as columns
from recording.readers.headed import Header
from recording.readers.naming import find_instrument, plain_name, read_sidecar
from recording.readers.opener import open_bytes, peek
from recording.readers.order_csv_kernel import parse_orders
from recording.readers.registry import Format, Request
from recording.readers.text import TextStream

__all__ = ["FORMAT"]

_MEANING: Final = {
    "time_ns": columns.TIME,
    "action": columns.ACTION,
    "side": columns.SIDE,
    "order_id": columns.ID,
    "price": columns.PRICES,
    "size": columns.SIZES,
    "new_order_id": columns.NEW_ID,
}
_NEEDED: Final = frozenset({"time_ns", "action", "side", "order_id", "price", "size"})
"""Without ``new_order_id`` a file can have no replace."""


def _detect(head: bytes) -> bool:
    return set(Header.of(head).names) >= _NEEDED


def _read(request: Request) -> Iterator[Entry]:
    header = Header.of(peek(request.path))
    header.require(_NEEDED, request.path, request.first)
    sidecar = read_sidecar(request.path)
    told = request.tick_size is not None or sidecar.tick_size is not None
    instrument, note = find_instrument(
        request.path,
        request.table,
        instrument=request.instrument or header.first("instrument"),
        tick_size=request.tick_size,
        sidecar=sidecar,
        otherwise=plain_name(request.path) if told else None,
    )
    if note:
        request.report.notes.append(note)
    yield InstrumentEntry(instrument, Source.REPLAY)
    with open_bytes(request.path) as source:
        yield from TextStream(
            source,
            header.parser(instrument, _MEANING),
            parse_orders,
            request.report,
            tolerant=request.tolerant,
            header=True,
            seq=request.seq,
            line=request.first,
            whole=lambda line: _is_whole(line, header),
        )


def _is_whole(line: bytes, header: Header) -> bool:
    """Whether a row has all of its cells, and what it ends in is empty or means nothing here."""
    cells = line.rstrip(b"\r").split(header.separator.encode())
    if len(cells) != len(header.names):
        return False
    return not cells[-1] or header.names[-1] not in _MEANING


FORMAT: Final = Format(
    name="orders",
    title="CSV of order events",
    detect=_detect,
    read=_read,
)
