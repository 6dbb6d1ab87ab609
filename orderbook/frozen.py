"""An analyzer's state as bytes, and back: what a checkpoint holds.

::

    16 bytes   layout: digest of the memory layout below; other programs refuse the rest
    u32        length of what follows
    JSON       what Python keeps: parameters, reason of ``stale``, bar studies, heap counts
    words      STATE, with capacities and offsets of the heap set to zero
    regions    the entries in use of each heap region, in order; for the order table the orders
               that stand, as ``standing_orders`` lists them

Equal states have equal bytes, whoever looked at them in between: how much room the heap has, which
slots of the order table are used, what lies in a ladder beyond its last row, and what need not be
asked again (``orderbook.analytics.known``), is left out.
Nothing is pickled.
"""

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from market.errors import DataError
from orderbook.books.order_book import STANDING, OrderBook, adds_of, standing_orders
from orderbook.heap import lay_out, region
from orderbook.layout import (
    EVENT,
    KNOWN,
    LEVELS,
    METRICS_ROW,
    ORDERS,
    REGION_START,
    REGION_WIDTHS,
    STATE,
    Struct,
    Words,
    word_of,
)

__all__ = ["LAYOUT", "Frozen", "pack_state", "unpack_state"]

_MEANING: Final = 1
"""To be counted up when a word of the state changes its meaning, or a rule its result."""
_LENGTH: Final = struct.Struct("<I")
_DIGEST: Final = 16
_SCRATCH: Final = ("offset", "capacity", "wanted", "entries")
_TABLE: Final = ("linked", "order_shift", "level_shift", "free_order", "free_level")
_KEPT_WIDTHS: Final = tuple(
    STANDING if which == ORDERS else int(width) for which, width in enumerate(REGION_WIDTHS)
)
"""Words of one entry of a region as it is kept."""
_STATE_BYTES: Final = STATE.itemsize
_KNOWN: Final = slice(word_of("known"), word_of("known") + KNOWN.itemsize // 8)


class Frozen(NamedTuple):
    """A state that was read back.

    Attributes:
        words: STATE, the heap's header fitting ``heap``.
        heap: the regions, with room to grow.
        python: what Python keeps.
    """

    words: Words
    heap: Words
    python: Mapping[str, Any]


def _described(dtype: np.dtype[Any]) -> str:
    """Names, types and offsets, all the way down."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"{shape}{_described(base)}"
    if dtype.fields is None:
        return dtype.str
    parts = [
        f"{name}@{dtype.fields[name][1]}:{_described(dtype.fields[name][0])}"
        for name in dtype.names or ()
    ]
    return "{" + ",".join(parts) + "}"


def _layout_digest() -> bytes:
    parts = [str(_MEANING), _described(STATE), _described(EVENT), _described(METRICS_ROW)]
    text = ";".join([*parts, str(tuple(int(width) for width in REGION_WIDTHS))])
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST).digest()


LAYOUT: Final = _layout_digest()
"""Names the layout that this program's states have."""


def pack_state(words: Words, heap: Words, python: Mapping[str, Any]) -> bytes:
    """A state as bytes; nothing is changed.

    Args:
        words: STATE as words, the visible rows refreshed.
        heap: its growable half.
        python: values that JSON holds exactly.
    """
    book = words.view(STATE)[0]["book"]
    regions = [region(book["heap"], heap, which) for which in range(len(REGION_WIDTHS))]
    regions[ORDERS] = standing_orders(book, heap)
    regions[LEVELS] = regions[LEVELS][:0]
    copied = words.copy()
    copied[_KNOWN] = 0
    _clear_unused(copied.view(STATE)[0]["book"])
    text = json.dumps(python, separators=(",", ":")).encode()
    parts = [LAYOUT, _LENGTH.pack(len(text)), text, copied.tobytes()]
    return b"".join(parts + [entries.tobytes() for entries in regions])


def _clear_unused(book: Struct) -> None:
    header = book["heap"]
    for name in _SCRATCH:
        header[name] = 0
    for name in _TABLE:
        book[name] = 0
    header["count"][ORDERS] = book["live"]
    header["count"][LEVELS] = 0
    for side in range(2):
        rows = int(book["n"][side])
        book["px"][side, rows:] = 0
        book["sz"][side, rows:] = 0


def unpack_state(data: bytes) -> Frozen:
    """The state that these bytes hold.

    Raises:
        DataError: ``state_layout``: another layout; ``state_damaged``: not what it should be.
    """
    if data[:_DIGEST] != LAYOUT:
        raise DataError(
            "the state was frozen by a program with another memory layout", code="state_layout"
        )
    start = _DIGEST + _LENGTH.size
    try:
        (length,) = _LENGTH.unpack_from(data, _DIGEST)
        python = json.loads(data[start : start + length])
        body = np.frombuffer(data, np.uint8, offset=start + length)
        words = body[:_STATE_BYTES].copy().view(np.int64)
        entries = body[_STATE_BYTES:].copy().view(np.int64)
        return Frozen(words, _regions(words, entries), python)
    except (ValueError, struct.error) as cause:
        raise DataError(f"the state is damaged: {cause}", code="state_damaged") from cause


def _regions(words: Words, entries: Words) -> Words:
    """The heap that these entries fill; completes its header.

    Raises:
        ValueError: the counts do not say how many there are.
    """
    book = words.view(STATE)[0]["book"]
    header = book["heap"]
    counts = [int(count) for count in header["count"]]
    sizes = [count * width for count, width in zip(counts, _KEPT_WIDTHS, strict=True)]
    if min(counts) < 0 or sum(sizes) != len(entries):
        raise ValueError(f"{len(entries)} words on the heap, not {sum(sizes)}")
    table = OrderBook()
    if counts[ORDERS]:
        start = sum(sizes[:ORDERS])
        kept = entries[start : start + sizes[ORDERS]].reshape(-1, STANDING)
        if table.load_orders(adds_of(kept)).applied != len(table):
            raise ValueError("orders that cannot stand together")
        for name in _TABLE:
            book[name] = table.state[name]
        for which in (ORDERS, LEVELS):
            header["count"][which] = table.state["heap"]["count"][which]
    capacities = [
        max(int(least), 1 << math.ceil(math.log2(count))) if count else int(least)
        for least, count in zip(REGION_START, counts, strict=True)
    ]
    for which in (ORDERS, LEVELS):
        capacities[which] = int(table.state["heap"]["capacity"][which])
    heap = lay_out(header, capacities)
    taken = 0
    for which, size in enumerate(sizes):
        start = int(header["offset"][which])
        if which in (ORDERS, LEVELS):
            part = table.table(which)
            heap[start : start + len(part)] = part
        else:
            heap[start : start + size] = entries[taken : taken + size]
        taken += size
    return heap
