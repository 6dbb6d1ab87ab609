"""One instrument and source: entries in, metrics, cluster events and signals out.

The only place that drives the ``Analyzer`` from entries. The server writes an entry to the journal
and applies it here; replay and the offline commands apply what a reader yields. So an output
depends on nothing but the entries, and live equals replay by construction.

What an entry does:

========== =====================================================================================
instrument the first names the stream; a later one begins a new run: everything is fresh
session    a publisher takes over; if it is another one, the book is emptied and numbering
           restarts, the session's statistics go on
settings   the analytics go on under the new parameters
frame      events in order go to book and analytics in one call; a book fault applies what is
           before it and breaks the stream; while broken, events are numbered but not applied.
           Snapshot frames are gathered until the last one, which replaces the book, and where
           the source is played can set the clock back. Historical frames hold trades of the session
           told again: its sums and profile alone hear of them
bar        takes its number; checked, and into the bar indicators
clock      moves event time through silence
gap        records are lost for good: broken until the snapshot that skips them
phase      ``stale``, ``gap``: until the missing records come; ``stale``, ``silent``: until the
           publisher speaks again; ``stale`` with any other reason: broken until a snapshot;
           ``paused``: until the next events, or ``paused``, ``over``
makers     names for ``ref``; kept, no output
checkpoint the whole state: taken over where nothing has come before it, else without effect
output     what the entries before it led to: without effect
========== =====================================================================================
"""

import struct
from collections.abc import Mapping
from typing import Any, Final

import orjson
from numpy.typing import NDArray

