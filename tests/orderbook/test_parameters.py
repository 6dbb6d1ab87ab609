"""Parameters: ranges, unknown keys, round trip, and a hash that names the values."""

import math
from dataclasses import dataclass, fields
from typing import Any

import pytest

from market.errors import SettingsError
from orderbook.parameters import SECTIONS, Parameters, _override, _switch, _unnamed_off


def test_the_defaults_are_within_their_own_ranges_and_round_trip() -> None:
    parameters = Parameters()
    assert Parameters.from_mapping(parameters.to_mapping()) == parameters


@pytest.mark.parametrize(
    ("mapping", "key"),
    [
        ({"cluster": {}}, "cluster"),
        ({"clusters": {"grid": 5}}, "clusters.grid"),
        ({"clusters": {"ClusterIncrement": 0}}, "clusters.ClusterIncrement"),
        ({"clusters": {"ClusterIncrement": 1.5}}, "clusters.ClusterIncrement"),
        ({"clusters": {"ClusterIncrement": True}}, "clusters.ClusterIncrement"),
        ({"clusters": {"ClusterIncrement": "1"}}, "clusters.ClusterIncrement"),
        ({"clusters": {"on_factor": math.nan}}, "clusters.on_factor"),
        ({"clusters": {"on_factor": math.inf}}, "clusters.on_factor"),
        ({"clusters": {"measure": "lots"}}, "clusters.measure"),
        ({"clusters": {"grid_ms": 70}}, "clusters.grid_ms"),
        ({"clusters": {"off_factor": 3.5}}, "clusters.off_factor"),
        ({"scores": {"volume_least": 121}}, "scores.volume_least"),
        ({"clusters": 3}, "clusters"),
        ({"scores": {"momentum_s": 1024}}, "scores.momentum_s"),
        ({"profile": {"preset": "tv"}}, "profile.preset"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_path(mapping: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Parameters.from_mapping(mapping)
    assert refusal.value.key == key
    assert refusal.value.allowed


def test_a_whole_number_is_taken_for_a_fraction() -> None:
    parameters = Parameters.from_mapping({"clusters": {"on_factor": 4}})
    assert type(parameters.clusters.on_factor) is float


def test_every_value_moves_the_hash() -> None:
    seen = {Parameters().config_hash}
    for section in SECTIONS:
        part = getattr(Parameters(), section)
        for item in fields(part):
            value = getattr(part, item.name)
            if "allowed" in item.metadata:
                other = next(word for word in item.metadata["allowed"] if word != value)
            elif item.name == "grid_ms":
                other = 50
            else:
                high = item.metadata["high"]
                other = high if high != value else item.metadata["low"]
            if item.name in {"off_factor", "volume_least"}:
                other = value / 2 if item.name == "off_factor" else value - 1
            seen.add(Parameters.from_mapping({section: {item.name: other}}).config_hash)
    assert len(seen) == 1 + sum(len(fields(getattr(Parameters(), name))) for name in SECTIONS)


def test_weights_halve_by_the_half_rows_and_bookmap_by_ten() -> None:
    weights = Parameters().weights()
    assert [weights[i] for i in (0, 2, 4)] == pytest.approx([1, 0.5, 0.25], rel=1e-15)
    bookmap = Parameters.from_mapping({"scores": {"imbalance": "bookmap"}}).weights()
    assert bookmap[10] == pytest.approx(0.5, rel=1e-15)


@pytest.mark.parametrize(("contrast", "gamma"), [("low", 2.0), ("normal", 1.0), ("high", 0.5)])
def test_opacity_steps_are_the_levels_of_the_power(contrast: str, gamma: float) -> None:
    """Level = ceil(20·u^γ): u just above step j gives level j + 1."""
    steps = Parameters.from_mapping({"clusters": {"opacity": contrast}}).opacity_steps()
    for j, step in enumerate(steps):
        assert math.ceil(20 * (step + 1e-6) ** gamma - 1e-15) == j + 1
        if step:
            assert math.ceil(20 * (step - 1e-6) ** gamma) == j


@dataclass(frozen=True)
class Later:
    """A section as it may become."""

    old: int = 3
    new: str = _switch("on", "a later analytic")


def test_a_switch_that_a_recording_does_not_name_is_off_there() -> None:
    for recorded in (None, {}, {"old": 3}):
        assert _unnamed_off(Later(), recorded) == {"new": "off"}
    assert _unnamed_off(Later(), {"new": "on"}) == {}


@pytest.mark.parametrize(("said", "taken"), [(True, "on"), (False, "off"), ("off", "off")])
def test_a_switch_takes_what_yaml_makes_of_on_and_off(said: object, taken: str) -> None:
    assert _override("later", Later(), {"new": said}).new == taken


def test_recorded_settings_keep_every_value_that_they_name() -> None:
    settings = {"clusters": {"on_factor": 4.0}, "profile": {"preset": "nt68"}}
    changed = Parameters.from_mapping(settings)
    assert Parameters.from_recorded(changed.to_mapping()) == changed


def test_settings_recorded_before_a_switch_leave_it_off() -> None:
    """Every switch there is, and those to come, with the section there or not."""
    switches = {
        (section, item.name)
        for section in SECTIONS
        for item in fields(getattr(Parameters(), section))
        if "recorded" in item.metadata
    }
    for recorded in ({}, {section: {} for section in SECTIONS}):
        parameters = Parameters.from_recorded(recorded)
        found = {(s, name): getattr(getattr(parameters, s), name) for s, name in switches}
        assert set(found.values()) <= {"off"}
