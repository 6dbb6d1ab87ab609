"""The C# connection without sockets, in a time that stands still until the test moves it.

What it opens, sends and closes is a list; the server is Python's own, and so is what becomes of
each attempt to connect. A test says how long things take: nothing here waits for real.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from market.enums import Kind
from tests.client.fake_server import FakeServer, depth_frames
from tests.csharp.build import Program
from tests.csharp.talk import SYMBOL, Talk, records_of
from tests.waiting import PATIENCE_MS
from wire.codes import CloseCode
from wire.messages import Heartbeat, Message, encode_message

OTHER = "NQ 12-26"
"""Real time, for what has to happen while the pump's own time stands still."""
TICK_MS = 1_000
FIRST_WAIT_MS = (50, 100)
"""Between two attempts: each wait is spread over its second half."""
LONGEST_WAIT_MS = (2_500, 5_000)
REFUSED_MS = 30_000
SILENCE_MS = 15_000
WEBSOCKET_AGAIN_MS = 5_000
BUSY_MS = 15_000
"""After so long requests that never let the sender rest are left for a try of the WebSocket."""


_ENDS = ("open", "refused", "closed", "yes", "no")


class Pump:
    """A connection and its server.

    Attributes:
        server: what has arrived.
        done: what was done with connections and not asked for yet: which, and what.
    """

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.server = FakeServer()
        self.done: list[tuple[str, str]] = []
        talk.say("new")

    def start(self) -> None:
        self.talk.say("start")
        self.serve()

    def serve(self) -> None:
        """Be the server until nothing more is said."""
        while new := self._new():
            for _, what in new:
                for answer in self._answers(what):
                    self.hear(answer)

    def serve_last(self) -> None:
        """Read what was said last; nobody hears an answer any more."""
        for _, what in self._new():
            self._answers(what)

    def hear(self, message: Message) -> None:
        self.talk.say("hear", encode_message(message).decode())

    def advance(self, milliseconds: int) -> None:
        """Let time go by, a second at most at once, and the server answer what came of it."""
        for part in range(0, milliseconds, TICK_MS):
            self.talk.say("advance", min(TICK_MS, milliseconds - part))
            self.serve()

    def push(self, first: int, count: int) -> None:
        """Tell records; the server takes them."""
        for frame in depth_frames(first - 1 + count)[(first - 1) // 20 :]:
            self.talk.say("records", records_of(frame))
        self.talk.say("settle")
        self.serve()

    def take(self) -> list[str]:
        """What was done since the last time: openings and closings, and the types of texts."""
        done, self.done = self.done, []
        return [f"{who} {_name(what)}" for who, what in done if not what.startswith("*")]

    def attempts(self) -> list[str]:
        """Of what was done, the openings and closings."""
        return [line for line in self.take() if line.rsplit(" ", 1)[1] in _ENDS]

    def frames_and_attempts(self) -> list[str]:
        """The same, with the frames between them."""
        done, self.done = self.done, []
        named = [f"{who} {'frame' if what.startswith('*') else _name(what)}" for who, what in done]
        return [line for line in named if line.rsplit(" ", 1)[1] in (*_ENDS, "frame")]

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.talk.say("state")
        return state

    def logged(self) -> list[str]:
        """Numbers of all log events so far."""
        return [line[:3] for line in self.state["log"]]

    def require_once(self, records: int) -> None:
        """Everything arrived, once, in order, and the book is right."""
        assert self.server.records[SYMBOL] == list(range(1, records + 1))
        assert self.server.snapshots == self.server.failed_checks == 0
        assert self.state["settled"]

    def _new(self) -> list[tuple[str, str]]:
        new = [(who, what) for who, what in self.talk.say("done", 0)]
        self.done += new
        return new

    def _answers(self, what: str) -> list[Message]:
        if what.startswith("*"):
            return list(self.server.receive(bytes.fromhex(what[1:])))
        if not what.startswith("{"):
            return []
        beat = [Heartbeat(last={})] if _name(what) == "heartbeat" else []
        return [*self.server.receive(what), *beat]


def _name(what: str) -> str:
    return str(json.loads(what)["type"]) if what.startswith("{") else what


@pytest.fixture(scope="module")
def talk(runner: Program) -> Iterator[Talk]:
    with Talk(runner, "pump") as talk:
        yield talk


@pytest.fixture
def pump(talk: Talk) -> Iterator[Pump]:
    yield Pump(talk)
    talk.say("stop")


def test_a_connection_that_works(pump: Pump) -> None:
    pump.start()
    pump.push(1, 400)
    pump.require_once(400)
    assert pump.logged() == ["100"]
    assert pump.attempts() == ["ws 1 open"]


LATER = 10**18 + 10**9
WAKING: dict[str, tuple[Any, ...]] = {
    "depth": ("records", [[Kind.DEPTH_POSITION, LATER, 1, 1, 0, 18_000, 7, 0]]),
    "trade": ("records", [[Kind.TRADE, LATER, 1, 1, 0, 18_000, 1, 0]]),
    "quote": ("records", [[Kind.QUOTE, LATER, 1, 0, 0, 18_000, 5, 0]]),
    "running volume": ("records", [[Kind.QUOTE, LATER, 0, 1, 0, 0, 500, 0]]),
    "bar": ("bar", LATER, 1.0, 2.0, 1.0, 1.5, 10.0),
    "back-fill": ("backfill", [[LATER, 18_000, 1, 1, 1]]),
    "seed": ("seed", [[100, 5]], [[101, 5]], LATER),
    "reset": ("reset", "FeedLost"),
    "report": ("report", '{"type":"order"}'),
}


def test_a_pause_wakes_the_sender_though_no_time_goes_by(pump: Pump) -> None:
    pump.talk.say("new", "playback")
    pump.start()
    pump.push(1, 20)
    pump.talk.say("pause", True)
    ((_, told),) = pump.talk.say("done", PATIENCE_MS)
    assert json.loads(told)["paused"]


@pytest.mark.parametrize("what", WAKING)
def test_what_is_told_wakes_the_sender_though_no_time_goes_by(pump: Pump, what: str) -> None:
    pump.start()
    pump.push(1, 20)
    pump.talk.say(*WAKING[what])
    assert pump.talk.say("done", PATIENCE_MS)


def test_refused_openings_are_tried_again_after_waits_that_double(pump: Pump) -> None:
    pump.talk.say("healthy", False)
    for _ in range(9):
        pump.talk.say("plan", "ws", "nobody listens", 0)
    pump.start()
    attempt = ["ws {} refused", "ws {} closed", "health no"]
    shortest, longest = FIRST_WAIT_MS
    for number in range(1, 9):
        assert pump.attempts() == [line.format(number) for line in attempt]
        pump.advance(shortest - 1)
        assert set(pump.attempts()) <= {"health no"}, number
        pump.talk.say("advance", longest - shortest + 1)  # in one: the next wait begins at its end
        pump.serve()
        shortest, longest = (
            min(2 * one, most)
            for one, most in zip((shortest, longest), LONGEST_WAIT_MS, strict=True)
        )
    state = pump.state
    assert (state["status"], state["reason"]) == ("NO SERVER", "nobody listens")
    assert pump.logged() == ["102"], "the same failure is told once"
    pump.advance(longest)
    attempts = [line for line in pump.attempts() if line != "health no"]
    assert attempts == ["ws 9 refused", "ws 9 closed", "ws 10 open"]
    assert pump.state["connections"] == 1


def test_a_server_that_is_back_ends_a_long_wait_within_a_second(pump: Pump) -> None:
    away(pump)
    pump.advance(TICK_MS - 1)
    assert pump.attempts() == []
    pump.advance(1)
    assert pump.attempts() == ["health no"], "asked once a second, and no more"
    pump.talk.say("healthy", True)
    pump.advance(TICK_MS - 1)
    assert pump.attempts() == []
    pump.advance(1)
    assert pump.attempts() == ["health yes", "ws 8 open"]
    assert pump.state["connections"] == 1


def test_a_server_that_answers_but_refuses_is_not_asked_in_between(pump: Pump) -> None:
    for _ in range(3):
        pump.talk.say("plan", "http", "away", 0)
    away(pump)
    pump.talk.say("healthy", True)
    for _ in range(3):
        pump.talk.say("plan", "ws", "blocked", 503)
    pump.advance(TICK_MS)
    assert pump.attempts() == [
        "health yes",
        *("ws 8 refused", "ws 8 closed", "health yes", "http 9 refused", "http 9 closed"),
    ]
    pump.advance(LONGEST_WAIT_MS[0] - 1)
    assert pump.attempts() == []


def test_a_refusal_after_an_absence_is_waited_out(pump: Pump) -> None:
    away(pump)
    pump.talk.say("healthy", True)
    pump.advance(TICK_MS)
    assert pump.attempts() == ["health yes", "ws 8 open"]
    closed(pump, CloseCode.UNAUTHORISED)
    pump.advance(REFUSED_MS - FIRST_WAIT_MS[1] - 1)
    assert pump.attempts() == []
    pump.advance(1)
    assert pump.attempts() == ["ws 9 open"]


def away(pump: Pump) -> None:
    """Start, and come to a wait of the longest kind: the server does not answer at all."""
    pump.talk.say("healthy", False)
    for _ in range(7):
        pump.talk.say("plan", "ws", "nobody listens", 0)
    pump.start()
    while "ws 7 closed" not in pump.attempts():
        pump.advance(50)


def test_a_greeting_makes_the_next_wait_the_first_again(pump: Pump) -> None:
    pump.talk.say("healthy", False)
    for _ in range(5):
        pump.talk.say("plan", "ws", "nobody listens", 0)
    pump.start()
    for _ in range(5):
        pump.advance(LONGEST_WAIT_MS[1])
    assert pump.state["connections"] == 1
    pump.talk.say("break", "cut")
    pump.serve()
    pump.take()
    pump.advance(FIRST_WAIT_MS[1])
    assert pump.attempts() == ["ws 7 open"]


@pytest.mark.parametrize("room", [0, 1, 3, 7])
def test_a_send_that_fails_in_the_middle_loses_and_repeats_nothing(pump: Pump, room: int) -> None:
    pump.start()
    pump.push(1, 200)
    pump.take()
    pump.talk.say("limit", room)
    pump.push(201, 1_400)
    assert pump.attempts() == ["ws 1 closed"]
    assert not pump.state["settled"]
    pump.advance(FIRST_WAIT_MS[1])
    assert pump.attempts() == ["ws 2 open"]
    pump.require_once(1_600)
    assert pump.logged() == ["100", "101", "100"]
    assert len({hello.session for hello in pump.server.hellos}) == 1


def test_a_line_that_breaks_while_nothing_is_sent(pump: Pump) -> None:
    pump.start()
    pump.push(1, 200)
    pump.take()
    pump.talk.say("break", "reset by peer")
    assert pump.state["reason"] == "reset by peer"
    assert pump.state["status"] == "NO SERVER"
    pump.advance(FIRST_WAIT_MS[1])
    assert pump.attempts() == ["ws 1 closed", "ws 2 open"]


def closed(pump: Pump, code: CloseCode) -> None:
    """The server closes, and the least that a next attempt waits for goes by."""
    pump.talk.say("close", code, "so it is")
    pump.serve()
    pump.take()
    pump.advance(FIRST_WAIT_MS[1])


@pytest.mark.parametrize(
    "code",
    [CloseCode.RESTART, CloseCode.TOO_SLOW, CloseCode.OVER_LIMIT],
)
def test_a_close_that_says_nothing_of_us_is_followed_by_another_attempt(
    pump: Pump, code: CloseCode
) -> None:
    pump.start()
    for number in range(2, 6):
        closed(pump, code)
        assert pump.attempts() == [f"ws {number} open"]
    assert "103" not in pump.logged()
    assert f"101 {code} so it is" in pump.state["log"]


@pytest.mark.parametrize("code", [CloseCode.PROTOCOL_VERSION, CloseCode.UNAUTHORISED])
def test_a_close_that_the_same_hello_would_meet_again_is_waited_out(
    pump: Pump, code: CloseCode
) -> None:
    pump.start()
    closed(pump, code)
    assert pump.logged() == ["100", "103"]
    assert pump.state["reason"] == "so it is"
    pump.advance(REFUSED_MS - FIRST_WAIT_MS[1] - 1)
    assert pump.attempts() == []
    pump.advance(1)
    assert pump.attempts() == ["ws 2 open"]


@pytest.mark.parametrize("code", [CloseCode.SUPERSEDED, CloseCode.TOO_LARGE])
def test_a_close_that_damage_can_cause_is_believed_the_third_time(
    pump: Pump, code: CloseCode
) -> None:
    pump.start()
    for number in (2, 3):
        closed(pump, code)
        assert pump.attempts() == [f"ws {number} open"]
    closed(pump, code)
    assert pump.attempts() == []
    assert pump.logged()[-1] == "103"
    pump.advance(REFUSED_MS)
    assert pump.attempts() == ["ws 4 open"]


def test_requests_carry_the_data_until_a_websocket_opens(pump: Pump) -> None:
    pump.talk.say("plan", "ws", "blocked", 503)
    pump.talk.say("plan", "ws", "blocked", 503)
    pump.start()
    assert pump.attempts() == ["ws 1 refused", "ws 1 closed", "health yes", "http 2 open"]
    assert pump.state["http"]
    pump.push(1, 200)
    pump.advance(WEBSOCKET_AGAIN_MS - 1)
    assert pump.attempts() == []
    pump.advance(1)
    assert pump.attempts() == ["ws 3 refused", "ws 3 closed"]
    pump.push(201, 200)
    pump.advance(WEBSOCKET_AGAIN_MS)
    assert pump.attempts() == ["ws 4 open", "http 2 closed"]
    assert not pump.state["http"]
    pump.push(401, 200)
    pump.require_once(600)
    assert pump.state["log"] == ["104 blocked", "105 ", "100 "]
    assert len({hello.session for hello in pump.server.hellos}) == 1
    pump.advance(3 * WEBSOCKET_AGAIN_MS)
    assert pump.attempts() == [], "nothing is tried beside a WebSocket that works"


def test_requests_that_never_rest_are_left_all_the_same(pump: Pump) -> None:
    took_ms = 400
    for _ in range(2):
        pump.talk.say("plan", "ws", "blocked", 503)
    pump.start()
    pump.take()
    pump.talk.say("busy", took_ms)
    pump.push(1, 20)
    done = pump.frames_and_attempts()
    posts = 1 + math.ceil(BUSY_MS / took_ms)
    posted = ["http 2 frame"] * posts
    assert done[: 2 * posts + 3] == [*posted, "ws 3 refused", "ws 3 closed", *posted, "ws 4 open"]
    assert done[2 * posts + 3 :] == ["http 2 closed", "ws 4 frame"]
    state = pump.state
    assert (state["settled"], state["http"], state["connections"]) == (True, False, 2)
    assert pump.server.sessions[SYMBOL].expected == state["end"]
    assert not pump.server.lost
    assert pump.server.snapshots == pump.server.failed_checks == 0


def test_requests_are_not_tried_when_the_token_is_refused(pump: Pump) -> None:
    pump.talk.say("plan", "ws", "401", 401)
    pump.start()
    assert pump.attempts() == ["ws 1 refused", "ws 1 closed"]
    assert "token" in pump.state["reason"]
    pump.advance(REFUSED_MS - 1)
    assert pump.attempts() == []
    pump.advance(1)
    assert pump.attempts() == ["ws 2 open"]


def test_requests_that_fail_too_mean_that_there_is_no_server(pump: Pump) -> None:
    pump.talk.say("plan", "ws", "blocked", 503)
    pump.talk.say("plan", "http", "away", 0)
    pump.start()
    assert pump.attempts()[-3:] == ["health yes", "http 2 refused", "http 2 closed"]
    assert (pump.state["status"], pump.state["reason"]) == ("NO SERVER", "away")
    assert not pump.state["http"]
    pump.advance(FIRST_WAIT_MS[1])
    assert pump.attempts() == ["ws 3 open"]


def test_a_server_that_is_silent_is_left(pump: Pump) -> None:
    pump.start()
    pump.push(1, 200)
    pump.take()
    for _ in range(SILENCE_MS // 1_000 - 1):
        pump.talk.say("advance", 1_000)
    assert pump.talk.say("state")["status"] != "NO SERVER"
    pump.hear(Heartbeat(last={0: 200}))
    for _ in range(SILENCE_MS // 1_000 - 1):
        pump.talk.say("advance", 1_000)
    assert "106" not in pump.logged()
    pump.talk.say("advance", 1_000)
    assert pump.logged()[-2:] == ["106", "101"]
    pump.serve()
    pump.advance(FIRST_WAIT_MS[1])
    assert pump.attempts() == ["ws 1 closed", "ws 2 open"]
    pump.push(201, 200)
    pump.require_once(400)


def test_a_server_that_never_greets_is_left_too(pump: Pump) -> None:
    pump.talk.say("start")
    for _ in range(SILENCE_MS // 1_000):
        pump.talk.say("advance", 1_000)
    assert [what for _, what in pump.talk.say("done", 0)][-1] == "closed"
    assert pump.logged() == ["106", "102"]


def test_it_never_sleeps_for_longer_than_a_second(pump: Pump) -> None:
    pump.start()
    assert 0 < pump.state["asked"] <= 1_000


def test_what_waits_goes_out_before_bye(pump: Pump) -> None:
    pump.start()
    pump.push(1, 200)
    pump.take()
    pump.talk.say("hold")
    for frame in depth_frames(600)[10:]:
        pump.talk.say("records", records_of(frame))
    pump.talk.say("stop-held")
    pump.serve_last()
    assert pump.server.records[SYMBOL] == list(range(1, 601))
    assert pump.server.byes == 1
    assert pump.take()[-2:] == ["ws 1 bye", "ws 1 closed"]
    assert pump.logged()[-1] == "107"
    assert (pump.state["status"], pump.state["reason"]) == ("NO SERVER", "stopped")


def test_bye_is_not_said_to_who_has_not_greeted(pump: Pump) -> None:
    pump.talk.say("start")
    pump.talk.say("stop")
    assert [_name(what) for _, what in pump.talk.say("done", 0)] == ["open", "hello", "closed"]


def test_stopping_ends_a_rest(pump: Pump) -> None:
    pump.talk.say("plan", "ws", "401", 401)
    pump.start()
    pump.take()
    pump.talk.say("stop")
    pump.serve_last()
    assert pump.take() == []
    assert pump.logged() == ["102", "103", "107"]


def test_another_stream_begins_the_connection_anew_under_the_same_session(pump: Pump) -> None:
    pump.start()
    pump.push(1, 200)
    pump.take()
    pump.talk.say("stream", OTHER)
    pump.talk.say("settle")
    pump.serve()
    assert pump.attempts() == ["ws 1 closed", "ws 2 open"], "at once: nothing is wrong"
    first, second = pump.server.hellos
    assert [one.symbol for one in second.instruments] == [SYMBOL, OTHER]
    assert first.session == second.session


def test_another_stream_ends_the_rest_after_a_refusal(pump: Pump) -> None:
    pump.talk.say("plan", "ws", "401", 401)
    pump.start()
    pump.take()
    pump.talk.say("stream", OTHER)
    pump.talk.say("settle")
    pump.serve()
    assert pump.attempts() == ["ws 2 open"]


def test_nonsense_is_told_and_survived(pump: Pump) -> None:
    pump.start()
    pump.talk.say("hear", "{")
    pump.talk.say("hear", '{"type":"ack"}')
    pump.push(1, 200)
    pump.require_once(200)
    assert pump.logged() == ["100", "203", "203"]
    assert pump.attempts() == ["ws 1 open"]


def test_a_defect_is_told_and_a_fresh_connection_begun(pump: Pump) -> None:
    pump.talk.say("plan", "ws", "a defect", -1)
    pump.start()
    assert pump.logged() == ["301"]
    pump.advance(999)
    assert pump.attempts() == ["ws 1 refused"]
    pump.advance(1)
    assert pump.attempts() == ["ws 2 open"]
    pump.push(1, 200)
    pump.require_once(200)
