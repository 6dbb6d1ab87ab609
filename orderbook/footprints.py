"""The footprint of a bar: volume by row and aggressor, imbalances between them, and stacks.

Plain NumPy over the full tick grid of the bar; the open bar's stacks that become clusters are
found by ``orderbook.analytics.stacks`` with the same rule.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.errors import UsageError
from market.instrument import Instrument
from market.ticks import Grid

__all__ = [
    "MAX_BARS",
    "MODES",
    "PRESETS",
    "ZERO_RULES",
    "Choice",
    "Rule",
    "bar_fields",
    "bars_fields",
    "choice",
    "grid_of",
    "imbalances",
    "rule_of",
    "runs_of",
]

Flags = NDArray[np.bool_]
Volumes = NDArray[np.int64]

MODES: Final = ("diagonal", "horizontal")
ZERO_RULES: Final = ("allow", "ignore")
_MOST_STACKED: Final = 100
_MAX_ROWS: Final = 1 << 22
_MINUTE: Final = 60_000_000_000
MAX_BARS: Final = 1440
"""Bars of one answer; more are not kept."""


class Rule(NamedTuple):
    """When a row is an imbalance; volumes in size steps.

    Attributes:
        ratio: least multiple of the opposite volume.
        difference: least difference to it.
        volume: the own volume must be above it.
        horizontal: compare with the same row instead of the diagonal one.
        ignore_zero: an opposite volume of zero is no imbalance.
    """

    ratio: float
    difference: float
    volume: float
    horizontal: bool = False
    ignore_zero: bool = False


PRESETS: Final = {
    "nt": Rule(1.5, 10.0, 0.0),
    "tv": Rule(3.0, 0.0, 0.0),
    "atas": Rule(3.0, 0.0, 30.0),
}
"""The vendors' numbers, in the instrument's size unit."""


def rule_of(preset: str, mode: str, zero: str, size: Grid) -> Rule:
    """A preset with its mode and zero rule, in size steps.

    Raises:
        UsageError: no such preset, mode or zero rule.
    """
    for value, allowed in ((preset, tuple(PRESETS)), (mode, MODES), (zero, ZERO_RULES)):
        if value not in allowed:
            raise UsageError(f"{value!r} is none of {', '.join(allowed)}")
    rule = PRESETS[preset]
    steps = size.denominator / size.numerator
    return rule._replace(
        difference=rule.difference * steps,
        volume=rule.volume * steps,
        horizontal=mode == "horizontal",
        ignore_zero=zero == "ignore",
    )


class Choice(NamedTuple):
    """What somebody wants to see: words of a rule, and the height of a stack."""

    preset: str
    mode: str
    zero: str
    rows: int


def choice(
    configured: Any,  # noqa: ANN401 - the section of the parameters
    preset: str | None = None,
    mode: str | None = None,
    zero: str | None = None,
    rows: int | None = None,
) -> Choice:
    """What is given over what is configured.

    Raises:
        UsageError: no such word, or rows out of range.
    """
    chosen = Choice(
        configured.stack_preset if preset is None else preset,
        configured.stack_mode if mode is None else mode,
        configured.stack_zero if zero is None else zero,
        configured.stack_rows if rows is None else rows,
    )
    rule_of(chosen.preset, chosen.mode, chosen.zero, Grid(1))
    if not 1 <= chosen.rows <= _MOST_STACKED:
        raise UsageError(f"rows is 1 to {_MOST_STACKED}")
    return chosen


def imbalances(buy: Volumes, sell: Volumes, rule: Rule) -> tuple[Flags, Flags]:
    """The rows of a full tick grid that are buy and sell imbalances.

    Args:
        buy: volume bought from the ask by row, ascending in price.
        sell: volume sold to the bid.
        rule: when.
    """
    below, above = sell, buy
    if not rule.horizontal:
        below = np.concatenate([[0], sell])[:-1]
        above = np.concatenate([buy, [0]])[1:]
    return _stands_out(buy, below, rule), _stands_out(sell, above, rule)


def _stands_out(own: Volumes, opposite: Volumes, rule: Rule) -> Flags:
    flags: Flags = (
        (own > 0)
        & (own > rule.volume)
        & (own.astype(np.float64) >= rule.ratio * opposite.astype(np.float64))
        & (own - opposite >= rule.difference)
    )
    return flags & (opposite > 0) if rule.ignore_zero else flags


def runs_of(flags: Flags, rows: int) -> list[tuple[int, int]]:
    """First and last row of each maximal run of at least ``rows`` set flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    starts, stops = edges[::2].tolist(), edges[1::2].tolist()
    return [(a, b - 1) for a, b in zip(starts, stops, strict=True) if b - a >= rows]


