"""The pipeline: turns, jobs, limits, defects; no sockets."""

import asyncio
from collections import deque

import pytest

from market.errors import EnvironmentFault
from server.pipeline import Pipeline


class Box:
    """Messages of one peer."""

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self.messages = deque(range(count))
        self.flushed = 0

    @property
    def waiting(self) -> int:
        return len(self.messages)

    def flush(self) -> None:
        self.flushed += 1


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = 0

    def monotonic_ns(self) -> int:
        return self.now

    def wall_ns(self) -> int:
        return self.now


async def test_peers_take_turns() -> None:
    order: list[str] = []

    def handle(box: Box) -> None:
        box.messages.popleft()
        order.append(box.name)

    pipeline = Pipeline(handle)
    for box in (Box("busy", 5), Box("quiet", 1)):
        pipeline.ready(box)
    pipeline.drain()
    assert order == ["busy", "quiet", "busy", "busy", "busy", "busy"]
    assert pipeline.handled == 6


async def test_answers_are_written_once_a_slice() -> None:
    box = Box("one", 10)

    def handle(one: Box) -> None:
        one.messages.popleft()
        pipeline.flush_later(one)

    pipeline = Pipeline(handle)
    pipeline.ready(box)
    task = asyncio.create_task(pipeline.run())
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert not box.waiting
    assert 1 <= box.flushed < 10
    task.cancel()


async def test_who_said_something_is_answered_before_those_who_listen() -> None:
    order: list[str] = []

    class Named(Box):
        def flush(self) -> None:
            order.append(self.name)

    publisher, listeners = Named("publisher", 2), [Named("one", 0), Named("two", 0)]

    def handle(box: Box) -> None:
        box.messages.popleft()
        for answers in (*listeners, box):  # rows come before the ack
            pipeline.flush_later(answers)

    pipeline = Pipeline(handle)
    pipeline.ready(publisher)
    pipeline.drain()
    assert order == ["publisher", "one", "two"]
    pipeline.flush_later(publisher)
    pipeline.flush_later(listeners[0])
    pipeline.drain()
    assert order[3:] == ["publisher", "one"]
    pipeline.flush_later(listeners[0])
    pipeline.flush_later(publisher)
    pipeline.drain()
    assert order[5:] == ["one", "publisher"], "it said something in another slice"


async def test_jobs_get_their_answers_and_their_errors() -> None:
    pipeline = Pipeline(lambda _: None)
    task = asyncio.create_task(pipeline.run())
    assert await pipeline.submit(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await pipeline.submit(lambda: 1 // 0)
    assert await pipeline.submit(lambda: 8) == 8
    task.cancel()


async def test_too_many_jobs_are_refused() -> None:
    pipeline = Pipeline(lambda _: None, jobs=2)
    waiting = [asyncio.create_task(pipeline.submit(lambda: 1)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(EnvironmentFault) as caught:
        await pipeline.submit(lambda: 1)
    assert caught.value.code == "busy"
    pipeline.drain()
    assert await asyncio.gather(*waiting) == [1, 1]


async def test_what_a_slice_raises_is_raised_and_what_waits_is_worked_on_when_run_again() -> None:
    handled: list[str] = []

    def handle(box: Box) -> None:
        box.messages.popleft()
        if box.name == "bad":
            raise ZeroDivisionError
        handled.append(box.name)

    pipeline = Pipeline(handle)
    pipeline.ready(Box("bad", 1))
    pipeline.ready(Box("good", 2))
    with pytest.raises(ZeroDivisionError):
        await pipeline.run()
    pipeline.ready(Box("late", 1))
    await asyncio.sleep(0)
    assert handled == [], "nobody runs it"
    task = asyncio.create_task(pipeline.run())
    while pipeline._ready or not handled:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0)
    assert handled == ["good", "late", "good"]
    task.cancel()


async def test_sockets_have_their_turn_between_slices() -> None:
    """A slice ends after 2 ms, and the next one is not begun in the same turn of the loop."""
    clock = Clock()

    def handle(box: Box) -> None:
        box.messages.popleft()
        clock.now += 3_000_000
        turns.append("message")

    turns: list[str] = []
    pipeline = Pipeline(handle, clock=clock)
    task = asyncio.create_task(pipeline.run())
    await asyncio.sleep(0)
    pipeline.ready(Box("busy", 3))
    while turns.count("message") < 3:
        await asyncio.sleep(0)
        turns.append("socket")
    assert turns == ["message", "socket"] * 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pipeline.ready(Box("late", 1))
    await asyncio.sleep(0)
    assert turns.count("message") == 3, "it is cancelled"
    pipeline.drain()
    assert turns.count("message") == 4
