"""What a channel needs of the connections around it."""

from typing import TYPE_CHECKING, Protocol

from recording.messages import ClusterMessage
from wire.session import ResyncRequest

if TYPE_CHECKING:
    from server.channel import Channel

__all__ = ["Listener", "Publisher"]


class Listener(Protocol):
    """Somebody who gets what a channel publishes."""

    def cluster(self, channel: "Channel", message: ClusterMessage) -> None:
        """A cluster event."""

    def signal(self, channel: "Channel", text: bytes) -> None:
        """A signal."""

    def begun(self, channel: "Channel") -> None:
        """Everything is fresh: what was heard before is void."""

    def gone(self, channel: "Channel") -> None:
        """The channel is no more: nobody published what it was announced for."""

    def applied(self, channel: "Channel") -> None:
        """An entry was applied: metrics, and what else is rendered when it is wanted, are new."""


class Publisher(Protocol):
    """Whoever sends a channel's data over a connection."""

    def resync(self, channel: "Channel", request: ResyncRequest) -> None:
        """Records, or a snapshot, are needed."""
