"""Requests instead of the WebSocket: several streams at once, to a real server and back again."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from market.enums import FrameType
from recording.entries import BarEntry, FrameEntry, GapEntry, InstrumentEntry, MessageEntry
from recording.journal import journal_streams, read_journal
from tests.csharp.build import Program
from tests.csharp.relay import Relay
from tests.csharp.served import ServedProcess, free_port
from tests.csharp.talk import Talk
from tests.csharp.test_transports import OTHER, START, bridge, is_live, require_same, until, up

pytestmark = pytest.mark.usefixtures("warmed")

ES = "ES 12-26"
SECOND = 10**9


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServedProcess]:
    server = ServedProcess(tmp_path / "recordings", free_port())
    server.start()
    yield server
    server.kill()


def by_requests(runner: Program, relay: Relay) -> Talk:
    """A publisher of two instruments whose WebSocket is denied."""
    relay.deny = True
    talk = bridge(runner, relay.address)
    talk.say("stream", OTHER)
    talk.say("start")
    until(talk, lambda state: state["http"] and state["connections"] == 1)
    return talk


def recorded(folder: Path) -> dict[str, list[Any]]:
    """The journal of each instrument."""
    found = {}
    for stream in journal_streams(folder):
        entries = list(read_journal(stream.folder))
        (symbol,) = {e.instrument.symbol for e in entries if isinstance(e, InstrumentEntry)}
        found[symbol] = entries
    return found


def numbers(entries: list[Any]) -> list[int]:
    """All numbers of a journal, in its order."""
    found: list[int] = []
    for entry in entries:
        assert not isinstance(entry, GapEntry)
        if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
            found += range(entry.frame.seq, entry.frame.end)
        elif isinstance(entry, BarEntry):
            found.append(entry.seq)
    return found


def order(symbol: str) -> str:
    return json.dumps({"type": "order", "instrument": symbol, "time": START, "state": "Filled"})


def test_two_streams_go_by_requests_and_return_to_the_websocket(
    runner: Program, server: ServedProcess, tmp_path: Path
) -> None:
    ends = {}
    with Relay(server.port) as relay, by_requests(runner, relay) as talk:
        for number, symbol in enumerate((ES, OTHER)):
            talk.say("stream", symbol)
            talk.say("market", number, 0, 3_000, 0)
            close = START + SECOND
            assert talk.say("bar", close, 4500.0, 4501.0, 4499.75, 4500.25, 12.0)
            trades = [[START + n, 18_000, 1, n % 2, 1] for n in range(1_200)]
            assert talk.say("backfill", trades)
            talk.say("report", order(symbol))
            state = require_same(talk, server, symbol)
            assert (state["refusals"], state["losses"], state["resyncs"]) == (0, 0, 0), state["log"]
            assert state["http"]
        until(talk, is_live)
        for symbol in (ES, OTHER):  # while the data flows, from one to the other and back
            talk.say("stream", symbol)
            healer = threading.Timer(0.3, setattr, (relay, "deny", False))
            healer.start()
            first = talk.say("state")["end"] - 1
            talk.say("market", 7, first, 20_000, 2_500)
            healer.join()
            until(talk, lambda state: not state["http"])
            require_same(talk, server, symbol)
            relay.deny = True
            relay.cut()
            until(talk, lambda state: state["http"])
        for symbol in (ES, OTHER):
            talk.say("stream", symbol)
            state = require_same(talk, server, symbol)
            assert state["losses"] == 0, state["log"]
            ends[symbol] = state["end"]
        talk.say("stop", 5000)
    server.stop()
    journals = recorded(tmp_path / "recordings")
    assert sorted(journals) == sorted(ends)
    for symbol, entries in journals.items():
        assert numbers(entries) == list(range(1, ends[symbol]))
        assert len([entry for entry in entries if isinstance(entry, BarEntry)]) == 1
        assert len([entry for entry in entries if isinstance(entry, MessageEntry)]) == 1
        told = [entry.frame for entry in entries if isinstance(entry, FrameEntry)]
        assert sum(len(frame.records) for frame in told if frame.historical) == 1_200


def other_volume(piece: bytes) -> bytes:
    """A book whose best bid has another volume, as long as it was."""
    if b'"book":"L2"' not in piece:
        return piece
    return re.sub(
        rb'("bids":\[\[[0-9.]+,)([0-9])', lambda m: m[1] + (b"8" if m[2] != b"8" else b"9"), piece
    )


def test_a_book_that_differs_is_noticed_without_the_websocket(
    runner: Program, server: ServedProcess
) -> None:
    with Relay(server.port) as relay, by_requests(runner, relay) as talk:
        talk.say("stream", ES)
        talk.say("market", 1, 0, 3_000, 0)
        assert require_same(talk, server)["resyncs"] == 0
        relay.change = other_volume
        first = 3_000

        def noticed(state: dict[str, Any]) -> bool:
            nonlocal first
            talk.say("market", 1, first, 600, 0)  # more than there is between two checks
            first += 600
            return bool(state["resyncs"] > 0)

        until(talk, noticed)
        relay.change = bytes
        state = require_same(talk, server)
        assert any(line.startswith("200 checksum") for line in state["log"])
        asked = state["resyncs"]
        talk.say("market", 1, first, 3_000, 1_000)
        assert require_same(talk, server)["resyncs"] == asked


def test_one_of_two_streams_that_is_busy_does_not_stop_the_other(
    runner: Program, server: ServedProcess
) -> None:
    with Relay(server.port) as relay, bridge(runner, server.address) as holder:
        holder.say("start")
        up(holder)
        holder.say("market", 1, 0, 500, 0)
        require_same(holder, server)
        with by_requests(runner, relay) as talk:
            talk.say("stream", ES)
            until(talk, lambda state: "another session" in state["reason"])
            talk.say("stream", OTHER)
            talk.say("market", 2, 0, 3_000, 0)
            state = require_same(talk, server, OTHER)
            assert state["http"]
            assert state["connections"] == 1


@pytest.mark.parametrize("way", ["websocket", "requests"])
def test_reports_about_an_instrument_that_nobody_publishes_do_no_harm(
    runner: Program, server: ServedProcess, tmp_path: Path, way: str
) -> None:
    with Relay(server.port) as relay:
        if way == "requests":
            relay.deny = True
        with bridge(runner, relay.address) as talk:
            talk.say("start")
            until(talk, lambda state: state["connections"] == 1)
            talk.say("market", 1, 0, 1_000, 0)
            for kind in ("order", "fill", "position"):
                told = {"type": kind, "instrument": "GHOST 12-26", "time": START}
                talk.say("report", json.dumps(told))
            until(talk, lambda state: sum("GHOST" in line for line in state["log"]) == 3)
            talk.say("market", 1, 1_000, 1_000, 0)
            state = require_same(talk, server)
            assert state["connections"] == 1
            assert (state["refusals"], state["losses"], state["resyncs"]) == (0, 0, 0)
            until(talk, is_live)
            refused = [line for line in state["log"] if "GHOST" in line]
            assert all(line.startswith("201 unknown_instrument") for line in refused)
            talk.say("stop", 5000)
    server.stop()
    assert list(recorded(tmp_path / "recordings")) == [ES]
