"""Parameters of stacks, absorption and icebergs on their way into the kernels' layout."""

import math
from dataclasses import replace

from market.ticks import Grid
from orderbook.layout import PARAMS
from orderbook.levels import kernel_parameters, level_parameters
from orderbook.parameters import Clusters, Parameters

DEFAULT = Clusters()


def test_every_value_has_its_place_in_the_layout() -> None:
    values = kernel_parameters(Parameters(), Grid("0.25"), Grid(1))
    assert {*values, "signals"} == set(PARAMS.names or ())
    assert values.items() >= level_parameters(DEFAULT, Grid(1)).items() - {
        ("absorb_fixed", math.nan)
    }


def test_volumes_come_in_size_steps_and_times_in_ns() -> None:
    clusters = replace(DEFAULT, stack_preset="atas", absorb_threshold=250.0, absorb_s=30)
    values = level_parameters(clusters, Grid("0.5"))
    assert values["stack_volume"] == 60  # atas: more than 30, two steps each
    assert values["absorb_fixed"] == 500
    assert values["absorb_window"] == 30 * 10**9


def test_no_threshold_is_no_number_and_a_switch_is_its_word() -> None:
    assert math.isnan(level_parameters(DEFAULT, Grid(1))["absorb_fixed"])
    switches = {"stacks": "stacks", "absorption": "absorption", "icebergs": "icebergs"}
    for field, key in switches.items():
        for word in ("on", "off"):
            values = level_parameters(replace(DEFAULT, **{field: word}), Grid(1))  # type: ignore[arg-type]
            assert values[key] == (word == "on")


def test_mode_and_zero_rule_are_those_asked_for() -> None:
    values = level_parameters(
        replace(DEFAULT, stack_mode="horizontal", stack_zero="ignore", stack_rows=4), Grid(1)
    )
    assert (values["stack_horizontal"], values["stack_ignore_zero"], values["stack_rows"]) == (
        True,
        True,
        4,
    )
