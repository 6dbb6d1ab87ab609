"""The micro-price of an hour of ES, by Stoikov's formula in matrices: nothing of the product's way.

"The micro-price: a high-frequency estimator of future prices" (2018), sections 3 and 4: Q between
states while mid stands, R from a state to each change of mid, T from a state to the one after a
change. g¹ = (I - Q)⁻¹ R k, B = (I - Q)⁻¹ T, and mid plus g¹ + B g¹ + B² g¹ + … is the limit. The
data are symmetrised, as there. Every tenth of a second is an observation, those without any change
too; the product counts none of these, and must find the same. At a spread of one tick the sum is
taken as it comes; wider ones are rare here, so that it falls and leaves the spread, which the
product does not let it: least squares among what does not fall, by the formula of minimax means.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from market.session import SessionCalendar, SessionTemplate, Window
from orderbook import Analyzer, Parameters
from tests.evidence.dump import dump_recs
from tests.orderbook.compare import instrument
from tests.reference.records import ADD, ASK, BID, POSITION, REMOVE, Rec, frames_of

pytestmark = pytest.mark.recordings

STEP = 100_000_000
OPENING = 1_703_547_000 * 10**9
"""23:30 UTC: half an hour is measured, the other half read."""
SESSIONS = SessionTemplate(
    "UTC", (Window(1, 1410), Window(1410, 1439)), Window(1, 1410), weekdays=frozenset(range(7))
)
BUCKETS, SPREADS, LEAST = 10, 3, 500
COMPARED, WIDE = 2_875, 87


class Touch(NamedTuple):
    """Best bid and ask with their sizes."""

    bid: int
    bid_size: int
    ask: int
    ask_size: int

    @property
    def state(self) -> tuple[int, int] | None:
        """Spread and bucket, from 0; None: wider than three ticks."""
        spread = self.ask - self.bid
        share = self.bid_size / (self.bid_size + self.ask_size)
        return (spread - 1, min(int(BUCKETS * share + 1e-12), 9)) if spread <= SPREADS else None


def touches(recs: list[Rec]) -> Iterator[tuple[int, Touch | None]]:
    """What stands before each tenth of a second; None while it is crossed or one side is empty."""
    rows: dict[int, list[tuple[int, int]]] = {ASK: [], BID: []}
    instant = 0
    for rec in recs:
        while instant and instant <= rec.time:
            (bids, asks) = rows[BID], rows[ASK]
            good = bids and asks and bids[0][0] < asks[0][0]
            yield instant, Touch(*bids[0], *asks[0]) if good else None
            instant += STEP
        instant = instant or (rec.time // STEP + 1) * STEP
        if rec.kind == POSITION:
            side, row = rows[rec.side], (rec.price, rec.size)
            if rec.op == ADD:
                side.insert(rec.position, row)
            elif rec.op == REMOVE:
                del side[rec.position : rec.position + 1]
            else:
                side[rec.position : rec.position + 1] = [row]


def stoikov(seen: list[Touch | None]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sum of all gᵏ in half ticks by spread and bucket (NaN: never left), and the moves."""
    n = SPREADS * BUCKETS
    stays, leaps, gains = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
    for one, other in pairwise(seen):
        if one is None or other is None or one.state is None or other.state is None:
            continue
        change = other.bid + other.ask - one.bid - one.ask
        for sign in (1, -1):  # the market, and the market in the mirror
            i, j = (
                BUCKETS * spread + (bucket if sign > 0 else BUCKETS - 1 - bucket)
                for spread, bucket in (one.state, other.state)
            )
            (leaps if change else stays)[i, j] += 1
            gains[i] += sign * change
    left = (stays + leaps).sum(axis=1)
    seldom = np.maximum(left, 1)[:, None]
    inverse = np.linalg.inv(np.eye(n) - stays / seldom)
    first = inverse @ (gains / seldom[:, 0])
    after = inverse @ (leaps / seldom)
    total, term = first.copy(), first
    for _ in range(3_000):
        term = after @ term
        total += term
    shape = SPREADS, BUCKETS
    moves = left - np.diag(stays)
    return np.where(left > 0, total, np.nan).reshape(shape), moves.reshape(shape)


def rising(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The closest that does not fall: at i the largest over a ≤ i of the least mean a..b, b ≥ i."""
    found = values.copy()
    known = np.flatnonzero(weights)
    for i in known:
        found[i] = max(
            min(
                np.average(values[part], weights=weights[part])
                for b in known[known >= i]
                for part in [known[(known >= a) & (known <= b)]]
            )
            for a in known[known <= i]
        )
    return found


@pytest.fixture(scope="module")
def recs(recorded: Path) -> list[Rec]:
    return list(dump_recs(recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt"))


def test_the_second_half_hour_is_read_by_the_fit_on_the_first(recs: list[Rec]) -> None:
    parameters = Parameters.from_mapping({"scores": {"microprice_least": LEAST}})
    analyzer = Analyzer(instrument("0.25", 10), parameters, calendar=SessionCalendar(SESSIONS))
    for frame in frames_of([rec for rec in recs if rec.time < OPENING]):
        assert analyzer.process_l2_update(frame).fault is None
    before = analyzer.calculate_metrics()
    assert before["microprice"] is None, "nothing is fitted on data of its own time"
    series = list(touches(recs))
    table, moves = stoikov([touch for instant, touch in series if instant <= OPENING])
    assert np.nanmax(np.abs(table + table[:, ::-1])) < 1e-9, "antisymmetric"
    assert (np.diff(table[0]) > 0).all(), "monotone"
    assert np.abs(table[0]).max() < 1, "within half the spread"
    half = BUCKETS // 2
    for spread in range(1, SPREADS):
        upper = np.clip(rising(table[spread, half:], moves[spread, half:]), 0, spread + 1)
        table[spread] = np.concatenate([-upper[::-1], upper])
    later = [rec for rec in recs if rec.time >= OPENING]
    standing = {instant: touch for instant, touch in series if instant > OPENING}
    at = compared = wide = 0
    for instant, touch in standing.items():
        stop = at
        while stop < len(later) and later[stop].time < instant:
            stop += 1
        if stop == at:
            continue
        for frame in frames_of(later[at:stop], seq=analyzer.seq):
            assert analyzer.process_l2_update(frame).fault is None
        at = stop
        analyzer.advance(instant)
        analyzer.make_row()
        found = analyzer.calculate_metrics()["microprice"]
        wanted = expected(table, touch)
        assert (found is None) == (wanted is None), (instant, touch)
        if found is not None:
            assert found == pytest.approx(wanted, abs=1e-9), (instant, touch)
            compared += 1
            wide += touch is not None and touch.ask - touch.bid > 1
    assert (compared, wide) == (COMPARED, WIDE)


def expected(table: NDArray[np.float64], touch: Touch | None) -> float | None:
    """Mid and what its state adds; between two buckets, the mean of both."""
    if touch is None or touch.state is None:
        return None
    spread, bucket = touch.state
    shifts = table[spread]
    value = shifts[bucket]
    if bucket and touch.bid_size * BUCKETS == bucket * (touch.bid_size + touch.ask_size):
        value = (shifts[bucket - 1] + value) / 2
    return None if np.isnan(value) else (touch.bid + touch.ask + value) / 8
