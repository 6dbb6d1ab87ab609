"""Pulling and stacking: what was added to, cancelled from and traded at the best ten rows.

A window begins at every multiple of its length and whenever the touch has moved. Everything is
judged at the grid instants. A book of orders says what happened record by record; of a book of
depth only the sizes at both ends and the trades between them are known, so that what came and went
in between stays unseen: lower bounds.
"""

import math

from market.jit import fused, inlined
from orderbook.books.ladder import visible_rows
from orderbook.books.table import key_of
from orderbook.layout import BY_ORDER, PULL_ROWS, PULL_TRADES, Struct, as_int

__all__ = [
    "pulls_clear",
    "pulls_group",
    "pulls_instant",
    "pulls_order",
    "pulls_row",
    "pulls_silence",
    "pulls_stop",
    "pulls_trade",
]

_FILL, _CLEAR = 4, 6
_OFF_GRID = 2


@fused
def pulls_instant(state: Struct, sampled: int, instant: int) -> None:
    """Begin a window, or bring the open one up to an instant; the visible rows are fresh.

    Changes ``state.pulls``. Cost: a pass over the ten rows of each side.
    """
    pulls = state.pulls
    book = state.book
    if not sampled or not state.p.pulling:
        pulls_stop(pulls)
        return
    moved = book.px[0, 0] != pulls.best[0] or book.px[1, 0] != pulls.best[1]
    if not pulls.open or moved or instant % state.p.pulling_window == 0:
        _begin(pulls, book)
        return
    pulls.known = 1
    for side in range(2):
        if book.mode != BY_ORDER:
            _follow(pulls, book, side)
        else:
            pulls.shown_added[side] = pulls.added[side]
            pulls.shown_cancelled[side] = pulls.cancelled[side]
            pulls.shown_traded[side] = pulls.traded[side]
        pulls.edge[side] = book.px[side, _rows(book, side) - 1]


@inlined
def pulls_silence(state: Struct, sampled: int, instant: int, upto: int) -> None:
    """The instants after ``instant`` up to and including ``upto``, at which nothing changed.

    The one after them is evaluated, so it is enough that a window begins where one does.
    """
    if (
        sampled
        and state.p.pulling
        and upto // state.p.pulling_window > (instant // state.p.pulling_window)
    ):
        _begin(state.pulls, state.book)


@inlined
def _rows(book: Struct, side: int) -> int:
    return min(visible_rows(book, side), PULL_ROWS)


@inlined
def _begin(pulls: Struct, book: Struct) -> None:
    """A window of no length yet: its sums are null until the next instant."""
    pulls.open = 1
    pulls.known = 0
    for side in range(2):
        rows = _rows(book, side)
        pulls.best[side] = book.px[side, 0]
        pulls.edge[side] = book.px[side, rows - 1]
        pulls.added[side] = 0
        pulls.cancelled[side] = 0
        pulls.traded[side] = 0
        pulls.shown_added[side] = 0
        pulls.shown_cancelled[side] = 0
        pulls.shown_traded[side] = 0
        pulls.n[side] = rows
        for i in range(rows):
            _place(pulls, side, i, book.px[side, i], book.sz[side, i], 0)
            pulls.size[side, i] = book.sz[side, i]
            pulls.hit_before[side, i] = 0


@fused
def _place(pulls: Struct, side: int, i: int, price: int, first: int, hit: int) -> None:
    pulls.px[side, i] = price
    pulls.first[side, i] = first
    pulls.hit[side, i] = hit


@fused
def _follow(pulls: Struct, book: Struct, side: int) -> None:
    """Bring the followed rows of a depth book to its present rows, and sum up."""
    rows = _rows(book, side)
    same = rows == pulls.n[side]
    for i in range(rows):
        same = same and pulls.px[side, i] == book.px[side, i]
    if not same:
        _change_rows(pulls, book, side, rows)
    added = pulls.added[side]
    cancelled = pulls.cancelled[side]
    traded = pulls.traded[side]
    for i in range(rows):
        size = book.sz[side, i]
        hit = pulls.hit[side, i]
        net = size - pulls.first[side, i] + hit
        added += max(net, 0)
        cancelled += max(-net, 0)
        traded += hit
        pulls.size[side, i] = size
        pulls.hit_before[side, i] = hit
    pulls.shown_added[side] = added
    pulls.shown_cancelled[side] = cancelled
    pulls.shown_traded[side] = traded


@inlined
def _change_rows(pulls: Struct, book: Struct, side: int, rows: int) -> None:
    """Other rows are followed now; the old and the new ones stand best first."""
    sign = 1 - 2 * side
    seen = pulls.edge[side] * sign
    _drop_gone(pulls, book, side, rows)
    old = pulls.n[side] - 1
    for i in range(rows - 1, -1, -1):
        price = book.px[side, i]
        if old >= 0 and pulls.px[side, old] == price:
            first = pulls.first[side, old]
            hit = pulls.hit[side, old]
            old -= 1
        else:
            first = as_int(0) if price * sign < seen else book.sz[side, i]
            hit = as_int(0)
        _place(pulls, side, i, price, first, hit)
    pulls.n[side] = rows


