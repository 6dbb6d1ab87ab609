"""Order-flow imbalance on arrays: the formula, its identities, integration, regression."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import UsageError
from orderbook.impact import (
    integrated_ofi,
    mean_depth,
    ofi_pairs,
    ofi_regression,
    sum_by_interval,
)
from tests.orderbook.compare import analyzer_for
from tests.reference.ofi import pair
from tests.reference.records import frames_of, price_row, trade

LEVELS = 5
Rows = list[tuple[int, int]]


def states(seed: int, count: int) -> list[tuple[Rows, Rows]]:
    """Ladders of up to five rows that change a little from one to the next."""
    rng = random.Random(seed)
    found = []
    middle = 100
    for _ in range(count):
        middle += rng.choice((-1, 0, 0, 0, 1))
        sides = []
        for sign in (-1, 1):
            prices = [middle + sign * (1 + row + rng.choice((0, 0, 1))) for row in range(8)]
            prices = sorted(set(prices), key=lambda price: price * sign)[: rng.randint(1, LEVELS)]
            sides.append([(price, rng.randint(1, 20)) for price in prices])
        found.append((sides[0], sides[1]))
    return found


def arrays(ladders: list[tuple[Rows, Rows]]) -> list[np.ndarray]:
    """Bid prices, bid sizes, ask prices, ask sizes; absent rows as zeros."""
    return [
        np.array(
            [[row[part] for row in ladder[side]] + [0] * (LEVELS - len(ladder[side]))
             for ladder in ladders], np.int64,
        )
        for side in (0, 1)
        for part in (0, 1)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_every_pair_is_the_twin_s(seed: int) -> None:
    ladders = states(seed, 60)
    found = ofi_pairs(*arrays(ladders))
    wanted = [
        [pair(a, b, level) for level in range(LEVELS)] for a, b in itertools.pairwise(ladders)
    ]
    assert found.tolist() == wanted


@given(seed=st.integers(0, 2**32))
def test_the_mirror_has_the_other_sign(seed: int) -> None:
    bid_px, bid_sz, ask_px, ask_sz = arrays(states(seed, 30))
    mirrored = ofi_pairs(-ask_px, ask_sz, -bid_px, bid_sz)
    assert (mirrored == -ofi_pairs(bid_px, bid_sz, ask_px, ask_sz)).all()


@given(seed=st.integers(0, 2**32), cut=st.integers(1, 28))
def test_sums_are_additive(seed: int, cut: int) -> None:
    parts = arrays(states(seed, 30))
    whole = ofi_pairs(*parts)
    first = ofi_pairs(*(part[: cut + 1] for part in parts))
    rest = ofi_pairs(*(part[cut:] for part in parts))
    assert (np.concatenate([first, rest]) == whole).all()
    halves = sum_by_interval(whole, (np.arange(len(whole)) >= cut).astype(np.int64), 2)
    assert (halves[0] == first.sum(axis=0)).all()
    assert (halves.sum(axis=0) == whole.sum(axis=0)).all()


def test_at_constant_prices_it_is_what_the_sizes_changed() -> None:
    px, sz = np.full((5, 1), 10), np.array([[3], [9], [9], [1], [5]])
    other = np.array([[7], [7], [2], [2], [4]])
    found = ofi_pairs(px, sz, px + 1, other)
    assert (found == np.diff(sz, axis=0) - np.diff(other, axis=0)).all()


def test_mean_depth_is_the_mean_row() -> None:
    assert mean_depth(np.array([[1, 3], [5, 7]]), np.array([[8, 8], [8, 8]])) == 6.0


@pytest.mark.parametrize("levels", [5, 3])
def test_the_analyzer_shows_the_same_by_level(levels: int) -> None:
    ladders = states(4, 25)
    analyzer = analyzer_for("1", LEVELS, scores={"ofi_levels": levels})
    time = 1_700_000_000 * 10**9
    recs = []
    for number, (bids, asks) in enumerate(ladders):
        for side, rows, before in (
            (1, bids, ladders[number - 1][0]),
            (0, asks, ladders[number - 1][1]),
        ):
            gone = [(price, 0) for price, _ in before if price not in dict(rows)] if number else []
            recs += [price_row(time + number, side, *row) for row in [*gone, *rows]]
    recs.append(trade(time + len(ladders), 1, 100, 1))  # completes the last group
    for frame in frames_of(recs):
        assert analyzer.process_l2_update(frame).fault is None
    found = analyzer.calculate_advanced_metrics()["ofi_levels"]
    assert found == ofi_pairs(*arrays(ladders)).sum(axis=0)[:levels].tolist()


# Integration


def test_levels_that_move_as_one_are_integrated_to_it() -> None:
    """Flows c·(1, 2, 3): the component is their direction, its l1 norm 6."""
    common = np.array([1.0, -2.0, 4.0, 0.5])
    found = integrated_ofi(common[:, None] * np.array([1.0, 2.0, 3.0]))
    assert found.weights == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert found.values == pytest.approx(common * (1 + 4 + 9) / 6)
    assert found.explained == pytest.approx(1.0)


def test_two_levels_of_known_covariance() -> None:
    """[[2, 1], [1, 2]] has the components (1, 1) of variance 3 and (1, -1) of 1."""
    root = np.sqrt(3.0)
    flows = np.array([[root, root], [-root, -root], [1.0, -1.0], [-1.0, 1.0]])
    found = integrated_ofi(flows)
    assert found.weights == pytest.approx([0.5, 0.5])
    assert found.explained == pytest.approx(0.75)


@given(seed=st.integers(0, 2**32), depth=st.floats(0.5, 100))
def test_integration_mirrors_adds_up_and_scales(seed: int, depth: float) -> None:
    rng = np.random.default_rng(seed)
    flows = rng.normal(size=(40, 1)) + 0.3 * rng.normal(size=(40, 5))
    found = integrated_ofi(flows)
    assert np.abs(found.weights).sum() == pytest.approx(1.0)
    assert found.weights.sum() > 0
    mirrored = integrated_ofi(-flows)
    assert mirrored.weights == pytest.approx(found.weights)
    assert mirrored.values == pytest.approx(-found.values)
    scaled = integrated_ofi(flows, depth)
    assert scaled.weights == pytest.approx(found.weights)
    assert scaled.values == pytest.approx(found.values / depth)
    assert found.values[:20].sum() + found.values[20:].sum() == pytest.approx(
        flows.sum(axis=0) @ found.weights
    )


@pytest.mark.parametrize("flows", [np.ones((1, 3)), np.ones((5, 3)), np.ones(5)])
def test_what_cannot_be_integrated_is_refused(flows: np.ndarray) -> None:
    with pytest.raises(UsageError):
        integrated_ofi(flows)


# Regression


def test_a_line_is_found() -> None:
    x = np.array([1.0, 2.0, 3.0, 5.0])
    found = ofi_regression(x, 3.0 + 2.0 * x)
    assert (found.n, found.intercept, found.slopes[0], found.r2) == pytest.approx((4, 3, 2, 1))


def test_anscombe_s_first_quartet() -> None:
    """Published: y = 3.00 + 0.500·x, R² 0.67 (Anscombe 1973)."""
    x = np.array([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5.0])
    y = np.array([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])
    found = ofi_regression(x, y)
    assert found.intercept == pytest.approx(3.0, abs=0.005)
    assert found.slopes[0] == pytest.approx(0.5, abs=0.0005)
    assert found.r2 == pytest.approx(0.67, abs=0.005)


@given(seed=st.integers(0, 2**32))
def test_of_one_flow_it_is_the_squared_correlation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 30))
    assert ofi_regression(x, y).r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, abs=1e-12)
    more = ofi_regression(np.stack([x, rng.normal(size=30)], axis=1), y)
    assert more.r2 is not None
    assert more.r2 >= np.corrcoef(x, y)[0, 1] ** 2 - 1e-12


def test_without_variance_nothing_is_explained() -> None:
    assert ofi_regression(np.arange(5.0), np.ones(5)).r2 is None
    assert ofi_regression(np.ones(5), np.arange(5.0)).r2 is None
    with pytest.raises(UsageError, match="no regression"):
        ofi_regression(np.arange(2.0), np.arange(2.0))
    with pytest.raises(UsageError, match="no regression"):
        ofi_regression(np.arange(5.0), np.arange(6.0))
