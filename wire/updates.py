"""Data messages to records: the edge where units become ticks, size steps and nanoseconds.

This is the general way; :mod:`wire.fast` is the compiled one for the plain ``l2_update``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.enums import Aggressor, DepthOp, FrameFlag, Kind, OrderOp, QuoteOp, Side, TradeSource
from market.errors import MalformedError
from market.instrument import Instrument
from market.record import RECORD, Frame, Records, make_frames
from market.ticks import Grid
from wire.batches import (
    BarUpdate,
    L2Update,
    L3Entry,
    L3Update,
    OrderEntry,
    QuoteUpdate,
    Snapshot,
    TradeUpdate,
    Update,
)
from wire.codes import ErrorCode
from wire.frames import require_historical, require_records
from wire.times import parse_time

__all__ = [
    "MAX_ROWS",
    "NEEDED",
    "Batch",
    "Origin",
    "bar_values",
    "l2_update",
    "l3_update",
    "parse_time",
    "quote_update",
    "snapshot_update",
    "to_batch",
    "trade_update",
]

MAX_ROWS: Final = 65_536
"""Most records of one message; they become several frames."""

_OPS: Final = {op.name.lower(): int(op) for op in DepthOp}
_ACTIONS: Final = {op.name.lower(): int(op) for op in OrderOp}
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "add": ("side", "order_id", "price", "volume"),
    "modify": ("order_id", "price", "volume"),
    "cancel": ("order_id", "volume"),
    "delete": ("order_id",),
    "fill": ("order_id", "volume"),
    "replace": ("side", "order_id", "new_order_id", "price", "volume"),
    "clear": (),
}
"""What an order event must say, by its action; the rest may be left out."""
_SIDES: Final = {side.name.lower(): int(side) for side in Side}
_AGGRESSORS: Final = {side.name.lower(): int(side) for side in Aggressor}


class Origin(NamedTuple):
    """Where the records of a message come from.

    Attributes:
        first: number of its first record.
        places: entry of the message that each record comes from; None: one each.
    """

    first: int
    places: NDArray[np.int64] | None = None

    def index_of(self, seq: int) -> int:
        """The entry of the message, or the record of the frame, that has this number."""
        index = seq - self.first
        return index if self.places is None else int(self.places[index])


class Batch(NamedTuple):
    """Records of one message.

    Attributes:
        records: RECORD[n]; ``dt`` is not set.
        times: int64[n], ns UTC.
        makers: market makers' names that the message mentions first, in order; they follow those
            that were known.
        historical: they are a part of a back-fill; ``ref`` is the place in it.
        last: the back-fill ends with them.
        places: int64[n], entry of the message that each record comes from; None: one each.
    """

    records: Records
    times: NDArray[np.int64]
    makers: tuple[str, ...] = ()
    historical: bool = False
    last: bool = False
    places: NDArray[np.int64] | None = None

    def frames(self, seq: int) -> Iterator[Frame]:
        """The records as frames, numbered from ``seq``; ``records["dt"]`` is written."""
        flags = int(FrameFlag.HISTORICAL) if self.historical else 0
        for frame in make_frames(self.records, self.times, seq):
            ends = self.last and frame.end == seq + len(self.records)
            yield frame._replace(flags=flags | (int(FrameFlag.LAST) if ends else 0))


def l2_update(message: L2Update, instrument: Instrument, makers: Sequence[str] = ()) -> Batch:
    """Depth changes as records, by position where one is given, else by price.

    Args:
        message: as decoded.
        instrument: gives the grids.
        makers: names known so far on this stream.

    Raises:
        MalformedError: with ``code``, ``index`` and ``field``.
    """
    columns = _columns(message)
    rows = len(columns["time"])
    records, times = _prepared(columns["time"])
    positions = columns.get("position") or [None] * rows
    _fill(records, "price", columns["price"], instrument.tick, "price")
    _fill(records, "size", columns["volume"], instrument.size, "volume")
    records["kind"] = [
        Kind.DEPTH_PRICE if position is None else Kind.DEPTH_POSITION for position in positions
    ]
    records["position"] = [position or 0 for position in positions]
    records["side"] = [_SIDES[side] for side in columns["side"]]
    records["op"] = [_OPS[operation] for operation in columns["operation"]]
    names = columns.get("market_maker")
    if names is None:
        return _checked(Batch(records, times))
    table = {name: number for number, name in enumerate(makers, 1)}
    known = len(table)
    records["ref"] = [table.setdefault(name, len(table) + 1) if name else 0 for name in names]
    return _checked(Batch(records, times, tuple(table)[known:]))


def trade_update(
    message: TradeUpdate, instrument: Instrument, before: int = Aggressor.UNKNOWN
) -> Batch:
    """Trades as records.

    A given ``aggressor`` is taken (source ``event`` when bid and ask are there as well, else
    ``exchange``). Without it, the event's own bid and ask decide: at or above the ask buy, at or
    below the bid sell, between them the side of the trade before it, of the first one ``before``
    (unknown in a back-fill).

    Raises:
        MalformedError: with ``code``, ``index`` and ``field``.
    """
    columns = _columns(message)
    rows = len(columns["time"])
    records, times = _prepared(columns["time"])
    _fill(records, "price", columns["price"], instrument.tick, "price")
    _fill(records, "size", columns["volume"], instrument.size, "volume")
    records["kind"] = Kind.TRADE
    empty: list[Any] = [None] * rows
    sides = columns.get("aggressor") or empty
    bids, asks = columns.get("bid") or empty, columns.get("ask") or empty
    previous = int(Aggressor.UNKNOWN if message.historical else before)
    for index in range(rows):
        previous, source = _aggressor(
            sides[index], columns["price"][index], bids[index], asks[index], previous
        )
        records["side"][index] = previous
        records["op"][index] = source
    if not message.historical:
        if message.last or message.first != 1:
            raise MalformedError(
                "'first' and 'last' belong to a historical list",
                code=ErrorCode.BAD_FLAGS,
                field="last" if message.last else "first",
            )
        return _checked(Batch(records, times))
    records["ref"] = np.arange(message.first, message.first + rows, dtype=np.uint64)
    require_historical(records)
    return _checked(Batch(records, times, historical=True, last=message.last))


def quote_update(message: QuoteUpdate, instrument: Instrument) -> Batch:
    """Level I events as records: best price and size of a side, or the running session volume.

    Raises:
        MalformedError: with ``code``, ``index`` and ``field``.
    """
    columns = _columns(message)
    rows = len(columns["time"])
    records, times = _prepared(columns["time"])
    records["kind"] = Kind.QUOTE
    sides = columns.get("side") or [None] * rows
    totals = columns.get("session_volume") or [None] * rows
    prices, sizes = columns.get("price") or [0.0] * rows, columns.get("volume") or [0.0] * rows
    for index in range(rows):
        if (sides[index] is None) == (totals[index] is None):
            raise MalformedError(
                "a quote has either 'side' or 'session_volume'",
                code=ErrorCode.MISSING_FIELD,
                index=index,
                field="side",
            )
        record = records[index]
        if totals[index] is not None:
            record["op"] = QuoteOp.SESSION_VOLUME
            record["size"] = _steps(instrument.size, totals[index], "session_volume", index)
        else:
            record["side"] = _SIDES[sides[index]]
            record["price"] = _steps(instrument.tick, prices[index], "price", index)
            record["size"] = _steps(instrument.size, sizes[index], "volume", index)
    return _checked(Batch(records, times))


def l3_update(message: L3Update, instrument: Instrument) -> Batch:
    """Order events as records; a ``replace`` is two, the old id, then the new one as add.

    Raises:
        MalformedError: with ``code``, ``index`` and ``field``.
    """
    entries = _entries(message)
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    places: list[int] = []
    for index, entry in enumerate(entries):
        for field in NEEDED[entry.action]:
            if getattr(entry, field) is None:
                raise MalformedError(
                    f"{entry.action} needs {field!r}",
                    code=ErrorCode.MISSING_FIELD,
                    index=index,
                    field=field,
                )
        time = parse_time(entry.time, index=index)
        price = _steps(instrument.tick, entry.price or 0.0, "price", index)
        size = _steps(instrument.size, entry.volume or 0.0, "volume", index)
        old = _order_id(entry.order_id or 0, "order_id", index)
        action, side = _ACTIONS[entry.action], _SIDES[entry.side or "ask"]
        places.append(index)
        if action != OrderOp.REPLACE:
            rows.append((time, side, action, int(entry.last), price, size, old))
            continue
        new = _order_id(entry.new_order_id or 0, "new_order_id", index)
        places.append(index)
        rows.append((time, side, action, 0, price, size, old))
        rows.append((time, side, int(OrderOp.ADD), int(entry.last), price, size, new))
    try:
        return _order_batch(rows)._replace(places=np.array(places, np.int64))
    except MalformedError as cause:
        place = None if cause.index is None else places[cause.index]
        raise MalformedError(
            cause.message, code=cause.code, index=place, field=cause.field
        ) from cause


def snapshot_update(message: Snapshot, instrument: Instrument) -> Batch:
    """A snapshot's rows as adds, best first, bids before asks; or its orders.

    Raises:
        MalformedError: with ``code``, ``index`` and ``field``; ``out_of_range`` also for rows that
            are not strictly sorted and for more than 256 by position; ``contradiction`` for rows
            beside orders.
    """
    if message.orders is not None:
        return _orders_snapshot(message, message.orders, instrument)
    by_position = message.by == "position"
    time = parse_time(message.time)
    count = len(message.bids) + len(message.asks)
    if count > MAX_ROWS:
        raise MalformedError(f"more than {MAX_ROWS} rows", code=ErrorCode.BAD_COUNT, field="bids")
    records = np.zeros(count, RECORD)
    records["kind"] = Kind.DEPTH_POSITION if by_position else Kind.DEPTH_PRICE
    start = 0
    for side, field, rows in ((Side.BID, "bids", message.bids), (Side.ASK, "asks", message.asks)):
        if by_position and len(rows) > 256:
            raise MalformedError(
                "more than 256 rows by position: send 'by': 'price'",
                code=ErrorCode.OUT_OF_RANGE,
                field=field,
            )
        part = records[start : start + len(rows)]
        part["side"] = side
        part["price"] = [_steps(instrument.tick, row[0], field, i) for i, row in enumerate(rows)]
        part["size"] = [_steps(instrument.size, row[1], field, i) for i, row in enumerate(rows)]
        if by_position:
            part["position"] = np.arange(len(rows))
        _require_sorted(part, side, field)
        start += len(rows)
    return _checked(Batch(records, np.full(count, time, np.int64)), snapshot=True)


def _orders_snapshot(
    message: Snapshot, orders: Sequence[OrderEntry], instrument: Instrument
) -> Batch:
    if message.bids or message.asks:
        raise MalformedError(
            "a snapshot lists orders or rows, not both",
            code=ErrorCode.CONTRADICTION,
            field="bids" if message.bids else "asks",
        )
    time = parse_time(message.time)
    rows = []
    for index, order in enumerate(orders):
        price = _steps(instrument.tick, order.price, "price", index)
        size = _steps(instrument.size, order.volume, "volume", index)
        ref = _order_id(order.order_id, "order_id", index)
        rows.append((time, _SIDES[order.side], int(OrderOp.ADD), 0, price, size, ref))
    return _order_batch(rows)


def bar_values(message: BarUpdate) -> dict[str, Any]:
    """The values of a bar, with ``time`` as ns UTC.

    Raises:
        MalformedError: ``out_of_range`` when low and high do not contain open and close, or the
            volume is negative.
    """
    for field, value in (("open", message.open), ("close", message.close)):
        if not message.low <= value <= message.high:
            raise MalformedError(
                f"{field} {value} is not within {message.low} to {message.high}",
                code=ErrorCode.OUT_OF_RANGE,
                field=field,
            )
    if message.volume < 0:
        raise MalformedError("volume is negative", code=ErrorCode.NEGATIVE_SIZE, field="volume")
    values: dict[str, Any] = {
        "series": {"type": message.series.type, "value": message.series.value},
        "time": parse_time(message.time),
    }
    for field in ("open", "high", "low", "close", "volume", "delta"):
        values[field] = getattr(message, field)
    return values


def to_batch(
    message: Update,
    instrument: Instrument,
    makers: Sequence[str] = (),
    before: int = Aggressor.UNKNOWN,
) -> Batch:
    """The records of any data message except a bar.

    Args:
        message: which.
        instrument: its instrument.
        makers: names of market makers that are known.
        before: Aggressor of the trade before those of the message.

    Raises:
        MalformedError: with ``code``, ``index`` and ``field``; ``bad_type`` for a bar.
    """
    if isinstance(message, L2Update):
        return l2_update(message, instrument, makers)
    if isinstance(message, TradeUpdate):
        return trade_update(message, instrument, before)
    converter = _CONVERTERS.get(type(message))
    if converter is None:
        raise MalformedError("not a message of records", code=ErrorCode.BAD_TYPE, field="type")
    return converter(message, instrument)


_CONVERTERS: Final[Mapping[type[Update], Callable[[Any, Instrument], Batch]]] = {
    L3Update: l3_update,
    QuoteUpdate: quote_update,
    Snapshot: snapshot_update,
}


def _columns(message: L2Update | TradeUpdate | QuoteUpdate) -> dict[str, Any]:
    """Columns by name; absent ones are missing or None."""
    updates: Any = message.updates
    if not isinstance(updates, tuple):
        columns = {name: getattr(updates, name) for name in updates.__struct_fields__}
        rows = len(columns["time"])
        _require_count(rows)
        for name, values in columns.items():
            if values is not None and len(values) != rows:
                raise MalformedError(
                    f"column {name} has {len(values)} values, time has {rows}",
                    code=ErrorCode.BAD_COUNT,
                    field=name,
                )
        return columns
    _require_count(len(updates))
    if not updates:
        return {"time": (), "price": (), "volume": (), "side": (), "operation": ()}
    names = updates[0].__struct_fields__
    return {name: [getattr(entry, name) for entry in updates] for name in names}


def _entries(message: L3Update) -> Sequence[L3Entry]:
    updates = message.updates
    if isinstance(updates, tuple):
        _require_count(len(updates))
        return updates
    rows = len(updates.time)
    _require_count(rows)
    given = {
        name: values
        for name in updates.__struct_fields__
        if (values := getattr(updates, name)) is not None
    }
    for name, values in given.items():
        if len(values) != rows:
            raise MalformedError(
                f"column {name} has {len(values)} values, time has {rows}",
                code=ErrorCode.BAD_COUNT,
                field=name,
            )
    return [
        L3Entry(**{name: values[index] for name, values in given.items()}) for index in range(rows)
    ]


def _require_count(rows: int) -> None:
    if rows > MAX_ROWS:
        raise MalformedError(
            f"{rows} updates, more than {MAX_ROWS}", code=ErrorCode.BAD_COUNT, field="updates"
        )


def _prepared(times: Sequence[int | str]) -> tuple[Records, NDArray[np.int64]]:
    parsed = [parse_time(time, index=index) for index, time in enumerate(times)]
    return np.zeros(len(parsed), RECORD), np.array(parsed, np.int64)


def _fill(records: Records, column: str, values: Sequence[float], grid: Grid, field: str) -> None:
    records[column] = [_steps(grid, value, field, index) for index, value in enumerate(values)]


def _steps(grid: Grid, value: float, field: str, index: int) -> int:
    try:
        return grid.to_ticks(value, field=field)
    except MalformedError as cause:
        raise MalformedError(cause.message, code=cause.code, index=index, field=field) from cause


def _aggressor(
    side: str | None, price: float, bid: float | None, ask: float | None, previous: int
) -> tuple[int, int]:
    quoted = bid is not None and ask is not None
    if side is not None:
        return _AGGRESSORS[side], int(TradeSource.EVENT if quoted else TradeSource.EXCHANGE)
    if bid is None or ask is None:
        return int(Aggressor.UNKNOWN), int(TradeSource.NONE)
    if price >= ask:
        return int(Aggressor.BUY), int(TradeSource.EVENT)
    if price <= bid:
        return int(Aggressor.SELL), int(TradeSource.EVENT)
    return previous, int(TradeSource.EVENT)


def _order_id(value: int | str, field: str, index: int) -> int:
    number = int(value)
    if number >= 2**64:
        raise MalformedError(
            f"{field} is beyond 64 bits", code=ErrorCode.BAD_NUMBER, index=index, field=field
        )
    return number


def _order_batch(rows: list[tuple[int, int, int, int, int, int, int]]) -> Batch:
    records = np.zeros(len(rows), RECORD)
    times = np.zeros(len(rows), np.int64)
    records["kind"] = Kind.ORDER
    for index, (time, side, op, position, price, size, ref) in enumerate(rows):
        times[index] = time
        record = records[index]
        record["side"], record["op"], record["position"] = side, op, position
        record["price"], record["size"], record["ref"] = price, size, ref
    return _checked(Batch(records, times))


def _require_sorted(rows: Records, side: Side, field: str) -> None:
    steps = np.diff(rows["price"]) * (-1 if side == Side.BID else 1)
    wrong = np.flatnonzero(steps <= 0)
    if len(wrong):
        raise MalformedError(
            f"{field} are not strictly sorted, best first",
            code=ErrorCode.OUT_OF_RANGE,
            index=int(wrong[0]) + 1,
            field=field,
        )


def _checked(batch: Batch, *, snapshot: bool = False) -> Batch:
    """The same range check as a frame's; sizes carry the name that JSON gives them."""
    try:
        require_records(batch.records, snapshot=snapshot)
    except MalformedError as cause:
        field = "volume" if cause.field == "size" else cause.field
        raise MalformedError(
            cause.message, code=cause.code, index=cause.index, field=field
        ) from cause
    return batch
