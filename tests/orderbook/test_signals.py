"""The rules of signals on events made up for them: by hand, and at random against the twin."""

import random
from collections import Counter
from typing import Any

import pytest

from market.errors import SettingsError, UsageError
from market.jit import borrowed, kernel
from market.session import SessionCalendar, SessionTemplate, Window
from orderbook import Analyzer, Parameters
from orderbook.analytics.signals import judge_signals, signals_due
from orderbook.describe import END_REASONS, EVENT_WORDS, STATES
from orderbook.layout import (
    CLUSTER_EVENTS,
    EVENT,
    EVENT_WIDTH,
    FOREVER,
    RECENT_SIGNALS,
    STATE,
    WATCH_SLOTS,
    Words,
)
from orderbook.signals import (
    RULE_WORDS,
    WITHHELD_WORDS,
    confidence_of,
    signal_fields,
    with_rates,
)
from tests.orderbook.compare import instrument, run_plan, signal_record
from tests.orderbook.market_fuzz import make_plan
from tests.reference.book_metrics import book_metrics, crossed, two_sided
from tests.reference.position_book import Rows
from tests.reference.records import ASK, BID
from tests.reference.settings import Settings
from tests.reference.signals import Signals

MS = 10**6
SECOND = 10**9
NOON = 1_700_000_040 * SECOND
GRID = 100 * MS
KINDS = ("resting", "traded", "imbalance_stack", "absorption")
"""In the order of their codes."""


@kernel
def judge(words: Words, heap: Words, first: int, sampled: int, time: int) -> None:
    """One instant's rules, from outside."""
    judge_signals(words.view(STATE)[0], borrowed(heap), first, sampled, time)


@kernel
def due(words: Words, hold: int, grid: int) -> int:
    """When silence makes a watch speak."""
    return signals_due(words.view(STATE)[0].signals, hold, grid)


def event(what: str, kind: str, side: int, number: int, low: int, high: int, **more: Any) -> Any:
    """A cluster event as the twin renders it."""
    known = {"state": "ended" if what == "end" else "active", "end_reason": None, "rel": None}
    known |= {"size": 100, "size_peak": 100, "buy": 0, "sell": 0, "distance": 0}
    known |= {"t_first": NOON - 60 * SECOND, "t_last": NOON}
    head = {"event": what, "kind": kind, "side": side, "id": number}
    return head | {"tick_low": low, "tick_high": high} | known | more


