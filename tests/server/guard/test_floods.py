"""What one WebSocket client may send before it is cut, and that the others do not notice."""

import asyncio
import json
import struct
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.waiting import PATIENCE_S


async def welcome(raw: Any, wire: SimpleNamespace) -> None:
    assert b" 101 " in await raw.upgrade()
    await raw.send(wire.hello)
    opcode, payload = await raw.frame()
    assert (opcode, payload[:17]) == (1, b'{"type":"welcome"')


async def test_fragments_without_end_are_cut(serve: Any, dial: Any, wire: SimpleNamespace) -> None:
    server = await serve()
    raw = await dial(server)
    await welcome(raw, wire)
    sending = asyncio.create_task(
        raw.send(wire.masked(b"x", 2, fin=False) + wire.masked(b"x", 0, fin=False) * 300_000)
    )
    assert await raw.close_code() == 4429
    await sending
    assert (await server.http.get("/health")).json()["status"] == "ok"


async def test_the_others_go_on_under_fragments(
    serve: Any, dial: Any, wire: SimpleNamespace
) -> None:
    server = await serve(server={"messages_per_second": 10**7, "message_fragments": 1 << 20})
    raw = await dial(server)
    await welcome(raw, wire)
    flood = wire.masked(b"x", 2, fin=False) + wire.masked(b"x", 0, fin=False) * 500_000
    sending = asyncio.create_task(raw.send(flood))
    reader = next(iter(server.runtime._dialogues.values())).connection._protocol._reader
    answered = 0
    async with server.peer() as peer:
        await peer.hello()
        while reader._size < 400_000:
            assert (await server.http.get("/health")).status_code == 200
            await peer.say({"type": "nonsense"})
            await peer.hear("error")
            answered += 1
    await sending
    assert answered > 5, "they waited until the flood was over"


@pytest.mark.parametrize("kind", ["message", "ping", "pong"])
async def test_too_many_frames_a_second(
    serve: Any, dial: Any, wire: SimpleNamespace, kind: str
) -> None:
    server = await serve(server={"messages_per_second": 500})
    raw = await dial(server)
    await welcome(raw, wire)
    one = {
        "message": wire.masked(b'{"type":"heartbeat"}', 1),
        "ping": wire.masked(b"", 9),
        "pong": wire.masked(b"", 10),
    }[kind]
    await raw.send(one * 2000)
    assert await raw.close_code() == 4429


async def test_the_allowance_grows_with_time(serve: Any, dial: Any, wire: SimpleNamespace) -> None:
    server = await serve(server={"messages_per_second": 500})
    raw = await dial(server)
    await welcome(raw, wire)
    (dialogue,) = server.runtime._dialogues.values()
    await raw.send(wire.masked(b"", 10) * 400)
    await server.until(lambda: dialogue.connection._credit < 120)
    await server.until(lambda: _credit_now(server, dialogue) > 450)
    await raw.send(wire.masked(b"", 10) * 400 + wire.masked(b"end", 9))
    assert await raw.frame() == (10, b"end")


def _credit_now(server: Any, dialogue: Any) -> float:
    connection = dialogue.connection
    passed = server.runtime.clock.monotonic_ns() - connection._credited
    return float(connection._credit + passed * 500 / 1e9)


async def test_an_announced_size_is_enough(serve: Any, dial: Any, wire: SimpleNamespace) -> None:
    server = await serve()
    for size in ((1 << 20) + 1, 1 << 40, (1 << 64) - 1):
        raw = await dial(server)
        await welcome(raw, wire)
        await raw.send(b"\x82\xff" + struct.pack(">Q", size) + bytes(4))
        opcode, payload = await raw.frame()
        assert (opcode, b'"too_large"' in payload, b'"fatal":true' in payload) == (1, True, True)
        assert await raw.close_code() == 4413


async def test_one_that_goes_on_after_the_refusal_reads_why(
    serve: Any, dial: Any, wire: SimpleNamespace
) -> None:
    server = await serve()
    raw = await dial(server)
    await welcome(raw, wire)
    await raw.send(wire.masked(bytes(8 << 20)))
    assert await raw.close_code() == 4413
    await server.until(lambda: server.runtime.connections == 0)


async def test_a_message_of_the_limit_is_taken(
    serve: Any, dial: Any, wire: SimpleNamespace
) -> None:
    server = await serve()
    raw = await dial(server)
    await welcome(raw, wire)
    await raw.send(wire.masked(b" " * (1 << 20), 1))
    opcode, payload = await raw.frame()
    assert (opcode, b"bad_json" in payload) == (1, True)


async def test_no_extension_is_agreed_on(serve: Any, dial: Any, wire: SimpleNamespace) -> None:
    server = await serve()
    raw = await dial(server)
    head = await raw.upgrade(headers=b"Sec-WebSocket-Extensions: permessage-deflate\r\n")
    assert b" 101 " in head
    assert b"extensions" not in head.lower()
    await raw.send(b"\xc1\x80" + bytes(4))
    assert await raw.close_code() == 1002


