"""Signals of a recording as columns."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from depthbridge.inputs import Window
from depthbridge.runs.base import Columns
from depthbridge.runs.metrics import MetricsRun
from market.enums import Source
from market.instrument import Instrument
from market.session import SessionCalendar
from orderbook import Parameters
from recording.readers import Recording

__all__ = ["SignalsRun"]

_CHUNK: Final = 1024
_WHOLE: Final = 1 << 62


class SignalsRun(MetricsRun):
    """Signals: the fields of the wire's message with ``time_ns``, one row each.

    Args:
        recording: the input.
        window: the part of the input whose signals are wanted.
        parameters: analytics settings, unless the recording carries its own.
        calendar_of: sessions by template name.
        informed: adds to the settings what is known of an instrument and source (hit rates).
        tolerant: a fault empties the book and is counted as a gap.
    """

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
        self._given: list[dict[str, Any]] = []
        super().__init__(
            recording,
            "batch",
            _WHOLE,
            window,
            parameters=parameters,
            calendar_of=calendar_of,
            informed=informed,
            signals=self._note,
            tolerant=tolerant,
        )

    def __iter__(self) -> Iterator[Columns]:
        for _ in super().__iter__():
            yield from self._ready(_CHUNK)
        yield from self._ready(1)

    def _note(self, text: bytes) -> None:
        message = orjson.loads(text)
        message["time_ns"] = message.pop("time")
        self._given.append(message)

    def _ready(self, least: int) -> Iterator[Columns]:
        if len(self._given) >= least:
            given, self._given = self._given, []
            yield {name: [signal[name] for signal in given] for name in given[0]}
