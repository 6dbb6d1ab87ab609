"""Flow toxicity: exact buckets against the twin, a fair coin, gaps, and the switch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook import Analyzer
from tests.orderbook.compare import analyzer_for
from tests.reference.records import BUY, SELL, UNKNOWN, frames_of, trade
from tests.reference.settings import Settings
from tests.reference.toxicity import Toxicity

NOON = 1_700_000_040 * 10**9
_TRADES = st.lists(
    st.tuples(st.sampled_from((BUY, SELL, UNKNOWN)), st.integers(0, 400)), max_size=40
)


def analyzer_of(n: int, volume: int) -> Analyzer:
    scores = {"flow_toxicity": "on", "toxicity_buckets": n, "toxicity_volume": volume}
    return analyzer_for(scores=scores)


def feed(analyzer: Analyzer, trades: list[tuple[int, int]]) -> float | None:
    recs = [trade(NOON, side, 100, size) for side, size in trades]
    for frame in frames_of(recs, seq=analyzer.seq):
        analyzer.process_l2_update(frame)
    analyzer.make_row()
    value: float | None = analyzer.calculate_metrics()["flow_toxicity"]
    return value


@given(trades=_TRADES, n=st.integers(1, 6), volume=st.integers(1, 50))
def test_trades_are_split_exactly(trades: list[tuple[int, int]], n: int, volume: int) -> None:
    twin = Toxicity(Settings(toxicity=True, toxicity_n=n, toxicity_volume=volume))
    for side, size in trades:
        twin.trade(size, {BUY: size, SELL: -size, UNKNOWN: 0}[side])
    assert feed(analyzer_of(n, volume), trades) == twin.value()


def test_a_trade_of_any_size_costs_no_more_than_the_buckets_that_count() -> None:
    analyzer = analyzer_of(50, 7)
    assert feed(analyzer, [(SELL, 3), (BUY, 10**15)]) == 1.0
    filled = int(analyzer._state["toxicity"]["filled"])
    assert filled == (3 + 10**15) % 7
    assert int(analyzer._state["toxicity"]["count"]) <= 53


def test_a_fair_coin() -> None:
    """√(2/(πV)) for buckets of V trades of one step; exactly E|2·Bin(V, ½) - V|/V."""
    n, volume, rounds = 500, 100, 40
    rng = np.random.default_rng(1)
    analyzer = analyzer_of(n, volume)
    values = []
    for _ in range(rounds):
        sides = rng.integers(0, 2, n * volume).tolist()
        value = feed(analyzer, [(side, 1) for side in sides])
        assert value is not None
        values.append(value)
    exact = sum(abs(2 * k - volume) * math.comb(volume, k) for k in range(volume + 1))
    exact /= volume * 2**volume
    closed = math.sqrt(2 / (math.pi * volume))
    assert exact == pytest.approx(closed, rel=1 / (4 * volume) * 1.01)
    # A bucket's |imbalance|/V has the variance 1/V - 2/(πV): four deviations of the mean.
    tolerance = 4 * math.sqrt((1 - 2 / math.pi) / volume / (n * rounds))
    assert sum(values) / rounds == pytest.approx(exact, abs=tolerance)
    assert tolerance < 0.03 * closed


def test_one_sided_and_balanced_flow() -> None:
    assert feed(analyzer_of(3, 10), [(BUY, 7)] * 5) == 1.0
    assert feed(analyzer_of(3, 10), [(BUY, 5), (SELL, 5)] * 3) == 0.0
    assert feed(analyzer_of(3, 10), [(UNKNOWN, 10)] * 3) == 0.0
    assert feed(analyzer_of(3, 10), [(BUY, 29)]) is None


def test_a_gap_begins_the_open_bucket_anew() -> None:
    analyzer = analyzer_of(1, 10)
    feed(analyzer, [(BUY, 9)])
    analyzer.gap("gap")
    analyzer.load_levels([(99, 5)], [(101, 5)], NOON, analyzer.seq)
    assert feed(analyzer, [(SELL, 9)]) is None
    assert feed(analyzer, [(SELL, 1)]) == 1.0


def test_other_buckets_begin_anew() -> None:
    analyzer = analyzer_of(1, 10)
    assert feed(analyzer, [(BUY, 10)]) == 1.0
    analyzer.reconfigure(analyzer_of(1, 20).parameters)
    assert feed(analyzer, [(BUY, 10)]) is None
    assert feed(analyzer, [(SELL, 10)]) == 0.0


def test_it_is_off_by_default() -> None:
    analyzer = analyzer_for()
    assert feed(analyzer, [(BUY, 100_000)] * 3) is None
    assert int(analyzer._state["toxicity"]["count"]) == 0


def test_what_was_traded_while_it_was_off_does_not_count() -> None:
    analyzer = analyzer_of(1, 10)
    on = analyzer.parameters
    feed(analyzer, [(BUY, 19)])
    analyzer.reconfigure(on.overridden({"scores": {"flow_toxicity": "off"}}))
    assert feed(analyzer, [(SELL, 5)]) is None
    analyzer.reconfigure(on)
    analyzer.make_row()
    assert analyzer.calculate_metrics()["flow_toxicity"] is None
    assert feed(analyzer, [(SELL, 9)]) is None
    assert feed(analyzer, [(SELL, 1)]) == 1.0
