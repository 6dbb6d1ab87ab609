"""What goes wrong in a simulated life: each fault says for how long it goes on, in ns."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from recording.journal import segments_of
from tests.simulation.world import SECOND

if TYPE_CHECKING:
    from tests.simulation.scenario import Scenario

__all__ = ["FAULTS"]


def _cut(one: "Scenario") -> int:
    if one.publisher.link is not None:
        one.publisher.link.cut()
    return 0


def _half_open(one: "Scenario") -> int:
    if one.publisher.link is None:
        return 0
    one.publisher.link.cut(one.random.choice(("client", "server")))
    return 20 * SECOND


def _stall(one: "Scenario") -> int:
    time = one.random.randrange(8 * SECOND)
    if one.publisher.link is not None:
        one.publisher.link.stall(time)
    return time


def _corrupt(one: "Scenario") -> int:
    if one.publisher.link is not None:
        one.publisher.link.corrupt_next += one.random.choice((1, 1, 2))
        one.links.append(one.publisher.link)
    return 0


def _kill(one: "Scenario") -> int:
    time = one.random.randrange(SECOND)
    one.server.kill()
    one.world.after(time, lambda: None if one.server.up else one.server.start())
    return time


def _stop(one: "Scenario") -> int:
    time = one.random.randrange(SECOND)
    one.server.stop()
    one.world.after(time, lambda: None if one.server.up else one.server.start())
    return time


def _kill_at_the_roll(one: "Scenario") -> int:
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


def _forgotten(one: "Scenario") -> int:
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


def _new_run(one: "Scenario") -> int:
    """The publisher's process dies; its successor waits until the absence is over."""
    one.publisher.vanish()
    one.new_publisher(takeover=True)
    return 0


def _successor(one: "Scenario") -> int:
    if one.publisher.core.takes_over:
        one.publisher.vanish()
    one.publisher.bye()
    one.new_publisher(takeover=True)
    return 0


def _intruder(one: "Scenario") -> int:
    """Another session without takeover: it is told that the instrument is busy.

    Where a clock was set over a restart the absence may be over at once: then it would be let in.
    """
    mine, key = one.publisher, ("SIM", one.kind.source)
    runtime = one.server.runtime
    if runtime is None:
        return 0
    publishers, now = runtime.hub.publishers, runtime.clock.monotonic_ns()
    if not (publishers.holds(key, mine.session) and publishers.held(key, now)):
        return 0
    one.new_publisher(seeded=False)
    other = one.publishers.pop()
    one.publishers.insert(0, other)
    assert one.publisher is mine
    return 0


def _takeover(one: "Scenario") -> int:
    """Of two that say takeover the later wins, whoever was started later: only one does."""
    if one.publisher.core.takes_over:
        one.publisher.vanish()
    one.new_publisher(takeover=True)
    return 0


def _disk(one: "Scenario") -> int:
    time = one.random.randrange(3 * SECOND)
    one.server.disk.full = True

    def room() -> None:
        one.server.disk.full = False

    one.world.after(time, room)
    return time


def _overflow(one: "Scenario") -> int:
    """It refuses for longer than its entries can wait."""
    one.lossy = one.overflowed = one.unsound = True
    one.server.backlog = 3_000
    channel = one.channel()
    if channel is not None:
        journal: Any = channel._journal
        journal._backlog_limit = one.server.backlog
    return _disk(one)


def _wall(one: "Scenario") -> int:
    """Somebody sets the clock."""
    one.world.clock.wall += one.random.choice((-1, 1)) * one.random.randrange(86_400 * SECOND)
    return 0


def _pause(one: "Scenario") -> int:
    """The server's process gets no processor for a while; messages pile up."""
    time = one.random.randrange(5 * SECOND)
    one.server.paused_until = one.world.now + time
    return time


def _sleep(one: "Scenario") -> int:
    """The machine sleeps: the wall clock goes on, the monotonic one does not."""
    one.world.clock.wall += one.random.randrange(8 * 3600) * SECOND
    return _cut(one)


def _twice(one: "Scenario") -> int:
    """A second connection of the same session while the first still seems to live."""
    mine = one.publisher
    if mine.link is None:
        return 0
    mine.link.ends["client"] = _Deaf()
    mine.link = None
    mine.core.disconnected()
    mine.connect()
    return 0


def _http(one: "Scenario") -> int:
    """The socket is gone for a while: the publisher posts instead."""
    time = one.random.randrange(1, 4 * SECOND)
    mine = one.publisher
    mine.offline_until = one.world.now + time
    mine.post_until(mine.offline_until)
    if mine.link is not None:
        mine.link.cut()
    return time


def _both(one: "Scenario") -> int:
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


FAULTS: Final[dict[str, Callable[["Scenario"], int]]] = {
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
