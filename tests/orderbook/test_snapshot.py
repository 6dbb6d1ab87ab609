"""A snapshot's records as levels: shares of a price add up, what contradicts itself is refused."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import MalformedError
from market.record import Records
from orderbook.books.snapshot import sides_of, snapshot_levels
from orderbook.makers import MakerRows
from server.snapshots import require_snapshot
from tests.reference.records import ADD, ASK, BID, ORDER, POSITION, PRICE, Rec, records_of

MOST = 2**53 - 1

Shares = dict[tuple[int, int, int], int]
"""Size by side, price and maker."""


def adds(shares: Shares, kind: int = POSITION) -> Records:
    return records_of([Rec(5, kind, side, ADD, 0, price, size, ref)
                       for (side, price, ref), size in shares.items()])[0]  # fmt: skip


def sums(shares: Shares, side: int) -> list[tuple[int, int]]:
    """Levels of a side, best first."""
    found: dict[int, int] = {}
    for (of, price, _), size in shares.items():
        if of == side:
            found[price] = found.get(price, 0) + size
    return sorted(found.items(), reverse=side == BID)


@given(
    shares=st.dictionaries(
        st.tuples(st.sampled_from((ASK, BID)), st.integers(-3, 3), st.integers(0, 3)),
        st.integers(0, MOST // 8),
    ),
    order=st.randoms(use_true_random=False),
    kind=st.sampled_from((POSITION, PRICE)),
)
def test_shares_add_up_to_their_level(shares: Shares, order: random.Random, kind: int) -> None:
    """In any order; each level stands where its first share does."""
    keys = list(shares)
    order.shuffle(keys)
    records = adds({key: shares[key] for key in keys}, kind)
    before = records.tobytes()
    assert sides_of(records) == (sums(shares, BID), sums(shares, ASK))
    levels = snapshot_levels(records)
    assert records.tobytes() == before
    places = list(zip(levels["side"].tolist(), levels["price"].tolist(), strict=True))
    assert places == list(dict.fromkeys((side, price) for side, price, _ in keys))
    assert set(levels["kind"].tolist()) <= {PRICE}
    rows = MakerRows()
    rows.load_shares(records)
    for side in (ASK, BID):
        levels_of = [(price, size) for price, size in sums(shares, side) if size]
        found = rows.levels(side)
        assert [level[:2] for level in found] == levels_of
        for price, _, accounts in found:
            refs = range(4)
            mine = {ref: shares[side, price, ref] for ref in refs if (side, price, ref) in shares}
            assert accounts == {ref: size for ref, size in mine.items() if size}


def test_levels_without_shares_are_as_they_were() -> None:
    """Old recordings are read to the same bytes, whatever their ``ref`` says."""
    records = adds({(BID, 100, 7): 4, (ASK, 101, 0): 3, (BID, 99, 7): 0})
    levels = snapshot_levels(records)
    for name in ("dt", "side", "price", "size", "ref"):
        assert (levels[name] == records[name]).all()


@pytest.mark.parametrize("ref", [0, 3])
def test_a_price_twice_under_one_ref_is_refused(ref: int) -> None:
    first = adds({(BID, 100, ref): 4, (ASK, 100, ref): 4, (BID, 100, 5): 1})
    snapshot_levels(first)
    twice = np.concatenate([first, first[:1]])
    with pytest.raises(MalformedError, match="names a price twice") as caught:
        snapshot_levels(twice)
    assert caught.value.field == "price"
    with pytest.raises(MalformedError) as caught:
        require_snapshot(twice)
    assert (caught.value.code, caught.value.field) == ("out_of_range", "price")


def test_a_level_of_more_than_there_can_be_is_refused() -> None:
    """Sums stay where every reader of JSON has them exact; a thousand shares do not wrap around."""
    most = {(BID, 100, 1): MOST - 5, (BID, 100, 2): 5}
    assert sides_of(adds(most))[0] == [(100, MOST)]
    for more in (
        {**most, (BID, 100, 3): 1},
        {(BID, 100, ref): MOST for ref in range(1, 1030)},
        {(BID, 100, ref): MOST for ref in range(1, 2050)},
    ):
        with pytest.raises(MalformedError) as caught:
            require_snapshot(adds(more))
        assert (caught.value.code, caught.value.field) == ("out_of_range", "size")


def test_orders_are_not_added_up() -> None:
    orders = adds({(BID, 100, 1): 4, (BID, 100, 2): 5}, ORDER)
    assert len(snapshot_levels(orders)) == 2
    for wrong, code, field in (
        (np.concatenate([orders, orders[:1]]), "out_of_range", "order_id"),
        (np.concatenate([orders, adds({(BID, 99, 1): 1})]), "bad_kind", "kind"),
    ):
        with pytest.raises(MalformedError) as caught:
            require_snapshot(wrong)
        assert (caught.value.code, caught.value.field) == (code, field)


def test_the_deepest_levels_are_no_rows_of_makers() -> None:
    """A ladder by position has 256 rows, the best ones."""
    rows = MakerRows()
    rows.load_shares(adds({(side, price, 1): 1 for side in (ASK, BID) for price in range(300)}))
    assert [level[0] for level in rows.levels(ASK)] == list(range(256))
    assert [level[0] for level in rows.levels(BID)] == list(range(299, 43, -1))
