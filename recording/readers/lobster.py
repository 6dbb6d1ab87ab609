"""LOBSTER message files (NASDAQ, order by order), with or without the book that they begin with.

Source: https://lobsterdata.com/info/DataStructure.php
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from market.enums import Source
from market.instrument import DEFAULT_INSTRUMENTS, Instrument, InstrumentTable
from recording.entries import Entry, InstrumentEntry
from recording.readers.headed import UTC as NO_ZONE
from recording.readers.lobster_kernel import parse_messages
from recording.readers.lobster_seed import Seeded, read_seed
from recording.readers.naming import find_instrument, plain_name, read_sidecar
from recording.readers.opener import open_bytes
from recording.readers.registry import Format, Request
from recording.readers.state import new_parser
from recording.readers.text import TextStream
from recording.readers.zones import zone_table

__all__ = ["FORMAT"]

_FIELDS: Final = rb"\d{1,5}(\.\d+)?,[1-7],-?\d+,\d+,-?\d+,-?[01]"
_MESSAGE: Final = re.compile(rb"(?:\xef\xbb\xbf)?" + _FIELDS + rb"([,\r\n]|\Z)")
_WHOLE: Final = re.compile(_FIELDS + rb"(,.*|\r)?", re.DOTALL)
"""All of a message: its last number has one digit, so none of it can be missing."""
_NAME: Final = re.compile(r"([A-Z0-9.-]+)_\d{4}-\d\d-\d\d_", re.IGNORECASE)
_ISO: Final = re.compile(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)")
_DIGITS: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)")
_ZONE: Final = "America/New_York"
_CENT: Final = "0.01"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NS: Final = 1_000_000_000


def _detect(head: bytes) -> bool:
    return _MESSAGE.match(head) is not None


def _read(request: Request) -> Iterator[Entry]:
    instrument = _instrument(request)
    report = request.report
    report.zone = _ZONE
    day = request.day or _date_in(request.path.name)
    if day is None:
        day = _EPOCH.date()
        report.notes.append(
            f"date {day}: neither the name {request.path.name} nor --date says another"
        )
    seed = None if request.seed is None else read_seed(request.seed, instrument)
    parser = new_parser(instrument.tick, instrument.size, NO_ZONE)
    parser["separator"] = ord(",")
    parser["second"] = _midnight(day)
    yield InstrumentEntry(instrument, Source.REPLAY)
    with open_bytes(request.path) as source:
        entries = TextStream(
            source,
            parser,
            parse_messages,
            report,
            tolerant=request.tolerant,
            seq=request.seq,
            line=request.first,
            whole=lambda line: _WHOLE.fullmatch(line) is not None,
        )
        if seed is not None:
            yield from Seeded(entries, seed, request.first, report)
        else:
            yield from entries


def _instrument(request: Request) -> Instrument:
    """A share that nobody describes has ticks of a cent; it is never the future of that name."""
    sidecar = read_sidecar(request.path)
    name = request.instrument or sidecar.instrument
    table = request.table
    tick = request.tick_size if request.tick_size is not None else sidecar.tick_size
    if name is None:
        match = _NAME.match(request.path.name)
        name = match[1].upper() if match else plain_name(request.path)
        request.report.notes.append(f"instrument {name} taken from the name {request.path.name}")
        if DEFAULT_INSTRUMENTS.resolve(name) is not None:
            table = InstrumentTable({})
    if tick is None and table.resolve(name) is None:
        tick = _CENT
    instrument, _ = find_instrument(
        request.path, table, instrument=name, tick_size=tick, sidecar=sidecar
    )
    return instrument


def _date_in(name: str) -> date | None:
    for pattern in (_ISO, _DIGITS):
        for match in pattern.finditer(name):
            try:
                return date(*map(int, match.groups()))
            except ValueError:
                continue
    return None


def _midnight(day: date) -> int:
    """Midnight of New York in ns UTC, by the clock that holds at noon."""
    local = (datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
    table = zone_table(_ZONE)
    row = int(np.searchsorted(table[:, 0], local + 43_200, side="right")) - 1
    return (local - int(table[row, 1])) * _NS


FORMAT: Final = Format(
    name="lobster",
    title="LOBSTER messages",
    detect=_detect,
    read=_read,
    dated=True,
    seeded=True,
    by_order=True,
)
