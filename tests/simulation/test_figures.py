"""The figures of true data: one lost record, repeats, changed bytes, a book made wrong inside.

The short forms run with the suite; the counts of the requirements with ``--long``.
"""

import logging
import random
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest

from market.enums import Phase
from market.errors import MalformedError
from server.posts import Poster
from server.runtime import Runtime
from server.settings import settings_from
from tests.simulation.channels import Market, bare_channel
from tests.simulation.world import VirtualClock
from wire.checksum import book_crc32
from wire.frames import decode_frame, encode_frame
from wire.messages import L2Update
from wire.session import State

pytestmark = pytest.mark.usefixtures("warmed")

STREAM = 10_000


@pytest.fixture(scope="module")
def long_market() -> Market:
    return Market(3, STREAM)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of deliberate errors would be thousands of log records."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def levels(top: tuple[Any, Any]) -> list[list[tuple[int, int]]]:
    return [[(int(price), int(size)) for price, size in side] for side in top]


# One record is lost.


def lose_one(market: Market, final: Any, dropped: int, batch: int) -> None:
    """Number ``dropped`` never arrives: found at the next record, stale until it came after all."""
    channel, asked, heard = bare_channel()
    now = 0
    for frame in market.frames(0, dropped - 1, batch):
        channel.frame(frame, now)
    heard.rows.clear()
    heard.clusters.clear()
    rest = market.frames(dropped, STREAM, batch)
    if rest:
        verdict, _ = channel.frame(rest[0], now)
        assert verdict.gap == (dropped, dropped), "not found at the next record"
    else:
        channel.heartbeat(dropped, None, now)
    assert asked.requests == [("gap", dropped)]
    for frame in rest[1:4]:
        channel.frame(frame, now)
    assert channel.stream.phase is Phase.STALE
    assert channel.session.expected == dropped
    assert [row["phase"] for row in heard.rows] == ["stale"]
    assert set(heard.rows[0]) == {"type", "instrument", "source", "seq", "time", "book", "phase"}
    assert heard.clusters == []
    for frame in market.frames(dropped - 1, STREAM, batch):
        channel.frame(frame, now)
    assert channel.session.state is State.LIVE
    assert (channel.session.expected, channel.counters.records) == (STREAM + 1, STREAM)
    assert levels(channel.stream.analyzer.top(10)) == final


def test_a_lost_record_is_found_at_the_next_one(long_market: Market) -> None:
    places = [1, 2, STREAM - 1, STREAM, *random.Random(0).sample(range(3, STREAM - 1), 46)]
    _lose(long_market, places)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_lost_record_is_found_at_the_next_one_long(long_market: Market) -> None:
    begun = time.perf_counter()
    _lose(long_market, range(1, STREAM + 1))
    sys.stdout.write(f"\ngap: {STREAM} of {STREAM} found, {time.perf_counter() - begun:.0f} s\n")


def _lose(market: Market, places: Sequence[int]) -> None:
    final = levels(market.top(STREAM))
    for place in places:
        lose_one(market, final, place, random.Random(place).choice((200, 500, 4096)))


# Repeats, by socket and by post.


class Repeats:
    """Windows of a stream that overlap and repeat, through both doors of one server."""

    def __init__(self, seed: int, market: Market, clock: VirtualClock) -> None:
        self.random = random.Random(seed)
        self.market = market
        self.runtime = Runtime(settings_from({"recording": {"enabled": False}}), "1", clock=clock)
        self.session = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
        self.socket = cast(Any, _Socket())
        self.dialogue = self.runtime.connect(self.socket)
        self.told = self.repeated = self.frames = 0

    def run(self) -> None:
        count = len(self.market.recs)
        self.dialogue.handle(
            '{"type":"hello","protocol":{"min":1,"max":1},"session":"' + self.session + '",'
            '"client":"t","source":"live","role":"publisher",'
            '"instruments":[{"symbol":"ES 12-26"}]}'
        )
        while self.told < count:
            start = self.random.randint(max(0, self.told - 60), self.told)
            stop = min(start + self.random.randint(1, 80), count)
            for frame in self.market.frames(start, stop, 4096):
                self._send(encode_frame(frame))
                known = min(max(self.told - frame.seq + 1, 0), len(frame.records))
                self.repeated += known
                self.frames += known < len(frame.records)
                self.told = max(self.told, frame.end - 1)

    def _send(self, data: bytes) -> None:
        if self.random.random() < 0.5:
            self.dialogue.handle(data)
            return
        headers = {
            "content-type": "application/octet-stream",
            "x-depthbridge-session": self.session,
            "x-depthbridge-instrument": "ES 12-26",
        }
        answer = Poster(self.runtime, headers, (L2Update,)).take(data)
        assert answer.status_code == 200, answer.body


class _Socket:
    client = ("127.0.0.1", 1)
    closing = False
    can_write = True

    def attach(self, peer: object) -> None:
        """Messages are handed over by hand."""

    def write_text(self, messages: list[bytes]) -> None:
        """Nobody reads."""


