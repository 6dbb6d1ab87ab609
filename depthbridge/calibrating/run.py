"""Passes over a recording: the scores at the given settings, the dial, the shuffled book."""

import sys
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, cast

import numpy as np

from depthbridge.calibrating.dial import Tried, find_dial, turned
from depthbridge.calibrating.scores import Behaviour, ScoreKeeper
from depthbridge.calibrating.shuffled import Shuffled, Unset
from depthbridge.inputs import Input
from depthbridge.reviewing.sessions import sessions_of
from depthbridge.runs import SignalsRun
from market.errors import UsageError
from market.instrument import Instrument
from recording.readers import Recording

__all__ = ["Calibration", "Noise", "calibrate", "noise_in"]

_ROUNDS: Final = 9
_LEAST: Final = 0.1
"""Hours with a book; from less no rate is made."""
_LEAST_ALARMS: Final = 5
"""False alarms of a rule; from fewer nothing is concluded."""
_OF_SIZES: Final = ("bounce", "break", "pull_ahead")
"""Rules that read sizes of the book. The others read trades, which the shuffled book keeps: what
they say there is no false alarm."""


class Noise(NamedTuple):
    """A rule that says on the shuffled book more than half of what it says on the recording.

    Attributes:
        rate: signals an hour on the recording, at the position where that was found.
        false_alarms: the same on the time-shuffled book.
    """

    rate: float
    false_alarms: float


class Calibration(NamedTuple):
    """The result.

    Attributes:
        instrument: of the recording.
        wanted: signals an hour that were asked for.
        tried: positions of the dial, the chosen one last.
        hours: with a book that had a mid.
        rules: signals of each rule at the chosen position.
        false_alarms: signals an hour on the time-shuffled book at the chosen position; None: a
            book of orders, whose sizes cannot change places.
        shuffled_rules: of them, by rule, an hour.
        noise: rules that are not separated from noise, and were switched off for it.
        seed: of the shuffling.
        behaviour: of the scores.
    """

    instrument: Instrument
    wanted: float
    tried: list[Tried]
    hours: float
    rules: dict[str, int]
    false_alarms: float | None
    shuffled_rules: dict[str, float]
    noise: dict[str, Noise]
    seed: int
    behaviour: Behaviour

    @property
    def dial(self) -> float:
        """The chosen position."""
        return self.tried[-1].dial

    @property
    def rate(self) -> float:
        """Signals an hour that it gave."""
        return self.tried[-1].rate


def calibrate(given: Input, wanted: float, seed: int, *, tolerant: bool) -> Calibration:
    """Find thresholds for about so many signals an hour, and say how the scores behaved.

    Reads the recording once for the scores, then once for each position of the dial and once
    shuffled. A rule that the shuffled book shows to be noise is switched off, and the dial turned
    anew without it.

    Args:
        given: recording, window, settings; the recording's own settings do not count.
        wanted: signals an hour.
        seed: of the shuffling.
        tolerant: a fault of the book empties it.

    Raises:
        UsageError: less than six minutes with a book.
        DataError: the recording is wrong somewhere.
    """
    recording = cast("Recording", Unset(given.recording))
    keeper, hours = ScoreKeeper(), 0.0
    for part in sessions_of(given, recording, given.settings.analytics, tolerant=tolerant):
        keeper.take(part)
        known = int((~np.isnan(part.path.mids)).sum())
        hours += known * part.path.step / 3.6e12
    if hours < _LEAST:
        raise UsageError(
            f"{given.recording.path} has {hours * 60:.1f} minutes with a book, and needs "
            f"{_LEAST * 60:.0f}",
            code="too_short",
        )
    passes = _Passes(given, tolerant=tolerant)
    noise: dict[str, Noise] = {}
    while True:
        tried, rules = _search(passes, recording, wanted, hours, noise)
        shuffled: dict[str, int] | None = None
        if not passes.by_order:
            mixed = cast("Recording", Shuffled(given.recording, seed))
            shuffled = passes.signals(mixed, tried[-1].dial, noise)
        found = [rule for rule in noise_in(rules, shuffled or {}) if rule not in noise]
        if not found:
            break
        for rule in found:
            noise[rule] = Noise(rules.get(rule, 0) / hours, (shuffled or {})[rule] / hours)
            _say(f"{rule} is not separated from noise: again without it")
    return Calibration(
        given.recording.instrument,
        wanted,
        tried,
        hours,
        rules,
        None if shuffled is None else sum(shuffled.values()) / hours,
        {rule: count / hours for rule, count in (shuffled or {}).items()},
        noise,
        seed,
        keeper.result(),
    )


def noise_in(rules: Mapping[str, int], shuffled: Mapping[str, int]) -> list[str]:
    """Rules of sizes whose false alarms suffice to judge by, and are over half of their signals.

    Args:
        rules: signals by rule on the recording.
        shuffled: the same on the shuffled book, at the same thresholds.
    """
    return [
        rule
        for rule, alarms in shuffled.items()
        if rule in _OF_SIZES and alarms >= _LEAST_ALARMS and 2 * alarms > rules.get(rule, 0)
    ]


def _search(
    passes: "_Passes", recording: Recording, wanted: float, hours: float, off: Collection[str]
) -> tuple[list[Tried], dict[str, int]]:
    """Positions of the dial, the best last, and the signals by rule that it gave."""
    counted: dict[float, dict[str, int]] = {}

    def rate_at(dial: float) -> float:
        counted[dial] = passes.signals(recording, dial, off)
        rate = sum(counted[dial].values()) / hours
        _say(f"dial {dial:.3f}: {rate:.1f} signals an hour")
        return rate

    tried = find_dial(rate_at, wanted, _ROUNDS)
    return tried, counted[tried[-1].dial]


class _Passes:
    """Runs that count signals by rule."""

    def __init__(self, given: Input, *, tolerant: bool) -> None:
        self._given = given
        self._tolerant = tolerant
        self.by_order = False

    def signals(self, recording: Recording, dial: float, off: Collection[str]) -> dict[str, int]:
        """How many signals of each rule the whole recording gives, with some switched off."""
        counts: Counter[str] = Counter()
        run = SignalsRun(
            recording,
            self._given.window,
            parameters=turned(self._given.settings.analytics, dial, off),
            calendar_of=self._given.settings.calendar,
            tolerant=self._tolerant,
        )
        for columns in run:
            counts.update(columns["kind"])
        self.by_order = self.by_order or run.metadata()["book"] == "L3"
        return dict(sorted(counts.items()))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
