"""Books by price against the checksums that the exchanges sent with every update."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from orderbook import Book
from tests.evidence.crypto import BookMessage, kraken, kraken_checksum, okx, okx_checksum
from tests.reference.price_book import PriceBook
from tests.reference.records import ASK, BID, REMOVE, UPDATE, Rec, frames_of, price_row

pytestmark = pytest.mark.recordings

Read = Callable[[Path], list[BookMessage]]
RECORDINGS = [
    ("KRAKEN.ws.50.0", kraken, 4_279, 4_269),
    ("OKX.ws.1.0", okx, 290, 290),
    ("OKCOIN.ws.1.0", okx, 6, 6),
]


def _recs(message: BookMessage) -> list[Rec]:
    return [
        price_row(message.time, side, price, size, UPDATE if size else REMOVE)
        for side, price, size in message.rows
    ]


def _levels(message: BookMessage, side: int) -> list[tuple[int, int]]:
    levels = [(price, size) for which, price, size in message.rows if which == side]
    return sorted(levels, reverse=side == BID)


def _sum(read: Read, message: BookMessage, book: Book | PriceBook) -> int:
    bids, asks = book.top(25)
    if read is kraken:
        return kraken_checksum(bids, asks)
    return okx_checksum(bids, asks, message.pair)


@pytest.mark.parametrize(("name", "read", "messages", "checked"), RECORDINGS)
@pytest.mark.parametrize("snapshots", ["loaded", "applied"])
def test_checksums(
    recorded: Path, name: str, read: Read, messages: int, checked: int, snapshots: str
) -> None:
    books: dict[str, Book] = defaultdict(lambda: Book(25))
    twins: dict[str, PriceBook] = defaultdict(PriceBook)
    equal = 0
    stream = read(recorded / "crypto" / name)
    assert len(stream) == messages
    for message in stream:
        book, twin = books[message.symbol], twins[message.symbol]
        if message.snapshot and snapshots == "loaded":
            book.load(_levels(message, BID), _levels(message, ASK))
        else:
            for frame in frames_of(_recs(message)):
                assert book.apply(frame.records, frame.base).fault is None
        twin.apply(_recs(message))
        book.check()
        assert book.top(100) == twin.top(100)
        if message.checksum is not None:
            assert _sum(read, message, book) == message.checksum
            assert _sum(read, message, twin) == message.checksum
            equal += 1
    assert equal == checked
    for symbol, book in books.items():
        assert book.top(256) == twins[symbol].top(256)


def test_a_wrong_level_breaks_the_checksum(recorded: Path) -> None:
    message = okx(recorded / "crypto" / "OKX.ws.1.0")[0]
    book = Book(25)
    book.load(_levels(message, BID), _levels(message, ASK))
    assert _sum(okx, message, book) == message.checksum
    (price, size), *_ = book.top(1)[0]
    (frame,) = frames_of([price_row(message.time, BID, price, size + 1)])
    book.apply(frame.records, frame.base)
    assert _sum(okx, message, book) != message.checksum
