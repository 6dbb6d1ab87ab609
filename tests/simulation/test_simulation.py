"""Real publisher, session, journal, book, subscriber; simulated network, disk, clocks, crashes.

Every run is judged by :mod:`tests.simulation.oracles` and by what the parts assert on the way: the
journal holds every number once, in order, with the content that the publisher gave it; skipped
numbers are a gap; the book is the plain book; while stale nothing but the phase is published;
clusters are announced before they change or end; live output is the replay of the journal; bars,
sums of the session and market makers are those of plain lists.
"""

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from market.enums import Source
from tests.simulation.faults import FAULTS
from tests.simulation.scenario import Kind, Outcome, Scenario, run
from tests.simulation.world import MS, SECOND

pytestmark = pytest.mark.usefixtures("warmed")

PLAIN = Kind()


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
        outcome = run(seed, [], kind=PLAIN)
        assert outcome.asked == Counter()
        assert outcome.kept.gaps == []
        assert outcome.kept.records == outcome.records
        assert outcome.kept.bars == outcome.bars


def test_a_playback_pauses_and_is_set_back() -> None:
    lives = [run(seed, [], kind=Kind(Source.PLAYBACK)) for seed in range(12)]
    assert sum(one.jumps for one in lives) >= 5
    assert sum(one.pauses for one in lives) >= 5
    assert not any(one.asked for one in lives), "the snapshot of the jump is the book"


def test_after_a_back_fill_the_sums_are_those_of_an_uninterrupted_stream() -> None:
    for seed in range(12):
        kind = Kind(backfills=True)
        lives = [run(seed, faults, kind=kind) for faults in ([], ["sleep", "successor"])]
        assert all(one.lists and one.kept.history for one in lives)


def test_rows_stay_their_makers_over_restarts() -> None:
    restarts = ["stop", "kill", "forgotten", "overflow"]
    lives = [run(seed, restarts, kind=Kind(makers=3)) for seed in range(20)]
    assert sum(one.owned for one in lives) > 20


def test_faults_of_all_kinds_together() -> None:
    total = _hunt(range(1000, 1150))
    assert total["records"] > 30_000
    assert total["connections"] > 150
    assert min(total[what] for what in ("bars", "history", "jumps", "pauses", "owned")) > 30


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(100_000, 120_000, 2_500))
def test_faults_of_all_kinds_together_long(first: int) -> None:
    begun = time.perf_counter()
    total = _hunt(range(first, first + 2_500))
    seconds = time.perf_counter() - begun
    sys.stdout.write(f"\n2,500 seeds from {first} in {seconds:.0f} s: {dict(total)}\n")


def _live(one: Scenario, events: dict[int, Callable[[], object]]) -> Outcome:
    """Run with these events, by ms from the beginning."""
    for ms, event in events.items():
        one.world.after(ms * MS, event)  # type: ignore[arg-type]
    return one.run()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_book_in_doubt_is_asked_for_after_a_restart(tmp_path: Path, end: str) -> None:
    """Nobody was there to be asked before it."""
    one = Scenario(2, tmp_path, [], steps=600, kind=PLAIN)

    def away() -> None:
        one.publisher.offline_until = one.world.now + SECOND
        FAULTS["cut"](one)

    outcome = _live(
        one,
        {
            300: away,
            400: lambda: FAULTS["sleep"](one),
            700: getattr(one.server, end),
            800: one.server.start,
        },
    )
    assert outcome.asked == {"restart": 1}
    assert outcome.kept.snapshots == 1


def test_records_after_a_refused_first_snapshot_wait_for_another(tmp_path: Path) -> None:
    """They would change an empty book, and its numbers would go out until a check fails."""
    one = Scenario(2, tmp_path, [], steps=600, kind=PLAIN)

    def successor() -> None:
        FAULTS["successor"](one)
        FAULTS["corrupt"](one)

    outcome = _live(one, {300: successor})
    assert outcome.damaged > 0
    assert outcome.asked == {"reset": 1}


def test_a_takeover_that_the_disk_never_had_is_said_again(tmp_path: Path) -> None:
    """The server that comes after a full disk goes on with the session before."""
    one = Scenario(2, tmp_path, [], steps=600, kind=PLAIN)
    outcome = _live(
        one,
        {
            300: lambda: setattr(one.server.disk, "full", True),
            400: lambda: FAULTS["takeover"](one),
            700: one.server.kill,
            701: lambda: setattr(one.server.disk, "full", False),
            800: one.server.start,
        },
    )
    assert one.server.resumed == 1
    assert {mine.session for mine in one.publishers} <= set(outcome.kept.last)


def _hunt(seeds: range) -> Counter[str]:
    """Live every seed; those that fail are named together at the end."""
    total: Counter[str] = Counter()
    failures: list[BaseException] = []
    for seed in seeds:
        try:
            outcome = run(seed)
        except AssertionError as failure:
            failure.add_note(f"seed {seed}")
            failures.append(failure)
            continue
        total.update(
            records=outcome.records,
            messages=outcome.messages,
            connections=outcome.connections,
            faults=len(outcome.faults),
            damaged=outcome.damaged,
            snapshots=outcome.kept.snapshots,
            gaps=len(outcome.kept.gaps),
            bars=outcome.kept.bars,
            history=outcome.kept.history,
            jumps=outcome.jumps,
            pauses=outcome.pauses,
            owned=outcome.owned,
        )
    if failures:
        raise BaseExceptionGroup(f"{len(failures)} of {len(seeds)} seeds", failures)
    return total
