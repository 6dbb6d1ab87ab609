"""Live output equals the replay of its own journal, byte for byte; batches do not matter."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from market.enums import Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import Frame
from market.session import calendar_for
from recording.entries import GapEntry, InstrumentEntry, PhaseEntry, SessionEntry, SettingsEntry
from recording.stream import Stream

RECORDS = 3_000
SYMBOL = "ES 12-26"


def fresh(source: Source = Source.LIVE) -> Stream:
    instrument = DEFAULT_INSTRUMENTS.resolve(SYMBOL)
    assert instrument is not None
    return Stream(instrument, source, calendar=calendar_for(instrument.session))


OFTEN = {"spacing_s": 0.0, "warmup_s": 0.0, "pull_age_ms": 0, "pull_imbalance": -100.0}
OFTEN |= {"pull_distance": 1000, "break_share": 0.01, "bounce_imbalance": 1.0}


def published(peer: Any) -> dict[str, list[bytes]]:
    """What a peer got, by kind, as bytes."""
    kinds: dict[str, list[bytes]] = {
        "metrics": [],
        "new": [],
        "end": [],
        "update": [],
        "signal": [],
    }
    for message, raw in zip(peer.got, peer.raw, strict=True):
        if message["type"] == "metrics":
            kinds["metrics"].append(raw)
        elif message["type"] == "signal":
            kinds["signal"].append(raw)
        elif message["type"] == "clusters" and message["event"] != "snapshot":
            kinds[message["event"]].append(raw)
    return kinds


def require_equal(peer: Any, entries: list[Any], data: SimpleNamespace, source: Source) -> int:
    """Everything that was heard is in the replay; what may not be dropped was heard whole."""
    kinds: dict[str, list[bytes]] = {
        "metrics": [],
        "new": [],
        "end": [],
        "update": [],
        "signal": [],
    }
    for kind, text in data.replayed(entries, fresh(source)):
        kinds[kind.removeprefix("clusters ")].append(text)
    heard = published(peer)
    assert heard["new"] == kinds["new"]
    assert heard["end"] == kinds["end"]
    assert heard["signal"] == kinds["signal"]
    for kind in ("metrics", "update"):
        assert set(heard[kind]) <= set(kinds[kind])
    assert heard["metrics"][-1] == kinds["metrics"][-1]
    return len(kinds["new"])


async def send_all(peer: Any, frames: list[Frame], data: SimpleNamespace) -> None:
    """One frame after the other, each answered, so that no metrics are conflated."""
    for frame in frames:
        await peer.say(data.encode(frame._replace(flags=8)))
        ack = await peer.hear("ack", "error")
        while ack.get("seq") != frame.end - 1:
            ack = await peer.hear("ack")


async def test_live_output_equals_the_replay_of_its_journal(
    serve: Any, data: SimpleNamespace
) -> None:
    """With a duplicate, a gap and its repair, a fault and its snapshot, settings, bars, silence."""
    server = await serve()
    records, times = data.market(RECORDS)
    frames = data.frames_of(records, times, 50)
    async with server.peer() as peer:
        await peer.hello(
            subscribe=["metrics", "clusters", "signals"],
            settings={"clusters": {"announce_ms": 300}, "signals": OFTEN},
        )
        await send_all(peer, frames[:10], data)
        await peer.say(data.encode(frames[9]._replace(flags=8)))
        await peer.hear("ack")
        await peer.say(data.encode(frames[12]))
        request = await peer.hear("resync")
        assert (request["from"], request["reason"]) == (frames[10].seq, "gap")
        await send_all(peer, frames[10:14], data)
        await peer.say({"type": "heartbeat", "time": int(times[700]) + 9_000_000_000})
        bad = frames[14].records.copy()
        bad["kind"][:2], bad["op"][:2], bad["side"][:2], bad["position"][:2] = 0, 1, 1, (3, 3)
        bad["price"][:2] = 99_000
        await send_all(peer, [frames[14]._replace(records=bad)], data)
        assert (await peer.hear("resync"))["reason"] == "unsorted"
        await send_all(peer, frames[15:17], data)
        snapshot = {
            "type": "snapshot",
            "instrument": SYMBOL,
            "time": int(times[850]),
            "bids": [[6812.25 - i / 4, 10 + i] for i in range(10)],
            "asks": [[6812.5 + i / 4, 20 + i] for i in range(10)],
        }
        await peer.say(snapshot)
        await peer.hear("metrics", seq=850)
        await send_all(peer, frames[17:30], data)
        bar = {"type": "bar_update", "stream": 0, "seq": frames[30].seq, "time": int(times[1600])}
        prices = {"open": 6812.0, "high": 6813.0, "low": 6811.0, "close": 6812.5, "volume": 7}
        await peer.say({**bar, **prices})
        last = data.frames_of(records[1500:], times[1500:], 50, frames[30].seq + 1)
        await send_all(peer, last, data)
    await server.process.stop()
    entries = data.entries(server.folder)
    kinds = {type(entry) for entry in entries}
    assert kinds > {InstrumentEntry, SessionEntry, SettingsEntry, PhaseEntry}
    assert sum(isinstance(entry, SettingsEntry) for entry in entries) == 2
    assert require_equal(peer, entries, data, Source.LIVE) > 3
    metrics = [raw for kind, raw in data.replayed(entries, fresh()) if kind == "metrics"]
    assert published(peer)["metrics"] == metrics, "with every frame answered, no row is missing"
    assert len(published(peer)["signal"]) > 3


async def test_lost_records_are_a_gap_in_the_journal(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    records, times = data.market(400)
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics", "clusters", "signals"])
        await send_all(peer, data.frames_of(records[:200], times[:200], 50), data)
        levels = {
            "bids": [[6812.25 - i / 4, 10] for i in range(10)],
            "asks": [[6812.5 + i / 4, 20] for i in range(10)],
        }
        time = int(times[250])
        await peer.say({"type": "snapshot", "stream": 0, "seq": 251, "time": time, **levels})
        await send_all(peer, data.frames_of(records[250:], times[250:], 50, 251), data)
    await server.process.stop()
    entries = data.entries(server.folder)
    assert GapEntry("gap", 201, 250) in entries
    require_equal(peer, entries, data, Source.LIVE)
    rows = [json.loads(raw) for raw in published(peer)["metrics"]]
    assert rows[-1]["complete"] is False


async def test_the_journal_of_websocket_and_http_together_replays(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    records, times = data.market(1_200)
    frames = data.frames_of(records, times, 100)
    session = data.hello()["session"]
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics", "clusters", "signals"])
        for frame in frames:
            if frame.seq % 200 == 1:
                await send_all(peer, [frame], data)
                continue
            answer = await server.post(
                "/l2_update",
                data.encode(frame),
                **{"x-depthbridge-session": session, "x-depthbridge-instrument": SYMBOL},
            )
            assert answer.status_code == 200
            assert answer.json()["ack"]["seq"] == frame.end - 1
        await peer.say({"type": "heartbeat", "time": int(times[-1])})
        await server.until(lambda: not server.runtime.pipeline._ready)
        await peer.hear("ack", seq=1_200)
    await server.process.stop()
    require_equal(peer, data.entries(server.folder), data, Source.LIVE)


@pytest.mark.parametrize("batch", [1, 7, 200, 4096, "json", "http"])
async def test_batches_do_not_change_the_outcome(
    serve: Any, data: SimpleNamespace, batch: int | str
) -> None:
    server = await serve()
    records, times = data.market(2_000, seed=3)
    if isinstance(batch, int):
        await _by_socket(server, data, data.frames_of(records, times, batch))
    else:
        await _by_json(server, records, times, by_http=batch == "http")
    base = "/api/v1/instruments/ES 12-26"
    state = {
        name: (await server.http.get(f"{base}/{name}")).json()
        for name in ("book", "metrics", "clusters", "profile")
    }
    stream = fresh()
    for frame in data.frames_of(records, times, 333):
        stream.analyzer.process_l2_update(frame)
    bids, asks = stream.analyzer.top(10)
    assert state["book"]["bids"] == [[ticks / 4, float(size)] for ticks, size in bids]
    assert state["book"]["asks"] == [[ticks / 4, float(size)] for ticks, size in asks]
    assert state["clusters"]["clusters"] == json.loads(
        json.dumps(stream.analyzer.calculate_clusters())
    )
    expected = stream.analyzer.calculate_metrics()
    since_last_row = {"ofi", "ofi_1", "ofi_2", "ofi_3", "ofi_4", "ofi_5"}
    for field, value in expected.items():
        if field not in since_last_row | {"time_ns", "seq", "phase"}:
            assert state["metrics"][field] == value, field
    profile = stream.analyzer.analyze_volume_profile()
    assert state["profile"]["rows"] == json.loads(json.dumps(profile["rows"]))


async def _by_socket(server: Any, data: SimpleNamespace, frames: list[Frame]) -> None:
    async with server.peer() as peer:
        await peer.hello()
        for frame in frames:
            await peer.say(data.encode(frame))
        await peer.hear("ack", seq=frames[-1].end - 1)


SIDES = {0: "ask", 1: "bid"}


def _messages(records: Any, times: Any, batch: int) -> list[dict[str, Any]]:
    """The records as JSON messages of one kind each, in order."""
    messages: list[dict[str, Any]] = []
    for record, time in zip(records, times, strict=True):
        kind = {0: "l2_update", 2: "quote_update", 3: "trade_update"}[int(record["kind"])]
        entry: dict[str, Any] = {"time": int(time)}
        side = SIDES[int(record["side"])]
        if kind == "l2_update":
            operation = ("add", "update", "remove")[record["op"]]
            entry |= {"side": side, "operation": operation, "position": int(record["position"])}
        elif kind == "quote_update":
            entry |= {"side": side}
        else:
            entry |= {"aggressor": ("sell", "buy")[record["side"]]}
        entry |= {"price": int(record["price"]) / 4, "volume": int(record["size"])}
        last = messages[-1] if messages else None
        if last is None or last["type"] != kind or len(last["updates"]) >= batch:
            messages.append({"type": kind, "instrument": SYMBOL, "updates": []})
        messages[-1]["updates"].append(entry)
    return messages


async def _by_json(server: Any, records: Any, times: Any, *, by_http: bool) -> None:
    messages = _messages(records, times, 40)
    if by_http:
        for message in messages:
            path = "/l2_update" if message["type"] == "l2_update" else "/trade_update"
            answer = await server.post(path, message)
            assert answer.status_code == 200, answer.text
        return
    async with server.peer() as peer:
        await peer.hello()
        seq = 1
        for message in messages:
            await peer.say({**message, "seq": seq})
            seq += len(message["updates"])
        await peer.hear("ack", seq=len(records))


async def test_a_journal_over_two_runs_replays_both(
    serve: Any, data: SimpleNamespace, tmp_path: Path
) -> None:
    records, times = data.market(300)
    peers = []
    for session in ("aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"):
        server = await serve(recording={"resume_hours": 0})
        async with server.peer() as peer:
            await peer.hello(session=session, subscribe=["metrics", "clusters", "signals"])
            await send_all(peer, data.frames_of(records, times, 60), data)
        await server.process.stop()
        peers.append(peer)
    entries = data.entries(server.folder)
    assert sum(isinstance(entry, InstrumentEntry) for entry in entries) == 2
    metrics = [raw for kind, raw in data.replayed(entries, fresh()) if kind == "metrics"]
    heard = published(peers[0])["metrics"] + published(peers[1])["metrics"]
    assert [raw for raw in metrics if b"best_bid" in raw] == heard


async def test_the_demo_is_not_journaled(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    records, times = data.market(60)
    async with server.peer() as peer:
        await peer.hello(source="demo")
        await peer.say(data.encode(data.frames_of(records, times, 60)[0]._replace(flags=8)))
        ack = await peer.hear("ack")
        assert (ack["seq"], ack["durable_seq"]) == (60, None)
    await server.process.stop()
    assert not list(server.folder.rglob("*.dbj"))


async def test_sources_are_kept_apart(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    records, times = data.market(60)
    (frame,) = data.frames_of(records, times, 60)
    async with server.peer() as live, server.peer() as replay:
        await live.hello(subscribe=["metrics"])
        await replay.hello(source="replay", session="00000000-0000-4000-8000-000000000014")
        await replay.say(data.encode(frame._replace(flags=8)))
        await replay.hear("ack")
        answer = await server.http.get("/api/v1/instruments/ES 12-26/book?source=replay")
        assert len(answer.json()["bids"]) == 10
        answer = await server.http.get("/api/v1/instruments/ES 12-26/book")
        assert answer.json()["bids"] == []
        await live.say(data.encode(frame._replace(flags=8)))
        await live.hear("ack")
        assert {m["source"] for m in live.got if m["type"] == "metrics"} == {"live"}
    assert np.all(records["size"] >= 0)
