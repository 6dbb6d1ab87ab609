"""A seed becomes a market, a network, a server's life, and everything that goes wrong with them."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from market.enums import Source
from market.instrument import DEFAULT_INSTRUMENTS
from recording.entries import Entry
from recording.journal import read_journal, segments_of
from recording.stream import Stream
from server.channel import Channel
from tests.orderbook.market_fuzz import Plan, make_plan
from tests.reference.records import Rec
from tests.simulation.network import Link
from tests.simulation.oracles import (
    Kept,
    Truth,
    ends_in_doubt,
    journal_holds,
    replayed,
    stale_reasons,
)
from tests.simulation.sides import SimPublisher, SimServer, SimSubscriber, remove
from tests.simulation.world import MS, SECOND, World
from wire.session import State

__all__ = ["FAULTS", "Outcome", "Scenario", "run"]

_RAM: Final = Path("/dev/shm")


@dataclass
class Outcome:
    """What a run came to."""

    kept: Kept
    faults: list[str]
    healed_in: int
    """ns of virtual time from the last fault's end until everything was acknowledged."""
    records: int = 0
    messages: int = 0
    rows: int = 0
    happened: int = 0
    damaged: int = 0
    connections: int = 0
    asked: Counter[str] = field(default_factory=Counter)


class Scenario:
    """One run. ``faults`` None: the seed decides which and how many."""

    def __init__(
        self, seed: int, folder: Path, faults: list[str] | None = None, steps: int = 150
    ) -> None:
        self.world: Final = World(seed)
        self.random: Final = self.world.random
        switches = {"rewinds": False, "gaps": False, "faults": False}
        self.plan: Final[Plan] = make_plan(seed, steps, **switches)
        self.truth: Final = Truth(self.plan)
        self.server: Final = SimServer(self.world, folder)
        self.instrument = DEFAULT_INSTRUMENTS.define(
            "SIM", self.plan.tick, "1", 1.0, self.plan.depth
        )
        self.publishers: list[SimPublisher] = []
        self.pushed = 0
        self.cursor = 0
        self.small_ring = self.random.random() < 0.15
        self.said: Final = list(self._portions())
        self.capacity = 128 if self.small_ring else 4096
        self.faults = faults
        self.overflowed = False
        self.unsound = False
        """Whether a book may rightly be called wrong."""
        self.lossy = self.small_ring
        """Whether something may be lost for a reason that the publisher knows."""
        self.busy_until = 0
        self.links: Final[list[Link]] = []
        self.found_doubt = False
        """Whether the server was started on a journal whose book waits for a snapshot."""
        self.server.before_kill = self._acked_is_written
        self.server.on_start = self._look_for_doubt
        self.listener: Final = SimSubscriber(self.world, self.server, "SIM")

    @property
    def publisher(self) -> SimPublisher:
        return self.publishers[-1]

    # The life of the parts.

    def new_publisher(self, *, seeded: bool = True, **options: Any) -> None:
        session = f"{len(self.publishers):08d}-7425-40de-944b-e07fc1f90ae7"
        one = SimPublisher(
            self.world,
            self.server,
            self.instrument,
            session,
            self.plan.settings,
            capacity=self.capacity,
            batch=self.random.choice((1, 7, 50, 200)),
            reply_now=self.random.random() < 0.3,
            **options,
        )
        while seeded and not self.truth.sound(self.pushed):
            self._miss()
        if seeded and self.pushed:
            bids, asks = self.truth.book(self.pushed)
            time = self.plan.recs[self.pushed - 1].time
            one.stream.seed(bids, asks, time)
        one.pushed_at[0] = self.pushed
        self.publishers.append(one)
        one.connect()

    def _portions(self) -> Iterator[tuple[Rec, ...] | int]:
        """What is pushed at once: some records, or a time before which none will come any more."""
        pushed = 0
        for step in self.plan.steps:
            if step.what == "advance":
                yield min([step.time, *(rec.time for rec in self.plan.recs[pushed:])])
            left = step.recs
            pushed += len(left)
            while left:
                count = self.random.choice((1, 3, 10, 30))
                yield left[:count]
                left = left[count:]

    def _miss(self) -> None:
        """The market goes on by a record while nobody publishes."""
        said = self.said[self.cursor]
        if not isinstance(said, int):
            self.pushed += 1
            said = said[1:]
        if isinstance(said, int) or not said:
            self.cursor += 1
        else:
            self.said[self.cursor] = said

    def step(self) -> None:
        """The market says something."""
        if self.cursor >= len(self.said):
            return
        said = self.said[self.cursor]
        self.cursor += 1
        if isinstance(said, int):
            self.publisher.stream.advance(said)
        else:
            self.publisher.push(self.pushed, said)
            self.pushed += len(said)
        pause = self.random.choice((0, MS, 20 * MS, 100 * MS))
        self.world.after(pause, self.step)

    def run(self, limit: int = 120 * SECOND) -> Outcome:
        world = self.world
        self.server.start()
        self.listener.connect()
        self.new_publisher()
        self.step()
        names = self.faults
        if names is None:
            names = self.random.choices(list(FAULTS), k=self.random.randrange(5))
        for name in names:
            world.after(self.random.randrange(2 * SECOND), self._fault(name))
        world.run(world.now + 2 * SECOND)
        done = world.run(world.now + limit, self._told)
        assert done, f"not told: {self._state()}"
        healed = world.now
        done = world.run(world.now + limit, self._settled)
        took = world.now - healed
        assert done, f"not settled: {self._state()}"
        world.run(world.now + 400 * MS)
        return self._judged(names, took)

    def _fault(self, name: str) -> Callable[[], None]:
        def happen() -> None:
            self.busy_until = max(self.busy_until, self.world.now + FAULTS[name](self))

        return happen

    def _told(self) -> bool:
        return self.cursor >= len(self.said) and self.world.now >= self.busy_until

    def channel(self) -> Channel | None:
        runtime = self.server.runtime
        return None if runtime is None else runtime.hub.find("SIM", Source.LIVE)

    def _settled(self) -> bool:
        channel = self.channel()
        if channel is None or self.publisher.link is None:
            return False
        session = channel.session
        return (
            self.publisher.core.settled
            and session.session == self.publisher.session
            and session.state in (State.LIVE, State.FRESH)
            and session.expected == self.publisher.stream.ring.end
            and channel.stream.phase != "stale"
            and not channel.journal_broken
        )

    def _state(self) -> str:
        channel = self.channel()
        mine = self.publisher.stream
        text = f"ended={self.publisher.ended} sent={mine.sent} end={mine.ring.end}"
        if channel is not None:
            text += f" state={channel.session.state} expected={channel.session.expected}"
            text += f" broken={channel.journal_broken} phase={channel.stream.phase}"
        return text

    # What must hold.

    def _judged(self, names: list[str], took: int) -> Outcome:
        channel = self.channel()
        assert channel is not None
        asked = sum((one.asked for one in self.publishers), Counter())
        depth = self.plan.depth
        found = [tuple(map(tuple, side)) for side in channel.stream.analyzer.top(depth)]
        wanted = [side[:depth] for side in self.truth.book(self.pushed)]
        assert found == wanted, "the book is not the market's"
        if self.listener.clusters is not None:
            self._listener_agrees(channel)
        parameters = channel.stream.parameters
        settings = self.server.settings
        self.server.stop()
        entries = list(read_journal(self.server.folder))
        kept = journal_holds(entries, self.publishers, self.truth)
        if not self.unsound:
            self._doubts_are_right(asked, stale_reasons(entries))
        if not (self.lossy or self._skipped(stale_reasons(entries))):
            assert kept.gaps == [], "records were lost without a reason"
        assert kept.last[self.publisher.session] == self.publisher.stream.ring.end - 1
        calendar = settings.calendar(self.instrument.session)
        stream = Stream(self.instrument, Source.LIVE, settings.analytics, calendar)
        again = replayed(entries, stream)
        if not (self.overflowed or self.server.unwritten):
            heard = self.server.heard
            if self.server.resumed:  # the doubt of a start is recorded before anybody listens
                again, heard = ([one for one in all_ if _told(one)] for all_ in (again, heard))
            assert again == heard, "live output is not the replay's"
        assert stream.parameters == parameters
        return Outcome(
            kept,
            names,
            took,
            records=self.pushed,
            messages=len(self.server.heard),
            rows=self.listener.rows,
            happened=self.world.happened,
            damaged=sum(link.corrupted for link in self.links),
            connections=sum(one.connections for one in self.publishers),
            asked=asked,
        )

    def _acked_is_written(self) -> None:
        """Whatever was acknowledged is in the files of the process that ends here."""
        kept = journal_holds(self._written(), self.publishers, self.truth)
        for one in self.publishers:
            assert one.acked <= kept.last.get(one.session, 0), "acknowledged, but not written"

    def _written(self) -> list[Entry]:
        folder = self.server.folder
        return list(read_journal(folder)) if any(folder.iterdir()) else []

    @property
    def _damaged(self) -> bool:
        return any(link.corrupted for link in self.links)

    def _skipped(self, stale: set[str]) -> bool:
        """Whether a snapshot may have skipped records: unposted ones, or, while the book waited for
        it, those of a frame that was damaged on its way."""
        waited = bool(stale & {"feed", "reset"})
        return any(one.skipped for one in self.publishers) or (self._damaged and waited)

    def _doubts_are_right(self, asked: Iterable[str], stale: set[str]) -> None:
        """A sound book is never found wrong; it may be missed, and asked for to be sure."""
        rightly = {"gap", "feed", "silent"}
        if self._damaged:
            rightly.add("reset")  # of a snapshot of which a part was refused
        assert stale <= rightly, "a sound book was called wrong"
        if self.found_doubt:
            rightly.add("restart")
        if stale - {"silent"}:
            rightly.add("checksum")  # no check has confirmed the recovery
        assert set(asked) <= rightly, "a sound book was asked for"

    def _look_for_doubt(self) -> None:
        self.found_doubt |= ends_in_doubt(self._written())

    def _listener_agrees(self, channel: Channel) -> None:
        live = {cluster["id"] for cluster in channel.stream.analyzer.calculate_clusters()}
        assert set(self.listener.clusters or {}) == live, "the listener's clusters are others"


