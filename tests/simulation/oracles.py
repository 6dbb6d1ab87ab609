"""What must hold afterwards, said by plain lists and plain books."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from market.enums import FrameType
from market.record import times_of
from recording.entries import (
    BarEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    PhaseEntry,
    SessionEntry,
)
from recording.messages import cluster_messages, metrics_message, signal_messages
from recording.stream import Stream
from tests.orderbook.market_fuzz import Plan
from tests.reference.position_book import PositionBook, Rows
from tests.reference.price_book import PriceBook
from tests.reference.records import ASK, BID, PRICE
from tests.simulation.sides import SimPublisher

__all__ = ["Kept", "Truth", "ends_in_doubt", "journal_holds", "replayed", "stale_reasons"]

Book = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]


class Truth:
    """The plain book after every record of a plan: all bids and asks, best first."""

    def __init__(self, plan: Plan) -> None:
        self.plan: Final = plan
        by_price = any(rec.kind == PRICE for rec in plan.recs)
        book: Any = PriceBook() if by_price else PositionBook(plan.depth)
        self.books: Final[list[Book]] = [((), ())]
        for rec in plan.recs:
            if not by_price or rec.kind == PRICE:
                outcome = book.apply([rec])
                assert outcome.fault is None, "the plan is sound"
            self.books.append(_levels(book, by_price=by_price))

    def book(self, pushed: int) -> Book:
        return self.books[pushed]

    def sound(self, pushed: int) -> bool:
        """Whether no event is only half told after so many records."""
        bids, asks = self.books[pushed]
        prices = ([price for price, _ in reversed(bids)], [price for price, _ in asks])
        return all(a < b for side in prices for a, b in pairwise(side))


def _levels(book: Any, *, by_price: bool) -> Book:
    if by_price:
        bids, asks = book.top(10**6)
    else:
        bids, asks = book.rows[BID], book.rows[ASK]
    return tuple(bids), tuple(asks)


@dataclass
class Kept:
    """What a journal holds."""

    last: dict[str, int] = field(default_factory=dict)
    """Session to the highest number that is in the journal."""
    gaps: list[tuple[str, int, int]] = field(default_factory=list)
    snapshots: int = 0
    records: int = 0
    runs: int = 0


def journal_holds(
    entries: Iterable[Entry], publishers: Iterable[SimPublisher], truth: Truth
) -> Kept:
    """Each number once, in order, with the content that the publisher gave it; gaps are said.

    Also over several runs of the server: a session that comes back goes on behind its numbers.
    """
    diaries = {publisher.session: publisher for publisher in publishers}
    kept = Kept()
    session, expected, parts = "", 1, []
    for entry in entries:
        match entry:
            case InstrumentEntry():
                kept.runs += 1
                session, expected, parts = "", 1, []
            case SessionEntry():
                session, expected, parts = entry.session, entry.seq, []
                assert expected == kept.last.get(session, 0) + 1, "numbers are told again"
            case FrameEntry(frame) if frame.type == FrameType.EVENTS:
                assert frame.seq == expected, f"{frame.seq} where {expected} belongs"
                diary = diaries[session].diary
                rows = zip(times_of(frame).tolist(), frame.records.tolist(), strict=True)
                for seq, (time, row) in enumerate(rows, frame.seq):
                    assert diary[seq] == (time, *row[1:]), f"number {seq} is not what it was"
                expected = frame.end
                kept.records += len(frame.records)
            case FrameEntry(frame):
                assert frame.seq == expected, "a snapshot that does not say what it skips"
                parts.append(frame)
                if frame.flags & 2:
                    _snapshot_is_true(parts, diaries[session], truth)
                    kept.snapshots += 1
                    parts = []
            case BarEntry(seq, _):
                assert seq == expected
                expected += 1
            case GapEntry(reason, first, last) if reason == "gap":
                assert first == expected
                assert last >= first
                kept.gaps.append((session, first, last))
                expected = last + 1
            case _:
                pass
        if session:
            kept.last[session] = expected - 1
    return kept


def stale_reasons(entries: Iterable[Entry]) -> set[str]:
    """Why the book was not to be trusted."""
    return {one.reason for one in entries if isinstance(one, PhaseEntry) and one.phase == "stale"}


def ends_in_doubt(entries: Iterable[Entry]) -> bool:
    """Whether a book waits for a snapshot at the end of a journal."""
    doubt, session = False, ""
    for entry in entries:
        match entry:
            case InstrumentEntry():
                doubt = False
            case SessionEntry():
                doubt = doubt and entry.session == session
                session = entry.session
            case GapEntry():
                doubt = True
            case PhaseEntry("stale", reason) if reason not in ("silent", "gap"):
                doubt = True
            case FrameEntry(frame) if frame.type == FrameType.SNAPSHOT and frame.flags & 2:
                doubt = False
            case _:
                pass
    return doubt


def _snapshot_is_true(parts: list[Any], publisher: SimPublisher, truth: Truth) -> None:
    sides: dict[int, Rows] = {ASK: [], BID: []}
    for part in parts:
        for row in part.records.tolist():
            sides[row[2]].append((row[5], row[6]))
    bids = tuple(sorted(sides[BID], reverse=True))
    asks = tuple(sorted(sides[ASK]))
    assert (bids, asks) == publisher_book(publisher, parts[0].seq - 1, truth)


def publisher_book(publisher: SimPublisher, seq: int, truth: Truth) -> Book:
    """The plain book after number ``seq`` of a session."""
    while seq not in publisher.pushed_at:
        seq -= 1
    return truth.book(publisher.pushed_at[seq])


def replayed(entries: Iterable[Entry], stream: Stream) -> list[bytes]:
    """Every message that these entries publish, in order."""
    heard = []
    for entry in entries:
        result = stream.apply(entry)
        heard += [message.text for message in cluster_messages(stream, result)]
        heard += signal_messages(stream, result.signals)
        if result.publishes:
            heard.append(metrics_message(stream))
    return heard
