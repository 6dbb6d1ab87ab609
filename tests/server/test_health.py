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


def test_silence_is_no_news_while_the_market_is_closed(data: Any) -> None:
    """Silent on a Thursday; on the Saturday after nobody waits for anything."""
    runtime, channel = channel_at(OPEN, data)
    assert health(runtime)["status"] == "ok"
    channel.silent()
    channel.mind_silence()
    found = health(runtime)
    assert found["streams"][0]["phase"] == "stale"
    assert (found["status"], found["reasons"]) == ("degraded", ["stale"])
    assert isinstance(runtime.clock, At)
    runtime.clock.wall = At(CLOSED).wall
    found = health(runtime)
    assert found["streams"][0]["phase"] == "stale"
    assert (found["status"], found["reasons"]) == ("ok", [])


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


def test_what_the_disk_refuses_is_not_on_disk_after_a_sync(
    tmp_path: Path, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recording.journal.segment import DiskSegment

    settings = settings_from({"recording": {"folder": str(tmp_path)}})
    clock = At(OPEN)
    runtime = Ready(settings, "0", clock=clock)
    channel = runtime.hub.channel(runtime.hub.define("ES 12-26"), Source.LIVE)
    channel.sync()

    def refuse(_: DiskSegment, __: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(DiskSegment, "append", refuse)
        channel.frame(data.frames_of(*data.market(100), 100)[0], clock.monotonic)
        for _ in range(2):
            clock.monotonic += 2_000_000_000
            channel.sync()
        row = health(runtime)["streams"][0]
        assert (row["missing"], row["journal_lag_ms"]) == (["journal"], 4000)
    clock.monotonic += 2_000_000_000
    channel.retry_journal(clock.monotonic)
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