def _told(message: bytes) -> bool:
    return b'"phase":"stale"' not in message


def _anything(folder: Path) -> bool:
    return any(folder.rglob("*.dbj"))


# Faults: each says for how long it goes on, ns.


def _cut(one: Scenario) -> int:
    if one.publisher.link is not None:
        one.publisher.link.cut()
    return 0


def _half_open(one: Scenario) -> int:
    if one.publisher.link is None:
        return 0
    one.publisher.link.cut(one.random.choice(("client", "server")))
    return 20 * SECOND


def _stall(one: Scenario) -> int:
    time = one.random.randrange(8 * SECOND)
    if one.publisher.link is not None:
        one.publisher.link.stall(time)
    return time


def _corrupt(one: Scenario) -> int:
    if one.publisher.link is not None:
        one.publisher.link.corrupt_next += one.random.choice((1, 1, 2))
        one.links.append(one.publisher.link)
    return 0


def _kill(one: Scenario) -> int:
    time = one.random.randrange(SECOND)
    one.server.kill()
    one.world.after(time, lambda: None if one.server.up else one.server.start())
    return time


def _stop(one: Scenario) -> int:
    time = one.random.randrange(SECOND)
    one.server.stop()
    one.world.after(time, lambda: None if one.server.up else one.server.start())
    return time


