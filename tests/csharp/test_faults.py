"""The C# publisher over a line that breaks, to a server that dies: nothing lost, nothing twice.

A seed says what happens: up to three connections with a fault each, then sound ones. Each run is a
publisher of its own with an instrument of its own, so that one program and one server do for many.
What was told is known record by record; in the end the journal has to hold exactly that.
"""

import asyncio
import functools
import itertools
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from websockets import Subprotocol
from websockets.sync.server import ServerConnection, serve

from market.enums import FrameType
from market.record import times_of
from recording.entries import FrameEntry, GapEntry, InstrumentEntry
from recording.journal import journal_streams, read_journal
from tests.csharp.build import Program
from tests.csharp.relay import Relay
from tests.csharp.served import ServedProcess, free_port
from tests.csharp.talk import Talk, records_of
from tests.faults.proxy import FaultProxy, Plan
from tests.reference.records import records_of as records_as_arrays
from tests.simulation.channels import Market
from tests.waiting import PATIENCE_S, wait_until
from wire.codes import CloseCode

KINDS: Final = ("cut", "stall", "refuse", "delay", "twice", "corrupt", "half")
RECORDS: Final = 6_000
TOGETHER: Final = 100
PAUSE_S: Final = 0.02
CAPACITY: Final = 65_536
HELLO: Final = 1_500
"""Bytes of a connection until hello is over: a changed hello is another one, nothing checks it."""
LANES: Final = 3
SHORT_LANES: Final = 4
QUICK: Final = 5
"""Times as fast goes a connection's time where a test would only wait for it."""
PATIENCE_MS: Final = 40_000
SOON_S: Final = 2.0
SILENCE_S: Final = 16.0
"""How long a dead connection that nobody closes goes unnoticed; it is looked at once a second."""
LONGEST_WAIT_S: Final = 5.0
"""Between two attempts, when a server has been away for long."""

pytestmark = pytest.mark.usefixtures("warmed")


class Outcome(NamedTuple):
    """How a run went.

    Attributes:
        seed: of it.
        kinds: of the faults that came to pass, in order.
        waits: by kind, from the end of the last fault to the next greeting, seconds.
        settled: from the end of the last fault, or of the data, until all was acknowledged.
        http: whether requests carried the data meanwhile.
    """

    seed: int
    kinds: tuple[str, ...]
    waits: tuple[tuple[str, float], ...]
    settled: float
    http: bool


def faults_of(seed: int) -> list[tuple[str, Plan]]:
    """One fault of each seed's own kind, and up to two others in front of it or behind."""
    rng = random.Random(seed)
    kinds = [KINDS[seed % len(KINDS)], *rng.choices(KINDS[:-1], k=rng.randrange(3))]
    rng.shuffle(kinds)
    return [(kind, _plan(kind, rng)) for kind in kinds]


def _plan(kind: str, rng: random.Random) -> Plan:
    place = 1 + int(rng.expovariate(1 / 30_000))
    match kind:
        case "refuse":
            return Plan(refuse=True)
        case "stall":
            return Plan(stall=place, stall_s=rng.uniform(0.1, 1.0), cut=place + 40_000)
        case "delay":
            return Plan(delay_s=0.003, cut=place)
        case "twice":
            return Plan(twice=True, cut=place)
        case "corrupt":
            return Plan(corrupt=HELLO + place)
        case "half":
            return Plan(half=place)
        case _:
            return Plan(cut=place)