def grid_of(cells: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Lowest row, and buy, sell and unknown volume of each tick from there to the highest row.

    Raises:
        UsageError: they are too many to lay out.
    """
    low = int(cells[0, 0])
    span = int(cells[-1, 0]) - low + 1
    if span > _MAX_ROWS:
        raise UsageError(f"trades span {span} ticks: too many to lay out")
    grid = np.zeros((3, span), np.int64)
    grid[:, cells[:, 0] - low] = cells[:, 1:4].T
    return low, grid


def bar_fields(
    cells: NDArray[np.int64], instrument: Instrument, rule: Rule, rows: int
) -> dict[str, Any]:
    """One bar's footprint in the instrument's units.

    Args:
        cells: (price, buy, sell, unknown, trades) in ticks and size steps, ascending; not empty.
        instrument: of the units.
        rule: of the imbalances.
        rows: least rows of a stack.

    Returns:
        ``rows`` as [price, buy, sell, unknown, delta, imbalance], imbalance ``buy``, ``sell``,
        ``both`` or None, rows without trades left out; ``stacks`` with side ``bid`` of buy
        imbalances and ``ask`` of sell imbalances.

    Raises:
        UsageError: the bar spans more rows than can be laid out.
    """
    low, grid = grid_of(cells)
    flags = imbalances(grid[0], grid[1], rule)
    price, size = instrument.tick.to_price, instrument.size.to_price
    buy, sell, unknown = (int(total) for total in grid.sum(axis=1))
    listed = [
        [
            *(price(row[0]), size(row[1]), size(row[2]), size(row[3]), size(row[1] - row[2])),
            _WORDS[bool(flags[0][row[0] - low]), bool(flags[1][row[0] - low])],
        ]
        for row in cells[:, :4].tolist()
    ]
    stacks = [
        {"side": side, "price_low": price(low + first), "price_high": price(low + last)}
        for side, mine in (("bid", flags[0]), ("ask", flags[1]))
        for first, last in runs_of(mine, rows)
    ]
    return {
        "low": price(low),
        "high": price(int(cells[-1, 0])),
        "volume": size(buy + sell + unknown),
        "buy": size(buy),
        "sell": size(sell),
        "delta": size(buy - sell),
        "rows": listed,
        "stacks": stacks,
    }


def bars_fields(
    closed: NDArray[np.int64],
    still: NDArray[np.int64],
    clock: int,
    instrument: Instrument,
    chosen: Choice,
    bars: int,
) -> dict[str, Any]:
    """The last bars, oldest first.

    Args:
        closed: cells of closed bars with the bar's end before each, as BARS_LOG holds them.
        still: cells of the open bar.
        clock: event time, which lies in the open bar.
        instrument: of the units.
        chosen: words of the rule, and rows of a stack.
        bars: at most so many.

    Returns:
        What was chosen, and ``bars``: each with its start ``time``, whether it is ``open``, and
        the fields of :func:`bar_fields`.

    Raises:
        UsageError: ``bars`` is out of range, or a bar is too wide.
    """
    if not 1 <= bars <= MAX_BARS:
        raise UsageError(f"bars is 1 to {MAX_BARS}")
    rule = rule_of(chosen.preset, chosen.mode, chosen.zero, instrument.size)
    ends = np.unique(closed[:, 0])
    parts = [(int(end) - _MINUTE, False, closed[closed[:, 0] == end, 1:]) for end in ends[-bars:]]
    if len(still):
        parts.append((clock // _MINUTE * _MINUTE, True, still))
    return {
        **chosen._asdict(),
        "bars": [
            {"time": time, "open": is_open, **bar_fields(cells, instrument, rule, chosen.rows)}
            for time, is_open, cells in parts[-bars:]
        ],
    }


_WORDS: Final = {
    (False, False): None,
    (True, False): "buy",
    (False, True): "sell",
    (True, True): "both",
}
