"""What the generator plants, and when: walls of three fates on both sides, concentrated trading.

Asked for everything, icebergs, absorption and flickering walls too. ``Plan`` is the intention;
``Wall``, ``Concentration``, ``Episode`` and ``Flicker`` are the truth about the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from market.enums import Side

__all__ = [
    "Concentration",
    "Episode",
    "Fate",
    "Flicker",
    "Plan",
    "Plant",
    "Wall",
    "make_plans",
]

_SECOND: Final = 1_000_000_000
_FIRST: Final = 75 * _SECOND
_LAST: Final = 120 * _SECOND
"""Nothing begins so close to the end that it could not be finished."""
_SPACING: Final = (95, 125)


class Fate(StrEnum):
    """What happens to a planted wall."""

    CONSUMED = "consumed"
    """Traded down at the touch; the price goes no further for a while."""
    PULLED = "pulled"
    """Cancelled, never traded."""
    THROUGH = "through"
    """Taken by one order that trades two ticks beyond it and more."""


class Plant(StrEnum):
    """What else is planted when everything is asked for."""

    ICEBERG = "iceberg"
    """The best row shows little and is restored at once, whatever is traded there."""
    ABSORPTION = "absorption"
    """Market orders hit the best row without end; it is filled up again by and by, and holds."""
    FLICKER = "flicker"
    """A wall that is there for less than half a second, again and again, and never traded."""


class Plan(NamedTuple):
    """One thing to plant.

    Attributes:
        time: not before, ns UTC.
        side: whose row.
        fate: of the wall; None is concentrated trading, or what ``plant`` says.
        position: row of the ladder at which the wall appears.
        size: contracts on top of the row's ordinary size.
        hold: ns that the wall is left alone, or that trading is concentrated.
        plant: what it is when it is neither a wall nor concentrated trading.
    """

    time: int
    side: Side
    fate: Fate | None
    position: int
    size: int
    hold: int
    plant: Plant | None = None


@dataclass(frozen=True, slots=True)
class Wall:
    """A planted wall: what happened to it, as the rows show it.

    Attributes:
        side: whose row it was.
        price: ticks.
        size: displayed when it appeared, the ordinary size of its row included.
        t_start: it appears, ns UTC.
        t_hit: first trade against it; None if there was none.
        t_end: nothing of it is left.
        fate: consumed, pulled or through.
    """

    side: Side
    price: int
    size: int
    t_start: int
    t_hit: int | None
    t_end: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class Concentration:
    """Much volume at one price: its row was refilled as fast as it was traded.

    Prices in ticks, times ns UTC; ``side`` is whose row it was.
    """

    side: Side
    price: int
    volume: int
    t_start: int
    t_end: int


@dataclass(frozen=True, slots=True)
class Episode:
    """A planted iceberg or absorption.

    Attributes:
        side: whose row it was.
        price: ticks.
        volume: traded against it.
        shown: the most that the row showed at a time.
        t_start: the first trade can come from here on, ns UTC.
        t_end: it is over.
    """

    side: Side
    price: int
    volume: int
    shown: int
    t_start: int
    t_end: int


@dataclass(frozen=True, slots=True)
class Flicker:
    """A wall that came and went, ``times`` times, never for ``longest`` ns or more.

    Prices in ticks, times ns UTC.
    """

    side: Side
    price: int
    size: int
    times: int
    longest: int
    t_start: int
    t_end: int


class _Draw(Protocol):
    def between(self, low: int, high: int) -> int: ...


_CYCLE: Final = (Fate.CONSUMED, Fate.PULLED, Fate.THROUGH, None, Fate.PULLED, Fate.CONSUMED)
"""The side changes with every entry and with every round, so each fate meets both sides."""


_EVERYTHING: Final[tuple[Fate | Plant | None, ...]] = (
    *(Plant.ICEBERG, Fate.PULLED, Plant.ABSORPTION, Plant.FLICKER, Fate.CONSUMED),
    *(Plant.ICEBERG, Fate.THROUGH, Plant.ABSORPTION, Plant.FLICKER),
)
"""An odd number, so that each meets both sides."""


def make_plans(draw: _Draw, start: int, end: int, *, everything: bool = False) -> list[Plan]:
    """What to plant between two times, in order of time."""
    return list(_plans(draw, start, end, _EVERYTHING if everything else _CYCLE))


def _plans(
    draw: _Draw, start: int, end: int, cycle: tuple[Fate | Plant | None, ...]
) -> Iterator[Plan]:
    time = start + _FIRST
    number = 0
    while time < end - _LAST:
        turn, place = divmod(number, len(cycle))
        what = cycle[place]
        fate = what if isinstance(what, Fate) else None
        yield Plan(
            time=time,
            side=Side((turn + place) % 2),
            fate=fate,
            position=draw.between(4, 6),
            size=draw.between(520, 800),
            hold=draw.between(8, 40) * _SECOND if fate else draw.between(12, 18) * _SECOND,
            plant=what if isinstance(what, Plant) else None,
        )
        time += draw.between(*_SPACING) * _SECOND
        number += 1
