"""A relay between the bridge and a server that can stall, refuse and deny the WebSocket."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

__all__ = ["Relay"]

_DENIED: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_PIECE: Final = 1 << 16


class Relay:
    """Forwards every connection to a port.

    Attributes:
        port: where it listens.
        deny: answer 503 to whoever asks for a WebSocket.
        accepted: connections so far.
        denied: of these, how many were denied.
        change: what becomes of each piece that the server says; it must stay as long as it is.
    """

    def __init__(self, target: int) -> None:
        self.deny = False
        self.accepted = 0
        self.denied = 0
        self.change: Callable[[bytes], bytes] = bytes
        self._target = target
        self._going = threading.Event()
        self._going.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def stall(self) -> None:
        """From now on nothing passes, and nobody is told."""
        self._going.clear()

    def flow(self) -> None:
        """Let everything pass again."""
        self._going.set()

    def cut(self) -> None:
        """End all connections that are open."""
        sockets, self._sockets = self._sockets, []
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        self._listener.close()
        self.flow()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        self._keep(near)
        with contextlib.suppress(OSError):
            first = near.recv(_PIECE)
            self._going.wait()
            if self.deny and b"upgrade: websocket" in first.lower():
                self.denied += 1
                near.sendall(_DENIED)
                near.close()
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._keep(far)
            far.sendall(first)
            answers = threading.Thread(target=self._forward, args=(far, near, True), daemon=True)
            answers.start()
            self._forward(near, far)

    def _keep(self, one: socket.socket) -> None:
        # Or a request whose head and body come apart waits 40 ms for an acknowledgement in between.
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets.append(one)

    def _forward(self, source: socket.socket, target: socket.socket, answers: bool = False) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                self._going.wait()
                target.sendall(self.change(piece) if answers else piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
