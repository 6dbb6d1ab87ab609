"""Seeded depth as NinjaTrader would dump it, with the truth of what was planted in it.

It is what the bundled sample is made of, and what anybody may make more of. The same settings give
the same bytes everywhere.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from market.ticks import Grid
from recording.planted import Concentration, Episode, Flicker, Wall
from recording.simulation import Market, Row

__all__ = ["SAMPLE", "Generator", "GeneratorSettings", "render"]

_SECOND: Final = 1_000_000_000
_UNIT: Final = 100


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """What to generate.

    Attributes:
        seed: any integer.
        minutes: length in event time.
        start: ns UTC, a multiple of 100.
        walls: False leaves the planted walls out and keeps everything else.
        everything: plants icebergs, absorption and flickering walls as well.
        symbol: NinjaTrader's full name.
        tick_size: decimal.
        first_price: best bid at the start, on the grid.
        time_zone: IANA zone in which the dump writes its times, as NinjaTrader's display zone.
    """

    seed: int = 20261119
    minutes: int = 80
    start: int = 1_795_099_800 * _SECOND
    walls: bool = True
    symbol: str = "ES 12-26"
    tick_size: str = "0.25"
    first_price: str = "6812.25"
    time_zone: str = "America/New_York"
    everything: bool = False


SAMPLE: Final = GeneratorSettings()
"""The bundled sample: 80 minutes from 2026-11-19 09:50 in New York, inside regular hours."""


class Generator:
    """Iterate ``lines`` once; afterwards ``truth`` knows what was planted where."""

    def __init__(self, settings: GeneratorSettings = SAMPLE) -> None:
        self._settings = settings
        self._grid = Grid(settings.tick_size)
        self._market = Market(
            seed=settings.seed,
            start=settings.start,
            end=settings.start + settings.minutes * 60 * _SECOND,
            first_price=self._grid.to_ticks(settings.first_price),
            walls=settings.walls,
            everything=settings.everything,
        )
        self._lines = 0

    def lines(self) -> Iterator[str]:
        """Lines of a Market Replay dump, each with its CRLF."""
        clock = _LocalClock(ZoneInfo(self._settings.time_zone))
        prices: dict[int, str] = {}
        for row in self._market:
            price = prices.get(row.price)
            if price is None:
                price = prices[row.price] = _plain(self._grid.to_price(row.price))
            self._lines += 1
            yield _line(row, clock.stamp(row.time), price)

    def truth(self) -> dict[str, Any]:
        """What was planted in the lines iterated so far, as JSON can hold it."""
        settings = self._settings
        return {
            "instrument": settings.symbol,
            "tick_size": float(settings.tick_size),
            "seed": settings.seed,
            "minutes": settings.minutes,
            "lines": self._lines,
            "walls": [self._wall(wall) for wall in self._market.walls] if settings.walls else [],
            "concentrations": [self._concentration(c) for c in self._market.concentrations],
            **(self._everything() if settings.everything else {}),
        }

    def sidecar(self) -> dict[str, Any]:
        """What a reader cannot know from the dump itself, for ``<file name>.json`` beside it."""
        settings = self._settings
        return {
            "instrument": settings.symbol,
            "tick_size": float(settings.tick_size),
            "time_zone": settings.time_zone,
        }

    def _everything(self) -> dict[str, Any]:
        """An iceberg absorbs as well: what finds absorption finds both."""
        market = self._market
        return {
            "icebergs": [self._episode(one) for one in market.icebergs],
            "absorptions": [self._episode(one) for one in market.absorptions],
            "flickers": [self._flicker(f) for f in market.flickers if self._settings.walls],
        }

    def _episode(self, episode: Episode) -> dict[str, Any]:
        return {
            "side": episode.side.name.lower(),
            "ticks": episode.price,
            "price": self._grid.to_price(episode.price),
            "volume": episode.volume,
            "shown": episode.shown,
            "t_start": episode.t_start,
            "t_end": episode.t_end,
        }

    def _flicker(self, flicker: Flicker) -> dict[str, Any]:
        return {
            "side": flicker.side.name.lower(),
            "ticks": flicker.price,
            "price": self._grid.to_price(flicker.price),
            "size": flicker.size,
            "times": flicker.times,
            "longest_ns": flicker.longest,
            "t_start": flicker.t_start,
            "t_end": flicker.t_end,
        }

    def _wall(self, wall: Wall) -> dict[str, Any]:
        return {
            "side": wall.side.name.lower(),
            "ticks": wall.price,
            "price": self._grid.to_price(wall.price),
            "size": wall.size,
            "t_start": wall.t_start,
            "t_hit": wall.t_hit,
            "t_end": wall.t_end,
            "fate": str(wall.fate),
        }

    def _concentration(self, concentration: Concentration) -> dict[str, Any]:
        return {
            "side": concentration.side.name.lower(),
            "ticks": concentration.price,
            "price": self._grid.to_price(concentration.price),
            "volume": concentration.volume,
            "t_start": concentration.t_start,
            "t_end": concentration.t_end,
        }


def render(document: dict[str, Any]) -> str:
    """JSON as committed: stable, one item a line."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


class _LocalClock:
    """Seconds of local time, each formatted once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._second = -1
        self._text = ""

    def stamp(self, time: int) -> str:
        second, rest = divmod(time, _SECOND)
        if second != self._second:
            self._second = second
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
            self._text = moment.astimezone(self._zone).strftime("%Y%m%d%H%M%S")
        return f"{self._text};{rest // _UNIT}"


def _line(row: Row, stamp: str, price: str) -> str:
    if row.level == 1:
        return f"L1;{row.kind:d};{stamp};{price};{row.size}\r\n"
    return f"L2;{row.kind:d};{stamp};{row.op:d};{row.position};;{price};{row.size}\r\n"


def _plain(price: float) -> str:
    """A price without trailing zeros and without an exponent, as NinjaTrader writes it."""
    text = f"{price:.10f}".rstrip("0")
    return text.removesuffix(".")
