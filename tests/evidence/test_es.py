"""An hour of ES: NinjaTrader's rows against the exchange's orders, after each of 47,022 events."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from market.record import times_of
from orderbook import Book
from tests.evidence.databento import mbo_events
from tests.evidence.dump import dump_recs
from tests.orderbook.compare import Both
from tests.reference.mbo_book import LAST, SNAPSHOT, MboBook
from tests.reference.position_book import PositionBook
from tests.reference.records import POSITION, QUOTE, REMOVE, TRADE, Rec, frames_of

pytestmark = pytest.mark.recordings

Top = tuple[list[tuple[int, int]], list[tuple[int, int]]]


@pytest.fixture(scope="module")
def events(recorded: Path) -> list[tuple[int, Top]]:
    """Time in units of 100 ns, as a dump has it, and the top ten after each live event."""
    book = MboBook()
    states = []
    path = recorded / "databento" / "es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    for event in mbo_events(path):
        book.apply(event)
        if event.flags & LAST and not event.flags & SNAPSHOT:
            states.append((event.time // 100, book.top(10)))
    book.check()
    assert book.unknown == 0
    return states


@pytest.fixture(scope="module")
def recs(recorded: Path) -> list[Rec]:
    return list(dump_recs(recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt"))


def test_what_the_recording_is_said_to_hold(events: list[tuple[int, Top]], recs: list[Rec]) -> None:
    assert len(events) == 47_022
    assert sum(bids[0][0] >= asks[0][0] for _, (bids, asks) in events) == 891
    kinds = [rec.kind for rec in recs]
    assert (kinds.count(POSITION), kinds.count(QUOTE) + kinds.count(TRADE)) == (43_979, 28_588)
    assert kinds.count(TRADE) == 2_972
    removed = [rec for rec in recs if rec.kind == POSITION and rec.op == REMOVE]
    assert sum(rec.position == 10 for rec in removed) == 931


def test_the_plain_book_by_position_passes_through_every_state(
    events: list[tuple[int, Top]], recs: list[Rec]
) -> None:
    rows = {stamp: list(group) for stamp, group in groupby(recs, lambda rec: rec.time // 100)}
    book = PositionBook()
    for stamp, states in groupby(events, lambda event: event[0]):
        passed = [_copy(book.top(10))]
        for rec in rows.get(stamp, []):
            assert book.apply([rec]).fault is None
            passed.append(_copy(book.top(10)))
        wanted = [top for _, top in states]
        assert passed[-1] == wanted[-1]
        steps = iter(passed)
        assert all(top in steps for top in wanted), stamp
    assert book.appended == book.removed_past_end == 0


def test_ten_levels_equal_the_orders_after_every_event(
    events: list[tuple[int, Top]], recs: list[Rec]
) -> None:
    frames = {
        int(times_of(frame)[0]) // 100: frame
        for _, group in groupby(recs, lambda rec: rec.time)
        for frame in frames_of(list(group))
    }
    book = Book(10)
    compared = 0
    for stamp, states in groupby(events, lambda event: event[0]):
        if stamp in frames:
            frame = frames.pop(stamp)
            assert book.apply(frame.records, frame.base) == (len(frame.records), None, False)
        wanted = [top for _, top in states]
        assert book.top(10) == wanted[-1]
        compared += len(wanted)
        # Several events of one time show one state here; the test above separates them.
        assert len(wanted) == 1 or all(top == wanted[-1] for top in wanted), stamp
        book.check()
    assert not frames
    assert compared == 47_022
    assert sum(book.counters.values()) == 0


def _copy(top: Top) -> Top:
    return list(top[0]), list(top[1])


LATER_ISSUES = {
    "microprice",
    "added_bid",
    "cancelled_bid",
    "traded_bid",
    "added_ask",
    "cancelled_ask",
    "traded_ask",
    "pulling",
    "stacking",
    "flow_toxicity",
}


def test_two_hours_of_rows_and_clusters_equal_the_twin(recs: list[Rec]) -> None:
    both = Both()
    both.feed(recs, 200)
    kinds = Counter((event["event"], event["kind"]) for event in both.events)
    assert kinds["new", "resting"] >= 10
    assert kinds["new", "traded"] >= 5
    warm = [row for row in both.rows if not row["warmup"]]
    assert len(warm) > 100
    for name in warm[0].keys() - LATER_ISSUES - {"volume_gap"}:
        assert sum(row[name] is not None for row in warm) >= 0.8 * len(warm), name
