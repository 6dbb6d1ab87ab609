"""Our server in its own process through ``serve``, the echo, and loads for both.

Everything inherits the one core that the benchmarks are pinned to.
"""

import json
import os
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from benchmarks.inputs import ES, work_folder
from benchmarks.native import compiled
from market.record import Frame, times_of
from wire.frames import encode_frame

__all__ = ["Load", "Served", "book_of", "echo_server", "run_load", "serve"]

_ROOT: Final = Path(__file__).resolve().parents[1]
_HEAD: Final = struct.Struct("<IQ")
_MASK: Final = bytes.fromhex("12a45678")
_UPGRADE: Final = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_WARM: Final = 300
_numbers: Final = count(1)


class Served(NamedTuple):
    """A running server.

    Attributes:
        port: where it listens.
        listening: seconds from the start of the process until it listened.
        ok: seconds until ``/health`` said ok.
    """

    port: int
    listening: float
    ok: float


class Load(NamedTuple):
    """What a client saw.

    Attributes:
        p50: round trip, µs.
        p99: round trip, µs.
        rate: messages a second.
    """

    p50: float
    p99: float
    rate: float


@contextmanager
def serve(folder: Path, *, journal: bool, cache: Path | None = None) -> Iterator[Served]:
    """Start ``serve`` on a free port; stop it at the end.

    Args:
        folder: for the journal and the log.
        journal: whether it records.
        cache: folder of compiled kernels; None: the usual one.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(_ROOT),
        "DEPTHBRIDGE_RECORDING_ENABLED": "true" if journal else "false",
        "DEPTHBRIDGE_RECORDING_FOLDER": str(folder / "recordings"),
        "DEPTHBRIDGE_SERVER_MESSAGES_PER_SECOND": "10000000",
        "DEPTHBRIDGE_LOGGING_LEVEL": "warning",
    }
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    words = [sys.executable, "-P", "-m", "depthbridge", "serve", "--port", "0"]
    begun = time.perf_counter()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        listening = time.perf_counter() - begun
        assert line.startswith("dashboard: "), (folder / "server.log").read_text()
        port = int(line.rstrip("/\n").rpartition(":")[2])
        while not _healthy(port):
            assert process.poll() is None
            time.sleep(0.01)
        yield Served(port, listening, time.perf_counter() - begun)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=60) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except urllib.error.HTTPError:
        return False


def book_of(port: int, symbol: str) -> list[list[list[int]]]:
    """Bids and asks of a served instrument, in ticks and steps."""
    url = f"http://127.0.0.1:{port}/api/v1/instruments/{urllib.parse.quote(symbol)}/book"
    with urllib.request.urlopen(url, timeout=60) as answer:
        book = json.load(answer)
    return [
        [[ES.tick.to_ticks(price), round(size)] for price, size in book[side]]
        for side in ("bids", "asks")
    ]


@contextmanager
def echo_server() -> Iterator[int]:
    """Start the TCP echo, in C or on asyncio; its port."""
    program = compiled("echo")
    words = [str(program)] if program else [sys.executable, str(_ROOT / "benchmarks" / "echo.py")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def run_load(kind: str, port: int, messages: Iterable[tuple[int, bytes]], window: int) -> Load:
    """Send messages over one connection and wait for all answers.

    Args:
        kind: ``ws``, ``echo`` or ``http``.
        port: of the server.
        messages: number and bytes of each.
        window: most messages on their way.
    """
    path = work_folder() / "messages.bin"
    with path.open("wb") as file:
        for number, data in messages:
            file.write(_HEAD.pack(len(data), number))
            file.write(data)
    program = compiled("load")
    words = [str(program)] if program else [sys.executable, str(_ROOT / "benchmarks" / "client.py")]
    answer = subprocess.run(
        [*words, kind, str(port), str(path), str(_WARM), str(window)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    p50, p99, _, seconds, sent = map(float, answer.stdout.split())
    return Load(p50, p99, sent / seconds)


def echo_messages(payloads: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Messages of the echo."""
    for number, payload in enumerate(payloads, 1):
        yield number, len(payload).to_bytes(4, "little") + payload


def socket_messages(
    port: int, frames: list[Frame], payloads: list[bytes], *, text: bool
) -> Iterator[tuple[int, bytes]]:
    """Upgrade, hello as publisher and subscriber of a fresh instrument, then the payloads."""
    number = next(_numbers)
    hello = {
        "type": "hello",
        "protocol": {"min": 1, "max": 1},
        "session": str(uuid.UUID(int=number)),
        "instruments": [{"symbol": f"BENCH {number}", "tick_size": ES.tick.step}],
        "subscribe": ["metrics", "clusters"],
    }
    yield 0, _UPGRADE.format(port=port).encode()
    yield 0, _masked(orjson.dumps(hello), text=True)
    for frame, payload in zip(frames, payloads, strict=True):
        yield frame.end - 1, _masked(payload, text=text)


def http_messages(port: int, payloads: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Posts of binary frames for a fresh instrument."""
    name = next(_numbers)
    for number, payload in enumerate(payloads, 1):
        head = (
            f"POST /l2_update HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {len(payload)}\r\n"
            f"X-Depthbridge-Session: {uuid.UUID(int=name)}\r\n"
            f"X-Depthbridge-Instrument: BENCH {name}\r\n"
            f"X-Depthbridge-Tick-Size: {ES.tick.step}\r\n\r\n"
        )
        yield number, head.encode() + payload


def binary(frames: Iterable[Frame]) -> list[bytes]:
    """Frames as the wire carries them."""
    return [encode_frame(frame) for frame in frames]


def plain_json(frames: Iterable[Frame]) -> list[bytes]:
    """Depth frames as ``l2_update`` with objects."""
    return [_l2_update(frame) for frame in frames]


def _l2_update(frame: Frame) -> bytes:
    fields = ("side", "op", "position", "price", "size")
    columns = [times_of(frame).tolist(), *(frame.records[name].tolist() for name in fields)]
    updates = [
        {
            "time": moment,
            "side": ("ask", "bid")[side],
            "operation": ("add", "update", "remove")[op],
            "position": position,
            "price": ES.tick.to_price(price),
            "volume": size,
        }
        for moment, side, op, position, price, size in zip(*columns, strict=True)
    ]
    return orjson.dumps({"type": "l2_update", "stream": 0, "seq": frame.seq, "updates": updates})


def _masked(payload: bytes, *, text: bool) -> bytes:
    size = len(payload)
    head = bytes([0x81 if text else 0x82])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += b"\xfe" + size.to_bytes(2)
    else:
        head += b"\xff" + size.to_bytes(8)
    mask = int.from_bytes(_MASK * (size // 4 + 1)) >> 8 * (-size % 4 or 4)
    return head + _MASK + (int.from_bytes(payload) ^ mask).to_bytes(size)
