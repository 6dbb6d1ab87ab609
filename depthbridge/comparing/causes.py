"""What differs between our numbers and NinjaTrader's, by cause; pure.

The rules by which a difference is given a cause are in docs/analytics.md, Compared with
NinjaTrader.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from depthbridge.clocktime import moment
from depthbridge.comparing.tallies import MINUTE, Bar, Tally, day_of
from market.errors import UsageError
from market.session import SessionCalendar
from orderbook.analytics.profile import SHARES, point_of_control, value_area

__all__ = ["CAUSES", "Cause", "Comparison", "check_contract", "compare"]

CAUSES: Final = {
    "session": "another session template: bars that only one side has, outside of regular hours",
    "not_recorded": "bars that the recording has not: it began later, ended earlier or has gaps",
    "not_exported": "bars that the export has not, inside its own hours",
    "minute_edge": "trades at the full minute: NinjaTrader counts them to the bar that ends there",
    "missing_trades": "the recording has less volume in the bar, and it has gaps",
    "tick_replay": "no Tick Replay: bars say nothing of the volume at their prices",
    "between_spread": "trades between bid and ask: we give them the side of the trade before, "
    "NinjaTrader neither",
    "aggressor_source": "the aggressor is known from something else than the trade's own quotes",
    "value_area": "68 % against 70 % of the volume (preset nt68 gives NinjaTrader's)",
    "unexplained": "no cause that is known here",
}
"""In the order in which they are told."""

_EXAMPLES: Final = 3
_QUARTER: Final = 15 * MINUTE
"""All time zones are whole quarters of an hour apart."""
_FURTHEST: Final = 26 * 4
"""From UTC-12 to UTC+14."""
_ENOUGH: Final = 5
"""Bars that are no coincidence: equal in open, high, low, close and volume."""
_Area = dict[str, float]


@dataclass(slots=True)
class Cause:
    """How often, and how much of it.

    Attributes:
        count: bars, or sessions.
        volume: in size units: by how much they differ.
        examples: the first few, as time or date and what both sides say.
    """

    count: int = 0
    volume: float = 0.0
    examples: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Comparison:
    """The result.

    Attributes:
        instrument: symbol.
        kind: ``ticks``, ``minute`` or ``day``: what the export holds.
        period: length of a bar, ns.
        begin: of the part that both have, ns UTC.
        end: exclusive.
        compared: bars that both have.
        equal: bars of them that are equal in price and volume.
        causes: by name, those that were met, in the order of CAUSES.
        sessions: a row for each trade date.
    """

    instrument: str
    kind: str
    period: int
    begin: int
    end: int
    compared: int = 0
    equal: int = 0
    causes: dict[str, Cause] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)


def compare(ours: Tally, theirs: Tally, calendar: SessionCalendar) -> Comparison:
    """Put two tallies of one instrument side by side.

    Raises:
        UsageError: ``nothing_comparable``: no time in common, or the clocks of two time zones.
    """
    return _Comparer(ours, theirs, calendar).result()


def check_contract(symbol: str, named: str) -> None:
    """Refuse an export that its name gives to another contract.

    Args:
        symbol: of the recording; a root alone is any contract of it, and so is ``##-##``.
        named: by the export's file name, likewise.

    Raises:
        UsageError: ``nothing_comparable``.
    """
    (root, _, month), (other, _, expiry) = symbol.partition(" "), named.partition(" ")
    months = {month, expiry} - {"", "##-##"}
    if root != other or len(months) > 1:
        raise _nothing(f"the recording is of {symbol}, the export by its name of {named}")


class _Comparer:
    def __init__(self, ours: Tally, theirs: Tally, calendar: SessionCalendar) -> None:
        self._ours, self._theirs, self._calendar = ours, theirs, calendar
        self._instrument = ours.instrument
        self._daily = theirs.kind == "day"
        self._period = 0 if self._daily else theirs.period
        self._causes: dict[str, Cause] = {}

    def result(self) -> Comparison:
        mine, late = self._grouped(self._ours.bars), self._grouped(self._ours.late)
        yours = self._grouped(self._theirs.bars)
        both = sorted(mine.keys() & yours.keys())
        self._refuse_another_clock(mine, yours)
        if not both:
            raise _nothing(f"{_span('the recording', mine)}, {_span('the export', yours)}")
        found = Comparison(
            self._instrument.symbol,
            self._theirs.kind,
            self._period,
            int(both[0]) - self._period,
            int(both[-1]),
            compared=len(both),
        )
        self._alone(mine, yours)
        for end in both:
            found.equal += self._pair(end, mine[end], late.get(end), yours[end])
        found.sessions = list(self._sessions(both, mine, yours))
        found.causes = {name: self._causes[name] for name in CAUSES if name in self._causes}
        return found

    def _refuse_another_clock(self, mine: Mapping[int, Bar], yours: Mapping[int, Bar]) -> None:
        """Where bars are equal only hours apart, no other cause would be true."""
        equal, common = _equal(mine, yours, 0)
        if self._daily or (common and 2 * equal >= common):
            return
        for steps in sorted(range(-_FURTHEST, _FURTHEST + 1), key=abs):
            equal, common = _equal(mine, yours, steps * _QUARTER)
            if equal >= _ENOUGH and 2 * equal > common:
                ahead = "later" if steps > 0 else "earlier"
                raise _nothing(
                    f"the export's times are {abs(steps) // 4}:{abs(steps) % 4 * 15:02} h {ahead}: "
                    f"moved by that, {equal} of {common} bars are equal. Exports are in UTC, so "
                    "look at the recording's zone (--time-zone) first"
                )

    # -- bars ----------------------------------------------------------------------------------

    def _grouped(self, bars: Mapping[int, Bar]) -> dict[int, Bar]:
        """Minutes put together as long as the export's bars are; days by midnight UTC."""
        grouped: dict[int, Bar] = {}
        for end in sorted(bars):
            at = end
            if self._daily and bars is not self._theirs.bars:
                day = self._date(end)
                if day is None:
                    continue
                at = (day - date(1970, 1, 1)).days * 1440 * MINUTE
            elif not self._daily and self._period:
                at = -(-end // self._period) * self._period
            if at in grouped:
                grouped[at].join(bars[end])
            else:
                grouped[at] = _copied(bars[end])
        return grouped

    def _date(self, end: int) -> date | None:
        session = self._calendar.trading_session(end - MINUTE)
        return None if session is None else session.trade_date

    def _regular(self, end: int) -> bool:
        day = self._date(end)
        hours = None if day is None else self._calendar.rth(day)
        return hours is not None and hours[0] < end <= hours[1]

    def _alone(self, mine: Mapping[int, Bar], yours: Mapping[int, Bar]) -> None:
        """Bars that only one side has, between the first and last that the other one has."""
        for only, other, word in ((mine, yours, "not_exported"), (yours, mine, "not_recorded")):
            regular_only = not self._daily and all(map(self._regular, other))
            for end in sorted(only.keys() - other.keys()):
                volume = only[end].volume
                if regular_only and not self._regular(end):
                    self._add("session", end, volume)
                elif word == "not_recorded" or min(other) <= end <= max(other):
                    self._add(word, end, volume)

    def _pair(self, end: int, mine: Bar, late: Bar | None, yours: Bar) -> bool:
        if self._theirs.kind == "ticks":
            self._sides(end, mine, yours)
        if mine.prices == yours.prices:
            return True
        said = {"recording": list(mine.prices), "export": list(yours.prices)}
        off = abs(mine.volume - yours.volume)
        if late is not None and late.prices == yours.prices:
            self._add("minute_edge", end, off, **said)
        elif self._daily and self._hours_only(end, yours):
            self._add("session", end, off, **said)
        elif mine.volume < yours.volume and self._ours.gaps:
            self._add("missing_trades", end, off, **said)
        else:
            self._add("unexplained", end, off, **said)
        return False

    def _hours_only(self, day: int, yours: Bar) -> bool:
        """Whether a day's bar is that of the regular hours alone."""
        wanted: Bar | None = None
        for end in sorted(self._ours.bars):
            if self._regular(end) and day_of(day) == str(self._date(end)):
                bar = self._ours.bars[end]
                if wanted is None:
                    wanted = Bar(*bar.prices)
                else:
                    wanted.join(bar)
        return wanted is not None and wanted.prices == yours.prices

    def _sides(self, end: int, mine: Bar, yours: Bar) -> None:
        """Delta under our rule against NinjaTrader's: what trades between bid and ask count."""
        delta = mine.buy - mine.sell
        theirs = yours.buy - yours.sell - yours.between
        if mine.volume != yours.volume or delta == theirs:
            return
        said = {"recording_delta": delta, "export_delta": theirs}
        if delta - theirs == yours.between:
            self._add("between_spread", end, abs(yours.between), **said)
        elif self._unlike():
            self._add("aggressor_source", end, abs(delta - theirs), **said)
        else:
            self._add("unexplained", end, abs(delta - theirs), **said)

    def _unlike(self) -> bool:
        """Whether one side knows its aggressors from something else than the other."""
        mine, yours = set(self._ours.sources), set(self._theirs.sources)
        return mine != yours or not self._theirs.quoted

    # -- sessions ------------------------------------------------------------------------------

    def _sessions(
        self, both: Iterable[int], mine: Mapping[int, Bar], yours: Mapping[int, Bar]
    ) -> Iterable[dict[str, Any]]:
        days: dict[str, tuple[Bar, Bar, dict[int, int]]] = {}
        for end in both:
            day = day_of(end) if self._daily else str(self._date(end))
            if day not in days:
                days[day] = (_copied(mine[end]), _copied(yours[end]), {})
            else:
                days[day][0].join(mine[end])
                days[day][1].join(yours[end])
            for price, size in _spread(yours[end]).items():
                days[day][2][price] = days[day][2].get(price, 0) + size
        for day, (own, other, spread) in sorted(days.items()):
            yield self._session(day, own, other, spread)

    def _session(self, day: str, own: Bar, other: Bar, spread: dict[int, int]) -> dict[str, Any]:
        size = self._instrument.size.to_price
        volumes = {price: sum(cell) for price, cell in own.cells.items()}
        theirs = {price: sum(cell) for price, cell in other.cells.items()} or spread
        basis = "ticks" if other.cells else "bars"
        ours = {preset: self._area(volumes, preset) for preset in SHARES}
        nt = {preset: self._area(theirs, preset) for preset in SHARES}
        off = float(abs(own.volume - other.volume))
        if basis == "bars" and ours["nt68"] != nt["nt68"]:
            self._add("tick_replay", day, off, recording=ours["nt68"], export=nt["nt68"])
        if ours["cbot2"] != ours["nt68"]:
            self._add("value_area", day, 0, recording=ours["cbot2"], export=ours["nt68"])
        return {
            "trade_date": day,
            "volume": {"recording": size(own.volume), "export": size(other.volume)},
            "recording": ours,
            "export": {**nt, "basis": basis},
        }

    def _area(self, volumes: Mapping[int, int], preset: str) -> _Area:
        low, high = min(volumes), max(volumes)
        rows = np.array([volumes.get(price, 0) for price in range(low, high + 1)], np.int64)
        poc = int(point_of_control(rows))
        first, last = value_area(rows, poc, *SHARES[preset])
        price = self._instrument.tick.to_price
        return {"poc": price(low + poc), "low": price(low + first), "high": price(low + last)}

    def _add(self, name: str, at: int | str, volume: float, **said: Any) -> None:  # noqa: ANN401
        cause = self._causes.setdefault(name, Cause())
        cause.count += 1
        cause.volume += self._instrument.size.to_price(int(volume))
        if len(cause.examples) < _EXAMPLES:
            told = {key: self._in_units(value) for key, value in said.items()}
            cause.examples.append({"at": at, **told})

    def _in_units(self, value: Any) -> Any:  # noqa: ANN401 - prices and a volume, or whatever
        if isinstance(value, list):
            tick, size = self._instrument.tick.to_price, self._instrument.size.to_price
            return [*(tick(price) for price in value[:4]), size(value[4])]
        return self._instrument.size.to_price(value) if isinstance(value, int) else value


def _copied(bar: Bar) -> Bar:
    made = Bar(*bar.prices[:4])
    made.join(bar)
    return made


def _spread(bar: Bar) -> dict[int, int]:
    """A bar's volume evenly over its rows, the remainder to the row of its close."""
    rows = bar.high - bar.low + 1
    share, rest = divmod(bar.volume, rows)
    spread = dict.fromkeys(range(bar.low, bar.high + 1), share)
    spread[bar.close] += rest
    return spread


def _equal(mine: Mapping[int, Bar], yours: Mapping[int, Bar], ahead: int) -> tuple[int, int]:
    """Equal bars, and all that both have, if the export's times are so much too late."""
    common = [(bar, yours[end + ahead]) for end, bar in mine.items() if end + ahead in yours]
    return sum(bar.prices == other.prices for bar, other in common), len(common)


def _span(name: str, bars: Mapping[int, Bar]) -> str:
    first, last = min(bars, default=0), max(bars, default=0)
    return f"{name} has {moment(first)} UTC to {moment(last)} UTC"


def _nothing(why: str) -> UsageError:
    return UsageError(f"nothing to compare: {why}", code="nothing_comparable")
