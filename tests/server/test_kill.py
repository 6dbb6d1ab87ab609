"""A server process that is killed under load: nothing that was acknowledged is lost or doubled."""

import asyncio
import contextlib
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from market.enums import FrameType
from market.record import RECORD, Frame
from recording.entries import FrameEntry, InstrumentEntry
from recording.journal import read_journal, segments_of, verify
from wire.frames import encode_frame

START = 1_795_099_800_000_000_000
BATCH = 50
RATE = 20_000
"""Records per second."""
SYMBOL = "ES 12-26"


def records_from(seq: int, count: int) -> Frame:
    """The records of these numbers; each is a function of its number alone."""
    numbers = np.arange(seq, seq + count)
    records = np.zeros(count, RECORD)
    first = numbers <= 20
    row = np.where(first, (numbers - 1) % 10, numbers * 13 % 10)
    bid = np.where(first, numbers <= 10, numbers % 2 == 1)
    records["dt"] = (numbers - seq) * 50_000
    records["side"] = bid
    records["op"] = ~first
    records["position"] = row
    records["price"] = np.where(bid, 27_249 - row, 27_250 + row)
    records["size"] = 1 + numbers * 7919 % 59
    return Frame(records, START + seq * 50_000, seq)


class Killed:
    """One publisher's session over many server processes."""

    def __init__(self, folder: Path, root: Path, seed: int) -> None:
        self.folder = folder
        self.root = root
        self.rng = random.Random(seed)
        self.acked = 0
        self.sent = 0
        self.written = 0
        self.segments = 0

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "depthbridge", "serve", "--port", "0"],
            cwd=self.root,
            env={**os.environ, "DEPTHBRIDGE_RECORDING_FOLDER": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def live_and_die(self) -> None:
        process = self.start()
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+:(\d+)/", process.stdout.readline())
            assert found is not None
            asyncio.run(self.publish(f"ws://127.0.0.1:{found[1]}/ws", process))
        finally:
            process.kill()
            process.communicate()

    async def publish(self, url: str, process: subprocess.Popen[str]) -> None:
        async with connect(url, subprotocols=["depthbridge.v1"], compression=None) as socket:  # type: ignore[list-item]
            await socket.send(json.dumps(hello()))
            welcome = {"type": "heartbeat"}
            while welcome["type"] == "heartbeat":
                welcome = json.loads(await socket.recv())
            assert welcome["type"] == "welcome", welcome
            expected = welcome["resume_from"]["0"]
            assert expected > self.acked, "what was acknowledged is not asked for again"
            assert expected == self.written + 1, "it goes on where the journal ends"
            work = [asyncio.create_task(self.send(socket, expected))]
            work.append(asyncio.create_task(self.hear(socket)))
            target = self.acked + self.rng.randint(1, RATE)
            async with asyncio.timeout(120):
                while self.acked < target:  # noqa: ASYNC110 - a moment of its own is wanted
                    await asyncio.sleep(self.rng.uniform(0.001, 0.02))
            process.kill()
            await asyncio.gather(*work)

    async def send(self, socket: ClientConnection, seq: int) -> None:
        loop = asyncio.get_running_loop()
        begun, first = loop.time(), seq
        with contextlib.suppress(ConnectionClosed):
            while True:
                count = self.rng.randint(1, 2 * BATCH - 1)
                await socket.send(encode_frame(records_from(seq, count)))
                seq += count
                self.sent = max(self.sent, seq - 1)
                ahead = begun + (seq - first) / RATE - loop.time()
                if ahead > 0:
                    await asyncio.sleep(ahead)

    async def hear(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "ack":
                    self.acked = max(self.acked, message["seq"])
                assert message["type"] != "resync", message

    def check(self) -> None:
        """Read what this process has left: every number once, in order, as it was sent."""
        (paths,) = [segments_of(self.folder)]
        for path in paths[self.segments :]:
            for entry in read_journal(path):
                if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
                    frame = entry.frame
                    assert frame.seq == self.written + 1
                    expected = records_from(frame.seq, len(frame.records))
                    assert np.array_equal(frame.records, expected.records)
                    self.written = frame.end - 1
        self.segments = len(paths)
        assert self.acked <= self.written <= self.sent, "nothing acknowledged is lost"


def hello() -> dict[str, Any]:
    return {
        "type": "hello",
        "protocol": {"min": 1, "max": 1},
        "session": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "client": "kill/1",
        "source": "live",
        "role": "publisher",
        "instruments": [{"symbol": SYMBOL}],
        "subscribe": [],
    }


@pytest.fixture
def killed(tmp_path: Path, root: Path) -> Iterator[Killed]:
    return Killed(tmp_path / "recordings", root, 1)


def kill(killed: Killed, times: int) -> None:
    for _ in range(times):
        killed.live_and_die()
        killed.check()
    entries = list(read_journal(killed.folder))
    assert sum(isinstance(entry, InstrumentEntry) for entry in entries) == 1, "one run"
    frames = [e.frame for e in entries if isinstance(e, FrameEntry)]
    assert sum(len(frame.records) for frame in frames) == killed.written
    assert verify(killed.folder).ok
    sys.stdout.write(f"{times} kills, {killed.written} records, {killed.acked} acked, 0 lost\n")


@pytest.mark.skipif(sys.platform == "win32", reason="kill is TerminateProcess there: the same")
def test_a_killed_server_has_what_it_acknowledged(killed: Killed) -> None:
    kill(killed, 3)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform == "win32", reason="kill is TerminateProcess there: the same")
def test_two_hundred_kills(killed: Killed) -> None:
    kill(killed, 200)
