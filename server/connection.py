"""One WebSocket connection, seen from its socket: a bounded inbox and a bounded outbox.

The inbox only takes messages in; above its limit reading pauses. The outbox is written when the
transport has room; a peer that takes nothing for too long, or lets more pile up than may be
dropped, is cut with 4408, so that it never holds up the book or another peer.
"""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Final

from server.clock import SYSTEM, Clock
from server.measure import SAMPLE_NS, Measures
from server.outbox import Outbox
from server.protocol import StreamProtocol
from server.settings import ServerSettings
from wire.codes import CloseCode, ErrorCode
from wire.messages import ErrorMessage, encode_message

__all__ = ["Connection"]

_SECOND: Final = 1_000_000_000
_OVERHEAD: Final = 64
"""Bytes that a message takes beside its own, so that empty ones fill the inbox too."""
_LOOK_NS: Final = 250_000_000
"""How often somebody looks at the pace of a peer."""
_PORTION: Final = 1 << 16
"""Bytes handed to the transport at once; then it must drain first."""


class Connection:
    """Inbox and outbox of one peer.

    Attributes:
        address: of the peer, for logs.
        outbox: what waits to be sent.
        received: messages so far.
        received_bytes: of these messages.
    """

    def __init__(
        self,
        protocol: StreamProtocol,
        settings: ServerSettings,
        ready: Callable[["Connection"], None],
        dirty: Callable[["Connection"], None],
        *,
        clock: Clock = SYSTEM,
        measures: Measures | None = None,
    ) -> None:
        """Begin with empty boxes.

        Args:
            protocol: the transport's side.
            settings: limits.
            ready: called when the inbox is no longer empty.
            dirty: called when the outbox should be flushed soon.
            clock: of the process.
            measures: of the process.
        """
        self.address = protocol.client[0] if protocol.client else ""
        self.outbox = Outbox(settings.outbox_bytes)
        self.received = 0
        self.received_bytes = 0
        self._measures = measures or Measures()
        self._watched = 0
        self._watch_from = 0
        self._protocol = protocol
        self._settings = settings
        self._ready = ready
        self._dirty = dirty
        self._clock = clock
        self._inbox: deque[bytes | str] = deque()
        self._inbox_bytes = 0
        self._credit: float = settings.messages_per_second
        self._credited = clock.monotonic_ns()
        self._stalled_since: int | None = None
        self._full_since: int | None = None

    # From the protocol.

    def message(self, data: bytes | str) -> bool:
        """Take a message in; True asks to pause reading."""
        if self._over_rate():
            return False
        size = len(data)
        self.received += 1
        self.received_bytes += size
        if self._credited >= self._watch_from and not self._watched:
            self._watched = self.received
            self._watch_from = self._credited + SAMPLE_NS
        self._inbox.append(data)
        self._inbox_bytes += size + _OVERHEAD
        if len(self._inbox) == 1:
            self._ready(self)
        return self._inbox_bytes >= self._settings.inbound_bytes

    def extra_frame(self) -> None:
        """A control frame, or a fragment: it counts as a message does."""
        self._over_rate()

    def writable(self) -> None:
        """The transport takes data again."""
        self._stalled_since = None
        self.flush()

    # For the pipeline.

    def take(self) -> bytes | str:
        """The oldest message; reading goes on when half of the limit is free."""
        data = self._inbox.popleft()
        self._inbox_bytes -= len(data) + _OVERHEAD
        if self._watched and self.received - len(self._inbox) >= self._watched:
            self._watched = 0
            arrived = self._watch_from - SAMPLE_NS
            self._measures.queue.add(self._clock.monotonic_ns() - arrived)
        if self._inbox_bytes < self._settings.inbound_bytes // 2:
            self._protocol.resume_reading()
        return data

    @property
    def waiting(self) -> int:
        """Messages in the inbox."""
        return len(self._inbox)

    @property
    def waiting_bytes(self) -> int:
        """Bytes in the inbox."""
        return self._inbox_bytes

    @property
    def conflated(self) -> int:
        """Messages that a newer one replaced before they were sent."""
        return self.outbox.conflated

    @property
    def open(self) -> bool:
        """Whether something can still be sent."""
        return not self._protocol.closing

    def send(self, message: bytes, key: Hashable = None) -> None:
        """Put a message into the outbox; it goes out at the end of the pipeline's slice.

        Args:
            message: JSON text, UTF-8.
            key: replaces the waiting message of the same key; None: never dropped.
        """
        if self._protocol.closing:
            return
        self.outbox.put(message, key)
        if self._stalled_since is None:
            self._dirty(self)
        if self.outbox.full and key is None:
            self.close(CloseCode.TOO_SLOW, "more waits than may be dropped")

    @property
    def stalled(self) -> bool:
        """Whether something waits that the transport does not take."""
        return self._stalled_since is not None

    def flush(self) -> None:
        """Write as much of the outbox as the transport takes."""
        outbox, protocol = self.outbox, self._protocol
        while len(outbox) and protocol.can_write:
            protocol.write_text(outbox.take(_PORTION))
        if not len(outbox):
            self._full_since = None
        elif self._stalled_since is None:
            self._stalled_since = self._clock.monotonic_ns()

    def check_pace(self, now: int) -> None:
        """Cut a peer that would be too slow for too long when next looked at (monotonic ns)."""
        self._full_since = (self._full_since or now) if self.outbox.full else None
        for since in (self._stalled_since, self._full_since):
            if (
                len(self.outbox)
                and since is not None
                and now - since > self._settings.slow_client_s * _SECOND - _LOOK_NS
            ):
                self.close(CloseCode.TOO_SLOW, "the outbox stayed full")
                return

    def fail(self, code: ErrorCode, message: str, close: CloseCode) -> None:
        """Say what is wrong and close."""
        self.send(encode_message(ErrorMessage(code=code.value, message=message, fatal=True)))
        self.flush()
        self.close(close, code.value)

    def close(self, code: int, reason: str) -> None:
        """End the connection; what waits in both boxes is dropped."""
        if not self._protocol.closing:
            self._measures.closed[int(code)] += 1
        self._inbox.clear()
        self._inbox_bytes = 0
        self.outbox.take(self.outbox.size)
        self._protocol.close_now(code, reason)

    def _over_rate(self) -> bool:
        """Take one of a second's worth of frames; without any left the connection is closed."""
        most = self._settings.messages_per_second
        now = self._clock.monotonic_ns()
        self._credit = min(most, self._credit + (now - self._credited) * most / _SECOND)
        self._credited = now
        if self._credit < 1:
            self.fail(
                ErrorCode.OVER_LIMIT, f"more than {most} messages a second", CloseCode.OVER_LIMIT
            )
            return True
        self._credit -= 1
        return False
