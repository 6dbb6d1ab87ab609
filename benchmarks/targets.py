"""A server process to attack or to measure, and a WebSocket client of few words.

Only the standard library, so that an attacker's process is small and starts soon.
"""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

__all__ = ["HERE", "KEY", "Peer", "Target", "ask", "masked", "send", "target"]

HERE: Final = Path(__file__).resolve().parents[1]
KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="


class Target:
    """A server process."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.port = port
        self.pid = process.pid

    def dial(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def peer(self, hello: bool = True) -> "Peer":
        """A WebSocket."""
        return Peer(self.dial(), hello=hello)

    def processor_s(self) -> float:
        """Processor time of all its threads so far."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((one / "schedstat").read_text().split()[0]) for one in tasks) / 1e9

    def memory(self) -> int:
        """Largest resident bytes since ``forget_memory``."""
        return self._status("VmHWM")

    def forget_memory(self) -> int:
        """Begin a new maximum; the present size."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")
        return self._status("VmRSS")

    def _status(self, key: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"{key}:\s+(\d+) kB", text)
        assert found is not None
        return int(found[1]) * 1024


class Peer:
    """A WebSocket client of few words."""

    def __init__(self, sock: socket.socket, *, hello: bool) -> None:
        self.sock = sock
        self._room = bytearray()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: " + KEY.encode() + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        while b"\r\n\r\n" not in self._room:
            self._more()
        assert self._room.startswith(b"HTTP/1.1 101"), bytes(self._room)
        del self._room[: self._room.index(b"\r\n\r\n") + 4]
        if hello:
            self.hello("subscriber", [])

    def hello(self, role: str, instruments: list[str], **more: Any) -> None:  # noqa: ANN401
        message = {
            "type": "hello",
            "protocol": {"min": 1, "max": 1},
            "session": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            "role": role,
            "instruments": [{"symbol": one, "tick_size": 0.25} for one in instruments],
            **more,
        }
        self.sock.sendall(masked(json.dumps(message).encode(), 1))
        self.hear(b'{"type":"welcome"')

    def hear(self, beginning: bytes) -> bytes:
        """The next message that begins so."""
        while True:
            opcode, payload = self.frame()
            assert opcode != 8, payload
            if payload.startswith(beginning):
                return payload

    def frame(self) -> tuple[int, bytes]:
        """The next frame that is no ping; pings are answered."""
        while True:
            while (found := self._take()) is None:
                self._more()
            if found[0] != 9:
                return found
            self.sock.sendall(masked(found[1], 10))

    def _take(self) -> tuple[int, bytes] | None:
        room = self._room
        if len(room) < 10 and (len(room) < 2 or len(room) < 2 + (room[1] & 127)):
            return None
        size, head = room[1] & 127, 2
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(room[2:head])
        if len(room) < head + size:
            return None
        found = room[0] & 15, bytes(room[head : head + size])
        del room[: head + size]
        return found

    def _more(self) -> None:
        data = self.sock.recv(1 << 16)
        if not data:
            raise ConnectionError("closed")
        self._room += data

    def close_code(self) -> int:
        """Read to the end; 0 if no close frame comes."""
        with suppress(ConnectionError, TimeoutError):
            while True:
                opcode, payload = self.frame()
                if opcode == 8:
                    return int.from_bytes(payload[:2])
        return 0


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


@contextmanager
def target(root: Path = HERE, *, core: int | None = None, **variables: str) -> Iterator[Target]:
    """Start ``serve`` of a checkout, on one core if that is said; stop it at the end.

    Its journal lies in memory, where the system has such a folder: no disk is measured.
    """
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        environment = {
            **os.environ,
            "DEPTHBRIDGE_RECORDING_FOLDER": folder,
            "DEPTHBRIDGE_LOGGING_LEVEL": "error",
            **variables,
        }
        if "message_fragments" not in (root / "server" / "settings.py").read_text(encoding="utf-8"):
            environment.pop("DEPTHBRIDGE_SERVER_MESSAGE_FRAGMENTS", None)
        process = subprocess.Popen(
            [sys.executable, "-m", "depthbridge", "serve", "--port", "0"],
            cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
            made = Target(process, port)
            while b'"ok"' not in ask(made, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"):
                time.sleep(0.1)
            yield made
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def ask(server: Target, request: bytes) -> bytes:
    """Send on a new connection; what comes within a moment."""
    with server.dial() as sock:
        sender = threading.Thread(target=send, args=(sock, request), daemon=True)
        sender.start()
        try:
            return sock.recv(1 << 16)
        except ConnectionError:
            return b""
        finally:
            sock.close()
            sender.join()


def send(sock: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        sock.sendall(data)
