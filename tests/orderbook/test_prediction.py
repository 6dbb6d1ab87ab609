"""Queue imbalance and the next move: AUC by pairs, the logistic fit, reliability, order in time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import UsageError
from orderbook.prediction import (
    Logistic,
    fit_queue_imbalance,
    judge_queue_imbalance,
    next_moves,
    queue_imbalance_auc,
    split_causally,
)

NULL = math.nan
_PAIRS = st.lists(
    st.tuples(
        st.one_of(st.just(NULL), st.integers(-4, 4).map(lambda n: n / 4)),
        st.sampled_from((-1, 0, 1)),
    ),
    max_size=30,
)


def test_the_next_move_is_the_next_other_mid() -> None:
    mids = np.array([5, 5, 6, 6, NULL, 6, 4, 4, NULL, 7, 7])
    assert next_moves(mids).tolist() == [1, 1, -1, -1, 0, -1, 1, 1, 0, 0, 0]


@given(mids=st.lists(st.one_of(st.just(NULL), st.integers(0, 3)), max_size=20))
def test_the_next_move_by_looking_for_it(mids: list[float]) -> None:
    wanted = []
    for at, mid in enumerate(mids):
        later = [other for other in mids[at + 1 :] if other == other and other != mid]
        wanted.append(0 if mid != mid or not later else (1 if later[0] > mid else -1))
    assert next_moves(np.array(mids, float)).tolist() == wanted


@given(pairs=_PAIRS)
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[float, int]]) -> None:
    ups = [x for x, move in pairs if move > 0 and x == x]
    downs = [x for x, move in pairs if move < 0 and x == x]
    found = queue_imbalance_auc(*arrays(pairs))
    if not ups or not downs:
        assert found is None
        return
    wins = sum((u > d) + (u == d) / 2 for u in ups for d in downs)
    assert found == pytest.approx(wins / (len(ups) * len(downs)), abs=1e-12)


def arrays(pairs: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([x for x, _ in pairs], float), np.array([m for _, m in pairs], np.int8)


def sample(
    seed: int, count: int, slope: float, intercept: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Moves that follow a logistic function of the imbalance."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, count)
    up = rng.random(count) < 1 / (1 + np.exp(-(intercept + slope * x)))
    return x, np.where(up, 1, -1).astype(np.int8)


@pytest.mark.parametrize(("slope", "intercept"), [(2.0, 0.0), (-1.0, 0.5), (0.0, -0.3)])
def test_the_fit_finds_what_made_the_moves(slope: float, intercept: float) -> None:
    fit = fit_queue_imbalance(*sample(3, 40_000, slope, intercept))
    assert fit is not None
    assert fit.slope == pytest.approx(slope, abs=0.08)
    assert fit.intercept == pytest.approx(intercept, abs=0.05)


@given(seed=st.integers(0, 2**32), slope=st.floats(-4, 4))
def test_at_the_fit_the_likelihood_has_no_slope(seed: int, slope: float) -> None:
    x, moves = sample(seed, 60, slope)
    fit = fit_queue_imbalance(x, moves)
    if fit is None:
        up = moves > 0
        assert up.all() or not up.any() or x[up].min() > x[~up].max() or x[up].max() < x[~up].min()
        return
    miss = (moves > 0) - fit.probability(x)
    assert miss.sum() == pytest.approx(0, abs=1e-7)
    assert (miss * x).sum() == pytest.approx(0, abs=1e-7)


def test_two_groups_have_their_own_shares() -> None:
    """Of two imbalances the fit gives each its share of upward moves: closed form."""
    x = np.repeat([-0.5, 0.5], 100)
    moves = np.where(np.arange(200) % 100 < np.repeat([30, 80], 100), 1, -1).astype(np.int8)
    fit = fit_queue_imbalance(x, moves)
    assert fit is not None
    assert fit.probability(np.array([-0.5, 0.5])) == pytest.approx([0.3, 0.8])
    low, high = math.log(0.3 / 0.7), math.log(0.8 / 0.2)
    assert (fit.intercept, fit.slope) == pytest.approx(((low + high) / 2, high - low))


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [(0.5, 0), (NULL, 1)],
        [(0.5, 1), (0.1, 1)],
        [(0.5, -1), (0.1, -1)],
        [(0.5, 1), (0.5, -1)],
        [(0.5, 1), (0.1, -1)],
        [(0.5, 1), (0.1, -1), (0.1, 1)],
    ],
    ids=["none", "unknown", "up", "down", "one value", "separated", "touching"],
)
def test_without_a_maximum_there_is_no_fit(pairs: list[tuple[float, int]]) -> None:
    assert fit_queue_imbalance(*arrays(pairs)) is None


@pytest.mark.parametrize("direction", [1, -1])
def test_one_threshold_between_many_leaves_no_fit(direction: int) -> None:
    x = np.linspace(-0.9, 0.8, 40)
    moves = np.where(x > 0.13, direction, -direction).astype(np.int8)
    assert fit_queue_imbalance(x, moves) is None


def test_a_fit_is_judged_on_what_came_after_it() -> None:
    x, moves = sample(7, 60_000, 2.0)
    before, after = split_causally(len(x))
    assert (before.stop, after.start, after.stop) == (30_000, 30_000, 60_000)
    fit = fit_queue_imbalance(x[before], moves[before])
    assert fit is not None
    judged = judge_queue_imbalance(fit, x[after], moves[after])
    assert judged is not None
    assert judged.n == 30_000
    assert judged.auc == queue_imbalance_auc(x[after], moves[after])
    assert judged.auc is not None
    assert judged.auc > 0.7
    assert judged.brier < 0.25
    assert sum(part.n for part in judged.reliability) == judged.n
    for number, part in enumerate(judged.reliability, start=1):
        assert part.observed == pytest.approx(part.predicted, abs=4 / (2 * math.sqrt(part.n)))
        assert number / 10 <= part.predicted <= (number + 1) / 10  # P(up) lies in 0.12..0.88


def test_what_says_nothing_is_worth_a_coin() -> None:
    coin = Logistic(0.0, 0.0, 1)
    judged = judge_queue_imbalance(coin, *sample(9, 20_000, 0.0))
    assert judged is not None
    assert judged.auc == pytest.approx(0.5, abs=0.02)
    assert judged.brier == 0.25
    assert [part.n for part in judged.reliability] == [20_000]
    assert judge_queue_imbalance(coin, np.array([NULL]), np.array([1], np.int8)) is None


def test_a_steep_fit_stays_a_probability() -> None:
    fit = Logistic(0.0, 1e9, 1)
    assert fit.probability(np.array([-1.0, 0.0, 1.0])) == pytest.approx([0, 0.5, 1], abs=1e-200)


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(UsageError, match="imbalances"):
        queue_imbalance_auc(np.zeros(3), np.zeros(2, np.int8))
    for share in (0.0, 1.0):
        with pytest.raises(UsageError, match="share"):
            split_causally(10, share)
