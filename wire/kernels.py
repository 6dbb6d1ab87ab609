"""Compiled checks of records. They trust nothing, so that the kernels behind them may."""

from typing import Final

from market.jit import kernel
from market.record import Records

__all__ = ["FIELDS", "MAX_MAGNITUDE", "check_records"]

MAX_MAGNITUDE: Final = 2**53 - 1
"""Largest price in ticks (either sign) and size in steps."""
FIELDS: Final = ("kind", "side", "op", "position", "price", "size")
"""Names of the field numbers that :func:`check_records` reports."""

_MAX: Final = 2**53 - 1


@kernel
def check_records(records: Records, snapshot: bool, bits: int) -> int:
    """First field out of range.

    Args:
        records: RECORD[n].
        snapshot: only adds of depth and orders are allowed.
        bits: the largest ``position`` of an order: all its bits.

    Returns:
        -1 when all are in range, else ``8 * index + field`` with ``field`` an index into FIELDS.
        About 1 ns a record; nothing changes.
    """
    for i in range(len(records)):
        record = records[i]
        kind = record["kind"]
        side = record["side"]
        op = record["op"]
        price = record["price"]
        size = record["size"]
        if kind <= 1:
            if side > 1:
                return 8 * i + 1
            if op > 2:
                return 8 * i + 2
        elif kind == 2:
            if side > 1 or (op == 1 and side != 0):
                return 8 * i + 1
            if op > 1:
                return 8 * i + 2
            if op == 1 and price != 0:
                return 8 * i + 4
        elif kind == 3:
            if side > 2:
                return 8 * i + 1
            if op > 4:
                return 8 * i + 2
        elif kind == 4:
            if side > 1:
                return 8 * i + 1
            if op > 6:
                return 8 * i + 2
            if record["position"] > bits:
                return 8 * i + 3
        else:
            return 8 * i
        if snapshot:
            if kind == 2 or kind == 3:
                return 8 * i
            if op != 0:
                return 8 * i + 2
        if price > _MAX or price < -_MAX:
            return 8 * i + 4
        if size < 0 or size > _MAX:
            return 8 * i + 5
    return -1
