"""NinjaTrader dump lines read in the plainest way, apart from the product's reader."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from tests.reference.records import POSITION, QUOTE, TRADE, UNKNOWN, Rec

__all__ = ["dump_recs"]

ASK_LINE, BID_LINE, LAST_LINE = "0", "1", "2"


@lru_cache(maxsize=4096)
def _seconds(stamp: str) -> int:
    return int(datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())


def dump_recs(path: Path, tick: str = "0.25") -> Iterator[Rec]:
    """Every L2 line and the ask, bid and last L1 lines, in order; times as UTC."""
    for line in path.read_text("utf-8").splitlines():
        fields = line.split(";")
        time = _seconds(fields[2]) * 10**9 + int(fields[3]) * 100
        if fields[0] == "L2":
            _, side, _, _, op, position, _, price, size = fields
            ticks = _ticks(price, tick)
            yield Rec(time, POSITION, int(side), int(op), int(position), ticks, int(size))
        else:
            _, what, _, _, price, size = fields
            ticks = _ticks(price, tick)
            if what == LAST_LINE:
                yield Rec(time, TRADE, UNKNOWN, 4, 0, ticks, int(size))
            else:
                assert what in (ASK_LINE, BID_LINE)
                yield Rec(time, QUOTE, int(what), 0, 0, ticks, int(size))


@lru_cache(maxsize=65536)
def _ticks(price: str, tick: str) -> int:
    ticks = Decimal(price.replace(",", ".")) / Decimal(tick)
    assert ticks == int(ticks)
    return int(ticks)
