"""A restart loses nothing: books, sums, clusters and numbers go on where they stopped."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from market.enums import Kind, Phase, Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import Frame
from market.session import calendar_for
from recording.entries import CheckpointEntry, InstrumentEntry, PhaseEntry, SessionEntry
from recording.journal import segments_of
from recording.resume import Resumed, resume
from recording.stream import Stream
from wire.session import State

RECORDS = 3_000
SYMBOL = "ES 12-26"
ANOTHER = "11111111-1111-4111-8111-111111111111"
SETTINGS = {"clusters": {"announce_ms": 300}}
SMALL = {"segment_mb": 0.02}


def fresh() -> Stream:
    instrument = DEFAULT_INSTRUMENTS.resolve(SYMBOL)
    assert instrument is not None
    return Stream(instrument, calendar=calendar_for(instrument.session))


def channel_of(server: Any, source: Source = Source.LIVE) -> Any:
    found = server.runtime.hub.find(SYMBOL, source)
    assert found is not None
    return found


async def say(peer: Any, frames: list[Frame], data: SimpleNamespace) -> None:
    """One frame after the other, each answered, so that no metrics are conflated."""
    for frame in frames:
        await peer.say(data.encode(frame._replace(flags=8)))
        ack = await peer.hear("ack", "error")
        while ack.get("seq", 0) < frame.end - 1:
            ack = await peer.hear("ack")


async def greet(peer: Any, **fields: Any) -> Any:
    return await peer.hello(subscribe=["metrics", "clusters"], settings=SETTINGS, **fields)


def told(peers: list[Any]) -> list[bytes]:
    """Metrics rows and cluster events that were heard, in order; not what a greeting repeats."""
    return [
        raw
        for peer in peers
        for message, raw in zip(peer.got, peer.raw, strict=True)
        if message["type"] == "metrics"
        or (message["type"] == "clusters" and message["event"] != "snapshot")
    ]


def rows(texts: list[bytes]) -> list[bytes]:
    """Without what only says that the book is stale, and without updates: those are conflated."""
    left_out = (b'"phase":"stale"', b'"event":"update"')
    return [text for text in texts if not any(words in text for words in left_out)]


async def run(
    serve: Any, data: SimpleNamespace, folder: Path, cuts: list[int], *, kill: bool = False
) -> tuple[list[bytes], list[Any], Any]:
    """Send all records, restarting after each of ``cuts``; what was heard, the entries, state."""
    records, times = data.market(RECORDS)
    frames = data.frames_of(records, times, 50)
    peers, state = [], None
    for begin, end in zip([0, *cuts], [*cuts, len(frames)], strict=True):
        server = await serve(recording={"folder": str(folder), **SMALL})
        if begin:
            assert server.runtime.resumption.to_mapping()["streams"][0]["resumed"]
            resumed = channel_of(server).stream
            assert (resumed.expected, resumed.phase) == (frames[begin].seq, Phase.STALE)
        async with server.peer() as peer:
            welcome = await greet(peer)
            assert welcome["resume_from"] == {"0": frames[begin].seq}
            await say(peer, frames[max(0, begin - 2) : end], data)
            peers.append(peer)
            if kill:
                killed = folder.with_name(f"{folder.name}-{end}")
                shutil.copytree(folder, killed)
        state = channel_of(server).stream
        await server.process.stop()
        if kill:
            folder = killed
    return told(peers), data.entries(folder), state


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
async def test_a_restarted_server_says_what_an_uninterrupted_one_says(
    serve: Any, data: SimpleNamespace, tmp_path: Path, kill: bool
) -> None:
    whole, _, final = await run(serve, data, tmp_path / "whole", [])
    parts, entries, state = await run(serve, data, tmp_path / "parts", [17, 31], kill=kill)
    in_the_set = [text for text in rows(whole) if text not in parts]
    assert [text for text in rows(whole) if text not in in_the_set] == rows(parts)
    for message in map(json.loads, in_the_set):
        assert message["type"] == "clusters", "the set that ends the doubt has what it says"
        assert any(message["seq"] in range(50 * cut, 50 * cut + 51) for cut in (17, 31))
    assert len([text for text in parts if b'"clusters"' in text]) > 10
    replay = [text for _, text in data.replayed(entries, fresh())]
    assert rows(replay) == rows(whole), "the journal replays to what was heard"
    assert sum(isinstance(entry, InstrumentEntry) for entry in entries) == 1, "one run"
    assert sum(isinstance(entry, SessionEntry) for entry in entries) == 1
    assert entries.count(PhaseEntry("stale", "silent")) == 2
    assert sum(isinstance(entry, CheckpointEntry) for entry in entries) > 5
    days = {path.parent.name for path in segments_of(tmp_path) if "parts" in str(path)}
    assert days == {"2026-11-19"}, "whatever the wall clock says at the restart"
    for name in ("calculate_metrics", "calculate_clusters", "analyze_volume_profile"):
        assert repr(getattr(state.analyzer, name)()) == repr(getattr(final.analyzer, name)())


async def test_the_state_after_a_restart_is_the_state_before_it(
    serve: Any, data: SimpleNamespace, tmp_path: Path
) -> None:
    """Byte for byte, with subscribers and requests in between, and a bar."""
    server = await serve(recording=SMALL)
    records, times = data.market(1_500)
    async with server.peer() as peer:
        await greet(peer)
        await say(peer, data.frames_of(records, times, 40), data)
        prices = {"open": 6812.0, "high": 6813.0, "low": 6811.0, "close": 6812.5, "volume": 7}
        bar = {"type": "bar_update", "stream": 0, "seq": 1501, "time": int(times[-1]), **prices}
        await peer.say(bar)
        await peer.hear("ack", seq=1501)
        assert (await server.http.get(f"/api/v1/instruments/{SYMBOL}/clusters")).status_code == 200
    before = channel_of(server).stream.freeze()
    await server.process.stop()
    found = resume(server.folder / "live" / "ES_12-26", lambda entry: fresh(), 0)
    assert isinstance(found, Resumed)
    assert found.stream.freeze() == before
    assert (found.checkpoint, found.started) == (True, True)
    assert found.entries < 60, "the checkpoint of the last segment spares the ones before"


async def restarted(serve: Any, server: Any, **sections: Any) -> Any:
    await server.process.stop()
    return await serve(**sections)


async def test_what_was_missing_before_a_restart_is_missing_after_it(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    records, times = data.market(400)
    frames = data.frames_of(records, times, 50)
    async with server.peer() as peer:
        await greet(peer)
        await say(peer, frames[:3], data)
        await peer.say(data.encode(frames[5]))
        await peer.hear("resync", reason="gap")
    server = await restarted(serve, server)
    assert channel_of(server).session.state is State.GAPPED
    async with server.peer() as peer:
        welcome = await greet(peer)
        assert welcome["resume_from"] == {"0": 151}
        await say(peer, frames[3:], data)
    assert channel_of(server).session.state is State.LIVE
    assert channel_of(server).stream.phase is Phase.SYNCED
    assert channel_of(server).stream.analyzer.calculate_metrics()["cvd"] is not None


async def test_a_broken_book_stays_broken_and_is_asked_for(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    records, times = data.market(400)
    frames = data.frames_of(records, times, 50)
    async with server.peer() as peer:
        await greet(peer)
        await say(peer, frames[:3], data)
        await peer.say({"type": "check", "stream": 0, "seq": 150, "crc32": 1})
        await peer.hear("resync", reason="checksum")
    server = await restarted(serve, server)
    assert channel_of(server).session.state is State.BROKEN
    async with server.peer() as peer:
        await greet(peer)
        assert (await peer.hear("resync"))["reason"] == "restart"
        await peer.say(data.encode(frames[3]._replace(flags=8)))
        await peer.hear("ack", seq=200)
        assert channel_of(server).stream.broken
        levels = {
            "bids": [[6812.25 - i / 4, 10] for i in range(10)],
            "asks": [[6812.5 + i / 4, 20] for i in range(10)],
        }
        time = int(times[199])
        await peer.say({"type": "snapshot", "stream": 0, "seq": 201, "time": time, **levels})
        await say(peer, frames[4:], data)
    assert channel_of(server).stream.phase is Phase.SYNCED


async def test_a_new_session_goes_on_with_the_sums(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    records, times = data.market(300)
    async with server.peer() as peer:
        await greet(peer)
        await say(peer, data.frames_of(records, times, 50), data)
    server = await restarted(serve, server)
    async with server.peer() as peer:
        await peer.say(data.hello(session=ANOTHER))
        assert (await peer.hear("error"))["code"] == "instrument_busy"
    async with server.peer() as peer:
        welcome = await greet(peer, session=ANOTHER, takeover=True)
        assert welcome["resume_from"] == {"0": 1}
        later = times - times[0] + times[-1] + 1_000_000_000
        await say(peer, data.frames_of(records, later, 50), data)
    state = channel_of(server).stream.analyzer
    volume = int(records["size"][records["kind"] == Kind.TRADE].sum())
    assert state.analyze_volume_profile()["volume"] == 2 * volume


async def test_sources_are_resumed_apart(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    records, times = data.market(200)
    for source, count in (("live", 60), ("playback", 120), ("replay", 180)):
        async with server.peer() as peer:
            await greet(peer, source=source, session=f"00000000-0000-4000-8000-000000000{count:03}")
            await say(peer, data.frames_of(records[:count], times[:count], 60), data)
    server = await restarted(serve, server)
    found = {key: channel_of(server, key).stream.expected for key in list(Source)[:3]}
    assert sorted(found.values()) == [61, 121, 181]
    health = (await server.http.get("/health")).json()["resumed"]
    assert health["records"] == 360
    assert {row["source"] for row in health["streams"]} == {"live", "playback", "replay"}


async def test_posts_without_a_session_go_on(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    update = {"time": data.START, "side": "bid", "operation": "add", "position": 0}
    post = {"type": "l2_update", "instrument": SYMBOL}
    for price in (6812.25, 6812.0):
        entry = {**update, "price": price, "volume": 5, "position": int(price < 6812.25)}
        answer = await server.post("/l2_update", {**post, "updates": [entry]})
        assert answer.status_code == 200
        server = await restarted(serve, server)
    assert channel_of(server).session.expected == 3
    assert channel_of(server).stream.analyzer.top(5)[0] == [(27_249, 5), (27_248, 5)]


async def test_posts_after_a_restart_use_the_present_settings(
    serve: Any, data: SimpleNamespace
) -> None:
    """Nobody says hello: what the file says now counts, and not what it said before."""
    server = await serve()
    entry = {"time": data.START, "side": "bid", "operation": "add", "position": 0}
    post = {"type": "l2_update", "instrument": SYMBOL}
    post["updates"] = [{**entry, "price": 6812.25, "volume": 5}]
    before = (await server.post("/l2_update", post)).json()["metrics"]["config"]
    await server.process.stop()
    server = await serve(**SETTINGS)
    present = (await server.http.get("/health")).json()["config"]
    answer = (await server.post("/l2_update", post)).json()
    assert answer["metrics"]["config"] == present != before
    assert channel_of(server).stream.parameters.clusters.announce_ms == 300


async def test_damage_begins_a_new_run_and_is_said(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    records, times = data.market(400)
    async with server.peer() as peer:
        await greet(peer)
        await say(peer, data.frames_of(records, times, 20), data)
    await server.process.stop()
    (path,) = segments_of(server.folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    server = await serve()
    health = (await server.http.get("/health")).json()
    (row,) = health["resumed"]["streams"]
    assert (row["resumed"], health["status"]) == (False, "ok")
    assert f"{path.name}: " in row["reason"]
    assert "at byte" in row["reason"]
    async with server.peer() as peer:
        assert (await greet(peer))["resume_from"] == {"0": 401}
        assert (await peer.hear("resync"))["reason"] == "restart"
        assert channel_of(server).stream.phase is Phase.STALE
    await server.process.stop()
    assert [one.name for one in segments_of(server.folder)] == ["000001.dbj", "000002.dbj"]
    second = data.entries(segments_of(server.folder)[1])
    assert isinstance(second[0], InstrumentEntry)


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ({"recording": {"resume_hours": 0}}, "too old"),
        ({"instruments": {"ES": {"depth_levels": 5}}}, "defined otherwise"),
    ],
    ids=["old", "another definition"],
)
async def test_what_is_not_resumed_says_why(
    serve: Any, data: SimpleNamespace, sections: dict[str, Any], reason: str
) -> None:
    server = await serve()
    records, times = data.market(100)
    async with server.peer() as peer:
        await greet(peer)
        await say(peer, data.frames_of(records, times, 50), data)
    server = await restarted(serve, server, **sections)
    resumed = (await server.http.get("/health")).json()["resumed"]
    assert [row["resumed"] for row in resumed["streams"]] == [False]
    assert reason in json.dumps(resumed)
    async with server.peer() as peer:
        assert (await greet(peer))["resume_from"] == {"0": 101}
        assert (await peer.hear("resync"))["reason"] == "restart"


async def test_a_restart_keeps_what_a_publisher_said_of_itself(
    serve: Any, data: SimpleNamespace
) -> None:
    """It may come back by requests, which carry no flags: history stays history."""
    server = await serve()
    session = "00000000-0000-4000-8000-000000000007"
    async with server.peer() as peer:
        await peer.hello(session=session, flags={"HistoricalOnly": True, "useL3": True})
        await say(peer, data.frames_of(*data.market(60), 60), data)
    server = await restarted(serve, server)
    assert channel_of(server).live.flags == {"HistoricalOnly": True, "useL3": True}
    entry = {"time": data.START, "side": "bid", "operation": "add", "position": 0}
    entry |= {"price": 6812.25, "volume": 5}
    post = {"type": "l2_update", "instrument": SYMBOL, "session": session, "seq": 61}
    await server.post("/l2_update", {**post, "updates": [entry]})
    assert channel_of(server).live.flags.get("HistoricalOnly") is True
