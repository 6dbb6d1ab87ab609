"""Snapshots of the C# publisher tell whose rows are: the server's accounts are the makers' rows."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.enums import FrameFlag, FrameType
from market.record import Records
from orderbook.makers import MakerRows
from tests.client.fake_server import FakeServer
from tests.csharp.build import Program
from tests.csharp.talk import SYMBOL, Talk
from tests.csharp.test_publisher import BASE, SECOND, Line
from wire.frames import decode_frame
from wire.messages import ErrorMessage, Hello, Makers, Message, Resync, Welcome

ASK, BID = 0, 1
ADD, UPDATE, REMOVE = 0, 1, 2
DEPTH: Final = 10
NAMES: Final = ("ARCA", "NSDQ", "EDGX")

Row = tuple[int, int, int]
"""Price, size, maker."""


class Owned(FakeServer):
    """One that keeps whose each row is, and was told each name before it was meant."""

    def __init__(self, most: int = 4096) -> None:
        super().__init__()
        self.rows = MakerRows()
        self.names = 0
        self._most = most

    def loaded(self, symbol: str, records: Records) -> None:
        self._known(records)
        self.rows.load_shares(records)

    def applied(self, symbol: str, records: Records) -> None:
        self._known(records)
        self.rows.apply(records)

    def _known(self, records: Records) -> None:
        assert not len(records) or int(records["ref"].max()) <= self.names, "a name was not told"

    def _message(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Hello):
            self.names = 0
        if isinstance(message, Makers):
            self.names = len(message.names)
        yield from super()._message(message)

    def _greet(self, hello: Hello) -> Welcome:
        return msgspec.structs.replace(super()._greet(hello), max_batch=self._most)


class Older(Owned):
    """One of an earlier version: a snapshot has each price once."""

    refused = 0

    def receive(self, data: bytes | str) -> Iterator[Message]:
        if isinstance(data, bytes):
            frame = decode_frame(data)
            prices = np.stack([frame.records["side"].astype(np.int64), frame.records["price"]])
            unique = np.unique(prices, axis=1).shape[1]
            if frame.type == FrameType.SNAPSHOT and unique != len(frame.records):
                self.refused += 1
                session = self.sessions[self.symbols[frame.stream]]
                yield ErrorMessage(
                    code="out_of_range",
                    message="a snapshot names a price twice",
                    stream=frame.stream,
                    seq=session.expected,
                    field="price",
                )
                yield Resync(stream=frame.stream, from_=session.expected, reason="reset")
                return
        yield from super().receive(data)


class Market:
    """Rows of makers as NinjaTrader has them, told to the publisher one by one."""

    def __init__(self, line: Line, rows: dict[int, list[Row]]) -> None:
        self.line = line
        self.rows = rows
        self.time = BASE
        for number, name in enumerate(NAMES, 1):
            assert line.talk.say("maker", name) == number
        self.seed()

    def seed(self) -> None:
        self.time += 1_000
        assert self.line.talk.say("seed_makers", self.rows[BID], self.rows[ASK], self.time)

    def change(self, side: int, op: int, row: int, new: Row) -> None:
        """A change; of a row that cannot be there the book is in doubt, and begun anew."""
        rows = self.rows[side]
        self.time += 1_000
        wanted = self.line.talk.say("row", self.time, side, op, row, *new)
        assert wanted is (row > len(rows))
        if wanted:
            self.seed()
        elif op == REMOVE:
            del rows[row : row + 1]
        elif op == ADD or row == len(rows):
            rows.insert(row, new)
        else:
            rows[row] = new

    def levels(self, side: int) -> list[tuple[int, int, dict[int, int]]]:
        """Prices of a side, their sizes, and what each maker has of them."""
        found: dict[int, dict[int, int]] = {}
        for price, size, maker in self.rows[side]:
            shares = found.setdefault(price, {})
            shares[maker] = shares.get(maker, 0) + size
        prices = sorted(found, reverse=side == BID)[:DEPTH]
        return [(price, sum(found[price].values()), found[price]) for price in prices]

    def require_same(self) -> None:
        """Everything was sent, and the server has each maker's size at each price."""
        self.line.settle()
        server = self.line.server
        assert isinstance(server, Owned)
        for side in (ASK, BID):
            assert server.rows.levels(side) == self.levels(side)
        bids, asks = server.books[SYMBOL].top(DEPTH)
        assert bids == [level[:2] for level in self.levels(BID)]
        assert asks == [level[:2] for level in self.levels(ASK)]
        assert server.failed_checks == 0


