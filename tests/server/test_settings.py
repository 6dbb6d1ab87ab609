"""The configuration: defaults, file, environment, what is refused and how it is said."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from market.errors import SettingsError
from server.defaults import default_yaml
from server.settings import Settings, load_settings, settings_from


def load(tmp_path: Path, text: str = "", **environment: str) -> Settings:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environment=environment)


def test_the_default_file_is_the_defaults(root: Path) -> None:
    text = (root / "depthbridge.default.yaml").read_text(encoding="utf-8")
    assert text == default_yaml(), "write it again: server.defaults.default_yaml()"
    from_file, plain = settings_from(yaml.safe_load(text)), Settings()
    for section in ("server", "recording", "logging", "book", "analytics", "templates"):
        assert getattr(from_file, section) == getattr(plain, section), section


def test_every_key_has_a_comment_with_what_is_allowed(root: Path) -> None:
    lines = (root / "depthbridge.default.yaml").read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if line.startswith("  ") and ":" in line and not line.strip().startswith("#"):
            assert above.strip().startswith("#"), line
            assert above.rstrip().endswith("]"), line


def test_file_environment_and_options_in_that_order(tmp_path: Path) -> None:
    text = "server: {port: 1000, host: 127.0.0.2}\nrecording: {sync_ms: 50}\n"
    environment = {"DEPTHBRIDGE_SERVER_PORT": "2000", "DEPTHBRIDGE_RECORDING_FOLDER": "/x/y"}
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    over = {"server": {"port": 3000}}
    settings = load_settings(path, environment=environment)
    assert (settings.server.port, settings.server.host) == (2000, "127.0.0.2")
    assert settings.recordings_folder == Path("/x/y")
    assert settings.recording.sync_ms == 50.0
    assert load_settings(path, environment=environment, overrides=over).server.port == 3000


def test_variables_reach_keys_with_capitals(tmp_path: Path) -> None:
    settings = load(tmp_path, DEPTHBRIDGE_CLUSTERS_CLUSTERINCREMENT="4", DEPTHBRIDGE_HOME="x")
    assert settings.analytics.clusters.ClusterIncrement == 4


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("servers: {}", "servers"),
        ("server: {prot: 1}", "server.prot"),
        ("server: {port: 70000}", "server.port"),
        ("server: {port: '8765'}", "server.port"),
        ("server: {port: true}", "server.port"),
        ("server: {port: 80.5}", "server.port"),
        ("server: {ping_interval_s: .nan}", "server.ping_interval_s"),
        ("server: {allowed_origins: here}", "server.allowed_origins"),
        ("server: []", "server"),
        ("recording: {enabled: maybe}", "recording.enabled"),
        ("recording: {segment_mb: 0}", "recording.segment_mb"),
        ("logging: {level: loud}", "logging.level"),
        ("signals: {rule: 1}", "signals.rule"),
        ("clusters: {grid_ms: 7}", "clusters.grid_ms"),
        ("clusters: {grid: 100}", "clusters.grid"),
        ("profile: {preset: mine}", "profile.preset"),
        ("preset: sierra", "preset"),
        ("instruments: {ABC: {tick_size: 0}}", "instruments.ABC"),
        ("instruments: {ABC: {ticksize: 1}}", "instruments.ABC.ticksize"),
        ("instruments: {ABC: {tick_size: 1, session: moon}}", "session"),
        ("sessions: {mine: {zone: Mars/Base}}", "sessions.mine.zone"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert caught.value.key == key
    assert caught.value.code == "settings"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("text", ["a: [", "just words", "- 1", "\xff\xfe"])
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        load_settings(path, environment={})
    assert "\n" not in caught.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml cannot be read"):
        load_settings(tmp_path / "none.yaml", environment={})


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, DEPTHBRIDGE_SERVER_PROT="1")
    assert caught.value.key == "server.prot"


def test_the_preset_and_what_wins_over_it(tmp_path: Path) -> None:
    assert load(tmp_path, "preset: ninjatrader").analytics.profile.preset == "nt68"
    both = "preset: ninjatrader\nprofile: {preset: single}"
    assert load(tmp_path, both).analytics.profile.preset == "single"


def test_the_hash_follows_the_analytics_only(tmp_path: Path) -> None:
    plain = load(tmp_path).config_hash
    assert load(tmp_path, "server: {port: 1}").config_hash == plain
    assert load(tmp_path, "clusters: {on_factor: 4}").config_hash != plain


def test_settings_do_not_change() -> None:
    settings: Any = Settings()
    with pytest.raises(AttributeError):
        settings.server.port = 1


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("server: {port: 1, port: 2}\n", "server.port", 1),
        ("server: {port: 1}\nrecording: {}\nserver: {host: localhost}\n", "server", 3),
        ("instruments:\n  ES: {tick_size: 0.25}\n  ES: {tick_size: 0.5}\n", "instruments.ES", 3),
        (
            "instruments:\n  ES:\n    tick_size: 1\n    tick_size: 2\n",
            "instruments.ES.tick_size",
            4,
        ),
        ("server: {port: 1, 'port': 2}\n", "server.port", 1),
        ("server:\n  allowed_hosts:\n  - {a: 1, a: 2}\n", "server.allowed_hosts[0].a", 3),
        ("server: &s {port: 1}\nother: [*s, {<<: *s, a: {b: 1, b: 2}}]\n", "other[1].a.b", 2),
    ],
)
def test_a_key_that_is_there_twice_is_refused_with_its_path(
    tmp_path: Path, text: str, key: str, line: int
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    path = tmp_path / "config.yaml"
    assert caught.value.key == key
    assert str(caught.value) == (
        f"the configuration {path}: {key} is there twice, again in line {line}"
    )


def test_a_variable_names_a_key_once_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^DEPTHBRIDGE_SERVER_PORT: a is there twice"):
        load(tmp_path, DEPTHBRIDGE_SERVER_PORT="{a: 1, a: 2}")


def test_merged_keys_may_be_overlaid(tmp_path: Path) -> None:
    text = "server: &base {port: 7}\nrecording: {enabled: false}\n"
    assert load(tmp_path, text).server.port == 7
    merged = "instruments:\n  AA: &a {tick_size: 1}\n  BB: {<<: *a, tick_size: 2}\n"
    assert load(tmp_path, merged).instruments.define("BB").tick.step == 2
