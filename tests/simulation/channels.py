"""A channel without connections, and ladders whose plain book is known at every number."""

import json
from collections.abc import Sequence
from typing import Any

from market.enums import Source
from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.record import Frame, make_frames
from orderbook import Parameters
from recording.messages import ClusterMessage, metrics_message
from recording.stream import Stream
from server.channel import Channel
from tests.orderbook.book_streams import ladder_stream
from tests.reference.position_book import PositionBook, Rows
from tests.reference.records import Rec, records_of
from wire.session import ResyncRequest

__all__ = ["ES", "Asked", "Heard", "Market", "bare_channel"]

ES: Instrument = DEFAULT_INSTRUMENTS.define("ES 12-26")
_START = 1_795_099_800 * 10**9
"""Thursday 2026-11-19, 09:50 in New York: the market is open."""
_PARAMETERS = Parameters()


class Heard:
    """A listener: (phase of each row) and the cluster events."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.clusters: list[ClusterMessage] = []

    def cluster(self, channel: Channel, message: ClusterMessage) -> None:
        self.clusters.append(message)

    def signal(self, channel: Channel, text: bytes) -> None:
        """Not looked at."""

    def begun(self, channel: Channel) -> None:
        self.clusters.clear()

    def applied(self, channel: Channel) -> None:
        self.rows.append(json.loads(channel.rendered(metrics_message)))


class Asked:
    """A publisher: what it was asked for."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, int]] = []

    def resync(self, channel: Channel, request: ResyncRequest) -> None:
        self.requests.append((request.reason.value, request.from_))


def bare_channel() -> tuple[Channel, Asked, Heard]:
    """A fresh channel of a begun session, without a journal."""
    channel = Channel(Stream(ES, Source.LIVE, _PARAMETERS), None)
    asked, heard = Asked(), Heard()
    channel.begin("7c9e6679-7425-40de-944b-e07fc1f90ae7")
    channel.publisher = asked
    channel.listeners[heard] = frozenset({"metrics", "clusters"})
    return channel, asked, heard


class Market:
    """A ladder stream, and the plain book after it."""

    def __init__(self, seed: int, count: int) -> None:
        recs = ladder_stream(seed, count)[:count]
        shift = _START - recs[0].time
        self.recs: list[Rec] = [rec._replace(time=rec.time + shift) for rec in recs]
        self.records, self.times = records_of(self.recs)

    def frames(self, start: int, stop: int, batch: int) -> Sequence[Frame]:
        """Records ``start`` to ``stop`` (from 0) under their numbers (from 1)."""
        part = self.records[start:stop].copy()
        return list(make_frames(part, self.times[start:stop], start + 1, batch))

    def top(self, count: int) -> tuple[Rows, Rows]:
        """The best ten (bids, asks) after so many records, by the plain book."""
        book = PositionBook(ES.depth_levels)
        for rec in self.recs[:count]:
            if rec.kind == 0:
                book.change(rec)
        return book.top(10)
