"""A channel without connections: what its judgements lead to."""

from typing import Any, Final

import pytest

from market.enums import Phase
from tests.simulation.channels import Market, bare_channel
from wire.session import Action, State

BAR: Final[dict[str, Any]] = {
    "series": {"type": "minute", "value": 1},
    "time": 1_795_099_800_000_000_000,
    "open": 1.0,
    "high": 1.0,
    "low": 1.0,
    "close": 1.0,
    "volume": 1.0,
    "delta": None,
}


@pytest.mark.parametrize("first", ["bar", "records"])
def test_what_follows_a_refused_first_snapshot_asks_for_another(first: str) -> None:
    """The records after it would change an empty book until a check failed."""
    channel, asked, _ = bare_channel()
    market = Market(1, 40)
    channel.session.spoil(part=True)
    if first == "bar":
        assert channel.bar(1, BAR, 0).action is Action.HOLD
        following = [frame._replace(seq=frame.seq + 1) for frame in market.frames(0, 40, 10)]
    else:
        following = list(market.frames(0, 40, 10))
    for frame in following:
        channel.frame(frame, 0)
    assert [reason for reason, _ in asked.requests] == ["reset"]
    assert channel.session.state is not State.LIVE
    assert channel.stream.phase is Phase.STALE
