"""A server on an ephemeral port, speaking through real sockets, and data to send it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from market.enums import Kind, Source
from market.record import RECORD, Frame, Records, make_frames
from recording.entries import Entry
from recording.journal import read_journal
from recording.messages import cluster_messages, metrics_message, signal_messages
from recording.stream import Stream
from server.run import ServerProcess
from server.settings import settings_from
from tests.waiting import PATIENCE_S
from wire.frames import encode_frame

START = 1_795_099_800_000_000_000  # Thursday 2026-11-19, 09:50 in New York
VERSION = "0.1.0"


class Peer:
    """A WebSocket client that keeps what it got."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.got: list[dict[str, Any]] = []
        self.raw: list[bytes] = []

    async def say(self, message: dict[str, Any] | str | bytes) -> None:
        await self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def hear(self, *kinds: str, **wanted: Any) -> dict[str, Any]:
        """The next message of one of these types (any, if none) with these fields."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                text = await self.socket.recv(decode=False)
                message: dict[str, Any] = json.loads(text)
                self.got.append(message)
                self.raw.append(text)
                named = not kinds or message["type"] in kinds
                if named and all(message.get(key) == value for key, value in wanted.items()):
                    return message

    async def hello(self, **fields: Any) -> dict[str, Any]:
        await self.say(hello(**fields))
        return await self.hear("welcome", "error")

    async def closed(self) -> int | None:
        """Read to the end; the close code."""
        try:
            while True:
                await self.hear()
        except Exception:  # noqa: BLE001 - whatever ended it, the code is what counts
            return self.socket.close_code


def hello(**fields: Any) -> dict[str, Any]:
    symbol = fields.pop("symbol", "ES 12-26")
    return {
        "type": "hello",
        "protocol": {"min": 1, "max": 1},
        "session": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "client": "test/1",
        "source": "live",
        "role": "publisher",
        "instruments": [{"symbol": symbol}],
        **fields,
    }


class Server:
    """A running server."""

    def __init__(self, process: ServerProcess, folder: Path) -> None:
        self.process = process
        self.runtime = process.runtime
        self.folder = folder
        self.http = httpx.AsyncClient(base_url=process.url, timeout=PATIENCE_S)

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.process.port}/ws"

    @asynccontextmanager
    async def peer(self, **options: Any) -> AsyncIterator[Peer]:
        async with connect(
            self.ws_url,
            subprotocols=["depthbridge.v1"],  # type: ignore[list-item]
            compression=None,
            max_size=None,
            **options,
        ) as socket:
            yield Peer(socket)

    async def post(self, path: str, content: dict[str, Any] | bytes, **headers: str) -> Any:
        if isinstance(content, dict):
            return await self.http.post(path, json=content, headers=headers)
        headers = {"content-type": "application/octet-stream", **headers}
        return await self.http.post(path, content=content, headers=headers)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.005)


Serve = Callable[..., Any]


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """``await serve(section={key: value})`` starts a warm server; it is stopped afterwards."""
    running: list[Server] = []

    async def start(*, warm: bool = True, **sections: Any) -> Server:
        recording = {"folder": str(tmp_path / "recordings"), **sections.pop("recording", {})}
        # A busy machine may hold a test up for longer than the pause that counts as sleep.
        patient = {"port": 0, "ahead_minutes": 0, "sleep_s": 3600}
        given = {
            "server": {**patient, **sections.pop("server", {})},
            "recording": recording,
        }
        process = ServerProcess(settings_from({**given, **sections}), VERSION)
        await process.start()
        server = Server(process, tmp_path / "recordings")
        running.append(server)
        if warm:
            while not process.runtime.warm:  # kernels compile for minutes on a busy machine
                assert not process.runtime.warming_failed
                await asyncio.sleep(0.01)
        return server

    yield start
    for server in running:
        await server.http.aclose()
        if not server.runtime.ending:
            await server.process.stop()


def market(count: int, seed: int = 7) -> tuple[Records, np.ndarray[Any, np.dtype[np.int64]]]:
    """Records of a plausible market with times: twenty adds, then updates, trades and quotes."""
    rng = np.random.default_rng(seed)
    records = np.zeros(count, RECORD)
    kinds = rng.choice([0, 2, 3], count, p=[0.8, 0.1, 0.1])
    records["kind"] = kinds
    records["side"] = rng.integers(0, 2, count)
    records["op"] = np.where(kinds == Kind.DEPTH_POSITION, 1, 0)
    records["position"] = np.where(kinds == Kind.DEPTH_POSITION, rng.integers(0, 10, count), 0)
    sign = np.where(records["side"] == 1, -1, 1)
    ask = 27_250
    rows = records["position"].astype(np.int64)
    records["price"] = np.where(records["side"] == 1, ask - 1 - rows, ask + rows) + 0 * sign
    records["size"] = rng.integers(1, 60, count)
    walls = rng.random(count) < 0.02
    records["size"][walls & (kinds == 0)] = 900
    head = records[:20]
    head["kind"], head["op"] = 0, 0
    head["side"] = np.repeat([0, 1], 10)
    head["position"] = np.tile(np.arange(10), 2)
    head["price"] = np.where(head["side"] == 1, ask - 1, ask) + np.where(
        head["side"] == 1, -1, 1
    ) * head["position"].astype(np.int64)
    times = START + np.cumsum(rng.integers(0, 40_000_000, count))
    return records, times


def frames_of(records: Records, times: Any, batch: int, seq: int = 1) -> list[Frame]:
    return list(make_frames(records.copy(), times, seq, batch))


def journal_entries(folder: Path) -> list[Entry]:
    return list(read_journal(folder))


def replayed(entries: Sequence[Entry], stream: Stream) -> Iterator[tuple[str, bytes]]:
    """Every message that these entries publish, in order: (key, text)."""
    for entry in entries:
        result = stream.apply(entry)
        for message in cluster_messages(stream, result):
            yield f"clusters {message.event}", message.text
        for text in signal_messages(stream, result.signals):
            yield "signal", text
        if result.publishes:
            yield "metrics", metrics_message(stream)


@pytest.fixture(scope="session")
def data() -> SimpleNamespace:
    """Helpers for tests, as modules cannot import each other here."""
    return SimpleNamespace(
        START=START,
        market=market,
        frames_of=frames_of,
        encode=encode_frame,
        hello=hello,
        entries=journal_entries,
        replayed=replayed,
        Source=Source,
    )


__all__ = ["Awaitable", "Peer", "Serve", "Server"]