@inlined
def _drop_gone(pulls: Struct, book: Struct, side: int, rows: int) -> None:
    """Take what is no longer a row into the sums, and off the list.

    One before the present last row is empty now; one behind it was pushed out, and what was last
    seen of it counts.
    """
    sign = 1 - 2 * side
    edge = book.px[side, rows - 1] * sign
    kept = as_int(0)
    at = as_int(0)
    for i in range(pulls.n[side]):
        price = pulls.px[side, i]
        while at < rows and book.px[side, at] * sign < price * sign:
            at += 1
        if at < rows and book.px[side, at] == price:
            _place(pulls, side, kept, price, pulls.first[side, i], pulls.hit[side, i])
            kept += 1
            continue
        empty = price * sign < edge
        size = as_int(0) if empty else pulls.size[side, i]
        hit = pulls.hit[side, i] if empty else pulls.hit_before[side, i]
        net = size - pulls.first[side, i] + hit
        pulls.added[side] += max(net, 0)
        pulls.cancelled[side] += max(-net, 0)
        pulls.traded[side] += hit
    pulls.n[side] = kept


@inlined
def _side_hit(pulls: Struct, price: int, aggressor: int) -> int:
    """Side whose orders a trade took: 0 ask, 1 bid, -1 neither."""
    if aggressor <= 1:
        return 1 - aggressor
    if price <= pulls.best[1]:
        return as_int(1)
    return as_int(0) if price >= pulls.best[0] else as_int(-1)


@inlined
def pulls_trade(state: Struct, price: int, aggressor: int, size: int) -> None:
    """Credit a trade to the row that it hit.

    Of orders that do not say themselves that they were filled, the trade is the fill; what their
    records take off at its price within its group is held against it.
    """
    pulls = state.pulls
    if not pulls.open:
        return
    side = _side_hit(pulls, price, aggressor)
    if side < 0:
        return
    if state.book.mode != BY_ORDER:
        for i in range(pulls.n[side]):
            if pulls.px[side, i] == price:
                pulls.hit[side, i] += size
                return
    elif not pulls.fills and _within(pulls, side, price):
        at = _owed_at(pulls, key_of(price, 0, side))
        if at < PULL_TRADES:
            pulls.owed[at] += size
            pulls.traded[side] += size


@inlined
def _owed_at(pulls: Struct, key: int) -> int:
    """Where a price's trades of the open group are; PULL_TRADES: nowhere, and no room."""
    for i in range(pulls.owed_n):
        if pulls.owed_key[i] == key:
            return i
    at = as_int(pulls.owed_n)
    if at < PULL_TRADES:
        pulls.owed_key[at] = key
        pulls.owed[at] = 0
        pulls.owed_n += 1
    return at


@fused
def _within(pulls: Struct, side: int, price: int) -> int:
    """Whether a price lies between the best and the last of the ten rows."""
    if side == 1:
        return pulls.edge[1] <= price <= pulls.best[1]
    return pulls.best[0] <= price <= pulls.edge[0]


@inlined
def pulls_order(pulls: Struct, book: Struct, op: int) -> None:
    """Take in what an order record just did to levels; the book is one of orders."""
    if op == _CLEAR:
        pulls_stop(pulls)
        return
    if op == _FILL:
        pulls.fills = 1
    if not pulls.open:
        return
    for i in range(book.moves):
        key = book.move_key[i]
        side = key & 1
        if key & _OFF_GRID or not _within(pulls, side, key >> 2):
            continue
        by = book.move_by[i]
        if by >= 0:
            pulls.added[side] += by
            continue
        paid = as_int(0)
        for at in range(pulls.owed_n):
            if pulls.owed_key[at] == key:
                paid = min(pulls.owed[at], -by)
                pulls.owed[at] -= paid
        if op == _FILL:
            pulls.traded[side] += -by - paid
        else:
            pulls.cancelled[side] += -by - paid


@inlined
def pulls_group(pulls: Struct) -> None:
    """The group ends: what traded and no order lost was restored at once, so it was added."""
    if not pulls.fills:
        for i in range(pulls.owed_n):
            pulls.added[pulls.owed_key[i] & 1] += pulls.owed[i]
    pulls.owed_n = 0


@inlined
def pulls_row(state: Struct, row: Struct) -> None:
    """Fill the row's fields, sizes in size steps."""
    pulls = state.pulls
    row.added_bid = math.nan
    row.cancelled_bid = math.nan
    row.traded_bid = math.nan
    row.added_ask = math.nan
    row.cancelled_ask = math.nan
    row.traded_ask = math.nan
    row.pulling = math.nan
    row.stacking = math.nan
    if not pulls.known:
        return
    row.added_bid = float(pulls.shown_added[1])
    row.cancelled_bid = float(pulls.shown_cancelled[1])
    row.traded_bid = float(pulls.shown_traded[1])
    row.added_ask = float(pulls.shown_added[0])
    row.cancelled_ask = float(pulls.shown_cancelled[0])
    row.traded_ask = float(pulls.shown_traded[0])
    row.pulling = float(pulls.shown_cancelled[0] + pulls.shown_cancelled[1])
    row.stacking = float(pulls.shown_added[0] + pulls.shown_added[1])


@inlined
def pulls_stop(pulls: Struct) -> None:
    """Records were lost, or the book replaced: nothing is measured until the next window."""
    pulls.open = 0
    pulls.known = 0
    pulls.owed_n = 0


@inlined
def pulls_clear(pulls: Struct) -> None:
    """Forget everything."""
    pulls_stop(pulls)
    pulls.fills = 0
