"""NinjaTrader's historical text export (Historical Data window): ticks and bars, always UTC.

::

    ticks  20260111 230000 0960000;25946.5;25946.5;25946.25;62   last, bid, ask
           20260111 230000 0960000;25946.5;62                    one price; older: without fraction
    bars   20260111 230100;25946.5;25947;25946;25946.75;311      minute, at the bar's end
           20260111;25946.5;25947;25946;25946.75;3110000         day

The fraction is in 100 ns steps, padded to seven digits. Whether single prices are trades, bids or
asks says the file's name (``ES 12-26.Last.txt``); without it they are trades.
Sources: NinjaTrader 8 help guide, Historical Data > Importing and Exporting.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from market.enums import Source
from market.errors import FileFormatError, MalformedError
from market.instrument import Instrument
from recording.entries import BarEntry, Entry, InstrumentEntry
from recording.readers.export_kernel import ASKS, BIDS, TRADES, parse_export
from recording.readers.lines import Line, text_lines
from recording.readers.naming import find_instrument, read_sidecar
from recording.readers.opener import open_bytes, peek
from recording.readers.registry import Format, Request
from recording.readers.state import new_parser
from recording.readers.text import TextStream

__all__ = ["FORMAT"]

_NUMBER: Final = rb"-?\d+(?:[.,]\d+)?"
_TICK: Final = re.compile(rb"(?:\xef\xbb\xbf)?\d{8} \d{6}(?: \d{7})?;(?:%b;){1,3}\d+\s" % _NUMBER)
_BAR: Final = re.compile(rb"(?:\xef\xbb\xbf)?\d{8}(?: \d{6})?;(?:%b;){4}\d+\s" % _NUMBER)
_UTC: Final = np.array([[-(2**63), 0]], np.int64)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _detect(head: bytes) -> bool:
    return _TICK.match(head) is not None or _BAR.match(head) is not None


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
    report.zone = "UTC"
    yield InstrumentEntry(instrument, Source.REPLAY)
    head = peek(request.path, 1024)
    if _BAR.match(head):
        yield from _bars(request)
    else:
        yield from _ticks(request, instrument, head)


def _ticks(request: Request, instrument: Instrument, head: bytes) -> Iterator[Entry]:
    parser = new_parser(instrument.tick, instrument.size, _UTC)
    parser["columns"] = head.split(b"\n", 1)[0].count(b";") + 1
    parser["variant"] = _variant(request.path.name)
    with open_bytes(request.path) as source:
        yield from TextStream(
            source,
            parser,
            parse_export,
            request.report,
            tolerant=request.tolerant,
            seq=request.seq,
            line=request.first,
        )


def _variant(name: str) -> int:
    words = name.lower().split(".")
    return BIDS if "bid" in words else ASKS if "ask" in words else TRADES


def _bars(request: Request) -> Iterator[Entry]:
    report = request.report
    seq = request.seq
    for line in text_lines(request.path, request.first):
        report.lines = line.number + 1
        if not line.text:
            continue
        try:
            values = _bar(line)
        except MalformedError:
            if not request.tolerant:
                raise FileFormatError(
                    f"{request.path}: line {line.number + 1:,} is malformed: "
                    f"{line.text[:60].decode('utf-8', 'backslashreplace')}",
                    path=str(request.path),
                    line=line.number,
                ) from None
            report.malformed += 1
            if report.first_malformed is None:
                report.first_malformed = line.number
            continue
        report.records += 1
        yield BarEntry(seq, values)
        seq += 1


def _bar(line: Line) -> dict[str, object]:
    """Fields of a bar_update."""
    fields = line.text.decode("utf-8", "replace").replace(",", ".").split(";")
    try:
        stamp = fields[0]
        daily = len(stamp) == 8
        time = datetime.strptime(stamp, "%Y%m%d" if daily else "%Y%m%d %H%M%S").replace(tzinfo=UTC)
        opened, high, low, close = (float(field) for field in fields[1:5])
        volume = int(fields[5])
    except (ValueError, IndexError) as cause:
        raise MalformedError("not a bar") from cause
    if len(fields) != 6 or not line.whole:
        raise MalformedError("not a bar")
    return {
        "series": {"type": "day" if daily else "minute", "value": 1},
        "time": (time - _EPOCH) // timedelta(microseconds=1) * 1000,
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
    }


FORMAT: Final = Format(
    name="nt-export",
    title="NinjaTrader historical text export",
    detect=_detect,
    read=_read,
)
