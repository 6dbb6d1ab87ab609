"""What clusters and signals said: counted, and the largest and the last kept."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from depthbridge.reviewing import HORIZONS, Path
from depthbridge.reviewing.sessions import signal_at

__all__ = ["LARGEST", "ClusterTally", "KindTally", "SignalTally", "ToldSignal"]

LARGEST: Final = 5
"""Clusters of each kind that are kept, by their largest size."""
_SIGNALS: Final = 1000
"""Signals that are kept, the last ones."""


@dataclass(slots=True)
class KindTally:
    """Clusters of one kind.

    Attributes:
        announced: how many became active.
        reasons: why they ended: reason, how many.
        age_ms: lives of those that ended, summed.
        largest: cluster objects as last told, by ``size_peak``, the largest first.
    """

    announced: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    age_ms: int = 0
    largest: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ended(self) -> int:
        """How many ended."""
        return self.reasons.total()

    def rank(self, cluster: dict[str, Any]) -> None:
        """Keep a cluster while it is among the largest; of equal ones the earlier."""
        ranked = sorted([*self.largest, cluster], key=lambda one: (-one["size_peak"], one["id"]))
        self.largest = ranked[:LARGEST]


class ClusterTally:
    """Takes cluster events.

    Attributes:
        kinds: by kind.
        live: the clusters that are active now, by id, as last told.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, KindTally] = {}
        self.live: dict[int, dict[str, Any]] = {}
        self._counts: Counter[str] = Counter()

    def take(self, message: dict[str, Any]) -> None:
        """Count a message of topic ``clusters``."""
        for cluster in message["clusters"]:
            kind = self.kinds.setdefault(cluster["kind"], KindTally())
            if message["event"] == "new":
                kind.announced += 1
            known = cluster["id"] in self.live
            if message["event"] != "end":
                self._counts[cluster["kind"]] += not known
                self.live[cluster["id"]] = cluster
                continue
            self._counts[cluster["kind"]] -= known
            self.live.pop(cluster["id"], None)
            kind.reasons[cluster["end_reason"]] += 1
            kind.age_ms += cluster["age_ms"]
            kind.rank(cluster)

    def count(self, kind: str) -> int:
        """How many of a kind are active now."""
        return self._counts[kind]

    def largest(self, kind: str) -> list[dict[str, Any]]:
        """The largest of a kind, those included that are still active."""
        tally = KindTally(largest=self.kinds[kind].largest)
        for cluster in self.live.values():
            if cluster["kind"] == kind:
                tally.rank(cluster)
        return tally.largest


@dataclass(slots=True)
class ToldSignal:
    """One signal.

    Attributes:
        message: the wire's fields.
        moves: ticks in its direction after each of HORIZONS; None: not known.
    """

    message: dict[str, Any]
    moves: dict[int, float | None]


class SignalTally:
    """Takes signals, and what followed them; keeps the last ones.

    Attributes:
        count: all of them.
        kept: the last of them, in order.
    """

    def __init__(self) -> None:
        self.count = 0
        self.kept: deque[ToldSignal] = deque(maxlen=_SIGNALS)

    def take(self, message: dict[str, Any]) -> None:
        """Add a signal."""
        self.count += 1
        self.kept.append(ToldSignal(message, dict.fromkeys(HORIZONS)))

    def follow(self, path: Path) -> None:
        """Say what followed the signals of a session, by its path of mid."""
        until = path.begin + (len(path.mids) - 1) * path.step
        for told in self.kept:
            signal = signal_at(told.message)
            if path.begin <= signal.time <= until:
                place = path.place(signal.time)
                for seconds in HORIZONS:
                    outcome = path.outcome(place, signal.direction, seconds)
                    told.moves[seconds] = None if outcome is None else outcome.move

    def shown(self) -> Sequence[ToldSignal]:
        """Those that are kept, the first first."""
        return tuple(self.kept)
