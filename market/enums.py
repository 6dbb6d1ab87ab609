"""Numbers and words that travel: on the wire, in the journal and in exports.

The values of ``Side``, ``DepthOp`` and ``MarketDataType`` are NinjaTrader 8's own (``Ask`` 0,
``Bid`` 1; ``Operation.Add`` 0, ``Update`` 1, ``Remove`` 2). No value ever changes its meaning;
new ones are only appended.
"""

from enum import Enum, IntEnum, IntFlag, StrEnum
from operator import attrgetter
from typing import TypeVar

__all__ = [
    "Aggressor",
    "DepthOp",
    "FrameFlag",
    "FrameType",
    "Kind",
    "MarketDataType",
    "OrderOp",
    "Phase",
    "QuoteOp",
    "Side",
    "Source",
    "TradeSource",
    "at_hand",
]

_E = TypeVar("_E", bound=type[Enum])


def at_hand(kind: _E) -> _E:
    """``value`` without a call of Python code, and words hashed as the strings that they are.

    The library's own take a third of a microsecond and an eighth of one. Naming a member
    (``Phase.STALE``) takes a quarter in Python 3.11: what is asked at every frame names it once.
    """
    type.__setattr__(kind, "value", property(attrgetter("_value_")))
    if issubclass(kind, str):
        type.__setattr__(kind, "__hash__", str.__hash__)
    return kind


class Side(IntEnum):
    """Side of the book."""

    ASK = 0
    BID = 1


@at_hand
class Kind(IntEnum):
    """What a record says (byte 4)."""

    DEPTH_POSITION = 0
    """A row of the ladder, addressed by its position, as NinjaTrader sends it."""
    DEPTH_PRICE = 1
    """A level, addressed by its price, as exchanges send it."""
    QUOTE = 2
    """Level I: best price and size, or the running session volume."""
    TRADE = 3
    ORDER = 4


class DepthOp(IntEnum):
    """``op`` of a depth record."""

    ADD = 0
    UPDATE = 1
    REMOVE = 2


class QuoteOp(IntEnum):
    """``op`` of a quote record."""

    BEST = 0
    SESSION_VOLUME = 1
    """Running volume of the session: side 0, price 0, size = volume."""


class OrderOp(IntEnum):
    """``op`` of an order record."""

    ADD = 0
    MODIFY = 1
    """Size is the new total."""
    CANCEL = 2
    """Size is the amount taken off."""
    DELETE = 3
    FILL = 4
    """Size is the amount executed; it reduces the order."""
    REPLACE = 5
    """Names the old id; the record after it adds the new one."""
    CLEAR = 6


class Aggressor(IntEnum):
    """``side`` of a trade record: who crossed the spread."""

    SELL = 0
    BUY = 1
    UNKNOWN = 2


class TradeSource(IntEnum):
    """``op`` of a trade record: how its aggressor is known."""

    EXCHANGE = 0
    EVENT = 1
    """The trade event's own bid and ask."""
    QUOTES = 2
    """The last Level I quotes before it."""
    TICK_RULE = 3
    NONE = 4


@at_hand
class FrameType(IntEnum):
    """Byte 3 of the frame header."""

    EVENTS = 1
    SNAPSHOT = 2


@at_hand
class FrameFlag(IntFlag):
    """Byte 4 of the frame header."""

    DEFLATED = 1
    """The payload is raw deflate (RFC 1951)."""
    LAST = 2
    """Last frame of a snapshot, or of a back-fill."""
    HISTORICAL = 4
    """Trades of the present session told again, for the session's sums alone."""
    REPLY_NOW = 8
    """Acknowledge at once, with metrics."""


class MarketDataType(IntEnum):
    """NinjaTrader's ``MarketDataType``, the second field of an ``L1`` dump line."""

    ASK = 0
    BID = 1
    LAST = 2
    DAILY_HIGH = 3
    DAILY_LOW = 4
    DAILY_VOLUME = 5
    LAST_CLOSE = 6
    OPENING = 7
    OPEN_INTEREST = 8
    SETTLEMENT = 9


@at_hand
class Source(StrEnum):
    """Where a stream comes from. Sources never share a book, session state or journal."""

    LIVE = "live"
    PLAYBACK = "playback"
    REPLAY = "replay"
    DEMO = "demo"

    @property
    def played(self) -> bool:
        """Whether its times are of the past, and may stand still or be set back."""
        return self in (Source.PLAYBACK, Source.REPLAY)


@at_hand
class Phase(StrEnum):
    """State of a book as of its last completed group; the first that holds, in this order."""

    STALE = "stale"
    WAITING = "waiting"
    """Until the first completed group that has both sides."""
    CLOSED = "closed"
    PAUSED = "paused"
    CROSSED = "crossed"
    SYNCED = "synced"
