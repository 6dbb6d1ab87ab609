"""What waits to be sent to one connection: bounded, conflated.

A message with a key replaces the waiting one of the same key (metrics of an instrument, the
update of a cluster, an ack of a stream); one without a key is never dropped. If messages that
may not be dropped exceed the limit, or the peer takes nothing for too long, the owner cuts it.
"""

from collections.abc import Hashable

__all__ = ["Outbox"]


class Outbox:
    """Messages in order of their last change.

    Attributes:
        size: bytes that wait.
        limit: more than that is full.
        conflated: messages that a newer one replaced.
    """

    __slots__ = ("_number", "_waiting", "conflated", "limit", "size")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.conflated = 0
        self._waiting: dict[Hashable, bytes] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: bytes, key: Hashable = None) -> None:
        """Add a message; with a key it replaces the one that waits under it."""
        if key is None:
            self._number += 1
            key = self._number
        else:
            old = self._waiting.pop(key, None)
            if old is not None:
                self.size -= len(old)
                self.conflated += 1
        self._waiting[key] = message
        self.size += len(message)

    @property
    def full(self) -> bool:
        """Whether more waits than the limit allows."""
        return self.size > self.limit

    def take(self, most: int) -> list[bytes]:
        """The oldest messages, ``most`` bytes or one message more; they leave the outbox."""
        if self.size <= most:
            whole = list(self._waiting.values())
            self._waiting.clear()
            self.size = 0
            return whole
        keys = []
        room = most
        for key, message in self._waiting.items():
            keys.append(key)
            room -= len(message)
            if room <= 0:
                break
        taken = [self._waiting.pop(key) for key in keys]
        self.size -= sum(map(len, taken))
        return taken
