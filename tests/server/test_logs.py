"""Logging: one JSON object a line, set up by a standard file."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from market.errors import SettingsError
from server.logs import DEFAULT_CONFIG, JsonLines, configure_logging


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("depthbridge")
    handlers, level, own_level = root.handlers[:], root.level, own.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(own_level)


def test_the_shipped_file_is_the_default(root: Path) -> None:
    assert yaml.safe_load((root / "log_conf.yaml").read_text(encoding="utf-8")) == DEFAULT_CONFIG


def test_a_record_is_one_json_object() -> None:
    record = logging.makeLogRecord(
        {"msg": "book %s", "args": ("fault",), "name": "depthbridge.x", "levelname": "WARNING"}
    )
    record.instrument, record.path = "ES 12-26", Path("a")
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["level"], line["logger"]) == (
        "book fault",
        "warning",
        "depthbridge.x",
    )
    assert (line["instrument"], line["path"]) == ("ES 12-26", "a")
    assert line["time"].endswith("+00:00")


def test_an_exception_stays_on_its_line() -> None:
    try:
        raise ValueError("broken\nin two")
    except ValueError as error:
        found = (type(error), error, error.__traceback__)
    text = JsonLines().format(logging.makeLogRecord({"msg": "x", "exc_info": found}))
    assert "\n" not in text
    assert "broken" in json.loads(text)["exception"]


def test_levels(tmp_path: Path) -> None:
    configure_logging(None, "warning")
    assert logging.getLogger("depthbridge").level == logging.WARNING


@pytest.mark.parametrize("text", ["a: [", "version: 7", "just words"])
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        configure_logging(path, "info")
    assert caught.value.key == "logging.config"
    assert "\n" not in caught.value.message


def test_a_key_that_is_there_twice_in_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.yaml"
    path.write_text("version: 1\nhandlers:\n  a: {}\n  a: {}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"handlers\.a is there twice, again in line 4$"):
        configure_logging(path, "info")


async def test_debug_mode_times_the_stages_and_checks_the_book(
    serve: Any,
    data: SimpleNamespace,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO, logger="depthbridge")
    server = await serve()
    frames = data.frames_of(*data.market(60), 20)
    async with server.peer() as peer:
        await peer.hello(flags={"DebugMode": True})
        await peer.say(data.encode(frames[0]._replace(flags=8)))
        await peer.hear("ack", seq=20)
        stages = [record for record in caplog.records if record.message == "stages"]
        assert stages
        assert all(getattr(stages[-1], f"{name}_us") >= 0 for name in ("journal", "apply"))
        channel = server.runtime.hub.find("ES 12-26", data.Source.LIVE)

        def fail() -> None:
            raise AssertionError("bids are strictly sorted from the best")

        monkeypatch.setattr(type(channel.stream.analyzer), "check", lambda _: fail())
        await peer.say(data.encode(frames[1]._replace(flags=8)))
        assert (await peer.hear("resync"))["reason"] == "unsorted"
        assert channel.stream.broken
