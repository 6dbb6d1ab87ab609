"""Everything behind the sockets: the pipeline, the channels, and what has to happen in time."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from market.errors import EnvironmentFault
from recording.journal import FolderLock
from recording.journal.segment import LOCAL_DISK, Disk
from server.channel import Channel
from server.clock import SYSTEM, Clock
from server.connection import Connection
from server.dialogue import Dialogue
from server.hub import Hub
from server.measure import Measures
from server.pipeline import Pipeline
from server.protocol import StreamProtocol
from server.resuming import Resumption, resume_all
from server.settings import Settings
from server.upkeep import Upkeep
from server.warmup import warm_kernels
from wire.codes import CloseCode, ErrorCode

__all__ = ["Runtime", "sync_all"]

_LOG: Final = logging.getLogger("depthbridge.runtime")
_SECOND: Final = 1_000_000_000
_TICK_S: Final = 0.01
_SLOW_TICK_S: Final = 0.25


class Runtime:
    """The parts of the server that outlive a connection.

    Attributes:
        settings: of the process.
        version: of the server.
        clock: of the process.
        measures: what is counted for /metrics.
        hub: the channels.
        pipeline: the one task that touches them.
        started: monotonic ns.
        resumption: what the start found in the recordings folder.
        warm: whether the kernels are compiled and the journals resumed.
        ending: whether the server is shutting down.
        upkeep: compaction of the recordings, and the room they take.
    """

    def __init__(
        self, settings: Settings, version: str, *, clock: Clock = SYSTEM, disk: Disk = LOCAL_DISK
    ) -> None:
        self.settings = settings
        self.version = version
        self.clock = clock
        self.measures = Measures()
        self.hub = Hub(settings, clock=clock, measures=self.measures, disk=disk)
        self.hub.on_channel = self._meet
        self.pipeline = Pipeline(self._handle, clock=clock, measures=self.measures)
        self.started = clock.monotonic_ns()
        self._beat_at = self.started
        self._seen = (self.started, clock.wall_ns())
        self.ending = False
        self.warming_failed = ""
        self.resumption = Resumption()
        self._warm = asyncio.Event()
        self._lock: FolderLock | None = None
        self._dialogues: dict[int, Dialogue] = {}
        self._by_connection: dict[Connection, Dialogue] = {}
        self._numbers = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.upkeep = Upkeep(settings, clock=clock)

    # Life.

    def open(self) -> None:
        """Take the recordings folder.

        Raises:
            EnvironmentFault: not writable, or another server has it.
        """
        if self.settings.recording.enabled:
            self._lock = FolderLock(self.settings.recordings_folder)

    def start(self) -> None:
        """Warm the kernels in a thread; then work."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._warm_up, args=(loop,), name="warm-up", daemon=True).start()
        works: list[Callable[[], Awaitable[None]]] = [
            *(self._work, self._keep_ticking, self._keep_slow_ticking, self._keep_syncing)
        ]
        if self.settings.recording.enabled:
            works.append(self.upkeep.run)
        for work in works:
            self._tasks.append(asyncio.create_task(self._guarded(work)))

    async def stop(self) -> None:
        """Handle what waits, bring the journals to disk, give the folder free."""
        if self.ending:
            return
        self.ending = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.warm:
            self.pipeline.drain()
        await asyncio.to_thread(self._close_channels)
        if self._lock is not None:
            self._lock.release()

    @property
    def warm(self) -> bool:
        """Whether the kernels are compiled and data is worked on."""
        return self._warm.is_set()

    async def when_warm(self) -> None:
        """Return when data is worked on."""
        await self._warm.wait()

    # Connections.

    @property
    def connections(self) -> int:
        """WebSocket connections now."""
        return len(self._dialogues)

    @property
    def peers(self) -> list[Connection]:
        """The WebSocket connections."""
        return list(self._by_connection)

    def connections_of(self, address: str) -> int:
        """WebSocket connections of one address."""
        return sum(one.connection.address == address for one in self._dialogues.values())

    @property
    def bridges(self) -> int:
        """Connections that publish something other than the demo."""
        return sum(
            any(channel.source != "demo" for channel in dialogue.streams)
            for dialogue in self._dialogues.values()
        )

    def connect(self, protocol: StreamProtocol) -> Dialogue:
        """A peer was accepted."""
        connection = Connection(
            protocol,
            self.settings.server,
            self.pipeline.ready,
            self.pipeline.flush_later,
            clock=self.clock,
            measures=self.measures,
        )
        self._numbers += 1
        self.measures.opened += 1
        dialogue = Dialogue(self._numbers, connection, self.hub, self.version, self.supersede)
        self._dialogues[dialogue.id] = dialogue
        self._by_connection[connection] = dialogue
        protocol.attach(connection)
        return dialogue

    async def finish(self, dialogue: Dialogue) -> None:
        """Return when the pipeline, turn by turn, has worked off what a peer left behind."""
        inbox = dialogue.connection
        while inbox.waiting and self.warm and not self.ending:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(_TICK_S)

    def disconnect(self, dialogue: Dialogue) -> None:
        """A peer is gone; what it had sent before is still worked on."""
        while dialogue.connection.waiting and self.warm:
            dialogue.handle(dialogue.connection.take())
        self._dialogues.pop(dialogue.id, None)
        if self._by_connection.pop(dialogue.connection, None) is not None:
            self.measures.forget(dialogue.connection)
        dialogue.end(self.clock.monotonic_ns())

    def supersede(self, number: int) -> None:
        """Another connection or session has taken over what this connection published."""
        dialogue = self._dialogues.get(number)
        if dialogue is not None:
            dialogue.connection.close(CloseCode.SUPERSEDED, "superseded")

    def _meet(self, channel: Channel) -> None:
        for dialogue in self._dialogues.values():
            dialogue.subscription.meet(channel)

    def _handle(self, connection: Connection) -> None:
        """The pipeline's turn for one connection."""
        data = connection.take()
        dialogue = self._by_connection.get(connection)
        if dialogue is None:
            return
        try:
            dialogue.handle(data)
        except Exception:  # noqa: BLE001 - one peer's message must not stop the others
            _LOG.exception("defect", extra={"address": connection.address})
            connection.fail(ErrorCode.INTERNAL, "a defect of the server", CloseCode.RESTART)

    # Tasks.

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """A defect in a task must not pass silently: it is logged, and the work goes on."""
        while True:
            try:
                await work()
            except asyncio.CancelledError:
                raise
            except Exception:  # noqa: BLE001 - ours to mend; stopping would lose live data
                _LOG.exception("defect", extra={"task": work.__name__})
                await asyncio.sleep(_SLOW_TICK_S)

    async def _work(self) -> None:
        await self._warm.wait()
        await self.pipeline.run()

    async def _keep_ticking(self) -> None:
        while True:
            asleep = time.perf_counter_ns()
            await asyncio.sleep(_TICK_S)
            late = time.perf_counter_ns() - asleep - int(_TICK_S * _SECOND)
            self.measures.loop_lag.add(max(late, 0))
            self.tick(self.clock.monotonic_ns())

    async def _keep_slow_ticking(self) -> None:
        while True:
            await asyncio.sleep(_SLOW_TICK_S)
            self.slow_tick(self.clock.monotonic_ns())

    async def _keep_syncing(self) -> None:
        """Bring journals to disk, together, in a thread: the disk never holds up the book."""
        while True:
            await asyncio.sleep(self.settings.recording.sync_ms / 1000)
            due = self.unsynced()
            if due:
                self.synced(due, await asyncio.to_thread(sync_all, due))

    # What has to happen in time; the tasks above call it, and so does a simulation.

    def tick(self, now: int) -> None:
        """Every 10 ms: acks and rate-limited topics that are due (``now`` monotonic ns)."""
        for dialogue in list(self._dialogues.values()):
            dialogue.acknowledge_due(now)
            dialogue.subscription.flush(now)

    def slow_tick(self, now: int) -> None:
        """Every 250 ms: slow peers, heartbeats, silence, questions without an answer."""
        for dialogue in list(self._dialogues.values()):
            dialogue.connection.check_pace(now)
        if now - self._beat_at >= self.settings.server.heartbeat_s * _SECOND:
            self._beat_at = now
            for dialogue in list(self._dialogues.values()):
                dialogue.beat()
        silent = set(self.hub.publishers.silent(now))
        woke = self._stood_still(now)
        for channel in self.hub:
            if channel.key in silent:
                channel.silent()
            channel.mind_silence()
            if woke:
                channel.woke(now)
            channel.ask_again(now)
            channel.retry_journal(now)

    def _stood_still(self, now: int) -> bool:
        """Whether this computer slept since the last slow tick, or something held the process up.

        Where the monotonic clock stops in sleep, the wall clock runs away from it.
        """
        wall, limit = self.clock.wall_ns(), self.settings.server.sleep_s * _SECOND
        before, self._seen = self._seen, (now, wall)
        passed = now - before[0]
        return passed > limit or abs(wall - before[1] - passed) > limit

    def unsynced(self) -> list[Channel]:
        """Channels whose journal holds entries that are not on disk."""
        return [channel for channel in self.hub if channel.needs_sync]

    def synced(self, due: Sequence[Channel], failed: Iterable[Channel]) -> None:
        """These journals were brought to disk, except those that failed: say so."""
        for channel in failed:
            channel.counters.journal_failures += 1
        for dialogue in list(self._dialogues.values()):
            if any(channel in due for channel in dialogue.streams):
                dialogue.acknowledge_durable()

    def _warm_up(self, loop: asyncio.AbstractEventLoop) -> None:
        started = self.clock.monotonic_ns()
        try:
            warm_kernels()
        except Exception as error:  # noqa: BLE001 - health has to say why nothing works
            _LOG.exception("kernels do not compile")
            self.warming_failed = str(error) or type(error).__name__
            return
        seconds = round((self.clock.monotonic_ns() - started) / 1e9, 3)
        _LOG.info("kernels are warm", extra={"seconds": seconds})
        try:
            found = resume_all(self.settings, self.clock)
        except Exception as error:  # noqa: BLE001 - a defect; data must not wait for its repair
            _LOG.exception("defect")
            found = Resumption(failed=str(error) or type(error).__name__)
        try:
            loop.call_soon_threadsafe(self._begin, found)
        except RuntimeError:
            _LOG.info("stopped before the kernels were warm")

    def _begin(self, found: Resumption) -> None:
        """Everything is ready: go on with what was, and work."""
        if self.ending:
            return
        self.resumption = found
        try:
            self.hub.take_over(found)
        except Exception as error:  # noqa: BLE001 - a defect; data must not wait for its repair
            _LOG.exception("defect")
            found.failed = str(error) or type(error).__name__
        self._warm.set()

    def _close_channels(self) -> None:
        for channel in self.hub:
            try:
                channel.close()
            except EnvironmentFault as fault:
                _LOG.error("journal not closed", extra={"reason": fault.message})


def sync_all(channels: Iterable[Channel]) -> list[Channel]:
    """Bring journals to disk; blocks. Returns those that could not be."""
    failed = []
    for channel in channels:
        try:
            channel.sync()
        except EnvironmentFault as fault:
            _LOG.error("journal not on disk", extra={"reason": fault.message})
            failed.append(channel)
    return failed
