"""Databento files through the vendor's own decoder."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import databento_dbn
import zstandard

from tests.reference.mbo_book import MboEvent

__all__ = ["TICK", "decoded", "mbo_events"]

TICK = 250_000_000
"""ES: a tick in the format's price unit of 1e-9."""


@lru_cache(maxsize=4)
def decoded(path: Path) -> list[Any]:
    """All records of a file, the metadata left out."""
    with path.open("rb") as file:
        raw = zstandard.ZstdDecompressor().stream_reader(file).read()
    decoder = databento_dbn.DBNDecoder()
    decoder.write(raw)
    return list(decoder.decode())[1:]


def mbo_events(path: Path) -> Iterator[MboEvent]:
    """MBO records with prices in ES ticks."""
    for record in decoded(path):
        price = record.price
        ticks, rest = divmod(price, TICK) if price != 2**63 - 1 else (0, 0)
        assert rest == 0
        yield MboEvent(
            record.ts_event,
            str(record.action),
            str(record.side),
            ticks,
            record.size,
            record.order_id,
            int(record.flags),
        )
