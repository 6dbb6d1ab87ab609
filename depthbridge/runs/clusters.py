"""Cluster events of a recording as columns."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from depthbridge.inputs import Window
from depthbridge.runs.base import Columns
from depthbridge.runs.metrics import MetricsRun
from market.session import SessionCalendar
from orderbook import Parameters
from recording.readers import Recording

__all__ = ["ClustersRun"]

_CHUNK = 1024
_WHOLE = 1 << 62


class ClustersRun(MetricsRun):
    """Cluster events: ``event``, ``seq``, ``time_ns``, then the fields of the cluster object.

    Args:
        recording: the input.
        window: the part of the input whose events are wanted.
        parameters: analytics settings.
        calendar_of: sessions by template name.
        tolerant: a fault empties the book and is counted as a gap.
    """

    def __init__(
        self,
        recording: Recording,
        window: Window | None = None,
        *,
        parameters: Parameters | None = None,
        calendar_of: Callable[[str], SessionCalendar] | None = None,
        tolerant: bool = False,
    ) -> None:
        self._events: list[dict[str, Any]] = []
        super().__init__(
            recording,
            "batch",
            _WHOLE,
            window,
            parameters=parameters,
            calendar_of=calendar_of,
            clusters=self._note,
            tolerant=tolerant,
        )

    def __iter__(self) -> Iterator[Columns]:
        for _ in super().__iter__():
            yield from self._ready(_CHUNK)
        yield from self._ready(1)

    def _note(self, text: bytes) -> None:
        message = orjson.loads(text)
        head = {"event": message["event"], "seq": message["seq"], "time_ns": message["time"]}
        self._events.extend({**head, **cluster} for cluster in message["clusters"])

    def _ready(self, least: int) -> Iterator[Columns]:
        if len(self._events) >= least:
            events, self._events = self._events, []
            yield {name: [event[name] for event in events] for name in events[0]}
