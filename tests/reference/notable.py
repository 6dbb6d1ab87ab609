"""Prices of sessions that traders mark, from all trades at once, as docs/analytics.md says."""

from collections.abc import Mapping, Sequence
from typing import Any

from market.session import SessionCalendar
from tests.reference.profile import point_of_control
from tests.reference.records import TRADE, Rec

__all__ = ["nodes", "notable"]

MINUTE = 60 * 10**9


def nodes(volumes: Mapping[int, int], reach: int) -> tuple[list[int], list[int]]:
    """Prices of (high, low) nodes; ``volumes`` of every row of the grid."""
    low, high = min(volumes), max(volumes)
    total, rows = sum(volumes.values()), high - low + 1
    found: tuple[list[int], list[int]] = ([], [])
    for first in range(low, high + 1):
        size = volumes[first]
        if volumes.get(first - 1) == size:
            continue
        last = first
        while volumes.get(last + 1) == size:
            last += 1
        around = [volumes[p] for p in range(first - reach, last + reach + 1) if p in volumes]
        middle = (first + last) // 2 if (first + last) % 2 == 0 else (first + last - 1) // 2
        if rows * size > total and size == max(around):
            found[0].append(middle)
        at_an_end = first == low or last == high
        if rows * size < total and size == min(around) and not at_an_end:
            found[1].append(middle)
    return found


def volumes_of(trades: Sequence[Rec]) -> dict[int, int]:
    prices = [rec.price for rec in trades]
    volumes = dict.fromkeys(range(min(prices), max(prices) + 1), 0)
    for rec in trades:
        volumes[rec.price] += rec.size
    return volumes


def notable(
    recs: Sequence[Rec], calendar: SessionCalendar, minutes: int, reach: int, price: Any
) -> dict[str, Any]:
    """What the profile says of these prices after all records; times never go back."""
    clock = recs[-1].time
    sessions: dict[Any, list[Rec]] = {}
    for rec in recs:
        session = calendar.trading_session(rec.time)
        if rec.kind == TRADE:
            key = session.trade_date if session else ("closed", calendar.next_boundary(rec.time))
            sessions.setdefault(key, []).append(rec)
    present = calendar.trading_session(clock)
    assert present is not None
    own = sessions.get(present.trade_date, [])
    naked: list[tuple[int, Any]] = []
    for day, trades in sessions.items():
        volumes = volumes_of(trades)
        naked = [(poc, of) for poc, of in naked if poc not in volumes]
        if day != present.trade_date:
            naked.append((point_of_control(volumes), day))
    start, stop = calendar.rth(present.trade_date) or (2**62, 2**62)
    stop = min(stop, start + minutes * MINUTE)
    inside = [rec.price for rec in own if start <= rec.time < stop]
    high, low = nodes(volumes_of(own), reach) if own else ([], [])
    return {
        "developing_poc": developing(own, clock, price),
        "naked_pocs": [(price(poc), day.isoformat()) for poc, day in naked],
        "initial_balance": None
        if clock < start
        else {
            "begin": start,
            "end": stop,
            "low": price(min(inside)) if inside else None,
            "high": price(max(inside)) if inside else None,
            "over": clock >= stop,
            "complete": recs[0].time <= start,
        },
        "high_nodes": [price(p) for p in high],
        "low_nodes": [price(p) for p in low],
    }


def developing(trades: Sequence[Rec], clock: int, price: Any) -> list[list[Any]]:
    """At each full minute after trades, where the POC then stood, if it had moved."""
    found: list[list[Any]] = []
    for minute in sorted({rec.time // MINUTE for rec in trades}):
        end = (minute + 1) * MINUTE
        if end > clock:
            break
        poc = price(point_of_control(volumes_of([r for r in trades if r.time < end])))
        if not found or found[-1][1] != poc:
            found.append([end, poc])
    return found