def _kill_at_the_roll(one: Scenario) -> int:
    """The next segment has its name, and nothing in it."""
    time = one.random.randrange(SECOND)
    one.server.kill()
    segments = segments_of(one.server.folder)
    if segments:
        last = segments[-1]
        stump = last.with_name(f"{int(last.stem) + 1:06d}.dbj")
        stump.write_bytes(bytes(one.random.choice((0, 30, 63, 200))))
    one.world.after(time, lambda: None if one.server.up else one.server.start())
    return time


def _forgotten(one: Scenario) -> int:
    """A start that goes on with no journal: it is too old, or defined otherwise."""
    time = one.random.randrange(SECOND)
    one.server.stop()
    one.unsound = True  # the book of before is asked for

    def start() -> None:
        if not one.server.up:
            for other in one.publishers[:-1]:
                other.vanish()  # who was superseded might come first, and nobody would know
            one.server.start(forget=True)

    one.world.after(time, start)
    return time


def _new_run(one: Scenario) -> int:
    """The publisher's process dies; its successor waits until the absence is over."""
    one.publisher.vanish()
    one.new_publisher(takeover=True)
    return 0


def _successor(one: Scenario) -> int:
    if one.publisher.core.takes_over:
        one.publisher.vanish()
    one.publisher.bye()
    one.new_publisher(takeover=True)
    return 0


