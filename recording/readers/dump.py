"""NinjaTrader's Market Replay text dump (``MarketReplay.DumpMarketDepth``)."""

import re
from collections.abc import Iterator
from typing import Final

from market.enums import Source
from recording.entries import Entry, InstrumentEntry
from recording.readers.dump_kernel import parse_dump
from recording.readers.naming import find_instrument, read_sidecar
from recording.readers.opener import open_bytes
from recording.readers.registry import Format, Request
from recording.readers.state import new_parser
from recording.readers.survey import choose_zone
from recording.readers.text import TextStream
from recording.readers.zones import zone_table

__all__ = ["FORMAT"]

_LINE: Final = re.compile(rb"(\xef\xbb\xbf)?[\r\n]*(L1;\d|L2;[01]);\d{14};\d")


def _detect(head: bytes) -> bool:
    return _LINE.match(head) is not None


def _read(request: Request) -> Iterator[Entry]:
    sidecar = read_sidecar(request.path)
    instrument, note = find_instrument(
        request.path,
        request.table,
        instrument=request.instrument,
        tick_size=request.tick_size,
        sidecar=sidecar,
    )
    report = request.report
    if note:
        report.notes.append(note)
    zone = choose_zone(request.path, instrument, given=request.time_zone, beside=sidecar.time_zone)
    report.zone, report.zone_origin = zone.name, zone.origin
    if zone.note:
        report.notes.append(zone.note)
    parser = new_parser(instrument.tick, instrument.size, zone_table(zone.name))
    yield InstrumentEntry(instrument, Source.REPLAY)
    with open_bytes(request.path) as source:
        yield from TextStream(
            source,
            parser,
            parse_dump,
            report,
            tolerant=request.tolerant,
            seq=request.seq,
            line=request.first,
        )


FORMAT: Final = Format(
    name="nt-dump",
    title="NinjaTrader Market Replay dump",
    detect=_detect,
    read=_read,
)
