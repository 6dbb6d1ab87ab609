"""What each of the later analytics adds to a grid instant and to a metrics row."""

import math
import time
from collections.abc import Mapping
from typing import Any, Final

import pytest

from benchmarks import inputs
from benchmarks.inputs import ES
from benchmarks.measuring import OURS, Measure
from market.record import Frame
from orderbook import Analyzer, Parameters

_GRID_MS: Final = 10
_RARE_MS: Final = 1000
_ROWS: Final = 10_000
_TRIES: Final = 5
_RULES: Final = ("bounce", "breaks", "stack", "absorption", "pull")

_OFF: Final[dict[str, dict[str, Any]]] = {
    "clusters": {"stacks": "off", "absorption": "off", "icebergs": "off"},
    "scores": {"pulling": "off", "microprice": "off", "flow_toxicity": "off"},
    "signals": dict.fromkeys(_RULES, "off"),
}
_ON: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "stacks": ("clusters", {"stacks": "on"}),
    "absorption": ("clusters", {"absorption": "on"}),
    "icebergs": ("clusters", {"icebergs": "on"}),
    "pulling": ("scores", {"pulling": "on"}),
    "microprice": ("scores", {"microprice": "on"}),
    "toxicity": ("scores", {"flow_toxicity": "on"}),
    "signals": ("signals", dict.fromkeys(_RULES, "on")),
}


def _parameters(names: tuple[str, ...], grid_ms: int) -> Parameters:
    """Those analytics on, the others off."""
    chosen = {section: dict(values) for section, values in _OFF.items()}
    for name in names:
        section, values = _ON[name]
        chosen[section].update(values)
    chosen["clusters"]["grid_ms"] = grid_ms
    return Parameters.from_mapping(chosen)


def _spent(frames: list[Frame], names: tuple[str, ...], grid_ms: int) -> tuple[float, Analyzer]:
    """CPU time of a busy stream through book and analytics, s."""
    analyzer = Analyzer(ES, _parameters(names, grid_ms), row_per_frame=False)
    start = time.process_time()
    for frame in frames:
        analyzer.process_l2_update(frame)
    return time.process_time() - start, analyzer


def test_instant_of_each(measure: Measure) -> None:
    """A busy stream with trades, all of them off, each alone, all on; side by side in each round.

    What an analytic adds is its work at the instants and at the trades between them: the difference
    of the best of some runs, as it is small beside a whole run.
    """
    frames = inputs.frames_of(inputs.burst(), 400)

    begin, end = frames[0].base, _spent(frames, (), _RARE_MS)[1].clock
    instants, few = (end // ms // 10**6 - begin // ms // 10**6 for ms in (_GRID_MS, _RARE_MS))
    choices = {
        "rare": ((), _RARE_MS),
        "none": ((), _GRID_MS),
        "all": (tuple(_ON), _GRID_MS),
        **{name: ((name,), _GRID_MS) for name in _ON},
    }

    def once() -> dict[str, dict[str, float]]:
        spent = dict.fromkeys(choices, math.inf)
        for _ in range(_TRIES):
            for name, (names, grid_ms) in choices.items():
                seconds, analyzer = _spent(frames, names, grid_ms)
                assert len(analyzer.take_events()) > 0
                spent[name] = min(spent[name], seconds)
        bare = (spent["none"] - spent["rare"]) / (instants - few)
        adds = {name: (spent[name] - spent["none"]) / instants for name in choices}
        found = {"instant_none": bare, "instant_all": bare + adds["all"]}
        found |= {f"adds_{name}": adds[name] for name in _ON}
        return {OURS: {key: seconds * 1e6 for key, seconds in found.items()}}

    measure.keep(once, rounds=5)


def test_row_of_each(measure: Measure) -> None:
    """The same choices; the row is written, not copied."""
    frames = inputs.frames_of(inputs.burst().part(0, 200_000), 400)
    choices = {"none": (), "all": tuple(_ON), **{name: (name,) for name in _ON}}
    analyzers = {name: _spent(frames, names, 100)[1] for name, names in choices.items()}

    def once() -> dict[str, dict[str, float]]:
        found = {}
        for name, analyzer in analyzers.items():
            start = time.process_time()
            for _ in range(_ROWS):
                analyzer.make_row()
            found[f"row_{name}"] = (time.process_time() - start) / _ROWS * 1e6
        return {OURS: found}

    once()
    measure.keep(once, rounds=9)


@pytest.mark.parametrize("bars", [1, 10])
def test_footprint(measure: Measure, bars: int) -> None:
    """Made when somebody asks for it, and at no other time."""
    analyzer = _spent(inputs.frames_of(inputs.burst(), 400), tuple(_ON), 100)[1]
    made = measure.time(
        f"footprint_{bars}", lambda: analyzer.analyze_footprint(bars=bars), 1, rounds=50
    )
    assert len(made["bars"]) == bars
