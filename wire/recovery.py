"""One recovery of a book at a time: asked for, asked for again, and verified at its end.

Time is a parameter: monotonic nanoseconds.
"""

from typing import Final

from wire.codes import ResyncReason

__all__ = ["RETRY_MOST_NS", "RETRY_NS", "Recovery"]

RETRY_NS: Final = 2_000_000_000
"""The first wait for an answer; each further one is twice as long."""
RETRY_MOST_NS: Final = 30_000_000_000


class Recovery:
    """What the publisher was asked for, when to ask again, and whether the book is verified.

    A recovery ends when the stream is live again; it is verified when the next checksum of the
    publisher's book agrees. One that fails its verification is asked for again, but not at once.

    Attributes:
        asked: what the publisher was asked for and has not given.
        asks: how often it was asked.
        ended: how often the stream went live again.
        verified: how many of those a checksum confirmed.
        unverified: how many of those wait for a checksum; one that disagrees ends the waiting.
    """

    __slots__ = (
        "_checking",
        "_retry_at",
        "_tries",
        "_verify_by",
        "asked",
        "asks",
        "ended",
        "unverified",
        "verified",
    )

    def __init__(self) -> None:
        self.asked: ResyncReason | None = None
        self.asks = 0
        self.ended = 0
        self.verified = 0
        self.unverified = 0
        self._checking = False
        self._retry_at = 0
        self._verify_by = 0
        self._tries = 0

    def begin(self) -> None:
        """Another session of the publisher: what the last one was asked for has no meaning."""
        self.asked = None
        self.unverified = 0
        self._checking = False
        self._tries = 0

    def ask(self, reason: ResyncReason, now: int) -> bool:
        """Something is missing or wrong; returns whether to ask the publisher now.

        A second reason does not ask again, except that after a gap a wrong book needs more. A book
        that is wrong again before its recovery was verified waits for its turn (:meth:`due`).
        """
        if self.asked is not None and self.asked != ResyncReason.GAP:
            return False
        self.asked = reason
        again = reason != ResyncReason.GAP and self.unverified > 0
        if reason != ResyncReason.GAP:
            self.unverified = 0
        if again and now < self._retry_at:
            return False
        self._send(now)
        return True

    def owe(self, reason: ResyncReason) -> None:
        """To be asked as soon as there is somebody to ask."""
        self.asked = reason
        self._retry_at = 0

    def due(self, now: int) -> ResyncReason | None:
        """What to ask for now, because it was not given, or never verified."""
        if self.asked is None:
            if not (self.unverified and self._checking and now >= self._verify_by):
                return None
            self.asked = ResyncReason.CHECKSUM
        elif now < self._retry_at:
            return None
        self._send(now)
        return self.asked

    def end(self, now: int, *, snapshot: bool) -> None:
        """The stream is live again, by the missing records or by a snapshot."""
        self.asked = None
        self.ended += 1
        self.unverified += 1
        if not snapshot:
            self._tries = 0
        self._verify_by = now + self._wait()

    def loaded(self, now: int) -> None:
        """A snapshot replaced a book that nothing was known to be wrong with."""
        self.asked = None
        self._verify_by = now + self._wait()

    def passed(self) -> None:
        """The publisher's checksum agrees with the book."""
        self._checking = True
        if self.unverified:
            self.verified += self.unverified
            self.unverified = 0
            self.asked = None
        self._tries = 0

    def _send(self, now: int) -> None:
        if now >= self._retry_at + RETRY_MOST_NS:
            self._tries = 0
        self._retry_at = now + self._wait()
        self._tries += 1
        self.asks += 1

    def _wait(self) -> int:
        return min(RETRY_NS << min(self._tries, 4), RETRY_MOST_NS)