@pytest.fixture(scope="module")
def talk(runner: Program) -> Iterator[Talk]:
    with Talk(runner, "publisher") as talk:
        yield talk


def joined_line(talk: Talk, server: FakeServer, **options: Any) -> Line:
    line = Line(talk, **options)
    line.server = server
    return line


_bids = st.tuples(st.integers(1, 14), st.integers(1, 4), st.integers(0, 3))
_asks = st.tuples(st.integers(21, 34), st.integers(1, 4), st.integers(0, 3))
_change = st.tuples(
    st.just("change"),
    st.sampled_from((ASK, BID)),
    st.sampled_from((ADD, UPDATE, UPDATE, REMOVE)),
    st.integers(0, 30),
    st.integers(1, 14),
    st.integers(1, 4),
    st.integers(0, 3),
)
_steps = st.lists(
    st.one_of(
        _change,
        _change,
        _change,
        st.tuples(st.sampled_from(("pump", "asked", "cut", "many", "feed", "again"))),
    ),
    min_size=5,
    max_size=40,
)


@pytest.mark.parametrize("most", [4096, 5])
def test_accounts_are_the_rows_after_a_snapshot_at_any_moment(talk: Talk, most: int) -> None:
    """Asked for, after more than the ring holds, a reset or a fault; whole, or cut into frames."""
    met: dict[str, int] = {}

    @given(
        bids=st.lists(_bids, min_size=3, max_size=30),
        asks=st.lists(_asks, min_size=3, max_size=30),
        steps=_steps,
        late=st.booleans(),
    )
    @settings(max_examples=100, deadline=None)
    def check(bids: list[Row], asks: list[Row], steps: list[Any], *, late: bool) -> None:
        server = Owned(most)
        line = joined_line(talk, server, capacity=64)
        if not late:
            line.connect()
        market = Market(line, {BID: bids, ASK: asks})
        if late:
            line.connect()
        market.require_same()
        for step in steps:
            match step:
                case ("change", side, op, row, price, size, maker):
                    market.change(side, op, row, (price + 20 * (side == ASK), size, maker))
                case ("pump",):
                    line.pump()
                case ("asked",):
                    line.core.receive(Resync(stream=0, from_=1, reason="checksum"), line.now)
                case ("cut",):
                    line.core.disconnected()
                    line.connect()
                case ("many",):
                    for number in range(70):
                        market.change(BID, UPDATE, 0, (7 + number % 2, 1 + number % 3, 1))
                case ("feed",):
                    talk.say("reset", "FeedReset")
                    market.seed()
                case _:
                    before = server.snapshots
                    market.require_same()
                    met["later snapshots"] = met.get("later snapshots", 0) + before
        market.require_same()
        met["snapshots"] = met.get("snapshots", 0) + server.snapshots
        met["losses"] = met.get("losses", 0) + line.core.state["losses"]
        met["parts"] = met.get("parts", 0) + sum(
            frame.type == FrameType.SNAPSHOT and not frame.flags & FrameFlag.LAST
            for frame in line.frames()
        )

    check()
    assert met["snapshots"] > 200
    assert met["losses"] > 5
    assert (met["parts"] > 100) is (most == 5)


ROWS: Final = {
    BID: [(10, 3, 1), (10, 4, 2), (10, 1, 1), (9, 5, 0), (9, 2, 3)],
    ASK: [(21, 6, 2), (22, 1, 1), (22, 8, 3)],
}


def rows() -> dict[int, list[Row]]:
    return {side: list(rows) for side, rows in ROWS.items()}


def test_a_row_of_several_makers_is_a_record_for_each(talk: Talk) -> None:
    """In the order of their first rows, at the row's position; two rows of one maker are one."""
    line = joined_line(talk, Owned())
    line.connect()
    Market(line, rows()).require_same()
    (frame,) = [frame for frame in line.frames() if frame.type == FrameType.SNAPSHOT]
    fields = ("side", "op", "position", "price", "size", "ref")
    assert [tuple(int(record[name]) for name in fields) for record in frame.records] == [
        (BID, ADD, 0, 10, 4, 1),
        (BID, ADD, 0, 10, 4, 2),
        (BID, ADD, 1, 9, 5, 0),
        (BID, ADD, 1, 9, 2, 3),
        (ASK, ADD, 0, 21, 6, 2),
        (ASK, ADD, 1, 22, 1, 1),
        (ASK, ADD, 1, 22, 8, 3),
    ]


