"""The thresholds of the signals on one dial, from loose (0) to strict (1); pure."""

import math
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from orderbook import Parameters

__all__ = ["KNOBS", "SWITCHES", "Knob", "Tried", "find_dial", "settings_at", "turned"]


class Knob(NamedTuple):
    """A threshold, and where the dial's ends put it.

    Attributes:
        section: of the configuration.
        key: in it.
        loose: value at 0.
        strict: value at 1; between them on a straight line.
        digits: to which it is rounded. Of a threshold that is compared with a whole number none,
            or the least turn of the dial would be as good as the next whole number.
    """

    section: str
    key: str
    loose: float
    strict: float
    digits: int = 4


KNOBS: Final = (
    Knob("clusters", "on_factor", 2.0, 6.0),
    Knob("clusters", "off_factor", 1.4, 4.0),
    Knob("signals", "bounce_imbalance", 1.0, 60.0),
    Knob("signals", "break_share", 0.3, 0.9),
    Knob("signals", "stack_rows", 3.0, 7.0, digits=0),
    Knob("signals", "absorption_rel", 1.0, 4.0),
    Knob("signals", "pull_share", 0.3, 0.95),
    Knob("signals", "pull_imbalance", -20.0, 60.0),
    Knob("signals", "spacing_s", 5.0, 240.0),
)
SWITCHES: Final = {
    "bounce": "bounce",
    "break": "breaks",
    "stack_continuation": "stack",
    "absorption_reversal": "absorption",
    "pull_ahead": "pull",
}
"""Of the rules, in section ``signals``."""
_OFF: Final = "off"
_CLOSE: Final = 0.1
"""Relative distance of a rate from the one that was asked for at which it is good enough."""


class Tried(NamedTuple):
    """A position of the dial, and the signals an hour that it gave."""

    dial: float
    rate: float


def settings_at(dial: float, off: Collection[str] = ()) -> dict[str, dict[str, float | str]]:
    """The thresholds at a position, 0 to 1, as the configuration holds them.

    Args:
        dial: the position.
        off: rules that are switched off.
    """
    settings: dict[str, dict[str, float | str]] = {}
    for knob in KNOBS:
        value = round(knob.loose + (knob.strict - knob.loose) * dial, knob.digits)
        settings.setdefault(knob.section, {})[knob.key] = value
    for rule in off:
        settings["signals"][SWITCHES[rule]] = _OFF
    return settings


def turned(base: Parameters, dial: float, off: Collection[str] = ()) -> Parameters:
    """The same settings with the thresholds of a position, and without some rules."""
    return base.overridden(settings_at(dial, off))


def find_dial(rate_at: Callable[[float], float], wanted: float, rounds: int) -> list[Tried]:
    """Look for the position that gives a rate by halving; stricter gives fewer, near enough.

    Args:
        rate_at: signals an hour at a position; each call is a pass over the recording.
        wanted: above 0.
        rounds: most calls.

    Returns:
        All that was tried, the best last.
    """
    tried: list[Tried] = []
    for dial in (0.5, 0.0, 1.0):  # the ends are looked at only where they matter
        if tried and (dial == 0.0) == (tried[0].rate > wanted):
            continue
        found = Tried(dial, rate_at(dial))
        tried.append(found)
        if _near(found.rate, wanted) or (dial == 0.0 and found.rate <= wanted):
            return _best_last(tried, wanted)
        if dial == 1.0 and found.rate >= wanted:
            return _best_last(tried, wanted)
    low, high = (0.0, 0.5) if tried[0].rate <= wanted else (0.5, 1.0)
    while len(tried) < rounds:
        middle = (low + high) / 2.0
        found = Tried(middle, rate_at(middle))
        tried.append(found)
        if _near(found.rate, wanted):
            break
        if found.rate > wanted:
            low = middle
        else:
            high = middle
    return _best_last(tried, wanted)


def _near(rate: float, wanted: float) -> bool:
    return abs(rate - wanted) <= _CLOSE * wanted


def _best_last(tried: list[Tried], wanted: float) -> list[Tried]:
    """In the order of the trials, but for the nearest by ratio."""
    best = min(tried, key=lambda one: abs(math.log((one.rate + 1e-9) / wanted)))
    return [one for one in tried if one is not best] + [best]