class Desk:
    """An analyzer that is told its events and its book, and the twin of its rules."""

    def __init__(self, warm: bool = True, **signals: Any) -> None:
        parameters = Parameters.from_mapping({"signals": signals})
        self.analyzer = Analyzer(instrument("1"), parameters)
        self.settings = Settings.of(parameters)
        self.twin = Signals(self.settings)
        self.state = self.analyzer._state
        self.state["clock"]["both_seen"] = 1
        self.warm(warm)
        self.time = NOON
        self.bids: Rows = [(99, 10)]
        self.asks: Rows = [(100, 10)]

    def warm(self, warm: bool) -> None:
        self.is_warm = warm
        self.state["resting"]["base"]["count"] = 600 - (not warm)

    def switch(self, **signals: Any) -> None:
        """Other settings from here on."""
        parameters = Parameters.from_mapping({"signals": signals})
        self.analyzer.reconfigure(parameters)
        self.settings = self.twin.settings = Settings.of(parameters)

    def touch(self, bid: int, ask: int, bids: int = 10, asks: int = 10) -> None:
        self.bids, self.asks = [(bid, bids)], [(ask, asks)]

    def instant(self, *events: Any, after: int = 1) -> list[dict[str, Any]]:
        """What is said ``after`` instants later; both must say it."""
        self.time += after * GRID
        for side, rows in ((1, self.bids), (0, self.asks)):
            self.state["book"]["n"][side] = len(rows)
            for row, level in enumerate(rows):
                self.state["book"]["px"][side, row], self.state["book"]["sz"][side, row] = level
        clock = self.state["clock"]
        clock["crossed"] = crossed(self.bids, self.asks)
        self._tell(events)
        read = two_sided(self.bids, self.asks) and not (clock["crossed"] or clock["stale"])
        judge(self.analyzer._words, self.analyzer._heap, 0, read, self.time)
        self.analyzer.take_events()
        phase = None
        if not read:
            phase = str(self.analyzer.phase)
            phase = "one_sided" if phase == "synced" else phase
        numbers = book_metrics(self.bids, self.asks, self.analyzer.instrument.tick, self.settings)
        self.twin.instant(
            self.time, list(events), self.bids, self.asks, numbers["imbalance"], phase,
            closed=bool(clock["closed"]), warm=self.is_warm, seq=self.analyzer.seq,
        )  # fmt: skip
        found = [signal_record(signal) for signal in self.analyzer.take_signals()]
        wanted, self.twin.given = self.twin.given, []
        assert found == wanted
        return found

    def _tell(self, events: tuple[Any, ...]) -> None:
        header = self.state["book"]["heap"]
        start = int(header["offset"][CLUSTER_EVENTS])
        for index, told in enumerate(events):
            at = start + index * EVENT_WIDTH
            slot = self.analyzer._heap[at : at + EVENT_WIDTH].view(EVENT)[0]
            for name, value in told.items():
                slot[name] = float("nan") if value is None and name == "rel" else _code(name, value)
        header["count"][CLUSTER_EVENTS] = len(events)

    @property
    def counts(self) -> dict[str, int]:
        """Of words withheld; both must have the same."""
        counters = self.analyzer.signal_counters
        withheld = {word: n for word, n in counters["withheld"].items() if n}
        fired = {"fired " + rule: n for rule, n in counters["fired"].items() if n}
        assert withheld | fired == dict(+self.twin.counts)
        return withheld


def _code(name: str, value: Any) -> int | float:
    words = {"event": EVENT_WORDS, "kind": KINDS, "state": STATES, "end_reason": END_REASONS}
    if name in words:
        return words[name].index(value)
    return -(2**63) if value is None else value


# By hand


def bounced(desk: Desk, side: int = BID) -> list[dict[str, Any]]:
    """A cluster at 90 (bid) or 109 is touched, let go, and price turns with the book."""
    at = 90 if side == BID else 109
    desk.touch(at - (side == ASK), at + (side == BID))
    assert desk.instant(event("update", "resting", side, 7, at, at, state="touched")) == []
    if side == BID:
        desk.touch(91, 92, 30, 10)
    else:
        desk.touch(107, 108, 10, 30)
    assert desk.instant() == [], "it is still touched"
    return desk.instant(event("update", "resting", side, 7, at, at, size=60))


@pytest.mark.parametrize(("side", "sign", "price"), [(BID, 1, 91), (ASK, -1, 108)])
def test_a_bounce(side: int, sign: int, price: int) -> None:
    desk = Desk()
    (signal,) = bounced(desk, side)
    assert signal["rule"] == "bounce"
    assert (signal["id"], signal["cluster"], signal["side"]) == (1, 7, side)
    assert (signal["direction"], signal["price"], signal["ticks"]) == (sign, price, 1)
    assert signal["measure"] == 50.0, "imbalance (30 - 10)/(30 + 10)"
    assert signal["strength"] == sign * 50.0 / 60.0
    assert signal["time"] == desk.time
    assert signal["expires"] == desk.time + 30 * SECOND
    assert desk.instant() == [], "once"


def test_a_bounce_needs_a_touch_the_turn_the_book_and_the_size() -> None:
    assert bounced(Desk(bounce="off")) == []
    assert bounced(Desk(bounce_ticks=2)) == []
    assert bounced(Desk(bounce_imbalance=50.5)) == []
    assert bounced(Desk(bounce_keep=0.61)) == []
    assert bounced(Desk(bounce_keep=0.6, bounce_imbalance=50.0))
    desk = Desk()
    desk.touch(91, 92, 30, 10)
    assert desk.instant(event("new", "resting", BID, 7, 90, 90)) == [], "never touched"


