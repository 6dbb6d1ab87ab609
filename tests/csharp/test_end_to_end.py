"""A recorded hour, as NinjaTrader would tell it, through hub, WebSocket and server, to the journal.

What the dump says is read by the plain readers of ``tests/evidence`` and ``tests/reference``, apart
from the product's: every record, every book that was looked at on the way, the session's volume.
"""

import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow
import pyarrow.parquet
import pytest

from depthbridge import sample
from market.record import times_of
from recording.entries import BarEntry, FrameEntry, GapEntry
from recording.journal import read_journal
from tests.csharp.build import Program
from tests.csharp.ninja import ES, Ninja
from tests.csharp.served import ServedProcess, free_port
from tests.evidence.dump import parse_dump
from tests.reference.position_book import PositionBook
from tests.reference.records import BUY, POSITION, QUOTE, SELL, TRADE, UNKNOWN, Rec
from tests.waiting import PATIENCE_MS, wait_until

OF_ITS_OWN_MOMENT: Final = 1
"""How a trade's side is known: NinjaTrader's event carries bid and ask."""

STOPS: Final = 8
SHORT: Final = 60_000
"""Lines of the sample when there is no time for all."""
TICK: Final = 0.25
SCRIPTS: Final = ("one", "two", "s")

pytestmark = pytest.mark.usefixtures("warmed")


class Day(NamedTuple):
    """A dump.

    Attributes:
        path: its plain text.
        recs: what it says.
        lines: how many it has.
        zone: for the command ``zone``.
    """

    path: Path
    recs: list[Rec]
    lines: int
    zone: int


class Look(NamedTuple):
    """A book that the server told while data flowed."""

    seq: int
    phase: str
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


def day_of(path: Path, zone: str, hours: int) -> Day:
    lines = path.read_text("utf-8").splitlines()
    return Day(path, list(judged(parse_dump(lines, zone))), len(lines), hours)


def judged(recs: Iterator[Rec]) -> Iterator[Rec]:
    """A trade between bid and ask has the side of the one before, as the hub decides it."""
    side = UNKNOWN
    for rec in recs:
        if rec.kind != TRADE:
            yield rec
            continue
        side = side if rec.side == UNKNOWN else rec.side
        how = 4 if side == UNKNOWN else OF_ITS_OWN_MOMENT
        yield rec._replace(side=side, op=how)


