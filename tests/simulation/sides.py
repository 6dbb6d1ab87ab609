"""The real objects of the server, pumped by the virtual world instead of by asyncio; a listener."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path
from typing import Any, Final

from market.enums import Source
from recording.journal.segment import DiskSegment, LocalDisk, SegmentFile
from recording.messages import ClusterMessage, metrics_message
from server.channel import Channel
from server.dialogue import Dialogue
from server.resuming import resume_all
from server.runtime import Runtime, sync_all
from server.settings import Settings, settings_from
from tests.simulation.network import Link, Message
from tests.simulation.world import MS, SECOND, World
from wire.session import State

__all__ = ["SimDisk", "SimServer", "SimSubscriber", "Tap"]

_SETTINGS: Final = settings_from({})


class SimDisk(LocalDisk):
    """A real file system, in memory where there is one, that can be told to refuse.

    Nothing is lost with the power here, only the order of things matters: a sync does nothing.
    """

    def __init__(self) -> None:
        self.full = False
        self._opened: list[DiskSegment] = []

    def close_all(self) -> None:
        """The descriptors go with the process that had them."""
        for segment in self._opened:
            segment.close()
        self._opened.clear()

    def require_room(self) -> None:
        if self.full:
            raise OSError(ENOSPC, "No space left on device")

    def make_folder(self, folder: Path) -> list[Path]:
        self.require_room()
        return super().make_folder(folder)

    def create(self, path: Path) -> SegmentFile:
        self.require_room()
        segment = _Segment(path, self)
        self._opened.append(segment)
        return segment

    def sync_folder(self, folder: Path) -> None:
        self.require_room()


class _Segment(DiskSegment):
    def __init__(self, path: Path, disk: SimDisk) -> None:
        super().__init__(path)
        self._disk = disk

    def append(self, data: bytes) -> None:
        self._disk.require_room()
        super().append(data)

    def sync(self) -> None:
        self._disk.require_room()


class Tap:
    """Hears everything that a channel publishes, unconflated."""

    def __init__(self, heard: list[bytes]) -> None:
        self.heard = heard

    def cluster(self, channel: Channel, message: ClusterMessage) -> None:
        self.heard.append(message.text)

    def signal(self, channel: Channel, text: bytes) -> None:
        self.heard.append(text)

    def begun(self, channel: Channel) -> None:
        """The replay does not say it either: it is in the entries."""

    def applied(self, channel: Channel) -> None:
        row = channel.rendered(metrics_message)
        healthy = channel.session.state in (State.FRESH, State.LIVE)
        stale = json.loads(row)["phase"] == "stale"
        assert healthy or stale, "numbers of a stale book were published"
        self.heard.append(row)


class _Socket:
    """What a connection of the server needs of uvicorn's protocol."""

    client = ("10.0.0.1", 1)
    can_write = True

    def __init__(self, server: "SimServer") -> None:
        self.server = server
        self.link: Link | None = None
        self.peer: Any = None
        self.dialogue: Dialogue | None = None
        self.closing = False

    def attach(self, peer: object) -> None:
        self.peer = peer

    def take(self, data: Message) -> None:
        self.peer.message(data)
        self.server.work_soon()

    def lost(self, code: int | None) -> None:
        self.closing = True
        if self.dialogue is not None and self.server.runtime is not None:
            self.server.runtime.disconnect(self.dialogue)

    def write_text(self, messages: list[bytes]) -> None:
        if self.link is not None:
            for message in messages:
                self.link.to_client(message.decode())

    def close_now(self, code: int, reason: str) -> None:
        if not self.closing:
            self.closing = True
            if self.link is not None:
                self.link.close("server", code)

    def resume_reading(self) -> None:
        """Reading is never paused here."""


