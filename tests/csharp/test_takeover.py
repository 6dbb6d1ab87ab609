"""Whose instrument it is: after a crash, beside another NinjaTrader, and when it is given back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.csharp.build import Program
from tests.csharp.ninja import Ninja
from tests.csharp.served import ServedProcess, free_port
from tests.csharp.talk import Talk
from tests.csharp.test_transports import OTHER, bridge, is_live, require_same, until
from tests.waiting import wait_until

MINUTE = 60 * 10**9

pytestmark = pytest.mark.usefixtures("warmed")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServedProcess]:
    server = ServedProcess(tmp_path / "recordings", free_port())
    server.start()
    yield server
    server.kill()


@contextmanager
def trader(runner: Program, server: ServedProcess, folder: Path, second: float) -> Iterator[Ninja]:
    """A NinjaTrader of one user with one chart, whose feed tells its rows."""
    with Ninja(runner, hub=False) as ninja:
        ninja.say("server", str(folder))
        ninja.start_hub()
        ninja.chart("one", Port=server.port)
        ninja.ladder(second)
        ninja.trade(5000.25, 1, second + 1)
        yield ninja


def becomes_live(ninja: Ninja) -> None:
    """Wait until its chart is."""

    def view() -> Any:
        return ninja.say("indicator-view", "one")

    wait_until(lambda: bool(view()["state"] == "LIVE"), view)


def refusals(ninja: Ninja) -> list[str]:
    return [line for line in ninja.say("log") if "another session" in line]


def test_after_a_crash_the_same_user_has_his_instrument_at_once(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    with trader(runner, server, tmp_path / "user", 0) as ninja:
        becomes_live(ninja)
        ninja.kill()
    with trader(runner, server, tmp_path / "user", 60) as ninja:
        becomes_live(ninja)
        assert not refusals(ninja)
        ninja.say("hub-state", 0, "Terminated")


def test_another_user_waits_until_the_instrument_is_free(runner: Program, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    server = ServedProcess(folder, free_port(), DEPTHBRIDGE_SERVER_ABSENCE_S="6")
    server.start()
    try:
        with trader(runner, server, tmp_path / "user", 0) as ninja:
            becomes_live(ninja)
            ninja.kill()
        with trader(runner, server, tmp_path / "another", 60) as ninja:
            becomes_live(ninja)
            assert refusals(ninja)
    finally:
        server.kill()


def test_a_second_ninjatrader_of_the_same_user_takes_nothing(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    with (
        trader(runner, server, tmp_path / "user", 0) as first,
        trader(runner, server, tmp_path / "user", 60) as second,
    ):
        becomes_live(first)
        wait_until(lambda: bool(refusals(second)))
        assert first.say("indicator-view", "one")["state"] == "LIVE"
        assert second.say("indicator-view", "one")["state"] == "NO SERVER"
        assert not refusals(first)


def test_after_a_good_end_nothing_is_taken(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    with trader(runner, server, tmp_path / "user", 0) as ninja:
        becomes_live(ninja)
        ninja.say("hub-state", 0, "Terminated")
    with trader(runner, server, tmp_path / "another", 60) as other:
        becomes_live(other)
        with trader(runner, server, tmp_path / "user", 120) as ninja:
            wait_until(lambda: bool(refusals(ninja)))
            assert other.say("indicator-view", "one")["state"] == "LIVE"


def mark(runner: Program, path: Path, now: int = 0) -> Talk:
    return Talk(runner, "run-mark", str(path), str(now))


def test_a_mark_tells_a_crash_for_a_minute(runner: Program, tmp_path: Path) -> None:
    path = tmp_path / "new" / "run"
    with mark(runner, path) as first:
        assert not first.say("follows", 0)
        first.kill()
    with mark(runner, path, 5) as second:
        assert second.say("follows", 5)
        assert second.say("follows", MINUTE + 4)
        assert not second.say("follows", MINUTE + 5)
        with mark(runner, path) as beside:
            assert not beside.say("follows", 0), "the one before still runs"
            beside.say("end")
        second.say("end")
    with mark(runner, path) as third:
        assert not third.say("follows", 0)
        third.kill()
    with mark(runner, path) as fourth:
        assert fourth.say("follows", 0)


def test_a_mark_that_cannot_be_written_tells_no_crash(runner: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("r")
    for path in (tmp_path / "file" / "run", tmp_path):
        with mark(runner, path) as talk:
            assert not talk.say("follows", 0)
            talk.say("end")


def test_an_instrument_that_is_let_go_is_free_at_once(
    runner: Program, server: ServedProcess
) -> None:
    with bridge(runner, server.address) as first, bridge(runner, server.address) as second:
        first.say("stream", OTHER)
        first.say("start")
        until(first, lambda state: state["connections"] == 1)
        for symbol in ("ES 12-26", OTHER):
            first.say("stream", symbol)
            first.say("market", 1, 0, 1_000, 0)
            require_same(first, server, symbol)
        first.say("stream", OTHER)
        first.say("drop")
        until(first, lambda state: state["connections"] == 2)
        second.say("drop")
        second.say("stream", OTHER)
        second.say("start")
        second.say("market", 1, 1_000, 1_000, 0)
        until(second, is_live)
        assert not [line for line in second.say("state")["log"] if line.startswith("103")]
        first.say("stream", "ES 12-26")
        first.say("market", 2, 1_000, 1_000, 0)
        state = require_same(first, server)
        assert (state["losses"], state["refusals"], state["resyncs"]) == (0, 0, 0)
