"""Signals of sessions beside matched random times; pure, and the same for the same seed.

The definitions are in docs/analytics.md, What signals were worth.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from depthbridge.reviewing.intervals import Interval, exact_interval, mean_interval
from depthbridge.reviewing.outcomes import HORIZONS, Outcome, Path, SignalAt

__all__ = ["ALL", "HIT_HORIZON", "Line", "Review", "Reviewer"]

ALL: Final = "all"
"""Instead of a rule's name: all of them together."""
HIT_HORIZON: Final = 60
"""Seconds after which a signal has hit, or has not."""
_NS: Final = 1_000_000_000
_AROUND: Final = 1800
"""Seconds on either side of a signal from which its random times are drawn."""
_TRIES: Final = 20
"""Per random time, before there is none."""


class Line(NamedTuple):
    """One rule after one horizon. Moves in ticks, in the direction of the signal.

    Attributes:
        rule: its name, or ALL.
        seconds: the horizon.
        signals: whose outcome is known.
        unknown: whose outcome is not: the session ended, or the book had no mid.
        move: mean move.
        random: mean move of the matched random times.
        excess: mean of each signal's move less that of its random times.
        favourable: mean of the farthest way in the direction.
        adverse: mean of the farthest way against it.
        random_favourable: of the random times.
        random_adverse: of the random times.
        hits: share of the signals whose move is above 0.
        random_hits: the same of the random times.
    """

    rule: str
    seconds: int
    signals: int
    unknown: int
    move: Interval
    random: float | None
    excess: Interval
    favourable: float | None
    adverse: float | None
    random_favourable: float | None
    random_adverse: float | None
    hits: Interval
    random_hits: float | None


class Review(NamedTuple):
    """The result.

    Attributes:
        lines: by rule, then horizon; ALL first.
        signals: number of each rule.
        hours: of instants at which the book had a mid.
        until: the newest instant, ns UTC.
        sessions: that were looked at.
        draws: random times of a signal.
        seed: of the draws.
    """

    lines: tuple[Line, ...]
    signals: dict[str, int]
    hours: float
    until: int
    sessions: int
    draws: int
    seed: int


class _Row(NamedTuple):
    """A signal's outcome, and the means of its random times."""

    own: Outcome
    others: tuple[Outcome, ...]


class Reviewer:
    """Takes sessions one after the other; keeps a row per signal and horizon.

    Args:
        draws: random times of a signal.
        seed: any integer.
    """

    def __init__(self, draws: int = 20, seed: int = 1) -> None:
        self._draws = draws
        self._seed = seed
        self._draw = np.random.default_rng(seed)
        self._rows: dict[tuple[str, int], list[_Row]] = {}
        self._unknown: dict[tuple[str, int], int] = {}
        self._signals: dict[str, int] = {}
        self._instants = 0.0
        self._until = 0
        self._sessions = 0

    def take(self, path: Path, signals: Sequence[SignalAt]) -> None:
        """Add a session."""
        self._sessions += 1
        self._instants += float((~np.isnan(path.mids)).sum()) * path.step / _NS
        self._until = max(self._until, path.begin + (len(path.mids) - 1) * path.step)
        for signal in signals:
            self._signals[signal.rule] = self._signals.get(signal.rule, 0) + 1
            place = path.place(signal.time)
            for seconds in HORIZONS:
                key = (signal.rule, seconds)
                own = path.outcome(place, signal.direction, seconds)
                if own is None:
                    self._unknown[key] = self._unknown.get(key, 0) + 1
                    continue
                others = self._random(path, place, signal.direction, seconds)
                self._rows.setdefault(key, []).append(_Row(own, others))

    def _random(self, path: Path, place: int, direction: int, seconds: int) -> tuple[Outcome, ...]:
        """Outcomes of instants of the same session and half hours around, the same direction."""
        reach = _AROUND * _NS // path.step
        low, high = max(0, place - reach), min(len(path.mids), place + reach + 1)
        found: list[Outcome] = []
        for at in self._draw.integers(low, high, _TRIES * self._draws).tolist():
            outcome = path.outcome(at, direction, seconds)
            if outcome is not None:
                found.append(outcome)
                if len(found) == self._draws:
                    break
        return tuple(found)

    def result(self) -> Review:
        """Everything so far. Cost: the bootstrap of every line."""
        rules = [ALL, *sorted(self._signals)] if self._signals else []
        draw = np.random.default_rng(self._seed)
        lines = [self._line(rule, seconds, draw) for rule in rules for seconds in HORIZONS]
        return Review(
            tuple(lines),
            dict(sorted(self._signals.items())),
            self._instants / 3600.0,
            self._until,
            self._sessions,
            self._draws,
            self._seed,
        )

    def _line(self, rule: str, seconds: int, draw: np.random.Generator) -> Line:
        rules = sorted(self._signals) if rule == ALL else [rule]
        rows = [row for name in rules for row in self._rows.get((name, seconds), [])]
        unknown = sum(self._unknown.get((name, seconds), 0) for name in rules)
        moves = np.array([row.own.move for row in rows])
        compared = [row for row in rows if row.others]
        random = [other for row in compared for other in row.others]
        excess = np.array(
            [row.own.move - _mean([other.move for other in row.others]) for row in compared]
        )
        hits = sum(row.own.move > 0 for row in rows)
        return Line(
            rule,
            seconds,
            len(rows),
            unknown,
            mean_interval(moves, draw),
            _mean_or_none([other.move for other in random]),
            mean_interval(excess, draw),
            _mean_or_none([row.own.favourable for row in rows]),
            _mean_or_none([row.own.adverse for row in rows]),
            _mean_or_none([other.favourable for other in random]),
            _mean_or_none([other.adverse for other in random]),
            exact_interval(hits, len(rows)),
            _mean_or_none([float(other.move > 0) for other in random]),
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean_or_none(values: Sequence[float]) -> float | None:
    return _mean(values) if values else None
