"""Peers that are slow, or send more than is worked on: they are cut or paused, others go on."""

import asyncio
import contextlib
import json
import socket
import struct
from types import SimpleNamespace
from typing import Any

import pytest

from server import subscription as server_subscription

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


async def raw_peer(server: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An upgraded connection whose frames the test writes itself, with a small receive buffer."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", server.process.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    writer.write(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: " + KEY + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head
    return reader, writer


def masked(payload: bytes, opcode: int = 1) -> bytes:
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


async def test_a_reader_that_stalls_is_cut_and_others_go_on(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve(server={"slow_client_s": 0.5, "outbox_bytes": 65_536})
    _, writer = await raw_peer(server)
    writer.write(
        masked(
            json.dumps(
                data.hello(role="subscriber", session="00000000-0000-4000-8000-000000000015")
            ).encode()
        )
    )
    async with server.peer() as peer:
        await peer.hello()
        await server.until(lambda: len(server.runtime._dialogues) == 2)
        slow = next(iter(server.runtime._dialogues.values())).connection
        sent = 0
        for frame in data.frames_of(*data.market(20_000), 100):
            for _ in range(10):
                slow.send(b" " * 20_000, "metrics")
                slow.flush()
                sent += 20_000
            await peer.say(data.encode(frame._replace(flags=8)))
            await peer.hear("ack", seq=frame.end - 1)
        assert slow.outbox.conflated > 0
        assert slow.outbox.size <= 65_536
        assert sent > 30 << 20
        await server.until(lambda: not slow.open)
        await server.until(lambda: server.runtime.connections == 1)
    writer.close()
    await _gone(writer)


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="the kernel decides alone")
async def test_a_stall_is_seen_before_the_kernel_holds_megabytes_and_ends_with_a_reset(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve(server={"slow_client_s": 0.5})
    reader, writer = await raw_peer(server)
    writer.write(masked(json.dumps(data.hello(role="subscriber")).encode()))
    await server.until(lambda: len(server.runtime._dialogues) == 1)
    (dialogue,) = server.runtime._dialogues.values()
    slow, sent = dialogue.connection, 0
    while not slow.stalled:
        slow.send(b" " * 20_000)
        slow.flush()
        sent += 20_000
        assert sent < 1 << 20
        await asyncio.sleep(0)
    await server.until(lambda: not slow.open)
    with pytest.raises(ConnectionResetError):
        await _read_all(reader)
    writer.close()
    await _gone(writer)


@pytest.mark.parametrize("topic", ["book", "metrics"])
async def test_a_message_is_rendered_once_for_all_and_not_for_whom_it_cannot_reach(
    serve: Any, data: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    render = server_subscription._RENDERED[topic]
    rendered: list[bytes] = []

    def counting(stream: Any) -> bytes:
        rendered.append(render(stream))
        return rendered[-1]

    monkeypatch.setitem(server_subscription._RENDERED, topic, counting)
    server = await serve()
    frames = data.frames_of(*data.market(200), 50)
    async with server.peer() as peer, server.peer() as one, server.peer() as stuck:
        await peer.hello()
        for index, listener in enumerate((one, stuck)):
            await listener.say(
                data.hello(
                    role="subscriber",
                    session=f"00000000-0000-4000-8000-00000000001{index}",
                    subscribe=["book", "metrics"],
                )
            )
            await listener.hear("welcome")
        await peer.say(data.encode(frames[0]))
        both = [await listener.hear(topic) for listener in (one, stuck)]
        assert both[0] == both[1]
        assert len(rendered) == 1
        connection = list(server.runtime._dialogues.values())[-1].connection
        connection._stalled_since = server.runtime.clock.monotonic_ns()
        await peer.say(data.encode(frames[1]))
        await one.hear(topic)
        assert len(connection.outbox) == 0, "nothing is kept for it but the newest"
        await peer.say(data.encode(frames[2]))
        assert (await one.hear(topic))["seq"] == frames[2].end - 1
        assert len(connection.outbox) == 0
        assert connection.conflated == 1
        assert len(rendered) == 3
        both_stuck = [dialogue.connection for dialogue in server.runtime._dialogues.values()][1:]
        for connection in both_stuck:
            connection._stalled_since = server.runtime.clock.monotonic_ns()
        await peer.say(data.encode(frames[3]._replace(flags=8)))
        await peer.hear("ack", seq=frames[3].end - 1)
        assert len(rendered) == 3, "for nobody"
        for connection in both_stuck:
            connection.writable()
        for name in ("metrics", "book"):
            for listener in (one, stuck):
                while (await listener.hear(name))["seq"] != frames[3].end - 1:
                    continue
        assert len(rendered) == 4


async def _read_all(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 20):
        continue


async def _gone(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_undroppable_messages_beyond_the_limit_cut_at_once(serve: Any) -> None:
    server = await serve(server={"outbox_bytes": 65_536})
    async with server.peer() as peer:
        await peer.hello()
        (dialogue,) = server.runtime._dialogues.values()
        dialogue.connection.send(b"x" * 70_000)
        assert await peer.closed() == 4408


async def test_reading_pauses_while_the_inbox_is_full(
    serve: Any, data: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go = threading.Event()
    monkeypatch.setattr("server.runtime.warm_kernels", lambda: go.wait(30))
    limits = {"inbound_bytes": 65_536, "ping_interval_s": 0.2, "ping_timeout_s": 0.2}
    server = await serve(warm=False, server=limits)
    made = data.frames_of(*data.market(40_000), 200)
    async with server.peer() as peer:
        await peer.say(data.hello())
        sending = asyncio.create_task(_send(peer, made, data))
        await server.until(lambda: _paused(server))
        (dialogue,) = server.runtime._dialogues.values()
        held = dialogue.connection._inbox_bytes
        await asyncio.sleep(0.8)
        assert dialogue.connection._inbox_bytes == held < 200_000, "bounded"
        assert dialogue.connection.open, "a pong that nobody reads is not missing"
        go.set()
        await sending
        await peer.hear("ack", seq=40_000)


async def _send(peer: Any, frames: Any, data: SimpleNamespace) -> None:
    for frame in frames:
        await peer.say(data.encode(frame))


def _paused(server: Any) -> bool:
    return any(d.connection._protocol.paused_by_peer for d in server.runtime._dialogues.values())


async def test_half_a_handshake_and_garbage_do_no_harm(serve: Any) -> None:
    server = await serve()
    reader, writer = await raw_peer(server)
    writer.write(b"\xff\xff\xff\xff")
    await writer.drain()
    assert await reader.read() is not None
    writer.close()
    await _gone(writer)
    reader, writer = await raw_peer(server)
    writer.write(masked(b"\xff\xfe", 1))
    rest = await reader.read()
    assert struct.unpack(">H", rest[2:4])[0] == 1007
    writer.close()
    await _gone(writer)
    assert (await server.http.get("/health")).json()["status"] == "ok"


async def test_a_defect_closes_one_connection_only(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serve()
    async with server.peer() as one, server.peer() as other:
        await one.hello()
        await other.hello(symbol="NQ 12-26")
        (first, *_) = server.runtime._dialogues.values()

        def fail(_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(first, "handle", fail)
        await one.say({"type": "heartbeat"})
        assert (await one.hear("error"))["code"] == "internal"
        await other.say({"type": "nonsense"})
        assert (await other.hear("error"))["code"] == "bad_type"
