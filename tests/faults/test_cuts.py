"""Publisher and server over real sockets with a line that breaks: nothing lost, nothing twice."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from client import Publisher
from market.enums import FrameType, Source
from market.record import times_of
from recording.entries import FrameEntry, GapEntry
from recording.journal import read_journal
from server.channel import Channel
from server.run import ServerProcess
from server.settings import settings_from
from tests.faults.proxy import FaultProxy, Plan, cuts
from tests.simulation.channels import ES, Market
from wire.messages import Welcome

SYMBOL = ES.symbol


@asynccontextmanager
async def line(
    folder: Path, plans: Iterable[Plan]
) -> AsyncIterator[tuple[ServerProcess, FaultProxy]]:
    """A warm server behind a proxy."""
    settings = settings_from(
        {"server": {"port": 0, "connections_per_address": 32}, "recording": {"folder": str(folder)}}
    )
    process = ServerProcess(settings, "0")
    await process.start()
    await process.runtime.when_warm()
    proxy = FaultProxy(process.port, plans)
    await proxy.start()
    try:
        yield process, proxy
    finally:
        await proxy.stop()
        await process.stop()


async def told(proxy: FaultProxy, market: Market, batch: int) -> tuple[Publisher, list[float]]:
    """Publish everything and wait for the acks; when the server greeted, in the loop's time."""
    loop = asyncio.get_running_loop()
    greeted: list[float] = []
    url = f"ws://127.0.0.1:{proxy.port}/ws"
    async with Publisher(url, [ES], source="replay", patient=True) as publisher:

        async def listen() -> None:
            greeted.extend(
                [loop.time() async for one in publisher.messages() if isinstance(one, Welcome)]
            )

        listening = asyncio.create_task(listen())
        for frame in market.frames(0, len(market.recs), batch):
            await publisher.publish(SYMBOL, frame)
        async with asyncio.timeout(120):
            await publisher.flush(durable=True)
    await listening
    return publisher, greeted


def require_whole(folder: Path, channel: Channel, market: Market, publisher: Publisher) -> None:
    """The journal holds each record once, in order, as it was; book and counts agree."""
    count = len(market.recs)
    expected = 1
    for entry in read_journal(folder):
        assert not isinstance(entry, GapEntry)
        if isinstance(entry, FrameEntry):
            frame = entry.frame
            assert frame.type == FrameType.EVENTS
            assert frame.seq == expected
            span = slice(frame.seq - 1, frame.end - 1)
            assert times_of(frame).tolist() == market.times[span].tolist()
            for name in ("kind", "side", "op", "position", "price", "size", "ref"):
                assert (frame.records[name] == market.records[name][span]).all()
            expected = frame.end
    assert expected == count + 1
    assert channel.counters.records == count
    assert channel.counters.checks_failed == channel.counters.faults == 0
    bids, asks = channel.stream.analyzer.top(10)
    assert (bids, asks) == market.top(count) == publisher.stream(SYMBOL).book.top(10)


def waits(cut: Sequence[float], greeted: Sequence[float]) -> list[float]:
    """From each cut to the next greeting, seconds; cuts before a greeting share the next one."""
    return [min(at for at in greeted if at > time) - time for time in cut]


async def cut_at_random_bytes(folder: Path, count: int, breaks: int, seed: int) -> list[float]:
    market = Market(seed, count)
    mean = 32 * count // (breaks + 1)
    async with line(folder, cuts(seed, breaks, mean)) as (process, proxy):
        publisher, greeted = await told(proxy, market, 500)
        (channel,) = process.runtime.hub
        assert channel.source is Source.REPLAY
        assert len(proxy.cut) >= breaks * 0.8, "too few connections were cut"
        found = waits(proxy.cut, greeted)
    require_whole(folder, channel, market, publisher)
    return found


async def test_cuts_at_random_bytes_lose_and_repeat_nothing(warmed: None, tmp_path: Path) -> None:
    assert len(await cut_at_random_bytes(tmp_path, 50_000, 10, 11)) >= 8


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_two_hundred_cuts_in_a_million_events_long(warmed: None, tmp_path: Path) -> None:
    begun = time.perf_counter()
    found = sorted(await cut_at_random_bytes(tmp_path, 1_000_000, 200, 12))
    sys.stdout.write(
        f"\n{len(found)} cuts in 1,000,000 events, {time.perf_counter() - begun:.0f} s: resumed "
        f"after {found[len(found) // 2]:.3f} s (median), {found[-1]:.3f} s (worst)\n"
    )
    assert found[-1] <= 2.0


FAULTS = {
    "refused": [Plan(refuse=True), Plan(refuse=True), Plan()],
    "stalled": [Plan(stall=60_000, stall_s=0.4), Plan()],
    "delayed": [Plan(delay_s=0.002, cut=90_000), Plan()],
    "corrupt": [Plan(corrupt=700 + 31 * n, cut=40_000) for n in range(6)] + [Plan()],
    "twice": [Plan(twice=True, cut=60_000), Plan(twice=True, cut=50_000), Plan()],
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_other_faults_of_a_line(warmed: None, tmp_path: Path, fault: str) -> None:
    market = Market(5, 8_000)
    async with line(tmp_path, FAULTS[fault]) as (process, proxy):
        publisher, _ = await told(proxy, market, 100)
        (channel,) = process.runtime.hub
        assert proxy.connections == len(FAULTS[fault]) or fault in ("stalled", "corrupt")
        assert proxy.corrupted >= 1 or fault != "corrupt"
    require_whole(tmp_path, channel, market, publisher)
