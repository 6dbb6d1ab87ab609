"""The Analyzer and its twin side by side: fed alike, compared after every frame."""

from collections.abc import Sequence
from typing import Any

from market.instrument import Instrument
from market.session import SessionCalendar
from market.ticks import Grid
from orderbook import Analyzer, Parameters
from orderbook.describe import END_REASONS, EVENT_WORDS, KINDS, STATES
from orderbook.layout import NULL_TICKS, SIGNAL
from orderbook.signals import RULE_WORDS
from tests.orderbook.market_fuzz import Plan
from tests.reference.analytics import Twin
from tests.reference.position_book import Applied, Rows
from tests.reference.records import Rec, frames_of
from tests.reference.settings import Settings

__all__ = ["Both", "analyzer_for", "instrument", "run_plan"]


def instrument(tick: str = "0.25", depth: int = 10) -> Instrument:
    return Instrument("TS 12-26", "TS", Grid(tick), Grid(1), 50.0, "always", depth)


def analyzer_for(tick: str = "0.25", depth: int = 10, **settings: Any) -> Analyzer:
    return Analyzer(instrument(tick, depth), Parameters.from_mapping(settings))


class Both:
    """Feeds an Analyzer and a Twin; every difference is an AssertionError."""

    def __init__(
        self,
        tick: str = "0.25",
        depth: int = 10,
        calendar: SessionCalendar | None = None,
        **settings: Any,
    ) -> None:
        parameters = Parameters.from_mapping(settings)
        self.analyzer = Analyzer(instrument(tick, depth), parameters, calendar=calendar)
        self.twin = Twin(Grid(tick), depth, Settings.of(parameters), calendar)
        self.events: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self.signals: list[dict[str, Any]] = []

    def feed(self, recs: Sequence[Rec], limit: int = 4096) -> Applied:
        """Process until a fault."""
        applied = 0
        for frame in frames_of(recs, limit, self.analyzer.seq):
            part = recs[applied : applied + len(frame.records)]
            outcome = self.analyzer.process_l2_update(frame)
            wanted = self.twin.process(part)
            assert (outcome.applied, outcome.fault) == wanted, f"{outcome} {wanted} {part[:3]}"
            applied += outcome.applied
            self.agree()
            if outcome.fault is not None:
                return Applied(applied, outcome.fault)
        return Applied(applied, None)

    def backfill(self, recs: Sequence[Rec], limit: int = 4096, last: bool = True) -> None:
        """Tell trades of the session again; ``ref`` is the place in the list."""
        frames = list(frames_of(recs, limit, self.analyzer.seq))
        told = 0
        for frame in frames:
            ends = last and frame is frames[-1]
            count = len(frame.records)
            self.analyzer.backfill(frame, last=ends)
            self.twin.backfill(recs[told : told + count], ends)
            told += count
        self.agree(rows=False)

    def agree_on_the_session(self) -> None:
        """Sums and profile of the session, field by field."""
        row = self.analyzer.read()[0]
        twin = self.twin.session
        found = {name: float(row[name]) for name in ("cvd", "vwap", "vwap_dev")}
        wanted = {
            k: float("nan") if v is None else v for k, v in twin.fields(self.twin.tick).items()
        }
        assert str(found) == str(wanted)
        assert (int(row["since"]), bool(row["complete"])) == (twin.since, twin.complete)
        rows = {
            ticks: [buy, sell, unknown]
            for ticks, buy, sell, unknown, _ in self.analyzer._cells("session").tolist()
        }
        assert rows == self.twin.profile.session

    def advance(self, time: int) -> None:
        self.analyzer.advance(time)
        self.twin.advance(time)
        self.agree(rows=False)

    def gap(self) -> None:
        self.analyzer.gap("gap")
        self.twin.lose()

    def load(self, bids: Rows, asks: Rows, time: int) -> str | None:
        """The fault of the book that was replaced, the same for both."""
        seq = self.analyzer.seq
        fault = self.analyzer.load_levels(bids, asks, time, seq)
        wanted = self.twin.load(bids, asks, time, seq)
        assert fault == wanted, f"{fault} {wanted}"
        self.agree(rows=False)
        return fault

    def agree(self, rows: bool = True) -> None:
        found_state = (self.analyzer.phase, self.analyzer.seq, self.analyzer.clock)
        wanted_state = (self.twin.phase, self.twin.seq, self.twin.clock or 0)
        assert found_state == wanted_state, f"{found_state} {wanted_state}"
        if rows:
            row = self.analyzer.calculate_metrics()
            self.rows.append(row)
            found = {name: row[name] for name in self.twin.row if name != "time"}
            found["time"] = row["time_ns"]
            wanted = dict(self.twin.row)
            assert found == wanted, _differences(found, wanted)
        found_events = [event_fields(event) for event in self.analyzer.take_events()]
        wanted_events, self.twin.events = self.twin.events, []
        for found_event, wanted_event in zip(found_events, wanted_events, strict=False):
            assert found_event == wanted_event, _differences(found_event, wanted_event)
        longer = max(found_events, wanted_events, key=len)
        assert len(found_events) == len(wanted_events), longer[
            min(len(found_events), len(wanted_events)) :
        ]
        self.events += found_events
        self._agree_on_signals()

    def _agree_on_signals(self) -> None:
        twin = self.twin.signals
        found = [signal_record(signal) for signal in self.analyzer.take_signals()]
        wanted, twin.given = twin.given, []
        assert found == wanted, (found, wanted)
        counters = self.analyzer.signal_counters
        counts = {"fired " + rule: n for rule, n in counters["fired"].items()}
        counts |= counters["withheld"]
        assert {word: n for word, n in counts.items() if n} == +twin.counts
        self.signals += found


