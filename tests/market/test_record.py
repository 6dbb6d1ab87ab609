import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from market.record import HEADER, MAX_DT, RECORD, Frame, make_frames, times_of


def test_the_layout_is_the_document() -> None:
    assert RECORD.itemsize == 32
    assert RECORD.fields is not None
    assert {name: (str(kind[0]), kind[1]) for name, kind in RECORD.fields.items()} == {
        "dt": ("uint32", 0), "kind": ("uint8", 4), "side": ("uint8", 5), "op": ("uint8", 6),
        "position": ("uint8", 7), "price": ("int64", 8), "size": ("int64", 16),
        "ref": ("uint64", 24),
    }  # fmt: skip
    assert HEADER.size == 40
    assert HEADER.pack(0x4244, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)[:2] == b"DB"


steps = st.lists(
    st.one_of(st.integers(0, 100), st.sampled_from([-1, -(10**9), MAX_DT, MAX_DT + 1, 10**11])),
    max_size=60,
)


@given(steps, st.integers(1, 9), st.integers(1, 2**40))
def test_frames_carry_every_record_once_with_its_time(
    differences: list[int], limit: int, seq: int
) -> None:
    times = np.cumsum(np.array([10**18, *differences], np.int64))
    records = np.zeros(len(times), RECORD)
    records["size"] = np.arange(len(times))
    frames = list(make_frames(records, times, seq, limit))
    assert [int(size) for frame in frames for size in frame.records["size"]] == list(
        range(len(times))
    )
    assert np.concatenate([times_of(frame) for frame in frames]).tolist() == times.tolist()
    for frame, after in zip(frames, [*frames[1:], None], strict=True):
        assert 1 <= len(frame.records) <= limit
        assert frame.base == times_of(frame)[0]
        if after is not None:
            assert frame.end == after.seq
    assert frames[0].seq == seq


def test_no_records_make_no_frame() -> None:
    assert list(make_frames(np.zeros(0, RECORD), np.zeros(0, np.int64), 1)) == []
    assert Frame(np.zeros(0, RECORD), 0, 7).end == 7
