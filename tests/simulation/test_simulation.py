"""Real publisher, session, journal, book, subscriber; simulated network, disk, clocks, crashes.

Every run is judged by :mod:`tests.simulation.oracles` and by what the parts assert on the way: the
journal holds every number once, in order, with the content that the publisher gave it; skipped
numbers are a gap; the book is the plain book; while stale nothing but the phase is published;
clusters are announced before they change or end; live output is the replay of the journal.
"""

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.simulation.scenario import FAULTS, run

pytestmark = pytest.mark.usefixtures("warmed")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of deliberate errors would be thousands of log records."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_alone(fault: str) -> None:
    hit = sum(bool(run(seed, [fault]).records) for seed in range(10))
    assert hit == 10


def test_without_faults_nothing_is_asked_for_and_nothing_is_told_twice() -> None:
    for seed in range(20):
        outcome = run(seed, [])
        assert outcome.asked == Counter()
        assert outcome.kept.gaps == []
        assert outcome.kept.records == outcome.records


def test_faults_of_all_kinds_together() -> None:
    total = _hunt(range(1000, 1150))
    assert total["records"] > 30_000
    assert total["connections"] > 150


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_faults_of_all_kinds_together_long() -> None:
    begun = time.perf_counter()
    total = _hunt(range(100_000, 120_000))
    seconds = time.perf_counter() - begun
    sys.stdout.write(f"\n20,000 seeds in {seconds:.0f} s: {dict(total)}\n")


def _hunt(seeds: range) -> Counter[str]:
    total: Counter[str] = Counter()
    for seed in seeds:
        try:
            outcome = run(seed)
        except BaseException as failure:
            failure.add_note(f"seed {seed}")
            raise
        total.update(
            records=outcome.records,
            messages=outcome.messages,
            connections=outcome.connections,
            faults=len(outcome.faults),
            damaged=outcome.damaged,
            snapshots=outcome.kept.snapshots,
            gaps=len(outcome.kept.gaps),
        )
    return total
