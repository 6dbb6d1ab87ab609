"""The publisher on asyncio: a thin pump around :class:`client.core.PublisherCore`."""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final

from websockets.asyncio.client import ClientConnection

from client.backoff import Backoff
from client.core import Link, PublisherCore
from client.stream import PublishedStream, warmup
from client.transport import keep_connected
from market.errors import DepthbridgeError, SessionError
from market.instrument import Instrument
from market.record import Frame
from wire.messages import Message, Welcome

__all__ = ["Publisher"]

_BACKLOG: Final = 16_384
"""Records that may wait to be sent before :meth:`Publisher.publish` waits."""
_ROOM: Final = 16_384
"""Free places in the ring below which it waits as well."""
_TICK_S: Final = 0.25
_YIELD: Final = 16
"""Messages sent before the reader gets its turn: it may bring a resync."""


class Publisher:
    """Publishes instruments over one connection, and takes it up again when it breaks.

    ::

        async with Publisher("ws://127.0.0.1:8765/ws", [instrument], source="replay") as publisher:
            await publisher.publish("ES 12-26", frame)
            await publisher.flush()

    Attributes:
        core: streams and state, without I/O.
        dropped: messages of the server that nobody took in time.
    """

    def __init__(
        self,
        url: str,
        instruments: Sequence[Instrument],
        *,
        session: str | None = None,
        token: str | None = None,
        keep: int = 10_000,
        patient: bool = False,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Prepare; entering the context connects.

        Args:
            url: ``ws://host:port/ws``.
            instruments: what is published.
            session: UUID of this run; by default a new one.
            token: for servers that want one.
            keep: messages of the server that wait in :meth:`messages`; then the oldest is dropped.
            patient: wait for a server that is not there yet, instead of an error.
            options: of :class:`client.core.PublisherCore`: ``source``, ``client``, ``flags``,
                ``settings``, ``subscribe``, ``takeover``, ``capacity``, ``batch``, ``reply_now``.
        """
        self.core: Final = PublisherCore(
            instruments, session=session or str(uuid.uuid4()), **options
        )
        self.dropped = 0
        self._url: Final = url
        self._token: Final = token
        self._patient: Final = patient
        self._backoff: Final = Backoff()
        self._inbox: Final[deque[Message]] = deque(maxlen=keep)
        self._wake: Final = asyncio.Event()
        self._moved: Final = asyncio.Event()
        self._arrived: Final = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure: DepthbridgeError | None = None
        self._closing = False

    async def __aenter__(self) -> "Publisher":
        """Compile the shadow book's kernels, connect and wait for ``welcome``.

        Raises:
            SessionError: nobody answers, or the server refuses this publisher.
        """
        await asyncio.to_thread(warmup)
        self._task = asyncio.create_task(self._run())
        try:
            await self._until(lambda: self.core.link is Link.UP)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say ``bye`` and close; what was not acknowledged is not waited for."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=2.0)
        await self._stop()

    def stream(self, symbol: str) -> PublishedStream:
        """Numbers, ring and shadow book of an instrument."""
        return self.core.streams[symbol]

    def push(self, symbol: str, frame: Frame) -> None:
        """Number and queue records without ever waiting, as a live feed must.

        Raises:
            SessionError: the server has refused this publisher.
        """
        self._require_alive()
        self.stream(symbol).push(frame, time.monotonic_ns())
        self._wake.set()

    async def publish(self, symbol: str, frame: Frame) -> None:
        """Number and queue records; waits while the server is behind, so that nothing is lost.

        Raises:
            SessionError: the server has refused this publisher.
        """
        self.push(symbol, frame)
        stream = self.stream(symbol)
        if stream.backlog > _BACKLOG or stream.ring.room < _ROOM:
            await self._until(lambda: stream.backlog <= _BACKLOG and stream.ring.room >= _ROOM)

    async def publish_bar(self, symbol: str, values: Mapping[str, Any]) -> None:
        """Number and queue a bar; ``values`` as in ``bar_update``."""
        self._require_alive()
        self.stream(symbol).push_bar(values)
        self._wake.set()

    def wake(self) -> None:
        """Something was done to a stream directly (seed, reset, makers): send it."""
        self._wake.set()

    async def flush(self, *, durable: bool = False) -> None:
        """Wait until the server has acknowledged everything.

        Args:
            durable: and has it on disk, where it keeps a journal.

        Raises:
            SessionError: the server has refused this publisher.
        """
        await self._until(lambda: self.core.durable if durable else self.core.settled)

    async def messages(self) -> AsyncIterator[Message]:
        """What the server says, in order; ends when the publisher is closed.

        Raises:
            SessionError: the server has refused this publisher.
        """
        while True:
            while self._inbox:
                yield self._inbox.popleft()
            if self._task is None or self._task.done():
                self._require_alive()
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def _run(self) -> None:
        try:
            await keep_connected(
                self._url,
                self._token,
                self._serve,
                lost=self._lost,
                backoff=self._backoff,
                patient=self._patient,
            )
        except DepthbridgeError as failure:
            self._failure = failure
        finally:
            self._closing = True
            self._moved.set()
            self._arrived.set()

    async def _serve(self, socket: ClientConnection) -> None:
        await socket.send(self.core.connected(time.monotonic_ns()))
        writer = asyncio.create_task(self._write(socket))
        reader = asyncio.create_task(self._read(socket))
        try:
            await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
            for task in (reader, writer):
                if task.done():
                    await task
        finally:
            for task in (writer, reader):
                task.cancel()
            await asyncio.gather(writer, reader, return_exceptions=True)

    async def _read(self, socket: ClientConnection) -> None:
        core, inbox = self.core, self._inbox
        while True:
            message = core.receive(await socket.recv(decode=False), time.monotonic_ns())
            if isinstance(message, Welcome):
                self._backoff.reset()
            self.dropped += len(inbox) == inbox.maxlen
            inbox.append(message)
            self._arrived.set()
            self._moved.set()
            self._wake.set()

    async def _write(self, socket: ClientConnection) -> None:
        core, loop = self.core, asyncio.get_running_loop()
        while True:
            self._wake.clear()
            outgoing = core.outgoing(time.monotonic_ns(), time.time_ns())
            for number, message in enumerate(outgoing, 1):
                await socket.send(message)
                if not number % _YIELD:
                    await asyncio.sleep(0)
            self._moved.set()
            if self._closing:
                await socket.send(core.bye())
                return
            if not self._wake.is_set():
                timer = loop.call_later(_TICK_S, self._wake.set)
                try:
                    await self._wake.wait()
                finally:
                    timer.cancel()

    def _lost(self, code: int | None) -> None:
        self.core.disconnected(code)
        self._moved.set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._require_alive()
            if self._task is None or self._task.done():
                raise SessionError("the publisher is closed", code="closed")
            self._moved.clear()
            await self._moved.wait()

    def _require_alive(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
