"""The analyzer of one instrument from one source: frames in, metrics and cluster events out.

It owns the arrays that the kernels work on, enlarges them, and knows the trading sessions. It does
not know the wire, files or the wall clock.
"""

from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.enums import Phase, Source
from market.errors import UsageError
from market.instrument import Instrument
from market.record import REWIND_NS, Frame, Records
from market.session import SessionCalendar, TradingSession
from orderbook import describe, footprints
from orderbook.bars import Bar, BarStudies
from orderbook.books.book import (
    FAULTS,
    WHOLE,
    Levels,
    Outcome,
    fault_word,
    last_order_faults,
    level_records,
    order_faults,
    price_levels,
)
from orderbook.books.order_book import OrderBook, adds_of, standing_orders
from orderbook.books.snapshot import snapshot_levels
from orderbook.engine import (
    advance_clock,
    backfill_trades,
    describe_live,
    end_session,
    forget_trades,
    load_rows,
    mark_gap,
    open_session,
    process_records,
    read_row,
    reset_state,
)
from orderbook.frozen import pack_state, unpack_state
from orderbook.heap import grow, new_heap, region
from orderbook.layout import (
    BAR,
    BARS_LOG,
    BOUNDARY,
    BY_ORDER,
    BY_PRICE,
    CLUSTER_EVENTS,
    DEVELOPING,
    EVENT,
    FOREVER,
    GROW,
    KNOWN,
    LATER_FIELDS,
    MAX_DEPTH,
    METRICS_ROW,
    OK,
    ORDER_FAULTS,
    PROFILE,
    REWIND,
    ROW_FORMAT,
    SESSION_END,
    SIGNAL,
    SIGNALS,
    STALE_END,
    STATE,
    STATUSES,
    word_of,
)
from orderbook.levels import kernel_parameters
from orderbook.microprice import refit
from orderbook.notable import (
    NakedPocs,
    balance_fields,
    begin_balance,
)
from orderbook.parameters import PROFILE_PRESETS, Parameters
from orderbook.profiles import profile_fields, rolling_cells
from orderbook.row_text import ROW_TEXT_START, ROW_TEXT_WORDS, write_row_text
from orderbook.signals import recent_signals, signal_counters, write_signal_parameters