@pytest.fixture
def recorded_hour(recorded: Path) -> Day:
    """Two hours of ES around the opening after Christmas 2023."""
    return day_of(recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt", "UTC", 0)


@pytest.fixture
def bundled(tmp_path: Path) -> Day:
    """The sample that every checkout has."""
    return bundled_lines(tmp_path, None)


@pytest.fixture
def bundled_begin(tmp_path: Path) -> Day:
    """The first quarter of it."""
    return bundled_lines(tmp_path, SHORT)


def bundled_lines(folder: Path, most: int | None) -> Day:
    path = folder / "sample.txt"
    with pyarrow.input_stream(str(sample.DUMP), compression="zstd") as file:
        path.write_bytes(b"".join(file.read().splitlines(keepends=True)[:most]))
    return day_of(path, "America/New_York", -5)


class Scene:
    """NinjaTrader with two charts and a strategy of one instrument, and a server."""

    def __init__(self, ninja: Ninja, served: ServedProcess, day: Day) -> None:
        self.ninja = ninja
        self.served = served
        self.day = day
        self.looks: list[Look] = []
        self.clusters = 0

    def get(self, what: str) -> dict[str, Any]:
        name = ES.replace(" ", "%20")
        answer: dict[str, Any] = self.served.get(f"/api/v1/instruments/{name}/{what}")
        return answer

    def known(self) -> bool:
        """Whether the server has heard of the instrument."""
        try:
            self.get("book")
        except urllib.error.HTTPError:
            return False
        return True

    def look(self) -> Look:
        book = self.get("book")
        bids, asks = (
            [(round(price / TICK), round(size)) for price, size in book[side]]
            for side in ("bids", "asks")
        )
        return Look(book["seq"], book["phase"], bids, asks)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Ask for the book again and again meanwhile."""
        over = threading.Event()

        def ask() -> None:
            while not over.wait(0.02):
                self.looks.append(self.look())

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def play(self, count: int, per_second: int = 0) -> None:
        """Play lines on, until the server has them."""
        self.ninja.say("play", count, per_second)
        assert self.ninja.say("process", "s", PATIENCE_MS)

    def require_same_clusters(self) -> None:
        """Every script has the server's living set; no data comes meanwhile."""
        wanted = sorted(one["id"] for one in self.get("clusters")["clusters"])

        def agree() -> bool:
            for name in SCRIPTS:
                self.ninja.say("run-custom", name)
            views = [self.ninja.say("indicator-view", name) for name in SCRIPTS[:2]]
            views.append(self.ninja.say("strategy-view", "s"))
            return all(sorted(view["clusters"]) == wanted for view in views)

        wait_until(agree)
        self.clusters = max(self.clusters, len(wanted))


@contextmanager
def scene(runner: Program, folder: Path, day: Day) -> Iterator[Scene]:
    served = ServedProcess(folder / "recordings", free_port())
    served.start()
    try:
        with Ninja(runner, hub=False) as ninja:
            ninja.say("zone", day.zone)
            ninja.say("server", str(folder / "user"))
            ninja.start_hub()
            for name in SCRIPTS[:2]:
                ninja.chart(name, Port=served.port)
            ninja.strategy("s", Port=served.port)
            assert ninja.say("dump", ES, str(day.path)) == day.lines
            yield Scene(ninja, served, day)
            ninja.say("hub-state", 0, "Terminated")
        served.stop()
    finally:
        served.kill()


def require_books(day: Day, looks: Sequence[Look]) -> int:
    """Each book that was told is the dump's own after so many records; how many there were."""
    book = PositionBook()
    told = 0
    for look in sorted(looks, key=lambda look: look.seq):
        while told < look.seq:
            rec = day.recs[told]
            if rec.kind == POSITION:
                book.change(rec)
            told += 1
        assert look.phase != "stale", look
        assert (look.bids, look.asks) == book.top(10), look.seq
    assert book.appended == 0
    return len({look.seq for look in looks})


def require_journal(folder: Path, day: Day) -> None:
    """The journal is the dump: each record once, in order, with its own time."""
    names = ("kind", "side", "op", "position", "price", "size")
    told = 0
    for entry in read_journal(folder):
        assert not isinstance(entry, GapEntry | BarEntry), entry
        if not isinstance(entry, FrameEntry):
            continue
        frame = entry.frame
        assert frame.seq == told + 1
        rows = zip(
            times_of(frame).tolist(), *(frame.records[name].tolist() for name in names), strict=True
        )
        for row in rows:
            assert row == tuple(day.recs[told][:7]), told + 1
            told += 1
    assert told == len(day.recs)


def offline(*commands: Sequence[str]) -> None:
    """Commands that only read, at once."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "depthbridge", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )
        for words in commands
    ]  # fmt: skip
    for process in running:
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0, told


def require_replay(folder: Path, day: Day) -> None:
    """From the journal alone: the output comes out as it was told, and the book is the dump's."""
    out = folder.parent / "book.parquet"
    offline(["replay", str(folder), "--verify"], ["book", str(folder), "--out", str(out)])
    table = pyarrow.parquet.read_table(out)
    rows = table.take(list(range(0, len(table), 10))).to_pylist()
    require_books(day, [look_of(row) for row in rows])


def look_of(row: dict[str, Any]) -> Look:
    bids, asks = (
        [
            (round(row[f"{side}_price_{n}"] / TICK), round(row[f"{side}_size_{n}"]))
            for n in range(1, 11)
            if row[f"{side}_price_{n}"] is not None
        ]
        for side in ("bid", "ask")
    )
    return Look(row["index"] + 1, "offline", bids, asks)


def require_counts(this: Scene) -> dict[str, Any]:
    """Three scripts, one feed: nothing was dropped, doubled, doubted or sent twice."""
    assert this.ninja.say("feeds") == 1
    feed: dict[str, Any] = this.ninja.say("feed")
    kinds = [rec.kind for rec in this.day.recs]
    assert feed["end"] == len(kinds) + 1
    assert feed["Depth"] == kinds.count(POSITION)
    assert feed["Trades"] == kinds.count(TRADE)
    assert feed["Quotes"] == kinds.count(QUOTE)
    assert feed["ignored"] == this.day.lines - len(kinds)
    for name in ("Faults", "Resets", "Seeds", "Refused", "Overrun", "Unseeded", "failed"):
        assert feed[name] == 0, feed
    return feed


def require_server(this: Scene) -> None:
    """What the server counted: all checks passed, nothing was asked for again."""
    text = this.served.text("/metrics")
    counted = {
        line.split("{")[0].removeprefix("depthbridge_book_"): float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("depthbridge_book_") and ES in line and "reason=" not in line
    }
    assert counted["records_total"] == len(this.day.recs)
    assert counted["checks_total"] >= len(this.day.recs) // 500
    for name in ("checks_failed", "duplicates", "gaps", "malformed", "faults"):
        assert counted[f"{name}_total"] == 0, name
    resyncs = [line for line in text.splitlines() if line.startswith("depthbridge_book_resyncs")]
    assert resyncs
    assert all(line.endswith(" 0.0") for line in resyncs)


def require_volumes(this: Scene) -> None:
    """The session's volume and delta are the dump's, once each, whoever looks at the instrument."""
    profile = this.get("profile")
    trades = [
        rec for rec in this.day.recs if rec.kind == TRADE and rec.time >= (profile["since"] or 0)
    ]
    assert profile["volume"] == sum(rec.size for rec in trades) > 0
    signed = {BUY: 1, SELL: -1, UNKNOWN: 0}
    metrics = this.get("metrics")
    assert metrics["cvd"] == sum(rec.size * signed[rec.side] for rec in trades)
    # By the running volume, if the dump has it, no trade is missing.
    running = any((rec.kind, rec.op) == (QUOTE, 1) for rec in this.day.recs)
    assert metrics["volume_gap"] == (0 if running else None)
    # A session that had begun before the dump did lacks its first trades, and says so.
    assert profile["complete"] == (profile["since"] > this.day.recs[0].time)


@pytest.mark.parametrize(
    "name", ["bundled_begin", "recorded_hour", pytest.param("bundled", marks=pytest.mark.long)]
)
def test_a_dump_reaches_book_sums_clusters_and_journal(
    name: str, runner: Program, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    day: Day = request.getfixturevalue(name)
    part = day.lines // STOPS + 1
    with scene(runner, tmp_path, day) as this:
        wait_until(this.known)
        for stop in range(STOPS):
            with this.looking():
                # The first part at the pace of a busy open, what follows as fast as it goes.
                this.play(part, 20_000 if stop == 0 else 0)
            this.looks.append(this.look())
            this.require_same_clusters()
        feed = require_counts(this)
        last = this.look()
        assert [tuple(row) for row in feed["bids"][:10]] == last.bids
        assert [tuple(row) for row in feed["asks"][:10]] == last.asks
        require_server(this)
        require_volumes(this)
        assert this.ninja.logged() == ["100"]
    assert last.seq == len(day.recs)
    compared = require_books(day, this.looks)
    sys.stdout.write(
        f"{name}: {len(day.recs)} records, {compared} books compared, "
        f"{feed['audits']} audits, up to {this.clusters} clusters\n"
    )
    assert compared > STOPS * 2
    assert this.clusters > 0
    require_journal(tmp_path / "recordings", day)
    require_replay(tmp_path / "recordings", day)