def test_a_cluster_that_is_touched_again_bounces_again() -> None:
    desk = Desk(spacing_s=0.0)
    assert bounced(desk)
    assert [signal["id"] for signal in bounced(desk)] == [2]


def test_a_rule_that_is_switched_off_says_nothing_of_what_it_watched() -> None:
    desk = Desk()
    assert desk.instant(event("new", "absorption", BID, 9, 99, 99, rel=1.5)) == []
    desk.switch(absorption="off")
    desk.touch(101, 102)
    assert desk.instant() == []
    desk.switch()
    assert len(desk.instant()) == 1, "the watch was kept, and the switch decides"


def test_a_cluster_that_ends_does_not_bounce() -> None:
    desk = Desk()
    desk.touch(90, 91)
    desk.instant(event("update", "resting", BID, 7, 90, 90, state="touched"))
    desk.touch(91, 92, 30, 10)
    desk.instant(event("end", "resting", BID, 7, 90, 90, end_reason="merged"))
    assert desk.instant(event("update", "resting", BID, 7, 90, 90)) == []


@pytest.mark.parametrize("reason", ["consumed", "through"])
def test_a_break(reason: str) -> None:
    desk = Desk()
    end = event("end", "resting", BID, 3, 90, 92, end_reason=reason, size=20, sell=75, buy=500)
    desk.touch(89, 91)
    assert desk.instant(end) == []
    desk.touch(89, 90)
    (signal,) = desk.instant()
    assert (signal["rule"], signal["direction"], signal["price"]) == ("break", -1, 90)
    assert (signal["measure"], signal["limit"], signal["ticks"]) == (0.75, 0.5, 0)
    assert signal["strength"] == -0.75 / 1.25
    assert signal["waited"] == GRID


@pytest.mark.parametrize(
    ("reason", "sold", "settings"),
    [
        ("consumed", 49, {}),
        ("pulled", 75, {"pull": "off"}),
        ("stale", 75, {}),
        ("consumed", 75, {"breaks": "off"}),
        ("consumed", 75, {"break_ticks": 1}),
    ],
)
def test_no_break(reason: str, sold: int, settings: dict[str, Any]) -> None:
    desk = Desk(**settings)
    desk.touch(89, 90)
    end = event("end", "resting", BID, 3, 90, 92, end_reason=reason, size=20, sell=sold, buy=99)
    assert desk.instant(end) == []


def test_a_stack_that_holds() -> None:
    desk = Desk(stack_hold_ms=300)
    desk.touch(104, 105)
    assert desk.instant(event("new", "imbalance_stack", BID, 5, 101, 104)) == []
    desk.touch(103, 104)
    assert desk.instant() == []
    desk.touch(104, 105)
    assert [desk.instant() for _ in range(3)] == [[], [], []], "begins anew"
    (signal,) = desk.instant()
    assert (signal["rule"], signal["direction"]) == ("stack_continuation", 1)
    assert (signal["measure"], signal["strength"]) == (4.0, 4.0 / 7.0)


def test_a_stack_speaks_in_silence_and_only_then_is_it_worth_an_instant() -> None:
    desk = Desk(stack_hold_ms=250)
    hold = 250 * MS
    assert due(desk.analyzer._words, hold, GRID) == FOREVER
    desk.touch(104, 105)
    desk.instant(event("new", "imbalance_stack", BID, 5, 101, 104))
    assert due(desk.analyzer._words, hold, GRID) == desk.time + 3 * GRID
    assert desk.instant(after=3)
    assert due(desk.analyzer._words, hold, GRID) == FOREVER


