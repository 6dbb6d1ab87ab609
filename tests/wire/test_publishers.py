from market.enums import Source
from wire.publishers import Claim, Grant, Publishers

SECOND = 10**9
KEY = ("ES 12-26", Source.LIVE)


def test_another_session_is_busy_until_bye() -> None:
    publishers = Publishers()
    assert publishers.claim(KEY, "a", 1, 0) == Claim(Grant.NEW)
    assert publishers.claim(KEY, "b", 2, 1) == Claim(Grant.BUSY)
    assert not publishers.bye(KEY, "b")
    assert publishers.bye(KEY, "a")
    assert publishers.claim(KEY, "b", 2, 2) == Claim(Grant.NEW)


def test_sources_and_contracts_are_apart() -> None:
    publishers = Publishers()
    publishers.claim(KEY, "a", 1, 0)
    assert publishers.claim(("ES 12-26", Source.REPLAY), "b", 2, 0).grant is Grant.NEW
    assert publishers.claim(("ES 03-27", Source.LIVE), "b", 2, 0).grant is Grant.NEW


def test_absence_of_30_seconds_frees_the_instrument() -> None:
    publishers = Publishers()
    publishers.claim(KEY, "a", 1, 0)
    assert publishers.seen(KEY, "a", 10 * SECOND)
    assert publishers.disconnected(1) == (KEY,)
    assert publishers.claim(KEY, "b", 2, 40 * SECOND - 1).grant is Grant.BUSY
    assert publishers.claim(KEY, "b", 2, 40 * SECOND) == Claim(Grant.NEW)
    assert not publishers.seen(KEY, "a", 41 * SECOND)


def test_takeover_supersedes_the_connection() -> None:
    publishers = Publishers()
    publishers.claim(KEY, "a", 1, 0)
    assert publishers.claim(KEY, "b", 2, 1, takeover=True) == Claim(Grant.NEW, superseded=1)
    assert publishers.holds(KEY, "b")
    assert not publishers.holds(KEY, "a")
    assert publishers.disconnected(1) == ()


def test_the_same_session_on_a_second_connection_supersedes_the_first() -> None:
    publishers = Publishers()
    publishers.claim(KEY, "a", 1, 0)
    assert publishers.claim(KEY, "a", 2, 1) == Claim(Grant.RESUMED, superseded=1)
    assert publishers.claim(KEY, "a", 2, 1) == Claim(Grant.RESUMED)
    assert publishers.claim(KEY, "a", None, 1) == Claim(Grant.RESUMED)
    assert publishers.disconnected(2) == (KEY,)


def test_silence_of_15_seconds_is_named_once() -> None:
    publishers = Publishers()
    publishers.claim(KEY, "a", 1, 0)
    assert publishers.silent(15 * SECOND - 1) == ()
    assert publishers.silent(15 * SECOND) == (KEY,)
    assert publishers.silent(16 * SECOND) == ()
    publishers.seen(KEY, "a", 17 * SECOND)
    assert publishers.silent(31 * SECOND) == ()
    assert publishers.silent(32 * SECOND) == (KEY,)
