"""Signals: the rules over cluster events and the touch, one instant at a time."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.reference.position_book import Rows
from tests.reference.records import BID
from tests.reference.settings import Settings

__all__ = ["Signals", "Watch"]

Event = dict[str, Any]
MOST_WATCHES = 128


@dataclass
class Watch:
    """What a rule waits for at one cluster."""

    rule: str
    cluster: int
    side: int
    up: bool
    low: int
    high: int
    size: int
    peak: int
    since: int | None = None
    """None: the cluster is touched."""
    beyond: int | None = None
    m: float | None = None

    def follow(self, event: Event) -> None:
        self.low, self.high = event["tick_low"], event["tick_high"]
        self.size, self.peak = event["size"], event["size_peak"]


class Signals:
    """All watches, what they said, and why it was withheld."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.next_id = 1
        self.watches: list[Watch] = []
        self.votes: list[tuple[bool, int, str, int]] = []
        self.last: dict[bool, int] = {}
        self.counts: Counter[str] = Counter()
        self.given: list[dict[str, Any]] = []

    def drop(self, reason: str) -> None:
        self.counts[reason] += sum(watch.since is not None for watch in self.watches)
        self.watches = []
        self.votes = []

    def restart(self) -> None:
        self.watches, self.votes, self.last = [], [], {}

    def instant(
        self,
        time: int,
        events: list[Event],
        bids: Rows,
        asks: Rows,
        imbalance: float | None,
        phase: str | None,
        *,
        closed: bool,
        warm: bool,
        seq: int,
    ) -> None:
        """``phase``: why the instant is not sampled; None: it is."""
        for event in events:
            self._see(event, time)
        if phase is not None:
            waiting = [watch for watch in self.watches if watch.since is not None]
            self.counts[phase] += len(waiting)
            self.watches = [watch for watch in self.watches if watch.since is None]
            return
        for watch in list(self.watches):
            if watch.since is None:
                continue
            if time - watch.since > self.settings.watch:
                self.watches.remove(watch)
            elif self._speaks(watch, time, bids, asks, imbalance):
                self.watches.remove(watch)
                held = "closed" if closed else "warmup" if not warm else self._held(watch, time)
                if held:
                    self.counts[held] += 1
                else:
                    self._give(watch, time, bids, asks, imbalance, seq)

    def _see(self, event: Event, time: int) -> None:
        rules = self.settings.rules
        known = [watch for watch in self.watches if watch.cluster == event["id"]]
        kind, what = event["kind"], event["event"]
        if what == "end":
            for watch in known:
                self.watches.remove(watch)
        peak = max(event["size_peak"], 1)
        if kind == "resting" and what == "end":
            against = "sell" if event["side"] == BID else "buy"
            if event["end_reason"] in ("consumed", "through"):
                self._arm("break", event, event[against] / peak, time)
            elif event["end_reason"] == "pulled":
                distance, age = event["distance"], event["t_last"] - event["t_first"]
                near = distance is not None and 0 <= distance <= self.settings.ticks["pull_ahead"]
                if near and age >= self.settings.pull_age:
                    gone = event["size_peak"] - event["size"]
                    self._arm("pull_ahead", event, gone / peak, time)
        elif kind == "resting" and "bounce" in rules:
            touched = event["state"] == "touched"
            if touched and not known:
                known = self._add("bounce", event)
            for watch in known:
                if touched:
                    watch.since = None
                elif watch.since is None:
                    watch.since = time
                watch.follow(event)
        elif kind in ("imbalance_stack", "absorption"):
            rule, m = "absorption_reversal", event["rel"]
            if kind == "imbalance_stack":
                rule = "stack_continuation"
                m = float(event["tick_high"] - event["tick_low"] + 1)
            if what == "new":
                self._arm(rule, event, m, time)
            elif what == "update":
                for watch in known:
                    watch.follow(event)
                    watch.m = watch.m if m is None else m

    def _arm(self, rule: str, event: Event, m: float | None, time: int) -> None:
        enough = m is not None and m >= self.settings.limits[rule]
        if rule in self.settings.rules and enough:
            for watch in self._add(rule, event):
                watch.since = time
                watch.m = m

    def _add(self, rule: str, event: Event) -> list[Watch]:
        if len(self.watches) == MOST_WATCHES:
            self.counts["unwatched"] += 1
            return []
        with_it = (event["side"] == BID) != (rule in ("break", "pull_ahead"))
        bounds = (event["tick_low"], event["tick_high"], event["size"], event["size_peak"])
        watch = Watch(rule, event["id"], event["side"], with_it, *bounds)
        self.watches.append(watch)
        return [watch]

    def _speaks(
        self, watch: Watch, time: int, bids: Rows, asks: Rows, imbalance: float | None
    ) -> bool:
        settings = self.settings
        if watch.rule not in settings.rules:
            return False
        leaning = None
        if imbalance is not None:
            leaning = imbalance if watch.up else -imbalance
        if watch.rule == "pull_ahead":
            return leaning is not None and leaning >= settings.pull_imbalance
        if _beyond(watch, bids, asks) < settings.ticks[watch.rule]:
            watch.beyond = None
            return False
        if watch.rule == "bounce":
            watch.m = leaning
            enough = leaning is not None and leaning >= settings.limits["bounce"]
            return enough and watch.size >= settings.bounce_keep * watch.peak
        if watch.rule == "stack_continuation":
            if watch.beyond is None:
                watch.beyond = time
            return time - watch.beyond >= settings.stack_hold
        return True

    def _held(self, watch: Watch, time: int) -> str:
        settings = self.settings
        last = self.last.get(watch.up)
        if last is not None and (time == last or time - last < settings.spacing):
            return "spacing"
        self.votes = [
            vote
            for vote in self.votes
            if vote[0] == watch.up
            and time - vote[1] <= settings.agree_within
            and vote[2:] != (watch.rule, watch.cluster)
        ]
        self.votes.append((watch.up, time, watch.rule, watch.cluster))
        if len(self.votes) < settings.agree:
            return "agreement"
        self.votes = []
        return ""

    def _give(
        self,
        watch: Watch,
        time: int,
        bids: Rows,
        asks: Rows,
        imbalance: float | None,
        seq: int,
    ) -> None:
        self.last[watch.up] = time
        assert watch.m is not None
        assert watch.since is not None
        limit = self.settings.limits[watch.rule]
        sign = 1 if watch.up else -1
        self.given.append(
            {
                "id": self.next_id,
                "rule": watch.rule,
                "side": watch.side,
                "direction": sign,
                "time": time,
                "seq": seq,
                "price": bids[0][0] if watch.up else asks[0][0],
                "cluster": watch.cluster,
                "tick_low": watch.low,
                "tick_high": watch.high,
                "size": watch.size,
                "size_peak": watch.peak,
                "ticks": _beyond(watch, bids, asks),
                "waited": time - watch.since,
                "expires": time + self.settings.signal_life,
                "imbalance": imbalance,
                "measure": watch.m,
                "limit": limit,
                "strength": sign * watch.m / (watch.m + limit),
            }
        )
        self.next_id += 1
        self.counts["fired " + watch.rule] += 1


def _beyond(watch: Watch, bids: Rows, asks: Rows) -> int:
    return bids[0][0] - watch.high if watch.up else watch.low - asks[0][0]
