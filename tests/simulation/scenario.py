"""A seed becomes a market, a network, a server's life, and everything that goes wrong with them."""

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from market.enums import Source
from market.instrument import DEFAULT_INSTRUMENTS
from recording.entries import Entry
from recording.journal import read_journal
from recording.stream import Stream
from server.channel import Channel
from tests.orderbook.market_fuzz import make_plan
from tests.simulation.faults import FAULTS
from tests.simulation.judges import the_rest_is_right
from tests.simulation.ledger import Ledger
from tests.simulation.market import Market
from tests.simulation.network import Link
from tests.simulation.oracles import (
    Kept,
    ends_in_doubt,
    journal_holds,
    replayed,
    stale_reasons,
    unexplained,
)
from tests.simulation.publisher import SimPublisher
from tests.simulation.sides import SimServer, SimSubscriber, remove
from tests.simulation.world import MS, SECOND, World
from wire.session import State

__all__ = ["Kind", "Outcome", "Scenario", "run"]

_RAM: Final = Path("/dev/shm")
_AGAIN: Final = 3
"""Times that a publisher sends a damaged frame again."""


@dataclass(frozen=True)
class Kind:
    """What a life has beside records and bars.

    Attributes:
        source: ``playback``: it pauses, and is set back.
        backfills: the session's trades are told again at times, and at the end.
        makers: how many stand behind the rows.
    """

    source: Source = Source.LIVE
    backfills: bool = False
    makers: int = 0

    @classmethod
    def drawn(cls, seed: int) -> "Kind":
        """By the seed."""
        rng = random.Random(seed ^ 0x51DE)
        source = rng.choice((Source.LIVE, Source.LIVE, Source.PLAYBACK))
        return cls(source, rng.random() < 0.3, rng.choice((0, 0, 1, 3, 40)))


@dataclass
class Outcome:
    """What a run came to."""

    kept: Kept
    faults: list[str]
    healed_in: int
    """ns of virtual time from the last fault's end until everything was acknowledged."""
    records: int = 0
    bars: int = 0
    jumps: int = 0
    pauses: int = 0
    lists: int = 0
    """Lists of trades told again that came whole, in the last run."""
    owned: int = 0
    """Rows at the end that are a market maker's."""
    messages: int = 0
    rows: int = 0
    happened: int = 0
    damaged: int = 0
    connections: int = 0
    asked: Counter[str] = field(default_factory=Counter)


