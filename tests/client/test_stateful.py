"""A publisher in any order of what can happen to it, judged by the rules of PROTOCOL.md alone."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from client.core import Link, PublisherCore
from market.enums import FrameFlag, FrameType
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import Frame
from tests.reference.position_book import Rows
from tests.reference.price_book import PriceBook
from tests.reference.records import (
    ASK,
    BID,
    BUY,
    PRICE,
    TRADE,
    UPDATE,
    Rec,
    frames_of,
    records_of,
    recs_of,
)
from wire.checksum import book_crc32
from wire.frames import decode_frame
from wire.messages import (
    Ack,
    BarUpdate,
    Check,
    ErrorMessage,
    Heartbeat,
    Message,
    Resync,
    Welcome,
    decode_message,
    encode_message,
)

pytestmark = pytest.mark.timeout(3600)

ES = DEFAULT_INSTRUMENTS.define("ES 12-26")
SECOND = 10**9
NOON = 1_700_000_000 * SECOND
CAPACITY = 512
EXAMPLES = max(150, settings().max_examples)
"""More in the long run."""
MIDDLE = 18_000
Item = tuple[Rec, bool, bool] | float
"""A record, whether it is historical, whether it ends a back-fill; or a bar, by its open."""
Book = tuple[Rows, Rows]
EMPTY: Book = ([], [])


class PlainServer:
    """Takes messages by the rules, keeps what it took, and says what is missing."""

    def __init__(self, loaded: Callable[[int, int, Book], None]) -> None:
        self.expected = 1
        self.state = "fresh"
        self.spoilt = False
        self.book = PriceBook()
        self.taken: dict[int, Item] = {}
        self.lost: set[int] = set()
        self.kept: list[tuple[int, str, Book]] = [(1, "fresh", EMPTY)]
        self._loaded = loaded

    def take(self, data: bytes | str) -> list[Message]:
        if isinstance(data, bytes):
            frame = decode_frame(data)
            answers = self._load(frame) if frame.type == FrameType.SNAPSHOT else self._events(frame)
            return [*answers, Ack(stream=0, seq=self.expected - 1)]
        message = decode_message(data)
        match message:
            case BarUpdate():
                assert message.seq is not None
                return [*self._numbers(message.seq, [message.open]), self.ack()]
            case Check():
                return self._check(message)
            case Heartbeat():
                self._ahead(message.last[0] + 1)
                return self.wanted()
        raise AssertionError(message)

    def ack(self) -> Ack:
        return Ack(stream=0, seq=self.expected - 1)

    def wanted(self) -> list[Message]:
        """What it asks for as long as it has not got it."""
        reasons = {"gapped": "gap", "broken": "checksum"}
        reason = reasons.get(self.state)
        return [] if reason is None else [Resync(stream=0, from_=self.expected, reason=reason)]

    def doubt(self) -> None:
        self.state = "broken"

    def forget(self, back: int) -> None:
        """A restart from an earlier moment, at the latest snapshot or behind it."""
        self.kept = self.kept[: max(1, len(self.kept) - back)]
        self.expected, self.state, book = self.kept[-1]
        self.book.load(*book)
        self.spoilt = False
        self.taken = {seq: item for seq, item in self.taken.items() if seq < self.expected}

    def _events(self, frame: Frame) -> list[Message]:
        last = bool(frame.flags & FrameFlag.LAST)
        recs = recs_of(frame)
        items: list[Item] = [
            (rec, frame.historical, last and number == len(recs))
            for number, rec in enumerate(recs, 1)
        ]
        return self._numbers(frame.seq, items)

    def _numbers(self, seq: int, items: Sequence[Item]) -> list[Message]:
        if self._ahead(seq):
            return self.wanted()
        for item in items[self.expected - seq :]:
            self.taken[self.expected] = item
            self.expected += 1
            if self.state != "broken":
                self.state = "live"
                if isinstance(item, tuple) and not item[1]:
                    self.book.apply([item[0]])
        self._keep()
        return []

    def _ahead(self, seq: int) -> bool:
        if seq <= self.expected:
            return False
        self.state = "broken" if self.state == "broken" else "gapped"
        return True

    def _load(self, frame: Frame) -> list[Message]:
        assert frame.flags & FrameFlag.LAST, "books of this test fit into one frame"
        if frame.seq < self.expected:
            return []
        rows = recs_of(frame)
        bids, asks = ([(r.price, r.size) for r in rows if r.side == side] for side in (BID, ASK))
        self._loaded(self.expected, frame.seq, (bids, asks))
        self.lost.update(range(self.expected, frame.seq))
        self.book.load(bids, asks)
        self.expected, self.state, self.spoilt = frame.seq, "live", False
        self.kept.clear()
        self._keep()
        return []

    def _check(self, check: Check) -> list[Message]:
        if self.state == "live" and check.seq == self.expected - 1:
            bids, asks = self.book.top(10)
            if book_crc32(asks, bids) != check.crc32:
                assert self.spoilt, "a book by the rules has the publisher's checksum"
                self.doubt()
        return self.wanted()

    def _keep(self) -> None:
        if not self.spoilt:
            self.kept.append((self.expected, self.state, self.book.top(10**6)))


class Publisher(RuleBasedStateMachine):
    """What was pushed, number by number, and what a server by the rules makes of what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.core = PublisherCore(
            [ES], session="00000000-0000-4000-8000-000000000031", capacity=CAPACITY, batch=10
        )
        self.stream = self.core.streams[ES.symbol]
        self.server = PlainServer(self._snapshot_arrived)
        self.now = self.ref = 0
        self.time = NOON
        self.book = PriceBook()
        self.pushed: dict[int, Item] = {}
        self.books: dict[int, Book] = {0: EMPTY}
        self.end = 1
        self.dated = False
        self.excused = False
        self.damages = (0, 0)
        self.astray: set[int] = set()
        self.late: list[Message] = []

    # What was pushed.

    @initialize(size=st.integers(0, 5), fates=st.sampled_from(("", "d", "dd", "d.", "..d")))
    def begin(self, size: int, fates: str) -> None:
        """With an empty book, or from a known one, whose first words may be damaged."""
        self.seeded = self.dated = size > 0
        if self.seeded:
            bids = [(MIDDLE - 1 - n, size) for n in range(size)]
            asks = [(MIDDLE + n, size) for n in range(size)]
            self.stream.seed(bids, asks, self.time)
            self.book.load(bids, asks)
            self.books[0] = self.book.top(10**6)
        self._push([self._rec(PRICE, ASK, 3, 7)] if fates else [])
        self.connect(list(fates), True)

    def _number(self, item: Item | None) -> None:
        if item is not None:
            self.pushed[self.end] = item
        self.books[self.end] = self.book.top(10**6)
        self.end += 1
        self.excused = self.excused or self.server.expected < self.end - CAPACITY

    def _push(self, recs: Sequence[Rec]) -> None:
        for frame in frames_of(recs):
            self.stream.push(frame, self.now)
        self.dated = self.dated or bool(recs)
        for rec in recs:
            self.book.apply([rec])
            self._number((rec, False, False))

    def _rec(self, kind: int, side: int, away: int, size: int) -> Rec:
        self.ref += 1
        price = MIDDLE + (away if side == ASK else -away)
        op = UPDATE if kind == PRICE else 0
        return Rec(self.time, kind, side, op, 0, price, size, self.ref)

    @rule(
        changes=st.lists(
            st.tuples(
                st.sampled_from((PRICE, PRICE, PRICE, TRADE)),
                st.sampled_from((ASK, BID)),
                st.integers(0, 20),
                st.integers(0, 9),
                st.sampled_from((0, 1, 300_000_000, 5 * SECOND)),
            ),
            min_size=1,
            max_size=60,
        )
    )
    def push(self, changes: list[tuple[int, int, int, int, int]]) -> None:
        recs = []
        for kind, side, away, size, later in changes:
            self.time += later
            recs.append(self._rec(kind, side, away, size))
        self._push(recs)

    @rule(count=st.sampled_from((100, CAPACITY - 1, CAPACITY, CAPACITY + 1, 3 * CAPACITY)))
    def flood(self, count: int) -> None:
        """More than is taken in the meantime, perhaps more than the ring holds."""
        self._push([self._rec(PRICE, n % 2, n % 7, 1 + n % 5) for n in range(count)])

    @rule(back=st.sampled_from((0, 0, 6, 100)))
    def feed_reset(self, back: int) -> None:
        """Reconnected; or the playback goes back, which the records themselves show."""
        if not (back and self.dated):
            self.stream.reset()
            self._forget_feed()
            return
        self._forget_feed()
        self.time -= back * SECOND
        self._push([self._rec(PRICE, ASK, 1, 3)])

    def _forget_feed(self) -> None:
        self.book.load([], [])
        self._number(None)
        self.excused = True

    @rule()
    def bar(self) -> None:
        self.ref += 1
        price = float(self.ref)
        self.stream.push_bar({
            "series": {"type": "minute", "value": 1}, "time": self.time, "open": price,
            "high": price, "low": price, "close": price, "volume": 1.0, "delta": None,
        })  # fmt: skip
        self._number(price)

    @rule(count=st.sampled_from((1, 2, 39, 40, 41, 130)), before=st.integers(0, 60))
    def backfill(self, count: int, before: int) -> None:
        time = self.time - before * SECOND
        trades = [Rec(time, TRADE, BUY, 0, 0, MIDDLE, n, n) for n in range(1, count + 1)]
        self.stream.backfill(*records_of(trades))
        for rec in trades:
            self._number((rec, True, rec.ref == count))

    @precondition(lambda self: self.core.link is Link.UP)
    @rule(
        counts=st.lists(st.integers(1, 25), min_size=1, max_size=4),
        fates=st.lists(st.sampled_from(".....ldr"), min_size=3, max_size=12),
        prompt=st.booleans(),
    )
    def push_and_pump(self, counts: list[int], fates: list[str], prompt: bool) -> None:
        for count in counts:
            self.time += 1_000_000
            self._push([self._rec(PRICE, n % 2, n % 7, n % 5) for n in range(count)])
            self.pump(fates, prompt, 0)
            fates.reverse()

    # The connection.

    @precondition(lambda self: self.core.link is Link.DOWN)
    @rule(fates=st.lists(st.sampled_from("...ldr"), max_size=4), prompt=st.booleans())
    def connect(self, fates: list[str], prompt: bool) -> None:
        assert decode_message(self.core.connected(self.now))
        welcome = Welcome(
            protocol=1, server="x", streams={ES.symbol: 0}, resume_from={0: self.server.expected}
        )
        self._answer([welcome, *self.server.wanted()])
        self.pump(fates, prompt, 0)

    @precondition(lambda self: self.core.link is Link.UP)
    @rule(forgotten=st.sampled_from((0, 0, 1, 5, 30)))
    def disconnect(self, forgotten: int) -> None:
        """What the server had said on the way is lost; a restarted one may have lost more."""
        self.late.clear()
        self.core.disconnected()
        if forgotten:
            self.server.forget(forgotten)
            self.excused = self.excused or self.server.expected < self.end - CAPACITY

    @precondition(lambda self: self.core.link is Link.UP)
    @rule(
        fates=st.lists(st.sampled_from(".....ldr"), max_size=12),
        prompt=st.booleans(),
        seconds=st.integers(0, 3),
    )
    def pump(self, fates: list[str], prompt: bool, seconds: int) -> None:
        """Messages go out: most arrive, some are lost, damaged on the way, or wrong in itself."""
        self.now += seconds * 2 * SECOND
        for number, message in enumerate(self.core.outgoing(self.now, 5)):
            self.late += self._arrive(message, fates[number] if number < len(fates) else ".")
            if prompt:
                self._answer(self.late)
            if len(fates) % 2 and number == len(fates):
                return
        self._answer(self.late)

    def _arrive(self, message: bytes | str, fate: str) -> list[Message]:
        frame = decode_frame(message) if isinstance(message, bytes) else None
        events = frame is not None and frame.type == FrameType.EVENTS
        numbers = range(frame.seq, frame.end) if frame is not None and events else range(0)
        self.astray.update(numbers)
        if fate == "d" and frame is not None:
            return [ErrorMessage(code="bad_crc", message="damaged", stream=0, seq=frame.seq)]
        if fate == "r" and frame is not None and events:
            return [ErrorMessage(code="out_of_range", message="x", stream=0, seq=frame.seq,
                                 index=0, field="price")]  # fmt: skip
        first_book = self.seeded and self.server.state == "fresh"
        if fate == "l" and frame is not None and not first_book:
            return []
        self.astray.difference_update(numbers)
        return self.server.take(message)

    def _answer(self, messages: list[Message]) -> None:
        waiting = messages[:]
        messages.clear()
        for message in waiting:
            if isinstance(message, ErrorMessage):
                assert message.seq is not None
                seq, times = self.damages
                self.damages = message.seq, times + 1 if seq == message.seq else 1
                self.excused = self.excused or message.index is not None or self.damages[1] > 3
            self.core.receive(encode_message(message), self.now)

    @precondition(lambda self: self.core.link is Link.UP)
    @rule()
    def the_server_beats(self) -> None:
        self._answer([Heartbeat(last={0: self.server.expected - 1})])

    @precondition(lambda self: self.core.link is Link.UP)
    @rule(reason=st.sampled_from(("checksum", "unsorted", "reset", "restart", "feed")))
    def the_server_doubts(self, reason: str) -> None:
        self.server.doubt()
        self._answer([Resync(stream=0, from_=self.server.expected, reason=reason)])

    @precondition(lambda self: self.server.state == "live")
    @rule()
    def the_servers_book_goes_wrong(self) -> None:
        """Found by the next check, if no snapshot comes before it."""
        self.server.spoilt = True
        self.server.book.apply([Rec(0, PRICE, BID, UPDATE, 0, MIDDLE + 500, 1)])

    @rule()
    def quiet(self) -> None:
        """Nothing happens any more: in the end the server has everything and the same book."""
        if self.core.link is Link.DOWN:
            self.connect([], True)
        if self.server.spoilt:
            self.the_server_doubts("checksum")
        for _ in range(20):
            self.pump([], True, 3)
            self.the_server_beats()
            if self.core.settled and self.server.state in ("fresh", "live"):
                break
        assert self.core.settled
        assert self.server.expected == self.end
        assert self.server.state == "live" or self.end == 1
        assert self.seeded <= (self.server.state == "live")

    def teardown(self) -> None:
        self.quiet()

    # What must hold.

    def _snapshot_arrived(self, expected: int, seq: int, book: Book) -> None:
        assert book == self.books[seq - 1], "a snapshot is the shadow book in front of its number"
        # What did not arrive may be overtaken by a snapshot that was on its way already.
        excused = self.excused or expected in self.astray
        assert seq == expected or excused, f"{expected} to {seq - 1} need not have been lost"
        if seq == self.end:
            self.excused = False

    @invariant()
    def what_was_taken_is_what_was_pushed(self) -> None:
        taken, lost = self.server.taken, self.server.lost
        assert all(self.pushed[seq] == item for seq, item in taken.items())
        assert not taken.keys() & lost
        assert taken.keys() | lost == set(range(1, self.server.expected))

    @invariant()
    def a_live_book_is_the_one_that_was_pushed(self) -> None:
        if self.server.state == "live" and not self.server.spoilt:
            assert self.server.book.top(10**6) == self.books[self.server.expected - 1]

    @invariant()
    def the_shadow_book_is_what_was_pushed(self) -> None:
        assert self.stream.book.levels() == self.book.top(10**6)
        assert self.stream.ring.end == self.end


TestPublisher: Any = pytest.mark.usefixtures("warmed")(Publisher.TestCase)
TestPublisher.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
