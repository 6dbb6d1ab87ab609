import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.ring import CAPACITY, Ring
from market.enums import FrameFlag
from market.record import RECORD, Frame, times_of


def frame(first: int, count: int) -> Frame:
    records = np.zeros(count, RECORD)
    records["ref"] = np.arange(first, first + count)
    records["dt"] = np.arange(count)
    return Frame(records, 1000 * first, 0)


def test_the_ring_holds_what_the_protocol_asks_for() -> None:
    assert CAPACITY >= 65_536


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(40, 90), st.data())
def test_what_is_inside_comes_back_with_its_number_and_time(
    counts: list[int], capacity: int, data: st.DataObject
) -> None:
    ring = Ring(capacity)
    times: list[int] = []
    for count in counts:
        part = frame(ring.end, count)
        times += times_of(part).tolist()
        ring.append(part)
    assert ring.end == 1 + sum(counts)
    assert ring.first == max(1, ring.end - capacity)
    assert ring.overrun == ring.first - 1
    seq = data.draw(st.integers(ring.first, ring.end - 1))
    most = data.draw(st.integers(1, 60))
    found = ring.frame(seq, most)
    assert found.seq == seq
    assert 1 <= len(found.records) <= most
    assert found.records["ref"].tolist() == list(range(seq, found.end))
    assert times_of(found).tolist() == times[seq - 1 : found.end - 1]


def test_bars_split_frames_and_leave_with_their_place() -> None:
    ring = Ring(50)
    ring.append(frame(1, 10))
    ring.append_bar({"open": 1})
    ring.append(frame(12, 10))
    assert ring.frame(1, 100).end == 11
    assert ring.bar(11) == {"open": 1}
    assert ring.frame(12, 100).end == 22
    ring.append(frame(22, 45))
    assert ring.bar(11) is None
    assert ring.first == 17


def test_room_counts_what_is_not_acknowledged() -> None:
    ring = Ring(50)
    ring.append(frame(1, 30))
    assert ring.room == 20
    ring.acknowledge(10)
    ring.acknowledge(5)
    assert (ring.room, ring.acked) == (30, 10)
    ring.acknowledge(99)
    assert ring.acked == 30
    with pytest.raises(ValueError, match="do not fit"):
        ring.append(frame(31, 51))


def test_a_skipped_number_forgets_what_was_before() -> None:
    ring = Ring(50)
    ring.append(frame(1, 10))
    ring.skip()
    assert (ring.first, ring.end) == (12, 12)


@pytest.mark.parametrize("before", range(40))
def test_historical_records_keep_to_themselves_and_a_list_ends_its_frame(before: int) -> None:
    """Wherever in the ring they come to lie."""
    ring = Ring(40)
    if before:
        ring.append(frame(1, before))
    historical, last = int(FrameFlag.HISTORICAL), int(FrameFlag.LAST)
    told = [(3, 0), (4, historical), (2, historical | last), (3, historical), (2, 0)]
    start = ring.end
    for count, flags in told:
        ring.append(frame(ring.end, count)._replace(flags=flags))
    found, seq = [], start
    while seq < ring.end:
        part = ring.frame(seq, 100)
        assert part.records["ref"].tolist() == list(range(part.seq, part.end))
        found.append((len(part.records), part.flags))
        seq = part.end
    assert found == [(3, 0), (6, historical | last), (3, historical), (2, 0)]
    assert ring.frame(start + 3, 5).flags == historical, "cut before its end: not the last"


def test_what_the_server_lost_again_is_not_acknowledged() -> None:
    ring = Ring(50)
    ring.append(frame(1, 30))
    ring.acknowledge(30)
    ring.resume(21)
    assert (ring.acked, ring.room) == (20, 40)
    ring.resume(0)
    assert ring.acked == 0
