"""Records and frames for the tests of the protocol."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from market.enums import FrameType, Kind
from market.record import MAX_DT, RECORD, Frame, Records

LARGEST = 2**53 - 1


def rows(count: int, first: int = 0) -> Records:
    """Depth records that can be told apart by their size."""
    records = np.zeros(count, RECORD)
    records["price"] = 18_000
    records["size"] = np.arange(first, first + count)
    return records


def frame_of(seq: int, count: int, *, kind: int = FrameType.EVENTS, flags: int = 0) -> Frame:
    """A frame whose record number n has the size n."""
    return Frame(rows(count, seq), 10**18, seq, kind, flags)


@st.composite
def records(draw: st.DrawFn, snapshot: bool = False, most: int = 12) -> Records:
    """Records in range, of all kinds and operations."""
    found = [draw(_record(snapshot)) for _ in range(draw(st.integers(0, most)))]
    return np.array(found, RECORD)


@st.composite
def _record(draw: st.DrawFn, snapshot: bool) -> tuple[int, ...]:
    kinds = [Kind.DEPTH_POSITION, Kind.DEPTH_PRICE, Kind.ORDER] if snapshot else list(Kind)
    kind = draw(st.sampled_from(kinds))
    sides = 3 if kind == Kind.TRADE else 2
    ops = {Kind.QUOTE: 2, Kind.TRADE: 5, Kind.ORDER: 7}.get(kind, 3)
    op = 0 if snapshot else draw(st.integers(0, ops - 1))
    running = kind == Kind.QUOTE and op == 1
    return (
        draw(st.integers(0, MAX_DT)),
        int(kind),
        0 if running else draw(st.integers(0, sides - 1)),
        op,
        draw(st.integers(0, 1 if kind == Kind.ORDER else 255)),
        0 if running else draw(st.integers(-LARGEST, LARGEST)),
        draw(st.integers(0, LARGEST)),
        draw(st.integers(0, 2**64 - 1)),
    )


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Frames in range."""
    kind = draw(st.sampled_from(FrameType))
    return Frame(
        draw(records(kind == FrameType.SNAPSHOT)),
        draw(st.integers(0, 2**62 - 2**32)),
        draw(st.integers(0, 2**63 - 1 - 4096)),
        int(kind),
        draw(st.sampled_from([0, 2, 8, 10])),
        draw(st.integers(0, 255)),
        draw(st.integers(-(2**63), 2**63 - 1)),
    )


def sizes(found: Sequence[Frame]) -> list[int]:
    """The numbers that the records of these frames carry."""
    return [int(size) for frame in found for size in frame.records["size"]]
