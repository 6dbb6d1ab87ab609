"""The WebSocket conversation: hello, acks, gaps, faults, checks, topics, every refusal."""

import asyncio
import json
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from market.enums import FrameFlag, FrameType
from market.record import HEADER, RECORD, Frame
from wire.checksum import book_crc32

SYMBOL = "ES 12-26"


def frames(data: SimpleNamespace, count: int, batch: int) -> list[Frame]:
    records, times = data.market(count)
    made: list[Frame] = data.frames_of(records, times, batch)
    return made


async def send(peer: Any, frame: Frame, data: SimpleNamespace) -> dict[str, Any]:
    await peer.say(data.encode(frame._replace(flags=8)))
    while True:
        answer: dict[str, Any] = await peer.hear("ack", "error")
        if answer["type"] == "error" or answer["seq"] >= frame.end - 1:
            return answer


async def test_welcome_says_where_to_begin(serve: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        welcome = await peer.hello(instruments=[{"symbol": "ES 12-26"}, {"symbol": "NQZ6"}])
        assert peer.socket.subprotocol == "depthbridge.v1"
    assert welcome["streams"] == {"ES 12-26": 0, "NQZ6": 1}
    assert welcome["resume_from"] == {"0": 1, "1": 1}
    assert welcome["protocol"] == 1
    assert welcome["config"] == server.runtime.settings.config_hash


async def test_reply_now_brings_ack_and_metrics_unasked(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello()
        await peer.say(data.encode(frames(data, 40, 40)[0]._replace(flags=8)))
        metrics = await peer.hear("metrics")
        assert (metrics["seq"], metrics["instrument"], metrics["source"]) == (40, SYMBOL, "live")
        assert (await peer.hear("ack"))["seq"] == 40


async def test_acks_follow_in_time_and_become_durable(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello()
        for frame in frames(data, 40, 20):
            await peer.say(data.encode(frame))
        await peer.hear("ack", seq=40)
        await peer.hear("ack", seq=40, durable_seq=40)


async def test_sixty_four_frames_bring_an_ack_at_once(serve: Any, data: SimpleNamespace) -> None:
    server = await serve(recording={"sync_ms": 60_000})
    async with server.peer() as peer:
        await peer.hello()
        for frame in frames(data, 64, 1):
            await peer.say(data.encode(frame))
        assert (await peer.hear("ack"))["seq"] <= 64


async def test_a_gap_is_found_and_nothing_is_published_until_it_is_closed(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    made = frames(data, 200, 20)
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        await send(peer, made[0], data)
        await peer.say(data.encode(made[2]))
        resync = await peer.hear("resync")
        assert (resync["stream"], resync["from"], resync["reason"]) == (0, 21, "gap")
        stale = [m for m in peer.got if m["type"] == "metrics"][-1]
        assert stale["phase"] == "stale"
        assert "best_bid" not in stale
        await peer.say(data.encode(made[3]))
        for frame in made[1:4]:
            await send(peer, frame, data)
        assert (await send(peer, made[4], data))["seq"] == 100
        rows = [m for m in peer.got if m["type"] == "metrics"]
        assert [row["seq"] for row in rows if "best_bid" in row] == [20, 40, 60, 80, 100]


async def test_duplicates_are_dropped_and_counted(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    made = frames(data, 200, 50)
    async with server.peer() as peer:
        await peer.hello()
        for frame in (made[0], made[1], made[0], made[1]):
            assert (await send(peer, frame, data))["seq"] >= frame.end - 1
        overlap = data.frames_of(*data.market(200), 200)[0]
        assert (await send(peer, overlap, data))["seq"] == 200
    (row,) = (await server.http.get("/health")).json()["streams"]
    assert (row["duplicates"], row["last_seq"], row["records"]) == (200, 200, 200)


async def test_a_cut_connection_resumes_where_it_was(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    made = frames(data, 200, 50)
    async with server.peer() as peer:
        await peer.hello()
        for frame in made[:2]:
            await send(peer, frame, data)
        peer.socket.transport.abort()
    async with server.peer() as peer:
        welcome = await peer.hello()
        assert welcome["resume_from"] == {"0": 101}
        for frame in made[1:]:
            await send(peer, frame, data)
    (row,) = (await server.http.get("/health")).json()["streams"]
    assert (row["last_seq"], row["records"], row["gaps"]) == (200, 200, 0)


async def test_a_restarted_client_begins_anew_with_an_empty_book(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    made = frames(data, 100, 50)
    async with server.peer() as peer:
        await peer.hello()
        for frame in made:
            await send(peer, frame, data)
        await peer.say({"type": "bye"})
        await peer.hear("ack")
    async with server.peer() as peer:
        welcome = await peer.hello(session="00000000-0000-4000-8000-000000000011")
        assert welcome["resume_from"] == {"0": 1}
        book = (await server.http.get(f"/api/v1/instruments/{SYMBOL}/book")).json()
        assert (book["bids"], book["asks"]) == ([], [])
        assert (await send(peer, made[0], data))["seq"] == 50


async def test_a_second_publisher_is_told_so_and_may_listen(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    async with server.peer() as first, server.peer() as second:
        await first.hello()
        error = await second.hello(
            session="00000000-0000-4000-8000-000000000012", subscribe=["metrics"]
        )
        assert (error["type"], error["code"]) == ("error", "instrument_busy")
        assert (await second.hear("welcome"))["streams"] == {}
        (frame,) = frames(data, 20, 20)
        await second.say(data.encode(frame))
        assert (await second.hear("error"))["code"] == "not_publisher"
        await first.say(data.encode(frame))
        assert (await second.hear("metrics"))["seq"] == 20


async def test_a_takeover_closes_the_old_connection(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as first, server.peer() as second:
        await first.hello()
        assert (await second.hello(session="00000000-0000-4000-8000-000000000013", takeover=True))[
            "type"
        ] == "welcome"
        assert await first.closed() == 4409


async def test_a_book_fault_is_applied_up_to_it_and_healed_by_a_snapshot(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    made = frames(data, 100, 50)
    bad = made[1].records.copy()
    bad["kind"][10:12], bad["op"][10:12], bad["side"][10:12] = 0, 1, 1
    bad["position"][10:12], bad["price"][10:12] = (2, 3), 99_000
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        await send(peer, made[0], data)
        assert (await send(peer, made[1]._replace(records=bad), data))["seq"] == 100
        resync = next(m for m in peer.got if m["type"] == "resync")
        assert (resync["reason"], resync["from"]) == ("unsorted", 101)
        (held,) = data.frames_of(made[1].records, np.full(50, made[1].base + 10**9), 50, 101)
        before = len([m for m in peer.got if m["type"] == "metrics"])
        assert (await send(peer, held, data))["seq"] == 150
        assert len([m for m in peer.got if m["type"] == "metrics"]) == before
        rows = np.zeros(2, RECORD)
        rows["kind"], rows["side"], rows["price"], rows["size"] = 1, (1, 0), (27_249, 27_250), 5
        await peer.say(
            data.encode(Frame(rows, made[1].base + 2 * 10**9, 151, FrameType.SNAPSHOT, 2))
        )
        metrics = await peer.hear("metrics")
        assert (metrics["best_bid"], metrics["best_ask"]) == (6812.25, 6812.5)
    (row,) = (await server.http.get("/health")).json()["streams"]
    assert (row["faults"], row["missing"]) == (1, [])


async def test_a_check_finds_a_book_that_went_wrong(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        (frame,) = frames(data, 20, 20)
        await send(peer, frame, data)
        stream = server.runtime.hub.find(SYMBOL, data.Source.LIVE).stream
        bids, asks = stream.analyzer.top(10)
        good = {"type": "check", "stream": 0, "seq": 20, "crc32": book_crc32(asks, bids)}
        await peer.say(good)
        await peer.say({**good, "seq": 19, "crc32": 1})
        await peer.say({**good, "crc32": good["crc32"] ^ 1})
        resync = await peer.hear("resync")
        assert (resync["reason"], resync["from"]) == ("checksum", 21)
        channel = server.runtime.hub.find(SYMBOL, data.Source.LIVE)
        counters = channel.counters
        assert (counters.checks, counters.checks_ignored, counters.checks_failed) == (2, 1, 1)


async def test_nothing_is_said_before_welcome(serve: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        await server.until(lambda: server.runtime.connections == 1)
        for dialogue in server.runtime._dialogues.values():
            dialogue.beat()
        await peer.hello()
        assert peer.got[0]["type"] == "welcome"


async def test_a_lost_last_record_shows_in_the_heartbeat(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello()
        await send(peer, frames(data, 20, 20)[0], data)
        await peer.say({"type": "heartbeat", "last": {"0": 21}, "time": data.START})
        assert (await peer.hear("resync"))["from"] == 21


async def test_the_server_beats(serve: Any) -> None:
    server = await serve(server={"heartbeat_s": 0.3})
    async with server.peer() as peer:
        await peer.hello()
        beat = await peer.hear("heartbeat")
        assert beat["last"] == {"0": 0}
        assert beat["time"] > 1_700_000_000_000_000_000


async def test_topics_begin_and_end(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    made = frames(data, 300, 50)
    async with server.peer() as publisher, server.peer() as listener:
        await publisher.hello()
        await listener.hello(role="subscriber", instruments=[])
        topics = ["metrics", "clusters", "book", "profile"]
        await listener.say({"type": "subscribe", "topics": topics, "instruments": ["ESZ6"]})
        assert (await listener.hear("clusters"))["event"] == "snapshot"
        for frame in made[:3]:
            await send(publisher, frame, data)
        book = await listener.hear("book")
        assert len(book["bids"]) == 10
        assert (await listener.hear("profile"))["preset"] == "cbot2"
        await listener.say({"type": "unsubscribe", "topics": topics})
        await listener.say({"type": "subscribe", "topics": ["metrics"], "source": "replay"})
        await server.until(lambda: not server.runtime.pipeline._ready)
        await listener.say({"type": "nonsense"})
        await listener.hear("error")
        heard = len(listener.got)
        for frame in made[3:]:
            await send(publisher, frame, data)
        await listener.say({"type": "nonsense"})
        await listener.hear("error")
        kinds = {m["type"] for m in listener.got[heard:]} - {"heartbeat"}
        assert kinds == {"error"}


async def test_who_begins_to_listen_is_told_how_a_market_stands_that_rests(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    topics = ["metrics", "clusters"]
    async with server.peer() as publisher, server.peer() as listener:
        await publisher.hello(subscribe=topics)
        assert [m["type"] for m in publisher.got].count("metrics") == 0, "nothing was measured yet"
        (frame,) = frames(data, 200, 200)
        await send(publisher, frame, data)
        told = await publisher.hear("metrics")
        await listener.hello(role="subscriber", instruments=[])
        await listener.say({"type": "subscribe", "topics": topics})
        await listener.hear("clusters")
        await listener.say({"type": "subscribe", "topics": topics})
        await listener.say({"type": "nonsense"})
        await listener.hear("error")
        kinds = [m["type"] for m in listener.got]
        assert [kinds.count(kind) for kind in topics] == [1, 1], "once for each that begins"
        assert next(m for m in listener.got if m["type"] == "metrics") == told
        publisher.socket.transport.abort()
    async with server.peer() as again:
        await again.hello(subscribe=["metrics"])
        assert await again.hear("metrics") == told


async def test_a_rate_limit_holds_metrics_back_and_sends_the_newest(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    async with server.peer() as publisher, server.peer() as listener:
        await publisher.hello()
        await listener.hello(role="subscriber", instruments=[])
        wish = {"type": "subscribe", "topics": ["metrics"], "max_rate_hz": 4}
        await listener.say(wish)
        await listener.say({"type": "nonsense"})
        await listener.hear("error")
        for frame in frames(data, 600, 20):
            await send(publisher, frame, data)
        await listener.hear("metrics", seq=600)
        assert len([m for m in listener.got if m["type"] == "metrics"]) < 20


def _damaged(frame: bytes, **changes: int) -> bytes:
    names = ("magic", "version", "type", "flags", "stream", "count")
    names += ("seq", "base", "sent", "crc32", "reserved")
    values = dict(zip(names, HEADER.unpack_from(frame), strict=True)) | changes
    return HEADER.pack(*values.values()) + frame[HEADER.size :]


def _recoded(frame: bytes, offset: int, value: int) -> bytes:
    """One byte of the records changed, with the right CRC."""
    body = bytearray(frame[HEADER.size :])
    body[offset] = value
    return _damaged(frame[: HEADER.size] + bytes(body), crc32=zlib.crc32(body))


def _bomb(frame: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(bytes(1 << 26)) + packer.flush()
    return _damaged(frame[: HEADER.size] + body, flags=1, crc32=zlib.crc32(body), count=4096)


BINARY: dict[str, Any] = {
    "bad_magic": lambda f: _damaged(f, magic=0x4243),
    "bad_version": lambda f: _damaged(f, version=2),
    "bad_type": lambda f: _damaged(f, type=3),
    "bad_crc": lambda f: f[:-1] + bytes([f[-1] ^ 1]),
    "bad_length": lambda f: _damaged(f, count=19),
    "bad_flags": lambda f: _damaged(f, flags=16),
    "bad_reserved": lambda f: _damaged(f, reserved=1),
    "bad_kind": lambda f: _recoded(f, 4, 9),
    "bad_op": lambda f: _recoded(f, 6, 9),
    "negative_size": lambda f: _recoded(f, 23, 255),
    "bad_deflate": _bomb,
    "unknown_stream": lambda f: _damaged(f, stream=7),
}

L2 = {"type": "l2_update", "stream": 0, "seq": 1}
ENTRY = {"time": 1_795_099_800_000_000_000, "side": "bid", "operation": "add", "position": 0}
ENTRY |= {"price": 6812.25, "volume": 5}


def _l2(**changes: Any) -> str:
    return json.dumps({**L2, "updates": [ENTRY, {**ENTRY, "position": 1, **changes}]})


TEXT = {
    "bad_json": '{"type": "l2_update", ',
    "bad_type": '{"type": "l2_updates"}',
    "missing_field": '{"stream": 0}',
    "repeated_key": '{"type":"heartbeat","time":1,"time":2}',
    "too_deep": '{"type":"heartbeat","x":' + "[" * 40 + "]" * 40 + "}",
    "bad_number": _l2(price=float("nan")),
    "off_grid": _l2(price=6812.1),
    "negative_size": _l2(volume=-1),
    "bad_time": _l2(time="2026-11-19 09:50"),
    "bad_kind": '{"type":"l3_update","stream":0,"seq":1,"updates":[]}',
    "unknown_stream": '{"type":"l2_update","stream":9,"updates":[]}',
    "out_of_range": _l2(side="buy"),
}


@pytest.mark.parametrize("code", BINARY)
async def test_a_malformed_frame_is_refused_whole(
    serve: Any, data: SimpleNamespace, code: str
) -> None:
    server = await serve()
    good = data.encode(frames(data, 20, 20)[0])
    async with server.peer() as peer:
        await peer.hello()
        await peer.say(BINARY[code](good))
        error = await peer.hear("error")
        assert error["code"] == code
        assert error["fatal"] is False
        assert (await send(peer, frames(data, 20, 20)[0], data))["seq"] == 20
    (row,) = (await server.http.get("/health")).json()["streams"]
    assert (row["records"], row["last_seq"]) == (20, 20)


@pytest.mark.parametrize("code", TEXT)
async def test_a_malformed_message_is_refused_whole(
    serve: Any, data: SimpleNamespace, code: str
) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello()
        await peer.say(TEXT[code])
        error = await peer.hear("error")
        assert error["code"] == code
        if "volume" in TEXT[code]:
            assert error["index"] == 1
            assert error["field"] in ("price", "volume", "time", "side")
        assert (await send(peer, frames(data, 20, 20)[0], data))["seq"] == 20
    (row,) = (await server.http.get("/health")).json()["streams"]
    assert row["records"] == 20


async def test_an_oversized_message_ends_the_connection(serve: Any) -> None:
    server = await serve(server={"frame_bytes": 8192})
    async with server.peer() as peer:
        await peer.hello()
        await peer.say(bytes(9000))
        assert (await peer.hear("error"))["code"] == "too_large"
        assert await peer.closed() == 4413


async def test_too_many_messages_end_the_connection(serve: Any) -> None:
    server = await serve(server={"messages_per_second": 50})
    async with server.peer() as peer:
        await peer.hello()
        for _ in range(120):
            await peer.socket.send('{"type":"heartbeat"}')
        assert await peer.closed() == 4429


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"heartbeat"}', "hello_expected"),
        (b"DB" + bytes(100), "bad_version"),
        ("{", "bad_json"),
    ],
)
async def test_the_first_message_must_be_hello(serve: Any, first: str | bytes, code: str) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.say(first)
        error = await peer.hear("error")
        assert error["code"] == code
        if error["fatal"]:
            assert await peer.closed() == 4400


async def test_another_protocol_version_is_refused(serve: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        error = await peer.hello(protocol={"min": 2, "max": 3})
        assert (error["code"], error["fatal"]) == ("protocol_version", True)
        assert await peer.closed() == 4400


async def test_an_unknown_instrument_needs_its_tick_size(serve: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        error = await peer.hello(instruments=[{"symbol": "ABC"}])
        assert error["code"] == "unknown_instrument"
        assert "tick_size" in error["message"]
        assert (await peer.hear("welcome"))["streams"] == {}
    async with server.peer() as peer:
        welcome = await peer.hello(instruments=[{"symbol": "ABC", "tick_size": 0.05}])
        assert welcome["streams"] == {"ABC": 0}
    async with server.peer() as peer:
        declared = {"symbol": "ABC", "tick_size": 0.1}
        error = await peer.hello(instruments=[declared], source="replay")
        assert error["code"] == "tick_size_conflict"
        assert (error["facts"]["known"], error["facts"]["declared"]) == (0.05, 0.1)


async def test_a_wrong_setting_is_named_with_what_is_allowed(serve: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        error = await peer.hello(settings={"clusters": {"grid_ms": 7}})
        assert error["code"] == "settings"
        assert error["facts"]["key"] == "clusters.grid_ms"
        assert error["facts"]["allowed"]
    async with server.peer() as peer:
        error = await peer.hello(settings={"cluster": {}})
        assert error["code"] == "settings"


async def test_the_rest_of_a_snapshot_with_a_damaged_part_is_asked_for_again(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    records, _ = data.market(20)
    whole = data.frames_of(records, np.full(20, data.START), 20)[0]
    parts = [
        whole._replace(records=whole.records[:10], type=FrameType.SNAPSHOT),
        whole._replace(
            records=whole.records[10:], type=FrameType.SNAPSHOT, flags=int(FrameFlag.LAST)
        ),
    ]
    damaged = bytearray(data.encode(parts[0]))
    damaged[-1] ^= 1
    async with server.peer() as publisher:
        await publisher.hello()
        await publisher.say(bytes(damaged))
        assert (await publisher.hear("error"))["code"] == "bad_crc"
        await publisher.say(data.encode(parts[1]))
        assert (await publisher.hear("resync"))["reason"] == "reset"
        channel = server.runtime.hub.find("ES 12-26", data.Source.LIVE)
        assert (channel.stream.phase, channel.stream.analyzer.best(5)) == ("stale", ([], []))
        for part in parts:
            await publisher.say(data.encode(part))
        await server.until(lambda: channel.stream.phase != "stale")
        assert [len(side) for side in channel.stream.analyzer.best(20)] == [10, 10]


async def test_a_snapshot_that_names_a_price_twice_is_refused(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello()
        await send(peer, frames(data, 20, 20)[0], data)
        rows = np.zeros(2, RECORD)
        rows["kind"], rows["side"], rows["price"], rows["size"] = 1, 1, 27_249, 5
        await peer.say(data.encode(Frame(rows, data.START, 21, FrameType.SNAPSHOT, 2)))
        assert (await peer.hear("error"))["code"] == "out_of_range"
        rows["side"], rows["price"] = (1, 0), (27_249, 27_250)
        await peer.say(data.encode(Frame(rows, data.START, 21, FrameType.SNAPSHOT, 10)))
        assert (await peer.hear("metrics"))["best_bid"] == 6812.25


async def test_a_bar_that_contradicts_itself_takes_no_number(serve: Any) -> None:
    server = await serve()
    bar = {"type": "bar_update", "stream": 0, "seq": 1, "time": 1_795_099_860_000_000_000}
    good = {**bar, "open": 2.0, "high": 3.0, "low": 1.0, "close": 2.5, "volume": 4}
    async with server.peer() as peer:
        await peer.hello()
        await peer.say({**good, "high": 1.5})
        assert (await peer.hear("error"))["field"] == "open"
        await peer.say(good)
        await peer.hear("ack", seq=1)
        await peer.say({**good, "seq": 2})
        assert (await peer.hear("error"))["field"] == "time"
        await peer.say({**good, "seq": 2, "time": bar["time"] + 60_000_000_000})
        await peer.hear("ack", seq=2)


async def test_unknown_fields_are_ignored(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as peer:
        assert (await peer.hello(colour="green"))["type"] == "welcome"
        await peer.say({**L2, "updates": [{**ENTRY, "mood": "fine"}], "weather": 1})
        await peer.hear("ack", seq=1)


async def test_market_makers_are_named_once(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(flags={"useL3": True})
        entry = {**ENTRY, "market_maker": "NSDQ"}
        await peer.say({**L2, "updates": [entry, {**entry, "side": "ask", "price": 6813.0}]})
        await peer.hear("ack", seq=2)
        stream = server.runtime.hub.find(SYMBOL, data.Source.LIVE).stream
        assert stream.makers == ("NSDQ",)
    (row,) = (await server.http.get("/health")).json()["streams"]
    assert (row["use_l3"], row["book"]) == (True, "L2")


@pytest.mark.parametrize("apart", [True, False])
async def test_rows_of_market_makers_are_kept_apart(serve: Any, apart: bool) -> None:
    """Where useL3 says so; through a restart too, and until a snapshot."""
    server = await serve()
    entry = {**ENTRY, "price": 6812.25, "position": 0, "operation": "add", "volume": 5}
    entry |= {"market_maker": "NSDQ"}
    second = {**entry, "operation": "update", "volume": 8, "market_maker": "ARCA"}
    base = "/api/v1/instruments/ES 12-26/book"
    for first in (True, False):
        async with server.peer() as peer:
            await peer.hello(flags={"useL3": apart}, subscribe=["book"])
            if first:
                await peer.say({**L2, "updates": [entry]})
                await peer.hear("ack", seq=1)
            else:
                await peer.say({**L2, "seq": 2, "updates": [second]})
                await peer.hear("ack", seq=2)
                said = [m for m in peer.got if m["type"] == "book"]
                said = said[-1] if said else await peer.hear("book")
        book = (await server.http.get(base)).json()
        assert book["book"] == "L2"
        if not apart:
            assert "bid_makers" not in book
            assert "bid_makers" not in said if not first else True
            continue
        if first:
            assert book["bid_makers"] == [[["NSDQ", 5.0]]]
            await server.process.stop()
            server = await serve()
            continue
        assert book["bid_makers"] == [[["NSDQ", 5.0], ["ARCA", 3.0]]]
        assert (said["bid_makers"], said["ask_makers"]) == (book["bid_makers"], [])
        async with server.peer() as peer:
            await peer.hello(flags={"useL3": apart})
            rows = {"bids": [[6812.25, 8]], "asks": []}
            await peer.say(
                {"type": "snapshot", "stream": 0, "seq": 3, "time": ENTRY["time"], **rows}
            )
            await peer.say({**L2, "seq": 3, "updates": [{**second, "volume": 9}]})
            await peer.hear("ack", seq=3)
        book = (await server.http.get(base)).json()
        assert book["bid_makers"] == [[[None, 8.0], ["ARCA", 1.0]]]


@pytest.mark.parametrize("way", ["socket", "post"])
async def test_a_snapshot_tells_whose_its_rows_are(
    serve: Any, data: SimpleNamespace, way: str
) -> None:
    """Its frames may cut a row; twice a price under one name it is refused whole."""
    server = await serve()
    rows = np.zeros(4, RECORD)
    rows["side"], rows["position"], rows["price"] = (1, 1, 1, 0), (0, 0, 1, 0), 27_249
    rows["price"][2:] = 27_248, 27_250
    rows["size"], rows["ref"] = (5, 3, 2, 4), (1, 2, 0, 2)
    base = "/api/v1/instruments/ES 12-26/book"
    session = "00000000-0000-4000-8000-000000000077"

    async def tell(frame: Frame) -> str:
        if way == "socket":
            await peer.say(data.encode(frame))
            refused = frame.records["ref"].tolist()[:2] == [2, 2]
            return str((await peer.hear("error"))["code"]) if refused else "ok"
        headers = {
            "x-depthbridge-session": session,
            "x-depthbridge-instrument": SYMBOL,
            "content-type": "application/octet-stream",
        }
        answer = await server.http.post("/l2_update", content=data.encode(frame), headers=headers)
        code: str = answer.json().get("code", "ok")
        return code

    async with server.peer() as peer:
        await peer.hello(session=session, flags={"useL3": True})
        await peer.say({"type": "makers", "stream": 0, "names": ["NSDQ", "ARCA"]})
        await peer.say({**L2, "updates": [ENTRY]})
        await peer.hear("ack", seq=1)
        assert await tell(Frame(rows[:1], data.START, 2, FrameType.SNAPSHOT)) == "ok"
        assert await tell(Frame(rows[1:], data.START, 2, FrameType.SNAPSHOT, 2)) == "ok"
        channel = server.runtime.hub.find(SYMBOL, data.Source.LIVE)
        await server.until(lambda: channel.stream.maker_rows is not None)
        book = (await server.http.get(base)).json()
        assert book["bids"] == [[6812.25, 8.0], [6812.0, 2.0]]
        assert book["bid_makers"] == [[["NSDQ", 5.0], ["ARCA", 3.0]], [[None, 2.0]]]
        assert book["ask_makers"] == [[["ARCA", 4.0]]]
        rows["ref"][:2] = 2
        assert await tell(Frame(rows, data.START, 2, FrameType.SNAPSHOT, 2)) == "out_of_range"
        await server.until(lambda: channel.stream.phase == "stale")
        assert channel.stream.maker_rows is None


async def test_what_was_sent_before_the_end_is_not_lost(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello()
        for frame in frames(data, 2_000, 50):
            await peer.say(data.encode(frame))
    channel = server.runtime.hub.find(SYMBOL, data.Source.LIVE)
    await server.until(lambda: channel.session.expected == 2_001)
    await server.until(lambda: not channel.live.connected)


async def test_a_recording_played_again_needs_no_snapshot(
    serve: Any, data: SimpleNamespace
) -> None:
    """A new run that begins before the end of the last one: time goes back over an empty book."""
    server = await serve()
    books, clusters = [], []
    for run in (f"00000000-0000-4000-8000-00000000003{digit}" for digit in "12"):
        async with server.peer() as peer:
            await peer.hello(session=run, source="replay", subscribe=["clusters"])
            for frame in frames(data, 4_000, 200):
                await peer.say(data.encode(frame._replace(flags=8)))
            await peer.hear("ack", seq=4_000)
            await peer.say({"type": "bye", "last": {"0": 4_000}})
            assert [message for message in peer.got if message["type"] == "resync"] == []
            kept = [m for m in peer.got if m["type"] == "clusters" and m["event"] == "new"]
            clusters.append([(m["seq"], m["clusters"][0]["tick_low"]) for m in kept])
        answer = await server.http.get(f"/api/v1/instruments/{SYMBOL}/book?source=replay")
        books.append(answer.json())
    assert books[0] == books[1]
    assert books[0]["phase"] == "synced"
    assert clusters[0]
    assert clusters[0] == clusters[1]


async def test_a_silent_publisher_makes_its_stream_stale_until_it_speaks(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    made = frames(data, 60, 20)
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        await send(peer, made[0], data)
        server.runtime.hub.publishers._holders[(SYMBOL, data.Source.LIVE)].seen -= 16 * 10**9
        assert (await peer.hear("metrics", phase="stale")).keys() >= {"seq", "time"}
        await send(peer, made[1], data)
        server.runtime.hub.publishers._holders[(SYMBOL, data.Source.LIVE)].seen -= 16 * 10**9
        await peer.say({"type": "check", "stream": 0, "seq": 1, "crc32": 1})
        await send(peer, made[2], data)
    rows = [m for m in peer.got if m["type"] == "metrics"]
    assert [m["seq"] for m in rows if "best_bid" in m] == [20, 40, 60]
    assert rows[-1]["phase"] == "synced"


async def test_a_profile_too_wide_to_lay_out_harms_nobody(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(subscribe=["profile", "metrics"])
        await send(peer, frames(data, 20, 20)[0], data)
        trades = np.zeros(2, RECORD)
        trades["kind"], trades["price"], trades["size"] = 3, (1, 2**40), 1
        await send(peer, Frame(trades, data.START + 10**9, 21), data)
        answer = await server.http.get(f"/api/v1/instruments/{SYMBOL}/profile")
        assert (answer.status_code, answer.json()["code"]) == (400, "out_of_range")
        await asyncio.sleep(0.1)
        await send(peer, Frame(trades[:1], data.START + 2 * 10**9, 23), data)
