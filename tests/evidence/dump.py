"""NinjaTrader dump lines read in the plainest way, apart from the product's reader."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.reference.records import BUY, POSITION, QUOTE, SELL, TRADE, UNKNOWN, Rec

__all__ = ["dump_recs", "parse_dump"]

ASK_LINE, BID_LINE, LAST_LINE, VOLUME_LINE = "0", "1", "2", "5"


@lru_cache(maxsize=4096)
def _seconds(stamp: str, zone: str) -> int:
    local = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(zone))
    return int(local.timestamp())


def dump_recs(path: Path) -> Iterator[Rec]:
    """The records of a file in UTC, prices on a grid of 0.25."""
    yield from parse_dump(path.read_text("utf-8").splitlines(), "UTC")


def parse_dump(lines: Iterable[str], zone: str, tick: str = "0.25") -> Iterator[Rec]:
    """Every L2 line and the ask, bid, last and running-volume L1 lines, in order.

    The aggressor of a trade comes from the last quotes before it.
    """
    quotes: dict[str, int] = {}
    for line in lines:
        fields = line.split(";")
        time = _seconds(fields[2], zone) * 10**9 + int(fields[3]) * 100
        if fields[0] == "L2":
            _, side, _, _, op, position, _, price, size = fields
            ticks = _ticks(price, tick)
            yield Rec(time, POSITION, int(side), int(op), int(position), ticks, int(size))
        else:
            _, what, _, _, price, size = fields
            ticks = _ticks(price, tick)
            if what == LAST_LINE:
                yield Rec(time, TRADE, _aggressor(quotes, ticks), 2, 0, ticks, int(size))
            elif what == VOLUME_LINE:
                yield Rec(time, QUOTE, 0, 1, 0, 0, int(size))
            elif what in (ASK_LINE, BID_LINE):
                quotes[what] = ticks
                yield Rec(time, QUOTE, int(what), 0, 0, ticks, int(size))


def _aggressor(quotes: dict[str, int], ticks: int) -> int:
    if ASK_LINE in quotes and ticks >= quotes[ASK_LINE]:
        return BUY
    return SELL if BID_LINE in quotes and ticks <= quotes[BID_LINE] else UNKNOWN


@lru_cache(maxsize=65536)
def _ticks(price: str, tick: str) -> int:
    ticks = Decimal(price.replace(",", ".")) / Decimal(tick)
    assert ticks == int(ticks)
    return int(ticks)