def event_fields(event: Any) -> dict[str, Any]:
    """An EVENT as the twin renders it."""

    def whole(name: str) -> int | None:
        return None if event[name] == NULL_TICKS else int(event[name])

    def number(name: str) -> float | None:
        return None if event[name] != event[name] else float(event[name])

    fields: dict[str, Any] = {
        "event": EVENT_WORDS[event["event"]],
        "kind": KINDS[event["kind"]],
        "state": STATES[event["state"]],
        "end_reason": END_REASONS[event["end_reason"]],
        "opacity": None if event["opacity"] < 0 else int(event["opacity"]),
        "rel": number("rel"),
        "dominance": number("dominance"),
    }
    for name in ("added", "cancelled", "distance"):
        fields[name] = whole(name)
    for name in (
        "side",
        "id",
        "time",
        "seq",
        "tick_low",
        "tick_high",
        "poc",
        "size",
        "size_peak",
        "buy",
        "sell",
        "t_first",
        "t_last",
    ):
        fields[name] = int(event[name])
    return fields


def signal_record(signal: Any) -> dict[str, Any]:
    """A SIGNAL as the twin renders it."""
    names = SIGNAL.names or ()
    fields: dict[str, Any] = {name: signal[name].item() for name in names}
    fields["rule"] = RULE_WORDS[fields["rule"]]
    if fields["imbalance"] != fields["imbalance"]:
        fields["imbalance"] = None
    return fields


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Fields that differ, found against wanted, and which thing it is."""
    different = {
        name: (found.get(name), wanted.get(name))
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name) != wanted.get(name)
    }
    label = {name: wanted.get(name) for name in ("event", "kind", "id", "time", "seq")}
    return f"{different} in {label}"


def run_plan(plan: Plan, cut: int = 4096, calendar: SessionCalendar | None = None) -> Both:
    """Play a plan into both, in frames of at most ``cut`` records."""
    both = Both(plan.tick, plan.depth, calendar, **plan.settings)
    for step in plan.steps:
        if step.what == "recs" and both.analyzer.phase == "stale":
            both.load(list(step.bids), list(step.asks), step.time)
        elif step.what == "recs":
            both.feed(step.recs, cut)
        elif step.what == "advance":
            both.advance(step.time)
        elif step.what == "gap":
            both.gap()
        else:
            both.load(list(step.bids), list(step.asks), step.time)
    return both
