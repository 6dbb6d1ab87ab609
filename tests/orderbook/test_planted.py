"""What the generator planted is found with its fate, and nothing where nothing was planted."""

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest

from recording.generator import SAMPLE, Generator
from tests.evidence.dump import parse_dump
from tests.orderbook.compare import analyzer_for, event_fields, signal_record
from tests.reference.records import frames_of

MS = 10**6
SECOND = 10**9


@lru_cache(maxsize=2)
def played(walls: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Cluster events of the bundled sample's lines, and the truth about them."""
    generator = Generator(replace(SAMPLE, walls=walls))
    recs = list(parse_dump(generator.lines(), SAMPLE.time_zone, SAMPLE.tick_size))
    analyzer = analyzer_for(SAMPLE.tick_size)
    events = []
    for frame in frames_of(recs, 200):
        assert analyzer.process_l2_update(frame).fault is None
        events += [event_fields(event) for event in analyzer.take_events()]
    truth = generator.truth()
    truth["signals"] = [signal_record(signal) for signal in analyzer.take_signals()]
    return events, truth


def test_every_wall_is_found_once_and_ends_by_its_fate() -> None:
    events, truth = played(walls=True)
    resting = [event for event in events if event["kind"] == "resting"]
    found = set()
    for wall in truth["walls"]:
        side = 1 if wall["side"] == "bid" else 0
        mine = [
            event
            for event in resting
            if event["side"] == side
            and event["tick_low"] <= wall["ticks"] <= event["tick_high"]
            and wall["t_start"] <= event["t_first"] <= wall["t_start"] + 100 * MS
        ]
        assert [e["event"] for e in mine if e["event"] != "update"] == ["new", "end"], wall
        new, end = mine[0], mine[-1]
        assert 500 * MS <= new["time"] - wall["t_start"] <= 600 * MS
        assert end["end_reason"] == wall["fate"], wall
        assert abs(end["time"] - wall["t_end"]) < 2 * SECOND
        assert end["size_peak"] >= wall["size"]
        found.add(new["id"])
    assert len(truth["walls"]) >= 30
    assert len(found) == len(truth["walls"])
    assert {event["id"] for event in resting} == found


FATES = {"break": ("consumed", "through"), "pull_ahead": ("pulled",)}
"""Of the walls that a rule may speak of; ``bounce``: any, while it stands."""


def test_signals_name_planted_walls_with_the_fate_of_their_rule() -> None:
    _, truth = played(walls=True)
    named = [signal for signal in truth["signals"] if signal["rule"] in ("bounce", *FATES)]
    for signal in named:
        (wall,) = [
            wall
            for wall in truth["walls"]
            if (wall["side"] == "bid") == (signal["side"] == 1)
            and signal["tick_low"] <= wall["ticks"] <= signal["tick_high"]
            and wall["t_start"] < signal["time"] < wall["t_end"] + 12 * SECOND
        ]
        if signal["rule"] != "bounce":
            assert wall["fate"] in FATES[signal["rule"]], (signal, wall)
        up = (wall["side"] == "bid") == (signal["rule"] == "bounce")
        assert signal["direction"] == (1 if up else -1)
    seen = Counter(signal["rule"] for signal in named)
    assert seen["break"] >= 8, seen
    assert seen["pull_ahead"], seen


def test_without_walls_no_rule_speaks_of_one() -> None:
    _, truth = played(walls=False)
    assert [one for one in truth["signals"] if one["rule"] in ("bounce", *FATES)] == []


def test_no_wall_is_found_where_none_was_planted() -> None:
    events, truth = played(walls=False)
    assert truth["walls"] == []
    assert [event for event in events if event["kind"] == "resting"] == []


@pytest.mark.parametrize("walls", [True, False])
def test_concentrated_trading_is_found(walls: bool) -> None:
    """From half an hour on there are enough bars to stand out from."""
    events, truth = played(walls)
    first = truth["concentrations"][0]["t_start"]
    late = [c for c in truth["concentrations"] if c["t_start"] > first + 600 * SECOND]
    assert late
    for concentration in late:
        assert any(
            event["kind"] == "traded"
            and event["event"] == "new"
            and event["tick_low"] == concentration["ticks"]
            and concentration["t_start"] <= event["time"] <= concentration["t_end"] + SECOND
            for event in events
        ), concentration
