"""DBN files made with the vendor's package, and what their records mean, in plain words."""

import datetime
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import databento_dbn as dbn

from tests.reference.order_book import ADD, CANCEL, CLEAR, LAST, MODIFY
from tests.reference.records import ASK, BID, BUY, ORDER, PRICE, REMOVE, SELL, TRADE, UNKNOWN, Rec
from tests.reference.records import UPDATE as CHANGE

__all__ = ["dbn_file", "level_recs", "mbo_recs"]

_DAYS = (datetime.date(2023, 12, 25), datetime.date(2023, 12, 26))
_UNDEFINED = 2**63 - 1


def dbn_file(
    schema: str,
    records: Iterable[Any],
    symbols: Mapping[str, int] | None = None,
    version: int = 3,
    *,
    ts_out: bool = False,
) -> bytes:
    """A whole file; ``symbols``: ids by raw symbol, by default ESH4."""
    ids = {"ESH4": 17077} if symbols is None else symbols
    mappings = [
        SimpleNamespace(
            raw_symbol=symbol,
            intervals=[SimpleNamespace(start_date=_DAYS[0], end_date=_DAYS[1], symbol=str(number))],
        )
        for symbol, number in ids.items()
    ]
    metadata = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=1,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.from_str(schema),
        symbols=list(ids),
        mappings=mappings,
        ts_out=ts_out,
        version=version,
    )
    return bytes(metadata.encode()) + b"".join(bytes(record) for record in records)


def mbo_recs(message: Any, tick: int = 250_000_000) -> list[Rec]:
    """The records that an mbo message means."""
    time, action, side = message.ts_event, str(message.action), str(message.side)
    last = LAST if int(message.flags) & 128 else 0
    if action == "T":
        aggressor = {"B": BUY, "A": SELL, "N": UNKNOWN}[side]
        source = 4 if aggressor == UNKNOWN else 0
        return [Rec(time, TRADE, aggressor, source, 0, message.price // tick, message.size)]
    if action in "FN":
        return [Rec(time, ORDER, ASK, CANCEL, last, 0, 0)]
    if action == "R":
        return [Rec(time, ORDER, ASK, CLEAR, last, 0, 0)]
    op = {"A": ADD, "C": CANCEL, "M": MODIFY}[action]
    price = 0 if message.price == _UNDEFINED else message.price // tick
    of = BID if side == "B" else ASK
    return [Rec(time, ORDER, of, op, last, price, message.size, message.order_id)]


def level_recs(
    message: Any, before: tuple[dict[int, int], dict[int, int]], tick: int = 250_000_000
) -> list[Rec]:
    """The records that an mbp message means; ``before`` (asks, bids) becomes its levels."""
    time = message.ts_event
    recs = []
    if str(message.action) == "T":
        aggressor = {"B": BUY, "A": SELL, "N": UNKNOWN}[str(message.side)]
        source = 4 if aggressor == UNKNOWN else 0
        recs.append(Rec(time, TRADE, aggressor, source, 0, message.price // tick, message.size))
    for side, name in ((ASK, "ask"), (BID, "bid")):
        levels = {
            getattr(pair, f"{name}_px") // tick: getattr(pair, f"{name}_sz")
            for pair in message.levels
            if getattr(pair, f"{name}_px") != _UNDEFINED
        }
        old = before[side]
        recs += [
            Rec(time, PRICE, side, REMOVE, 0, price, 0) for price in old if price not in levels
        ]
        recs += [
            Rec(time, PRICE, side, CHANGE, 0, price, size)
            for price, size in levels.items()
            if old.get(price) != size
        ]
        old.clear()
        old.update(levels)
    if not recs:
        for side in (ASK, BID):
            for price, size in before[side].items():
                return [Rec(time, PRICE, side, CHANGE, 0, price, size)]
        return [Rec(time, PRICE, ASK, REMOVE, 0, 0, 0)]
    return recs
