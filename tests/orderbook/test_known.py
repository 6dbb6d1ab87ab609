"""What the last look at the open bar found spares work, and changes nothing that comes out."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from market.enums import DepthOp, Kind
from market.record import RECORD, Frame, Records, make_frames
from orderbook import Analyzer, Parameters, layout
from orderbook.analytics import resting
from orderbook.layout import KNOWN, word_of
from tests.orderbook.compare import instrument

SECOND = 10**9
START = 1_700_000_000 * SECOND
MIDDLE = 20_000
RECORDS = 1_200
ROWS = 3
_KNOWN = slice(word_of("known"), word_of("known") + KNOWN.itemsize // 8)

EAGER = {"stack_rows": 2, "absorb_threshold": 60.0, "threshold": 90.0, "expire_min": 1}
"""Something reaches each threshold now and then."""
SETTINGS: dict[str, dict[str, Any]] = {
    "eager": EAGER,
    "horizontal": {**EAGER, "stack_mode": "horizontal", "stack_zero": "ignore", "absorb_ticks": 3},
    "delta": {**EAGER, "measure": "delta", "threshold": 25.0, "stack_rows": 1},
    "statistical": {"least_sums": 2, "deviations": 1.0, "absorb_deviations": 1.0, "expire_min": 1},
    "windows": {**EAGER, "bars_range": 2, "price_range": 3},
}


def _market(seed: int, reach: int) -> tuple[Records, Any]:
    """A full book, then trades about a price that wanders ``reach`` ticks, 4 of 5 of them."""
    rng = np.random.default_rng(seed)
    records = np.zeros(2 * ROWS + RECORDS, RECORD)
    book, events = records[: 2 * ROWS], records[2 * ROWS :]
    book["kind"] = Kind.DEPTH_POSITION
    book["side"] = np.repeat([0, 1], ROWS)
    book["position"] = np.tile(np.arange(ROWS), 2)
    book["price"] = MIDDLE + (1 - 2 * book["side"].astype(np.int64)) * (1 + book["position"])
    book["size"] = 50
    trades = rng.random(RECORDS) < 0.8
    wander = np.cumsum(rng.integers(-reach, reach + 1, RECORDS))
    events["kind"] = np.where(trades, int(Kind.TRADE), int(Kind.DEPTH_POSITION))
    events["side"] = np.where(
        trades, rng.choice([0, 1, 1, 2], RECORDS), rng.integers(0, 2, RECORDS)
    )
    events["op"] = np.where(trades, 0, int(DepthOp.UPDATE))
    events["size"] = rng.integers(1, 12, RECORDS) * np.where(rng.random(RECORDS) < 0.05, 8, 1)
    near = MIDDLE + wander + rng.integers(-2, 3, RECORDS)
    row = rng.integers(0, ROWS, RECORDS)
    away = (1 - 2 * events["side"].astype(np.int64)) * (1 + row)
    events["position"] = np.where(trades, 0, row)
    events["price"] = np.where(trades, near, MIDDLE + away)
    gaps = rng.choice([20, 150, 400], RECORDS) * 10**6
    times = START + np.concatenate([np.zeros(2 * ROWS, np.int64), np.cumsum(gaps)])
    return records, times


def _frames(seed: int, reach: int) -> list[Frame]:
    return list(make_frames(*_market(seed, reach), 1, 2))


def _parameters(settings: dict[str, Any]) -> Parameters:
    return Parameters.from_mapping({"clusters": {**settings, "grid_ms": 250}})


def _told(analyzer: Analyzer, frame: Frame) -> tuple[Any, ...]:
    assert analyzer.process_l2_update(frame).fault is None
    events, row = analyzer.take_events().tobytes(), analyzer.row().tobytes()
    return events, analyzer.take_signals().tobytes(), row


def _run_both(frames: list[Frame], *settings: dict[str, Any]) -> Counter[str]:
    """Beside one that knows nothing, in turn with these settings; counts what was known."""
    es = instrument(depth=ROWS)
    turns = [_parameters(choice) for choice in settings]
    one, other = Analyzer(es, turns[0]), Analyzer(es, turns[0])
    seen: Counter[str] = Counter()
    for at, frame in enumerate(frames):
        if at % 40 == 39 and len(turns) > 1:
            for analyzer in (one, other):
                analyzer.reconfigure(turns[at // 40 % len(turns)])
        other._words[_KNOWN] = 0
        told = _told(one, frame)
        assert told == _told(other, frame), f"frame {at}"
        seen["told"] += told[0] != b""
        known = one._state["known"]
        seen.update(name for name in ("traded", "absorbed", "stacks") if known[name])
        if at % 40 == 38:
            assert one.calculate_clusters() == other.calculate_clusters(), f"frame {at}"
    other._words[_KNOWN] = 0
    assert one.freeze() == other.freeze()
    return seen


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("reach", [1, 4, 12])
def test_what_is_known_changes_nothing(settings: str, reach: int) -> None:
    seen = _run_both(_frames(len(settings), reach), SETTINGS[settings])
    assert seen["told"] > 20, seen
    assert seen["stacks"] > 50, seen
    assert seen["absorbed"] > 10 or settings == "delta", seen


def test_other_settings_ask_everything_again() -> None:
    off = {"stacks": "off", "absorption": "off", "threshold": 500.0}
    seen = _run_both(_frames(3, 1), EAGER, off, SETTINGS["delta"], SETTINGS["horizontal"])
    assert min(seen["stacks"], seen["traded"]) > 50, seen


def test_the_last_rows_that_are_passed_over_together_lie_in_the_ladder() -> None:
    assert layout.ROWS % resting._MANY == 0
