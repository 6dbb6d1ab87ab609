"""345 s of Binance's ETH perpetual: depth by price, best quotes and trades in one order."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from tests.reference.records import ASK, BID, BUY, PRICE, REMOVE, SELL, TRADE, UPDATE, Rec

__all__ = ["BestQuote", "Depth", "binance"]

_PRICE, _SIZE = 2, 3
"""Decimals of ETHUSDT."""


class Depth(NamedTuple):
    """One depth message; ``first`` to ``last`` update id, ``previous`` of the message before."""

    recs: list[Rec]
    first: int
    last: int
    previous: int
    snapshot: bool


class BestQuote(NamedTuple):
    """Best bid and ask (ticks, steps), after update ``last``."""

    last: int
    bid: tuple[int, int]
    ask: tuple[int, int]
    time: int


def binance(path: Path) -> Iterator[Depth | BestQuote | Rec]:
    """Messages in the order they were received; times are the receiver's."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            stamp, _, text = line.partition(" ")
            message = json.loads(text)
            yield _message(int(stamp), message.get("data", message))


def _message(time: int, data: dict[str, Any]) -> Depth | BestQuote | Rec:
    if "lastUpdateId" in data:
        last = data["lastUpdateId"]
        return Depth(_rows(time, data["bids"], data["asks"]), last, last, last, snapshot=True)
    if data["e"] == "depthUpdate":
        rows = _rows(time, data["b"], data["a"])
        return Depth(rows, data["U"], data["u"], data["pu"], snapshot=False)
    if data["e"] == "bookTicker":
        return BestQuote(
            data["u"],
            (_steps(data["b"], _PRICE), _steps(data["B"], _SIZE)),
            (_steps(data["a"], _PRICE), _steps(data["A"], _SIZE)),
            time,
        )
    assert data["e"] == "trade"
    side = SELL if data["m"] else BUY
    return Rec(time, TRADE, side, 0, 0, _steps(data["p"], _PRICE), _steps(data["q"], _SIZE))


def _rows(time: int, bids: list[list[str]], asks: list[list[str]]) -> list[Rec]:
    rows = []
    for side, levels in ((BID, bids), (ASK, asks)):
        for price, size in levels:
            steps = _steps(size, _SIZE)
            op = UPDATE if steps else REMOVE
            rows.append(Rec(time, PRICE, side, op, 0, _steps(price, _PRICE), steps))
    return rows


def _steps(text: str, decimals: int) -> int:
    steps = Decimal(text).scaleb(decimals)
    assert steps == int(steps)
    return int(steps)
