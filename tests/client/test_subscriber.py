import asyncio

import pytest

from client import Client
from client.subscriber import Feed
from market.errors import SessionError
from tests.client.fake_server import FakeServer, served
from wire.messages import Clusters, Metrics, Signal


async def test_signals_clusters_and_metrics() -> None:
    fake = FakeServer()
    async with served(fake) as (url, _), Client(url, source="live") as client:
        assert client.welcome is not None
        signals, clusters = client.signals(), client.clusters()
        assert [(await anext(signals)).id for _ in range(2)] == [0, 1]
        snapshot = await anext(clusters)
        assert isinstance(snapshot, Clusters)
        assert snapshot.event == "snapshot"
        metrics = client.metrics(max_rate_hz=5)
        assert isinstance(await anext(metrics), Metrics)
        await signals.aclose()
    assert fake.hellos[0].role == "subscriber"
    assert [event async for event in clusters] == []


async def test_after_a_reconnect_it_subscribes_again() -> None:
    fake = FakeServer()
    async with served(fake, [2]) as (url, _), Client(url) as client:
        feed = client.signals()
        found = [(await anext(feed)).id for _ in range(2)]
        other = client.clusters()
        found += [(await anext(feed)).id for _ in range(2)]
        assert (await anext(other)).event == "snapshot"
    assert found == [0, 1, 0, 1]
    assert len(fake.hellos) == 2


async def test_nobody_there_and_not_open() -> None:
    with pytest.raises(SessionError) as caught:
        async with Client("ws://127.0.0.1:9/ws"):
            pass
    assert caught.value.code == "unreachable"
    with pytest.raises(SessionError):
        Client("ws://127.0.0.1:9/ws").signals()


async def test_newer_metrics_replace_older_ones_and_signals_are_bounded() -> None:
    client = Client("ws://127.0.0.1:9/ws")
    rows: Feed[Metrics] = Feed(client, "metrics", Metrics, conflate=True)
    for seq in range(5):
        for symbol in ("ES 12-26", "NQ 12-26"):
            rows.offer(Metrics(instrument=symbol, source="live", seq=seq, time=0, phase="synced"))
    found = [await anext(rows) for _ in range(2)]
    assert [(row.instrument, row.seq) for row in found] == [("ES 12-26", 4), ("NQ 12-26", 4)]
    signals: Feed[Signal] = Feed(client, "signals", Signal, conflate=False)
    for number in range(10_005):
        signals.offer(Signal(id=number, instrument="", source="live", seq=0, time=0, kind="k",
                             side="bid", strength=0.0))  # fmt: skip
    assert signals.dropped == 5
    assert (await anext(signals)).id == 5
    waiting = asyncio.ensure_future(anext(rows))
    with pytest.raises(StopAsyncIteration):
        await waiting
