"""A ladder addressed by row, with NinjaTrader's row rules.

``Add`` inserts at its position and shifts the rows below it; at or past the end it appends.
``Update`` overwrites price and size; past the end it appends. ``Remove`` deletes and shifts; at or
past the end it is counted and changes nothing. Rows may be out of order or too many inside a
group: that is judged when time advances (``orderbook.books.judge``).
"""

from market.jit import inlined, unsigned
from orderbook.layout import OK, ROWS, TOO_DEEP, UNSORTED, Struct, as_int

__all__ = ["apply_position", "judge_rows"]


@inlined
def apply_position(book: Struct, record: Struct) -> int:
    """Apply one depth record by position.

    Changes ``px``, ``sz``, ``n``, ``suspect``, ``touched`` in place; nothing after a status other
    than OK. Cost: the rows that shift.

    Returns:
        OK, or TOO_DEEP when not even a group could hold the row.
    """
    side = as_int(record.side)
    row = as_int(record.position)
    n = book.n[side]
    if record.op == 1 and row < n:
        if book.px[side, row] != record.price:
            book.px[side, row] = record.price
            _suspect(book, side, row, n)
        book.sz[side, row] = record.size
    elif record.op == 2:
        if row >= n:
            book.removed_past_end += 1
            return OK
        for i in range(row, n - 1):
            book.px[side, unsigned(i)] = book.px[side, unsigned(i + 1)]
            book.sz[side, unsigned(i)] = book.sz[side, unsigned(i + 1)]
        book.n[side] = n - 1
    else:
        if n >= ROWS:
            return TOO_DEEP
        if row >= n:
            book.appended += as_int(row > n or record.op == 1)
            row = n
        for i in range(n, row, -1):
            book.px[side, unsigned(i)] = book.px[side, unsigned(i - 1)]
            book.sz[side, unsigned(i)] = book.sz[side, unsigned(i - 1)]
        book.px[side, row] = record.price
        book.sz[side, row] = record.size
        book.n[side] = n + 1
        if n > book.depth:
            book.suspect = 1
        _suspect(book, side, row, n + 1)
    book.touched = min(book.touched, row)
    return OK


@inlined
def _suspect(book: Struct, side: int, row: int, n: int) -> None:
    """Note whether the row stands wrongly against a neighbour."""
    price = book.px[side, row]
    sign = 1 - 2 * side  # asks rise with the row, bids fall
    if row > 0 and (price - book.px[side, row - 1]) * sign <= 0:
        book.suspect = 1
    if row + 1 < n and (book.px[side, row + 1] - price) * sign <= 0:
        book.suspect = 1


@inlined
def judge_rows(book: Struct) -> int:
    """Judge the suspect rows of a completed group: TOO_DEEP, UNSORTED, or OK and cleared."""
    limit = book.depth + 1
    if book.n[0] > limit or book.n[1] > limit:
        return TOO_DEEP
    for side in range(2):
        sign = 1 - 2 * side
        for i in range(1, book.n[side]):
            if (book.px[side, i] - book.px[side, i - 1]) * sign <= 0:
                return UNSORTED
    book.suspect = 0
    return OK
