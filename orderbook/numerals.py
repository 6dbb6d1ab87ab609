"""Numbers as the text that JSON has of them, byte for byte what orjson writes.

A float gets the fewest digits that read back as the same float, of those the nearest: the
algorithm is Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020; the names
are his). A kernel that writes digits needs no object for each of fifty fields.
"""

import os
from typing import Any, Final

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from market.jit import inlined, unsigned
from orderbook.layout import as_int

__all__ = ["Text", "write_float", "write_int"]

Text = NDArray[np.uint8]
"""Bytes that a kernel writes, or copies from."""

_LEAST: Final = -292
"""The powers of ten that doubles need: from this to 10**324."""


def _powers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """10**k for k from _LEAST to 324 as 128 bits, the highest one set, rounded up; two halves."""
    parts = []
    for k in range(_LEAST, 325):
        over, under = (10**k, 1) if k >= 0 else (1, 10**-k)
        shift = (over.bit_length() - under.bit_length()) - 128
        scaled = _shifted_up(over, under, shift)
        if scaled.bit_length() < 128:
            scaled = _shifted_up(over, under, shift - 1)
        elif scaled.bit_length() > 128:
            scaled = _shifted_up(over, under, shift + 1)
        parts.append(divmod(scaled, 1 << 64))
    high, low = zip(*parts, strict=True)
    return np.array(high, np.uint64), np.array(low, np.uint64)


