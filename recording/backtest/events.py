"""The layout of an event, and its flags, as of hftbacktest 2.4 (``hftbacktest.types``)."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.instrument import Instrument
from market.record import Records

__all__ = [
    "ADD",
    "CANCEL",
    "CLEAR",
    "DEPTH",
    "EVENT",
    "FILL",
    "MODIFY",
    "SNAPSHOT",
    "TRADE",
    "Group",
    "clear_of",
    "events_of",
    "joined",
    "part_of",
]

EVENT: Final = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ]
)
"""hftbacktest's ``event_dtype``, 64 bytes; times are ns UTC, ``ival`` and ``fval`` are 0."""

DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
ADD, CANCEL, MODIFY, FILL = 10, 11, 12, 13
_BOTH: Final = 1 << 31 | 1 << 30
"""Valid at the exchange and locally: neither time goes back, so no event has to be told twice."""
_SIDES: Final = np.array([1 << 28, 1 << 29, 0], np.uint64)
"""Sell, buy, neither: by Side (ask, bid) and by Aggressor (sell, buy, unknown)."""


class Group(NamedTuple):
    """Records with both times, int64 ns UTC, neither of which goes back.

    Attributes:
        line: line or record of the input, of each, from 0.
        seq: number of each.
    """

    records: Records
    exchange: NDArray[np.int64]
    local: NDArray[np.int64]
    line: NDArray[np.int64]
    seq: NDArray[np.int64]


def part_of(group: Group, low: int, high: int) -> Group:
    """Records ``low`` to before ``high``."""
    return Group(*(column[low:high] for column in group))


def joined(groups: list[Group]) -> Group:
    """Several, one after the other."""
    return groups[0] if len(groups) == 1 else Group(*map(np.concatenate, zip(*groups, strict=True)))


def events_of(
    instrument: Instrument,
    kind: int | NDArray[np.int64],
    side: NDArray[Any],
    price: NDArray[np.int64],
    size: NDArray[np.int64],
    order_id: int | NDArray[np.uint64] = 0,
) -> NDArray[Any]:
    """Events without times.

    Args:
        instrument: its units.
        kind: of all, or of each.
        side: Side, or of trades Aggressor.
        price: ticks.
        size: size steps.
        order_id: of orders.
    """
    events = np.zeros(len(side), EVENT)
    events["ev"] = np.asarray(kind, np.uint64) | np.uint64(_BOTH) | _SIDES[side.astype(np.int64)]
    tick, step = instrument.tick, instrument.size
    events["px"] = price * tick.numerator / tick.denominator
    events["qty"] = size * step.numerator / step.denominator
    events["order_id"] = order_id
    return events


def clear_of(exchange: int, local: int) -> NDArray[Any]:
    """The event that empties both sides."""
    events = np.zeros(1, EVENT)
    events["ev"] = CLEAR | _BOTH
    events["exch_ts"], events["local_ts"] = exchange, local
    return events