from market.enums import FrameFlag, FrameType, Kind, Phase, Source
from market.errors import DataError, MalformedError, SettingsError
from market.instrument import Instrument
from market.parts import SnapshotParts, records_of
from market.record import Frame, Records
from market.session import SessionCalendar, calendar_for
from orderbook import Analyzer, Bar, Parameters
from orderbook.layout import ROWS
from orderbook.makers import MakerRows
from recording.entries import (
    DAMAGE,
    BarEntry,
    CheckpointEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from wire.frames import decode_frame, encode_frame

__all__ = ["PAUSE_OVER", "Result", "Stream", "state_at"]

PAUSE_OVER: Final = "over"
"""Reason of ``paused`` that ends it."""

_DOUBTS: Final = ("gap", "silent")
"""Reasons of ``stale`` under which the book is still right."""
_DEFINING: Final = (InstrumentEntry, SessionEntry, SettingsEntry, MakersEntry, HoldEntry)
"""What comes before a checkpoint at the beginning of a segment."""
_UNTRUSTED: Final = PhaseEntry(Phase.STALE.value, DAMAGE)
"""What a reader says before it too where a hole of the recording lies before the beginning."""
_INFLATED: Final = 1 << 20
_EVENTS: Final = int(FrameType.EVENTS)
_HISTORICAL: Final = int(FrameFlag.HISTORICAL)
_STALE: Final = Phase.STALE


class Result:
    """What one entry led to.

    Attributes:
        applied: records that reached the book and the analytics.
        fault: why the record after them was refused (``unsorted``, ``too_deep``, ``mixed``).
        replaced: why the book before a snapshot was none, in the same words; it asks for nothing.
        rewound: time went back by more than 5 s and everything was reset.
        emits: whether the entry makes a metrics row (an events frame, the last frame of a snapshot
            or of a back-fill).
        publishes: whether subscribers hear of it: a row, or another phase; while stale nothing
            but the phase.
    """

    __slots__ = (
        *("_events", "_row", "_signals", "_stream"),
        *("applied", "emits", "fault", "publishes", "replaced", "rewound"),
    )

    def __init__(
        self,
        stream: "Stream",
        applied: int = 0,
        fault: str | None = None,
        rewound: bool = False,
        emits: bool = False,
        replaced: str | None = None,
    ) -> None:
        self.applied = applied
        self.fault = fault
        self.replaced = replaced
        self.rewound = rewound
        self.emits = emits
        self.publishes = False
        self._stream = stream
        self._row: NDArray[Any] | None = None
        self._events: NDArray[Any] | None = None
        self._signals: NDArray[Any] | None = None

    @property
    def row(self) -> NDArray[Any] | None:
        """METRICS_ROW, shape (1,); None if the entry makes none. Read before the next apply."""
        if self._row is None and self.emits:
            self._row = self._stream.analyzer.row()
        return self._row

    @property
    def events(self) -> NDArray[Any]:
        """EVENT, cluster events in order, possibly none. Read before the next apply."""
        if self._events is None:
            self._events = self._stream.analyzer.take_events()
        return self._events

    @property
    def signals(self) -> NDArray[Any]:
        """SIGNAL, signals in order, possibly none. Read before the next apply."""
        if self._signals is None:
            self._signals = self._stream.analyzer.take_signals()
        return self._signals


class Stream:
    """The state of one instrument and source.

    Attributes:
        instrument: its definition.
        source: where it comes from.
        analyzer: book and analytics.
        parameters: the settings in force.
        config: their hash, in every output.
        opening: of a metrics message, up to what the row says.
        ending: of it, behind that.
        makers: names for ``ref`` of depth records.
        expected: the next sequence number.
        records: of all frames so far, snapshots included.
        doubt: why the phase is stale although the book is right: ``gap``, ``silent``; else empty.
        untouched: nothing but definitions has come since the run began.
        resumed: whether a checkpoint gave the state.
        unresumed: why one that stood at the beginning did not.
    """

    def __init__(
        self,
        instrument: Instrument,
        source: Source = Source.LIVE,
        parameters: Parameters | None = None,
        calendar: SessionCalendar | None = None,
        *,
        row_per_frame: bool = True,
        strict: bool = False,
    ) -> None:
        self.instrument = instrument
        self._strict = strict
        self._row_per_frame = row_per_frame
        self.source = source
        self._initial = parameters or Parameters()
        self._calendar = calendar or calendar_for(instrument.session)
        self._named = False
        self._start()

    def _start(self) -> None:
        self.parameters = self._initial
        self._settle()
        self.analyzer = Analyzer(
            self.instrument,
            self.parameters,
            calendar=self._calendar,
            source=self.source,
            row_per_frame=self._row_per_frame,
            strict=self._strict,
        )
        self.makers: tuple[str, ...] = ()
        self._maker_rows: MakerRows | None = None
        self._apart = False
        self.expected = 1
        self.records = 0
        self.resumed = False
        self.unresumed = ""
        self.untouched = True
        self._session: str | None = None
        self._broken = False
        self.doubt = ""
        self._phase = Phase.WAITING
        self._parts = SnapshotParts()

    def _settle(self) -> None:
        """The settings in force are known, and so is what every metrics message has around it."""
        self.config = self.parameters.config_hash
        head = {"type": "metrics", "instrument": self.instrument.symbol, "source": self.source}
        self.opening = orjson.dumps(head)[:-1] + b","
        self.ending = b"," + orjson.dumps({"config": self.config})[1:]

    @property
    def phase(self) -> Phase:
        """As of the last completed group; ``stale`` while records are missing or nobody speaks."""
        return _STALE if self.doubt else self.analyzer.phase

    @property
    def paused(self) -> bool:
        """Whether the playback stands still."""
        return self.analyzer.paused

    @property
    def calendar(self) -> SessionCalendar:
        """Its trading sessions."""
        return self._calendar

    @property
    def broken(self) -> bool:
        """Whether events are not applied until a snapshot comes."""
        return self._broken

    @property
    def session(self) -> str | None:
        """The publisher's session, by its last entry; None before the first."""
        return self._session

    def apply(self, entry: Entry) -> Result:
        """Take the next entry.

        Raises:
            DataError: a bar that :meth:`require_bar` refuses, a snapshot that names a price twice.
            SettingsError: settings that this program does not know.
        """
        if isinstance(entry, FrameEntry):
            result = self._apply_frame(entry.frame)
        else:
            result = self._apply(entry)
        phase = _STALE if self.doubt else self.analyzer.phase
        if phase is self._phase:
            result.publishes = result.emits and phase is not _STALE
            return result
        self._phase = phase
        if not result.emits and self._row_per_frame:
            self.analyzer.make_row()
        result.publishes = True
        return result

    def _apply_frame(self, frame: Frame) -> Result:
        self.untouched = False
        self.records += len(frame.records)
        self.doubt = ""
        return self._apply_events(frame) if frame.type == _EVENTS else self._apply_snapshot(frame)

    def _apply(self, entry: Entry) -> Result:
        beginning = self.untouched
        self.untouched = beginning and (isinstance(entry, _DEFINING) or entry == _UNTRUSTED)
        match entry:
            case ClockEntry(time):
                self.doubt = ""
                return self._apply_clock(time)
            case BarEntry(seq, values):
                self.doubt = ""
                self.expected = self.analyzer.seq = seq + 1
                self.analyzer.process_bar_update(bar_of(values))
            case GapEntry(reason):
                self._lose(reason)
            case PhaseEntry(phase, reason):
                self._apply_phase(phase, reason)
            case SettingsEntry(settings):
                self._apply_settings(settings)
            case SessionEntry():
                self._apply_session(entry)
            case InstrumentEntry(instrument):
                if self._named:
                    self.instrument = instrument
                    self._start()
                self._named = True
            case MakersEntry(names):
                self.makers = names
            case CheckpointEntry() if beginning:
                self._restore(entry)
        return Result(self)

    def freeze(self) -> bytes:
        """Everything that can shape a later output, as bytes; equal states have equal bytes.

        What a stream is made with (instrument, source, calendar, first parameters) is not in it.
        """
        facts = {
            "broken": self._broken,
            "doubt": self.doubt,
            "expected": self.expected,
            "maker_rows": None if self._maker_rows is None else self._maker_rows.freeze(),
            "makers": list(self.makers),
            "makers_apart": self._apart,
            "phase": self._phase.value,
            "records": self.records,
            "session": self._session,
            "stream": self._identity,
        }
        text = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)
        parts = [encode_frame(part) for part in self._parts]
        lengths = [len(text), len(parts), *map(len, parts)]
        head = struct.pack(f"<{len(lengths)}I", *lengths)
        return b"".join([head, text, *parts, self.analyzer.freeze()])

    def thaw(self, data: bytes, *, sessions: bool = True) -> None:
        """Go on from a frozen state of a stream that was made alike.

        Args:
            data: what ``freeze`` gave.
            sessions: whether the calendar must be the same; the book does not depend on it.

        Raises:
            DataError: ``state_layout``: another program's; ``state_stream``: another instrument's
                or calendar's; ``state_damaged``. Nothing was changed.
            SettingsError: parameters that this program does not know; nothing was changed.
        """
        facts, parts, analyzer = _split(data)
        mine = self._identity
        if facts["stream"][: None if sessions else -1] != mine[: None if sessions else -1]:
            raise DataError(
                f"the state is of {facts['stream']}, not of {mine}", code="state_stream"
            )
        self.analyzer.thaw(analyzer)
        self.parameters = self.analyzer.parameters
        self._settle()
        self.makers = tuple(facts["makers"])
        self._apart = facts["makers_apart"]
        self._maker_rows = None
        if facts["maker_rows"] is not None:
            self._maker_rows = MakerRows()
            self._maker_rows.thaw(facts["maker_rows"])
        self.expected = facts["expected"]
        self.records = facts["records"]
        self.resumed = True
        self._session = facts["session"]
        self._broken = facts["broken"]
        self.doubt = facts["doubt"]
        self._phase = Phase(facts["phase"])
        self._parts = SnapshotParts(parts)
        self._named = True
        self.untouched = False

    @property
    def _identity(self) -> list[Any]:
        """What decides, beside the entries, what comes out."""
        instrument = self.instrument
        steps = [instrument.tick.step, instrument.size.step, instrument.depth_levels]
        return [instrument.symbol, self.source.value, *steps, self._calendar.fingerprint]

    def _restore(self, entry: CheckpointEntry) -> None:
        """Go on from a checkpoint; one that does not fit is noted."""
        try:
            self.thaw(entry.unpacked())
        except (DataError, SettingsError) as error:
            self.unresumed = error.message

    def checkpoint(self, trade_date: str) -> CheckpointEntry:
        """The present state as an entry for the beginning of a segment of ``trade_date``."""
        return CheckpointEntry.of(self.freeze(), trade_date)

    def require_bar(self, values: Mapping[str, Any]) -> None:
        """Refuse a bar that contradicts itself, or goes back in time within its series.

        It may go back where a chart tells its bars again: in a playback, in another run of the
        publisher, after a rewind.

        Raises:
            MalformedError: with ``field``; nothing was changed.
        """
        bar = bar_of(values)
        studies = self.analyzer.bars.get(bar.series)
        if studies is None or studies.retold or self.source.played:
            return
        if bar.time <= studies.last["time"]:
            raise MalformedError(
                f"bars of {bar.series} must go forward in time", code="bad_bar", field="time"
            )

    def empty(self) -> None:
        """Go on after a fault with an empty book: what a tolerant reader does."""
        self.analyzer.empty()
        self._maker_rows = None
        self._broken = False

    def _apply_events(self, frame: Frame) -> Result:
        analyzer = self.analyzer
        self.expected = frame.seq + len(frame.records)
        if self._broken:
            return Result(self)
        if frame.flags & _HISTORICAL:
            return self._apply_backfill(frame)
        analyzer.pause(False)
        if self._apart:
            self._begin_maker_rows(frame.records)
        applied, fault, rewound = analyzer.process_l2_update(frame)
        if rewound:
            self._maker_rows = None
        if self._maker_rows is not None:
            self._maker_rows.apply(frame.records[:applied])
        if fault is not None:
            self._lose(fault)
        return Result(self, applied, fault, rewound, True)

    def _begin_maker_rows(self, records: Records) -> None:
        """Keep rows of makers apart from the first depth record on that names one."""
        if self._maker_rows is None:
            depth = records["kind"] == Kind.DEPTH_POSITION
            if records["ref"][depth].any():
                self._maker_rows = MakerRows()
                self._maker_rows.load(*self.analyzer.top(ROWS))

    def _shared_rows(self, records: Records) -> MakerRows | None:
        """Rows of makers apart, where a snapshot names one."""
        named = (records["kind"] == Kind.DEPTH_POSITION) & (records["ref"] != 0)
        if not named.any():
            return None
        rows = MakerRows()
        rows.load_shares(records)
        return rows

    @property
    def maker_rows(self) -> MakerRows | None:
        """Whose the size of each level is; None where the session has no ``useL3`` or no makers."""
        return self._maker_rows

    def _apply_backfill(self, frame: Frame) -> Result:
        """Part of a list makes no row: its sums mean nothing before the last trade."""
        last = bool(frame.flags & FrameFlag.LAST)
        self.analyzer.backfill(frame, last=last)
        if last and self._row_per_frame:
            self.analyzer.make_row()
        return Result(self, emits=last)

    def _apply_snapshot(self, frame: Frame) -> Result:
        whole = self._parts.add(frame)
        if whole is None:
            return Result(self)
        records = records_of(whole)
        rewound = self.source.played and self.analyzer.set_back(frame.base)
        replaced = self.analyzer.load_snapshot(records, frame.base, frame.seq)
        if self._row_per_frame:
            self.analyzer.make_row()
        self._maker_rows = self._shared_rows(records) if self._apart else None
        self.expected = frame.seq
        self._broken = False
        return Result(self, len(records), rewound=rewound, emits=True, replaced=replaced)

    def _apply_clock(self, time: int) -> Result:
        fault = self.analyzer.advance(time)
        if fault is not None:
            self._lose(fault)
        return Result(self, fault=fault)

    def _apply_phase(self, phase: str, reason: str) -> None:
        self._parts.clear()  # of a snapshot that a killed server could not write to its end
        if phase == Phase.PAUSED:
            self.analyzer.pause(reason != PAUSE_OVER)
        elif reason in _DOUBTS:
            self.doubt = reason
        else:
            self._lose(reason)

    def _apply_settings(self, settings: Mapping[str, Any]) -> None:
        parameters = Parameters.from_recorded(settings)
        if parameters != self.parameters:
            self.parameters = parameters
            self._settle()
            self.analyzer.reconfigure(parameters)

    def _apply_session(self, entry: SessionEntry) -> None:
        if entry.session == self._session:
            return
        if self.analyzer.clock:
            self._lose("restart")
            self.analyzer.wait(entry.seq)
        self._broken = False
        self.doubt = ""
        self._maker_rows = None
        self._apart = bool(entry.flags.get("useL3"))
        self._session = entry.session
        self.analyzer.expect_bars_again()
        self.expected = self.analyzer.seq = entry.seq

    def _lose(self, reason: str) -> None:
        self._broken = True
        self._parts.clear()
        self._maker_rows = None
        self.analyzer.gap(reason)


