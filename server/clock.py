"""What time it is: the one place of the server that asks the system (durations in the log aside).

Everything behind the sockets takes a :class:`Clock`, so that a simulation can decide about time.
"""

import time
from typing import Final, Protocol

__all__ = ["SYSTEM", "Clock", "SystemClock"]


class Clock(Protocol):
    """Two clocks. Only the monotonic one is for intervals and deadlines."""

    def monotonic_ns(self) -> int:
        """Nanoseconds of any origin; never goes back."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch, UTC; may jump either way."""


class SystemClock:
    """The system's clocks."""

    __slots__ = ()

    monotonic_ns = staticmethod(time.monotonic_ns)
    wall_ns = staticmethod(time.time_ns)


SYSTEM: Final = SystemClock()
