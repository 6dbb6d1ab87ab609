"""One instrument and source on the server: what arrives is judged, recorded, applied, published.

The order is the product's promise: the session judges the number, the journal has the entry, then
book and analytics move in one call, then answers go out. Everything that can shape an output
passes through :meth:`Channel.record`.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from market.enums import Aggressor, FrameType, Kind, Phase, Source
from market.errors import MalformedError
from market.parts import records_of
from market.record import MAX_DT, Frame, Records
from orderbook import Parameters, describe
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
    MessageEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import JournalWriter
from recording.messages import (
    cluster_messages,
    recent_signals,
    signal_fields,
    signal_messages,
)
from recording.output import OutputRecorder
from recording.resume import Resumed
from recording.stream import PAUSE_OVER, Result, Stream
from server.clock import SYSTEM, Clock
from server.liveness import Counters, Liveness
from server.measure import Measures, Trace, Unsynced
from server.roles import Listener, Publisher
from server.snapshots import require_snapshot
from wire.checksum import book_crc32
from wire.codes import ErrorCode, ResyncReason
from wire.session import Action, ResyncRequest, State, StreamSession, Verdict
from wire.updates import Batch

__all__ = ["Channel", "Told"]

_LOG: Final = logging.getLogger("depthbridge.channel")
_CHECKED_ROWS: Final = 10
_ORDER: Final = int(Kind.ORDER)
_EVENTS: Final = int(FrameType.EVENTS)
_FRESH: Final = State.FRESH
_LOAD: Final = Action.LOAD
_FEEDS: Final = (Source.LIVE, Source.PLAYBACK)
"""What goes on while this computer sleeps, or did."""
# Nothing traded electronically as now is older. What is was said in another unit, or by a clock
# that was never set; the step back to the present would cost an evaluation of every session since.
_LIVE_SINCE: Final = 946_684_800_000_000_000


class Told(NamedTuple):
    """What a post led to: clusters that ended and signals, as objects of the protocol."""

    ended: list[dict[str, Any]]
    signals: list[dict[str, Any]]


class Channel:
    """The state of one instrument and source.

    Attributes:
        stream: book and analytics.
        symbol: the instrument's full name.
        source: where the data comes from.
        key: symbol and source.
        session: numbers of the publisher.
        publisher: the connection that sends the data, if one does.
        listeners: who gets what is published, with the topics.
        counters: what happened.
        live: when something was last heard.
        wrong_orders: order records of the last frame that did not fit the book.
        trade_side: Aggressor of the last trade that a JSON message told; unknown after a restart.
    """

    def __init__(
        self,
        stream: Stream,
        journal: JournalWriter | None,
        *,
        clock: Clock = SYSTEM,
        measures: Measures | None = None,
        debug: bool = False,
        ahead_ns: int = 0,
        resumed: Resumed | None = None,
        held: Mapping[str, int] | None = None,
    ) -> None:
        """Begin with an empty book, or go on where a process before this one stopped.

        Args:
            stream: fresh, for the channel's instrument and source.
            journal: None for source ``demo``, or where recording is off.
            clock: of the process; receive times are its wall clock.
            measures: of the process.
            debug: for every publisher, what the flag DebugMode does for its own.
            ahead_ns: live event times further ahead of the wall clock are refused; 0: none are.
            resumed: the run that goes on; its journal goes on too.
            held: sessions that the journal holds, each with its highest number there.
        """
        self.stream = stream
        self.symbol = stream.instrument.symbol
        self.source = stream.source
        self.key = (self.symbol, self.source)
        self.session = StreamSession()
        self.publisher: Publisher | None = None
        self.listeners: dict[Listener, frozenset[str]] = {}
        self.counters = Counters()
        self.live = Liveness()
        self.wrong_orders = 0
        self.trade_side = int(Aggressor.UNKNOWN)
        self._rendered: dict[Callable[[Stream], bytes], bytes] = {}
        self._refused = False
        self._begun: SessionEntry | None = None
        self._held = True
        self._debug = debug
        self._ahead = ahead_ns if stream.source is Source.LIVE else 0
        self._speechless = False
        self._told: Told | None = None
        self._journal = journal
        self._outputs = None if journal is None else OutputRecorder(stream, journal)
        self._clock = clock
        self._measures = measures or Measures()
        self._unsynced = Unsynced()
        self._inherited = resumed is not None
        self.session.remember(held or {})
        if resumed is not None:
            self._go_on(resumed)
            return
        self.record(InstrumentEntry(stream.instrument, stream.source))
        self.record(_settings_entry(stream.parameters))

    def _go_on(self, resumed: Resumed) -> None:
        """Numbers and session are as they were; the book is in doubt until the publisher speaks."""
        stream = self.stream
        state = State.LIVE if resumed.started else State.FRESH
        if stream.broken:
            state = State.BROKEN
        elif stream.doubt == "gap":
            state = State.GAPPED
        for entry in resumed.state:
            if isinstance(entry, SessionEntry):
                self._begun = entry
                self.session.resume(entry.session, stream.expected, state)
                self.live.flags = dict(entry.flags)
        self._held = not resumed.free
        self.record(PhaseEntry(Phase.STALE.value, "silent"))

    @property
    def debug(self) -> bool:
        """Whether invariants are checked and stages timed (DebugMode)."""
        return self._debug or bool(self.live.flags.get("DebugMode"))

    @property
    def idle(self) -> bool:
        """Whether nothing has come yet, and no connection is there to send it."""
        stream = self.stream
        nothing = stream.expected == 1 and not stream.records and not self.counters.reports
        return nothing and self.publisher is None

    # What is safe.

    @property
    def written_seq(self) -> int:
        """Highest number that may be acknowledged."""
        return self.session.expected - 1 if self._journal is None else self._journal.written_seq

    @property
    def durable_seq(self) -> int | None:
        """Highest number on disk; None without a journal."""
        return None if self._journal is None else self._journal.durable_seq

    def journal_age(self, now: int) -> int:
        """Ns for which the oldest entry that is not on disk has waited (``now`` monotonic ns)."""
        return self._unsynced.age(now)

    @property
    def journal_broken(self) -> bool:
        """Whether the disk refuses what the journal holds; nothing is acknowledged meanwhile."""
        return self._journal is not None and self._journal.refusing

    @property
    def needs_sync(self) -> bool:
        """Whether the journal holds entries that are not on disk."""
        return self._journal is not None and self._journal.dirty

    def sync(self) -> None:
        """Bring the journal to disk; blocks, from any thread. Raises EnvironmentFault."""
        if self._journal is not None:
            self._unsynced.begin()
            self._journal.sync()
            if not self._journal.refusing:
                self._unsynced.done()

    def close(self) -> None:
        """End the journal with its footer. Raises EnvironmentFault."""
        if self._journal is not None:
            self._journal.close(self._clock.wall_ns())

    # What arrives.

    def begin(
        self, session: str, client: str = "", flags: Mapping[str, bool] | None = None
    ) -> bool:
        """A publisher begins or resumes; returns whether its session is another one.

        One that the journal holds already goes on behind its numbers there, with a snapshot.

        Args:
            session: UUID, or ``anonymous``.
            client: name and version.
            flags: of a ``hello``, with which a connection begins; None: a post, beside a connection
                or without one.
        """
        if flags is not None:
            self.session.disconnected()
            self.live.flags = dict(flags)
        missing = self.session.expected if self.session.state is State.GAPPED else None
        if not self.session.begin(session):
            self._hold(True)
            return False
        self._held = True
        if missing is not None:  # nobody will send it any more
            self.record(GapEntry("gap", missing))
        self.live.flags = dict(flags or {})
        self._begun = SessionEntry(session, client, self.session.expected, self.live.flags)
        self.record(self._begun)
        if self.session.state is State.BROKEN:
            self.record(PhaseEntry(Phase.STALE.value, ResyncReason.RESTART.value))
        return True

    def leave(self) -> None:
        """The publisher said ``bye``: another session may publish at once, after a restart too."""
        self.disconnected()
        self.publisher = None
        self._hold(False)

    def _hold(self, held: bool) -> None:
        if held is not self._held:
            self._held = held
            self.record(HoldEntry(held))

    def configure(self, parameters: Parameters) -> None:
        """Analytics go on under these parameters."""
        self._inherited = False
        if parameters != self.stream.parameters:
            self.record(_settings_entry(parameters))

    @property
    def inherited(self) -> bool:
        """Whether the settings are those of before a restart: no publisher has said its own."""
        return self._inherited

    def makers(self, names: Sequence[str]) -> None:
        """The names that ``ref`` of later depth records means."""
        self.record(MakersEntry(tuple(names)))

    def report(self, message: MessageEntry) -> None:
        """Record what NinjaTrader did."""
        self.counters.reports += 1
        self.record(message)

    def frame(
        self, frame: Frame, now: int, raw: bytes | None = None
    ) -> tuple[Verdict, Result | None]:
        """Judge, record and apply one frame.

        Args:
            frame: decoded, so not malformed.
            now: monotonic ns.
            raw: its bytes as they came.

        Returns:
            The judgement, and what applying led to, if anything was applied.

        Raises:
            MalformedError: a snapshot of too many frames, or one that contradicts itself; a live
                time that the wall clock has not come near.
        """
        self.require_present(frame)
        self.wrong_orders = 0
        expected = self.session.expected
        fresh = self.session.state is _FRESH
        verdict = self.session.judge(frame, now)
        self._hear(now)
        self.counters.duplicates += verdict.duplicates
        self._note_gap(verdict)
        if verdict.action is _LOAD:
            return verdict, self._load(verdict, expected, now)
        if verdict.torn:
            self.break_off(ResyncReason.RESET, now)
        if verdict.frame is None:
            return verdict, None
        self.counters.take(verdict.frame)
        self.live.take(verdict.frame, now)
        known = self.stream.analyzer.order_fault_count
        whole = not verdict.duplicates and verdict.frame.type == _EVENTS
        result = self.record(FrameEntry(verdict.frame), raw if whole else None)
        if result.fault is not None or (result.rewound and not fresh):
            self._fail(result, now)
        self.wrong_orders = self.stream.analyzer.order_fault_count - known
        if self.wrong_orders > 0:
            _LOG.warning(
                "wrong orders", extra=self._facts(faults=self.stream.analyzer.order_faults)
            )
        if self.debug:
            self._check_book(now)
        return verdict, result

    def require_kinds(self, records: Records, *, orders: bool = False) -> None:
        """Refuse orders from a connection that did not say ``useL3``.

        Args:
            records: of one frame or message.
            orders: it is a message of orders, though it may have none.

        Raises:
            MalformedError: ``bad_kind`` with index; nothing was changed.
        """
        if self.live.flags.get("useL3"):
            return
        kinds = records["kind"]
        if orders or _ORDER in kinds.tobytes():  # a tenth of what NumPy takes for few records
            raise MalformedError(
                "order records (L3) need the flag useL3 of hello",
                code=ErrorCode.BAD_KIND,
                index=int(np.argmax(kinds == _ORDER)) if len(kinds) else None,
                field="kind",
            )

    def note_trades(self, batch: Batch, seq: int) -> None:
        """Remember on which side the last trade was, once the whole message was taken.

        A trade between bid and ask is on the side of the one before it, whichever message that
        came in.

        Args:
            batch: the message's records.
            seq: number of the first.
        """
        records = batch.records
        taken = self.session.expected == seq + len(records)
        if taken and len(records) and not batch.historical and records["kind"][-1] == Kind.TRADE:
            self.trade_side = int(records["side"][-1])

    def require_present(self, frame: Frame) -> None:
        """Refuse a live frame with a time that the wall clock has not come near, or left long ago.

        Raises:
            MalformedError: ``out_of_range`` with index; nothing was changed.
        """
        if not self._ahead:
            return
        if frame.base < _LIVE_SINCE and (len(frame.records) or frame.type == FrameType.SNAPSHOT):
            raise _too_old("base")
        limit = self._clock.wall_ns() + self._ahead - frame.base
        if limit >= MAX_DT:
            return
        late = np.flatnonzero(frame.records["dt"].astype(np.int64) > limit)
        if limit < 0 or len(late):
            index = int(late[0]) if len(late) else None
            raise _too_far_ahead("base" if limit < 0 else "dt", index)

    def bar(self, seq: int, values: Mapping[str, Any], now: int) -> Verdict:
        """Judge, record and apply a bar; it takes one number.

        Raises:
            MalformedError: it contradicts itself or goes back in time; its number is still free.
        """
        self._require_time(values["time"])
        if seq == self.session.expected:
            self.stream.require_bar(values)
        verdict = self.session.judge_numbers(seq, 1, now)
        self._hear(now)
        self._note_gap(verdict)
        if verdict.torn:
            self.break_off(ResyncReason.RESET, now)
        if verdict.action in (Action.APPLY, Action.HOLD):
            self.record(BarEntry(seq, values))
        return verdict

    def require_heartbeat(self, event_time: int | None, *, paused: bool = False) -> None:
        """Refuse a heartbeat that must not move the clock.

        Raises:
            MalformedError: ``out_of_range``: a live time too far ahead; a live feed that is paused.
        """
        if event_time is not None:
            self._require_time(event_time)
        if paused and not self.source.played:
            raise MalformedError(
                f"{self.source.value} does not pause", code=ErrorCode.OUT_OF_RANGE, field="paused"
            )

    def heartbeat(
        self, last: int | None, event_time: int | None, now: int, *, paused: bool = False
    ) -> None:
        """A sign of life: a lost last record shows, the event clock moves.

        Args:
            last: the publisher's last number.
            event_time: ns UTC; checked by :meth:`require_heartbeat`.
            now: monotonic ns.
            paused: the playback stands still.
        """
        self._hear(now)
        if last is not None:
            self._note_gap(self.session.heartbeat(last, now))
        if self.session.state not in (State.FRESH, State.LIVE):
            return
        if event_time is not None and (not paused or self.stream.doubt):
            result = self.record(ClockEntry(event_time))
            if result.fault is not None:
                self._fail(result, now)
        if paused is not self.stream.paused:
            self.record(PhaseEntry(Phase.PAUSED.value, "" if paused else PAUSE_OVER))

    def check(self, seq: int, crc32: int, now: int) -> None:
        """Compare the publisher's checksum of its book with ours."""
        self._hear(now)
        if not self.session.check_applies(seq):
            self.counters.checks_ignored += 1
            return
        self.counters.checks += 1
        bids, asks = self.stream.analyzer.best(_CHECKED_ROWS)
        if book_crc32(asks, bids) == crc32:
            self.session.recovery.passed()
            return
        self.counters.checks_failed += 1
        _LOG.warning("book differs from the publisher's", extra=self._facts(seq=seq))
        self.break_off(ResyncReason.CHECKSUM, now)

    def break_off(self, reason: ResyncReason, now: int, *, lost: bool = False) -> None:
        """The book is wrong, or may be: stale until a snapshot.

        Args:
            reason: for the publisher.
            now: monotonic ns.
            lost: the feed may have said what never got a number: a gap of unknown length.
        """
        self.record(PhaseEntry(Phase.STALE.value, reason.value))
        if lost:
            self.record(GapEntry(reason.value))
        self._ask(self.session.fail(reason, now).resync)

    def ask_again(self, now: int) -> None:
        """Repeat a request that the publisher has not answered, each time after a longer wait."""
        if self.publisher is not None:
            self._ask(self.session.overdue(now))

    def silent(self) -> None:
        """The publisher has not spoken for too long."""
        self._speechless = True

    def mind_silence(self) -> None:
        """Go stale by silence, but not while the market is closed: then nothing is missing."""
        if not self._speechless or self._closed_now():
            return
        self._speechless = False
        if self.session.state in (State.FRESH, State.LIVE):
            self.record(PhaseEntry(Phase.STALE.value, "silent"))

    def woke(self, now: int) -> None:
        """This computer stood still: what the feed said meanwhile may be lost."""
        if self.source in _FEEDS and self.session.state in (State.LIVE, State.GAPPED):
            _LOG.warning("stood still: the book is asked for", extra=self._facts())
            self.break_off(ResyncReason.FEED, now, lost=True)

    def _closed_now(self) -> bool:
        """By the event clock, which stands still too, and for live data by the wall clock."""
        if self.stream.phase is not Phase.CLOSED:
            return False
        wall = self._clock.wall_ns()
        return self.source is not Source.LIVE or self.stream.calendar.opening(wall) is None

    def _hear(self, now: int) -> None:
        self.live.heard = now
        self._speechless = False

    def disconnected(self) -> None:
        """The publisher's connection ended."""
        self.session.disconnected()
        self.live.connected = False

    def _require_time(self, time: int) -> None:
        if not self._ahead:
            return
        if time < _LIVE_SINCE:
            raise _too_old("time")
        if time > self._clock.wall_ns() + self._ahead:
            raise _too_far_ahead("time", None)

    def _check_book(self, now: int) -> None:
        """Assert the book's invariants; one that does not hold is a book fault, and ours."""
        if self.stream.broken:
            return
        try:
            self.stream.analyzer.check()
        except AssertionError as broken:
            self.counters.faults += 1
            _LOG.error("book invariant", extra=self._facts(reason=str(broken)))
            self.break_off(ResyncReason.UNSORTED, now)

    def _note_gap(self, verdict: Verdict) -> None:
        if verdict.gap is not None:
            self.record(PhaseEntry(Phase.STALE.value, "gap"))
        self._ask(verdict.resync)

    def _ask(self, request: ResyncRequest | None) -> None:
        if request is None:
            return
        self.counters.resyncs[request.reason.value] += 1
        if self.publisher is not None:
            self.publisher.resync(self, request)

    def _load(self, verdict: Verdict, expected: int, now: int) -> Result | None:
        """Replace the book by a snapshot; one that contradicts itself is refused whole."""
        try:
            require_snapshot(records_of(verdict.snapshot))
        except MalformedError:
            self.session.expected = expected
            self.break_off(ResyncReason.RESET, now)
            raise
        if verdict.lost is not None:
            self.record(GapEntry("gap", *verdict.lost))
        result = None
        for part in verdict.snapshot:
            result = self.record(FrameEntry(part))
        if result is not None and result.replaced is not None:
            self.counters.faults += 1
            _LOG.warning("book fault", extra=self._facts(reason=result.replaced, healed=True))
        return result

    def _fail(self, result: Result, now: int) -> None:
        """A book fault, or a step back in time within a run, ends the book: ask for a snapshot.

        A run that begins before the end of the one before it (a recording played again) has an
        empty book to go back with, and needs none.
        """
        self.counters.faults += 1
        _LOG.warning("book fault", extra=self._facts(reason=result.fault or "rewind"))
        if result.fault is None:
            self.break_off(ResyncReason.RESET, now, lost=True)
        else:
            self._ask(self.session.fail(ResyncReason.UNSORTED, now).resync)

    # What goes out.

    @contextmanager
    def collecting(self) -> Iterator[Told]:
        """Note what is told meanwhile to nobody but those who ask."""
        told = self._told = Told([], [])
        try:
            yield told
        finally:
            self._told = None

    def recent_signals(self, after: int | None = None) -> list[dict[str, Any]]:
        """As :func:`recording.messages.recent_signals`; none of a publisher of history alone."""
        return [] if self._historical else recent_signals(self.stream, after)

    @property
    def _historical(self) -> bool:
        """Whether the publisher says that it sends history alone: then nothing is live."""
        return bool(self.live.flags.get("HistoricalOnly"))

    def record(self, entry: Entry, raw: bytes | None = None) -> Result:
        """Journal, apply, publish."""
        self._rendered.clear()
        trace = self._measures.trace
        if trace is not None or self.debug:
            return self._record_timed(entry, raw, trace or Trace())
        self._keep(entry, raw)
        result = self.stream.apply(entry)
        self._publish(result)
        self._note_output(result)
        return result

    def _record_timed(self, entry: Entry, raw: bytes | None, trace: Trace) -> Result:
        """The same, with the time of each stage kept; in the log too if debugging is on."""
        begun = time.perf_counter_ns()
        self._keep(entry, raw)
        kept = time.perf_counter_ns()
        result = self.stream.apply(entry)
        applied = time.perf_counter_ns()
        self._publish(result)
        self._note_output(result)
        published = time.perf_counter_ns()
        trace.add(kept - begun, applied - kept, published - applied)
        if not self.debug:
            return result
        _LOG.info(
            "stages",
            extra=self._facts(
                entry=type(entry).__name__,
                seq=self.stream.expected - 1,
                applied=result.applied,
                journal_us=(kept - begun) / 1000,
                apply_us=(applied - kept) / 1000,
                publish_us=(published - applied) / 1000,
            ),
        )
        return result

    def rendered(self, render: Callable[[Stream], bytes]) -> bytes:
        """What a function makes of the stream as it is now, made once for all who ask."""
        text = self._rendered.get(render)
        if text is None:
            text = self._rendered[render] = render(self.stream)
        return text

    def _note_output(self, result: Result) -> None:
        """What came of an entry goes into the digest, and at times into the journal."""
        if self._outputs is not None:
            output = self._outputs.applied(result)
            if output is not None:
                self._keep(output, None)

    def _keep(self, entry: Entry, raw: bytes | None) -> None:
        """Into the journal, where there is one; what the disk refuses waits there."""
        journal = self._journal
        if journal is not None:
            journal.write(entry, self._clock.wall_ns(), raw)
            if self._unsynced.waiting is None:
                self._unsynced.waiting = self._clock.monotonic_ns()
            if journal.fault is not None and not self._refused:
                self._refused = True
                self.counters.journal_failures += 1
                reason = journal.fault.message
                _LOG.error("journal cannot be written", extra=self._facts(reason=reason))

    def retry_journal(self, now: int) -> None:
        """Write what the disk refused, if it takes it now; ``now`` is monotonic ns.

        Where more was refused than could wait, a new run begins at the first number that is not in
        the journal: the publisher sends a snapshot, and what it skips is recorded as lost.
        """
        journal = self._journal
        if journal is None or not journal.refusing or not journal.retry():
            return
        if journal.overflowed:
            journal.begin_run()
            self._begin_again(journal.written_seq + 1, now)
        if not journal.refusing:
            self._refused = False
            _LOG.warning("journal can be written again", extra=self._facts())

    def _begin_again(self, seq: int, now: int) -> None:
        stream, session = self.stream, self.session
        makers, parameters = stream.makers, stream.parameters
        self.record(InstrumentEntry(stream.instrument, stream.source))
        self.record(_settings_entry(parameters))
        if self._begun is not None:
            session.expected = seq
            self.record(replace(self._begun, seq=seq))
        if makers:
            self.record(MakersEntry(makers))
        if not self._held:
            self.record(HoldEntry(False))
        self.break_off(ResyncReason.RESET, now)
        for listener in list(self.listeners):
            listener.begun(self)

    def _publish(self, result: Result) -> None:
        events, signals = result.events, result.signals
        if self._historical:
            signals = signals[:0]
        if self._told is not None:
            stream = self.stream
            self._told.signals.extend(signal_fields(stream, signal) for signal in signals)
            self._told.ended.extend(
                describe.cluster_fields(event, stream.instrument, stream.parameters, stream.config)
                for event in describe.plain_events(events)
                if describe.event_word(event) == "end"
            )
        if not self.listeners:
            return
        listeners = list(self.listeners.items())
        if len(events):
            hearing = [one for one, topics in listeners if "clusters" in topics]
            for message in cluster_messages(self.stream, result) if hearing else ():
                for listener in hearing:
                    listener.cluster(self, message)
        if len(signals):
            hearing = [one for one, topics in listeners if "signals" in topics]
            for text in signal_messages(self.stream, signals) if hearing else ():
                for listener in hearing:
                    listener.signal(self, text)
        if result.publishes:
            for listener, _ in listeners:
                listener.applied(self)

    def _facts(self, **more: object) -> dict[str, object]:
        return {"instrument": self.symbol, "source": self.source.value, **more}


def _settings_entry(parameters: Parameters) -> SettingsEntry:
    return SettingsEntry(parameters.to_mapping(), parameters.config_hash)


def _too_old(field: str) -> MalformedError:
    return MalformedError(
        "a live time before the year 2000: times are nanoseconds since 1970, UTC",
        code=ErrorCode.OUT_OF_RANGE,
        field=field,
    )


def _too_far_ahead(field: str, index: int | None) -> MalformedError:
    return MalformedError(
        "a live time further ahead of the server's clock than server.ahead_minutes",
        code=ErrorCode.OUT_OF_RANGE,
        field=field,
        index=index,
    )
