"""What happened on a channel and when something was last heard: for health and logs only."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from market.enums import Kind
from market.record import Frame

__all__ = ["Counters", "Liveness"]

_KINDS_EVERY_NS: Final = 250_000_000
"""Which kinds arrive is sampled."""


@dataclass(slots=True)
class Counters:
    """What happened on a channel, for health and logs."""

    frames: int = 0
    records: int = 0
    duplicates: int = 0
    malformed: int = 0
    faults: int = 0
    checks: int = 0
    checks_ignored: int = 0
    checks_failed: int = 0
    journal_failures: int = 0
    resyncs: Counter[str] = field(default_factory=Counter)
    """Requests to the publisher, by reason."""
    reports: int = 0
    """Orders, fills and positions recorded."""

    def take(self, frame: Frame) -> None:
        """Records that were taken."""
        self.frames += 1
        self.records += len(frame.records)


@dataclass(slots=True)
class Liveness:
    """When something was last heard, monotonic ns and event time ns UTC."""

    heard: int = 0
    event_time: int = 0
    feed_lag: int | None = None
    """Sender's clock at sending minus the newest event time, ns."""
    first_at: int = 0
    kinds_at: int = 0
    depth_at: int = 0
    quotes_at: int = 0
    connected: bool = False
    flags: Mapping[str, bool] = field(default_factory=dict)

    def take(self, frame: Frame, now: int) -> None:
        """Records that were taken at ``now`` (monotonic ns)."""
        if not len(frame.records) or frame.historical:
            return
        newest = frame.base + frame.records["dt"].item(-1)
        self.event_time = max(self.event_time, newest)
        if frame.sent:
            self.feed_lag = frame.sent - newest
        if now - self.kinds_at >= _KINDS_EVERY_NS:
            self._note_kinds(frame, now)

    def _note_kinds(self, frame: Frame, now: int) -> None:
        """Many data plans have no Level II: quotes without depth must show."""
        self.kinds_at = now
        self.first_at = self.first_at or now
        kinds = frame.records["kind"]
        if (kinds <= Kind.DEPTH_PRICE).any():
            self.depth_at = now
        if (kinds == Kind.QUOTE).any():
            self.quotes_at = now
