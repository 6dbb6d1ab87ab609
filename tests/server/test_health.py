"""/health over a runtime whose clock stands still: quiet while closed, honest about faults."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from market.enums import Source
from server.health import health
from server.runtime import Runtime
from server.settings import load_settings, settings_from
from wire.codes import ResyncReason

OPEN, CLOSED = "2026-11-19T14:50:00", "2026-11-21T12:00:00"  # a Thursday, a Saturday


class At:
    """A clock that stands still."""

    def __init__(self, wall: str) -> None:
        self.wall = int(datetime.fromisoformat(wall).replace(tzinfo=UTC).timestamp()) * 10**9
        self.monotonic = 10**12

    def monotonic_ns(self) -> int:
        return self.monotonic

    def wall_ns(self) -> int:
        return self.wall


class Ready(Runtime):
    """Without kernels to wait for."""

    @property
    def warm(self) -> bool:
        return True


def channel_at(wall: str, data: Any) -> tuple[Runtime, Any]:
    settings = settings_from({"recording": {"enabled": False}})
    runtime = Ready(settings, "0", clock=At(wall))
    channel = runtime.hub.channel(runtime.hub.define("ES 12-26"), Source.LIVE)
    channel.begin("7c9e6679-7425-40de-944b-e07fc1f90ae7")
    channel.live.connected = True
    channel.frame(data.frames_of(*data.market(100), 100)[0], runtime.clock.monotonic_ns())
    return runtime, channel


@pytest.mark.parametrize(
    ("wall", "status", "reasons"), [(OPEN, "degraded", ["stale"]), (CLOSED, "ok", [])]
)
def test_silence_is_no_news_while_the_market_is_closed(
    wall: str, status: str, reasons: list[str], data: Any
) -> None:
    runtime, channel = channel_at(wall, data)
    assert health(runtime)["status"] == "ok"
    channel.silent()
    found = health(runtime)
    assert found["streams"][0]["phase"] == "stale"
    assert (found["status"], found["reasons"]) == (status, reasons)


@pytest.mark.parametrize("wall", [OPEN, CLOSED])
def test_a_book_that_is_wrong_is_news_at_any_time(wall: str, data: Any) -> None:
    runtime, channel = channel_at(wall, data)
    channel.break_off(ResyncReason.CHECKSUM, runtime.clock.monotonic_ns())
    found = health(runtime)
    assert found["streams"][0]["missing"] == ["snapshot"]
    assert (found["status"], found["reasons"]) == ("degraded", ["stale"])


def test_the_journals_lag_is_in_the_row(tmp_path: Path) -> None:
    settings = settings_from({"recording": {"folder": str(tmp_path)}})
    clock = At(OPEN)
    runtime = Ready(settings, "0", clock=clock)
    channel = runtime.hub.channel(runtime.hub.define("ES 12-26"), Source.LIVE)
    clock.monotonic += 1_500_000_000
    assert health(runtime)["streams"][0]["journal_lag_ms"] == 1500
    channel.sync()
    assert health(runtime)["streams"][0]["journal_lag_ms"] == 0
    channel.close()


def test_an_old_name_in_the_configuration_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.settings._RENAMED", {"server.listen_port": "server.port"})
    variables = {
        "DEPTHBRIDGE_SERVER_LISTEN_PORT": "9000",
        "DEPTHBRIDGE_RECORDING_ENABLED": "false",
    }
    (warning,) = health(Ready(load_settings(environment=variables), "0"))["warnings"]
    assert "server.listen_port is now called server.port" in warning
