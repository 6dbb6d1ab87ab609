"""One publisher per instrument and source: who it is, and when another may take over.

Time is a parameter: monotonic nanoseconds.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from market.enums import Source

__all__ = ["ABSENCE_NS", "SILENCE_NS", "Claim", "Grant", "Key", "Publishers"]

ABSENCE_NS: Final = 30_000_000_000
"""After this long without a sign of life, another session may publish."""
SILENCE_NS: Final = 15_000_000_000
"""After this long without a sign of life, the book counts as stale."""

Key = tuple[str, Source]
"""Symbol and source."""


class Grant(StrEnum):
    """The answer to a claim."""

    NEW = "new"
    """A session that was not here before."""
    RESUMED = "resumed"
    """The same session, on this or another connection."""
    BUSY = "busy"
    """Another session publishes: it may subscribe."""


class Claim(NamedTuple):
    """The answer to a claim.

    Attributes:
        grant: see :class:`Grant`.
        superseded: the connection to close with 4409, if any.
    """

    grant: Grant
    superseded: int | None = None


@dataclass(slots=True)
class _Holder:
    session: str
    connection: int | None
    seen: int
    silent: bool = False


class Publishers:
    """Who publishes what. A connection is any integer; HTTP requests have none."""

    __slots__ = ("_absence", "_holders", "_silence")

    def __init__(self, *, absence_ns: int = ABSENCE_NS, silence_ns: int = SILENCE_NS) -> None:
        self._absence: Final = absence_ns
        self._silence: Final = silence_ns
        self._holders: Final[dict[Key, _Holder]] = {}

    def claim(
        self,
        key: Key,
        session: str,
        connection: int | None,
        now: int,
        *,
        takeover: bool = False,
    ) -> Claim:
        """A session wants to publish.

        It is granted when nobody does, when it is the same session (an older connection of it is
        superseded), after 30 s without a sign of life of the other, or by ``takeover``.
        """
        holder = self._holders.get(key)
        same = holder is not None and holder.session == session
        if holder is not None and not same and not takeover and now - holder.seen < self._absence:
            return Claim(Grant.BUSY)
        superseded = None if holder is None else holder.connection
        if connection is None and same:
            connection, superseded = superseded, None
        self._holders[key] = _Holder(session, connection, now)
        if superseded == connection:
            superseded = None
        return Claim(Grant.RESUMED if same else Grant.NEW, superseded)

    def holds(self, key: Key, session: str) -> bool:
        """Whether this session publishes."""
        holder = self._holders.get(key)
        return holder is not None and holder.session == session

    def held(self, key: Key, now: int) -> bool:
        """Whether a session has it, or may still come back for it."""
        holder = self._holders.get(key)
        return holder is not None and (
            holder.connection is not None or now - holder.seen < self._absence
        )

    def seen(self, key: Key, session: str, now: int) -> bool:
        """A sign of life; returns whether the session publishes."""
        holder = self._holders.get(key)
        if holder is None or holder.session != session:
            return False
        holder.seen = now
        holder.silent = False
        return True

    def bye(self, key: Key, session: str) -> bool:
        """The session gives the instrument free; returns whether it had it."""
        if not self.holds(key, session):
            return False
        del self._holders[key]
        return True

    def disconnected(self, connection: int) -> tuple[Key, ...]:
        """A connection ended: what it published stays claimed until the absence is over."""
        keys = tuple(
            key for key, holder in self._holders.items() if holder.connection == connection
        )
        for key in keys:
            self._holders[key].connection = None
        return keys

    def silent(self, now: int) -> tuple[Key, ...]:
        """Publishers without a sign of life for 15 s, each named once per silence."""
        keys = tuple(
            key
            for key, holder in self._holders.items()
            if not holder.silent and now - holder.seen >= self._silence
        )
        for key in keys:
            self._holders[key].silent = True
        return keys
