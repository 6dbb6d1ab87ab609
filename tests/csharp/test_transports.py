"""The C# connection over real sockets to a real server: nothing lost or twice, equal books."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.csharp.build import Program
from tests.csharp.relay import Relay
from tests.csharp.served import ServedProcess, free_port
from tests.csharp.talk import Talk
from tests.waiting import PATIENCE_MS, wait_until

START = 1_795_099_800_000_000_000
OTHER = "NQ 12-26"
CAPACITY = "65536"

QUICK = 5
"""Times as fast goes the time of a connection that a test would only wait for."""

pytestmark = pytest.mark.usefixtures("warmed")


def served(folder: Path) -> ServedProcess:
    """A server whose heartbeat comes in time for a connection with quick time."""
    return ServedProcess(folder / "recordings", free_port(), DEPTHBRIDGE_SERVER_HEARTBEAT_S="1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServedProcess]:
    server = served(tmp_path)
    server.start()
    yield server
    server.kill()


def bridge(
    runner: Program, address: str, source: str = "live", token: str = "", pace: int = 1
) -> Talk:
    """A connection; its time goes ``pace`` times as fast."""
    return Talk(runner, "bridge", address, token, source, CAPACITY, str(pace))


def until(talk: Talk, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait for a state."""
    wait_until(lambda: holds(talk.say("state")), lambda: talk.say("state"))


def up(talk: Talk) -> None:
    until(talk, lambda state: state["reason"] == "waiting for the book" or is_live(state))


def is_live(state: dict[str, Any]) -> bool:
    return bool(state["status"] == "LIVE")


def require_same(
    talk: Talk, server: ServedProcess, symbol: str = "ES 12-26", source: str = "live"
) -> dict[str, Any]:
    """Everything was acknowledged, and both have the same book."""
    assert talk.say("settle", PATIENCE_MS), talk.say("state")
    state: dict[str, Any] = talk.say("state")
    book = (state["bids"], state["asks"])
    wait_until(  # a snapshot takes no number, so nothing acknowledges it
        lambda: server.book(symbol, source) == book,
        lambda: (book, server.book(symbol, source), state["log"]),
    )
    return state


def require_journal(server: ServedProcess, folder: Path, records: int) -> None:
    """The journal holds each number once, in order."""
    server.stop()
    assert server.exported(folder / "export.csv") == list(range(1, records + 1))


def test_a_day_without_trouble(runner: Program, server: ServedProcess, tmp_path: Path) -> None:
    with bridge(runner, server.address) as talk:
        talk.say("start")
        up(talk)
        talk.say("market", 1, 0, 30_000, 60_000)
        state = require_same(talk, server)
        until(talk, is_live)
        assert (state["refusals"], state["resyncs"], state["losses"]) == (0, 0, 0)
        assert state["connections"] == 1
        assert state["round_trip"] > 0
        assert state["server"]
        assert state["metrics"] > 0
        talk.say("stop", 5000)
        stopped = talk.say("state")
        assert (stopped["status"], stopped["reason"]) == ("NO SERVER", "stopped")
        assert any(line.startswith("300 ") for line in stopped["log"]), "a listener threw once"
    require_journal(server, tmp_path, state["end"] - 1)


