"""The outbox: what replaces what, in which order, and how much."""

from hypothesis import given
from hypothesis import strategies as st

from server.outbox import Outbox


def test_a_newer_message_of_a_key_replaces_the_older() -> None:
    box = Outbox(1000)
    box.put(b"m1", "metrics")
    box.put(b"new")
    box.put(b"m2", "metrics")
    assert box.take(1000) == [b"new", b"m2"]
    assert (box.size, len(box), box.conflated) == (0, 0, 1)


def test_portions() -> None:
    box = Outbox(1000)
    for number in range(5):
        box.put(bytes([number]) * 10)
    assert box.take(15) == [b"\0" * 10, b"\1" * 10]
    assert box.size == 30


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "a", "b", ("c", 1)]), st.binary(min_size=1, max_size=30))
    ),
    st.integers(1, 100),
)
def test_nothing_without_a_key_is_lost(puts: list[tuple[object, bytes]], most: int) -> None:
    box = Outbox(10_000)
    for key, message in puts:
        box.put(message, key)
    assert box.size == sum(map(len, box._waiting.values()))
    taken: list[bytes] = []
    while len(box):
        taken += box.take(most)
    assert box.size == 0
    kept = [message for key, message in puts if key is None]
    last = {key: message for key, message in puts if key is not None}
    assert sorted(taken) == sorted([*kept, *last.values()])
    assert [m for m in taken if m in kept][: len(kept)] or not kept
