"""A TCP proxy between client and server that cuts, stalls, delays, corrupts: by plan, by seed."""

import asyncio
import random
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

__all__ = ["FaultProxy", "Plan", "cuts"]

_CHUNK: Final = 4096


@dataclass(frozen=True)
class Plan:
    """What happens to one connection. Offsets are bytes of the way to the server.

    Attributes:
        cut: both sides are reset after so many bytes; None: never.
        late: the other way is cut only so many bytes later: what the server answers is lost too.
        stall: after so many bytes nothing moves for ``stall_s``.
        stall_s: seconds.
        delay_s: every chunk is late by this, either way.
        corrupt: the byte at this offset is changed.
        half: after so many bytes the client is left with a dead connection, unclosed.
        refuse: closed before a byte was passed on.
        twice: the bytes go to the server a second time, over a connection of their own.
    """

    cut: int | None = None
    stall: int | None = None
    stall_s: float = 0.0
    delay_s: float = 0.0
    corrupt: int | None = None
    half: int | None = None
    refuse: bool = False
    twice: bool = False


def cuts(seed: int, count: int, mean: int) -> Iterator[Plan]:
    """``count`` connections that are cut at random bytes, about ``mean`` apart, then sound ones."""
    rng = random.Random(seed)
    for _ in range(count):
        yield Plan(cut=int(rng.expovariate(1 / mean)) + 1)


class FaultProxy:
    """Listens on a port of its own, passes on to ``port``.

    Attributes:
        port: where it listens, after ``start``.
        cut: connections that it has ended by plan, with the time of the loop.
        healed: when a fault was over, in the loop's time: from then on the next plan holds.
        connections: so far.
    """

    def __init__(self, port: int, plans: Iterable[Plan] = ()) -> None:
        self.port = 0
        self.connections = 0
        self.cut: list[float] = []
        self.healed: list[float] = []
        self.corrupted = 0
        self._target = port
        self._plans = iter(plans)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # what was reset is closed in a later turn of the loop

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._server is None:
            _reset(writer)  # it came while all was being ended
            return
        plan = next(self._plans, Plan())
        if plan.refuse:
            _reset(writer)
            self._heal()
            return
        task = asyncio.create_task(self._carry(plan, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, writer))

    def _ended(self, writer: asyncio.StreamWriter, task: asyncio.Task[None]) -> None:
        """One that is cancelled before its first step has ended nothing by itself."""
        self._tasks.discard(task)
        _reset(writer)

    async def _carry(
        self, plan: Plan, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        ends, work = [writer], []
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            ends.append(back)
            echo = None
            if plan.twice:
                _, echo = await asyncio.open_connection("127.0.0.1", self._target)
                ends.append(echo)
            up = asyncio.create_task(self._up(plan, reader, back, echo))
            work = [up, asyncio.create_task(_down(plan, there, writer))]
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            if plan.half is not None and up in done:
                _reset(back)
                await asyncio.Event().wait()
        finally:
            for end in ends:  # first, as waiting may be cancelled too
                _reset(end)
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _up(
        self,
        plan: Plan,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        echo: asyncio.StreamWriter | None,
    ) -> None:
        passed = 0
        end = min(one for one in (plan.cut, plan.half, 1 << 62) if one is not None)
        while passed < end:
            data = await reader.read(min(_CHUNK, end - passed))
            if not data:
                return
            if plan.corrupt is not None and 0 <= plan.corrupt - passed < len(data):
                changed = bytearray(data)
                changed[plan.corrupt - passed] ^= 0x10
                data = bytes(changed)
                self.corrupted += 1
                self._heal()
            if plan.stall is not None and passed <= plan.stall < passed + len(data):
                await asyncio.sleep(plan.stall_s)
                self._heal()
            if plan.delay_s:
                await asyncio.sleep(plan.delay_s)
            writer.write(data)
            await writer.drain()
            if echo is not None:
                echo.write(data)
            passed += len(data)
        self.cut.append(asyncio.get_running_loop().time())
        self._heal()

    def _heal(self) -> None:
        self.healed.append(asyncio.get_running_loop().time())


async def _down(plan: Plan, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        if plan.delay_s:
            await asyncio.sleep(plan.delay_s)
        writer.write(data)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection at once, as a lost peer does: what is under way is gone."""
    raw = writer.get_extra_info("socket")
    if raw is not None and writer.transport is not None and not writer.transport.is_closing():
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
