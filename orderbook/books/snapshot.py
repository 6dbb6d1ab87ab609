"""A snapshot as records: what may be in one, and what is not."""

import numpy as np

from market.enums import Kind, Side
from market.errors import MalformedError
from market.record import Records
from orderbook.books.book import Levels

__all__ = ["sides_of", "snapshot_levels"]


def snapshot_levels(records: Records) -> Records:
    """A snapshot's levels as depth records by price, each level once; or its orders.

    Args:
        records: depth by position or by price, or orders as adds; not changed.

    Raises:
        MalformedError: two records for one price of a side or with one id, a negative size,
            depth and orders together.
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
    keys = np.stack([levels["side"].astype(np.int64), levels["price"]], axis=1)
    if len(np.unique(keys, axis=0)) != len(levels):
        raise MalformedError("a snapshot names a price twice", field="price")
    return levels


def sides_of(records: Records) -> tuple[Levels, Levels]:
    """The (bids, asks) of a snapshot of depth, (ticks, size), best first."""
    bids, asks = (
        sorted(records[["price", "size"]][records["side"] == side].tolist())
        for side in (Side.BID, Side.ASK)
    )
    return bids[::-1], asks
