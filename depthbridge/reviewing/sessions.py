"""A recording as sessions: mids at instants of 100 ms, scores by second, signals."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from depthbridge.inputs import Input
from depthbridge.progress import Progress
from depthbridge.reviewing.outcomes import Path, SignalAt
from depthbridge.runs import Columns, MetricsRun, Watch
from market.errors import DataError
from market.session import SessionCalendar, TradingSession
from orderbook import Parameters
from recording.readers import Recording

__all__ = [
    "SCORES",
    "STEP",
    "Listener",
    "SessionPart",
    "seconds_of",
    "sessions_of",
    "signal_at",
    "sums_by_second",
]

STEP: Final = 100_000_000
"""Of the mids, ns."""
SCORES: Final = (
    *("queue_imbalance", "imbalance", "ofi_z", "momentum", "volume", "composite"),
    *("microprice", "pulling", "stacking", "flow_toxicity"),
)
"""Columns of the metrics that are kept by second."""
_SECOND: Final = 1_000_000_000
_PER_SECOND: Final = _SECOND // STEP
_KEPT: Final = ("mid", "ofi")


@dataclass(frozen=True, slots=True)
class SessionPart:
    """What a recording holds of one trading session.

    Attributes:
        path: mid at the instants, ticks.
        ofi: order-flow imbalance at the touch over the instant before each, size steps; NaN: none.
        scores: columns of SCORES at each full second of the path, NaN where undefined.
        signals: in order.
    """

    path: Path
    ofi: NDArray[np.float64]
    scores: dict[str, NDArray[np.float64]]
    signals: list[SignalAt]


class Listener(Watch, Protocol):
    """Hears everything else that a recording says while its sessions are put together."""

    def begin(self, run: MetricsRun) -> None:
        """The run begins; its counts move while it goes on."""

    def rows(self, columns: Columns) -> None:
        """Metrics of the next instants, STEP apart."""

    def cluster(self, text: bytes) -> None:
        """A cluster event, as the wire's message."""

    def signal(self, message: dict[str, Any]) -> None:
        """A signal: the fields of the wire's message."""


def sessions_of(
    given: Input,
    recording: Recording,
    parameters: Parameters,
    *,
    tolerant: bool = False,
    listener: Listener | None = None,
) -> Iterator[SessionPart]:
    """The sessions of a recording, one in memory at a time.

    Args:
        given: window and calendars.
        recording: what to read; its own settings, if it has any, go before ``parameters``.
        parameters: analytics settings.
        tolerant: a fault of the book empties it.
        listener: hears of the rest, each thing before the session that it belongs to is yielded.

    Raises:
        DataError: what was good before it was yielded.
    """
    signals: list[SignalAt] = []

    def hear(text: bytes) -> None:
        message = orjson.loads(text)
        signals.append(signal_at(message))
        if listener is not None:
            listener.signal(message)

    run = MetricsRun(
        recording,
        STEP,
        window=given.window,
        parameters=parameters,
        calendar_of=given.settings.calendar,
        informed=given.settings.informed,
        clusters=None if listener is None else listener.cluster,
        signals=hear,
        watch=listener,
        tolerant=tolerant,
    )
    if listener is not None:
        listener.begin(run)
    calendar = given.settings.calendar(recording.instrument.session)
    tick = recording.instrument.tick
    collector = _Collector(calendar, tick.denominator / tick.numerator, signals)
    error: DataError | None = None
    with Progress() as progress:
        try:
            for columns in run:
                if listener is not None:
                    listener.rows(columns)
                yield from collector.take(columns)
                progress.at(run.rows)
        except DataError as caught:
            error = caught
    yield from collector.finish()
    if error is not None:
        raise error


def signal_at(message: dict[str, Any]) -> SignalAt:
    """What of a signal's message its outcome depends on."""
    return SignalAt(message["time"], message["kind"], 1 if message["strength"] >= 0 else -1)


class _Collector:
    """Rows of an interval each, cut where the trading session changes."""

    def __init__(self, calendar: SessionCalendar, per_tick: float, signals: list[SignalAt]) -> None:
        self._calendar = calendar
        self._per_tick = per_tick
        self._signals = signals
        self._session: TradingSession | None = None
        self._begin = 0
        self._parts: dict[str, list[NDArray[np.float64]]] = {}
        self._heard = 0

    def take(self, columns: dict[str, Any]) -> Iterator[SessionPart]:
        times = np.asarray(columns["time_ns"], np.int64)
        if self._session is not None and int(times[0]) < self._begin + self._kept() * STEP:
            # time went back: what was heard since the rows before belongs to these
            later = self._signals[self._heard :]
            del self._signals[self._heard :]
            yield from self.finish()
            self._signals[:] = later
        low = 0
        while low < len(times):
            first = int(times[low])
            if self._session is None or not self._follows(first):
                yield from self.finish()
                self._session = self._calendar.trading_session(first - 1)
                self._begin = first
            end = self._calendar.next_boundary(first - 1)
            high = low + int(np.searchsorted(times[low:], end, side="right"))
            high = max(min(high, low + _run(times[low:])), low + 1)
            if self._session is not None:
                self._keep(columns, times, low, high)
            low = high
        self._heard = len(self._signals)

    def _kept(self) -> int:
        return sum(len(part) for part in self._parts.get("mid", []))

    def _follows(self, time: int) -> bool:
        """Whether a row is the next instant of the open session."""
        assert self._session is not None
        expected = self._begin + self._kept() * STEP
        return time == expected and time <= self._session.close

    def _keep(self, columns: dict[str, Any], times: NDArray[np.int64], low: int, high: int) -> None:
        for name in _KEPT:
            values = np.asarray(columns[name], np.float64)[low:high]
            self._parts.setdefault(name, []).append(values.copy())
        whole = times[low:high] % _SECOND == 0
        for name in SCORES:
            values = np.asarray(columns[name], np.float64)[low:high][whole]
            self._parts.setdefault(name, []).append(values.copy())

    def finish(self) -> Iterator[SessionPart]:
        """The open session, if it has anything."""
        session, self._session = self._session, None
        parts, self._parts = self._parts, {}
        if session is None or not parts:
            return
        joined = {name: np.concatenate(values) for name, values in parts.items()}
        path = Path(self._begin, STEP, joined.pop("mid") * self._per_tick)
        until = self._begin + (len(path.mids) - 1) * STEP
        mine = [one for one in self._signals if self._begin <= one.time <= until]
        self._signals[:] = [one for one in self._signals if one.time > until]
        ofi = joined.pop("ofi")
        yield SessionPart(path, ofi, joined, mine)


def _run(times: NDArray[np.int64]) -> int:
    """How many of the first times follow each other without a hole."""
    holes = np.flatnonzero(np.diff(times) != STEP)
    return int(holes[0]) + 1 if len(holes) else len(times)


def seconds_of(values: NDArray[np.float64], begin: int) -> NDArray[np.float64]:
    """The values at full seconds of a path that begins at ``begin``."""
    first = math.ceil(begin / _SECOND) * _SECOND
    return values[(first - begin) // STEP :: _PER_SECOND]


def sums_by_second(values: NDArray[np.float64], begin: int) -> NDArray[np.float64]:
    """Sums over the seconds that end at full seconds, from the second full one on; NaN counts 0."""
    first = math.ceil(begin / _SECOND) * _SECOND
    start = (first - begin) // STEP + 1
    whole = values[start : start + (len(values) - start) // _PER_SECOND * _PER_SECOND]
    sums: NDArray[np.float64] = np.nan_to_num(whole).reshape(-1, _PER_SECOND).sum(axis=1)
    return sums