def _intruder(one: Scenario) -> int:
    """Another session without takeover: it is told that the instrument is busy."""
    mine = one.publisher
    runtime = one.server.runtime
    if runtime is None or not runtime.hub.publishers.holds(("SIM", Source.LIVE), mine.session):
        return 0
    one.new_publisher(seeded=False)
    other = one.publishers.pop()
    one.publishers.insert(0, other)
    assert one.publisher is mine
    return 0


def _takeover(one: Scenario) -> int:
    """Of two that say takeover the later wins, whoever was started later: only one does."""
    if one.publisher.core.takes_over:
        one.publisher.vanish()
    one.new_publisher(takeover=True)
    return 0


def _disk(one: Scenario) -> int:
    time = one.random.randrange(3 * SECOND)
    one.server.disk.full = True

    def room() -> None:
        one.server.disk.full = False

    one.world.after(time, room)
    return time


def _overflow(one: Scenario) -> int:
    """It refuses for longer than its entries can wait."""
    one.lossy = one.overflowed = one.unsound = True
    one.server.backlog = 3_000
    channel = one.channel()
    if channel is not None:
        journal: Any = channel._journal
        journal._backlog_limit = one.server.backlog
    return _disk(one)


def _wall(one: Scenario) -> int:
    """Somebody sets the clock."""
    one.world.clock.wall += one.random.choice((-1, 1)) * one.random.randrange(86_400 * SECOND)
    return 0


def _pause(one: Scenario) -> int:
    """The server's process gets no processor for a while; messages pile up."""
    time = one.random.randrange(5 * SECOND)
    one.server.paused_until = one.world.now + time
    return time


def _sleep(one: Scenario) -> int:
    """The machine sleeps: the wall clock goes on, the monotonic one does not."""
    one.world.clock.wall += one.random.randrange(8 * 3600) * SECOND
    return _cut(one)


def _twice(one: Scenario) -> int:
    """A second connection of the same session while the first still seems to live."""
    mine = one.publisher
    if mine.link is None:
        return 0
    mine.link.ends["client"] = _Deaf()
    mine.link = None
    mine.core.disconnected()
    mine.connect()
    return 0


def _http(one: Scenario) -> int:
    """The socket is gone for a while: the publisher posts instead."""
    time = one.random.randrange(1, 4 * SECOND)
    mine = one.publisher
    mine.offline_until = one.world.now + time
    mine.post_until(mine.offline_until)
    if mine.link is not None:
        mine.link.cut()
    return time


def _both(one: Scenario) -> int:
    """Posts and frames at the same time."""
    time = one.random.randrange(1, 2 * SECOND)
    one.publisher.post_until(one.world.now + time)
    return time


class _Deaf:
    """A client that has forgotten its connection."""

    def take(self, data: bytes | str) -> None:
        """Nobody listens."""

    def lost(self, code: int | None) -> None:
        """Nobody minds."""


FAULTS: Final[dict[str, Callable[[Scenario], int]]] = {
    "cut": _cut,
    "half open": _half_open,
    "stall": _stall,
    "corrupt": _corrupt,
    "kill": _kill,
    "stop": _stop,
    "kill at the roll": _kill_at_the_roll,
    "forgotten": _forgotten,
    "new run": _new_run,
    "successor": _successor,
    "intruder": _intruder,
    "takeover": _takeover,
    "disk": _disk,
    "overflow": _overflow,
    "wall": _wall,
    "pause": _pause,
    "sleep": _sleep,
    "twice": _twice,
    "http": _http,
    "both": _both,
}


def run(seed: int, faults: list[str] | None = None, steps: int = 150) -> Outcome:
    """One whole run in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="sim", dir=_RAM if _RAM.is_dir() else None))
    try:
        return Scenario(seed, folder, faults, steps).run()
    finally:
        remove(folder)
