"""Studies of chart bars against the textbook formulas, computed the long way."""

import math
import random
import statistics

import pytest

from market.errors import MalformedError
from orderbook.bars import Bar, BarStudies

MINUTE = 60_000_000_000


def bars(count: int, seed: int = 1) -> list[Bar]:
    rng = random.Random(seed)
    price, out = 5000.0, []
    for i in range(count):
        close = price + rng.randint(-8, 8) * 0.25
        high = max(price, close) + rng.randint(0, 4) * 0.25
        low = min(price, close) - rng.randint(0, 4) * 0.25
        out.append(Bar("minute 1", i * MINUTE, price, high, low, close, rng.randint(1, 900)))
        price = close
    return out


def test_averages_and_bands_are_the_textbook_ones() -> None:
    history = bars(260)
    studies = BarStudies()
    for i, bar in enumerate(history):
        now = studies.update(bar)
        closes = [x.close for x in history[: i + 1]]
        ema = closes[0]
        for close in closes[1:]:
            ema = close * 2 / 26 + ema * (1 - 2 / 26)
        assert now["ema"] == pytest.approx(ema, rel=1e-12)
        assert now["small_trend"] == (close_sign := (bar.close > ema) - (bar.close < ema)) or (
            math.isclose(bar.close, ema) and close_sign in (-1, 0, 1)
        )
        if i + 1 < 20:
            assert now["bollinger_mid"] is None
        else:
            mean = statistics.fmean(closes[-20:])
            spread = 2 * statistics.pstdev(closes[-20:])
            assert now["bollinger_low"] == pytest.approx(mean - spread, rel=1e-12)
            assert now["bollinger_high"] == pytest.approx(mean + spread, rel=1e-12)
        if i + 1 >= 25:
            last = history[i - 24 : i + 1]
            worth = sum((x.high + x.low + x.close) / 3 * x.volume for x in last)
            assert now["vwap"] == pytest.approx(worth / sum(x.volume for x in last), rel=1e-12)
        if i + 1 >= 200:
            sma = statistics.fmean(closes[-200:])
            assert now["sma"] == pytest.approx(sma, rel=1e-12)
            assert now["long_trend"] == (bar.close > sma) - (bar.close < sma)
        else:
            assert now["sma"] is None
            assert now["long_trend"] is None


def test_a_burst_stands_out_and_an_ordinary_bar_does_not() -> None:
    studies = BarStudies()
    rng = random.Random(3)
    for i in range(60):
        verdict = studies.update(Bar("s", i * MINUTE, 10, 10, 10, 10, rng.randint(90, 110)))
    assert studies.last["burst"] is False
    assert verdict["burst"] is False
    assert studies.update(Bar("s", 60 * MINUTE, 10, 10, 10, 10, 1000))["burst"] is True


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ((10, 9, 8, 9, 1), "open"),
        ((9, 10, 8, 11, 1), "close"),
        ((9, 10, 9.5, 9.75, 1), "open"),
        ((9, 8, 10, 9, 1), "open"),
        ((9, 10, 8, 9, -1), "volume"),
        ((9, math.nan, 8, 9, 1), "high"),
        ((9, 10, 8, math.inf, 1), "close"),
    ],
)
def test_a_bar_that_contradicts_itself_is_refused(values: tuple[float, ...], field: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        Bar("minute 1", 0, *values)
    assert refusal.value.field == field


def test_bars_must_go_forward_and_a_refused_one_changes_nothing() -> None:
    studies = BarStudies()
    history = bars(30)
    for bar in history:
        studies.update(bar)
    before = dict(studies.last)
    with pytest.raises(MalformedError, match="forward"):
        studies.update(history[-1])
    assert studies.last == before
