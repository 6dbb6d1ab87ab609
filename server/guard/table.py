"""Who may stay connected: bounded, in all and of one address, and yet health always gets in.

An HTTP connection waits (for a whole request) or is busy (with an answer). When there is no room
for a newcomer, the one that has waited longest makes room: idle and slow connections lose their
place to those that come to ask. Only when all are busy the newcomer stays outside: it may ask for
health, once.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Seats", "Table"]

_M = TypeVar("_M", bound=Hashable)


class Table(Generic[_M]):
    """HTTP connections.

    Attributes:
        evicted: connections that had to make room so far.
    """

    def __init__(self, total: int, per_address: int, evict: Callable[[_M], None]) -> None:
        """Begin empty.

        Args:
            total: most connections.
            per_address: most of one address.
            evict: ends a connection; it is out of the table already.
        """
        self.evicted = 0
        self._total = total
        self._per_address = per_address
        self._evict = evict
        self._address: dict[_M, str] = {}
        self._waiting: dict[_M, None] = {}
        self._outside: dict[_M, None] = {}
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._address) + len(self._outside)

    def join(self, member: _M, address: str) -> bool:
        """Take a newcomer in, waiting; False: it stays outside."""
        if not self._make_room(address):
            if len(self._outside) >= self._per_address:
                self._end(next(iter(self._outside)))
            self._outside[member] = None
            return False
        self._address[member] = address
        self._of[address] += 1
        self._waiting[member] = None
        return True

    def leave(self, member: _M) -> None:
        """A connection is gone, or became a WebSocket."""
        self._outside.pop(member, None)
        self._waiting.pop(member, None)
        address = self._address.pop(member, None)
        if address is not None:
            self._of[address] -= 1
            if not self._of[address]:
                del self._of[address]

    def busy(self, member: _M) -> None:
        """Its request is whole."""
        self._waiting.pop(member, None)

    def waiting(self, member: _M) -> None:
        """It has its answer."""
        if member in self._address:
            self._waiting[member] = None

    def _make_room(self, address: str) -> bool:
        of_address = self._of[address] >= self._per_address
        if not of_address and len(self._address) < self._total:
            return True
        for oldest in self._waiting:
            if not of_address or self._address[oldest] == address:
                self._end(oldest)
                return True
        return False

    def _end(self, member: _M) -> None:
        self.leave(member)
        self.evicted += 1
        self._evict(member)


class Seats:
    """WebSocket connections, counted from the decision to accept until they are gone."""

    def __init__(self, total: int, per_address: int) -> None:
        self._total = total
        self._per_address = per_address
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._of.total()

    def take(self, address: str) -> str | None:
        """Take a seat; why there is none, or None."""
        if self._of.total() >= self._total:
            return f"{self._total} connections are open"
        if self._of[address] >= self._per_address:
            return f"{self._per_address} connections of this address are open"
        self._of[address] += 1
        return None

    def give(self, address: str) -> None:
        """Give it back."""
        self._of[address] -= 1
        if self._of[address] <= 0:
            del self._of[address]
