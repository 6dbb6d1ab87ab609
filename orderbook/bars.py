"""Studies of the bars that a chart sends: averages, bands, trends, bursts of volume.

Plain Python: a bar comes once a minute or so.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from market.errors import MalformedError

__all__ = ["Bar", "BarStudies"]

_EMA_SPAN: Final = 25
_SMA_BARS: Final = 200
_VWAP_BARS: Final = 25
_BAND_BARS: Final = 20
_BAND_WIDTH: Final = 2.0
_BURST_DEVIATIONS: Final = 3.0
_BURST_SPAN: Final = 25


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar, prices and sizes in the instrument's units.

    Attributes:
        series: name of the series, such as ``minute 1``.
        time: close of the bar, ns UTC.
        delta: buy minus sell volume, None where the source has no trades.
    """

    series: str
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    delta: float | None = None

    def __post_init__(self) -> None:
        for name in ("open", "high", "low", "close", "volume"):
            if not math.isfinite(getattr(self, name)):
                raise MalformedError(f"{name} is not a number", code="bad_number", field=name)
        if self.volume < 0:
            raise MalformedError("volume is negative", code="bad_bar", field="volume")
        for name in ("open", "close", "low"):
            if getattr(self, name) > self.high:
                raise MalformedError(f"{name} is above high", code="bad_bar", field=name)
            if getattr(self, name) < self.low:
                raise MalformedError(f"{name} is below low", code="bad_bar", field=name)


@dataclass(slots=True)
class BarStudies:
    """Running studies of one series.

    EMA 25, SMA 200, VWAP 25, Bollinger 20/2; ``small_trend`` is the sign of close - EMA,
    ``long_trend`` that of close - SMA; ``burst`` marks a bar whose volume per second lies more
    than three deviations above its exponential mean before it. Null until the bars suffice.

    Attributes:
        last: the studies after the last bar.
        retold: the next bar may be an earlier one: another run of the publisher tells its chart's
            history, or time went back.
    """

    last: dict[str, Any] = field(default_factory=dict)
    retold: bool = False
    _time: int | None = None
    _ema: float | None = None
    _closes: deque[float] = field(default_factory=lambda: deque(maxlen=_SMA_BARS))
    _typical: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_VWAP_BARS))
    _rate: tuple[float, float] | None = None
    _rates: int = 0

    def freeze(self) -> dict[str, Any]:
        """Everything that a later bar's studies depend on, as JSON holds it."""
        return {
            "last": self.last,
            "retold": self.retold,
            "time": self._time,
            "ema": self._ema,
            "closes": list(self._closes),
            "typical": [list(pair) for pair in self._typical],
            "rate": self._rate and list(self._rate),
            "rates": self._rates,
        }

    @classmethod
    def thaw(cls, frozen: Mapping[str, Any]) -> "BarStudies":
        """Studies that go on from there."""
        studies = cls(frozen["last"], frozen["retold"], frozen["time"], frozen["ema"])
        studies._closes.extend(frozen["closes"])
        studies._typical.extend((price, size) for price, size in frozen["typical"])
        studies._rate = frozen["rate"] and (frozen["rate"][0], frozen["rate"][1])
        studies._rates = frozen["rates"]
        return studies

    def update(self, bar: Bar) -> dict[str, Any]:
        """Add the next bar; returns the studies after it.

        Raises:
            MalformedError: time does not increase within the series; nothing was changed.
        """
        if self._time is not None and bar.time <= self._time:
            raise MalformedError("bars must go forward in time", code="bad_bar", field="time")
        burst = self._burst(bar)
        self._time = bar.time
        self.retold = False
        weight = 2.0 / (_EMA_SPAN + 1)
        self._ema = bar.close if self._ema is None else self._ema + weight * (bar.close - self._ema)
        self._closes.append(bar.close)
        self._typical.append(((bar.high + bar.low + bar.close) / 3.0, bar.volume))
        sma = _mean(self._closes) if len(self._closes) == _SMA_BARS else None
        self.last = {
            "time": bar.time,
            "ema": self._ema,
            "sma": sma,
            "vwap": self._vwap(),
            **self._bands(),
            "small_trend": _sign(bar.close - self._ema),
            "long_trend": None if sma is None else _sign(bar.close - sma),
            "burst": burst,
        }
        return self.last

    def _vwap(self) -> float | None:
        volume = sum(size for _, size in self._typical)
        if len(self._typical) < _VWAP_BARS or volume == 0:
            return None
        return sum(price * size for price, size in self._typical) / volume

    def _bands(self) -> dict[str, float | None]:
        if len(self._closes) < _BAND_BARS:
            return {"bollinger_low": None, "bollinger_mid": None, "bollinger_high": None}
        closes = list(self._closes)[-_BAND_BARS:]
        mean = sum(closes) / _BAND_BARS
        spread = _BAND_WIDTH * math.sqrt(sum((x - mean) ** 2 for x in closes) / _BAND_BARS)
        return {
            "bollinger_low": mean - spread,
            "bollinger_mid": mean,
            "bollinger_high": mean + spread,
        }

    def _burst(self, bar: Bar) -> bool | None:
        """Judge volume per second against its exponential mean and mean square, then add it."""
        if self._time is None:
            return None
        rate = bar.volume / ((bar.time - self._time) / 1e9)
        verdict: bool | None = None
        if self._rate is None:
            self._rate = (rate, rate * rate)
        else:
            mean, square = self._rate
            if self._rates >= _BURST_SPAN:
                deviation = math.sqrt(max(square - mean * mean, 0.0))
                verdict = rate > mean + _BURST_DEVIATIONS * deviation
            weight = 2.0 / (_BURST_SPAN + 1)
            self._rate = (
                mean + weight * (rate - mean),
                square + weight * (rate * rate - square),
            )
        self._rates += 1
        return verdict


def _mean(values: deque[float]) -> float:
    return sum(values) / len(values)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
