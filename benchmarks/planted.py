"""What was planted against what was announced: recall, precision, delay, false alarms; pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["KINDS", "Announced", "Score", "score", "table"]

_SECOND: Final = 1_000_000_000
_LATE: Final = _SECOND
"""An announcement this long after the end still counts: instants and bars close behind it."""
_WARM: Final = {"traded": 1800 * _SECOND}
"""What needs bars before it can stand out is judged from here on after the beginning."""

KINDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "resting": ("walls", ("walls",)),
    "traded": ("concentrations", ("concentrations", "icebergs", "absorptions")),
    "absorption": ("absorptions", ("absorptions", "icebergs", "concentrations")),
    "iceberg": ("icebergs", ("icebergs", "absorptions", "concentrations")),
}
"""Cluster kind: what was planted for it, and what makes an announcement of it no false one.

An iceberg absorbs, and whatever is refilled as it is traded away looks like an iceberg from L2.
"""


@dataclass(frozen=True, slots=True)
class Announced:
    """A ``new`` event: side as a word, bounds in ticks, ns UTC."""

    kind: str
    side: str
    low: int
    high: int
    time: int


@dataclass(slots=True)
class Score:
    """One kind.

    Attributes:
        planted: things that were to be found.
        found: of them.
        announced: clusters that were announced while anything of the kind could be judged.
        fitting: of them, those that fit something planted.
        delays: from the beginning of each found thing to its announcement, s.
        hours: that were looked at.
        flickers: announcements of walls that came and went too quickly to be ones.
    """

    planted: int = 0
    found: int = 0
    announced: int = 0
    fitting: int = 0
    delays: list[float] = field(default_factory=list)
    hours: float = 0.0
    flickers: int = 0

    @property
    def recall(self) -> float | None:
        return self.found / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        return self.fitting / self.announced if self.announced else None

    @property
    def false_alarms(self) -> float | None:
        """An hour."""
        return (self.announced - self.fitting) / self.hours if self.hours else None

    def add(self, other: "Score") -> None:
        for name in ("planted", "found", "announced", "fitting", "hours", "flickers"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.delays += other.delays


def score(
    kind: str,
    truth: Mapping[str, Sequence[Mapping[str, Any]]],
    found: Iterable[Announced],
    begin: int,
    end: int,
) -> Score:
    """Judge the announcements of one kind.

    Args:
        kind: of KINDS.
        truth: what the generator says.
        found: all announcements.
        begin: of the recording, ns UTC.
        end: of it.
    """
    since = begin + _WARM.get(kind, 0)
    wanted, allowed = KINDS[kind]
    mine = sorted((a for a in found if a.kind == kind and a.time >= since), key=lambda a: a.time)
    result = Score(announced=len(mine), hours=(end - since) / 3600 / _SECOND)
    for thing in truth.get(wanted, ()):
        if thing["t_start"] < since:
            continue
        result.planted += 1
        hits = [a for a in mine if _fits(a, thing)]
        if hits:
            result.found += 1
            result.delays.append((hits[0].time - thing["t_start"]) / _SECOND)
    planted = [thing for name in allowed for thing in truth.get(name, ())]
    result.fitting = sum(any(_fits(a, thing) for thing in planted) for a in mine)
    if kind == "resting":
        flickers = truth.get("flickers", ())
        result.flickers = sum(any(_fits(a, thing) for thing in flickers) for a in mine)
    return result


def _fits(one: Announced, thing: Mapping[str, Any]) -> bool:
    """Whether an announcement is of a planted thing: its price, its side, its time."""
    return (
        one.low <= thing["ticks"] <= one.high
        and (one.kind == "traded" or one.side == thing["side"])
        and thing["t_start"] <= one.time <= thing["t_end"] + _LATE
    )


def table(scores: Mapping[str, Score], false: Mapping[str, Score]) -> list[str]:
    """Lines of a Markdown table.

    Args:
        scores: by kind, with things planted.
        false: by kind, on the book of independent arrivals.
    """
    lines = [
        "| planted | things | recall | precision | delay, median | delay, 9 of 10 | "
        "false alarms/h | on independent arrivals/h |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for kind, one in scores.items():
        delays = sorted(one.delays)
        median = f"{statistics.median(delays):.1f} s" if delays else ""
        slow = f"{delays[min(len(delays) - 1, len(delays) * 9 // 10)]:.1f} s" if delays else ""
        name = f"{kind} ({KINDS[kind][0]})"
        lines.append(
            f"| {name} | {one.planted} | {_share(one.recall)} | {_share(one.precision)} | {median} "
            f"| {slow} | {_rate(one.false_alarms)} | {_rate(false[kind].false_alarms)} |"
        )
    return lines


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