async def test_pongs_do_not_pile_up_for_a_peer_that_reads_nothing(
    serve: Any, dial: Any, wire: SimpleNamespace
) -> None:
    server = await serve(server={"messages_per_second": 10**6})
    raw = await dial(server, limit=4096)
    await welcome(raw, wire)
    raw.writer.transport.pause_reading()
    (dialogue,) = server.runtime._dialogues.values()
    protocol = dialogue.connection._protocol
    ping = wire.masked(bytes(125), 9)
    async with asyncio.timeout(PATIENCE_S):
        while protocol._pong is None:
            await raw.send(ping * 5000)
    await raw.send(ping * 20_000)
    await server.until(lambda: dialogue.connection._credit > 999_000)
    assert protocol.transport.get_write_buffer_size() < 200_000


async def test_a_pong_that_lies_in_the_socket_is_not_missing(serve: Any) -> None:
    """The loop stood still longer than the deadline: the peer has answered nevertheless."""
    server = await serve(server={"ping_interval_s": 0.1, "ping_timeout_s": 0.1})
    async with server.peer() as peer:
        await peer.hello()
        (dialogue,) = server.runtime._dialogues.values()
        protocol = dialogue.connection._protocol
        for _ in range(5):
            await server.until(lambda: protocol.pong_timer is not None)
            time.sleep(0.25)  # noqa: ASYNC251 - a handler that computes
        await server.until(lambda: protocol.pong_timer is None)
        await server.until(lambda: protocol.pong_timer is not None)
        protocol.keepalive_timeout()  # loops may look at timers before they look at sockets
        await server.until(lambda: protocol.pong_timer is None)
        assert dialogue.connection.open


async def test_empty_messages_fill_the_inbox_too(
    serve: Any, dial: Any, wire: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go = threading.Event()
    monkeypatch.setattr("server.runtime.warm_kernels", lambda: go.wait(30))
    limits = {"inbound_bytes": 65_536, "messages_per_second": 10**6}
    server = await serve(warm=False, server=limits)
    raw = await dial(server)
    assert b" 101 " in await raw.upgrade()
    sending = asyncio.create_task(raw.send(wire.masked(b"", 2) * 500_000))
    await server.until(lambda: bool(server.runtime._dialogues))
    (dialogue,) = server.runtime._dialogues.values()
    await server.until(lambda: dialogue.connection._protocol.paused_by_peer)
    assert dialogue.connection.waiting <= 1024
    sending.cancel()
    go.set()


async def test_a_peer_that_does_not_answer_pings_is_cut(
    serve: Any, dial: Any, wire: SimpleNamespace
) -> None:
    server = await serve(server={"ping_interval_s": 0.1, "ping_timeout_s": 0.1})
    raw = await dial(server)
    await welcome(raw, wire)
    assert await raw.close_code() == 1011
    await server.until(lambda: server.runtime.connections == 0)


async def test_close_frames_are_answered(serve: Any, dial: Any, wire: SimpleNamespace) -> None:
    server = await serve()
    for payload, code in (
        (struct.pack(">H", 1000), 1000),
        (struct.pack(">H", 3999) + "prost 😀".encode(), 3999),
        (struct.pack(">H", 1005), 1002),
        (struct.pack(">H", 999), 1002),
        (b"\x03", 1002),
        (struct.pack(">H", 1000) + b"\xff", 1007),
    ):
        raw = await dial(server)
        await welcome(raw, wire)
        await raw.send(wire.masked(payload, 8))
        assert await raw.close_code() == code
        assert await raw.rest() == b""
    raw = await dial(server)
    await welcome(raw, wire)
    await raw.send(wire.masked(b"", 8))
    assert await raw.frame() == (8, b"")
    await server.until(lambda: server.runtime.connections == 0)


async def test_one_that_never_answers_a_close_is_cut(
    serve: Any, dial: Any, wire: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.protocol._POLITE_S", 0.2)
    server = await serve()
    raw = await dial(server)
    await welcome(raw, wire)
    (dialogue,) = server.runtime._dialogues.values()
    dialogue.connection.close(4409, "superseded")
    assert await raw.close_code() == 4409
    assert await raw.rest() == b""
    await server.until(lambda: server.runtime.connections == 0)


async def test_what_a_peer_left_behind_is_worked_on_in_turns(
    serve: Any, dial: Any, wire: SimpleNamespace, data: SimpleNamespace
) -> None:
    """A client sends much and leaves: all of it counts, and no single turn works it off."""
    server = await serve()
    left: list[int] = []
    runtime = server.runtime
    disconnect, finish = runtime.disconnect, runtime.finish

    async def finishing(dialogue: Any) -> None:
        left.append(dialogue.connection.waiting)
        await finish(dialogue)

    def disconnecting(dialogue: Any) -> None:
        left.append(dialogue.connection.waiting)
        disconnect(dialogue)

    runtime.finish, runtime.disconnect = finishing, disconnecting
    raw = await dial(server)
    assert b" 101 " in await raw.upgrade()
    frames = data.frames_of(*data.market(20_000), 20)
    hello = json.dumps(data.hello()).encode()
    await raw.send(
        wire.masked(hello, 1)
        + b"".join(wire.masked(data.encode(frame)) for frame in frames)
        + wire.masked(b"", 8)
    )
    await server.until(lambda: len(left) == 2)
    (channel,) = runtime.hub
    assert channel.session.expected == 20_001
    assert channel.publisher is None
    assert left[0] > 0, "nothing was left behind: the test does not test"
    assert left[1] == 0, "it was worked off in one turn"
