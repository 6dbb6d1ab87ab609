"""Rows of market makers against the plain ones; the levels are the ladder's."""

import json

from hypothesis import given
from hypothesis import strategies as st

from orderbook.makers import NOBODY, MakerRows
from tests.reference.makers import PlainMakers
from tests.reference.records import ADD, ASK, BID, POSITION, REMOVE, UPDATE, Rec, frames_of, trade

DEPTH = 3
_records = st.builds(
    Rec,
    time=st.sampled_from((5, 5, 5, 6)),
    kind=st.just(POSITION),
    side=st.sampled_from((ASK, BID)),
    op=st.sampled_from((ADD, UPDATE, UPDATE, UPDATE, REMOVE)),
    position=st.integers(0, DEPTH),
    price=st.integers(100, 102),
    size=st.integers(0, 6),
    ref=st.integers(0, 3),
)


def feed(rows: MakerRows, recs: list[Rec]) -> None:
    for frame in frames_of(recs):
        rows.apply(frame.records)


@given(recs=st.lists(_records, max_size=40), cut=st.integers(0, 40))
def test_any_records(recs: list[Rec], cut: int) -> None:
    recs = sorted(recs, key=lambda rec: rec.time)
    rows, plain = MakerRows(), PlainMakers()
    bids, asks = [(102, 4), (101, 1)], [(103, 2)]
    rows.load(bids, asks)
    plain.load(BID, bids)
    plain.load(ASK, asks)
    for number, rec in enumerate(recs):
        if number == cut:
            kept = MakerRows()
            text = json.dumps(rows.freeze())
            kept.thaw(json.loads(text))
            assert json.dumps(kept.freeze()) == text
            rows = kept
        feed(rows, [rec])
        plain.apply(rec)
        for side in (ASK, BID):
            found = rows.levels(side)
            assert found == plain.levels(side)
            for _, size, accounts in found:
                assert sum(accounts.values()) == size
                assert all(part > 0 for part in accounts.values())


def rec(op: int, position: int, price: int, size: int, ref: int, time: int = 5) -> Rec:
    return Rec(time, POSITION, BID, op, position, price, size, ref)


def test_two_makers_share_a_level() -> None:
    rows = MakerRows()
    feed(rows, [rec(ADD, 0, 100, 5, 1)])
    feed(rows, [rec(UPDATE, 0, 100, 12, 2), rec(UPDATE, 0, 100, 9, 1)])
    assert rows.levels(BID) == [(100, 9, {2: 7, 1: 2})]
    assert list(rows.levels(BID)[0][2]) == [2, 1], "the largest first"


def test_a_row_that_comes_into_sight_is_whose_the_record_says() -> None:
    rows = MakerRows()
    rows.load([(100, 5), (99, 4), (98, 3)], [])
    into = [rec(ADD, 2, 97, 8, 1), rec(UPDATE, 2, 97, 10, 2)]
    feed(rows, [rec(REMOVE, 0, 100, 0, 1), *into])
    assert rows.levels(BID)[-1] == (97, 10, {1: 8, 2: 2})


def test_what_a_maker_lacks_others_give_nobody_first() -> None:
    rows = MakerRows()
    rows.load([(100, 2)], [])
    recs = [rec(UPDATE, 0, 100, 9, 1), rec(UPDATE, 0, 100, 12, 2), rec(UPDATE, 0, 100, 5, 3)]
    feed(rows, recs)
    assert rows.levels(BID) == [(100, 5, {2: 3, 1: 2})]


def test_other_records_are_not_depth_by_position() -> None:
    rows = MakerRows()
    rows.load([(100, 5)], [(101, 2)])
    feed(rows, [trade(5, 1, 101, 2), Rec(5, 1, ASK, 0, 0, 101, 9, 4)])
    assert rows.levels(ASK) == [(101, 2, {NOBODY: 2})]
