"""An echo behind the guard, or before uvicorn's own classes: ``python -m benchmarks.guarded``.

Conformance tests talk to it, and it shows what the guard costs. It prints its port. In ``--sink``
it counts instead, and echoes only the message ``end``.
"""

import argparse
import asyncio
import socket
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.guard.requests import Front, RequestProtocol
from server.protocol import EXTENSION, StreamProtocol
from server.run import new_event_loop
from server.settings import ServerSettings
from wire.codes import CloseCode, ErrorCode

__all__ = ["WIDE", "Echo", "create_config", "main", "rate"]

WIDE: Final = ServerSettings(
    frame_bytes=1 << 24,
    message_fragments=1 << 20,
    messages_per_second=10**7,
    header_bytes=1 << 16,
)
"""Limits that the largest messages of the conformance tests need."""
_END: Final = b"end"


class Echo:
    """A peer that sends back what it gets, or only counts."""

    def __init__(self, protocol: Any, *, sink: bool) -> None:  # noqa: ANN401 - either class
        self._protocol = protocol
        self._sink = sink

    def message(self, data: bytes | str) -> bool:
        if self._sink and data != _END:
            return False
        conn = self._protocol.conn
        if isinstance(data, str):
            conn.send_text(data.encode())
        else:
            conn.send_binary(data)
        self._protocol.transport.write(b"".join(conn.data_to_send()))
        return False

    def extra_frame(self) -> None:
        """Nothing is counted here."""

    def fail(self, code: ErrorCode, message: str, close: CloseCode) -> None:
        self._protocol.close_now(close, f"{code.value}: {message}")

    def writable(self) -> None:
        """Nothing waits here."""


class Unguarded(WebSocketsSansIOProtocol):
    """uvicorn's class with the shortest way to a peer, reading without slices or limits."""

    peer: Echo | None = None

    def __init__(self, _: object, *arguments: Any, **more: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **more)

    async def run_asgi(self) -> None:
        extensions = cast("dict[str, object]", self.scope["extensions"])
        extensions[EXTENSION] = self
        await super().run_asgi()

    def attach(self, peer: Echo) -> None:
        self.peer = peer

    def send_receive_event_to_app(self) -> None:
        assert self.peer is not None
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        self.peer.message(data.decode() if self.curr_msg_data_type == "text" else data)


def create_config(
    settings: ServerSettings = WIDE, *, guarded: bool = True, sink: bool = False
) -> uvicorn.Config:
    """What uvicorn needs for an echo."""

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive()
        await send({"type": "websocket.accept"})
        protocol = scope["extensions"][EXTENSION]
        protocol.attach(Echo(protocol, sink=sink))
        while (await receive())["type"] != "websocket.disconnect":
            continue

    http: Any = partial(RequestProtocol, Front(settings, Counter())) if guarded else "httptools"
    return uvicorn.Config(
        app,
        http=http,
        ws=cast("Any", partial(StreamProtocol if guarded else Unguarded, settings)),
        ws_max_size=2 * settings.frame_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
    )


def rate(size: int, count: int, *, guarded: bool) -> float:
    """Messages a second that a process with this class takes in."""
    from benchmarks.targets import Peer, masked

    words = [sys.executable, "-m", "benchmarks.guarded", "--sink"]
    process = subprocess.Popen(
        words if guarded else [*words, "--unguarded"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        sock = socket.create_connection(("127.0.0.1", int(process.stdout.readline())))
        peer = Peer(sock, hello=False)
        data = masked(bytes(size)) * count + masked(_END)
        begun = time.perf_counter()
        sock.sendall(data)
        assert peer.frame() == (2, _END)
        spent = time.perf_counter() - begun
        sock.close()
        return count / spent
    finally:
        process.kill()
        process.communicate()


def _compare() -> None:
    for size, count in ((16, 200_000), (200, 200_000), (1600, 100_000), (1 << 20, 400)):
        pairs = [[rate(size, count, guarded=one) for one in (True, False)] for _ in range(5)]
        ours, theirs = (sorted(found)[2] for found in zip(*pairs, strict=True))
        print(
            f"{size} bytes: {ours:,.0f} messages/s guarded, {theirs:,.0f} unguarded, "
            f"{ours / theirs:.2f} (medians of 5)",
            flush=True,
        )


def main() -> None:
    """Serve until killed, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sink", action="store_true")
    parser.add_argument("--unguarded", action="store_true")
    parser.add_argument("--compare", action="store_true", help="print what the guard costs")
    given = parser.parse_args()
    if given.compare:
        _compare()
        return
    server = uvicorn.Server(create_config(guarded=not given.unguarded, sink=given.sink))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(server.serve([listener]))


if __name__ == "__main__":
    main()
