"""The state of a text parser: one structured element that its kernels read and write.

Input bytes, tables and counters lie together, so a kernel takes three small arguments and counts
no references. Times are ns UTC, local times seconds of the wall clock since 1970.
"""

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from market.errors import UsageError
from market.ticks import Grid

__all__ = [
    "BUFFER",
    "CAPACITY",
    "MAKER_WIDTH",
    "MAX_DIGITS",
    "MAX_LINE",
    "MAX_MAKERS",
    "NULL",
    "PADDING",
    "PARSER",
    "Struct",
    "Whole",
    "new_parser",
]

Struct: TypeAlias = Any
"""A view of one structured element, read and written by attribute."""
Whole: TypeAlias = Any
"""A whole number: int64 in compiled code, a NumPy scalar with the JIT off."""

NULL: Final = -(2**63)
"""No price, no time."""
CHUNK: Final = 1 << 20
MAX_LINE: Final = 1 << 14
"""A longer line is not a recording's."""
PADDING: Final = 64
"""Bytes that must be readable after the last line."""
BUFFER: Final = CHUNK + MAX_LINE + PADDING
CAPACITY: Final = 16384
"""Records of one kernel call."""
MAX_DIGITS: Final = 18
MAX_MAKERS: Final = 4096
MAKER_WIDTH: Final = 32
_ZONE_ROWS: Final = 256
_COLUMNS: Final = 16
_BILLIONTHS: Final = Grid("0.000000001")

_COUNTERS: Final = (
    "pos",  # next byte to parse
    "stop",  # end of the last whole line
    "count",  # records of this call
    "frames",  # frames of this call
    "line",  # number of the line at pos
    "word0",  # the last wall time's bytes 0-7
    "word1",  # its bytes 6-13
    "second",  # that time, ns UTC
    "segment",  # row of the zone table that it fell into
    "zones",  # rows of the zone table
    "last_time",
    "inversions",  # lines earlier than the one before
    "first_inversion",  # line, -1 none
    "bid",  # ticks of the last Level I line, NULL none
    "ask",
    "trade",  # ticks of the last trade
    "side",  # its aggressor
    "makers",  # names known
    "name_start",  # of an unknown maker
    "name_stop",
    "columns",  # of a CSV line
    "separator",  # its byte
    "variant",  # format specific
    "off_grid",  # orders put at prices between two ticks
    "first_off_grid",  # line, -1 none
    "left_out",  # trades at prices between two ticks
    "wanted",  # id of the instrument that is read, of files that have several
    "others",  # records of others
)

PARSER: Final = np.dtype(
    (
        np.record,
        [(name, "<i8") for name in _COUNTERS]
        + [
            ("uncarried", "<i8", (10,)),  # L1 lines by type that no record carries
            # of messages that give ten levels whole: [before | now, side, price | size, row]
            ("levels", "<i8", (80,)),
            ("order", "<i8", (_COLUMNS,)),  # meaning of each CSV column
            ("zone", "<i8", (_ZONE_ROWS, 2)),  # from local second, seconds to subtract
            ("rules", "<i8", (3, MAX_DIGITS + 1, 4)),  # by PRICE, SIZE, BILLIONTH, see decimal_rule
            ("names", "u1", (MAX_MAKERS, MAKER_WIDTH)),  # length, then the name
            ("bytes", "u1", (BUFFER,)),
        ],
    )
)


def new_parser(price: Grid, size: Grid, zone: NDArray[np.int64]) -> NDArray[Any]:
    """The state before the first line, shape (1,).

    Args:
        price: grid of prices.
        size: grid of sizes.
        zone: rows (first local second, seconds to subtract), ascending; the first row is -2^63.

    Raises:
        UsageError: the zone changes its clock too often to fit.
    """
    if len(zone) > _ZONE_ROWS:
        raise UsageError(f"a time zone with more than {_ZONE_ROWS} clock changes is not supported")
    parser: NDArray[Any] = np.zeros(1, PARSER)
    for name in ("last_time", "bid", "ask", "trade"):
        parser[name] = NULL
    parser["first_inversion"] = parser["first_off_grid"] = -1
    parser["levels"][0].reshape(2, 2, 2, 10)[:, :, 0] = NULL
    parser["side"] = 2
    parser["separator"] = ord(";")
    parser["zones"] = len(zone)
    parser["zone"][0, : len(zone)] = zone
    parser["rules"][0, 0] = decimal_rule(price)
    parser["rules"][0, 1] = decimal_rule(size)
    parser["rules"][0, 2] = decimal_rule(_BILLIONTHS)
    return parser


def decimal_rule(grid: Grid) -> NDArray[np.int64]:
    """How a decimal with d fraction digits becomes steps: (multiply, divide, largest, 10^d).

    ``steps = mantissa * multiply / divide`` where that division leaves no remainder; a mantissa
    above ``largest`` would leave the range of 2^53 steps. Divide 0: no such decimal.
    """
    rule = np.zeros((MAX_DIGITS + 1, 4), np.int64)
    for d in range(MAX_DIGITS + 1):
        factor = 1 / (grid.fraction * 10**d)
        if factor.denominator < 2**63:
            largest = min(2**53 * factor.denominator, 2**63 - 1) // factor.numerator
            rule[d] = factor.numerator, factor.denominator, largest, 10**d
    return rule
