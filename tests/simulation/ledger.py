"""Plain lists of what a journal's last run came to: bars by series, trades of the session, makers.

Written from docs/analytics.md and PROTOCOL.md, a record at a time.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from market.enums import FrameType
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    MakersEntry,
    PhaseEntry,
    SessionEntry,
)
from tests.reference.makers import PlainMakers
from tests.reference.records import ASK, BID, BUY, POSITION, SELL, TRADE, Rec, recs_of
from tests.simulation.market import Market
from tests.simulation.oracles import publisher_book
from tests.simulation.publisher import SimPublisher
from tests.simulation.world import SECOND

__all__ = ["DAY", "Ledger", "Sums"]

DAY: Final = 86_400 * SECOND
_REWIND: Final = 5 * SECOND
_PLAYED: Final = ("playback", "replay")
_DOUBTS: Final = ("silent", "gap")
"""Under these a book is stale, and right."""


class Sums:
    """Trades of the session as a list, live ones and those told again."""

    def __init__(self) -> None:
        self.trades: list[Rec] = []
        self.complete = False
        self.filled = 0
        """Places of the list told again that have come so far without a hole."""
        self.lists = 0
        """Lists that came whole."""
        self.spoilt = False
        """Whether something was lost since the last list began, or nobody heard its beginning."""

    def live(self, trade: Rec) -> None:
        self.trades.append(trade)

    def again(self, trade: Rec) -> None:
        if trade.ref == 1:
            self.trades, self.complete, self.filled, self.spoilt = [], False, 0, False
        if trade.ref != self.filled + 1:
            self.filled = 0
            return
        self.trades.append(trade)
        self.filled += 1

    def end(self) -> None:
        """The list told again is over."""
        self.complete = self.complete or self.filled > 0
        self.lists += self.filled > 0
        self.filled = 0

    def lose(self) -> None:
        """Trades may be missing from here on."""
        self.complete, self.filled, self.spoilt = False, 0, True

    def rewind(self) -> None:
        self.lose()
        self.trades = []

    @property
    def cvd(self) -> int:
        signs = {BUY: 1, SELL: -1}
        return sum(signs.get(trade.side, 0) * trade.size for trade in self.trades)

    @property
    def volume(self) -> int:
        return sum(trade.size for trade in self.trades)

    @property
    def vwap(self) -> float | None:
        """In ticks."""
        value = sum(trade.price * trade.size for trade in self.trades)
        return value / self.volume if self.volume else None


class Ledger:
    """Everything that a run's end depends on beside the book, entry by entry.

    Attributes:
        bars: by series (time, close) since it began.
        sums: of the session.
        makers: rows of market makers; None: nobody's.
        names: of the market makers in force.
    """

    def __init__(self, market: Market, publishers: Iterable[SimPublisher]) -> None:
        self._market = market
        self._publishers = {publisher.session: publisher for publisher in publishers}
        self._begin()

    def _begin(self) -> None:
        self.bars: dict[str, list[tuple[int, float]]] = {}
        self.sums = Sums()
        self.makers: PlainMakers | None = None
        self.names: tuple[str, ...] = ()
        self.clock = 0
        self._session = ""
        self._broken = False
        self._apart = self._played = False

    def read(self, entries: Iterable[Entry]) -> "Ledger":
        for entry in entries:
            self._take(entry)
        return self

    @property
    def owned(self) -> int:
        """Rows of which a market maker has a share."""
        makers = self.makers
        if makers is None:
            return 0
        rows = [*makers.levels(BID), *makers.levels(ASK)]
        return sum(any(shares) for _, _, shares in rows)

    def _take(self, entry: Entry) -> None:
        match entry:
            case InstrumentEntry():
                self._begin()
                self._played = entry.source.value in _PLAYED
            case SessionEntry():
                self._meet(entry)
            case MakersEntry(names):
                self.names = names
            case BarEntry(_, values):
                self._bar(values)
            case ClockEntry(time):
                self.clock = max(self.clock, time) if self.clock else 0
            case GapEntry():
                self._lose()
            case PhaseEntry("stale", reason) if reason not in _DOUBTS:
                self._lose()
            case FrameEntry(frame) if frame.type == FrameType.SNAPSHOT:
                if frame.flags & 2:
                    self._load(frame.base)
            case FrameEntry(frame):
                self._named(recs_of(frame))
                if frame.historical:
                    self._again(recs_of(frame), last=bool(frame.flags & 2))
                elif not self._broken:
                    self._events(recs_of(frame), frame.seq)
            case _:
                pass

    def _meet(self, entry: SessionEntry) -> None:
        if entry.session == self._session:
            return
        if self.clock:
            self._lose()
        self._session, self._broken, self.makers = entry.session, False, None
        self._apart = bool(entry.flags.get("useL3"))

    def _load(self, time: int) -> None:
        if self._played and time < self.clock - _REWIND:
            self.sums.rewind()
            self.clock = time
        self.clock = max(self.clock, time)
        self._broken, self.makers = False, None

    def _lose(self) -> None:
        self._broken, self.makers = True, None
        self.sums.lose()

    def _bar(self, values: Mapping[str, Any]) -> None:
        series = f"{values['series']['type']} {values['series']['value']}"
        known = self.bars.setdefault(series, [])
        if known and values["time"] < known[-1][0]:
            known.clear()
        if not known or values["time"] > known[-1][0]:
            known.append((values["time"], values["close"]))

    def _named(self, recs: list[Rec]) -> None:
        for rec in recs:
            if rec.kind == POSITION and rec.ref:
                assert rec.ref <= len(self.names), "nobody was told whose row it is"
                assert self.names[rec.ref - 1] == self._market.names[rec.ref - 1]

    def _again(self, trades: list[Rec], *, last: bool) -> None:
        if self._broken or not self.clock:
            self.sums.spoilt = True
            return
        for trade in trades:
            self.sums.again(trade)
        if last:
            self.sums.end()

    def _events(self, recs: list[Rec], seq: int) -> None:
        if self._apart and self.makers is None and any(_owned(rec) for rec in recs):
            self._begin_makers(seq)
        rewound = False
        for rec in recs:
            if rec.time < self.clock - _REWIND:
                rewound, self.clock = True, 0
                self.sums.rewind()
            self.clock = max(self.clock, rec.time)
            if rec.kind == TRADE:
                self.sums.live(rec)
            if self.makers is not None:
                self.makers.apply(rec)
        if rewound:
            self.makers = None

    def _begin_makers(self, seq: int) -> None:
        self.makers = PlainMakers()
        bids, asks = publisher_book(self._publishers[self._session], seq - 1, self._market)
        self.makers.load(BID, list(bids))
        self.makers.load(ASK, list(asks))


def _owned(rec: Rec) -> bool:
    return rec.kind == POSITION and rec.ref > 0
