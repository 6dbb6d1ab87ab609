"""What one connection listens to, and how it reaches its outbox.

Metrics, book and profile replace the waiting message of the same instrument, an update of a
cluster the waiting update of the same id; new and end events and signals are never dropped. A
rate limit holds messages back; the newest one follows when its time has come.
"""

import logging
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from market.enums import Phase, Source
from market.errors import UsageError
from recording.messages import (
    ClusterMessage,
    book_message,
    clusters_message,
    metrics_message,
    profile_message,
)
from recording.stream import Stream
from server.channel import Channel
from server.connection import Connection
from server.hub import Hub

__all__ = ["Subscription"]

_LOG: Final = logging.getLogger("depthbridge.subscription")
_PROFILE_HZ: Final = 1.0
_RENDERED: Final[dict[str, Callable[[Stream], bytes]]] = {
    "metrics": metrics_message,
    "book": book_message,
    "profile": profile_message,
}


@dataclass(slots=True)
class _Wish:
    """Topics of one instrument (None: all) and source."""

    topics: set[str]
    interval_ns: int = 0


@dataclass(slots=True)
class _Pace:
    """What one topic of one channel has to wait for: its rate limit, or a peer that stalls."""

    next_at: int = 0
    due: bool = False


@dataclass(slots=True)
class _Heard:
    """One channel's part in a subscription."""

    topics: set[str]
    interval_ns: int
    paces: dict[str, _Pace] = field(init=False)
    metrics: _Pace | None = field(init=False)
    others: list[_Pace] = field(init=False)
    without_set: bool = False
    """The book was stale when the full set of clusters was due: it follows, events wait for it."""
    without_signals: bool = False
    """The same of the signals that have not expired."""

    def __post_init__(self) -> None:
        """A pace for each topic that may have to wait."""
        self.paces = {one: _Pace() for one in _RENDERED if one in self.topics}
        self.metrics = self.paces.get("metrics")
        self.others = [pace for one, pace in self.paces.items() if one != "metrics"]


