"""From NinjaTrader to a real server and back: hub, charts and strategy on one connection."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.csharp.build import Program
from tests.csharp.ninja import ES, Ninja, at
from tests.csharp.served import ServedProcess, free_port
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.usefixtures("warmed")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedProcess]:
    """A server."""
    process = ServedProcess(tmp_path, free_port(), DEPTHBRIDGE_SIGNALS_WARMUP_S="0")
    process.start()
    try:
        yield process
    finally:
        process.kill()


@pytest.fixture
def ninja(runner: Program, served: ServedProcess, tmp_path: Path) -> Iterator[Ninja]:
    """NinjaTrader with the hub, two charts and a strategy of one instrument."""
    with Ninja(runner, hub=False) as talk:
        talk.say("server", str(tmp_path / "user"))
        talk.start_hub()
        for name in ("one", "two"):
            talk.chart(name, Port=served.port)
        talk.strategy("s", Port=served.port)
        yield talk
        talk.say("hub-state", 0, "Terminated")


def _get(served: ServedProcess, what: str) -> dict[str, Any]:
    path = f"/api/v1/instruments/{urllib.parse.quote(ES)}/{what}"
    with urllib.request.urlopen(f"http://{served.address}{path}", timeout=PATIENCE_S) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _drive(ninja: Ninja) -> list[int]:
    """Twenty seconds of a market; sizes of the three ask rows at its end."""
    ninja.ladder()
    sizes = [10, 11, 12]
    for number in range(1000):
        row = number % 3
        sizes[row] = 100 + number
        ninja.depth("ask", "Update", row, 5000.25 + row / 4, sizes[row], number * 0.02)
        if number % 10 == 0:
            ninja.trade(5000.25, 1, number * 0.02)
    assert ninja.say("process", "s", 10_000)
    return sizes


def test_book_sums_and_clusters_are_the_server_s(ninja: Ninja, served: ServedProcess) -> None:
    """The book of the events; each trade once for three scripts; one set of clusters everywhere."""
    sizes = _drive(ninja)
    book = _get(served, "book")
    assert book["phase"] == "synced"
    assert book["asks"] == [[5000.25 + row / 4, float(size)] for row, size in enumerate(sizes)]
    assert book["bids"] == [[5000.0 - row / 4, float(20 + row)] for row in range(3)]
    assert _get(served, "metrics")["cvd"] == 100.0

    def agree() -> bool:
        for name in ("one", "two", "s"):
            ninja.say("run-custom", name)
        there = [one["id"] for one in _get(served, "clusters")["clusters"]]
        views = [ninja.say("indicator-view", name) for name in ("one", "two")]
        mine = ninja.say("strategy-view", "s")
        sets = [view["clusters"] for view in (*views, mine)]
        return bool(there) and all(found == there for found in sets) and mine["state"] == "LIVE"

    wait_until(agree)


def test_whose_rows_are_is_known_at_once(
    runner: Program, served: ServedProcess, tmp_path: Path
) -> None:
    """A chart is loaded on a book that rests: nothing has changed yet, and its makers are there."""
    with Ninja(runner, hub=False) as talk:
        talk.say("server", str(tmp_path / "user"))
        talk.say("instrument", "AMD", "1900-01-01", 0.01, 1)
        talk.say("rename", "AMD 01-00", "AMD")
        talk.say("kind", "AMD", "Stock")
        rows = [(100.01, 3, "NSDQ"), (100.01, 4, "ARCA"), (100.02, 5, "NSDQ"), (100.01, 2, "NSDQ")]
        for row, (price, size, maker) in enumerate(rows):
            talk.depth("ask", "Add", row, price, size, instrument="AMD", maker=maker)
        talk.depth("bid", "Add", 0, 100.0, 9, instrument="AMD", maker="ARCA")
        talk.start_hub()
        talk.chart("stock", "AMD", Port=served.port, useL3=True)

        def makers() -> list[Any]:
            try:
                book = served.get("/api/v1/instruments/AMD/book")
            except urllib.error.HTTPError:
                return []
            return [book.get("bid_makers"), book.get("ask_makers")]

        asks = [[["NSDQ", 5.0], ["ARCA", 4.0]], [["NSDQ", 5.0]]]
        wait_until(lambda: makers() == [[[["ARCA", 9.0]]], asks], makers)
        talk.say("hub-state", 0, "Terminated")


def test_a_signal_of_the_server_reaches_the_strategy(ninja: Ninja, served: ServedProcess) -> None:
    """A wall of the asks comes and is pulled; what fires is told to the script, once."""
    ninja.ladder()
    for second, size in ((1, 900), (4, 12), (5, 13)):
        ninja.depth("ask", "Update", 2, 5000.75, size, second)
    assert ninja.say("process", "s", 10_000)
    told: list[str] = []

    def heard() -> bool:
        ninja.say("run-custom", "s")
        told.extend(ninja.say("strategy-view", "s")["told"])
        return any(one.startswith("signal") for one in told)

    wait_until(heard)
    (signal,) = _get(served, "signals")["signals"]
    assert (signal["kind"], signal["side"], signal["price"]) == ("pull_ahead", "ask", 5000.0)
    assert signal["strength"] > 0
    assert [one for one in told if one.startswith("signal")] == [f"signal {signal['id']}"]


def test_a_late_start_is_made_complete_by_history(ninja: Ninja, served: ServedProcess) -> None:
    """The session's earlier trades come from tick history; live ones count once."""
    history = [[at(-60 * minute), 5000.25, 3, 5000.0, 5000.25] for minute in range(30, 0, -1)]
    ninja.say(
        "history", [*history, *([at(n * 0.2), 5000.25, 1, 5000.0, 5000.25] for n in range(100))]
    )
    _drive(ninja)
    assert not _get(served, "metrics")["complete"]
    wait_until(lambda: ninja.say("requests") == 1)
    ninja.trade(5000.0, 7, 21)
    ninja.say("deliver")
    ninja.trade(5000.25, 2, 22)
    wait_until(lambda: bool(_get(served, "metrics")["complete"]))
    # Some of the hundred may have been told after the history was asked for: they are in both.
    assert _get(served, "metrics")["cvd"] == 30 * 3 + 100 - 7 + 2
