"""hftbacktest itself, in an environment of its own, holds the book that we hold.

With --long, as the environment is made anew from the package index; skips where that cannot be.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from depthbridge.cli import main
from market.record import times_of
from orderbook import OrderBook
from recording.entries import FrameEntry
from recording.readers import open_recording
from tests.evidence.databento import decoded
from tests.evidence.rivals.environment import environment

pytestmark = [pytest.mark.recordings, pytest.mark.long, pytest.mark.timeout(900)]

_RUNNER = Path(__file__).parent / "rivals" / "hftbacktest_book.py"
_SAMPLES = 40
_LATENCY_MS = 3


@pytest.fixture(scope="module")
def rival(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python with hftbacktest."""
    return environment(tmp_path_factory.mktemp("hftbacktest"), "hftbacktest==2.4.4")


@pytest.mark.parametrize("kind", ["L3", "L2"])
def test_the_book_at_sampled_times_and_at_the_end(
    recorded: Path, tmp_path: Path, rival: Path, kind: str
) -> None:
    names = {
        "L3": "databento/es/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
        "L2": "ninjatrader/es_20231225_derived_from_mbo.txt",
    }
    source, out = recorded / names[kind], tmp_path / "events.npz"
    words = ["--instrument", "ES 03-24", "--latency", str(_LATENCY_MS)]
    assert main(["convert", str(source), str(out), *(words if kind == "L2" else [])]) == 0
    states = list(our_states(source, kind))
    later = [state for state in states if state[0] > states[len(states) // 10][0]]
    chosen = later[:: len(later) // _SAMPLES]
    times = [time for time, _, _ in chosen]
    theirs = held_by(rival, out, kind, times)
    ours = [*((bids, asks) for _, bids, asks in chosen), states[-1][1:]]
    assert len(theirs) == len(ours) > _SAMPLES
    for (bids, asks, best), (our_bids, our_asks) in zip(theirs, ours, strict=True):
        assert levels(bids) == levels(our_bids)
        assert levels(asks) == levels(our_asks)
        if our_bids[0][0] < our_asks[0][0]:
            assert best == [our_bids[0][0], our_asks[0][0]]


def levels(side: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(price, size) for price, size in side if size]


def our_states(source: Path, kind: str) -> list[tuple[int, Any, Any]]:
    """Our book at moments between two groups, by the local time that the group was heard of."""
    book = OrderBook(10)
    received = None
    if kind == "L3":
        received = np.array([record.ts_recv for record in decoded(source)], np.int64)
    found: list[tuple[int, Any, Any]] = []
    local = clock = done = 0
    for entry in open_recording(source, instrument="ES 03-24"):
        if not isinstance(entry, FrameEntry):
            continue
        frame = entry.frame
        for i, time in enumerate(times_of(frame).tolist()):
            heard = time + _LATENCY_MS * 1_000_000
            if received is not None:
                heard = int(received[done])
            new = max(local, heard)
            if found or done:
                moved = new > local and time > clock
                if moved and done % 50 == 0:
                    sides = book.levels() if kind == "L3" else book.top(10)
                    found.append((local, *sides))
            book.apply(frame.records[i : i + 1], frame.base)
            local, clock, done = new, max(clock, time), done + 1
    found.append((local, *(book.levels() if kind == "L3" else book.top(10))))
    return found


def held_by(rival: Path, events: Path, kind: str, times: list[int]) -> Any:
    done = subprocess.run(
        [str(rival), str(_RUNNER), str(events), "0.25", "1", kind, json.dumps(times)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["states"]
