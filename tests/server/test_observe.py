"""What is copied for /metrics, with the time given."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from market.enums import Source
from recording.entries import FrameEntry
from server.observe import observe
from server.runtime import Runtime
from server.settings import settings_from


class At:
    """A clock that stands still."""

    def __init__(self, wall: str) -> None:
        moment = datetime.fromisoformat(wall).replace(tzinfo=UTC)
        self.wall = int(moment.timestamp()) * 10**9

    def monotonic_ns(self) -> int:
        return 10**12

    def wall_ns(self) -> int:
        return self.wall


def runtime_at(wall: str, folder: Path) -> Runtime:
    settings = settings_from({"recording": {"folder": str(folder), "enabled": False}})
    return Runtime(settings, "0", clock=At(wall))


@pytest.mark.parametrize(
    ("wall", "open_"),
    [
        ("2026-11-19T14:50:00", True),
        ("2026-11-19T22:30:00", False),  # the daily break, 16:00 to 17:00 in Chicago
        ("2026-11-19T23:00:00", True),
        ("2026-11-21T12:00:00", False),  # Saturday
    ],
)
def test_a_live_session_is_open_by_the_wall_clock(wall: str, open_: bool, tmp_path: Path) -> None:
    runtime = runtime_at(wall, tmp_path)
    runtime.hub.channel(runtime.hub.define("ES 12-26"), Source.LIVE)
    (book,) = observe(runtime).books
    assert book.gauges["session_open"] == open_


def test_a_playback_is_open_by_its_own_time(tmp_path: Path, data: Any) -> None:
    """On a Saturday a Thursday is played."""
    runtime = runtime_at("2026-11-21T12:00:00", tmp_path)
    channel = runtime.hub.channel(runtime.hub.define("ES 12-26"), Source.PLAYBACK)
    assert observe(runtime).books[0].gauges["session_open"] is False
    channel.record(FrameEntry(data.frames_of(*data.market(100), 100)[0]))
    (book,) = observe(runtime).books
    assert book.gauges["session_open"] is True
    assert book.gauges["feed_lag_seconds"] is None


def test_nothing_that_is_unknown_is_a_number(tmp_path: Path) -> None:
    runtime = runtime_at("2026-11-19T14:50:00", tmp_path)
    runtime.hub.channel(runtime.hub.define("ES 12-26"), Source.LIVE)
    (book,) = observe(runtime).books
    unknown = {name for name, shown in book.gauges.items() if shown is None}
    assert unknown == {
        *("publisher_age_seconds", "feed_lag_seconds"),
        *("journal_lag_records", "journal_lag_seconds"),
    }
