"""Attacks on a server process, measured: what others notice, what it costs, how it ends.

``python -m benchmarks.attacks [NAME …] [--root FOLDER]`` prints one line a figure. FOLDER is
another checkout whose server is attacked with the same bytes, to compare. Every figure is taken
from outside: by sockets and, for memory, from the kernel (Linux).
"""

import argparse
import gzip
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from market.record import RECORD, make_frames
from wire.frames import encode_frame

__all__ = ["ATTACKS", "Target", "main", "target"]

_HERE: Final = Path(__file__).resolve().parents[1]
_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
_MIB: Final = 1 << 20
_GET: Final = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
_POST: Final = b"POST /l2_update HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_LIFTED: Final = {
    "DEPTHBRIDGE_SERVER_MESSAGES_PER_SECOND": "10000000",
    "DEPTHBRIDGE_SERVER_MESSAGE_FRAGMENTS": "1048576",
    "DEPTHBRIDGE_SERVER_CONNECTIONS_PER_ADDRESS": "32",
}
"""Limits off: the slices alone must hold."""


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
            b"Sec-WebSocket-Key: " + _KEY.encode() + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
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
def target(root: Path = _HERE, **variables: str) -> Iterator[Target]:
    """Start ``serve`` of a checkout; stop it at the end."""
    with tempfile.TemporaryDirectory() as folder:
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
        sender = threading.Thread(target=_send, args=(sock, request), daemon=True)
        sender.start()
        try:
            return sock.recv(1 << 16)
        except ConnectionError:
            return b""
        finally:
            sock.close()
            sender.join()


def _connections(server: Target) -> int:
    data = b""
    with server.dial() as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while part := sock.recv(1 << 16):
            data += part
    return int(json.loads(data.partition(b"\r\n\r\n")[2])["connections"])


