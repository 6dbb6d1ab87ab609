"""What must hold afterwards, said by plain lists and plain books."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

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
from tests.reference.position_book import Rows
from tests.reference.records import ASK, BID
from tests.simulation.market import Book, Market
from tests.simulation.publisher import SimPublisher

__all__ = [
    "Kept",
    "ends_in_doubt",
    "journal_holds",
    "publisher_book",
    "replayed",
    "stale_reasons",
    "unexplained",
]


@dataclass
class Kept:
    """What a journal holds."""

    last: dict[str, int] = field(default_factory=dict)
    """Session to the highest number that is in the journal."""
    gaps: list[tuple[str, int, int]] = field(default_factory=list)
    snapshots: int = 0
    records: int = 0
    bars: int = 0
    history: int = 0
    """Trades told again."""
    runs: int = 0


def journal_holds(
    entries: Iterable[Entry], publishers: Iterable[SimPublisher], market: Market
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
                diary, history = diaries[session].diary, diaries[session].history
                rows = zip(times_of(frame).tolist(), frame.records.tolist(), strict=True)
                for seq, (time, row) in enumerate(rows, frame.seq):
                    assert diary[seq] == (time, *row[1:]), f"number {seq} is not what it was"
                    assert frame.historical == (seq in history), f"{seq} is not of its time"
                expected = frame.end
                kept.records += len(frame.records)
                kept.history += len(frame.records) if frame.historical else 0
            case FrameEntry(frame):
                assert frame.seq == expected, "a snapshot that does not say what it skips"
                parts.append(frame)
                if frame.flags & 2:
                    _snapshot_is_true(parts, diaries[session], market)
                    kept.snapshots += 1
                    parts = []
            case BarEntry(seq, values):
                assert seq == expected, f"bar {seq} where {expected} belongs"
                assert diaries[session].bars[seq] == values, f"bar {seq} is not what it was"
                expected += 1
                kept.bars += 1
            case GapEntry(reason, first, last) if reason == "gap":
                assert first == expected
                if last < 0:  # its publisher is succeeded: nobody knows how many more there were
                    continue
                assert last >= first
                kept.gaps.append((session, first, last))
                expected = last + 1
            case _:
                pass
        if session:
            kept.last[session] = expected - 1
    return kept


def unexplained(kept: Kept, publishers: Iterable[SimPublisher]) -> list[tuple[str, int, int]]:
    """Gaps other than those where a playback was set back: what had queued up then is nobody's."""
    given_up = {publisher.session: publisher.given_up for publisher in publishers}
    return [
        (session, first, last)
        for session, first, last in kept.gaps
        if not given_up[session] & set(range(first, last + 1))
    ]


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


def _snapshot_is_true(parts: list[Any], publisher: SimPublisher, market: Market) -> None:
    sides: dict[int, Rows] = {ASK: [], BID: []}
    for part in parts:
        for row in part.records.tolist():
            sides[row[2]].append((row[5], row[6]))
    bids = tuple(sorted(sides[BID], reverse=True))
    asks = tuple(sorted(sides[ASK]))
    assert (bids, asks) == publisher_book(publisher, parts[0].seq - 1, market)


def publisher_book(publisher: SimPublisher, seq: int, market: Market) -> Book:
    """The plain book after number ``seq`` of a session."""
    while seq not in publisher.pushed_at:
        seq -= 1
    return market.books[publisher.pushed_at[seq]]


def replayed(entries: Iterable[Entry], stream: Stream) -> list[bytes]:
    """Every message that these entries publish, in order."""
    heard = []
    for entry in entries:
        result = stream.apply(entry)
        if (
            result.applied
            and isinstance(entry, FrameEntry)
            and entry.frame.type == FrameType.EVENTS
        ):
            assert not stream.paused, "a record ends a pause"
        heard += [message.text for message in cluster_messages(stream, result)]
        heard += signal_messages(stream, result.signals)
        if result.publishes:
            heard.append(metrics_message(stream))
    return heard