def repeat(seed: int) -> int:
    market = Market(seed, 600)
    both = Repeats(seed, market, VirtualClock(1_795_099_800 * 10**9))
    both.run()
    (channel,) = both.runtime.hub
    counters = channel.counters
    assert levels(channel.stream.analyzer.top(10)) == levels(market.top(600))
    assert (counters.records, channel.session.expected) == (600, 601)
    assert (counters.duplicates, channel.session.duplicates) == (both.repeated, both.repeated)
    assert (counters.frames, channel.session.gaps) == (both.frames, 0)
    trades = [rec for rec in market.recs if rec.kind == 3]
    analyzer = channel.stream.analyzer
    assert analyzer.analyze_volume_profile()["volume"] == sum(rec.size for rec in trades)
    signs = {0: -1, 1: 1}
    assert analyzer.calculate_metrics()["cvd"] == sum(
        rec.size * signs.get(rec.side, 0) for rec in trades
    )
    return both.repeated


def test_repeats_by_socket_and_post_change_nothing() -> None:
    assert sum(repeat(seed) for seed in range(40)) > 5_000


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_repeats_by_socket_and_post_change_nothing_long() -> None:
    repeated = sum(repeat(seed) for seed in range(10_000))
    sys.stdout.write(f"\nrepeats: 10,000 streams of 600, {repeated} records told twice\n")


# A byte changes on the way.


def change(rng: random.Random, market: Market) -> None:
    """The changed frame is refused at once and whole; the right one is then taken."""
    channel, asked, heard = bare_channel()
    count = rng.randint(2, 60)
    frames = market.frames(0, count, rng.choice((1, 7, 60)))
    victim = rng.randrange(len(frames))
    for number, frame in enumerate(frames):
        data = encode_frame(frame, guard=True, deflate=rng.random() < 0.3)
        if number == victim:
            damaged = bytearray(data)
            damaged[rng.randrange(len(damaged))] ^= rng.randrange(1, 256)
            rows = len(heard.rows)
            with pytest.raises(MalformedError):
                channel.frame(decode_frame(bytes(damaged)), 0)
            assert (channel.session.expected, len(heard.rows)) == (frame.seq, rows)
        channel.frame(decode_frame(data), 0)
    assert levels(channel.stream.analyzer.top(10)) == levels(market.top(count))
    assert asked.requests == []


def test_a_changed_byte_is_found_at_its_frame(long_market: Market) -> None:
    for seed in range(300):
        change(random.Random(seed), long_market)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_changed_byte_is_found_at_its_frame_long(long_market: Market) -> None:
    for seed in range(10_000):
        change(random.Random(seed), long_market)
    sys.stdout.write("\nchanged bytes: 10,000 of 10,000 found at their frame\n")


# The book is made wrong inside.


def spoil(rng: random.Random, market: Market) -> bool:
    """A visible price or size, or the number of rows, changes in memory; then rows go on."""
    channel, asked, _ = bare_channel()
    count = rng.randint(60, 400)
    for frame in market.frames(0, count, 4096):
        channel.frame(frame, 0)
    book = channel.stream.analyzer._state["book"]
    side = rng.randrange(2)
    row = rng.randrange(int(book["n"][side]))
    what = rng.choice(("px", "sz", "n"))
    if what == "n":
        book["n"][side] -= 1
    else:
        book[what][side, row] += rng.choice((-1, 1)) * rng.choice((1, 2, 50))
    more = count + rng.choice((0, 0, 1, 5, 40))
    for frame in market.frames(count, more, 4096):
        channel.frame(frame, 0)
    if channel.session.state is not State.LIVE:
        return False  # a book fault has found it before
    wanted = market.top(more)
    if levels(channel.stream.analyzer.top(10)) == levels(wanted):
        return False  # later rows have healed it
    bids, asks = wanted
    channel.check(more, book_crc32(asks, bids), 0)
    assert asked.requests == [("checksum", more + 1)]
    assert channel.stream.phase is Phase.STALE
    return True


def test_a_book_made_wrong_inside_is_found_at_the_next_check(long_market: Market) -> None:
    assert _spoil(long_market, 300) == 300


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_book_made_wrong_inside_is_found_at_the_next_check_long(long_market: Market) -> None:
    found = _spoil(long_market, 10_000)
    sys.stdout.write(f"\nspoilt books: {found} of 10,000 found at the next check\n")
    assert found == 10_000


def _spoil(market: Market, wanted: int) -> int:
    """So many runs in which the fault was still there at the check."""
    found = seed = 0
    while found < wanted and seed < 3 * wanted:
        found += spoil(random.Random(seed), market)
        seed += 1
    return found


def test_the_market_of_these_figures_is_plausible(long_market: Market) -> None:
    kinds, counts = np.unique(long_market.records["kind"], return_counts=True)
    assert dict(zip(kinds.tolist(), counts.tolist(), strict=True)).keys() == {0, 2, 3}
    assert counts.min() > 500
    assert all(a <= b for a, b in pairwise(long_market.times.tolist()))
