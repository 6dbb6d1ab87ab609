"""Databento's binary encoding (DBN) versions 1 to 3: schemas mbo, mbp-1, mbp-10 and trades.

The vendor's own package reads the metadata; records have fixed layouts, which a kernel reads. Of
``mbp`` files a message gives its levels whole; those that differ from the message before become
depth records by price.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.enums import Source
from market.errors import EnvironmentFault, FileFormatError, UsageError
from market.instrument import InstrumentTable, contract_of
from recording.entries import Entry, FrameEntry, InstrumentEntry
from recording.readers.dbn_kernel import ANY, HEAD, LOST, TYPES, parse_dbn
from recording.readers.headed import UTC
from recording.readers.naming import find_instrument, read_sidecar
from recording.readers.opener import ByteSource, open_bytes
from recording.readers.registry import Format, Request
from recording.readers.state import new_parser
from recording.readers.text import TextStream

__all__ = ["FORMAT"]

_MAGIC: Final = b"DBN"
_PROLOGUE: Final = 8
_NEWEST: Final = 3
_MOST_METADATA: Final = 1 << 26
_SHOWN: Final = 5
_RECEIVED: Final = {TYPES["mbo"]: 40, 0: 32}
"""Where ``ts_recv`` stands in a record: of ``mbo``, and of the other schemas."""


class _Traded(NamedTuple):
    """A symbol of the file and the ids that it has in it."""

    symbol: str
    ids: frozenset[int]


def _detect(head: bytes) -> bool:
    return head.startswith(_MAGIC) and len(head) > len(_MAGIC) and head[3] < ord(" ")


def _read(request: Request) -> Iterator[Entry]:
    with open_bytes(request.path) as source:
        metadata = _metadata(source)
        schema = str(metadata.schema)
        if schema not in TYPES:
            raise FileFormatError(
                f"{request.path}: schema {schema}; readable are {', '.join(TYPES)}",
                path=str(request.path),
                offset=0,
            )
        symbol, wanted = _choose(request, _traded(metadata))
        sidecar = read_sidecar(request.path)
        instrument, note = find_instrument(
            request.path,
            request.table,
            instrument=request.instrument or sidecar.instrument or symbol,
            tick_size=request.tick_size,
            sidecar=sidecar,
        )
        if note:
            request.report.notes.append(note)
        parser = new_parser(instrument.tick, instrument.size, UTC)
        parser["variant"] = TYPES[schema]
        parser["wanted"] = wanted
        yield InstrumentEntry(instrument, Source.REPLAY)
        stream = _RecordStream(
            source,
            parser,
            parse_dbn,
            request.report,
            tolerant=request.tolerant,
            seq=request.seq,
            line=request.first,
        )
        yield from stream
        if parser["others"][0]:
            request.report.notes.append(
                f"{int(parser['others'][0]):,} records of other instruments"
            )


def _metadata(source: ByteSource) -> Any:  # noqa: ANN401 - the package has no types
    """The file's metadata, by the vendor's package.

    Raises:
        FileFormatError: damaged, cut, or of a version that is not known.
        EnvironmentFault: the package is missing.
    """
    try:
        import databento_dbn
    except ImportError as cause:
        raise EnvironmentFault("reading DBN needs the package databento-dbn") from cause
    path = str(source.path)
    head = _exactly(source, _PROLOGUE)
    if head[:3] != _MAGIC:
        raise FileFormatError(f"{path}: no DBN file", path=path, offset=0)
    if not 1 <= head[3] <= _NEWEST:
        raise FileFormatError(
            f"{path}: DBN version {head[3]}; readable are 1 to {_NEWEST}", path=path, offset=3
        )
    length = int.from_bytes(head[4:], "little")
    if length > _MOST_METADATA:
        raise FileFormatError(f"{path}: {length} bytes of metadata", path=path, offset=4)
    try:
        return databento_dbn.Metadata.decode(head + _exactly(source, length))
    except databento_dbn.DBNError as cause:
        words = " ".join(str(cause).split())
        raise FileFormatError(f"{path}: metadata: {words}", path=path, offset=0) from cause


def _exactly(source: ByteSource, count: int) -> bytes:
    data = bytearray(count)
    filled = 0
    while filled < count:
        got = source.readinto(memoryview(data)[filled:])
        if got == 0:
            raise FileFormatError(
                f"{source.path}: its metadata is cut at byte {filled}",
                path=str(source.path),
                offset=filled,
            )
        filled += got
    return bytes(data)


def _traded(metadata: Any) -> list[_Traded]:  # noqa: ANN401 - the package has no types
    """The symbols of a file, sorted: the package gives them in no order.

    Of symbol and id, whichever was asked for, the id is the number.
    """
    found: dict[str, set[int]] = {}
    for asked, intervals in metadata.mappings.items():
        for interval in intervals:
            given = interval["symbol"]
            symbol, number = (given, asked) if asked.isdigit() else (asked, given)
            if number.isdigit():
                found.setdefault(symbol, set()).add(int(number))
    return [_Traded(symbol, frozenset(ids)) for symbol, ids in sorted(found.items())]


def _choose(request: Request, traded: list[_Traded]) -> tuple[str | None, int]:
    """The instrument's name, and its id in the file or ANY.

    Raises:
        UsageError: the file has several, and nobody says which, or ids change in it.
    """
    if not traded:
        return None, ANY
    if len(traded) == 1:
        return _contract(traded[0].symbol, request.table), ANY
    for one in traded:
        name = _contract(one.symbol, request.table)
        if request.instrument in (one.symbol, name) and len(one.ids) == 1:
            return name, next(iter(one.ids))
    names = ", ".join(one.symbol for one in traded[:_SHOWN])
    more = f" and {len(traded) - _SHOWN} others" if len(traded) > _SHOWN else ""
    raise UsageError(
        f"{request.path} holds {names}{more}; name one with --instrument",
        code="several_instruments",
        path=str(request.path),
    )


def _contract(symbol: str, table: InstrumentTable) -> str:
    """``ES 03-24`` for ``ESH4``; the root of a continuous symbol (``ES.c.0``); else as it is."""
    contract = contract_of(symbol)
    if contract is not None and table.resolve(contract) is not None:
        return contract
    root = symbol.split(".")[0]
    return root if root in table.roots else symbol


class _RecordStream(TextStream):
    """The same for binary records: each says its length, none ends with a line."""

    _end = "end"
    _first = _line = 0

    def _drain(self) -> Iterator[Entry]:
        self._first, self._line = int(self._state.pos), self.line
        yield from super()._drain()

    def _frames(
        self,
        records: NDArray[Any],
        index: NDArray[np.int64],
        starts: NDArray[np.int64],
        bases: NDArray[np.int64],
    ) -> Iterator[FrameEntry]:
        """As of text; whoever hears is told with each entry when its records were received."""
        stop = int(self._state.pos)
        heard = None
        if self._report.hears:
            heard = received_times(self._bytes[self._first : stop], int(self._state.variant))
        for entry in super()._frames(records, index, starts, bases):
            if heard is not None:
                assert entry.index is not None
                self._report.received = heard[entry.index - self._line]
            yield entry
        self._first, self._line = stop, self.line

    def _last_end(self, first: int) -> int:
        return self._filled

    def _end_last_line(self) -> None:
        """A record without its end says nothing."""

    def _skip_head(self) -> None:
        """The metadata has been read."""

    def _this_line(self) -> bytes:
        low = int(self._state.pos)
        return self._view[low : low + max(4 * int(self._view[low]), HEAD)].tobytes()

    def _named(self, what: str) -> str:
        return f"record {self.line + 1:,} {what}"

    def _refuse(self, status: int) -> None:
        if status == LOST:
            raise self._error("says that it has no length: nobody can tell where the next begins")
        super()._refuse(status)


def received_times(data: NDArray[np.uint8], schema: int) -> NDArray[np.int64]:
    """``ts_recv`` of each whole record, ns UTC; of a record too short to have one 0.

    Args:
        data: records from the beginning of one; each says its length in its first byte.
        schema: their type, ``TYPES``; other types among them have no meaning here.
    """
    at = _RECEIVED.get(schema, _RECEIVED[0])
    length = 4 * int(data[0]) if len(data) else 0
    count = len(data) // length if length else 0
    starts = np.arange(count) * length
    if not count or (data[starts] * 4 != length).any() or count * length != len(data):
        starts = np.array(list(_starts(data)), np.int64)  # records of several lengths
    whole = starts + at + 8 <= len(data)
    places = np.where(whole, starts + at, 0)[:, None] + np.arange(8)
    times = np.ascontiguousarray(data[places % max(len(data), 1)]).view("<i8").reshape(-1)
    return np.where(whole, times, 0)


def _starts(data: NDArray[np.uint8]) -> Iterator[int]:
    at = 0
    while at < len(data):
        yield at
        at += max(4 * int(data[at]), HEAD)


FORMAT: Final = Format(
    name="dbn",
    title="Databento DBN: mbo, mbp-10, mbp-1, trades",
    detect=_detect,
    read=_read,
)
