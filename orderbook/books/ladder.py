"""What books by position and by price have in common: apply a record, clear, judge."""

from market.jit import fused, inlined, unsigned
from orderbook.books.position import apply_position, judge_rows
from orderbook.books.price import apply_price, refresh_rows
from orderbook.layout import (
    BY_ORDER,
    BY_POSITION,
    BY_PRICE,
    LEVELS,
    MIXED,
    NO_MODE,
    OFF_ASK,
    OFF_BID,
    OK,
    ORDERS,
    RING,
    ROWS,
    Struct,
    Words,
)

__all__ = ["apply_depth", "clear_book", "judge_group", "visible_rows"]


@fused
def apply_depth(book: Struct, heap: Words, record: Struct) -> int:
    """Apply one depth record of either kind.

    The first one decides whether the book is by position or by price; after a snapshot the next
    one decides anew. A book of orders counts them.

    Returns:
        OK; MIXED, TOO_DEEP or GROW, and nothing has changed.
    """
    if record.kind == 0 and book.mode == BY_POSITION:
        return apply_position(book, record)
    return _apply_other(book, heap, record)


@inlined
def _apply_other(book: Struct, heap: Words, record: Struct) -> int:
    if book.mode == BY_ORDER:
        book.undrawn += 1
        return OK
    if record.kind == 0:
        if book.mode != BY_POSITION:
            if book.mode == BY_PRICE:
                if not book.loaded:
                    return MIXED
                book.dirty[0] = 1
                book.dirty[1] = 1
                refresh_rows(book, heap, ROWS)
            book.mode = BY_POSITION
        return apply_position(book, record)
    if book.mode != BY_PRICE:
        if book.mode != NO_MODE:
            return MIXED
        book.mode = BY_PRICE
    status = apply_price(book, heap, record)
    if status == OK:
        book.loaded = 0
    return status


@inlined
def visible_rows(book: Struct, side: int) -> int:
    """Rows of a side that count: an eleventh row of a ten-level feed does not."""
    return min(book.n[unsigned(side)], book.depth)


@inlined
def judge_group(book: Struct) -> int:
    """Judge a book whose group is complete: UNSORTED, TOO_DEEP or OK."""
    return judge_rows(book) if book.suspect else OK


@inlined
def clear_book(book: Struct) -> None:
    """Empty the book, and forget whether it is by position, by price or of orders."""
    book.mode = NO_MODE
    book.loaded = 0
    book.suspect = 0
    book.touched = ROWS
    book.live = 0
    book.linked = 0
    for region in (ORDERS, LEVELS, OFF_ASK, OFF_BID):
        book.heap.count[region] = 0
    for side in range(2):
        book.n[side] = 0
        book.levels[side] = 0
        book.dirty[side] = 0
        book.heap.count[side] = 0
        for slot in range(RING):
            book.ring[side, slot] = 0
