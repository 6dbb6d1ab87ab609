"""Prices of sessions that traders mark: initial balance, developing and naked POCs, nodes.

The kernels in ``orderbook.analytics.notable`` note what changes with trades; here it is told, and
what is left of earlier sessions is kept.
"""

from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.session import SessionCalendar
from market.ticks import Grid
from orderbook.layout import NULL_TICKS, Struct
from orderbook.nodes import volume_nodes

__all__ = ["NakedPoc", "NakedPocs", "balance_fields", "begin_balance", "node_fields"]

_NS_PER_MINUTE: Final = 60_000_000_000
_MOST: Final = 100
"""POCs that are kept; the oldest goes first."""


class NakedPoc(NamedTuple):
    """The POC of a session that has ended.

    Attributes:
        ticks: its price.
        end: when the session ended, ns UTC.
        complete: whether all trades of the session were seen.
    """

    ticks: int
    end: int
    complete: bool


class NakedPocs:
    """POCs of earlier sessions at which, or across which, nothing has traded in a session since."""

    def __init__(self) -> None:
        self._kept: list[NakedPoc] = []

    def end_session(self, cells: NDArray[np.int64], end: int, *, complete: bool) -> None:
        """A session is over: its range covers some, its own POC joins.

        Args:
            cells: its profile, price first, ascending.
            end: ns UTC.
            complete: whether all of its trades were seen.
        """
        if not len(cells):
            return
        self._kept = [*self.uncovered(cells), NakedPoc(_poc_of(cells), end, complete)][-_MOST:]

    def uncovered(self, cells: NDArray[np.int64]) -> list[NakedPoc]:
        """Those outside of what the open session has traded so far, oldest first."""
        if not len(cells):
            return list(self._kept)
        low, high = int(cells[0, 0]), int(cells[-1, 0])
        return [poc for poc in self._kept if not low <= poc.ticks <= high]

    def clear(self) -> None:
        """Forget all: time went back."""
        self._kept.clear()

    def freeze(self) -> list[list[int]]:
        """As JSON holds it."""
        return [[poc.ticks, poc.end, int(poc.complete)] for poc in self._kept]

    def thaw(self, kept: list[list[int]]) -> None:
        """Go on from what was frozen."""
        self._kept = [NakedPoc(ticks, end, bool(whole)) for ticks, end, whole in kept]

    def fields(
        self, cells: NDArray[np.int64], calendar: SessionCalendar | None, tick: Grid
    ) -> list[dict[str, Any]]:
        """As objects, oldest first."""
        return [
            {
                "price": tick.to_price(poc.ticks),
                "trade_date": _date_before(calendar, poc.end),
                "end": poc.end,
                "complete": poc.complete,
            }
            for poc in self.uncovered(cells)
        ]


def _poc_of(cells: NDArray[np.int64]) -> int:
    """Without laying out the rows between: those without trades are no POC where there is one."""
    volumes = cells[:, 1:4].sum(axis=1)
    ends = int(cells[0, 0] + cells[-1, 0])
    order = np.lexsort((cells[:, 0], np.abs(2 * cells[:, 0] - ends), -volumes))
    return int(cells[order[0], 0])


def _date_before(calendar: SessionCalendar | None, end: int) -> str | None:
    session = None if calendar is None else calendar.trading_session(end - 1)
    return None if session is None else session.trade_date.isoformat()


def begin_balance(
    notable: Struct,
    calendar: SessionCalendar | None,
    trade_date: date | None,
    time: int,
    minutes: int,
) -> None:
    """Write when the initial balance of a session is; without regular hours there is none.

    Args:
        notable: NOTABLE, changed in place.
        calendar: of the instrument.
        trade_date: of the session; None: closed.
        time: from which on the stream is there, ns UTC.
        minutes: length of the initial balance; it ends with the regular hours at the latest.
    """
    hours = None if calendar is None or trade_date is None else calendar.rth(trade_date)
    if hours is None:
        return
    notable["begin"] = hours[0]
    notable["end"] = min(hours[0] + minutes * _NS_PER_MINUTE, hours[1])
    notable["whole"] = time <= hours[0]


def balance_fields(
    notable: Struct, now: int, tick: Grid, *, complete: bool
) -> dict[str, Any] | None:
    """The initial balance as an object; None before it begins, or where there is none.

    Args:
        notable: NOTABLE.
        now: the clock, ns UTC.
        tick: price grid.
        complete: whether all trades of the session were seen.
    """
    begin, end = int(notable["begin"]), int(notable["end"])
    if now < begin:
        return None
    low, high = int(notable["low"]), int(notable["high"])
    none = low == NULL_TICKS
    return {
        "begin": begin,
        "end": end,
        "low": None if none else tick.to_price(low),
        "high": None if none else tick.to_price(high),
        "over": now >= end,
        "complete": bool(notable["whole"]) or complete,
    }


def node_fields(
    volumes: NDArray[np.int64], low: int, reach: int, tick: Grid
) -> dict[str, list[float]]:
    """High and low volume nodes as prices, ascending; the first row lies at ``low`` ticks."""
    nodes = volume_nodes(volumes, reach)
    return {
        "high_nodes": [tick.to_price(low + row) for row in nodes.high],
        "low_nodes": [tick.to_price(low + row) for row in nodes.low],
    }