class Subscription:
    """The topics of one connection; a channel's listener."""

    def __init__(self, connection: Connection, hub: Hub) -> None:
        self._connection = connection
        self._hub = hub
        self._wishes: dict[tuple[str | None, Source], _Wish] = {}
        self._heard: dict[Channel, _Heard] = {}

    def add(
        self, topics: Iterable[str], names: Sequence[str], source: Source, rate_hz: float = 0.0
    ) -> None:
        """Listen to topics of these instruments, or of all of a source."""
        interval = int(1e9 / rate_hz) if rate_hz else 0
        for name in names or (None,):
            key = (self._symbol(name), source)
            wish = self._wishes.setdefault(key, _Wish(set()))
            wish.topics |= set(topics)
            wish.interval_ns = interval
        for channel in self._hub:
            self.meet(channel)

    def drop(self, topics: Iterable[str], names: Sequence[str], source: Source) -> None:
        """Stop listening."""
        for key, wish in list(self._wishes.items()):
            if key[1] is source and (not names or key[0] in {self._symbol(n) for n in names}):
                wish.topics -= set(topics)
                if not wish.topics:
                    del self._wishes[key]
        for channel in list(self._heard):
            self.meet(channel)

    def meet(self, channel: Channel) -> None:
        """Begin or stop to hear a channel, as the wishes say; who is new is told how it stands.

        In a market that rests nothing else would say so: neither the clusters nor, to one who
        listens to metrics, the phase.
        """
        topics: set[str] = set()
        interval = 0
        for key in ((channel.symbol, channel.source), (None, channel.source)):
            wish = self._wishes.get(key)
            if wish is not None:
                topics |= wish.topics
                interval = max(interval, wish.interval_ns)
        before = self._heard.get(channel)
        if not topics:
            self._heard.pop(channel, None)
            channel.listeners.pop(self, None)
            return
        heard = self._heard[channel] = _Heard(topics, interval)
        channel.listeners[self] = frozenset(topics)
        known = before.topics if before is not None else set()
        if before is not None:
            heard.without_set = before.without_set and "clusters" in topics
            heard.without_signals = before.without_signals and "signals" in topics
        if "metrics" in topics - known and channel.stream.records:
            self._row(channel, heard)
        if "clusters" in topics - known:
            self._send_clusters(channel, heard)
        if "signals" in topics - known:
            self._send_signals(channel, heard)

    def end(self) -> None:
        """The connection is gone."""
        for channel in self._heard:
            channel.listeners.pop(self, None)
        self._heard.clear()
        self._wishes.clear()

    # From the channel.

    def hears_every_row(self, channel: Channel) -> bool:
        """Whether metrics of a channel go out unasked after every frame."""
        heard = self._heard.get(channel)
        return heard is not None and "metrics" in heard.topics and not heard.interval_ns

    def cluster(self, channel: Channel, message: ClusterMessage) -> None:
        """A cluster event; the full set, where it is still to come, has what it says."""
        if self._heard[channel].without_set:
            return
        update = message.event == "update"
        self._send(message.text, ("cluster", channel.key, message.id) if update else None)

    def signal(self, channel: Channel, text: bytes) -> None:
        """A signal; it is among those that are still to come, where they are."""
        if not self._heard[channel].without_signals:
            self._send(text)

    def gone(self, channel: Channel) -> None:
        """The channel is no more."""
        self._heard.pop(channel, None)
        channel.listeners.pop(self, None)

    def begun(self, channel: Channel) -> None:
        """A new run: its clusters are others, whatever their ids."""
        heard = self._heard[channel]
        if "clusters" in heard.topics:
            self._send_clusters(channel, heard)

    def applied(self, channel: Channel) -> None:
        """An entry was applied: a row goes out where it may, everything else is due."""
        heard = self._heard[channel]
        if heard.metrics is not None:
            self._row(channel, heard)
        if heard.without_set:
            self._send_clusters(channel, heard)
        if heard.without_signals:
            self._send_signals(channel, heard)
        for pace in heard.others:
            pace.due = True

    def flush(self, now: int) -> None:
        """Send what was held back or is due (monotonic ns).

        A peer that takes nothing gets the newest when it takes something again.
        """
        if self._connection.stalled:
            return
        for channel, heard in self._heard.items():
            for topic, pace in heard.paces.items():
                if not pace.due or now < pace.next_at:
                    continue
                interval = heard.interval_ns
                if topic == "profile":
                    interval = max(interval, int(1e9 / _PROFILE_HZ))
                pace.due = False
                pace.next_at = now + interval
                self._render(topic, channel)

    def _send_clusters(self, channel: Channel, heard: _Heard) -> None:
        """The full set; of a stale book nothing yet but that nothing is live."""
        stale = channel.stream.phase is Phase.STALE
        if not (stale and heard.without_set):
            self._send(channel.rendered(clusters_message))
        heard.without_set = stale

    def _send_signals(self, channel: Channel, heard: _Heard) -> None:
        """Those that have not expired; of a stale book they have to wait."""
        heard.without_signals = channel.stream.phase is Phase.STALE
        for signal in channel.recent_signals():
            self._send(orjson.dumps(signal))

    def _render(self, topic: str, channel: Channel) -> None:
        """Send what is rendered on demand; a profile too wide to lay out is left out."""
        try:
            text = channel.rendered(_RENDERED[topic])
        except UsageError as error:
            _LOG.warning("not rendered", extra={"topic": topic, "reason": error.message})
            return
        self._send(text, (topic, channel.key))

    def _row(self, channel: Channel, heard: _Heard) -> None:
        """Send the row, or let it be due when the rate limit or the peer takes one.

        For a peer that takes nothing none is rendered: by then there is a newer one.
        """
        pace = heard.metrics
        assert pace is not None
        if self._connection.stalled:
            self._connection.outbox.conflated += pace.due
            pace.due = True
            return
        pace.due = False
        if heard.interval_ns:
            now = self._hub.clock.monotonic_ns()
            if now < pace.next_at:
                pace.due = True
                return
            pace.next_at = now + heard.interval_ns
        self._render("metrics", channel)

    def _send(self, text: bytes, key: Hashable = None) -> None:
        self._connection.send(text, key)

    def _symbol(self, name: str | None) -> str | None:
        if name is None:
            return None
        known = self._hub.settings.instruments.resolve(name)
        return known.symbol if known is not None else name
