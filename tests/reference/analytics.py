"""The whole Analyzer once more, slow and obvious, written from docs/analytics.md alone.

Grid instants are evaluated one by one, silence included; nothing here is in closed form except
where the page defines the value that way. Times ns UTC, prices ticks, sizes size steps.
"""

from collections.abc import Sequence
from typing import Any

from market.session import SessionCalendar
from market.ticks import Grid
from tests.reference.bars import MINUTE, Bars
from tests.reference.book_metrics import book_metrics, crossed, two_sided
from tests.reference.flow import Session, VolumeGap
from tests.reference.marks import KINDS, Marks
from tests.reference.microprice import MicroPrice
from tests.reference.ofi import Ofi
from tests.reference.opacity import Opacity
from tests.reference.position_book import Applied, PositionBook, Rows
from tests.reference.price_book import PriceBook
from tests.reference.profile import Profile
from tests.reference.pulls import DepthPulls
from tests.reference.records import ASK, BID, BUY, POSITION, PRICE, QUOTE, SELL, TRADE, Rec
from tests.reference.resting import Resting
from tests.reference.scores import Momentum, Volume
from tests.reference.settings import Settings
from tests.reference.signals import Signals
from tests.reference.toxicity import Toxicity
from tests.reference.traded import Traded
from tests.reference.zones import size_within

__all__ = ["Twin"]

SECOND = 10**9
REWIND = 5 * SECOND
LEAP = 31 * 86_400 * SECOND

Event = dict[str, Any]
_EVENT_ORDER = {"end": 0, "update": 1, "new": 2}


