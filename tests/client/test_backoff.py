from hypothesis import given
from hypothesis import strategies as st

from client.backoff import Backoff


def test_waits_double_up_to_the_limit() -> None:
    backoff = Backoff(first=0.2, most=5.0)
    assert [round(backoff.delay(1.0), 3) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    backoff.reset()
    assert backoff.delay(0.0) == 0.1


@given(st.integers(1, 5000), st.floats(0, 1, exclude_max=True))
def test_never_longer_than_the_limit_nor_shorter_than_half(attempts: int, chance: float) -> None:
    backoff = Backoff(first=1.0, most=8.0)
    for attempt in range(attempts % 100):
        wait = backoff.delay(chance)
        assert min(2.0**attempt, 8.0) / 2 <= wait <= 8.0


def test_the_first_wait_is_a_tenth_of_a_second_and_the_longest_five() -> None:
    backoff = Backoff()
    waits = [backoff.delay(1.0) for _ in range(10)]
    assert (waits[0], waits[-1]) == (0.1, 5.0)
