"""WebSocket recordings of Kraken, OKX and OKCoin with the exchanges' own checksums.

Prices become ticks and sizes size steps by the pair's decimals: the most that any message of the
recording shows.
"""

import json
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from tests.reference.records import ASK, BID

__all__ = ["BookMessage", "Pair", "kraken", "kraken_checksum", "okx", "okx_checksum"]

Levels = list[tuple[int, int]]
_LINE = re.compile(r"^(\d+\.\d+): (.*)$")


class Pair(NamedTuple):
    """Decimals of a pair's prices and sizes."""

    price: int
    size: int


class BookMessage(NamedTuple):
    """One message: a snapshot or changes (size 0 removes), as (side, ticks, size steps)."""

    time: int
    symbol: str
    pair: Pair
    snapshot: bool
    rows: list[tuple[int, int, int]]
    checksum: int | None


def _messages(path: Path) -> Iterator[tuple[int, Any]]:
    for line in path.read_text("utf-8").splitlines():
        match = _LINE.match(line)
        if match:
            yield int(Decimal(match[1]) * 10**9), json.loads(match[2])


def _steps(text: str, decimals: int) -> int:
    steps = Decimal(text).scaleb(decimals)
    assert steps == int(steps)
    return int(steps)


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _grow(pairs: dict[str, Pair], symbol: str, rows: list[list[str]]) -> None:
    old = pairs.get(symbol, Pair(0, 0))
    pairs[symbol] = Pair(
        max([old.price, *(_decimals(row[0]) for row in rows)]),
        max([old.size, *(_decimals(row[1]) for row in rows)]),
    )


def kraken(path: Path) -> list[BookMessage]:
    """Book messages of all pairs; a snapshot has no checksum."""
    raw = []
    pairs: dict[str, Pair] = {}
    for time, message in _messages(path):
        if not isinstance(message, list) or not message[-2].startswith("book"):
            continue
        sides: list[tuple[int, list[list[str]]]] = []
        checksum = None
        snapshot = False
        for part in message[1:-2]:
            snapshot = snapshot or "as" in part
            sides += [(ASK, part.get("a", [])), (ASK, part.get("as", []))]
            sides += [(BID, part.get("b", [])), (BID, part.get("bs", []))]
            checksum = int(part["c"]) if "c" in part else checksum
        for _, rows in sides:
            _grow(pairs, message[-1], rows)
        raw.append((time, message[-1], snapshot, sides, checksum))
    return [_message(pairs, *message) for message in raw]


def okx(path: Path) -> list[BookMessage]:
    """Book messages of all instruments of OKX or OKCoin; each has a checksum."""
    raw = []
    pairs: dict[str, Pair] = {}
    for time, message in _messages(path):
        if message.get("arg", {}).get("channel") != "books" or "data" not in message:
            continue
        symbol = message["arg"]["instId"]
        (data,) = message["data"]
        sides = [(ASK, data["asks"]), (BID, data["bids"])]
        for _, rows in sides:
            _grow(pairs, symbol, rows)
        snapshot = message["action"] == "snapshot"
        raw.append((time, symbol, snapshot, sides, data["checksum"]))
    return [_message(pairs, *message) for message in raw]


def _message(
    pairs: dict[str, Pair],
    time: int,
    symbol: str,
    snapshot: bool,
    sides: list[tuple[int, list[list[str]]]],
    checksum: int | None,
) -> BookMessage:
    pair = pairs[symbol]
    rows = [
        (side, _steps(row[0], pair.price), _steps(row[1], pair.size))
        for side, levels in sides
        for row in levels
    ]
    return BookMessage(time, symbol, pair, snapshot, rows, checksum)


def kraken_checksum(bids: Levels, asks: Levels) -> int:
    """Top ten asks, then bids, price then size, without dot and leading zeros."""
    return zlib.crc32("".join(f"{p}{s}" for p, s in asks[:10] + bids[:10]).encode())


def okx_checksum(bids: Levels, asks: Levels, pair: Pair) -> int:
    """25 levels, bid and ask in turn, ``price:size`` joined by ``:``, as a signed number."""
    fields = []
    for index in range(25):
        for levels in (bids, asks):
            if index < len(levels):
                price, size = levels[index]
                fields += [_plain(price, pair.price), _plain(size, pair.size)]
    crc = zlib.crc32(":".join(fields).encode())
    return crc - 2**32 if crc >= 2**31 else crc


def _plain(steps: int, decimals: int) -> str:
    text = f"{Decimal(steps).scaleb(-decimals):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