def _send(sock: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        sock.sendall(data)


@contextmanager
def watched(work: Callable[[], None]) -> Iterator[list[float]]:
    """Do ``work`` again and again in a thread; the seconds that each took."""
    spent: list[float] = []
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            begun = time.perf_counter()
            work()
            spent.append(time.perf_counter() - begun)
            time.sleep(0.002)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield spent
    finally:
        done.set()
        thread.join(60)


def _others(server: Target) -> tuple[Callable[[], None], Callable[[], None]]:
    """What others do meanwhile: a round trip on a WebSocket, and ``/health``."""
    peer = server.peer()

    def round_trip() -> None:
        peer.sock.sendall(masked(b'{"type":"nonsense"}', 1))
        peer.hear(b'{"type":"error"')

    kept = server.dial()

    def health() -> None:
        kept.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        data = b""
        while not data.endswith(b"}"):
            data += kept.recv(1 << 16)

    return round_trip, health


def _flood(server: Target, kind: str) -> Iterator[str]:
    name, data = kind, _floods()[kind][1]
    round_trip, health = _others(server)
    with watched(round_trip) as trips, watched(health) as answers:
        time.sleep(1)
        quiet = len(trips), len(answers)
        words = [sys.executable, "-m", "benchmarks.attacks", "--flood", str(server.port), kind]
        done = subprocess.run(words, cwd=_HERE, capture_output=True, text=True, check=True)
        spent = float(done.stdout)
    yield (
        f"{name}: {len(data) / 1e6:.1f} MB worked off in {spent:.2f} s; others' worst round trip "
        f"{max(trips[quiet[0] :]) * 1e3:.1f} ms (before {max(trips[: quiet[0]]) * 1e3:.1f}), worst "
        f"/health {max(answers[quiet[1] :]) * 1e3:.1f} ms (before "
        f"{max(answers[: quiet[1]]) * 1e3:.1f})"
    )


def _floods() -> dict[str, tuple[bytes, bytes]]:
    """What begins each flood, and the flood."""
    fragment = masked(b"x", 0, fin=False)
    return {
        "one-byte fragments": (masked(b"x", 2, fin=False), fragment * 700_000),
        "small messages": (b"", masked(b'{"type":"heartbeat"}', 1) * 300_000),
        "pings": (b"", masked(b"", 9) * 500_000),
    }


def _run_flood(port: int, kind: str) -> None:
    """Send it all from a process of its own; print how long the server took."""
    prelude, data = _floods()[kind]
    bad = Peer(socket.create_connection(("127.0.0.1", port)), hello=True)
    begun = time.perf_counter()
    bad.sock.sendall(prelude)
    threading.Thread(target=_send, args=(bad.sock, data + masked(b"end", 9)), daemon=True).start()
    with suppress(ConnectionError):
        while bad.frame() != (10, b"end"):
            continue
    print(time.perf_counter() - begun)


def floods(root: Path) -> Iterator[str]:
    """One-byte fragments, small messages and pings, the limits lifted: the slices alone."""
    for kind in _floods():
        with target(root, **_LIFTED) as server:
            yield from _flood(server, kind)


def oversize(root: Path) -> Iterator[str]:
    """Each must end with its code, soon, without memory."""
    bomb = gzip.compress(bytes(1 << 30), 9)
    deep = b'{"type":' + b"[" * 1_000_000
    length = b"Content-Length: %d\r\n\r\n"
    requests = {
        "20 MB of headers": _GET + (b"X-Fill: " + b"a" * 8000 + b"\r\n") * 2500 + b"\r\n",
        "gzip bomb of 1 GiB": _POST + b"Content-Encoding: gzip\r\n" + length % len(bomb) + bomb,
        "JSON depth 10^6": _POST + length % len(deep) + deep,
        "body of 1 GiB announced": _POST + length % (1 << 30),
    }
    with target(root) as server:
        ask(server, _POST + length % 2 + b"{}")
        for name, request in requests.items():
            before = server.forget_memory()
            begun = time.perf_counter()
            answer = ask(server, request)
            spent = time.perf_counter() - begun
            grown = (server.memory() - before) / _MIB
            code = answer[9:12].decode() or "closed without an answer"
            yield f"{name}: {code} after {spent * 1e3:.0f} ms, {grown:+.1f} MiB"
        before = server.forget_memory()
        bad = server.peer()
        bad.sock.sendall(masked(b"x", 2, fin=False))
        data = masked(b"x", 0, fin=False) * 10_000_000
        threading.Thread(target=_send, args=(bad.sock, data), daemon=True).start()
        begun = time.perf_counter()
        code = bad.close_code()
        spent = time.perf_counter() - begun
        grown = (server.memory() - before) / _MIB
        yield f"10 M fragments: {code} after {spent * 1e3:.0f} ms, {grown:+.1f} MiB"
        bad = server.peer()
        before = server.forget_memory()
        begun = time.perf_counter()
        bad.sock.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 40) + bytes(4))
        code = bad.close_code()
        spent = time.perf_counter() - begun
        grown = (server.memory() - before) / _MIB
        yield f"message of 1 TiB announced: {code} after {spent * 1e3:.0f} ms, {grown:+.1f} MiB"


class Ingest:
    """A publisher that sends 50 records two hundred times a second and waits for each ack."""

    def __init__(self, server: Target) -> None:
        self._peer = server.peer(hello=False)
        self._peer.hello("publisher", ["ATTACK 1"], source="live")
        self._frames = _frames()

    def __call__(self) -> None:
        frame, seq = next(self._frames)
        self._peer.sock.sendall(masked(frame))
        while True:
            text = self._peer.hear(b'{"type":"ack"')
            if json.loads(text)["seq"] >= seq:
                return

    def sample(self, seconds: float) -> list[float]:
        """The round trips of so many seconds."""
        with watched(self) as spent:
            time.sleep(seconds)
        return spent


def _frames() -> Iterator[tuple[bytes, int]]:
    rng = np.random.default_rng(5)
    seq, moment = 1, 1_795_099_800_000_000_000
    records = np.zeros(20, RECORD)
    records["side"], records["position"] = np.repeat([0, 1], 10), np.tile(np.arange(10), 2)
    while True:
        rows = records["position"].astype(np.int64)
        records["price"] = np.where(records["side"] == 1, 999 - rows, 1000 + rows)
        records["size"] = rng.integers(1, 60, len(records))
        times = moment + np.arange(len(records)) * 1000
        for frame in make_frames(records.copy(), times, seq):
            yield encode_frame(frame._replace(flags=8)), frame.end - 1
            seq = frame.end
        moment += 5_000_000
        records = np.zeros(50, RECORD)
        records["op"], records["side"] = 1, rng.integers(0, 2, 50)
        records["position"] = rng.integers(0, 10, 50)


def _p99(spent: Sequence[float]) -> float:
    return float(np.percentile(spent, 99)) * 1e3