class Scenario:
    """One run. ``faults`` or ``kind`` None: the seed decides."""

    def __init__(
        self,
        seed: int,
        folder: Path,
        faults: list[str] | None = None,
        steps: int = 150,
        kind: Kind | None = None,
    ) -> None:
        self.world: Final = World(seed)
        self.random: Final = self.world.random
        self.extra: Final = random.Random(seed ^ 0xE87A)
        self.kind: Final = kind or Kind.drawn(seed)
        switches = {"rewinds": False, "gaps": False, "faults": False}
        plan = make_plan(seed, steps, **switches)
        self.server: Final = SimServer(self.world, folder)
        self.instrument = DEFAULT_INSTRUMENTS.define("SIM", plan.tick, "1", 1.0, plan.depth)
        self.publishers: list[SimPublisher] = []
        self.small_ring = self.random.random() < 0.15
        self.market: Final = Market(plan, self.random, self.extra, self.kind.makers)
        self.capacity = 128 if self.small_ring else 4096
        self.faults = faults
        self.overflowed = False
        self.unsound = False
        """Whether a book may rightly be called wrong."""
        self.lossy = self.small_ring
        """Whether something may be lost for a reason that the publisher knows."""
        self.busy_until = 0
        self.ended = self.standing = False
        """Whether the market has said all; whether the playback stands still."""
        self.pauses = 0
        self.links: Final[list[Link]] = []
        self.found_doubt = False
        """Whether the server was started on a journal whose book waits for a snapshot."""
        self.server.before_kill = self._acked_is_written
        self.server.on_start = self._look_for_doubt
        self.listener: Final = SimSubscriber(self.world, self.server, "SIM", self.kind.source)

    @property
    def publisher(self) -> SimPublisher:
        return self.publishers[-1]

    # The life of the parts.

    def new_publisher(self, *, seeded: bool = True, **options: Any) -> None:
        session = f"{len(self.publishers):08d}-7425-40de-944b-e07fc1f90ae7"
        market = self.market
        one = SimPublisher(
            self.world,
            self.server,
            self.instrument,
            session,
            market.plan.settings,
            source=self.kind.source,
            flags={"useL3": bool(market.makers)},
            capacity=self.capacity,
            batch=self.random.choice((1, 7, 50, 200)),
            reply_now=self.random.random() < 0.3,
            **options,
        )
        while seeded and not market.sound(market.moment):
            market.miss()
        if seeded and market.told:
            one.stream.seed(*market.books[market.moment], market.told[-1].time)
        one.pushed_at[0] = market.moment
        one.paused = self.standing
        self.publishers.append(one)
        if market.makers:
            one.stream.set_makers(market.names)
        for bar in market.bars[-self.extra.randrange(1, 4) :] if seeded else ():
            one.push_bar(bar)  # a chart tells its history again
        one.connect()

    def step(self) -> None:
        """The market says something."""
        if self.standing:
            self._go_on()
        if self.market.over:
            self.ended = True
            if self._chance(0.5, Source.PLAYBACK):
                self._stand_still()
            return
        moment, known = self.market.moment, len(self.market.names)
        portion = self.market.next()
        if len(self.market.names) > known:
            self.publisher.stream.set_makers(self.market.names)
        if portion.recs:
            self.publisher.push(moment, portion.recs)
        else:
            self.publisher.stream.advance(portion.time)
        pause = self.random.choice((0, MS, 20 * MS, 100 * MS))
        self.world.after(pause + self._beside(), self.step)

    def _beside(self) -> int:
        """What happens between two portions; returns for how long a playback pauses, ns."""
        market, mine = self.market, self.publisher
        bar = market.bar() if self._chance(0.15) else None
        if bar is not None:
            mine.push_bar(bar)
        if self.kind.backfills and self._chance(0.04):
            mine.backfill(market.trades)
        if market.jumps < 2 and self._chance(0.03, Source.PLAYBACK):
            market.jump_back(mine.stream.time - 5 * SECOND)
        if not self._chance(0.02, Source.PLAYBACK):
            return 0
        self._stand_still()
        return self.extra.randrange(12 * SECOND)

    def _chance(self, share: float, source: Source | None = None) -> bool:
        return self.extra.random() < share and source in (None, self.kind.source)

    def _stand_still(self) -> None:
        self.standing = True
        self.pauses += 1
        self.publisher.stand_still()

    def _go_on(self) -> None:
        self.standing = False
        for one in self.publishers:
            one.paused = False

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
        filled = self.kind.backfills and self.publisher.backfill(self.market.trades)
        done = world.run(world.now + limit, self._settled)
        assert done, f"not settled after a back-fill: {self._state()}"
        world.run(world.now + 400 * MS)
        return self._judged(names, took, filled=filled)

    def _fault(self, name: str) -> Callable[[], None]:
        def happen() -> None:
            self.busy_until = max(self.busy_until, self.world.now + FAULTS[name](self))

        return happen

    def _told(self) -> bool:
        return self.ended and self.world.now >= self.busy_until

    def channel(self) -> Channel | None:
        runtime = self.server.runtime
        return None if runtime is None else runtime.hub.find("SIM", self.kind.source)

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
            and channel.stream.paused is self.publisher.paused
            and not channel.journal_broken
        )

    def _state(self) -> str:
        channel = self.channel()
        mine = self.publisher.stream
        text = f"ended={self.publisher.ended} sent={mine.sent} end={mine.ring.end}"
        if channel is not None:
            text += f" state={channel.session.state} expected={channel.session.expected}"
            text += f" broken={channel.journal_broken} phase={channel.stream.phase}"
            text += f" paused={channel.stream.paused} of {self.publisher.paused}"
        return text

    # What must hold.

    def _judged(self, names: list[str], took: int, *, filled: bool) -> Outcome:
        channel = self.channel()
        assert channel is not None
        asked = sum((one.asked for one in self.publishers), Counter())
        self._book_is_right(channel)
        if self.listener.clusters is not None:
            self._listener_agrees(channel)
        self.server.stop()
        entries = list(read_journal(self.server.folder))
        kept = journal_holds(entries, self.publishers, self.market)
        if not self.unsound:
            self._doubts_are_right(asked, stale_reasons(entries))
        if not (self.lossy or self._skipped(stale_reasons(entries))):
            assert unexplained(kept, self.publishers) == [], "records were lost without a reason"
        assert kept.last[self.publisher.session] == self.publisher.stream.ring.end - 1
        self._replay_is_alike(entries, channel.stream)
        ledger = Ledger(self.market, self.publishers).read(entries)
        the_rest_is_right(channel.stream, ledger, self.market, filled=filled)
        return Outcome(
            kept,
            names,
            took,
            records=sum(len(one.diary) for one in self.publishers),
            bars=sum(len(one.bars) for one in self.publishers),
            jumps=self.market.jumps,
            pauses=self.pauses,
            lists=ledger.sums.lists,
            owned=ledger.owned,
            messages=len(self.server.heard),
            rows=self.listener.rows,
            happened=self.world.happened,
            damaged=self._damaged,
            connections=sum(one.connections for one in self.publishers),
            asked=asked,
        )

    def _book_is_right(self, channel: Channel) -> None:
        depth = self.market.plan.depth
        found = [tuple(map(tuple, side)) for side in channel.stream.analyzer.top(depth)]
        wanted = [side[:depth] for side in self.market.books[self.market.moment]]
        assert found == wanted, "the book is not the market's"

    def _replay_is_alike(self, entries: list[Entry], live: Stream) -> None:
        settings = self.server.settings
        calendar = settings.calendar(self.instrument.session)
        stream = Stream(self.instrument, self.kind.source, settings.analytics, calendar)
        again = replayed(entries, stream)
        if not (self.overflowed or self.server.unwritten):
            heard = self.server.heard
            if self.server.resumed:  # the doubt of a start is recorded before anybody listens
                again, heard = ([one for one in all_ if _told(one)] for all_ in (again, heard))
            assert again == heard, "live output is not the replay's"
        assert stream.parameters == live.parameters

    def _acked_is_written(self) -> None:
        """Whatever was acknowledged is in the files of the process that ends here."""
        kept = journal_holds(self._written(), self.publishers, self.market)
        for one in self.publishers:
            assert one.acked <= kept.last.get(one.session, 0), "acknowledged, but not written"

    def _written(self) -> list[Entry]:
        folder = self.server.folder
        return list(read_journal(folder)) if any(folder.iterdir()) else []

    @property
    def _damaged(self) -> int:
        """Messages changed on their way."""
        return sum(link.corrupted for link in set(self.links))

    def _skipped(self, stale: set[str]) -> bool:
        """Whether a snapshot may have skipped records: unposted ones, or, while the book waited for
        it, those of a frame that was damaged on its way; or of one that was damaged four times."""
        waited = bool(stale & {"feed", "reset", "restart"})
        given_up = self._damaged > _AGAIN or (self._damaged and waited)
        return any(one.skipped for one in self.publishers) or bool(given_up)

    def _doubts_are_right(self, asked: Iterable[str], stale: set[str]) -> None:
        """A sound book is never found wrong; it may be missed, and asked for to be sure."""
        rightly = {"gap", "feed", "silent"}
        if self._damaged or self.market.jumps:
            rightly.add("reset")  # part of a snapshot was refused; a late record, and two clocks
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


def run(
    seed: int, faults: list[str] | None = None, steps: int = 150, kind: Kind | None = None
) -> Outcome:
    """One whole run in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="sim", dir=_RAM if _RAM.is_dir() else None))
    try:
        return Scenario(seed, folder, faults, steps, kind).run()
    finally:
        remove(folder)
