"""Moments as people read them."""

import pytest

from depthbridge.clocktime import moment


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (0, "1970-01-01 00:00:00"),
        (1_795_100_399_999_999_999, "2026-11-19 14:59:59"),
        (-1, "1969-12-31 23:59:59"),
    ],
)
def test_to_the_second_and_never_later_than_it_is(time: int, said: str) -> None:
    assert moment(time) == said