def slow_sockets(root: Path, count: int = 500) -> Iterator[str]:
    """Idle, drips of head, body and upgrade: how long each stays, and what ingest notices."""
    begun: dict[str, bytes] = {
        "idle": b"",
        "head": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
        "body": _POST + b"Content-Length: 1000\r\n\r\n",
        "upgrade": b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nX: ",
    }
    with target(root, DEPTHBRIDGE_SERVER_HTTP_CONNECTIONS_PER_ADDRESS="10000",
                DEPTHBRIDGE_SERVER_HTTP_CONNECTIONS="10000") as server:  # fmt: skip
        ingest = Ingest(server)
        ingest.sample(3)
        for name, data in begun.items():
            quiet = ingest.sample(8)
            words = [sys.executable, "-m", "benchmarks.attacks", "--drip"]
            with subprocess.Popen(
                [*words, str(server.port), str(count), data.hex() or "00"],
                cwd=_HERE, stdout=subprocess.PIPE, text=True,
            ) as dripper:  # fmt: skip
                assert dripper.stdout is not None
                dripper.stdout.readline()
                with watched(ingest) as spent:
                    time.sleep(8)
                worst = dripper.communicate(timeout=30)[0].strip()
            yield (
                f"{count} slow sockets, {name}: last one closed after {worst}; ingest p99 "
                f"{_p99(quiet):.2f} -> {_p99(spent):.2f} ms"
            )
    with target(root) as server:
        ingest = Ingest(server)
        socks = [server.dial() for _ in range(count)]
        ingest.sample(1)
        health = ask(server, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield f"/health beside {count} idle sockets, limits as shipped: {health[9:12].decode()}"
        for sock in socks:
            sock.close()


def _drip(port: int, count: int, begun: bytes) -> None:
    """Hold connections, send each a byte twice a second, print when the last one was ended."""
    socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for sock in socks:
        sock.sendall(begun)
        sock.setblocking(False)
    print("begun", flush=True)
    started = time.perf_counter()
    last = 0.0
    while socks and time.perf_counter() - started < 15:
        time.sleep(0.5)
        held = [sock for sock in socks if _is_held(sock, drips=bool(begun))]
        if len(held) < len(socks):
            last = time.perf_counter() - started
        socks = held
    print(f"{last:.1f} s" if not socks else f"never ({len(socks)} after 15 s)")


def _is_held(sock: socket.socket, *, drips: bool) -> bool:
    try:
        if drips:
            sock.send(b"a")
        while sock.recv(4096):
            continue
    except BlockingIOError:
        return True
    except OSError:
        pass
    sock.close()
    return False


def stalled_readers(root: Path, count: int = 20) -> Iterator[str]:
    """Subscribers of everything that read nothing."""
    topics = ["metrics", "clusters", "book", "profile", "view"]
    with target(root, **_LIFTED) as server:
        ingest = Ingest(server)
        ingest.sample(3)
        quiet = ingest.sample(10)
        before = server.forget_memory()
        readers = []
        for _ in range(count):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", server.port))
            reader = Peer(sock, hello=False)
            reader.hello("subscriber", ["ATTACK 1"], source="live", subscribe=topics)
            readers.append(reader)
        noisy = ingest.sample(60)
        grown = (server.memory() - before) / _MIB
        left = _connections(server)
        yield (
            f"{count} stalled readers for 60 s: {left - 1} still attached, {grown / count:.2f} MiB "
            f"each at most; others' p99 {_p99(quiet):.2f} -> {_p99(noisy):.2f} ms"
        )
        for reader in readers:
            reader.sock.close()


ATTACKS: Final[dict[str, Callable[[Path], Iterator[str]]]] = {
    "floods": floods,
    "oversize": oversize,
    "slow": slow_sockets,
    "stalled": stalled_readers,
}


def main() -> None:
    """Run the named attacks, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ATTACKS, []], metavar="NAME")
    parser.add_argument("--root", type=Path, default=_HERE, metavar="FOLDER")
    parser.add_argument("--drip", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--flood", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.flood:
        _run_flood(int(given.flood[0]), given.flood[1])
        return
    if given.drip:
        port, count, begun = given.drip
        _drip(int(port), int(count), bytes.fromhex(begun).strip(b"\0"))
        return
    for name in given.names or ATTACKS:
        for line in ATTACKS[name](given.root):
            print(line, flush=True)


if __name__ == "__main__":
    main()