class Twin:
    """One instrument and source."""

    def __init__(
        self,
        tick: Grid,
        depth: int = 10,
        settings: Settings | None = None,
        calendar: SessionCalendar | None = None,
    ) -> None:
        self.tick = tick
        self.depth = depth
        self.settings = settings or Settings()
        self.calendar = calendar
        self.next_id = 1
        self.seq = 1
        self.events: list[Event] = []
        self.row: dict[str, Any] = {}
        self.paused = False
        self.signals = Signals(self.settings)
        self._reset()

    def _reset(self) -> None:
        settings = self.settings
        self.clock: int | None = None
        self.next_instant = 0
        self.boundary: int | None = None
        self.stale = False
        self.both_seen = False
        self.crossed = False
        self.open = False
        self.closed = False
        self.book: PositionBook | PriceBook | None = None
        self.snapshot: tuple[Rows, Rows] | None = None
        self.ofi = Ofi(settings)
        self.momentum = Momentum(settings)
        self.volume = Volume(settings)
        self.bars = Bars(settings)
        self.session = Session(0, False)
        self.volume_gap = VolumeGap()
        self.resting = Resting(settings)
        self.traded = Traded(settings)
        self.marks = Marks(settings, self.traded)
        self.opacity = Opacity(settings)
        self.profile = Profile(settings)
        self.pulls = DepthPulls(settings)
        self.micro = MicroPrice(settings)
        self.toxicity = Toxicity(settings)
        self.told = 0

    # What comes in

    def process(self, recs: Sequence[Rec]) -> Applied:
        """A frame: records, then its row."""
        seq = self.seq
        outcome = Applied(len(recs), None)
        for index, rec in enumerate(recs):
            fault = self._record(rec)
            if fault is not None:
                self.lose()
                outcome = Applied(index, fault)
                break
            self.seq += 1
        self.seq = seq + len(recs)
        self.row = self._row()
        return outcome

    def advance(self, time: int) -> str | None:
        """A heartbeat."""
        if self.clock is None or time <= self.clock:
            return None
        fault = self._move(time)
        if fault is not None:
            self.lose()
        return fault

    def lose(self) -> None:
        """Records were lost: a gap."""
        self.stale = True
        self.open = False
        self.ofi.restart()
        self.volume.partial = True
        self.pulls.stop()
        self.micro.stop()
        self.toxicity.gap()
        self.session.complete = False
        self.told = 0
        self.signals.drop("stale")
        self.marks.lose()

    def backfill(self, recs: Sequence[Rec], last: bool) -> None:
        """Trades of the session told again; ``ref`` is the place in the list."""
        for rec in recs:
            self._tell(rec)
        self.seq += len(recs)
        if last and self.told:
            self.session.complete = True
        if last:
            self.told = 0

    def _tell(self, rec: Rec) -> None:
        if self.clock is None or self.closed:
            return
        since, until = min(self.session.since, rec.time), None
        if self.calendar is not None:
            opened = self._window_of(self.clock)
            assert opened is not None
            since, until = opened, self.boundary
        if rec.ref == 1:
            self.session = Session(since, False)
            self.profile.new_session()
            self.told = 0
        inside = since <= rec.time and (until is None or rec.time < until)
        if rec.ref != self.told + 1 or not inside:
            self.told = 0
            return
        signed = {BUY: rec.size, SELL: -rec.size}.get(rec.side, 0)
        self.session.trade(rec.price, rec.size, signed)
        self.profile.tell(rec.price, rec.size, rec.side)
        self.told = rec.ref

    def _window_of(self, time: int) -> int | None:
        """The last change into the present window: from the session's opening on, pauses apart."""
        assert self.calendar is not None
        session = self.calendar.trading_session(time)
        if session is None:
            return None
        opened = edge = session.open
        while (edge := self.calendar.next_boundary(edge)) <= time:
            if self.calendar.trading_session(edge) is not None:
                opened = edge
        return opened

    def load(self, bids: Rows, asks: Rows, time: int, seq: int) -> str | None:
        """A snapshot replaces the book; returns the fault of what was there."""
        fault = None
        if self.clock is None:
            self._start(time)
        else:
            fault = self.advance(time)
            if fault is not None:
                self.advance(time)
        before = self._sides()
        self.book = None
        self.snapshot = (list(bids), list(asks))
        self.stale = False
        self.seq = seq
        self.ofi.restart()
        self.volume.partial = True
        self.signals.drop("stale")
        self.pulls.stop()
        self.micro.stop()
        self._emit(self.resting.replaced(before, self._sides()))
        self._judge_phase()
        bids, asks = self.visible()
        self.ofi.group(bids, asks)
        return fault

    # The clock

    def _start(self, time: int) -> None:
        self.clock = time
        self.next_instant = time - time % self.settings.grid + self.settings.grid
        complete = True
        if self.calendar is not None:
            session = self.calendar.trading_session(time)
            self.closed = session is None
            self.boundary = self.calendar.next_boundary(time)
            complete = session is not None and time <= session.open
        self.session = Session(time, complete)

    def _record(self, rec: Rec) -> str | None:
        rewound = self.clock is not None and rec.time < self.clock - REWIND
        if rewound:
            self._rewind()
        if self.clock is None:
            self._start(rec.time)
            self.session.complete = self.session.complete and not rewound
        elif rec.time > self.clock:
            fault = self._move(rec.time)
            if fault is not None:
                return fault
        return self._apply(rec)

    def _rewind(self) -> None:
        ended = self.resting.end_all("stale") + self.traded.end_all("stale")
        self._emit(ended + self.marks.end_all("stale"))
        self.signals.drop("stale")
        self.signals.restart()
        sums = self.ofi.row
        self._reset()
        self.ofi.row = sums

    def _move(self, time: int) -> str | None:
        fault = self._complete_group()
        if fault is not None:
            return fault
        while self.boundary is not None and self.boundary <= time:
            self._instants(self.boundary)
            self._roll(self.boundary, time)
        self._instants(time)
        self.clock = time
        return None

    def _instants(self, time: int) -> None:
        while self.next_instant <= time:
            self._instant(self.next_instant)
            self.next_instant += self.settings.grid

    def _complete_group(self) -> str | None:
        if not self.open:
            return None
        if isinstance(self.book, PositionBook):
            fault = self.book.fault()
            if fault is not None:
                return fault
        self.open = False
        self._judge_phase()
        self.ofi.group(*self.visible())
        return None

    def _judge_phase(self) -> None:
        bids, asks = self.visible()
        self.both_seen = self.both_seen or two_sided(bids, asks)
        self.crossed = crossed(bids, asks)

    def _roll(self, time: int, until: int) -> None:
        assert self.calendar is not None
        if not self.closed:
            ended = self.resting.end_all("session_end") + self.traded.end_all("session_end")
            self._emit(ended + self.marks.end_all("session_end"), time)
            self.signals.drop("closed")
        passed_over = time < until - LEAP
        session = None if passed_over else self.calendar.trading_session(time)
        self.closed = session is None
        self.told = 0
        if session is not None:
            self.session = Session(time, not self.stale)
            self.profile.new_session()
            self.micro.opening()
        self.boundary = self.calendar.next_boundary(until - LEAP if passed_over else time)

    def _apply(self, rec: Rec) -> str | None:
        if rec.kind in (POSITION, PRICE):
            book = self._book_for(rec.kind)
            if book is None:
                return "mixed"
            if isinstance(book, PositionBook) and book.full(rec):
                return "too_deep"
            book.change(rec)
            self.open = True
        elif rec.kind == TRADE:
            self._trade(rec)
        elif rec.kind == QUOTE and rec.op == 1:
            self.volume_gap.running(rec.size)
        return None

    def _book_for(self, kind: int) -> PositionBook | PriceBook | None:
        wanted = PositionBook if kind == POSITION else PriceBook
        if self.book is None:
            self.book = PositionBook(self.depth) if kind == POSITION else PriceBook()
            if self.snapshot is not None:
                self.book.load(*self.snapshot)
        return self.book if isinstance(self.book, wanted) else None

    def _trade(self, rec: Rec) -> None:
        assert self.clock is not None
        signed = {BUY: rec.size, SELL: -rec.size}.get(rec.side, 0)
        self.volume.trade(rec.size)
        self.bars.trade(self.clock, rec.price, rec.size, signed)
        self.session.trade(rec.price, rec.size, signed)
        self.volume_gap.trade(rec.size)
        self.profile.trade(self.clock, rec.price, rec.size, rec.side)
        self.traded.trade(self.clock, rec.price, rec.size, rec.side)
        self.marks.trade(self.clock, rec.price, rec.size, rec.side)
        self.resting.trade(self.clock, rec.price, rec.size, rec.side)
        self.pulls.trade(rec.price, rec.size, rec.side)
        self.toxicity.trade(rec.size, signed)

    # An instant

    def _instant(self, time: int) -> None:
        bids, asks = self.visible()
        sampled = (
            not self.stale and self.both_seen and two_sided(bids, asks) and not crossed(bids, asks)
        )
        mid = bids[0][0] + asks[0][0] if sampled else None
        if time % SECOND == 0:
            self.momentum.at_second(time, mid)
            self.ofi.at_second(time, sampled)
        if time % self.settings.volume_window == 0:
            self.volume.at_window(self.stale)
        if mid is not None:
            self.bars.sample(time, mid)
        if time % MINUTE == 0:
            self.bars.close()
            self.traded.close()
            self.marks.close_bar()
        self.pulls.at_instant(time, sampled, bids, asks)
        self.micro.at_instant(sampled and not self.closed, bids, asks)
        events: list[Event] = []
        if sampled:
            self.opacity.sample(time, bids, asks)
            events += self.resting.sample(time, bids, asks)
        events += self.traded.evaluate(time)
        events += self.marks.evaluate(time, bids, asks, sampled)
        told = len(self.events)
        self._emit(events, time)
        self._signal(time, self.events[told:], sampled)

    def _signal(self, time: int, events: list[Event], sampled: bool) -> None:
        bids, asks = self.visible()
        phase = None if sampled else self.phase
        self.signals.instant(
            time,
            events,
            bids,
            asks,
            book_metrics(bids, asks, self.tick, self.settings)["imbalance"],
            "one_sided" if phase == "synced" else phase,
            closed=self.closed,
            warm=self.resting.median.count * self.settings.grid >= self.settings.signal_warmup,
            seq=self.seq,
        )

    def _emit(self, events: list[Event], time: int | None = None) -> None:
        """Put events of one instant in order, give ids, and render them at once."""
        time = self.clock if time is None else time

        def key(event: Event) -> tuple[int, int, int, int]:
            thing = event.get("zone") or event["cluster"]
            low = thing.run.low if "zone" in event else thing.low
            kind = 0 if "zone" in event else KINDS.index(thing.kind)
            return _EVENT_ORDER[event["event"]], kind, 1 - thing.side, low

        for event in sorted(events, key=key):
            thing = event.get("zone") or event["cluster"]
            if thing.id is None:
                thing.id = self.next_id
                self.next_id += 1
            render = self._zone_fields if "zone" in event else self._cluster_fields
            common = {"event": event["event"], "state": event["state"], "time": time}
            common |= {"end_reason": event["reason"], "id": thing.id, "seq": self.seq}
            common |= {"t_first": thing.t_first, "t_last": time}
            self.events.append(common | render(thing))

    def _zone_fields(self, zone: Any) -> Event:
        bids, asks = self.visible()
        run = zone.run
        touch = bids if zone.side == BID else asks
        distance = None
        if bids and asks:
            best = touch[0][0]
            distance = best - run.high if zone.side == BID else run.low - best
        bid, ask = size_within(bids, run.low, run.high), size_within(asks, run.low, run.high)
        base = self.resting.base
        return {
            "kind": "resting",
            "side": zone.side,
            "tick_low": run.low,
            "tick_high": run.high,
            "poc": run.poc,
            "size": run.size,
            "size_peak": zone.peak,
            "buy": zone.buy,
            "sell": zone.sell,
            "added": zone.added,
            "cancelled": zone.cancelled,
            "rel": run.size / run.span / base if base else None,
            "dominance": (bid - ask) / (bid + ask) if bid + ask else None,
            "opacity": self.opacity.level(zone.row_size),
            "distance": distance,
        }

    def _cluster_fields(self, cluster: Any) -> Event:
        bids, asks = self.visible()
        touch = bids if cluster.side == BID else asks
        distance = None
        if bids and asks:
            best = touch[0][0]
            distance = best - cluster.high if cluster.side == BID else cluster.low - best
        low, high = cluster.low, cluster.high
        bid, ask = size_within(bids, low, high), size_within(asks, low, high)
        return {
            "kind": cluster.kind,
            "side": cluster.side,
            "tick_low": low,
            "tick_high": high,
            "poc": cluster.poc,
            "size": cluster.size,
            "size_peak": max(cluster.size, cluster.peak),
            "buy": cluster.buy,
            "sell": cluster.sell,
            "added": cluster.added,
            "cancelled": None,
            "rel": cluster.rel,
            "dominance": (bid - ask) / (bid + ask) if bid + ask else None,
            "opacity": None,
            "distance": distance,
        }

    # What comes out

    def visible(self) -> tuple[Rows, Rows]:
        """Bids and asks: the first declared rows, best first."""
        return self.levels(self.depth)

    def levels(self, count: int) -> tuple[Rows, Rows]:
        if self.book is not None:
            return self.book.top(count)
        if self.snapshot is not None:
            return self.snapshot[0][:count], self.snapshot[1][:count]
        return [], []

    def _sides(self) -> dict[int, Rows]:
        bids, asks = self.visible()
        return {BID: list(bids), ASK: list(asks)}

    @property
    def phase(self) -> str:
        for word, holds in (
            ("stale", self.stale),
            ("waiting", not self.both_seen),
            ("closed", self.closed),
            ("paused", self.paused),
            ("crossed", self.crossed),
        ):
            if holds:
                return word
        return "synced"

    @property
    def warmup(self) -> bool:
        return not (self.momentum.warm and self.ofi.warm and self.volume.warm)

    def _row(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"time": self.clock, "seq": self.seq - 1, "phase": self.phase}
        fields |= book_metrics(*self.levels(self.depth), self.tick, self.settings)
        sums = self.ofi.take_row()
        fields["ofi"] = None if sums is None else float(sums[0])
        for level in range(self.settings.ofi_levels):
            fields[f"ofi_{level + 1}"] = None if sums is None else float(sums[level])
        fields["ofi_z"] = self.ofi.z
        fields["momentum"] = self.momentum.score
        fields["volume"] = self.volume.score
        fields["composite"] = self.bars.composite()
        fields["outlook"] = self.bars.outlook()
        fields |= self.session.fields(self.tick)
        fields["delta"] = None
        if self.volume.traded:
            fields["delta"] = float(self.bars.open.delta) if self.bars.open else 0.0
        fields["since"] = self.session.since
        fields["complete"] = self.session.complete
        fields["volume_gap"] = self.volume_gap.gap
        fields["microprice"] = self.micro.price(*self.visible(), self.tick)
        fields |= self.pulls.fields()
        fields["flow_toxicity"] = self.toxicity.value()
        fields["warmup"] = self.warmup
        return fields