def test_a_stack_that_grows_is_followed_and_one_that_ends_is_not() -> None:
    desk = Desk(stack_hold_ms=0)
    desk.instant(event("new", "imbalance_stack", ASK, 5, 96, 98))
    desk.instant(event("update", "imbalance_stack", ASK, 5, 95, 98))
    desk.touch(94, 96)
    assert desk.instant() == []
    desk.touch(94, 95)
    (signal,) = desk.instant()
    assert (signal["measure"], signal["direction"]) == (4.0, -1)
    desk.instant(event("new", "imbalance_stack", ASK, 6, 80, 82))
    desk.instant(event("end", "imbalance_stack", ASK, 6, 80, 82, end_reason="through"))
    desk.touch(70, 71)
    assert desk.instant() == []
    assert desk.instant(event("new", "imbalance_stack", ASK, 8, 80, 81)) == [], "two rows"


def test_an_absorption_that_turns() -> None:
    desk = Desk()
    assert desk.instant(event("new", "absorption", BID, 9, 99, 99, rel=1.5)) == []
    desk.touch(101, 102)
    (signal,) = desk.instant()
    assert (signal["rule"], signal["direction"]) == ("absorption_reversal", 1)
    assert signal["strength"] == 1.5 / 2.5
    for rel in (None, 0.99):
        assert desk.instant(event("new", "absorption", BID, 10, 90, 90, rel=rel)) == []


@pytest.mark.parametrize("gone", [{}, {"pull": "off"}, {"pull_imbalance": 51.0}])
def test_a_pull(gone: dict[str, Any]) -> None:
    desk = Desk(**gone)
    end = event("end", "resting", ASK, 2, 103, 103, end_reason="pulled", size=20, distance=3)
    assert desk.instant(end) == [], "the book does not lean that way"
    desk.touch(99, 100, 30, 10)
    signals = desk.instant()
    if gone:
        assert signals == []
        return
    (signal,) = signals
    assert (signal["rule"], signal["direction"], signal["price"]) == ("pull_ahead", 1, 99)
    assert (signal["measure"], signal["ticks"]) == (0.8, -4)


@pytest.mark.parametrize(
    "different",
    [
        {"distance": 4},
        {"distance": -1},
        {"distance": None},
        {"size": 51},
        {"t_first": NOON - SECOND},
    ],
)
def test_no_pull(different: dict[str, Any]) -> None:
    desk = Desk()
    desk.touch(99, 100, 30, 10)
    facts = {"end_reason": "pulled", "size": 20, "distance": 3, "t_last": NOON}
    assert desk.instant(event("end", "resting", ASK, 2, 103, 103, **(facts | different))) == []


def absorbed(desk: Desk, number: int, side: int = BID) -> list[dict[str, Any]]:
    """Something that speaks at once."""
    at = desk.bids[0][0] - 2 if side == BID else desk.asks[0][0] + 2
    return desk.instant(event("new", "absorption", side, number, at, at, rel=2.0))


def test_words_are_spaced_by_direction() -> None:
    desk = Desk(spacing_s=1.0)
    assert absorbed(desk, 1)
    assert absorbed(desk, 2, ASK)
    assert [bool(absorbed(desk, number)) for number in range(3, 13)] == [False] * 8 + [True, False]
    assert desk.counts == {"spacing": 9}


def test_without_spacing_there_is_one_of_each_direction_at_an_instant() -> None:
    desk = Desk(spacing_s=0.0)
    four = [event("new", "absorption", BID, n, 97, 97, rel=2.0) for n in (1, 2)]
    four += [event("new", "absorption", ASK, n, 102, 102, rel=2.0) for n in (3, 4)]
    assert [signal["cluster"] for signal in desk.instant(*four)] == [1, 3]
    assert desk.counts == {"spacing": 2}