def test_bars_backfill_makers_reports_and_resets_please_the_server(
    runner: Program, server: ServedProcess
) -> None:
    with bridge(runner, server.address, "playback") as talk:
        talk.say("start")
        up(talk)
        talk.say("market", 1, 0, 2_000, 0)
        end = talk.say("state")["end"]
        time_now = START + end * 50_000
        assert talk.say("bar", time_now, 4500.0, 4501.0, 4499.75, 4500.25, 12.0)
        talk.say("maker", "ARCA")
        assert not talk.say("depth", time_now, 1, 1, 0, 18_000, 9, 1)
        assert talk.say("backfill", [[START + n, 18_000, 1, n % 2, 1] for n in range(1200)])
        order = {"type": "order", "instrument": "ES 12-26", "time": time_now, "state": "Filled"}
        talk.say("report", json.dumps(order))
        require_same(talk, server, source="playback")
        state = talk.say("state")
        talk.say("reset", "FeedReset")
        assert talk.say("seed", state["bids"], state["asks"], time_now + 1)
        require_same(talk, server, source="playback")
        assert talk.say("depth", time_now + 2, 1, 1, 40, 18_000, 9, 1)
        assert require_same(talk, server, source="playback")["bids"] == []
        assert talk.say("seed", state["bids"], state["asks"], time_now + 3)
        require_same(talk, server, source="playback")
        talk.say("records", [[0, START - 60 * 10**9, 1, 0, 0, 17_000, 5, 0]])  # the slider
        talk.say("records", [[0, START - 60 * 10**9, 0, 0, 0, 17_001, 5, 0]])
        state = require_same(talk, server, source="playback")
        assert (state["bids"], state["asks"]) == ([[17_000, 5]], [[17_001, 5]])
        assert state["counters"]["Rewinds"] == 1
        # A later record, or the group before it would not be over, and the book not yet there.
        talk.say("records", [[0, START - 59 * 10**9, 1, 1, 0, 17_000, 5, 0]])
        assert state["refusals"] == 0, state["log"]
        talk.say("pause", True)
        until(talk, lambda state: state["reason"] == "the playback stands still")


def test_a_server_that_is_not_there_yet(runner: Program, tmp_path: Path) -> None:
    server = served(tmp_path)
    with bridge(runner, server.address, pace=QUICK) as talk:
        talk.say("start")
        talk.say("market", 1, 0, 20_000, 0)
        until(talk, lambda state: state["status"] == "NO SERVER" and "not" not in state["reason"])
        try:
            server.start()
            until(talk, lambda state: state["connections"] == 1)
            state = require_same(talk, server)
            assert state["losses"] == 0
            talk.say("stop", 5000)
            require_journal(server, tmp_path, state["end"] - 1)
        finally:
            server.kill()


