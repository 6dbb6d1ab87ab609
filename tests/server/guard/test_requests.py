"""HTTP connections as raw sockets: one answer to each request, deadlines, limits, room."""

import asyncio
import gzip
import json
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tests.waiting import PATIENCE_S

GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /l2_update HTTP/1.1\r\nHost: localhost\r\n"
UPDATE = json.dumps(
    {
        "type": "l2_update",
        "instrument": "XYZ 1",
        "updates": [
            {
                "time": 1,
                "side": "bid",
                "operation": "add",
                "position": 0,
                "price": 10.0,
                "volume": 1,
            }
        ],
    }
).encode()


def statuses(answer: bytes) -> list[int]:
    """The status of each response: our bodies never hold a status line."""
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


async def ask(dial: Any, server: Any, request: bytes) -> list[int]:
    raw = await dial(server)
    await raw.send(request)
    return statuses(await raw.rest())


def chunked(*chunks: bytes) -> bytes:
    parts = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return parts + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (GET + b"Connection: close\r\n\r\n", [200]),
        (GET + b"\r\n" + GET + b"Connection: close\r\n\r\n", [200, 200]),
        (GET + b"Connection: close\r\n\r\n" + GET + b"\r\n", [200]),
        (b"GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n", [200]),
        (b"HEAD /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", [200]),
        (GET + b"Content-Length: 5\r\n\r\nhello", [400]),
        (GET + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
        (b"GET /livez\r\n\r\n", [400]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [505]),
        (b"GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
        (b"GET /livez HTTP/1.1\r\n\r\n", [400]),
        (GET + b"Host: other\r\n\r\n", [400]),
        (b"GET /livez HTTP/1.1\r\nHost: other\r\n\r\n" + GET + b"Connection: close\r\n\r\n",
         [400, 200]),
        (b"GET /livez HTTP/1.1\nHost: localhost\n\n", [400]),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n",
         [400]),
        (POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", [400]),
        (POST + b"Content-Length: +5\r\n\r\nhello", [400]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n", [400]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", [400]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", [400]),
        (POST + b"Content-Length: 0\r\n\r\n" + GET + b"Connection: close\r\n\r\n", [400, 200]),
        (POST + b"Connection: close\r\n\r\n", [400]),
        (POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
        (POST + b"Expect: magic\r\nContent-Length: 1\r\n\r\nx", [400]),
        (POST + b"Content-Encoding: br\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", [415]),
        (POST + b"Content-Encoding: gzip, gzip\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
         [415]),
        (POST + b"Content-Length: 1048577\r\n\r\n", [413]),
        (POST + b"Content-Length: 999999999999999\r\n\r\n", [413]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n100001\r\n", [413]),
        (b"GET /" + b"a" * 9000, [414]),
        (GET + b"X: " + b"a" * 20_000, [431]),
        (GET + b"X: a\r\n" * 101 + b"\r\n", [431]),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", [405]),
        (b"GET /%2e%2e/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", [404]),
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00", [400]),
    ],
)  # fmt: skip
async def test_one_answer_to_each_request(
    serve: Any, dial: Any, request_: bytes, wanted: list[int]
) -> None:
    server = await serve()
    assert await ask(dial, server, request_) == wanted


async def test_pieces_do_not_matter(serve: Any, dial: Any) -> None:
    server = await serve()
    whole = (
        POST + b"Content-Length: %d\r\n\r\n" % len(UPDATE) + UPDATE
        + POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(UPDATE[:10], UPDATE[10:])
        + GET + b"\r\n"
        + POST + b"Content-Length: 3\r\nConnection: close\r\n\r\nbad"
    )  # fmt: skip
    wanted = [400, 400, 200, 400]  # no tick size was given
    for step in (1, 7, 50, len(whole)):
        raw = await dial(server)
        for at in range(0, len(whole), step):
            raw.writer.write(whole[at : at + step])
            await asyncio.sleep(0)
        assert statuses(await raw.rest()) == wanted


async def test_requests_sent_ahead_are_answered_in_order_and_bounded(serve: Any, dial: Any) -> None:
    server = await serve()
    raw = await dial(server)
    fill = b"X: " + b"x" * 2000 + b"\r\n\r\n"
    pair = GET + fill + b"GET /none HTTP/1.1\r\nHost: a\r\n" + fill
    sending = asyncio.create_task(raw.send(pair * 1000 + GET + b"Connection: close\r\n\r\n"))
    most = 0
    answers = b""
    (held,) = server.process.front.table._address
    while part := await raw.reader.read(1 << 16):
        answers += part
        most = max(most, len(held._buffer))
    await sending
    assert statuses(answers) == [200, 400] * 1000 + [200]
    assert most < 600_000


async def test_continue_is_sent_when_the_body_is_wanted(serve: Any, dial: Any) -> None:
    server = await serve(server={"request_s": 100})
    raw = await dial(server)
    length = b"Content-Length: %d\r\n" % len(UPDATE)
    await raw.send(POST + length + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
    assert await raw.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await raw.send(UPDATE)
    assert statuses(await raw.rest()) == [400]
    refused = b"POST /l2_update HTTP/1.1\r\nHost: other\r\n" + length
    raw = await dial(server)
    await raw.send(refused + b"Expect: 100-continue\r\n\r\n")
    assert statuses(await raw.rest()) == [400], "and closed: the body may or may not come"
    raw = await dial(server)
    await raw.send(POST + b"Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
    assert statuses(await raw.rest()) == [413]


async def test_one_that_sends_on_reads_why(serve: Any, dial: Any) -> None:
    """A close with bytes unread would reset the connection and take the answer along."""
    server = await serve()
    huge = b"GET / HTTP/1.1\r\n" + b"X-Fill: " + b"a" * 8000 + b"\r\n"
    assert await ask(dial, server, huge * 2500) == [431]
    body = POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    assert await ask(dial, server, body + (b"10000\r\n" + bytes(1 << 16) + b"\r\n") * 300) == [413]
    big = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
    assert await ask(dial, server, big + b"Connection: close\r\n\r\n" + bytes(1_000_000)) == [404]


DRIPS = [
    (b"", []),
    (b"GET", [408]),
    (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ", [408]),
    (POST + b"Content-Length: 100\r\n\r\n{", [408]),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n50\r\n{", [408]),
    (b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n", [408]),
    (GET + b"\r\n", [200]),
    (GET + b"\r\nGE", [200, 408]),
    (b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n", [408]),
]


@pytest.mark.parametrize(("begun", "wanted"), DRIPS)
async def test_a_request_that_is_not_whole_in_time(
    serve: Any, dial: Any, begun: bytes, wanted: list[int]
) -> None:
    server = await serve(server={"request_s": 0.3})
    raw = await dial(server)
    dripping = asyncio.create_task(_drip(raw, begun, more=b"a" if wanted else b""))
    assert statuses(await raw.rest()) == wanted
    dripping.cancel()
    await server.until(lambda: len(server.process.front.table) == 0)


@pytest.mark.parametrize(
    ("sent", "started"), [(0, False), (9, False), (65_000, False), (66_000, True), (100_000, True)]
)
async def test_the_application_begins_when_there_is_enough_of_a_body(
    serve: Any, dial: Any, monkeypatch: pytest.MonkeyPatch, sent: int, started: bool
) -> None:
    begun: list[str] = []
    run = RequestResponseCycle.run_asgi

    async def counting(cycle: RequestResponseCycle, app: Any) -> None:
        begun.append(cycle.scope["path"])
        await run(cycle, app)

    monkeypatch.setattr(RequestResponseCycle, "run_asgi", counting)
    server = await serve(server={"request_s": 0.5})
    raw = await dial(server)
    await raw.send(POST + b"Content-Length: 100000\r\n\r\n" + b" " * sent)
    assert statuses(await raw.rest()) == [400 if sent == 100_000 else 408]
    assert begun == ["/l2_update"] * started


async def test_a_dripped_body_wakes_the_application_once(
    serve: Any, dial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[bytes] = []
    receive = RequestResponseCycle.receive

    async def counting(cycle: RequestResponseCycle) -> Any:
        message = await receive(cycle)
        got.append(message.get("body", b""))
        return message

    monkeypatch.setattr(RequestResponseCycle, "receive", counting)
    server = await serve()
    raw = await dial(server)
    head = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(UPDATE)
    await raw.send(POST + head)
    await server.until(lambda: bool(server.process.front.table._waiting))
    for at in range(len(UPDATE)):
        await raw.send(UPDATE[at : at + 1])
        await asyncio.sleep(0.001)
    await raw.reader.readuntil(b"\r\n\r\n")
    assert got == [UPDATE], "answered when it was whole, and not woken before"


async def test_each_request_has_its_own_body(
    serve: Any, dial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[bytes] = []
    run = RequestResponseCycle.run_asgi

    async def noting(cycle: RequestResponseCycle, app: Any) -> None:
        await run(cycle, app)
        got.append(bytes(cycle.body))

    async def whole(cycle: RequestResponseCycle) -> Any:
        raise AssertionError("nobody reads the body")

    monkeypatch.setattr(RequestResponseCycle, "run_asgi", noting)
    monkeypatch.setattr(RequestResponseCycle, "receive", whole)
    server = await serve()
    raw = await dial(server)
    for body, end in ((b"first one", b""), (b"the second", b"Connection: close\r\n")):
        head = b"POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(body)
        await raw.send(head + end + b"\r\n" + body[:4])
        await asyncio.sleep(0.05)
        await raw.send(body[4:])
    assert statuses(await raw.rest()) == [404, 404]
    assert got == [b"first one", b"the second"]


async def test_a_request_that_has_begun_is_answered_while_the_server_stops(
    serve: Any, dial: Any
) -> None:
    server = await serve(server={"request_s": 20})
    raw = await dial(server)
    await raw.send(POST + b"Content-Length: %d\r\n\r\n" % len(UPDATE) + UPDATE[:10])
    await server.until(lambda: bool(server.process.front.table._waiting))
    stopping = asyncio.create_task(server.process.stop())
    await asyncio.sleep(0.3)
    await raw.send(UPDATE[10:])
    async with asyncio.timeout(PATIENCE_S):
        answer = await raw.rest()
    assert statuses(answer) in ([400], [503])
    assert b"connection: close" in answer.lower()
    await stopping


async def _drip(raw: Any, begun: bytes, more: bytes) -> None:
    """Begin, then a byte now and then where that keeps the request unfinished."""
    raw.writer.write(begun)
    unfinished = more and not begun.endswith((b"\r\n\r\n", b"GET", b"\r\n"))
    while unfinished:
        await asyncio.sleep(0.05)
        raw.writer.write(more)


async def test_a_slow_computation_is_not_cut(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = await serve(server={"request_s": 0.2})
    submit = server.runtime.pipeline.submit

    async def slow(work: Any) -> Any:
        await asyncio.sleep(0.6)
        return await submit(work)

    monkeypatch.setattr(server.runtime.pipeline, "submit", slow)
    answer = await server.post("/l2_update", UPDATE, **{"content-type": "application/json"})
    assert answer.json()["code"] == "unknown_instrument"


async def test_an_answer_that_nobody_takes_is_dropped(serve: Any, dial: Any) -> None:
    server = await serve(server={"slow_client_s": 0.3})
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.process.port))
    page = b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    await asyncio.get_running_loop().sock_sendall(sock, page * 3000)
    await server.until(lambda: len(server.process.front.table) == 1)
    (held,) = server.process.front.table._address
    await server.until(lambda: held._stall is not None)
    assert held._transport.get_write_buffer_size() < 200_000
    await server.until(lambda: len(server.process.front.table) == 0)
    sock.close()


async def test_idle_connections_make_room(serve: Any, dial: Any) -> None:
    server = await serve(server={"http_connections": 6, "http_connections_per_address": 5})
    idle = [await dial(server) for _ in range(20)]
    assert (await server.http.get("/health")).status_code == 200
    assert len(server.process.front.table) <= 6
    for raw in idle[:15]:
        assert await raw.rest() == b""
    assert server.process.front.refused["evicted"] >= 15


async def test_health_is_answered_when_all_places_are_busy(
    serve: Any, dial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serve(server={"http_connections": 3, "http_connections_per_address": 3})
    go = asyncio.Event()
    submit = server.runtime.pipeline.submit

    async def wait(work: Any) -> Any:
        await go.wait()
        return await submit(work)

    monkeypatch.setattr(server.runtime.pipeline, "submit", wait)
    post = POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(UPDATE) + UPDATE
    busy = [await dial(server) for _ in range(3)]
    for raw in busy:
        await raw.send(post)
    await server.until(lambda: len(server.process.front.table._waiting) == 0)
    for path in (b"/health", b"/livez", b"/readyz"):
        request = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert await ask(dial, server, request) == [200], "and closed"
    assert await ask(dial, server, post) == [503]
    assert await ask(dial, server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") == [503]
    raw = await dial(server)
    assert b" 503 " in await raw.upgrade()
    go.set()
    for raw in busy:
        assert statuses(await raw.rest()) == [400]
    await server.until(lambda: len(server.process.front.table) == 0)
    assert await ask(dial, server, post) == [400]


async def test_a_client_that_leaves_in_the_middle(serve: Any, dial: Any) -> None:
    server = await serve()
    raw = await dial(server)
    await raw.send(POST + b"Content-Length: 100\r\n\r\n{")
    await server.until(lambda: len(server.process.front.table) == 1)
    raw.writer.transport.abort()
    await server.until(lambda: len(server.process.front.table) == 0)
    assert (await server.http.get("/health")).json()["status"] == "ok"


async def test_bombs(serve: Any, dial: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from server import http

    inflated, sizes = http._inflated, []

    def watched(*arguments: Any) -> bytes:
        part = inflated(*arguments)
        sizes.append(len(part))
        return part

    monkeypatch.setattr(http, "_inflated", watched)
    server = await serve()
    head = POST + b"Connection: close\r\nContent-Type: application/json\r\n"
    bomb = gzip.compress(bytes(1 << 28), 9)
    length = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    assert await ask(dial, server, head + length + bomb) == [413]
    assert max(sizes) <= (1 << 20) + 1, "and nothing more is unpacked"
    deep = b'{"type":' + b"[" * 1_000_000
    length = b"Content-Length: %d\r\n\r\n" % len(deep)
    assert await ask(dial, server, head + length + deep) == [400]


async def test_a_stop_does_not_wait_for_idle_connections(serve: Any, dial: Any) -> None:
    server = await serve(server={"request_s": 10 * PATIENCE_S})
    kept = await dial(server)
    await kept.send(GET + b"\r\n")
    await kept.reader.readuntil(b"}")
    begun = await dial(server)
    await begun.send(b"GET /")
    await server.until(lambda: len(server.process.front.table) == 2)
    async with asyncio.timeout(PATIENCE_S):
        await server.process.stop()
    assert await kept.rest() == b""


async def test_frames_sent_with_the_upgrade_are_read(
    serve: Any, dial: Any, wire: SimpleNamespace
) -> None:
    server = await serve()
    raw = await dial(server)
    raw.writer.write(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        + wire.hello
    )
    assert b" 101 " in await raw.reader.readuntil(b"\r\n\r\n")
    assert (await raw.frame())[1].startswith(b'{"type":"welcome"')


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Version: 13\r\n", 400),
        (b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n", 400),
        (b"GET /other HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", 403),
        (b"GET /ws HTTP/1.1\r\nHost: localhost\r\n", 404),
    ],
)  # fmt: skip
async def test_no_upgrade(serve: Any, dial: Any, request_: bytes, status: int) -> None:
    server = await serve()
    raw = await dial(server)
    await raw.send(request_ + b"Connection: close\r\n\r\n" if status == 404 else request_ + b"\r\n")
    assert statuses(await raw.rest())[:1] == [status]