def test_several_must_agree() -> None:
    desk = Desk(agree=3, agree_s=1.0, spacing_s=0.0)
    assert absorbed(desk, 1) == []
    assert absorbed(desk, 1) == [], "the same cluster and rule counts once"
    assert absorbed(desk, 2) == []
    assert absorbed(desk, 3, ASK) == [], "makes the others void"
    assert [len(absorbed(desk, number)) for number in (4, 5, 6, 7, 8, 9)] == [0, 0, 1, 0, 0, 1]
    assert absorbed(desk, 10) == []
    desk.instant(after=10)
    assert [len(absorbed(desk, number)) for number in (11, 12, 13)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("what", "reason"),
    [("closed", "closed"), ("cold", "warmup"), ("crossed", "crossed"), ("empty", "one_sided"),
     ("stale", "stale"), ("waiting", "waiting")],
)  # fmt: skip
def test_words_are_withheld_and_counted(what: str, reason: str) -> None:
    desk = Desk(warm=what != "cold")
    if what == "crossed":
        desk.touch(105, 104)
    elif what == "empty":
        desk.asks = []
    elif what in ("closed", "stale"):
        desk.state["clock"][what] = 1
    elif what == "waiting":
        desk.state["clock"]["both_seen"] = 0
        desk.asks = []
    assert desk.instant(event("new", "absorption", BID, 1, 90, 90, rel=2.0)) == []
    assert desk.counts == {reason: 1}
    desk.touch(99, 100)
    assert desk.instant() == [], "not later either"


def test_a_touched_cluster_stays_watched_through_a_crossing() -> None:
    desk = Desk()
    desk.touch(90, 91)
    desk.instant(event("update", "resting", BID, 7, 90, 90, state="touched"))
    desk.touch(92, 91)
    desk.instant()
    desk.touch(91, 92, 30, 10)
    assert desk.instant(event("update", "resting", BID, 7, 90, 90))


def test_a_watch_waits_so_long() -> None:
    for instants, said in ((100, 1), (101, 0)):
        desk = Desk()
        desk.instant(event("new", "absorption", BID, 9, 99, 99, rel=1.5))
        desk.touch(101, 102)
        assert len(desk.instant(after=instants)) == said
        assert desk.counts == {}


@pytest.mark.parametrize("what", ["gap", "snapshot"])
def test_a_gap_and_a_snapshot_drop_what_waits(what: str) -> None:
    desk = Desk()
    desk.analyzer.load_levels([(99, 10)], [(100, 10)], desk.time, 1)
    desk.instant(event("new", "absorption", BID, 9, 99, 99, rel=1.5))
    if what == "gap":
        desk.analyzer.gap("gap")
        desk.state["clock"]["stale"] = 0
    else:
        desk.analyzer.load_levels([(99, 10)], [(100, 10)], desk.time, 1)
    desk.twin.drop("stale")
    assert desk.counts == {"stale": 1}
    desk.touch(101, 102)
    assert desk.instant() == []


def test_watches_are_bounded_and_what_finds_no_place_is_counted() -> None:
    desk = Desk()
    events = [
        event("update", "resting", BID, n, 99, 99, state="touched") for n in range(WATCH_SLOTS - 1)
    ]
    for start in range(0, len(events), 30):
        desk.instant(*events[start : start + 30])
    desk.instant(*(event("new", "absorption", BID, n, 99, 99, rel=2.0) for n in (500, 501, 502)))
    assert desk.counts == {"unwatched": 2}


# At random


