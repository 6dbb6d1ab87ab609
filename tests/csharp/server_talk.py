"""What a real server says about a made-up market: by WebSocket, after a reconnect, and by HTTP."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from market.enums import Kind, Side
from market.record import Frame, Records
from server.run import ServerProcess
from server.settings import settings_from
from tests.server.conftest import VERSION, Peer, Server, frames_of, market
from wire.frames import encode_frame

__all__ = ["SYMBOL", "Talk", "captured"]

SYMBOL = "ES 12-26"
TOPICS = ["metrics", "clusters", "book", "signals"]
SESSION = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
BATCH = 100
RECORDS = 14_000


class Talk(NamedTuple):
    """What was heard.

    Attributes:
        publisher: all messages of the publisher's connection, as text.
        before: those of a subscriber until it lost its connection.
        after: those of its next connection, on which it missed a third of the market.
        alive: the living clusters at the end, as the server tells them when asked.
        answers: of the same market by HTTP, one for each post.
    """

    publisher: list[str]
    before: list[str]
    after: list[str]
    alive: list[dict[str, Any]]
    answers: list[dict[str, Any]]


def walled() -> tuple[Records, Any]:
    """A market of short flashes, with one wall that comes and stays and one that comes and goes."""
    records, times = market(RECORDS)
    place = np.arange(RECORDS)
    depth = records["kind"] == Kind.DEPTH_POSITION
    stays = depth & (records["side"] == Side.BID) & (records["position"] == 4) & (place > 3_000)
    goes = depth & (records["side"] == Side.ASK) & (records["position"] == 7)
    records["size"][stays] = 700 + place[stays] // 70
    records["size"][goes & (place // 2_500 % 2 == 1)] = 600
    return records, times


def captured() -> Talk:
    """Run a server and listen."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_captured(Path(folder)))


async def _captured(folder: Path) -> Talk:
    given = {
        "server": {"port": 0, "ahead_minutes": 0, "sleep_s": 3600},
        "recording": {"folder": str(folder / "recordings")},
    }
    process = ServerProcess(settings_from(given), VERSION)
    await process.start()
    server = Server(process, folder)
    try:
        await server.until(lambda: bool(process.runtime.warm))
        frames = frames_of(*walled(), BATCH)
        publisher, before, after = await _streamed(server, frames)
        state = await server.http.get(f"/api/v1/instruments/{SYMBOL}/clusters")
        answers = [await _posted(server, frame) for frame in frames]
    finally:
        await server.http.aclose()
        await process.stop()
    return Talk(publisher, before, after, state.json()["clusters"], answers)


async def _streamed(
    server: Server, frames: Sequence[Frame]
) -> tuple[list[str], list[str], list[str]]:
    third = len(frames) // 3
    async with server.peer() as peer:
        await peer.hello(subscribe=TOPICS)
        async with server.peer() as listener:
            await _listening(listener)
            await _sent(peer, frames[:third], listener)
            before = listener.raw
        await _sent(peer, frames[third : 2 * third])
        async with server.peer() as listener:
            await _listening(listener)
            await _sent(peer, frames[2 * third :], listener)
            after = listener.raw
    return _texts(peer.raw), _texts(before), _texts(after)


async def _listening(peer: Peer) -> None:
    await peer.hello(role="subscriber", instruments=[], subscribe=TOPICS)
    await peer.hear("clusters", event="snapshot")


async def _sent(peer: Peer, frames: Sequence[Frame], *others: Peer) -> None:
    """Send, and wait until everybody has heard what came of it: topics go out in their order."""
    for frame in frames:
        await peer.say(encode_frame(frame, guard=True))
    for one in (peer, *others):
        await one.hear("metrics", seq=frames[-1].end - 1)
        await one.hear("book", seq=frames[-1].end - 1)


async def _posted(server: Server, frame: Frame) -> dict[str, Any]:
    answer = await server.post(
        "/l2_update",
        encode_frame(frame, guard=True),
        **{
            "X-Depthbridge-Session": SESSION,
            "X-Depthbridge-Instrument": SYMBOL,
            "X-Depthbridge-Source": "replay",
        },
    )
    found: dict[str, Any] = answer.json()
    assert found["status"] == "ok", found
    return found


def _texts(raw: Sequence[bytes]) -> list[str]:
    return [text.decode() for text in raw]
