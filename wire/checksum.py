"""The checksum by which two books are compared without sending them."""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

__all__ = ["LEVELS", "book_crc32"]

LEVELS: Final = 10
"""Rows per side that the checksum covers."""


def book_crc32(asks: Sequence[tuple[int, int]], bids: Sequence[tuple[int, int]]) -> int:
    """CRC-32 over the best ten asks, then the best ten bids.

    Each level is ASCII ``ticks:size``, all joined by ``|``; an empty book has the CRC of nothing.

    Args:
        asks: (price in ticks, size in steps), best first; rows beyond the tenth are ignored.
        bids: the same.
    """
    rows = [f"{ticks}:{size}" for ticks, size in (*asks[:LEVELS], *bids[:LEVELS])]
    return crc32("|".join(rows).encode("ascii"))
