"""``c/echo.c`` on asyncio, for machines without a compiler."""

import asyncio
from typing import Final

_ANSWER: Final = bytes(64)


class Echo(asyncio.Protocol):
    """Answers every message with 64 bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._room = bytearray()

    def data_received(self, data: bytes) -> None:
        self._room += data
        at = count = 0
        while len(self._room) - at >= 4:
            size = int.from_bytes(self._room[at : at + 4], "little")
            if len(self._room) - at < 4 + size:
                break
            at += 4 + size
            count += 1
        del self._room[:at]
        if count and isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(_ANSWER * count)


async def main() -> None:
    """Listen, print the port, go on."""
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
