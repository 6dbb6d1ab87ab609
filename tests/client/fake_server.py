"""A server without sockets: sessions, a book per stream, acks; what a client is tested against."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame, Records, make_frames
from orderbook import Book
from orderbook.books.snapshot import sides_of
from wire.checksum import book_crc32
from wire.codes import ResyncReason
from wire.frames import decode_frame
from wire.messages import (
    Ack,
    BarUpdate,
    Bye,
    Check,
    Clusters,
    Heartbeat,
    Hello,
    Message,
    Metrics,
    Resync,
    Signal,
    Subscribe,
    Welcome,
    decode_message,
    encode_message,
)
from wire.session import Action, ResyncRequest, StreamSession

ES = DEFAULT_INSTRUMENTS.define("ES 12-26")


class FakeServer:
    """What every stream has received, by symbol."""

    def __init__(self) -> None:
        self.symbols: list[str] = []
        self.sessions: dict[str, StreamSession] = {}
        self.books: dict[str, Book] = {}
        self.records: dict[str, list[int]] = {}
        self.bars: list[int] = []
        self.snapshots = 0
        self.lost: list[tuple[int, int]] = []
        self.checks = 0
        self.failed_checks = 0
        self.hellos: list[Hello] = []
        self.beats: list[Heartbeat] = []
        self.byes = 0
        self.sizes: list[int] = []

    def receive(self, data: bytes | str) -> Iterator[Message]:
        if isinstance(data, str):
            yield from self._message(decode_message(data))
            return
        frame = decode_frame(data)
        self.sizes.append(len(frame.records))
        symbol = self.symbols[frame.stream]
        session, book = self.sessions[symbol], self.books[symbol]
        verdict = session.judge(frame)
        if verdict.action is Action.LOAD:
            self.snapshots += 1
            if verdict.lost:
                self.lost.append(verdict.lost)
            records = np.concatenate([part.records for part in verdict.snapshot])
            book.load(*sides_of(records))
            self.loaded(symbol, records)
        elif verdict.frame is not None:
            self.records[symbol] += [int(ref) for ref in verdict.frame.records["ref"]]
            if verdict.action is Action.APPLY:
                outcome = book.apply(verdict.frame.records, verdict.frame.base)
                self.applied(symbol, verdict.frame.records)
                if outcome.fault is not None:
                    verdict = session.fail(ResyncReason.UNSORTED)
        if verdict.resync is not None:
            yield _resync(frame.stream, verdict.resync)
        yield Ack(stream=frame.stream, seq=session.expected - 1)

    def loaded(self, symbol: str, records: Records) -> None:
        """A snapshot has replaced a book: for whoever looks closer."""

    def applied(self, symbol: str, records: Records) -> None:
        """Records have reached a book."""

    def _message(self, message: Message) -> Iterator[Message]:
        match message:
            case Hello():
                yield self._greet(message)
                for index, symbol in enumerate(self.symbols):
                    yield Ack(stream=index, seq=self.sessions[symbol].expected - 1)
            case Check():
                yield from self._check(message)
            case BarUpdate():
                assert message.stream is not None
                assert message.seq is not None
                session = self.sessions[self.symbols[message.stream]]
                if session.judge_numbers(message.seq).action is Action.APPLY:
                    self.bars.append(message.seq)
                yield Ack(stream=message.stream, seq=session.expected - 1)
            case Heartbeat():
                self.beats.append(message)
                for index, last in message.last.items():
                    verdict = self.sessions[self.symbols[index]].heartbeat(last)
                    if verdict.resync is not None:
                        yield _resync(index, verdict.resync)
            case Bye():
                self.byes += 1
            case Subscribe():
                yield from _examples(message)

    def _greet(self, hello: Hello) -> Welcome:
        self.hellos.append(hello)
        for declared in hello.instruments:
            symbol = declared.symbol
            if symbol not in self.sessions:
                self.symbols.append(symbol)
                self.sessions[symbol] = StreamSession()
                self.books[symbol] = Book(10)
                self.records[symbol] = []
            self.sessions[symbol].disconnected()
            if self.sessions[symbol].begin(hello.session):
                self.books[symbol].clear()
        return Welcome(
            protocol=1,
            server="fake",
            streams={symbol: index for index, symbol in enumerate(self.symbols)},
            resume_from={
                index: self.sessions[symbol].expected for index, symbol in enumerate(self.symbols)
            },
        )

    def _check(self, message: Check) -> Iterator[Message]:
        symbol = self.symbols[message.stream]
        session = self.sessions[symbol]
        if not session.check_applies(message.seq):
            return
        self.checks += 1
        bids, asks = self.books[symbol].top(10)
        if book_crc32(asks, bids) != message.crc32:
            self.failed_checks += 1
            request = session.fail(ResyncReason.CHECKSUM).resync
            assert request is not None
            yield _resync(message.stream, request)


def _examples(message: Subscribe) -> Iterator[Message]:
    for topic in message.topics:
        if topic == "metrics":
            for seq in range(3):
                yield Metrics(instrument="ES 12-26", source="live", seq=seq, time=seq,
                              phase="synced", values={"mid": seq / 2})  # fmt: skip
        elif topic == "clusters":
            yield Clusters(event="snapshot", seq=0, clusters=({"id": 1},))
        elif topic == "signals":
            for number in range(2):
                yield Signal(id=number, instrument="ES 12-26", source="live", seq=0, time=0,
                             kind="k", side="bid", strength=0.5)  # fmt: skip


def _resync(stream: int, request: ResyncRequest) -> Resync:
    return Resync(stream=stream, from_=request.from_, reason=request.reason.value)


@asynccontextmanager
async def served(
    fake: FakeServer, cut_after: Sequence[int] = ()
) -> AsyncIterator[tuple[str, Server]]:
    """The fake server on a real socket; connection n is cut after so many messages."""
    cuts = iter(cut_after)

    async def handle(socket: ServerConnection) -> None:
        left = next(cuts, None)
        try:
            async for data in socket:
                if left is not None:
                    left -= 1
                    if left < 0:
                        socket.transport.abort()
                        return
                for answer in fake.receive(data):
                    await socket.send(encode_message(answer).decode())
        except ConnectionClosed:
            await asyncio.sleep(0)

    async with serve(handle, "127.0.0.1", 0, subprotocols=["depthbridge.v1"]) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ws", server


def depth_frames(total: int, per_frame: int = 20, seed: int = 1) -> list[Frame]:
    """A ladder of ten rows a side and its changes; record number n has ``ref`` n (from 1)."""
    random = np.random.default_rng(seed)
    rows: list[tuple[int, int, int, int, int]] = []
    touch = 18_000
    for position in range(10):
        rows.append((1, 0, position, touch - position, 5))
        rows.append((0, 0, position, touch + 1 + position, 5))
    while len(rows) < total:
        if random.random() < 0.05:
            rows += [(0, 2, 0, touch + 1, 0), (0, 0, 9, touch + 11, 3),
                     (1, 0, 0, touch + 1, 4), (1, 2, 10, touch - 9, 0)]  # fmt: skip
            touch += 1
            continue
        side, position = int(random.integers(2)), int(random.integers(10))
        price = touch - position if side else touch + 1 + position
        rows.append((side, 1, position, price, int(random.integers(1, 500))))
    records = np.zeros(total, RECORD)
    for index, (side, op, position, price, size) in enumerate(rows[:total]):
        records[index] = (0, 0, side, op, position, price, size, index + 1)
    times = 10**18 + np.arange(total, dtype=np.int64) * 1_000_000
    return list(make_frames(records, times, 1, per_frame))
