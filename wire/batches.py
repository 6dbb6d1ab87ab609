"""The messages that carry market data: depth, orders, trades, quotes, bars, snapshots."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from wire.schema import (
    ActionName,
    Level,
    Message,
    Name,
    OrderId,
    Row,
    Seq,
    SessionId,
    SideName,
    SourceName,
    StreamIndex,
    Text,
    Time,
)

__all__ = [
    "BarUpdate",
    "L2Columns",
    "L2Entry",
    "L2Update",
    "L3Columns",
    "L3Entry",
    "L3Update",
    "OrderEntry",
    "QuoteColumns",
    "QuoteEntry",
    "QuoteUpdate",
    "Series",
    "Snapshot",
    "TradeColumns",
    "TradeEntry",
    "TradeUpdate",
    "Update",
]


class L2Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One depth change; without ``position`` it is by price."""

    time: Time
    side: SideName
    operation: Literal["add", "update", "remove"]
    position: Row | None = None
    price: float
    volume: float
    market_maker: Text | None = None


class L2Columns(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Depth changes as columns of equal length."""

    time: tuple[Time, ...]
    side: tuple[SideName, ...]
    operation: tuple[Literal["add", "update", "remove"], ...]
    position: tuple[Row | None, ...] | None = None
    price: tuple[float, ...]
    volume: tuple[float, ...]
    market_maker: tuple[Text | None, ...] | None = None


class Update(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What all batches of data say about themselves.

    Attributes:
        stream: index given by ``welcome``; or send ``instrument``.
        instrument: the symbol.
        session: UUID of the publisher's run (HTTP: with ``seq``, or neither).
        seq: number of the first record.
        source: HTTP only; where the data comes from.
        tick_size: needed with the first update of an instrument that is not known.
        size_step: the same for sizes; 1 if absent.
        since_signal: HTTP only; id of the last signal that is known: the answer has the later ones.
    """

    stream: StreamIndex | None = None
    instrument: Name | None = None
    session: SessionId | None = None
    seq: Seq | None = None
    source: SourceName | None = None
    tick_size: float | None = None
    size_step: float | None = None
    since_signal: Seq | None = None


class L2Update(Update, frozen=True, kw_only=True, tag="l2_update", omit_defaults=True):
    """Depth changes.

    Attributes:
        updates: entries, or the same as columns.
    """

    updates: tuple[L2Entry, ...] | L2Columns


class L3Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order event: what its action needs, see the table of actions.

    Attributes:
        time: of the event.
        action: what happens to the order.
        side: of the book; that of a known order is known.
        order_id: 0 to 2⁶⁴ - 1, as integer or string.
        new_order_id: of a ``replace``: the order that stands in its place, at the end of the queue.
        price: where it stands.
        volume: what its action says: the size, the new total, or the amount taken off.
        last: whether it ends an event of the exchange.
    """

    time: Time
    action: ActionName
    side: SideName | None = None
    order_id: OrderId | None = None
    new_order_id: OrderId | None = None
    price: float | None = None
    volume: float | None = None
    last: bool = True


class L3Columns(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Order events as columns of equal length."""

    time: tuple[Time, ...]
    action: tuple[ActionName, ...]
    side: tuple[SideName | None, ...] | None = None
    order_id: tuple[OrderId | None, ...] | None = None
    new_order_id: tuple[OrderId | None, ...] | None = None
    price: tuple[float | None, ...] | None = None
    volume: tuple[float | None, ...] | None = None
    last: tuple[bool, ...] | None = None


class L3Update(Update, frozen=True, kw_only=True, tag="l3_update", omit_defaults=True):
    """Order events; a ``replace`` is two records and takes two numbers.

    Attributes:
        updates: entries, or the same as columns.
    """

    updates: tuple[L3Entry, ...] | L3Columns


class OrderEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order that stands."""

    side: SideName
    order_id: OrderId
    price: float
    volume: float


class TradeEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One trade; ``bid`` and ``ask`` are those of its moment.

    Without ``aggressor`` they say it: at or above the ask buy, at or below the bid sell, between
    them that of the trade before, in this message or one before it.
    """

    time: Time
    price: float
    volume: float
    aggressor: Literal["buy", "sell", "unknown"] | None = None
    bid: float | None = None
    ask: float | None = None


class TradeColumns(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Trades as columns of equal length."""

    time: tuple[Time, ...]
    price: tuple[float, ...]
    volume: tuple[float, ...]
    aggressor: tuple[Literal["buy", "sell", "unknown"] | None, ...] | None = None
    bid: tuple[float | None, ...] | None = None
    ask: tuple[float | None, ...] | None = None


class TradeUpdate(Update, frozen=True, kw_only=True, tag="trade_update", omit_defaults=True):
    """Trades.

    Attributes:
        updates: entries, or the same as columns.
        historical: trades of the present session told again (a back-fill); only profile, CVD and
            VWAP hear of them.
        first: of a back-fill: place of the first entry in the list, from 1.
        last: of a back-fill: the list ends with the last entry.
    """

    updates: tuple[TradeEntry, ...] | TradeColumns
    historical: bool = False
    first: Annotated[int, Meta(ge=1, le=2**53 - 1)] = 1
    last: bool = False


class QuoteEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Level I event: a side's best price and volume, or the running session volume."""

    time: Time
    side: SideName | None = None
    price: float = 0.0
    volume: float = 0.0
    session_volume: float | None = None


class QuoteColumns(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Level I events as columns of equal length."""

    time: tuple[Time, ...]
    side: tuple[SideName | None, ...] | None = None
    price: tuple[float, ...] | None = None
    volume: tuple[float, ...] | None = None
    session_volume: tuple[float | None, ...] | None = None


class QuoteUpdate(Update, frozen=True, kw_only=True, tag="quote_update", omit_defaults=True):
    """Level I quotes.

    Attributes:
        updates: entries, or the same as columns.
    """

    updates: tuple[QuoteEntry, ...] | QuoteColumns


class Series(Struct, frozen=True, kw_only=True):
    """The kind of bars, ``{"type": "minute", "value": 1}``."""

    type: Name
    value: int = 1


class BarUpdate(Update, frozen=True, kw_only=True, tag="bar_update", omit_defaults=True):
    """A closed bar; it takes one number of the stream's own sequence.

    Attributes:
        series: type and value of the bars.
        time: close of the bar.
        open: first price.
        high: highest price.
        low: lowest price.
        close: last price.
        volume: of the bar.
        delta: buy minus sell volume, if known.
    """

    time: Time
    open: float
    high: float
    low: float
    close: float
    volume: float
    delta: float | None = None
    series: Series = Series(type="minute", value=1)


class Snapshot(Update, frozen=True, kw_only=True, tag="snapshot", omit_defaults=True):
    """A whole book, best rows first; ``seq`` is the next increment's and consumes no number.

    Attributes:
        time: of the snapshot.
        bids: [price, volume] of each row, best first.
        asks: the same.
        by: whether the increments after it address rows by position or by price.
        orders: instead of rows (which are empty lists then) a book of orders, those of one price in
            the order of their queue.
    """

    time: Time
    bids: Annotated[tuple[Level, ...], Meta(max_length=65536)]
    asks: Annotated[tuple[Level, ...], Meta(max_length=65536)]
    by: Literal["position", "price"] = "position"
    orders: Annotated[tuple[OrderEntry, ...], Meta(max_length=65536)] | None = None
