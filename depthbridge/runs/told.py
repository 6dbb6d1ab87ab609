"""What the analytics of a recording tell on the way, as columns: a row per object."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final, Literal

import orjson

from depthbridge.inputs import Window
from depthbridge.runs.base import Columns
from depthbridge.runs.metrics import MetricsRun
from market.enums import Source
from market.instrument import Instrument
from market.session import SessionCalendar
from orderbook import Parameters
from recording.entries import Entry
from recording.readers import Recording

__all__ = ["ClustersRun", "SignalsRun"]

_CHUNK: Final = 1024
_WHOLE: Final = 1 << 62


class _ToldRun(MetricsRun):
    """Messages of one topic.

    Args:
        recording: the input.
        window: the part of the input whose messages are wanted.
        parameters: analytics settings, unless the recording carries its own.
        calendar_of: sessions by template name.
        informed: adds to the settings what is known of an instrument and source (hit rates).
        tolerant: a fault empties the book and is counted as a gap.
    """

    _topic: ClassVar[Literal["clusters", "signals"]]

    def __init__(
        self,
        recording: Recording,
        window: Window | None = None,
        *,
        parameters: Parameters | None = None,
        calendar_of: Callable[[str], SessionCalendar] | None = None,
        informed: Callable[[Parameters, Instrument, Source], Parameters] | None = None,
        tolerant: bool = False,
    ) -> None:
        self._told: list[dict[str, Any]] = []
        super().__init__(
            recording,
            "batch",
            _WHOLE,
            window,
            parameters=parameters,
            calendar_of=calendar_of,
            informed=informed,
            clusters=self._note if self._topic == "clusters" else None,
            signals=self._note if self._topic == "signals" else None,
            tolerant=tolerant,
        )

    def _take(self, entry: Entry) -> Iterator[Columns]:
        for _ in super()._take(entry):
            pass
        yield from self._ready(_CHUNK)

    def _finish(self) -> Iterator[Columns]:
        for _ in super()._finish():
            pass
        yield from self._ready(1)

    def _note(self, text: bytes) -> None:
        self._told.extend(self._rows_of(orjson.loads(text)))

    @abstractmethod
    def _rows_of(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The rows of a message."""

    def _ready(self, least: int) -> Iterator[Columns]:
        if len(self._told) >= least:
            told, self._told = self._told, []
            yield {name: [row[name] for row in told] for name in told[0]}


class ClustersRun(_ToldRun):
    """Cluster events: ``event``, ``seq``, ``time_ns``, then the fields of the cluster object."""

    _topic = "clusters"

    def _rows_of(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        head = {"event": message["event"], "seq": message["seq"], "time_ns": message["time"]}
        for cluster in message["clusters"]:
            yield {**head, **cluster}


class SignalsRun(_ToldRun):
    """Signals: the fields of the wire's message with ``time_ns``, one row each."""

    _topic = "signals"

    def _rows_of(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        message["time_ns"] = message.pop("time")
        yield message