class _Chance:
    """Events of a few clusters that come, change and end, and a touch that wanders."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.live: dict[int, tuple[str, int]] = {}
        self.last = 0

    def events(self, time: int) -> list[dict[str, Any]]:
        rng = self.rng
        told = []
        for number in rng.sample(sorted(self.live), min(len(self.live), rng.choice((0, 1, 2)))):
            kind, side = self.live[number]
            what = rng.choice(("end", "update", "update"))
            told.append(self._event(what, kind, side, number, time))
            if what == "end":
                del self.live[number]
        told.sort(key=lambda one: one["event"])
        for _ in range(rng.choice((0, 0, 1, 2))):
            self.last += 1
            kind, side = rng.choice(KINDS), rng.randrange(2)
            self.live[self.last] = (kind, side)
            told.append(self._event("new", kind, side, self.last, time))
        return told

    def _event(self, what: str, kind: str, side: int, number: int, time: int) -> dict[str, Any]:
        rng = self.rng
        low, peak = rng.randint(96, 104), rng.choice((0, 1, 10, 100))
        reason = rng.choice(("consumed", "through", "pulled", "stale")) if what == "end" else None
        state = "ended" if what == "end" else rng.choice(("active", "touched"))
        return event(
            what, kind, side, number, low, low + rng.randrange(5),
            state=state, end_reason=reason, size=rng.randint(0, peak), size_peak=peak,
            buy=rng.randrange(100), sell=rng.randrange(100), t_last=time,
            rel=rng.choice((None, 0.5, 1.0, 3.0)), distance=rng.choice((None, -1, 0, 2, 5)),
            t_first=time - rng.choice((0, 3 * SECOND)),
        )  # fmt: skip

    def book(self) -> tuple[Rows, Rows]:
        rng = self.rng
        bid = rng.randint(95, 105)
        gap = rng.choice((1, 1, 1, 2, 0)) if rng.random() < 0.95 else -1
        bids = [(bid - row, rng.choice((0, 5, 50))) for row in range(rng.choice((1, 3)))]
        asks = [(bid + gap + row, rng.choice((0, 5, 50))) for row in range(rng.choice((1, 3)))]
        return ([] if rng.random() < 0.02 else bids), ([] if rng.random() < 0.02 else asks)


_SETTINGS: dict[str, tuple[Any, ...]] = {
    "spacing_s": (0.0, 0.3, 60.0),
    "agree": (1, 1, 2, 3),
    "agree_s": (0.5, 30.0),
    "watch_s": (0.3, 10.0),
    "stack_hold_ms": (0, 150, 300),
    "stack_rows": (1.0, 3.0),
    "bounce_ticks": (0, 1),
    "bounce_keep": (0.0, 0.5),
    "break_ticks": (0, 1),
    "absorption_ticks": (0, 2),
    "pull_imbalance": (-100.0, 20.0),
}


def by_chance(seed: int) -> Counter[str]:
    """Plays one stream; what was given and withheld."""
    chance = _Chance(seed)
    desk = Desk(**{name: chance.rng.choice(values) for name, values in _SETTINGS.items()})
    for _ in range(150):
        if chance.rng.random() < 0.5:
            desk.bids, desk.asks = chance.book()
        if chance.rng.random() < 0.02:
            desk.warm(not desk.is_warm)
        desk.state["clock"]["closed"] = chance.rng.random() < 0.02
        after = chance.rng.choice((1, 1, 1, 2, 5))
        desk.instant(*chance.events(desk.time + after * GRID), after=after)
    assert desk.counts
    return +desk.twin.counts


def test_rules_on_chance_events() -> None:
    seen: Counter[str] = Counter()
    for seed in range(40):
        seen += by_chance(seed)
    assert all(seen[f"fired {rule}"] for rule in RULE_WORDS), seen
    for reason in ("closed", "crossed", "one_sided", "warmup", "spacing", "agreement"):
        assert seen[reason], seen


def test_chance_visits_every_rule_and_every_reason() -> None:
    seen: Counter[str] = Counter()
    for seed in range(40):
        both = run_plan(make_plan(seed, 250))
        seen += +both.twin.signals.counts
    assert all(seen[f"fired {rule}"] for rule in ("bounce", "break", "pull_ahead")), seen
    for reason in ("stale", "warmup", "spacing", "agreement"):
        assert seen[reason], seen


SESSIONS = SessionTemplate(
    "UTC",
    (Window(1333, 1335), Window(1336, 1338), Window(1338, 1341), Window(1345, 1400)),
    Window(1336, 1338),
    weekdays=frozenset(range(7)),
)


def test_no_signal_is_given_outside_of_a_session() -> None:
    closed: Counter[str] = Counter()
    for seed in range(100, 130):
        both = run_plan(make_plan(seed, 250), 4096, SessionCalendar(SESSIONS))
        closed += +both.twin.signals.counts
    assert closed["closed"]


# What leaves


def test_the_fields_and_the_reason_of_each_rule() -> None:
    desk = Desk(spacing_s=0.0, stack_hold_ms=0)
    bounced(desk)
    desk.touch(89, 90)
    desk.instant(event("end", "resting", BID, 3, 90, 92, end_reason="consumed", sell=75, size=8))
    desk.instant(event("new", "imbalance_stack", ASK, 4, 90, 92))
    desk.instant(event("new", "absorption", BID, 5, 87, 87, rel=1.25))
    desk.touch(89, 90, 30, 10)
    end = event("end", "resting", ASK, 6, 92, 92, end_reason="pulled", size=1, distance=2)
    desk.instant(end)
    analyzer = desk.analyzer
    told = [
        signal_fields(signal, analyzer.instrument, analyzer.parameters)
        for signal in analyzer.recent_signals()
    ]
    assert [one["kind"] for one in told] == list(RULE_WORDS)
    assert [one["reason"] for one in told] == [
        "bid cluster 7 at 90.0 (60 of 100 left) was touched and held: the bid is 1 tick above it, "
        "imbalance +50.0 (at least 10 that way)",
        "bid cluster 3 at 90.0 to 92.0 (8 of 100 left) was eaten up: 0.75 of its peak sold into it "
        "(at least 0.5), the ask is 0 ticks below it",
        "stack 4 of 3 rows of sell imbalance at 90.0 to 92.0 (at least 3): price held beyond it, "
        "the ask is 0 ticks below it 0.0 s later",
        "sells absorbed at 87.0 (cluster 5, 1.25 x the threshold, at least 1): the bid is 2 ticks "
        "above it 0.0 s later",
        "ask cluster 6 at 92.0 (1 of 100 left) was pulled 3 ticks from the bid: 0.99 of its peak "
        "is gone (at least 0.5), imbalance +50.0",
    ]
    assert told[1] | {"reason": ""} == {
        "id": 2, "instrument": "TS 12-26", "seq": 0, "time": told[0]["time"] + GRID,
        "kind": "break", "side": "bid", "strength": -0.6, "confidence": None, "price": 90.0,
        "reason": "", "cluster": 3, "expires": told[0]["time"] + GRID + 30 * SECOND,
    }  # fmt: skip


def test_the_last_ones_are_kept() -> None:
    desk = Desk(spacing_s=0.0)
    for number in range(1, RECENT_SIGNALS + 11):
        absorbed(desk, number)
    recent = desk.analyzer.recent_signals()
    assert recent["id"].tolist() == list(range(11, RECENT_SIGNALS + 11))
    assert desk.analyzer.recent_signals(70)["id"].tolist() == [71, 72, 73, 74]
    assert desk.analyzer.next_signal == RECENT_SIGNALS + 11


def test_every_reason_has_a_word() -> None:
    assert WITHHELD_WORDS == (
        "stale", "waiting", "closed", "paused", "crossed", "one_sided", "warmup", "spacing",
        "agreement",
    )  # fmt: skip


def test_rates_are_settings_by_rule_and_say_nothing_of_their_own_past() -> None:
    parameters = with_rates(Parameters(), {"break": 0.5, "pull_ahead": 1}, NOON)
    later = NOON + 1
    assert confidence_of(parameters.signals, "break", later) == 0.5
    assert confidence_of(parameters.signals, "pull_ahead", later) == 1.0
    assert confidence_of(parameters.signals, "bounce", later) is None
    assert confidence_of(parameters.signals, "break", NOON) is None
    assert parameters.config_hash != Parameters().config_hash
    with pytest.raises(UsageError, match="no rule 'luck'"):
        with_rates(Parameters(), {"luck": 0.5}, 0)
    with pytest.raises(SettingsError, match=r"signals\.stack_rate"):
        with_rates(Parameters(), {"stack_continuation": 1.5}, 0)
