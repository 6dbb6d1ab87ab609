"""Progress of long work on stderr, only where somebody watches."""

import sys
import time
from types import TracebackType
from typing import Final, Self

__all__ = ["Progress"]

_EVERY: Final = 0.2
_PATIENCE: Final = 0.5


class Progress:
    """Counts rows and says so a few times a second, if stderr is a terminal.

    Args:
        what: what is counted.
    """

    def __init__(self, what: str = "rows") -> None:
        self._what = what
        self._shown = False
        self._watched = sys.stderr.isatty()
        self._start = time.monotonic()
        self._next = self._start + _PATIENCE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def at(self, count: int) -> None:
        """``count`` rows are done."""
        if not self._watched:
            return
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY
        self._shown = True
        rate = count / (now - self._start)
        sys.stderr.write(f"\r\x1b[K{count:,} {self._what}, {rate:,.0f} a second")
        sys.stderr.flush()
