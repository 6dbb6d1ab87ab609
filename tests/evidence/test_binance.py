"""Binance: books by price against best quotes, and what order-flow imbalance explains."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from orderbook import Analyzer, Book
from orderbook.impact import ofi_pairs, ofi_regression, sum_by_interval
from orderbook.prediction import (
    fit_queue_imbalance,
    judge_queue_imbalance,
    next_moves,
    split_causally,
)
from tests.evidence.binance import BestQuote, Depth, binance
from tests.orderbook.compare import analyzer_for
from tests.reference.ofi import pair
from tests.reference.records import ADD, ASK, BID, BUY, UPDATE, Rec, frames_of
from tests.reference.records import ask as ask_row
from tests.reference.records import bid as bid_row

pytestmark = pytest.mark.recordings


@pytest.fixture(scope="module")
def messages(recorded: Path) -> list[Depth | BestQuote | Rec]:
    return list(binance(recorded / "binance" / "usdm_ethusdt_20240808.gz"))


@pytest.fixture(scope="module")
def quotes(messages: list[Depth | BestQuote | Rec]) -> list[BestQuote]:
    return [message for message in messages if isinstance(message, BestQuote)]


def test_update_ids_have_no_gap(messages: list[Depth | BestQuote | Rec]) -> None:
    depth = [m for m in messages if isinstance(m, Depth) and not m.snapshot]
    assert len(depth) == 6_586
    assert all(later.previous == earlier.last for earlier, later in itertools.pairwise(depth))


def test_book_agrees_with_the_best_quote_of_the_same_update(
    messages: list[Depth | BestQuote | Rec], quotes: list[BestQuote]
) -> None:
    (snapshot,) = [m for m in messages if isinstance(m, Depth) and m.snapshot]
    levels = {
        side: [(rec.price, rec.size) for rec in snapshot.recs if rec.side == side]
        for side in (BID, ASK)
    }
    book = Book(20)
    book.load(levels[BID], levels[ASK])
    last = np.array([quote.last for quote in quotes])
    compared = 0
    for message in messages:
        if not isinstance(message, Depth) or message.snapshot or message.last < snapshot.last:
            continue
        for frame in frames_of(message.recs):
            assert book.apply(frame.records, frame.base).fault is None
        quote = quotes[int(np.searchsorted(last, message.last, "right")) - 1]
        assert book.top(1) == ([quote.bid], [quote.ask])
        compared += 1
    assert compared == 6_581


@pytest.mark.parametrize(
    ("step_ms", "by_ofi", "by_trades"), [(1000, 0.555, 0.332), (500, 0.522, 0.277)]
)
def test_imbalance_explains_the_mid(
    messages: list[Depth | BestQuote | Rec],
    quotes: list[BestQuote],
    step_ms: int,
    by_ofi: float,
    by_trades: float,
) -> None:
    step = step_ms * 10**6
    start = quotes[0].time
    edges = np.arange(start + step, quotes[-1].time + 1, step)
    analyzer = analyzer_for("0.01", 1)
    sums, mids = [], []
    used = 0
    for edge in edges:
        part = []
        while quotes[used].time < edge:
            part.append(quotes[used])
            used += 1
        ofi, mid = _fed(analyzer, part, first=used == len(part))
        sums.append(ofi)
        mids.append(mid)
    changes = np.diff(np.array(mids))
    trades = [m for m in messages if isinstance(m, Rec)]
    signed = np.array([t.size if t.side == BUY else -t.size for t in trades], float)
    slots = np.searchsorted(edges, [t.time for t in trades], "right")
    flow = np.bincount(slots, signed, len(edges) + 1)[1:-1]
    assert ofi_regression(np.array(sums[1:]), changes).r2 == pytest.approx(by_ofi, abs=0.0005)
    assert ofi_regression(flow, changes).r2 == pytest.approx(by_trades, abs=0.0005)


def _fed(analyzer: Analyzer, part: list[BestQuote], first: bool) -> tuple[float, float]:
    """OFI since the last call and the mid, after the quotes of one step."""
    op = ADD if first else UPDATE
    total = 0.0
    recs = [
        rec
        for number, quote in enumerate(part)
        for rec in (
            bid_row(quote.time, UPDATE if number else op, 0, *quote.bid),
            ask_row(quote.time, UPDATE if number else op, 0, *quote.ask),
        )
    ]
    if not recs:
        return 0.0, analyzer.calculate_metrics()["mid"]
    recs.append(Rec(recs[-1].time + 1, 2, 0, 0, 0, 0, 0))  # completes the last group
    for frame in frames_of(recs, seq=analyzer.seq):
        assert analyzer.process_l2_update(frame).fault is None
        total += analyzer.calculate_metrics()["ofi"] or 0.0
    return total, analyzer.calculate_metrics()["mid"]


def test_ofi_of_every_quote_by_the_formula(quotes: list[BestQuote]) -> None:
    analyzer = analyzer_for("0.01", 1)
    states = [([quote.bid], [quote.ask]) for quote in quotes[:2_000]]
    wanted = sum(pair(a, b, 0) for a, b in itertools.pairwise(states))
    found, _ = _fed(analyzer, quotes[:2_000], first=True)
    assert found == wanted


def test_the_same_from_arrays_without_an_analyzer(quotes: list[BestQuote]) -> None:
    """Pairs of all quotes, summed by second: R² .555 again."""
    second = 10**9
    columns = np.array([[*quote.bid, *quote.ask, quote.time] for quote in quotes], np.int64)
    edges = np.arange(columns[0, 4] + second, columns[-1, 4] + 1, second)
    slots = np.searchsorted(edges, columns[:, 4], "right")
    pairs = ofi_pairs(*(columns[:, [i]] for i in range(4)))
    sums = sum_by_interval(pairs, slots[1:], len(edges) + 1)[1:-1, 0]
    last = np.searchsorted(columns[:, 4], edges) - 1
    mids = columns[last, 0] + columns[last, 2]
    found = ofi_regression(sums.astype(np.float64), np.diff(mids).astype(np.float64))
    assert found.r2 == pytest.approx(0.555, abs=0.0005)
    assert found.slopes[0] > 0


def test_queue_imbalance_foretells_the_next_move(quotes: list[BestQuote]) -> None:
    """Fitted on the first half, judged on the second; one observation for each mid."""
    columns = np.array([[*quote.bid, *quote.ask] for quote in quotes], np.float64)
    mids = columns[:, 0] + columns[:, 2]
    imbalance = (columns[:, 1] - columns[:, 3]) / (columns[:, 1] + columns[:, 3])
    held = np.append(mids[1:] != mids[:-1], False)  # the last quote before mid changes
    moves = next_moves(mids)
    middles = _between_changes(held)
    before, after = split_causally(len(middles))
    x, y = imbalance[middles], moves[middles]
    fit = fit_queue_imbalance(x[before], y[before])
    assert fit is not None
    judged = judge_queue_imbalance(fit, x[after], y[after])
    assert judged is not None
    assert fit.slope > 0
    assert len(middles) == 2_380
    assert judged.auc == pytest.approx(0.867, abs=0.0005)
    assert judged.brier == pytest.approx(0.160, abs=0.0005)


def _between_changes(held: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> list[int]:
    """Of each stretch of one mid the quote in its middle."""
    ends = np.flatnonzero(held)
    starts = np.append(0, ends[:-1] + 1)
    return [(int(a) + int(b)) // 2 for a, b in zip(starts, ends, strict=True)]