class Quick(Market):
    """A market at twenty times its pace, so that frames are full."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, RECORDS)
        start = self.recs[0].time
        self.recs = [rec._replace(time=start + (rec.time - start) // 20) for rec in self.recs]
        self.records, self.times = records_as_arrays(self.recs)


def symbol_of(seed: int) -> str:
    return f"F{seed:04d} 12-26"


class Lines:
    """Event loop in a thread of its own, with the proxies on it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def proxy(self, port: int, faults: Sequence[tuple[str, Plan]]) -> FaultProxy:
        proxy = FaultProxy(port, [plan for _, plan in faults])
        self.do(proxy.start())
        return proxy

    def close(self) -> None:
        self.do(_end_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _end_all() -> None:
    """Tasks and connections that a proxy's end has left on the loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)  # what they have closed is closed in later turns of the loop


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines = Lines()
    yield lines
    lines.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServedProcess]:
    server = ServedProcess(
        tmp_path / "recordings",
        free_port(),
        DEPTHBRIDGE_SERVER_CONNECTIONS_PER_ADDRESS="32",
        DEPTHBRIDGE_SERVER_HEARTBEAT_S="1",  # in time for a connection with quick time
    )
    server.start()
    yield server
    server.kill()


def bridge(runner: Program, address: str, pace: int = 1) -> Talk:
    """A program for publishers, whose time goes ``pace`` times as fast."""
    return Talk(runner, "bridge", address, "", "live", str(CAPACITY), str(pace))


def begin(talk: Talk, address: str, seed: int, capacity: int = CAPACITY) -> Market:
    """A publisher of its own, and what it is going to tell."""
    talk.say("fresh", address, symbol_of(seed), capacity, 3_000)
    talk.say("start")
    return Quick(seed)


class At:
    """Things to do once so many records were told; frames end where time makes them end."""

    def __init__(self, *acts: tuple[int, Callable[[], None]]) -> None:
        self._acts = sorted(acts, key=lambda act: act[0])

    def __call__(self, told: int) -> None:
        """Do what is due."""
        while self._acts and told >= self._acts[0][0]:
            self._acts.pop(0)[1]()


def tell(talk: Talk, market: Market, *acts: tuple[int, Callable[[], None]]) -> None:
    """Tell everything, in parts, as time goes on, and act in between."""
    due = At(*acts)
    for frame in market.frames(0, RECORDS, TOGETHER):
        assert not talk.say("records", records_of(frame))
        due(frame.end - 1)
        time.sleep(PAUSE_S)


def require_settled(talk: Talk, server: ServedProcess, seed: int, market: Market) -> dict[str, Any]:
    """All was acknowledged, and three books are one: told, published, served."""
    assert talk.say("settle", PATIENCE_MS), (seed, talk.say("state"))
    state: dict[str, Any] = talk.say("state")
    assert state["end"] == RECORDS + 1, (seed, state)
    assert (state["losses"], state["counters"]["Resets"]) == (0, 0), (seed, state)
    told = tuple([list(row) for row in side] for side in market.top(RECORDS))
    assert (state["bids"][:10], state["asks"][:10]) == told, seed
    wait_until(
        lambda: server.book(symbol_of(seed)) == told,
        lambda: (seed, state["log"], server.book(symbol_of(seed)), told),
    )
    return state


def run(talk: Talk, lines: Lines, server: ServedProcess, seed: int) -> Outcome:
    faults = faults_of(seed)
    proxy = lines.proxy(server.port, faults)
    try:
        market = begin(talk, f"127.0.0.1:{proxy.port}", seed)
        tell(talk, market)
        over = time.time()
        assert talk.say("settle", PATIENCE_MS), (seed, faults, talk.say("state"))
        settled = time.time()
        state = require_settled(talk, server, seed, market)
        greeted = [moment / 1e9 for moment in talk.say("greeted")]
        talk.say("stop", 3_000)
    finally:
        lines.do(proxy.stop())
    healed = [moment - time.monotonic() + time.time() for moment in proxy.healed]
    met = faults[: proxy.connections]
    http = any(line.startswith("104") for line in state["log"])
    return Outcome(
        seed,
        tuple(kind for kind, _ in met),
        tuple(waits_of(met, healed, greeted)),
        settled - max([over, *(moment for moment in healed if moment < settled)]),
        http,
    )


def waits_of(
    met: Sequence[tuple[str, Plan]], healed: Sequence[float], greeted: Sequence[float]
) -> Iterator[tuple[str, float]]:
    """From each last fault before a greeting to the greeting."""
    kinds = {kind for kind, _ in met}
    worst = next((kind for kind in ("half", "corrupt") if kind in kinds), "others")
    before = 0.0
    for moment in greeted:
        since = [one for one in healed if before < one < moment]
        if since:
            yield worst, moment - since[-1]
        before = moment


def require_journal(folder: Path, seeds: Sequence[int]) -> None:
    """Every record of every run once, in order, as it was told; no gap, no failed check."""
    journals = {}
    for stream in journal_streams(folder):
        journals[symbol_in(stream.folder)] = stream.folder
    assert sorted(journals) == sorted(map(symbol_of, seeds))
    for seed in seeds:
        require_told(journals[symbol_of(seed)], Quick(seed))


def symbol_in(folder: Path) -> str:
    return next(
        entry.instrument.symbol
        for entry in read_journal(folder)
        if isinstance(entry, InstrumentEntry)
    )


def require_told(folder: Path, market: Market) -> None:
    expected = 1
    for entry in read_journal(folder):
        assert not isinstance(entry, GapEntry), folder
        if not isinstance(entry, FrameEntry) or entry.frame.type != FrameType.EVENTS:
            continue
        frame = entry.frame
        assert frame.seq == expected, folder
        span = slice(frame.seq - 1, frame.end - 1)
        assert (times_of(frame) == market.times[span]).all(), folder
        for name in ("kind", "side", "op", "position", "price", "size"):
            assert (frame.records[name] == market.records[name][span]).all(), (folder, name)
        expected = frame.end
    assert expected == RECORDS + 1, folder


def counted(server: ServedProcess, name: str) -> int:
    """A counter of the server, summed over all books."""
    return sum(
        int(float(line.rsplit(" ", 1)[1]))
        for line in server.text("/metrics").splitlines()
        if line.startswith(f"depthbridge_book_{name}_total{{")
    )


def run_all(
    runner: Program, lines: Lines, server: ServedProcess, seeds: Sequence[int], lanes: int
) -> list[Outcome]:
    """All seeds, on so many programs at once; the server has ended afterwards."""
    waiting = iter(seeds)
    turn = threading.Lock()

    def lane(_: int) -> list[Outcome]:
        with bridge(runner, server.address) as talk:
            done: list[Outcome] = []
            while True:
                with turn:
                    seed = next(waiting, None)
                if seed is None:
                    return done
                done.append(run(talk, lines, server, seed))

    with ThreadPoolExecutor(lanes) as pool:
        outcomes = list(itertools.chain(*pool.map(lane, range(lanes))))
    assert counted(server, "checks") > len(seeds)
    assert counted(server, "checks_failed") == 0
    assert counted(server, "records") == RECORDS * len(seeds)
    server.stop()
    require_journal(server.folder, seeds)
    return outcomes


def report(outcomes: Sequence[Outcome]) -> str:
    kinds = Counter(kind for outcome in outcomes for kind in outcome.kinds)
    told = [f"{len(outcomes)} runs of {RECORDS} records: " + ", ".join(
        f"{count} {kind}" for kind, count in sorted(kinds.items())
    )]  # fmt: skip
    told.append(f"{sum(outcome.http for outcome in outcomes)} used requests meanwhile")
    for worst in ("others", "corrupt", "half"):
        waits = sorted(wait for one in outcomes for kind, wait in one.waits if kind == worst)
        if waits:
            told.append(
                f"{worst}: {len(waits)} returns, median {waits[len(waits) // 2]:.3f} s, "
                f"worst {waits[-1]:.3f} s"
            )
    settled = sorted(outcome.settled for outcome in outcomes if "half" not in outcome.kinds)
    told.append(f"settled: median {settled[len(settled) // 2]:.3f} s, worst {settled[-1]:.3f} s")
    return "\n".join(told) + "\n"


def test_every_kind_of_fault_loses_and_repeats_nothing(
    runner: Program, lines: Lines, server: ServedProcess
) -> None:
    seeds = [seed for seed in range(9) if KINDS[seed % len(KINDS)] != "half"]
    outcomes = run_all(runner, lines, server, seeds, SHORT_LANES)
    met = {kind for outcome in outcomes for kind in outcome.kinds}
    assert met == set(KINDS) - {"half"}
    assert sum(len(outcome.waits) for outcome in outcomes) >= len(seeds) // 2


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_runs_long(runner: Program, lines: Lines, server: ServedProcess) -> None:
    begun = time.perf_counter()
    outcomes = run_all(runner, lines, server, range(1000, 1200), LANES)
    sys.stdout.write(f"\n{report(outcomes)}{time.perf_counter() - begun:.0f} s\n")
    assert {kind for outcome in outcomes for kind in outcome.kinds} == set(KINDS)
    for outcome in outcomes:
        for kind, wait in outcome.waits:
            assert wait <= (SILENCE_S + SOON_S if kind == "half" else SOON_S), outcome


def deaths(
    runner: Program, server: ServedProcess, folder: Path, seeds: Sequence[int]
) -> list[float]:
    """The server is killed in the middle of each run, and comes back on its port."""
    waits = []
    with bridge(runner, server.address) as talk:
        for seed in seeds:
            rng = random.Random(seed)
            market = begin(talk, server.address, seed)
            pause = rng.uniform(0, 0.5)
            back: list[float] = []

            def revive(pause: float = pause, back: list[float] = back) -> None:
                time.sleep(pause)
                server.start()
                back.append(time.time())

            reviver = threading.Thread(target=revive)

            def die(reviver: threading.Thread = reviver) -> None:
                server.kill()
                reviver.start()

            tell(talk, market, (rng.randrange(1, RECORDS), die))
            reviver.join()
            require_settled(talk, server, seed, market)
            greeted = [moment / 1e9 for moment in talk.say("greeted")]
            waits.append(min(moment for moment in greeted if moment > back[0] - 1) - back[0])
            talk.say("stop", 3_000)
    server.stop()
    require_journal(folder, seeds)
    return waits


def test_a_server_that_dies_in_the_middle(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    assert len(deaths(runner, server, tmp_path / "recordings", [0])) == 1


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_forty_deaths_of_the_server_long(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    waits = sorted(deaths(runner, server, tmp_path / "recordings", range(2000, 2040)))
    sys.stdout.write(
        f"\n{len(waits)} deaths: greeted {waits[len(waits) // 2]:.3f} s (median), "
        f"{waits[-1]:.3f} s (worst) after the server listened again\n"
    )
    assert waits[-1] <= LONGEST_WAIT_S + SOON_S


def detours(
    runner: Program, server: ServedProcess, folder: Path, seeds: Sequence[int], pace: int = 1
) -> None:
    """The WebSocket fails for a while, in which requests carry the data; lines are cut as well."""
    with Relay(server.port) as relay, bridge(runner, relay.address, pace) as talk:
        for seed in seeds:
            rng = random.Random(seed)
            breaks = rng.randrange(1, RECORDS // 2)
            again = rng.randrange(breaks, RECORDS)
            market = begin(talk, relay.address, seed)
            deny = functools.partial(setattr, relay, "deny", True)
            tell(talk, market, (breaks, deny), (breaks, relay.cut), (again, relay.cut))
            state = require_settled(talk, server, seed, market)
            assert state["http"], (seed, state["log"])
            relay.deny = False
            wait_until(lambda: not talk.say("state")["http"], lambda: talk.say("state"))
            state = require_settled(talk, server, seed, market)
            ways = [line[:3] for line in state["log"] if line[:3] in ("104", "105")]
            assert ways[0] == "104", (seed, state["log"])
            assert ways[-1] == "105", (seed, state["log"])
            talk.say("stop", 3_000)
    server.stop()
    require_journal(folder, seeds)


def test_requests_take_over_and_give_back(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    detours(runner, server, tmp_path / "recordings", [1], QUICK)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_twenty_detours_long(runner: Program, server: ServedProcess, tmp_path: Path) -> None:
    detours(runner, server, tmp_path / "recordings", range(3000, 3020))


def test_a_close_that_damage_can_cause_is_no_refusal_at_once(runner: Program) -> None:
    """Twice it tries again soon; a server that says so three times on end means it.

    That its code and words come over the socket; what is made of each code is in `test_pump.py`.
    """
    greeted: list[float] = []

    def refuse(connection: ServerConnection) -> None:
        connection.recv(PATIENCE_S)
        greeted.append(time.monotonic())
        connection.close(CloseCode.SUPERSEDED, "so it seems")

    with serve(refuse, "127.0.0.1", 0, subprotocols=[Subprotocol("depthbridge.v1")]) as fake:
        threading.Thread(target=fake.serve_forever, daemon=True).start()
        with bridge(runner, f"127.0.0.1:{fake.socket.getsockname()[1]}") as talk:
            talk.say("start")
            wait_until(
                lambda: any(line.startswith("103") for line in talk.say("state")["log"]),
                lambda: talk.say("state"),
            )
            time.sleep(1)
            talk.say("stop", 1_000)
    assert len(greeted) == 3


def test_a_ring_that_overflows_ends_in_a_snapshot(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    """The server is away for longer than the ring lasts: a gap that is told, and the right book."""
    capacity = 1024
    with Relay(server.port) as relay, bridge(runner, relay.address) as talk:
        market = begin(talk, relay.address, 7, capacity)

        def stall() -> None:
            assert talk.say("settle", PATIENCE_MS)
            relay.stall()

        last = RECORDS - 1_000
        tell(talk, market, (1_000, stall), (last, relay.cut), (last, relay.flow))
        assert talk.say("settle", PATIENCE_MS), talk.say("state")
        told = tuple([list(row) for row in side] for side in market.top(RECORDS))
        wait_until(lambda: server.book(symbol_of(7)) == told, lambda: talk.say("state"))
        state = talk.say("state")
        assert state["losses"] > 0
        assert state["counters"]["Overrun"] > 0
        assert any(line.startswith("202") for line in state["log"])
        name = symbol_of(7).replace(" ", "%20")
        assert not server.get(f"/api/v1/instruments/{name}/profile")["complete"]
        assert counted(server, "checks_failed") == 0
        talk.say("stop", 3_000)
    server.stop()
    (stream,) = journal_streams(tmp_path / "recordings")
    gaps = [entry for entry in read_journal(stream.folder) if isinstance(entry, GapEntry)]
    assert gaps
    numbers = [
        number
        for entry in read_journal(stream.folder)
        if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS
        for number in range(entry.frame.seq, entry.frame.end)
    ]
    assert numbers == sorted(set(numbers))
    missing = set(range(1, RECORDS + 1)) - set(numbers)
    assert missing
    assert missing == {
        number for gap in gaps if gap.first > 0 for number in range(gap.first, gap.last + 1)
    }
