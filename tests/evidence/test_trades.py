"""Profiles, deltas and minute bars against trades of others."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.evidence.databento import TICK, decoded
from tests.orderbook.compare import Both
from tests.reference.bars import MINUTE, Bars
from tests.reference.profile import point_of_control, value_area
from tests.reference.records import BUY, SELL, UNKNOWN, Rec, trade
from tests.reference.settings import Settings

FOLDER = Path("databento") / "es"
TRADES = FOLDER / "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"
QUOTES = FOLDER / "futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"
BARS = FOLDER / "futures_ohlcv-1m_2024-07-01T23-40_2024-07-02T00-10.dbn.zst"

SIDES = {"B": BUY, "A": SELL, "N": UNKNOWN}


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("bin_size", "rows", "first"),
    [("0.05", 23, ("88.98", "197.512", "-108.532")), ("1", 2, ("763.7", "710.98", "52.72"))],
)
def test_profile_of_a_thousand_trades(
    recorded: Path, bin_size: str, rows: int, first: tuple[str, str, str]
) -> None:
    both = Both(bin_size, 10)
    both.feed(_public_trades(recorded, bin_size))
    profile = both.analyzer.analyze_volume_profile()
    assert len(profile["rows"]) == rows
    buy, sell, delta = (float(Decimal(text) * 1000) for text in first)
    _, found_buy, found_sell, unknown = profile["rows"][0]
    assert (found_buy, found_sell, unknown) == (buy, sell, 0.0)
    assert found_buy - found_sell == delta
    cvd = sum(row[1] - row[2] for row in profile["rows"])
    assert both.rows[-1]["cvd"] == cvd


def _public_trades(recorded: Path, bin_size: str) -> list[Rec]:
    """Prices rounded to the nearest bin, sizes in thousandths."""
    recs = []
    with (recorded / "trades" / "public_trades_list.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            ticks = round(float(row["price"]) / float(bin_size))
            side = BUY if row["side"] == "buy" else SELL
            size = int(Decimal(row["amount"]) * 1000)
            recs.append(trade(int(row["timestamp"]) * 10**6, side, ticks, size))
    return recs


@pytest.fixture(scope="module")
def futures(recorded: Path) -> list[Rec]:
    return [
        trade(t.ts_event, SIDES[str(t.side)], t.price // TICK, t.size)
        for t in decoded(recorded / TRADES)
    ]


@pytest.mark.recordings
def test_minute_bars_rebuild_from_trades(recorded: Path, futures: list[Rec]) -> None:
    instrument = decoded(recorded / TRADES)[0].instrument_id
    wanted = {
        bar.ts_event: (
            *(price // TICK for price in (bar.open, bar.high, bar.low, bar.close)),
            bar.volume,
        )
        for bar in decoded(recorded / BARS)
        if bar.instrument_id == instrument
    }
    bars = Bars(Settings())
    start = None
    for rec in futures:
        if start is not None and rec.time // MINUTE != start:
            bars.close()
        start = rec.time // MINUTE
        bars.trade(rec.time, rec.price, rec.size, 0)
    bars.close()
    assert len(bars.closed) == 4
    for bar in bars.closed:
        assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == wanted[bar.start]


@pytest.mark.recordings
def test_trades_of_the_quote_file_are_the_trades_file(recorded: Path, futures: list[Rec]) -> None:
    found = [
        trade(t.ts_event, SIDES[str(t.side)], t.price // TICK, t.size)
        for t in decoded(recorded / QUOTES)
        if str(t.action) == "T"
    ]
    assert found == futures


@pytest.mark.recordings
@pytest.mark.parametrize("preset", ["cbot2", "single", "nt68"])
def test_profile_of_real_futures_trades(futures: list[Rec], preset: str) -> None:
    both = Both("0.25", 10)
    both.feed(futures)
    found = both.analyzer.analyze_volume_profile(preset)
    volumes: dict[int, int] = defaultdict(int)
    for rec in futures:
        volumes[rec.price] += rec.size
    assert found["volume"] == sum(volumes.values())
    assert {round(row[0] * 4): sum(row[1:]) for row in found["rows"]} == volumes
    assert found["poc"] == point_of_control(volumes) / 4
    low, high = value_area(volumes, preset)
    assert (found["value_area_low"], found["value_area_high"]) == (low / 4, high / 4)


@pytest.mark.parametrize(
    ("buy", "sell", "delta"), [(740, 220, 520), (3463, 4535, -1072), (518, 989, -471)]
)
def test_ninjatrader_s_published_deltas(buy: int, sell: int, delta: int) -> None:
    """NinjaTrader 8 help, Order Flow Volumetric Bars: delta = buy volume - sell volume."""
    both = Both("0.25", 10)
    noon = 1_700_000_040 * 10**9
    both.feed([trade(noon, BUY, 18_000, buy), trade(noon + 1, SELL, 18_000, sell)])
    row = both.rows[-1]
    assert (row["delta"], row["cvd"]) == (delta, delta)
