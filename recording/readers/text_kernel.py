"""Steps that all text parsers share: digits, exact decimals, wall time, line ends, frame cuts.

Every step takes the parser and an index into its bytes, and stops at the first byte that does not
belong to it; a line end ends every field, and PADDING bytes follow the last line. Digits are read
eight at a time without a branch for their number. Failures come back as a negative index.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.jit import fused
from market.record import MAX_DT, MAX_RECORDS
from recording.readers.state import MAX_DIGITS, Struct, Whole

__all__ = [
    "BAD",
    "BILLIONTH",
    "DONE",
    "FULL",
    "LATEST",
    "MALFORMED",
    "OFF",
    "OFF_GRID",
    "PRICE",
    "SIZE",
    "byte",
    "civil_days",
    "cut_frame",
    "deliver",
    "digits",
    "eight_digits",
    "is_eight_digits",
    "is_point",
    "line_end",
    "load_eight",
    "note_time",
    "seconds_of_day",
    "steps",
    "to_utc",
    "wall_second",
]

DONE: Final = 0
FULL: Final = 1
MALFORMED: Final = 2
OFF_GRID: Final = 3
"""Statuses of a parser."""

BAD: Final = -1
OFF: Final = -2
"""In place of an index: not what should stand here, or not on the grid."""

LATEST: Final = 2**62
"""Times in ns are before it, in 2116: as on the wire, so sums with them stay within 64 bits."""

PRICE: Final = 0
SIZE: Final = 1
BILLIONTH: Final = 2
"""Rows of the parser's rules."""

_SECOND_NS: Final = 1_000_000_000
_ZEROS: Final = np.uint64(0x3030303030303030)
_HIGH: Final = np.uint64(0xF0F0F0F0F0F0F0F0)
_SIX: Final = np.uint64(0x0606060606060606)
_PAIRS: Final = np.uint64(0x00FF00FF00FF00FF)
_FOURS: Final = np.uint64(0x0000FFFF0000FFFF)
_LOW32: Final = np.uint64(0xFFFFFFFF)
_LOW7: Final = np.uint64(0x7F7F7F7F7F7F7F7F)
_ABOVE_NINE: Final = np.uint64(0x4646464646464646)
_BELOW_ZERO: Final = np.uint64(0xAFAFAFAFAFAFAFAF)
_TOPS: Final = np.uint64(0x8080808080808080)
_NONE: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
_TWO: Final = np.uint64(2)
_THREE: Final = np.uint64(3)
_FOUR: Final = np.uint64(4)
_FIVE: Final = np.uint64(5)
_SIXTH: Final = np.uint64(6)
_S7: Final = np.uint64(7)
_S8: Final = np.uint64(8)
_TEN: Final = np.uint64(10)
_S16: Final = np.uint64(16)
_S24: Final = np.uint64(24)
_S32: Final = np.uint64(32)
_S40: Final = np.uint64(40)
_S48: Final = np.uint64(48)
_S56: Final = np.uint64(56)
_HUNDRED: Final = np.uint64(100)
_BYTE: Final = np.uint64(255)
_MYRIAD: Final = np.uint64(10000)


@fused
def byte(p: Struct, i: int) -> Whole:
    """One byte; unsigned, so that no index can count from the end."""
    return p.bytes[np.uint64(i)]


@fused
def load_eight(p: Struct, i: int) -> Whole:
    """Eight bytes as one little-endian word; LLVM makes one load of it."""
    u = np.uint64(i)
    return (
        np.uint64(p.bytes[u])
        | np.uint64(p.bytes[u + _ONE]) << _S8
        | np.uint64(p.bytes[u + _TWO]) << _S16
        | np.uint64(p.bytes[u + _THREE]) << _S24
        | np.uint64(p.bytes[u + _FOUR]) << _S32
        | np.uint64(p.bytes[u + _FIVE]) << _S40
        | np.uint64(p.bytes[u + _SIXTH]) << _S48
        | np.uint64(p.bytes[u + _S7]) << _S56
    )


