"""Any order of what can happen to a stream, against a model of a dozen lines and a plain book."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from market.enums import FrameFlag, FrameType, Kind, Phase
from market.record import RECORD, Frame
from tests.reference.position_book import PositionBook
from tests.reference.records import ASK, BID
from tests.simulation.channels import ES, Market, bare_channel
from wire.checksum import book_crc32
from wire.codes import ResyncReason

COUNT = 400
HOUR = 3_600_000_000_000
MARKET = Market(8, COUNT)
Rows = list[tuple[int, int]]


def _books() -> list[tuple[Rows, Rows]]:
    book = PositionBook(ES.depth_levels)
    books: list[tuple[Rows, Rows]] = [([], [])]
    for rec in MARKET.recs:
        if rec.kind == Kind.DEPTH_POSITION:
            book.change(rec)
        books.append((list(book.rows[BID]), list(book.rows[ASK])))
    return books


BOOKS = _books()


def _sound(count: int) -> bool:
    bids, asks = BOOKS[count]
    prices = ([price for price, _ in reversed(bids)], [price for price, _ in asks])
    return all(a < b for side in prices for a, b in pairwise(side))


class Stream(RuleBasedStateMachine):
    """A channel, and what it should be: a number and a word."""

    def __init__(self) -> None:
        super().__init__()
        self.channel, self.asked, self.heard = bare_channel()
        self.expected = 1
        self.state = "fresh"
        self.duplicates = 0
        self.runs = 0

    @rule(offset=st.integers(-25, 12), count=st.integers(1, 30))
    def records(self, offset: int, count: int) -> None:
        """Next, known, overlapping or ahead."""
        start = min(max(self.expected + offset, 1), COUNT)
        for frame in MARKET.frames(start - 1, min(start - 1 + count, COUNT), 4096):
            self._take(frame)
            self.channel.frame(frame._replace(base=frame.base + self.runs * HOUR), 0)

    def _take(self, frame: Frame) -> None:
        known = min(max(self.expected - frame.seq, 0), len(frame.records))
        if frame.seq > self.expected:
            self.state = "broken" if self.state == "broken" else "gapped"
            return
        self.duplicates += known
        if known < len(frame.records):
            self.expected = frame.end
            self.state = "broken" if self.state == "broken" else "live"

    @rule(ahead=st.integers(-3, 3))
    def heartbeat(self, ahead: int) -> None:
        last = max(self.expected - 1 + ahead, 0)
        self.channel.heartbeat(last, None, 0)
        if last >= self.expected and self.state != "broken":
            self.state = "gapped"

    @rule(ahead=st.sampled_from([0, 0, 0, 1, 5, 40, -1, -10]), parts=st.integers(1, 3))
    def snapshot(self, ahead: int, parts: int) -> None:
        """A later one replaces the book, an earlier one does nothing."""
        seq = self.expected + ahead
        if not (1 <= seq <= COUNT and _sound(seq - 1)):
            return
        bids, asks = BOOKS[seq - 1]
        records = np.zeros(len(bids) + len(asks), RECORD)
        records["kind"] = Kind.DEPTH_PRICE
        records["side"][: len(bids)] = BID
        records["price"] = [price for price, _ in (*bids, *asks)]
        records["size"] = [size for _, size in (*bids, *asks)]
        time = int(MARKET.times[max(seq - 2, 0)]) + self.runs * HOUR
        for number, part in enumerate(np.array_split(records, parts), 1):
            flags = int(FrameFlag.LAST) if number == parts else 0
            self.channel.frame(Frame(part, time, seq, FrameType.SNAPSHOT, flags), 0)
        if ahead >= 0:
            self.expected, self.state = seq, "live"

    @rule(ahead=st.sampled_from([0, 0, 1, 5]))
    def half_a_snapshot(self, ahead: int) -> None:
        """Its connection ends before the last part: nothing has happened."""
        time = int(MARKET.times[0]) + self.runs * HOUR
        part = np.zeros(1, RECORD)
        part["kind"], part["size"] = Kind.DEPTH_PRICE, 9
        self.channel.frame(Frame(part, time, self.expected + ahead, FrameType.SNAPSHOT), 0)
        self.channel.disconnected()

    @precondition(lambda self: self.state == "live")
    @rule(right=st.booleans())
    def check(self, right: bool) -> None:
        bids, asks = BOOKS[self.expected - 1]
        crc = book_crc32(asks[:10], bids[:10])
        self.channel.check(self.expected - 1, crc if right else crc ^ 1, 0)
        if not right:
            self.state = "broken"

    @rule()
    def feed_reset(self) -> None:
        """The book may be wrong, whatever it was before."""
        self.channel.break_off(ResyncReason.RESET, 0)
        self.state = "broken"

    @rule()
    def another_session(self) -> None:
        self.runs += 1
        self.channel.begin(f"{self.runs:08d}-7425-40de-944b-e07fc1f90ae7")
        self.expected, self.state = 1, "fresh"

    @rule()
    def the_same_session(self) -> None:
        session = self.channel.session.session
        assert session is not None
        self.channel.disconnected()
        self.channel.begin(session)

    @invariant()
    def numbers_and_state_are_the_models(self) -> None:
        session = self.channel.session
        assert (session.expected, session.state.value) == (self.expected, self.state)
        assert self.channel.counters.duplicates == self.duplicates

    @invariant()
    def a_healthy_book_is_the_plain_one_and_another_is_stale(self) -> None:
        stream = self.channel.stream
        if self.state in ("gapped", "broken"):
            assert stream.phase is Phase.STALE
            return
        wanted = BOOKS[self.expected - 1]
        assert stream.analyzer.top(10) == (wanted[0][:10], wanted[1][:10])


TestStream = pytest.mark.usefixtures("warmed")(Stream.TestCase)
TestStream.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("warmed")
class TestStreamLong(Stream.TestCase):  # type: ignore[misc]
    """The same, new and more examples each time."""

    settings = settings(max_examples=2_000, stateful_step_count=80)
