"""Charts as SVG inside the page; colours come from its style.

Time runs by bins: stretches without any (closed markets, holes of the recording) take no room,
and are marked where they were.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from depthbridge.calibrating.scores import Distribution
from depthbridge.clocktime import moment
from depthbridge.reporting.markup import Markup, join, tag
from depthbridge.reporting.series import Series
from depthbridge.reviewing.intervals import Interval

__all__ = [
    "Mark",
    "histogram_chart",
    "interval_chart",
    "line_chart",
    "price_chart",
    "profile_chart",
    "split_chart",
]

_WIDTH: Final = 760
_LEFT: Final = 66
_RIGHT: Final = 10
_TOP: Final = 12
_BOTTOM: Final = 22
_APART: Final = 84
"""Least distance of two labels of time, pixels."""
_NS: Final = 1_000_000_000
_STEPS: Final = tuple(
    seconds * _NS
    for seconds in (
        *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
        *(3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000),
    )
)
_PROFILE_ROWS: Final = 120
_Floats = NDArray[np.float64]


class Mark(NamedTuple):
    """A signal on a chart of prices.

    Attributes:
        time: ns UTC.
        price: where.
        up: its direction.
        words: that are shown when the pointer rests on it.
    """

    time: int
    price: float
    up: bool
    words: str


class _Plot:
    """Places on a chart whose x is time by bins, and whose y lies between two values."""

    def __init__(self, series: Series, low: float, high: float, height: int) -> None:
        self.series = series
        if high <= low:
            low, high = low - 1.0, high + 1.0
        room = 0.04 * (high - low)
        self.low, self.high, self.height = low - room, high + room, height
        self.bottom = height - _BOTTOM
        self._step = (_WIDTH - _LEFT - _RIGHT) / max(len(series.times), 1)

    def x(self, place: float) -> float:
        """The middle of a bin."""
        return _LEFT + (place + 0.5) * self._step

    def at(self, time: int) -> float | None:
        """Where a time lies; None: before or after everything."""
        times, width = self.series.times, self.series.width
        place = int(np.searchsorted(times, time))
        if place == len(times) or time < times[0] - width:
            return None
        part = (time - (int(times[place]) - width)) / width
        return _LEFT + (place + max(part, 0.0)) * self._step

    def y(self, value: float) -> float:
        """Where a value lies."""
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - _TOP)

    def holes(self) -> list[int]:
        """Bins before which others are missing."""
        found: list[int] = (
            np.flatnonzero(np.diff(self.series.times) > self.series.width) + 1
        ).tolist()
        return found

    def runs(self, values: _Floats) -> Iterator[range]:
        """Stretches of bins that follow each other and whose values are known."""
        edges = set(self.holes())
        begin: int | None = None
        for place, value in enumerate(values.tolist()):
            if begin is not None and (place in edges or math.isnan(value)):
                yield range(begin, place)
                begin = None
            if begin is None and not math.isnan(value):
                begin = place
        if begin is not None:
            yield range(begin, len(values))

    def line(self, values: _Floats, kind: str) -> Markup:
        """A line, broken where values are missing; a single value is a dot."""
        parts = []
        for run in self.runs(values):
            points = [f"{self.x(place):.1f} {self.y(values[place]):.1f}" for place in run]
            parts.append("M" + "L".join([*points, points[0]] if len(points) == 1 else points))
        return tag("path", d="".join(parts), class_=kind, stroke_linecap="round")

    def band(self, low: _Floats, high: _Floats) -> Markup:
        """The area between two lines."""
        parts = []
        for run in self.runs(low):
            above = [f"{self.x(place):.1f} {self.y(high[place]):.1f}" for place in run]
            below = [f"{self.x(place):.1f} {self.y(low[place]):.1f}" for place in reversed(run)]
            parts.append("M" + "L".join(above + below) + "Z")
        return tag("path", d="".join(parts), class_="area")

    def columns(self, values: _Floats) -> Markup:
        """A column from zero for each bin, by sign."""
        paths = {"buy": [], "sell": []}  # type: dict[str, list[str]]
        wide = max(self._step * 0.9, 0.5)
        for place, value in enumerate(values.tolist()):
            if not math.isnan(value) and value != 0.0:
                left, top, bottom = self.x(place) - wide / 2, self.y(value), self.y(0.0)
                kind = "buy" if value > 0 else "sell"
                paths[kind].append(f"M{left:.1f} {bottom:.1f}V{top:.1f}h{wide:.1f}V{bottom:.1f}Z")
        return join(tag("path", d="".join(parts), class_=kind) for kind, parts in paths.items())

    def axes(self, *, step: float = 0.0) -> Markup:
        """Lines and labels of both axes; values are multiples of ``step``, where it is given."""
        parts = []
        for value in _ticks(self.low, self.high, step):
            y = self.y(value)
            kind = "zero" if value == 0.0 else "grid"
            parts.append(
                tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=f"{y:.1f}", y2=f"{y:.1f}", class_=kind)
            )
            parts.append(_label(_LEFT - 6, y + 4, f"{value:,.10g}", "end"))
        for place, words in _times(self.series, self._step):
            x = _LEFT + place * self._step
            parts.append(
                tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=_TOP, y2=self.bottom, class_="grid")
            )
            anchor = "middle" if x + 20 < _WIDTH - _RIGHT else "end"
            parts.append(_label(x, self.height - 7, words, anchor))
        parts += [
            self.edge(_LEFT + place * self._step, "nothing recorded here, or closed")
            for place in self.holes()
        ]
        return join(parts)

    def edge(self, x: float, words: str) -> Markup:
        """A mark from top to bottom."""
        return tag(
            "line", tag("title", words),
            x1=f"{x:.1f}", x2=f"{x:.1f}", y1=_TOP, y2=self.bottom, class_="edge",
        )  # fmt: skip


def price_chart(
    series: Series, marks: Sequence[Mark], gaps: Iterable[tuple[int, str]], tick: float
) -> Markup:
    """Mid with its range in each bin, VWAP, signals, gaps.

    Args:
        series: with mid, low, high, vwap.
        marks: signals.
        gaps: when the stream broke (ns UTC), and the words for it.
        tick: labels are multiples of it.
    """
    values = series.columns
    shown = [values[name] for name in ("low", "high", "vwap")]
    prices = [mark.price for mark in marks]
    plot = _Plot(series, *_range([*shown, np.array(prices)]), 300)
    parts = [
        plot.axes(step=tick),
        plot.band(values["low"], values["high"]),
        plot.line(values["mid"], "main"),
        plot.line(values["vwap"], "second"),
    ]
    for time, words in gaps:
        x = plot.at(time)
        if x is not None:
            parts.append(plot.edge(x, words))
    parts += [_sign(plot, mark) for mark in marks]
    return _svg(plot.height, "price, VWAP and signals over time", parts)


def _sign(plot: _Plot, mark: Mark) -> Markup:
    x = plot.at(mark.time)
    if x is None:
        return Markup("")
    y, way = plot.y(mark.price), 1 if mark.up else -1
    points = f"{x:.1f},{y:.1f} {x - 5:.1f},{y + 9 * way:.1f} {x + 5:.1f},{y + 9 * way:.1f}"
    kind = "sign buy" if mark.up else "sign sell"
    return tag("polygon", tag("title", mark.words), points=points, class_=kind)


def line_chart(series: Series, columns: Sequence[tuple[str, str]], words: str) -> Markup:
    """Lines over time.

    Args:
        series: of the columns.
        columns: name, and kind of line.
        words: what it shows.
    """
    low, high = _range([series.columns[name] for name, _ in columns])
    plot = _Plot(series, min(low, 0.0), max(high, 0.0), 180)
    lines = [plot.line(series.columns[name], kind) for name, kind in columns]
    return _svg(plot.height, words, [plot.axes(), *lines])


def split_chart(series: Series, column: str, words: str) -> Markup:
    """Columns over time, up and down from zero."""
    low, high = _range([series.columns[column]])
    plot = _Plot(series, min(low, 0.0), max(high, 0.0), 150)
    return _svg(plot.height, words, [plot.axes(), plot.columns(series.columns[column])])


def profile_chart(profile: dict[str, Any], tick: float) -> Markup:
    """Volume by price, the highest on top, with POC and value area.

    Args:
        profile: as ``analyze_volume_profile`` says it, with rows.
        tick: distance of two rows; where there are many, several are drawn as one.
    """
    low, grid, each = _grouped(profile["rows"], tick)
    count = len(grid)
    tall = min(max(360.0 / count, 3.0), 14.0)
    height = round(_TOP + count * tall + 8)
    most = max(float(grid.sum(axis=1).max()), 1e-9)
    base = _TOP + count * tall

    def y(price: float) -> float:
        return base - (price - low) / (tick * each) * tall

    def line(price: float, kind: str) -> Markup:
        at = f"{y(price) - tall / (2 * each):.1f}"
        return tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=at, y2=at, class_=kind)

    top, bottom = y(profile["value_area_high"] + tick), y(profile["value_area_low"])
    parts = [
        tag("rect", x=_LEFT, y=f"{top:.1f}", width=_WIDTH - _LEFT - _RIGHT,
            height=f"{bottom - top:.1f}", class_="area"),
    ]  # fmt: skip
    for row, volumes in enumerate(grid.tolist()):
        x = float(_LEFT)
        for kind, volume in zip(("buy", "sell", "quiet"), volumes, strict=True):
            wide = volume / most * (_WIDTH - _LEFT - _RIGHT)
            if volume:
                at = base - (row + 1) * tall
                parts.append(tag("rect", x=f"{x:.1f}", y=f"{at:.1f}", width=f"{wide:.1f}",
                                 height=f"{max(tall - 0.8, 1.0):.1f}", class_=kind))  # fmt: skip
            x += wide
    parts.append(line(profile["poc"], "poc"))
    parts += [
        _label(_LEFT - 6, y(value) - tall / (2 * each) + 4, f"{value:,.10g}", "end")
        for value in _ticks(low, low + (count * each - 0.5) * tick, tick, 12)
    ]
    return _svg(height, "volume by price", parts)


def _grouped(rows: Sequence[Sequence[float]], tick: float) -> tuple[float, _Floats, int]:
    """Lowest price, volumes [row, buy sell unknown], and how many ticks are a row."""
    prices = np.array([row[0] for row in rows])
    places = np.rint((prices - prices[0]) / tick).astype(np.int64)
    each = -(-(int(places[-1]) + 1) // _PROFILE_ROWS)
    grid = np.zeros((int(places[-1]) // each + 1, 3))
    np.add.at(grid, places // each, np.array([row[1:4] for row in rows], np.float64))
    return float(prices[0]), grid, each


def histogram_chart(one: Distribution, words: str) -> Markup:
    """How often a score had which value."""
    width, height, base = 240, 92, 74
    most = max(*one.counts, 1)
    wide = width / len(one.counts)
    path = "".join(
        f"M{place * wide:.1f} {base}V{base - 66 * count / most:.1f}h{wide * 0.9:.1f}V{base}Z"
        for place, count in enumerate(one.counts)
    )
    parts = [
        tag("path", d=path, class_="fill"),
        tag("line", x1=0, x2=width, y1=base, y2=base, class_="zero"),
        _label(0, height - 4, f"{one.low:.3g}", "start"),
        _label(width, height - 4, f"{one.high:.3g}", "end"),
    ]
    return _svg(height, words, parts, width)


def interval_chart(rows: Sequence[tuple[str, Interval, bool]], words: str) -> Markup:
    """Values with their intervals, one under the other, around zero.

    Args:
        rows: name, value and interval, and whether it stands on enough to be seen at once.
        words: what it shows.
    """
    known = [value for _, one, _ in rows for value in one if value is not None]
    low, high = min([*known, 0.0]), max([*known, 0.0])
    room = 0.05 * (high - low) or 1.0
    low, high, left, tall = low - room, high + room, 200, 24
    height = _TOP + tall * len(rows) + _BOTTOM

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (_WIDTH - left - _RIGHT)

    parts = []
    for value in _ticks(low, high, 0.0, 8):
        at = f"{x(value):.1f}"
        kind = "zero" if value == 0.0 else "grid"
        parts.append(tag("line", x1=at, x2=at, y1=_TOP, y2=height - _BOTTOM, class_=kind))
        parts.append(_label(x(value), height - 7, f"{value:+g}" if value else "0", "middle"))
    for number, (name, one, firm) in enumerate(rows):
        y = _TOP + tall * (number + 0.5)
        parts.append(_label(left - 8, y + 4, name, "end"))
        if one.value is not None and one.low is not None and one.high is not None:
            ends = {"x1": f"{x(one.low):.1f}", "x2": f"{x(one.high):.1f}"}
            at, kinds = f"{y:.1f}", ("main", "fill") if firm else ("faint", "quiet")
            parts.append(tag("line", **ends, y1=at, y2=at, class_=kinds[0]))
            parts.append(tag("circle", cx=f"{x(one.value):.1f}", cy=at, r=4, class_=kinds[1]))
    return _svg(height, words, parts)


def _svg(height: int, words: str, parts: Iterable[str], width: int = _WIDTH) -> Markup:
    return tag(
        "svg", *parts, viewBox=f"0 0 {width} {height}", role="img", aria_label=words,
    )  # fmt: skip


def _label(x: float, y: float, words: str, anchor: str) -> Markup:
    return tag("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def _range(arrays: Iterable[_Floats]) -> tuple[float, float]:
    """Least and largest known value; 0 and 0 without any."""
    joined = np.concatenate([np.asarray(values, np.float64) for values in arrays])
    joined = joined[~np.isnan(joined)]
    return (float(joined.min()), float(joined.max())) if len(joined) else (0.0, 0.0)


def _ticks(low: float, high: float, step: float, most: int = 6) -> list[float]:
    """Round values between two: 1, 2, 2.5 or 5 times a power of ten, and multiples of ``step``."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    wide = next(power * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if power * factor >= raw)
    if step:
        wide = max(round(wide / step), 1) * step
    first = math.ceil(low / wide)
    return [number * wide for number in range(first, math.floor(high / wide) + 1)]


def _times(series: Series, wide: float) -> list[tuple[int, str]]:
    """Bins that are labelled, each with its words: those in which a round time lies."""
    times = series.times - series.width
    if not len(times):
        return []
    step = next(
        (one for one in _STEPS if one * wide >= _APART * series.width), _STEPS[-1]
    )  # fmt: skip
    rounds = np.flatnonzero(np.diff(times // step)) + 1
    found: list[tuple[int, str]] = []
    days = int(times[-1]) // (86_400 * _NS) != int(times[0]) // (86_400 * _NS)
    for place in rounds.tolist() or [0]:
        if found and (place - found[-1][0]) * wide < _APART - 20:
            continue
        time = int(series.times[place])
        words = moment(time // step * step if place else time)
        clock = words[11:19] if step < 60 * _NS else words[11:16]
        found.append((place, f"{words[5:10]} {clock}" if days else clock))
    return found
