"""The one task that turns what arrived into journal, book and answers.

Connections take turns, one message each, so a busy one cannot starve the others. After every
slice of a few milliseconds the sockets get their turn, and the outboxes are written: within a
slice newer metrics replace older ones, and many small answers become one write. Who said something
is answered first: an ack does not wait while the same row is written to everybody who listens.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from market.errors import EnvironmentFault
from server.clock import SYSTEM, Clock
from server.measure import Measures

__all__ = ["Flushable", "Pipeline", "Source"]

_T = TypeVar("_T")
_SLICE_NS: Final = 2_000_000
_LOG: Final = logging.getLogger("depthbridge.pipeline")


class Source(Protocol):
    """Something that has messages."""

    @property
    def waiting(self) -> int:
        """Messages that wait."""


class Flushable(Protocol):
    """Something that collected answers."""

    def flush(self) -> None:
        """Write them."""


class _Job:
    """Work of an HTTP request; its answer goes to a future."""

    __slots__ = ("answer", "since", "work")

    def __init__(self, work: Callable[[], Any], answer: asyncio.Future[Any]) -> None:
        self.work = work
        self.answer = answer
        self.since = time.perf_counter_ns()


class Pipeline:
    """Runs everything that touches a channel, one thing at a time.

    Attributes:
        handled: messages and jobs so far.
    """

    def __init__(
        self,
        handle: Callable[[Any], None],
        *,
        jobs: int = 256,
        clock: Clock = SYSTEM,
        measures: Measures | None = None,
    ) -> None:
        """Begin empty.

        Args:
            handle: takes a source with waiting messages and handles its oldest one.
            jobs: most HTTP requests that may wait; one more is refused.
            clock: of the process.
            measures: of the process.
        """
        self.handled = 0
        self._measures = measures or Measures()
        self._handle = handle
        self._most_jobs = jobs
        self._clock = clock
        self._jobs = 0
        self._ready: deque[Any] = deque()
        self._flushes: dict[Flushable, None] = {}
        self._heard: dict[Any, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = False
        self._defect: asyncio.Future[None] | None = None

    def ready(self, source: Source) -> None:
        """A source has its first message."""
        self._ready.append(source)
        self._soon()

    def flush_later(self, answers: Flushable) -> None:
        """Write these answers at the end of the slice."""
        self._flushes[answers] = None
        self._soon()

    @property
    def jobs(self) -> int:
        """HTTP requests that wait."""
        return self._jobs

    async def submit(self, work: Callable[[], _T]) -> _T:
        """Run ``work`` in turn and return what it returns.

        Raises:
            EnvironmentFault: ``busy``: too many requests wait.
        """
        if self._jobs >= self._most_jobs:
            raise EnvironmentFault("too many requests wait", code="busy")
        answer: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._jobs += 1
        try:
            self._ready.append(_Job(work, answer))
            self._soon()
            return await answer
        finally:
            self._jobs -= 1

    async def run(self) -> None:
        """Work until cancelled, a slice in a turn of the loop; what a slice raises is raised.

        The loop calls the slices itself: to wake a task for each took as long as an ack.
        """
        loop = self._loop = asyncio.get_running_loop()
        self._defect = loop.create_future()
        self._due = False
        self._again()
        try:
            await self._defect
        finally:
            self._loop = None

    def _soon(self) -> None:
        """A slice in the loop's next turn, if one runs and none is due or at work."""
        if not self._due and self._loop is not None:
            self._due = True
            self._loop.call_soon(self._turn)

    def _again(self) -> None:
        if self._ready or self._flushes:
            self._soon()

    def _turn(self) -> None:
        defect = self._defect
        if self._loop is None or defect is None or defect.done():
            return
        try:
            self._slice()
        except Exception as error:  # noqa: BLE001 - belongs to whoever runs the pipeline
            defect.set_exception(error)
            return
        self._due = False
        self._again()

    def drain(self) -> None:
        """Handle and answer everything that waits."""
        while self._ready or self._flushes:
            self._slice()

    def _slice(self) -> None:
        ready = self._ready
        until = self._clock.monotonic_ns() + _SLICE_NS
        while ready:
            self._one(ready.popleft())
            if self._clock.monotonic_ns() > until:
                break
        flushes, self._flushes = self._flushes, {}
        heard, self._heard = self._heard, {}
        for source in heard:
            if source in flushes:
                del flushes[source]
                source.flush()
        for answers in flushes:
            answers.flush()

    def _one(self, item: Any) -> None:  # noqa: ANN401 - a source or a job
        self.handled += 1
        if isinstance(item, _Job):
            self._measures.queue.add(time.perf_counter_ns() - item.since)
            if not item.answer.done():
                try:
                    item.answer.set_result(item.work())
                except Exception as error:  # noqa: BLE001 - belongs to whoever asked
                    item.answer.set_exception(error)
            return
        if not item.waiting:
            return
        self._heard[item] = None
        self._handle(item)
        if item.waiting:
            self._ready.append(item)
