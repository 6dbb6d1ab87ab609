"""The subscriber on asyncio: metrics, clusters and signals as asynchronous iterators."""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Generic, TypeVar

from websockets.asyncio.client import ClientConnection

from client.backoff import Backoff
from client.core import HOPELESS
from client.transport import keep_connected
from market.errors import DepthbridgeError, SessionError
from wire.messages import (
    Book,
    Clusters,
    ErrorMessage,
    Heartbeat,
    Hello,
    Message,
    MessageDecoder,
    Metrics,
    Profile,
    ProtocolRange,
    Signal,
    Subscribe,
    Unsubscribe,
    Welcome,
    encode_message,
)

__all__ = ["Client", "Feed"]

_T = TypeVar("_T", bound=Message)
_KEEP: Final = 10_000
_HEARTBEAT_S: Final = 5.0


class Feed(Generic[_T]):
    """The messages of one topic.

    A consumer that falls behind loses the oldest: of a conflated topic (metrics, book, profile)
    older rows of the same instrument, of the others what exceeds 10,000, counted in ``dropped``.
    """

    def __init__(self, client: "Client", topic: str, kind: type[_T], conflate: bool) -> None:
        self.topic: Final = topic
        self.dropped = 0
        self._client: Final = client
        self._kind: Final = kind
        self._conflate: Final = conflate
        self._waiting: Final[deque[_T]] = deque(maxlen=_KEEP)
        self._arrived: Final = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[_T]:
        return self

    async def __anext__(self) -> _T:
        """The next message.

        Raises:
            SessionError: the server has refused this client.
        """
        while not self._waiting:
            if self._client.closed:
                self._client.require_alive()
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    async def aclose(self) -> None:
        """Stop receiving this topic."""
        await self._client.remove(self)

    def offer(self, message: Message | None) -> None:
        """Take a message in if it is of this topic; None only wakes the consumer."""
        if isinstance(message, self._kind):
            if self._conflate:
                self._discard_older(message)
            self.dropped += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(message)
        elif message is not None:
            return
        self._arrived.set()

    def _discard_older(self, message: _T) -> None:
        name = getattr(message, "instrument", None)
        for index, older in enumerate(self._waiting):
            if getattr(older, "instrument", None) == name:
                del self._waiting[index]
                return