def test_a_server_that_is_killed_and_comes_back(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    with bridge(runner, server.address, pace=QUICK) as talk:
        talk.say("start")
        up(talk)
        first = 0
        for _ in range(2):
            killer = threading.Timer(0.4, server.kill)
            killer.start()
            talk.say("market", first, first, 10_000, 12_000)
            first = talk.say("state")["end"]
            killer.join()
            server.start()
            until(talk, lambda state: state["reason"] == "" or is_live(state))
            require_same(talk, server)
        state = talk.say("state")
        assert state["losses"] == 0
        assert state["connections"] == 3
        talk.say("stop", 5000)
    require_journal(server, tmp_path, state["end"] - 1)


def test_connections_that_are_cut(runner: Program, server: ServedProcess, tmp_path: Path) -> None:
    with Relay(server.port) as relay, bridge(runner, relay.address) as talk:
        talk.say("start")
        up(talk)
        for number in range(5):
            cutter = threading.Timer(0.1 + number * 0.03, relay.cut)
            cutter.start()
            talk.say("market", number, talk.say("state")["end"] - 1, 5_000, 15_000)
            cutter.join()
        state = require_same(talk, server)
        assert state["connections"] >= 5
        assert state["losses"] == 0
        talk.say("stop", 5000)
    require_journal(server, tmp_path, state["end"] - 1)


@pytest.mark.parametrize("pace", [QUICK, pytest.param(1, marks=pytest.mark.long)])
def test_a_half_open_connection_is_given_up_after_fifteen_seconds(
    runner: Program, server: ServedProcess, tmp_path: Path, pace: int
) -> None:
    with Relay(server.port) as relay, bridge(runner, relay.address, pace=pace) as talk:
        talk.say("start")
        up(talk)
        talk.say("market", 1, 0, 2_000, 0)
        require_same(talk, server)
        relay.stall()
        talk.say("market", 2, 2_000, 2_000, 0)
        until(talk, lambda state: state["status"] == "NO SERVER")  # when: test_pump.py
        relay.flow()
        relay.cut()
        state = require_same(talk, server)
        assert any(line.startswith("106") for line in state["log"])
        talk.say("stop", 5000)
    require_journal(server, tmp_path, state["end"] - 1)


def test_requests_carry_the_data_while_the_websocket_fails(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    with Relay(server.port) as relay, bridge(runner, relay.address, pace=QUICK) as talk:
        relay.deny = True
        talk.say("start")
        until(talk, lambda state: state["http"] and state["connections"] == 1)
        talk.say("market", 1, 0, 5_000, 10_000)
        assert talk.say("bar", START + 10**9, 4500.0, 4501.0, 4499.75, 4500.25, 12.0)
        talk.say("seed", [[17_000, 5]], [[17_001, 5]], START + 2 * 10**9)
        state = require_same(talk, server)
        assert is_live(state)
        assert (state["refusals"], state["losses"]) == (0, 0), state["log"]
        assert state["metrics"] > 0
        until(talk, lambda state: relay.denied >= 2)
        relay.deny = False
        until(talk, lambda state: not state["http"] and state["connections"] == 2)
        assert not talk.say("depth", START + 3 * 10**9, 1, 1, 0, 17_000, 6, 0)
        state = require_same(talk, server)
        assert [line[:3] for line in state["log"] if line[:3] in ("104", "105")] == ["104", "105"]
        talk.say("stop", 5000)
    require_journal(server, tmp_path, state["end"] - 1)


def test_whose_rows_are_is_known_after_a_snapshot_by_either_way(
    runner: Program, server: ServedProcess
) -> None:
    """Names go by the WebSocket alone; whose the rows are goes with them."""

    def owners(volume: float) -> list[Any]:
        book = server.get("/api/v1/instruments/ES%2012-26/book")
        there = book["bids"] and book["bids"][0][1] == volume
        return list(book.get("bid_makers", [])) if there else []

    with Relay(server.port) as relay, bridge(runner, relay.address, pace=QUICK) as talk:
        assert [talk.say("maker", name) for name in ("ARCA", "NSDQ")] == [1, 2]
        bids, asks = [[10, 3, 1], [10, 4, 2], [9, 5, 0]], [[11, 6, 2]]
        assert talk.say("seed_makers", bids, asks, START)
        talk.say("start")
        up(talk)
        first = [[["NSDQ", 4.0], ["ARCA", 3.0]], [[None, 5.0]]]
        wait_until(lambda: owners(7.0) == first, lambda: owners(7.0))
        relay.deny = True
        relay.cut()
        until(talk, lambda state: state["http"] and state["connections"] == 2)
        talk.say("reset", "FeedReset")
        assert talk.say("seed_makers", [[10, 1, 2], *bids], asks, START + 10**9)
        assert not talk.say("row", START + 2 * 10**9, 1, 1, 1, 10, 2, 1)
        later = [[["NSDQ", 5.0], ["ARCA", 2.0]], [[None, 5.0]]]
        wait_until(lambda: owners(7.0) == later, lambda: owners(7.0))
        state = require_same(talk, server)
        assert (state["refusals"], state["losses"]) == (0, 0), state["log"]


def test_a_market_that_rests_is_live_again_over_every_new_line(
    runner: Program, server: ServedProcess
) -> None:
    with Relay(server.port) as relay, bridge(runner, relay.address, pace=QUICK) as talk:
        talk.say("start")
        up(talk)
        talk.say("market", 1, 0, 2_000, 0)
        until(talk, is_live)
        end = require_same(talk, server)["end"]
        for number, (deny, http) in enumerate([(False, False), (True, True), (False, False)], 2):
            relay.deny = deny
            if not talk.say("state")["http"]:
                relay.cut()

            def welcomed(state: dict[str, Any], number: int = number, http: bool = http) -> bool:
                return bool(state["connections"] == number and state["http"] is http)

            until(talk, welcomed)
            until(talk, is_live)
        state = talk.say("state")
        assert (state["end"], state["losses"], state["resyncs"]) == (end, 0, 0)


def test_a_server_is_found_after_a_long_absence(runner: Program, tmp_path: Path) -> None:
    server = served(tmp_path)
    with bridge(runner, server.address, pace=QUICK) as talk:
        talk.say("start")
        time.sleep(2)  # the waits between attempts have grown to seconds
        try:
            server.start()
            until(talk, lambda state: state["connections"] == 1)  # how soon: test_pump.py
            assert not talk.say("state")["http"]
        finally:
            server.kill()


def test_four_threads_at_once(runner: Program, server: ServedProcess, tmp_path: Path) -> None:
    with bridge(runner, server.address) as talk:
        talk.say("start")
        up(talk)
        talk.say("market", 1, 0, 20, 0)
        talk.say("threads", 4, 12_000)
        state = require_same(talk, server)
        assert (state["losses"], state["resyncs"], state["refusals"]) == (0, 0, 0), state["log"]
        assert state["end"] == 20 + 4 * 12_000 + 1
        talk.say("stop", 5000)
    require_journal(server, tmp_path, state["end"] - 1)


def test_a_stream_comes_and_goes(runner: Program, server: ServedProcess) -> None:
    with bridge(runner, server.address) as talk:
        talk.say("start")
        up(talk)
        talk.say("market", 1, 0, 1_000, 0)
        talk.say("stream", OTHER)
        talk.say("market", 2, 0, 1_000, 0)
        require_same(talk, server, OTHER)
        talk.say("drop")
        talk.say("stream", "ES 12-26")
        talk.say("market", 3, 1_000, 1_000, 0)
        state = require_same(talk, server)
        until(talk, lambda state: state["connections"] == 3)
        assert state["losses"] == 0


def test_another_session_waits_until_the_first_has_said_bye(
    runner: Program, server: ServedProcess
) -> None:
    with (
        bridge(runner, server.address) as first,
        bridge(runner, server.address, pace=QUICK) as second,
    ):
        first.say("start")
        up(first)
        first.say("market", 1, 0, 1_000, 0)
        require_same(first, server)
        second.say("start")
        until(second, lambda state: "another session" in state["reason"])
        second.say("market", 1, 1_000, 1_000, 0)  # later, as a market goes on
        first.say("stop", 5000)
        until(second, is_live)
        require_same(second, server)


TOKEN = "0123456789abcdef0123456789abcdef"


def test_a_token_that_is_missing_is_told_and_not_tried_again_and_again(
    runner: Program, tmp_path: Path
) -> None:
    server = ServedProcess(tmp_path / "recordings", free_port(), DEPTHBRIDGE_TOKEN=TOKEN)
    server.start()
    try:
        with bridge(runner, server.address) as talk:
            talk.say("start")
            until(talk, lambda state: "token" in state["reason"])
            time.sleep(1)
            state = talk.say("state")
            assert state["status"] == "NO SERVER"
            assert [line[:3] for line in state["log"]].count("103") == 1
        (tmp_path / "token").write_text(f"  {TOKEN}\n")
        with bridge(runner, server.address, token=str(tmp_path / "token")) as talk:
            talk.say("start")
            up(talk)
            assert not talk.say("state")["http"]
    finally:
        server.kill()


def test_a_token_is_shown(runner: Program, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("  0123456789abcdef \n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with bridge(runner, address, token=str(tmp_path / "token")) as talk:
            talk.say("start")
            near, _ = listener.accept()
            with near:
                asked = near.recv(4096).decode().lower()
            listener.close()
            talk.say("stop", 5_000)  # Mono does not end while a connection is being opened
    assert "authorization: bearer 0123456789abcdef\r\n" in asked
    assert "sec-websocket-protocol: depthbridge.v1\r\n" in asked
    assert asked.startswith("get /ws http/1.1\r\n")


def test_stopping_takes_no_longer_than_asked(runner: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with bridge(runner, address) as talk:
            talk.say("start")
            near, _ = listener.accept()  # and never answers
            talk.say("stop", 500)
            assert not any("handshake" in line for line in talk.say("state")["log"])
            near.close()
