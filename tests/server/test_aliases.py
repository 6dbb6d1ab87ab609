"""A renamed setting: the old name still works, is told of, and never wins by accident."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pytest

from depthbridge import serving
from market.errors import SettingsError
from server import settings
from server.aliases import renamed_keys, translated
from server.options import Option
from server.settings import load_settings

PLANTED = {
    "server.listen_port": "server.port",
    "journal.dir": "recording.folder",
    "clusters.BucketTicks": "clusters.ClusterIncrement",
}


@pytest.fixture(autouse=True)
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_RENAMED", PLANTED)


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(values: dict[str, Any]) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(json.dumps(values), encoding="utf-8")
        return path

    return write


def test_a_section_says_what_its_keys_were_called() -> None:
    @dataclass(frozen=True)
    class Place:
        folder: Annotated[str, Option("where", formerly=("journal.dir", "place.dir"))] = ""
        size: Annotated[int, Option("how much")] = 0

    @dataclass(frozen=True)
    class Numbers:
        height: int = field(default=1, metadata={"formerly": ("numbers.ticks",)})

    assert renamed_keys({"place": Place}, {"numbers": Numbers}) == {
        "journal.dir": "place.folder",
        "place.dir": "place.folder",
        "numbers.ticks": "numbers.height",
    }


def test_an_old_key_of_the_file_works_and_is_told(file: Any) -> None:
    path = file({"server": {"listen_port": 9000}, "clusters": {"BucketTicks": 4}})
    found = load_settings(path, environment={})
    assert found.server.port == 9000
    assert found.analytics.clusters.ClusterIncrement == 4
    assert [note.partition(";")[0] for note in found.notes] == [
        "server.listen_port is now called server.port",
        "clusters.BucketTicks is now called clusters.ClusterIncrement",
    ]


def test_a_key_that_moved_to_another_section(file: Any) -> None:
    found = load_settings(file({"journal": {"dir": "/x"}}), environment={})
    assert found.recording.folder == Path("/x")


def test_an_old_variable_of_the_environment_works(file: Any) -> None:
    variables = {
        "DEPTHBRIDGE_SERVER_LISTEN_PORT": "9000",
        "DEPTHBRIDGE_CLUSTERS_BUCKETTICKS": "4",
        "DEPTHBRIDGE_JOURNAL_DIR": "/x",
    }
    found = load_settings(environment=variables)
    assert (found.server.port, found.analytics.clusters.ClusterIncrement) == (9000, 4)
    assert found.recording.folder == Path("/x")
    assert len(found.notes) == 3


@pytest.mark.parametrize(("name", "other"), [("listen_port", "port"), ("port", "listen_port")])
def test_the_environment_wins_under_either_name(file: Any, name: str, other: str) -> None:
    variables = {f"DEPTHBRIDGE_SERVER_{name.upper()}": "9000"}
    assert load_settings(file({"server": {other: 7000}}), environment=variables).server.port == 9000


def test_both_names_in_one_source_stop_the_start(file: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(file({"server": {"port": 1, "listen_port": 2}}), environment={})
    assert (caught.value.key, caught.value.allowed) == ("server.listen_port", "server.port")
    variables = {"DEPTHBRIDGE_SERVER_PORT": "1", "DEPTHBRIDGE_SERVER_LISTEN_PORT": "2"}
    with pytest.raises(SettingsError):
        load_settings(environment=variables)


def test_an_old_value_is_checked_under_the_new_name(file: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(file({"server": {"listen_port": 99_999}}), environment={})
    assert caught.value.key == "server.port"


def test_a_publisher_of_an_older_version_may_use_old_names() -> None:
    found = load_settings(environment={})
    assert found.parameters({"clusters": {"BucketTicks": 3}}).clusters.ClusterIncrement == 3


def test_unknown_keys_are_unknown_all_the_same(file: Any) -> None:
    for values in ({"server": {"listen_prot": 1}}, {"journal": {"folder": "x"}}):
        with pytest.raises(SettingsError):
            load_settings(file(values), environment={})


def test_what_is_given_is_not_changed() -> None:
    given = {"server": {"listen_port": 1}}
    assert translated(given, PLANTED)[0] == {"server": {"port": 1}}
    assert given == {"server": {"listen_port": 1}}


def test_the_warning_reaches_the_log(
    file: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("server.logs.configure_logging", lambda *_: None)
    caplog.set_level(logging.WARNING, logger="depthbridge")
    args = type(
        "Args",
        (),
        {"host": None, "port": None, "log": None, "config": file({"journal": {"dir": "x"}})},
    )
    serving.server_settings(args())  # type: ignore[arg-type]
    (record,) = caplog.records
    assert record.message == "renamed"
    assert "journal.dir is now called recording.folder" in record.setting  # type: ignore[attr-defined]


def test_no_present_key_is_an_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped table: what it renames is gone, and what it names exists."""
    monkeypatch.undo()
    for old, new in settings._RENAMED.items():
        section, _, key = new.partition(".")
        assert hasattr(getattr(load_settings(environment={}), section), key)
        section, _, key = old.partition(".")
        assert not hasattr(getattr(load_settings(environment={}), section, None), key)
