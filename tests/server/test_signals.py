"""Signals on their way out: topic, reconnect, posts, route, counts; never across sources."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest

from market.enums import Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame, make_frames
from market.session import calendar_for
from orderbook import Parameters
from recording.entries import FrameEntry, InstrumentEntry, SettingsEntry
from recording.hit_rates import HitRates, InstrumentRates, RuleRate
from recording.journal import segments_of
from recording.messages import recent_signals, signal_messages
from recording.recompute import Recomputation
from recording.resume import Resumed, resume
from recording.stream import Stream
from wire.frames import encode_frame

SYMBOL = "ES 12-26"
SESSION = "00000000-0000-4000-8000-000000000001"
START = 1_795_099_800_000_000_000
SECOND = 10**9
ASK = 27_250
LOOSE = {"spacing_s": 0.0, "warmup_s": 0.0}
PATIENT = {"silence_s": 3600}
"""A busy machine may hold a publisher up."""


def pulls(count: int, apart: int = 5 * SECOND) -> list[Frame]:
    """A ladder that leans down; a wall of the bids comes, and goes three seconds later, so often.

    Each frame ends after the instant at which the wall's going is seen: it makes one signal.
    """
    rows = [
        (START, side, 0, row, 25 if side == 0 and row < 2 else 10)
        for side in (0, 1)
        for row in range(10)
    ]
    for number in range(count):
        at = START + SECOND + number * apart
        for after, size in ((0, 900), (3 * SECOND, 10), (3 * SECOND + SECOND // 2, 11)):
            rows.append((at + after, 1, 1, 2 if size != 11 else 9, size))
    records = np.zeros(len(rows), RECORD)
    for name, column in zip(("side", "op", "position", "size"), range(1, 5), strict=True):
        records[name] = [row[column] for row in rows]
    steps = records["position"].astype(np.int64)
    records["price"] = np.where(records["side"] == 1, ASK - 1 - steps, ASK + steps)
    times = np.array([row[0] for row in rows])
    frames: list[Frame] = []
    cuts = [0, *range(20 + 3, len(rows) + 1, 3)]
    for start, stop in pairwise(cuts):
        frames += make_frames(records[start:stop].copy(), times[start:stop], start + 1, 4096)
    return frames


async def send(peer: Any, data: SimpleNamespace, *frames: Frame) -> None:
    for frame in frames:
        await peer.say(data.encode(frame._replace(flags=8)))
        while (await peer.hear("ack"))["seq"] < frame.end - 1:
            pass


def whole(frames: list[Frame]) -> list[list[Frame]]:
    """Frames by the signal that they lead to."""
    parts: list[list[Frame]] = [[]]
    for frame in frames:
        parts[-1].append(frame)
        if frame.records["position"][-1] == 9 and frame.records["size"][-1] == 11:
            parts.append([])
    return parts[:-1]


async def test_a_signal_reaches_its_listeners_and_equals_the_replay(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve(server=PATIENT, signals=LOOSE)
    async with server.peer() as peer, server.peer() as listener, server.peer() as other:
        await peer.hello()
        await listener.hello(role="subscriber", subscribe=["signals"], session=SESSION)
        await other.hello(role="subscriber", subscribe=["signals"], session=SESSION, source="demo")
        await send(peer, data, *pulls(3))
        heard = [await listener.hear("signal") for _ in range(3)]
        assert [(one["id"], one["kind"], one["side"]) for one in heard] == [
            (number, "pull_ahead", "bid") for number in (1, 2, 3)
        ]
        assert all(one["strength"] < 0 and one["instrument"] == SYMBOL for one in heard)
        assert {one["source"] for one in heard} == {"live"}
        await other.say({"type": "heartbeat"})
        assert not [one for one in other.got if one["type"] == "signal"]
    await server.process.stop()
    stream = Stream(server.runtime.settings.instruments.define(SYMBOL), Source.LIVE)
    told = []
    for entry in data.entries(server.folder):
        told += signal_messages(stream, stream.apply(entry).signals)
    assert told == [raw for raw in listener.raw if orjson.loads(raw)["type"] == "signal"]


async def test_who_comes_later_gets_what_has_not_expired(serve: Any, data: SimpleNamespace) -> None:
    server = await serve(server=PATIENT, signals=LOOSE | {"expire_s": 7.0})
    async with server.peer() as peer:
        await peer.hello()
        await send(peer, data, *pulls(3))
        async with server.peer() as listener:
            await listener.hello(role="subscriber", subscribe=["signals"], session=SESSION)
            assert [(await listener.hear("signal"))["id"] for _ in range(2)] == [2, 3]
            await listener.say({"type": "subscribe", "topics": ["signals", "clusters"]})
            await listener.hear("clusters")
            assert len([one for one in listener.got if one["type"] == "signal"]) == 2
        later = START + 60 * SECOND
        await peer.say({"type": "heartbeat", "time": later})
        stream = server.runtime.hub.find(SYMBOL, Source.LIVE).stream
        await server.until(lambda: stream.analyzer.clock == later)
        async with server.peer() as listener:
            await listener.hello(role="subscriber", subscribe=["signals"], session=SESSION)
            await listener.say({"type": "subscribe", "topics": ["clusters"]})
            await listener.hear("clusters")
            assert not [one for one in listener.got if one["type"] == "signal"]


async def test_of_a_stale_book_they_come_when_it_is_right_again(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve(server=PATIENT, signals=LOOSE)
    first, second = whole(pulls(2))
    async with server.peer() as peer, server.peer() as listener:
        await peer.hello()
        await send(peer, data, *first)
        missing = second[0]._replace(records=second[0].records[1:], seq=second[0].seq + 1)
        await peer.say(data.encode(missing))
        await peer.hear("resync")
        await listener.hello(role="subscriber", subscribe=["signals", "clusters"], session=SESSION)
        assert (await listener.hear("clusters"))["clusters"] == []
        assert not [one for one in listener.got if one["type"] == "signal"]
        gone = await server.http.get(f"/api/v1/instruments/{SYMBOL}/signals")
        assert (gone.json()["phase"], gone.json()["signals"]) == ("stale", [])
        await send(peer, data, *second)
        assert [(await listener.hear("signal"))["id"] for _ in range(2)] == [1, 2]


def made(entry: InstrumentEntry) -> Stream:
    return Stream(entry.instrument, entry.source, calendar=calendar_for(entry.instrument.session))


async def test_a_restart_while_a_wall_stands_changes_nothing(
    serve: Any, data: SimpleNamespace
) -> None:
    frames = pulls(3)
    stream = Stream(
        DEFAULT_INSTRUMENTS.define(SYMBOL),
        parameters=Parameters.from_mapping({"signals": LOOSE}),
    )
    told = [
        raw
        for frame in frames
        for raw in signal_messages(stream, stream.apply(FrameEntry(frame)).signals)
    ]
    last = frames.pop()
    wall = last._replace(records=last.records[:1])
    rest = last._replace(records=last.records[1:], seq=last.seq + 1)
    heard: list[bytes] = []
    for part, expected in (([*frames, wall], 1), ([rest], rest.seq)):
        server = await serve(server=PATIENT, signals=LOOSE)
        async with server.peer() as peer:
            welcome = await peer.hello(subscribe=["signals"])
            assert welcome["resume_from"] == {"0": expected}
            await send(peer, data, *part)
            heard += [raw for raw in peer.raw if b'"type":"signal"' in raw and raw not in heard]
        channel = server.runtime.hub.find(SYMBOL, Source.LIVE)
        await server.process.stop()
        folder = server.folder / "live" / "ES_12-26"
        found = resume(folder, made, 0)
        assert isinstance(found, Resumed)
        assert found.stream.freeze() == channel.stream.freeze(), "what was told does not wait"
    work = Recomputation(made)
    for _ in work.run(segments_of(folder)):
        pass
    assert (work.difference, work.segments, work.checkpoints) == (None, 2, 1)
    assert heard == told
    assert len(told) == 3


@pytest.mark.parametrize("source", ["live", "playback"])
async def test_posts_answer_with_their_signals_or_all_later_ones(serve: Any, source: str) -> None:
    server = await serve(server=PATIENT, signals=LOOSE)
    headers = {
        "x-depthbridge-session": SESSION,
        "x-depthbridge-instrument": SYMBOL,
        "x-depthbridge-source": source,
    }

    async def post(frame: Frame, **more: str) -> list[int]:
        answer = await server.post("/l2_update", encode_frame(frame), **headers, **more)
        assert answer.status_code == 200, answer.text
        return [signal["id"] for signal in answer.json()["signals"]]

    *parts, last = whole(pulls(4))
    assert [await post(frame) for part in parts for frame in part][-1] == [3]
    again = parts[-1][-1]
    assert await post(again) == [], "what was taken before says nothing"
    for since, ids in (("0", [1, 2, 3]), ("2", [3]), ("3", []), ("9", [1, 2, 3])):
        assert await post(again, **{"x-depthbridge-since-signal": since}) == ids
    answers = [await post(frame, **{"x-depthbridge-since-signal": "3"}) for frame in last]
    assert answers[-1] == [4]
    channel = server.runtime.hub.find(SYMBOL, Source(source))
    assert recent_signals(channel.stream) == recent_signals(channel.stream, 0)


async def test_since_signal_in_a_body(serve: Any) -> None:
    server = await serve(server=PATIENT, signals=LOOSE)
    entry = {"time": START, "side": "bid", "operation": "add", "position": 0}
    entry |= {"price": 6812.25, "volume": 5}
    body = {"type": "l2_update", "instrument": SYMBOL, "updates": [entry], "since_signal": 7}
    assert (await server.post("/l2_update", body)).json()["signals"] == []
    said = await server.post("/l2_update", body, **{"x-depthbridge-since-signal": "8"})
    assert (said.status_code, said.json()["code"]) == (400, "contradiction")
    wrong = await server.post("/l2_update", body | {"since_signal": -1})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "since_signal")


async def test_the_route_has_them_with_the_counts(serve: Any, data: SimpleNamespace) -> None:
    server = await serve(server=PATIENT, signals=LOOSE | {"spacing_s": 8.0})
    async with server.peer() as peer:
        await peer.hello()
        await send(peer, data, *pulls(3))
    path = f"/api/v1/instruments/{SYMBOL}/signals"
    answer = (await server.http.get(path)).json()
    assert [signal["id"] for signal in answer["signals"]] == [1, 2]
    assert answer["fired"]["pull_ahead"] == 2
    assert answer["withheld"]["spacing"] == 1
    later = (await server.http.get(path, params={"since_signal": "1"})).json()
    assert [signal["id"] for signal in later["signals"]] == [2]
    for wrong in ("-1", "x", "9" * 30):
        refused = await server.http.get(path, params={"since_signal": wrong})
        assert refused.status_code == 400
    elsewhere = await server.http.get(path, params={"source": "replay"})
    assert elsewhere.status_code == 404
    page = (await server.http.get("/metrics")).text
    name, whose = "depthbridge_book_signals", f'instrument="{SYMBOL}"'
    assert f'{name}_total{{{whose},rule="pull_ahead",source="live"}} 2.0' in page
    assert f'{name}_withheld_total{{{whose},reason="spacing",source="live"}} 1.0' in page
    (row,) = (await server.http.get("/health")).json()["streams"]
    assert (row["signals"]["pull_ahead"], row["signals_withheld"]["spacing"]) == (2, 1)


async def test_confidence_is_the_hit_rate_of_earlier_recordings(
    serve: Any, data: SimpleNamespace, tmp_path: Path
) -> None:
    path = tmp_path / "rates.json"
    rates = InstrumentRates(START + 6 * SECOND, {"pull_ahead": RuleRate(0.5, 10)})
    HitRates({("ES", Source.LIVE): rates}).write(path)
    server = await serve(server=PATIENT, signals=LOOSE, recording={"hit_rates": str(path)})
    async with server.peer() as peer, server.peer() as other:
        welcome = await peer.hello(subscribe=["signals"])
        await send(peer, data, *pulls(3))
        heard = [one for one in peer.got if one["type"] == "signal"]
        assert [one["confidence"] for one in heard] == [None, 0.5, 0.5]
        assert {one["config"] for one in heard} == {welcome["config"]}
        await other.hello(source="replay", session=SESSION, subscribe=["signals"])
        await send(other, data, *pulls(2))
        assert [one["confidence"] for one in other.got if one["type"] == "signal"] == [None] * 2
    await server.process.stop()
    (settings,) = [
        entry for entry in data.entries(server.folder / "live") if isinstance(entry, SettingsEntry)
    ]
    assert settings.settings["signals"]["pull_rate"] == 0.5


async def test_who_sends_history_alone_gets_no_signal(serve: Any, data: SimpleNamespace) -> None:
    server = await serve(server=PATIENT, signals=LOOSE)
    async with server.peer() as peer, server.peer() as listener:
        await peer.hello(flags={"HistoricalOnly": True}, subscribe=["signals", "metrics"])
        await listener.hello(role="subscriber", subscribe=["signals", "clusters"], session=SESSION)
        await send(peer, data, *pulls(2))
        await listener.hear("clusters", event="end")
        assert not [one for one in peer.got + listener.got if one["type"] == "signal"]
    answer = await server.http.get(f"/api/v1/instruments/{SYMBOL}/signals")
    assert answer.json()["signals"] == []
