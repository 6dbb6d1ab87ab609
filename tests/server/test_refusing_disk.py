"""A server whose disk refuses: the analytics go on, nothing is acknowledged that is not written."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from market.enums import FrameFlag, FrameType, Source
from recording.entries import (
    Entry,
    FrameEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
)
from recording.journal import read_journal
from recording.journal.segment import DiskSegment


class Disk:
    """Whether appends and syncs of the server's journals work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writes = self.syncs = True
        append, sync = DiskSegment.append, DiskSegment.sync

        def appended(segment: DiskSegment, data: bytes) -> None:
            if not self.writes:
                raise OSError(28, "No space left on device")
            append(segment, data)

        def synced(segment: DiskSegment) -> None:
            if not self.syncs:
                raise OSError(5, "Input/output error")
            sync(segment)

        monkeypatch.setattr(DiskSegment, "append", appended)
        monkeypatch.setattr(DiskSegment, "sync", synced)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def numbers_in(folder: Path, copy: Path) -> list[int]:
    """Every number that a killed server would leave in its journal now, in order."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    found: list[int] = []
    for entry in read_journal(copy):
        if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
            found += range(entry.frame.seq, entry.frame.end)
    return found


def acks(peer: Any) -> list[int]:
    return [message["seq"] for message in peer.got if message["type"] == "ack"]


async def ready(server: Any) -> int:
    answer = await server.http.get("/readyz")
    if answer.status_code != 200:
        assert answer.json()["reason"] == "journal"
    return int(answer.status_code)


async def test_no_ack_says_more_than_the_journal_has(
    serve: Any, data: SimpleNamespace, disk: Disk, tmp_path: Path
) -> None:
    server = await serve()
    made = data.frames_of(*data.market(1200), 40)
    channel = None
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        for number, frame in enumerate(made):
            disk.writes = number % 7 < 4
            await peer.say(data.encode(frame._replace(flags=int(FrameFlag.REPLY_NOW))))
            if not disk.writes:
                assert (await peer.hear("metrics", seq=frame.end - 1))["phase"] == "synced"
                assert await ready(server) == 503
                channel = server.runtime.hub.find("ES 12-26", Source.LIVE)
                written = numbers_in(server.folder, tmp_path / "copy")
                assert written == list(range(1, len(written) + 1))
                assert channel.written_seq == len(written) < frame.end
                assert max(acks(peer), default=0) <= len(written)
            else:
                await peer.hear("ack", seq=frame.end - 1)
                assert await ready(server) == 200
        disk.writes = True
        await peer.hear("ack", seq=1200, durable_seq=1200)
    await server.process.stop()
    assert numbers_in(server.folder, tmp_path / "copy") == list(range(1, 1201))
    entries = data.entries(server.folder)
    assert not any(isinstance(entry, GapEntry) for entry in entries)


async def test_space_that_comes_back_while_nobody_speaks(
    serve: Any, data: SimpleNamespace, disk: Disk
) -> None:
    """The publisher waits for acks, so the server must try again by itself."""
    server = await serve()
    made = data.frames_of(*data.market(100), 50)
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        await peer.say(data.encode(made[0]._replace(flags=8)))
        await peer.hear("ack", seq=50)
        disk.writes = False
        await peer.say(data.encode(made[1]._replace(flags=8)))
        await peer.hear("metrics", seq=100)
        disk.writes = True
        await peer.hear("ack", seq=100)
        assert await ready(server) == 200


async def test_posts_without_numbers_are_not_doubled_by_their_repetition(
    serve: Any, data: SimpleNamespace, disk: Disk, tmp_path: Path
) -> None:
    """A client that repeats what it is told to repeat, and nothing else."""
    server = await serve()
    trade = {"time": data.START, "price": 6800, "volume": 1, "aggressor": "buy"}
    hub, taken = server.runtime.hub, 0
    for number in range(12):
        disk.writes = number not in range(3, 8)
        body = {"type": "trade_update", "instrument": "ES 12-26", "updates": [trade] * 10}
        answer = await server.post("/trade_update", body)
        if answer.status_code == 503:
            assert "nothing was taken" in answer.json()["message"]
            report = {"type": "fill", "instrument": "ES 12-26", "time": data.START, "price": 1}
            assert (await server.post("/fill", report)).status_code == 503
            disk.writes = True
            await server.until(lambda: not any(channel.journal_broken for channel in hub))
            answer = await server.post("/trade_update", body)
        assert answer.status_code == 200
        taken += 10
        ack = answer.json()["ack"]["seq"]
        assert ack == taken if disk.writes else ack < taken
    await server.process.stop()
    assert numbers_in(server.folder, tmp_path / "copy") == list(range(1, taken + 1))


async def test_a_sync_that_fails_stops_the_acks(
    serve: Any, data: SimpleNamespace, disk: Disk
) -> None:
    server = await serve()
    made = data.frames_of(*data.market(150), 50)
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        await peer.say(data.encode(made[0]._replace(flags=8)))
        await peer.hear("ack", seq=50, durable_seq=50)
        disk.syncs = False
        await peer.say(data.encode(made[1]._replace(flags=8)))
        channel = server.runtime.hub.find("ES 12-26", Source.LIVE)
        await server.until(lambda: channel.journal_broken)
        await peer.say(data.encode(made[2]._replace(flags=8)))
        await peer.hear("metrics", seq=150)
        assert await ready(server) == 503
        assert channel.durable_seq == 50
        assert max(acks(peer)) == 100, "sent before the sync failed"
        disk.syncs = True
        await peer.hear("ack", seq=150, durable_seq=150)
        assert await ready(server) == 200


async def test_more_than_can_wait_begins_a_new_run_and_says_what_is_lost(
    serve: Any, data: SimpleNamespace, disk: Disk
) -> None:
    server = await serve()
    made = data.frames_of(*data.market(1000), 50)
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        await peer.say({"type": "makers", "stream": 0, "names": ["NSDQ"]})
        await peer.say(data.encode(made[0]._replace(flags=8)))
        await peer.hear("ack", seq=50)
        channel = server.runtime.hub.find("ES 12-26", Source.LIVE)
        channel._journal._backlog_limit = 5000
        disk.writes = False
        for frame in made[1:10]:
            await peer.say(data.encode(frame))
        await peer.hear("metrics", seq=500)
        assert channel._journal.overflowed
        assert max(acks(peer)) == 50
        disk.writes = True
        asked = await peer.hear("resync")
        assert (asked["reason"], asked["from"]) == ("reset", 51)
        assert channel.written_seq == 50
        records, times = data.market(20)
        (snapshot,) = data.frames_of(records, times * 0 + times[0], 20, 501)
        last = snapshot._replace(type=int(FrameType.SNAPSHOT), flags=int(FrameFlag.LAST))
        await peer.say(data.encode(last))
        await peer.say(data.encode(made[10]._replace(flags=8)))
        await peer.hear("ack", seq=550)
        assert await ready(server) == 200
    await server.process.stop()
    entries: list[Entry] = data.entries(server.folder)
    runs = [place for place, entry in enumerate(entries) if isinstance(entry, InstrumentEntry)]
    assert len(runs) == 2
    again = [entry for entry in entries[runs[1] :] if isinstance(entry, FrameEntry | MakersEntry)]
    assert again[0] == MakersEntry(("NSDQ",)), "whom its records refer to"
    lost = [entry for entry in entries if isinstance(entry, GapEntry)]
    assert lost == [GapEntry("gap", 51, 500)]
    frames = [e.frame for e in entries if isinstance(e, FrameEntry)]
    assert [one.seq for one in frames] == [1, 501, 501]


async def test_bye_to_a_full_disk_is_in_the_run_that_begins_after_it(
    serve: Any, data: SimpleNamespace, disk: Disk
) -> None:
    server = await serve()
    made = data.frames_of(*data.market(500), 50)
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        await peer.say(data.encode(made[0]._replace(flags=8)))
        await peer.hear("ack", seq=50)
        channel = server.runtime.hub.find("ES 12-26", Source.LIVE)
        channel._journal._backlog_limit = 5000
        disk.writes = False
        for frame in made[1:]:
            await peer.say(data.encode(frame))
        await peer.say({"type": "bye"})
        await server.until(lambda: channel._journal.overflowed and channel.publisher is None)
        disk.writes = True
        await server.until(lambda: not channel.journal_broken)
    await server.process.stop()
    entries: list[Entry] = data.entries(server.folder)
    runs = [place for place, entry in enumerate(entries) if isinstance(entry, InstrumentEntry)]
    assert HoldEntry(False) not in entries[: runs[1]]
    assert entries[runs[1] :].count(HoldEntry(False)) == 1
    server = await serve()
    async with server.peer() as peer:
        answer = await peer.hello(session="00000000-0000-4000-8000-000000000077")
        assert answer.get("resume_from") == {"0": 1}, answer