class SimServer:
    """A server process: can be killed, stopped, started again on the same folder."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world: Final = world
        self.folder: Final = folder
        self.disk: Final = SimDisk()
        self.settings: Settings = replace(
            _SETTINGS, recording=replace(_SETTINGS.recording, folder=folder)
        )
        self.runtime: Runtime | None = None
        self.heard: list[bytes] = []
        self.starts = 0
        self.resumed = 0
        """Journals that went on after a start."""
        self.on_start: Callable[[], None] = lambda: None
        self.backlog = 64 << 20
        self.before_kill: Callable[[], None] = lambda: None
        self.unwritten = False
        """What was published did not all reach the journal: the process ended before it could."""
        self._links: list[Link] = []
        self._working = False
        self.paused_until = 0
        world.every(250 * MS, self._slow_tick)
        world.every(100 * MS, self._sync)

    def start(self, *, forget: bool = False) -> None:
        """``forget``: no journal is young enough to go on with."""
        self.starts += 1
        self.on_start()
        settings = self.settings
        if forget:
            settings = replace(settings, recording=replace(settings.recording, resume_hours=0))
        runtime = Runtime(settings, "sim", clock=self.world.clock, disk=self.disk)
        meet = runtime.hub.on_channel

        def on_channel(channel: Channel) -> None:
            journal: Any = channel._journal
            journal._backlog_limit = self.backlog
            channel.listeners[Tap(self.heard)] = frozenset({"metrics", "clusters", "signals"})
            meet(channel)

        runtime.hub.on_channel = on_channel
        runtime._begin(resume_all(settings, self.world.clock))
        assert not runtime.resumption.failed
        self.resumed += len(runtime.resumption.runs)
        self.runtime = runtime

    @property
    def up(self) -> bool:
        return self.runtime is not None

    def connect(self, client: Any) -> Link | None:
        """A connection, or None: nobody listens."""
        if self.runtime is None:
            return None
        socket = _Socket(self)
        delay = self.world.random.choice((MS // 20, MS, 30 * MS))
        link = socket.link = Link(self.world, client, socket, delay)
        protocol: Any = socket
        socket.dialogue = self.runtime.connect(protocol)
        self._links.append(link)
        return link

    def kill(self) -> None:
        """The process is gone in this moment; the system keeps what it was given."""
        self.before_kill()
        runtime, self.runtime = self.runtime, None
        if runtime is not None:
            self._note_unwritten(runtime)
            for link in self._links:
                link.cut()
            self.disk.close_all()
        self._links.clear()

    def stop(self) -> None:
        """A clean end."""
        runtime = self.runtime
        if runtime is None:
            return
        runtime.pipeline.drain()
        for link in self._links:
            link.close("server", 1012)
        self._note_unwritten(runtime)
        runtime._close_channels()
        self.runtime = None
        self._links.clear()

    def _note_unwritten(self, runtime: Runtime) -> None:
        self.unwritten |= any(channel.journal_broken for channel in runtime.hub)

    def work_soon(self) -> None:
        """The pipeline's turn comes a little later: messages gather, as they do behind sockets."""
        if not self._working:
            self._working = True
            late = self.world.random.choice((0, 0, MS // 10, 2 * MS))
            self.world.at(max(self.world.now + late, self.paused_until), self._work)

    def _work(self) -> None:
        self._working = False
        if self.runtime is not None:
            self.runtime.pipeline.drain()
            self._tick_soon()

    def _tick_soon(self) -> None:
        runtime = self.runtime
        if runtime is not None and any(
            published.acks.due_at is not None
            for dialogue in runtime._dialogues.values()
            for published in dialogue._published
        ):
            self.world.after(60 * MS, self._tick)

    def _tick(self) -> None:
        if self.runtime is not None:
            self.runtime.tick(self.world.now)
            self.runtime.pipeline.drain()

    def _slow_tick(self) -> None:
        if self.runtime is not None and self.world.now >= self.paused_until:
            self.runtime.slow_tick(self.world.now)
            self.runtime.pipeline.drain()
            self._tick_soon()

    def _sync(self) -> None:
        if self.runtime is not None:
            due = self.runtime.unsynced()
            self.runtime.synced(due, sync_all(due))
            self.runtime.pipeline.drain()


class SimSubscriber:
    """A peer that only listens, and checks what it hears against what it heard before."""

    def __init__(self, world: World, server: SimServer, symbol: str, source: Source) -> None:
        self.world: Final = world
        self.server: Final = server
        self.symbol: Final = symbol
        self.source: Final = source
        self.link: Link | None = None
        self.clusters: dict[int, dict[str, Any]] | None = None
        self.rows = 0
        self.last_seq = 0
        self.last: dict[str, Any] | None = None
        self.on_row: Callable[[dict[str, Any]], None] = lambda _: None

    def connect(self) -> None:
        self.clusters = None
        self.link = self.server.connect(self)
        if self.link is None:
            self.world.after(SECOND, self.connect)
            return
        self.link.to_server(
            json.dumps(
                {
                    "type": "hello",
                    "protocol": {"min": 1, "max": 1},
                    "session": "0c9e6679-7425-40de-944b-e07fc1f90ae7",
                    "client": "listener",
                    "source": self.source.value,
                    "role": "subscriber",
                    "instruments": [{"symbol": self.symbol}],
                    "subscribe": ["metrics", "clusters"],
                }
            )
        )

    def take(self, data: Message) -> None:
        message = json.loads(data)
        if message["type"] == "metrics":
            self._row(message)
        elif message["type"] == "clusters":
            self._clusters(message)

    def lost(self, code: int | None) -> None:
        self.link = self.clusters = None
        self.world.after(SECOND, self.connect)

    def _row(self, message: dict[str, Any]) -> None:
        self.rows += 1
        self.last = message
        if message["phase"] == "stale":
            assert set(message) == {"type", "instrument", "source", "seq", "time", "book", "phase"}
        else:
            self.on_row(message)

    def _clusters(self, message: dict[str, Any]) -> None:
        found = {cluster["id"]: cluster for cluster in message["clusters"]}
        if message["event"] == "snapshot":
            self.clusters = found
            return
        assert self.clusters is not None, "an event before the full set"
        known = set(found) <= set(self.clusters)
        if message["event"] == "new":
            assert not set(found) & set(self.clusters), "a cluster was announced twice"
            self.clusters.update(found)
        elif message["event"] == "update":
            assert known, "an update of a cluster that nobody announced"
            self.clusters.update(found)
        else:
            assert known, "the end of a cluster that nobody announced"
            for number in found:
                del self.clusters[number]


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
