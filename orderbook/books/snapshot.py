"""A snapshot as records: what may be in one, and what is not."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from market.enums import Kind, Side
from market.errors import MalformedError
from market.record import Records
from orderbook.books.book import Levels

__all__ = ["sides_of", "snapshot_levels"]

_MAX_SIZE: Final = 2**53 - 1


def snapshot_levels(records: Records) -> Records:
    """A snapshot's levels as depth records by price, each level once; or its orders.

    Several records of one price of a side are shares of its size, each under a ``ref`` of its own.

    Args:
        records: depth by position or by price, or orders as adds; not changed.

    Raises:
        MalformedError: with ``field``: two records for one price of a side under one ``ref``, or
            with one id, a negative size, shares of more than a level can have, depth and orders
            together.
    """
    levels = records.copy()
    orders = levels["kind"] == Kind.ORDER
    if orders.any():
        if not orders.all():
            raise MalformedError("a snapshot has depth and orders", field="kind")
        if len(np.unique(levels["ref"])) != len(levels):
            raise MalformedError("a snapshot names an order twice", field="ref")
        return levels
    levels["kind"], levels["op"], levels["position"] = 1, 0, 0
    if (levels["size"] < 0).any():
        raise MalformedError("a snapshot has a negative size", field="size")
    prices = levels["price"] * 2 + (levels["side"] & 1)
    _, firsts, level = np.unique(prices, return_index=True, return_inverse=True)
    if len(firsts) == len(levels):
        return levels
    return _added_up(levels, firsts, level)


def sides_of(records: Records) -> tuple[Levels, Levels]:
    """The (bids, asks) of a snapshot of depth, (ticks, size), best first.

    Raises:
        MalformedError: as of :func:`snapshot_levels`.
    """
    levels = snapshot_levels(records)
    bids, asks = (
        sorted(levels[["price", "size"]][levels["side"] == side].tolist())
        for side in (Side.BID, Side.ASK)
    )
    return bids[::-1], asks


def _added_up(shares: Records, firsts: NDArray[np.intp], level: NDArray[np.intp]) -> Records:
    """The levels of shares, each at the place of its first one; ``level``: of which each is."""
    refs = shares["ref"]
    order = np.lexsort((refs, level))
    repeated = (level[order][1:] == level[order][:-1]) & (refs[order][1:] == refs[order][:-1])
    if repeated.any():
        raise MalformedError("a snapshot names a price twice", field="price")
    # Sums of these are exact up to 2**53, and none that is beyond comes out below.
    sizes = np.bincount(level, shares["size"])
    if (sizes > _MAX_SIZE).any():
        raise MalformedError("a snapshot has a size beyond its range", field="size")
    places = np.argsort(firsts)
    levels = shares[firsts[places]]
    levels["size"] = sizes[places]
    levels["ref"] = 0
    return levels
