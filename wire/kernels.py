"""Compiled checks of records. They trust nothing, so that the kernels behind them may."""

from typing import Final

import numpy as np

from market.jit import brief, inlined, unsigned
from market.record import Records

__all__ = ["FIELDS", "MAX_MAGNITUDE", "check_records", "record_rules"]

MAX_MAGNITUDE: Final = 2**53 - 1
"""Largest price in ticks (either sign) and size in steps."""
FIELDS: Final = ("kind", "side", "op", "position", "price", "size")
"""Names of the field numbers that :func:`check_records` reports."""

_MAX: Final = 2**53 - 1
_NO_OP: Final = -1
_UNKNOWN_KIND: Final = 5
_SIDES: Final = np.array([1, 1, 1, 2, 1, 0])
_OPS: Final = np.array([[2, 2, 1, 4, 6, _NO_OP], [0, 0, _NO_OP, _NO_OP, 0, _NO_OP]])
"""The largest ``side``, and in events and snapshots the largest ``op``, of each kind."""


def record_rules(*, snapshot: bool = False, bits: int = 1) -> int:
    """What holds for the records of a frame, in one number: each argument of a call costs time.

    Args:
        snapshot: only adds of depth and orders are allowed.
        bits: the largest ``position`` of an order: all its bits.
    """
    return bits << 1 | snapshot


@brief
def check_records(records: Records, rules: int) -> int:
    """First field out of range.

    Args:
        records: RECORD[n].
        rules: of :func:`record_rules`.

    Returns:
        -1 when all are in range, else ``8 * index + field`` with ``field`` an index into FIELDS.
        A few ns a record; nothing changes.
    """
    snapshot = rules & 1
    bits = rules >> 1
    if _all_in_range(records, snapshot, bits):
        return -1
    return _first_wrong(records, snapshot, bits)


@inlined
def _all_in_range(records: Records, snapshot: int, bits: int) -> bool:
    """Whether no field is out of range, without a branch.

    In real data the kind changes every other record, and each wrong guess of it costs as much as
    everything else that is asked of a record.
    """
    ops = _OPS[unsigned(snapshot)]
    wrong = False
    for i in range(len(records)):
        record = records[unsigned(i)]
        kind = min(record["kind"], _UNKNOWN_KIND)
        side = record["side"]
        op = record["op"]
        price = record["price"]
        size = record["size"]
        volume = (kind == 2) & (op == 1)
        wrong |= side > _SIDES[unsigned(kind)]
        wrong |= op > ops[unsigned(kind)]
        wrong |= volume & ((side | price) != 0)
        wrong |= (kind == 4) & (record["position"] > bits)
        wrong |= (price > _MAX) | (price < -_MAX)
        wrong |= (size < 0) | (size > _MAX)
    return not wrong


@inlined
def _first_wrong(records: Records, snapshot: int, bits: int) -> int:
    """As ``check_records``, field by field."""
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