@fused
def is_eight_digits(word: Whole) -> Whole:
    """Whether every byte is an ASCII digit."""
    return (word & _HIGH) == _ZEROS and ((word + _SIX) & _HIGH) == _ZEROS


@fused
def eight_digits(word: Whole) -> Whole:
    """The number that eight digits spell: pairs, then fours, then all; no step overflows."""
    v = word - _ZEROS
    v = (v * _TEN + (v >> _S8)) & _PAIRS
    v = (v * _HUNDRED + (v >> _S16)) & _FOURS
    return np.int64((v * _MYRIAD + (v >> _S32)) & _LOW32)


@fused
def digit_run(word: Whole) -> Whole:
    """How many of the word's first bytes are digits, 0 to 8."""
    low = word & _LOW7
    # The top bit of a byte says that it is no digit; bytes from 0x80 on have it already.
    other = ((low + _ABOVE_NINE) | (_BELOW_ZERO - low) | word) & _TOPS
    if other == _NONE:
        return np.int64(8)
    below = (other & (~other + _ONE)) - _ONE
    return np.int64(((below & _TOPS) >> _S7) % _BYTE)


@fused
def first_digits(word: Whole, count: Whole) -> Whole:
    """The number that the word's first 1 to 7 bytes spell."""
    bits = np.uint64(count) * _S8
    return eight_digits((word << (_S8 * _S8 - bits)) | (_ZEROS >> bits))


@fused
def digits(p: Struct, i: int) -> Whole:
    """An unsigned number of 1 to 7 digits, and the index after it (BAD: none, or longer)."""
    word = load_eight(p, i)
    count = digit_run(word)
    if count == 0 or count == 8:
        return np.int64(0), np.int64(BAD)
    return first_digits(word, count), i + count


@fused
def is_point(p: Struct, i: int) -> Whole:
    """Whether a decimal point or comma stands at ``i``; what separates fields is none."""
    c = byte(p, i)
    return c == 46 or (c == 44 and p.separator != 44)


@fused
def steps(p: Struct, i: int, grid: int) -> Whole:
    """A decimal with point or comma as steps of a grid, exactly; index BAD or OFF on failure."""
    word = load_eight(p, i)
    count = digit_run(word)
    if count == 0 or count == 8:
        return long_steps(p, i, grid)
    x = first_digits(word, count)
    j = i + count
    d = np.int64(0)
    if is_point(p, j):
        word = load_eight(p, j + 1)
        d = digit_run(word)
        if d == 0 or d == 8:
            return long_steps(p, i, grid)
        x = x * p.rules[grid, d, 3] + first_digits(word, d)
        j += d + 1
    return scaled(p, x, d, j, grid)


@fused
def scaled(p: Struct, x: Whole, d: Whole, j: Whole, grid: int) -> Whole:
    """Mantissa ``x`` with ``d`` fraction digits as steps; ``j``, or BAD, or OFF."""
    divide = p.rules[grid, d, 1]
    if divide == 0 or x > p.rules[grid, d, 2]:
        return x, np.int64(BAD)
    x *= p.rules[grid, d, 0]
    if divide == 1:
        return x, j
    quotient = x // divide
    if quotient * divide != x:
        return x, np.int64(OFF)
    return quotient, j


@fused
def long_steps(p: Struct, i: int, grid: int) -> Whole:
    """``steps`` digit by digit: for signs, and for more than seven digits in a row."""
    negative = byte(p, i) == 45
    j = i + 1 if negative else i
    x = np.int64(0)
    count = np.int64(0)
    d = np.int64(-1)
    while True:
        c = np.int64(byte(p, j)) - 48
        if 0 <= c <= 9:
            if count == MAX_DIGITS:
                return x, np.int64(BAD)
            x = x * 10 + c
            count += 1
            if d >= 0:
                d += 1
        elif is_point(p, j) and d < 0 and count > 0:
            d = np.int64(0)
        else:
            break
        j += 1
    if count == 0 or d == 0:
        return x, np.int64(BAD)
    x, j = scaled(p, x, max(d, np.int64(0)), j, grid)
    return (-x if negative else x), j