def _shifted_up(over: int, under: int, shift: int) -> int:
    """``over / under / 2**shift``, rounded up."""
    if shift > 0:
        under <<= shift
    else:
        over <<= -shift
    return -(-over // under)


_HIGH, _LOW = _powers()
_FRACTION: Final = (1 << 52) - 1
_HIDDEN: Final = 1 << 52
_BIAS: Final = 1075
_EXPONENT: Final = 2047
_ZERO, _ONE, _TWO, _TEN, _HUNDRED = (np.uint64(n) for n in (0, 1, 2, 10, 100))
_TENS: Final = np.array([10**k for k in range(19)])
_PAIRS: Final = np.frombuffer("".join(f"{i:02}" for i in range(100)).encode(), np.uint8)
_NULL: Final = np.frombuffer(b"null", np.uint8)
_MINUS, _PLUS, _POINT, _NOUGHT, _E = map(ord, "-+.0e")
_MOST_BEFORE: Final = 16
"""Digits before the point; beyond that an exponent is written."""
_LEAST_BEFORE: Final = -4
"""As many zeros as this has behind the point; with more an exponent is written."""

if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":

    def _round_to_odd(high: Any, low: Any, factor: Any) -> int:  # noqa: ANN401 - words
        """The product of 128 bits and ``factor`` over 2**128; odd if something was left over."""
        product = int(high) * int(factor) + (int(low) * int(factor) >> 64)
        return product >> 64 | (product & (1 << 64) - 1 > 1)

else:

    @intrinsic
    def _round_to_odd(typing_context: Any, high: Any, low: Any, factor: Any) -> Any:  # noqa: ANN401
        """The product of 128 bits and ``factor`` over 2**128; odd if something was left over."""

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            word, double = ir.IntType(64), ir.IntType(128)
            high, low, factor = (builder.zext(value, double) for value in values)
            half = double(64)
            product = builder.add(
                builder.mul(high, factor), builder.lshr(builder.mul(low, factor), half)
            )
            rest = builder.icmp_unsigned(">", builder.trunc(product, word), word(1))
            whole = builder.trunc(builder.lshr(product, half), word)
            return builder.or_(whole, builder.zext(rest, word))

        return types.int64(types.uint64, types.uint64, types.int64), generate


@inlined
def write_int(text: Text, at: int, value: int) -> int:
    """Write an integer; returns where the text goes on.

    Args:
        text: has room for 20 bytes.
        at: where to begin.
        value: any int64 but the least.
    """
    if value < 0:
        text[unsigned(at)] = _MINUS
        at += 1
        value = -value
    end = at + _length(value)
    _write_digits(text, end, value)
    return end


@inlined
def write_float(text: Text, at: int, bits: int) -> int:
    """Write a float, ``null`` for what is no number; returns where the text goes on.

    Args:
        text: has room for 25 bytes.
        at: where to begin.
        bits: the float's 64 bits.
    """
    exponent = (bits >> 52) & _EXPONENT
    fraction = bits & _FRACTION
    if exponent == _EXPONENT:
        for i in range(4):
            text[unsigned(at + i)] = _NULL[unsigned(i)]
        return at + 4
    if bits < 0:
        text[unsigned(at)] = _MINUS
        at += 1
    if exponent == 0 and fraction == 0:
        return _write_whole(text, at, as_int(0), as_int(1), as_int(1))
    digits, power = _shortest(fraction, exponent)
    return _write_decimal(text, at, digits, power)


@inlined
def _shortest(fraction: int, exponent: int) -> tuple[int, int]:
    """Digits and power of ten of a positive float; zeros may be left at the end."""
    if exponent != 0:
        c = _HIDDEN | fraction
        q = exponent - _BIAS
        if -53 < q <= 0 and c & ((as_int(1) << -q) - 1) == 0:
            return c >> -q, as_int(0)
    else:
        c = fraction
        q = as_int(1 - _BIAS)
    odd = c & 1
    closer = as_int(1) if fraction == 0 and exponent > 1 else as_int(0)
    k = (q * 1262611 - closer * 524031) >> 22
    h = q + ((-k * 1741647) >> 19) + 1
    high = _HIGH[unsigned(-k - _LEAST)]
    low = _LOW[unsigned(-k - _LEAST)]
    lower = _round_to_odd(high, low, (4 * c - 2 + closer) << h) + odd
    middle = _round_to_odd(high, low, (4 * c) << h)
    upper = _round_to_odd(high, low, (4 * c + 2) << h) - odd
    s = middle >> 2
    if s >= 10:
        shorter = as_int(np.uint64(s) // _TEN)
        under = lower <= 40 * shorter
        over = 40 * shorter + 40 <= upper
        if under != over:
            return shorter + over, k + 1
    under = lower <= 4 * s
    over = 4 * s + 4 <= upper
    if under != over:
        return s + over, k
    half = 4 * s + 2
    return s + (middle > half or (middle == half and s & 1 == 1)), k


@inlined
def _write_decimal(text: Text, at: int, digits: int, power: int) -> int:
    """Write ``digits``, above zero, times ten to ``power``."""
    length = _length(digits)
    before = length + power
    if power >= 0 and before <= _MOST_BEFORE:
        return _write_whole(text, at, digits, length, before)
    digits, length = _without_zeros(digits, length)
    if 0 < before <= _MOST_BEFORE:
        return _write_pointed(text, at, digits, length, before)
    if _LEAST_BEFORE <= before <= 0:
        start = at + 2 - before
        for i in range(at, start):
            text[unsigned(i)] = _NOUGHT
        text[unsigned(at + 1)] = _POINT
        _write_digits(text, start + length, digits)
        return start + length
    if length == 1:
        _write_digits(text, at + 1, digits)
        at += 1
    else:
        at = _write_pointed(text, at, digits, length, as_int(1))
    text[unsigned(at)] = _E
    at += 1
    if before > 0:
        text[unsigned(at)] = _PLUS
        at += 1
    return write_int(text, at, before - 1)


@inlined
def _without_zeros(digits: int, length: int) -> tuple[int, int]:
    """The digits without the zeros at their end, and how many are left."""
    rest = np.uint64(digits)
    while rest % _HUNDRED == _ZERO:
        rest //= _HUNDRED
        length -= 2
    if rest % _TEN == _ZERO:
        rest //= _TEN
        length -= 1
    return as_int(rest), length


@inlined
def _write_pointed(text: Text, at: int, digits: int, length: int, before: int) -> int:
    """Write digits that do not end in zero with a point behind the first ``before`` of them."""
    if length <= before:
        return _write_whole(text, at, digits, length, before)
    end = at + length + 1
    _write_digits(text, end, digits)
    for i in range(at, at + before):
        text[unsigned(i)] = text[unsigned(i + 1)]
    text[unsigned(at + before)] = _POINT
    return end


@inlined
def _write_whole(text: Text, at: int, digits: int, length: int, before: int) -> int:
    """Write a whole number of ``before`` digits: ``digits``, then zeros."""
    _write_digits(text, at + length, digits)
    for i in range(at + length, at + before):
        text[unsigned(i)] = _NOUGHT
    text[unsigned(at + before)] = _POINT
    text[unsigned(at + before + 1)] = _NOUGHT
    return at + before + 2


@inlined
def _write_digits(text: Text, end: int, value: int) -> None:
    """Write a number that is not negative so that its last digit stands before ``end``."""
    rest = np.uint64(value)
    while rest >= _HUNDRED:
        pair = _TWO * (rest % _HUNDRED)
        rest //= _HUNDRED
        text[unsigned(end - 1)] = _PAIRS[pair + _ONE]
        text[unsigned(end - 2)] = _PAIRS[pair]
        end -= 2
    text[unsigned(end - 1)] = _PAIRS[_TWO * rest + _ONE]
    if rest >= _TEN:
        text[unsigned(end - 2)] = _PAIRS[_TWO * rest]


@inlined
def _length(value: int) -> int:
    """Decimal digits of a number that is not negative."""
    length = as_int(1)
    if value >= _TENS[16]:
        length = as_int(17)
    elif value >= _TENS[8]:
        length = as_int(9)
    while length < 19 and value >= _TENS[unsigned(length)]:
        length += 1
    return length