def test_names_are_told_before_a_snapshot_that_makes_up_for_lost_records(talk: Talk) -> None:
    """More happened before the first connection than the ring holds."""
    line = joined_line(talk, Owned(), capacity=16)
    market = Market(line, rows())
    for number in range(40):
        market.change(BID, UPDATE, 0, (10, 1 + number % 5, 1 + number % 3))
    line.connect()
    market.require_same()
    assert line.core.state["losses"] == 1
    assert line.server.snapshots == 1


def test_a_server_of_before_gets_levels(talk: Talk) -> None:
    """It refuses shares, once a connection; the book is right all the same."""
    server = Older()
    line = joined_line(talk, server)
    line.connect()
    market = Market(line, rows())
    for connection in (1, 2, 3):
        line.settle()
        assert server.books[SYMBOL].top(DEPTH) == ([(10, 8), (9, 7)], [(21, 6), (22, 9)])
        refused = server.refused
        assert connection <= refused < 2 * connection, "what was on its way, and no more"
        line.core.receive(Resync(stream=0, from_=1, reason="checksum"), line.now)
        line.settle()
        assert server.refused == refused
        assert server.snapshots > connection
        market.change(BID, UPDATE, 3, (9, 5, connection))
        line.core.disconnected()
        line.connect()
        line.core.receive(Resync(stream=0, from_=1, reason="checksum"), line.now)
    assert server.failed_checks == 0


def test_rows_that_are_not_of_the_ladder_are_nobody_s(talk: Talk) -> None:
    """Futures: their rows are told by position, and each price is one record without a maker."""
    line = joined_line(talk, Owned())
    line.connect()
    assert talk.say("seed", [[10, 3], [9, 4]], [[11, 5]], BASE)
    line.settle()
    assert not talk.say("depth", BASE + SECOND, BID, UPDATE, 0, 10, 7, 0)
    line.core.receive(Resync(stream=0, from_=1, reason="checksum"), line.now)
    line.settle()
    frames = [frame for frame in line.frames() if frame.type == FrameType.SNAPSHOT]
    assert [frame.records["size"].tolist() for frame in frames] == [[3, 4, 5], [7, 4, 5]]
    assert not any(frame.records["ref"].any() for frame in frames)


def test_a_row_that_differs_from_the_makers_is_nobody_s(talk: Talk) -> None:
    """Shares of another size would make another book."""
    line = joined_line(talk, Owned())
    line.connect()
    Market(line, rows()).require_same()
    assert not talk.say("depth", BASE + SECOND, BID, UPDATE, 0, 10, 7, 0)
    assert not talk.say("depth", BASE + SECOND, ASK, UPDATE, 1, 23, 9, 0)
    line.core.receive(Resync(stream=0, from_=1, reason="checksum"), line.now)
    line.settle()
    server = line.server
    assert isinstance(server, Owned)
    assert server.rows.levels(BID) == [(10, 7, {0: 7}), (9, 7, {0: 5, 3: 2})]
    assert server.rows.levels(ASK) == [(21, 6, {2: 6}), (23, 9, {0: 9})]
    assert server.failed_checks == 0


def test_after_a_reset_rows_wait_for_the_seed_and_belong_to_nobody_of_before(talk: Talk) -> None:
    """A feed may tell its rows anew, by position: those of the makers before are gone."""
    line = joined_line(talk, Owned())
    line.connect()
    Market(line, rows()).require_same()
    talk.say("reset", "FeedReset")
    end = line.core.state["end"]
    assert talk.say("row", BASE + SECOND, BID, ADD, 0, 10, 3, 1)
    assert talk.say("row", BASE + SECOND, BID, UPDATE, 99, 10, 3, 1)
    assert line.core.state["end"] == end, "the seed will have it"
    assert talk.say("depth", BASE + SECOND, BID, ADD, 0, 10, 8, 0)
    assert not talk.say("depth", BASE + SECOND, ASK, ADD, 0, 21, 6, 0)
    line.core.receive(Resync(stream=0, from_=1, reason="checksum"), line.now)
    line.settle()
    server = line.server
    assert isinstance(server, Owned)
    assert server.rows.levels(BID) == [(10, 8, {0: 8})]
    assert server.rows.levels(ASK) == [(21, 6, {0: 6})]
