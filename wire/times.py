"""Times as JSON carries them: integer nanoseconds UTC, or ISO 8601 with a zone."""

from datetime import UTC, datetime, timedelta
from typing import Final

from market.errors import MalformedError
from wire.codes import ErrorCode
from wire.frames import MAX_TIME

__all__ = ["parse_time"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: int | str, *, field: str = "time", index: int | None = None) -> int:
    """Integer nanoseconds UTC, or ISO 8601 with a zone and up to nine decimals, as ns UTC.

    Raises:
        MalformedError: ``bad_time``, or ``out_of_range`` before 1970 or after 2116.
    """
    time = value if isinstance(value, int) else _iso(value, field, index)
    if not 0 <= time < MAX_TIME:
        raise MalformedError(
            f"{field} {value} is out of range",
            code=ErrorCode.OUT_OF_RANGE,
            field=field,
            index=index,
        )
    return time


def _iso(text: str, field: str, index: int | None) -> int:
    head, dot, tail = text.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    try:
        moment = datetime.fromisoformat(head + tail[len(digits) :] if dot else text)
        if moment.tzinfo is None or len(digits) > 9 or (dot and not digits):
            raise ValueError("no zone")
        whole = (moment - _EPOCH) // timedelta(microseconds=1) * 1000
    except (ValueError, OverflowError) as cause:
        raise MalformedError(
            f"{field} {text[:40]!r} is neither integer ns UTC nor ISO 8601 with a zone",
            code=ErrorCode.BAD_TIME,
            field=field,
            index=index,
        ) from cause
    return whole + int(digits.ljust(9, "0"))
