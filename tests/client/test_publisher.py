"""The asyncio publisher against a fake server on real sockets."""

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection, serve

from client import Publisher
from market.errors import SessionError
from tests.client.fake_server import ES, FakeServer, depth_frames, served
from wire.messages import Ack, ErrorMessage, Welcome, encode_message

SYMBOL = ES.symbol
BAR = {"series": {"type": "minute", "value": 1}, "time": 5, "open": 1.0, "high": 2.0, "low": 1.0,
       "close": 2.0, "volume": 3.0}  # fmt: skip


async def test_publish_flush_bye() -> None:
    fake = FakeServer()
    async with served(fake) as (url, _), Publisher(url, [ES], source="replay") as publisher:
        for frame in depth_frames(5000, 50):
            await publisher.publish(SYMBOL, frame)
        await publisher.publish_bar(SYMBOL, BAR)
        await publisher.flush()
        assert fake.records[SYMBOL] == list(range(1, 5001))
        assert fake.bars == [5001]
        assert fake.books[SYMBOL].top(10) == publisher.stream(SYMBOL).book.top(10)
        assert fake.failed_checks == 0
        assert fake.byes == 0
    assert fake.byes == 1
    assert fake.hellos[0].source == "replay"


async def test_connections_that_break_lose_and_repeat_nothing() -> None:
    fake = FakeServer()
    cuts = [5, 1, 0, 9, 3]
    async with served(fake, cuts) as (url, _), Publisher(url, [ES]) as publisher:
        for frame in depth_frames(60_000, 500):
            await publisher.publish(SYMBOL, frame)
        await publisher.flush()
        assert fake.records[SYMBOL] == list(range(1, 60_001))
        assert fake.books[SYMBOL].top(10) == publisher.stream(SYMBOL).book.top(10)
        assert fake.snapshots == 0
    assert len(fake.hellos) == len(cuts)  # one connection was cut before its hello
    assert len({hello.session for hello in fake.hellos}) == 1


async def test_a_slow_server_makes_the_publisher_wait() -> None:
    fake = FakeServer()
    async with served(fake) as (url, _), Publisher(url, [ES], capacity=20_000) as publisher:
        for frame in depth_frames(80_000, 4000):
            await publisher.publish(SYMBOL, frame)
            assert publisher.stream(SYMBOL).ring.room >= 4000
        await publisher.flush()
        assert publisher.stream(SYMBOL).ring.overrun == 0
        assert len(fake.records[SYMBOL]) == 80_000


async def test_messages_arrive_in_order_and_end() -> None:
    fake = FakeServer()
    async with served(fake) as (url, _):
        publisher = Publisher(url, [ES])
        async with publisher:
            publisher.push(SYMBOL, depth_frames(20)[0])
            await publisher.flush()
        kinds = [type(message) async for message in publisher.messages()]
    assert kinds[0] is Welcome
    assert set(kinds[1:]) == {Ack}
    assert publisher.dropped == 0


async def test_nobody_there() -> None:
    with pytest.raises(SessionError) as caught:
        async with Publisher("ws://127.0.0.1:9/ws", [ES]):
            pass
    assert caught.value.code == "unreachable"


async def test_a_patient_publisher_waits_for_the_server() -> None:
    fake = FakeServer()
    async with served(fake) as (url, server):
        port = next(iter(server.sockets)).getsockname()[1]
        server.close()
        await server.wait_closed()
        opening = asyncio.create_task(Publisher(url, [ES], patient=True).__aenter__())
        await asyncio.sleep(0)
        assert not opening.done()

        async def handle(socket: ServerConnection) -> None:
            async for data in socket:
                for answer in fake.receive(data):
                    await socket.send(encode_message(answer).decode())

        async with serve(handle, "127.0.0.1", port):
            publisher = await opening
            publisher.push(SYMBOL, depth_frames(20)[0])
            await publisher.flush()
            await publisher.__aexit__(None, None, None)
    assert fake.byes == 1


async def test_a_refusal_reaches_whoever_publishes() -> None:
    fake = FakeServer()

    async with served(fake) as (url, _), Publisher(url, [ES]) as publisher:
        fake.receive = lambda data: iter(  # type: ignore[method-assign]
            [ErrorMessage(code="instrument_busy", message="another session publishes")]
        )
        publisher.push(SYMBOL, depth_frames(20)[0])
        with pytest.raises(SessionError) as caught:
            await publisher.flush()
        assert caught.value.code == "instrument_busy"
        with pytest.raises(SessionError):
            publisher.push(SYMBOL, depth_frames(20)[0])
