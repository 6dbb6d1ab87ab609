"""The C# bridge under Mono: what an event costs, records a second, round trips beside a bare echo.

NinjaTrader and the server are two programs, so here they have both cores. Skipped without Mono.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from benchmarks import server
from benchmarks.measuring import OURS, Measure
from benchmarks.server import Served
from tests.csharp.build import Program, built, compiled_core, runner
from tests.csharp.ninja import Ninja

__all__ = ["built", "compiled_core", "runner"]

_ROOT = Path(__file__).resolve().parents[1]
_RECORDS = 2_000_000
_TRIPS = 500
_TURNS = 24
_ECHO = "bare echo"
_Figures = dict[str, dict[str, float]]
_numbers = count(1)


@pytest.fixture(scope="module", autouse=True)
def both_cores() -> Iterator[None]:
    """Undo the pinning for this module's programs."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    yield
    os.sched_setaffinity(0, pinned)


@pytest.fixture(scope="module")
def quiet(both_cores: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that records nothing."""
    with server.serve(tmp_path_factory.mktemp("quiet"), journal=False) as served:
        yield served


@pytest.fixture(scope="module")
def journaling(both_cores: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that records."""
    with server.serve(tmp_path_factory.mktemp("journaling"), journal=True) as served:
        yield served


@pytest.fixture(scope="module")
def echo(both_cores: None) -> Iterator[int]:
    """Port of a WebSocket echo on the server's stack."""
    words = [sys.executable, str(_ROOT / "benchmarks" / "websocket_echo.py")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def _said(runner: Program, *words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(runner.run(*words))
    return answer


def _symbol() -> str:
    return f"BENCH {next(_numbers)}"


def test_bridge_callback(measure: Measure, runner: Program) -> None:
    """The stopwatch's own 20-30 ns are in it."""

    def once() -> _Figures:
        stream = _said(runner, "callback")
        with Ninja(runner) as ninja:
            ninja.chart("one")
            ninja.ladder()
            hub = ninja.say("cost")
        assert hub["failed"] == 0
        return {
            OURS: {
                "stream_p50": stream["median_ns"] / 1e3,
                "stream_p99": stream["p99_ns"] / 1e3,
                "hub_p50": hub["median_ns"] / 1e3,
                "hub_p99": hub["p99_ns"] / 1e3,
                "allocated": stream["bytes"] + hub["bytes"],
            }
        }

    figures = measure.keep(once)
    assert set(figures[OURS]["allocated"]) == {0}


@pytest.mark.parametrize("name", ["quiet", "journaling"])
def test_bridge_flow(
    measure: Measure, runner: Program, name: str, request: pytest.FixtureRequest
) -> None:
    """As many as the server takes, until all are acknowledged; the books are compared."""
    served: Served = request.getfixturevalue(name)
    line = "bridge_flow" if name == "quiet" else "bridge_flow_journal"

    def once() -> _Figures:
        symbol = _symbol()
        flow = _said(runner, "bench-flow", f"127.0.0.1:{served.port}", symbol, str(_RECORDS))
        assert (flow["losses"], flow["resyncs"], flow["refusals"]) == (0, 0, 0)
        assert flow["end"] > _RECORDS
        assert server.book_of(served.port, symbol) == [flow["bids"], flow["asks"]]
        return {OURS: {line: flow["rate"] / 1e6}}

    measure.keep(once)


def test_bridge_trip(measure: Measure, runner: Program, quiet: Served, echo: int) -> None:
    """Beside echoes of as many bytes: a bare ClientWebSocket, and the bridge's own WebSocket.

    In many short turns, in the one order and the other: a machine shared with others is slow for
    seconds at a time, and that must not fall on one side alone.
    """
    turns = count()

    def once() -> _Figures:
        ours = f"127.0.0.1:{quiet.port}"
        verbs = {
            "bench-echo": [f"127.0.0.1:{echo}"],
            "bench-trips": [ours, _symbol()],
            "bench-socket-echo": [f"127.0.0.1:{echo}"],
            "bench-live": [ours, _symbol()],
        }
        order = reversed(verbs) if next(turns) % 2 else iter(verbs)
        said = {verb: _said(runner, verb, *verbs[verb], str(_TRIPS)) for verb in order}
        bare, trips = said["bench-echo"], said["bench-trips"]
        return {
            _ECHO: {"bridge_trip_p50": bare["p50"], "bridge_trip_p99": bare["p99"]},
            OURS: {
                "bridge_trip_p50": trips["p50"],
                "bridge_trip_p99": trips["p99"],
                "bridge_echo_p50": said["bench-socket-echo"]["p50"],
                "bridge_live_p50": said["bench-live"]["p50"],
            },
        }

    measure.keep(once, rounds=_TURNS)
