"""Time zones as tables that a kernel can use."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from market.errors import UsageError

__all__ = ["zone_table"]

_FIRST: Final = datetime(1995, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2060, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(days=14)
_NEVER: Final = -(2**63)


@lru_cache(maxsize=64)
def zone_table(name: str) -> NDArray[np.int64]:
    """Rows (first local second, seconds to subtract for UTC), from 1995 to 2060.

    An hour that the clock skips is read with the offset before it; of an hour that comes twice the
    first is meant. (All markets with depth here are closed when clocks change.)

    Raises:
        UsageError: no such zone.
    """
    zone = _zone(name)
    offset = _offset(zone, _FIRST)
    rows = [(_NEVER, offset)]
    time = _FIRST
    while time < _LAST:
        after = _offset(zone, time + _STEP)
        if after != offset:
            change = _change(zone, time, offset)
            rows.append((int(change.timestamp()) + max(offset, after), after))
            offset = after
        time += _STEP
    table = np.array(rows, np.int64)
    table.setflags(write=False)
    return table


def _offset(zone: ZoneInfo, time: datetime) -> int:
    """Seconds that local time is ahead of UTC."""
    ahead = time.astimezone(zone).utcoffset()
    assert ahead is not None  # a ZoneInfo always knows
    return int(ahead.total_seconds())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as cause:
        raise UsageError(
            f"time zone {name!r} is unknown: give an IANA name such as America/Chicago or UTC",
            code="unknown_zone",
        ) from cause


def _change(zone: ZoneInfo, low: datetime, offset: int) -> datetime:
    """The second after ``low``, within one step, at which the offset stops being ``offset``."""
    high = low + _STEP
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle == low:
            break
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high