__all__ = ["Analyzer"]

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_MINUTE = 60 * _NS_PER_S
_LEAP = 31 * 86_400 * _NS_PER_S
"""Sessions further than this before the next event are passed over: one wrong time, decades off,
would keep the whole process turning them for seconds."""
_NOW, _SEQ, _STALE, _BOTH_SEEN, _CLOSED, _PAUSED, _CROSSED = (
    word_of("clock", name)
    for name in ("now", "seq", "stale", "both_seen", "closed", "paused", "crossed")
)
_SYNCED_MARKS = Struct("=5q").pack(0, 1, 0, 0, 0)
"""The words from ``stale`` to ``paused`` of a book that is as it should be: looked at in one."""
_MODE = word_of("book", "mode")
_ORDER_FAULTS = word_of("book", "order_faults")
_EVENTS_WAIT, _SIGNALS_WAIT = (
    word_of("book", "heap", "count") + int(which) for which in (CLUSTER_EVENTS, SIGNALS)
)
_KNOWN = slice(word_of("known"), word_of("known") + KNOWN.itemsize // 8)
_ROW = word_of("row")
_ROW_WORDS = METRICS_ROW.itemsize // 8
_ROW_STRUCT = Struct(ROW_FORMAT)
_SYNCED = Phase.SYNCED


class Analyzer:
    """Book and analytics of one stream.

    Everything that goes in is journaled by the caller; nothing that comes out depends on anything
    else. Methods named as in NinjaTrader's helper keep those names.

    Args:
        instrument: ticks and size steps of the frames.
        parameters: see ``orderbook.parameters``.
        calendar: trading sessions; None: one endless session.
        source: where the stream comes from; only named in outputs.
        row_per_frame: every frame makes a metrics row, as live; False: rows are made by ``read``
            alone, so that what a row sums up does not depend on how the input was cut.
        strict: a wrong order record is a fault of the book, as rows that no market can have are;
            False: it is counted.

    Attributes:
        row_words: the metrics row's memory, int64 words; rewritten by every frame.
        row_memory: the same, for whoever takes bytes.
    """

    def __init__(
        self,
        instrument: Instrument,
        parameters: Parameters | None = None,
        *,
        calendar: SessionCalendar | None = None,
        source: Source = Source.LIVE,
        row_per_frame: bool = True,
        strict: bool = False,
    ) -> None:
        if not 1 <= instrument.depth_levels <= MAX_DEPTH:
            raise UsageError(f"depth_levels must be 1 to {MAX_DEPTH}")
        self.instrument = instrument
        self.source = source
        self.parameters = parameters or Parameters()
        self.bars: dict[str, BarStudies] = {}
        self._calendar = calendar
        self.row_per_frame = int(row_per_frame)  # as kernels take it
        self._words = np.zeros(STATE.itemsize // 8, np.int64)
        self._state: Any = self._words.view(STATE)[0]
        self.row_words = self._words[_ROW : _ROW + _ROW_WORDS]
        self.row_memory: memoryview[int] = self.row_words.data
        self._ints: memoryview[int] = self._words.data
        self._marks = self._ints[_STALE : _PAUSED + 1]
        self._order_faults = self._ints[_ORDER_FAULTS : _ORDER_FAULTS + ORDER_FAULTS]
        self._text = np.zeros(ROW_TEXT_WORDS, np.int64)
        self._text_bytes: memoryview[int] = self._text.view(np.uint8)[ROW_TEXT_START:].data
        self._clock = self._state["clock"]
        self._started = False
        self._naked = NakedPocs()
        self._header = self._state["book"]["heap"]
        self._counts = self._header["count"]
        self._heap = new_heap(self._header)
        self._state["book"]["depth"] = instrument.depth_levels
        self._strict = strict
        self._state["book"]["strict"] = strict
        self._state["resting"]["next_id"] = 1
        self._state["signals"]["next_id"] = 1
        self._clock["seq"] = 1
        reset_state(self._words)
        for name in LATER_FIELDS:
            self._state["row"][name] = np.nan
        self._write_parameters()
        read_row(self._words, self._heap)

    # -- what comes in -------------------------------------------------------------------------

    def process_l2_update(self, frame: Frame) -> Outcome:
        """Apply a frame of events (any kinds of records) in one compiled call.

        Returns:
            How many records were applied, and the book fault that stopped it, if any: then the
            book is stale until ``load_snapshot``.
        """
        records = frame.records
        if records.flags.writeable:
            records = records.view()
            records.flags.writeable = False
        if not self._started and len(records):
            self._enter_session(frame.base + int(records["dt"][0]))
        done = process_records(
            records, frame.base, frame.seq, self.row_per_frame, self._words, self._heap
        )
        return WHOLE.get(done) or self._go_on(frame._replace(records=records), done)

    def _go_on(self, frame: Frame, done: int) -> Outcome:
        """Serve what stopped a frame, until it is applied or a fault ends it."""
        rewound = False
        applied = 0
        while True:
            more, status = divmod(int(done), STATUSES)
            applied += more
            if status == OK:
                return Outcome(applied, None, rewound)
            fault = fault_word(status, self._state["book"])
            if fault is not None:
                self.gap(fault)
                self.seq = frame.end
                if self.row_per_frame:
                    read_row(self._words, self._heap)
                return Outcome(applied, fault, rewound)
            rest = frame.records[applied:]
            time = frame.base + int(rest["dt"][0])
            if status == REWIND:
                self._rewind(time)
                rewound = True
            else:
                self._serve(status, time)
            done = process_records(
                rest, frame.base, frame.seq + applied, self.row_per_frame, self._words, self._heap
            )

    def load_snapshot(self, records: Records, time: int, seq: int) -> str | None:
        """Replace the book.

        Args:
            records: depth records, adds by position or by price; or orders as adds, those of one
                price in the order of their queue.
            time: of the snapshot, ns UTC.
            seq: number of the next record.

        Returns:
            The fault of the book that it replaced, if the group before it was none.

        Raises:
            MalformedError: two records for one price of a side or with one id, a negative size,
                depth and orders in one snapshot.
        """
        levels = snapshot_levels(records)
        if not self._started:
            self._enter_session(time)
        fault = None
        if self._clock["started"]:
            fault = self.advance(time)
            if fault is not None:  # the group before was no book: stale until now
                self.advance(time)
        else:
            self._start_clock(time)
        self._reserve_events()
        again = False
        while load_rows(levels, seq, again, self._words, self._heap) == GROW:
            self._heap = grow(self._header, self._heap)
            again = True
        return fault

    def set_back(self, time: int) -> bool:
        """Begin anew before a snapshot of more than 5 s before the clock, as an event there would.

        Args:
            time: of the snapshot, ns UTC.

        Returns:
            Whether it is a rewind; otherwise nothing was changed.
        """
        if not self._clock["started"] or time >= int(self._clock["now"]) - REWIND_NS:
            return False
        self._rewind(time)
        return True

    def load_levels(self, bids: Levels, asks: Levels, time: int, seq: int) -> str | None:
        """Replace the book by (ticks, size) levels, as a JSON snapshot lists them."""
        return self.load_snapshot(level_records(bids, asks), time, seq)

    def backfill(self, frame: Frame, *, last: bool = False) -> int:
        """Add trades of the present session, told again, to its sums and its profile alone.

        Outside of a session nothing is counted.

        Args:
            frame: trades; ``ref`` is the place in the list, from 1.
            last: the list ends with this frame: if no trade of it was missing, the sums are
                complete.

        Returns:
            How many trades of the list have been counted so far; 0: none is in progress.
        """
        since = self._opening(frame)
        flow = self._state["flow"]
        if since is not None:
            records = frame.records.view()
            records.flags.writeable = False
            until, start = int(self._clock["boundary"]), 0
            while start < len(records):
                done = backfill_trades(
                    records, frame.base, start, since, until, self._words, self._heap
                )
                start, status = divmod(int(done), STATUSES)
                if status != OK:
                    self._serve(status, until)
        self.seq = frame.end
        filled = int(flow["filled"])
        if last:
            flow["complete"] = flow["complete"] or filled > 0
            flow["filled"] = 0
        return filled

    def _opening(self, frame: Frame) -> int | None:
        """When the present session opened; None: before the first event, or while closed."""
        if not self.clock or self._clock["closed"] or not len(frame.records):
            return None
        if self._calendar is None:
            return min(int(self._state["flow"]["since"]), frame.base + int(frame.records["dt"][0]))
        return self._calendar.opening(self.clock)

    def advance(self, time: int) -> str | None:
        """Move the event clock to ``time`` (ns UTC); returns a book fault that it brought out."""
        while True:
            status = advance_clock(time, self._words, self._heap)
            if status == OK:
                return None
            if status in FAULTS:
                self.gap(FAULTS[status])
                return FAULTS[status]
            self._serve(status, time)

    def gap(self, reason: str) -> None:
        """Records were lost (or the book is wrong, for ``reason``): stale until a snapshot."""
        mark_gap(self._words)
        self.stale_reason = reason

    stale_reason: str = ""

    def pause(self, paused: bool = True) -> None:
        """Playback stands still, or goes on."""
        self._ints[_PAUSED] = paused

    def empty(self) -> None:
        """Empty the book and go on without a snapshot, as a tolerant reader does after a fault."""
        time = int(self._clock["now"])
        self.gap("reset")
        self.load_snapshot(level_records([], []), time, int(self._clock["seq"]))

    def wait(self, seq: int) -> None:
        """Another run of the publisher: an empty book, ``waiting`` until both sides have rows."""
        self.load_snapshot(level_records([], []), int(self._clock["now"]), seq)
        self._clock["both_seen"] = 0

    def reconfigure(self, parameters: Parameters) -> None:
        """Other parameters from here on; what has been measured stays."""
        self.parameters = parameters
        self._write_parameters()

    def process_bar_update(self, bar: Bar) -> dict[str, Any]:
        """A bar of the chart: its studies (averages, bands, trend, burst) per series.

        The series' last bar told again changes nothing, an earlier one begins the series anew;
        :meth:`recording.stream.Stream.require_bar` says where either may come.
        """
        studies = self.bars.get(bar.series)
        if studies is None or bar.time < studies.last["time"]:
            studies = self.bars[bar.series] = BarStudies()
        elif bar.time == studies.last["time"]:
            return studies.last
        return studies.update(bar)

    def expect_bars_again(self) -> None:
        """The next bar of each series may be an earlier one."""
        for studies in self.bars.values():
            studies.retold = True

    # -- what comes out ------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """State of the book as of the last completed group."""
        if self._marks.tobytes() == _SYNCED_MARKS:
            return _SYNCED
        ints = self._ints
        if ints[_STALE]:
            return Phase.STALE
        if not ints[_BOTH_SEEN]:
            return Phase.WAITING
        if ints[_CLOSED]:
            return Phase.CLOSED
        if ints[_PAUSED]:
            return Phase.PAUSED
        return Phase.CROSSED if ints[_CROSSED] else _SYNCED

    @property
    def paused(self) -> bool:
        """Whether the playback stands still."""
        return bool(self._ints[_PAUSED])

    @property
    def seq(self) -> int:
        """The next sequence number."""
        return self._ints[_SEQ]

    @seq.setter
    def seq(self, value: int) -> None:
        self._ints[_SEQ] = value

    @property
    def clock(self) -> int:
        """Event time, ns UTC; 0 before the first event."""
        return self._ints[_NOW]

    def row(self) -> NDArray[Any]:
        """The metrics row of the last frame, METRICS_ROW of shape (1,), a copy."""
        return np.ndarray((1,), METRICS_ROW, self.row_words.copy())  # a third of a view's time

    def values(self) -> tuple[Any, ...]:
        """The same as plain values, in the order of METRICS_FIELDS."""
        return _ROW_STRUCT.unpack_from(self._ints, 8 * _ROW)

    def row_text(self) -> memoryview:
        """The same as JSON, from ``"seq":`` on without braces, null for what is no number.

        Bytes to be copied before the next call.
        """
        return self._text_bytes[: write_row_text(self._words, self._text)]

    def make_row(self) -> None:
        """Write a metrics row of the present state into ``row_words``, labelled with the clock."""
        read_row(self._words, self._heap)

    def read(self) -> NDArray[Any]:
        """Make a row and return it, as ``row`` does."""
        self.make_row()
        return self.row()

    def take_events(self) -> NDArray[Any]:
        """Cluster events since the last call, EVENT array, in order."""
        if not self._ints[_EVENTS_WAIT]:
            return _NO_EVENTS
        events = region(self._header, self._heap, CLUSTER_EVENTS).copy()
        self._counts[CLUSTER_EVENTS] = 0
        return events.reshape(-1).view(EVENT)

    def take_signals(self) -> NDArray[Any]:
        """Signals since the last call, SIGNAL array, in order."""
        if not self._ints[_SIGNALS_WAIT]:
            return _NO_SIGNALS
        signals = region(self._header, self._heap, SIGNALS).copy()
        self._counts[SIGNALS] = 0
        return signals.reshape(-1).view(SIGNAL)

    def recent_signals(self, after: int = 0) -> NDArray[Any]:
        """The last signals (64 are kept) with an id above ``after``, SIGNAL array, in order."""
        return recent_signals(self._state["signals"], after)

    @property
    def next_signal(self) -> int:
        """The id that the next signal will have."""
        return int(self._state["signals"]["next_id"])

    @property
    def signal_counters(self) -> dict[str, dict[str, int]]:
        """``fired`` by rule, and ``withheld`` by reason."""
        return signal_counters(self._state["signals"])

    def top(self, levels: int) -> tuple[Levels, Levels]:
        """The best (bids, asks) of the visible rows, (ticks, size)."""
        read = self._state["book"]
        sides = []
        for side in (1, 0):
            n = min(int(read["n"][side]), levels)
            prices = read["px"][side, :n].tolist()
            sides.append(list(zip(prices, read["sz"][side, :n].tolist(), strict=True)))
        return sides[0], sides[1]

    def best(self, levels: int) -> tuple[Levels, Levels]:
        """The best (bids, asks), seen or not: what a checksum of the book covers.

        A book by price holds more than the declared number of visible rows.
        """
        book = self._state["book"]
        if book["mode"] < BY_PRICE or levels <= self.instrument.depth_levels:
            return self.top(levels)
        bids, asks = (price_levels(book, self._heap, side) for side in (1, 0))
        return bids[:levels], asks[:levels]

    def book(self) -> OrderBook:
        """A book of its own that is as this one is now."""
        state = self._state["book"]
        if self.by_order:
            book = OrderBook(self.instrument.depth_levels)
            book.load_orders(adds_of(standing_orders(state, self._heap)), self.clock)
            return book
        parts = [region(self._header, self._heap, which) for which in (0, 1)]
        return OrderBook.copy_of(state, parts, self.clock)

    @property
    def by_order(self) -> bool:
        """Whether the book is made of orders (L3)."""
        return bool(self._ints[_MODE] == BY_ORDER)

    @property
    def book_kind(self) -> str:
        """``L3`` for a book of orders, else ``L2``: what every output says."""
        return "L3" if self.by_order else "L2"

    @property
    def counters(self) -> dict[str, int]:
        """How often rules had to bend: removes past the end, appends beyond it, lost clusters."""
        book = self._state["book"]
        return {
            "removed_past_end": int(book["removed_past_end"]),
            "appended": int(book["appended"]),
            "orders_not_applied": int(book["unbuilt"]),
            "depth_not_applied": int(book["undrawn"]),
            "orders_off_grid": int(book["off_grid"]),
            "clusters_dropped": int(self._state["traded"]["dropped"])
            + int(self._state["marks"]["dropped"]),
        }

    @property
    def order_faults(self) -> dict[str, tuple[int, int]]:
        """What was wrong with order records: word, how often, number of the first."""
        return order_faults(self._state["book"])

    @property
    def last_order_faults(self) -> list[tuple[int, str]]:
        """The last of them, at most 16: number and word."""
        return last_order_faults(self._state["book"])

    @property
    def order_fault_count(self) -> int:
        """How many there were."""
        return sum(self._order_faults)

    def calculate_metrics(self) -> dict[str, Any]:
        """The present metrics as named fields, null as None."""
        return describe.metrics_fields(self.values())

    def calculate_clusters(self) -> list[dict[str, Any]]:
        """The live clusters as objects of the protocol, by kind, bid before ask, price."""
        self._reserve_events()
        before = int(self._counts[CLUSTER_EVENTS])
        count = describe_live(self._words, self._heap)
        events = region(self._header, self._heap, CLUSTER_EVENTS)[before : before + count].copy()
        self._counts[CLUSTER_EVENTS] = before
        live = events.reshape(-1).view(EVENT)
        live = live[np.lexsort((live["tick_low"], 1 - live["side"], live["kind"]))]
        return [
            describe.cluster_fields(event, self.instrument, self.parameters, self._config)
            for event in describe.plain_events(live)
        ]

    def calculate_advanced_metrics(self) -> dict[str, Any]:
        """Metrics, flow by level, profile and the studies of each bar series in one object.

        ``ofi_levels`` lists the row's order-flow imbalance from the touch on, one per level that
        is measured.
        """
        metrics = self.calculate_metrics()
        levels = range(1, self.parameters.scores.ofi_levels + 1)
        return {
            "metrics": metrics,
            "ofi_levels": [metrics[f"ofi_{level}"] for level in levels],
            "profile": self.analyze_volume_profile(),
            "bars": {series: studies.last for series, studies in self.bars.items()},
        }

    def analyze_volume_profile(
        self, preset: str | None = None, scope: str = "session"
    ) -> dict[str, Any]:
        """POC and value area, and the volume of every row between the lowest and highest trade.

        Args:
            preset: ``cbot2``, ``single`` or ``nt68``; None: as configured.
            scope: ``session`` or ``rolling``.

        Returns:
            Prices in the instrument's unit; ``rows`` as [price, buy, sell, unknown], zeros left
            out; POC and area None without trades. Of the session also ``developing_poc`` as
            [time, price], ``naked_pocs`` of earlier sessions and ``initial_balance``.
        """
        preset = preset or self.parameters.profile.preset
        if preset not in PROFILE_PRESETS or scope not in ("session", "rolling"):
            raise UsageError(f"no profile {preset!r} over {scope!r}")
        cells = self._cells(scope)
        flow = self._state["flow"]
        result: dict[str, Any] = {
            "preset": preset,
            "scope": scope,
            "since": int(flow["since"]) or None,
            "complete": bool(flow["complete"]),
            **profile_fields(cells, preset, self.parameters.profile.node_rows, self.instrument),
        }
        if scope == "session":
            result |= self._session_fields(cells)
        return result

    def _session_fields(self, cells: NDArray[np.int64]) -> dict[str, Any]:
        tick, complete = self.instrument.tick, bool(self._state["flow"]["complete"])
        developed = region(self._header, self._heap, DEVELOPING).tolist()
        notable = self._state["notable"]
        return {
            "developing_poc": [[time, tick.to_price(ticks)] for time, ticks in developed],
            "naked_pocs": self._naked.fields(cells, self._calendar, tick),
            "initial_balance": balance_fields(notable, self.clock, tick, complete=complete),
        }

    def analyze_footprint(
        self,
        preset: str | None = None,
        mode: str | None = None,
        zero: str | None = None,
        rows: int | None = None,
        bars: int = 1,
    ) -> dict[str, Any]:
        """Volume by row and aggressor of the last 1-minute bars, with imbalances and stacks.

        Args:
            preset: ``nt``, ``tv`` or ``atas``; None, here and below: as configured.
            mode: ``diagonal`` or ``horizontal``.
            zero: an opposite volume of zero: ``allow`` or ``ignore``.
            rows: least rows of a stack.
            bars: at most so many; the open one, if it has trades, is the last.

        Raises:
            UsageError: a word or a number out of range.
        """
        closed, still = (region(self._header, self._heap, which) for which in (BARS_LOG, BAR))
        chosen = footprints.choice(self.parameters.clusters, preset, mode, zero, rows)
        return footprints.bars_fields(closed, still, self.clock, self.instrument, chosen, bars)

    def _cells(self, scope: str) -> NDArray[np.int64]:
        """Cells (price, buy, sell, unknown, trades), ascending in price."""
        if scope == "session":
            return region(self._header, self._heap, PROFILE)
        log, still = (region(self._header, self._heap, which) for which in (BARS_LOG, BAR))
        minutes = self.parameters.profile.rolling_minutes
        return rolling_cells(log, still, int(self._clock["now"]), minutes)

    def check(self) -> None:
        """Assert the invariants of a completed group, in words."""
        bids, asks = self.top(MAX_DEPTH)
        if self._clock["stale"] or self._clock["open"]:
            return
        for name, rows, sign in (("bids", bids, -1), ("asks", asks, 1)):
            prices = [sign * ticks for ticks, _ in rows]
            assert prices == sorted(set(prices)), f"{name} are strictly sorted from the best"
            assert all(size >= 0 for _, size in rows), f"no size of the {name} is negative"

    # -- to stop and go on ---------------------------------------------------------------------

    def freeze(self) -> bytes:
        """The whole state as bytes: what an analyzer of the same instrument can go on from.

        Equal states have equal bytes; see ``orderbook.frozen``.
        """
        self._reserve_events()
        waiting = int(self._counts[CLUSTER_EVENTS])
        describe_live(self._words, self._heap)  # brings the visible rows up to date
        self._counts[CLUSTER_EVENTS] = waiting
        python = {
            "bars": {series: studies.freeze() for series, studies in self.bars.items()},
            "parameters": self.parameters.to_mapping(),
            "stale_reason": self.stale_reason,
            "started": self._started,
            "naked_pocs": self._naked.freeze(),
        }
        return pack_state(self._words, self._heap, python)

    def thaw(self, data: bytes) -> None:
        """Go on from a frozen state, whatever this analyzer was before.

        Raises:
            DataError: ``state_layout``, ``state_damaged``; nothing was changed.
            SettingsError: parameters that this program does not know; nothing was changed.
        """
        frozen = unpack_state(data)
        parameters = Parameters.from_recorded(frozen.python["parameters"])
        self.bars = {
            series: BarStudies.thaw(studies) for series, studies in frozen.python["bars"].items()
        }
        self.stale_reason = frozen.python["stale_reason"]
        self._started = frozen.python["started"]
        self._naked.thaw(frozen.python["naked_pocs"])
        self._words[:] = frozen.words
        self._state["book"]["strict"] = self._strict
        self._heap = frozen.heap
        self.reconfigure(parameters)

    # -- inside --------------------------------------------------------------------------------

    def _serve(self, status: int, time: int) -> None:
        """Do what a kernel asked for on the way to ``time``."""
        if status == GROW:
            self._heap = grow(self._header, self._heap)
        elif status == BOUNDARY:
            self._turn_session(time)
        else:
            raise AssertionError(f"no such status: {status}")

    def _enter_session(self, time: int) -> None:
        """The stream begins at ``time``."""
        self._started = True
        self._state["flow"]["complete"] = 1
        if self._calendar is None:
            return
        session = self._calendar.trading_session(time)
        self._clock["closed"] = session is None
        self._state["flow"]["complete"] = session is not None and time <= session.open
        self._clock["boundary"] = self._calendar.next_boundary(time)
        self._begin_balance(session, time)

    def _start_clock(self, time: int) -> None:
        """What the first record does, for a snapshot."""
        self._clock["started"] = 1
        self._clock["now"] = time
        grid = int(self._state["p"]["grid"])
        self._clock["next_instant"] = (time // grid + 1) * grid
        self._clock["quiet_since"] = self._clock["next_instant"]
        self._state["flow"]["since"] = time

    def _begin_balance(self, session: TradingSession | None, time: int) -> None:
        begin_balance(
            self._state["notable"],
            self._calendar,
            None if session is None else session.trade_date,
            time,
            self.parameters.profile.initial_balance_min,
        )

    def _turn_session(self, until: int) -> None:
        """The event clock, on its way to ``until``, reaches the boundary of a trading session."""
        if self._calendar is None:
            self._clock["boundary"] = FOREVER
            return
        time, late = int(self._clock["boundary"]), until - _LEAP
        session = self._calendar.trading_session(time) if time >= late else None
        if not self._clock["closed"]:
            self._reserve_events()
            end_session(SESSION_END, time, self._words, self._heap)
            complete = bool(self._state["flow"]["complete"])
            self._naked.end_session(self._cells("session"), time, complete=complete)
        if session is not None:
            refit(self._state["micro"], self.parameters.scores)
            open_session(time, int(not self._clock["stale"]), self._words)
            self._begin_balance(session, time)
            self._state["notable"]["whole"] &= not self._clock["stale"]
        self._state["flow"]["filled"] = 0
        self._clock["closed"] = session is None
        self._clock["boundary"] = self._calendar.next_boundary(max(time, late))

    def _rewind(self, time: int) -> None:
        """Time went back: everything starts anew, and what was before does not count."""
        self._reserve_events()
        end_session(STALE_END, int(self._clock["now"]), self._words, self._heap)
        reset_state(self._words)
        self._naked.clear()
        self.expect_bars_again()
        self._enter_session(time)
        self._state["flow"]["complete"] = 0

    def _reserve_events(self) -> None:
        """Room for an event of every live cluster."""
        zones = self._state["resting"]["n"]
        needed = int(zones[0]) + int(zones[1]) + int(self._state["traded"]["n"])
        needed += int(self._state["marks"]["n"])
        needed += int(self._counts[CLUSTER_EVENTS])
        if needed > self._header["capacity"][CLUSTER_EVENTS]:
            self._header["wanted"] = CLUSTER_EVENTS
            self._header["entries"] = needed
            self._heap = grow(self._header, self._heap)

    def _write_parameters(self) -> None:
        """Copy the parameters into the kernels' layout, in ns."""
        self._config = self.parameters.config_hash
        p = self._state["p"]
        values = kernel_parameters(self.parameters, self.instrument.tick, self.instrument.size)
        for name, value in values.items():
            p[name] = value
        write_signal_parameters(p["signals"], self.parameters.signals)
        self._words[_KNOWN] = 0  # it was found with other parameters
        self._forget_what_is_off()

    def _forget_what_is_off(self) -> None:
        """What is not followed while a switch is off must not count when it is on again."""
        p = self._state["p"]
        if not (p["absorption"] or p["icebergs"]):
            forget_trades(self._words)
        if not p["icebergs"]:
            self._state["icebergs"]["n"] = 0
            self._state["icebergs"]["touch_size"] = 0
        if not p["toxicity"]:
            self._state["toxicity"]["volume"] = 0  # of no bucket: the next trade begins anew
            self._state["toxicity"]["count"] = 0


_NO_EVENTS = np.zeros(0, EVENT)
_NO_SIGNALS = np.zeros(0, SIGNAL)
