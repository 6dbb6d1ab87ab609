"""Steps for rows of cells whose meaning a header gives: where a cell ends, whole numbers, names."""

from typing import Final

import numpy as np

from market.jit import fused
from recording.readers.state import Struct, Whole
from recording.readers.text_kernel import (
    BAD,
    byte,
    digits,
    eight_digits,
    is_eight_digits,
    load_eight,
)

__all__ = ["ends", "same_name", "side_of", "skip_cell", "skip_cells", "whole", "whole64"]

_E8: Final = np.uint64(100_000_000)
_TEN: Final = np.uint64(10)
_TENTH: Final = np.uint64((2**64 - 1) // 10)
_LAST_DIGIT: Final = (2**64 - 1) % 10
_MOST: Final = np.uint64(2**63 - 1)


@fused
def ends(p: Struct, j: Whole) -> Whole:
    """Whether a cell ends at ``j``."""
    c = byte(p, j)
    return c == p.separator or c == 10 or c == 13


@fused
def skip_cell(p: Struct, j: Whole) -> Whole:
    """The end of the cell at ``j``."""
    while not ends(p, j):
        j += 1
    return j


@fused
def skip_cells(p: Struct, i: Whole, column: Whole) -> Whole:
    """The end of a row's cell, counted from the row's beginning."""
    j = skip_cell(p, i)
    for _ in range(column):
        j = skip_cell(p, j + 1)
    return j


@fused
def whole64(p: Struct, j: Whole) -> Whole:
    """An unsigned number below 2^64 (uint64), and the index after it or BAD."""
    word = load_eight(p, j)
    x = np.uint64(0)
    count = np.int64(0)
    while is_eight_digits(word) and count < 16:
        x = x * _E8 + np.uint64(eight_digits(word))
        count += 8
        word = load_eight(p, j + count)
    c = np.int64(byte(p, j + count)) - 48
    while 0 <= c <= 9 and count < 20:
        if x > _TENTH or (x == _TENTH and c > _LAST_DIGIT):
            return x, np.int64(BAD)
        x = x * _TEN + np.uint64(c)
        count += 1
        c = np.int64(byte(p, j + count)) - 48
    if count == 0 or 0 <= c <= 9:
        return x, np.int64(BAD)
    return x, j + count


@fused
def whole(p: Struct, j: Whole) -> Whole:
    """An unsigned number below 2^63 (int64), and the index after it or BAD."""
    x, j = whole64(p, j)
    if x > _MOST:
        return np.int64(0), np.int64(BAD)
    return np.int64(x), np.int64(j)


@fused
def same_name(p: Struct, j: Whole) -> Whole:
    """The end of the instrument's cell if it names the file's instrument (names[0]), else BAD."""
    length = np.int64(p.names[0, 0])
    for c in range(length):
        if byte(p, j + c) != p.names[0, 1 + c]:
            return np.int64(BAD)
    return j + length


@fused
def side_of(p: Struct, j: Whole) -> Whole:
    """A number, or a word by its first letter: ask, sell; bid, buy; unknown."""
    c = byte(p, j) | 32
    if c < 97:
        return digits(p, j)
    side = np.int64(0)
    if c == 98:
        side = np.int64(1)
    elif c == 117:
        side = np.int64(2)
    elif c != 97 and c != 115:
        return side, np.int64(BAD)
    return side, skip_cell(p, j)
