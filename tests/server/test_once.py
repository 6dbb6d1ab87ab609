"""No record enters a journal twice under one session, whatever a restart finds.

Our own publisher on one side, which sends again whatever it is asked for; on the other side a
server that is stopped or dies, and what a crash, a changed configuration or a bad disk leaves.
"""

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from client.publisher import Publisher
from depthbridge.cli import main
from market.enums import Kind, Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import Frame
from recording.entries import InstrumentEntry, SessionEntry
from recording.journal import segments_of, verify
from recording.journal.layout import HEADER_SIZE, FileHeader, unpack_file_header

SYMBOL = "ES 12-26"
FIRST, MORE = 1_500, 500
SMALL = {"segment_mb": 0.02}
Change = Callable[[Path], dict[str, Any]]
"""What happens to the journal between two servers, and what the second is configured with."""


def nothing(folder: Path) -> dict[str, Any]:
    return {}


def next_segment(folder: Path) -> Path:
    last = segments_of(folder)[-1]
    return last.with_name(f"{int(last.stem) + 1:06d}.dbj")


def stump(content: bytes) -> Change:
    """A crash at the roll: the new segment has its name, and less than its header."""

    def change(folder: Path) -> dict[str, Any]:
        next_segment(folder).write_bytes(content)
        return {}

    return change


def cut_to(size: int) -> Change:
    def change(folder: Path) -> dict[str, Any]:
        last = segments_of(folder)[-1]
        last.write_bytes(last.read_bytes()[:size])
        return {}

    return change


def flipped_bit(folder: Path) -> dict[str, Any]:
    last = segments_of(folder)[-1]
    data = bytearray(last.read_bytes())
    data[-6_000] ^= 1
    last.write_bytes(data)
    return {}


def another_definition(folder: Path) -> dict[str, Any]:
    return {"instruments": {"ES": {"point_value": 5.0}}}


def too_old(folder: Path) -> dict[str, Any]:
    return {"recording": {"resume_hours": 0}}


def too_old_to_be_read(folder: Path) -> dict[str, Any]:
    with segments_of(folder)[-1].open("rb") as file:
        header = unpack_file_header(file.read(HEADER_SIZE))
    assert isinstance(header, FileHeader)
    while time.time_ns() < header.created + 700_000_000:
        time.sleep(0.01)
    return {"recording": {"resume_hours": 0, "segment_minutes": 0.01}}


async def publish(publisher: Publisher, frames: list[Frame]) -> None:
    for frame in frames:
        await publisher.publish(SYMBOL, frame)
    await publisher.flush()


async def port_kept(serve: Any, server: Any, **sections: Any) -> Any:
    """Another server in the place of one that has ended."""
    recording = {**SMALL, **sections.pop("recording", {})}
    return await serve(server={"port": server.process.port}, recording=recording, **sections)


def exported(folder: Path, out: Path) -> list[int]:
    assert main(["journal", "export", str(folder), "--out", str(out)]) == 0
    return [int(row["seq"]) for row in csv.DictReader(io.StringIO(out.read_text()))]


@pytest.mark.parametrize(
    ("change", "resumed"),
    [
        (nothing, True),
        (stump(b""), True),
        (stump(bytes(30)), True),
        (stump(bytes(63)), True),
        (stump(bytes(4096)), True),
        (cut_to(0), True),
        (flipped_bit, False),
        (another_definition, False),
        (too_old, False),
        (too_old_to_be_read, False),
    ],
    ids=[
        *("nothing", "empty", "30 bytes", "63 bytes", "zeros", "cut to nothing"),
        *("damage", "another definition", "old", "too old to be read"),
    ],
)
async def test_a_restart_takes_no_number_twice(
    serve: Any, data: SimpleNamespace, tmp_path: Path, change: Change, resumed: bool
) -> None:
    instrument = DEFAULT_INSTRUMENTS.resolve(SYMBOL)
    assert instrument is not None
    records, times = data.market(FIRST + MORE)
    frames = data.frames_of(records, times, 50)
    server = await serve(recording=SMALL)
    async with Publisher(server.ws_url, [instrument], patient=True) as publisher:
        await publish(publisher, frames[: FIRST // 50])
        await server.process.stop()
        sections = change(server.folder)
        server = await port_kept(serve, server, **sections)
        assert [row["resumed"] for row in server.runtime.resumption.to_mapping()["streams"]] == [
            resumed
        ]
        if change is too_old_to_be_read:
            assert server.runtime.resumption.others[0].recovered is None
        await publish(publisher, frames[FIRST // 50 :])
        channel = server.runtime.hub.find(SYMBOL, Source.LIVE)
        await server.until(lambda: channel.stream.phase == "synced")
        assert channel.session.expected == FIRST + MORE + 1
        profile = channel.stream.analyzer.analyze_volume_profile()
        whole = int(records["size"][records["kind"] == Kind.TRADE].sum())
        assert (profile["volume"] == whole) is resumed, "its sums go on where it goes on"
        assert not channel.stream.analyzer.calculate_metrics()["complete"]
    await server.process.stop()
    if change is flipped_bit:
        assert main(["journal", "repair", str(server.folder), "--yes"]) == 0
    found = exported(server.folder, tmp_path / "out.csv")
    assert len(found) == len(set(found)), "a number is there twice"
    missing = set(range(1, FIRST + MORE + 1)) - set(found)
    assert len(missing) <= (200 if change is flipped_bit else 0), "at most the damaged frame"
    assert verify(server.folder).ok
    entries = data.entries(server.folder)
    assert sum(isinstance(entry, InstrumentEntry) for entry in entries) == 1 + (not resumed)
    begun = [entry.seq for entry in entries if isinstance(entry, SessionEntry)]
    assert begun == ([1] if resumed else [1, FIRST + 1])


async def test_a_session_that_was_superseded_comes_back_behind_its_numbers(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    records, times = data.market(300)
    frames = data.frames_of(records, times, 50)
    other = "11111111-1111-4111-8111-111111111111"

    async def say(peer: Any, parts: list[Frame]) -> None:
        for frame in parts:
            await peer.say(data.encode(frame._replace(flags=8)))
            await peer.hear("ack", seq=frame.end - 1)

    async with server.peer() as peer:
        await peer.hello()
        await say(peer, frames[:3])
        await peer.say({"type": "bye", "last": {"0": 150}})
    async with server.peer() as peer:
        assert (await peer.hello(session=other, takeover=True))["resume_from"] == {"0": 1}
        await say(peer, frames[:1])
        await peer.say({"type": "bye", "last": {"0": 50}})
    await server.process.stop()
    server = await serve()
    async with server.peer() as peer:
        welcome = await peer.hello(takeover=True)
        assert welcome["resume_from"] == {"0": 151}
        assert (await peer.hear("resync"))["from"] == 151
        await say(peer, frames[2:4])
        assert server.runtime.hub.find(SYMBOL, Source.LIVE).stream.broken


async def test_posts_without_a_session_keep_their_numbers_apart(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    update = {"time": data.START, "side": "bid", "operation": "add", "position": 0}
    post = {"type": "l2_update", "instrument": SYMBOL}
    post["updates"] = [{**update, "price": 6812.25, "volume": 5}]
    for number in (1, 2):
        answer = (await server.post("/l2_update", post)).json()
        assert answer["ack"]["seq"] == number
        await server.process.stop()
        server = await serve(recording={"resume_hours": 0})
