"""Metrics rows, cluster events and signals of a recording, by the stream that the server drives."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from depthbridge.inputs import Window
from depthbridge.runs.base import Columns, Run, fault_of
from depthbridge.runs.columns import metrics_columns
from market.enums import FrameFlag, FrameType, Phase, Source
from market.errors import UsageError
from market.instrument import Instrument
from market.record import REWIND_NS, Frame, times_of
from market.session import SessionCalendar, calendar_for
from orderbook import METRICS_FIELDS, METRICS_ROW, NULL_TICKS, Parameters
from orderbook.books.orders import FAULT_WORDS
from orderbook.describe import PHASES
from recording.entries import (
    CheckpointEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
)
from recording.messages import cluster_messages, signal_messages
from recording.readers import Recording
from recording.stream import Result, Stream

__all__ = ["MetricsRun", "Watch"]

_CHUNK: Final = 4096
_NS: Final = 1_000_000_000
_STALE: Final = PHASES.index(Phase.STALE)


class Watch(Protocol):
    """Reads more of the stream than its rows say, while they are made; changes nothing."""

    def row(self, stream: Stream, label: int) -> None:
        """The row of ``label`` (ns UTC) was made."""

    def session_over(self, stream: Stream, boundary: int) -> None:
        """Everything before ``boundary`` was applied, at which sums of the session begin anew."""


class MetricsRun(Run):
    """Metrics rows with the columns of METRICS_ROW, and cluster events on the way.

    Args:
        recording: the input.
        every: ``batch``, or an interval in ns.
        batch: records of a batch.
        window: the part of the input whose rows and events are wanted.
        parameters: analytics settings, unless the recording carries its own.
        calendar_of: sessions by template name.
        informed: adds to the settings what is known of an instrument and source (hit rates).
        clusters: takes each cluster event as the wire's JSON message.
        signals: takes each signal in the same way.
        watch: looks on, where ``every`` is an interval.
        tolerant: a fault empties the book and is counted as a gap.
        strict: an order record that is wrong ends the run; else it is counted.

    Raises:
        BookFaultError: while iterating, rows that no market can have, unless tolerant; a wrong
            order record, if strict.
    """

    def __init__(
        self,
        recording: Recording,
        every: str | int = "batch",
        batch: int = 200,
        window: Window | None = None,
        *,
        parameters: Parameters | None = None,
        calendar_of: Callable[[str], SessionCalendar] | None = None,
        informed: Callable[[Parameters, Instrument, Source], Parameters] | None = None,
        clusters: Callable[[bytes], None] | None = None,
        signals: Callable[[bytes], None] | None = None,
        watch: Watch | None = None,
        tolerant: bool = False,
        strict: bool = False,
    ) -> None:
        super().__init__(recording, window, tolerant=tolerant)
        if batch < 1:
            raise UsageError("--batch must be at least 1")
        self._interval = every if isinstance(every, int) else 0
        self._batch = batch
        self._strict = strict
        self._parameters = parameters or Parameters()
        self._calendar_of = calendar_of
        self._informed = informed
        self._clusters = clusters
        self._signals = signals
        self._watch = watch
        self._boundary = NULL_TICKS
        self._stream: Stream | None = None
        self._rows = np.zeros(_CHUNK, METRICS_ROW)
        self._words = self._rows.view(np.int64).reshape(_CHUNK, -1)
        self._indexes = self._rows["index"]
        self._times = self._rows["time_ns"]
        self._filled = 0
        self._open = 0
        self._label = NULL_TICKS
        self._clock = NULL_TICKS
        self._last_index = -1
        self._first = 0
        self._date = ""
        self._first_faults: dict[str, int] = {}

    def metadata(self) -> dict[str, str]:
        """As of every run, and which book it is of.

        The settings are those of the end: a recording may carry its own, and change them.
        """
        kind = "L2" if self._stream is None else self._stream.analyzer.book_kind
        return {**super().metadata(), "book": kind}

    @property
    def order_faults(self) -> dict[str, tuple[int, int]]:
        """What was wrong with order records: word, how often, index of the first."""
        faults = {} if self._stream is None else self._stream.analyzer.order_faults
        firsts = self._first_faults
        return {word: (count, firsts.get(word, seq - 1)) for word, (count, seq) in faults.items()}

    def _note_faults(self, frame: Frame, index: NDArray[np.int64]) -> None:
        """Keep where in the input the first of each kind is; the book knows its number."""
        assert self._stream is not None
        analyzer = self._stream.analyzer
        if analyzer.by_order:
            for word, (_, seq) in analyzer.order_faults.items():
                if seq >= frame.seq:
                    self._first_faults.setdefault(word, int(index[seq - frame.seq]))

    def _take(self, entry: Entry) -> Iterator[Columns]:
        if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
            index = self._numbered(entry)
            self._first = self._first or entry.frame.base
            if entry.frame.historical:
                self._apply(entry)
                return
            yield from (
                self._intervals(entry.frame, index)
                if self._interval
                else self._batches(entry.frame, index)
            )
            return
        if isinstance(entry, CheckpointEntry):
            yield from self._pass_checkpoint(entry)
            return
        if isinstance(entry, InstrumentEntry):
            self._begin(entry)
        elif isinstance(entry, FrameEntry):
            if self._interval and self._sets_back(entry.frame):
                yield from self._step_back()
            if self._label != NULL_TICKS:  # a book tells nothing of the time before it
                yield from self._silence(-(-entry.frame.base // self._interval) * self._interval)
            self._snapshot(entry)
            return
        elif isinstance(entry, GapEntry):
            self._gap(entry.reason)
        self._apply(entry)

    def _begin(self, entry: InstrumentEntry) -> None:
        if self._stream is not None:
            return
        self.instrument = entry.instrument
        session = entry.instrument.session
        calendar = self._calendar_of(session) if self._calendar_of else None
        self._calendar = calendar or calendar_for(session)
        parameters = self._parameters
        if self._informed is not None:
            parameters = self._informed(parameters, entry.instrument, entry.source)
        self._stream = Stream(
            entry.instrument,
            entry.source,
            parameters,
            self._calendar,
            row_per_frame=False,
            strict=self._strict,
        )

    def _pass_checkpoint(self, entry: CheckpointEntry) -> Iterator[Columns]:
        """Rows begin anew with a trade date: alone it gives the rows that it has in the whole.

        So they do behind a hole of the recording, where the checkpoint says what was not read.
        """
        stream = self._stream
        assert stream is not None
        beginning = stream.untouched
        new = not beginning and entry.trade_date != self._trade_date()
        if new or (beginning and self.rows):
            yield from self._close_row()
        stream.apply(entry)
        self.config = stream.config
        if beginning and stream.resumed and not self.rows:
            self._go_on_at(stream.records)
            self._last_index = self._index
        if new or beginning:
            self._date = entry.trade_date
            self._open = 0
            self._label = self._clock = NULL_TICKS
        if new or (stream.resumed and beginning):
            stream.analyzer.make_row()

    def _trade_date(self) -> str:
        """Of the rows so far: by the last checkpoint, at first by the first event."""
        if not self._date:
            session = self._calendar.trading_session(self._first)
            day = datetime.fromtimestamp(self._first // _NS, UTC).date()
            self._date = (day if session is None else session.trade_date).isoformat()
        return self._date

    def _batches(self, frame: Frame, index: NDArray[np.int64]) -> Iterator[Columns]:
        start, count = 0, len(frame.records)
        while start < count:
            stop = min(count, start + self._batch - self._open)
            self._records(frame, index, start, stop)
            self._open += stop - start
            if self._open == self._batch:
                yield from self._row(int(index[stop - 1]))
                self._open = 0
            start = stop

    def _intervals(self, frame: Frame, index: NDArray[np.int64]) -> Iterator[Columns]:
        times = times_of(frame)
        assert self._stream is not None
        now = self._stream.analyzer.clock
        start = 0
        for stop in [*_steps_back(times, now), len(times)]:
            if stop > start:
                yield from self._onwards(frame, index, times, start, stop)
            if stop < len(times):
                yield from self._step_back()
            start = stop

    def _sets_back(self, snapshot: Frame) -> bool:
        """Whether this is the last part of a snapshot that a new stream begins with."""
        stream = self._stream
        assert stream is not None
        late = snapshot.base < stream.analyzer.clock - REWIND_NS
        return bool(stream.source.played and late and snapshot.flags & FrameFlag.LAST)

    def _step_back(self) -> Iterator[Columns]:
        """Time is about to go back, and all begins anew: so do the rows."""
        yield from self._close_row()
        yield from self._flush()
        self._label = self._clock = self._boundary = NULL_TICKS

    def _onwards(
        self, frame: Frame, index: NDArray[np.int64], times: NDArray[np.int64], first: int, end: int
    ) -> Iterator[Columns]:
        # An earlier record counts as being at the clock.
        clock = np.maximum.accumulate(times[first:end])
        np.maximum(clock, self._clock, out=clock)
        labels = -(-clock // self._interval) * self._interval
        cuts = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist(), len(labels)]
        if self._watch is not None and int(clock[-1]) >= self._boundary:
            cuts = self._cut_at_boundaries(cuts, clock)
        for start, stop in pairwise(cuts):
            label = int(labels[start])
            if self._label == NULL_TICKS:
                self._label = label
            yield from self._silence(label)
            self._pass_boundary(int(clock[start]))
            self._records(frame, index, first + start, first + stop)
        self._clock = int(clock[-1])

    def _silence(self, label: int) -> Iterator[Columns]:
        """The rows of all intervals before ``label``, from the open one on."""
        self._check_silence(self._label, label, self._interval)
        if self._ending:  # of the silence beyond the window there are no rows
            label = min(label, max(self._window.end, self._label))
        while self._label < label:
            self._pass_boundary(self._label)
            self._let_pass(self._label)
            yield from self._row(self._last_index, self._label)
            self._label += self._interval

    def _let_pass(self, time: int) -> None:
        """Silence until ``time``: it completes the last group, which may be no book."""
        assert self._stream is not None
        result = self._apply(ClockEntry(time))
        if result.fault is None:
            return
        if not self._tolerant:
            raise fault_of(result.fault, self._last_index, self._stream.expected - 1)
        self._gap(result.fault)
        self._stream.empty()

    def _snapshot(self, entry: FrameEntry) -> None:
        """A part of a snapshot: the last one moves time, and the rows before may be no book."""
        self._numbered(entry)
        whole = entry.frame.flags & FrameFlag.LAST
        if whole and not self._tolerant:
            self._let_pass(entry.frame.base)
        result = self._apply(entry)
        if result.replaced is not None:
            self._gap(result.replaced)
        if whole:
            self._last_index = self._index

    def _cut_at_boundaries(self, cuts: list[int], clock: NDArray[np.int64]) -> list[int]:
        """Records from before the end of a session are applied apart from those after it."""
        boundary = max(self._boundary, self._calendar.next_boundary(int(clock[0]) - 1))
        while boundary <= int(clock[-1]):
            cuts.append(int(np.searchsorted(clock, boundary)))
            boundary = self._calendar.next_boundary(boundary)
        return sorted(set(cuts))

    def _pass_boundary(self, time: int) -> None:
        """The clock is about to go to ``time``: tell of a session that this ends."""
        if self._watch is None or time < self._boundary:
            return
        assert self._stream is not None
        if self._boundary != NULL_TICKS:
            self._watch.session_over(self._stream, self._boundary)
        self._boundary = self._calendar.next_boundary(time)

    def _records(self, frame: Frame, index: NDArray[np.int64], start: int, stop: int) -> None:
        """Apply records of a frame; with a fault go on or raise."""
        while start < stop:
            part = frame
            if stop - start < len(frame.records):
                part = frame._replace(records=frame.records[start:stop], seq=frame.seq + start)
            result = self._apply(FrameEntry(part))
            self._note_faults(frame, index)
            if result.fault is None:
                self._last_index = int(index[stop - 1])
                return
            start += result.applied
            if start:
                self._last_index = int(index[start - 1])
            if result.fault in FAULT_WORDS or not self._tolerant:
                self._open += result.applied
                raise fault_of(result.fault, index[start], frame.seq + start)
            self._gap(result.fault)
            assert self._stream is not None
            self._stream.empty()

    def _apply(self, entry: Entry) -> Result:
        assert self._stream is not None
        result = self._stream.apply(entry)
        self.config = self._stream.config
        if result.rewound:
            self._gap("rewind")
        if self._clusters is not None and len(result.events):
            inside = self._window.mask(result.events["time"])
            for message, wanted in zip(cluster_messages(self._stream, result), inside, strict=True):
                if wanted:
                    self._clusters(message.text)
        elif self._clusters is None and result.emits:
            result.events  # noqa: B018 - taken, so that they do not pile up
        self._tell_signals(result)
        return result

    def _tell_signals(self, result: Result) -> None:
        signals = result.signals
        if self._signals is None or not len(signals):
            return
        assert self._stream is not None
        inside = self._window.mask(signals["time"])
        for text, wanted in zip(signal_messages(self._stream, signals), inside, strict=True):
            if wanted:
                self._signals(text)

    def _row(self, index: int, label: int | None = None) -> Iterator[Columns]:
        """Read a row; yields the chunk that is full."""
        assert self._stream is not None
        if self._stream.phase is Phase.STALE:
            row = self._rows[self._filled]
            row["seq"] = self._stream.expected - 1
            row["time_ns"] = self._stream.analyzer.clock
            row["phase"] = _STALE
            for name in METRICS_FIELDS[4:]:
                row[name] = np.nan if row.dtype[name].kind == "f" else 0
            row["outlook"] = -1
        else:
            self._stream.analyzer.make_row()
            self._words[self._filled] = self._stream.analyzer.row_words
        self._indexes[self._filled] = index
        if label is not None:
            self._times[self._filled] = label
            if self._watch is not None:
                self._watch.row(self._stream, label)
        self._filled += 1
        if self._filled == _CHUNK:
            yield from self._flush()

    def _finish(self) -> Iterator[Columns]:
        if self._stream is None:
            return
        yield from self._close_row()
        yield from self._flush()

    def _close_row(self) -> Iterator[Columns]:
        """The row of the last, incomplete batch or interval."""
        if self._interval and self._label != NULL_TICKS:
            yield from self._row(self._last_index, self._label)
        elif self._open:
            yield from self._row(self._last_index)

    def _flush(self) -> Iterator[Columns]:
        rows = self._rows[: self._filled]
        rows = rows[self._window.mask(rows["time_ns"])]
        self._filled = 0
        if len(rows):
            yield metrics_columns(rows)


def _steps_back(times: NDArray[np.int64], now: int) -> list[int]:
    """Indices of the records that set the clock back, which is at ``now`` before the first."""
    found: list[int] = []
    start = 0
    while start < len(times):
        clock = np.maximum.accumulate(np.concatenate([[now], times[start:]]))[:-1]
        back = np.flatnonzero(times[start:] < clock - REWIND_NS)
        if not len(back):
            break
        found.append(start + int(back[0]))
        now, start = int(times[found[-1]]), found[-1] + 1
    return found
