"""An hour of ES: additions, cancellations and trades against the plain book of its orders."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orderbook import Analyzer
from tests.evidence.databento import decoded
from tests.evidence.dump import dump_recs
from tests.orderbook.compare import analyzer_for
from tests.reference.dbn_files import mbo_recs
from tests.reference.mbo_book import MboBook, MboEvent
from tests.reference.records import Rec, frames_of

pytestmark = pytest.mark.recordings

STEP = 100_000_000
WINDOW = 300 * STEP
FIELDS = tuple(
    f"{what}_{side}" for side in ("bid", "ask") for what in ("added", "cancelled", "traded")
)
Sums = dict[str, float]
Span = dict[str, tuple[int, int]]


@pytest.fixture(scope="module")
def path(recorded: Path) -> Path:
    return recorded / "databento/es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"


def sums_by_instant(recs: list[Rec]) -> dict[int, Sums | None]:
    """The fields at each instant with anything before it; None where they are null."""
    analyzer = analyzer_for()
    found: dict[int, Sums | None] = {}
    at = 0
    while at < len(recs):
        instant = (recs[at].time // STEP + 1) * STEP
        stop = at
        while stop < len(recs) and recs[stop].time < instant:
            stop += 1
        feed(analyzer, recs[at:stop])
        analyzer.advance(instant)
        found[instant] = sums_of(analyzer)
        at = stop
    return found


def feed(analyzer: Analyzer, recs: list[Rec]) -> None:
    for frame in frames_of(recs, seq=analyzer.seq):
        assert analyzer.process_l2_update(frame).fault is None


def sums_of(analyzer: Analyzer) -> Sums | None:
    row = analyzer.read()[0]
    if row["pulling"] != row["pulling"]:
        return None
    assert row["pulling"] == row["cancelled_bid"] + row["cancelled_ask"]
    assert row["stacking"] == row["added_bid"] + row["added_ask"]
    return {name: float(row[name]) for name in FIELDS}


@pytest.fixture(scope="module")
def orders(path: Path) -> dict[int, Sums | None]:
    return sums_by_instant([rec for message in decoded(path) for rec in mbo_recs(message)])


@pytest.fixture(scope="module")
def depth(recorded: Path) -> dict[int, Sums | None]:
    return sums_by_instant(
        list(dump_recs(recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt"))
    )


def plain_events(path: Path) -> Iterator[MboEvent]:
    for record in decoded(path):
        ticks = record.price // 250_000_000 if record.price != 2**63 - 1 else 0
        yield MboEvent(
            record.ts_event,
            str(record.action),
            str(record.side),
            ticks,
            record.size,
            record.order_id,
            int(record.flags),
        )


def test_every_unit_is_accounted_for(path: Path, orders: dict[int, Sums | None]) -> None:
    """Within each tenth of a second, of the prices that were the best ten at its beginning."""
    book = MboBook()
    counted: Counter[str] = Counter()
    spans: Span = {}
    before: Sums | None = None
    sizes: dict[str, int] = {}
    events = list(plain_events(path))
    at = last = 0
    for instant, found in orders.items():
        if instant // WINDOW * WINDOW > last:
            before = None  # the window turned in the silence before, of the same book
        last = instant
        executed: Counter[str] = Counter()
        while at < len(events) and events[at].time < instant:
            event = events[at]
            if event.action == "F" and spans and _within(spans, event):
                executed[event.side] += event.size
            book.apply(event)
            at += 1
        if found is not None:
            for side, name in (("B", "bid"), ("A", "ask")):
                added, cancelled, traded = (
                    found[f"{what}_{name}"] - (before or {}).get(f"{what}_{name}", 0)
                    for what in ("added", "cancelled", "traded")
                )
                low, high = spans[side]
                now = sum(book._total(side, p) for p in book.sides[side] if low <= p <= high)
                assert added - cancelled - traded == now - sizes[side], (instant, side)
                counted["compared"] += 1
                counted["moved"] += (added, cancelled, traded) != (0, 0, 0)
                counted["traded"] += int(traded)
                counted["filled"] += executed[side]
                counted["same"] += traded == executed[side]
        bids, asks = book.top(10)
        spans, before = {}, found
        for side, rows in (("B", bids), ("A", asks)):
            if rows:
                low, high = sorted((rows[0][0], rows[-1][0]))
                spans[side] = (low, high)
                sizes[side] = sum(size for _, size in rows)
    assert (counted["compared"], counted["moved"]) == (14_500, 8_129)
    # The vendor says which orders were filled (F); the records themselves do not.
    assert (counted["same"], counted["traded"], counted["filled"]) == (14_497, 3_575, 3_585)


def _within(spans: Span, event: MboEvent) -> bool:
    low, high = spans.get(event.side, (1, 0))
    return low <= event.price <= high


def test_bounds_from_the_dump_are_never_above_the_truth(
    orders: dict[int, Sums | None], depth: dict[int, Sums | None]
) -> None:
    compared: Counter[str] = Counter()
    for instant in orders.keys() & depth.keys():
        truth, bounds = orders[instant], depth[instant]
        compared["null", truth is None, bounds is None] += 1
        if truth is None or bounds is None:
            continue
        for name in FIELDS:
            compared[name, (bounds[name] > truth[name]) - (bounds[name] < truth[name])] += 1
    assert compared["null", False, False] == 5_945
    assert compared["null", False, True] + compared["null", True, False] == 1
    assert [name for name in FIELDS if compared[name, 1]] == []
    assert compared["traded_bid", 0] == compared["traded_ask", 0] == 5_945
    assert compared["cancelled_bid", -1] == 4_573