@fused
def line_end(p: Struct, i: int) -> Whole:
    """The index after LF or CRLF at ``i``; BAD when the line goes on."""
    if byte(p, i) == 13:
        i += 1
    return i + 1 if byte(p, i) == 10 else np.int64(BAD)


@fused
def civil_days(date: Whole) -> Whole:
    """Days since 1970-01-01 of a date yyyymmdd (Gregorian, from 1970); BAD for no such date."""
    y = date // 10000
    m = date // 100 % 100
    d = date % 100
    if y < 1970 or m < 1 or m > 12 or d < 1:
        return np.int64(BAD)
    last = 30 + ((m + m // 8) & 1)
    if m == 2:
        last = 29 if (y % 4 == 0 and y % 100 != 0) or y % 400 == 0 else 28
    if d > last:
        return np.int64(BAD)
    if m <= 2:
        y -= 1
        m += 12
    # Years begin in March: the leap day comes last, and months have 30.6 days on average.
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * (m - 3) + 2) // 5 + d - 719469


@fused
def seconds_of_day(time: Whole) -> Whole:
    """Seconds since midnight of hhmmss; BAD for no such time."""
    h = time // 10000
    m = time // 100 % 100
    s = time % 100
    if h > 23 or m > 59 or s > 59:
        return np.int64(BAD)
    return h * 3600 + m * 60 + s


@fused
def to_utc(p: Struct, local: Whole) -> Whole:
    """Local seconds to UTC by the zone's table, beginning at the last time's row."""
    s = p.segment
    while local < p.zone[s, 0]:
        s -= 1
    while s + 1 < p.zones and local >= p.zone[s + 1, 0]:
        s += 1
    p.segment = s
    return local - p.zone[s, 1]


@fused
def wall_second(p: Struct, word0: Whole, word1: Whole) -> Whole:
    """Put the time yyyyMMddHHmmss into ``p.second``; False when it is none.

    Args:
        p: the parser.
        word0: its digits 0-7.
        word1: its digits 6-13; mostly both are those of the line before.
    """
    if word0 == np.uint64(p.word0) and word1 == np.uint64(p.word1):
        return True
    if not (is_eight_digits(word0) and is_eight_digits(word1)):
        return False
    days = civil_days(eight_digits(word0))
    second = seconds_of_day(eight_digits(word1) % 1_000_000)
    if days < 0 or second < 0:
        return False
    p.second = to_utc(p, days * 86_400 + second) * _SECOND_NS
    p.word0 = np.int64(word0)
    p.word1 = np.int64(word1)
    return True


@fused
def note_time(p: Struct, time: Whole, line: Whole) -> None:
    """Count a time that lies before the one of the line before."""
    if time < p.last_time:
        p.inversions += 1
        if p.first_inversion < 0:
            p.first_inversion = line
    p.last_time = time


@fused
def cut_frame(
    k: Whole,
    count: Whole,
    time: Whole,
    frames: Whole,
    starts: NDArray[np.int64],
    bases: NDArray[np.int64],
) -> Whole:
    """Frames after ``count`` records from ``k`` on at ``time``: one more if the last is too full.

    What one line says stays in one frame.
    """
    if frames > 0:
        distance = time - bases[frames - 1]
        if 0 <= distance <= MAX_DT and k + count - starts[frames - 1] <= MAX_RECORDS:
            return frames
    starts[frames] = k
    bases[frames] = time
    return frames + 1


@fused
def deliver(
    k: Whole,
    count: Whole,
    time: Whole,
    line: Whole,
    frames: Whole,
    records: NDArray[Any],
    index: NDArray[np.int64],
    starts: NDArray[np.int64],
    bases: NDArray[np.int64],
) -> Whole:
    """Give the ``count`` records of a line their time and index; the number of frames then."""
    frames = cut_frame(k, count, time, frames, starts, bases)
    for n in range(k, k + count):
        records[n].dt = time - bases[frames - 1]
        index[n] = line
    return frames
