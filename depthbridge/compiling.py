"""Says that kernels are being compiled: once for each version, for up to some minutes."""

import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from numba.core.event import Event, Listener, install_listener

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["told_compiling"]

_EVENT: Final = "numba:compile"


class _Teller(Listener):
    """Writes one line over itself while something compiles, and takes it away."""

    def __init__(self) -> None:
        self._depth = 0
        self._compiled = 0
        self._since = time.monotonic()

    def on_start(self, _event: Event) -> None:
        """A kernel, or a step of one, that no cache has."""
        self._depth += 1
        seconds = time.monotonic() - self._since
        sys.stderr.write(
            "\r\x1b[Kcompiling the kernels, once for this version: "
            f"{self._compiled:,} steps, {seconds:.0f} s"
        )
        sys.stderr.flush()

    def on_end(self, _event: Event) -> None:
        """It is compiled."""
        self._depth -= 1
        self._compiled += 1
        if not self._depth:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def told_compiling() -> "Iterator[None]":
    """Meanwhile say it on stderr, if that is a terminal."""
    with ExitStack() as stack:
        if sys.stderr is not None and sys.stderr.isatty():
            stack.enter_context(install_listener(_EVENT, _Teller()))
        yield