class Client:
    """Listens to a server, and connects again when the connection breaks.

    ::

        async with Client("ws://127.0.0.1:8765/ws") as client:
            async for signal in client.signals():
                print(signal.kind, signal.strength)

    After a reconnect the server sends the full set of clusters again (event ``snapshot``).

    Attributes:
        welcome: the server's last greeting.
        errors: what the server complained about, the last hundred.
    """

    def __init__(
        self,
        url: str = "ws://127.0.0.1:8765/ws",
        *,
        instruments: Sequence[str] = (),
        source: str = "live",
        token: str | None = None,
        patient: bool = False,
    ) -> None:
        """Prepare; entering the context connects.

        Args:
            url: ``ws://host:port/ws``.
            instruments: symbols; empty: all.
            source: ``live``, ``playback``, ``replay`` or ``demo``.
            token: for servers that want one.
            patient: wait for a server that is not there yet, instead of an error.
        """
        self.welcome: Welcome | None = None
        self.errors: Final[deque[ErrorMessage]] = deque(maxlen=100)
        self._url: Final = url
        self._instruments: Final = tuple(instruments)
        self._source: Final = source
        self._token: Final = token
        self._patient: Final = patient
        self._session: Final = str(uuid.uuid4())
        self._feeds: Final[list[tuple[Feed[Message], Subscribe]]] = []
        self._decoder: Final = MessageDecoder(limit=1 << 26)
        self._backoff: Final = Backoff()
        self._socket: ClientConnection | None = None
        self._greeted: Final = asyncio.Event()
        self._sending: Final[set[asyncio.Task[None]]] = set()
        self._task: asyncio.Task[None] | None = None
        self._failure: DepthbridgeError | None = None

    async def __aenter__(self) -> "Client":
        """Connect and wait for ``welcome``.

        Raises:
            SessionError: nobody answers, or the server refuses this client.
        """
        self._task = asyncio.create_task(self._run())
        await self._greeted.wait()
        self.require_alive()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; iterators end."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, *self._sending, return_exceptions=True)

    @property
    def closed(self) -> bool:
        """Whether nothing will come any more."""
        return self._task is None or self._task.done()

    def require_alive(self) -> None:
        """Raise what ended this client, if anything did."""
        if self._failure is not None:
            raise self._failure

    def signals(self) -> Feed[Signal]:
        """Signals, each once."""
        return self._feed("signals", Signal, conflate=False)

    def clusters(self) -> Feed[Clusters]:
        """Cluster events: first the full set, then what changes."""
        return self._feed("clusters", Clusters, conflate=False)

    def metrics(self, max_rate_hz: float = 0.0) -> Feed[Metrics]:
        """Metrics; the newest row of an instrument replaces one that was not taken yet."""
        return self._feed("metrics", Metrics, conflate=True, rate=max_rate_hz)

    def book(self, max_rate_hz: float = 0.0) -> Feed[Book]:
        """The best rows of the books; newer replace older."""
        return self._feed("book", Book, conflate=True, rate=max_rate_hz)

    def profile(self) -> Feed[Profile]:
        """Volume profiles; newer replace older."""
        return self._feed("profile", Profile, conflate=True)

    async def remove(self, feed: "Feed[_T]") -> None:
        """Stop a feed; the topic is unsubscribed when no other feed wants it."""
        self._feeds[:] = [entry for entry in self._feeds if entry[0] is not feed]
        wanted = any(entry[0].topic == feed.topic for entry in self._feeds)
        if self._socket is not None and not wanted:
            message = Unsubscribe(
                topics=(feed.topic,),  # type: ignore[arg-type]
                instruments=self._instruments,
                source=self._source,  # type: ignore[arg-type]
            )
            await self._socket.send(encode_message(message).decode())

    def _feed(self, topic: str, kind: type[_T], *, conflate: bool, rate: float = 0.0) -> Feed[_T]:
        if self.closed:
            raise SessionError("the client is not open: use 'async with'", code="closed")
        feed = Feed(self, topic, kind, conflate)
        request = Subscribe(
            topics=(topic,),  # type: ignore[arg-type]
            instruments=self._instruments,
            source=self._source,  # type: ignore[arg-type]
            max_rate_hz=rate,
        )
        self._feeds.append((feed, request))  # type: ignore[arg-type]
        if self._socket is not None:
            task = asyncio.create_task(self._socket.send(encode_message(request).decode()))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return feed

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
            self._greeted.set()
            for feed, _ in self._feeds:
                feed.offer(None)

    async def _serve(self, socket: ClientConnection) -> None:
        hello = Hello(
            protocol=ProtocolRange(1, 1),
            session=self._session,
            client="depthbridge-python",
            source=self._source,  # type: ignore[arg-type]
            role="subscriber",
        )
        await socket.send(encode_message(hello).decode())
        beats = asyncio.create_task(self._beat(socket))
        try:
            while True:
                await self._take(socket, self._decoder.decode(await socket.recv(decode=False)))
        finally:
            beats.cancel()
            await asyncio.gather(beats, return_exceptions=True)

    async def _take(self, socket: ClientConnection, message: Message) -> None:
        if isinstance(message, Welcome):
            self.welcome = message
            self._backoff.reset()
            self._socket = socket
            for _, request in self._feeds:
                await socket.send(encode_message(request).decode())
            self._greeted.set()
        elif isinstance(message, ErrorMessage):
            self.errors.append(message)
            if message.fatal and message.code in HOPELESS:
                raise SessionError(message.message, code=message.code, **message.facts)
        else:
            for feed, _ in self._feeds:
                feed.offer(message)

    async def _beat(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            await socket.send(encode_message(Heartbeat()).decode())

    def _lost(self, code: int | None) -> None:
        self._socket = None
