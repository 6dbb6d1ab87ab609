"""Sockets whose bytes the test writes itself."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.waiting import PATIENCE_S

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


class Raw:
    """A TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        try:
            await self.writer.drain()
        except ConnectionError:
            return

    async def upgrade(self, path: bytes = b"/ws", headers: bytes = b"") -> bytes:
        self.writer.write(
            b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: " + KEY + b"\r\n"
            b"Sec-WebSocket-Version: 13\r\n" + headers + b"\r\n"
        )
        return await self.reader.readuntil(b"\r\n\r\n")

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the server: opcode and payload; (0, b"") at the end."""
        try:
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack(">H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", await self.reader.readexactly(8))
            return first & 15, await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0, b""

    async def close_code(self) -> int:
        """Read to the close frame; its code, 0 if there is none."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                opcode, payload = await self.frame()
                if opcode == 8:
                    return int(struct.unpack(">H", payload[:2])[0])
                if not opcode:
                    return 0

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


def masked(payload: bytes, opcode: int = 2, *, fin: bool = True) -> bytes:
    """A client's frame; a mask of zeros leaves the payload as it is."""
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += b"\xfe" + struct.pack(">H", size)
    else:
        head += b"\xff" + struct.pack(">Q", size)
    return head + bytes(4) + payload


@pytest.fixture
async def dial() -> AsyncIterator[Callable[..., Awaitable[Raw]]]:
    """``await dial(server)`` opens a raw connection; all are closed afterwards."""
    opened: list[Raw] = []

    async def connect(server: Any, **options: Any) -> Raw:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.process.port, **options)
        raw = Raw(reader, writer)
        opened.append(raw)
        return raw

    yield connect
    for raw in opened:
        raw.writer.transport.abort()
    await asyncio.sleep(0)


@pytest.fixture(scope="session")
def wire() -> SimpleNamespace:
    """Frames and messages, as tests cannot import each other here."""
    hello = json.dumps(
        {
            "type": "hello",
            "protocol": {"min": 1, "max": 1},
            "session": "00000000-0000-4000-8000-000000000016",
            "instruments": [],
            "role": "subscriber",
        }
    ).encode()
    return SimpleNamespace(masked=masked, hello=masked(hello, 1))
