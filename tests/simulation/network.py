"""Connections that are late, stall, break, half break, or change a byte. No sockets.

A WebSocket hands over whole messages in order or nothing: a cut at any byte is a cut after some
message, and the one that was on its way is gone.
"""

from collections.abc import Callable
from typing import Final, Protocol

from tests.simulation.world import MS, SECOND, World

__all__ = ["End", "Link"]

_PING: Final = 20 * SECOND
"""A side that hears nothing gives up after this long (ping interval and deadline)."""

Message = bytes | str


class End(Protocol):
    """One side of a connection."""

    def take(self, data: Message) -> None:
        """A message arrived."""

    def lost(self, code: int | None) -> None:
        """The connection is over; ``code`` if the other side closed it politely."""


class _Way:
    """One direction: in order, late by a random time."""

    def __init__(self, world: World, delay: int) -> None:
        self.world = world
        self.delay = delay
        self.free_at = 0
        self.alive = True
        self.dark = False
        """Alive for its sender, but nothing arrives any more."""

    def carry(self, data: Message, deliver: Callable[[Message], None]) -> None:
        world = self.world
        late = self.delay + world.random.randrange(self.delay + 1)
        self.free_at = max(self.free_at, world.now + late)
        world.at(self.free_at, lambda: self._arrive(data, deliver))

    def _arrive(self, data: Message, deliver: Callable[[Message], None]) -> None:
        if self.alive and not self.dark:
            deliver(data)


class Link:
    """A connection between a client and the server."""

    def __init__(self, world: World, client: End, server: End, delay: int = MS) -> None:
        self.world: Final = world
        self.ends: Final[dict[str, End]] = {"client": client, "server": server}
        self.ways: Final = {name: _Way(world, delay) for name in self.ends}
        """By the side that receives."""
        self.open = {"client": True, "server": True}
        self.corrupt_next = 0
        self.corrupted = 0

    def to_server(self, data: Message) -> None:
        if self.corrupt_next and isinstance(data, bytes):
            self.corrupt_next -= 1
            self.corrupted += 1
            data = self._damaged(data)
        self.ways["server"].carry(data, self._deliver("server"))

    def to_client(self, data: Message) -> None:
        self.ways["client"].carry(data, self._deliver("client"))

    def _deliver(self, side: str) -> Callable[[Message], None]:
        def deliver(data: Message) -> None:
            if self.open[side]:
                self.ends[side].take(data)

        return deliver

    def _damaged(self, data: bytes) -> bytes:
        """One byte of the frame changed."""
        changed = bytearray(data)
        changed[self.world.random.randrange(len(data))] ^= 1 << self.world.random.randrange(8)
        return bytes(changed)

    def stall(self, time: int) -> None:
        """Nothing arrives for a while, then everything."""
        for way in self.ways.values():
            way.free_at = max(way.free_at, self.world.now + time)

    def cut(self, half: str | None = None) -> None:
        """What is on its way is gone. ``half``: this side does not notice before its pings do."""
        for side, way in self.ways.items():
            way.dark = True
            notice = _PING if side == half else self.world.random.randrange(5 * MS)
            self.world.after(notice, lambda side=side: self._end(side, None))  # type: ignore[misc]

    def close(self, by: str, code: int | None) -> None:
        """A side closes: what it sent before still arrives."""
        other = "client" if by == "server" else "server"
        self._end(by, None)
        way = self.ways[other]
        if not way.dark:
            way.free_at = max(way.free_at, self.world.now + way.delay)
            self.world.at(way.free_at, lambda: self._end(other, code))

    def _end(self, side: str, code: int | None) -> None:
        if self.open[side]:
            self.open[side] = False
            self.ends[side].lost(code)
