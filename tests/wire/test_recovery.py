"""One recovery at a time, with growing waits, verified at its end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.codes import ResyncReason
from wire.recovery import RETRY_NS, Recovery

SECOND = 10**9
CHECKSUM, GAP, RESET = ResyncReason.CHECKSUM, ResyncReason.GAP, ResyncReason.RESET


def asked_until(recovery: Recovery, start: int, end: int) -> list[float]:
    """Seconds at which it asks by itself."""
    return [now / SECOND for now in range(start, end, SECOND // 4) if recovery.due(now) is not None]


def test_a_second_reason_waits_and_a_wrong_book_outdoes_a_gap() -> None:
    recovery = Recovery()
    assert recovery.ask(GAP, 0)
    assert recovery.ask(CHECKSUM, 1)
    assert not recovery.ask(RESET, 2)
    assert not recovery.ask(GAP, 3)
    assert (recovery.asked, recovery.asks) == (CHECKSUM, 2)


def test_the_next_checksum_verifies_it() -> None:
    recovery = Recovery()
    recovery.ask(RESET, 0)
    recovery.end(SECOND, snapshot=True)
    assert (recovery.ended, recovery.verified, recovery.unverified) == (1, 0, 1)
    recovery.passed()
    assert (recovery.ended, recovery.verified, recovery.unverified) == (1, 1, 0)
    recovery.passed()
    assert recovery.verified == 1
    assert recovery.ask(RESET, 2 * SECOND), "a new recovery is asked for at once"


def test_one_that_fails_its_verification_is_asked_for_with_growing_waits() -> None:
    """A publisher whose checks never pass must not be asked in a tight circle."""
    recovery, now, asked = Recovery(), 0, []
    while now < 200 * SECOND:
        sent = recovery.ask(CHECKSUM, now) or recovery.due(now) is not None
        if sent:
            asked.append(now / SECOND)
            recovery.end(now + 1, snapshot=True)
        now += SECOND // 4
    waits = [later - earlier for earlier, later in pairwise(asked)]
    assert waits == [2.0, 4.0, 8.0, 16.0] + [30.0] * (len(waits) - 4)
    assert (recovery.verified, recovery.ended) == (0, len(asked))


def test_a_gap_is_asked_for_at_once_whatever_was_before() -> None:
    recovery = Recovery()
    for now in range(5):
        assert recovery.ask(GAP, now)
        recovery.end(now, snapshot=False)
    recovery.passed()
    assert recovery.verified == recovery.ended == 5


@pytest.mark.parametrize("checks", [True, False])
def test_a_recovery_that_nobody_verifies_is_asked_for_again(checks: bool) -> None:
    """Of a publisher that checks; one that never does cannot be held to it."""
    recovery = Recovery()
    if checks:
        recovery.passed()
    recovery.ask(RESET, 0)
    recovery.end(SECOND, snapshot=True)
    asked = asked_until(recovery, SECOND, 40 * SECOND)
    assert asked == ([5.0, 9.0, 17.0, 33.0] if checks else [])
    recovery.loaded(40 * SECOND)
    recovery.passed()
    assert recovery.verified == 1
    assert asked_until(recovery, 40 * SECOND, 99 * SECOND) == []


def test_what_is_owed_is_asked_for_at_the_first_occasion() -> None:
    recovery = Recovery()
    recovery.owe(ResyncReason.RESTART)
    assert recovery.due(7 * SECOND) is ResyncReason.RESTART
    assert recovery.due(7 * SECOND) is None
    recovery.begin()
    assert recovery.due(99 * SECOND) is None


def test_after_a_quiet_time_waits_begin_anew() -> None:
    recovery = Recovery()
    recovery.ask(RESET, 0)
    asked_until(recovery, 0, 100 * SECOND)
    recovery.end(100 * SECOND, snapshot=True)
    assert recovery.ask(RESET, 1000 * SECOND)
    assert asked_until(recovery, 1000 * SECOND, 1003 * SECOND) == [1002.0]


@given(
    st.lists(
        st.tuples(st.sampled_from(("gap", "wrong", "snapshot", "pass", "tick")), st.integers(0, 9)),
        max_size=60,
    )
)
def test_asks_for_a_wrong_book_are_never_closer_than_the_first_wait(
    steps: list[tuple[str, int]],
) -> None:
    recovery, now, asked = Recovery(), 10**12, []
    for what, thirds in steps:
        now += thirds * SECOND // 3
        sent = False
        if what == "gap":
            recovery.ask(GAP, now)
        elif what == "wrong":
            sent = recovery.ask(RESET, now)
        elif what == "tick":
            sent = recovery.due(now) is not None and recovery.asked is not GAP
        elif what == "snapshot" and recovery.asked is not None:
            recovery.end(now, snapshot=True)
        elif what == "pass" and recovery.asked is None:
            recovery.passed()
            asked.clear()
        if sent:
            asked.append(now)
        assert all(later - earlier >= RETRY_NS for earlier, later in pairwise(asked))
    assert recovery.verified + recovery.unverified <= recovery.ended
