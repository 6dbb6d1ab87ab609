"""When deadlines pass, and how many of them in one turn."""

import asyncio
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from server.guard.deadline import Deadline, Deadlines
from tests.waiting import PATIENCE_S


def _note(times: list[tuple[int, float]], index: int) -> None:
    times.append((index, asyncio.get_running_loop().time()))


async def _passed(times: Sequence[object], count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(times) < count:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)


async def test_each_passes_once_at_its_time_in_any_order() -> None:
    loop = asyncio.get_running_loop()
    all_, begun = Deadlines(loop), loop.time()
    wanted = [0.06, 0.02, 0.04, 0.02]
    times: list[tuple[int, float]] = []
    for index, seconds in enumerate(wanted):
        Deadline(all_, partial(_note, times, index)).set(seconds)
    await _passed(times, len(wanted))
    assert [index for index, _ in times] == [1, 3, 2, 0]
    assert all(at - begun >= wanted[index] - 0.002 for index, at in times)
    await asyncio.sleep(0.05)
    assert len(times) == len(wanted)
    assert not len(all_)


async def test_the_last_word_counts() -> None:
    loop = asyncio.get_running_loop()
    all_, times = Deadlines(loop), list[float]()
    made = [Deadline(all_, lambda: times.append(loop.time())) for _ in range(4)]
    later, sooner, never, ended = made
    begun = loop.time()
    later.set(0.02)
    later.set(0.2)
    sooner.set(30)
    sooner.set(0.05)
    never.set(0.02)
    never.clear()
    ended.set(0.02)
    ended.end()
    await _passed(times, 2)
    await asyncio.sleep(0.1)
    assert len(times) == 2
    assert times[0] - begun >= 0.048
    assert times[1] - begun >= 0.198
    sooner.set(0.01)
    await _passed(times, 3)


async def test_a_look_that_another_has_replaced_does_not_multiply() -> None:
    loop = asyncio.get_running_loop()
    all_, times = Deadlines(loop), list[float]()
    one = Deadline(all_, lambda: times.append(loop.time()))
    one.set(0.03)
    one.set(0.01)
    await _passed(times, 1)
    one.set(0.2)
    assert len(all_) == 2, "the look at 0.03 stays until its time"
    await asyncio.sleep(0.06)
    assert len(all_) == 1
    await _passed(times, 2)


async def test_many_that_pass_together_leave_turns_to_others() -> None:
    loop = asyncio.get_running_loop()
    all_, times = Deadlines(loop), list[float]()
    in_turn: list[int] = []

    def count() -> None:
        in_turn.append(0)
        if len(times) < 500:
            loop.call_soon(count)

    def passed() -> None:
        times.append(loop.time())
        in_turn[-1] += 1

    kept = [Deadline(all_, passed) for _ in range(500)]
    for one in kept:
        one.set(0.01)
    count()
    await _passed(times, 500)
    assert max(in_turn) <= 2
    assert sum(1 for passed_ in in_turn if passed_) >= 500 // 2


class Rounding:
    """A loop whose timers come a hair before their time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, work: Callable[[], None]) -> None:
        self.timers.append((when, work))


def test_a_timer_that_comes_a_hair_early_is_not_set_again() -> None:
    loop, passed = Rounding(), list[int]()
    deadline = Deadline(
        Deadlines(cast("asyncio.AbstractEventLoop", loop)), lambda: passed.append(1)
    )
    deadline.set(5)
    ((when, work),) = loop.timers
    loop.now = when - 1e-9
    work()
    assert passed == [1]
    assert len(loop.timers) == 1


async def test_what_has_ended_is_not_kept_alive() -> None:
    class Connection:
        def late(self) -> None:
            raise AssertionError

    all_ = Deadlines(asyncio.get_running_loop())
    made = Connection()
    gone = weakref.ref(made)
    deadline = Deadline(all_, made.late)
    deadline.set(30)
    deadline.end()
    del made
    assert gone() is None
    assert len(all_) == 1
