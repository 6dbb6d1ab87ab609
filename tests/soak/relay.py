"""A TCP relay that can cut what passes through it, without a word to either side."""

import asyncio
import contextlib
from types import TracebackType

__all__ = ["Relay"]

_CHUNK = 1 << 16


class Relay:
    """Passes connections on to a port of this machine.

    Attributes:
        cuts: connections cut so far.
    """

    def __init__(self, target: int) -> None:
        self.cuts = 0
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where to connect instead of to the target."""
        assert self._server is not None
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Reset every connection: what is on its way is lost."""
        self.cuts += bool(self._writers)
        for writer in self._writers:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        pair = (writer, back)
        self._writers.update(pair)
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            self._writers.difference_update(pair)
            for one in pair:
                one.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
