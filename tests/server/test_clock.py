"""The clock is a parameter: nothing in the server asks the system behind its back."""

import ast
import time
from pathlib import Path
from typing import Any, cast

from server.clock import SYSTEM
from server.runtime import Runtime
from server.settings import settings_from

SECOND = 1_000_000_000
ASKING = {"time", "time_ns", "monotonic", "monotonic_ns", "sleep", "now", "utcnow", "today"}


class Hand:
    """A clock that only moves by hand."""

    def __init__(self) -> None:
        self.monotonic = 5 * SECOND
        self.wall = 1_795_099_800 * SECOND

    def monotonic_ns(self) -> int:
        return self.monotonic

    def wall_ns(self) -> int:
        return self.wall


class Socket:
    """What a connection needs of its protocol."""

    client = ("127.0.0.1", 1)
    closing = False
    can_write = True
    closed: int | None = None

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def attach(self, peer: object) -> None:
        self.peer = peer

    def write_text(self, messages: list[bytes]) -> None:
        self.written += messages

    def close_now(self, code: int, reason: str) -> None:
        self.closed = code

    def resume_reading(self) -> None:
        raise AssertionError("was never paused")


def test_the_systems_clocks() -> None:
    assert abs(SYSTEM.wall_ns() - time.time_ns()) < 60 * SECOND
    before = time.monotonic_ns()
    assert before <= SYSTEM.monotonic_ns() <= time.monotonic_ns()


def test_only_the_clock_asks_the_system(root: Path) -> None:
    asked = {
        f"{path.name}:{node.lineno}"
        for path in (root / "server").glob("*.py")
        if path.name != "clock.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ASKING
        and isinstance(node.value, ast.Name)
        and node.value.id in {"time", "datetime"}
    }
    assert asked == set()


def test_what_has_to_happen_in_time_needs_no_event_loop() -> None:
    clock, socket = Hand(), Socket()
    runtime = Runtime(
        settings_from({"recording": {"enabled": False}, "server": {"ahead_minutes": 0}}),
        "1",
        clock=clock,
    )
    runtime.connect(cast(Any, socket))._greeted = True
    beat = int(runtime.settings.server.heartbeat_s * SECOND)
    for passed, beats in ((beat - 1, 0), (1, 1), (beat - 1, 1), (1, 2)):
        clock.monotonic += passed
        runtime.slow_tick(clock.monotonic)
        runtime.pipeline.drain()
        assert len(socket.written) == beats
    assert all(b'"heartbeat"' in text for text in socket.written)
    socket.can_write = False
    clock.monotonic += beat
    runtime.slow_tick(clock.monotonic)
    runtime.pipeline.drain()
    clock.monotonic += int(runtime.settings.server.slow_client_s * SECOND) - SECOND // 4
    runtime.slow_tick(clock.monotonic)
    assert socket.closed is None, "the next look is in time"
    clock.monotonic += 1
    runtime.slow_tick(clock.monotonic)
    assert socket.closed == 4408
