"""The counts behind /metrics, against plain counting."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.measure import BOUNDS_S, SAMPLE_NS, Histogram, Measures, Unsynced

ns = st.integers(0, 3_000_000_000) | st.sampled_from([round(bound * 1e9) for bound in BOUNDS_S])


@given(st.lists(ns))
def test_a_histogram_counts_each_duration_once(durations: list[int]) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    bounds = [Fraction(str(bound)) * 10**9 for bound in BOUNDS_S]
    below = [sum(duration <= bound for duration in durations) for bound in bounds]
    counted = [sum(histogram.counts[: place + 1]) for place in range(len(bounds))]
    assert counted == below
    assert sum(histogram.counts) == len(durations)
    assert histogram.sum_ns == sum(durations)


def test_the_stages_of_a_message_add_up() -> None:
    measures = Measures()
    for now in range(0, 10 * SAMPLE_NS, SAMPLE_NS // 2):
        if now >= measures.due:
            measures.begin(now)
        if measures.trace is not None:
            measures.trace.add(1, 2, 3)
        measures.end()
    assert sum(measures.whole.counts) == 10
    parts = (measures.journal, measures.apply, measures.publish, measures.decode)
    assert [part.sum_ns for part in parts[:3]] == [10, 20, 30]
    assert sum(part.sum_ns for part in parts) == measures.whole.sum_ns


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_the_oldest_entry_not_on_disk(failures: int) -> None:
    """Times by hand: written at 10 and 20, synced at 30, in the meantime written at 40."""
    unsynced = Unsynced()
    assert unsynced.age(5) == 0
    for now in (10, 20):
        if unsynced.waiting is None:
            unsynced.waiting = now
    for _ in range(failures):
        unsynced.begin()
    assert unsynced.age(30) == 20
    unsynced.begin()
    unsynced.waiting = 40
    assert unsynced.age(50) == 40, "the sync is not done yet"
    unsynced.done()
    assert unsynced.age(50) == 10
    unsynced.begin()
    unsynced.done()
    assert unsynced.age(60) == 0
