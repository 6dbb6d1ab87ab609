import pickle
from enum import Enum

import pytest

from market.enums import (
    Aggressor,
    DepthOp,
    FrameFlag,
    FrameType,
    Kind,
    MarketDataType,
    OrderOp,
    Phase,
    QuoteOp,
    Side,
    Source,
    TradeSource,
)


def test_no_value_ever_changes() -> None:
    """NinjaTrader's numbers, and those of the protocol's first version."""
    assert [(m.name, int(m)) for m in Side] == [("ASK", 0), ("BID", 1)]
    assert [m.name for m in DepthOp] == ["ADD", "UPDATE", "REMOVE"]
    assert [m.name for m in Kind] == ["DEPTH_POSITION", "DEPTH_PRICE", "QUOTE", "TRADE", "ORDER"]
    assert [m.name for m in QuoteOp] == ["BEST", "SESSION_VOLUME"]
    assert [m.name for m in Aggressor] == ["SELL", "BUY", "UNKNOWN"]
    assert [m.name for m in TradeSource] == ["EXCHANGE", "EVENT", "QUOTES", "TICK_RULE", "NONE"]
    assert [m.name for m in OrderOp] == [
        "ADD", "MODIFY", "CANCEL", "DELETE", "FILL", "REPLACE", "CLEAR",
    ]  # fmt: skip
    assert [m.name for m in MarketDataType][:6] == [
        "ASK", "BID", "LAST", "DAILY_HIGH", "DAILY_LOW", "DAILY_VOLUME",
    ]  # fmt: skip
    for kind in (Side, DepthOp, Kind, QuoteOp, Aggressor, TradeSource, OrderOp, MarketDataType):
        assert [int(m) for m in kind] == list(range(len(kind)))
    assert [int(m) for m in FrameType] == [1, 2]
    assert [int(m) for m in FrameFlag] == [1, 2, 4, 8]
    assert [str(m) for m in Source] == ["live", "playback", "replay", "demo"]
    assert [str(m) for m in Phase] == [
        "stale", "waiting", "closed", "paused", "crossed", "synced",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [Kind, FrameType, FrameFlag, Source, Phase])
def test_what_every_frame_asks_for_is_at_hand(kind: type[Enum]) -> None:
    """Of a word the hash is that of its string; ``value`` is what it was."""
    assert type(vars(kind)["value"]) is property
    for member in kind:
        assert kind[member.name] is kind(member.value) is pickle.loads(pickle.dumps(member))
        assert member.value == member
        assert hash(member) == hash(member.value)
        assert type(member).__hash__ is not Enum.__hash__
