"""A filter that keeps a repeated message from filling the disk.

Each logger and message template has a bucket: a burst passes, then so many a second; what is held
back is counted, and the next one that passes carries the count. So an attack or a broken publisher
costs a few lines a second and still shows how much it was.
"""

import logging
from collections.abc import Mapping
from typing import Final

__all__ = ["RateLimit"]

_MOST_TEMPLATES: Final = 1000
"""Beyond that, unknown templates share one bucket: a template may come from a library."""


class _Bucket:
    """What one template may still say."""

    __slots__ = ("at", "held", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at
        self.held = 0


class RateLimit(logging.Filter):
    """Passes ``burst`` records of a template at once and ``per_second`` over time.

    The record's own time is the clock; one set back is taken as no time. A record is judged once,
    however many handlers have the filter.
    """

    def __init__(
        self,
        burst: float = 20.0,
        per_second: float = 1.0,
        templates: Mapping[str, float] | None = None,
    ) -> None:
        """Begin with full buckets.

        Args:
            burst: records at once.
            per_second: records over time.
            templates: other rates, records per second, by message template; their burst is twice.
        """
        super().__init__()
        self._burst = burst
        self._per_second = per_second
        self._templates = dict(templates or {})
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it passes; then ``record.suppressed`` says how many before it did not."""
        judged: bool | None = getattr(record, "limited", None)
        if judged is None:
            judged = record.limited = not self._passes(record)
        return not judged

    def _passes(self, record: logging.LogRecord) -> bool:
        rate = self._templates.get(str(record.msg), self._per_second)
        most = 2 * rate if str(record.msg) in self._templates else self._burst
        bucket = self._bucket(record, most)
        bucket.tokens = min(most, bucket.tokens + max(record.created - bucket.at, 0.0) * rate)
        bucket.at = record.created
        if bucket.tokens < 1:
            bucket.held += 1
            return False
        bucket.tokens -= 1
        if bucket.held:
            record.suppressed = bucket.held
            bucket.held = 0
        return True

    def _bucket(self, record: logging.LogRecord, tokens: float) -> _Bucket:
        key = (record.name, str(record.msg))
        if key not in self._buckets and len(self._buckets) >= _MOST_TEMPLATES:
            key = ("", "")
        return self._buckets.setdefault(key, _Bucket(tokens, record.created))