def _split(data: bytes) -> tuple[dict[str, Any], list[Frame], bytes]:
    """Facts, the parts of an unfinished snapshot, and the analyzer's state.

    Raises:
        DataError: ``state_damaged``.
    """
    try:
        length, count = struct.unpack_from("<2I", data)
        sizes = struct.unpack_from(f"<{count}I", data, 8)
        at = 8 + 4 * count
        facts = orjson.loads(data[at : at + length])
        at += length
        parts = []
        for size in sizes:
            part = data[at : at + size]
            parts.append(decode_frame(part, limit=size + _INFLATED, kept=True))
            at += size
    except (ValueError, struct.error) as cause:
        raise DataError(f"the state is damaged: {cause}", code="state_damaged") from cause
    return facts, parts, data[at:]


def bar_of(values: Mapping[str, Any]) -> Bar:
    """The bar of a ``bar_update``'s values.

    Raises:
        MalformedError: it contradicts itself; with ``field``.
    """
    series = values["series"]
    prices = {name: float(values[name]) for name in ("open", "high", "low", "close", "volume")}
    delta = values.get("delta")
    return Bar(
        series=f"{series['type']} {series['value']}", time=values["time"], delta=delta, **prices
    )


def state_at(entry: CheckpointEntry, instrument: Instrument, source: Source) -> Stream | None:
    """The state that a recording begins with; None: it was written by another program."""
    stream = Stream(instrument, source)
    try:
        stream.thaw(entry.unpacked(), sessions=False)
    except DataError:
        return None
    return stream
