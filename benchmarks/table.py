"""The table: ours beside the rival of the same run, the goal, and whether it was reached."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.lines import LINES, SECTIONS, Line

__all__ = ["Verdict", "lines_of", "markdown"]

_SCALES: Final = {"ns/record": 1e9, "µs": 1e6, "s": 1.0}
_SIZES: Final = ("KiB", "bytes")
_CLOSE: Final = 1.5
_HEAD: Final = ("", "median", "best", "unit", "rival", "ratio", "goal", "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the table, judged.

    Attributes:
        line: what was measured.
        ours: figures in the line's unit, one per round; empty when it was not measured.
        rivals: the same of each rival, by name.
        note: why something is missing.
        pace: how many times longer this machine takes than the one of the goals; None: unknown.
    """

    line: Line
    ours: Sequence[float]
    rivals: Mapping[str, Sequence[float]]
    note: str = ""
    pace: float | None = None

    @property
    def ratio(self) -> float | None:
        """Our median over the rival's, if the line has a rival and it ran."""
        rival = self.rivals.get(self.line.rival)
        if not rival or not self.ours:
            return None
        return statistics.median(self.ours) / statistics.median(rival)

    @property
    def excess(self) -> float | None:
        """How many times worse than the goal; at most 1: reached. None: nothing to judge."""
        line = self.line
        if line.ratio is not None and self.ratio is not None:
            return _excess(self.ratio, line.ratio, line)
        return self._beyond(line.goal)

    @property
    def goal_here(self) -> float | None:
        """The goal of the other machine as it would be on this one; None where a rival decides.

        Sizes are the same everywhere.
        """
        line = self.line
        decided = line.ratio is not None and self.ratio is not None
        if line.goal is None or self.pace is None or decided or line.unit in _SIZES:
            return None
        return line.goal / self.pace if line.higher else line.goal * self.pace

    def _beyond(self, goal: float | None) -> float | None:
        """How many times worse than that."""
        if not self.ours or goal is None:
            return None
        return _excess(statistics.median(self.ours), goal, self.line)

    @property
    def word(self) -> str:
        """``reached``, ``within 1.5 ×`` or ``MISSED`` with the factor, then the same of here."""
        if not self.ours:
            return self.note or "not measured"
        excess = self.excess
        if excess is None:
            return ""
        word = _judged(excess)
        here = self._beyond(self.goal_here)
        return word if here is None else f"{word}; here {_judged(here)}"


def _excess(found: float, wanted: float, line: Line) -> float:
    return wanted / found if line.higher else found / wanted


def _judged(excess: float) -> str:
    if excess <= 1:
        return "reached"
    return f"within {_CLOSE} ×" if excess <= _CLOSE else f"MISSED {excess:.1f} ×"


def verdicts(results: Mapping[str, Any]) -> Iterator[Verdict]:
    """Every line, from what pytest-benchmark writes."""
    pace = results["machine_info"]["depthbridge"].get("pace")
    times = None if pace is None else pace["times"]
    found: dict[str, dict[str, Sequence[float]]] = {}
    for one in results["benchmarks"]:
        for role, figures in _figures(one).items():
            for key, values in figures.items():
                found.setdefault(key, {})[role] = values
    for key, line in LINES.items():
        roles = found.get(key, {})
        yield Verdict(line, roles.pop("ours", ()), roles, pace=times)


def _figures(one: Mapping[str, Any]) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Figures by role and line in the line's unit: as measured by itself, or from the rounds."""
    info = one["extra_info"]
    kept: dict[str, dict[str, list[float]]] | None = info.get("figures")
    if kept is not None:
        return kept
    line, items = LINES[info["line"]], info["items"]
    if line.higher:
        values = [items / seconds / 1e6 for seconds in one["stats"]["data"]]
    else:
        values = [seconds / items * _SCALES[line.unit] for seconds in one["stats"]["data"]]
    return {info["role"]: {info["line"]: values}}


def lines_of(results: Mapping[str, Any]) -> Iterator[str]:
    """The table as text."""
    widths = (50, 9, 9, 13, 20, 7, 27, 34)
    yield from conditions(results)
    judged = list(verdicts(results))
    for section, title in SECTIONS.items():
        members = [one for one in judged if one.line.section == section and one.ours]
        if not members:
            continue
        yield ""
        yield "".join(
            _pad(cell, width, i)
            for i, (cell, width) in enumerate(zip((title, *_HEAD[1:]), widths, strict=True))
        )
        for one in members:
            cells = zip(_cells(one), widths, strict=True)
            yield "".join(_pad(cell, width, i) for i, (cell, width) in enumerate(cells)).rstrip()


def markdown(results: Mapping[str, Any]) -> dict[str, list[str]]:
    """The same tables for a page, by the section that was measured."""
    judged = list(verdicts(results))
    tables = {}
    for section, title in SECTIONS.items():
        members = [one for one in judged if one.line.section == section and one.ours]
        if members:
            head = [
                "| " + " | ".join((title, *_HEAD[1:])) + " |",
                "|---|--:|--:|---|---|--:|---|---|",
            ]
            tables[section] = [*head, *("| " + " | ".join(_cells(one)) + " |" for one in members)]
    return tables


def conditions(results: Mapping[str, Any]) -> Iterator[str]:
    """Under which conditions the figures hold."""
    machine = results["machine_info"]
    conditions = machine["depthbridge"]
    cpu = machine.get("cpu", {}).get("brand_raw") or machine.get("processor", "")
    yield f"{cpu}, {conditions['cores']} cores, {machine['system']} {machine['release']}"
    versions = ", ".join(f"{name} {version}" for name, version in conditions["versions"].items())
    yield f"Python {machine['python_version']}, {versions}"
    before, after = conditions["load"]
    yield f"{conditions['pinned']}; load {before:.1f} at the start, {after:.1f} at the end"
    yield f"C: {conditions['compiler']}"
    pace = conditions.get("pace")
    if pace is not None:
        here, there, times = (_number(pace[key]) for key in ("here", "there", "times"))
        yield f"C book of orders: {here} ns a record, {there} where the goals come from; × {times}"


def _cells(one: Verdict) -> tuple[str, ...]:
    line = one.line
    best = max(one.ours) if line.higher else min(one.ours)
    rival = one.rivals.get(line.rival)
    beside = (
        f"{line.rival} {_number(statistics.median(rival))}"
        if rival
        else (f"{line.rival}: absent" if line.rival else "")
    )
    sign = "≥" if line.higher else "≤"
    goals = [f"{sign} {_number(line.goal)}"] if line.goal is not None else []
    goals += [f"here {sign} {_number(one.goal_here)}"] if one.goal_here is not None else []
    goals += [f"{sign} {_number(line.ratio)} × rival"] if line.ratio is not None else []
    ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
    return (
        line.title,
        _number(statistics.median(one.ours)),
        _number(best),
        line.unit,
        beside,
        ratio,
        ", ".join(goals),
        one.word,
    )


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _pad(cell: str, width: int, column: int) -> str:
    return f"{cell:>{width - 1}} " if column in (1, 2, 5) else f"{cell:<{width}}"
