"""Rows by interval, and what signals were worth, where time goes back: all begins anew."""

import csv
from pathlib import Path

import numpy as np
import pytest

from depthbridge.cli import main
from depthbridge.reviewing.outcomes import SignalAt
from depthbridge.reviewing.sessions import SCORES, STEP, _Collector
from depthbridge.runs.metrics import _steps_back
from market.session import calendar_for

NS = 1_000_000_000
START = 1_795_100_400 * NS
HEAD = "time_ns,kind,side,op,position,price,size\n"


def told(begin: int, seconds: int, first: float) -> str:
    """A book of one row a side, and a trade each second that it moves with."""
    lines = [f"{begin},0,0,0,0,{first + 0.25},5", f"{begin},0,1,0,0,{first},5"]
    for i in range(1, seconds):
        at = begin + i * NS + 300_000_000
        lines.append(f"{at},3,1,0,0,{first + 0.25},{i}")
        lines.append(f"{at},0,1,1,0,{first},{5 + i}")
    return "\n".join(lines) + "\n"


def rows(folder: Path, name: str, text: str) -> list[list[str]]:
    source, out = folder / f"ES 12-26.{name}.csv", folder / f"{name}.out.csv"
    source.write_text(HEAD + text)
    assert main(["metrics", str(source), "--every", "1", "--out", str(out)]) == 0
    with out.open(newline="") as file:
        kept = [dict(row) for row in csv.DictReader(file)]
    # places, and what a rewind makes of the session's sums
    left_out = {"index", "seq", "since", "complete"}
    return [[v for key, v in row.items() if key not in left_out] for row in kept]


@pytest.mark.parametrize("back", [6, 40, 4000])
def test_rows_begin_anew_where_time_goes_back(tmp_path: Path, back: int) -> None:
    one, two = told(START, 50, 6750.0), told(START + (50 - back) * NS, 70, 6760.0)
    both = rows(tmp_path, "both", one + two)
    assert both == rows(tmp_path, "one", one) + rows(tmp_path, "two", two)


def test_the_clock_is_set_back_by_more_than_late_records() -> None:
    times = np.array([10, 20, 15, 14, 21, 15, 22, 16, 3]) * NS
    assert _steps_back(times, 0) == [3, 5, 7, 8]
    assert _steps_back(times, 16 * NS) == [0, 3, 5, 7, 8]
    assert _steps_back(times[:0], 16 * NS) == []


def test_signals_after_a_step_back_are_judged_by_what_followed_them() -> None:
    def columns(mids: list[float]) -> dict[str, np.ndarray]:
        count = len(mids)
        fields = {name: np.zeros(count) for name in SCORES}
        times = START + STEP * np.arange(count)
        return {"time_ns": times, "mid": np.array(mids), "ofi": np.zeros(count), **fields}

    signals = [SignalAt(START + STEP, "bounce", 1)]
    collector = _Collector(calendar_for("cme_equity"), 4.0, signals)
    assert not list(collector.take(columns([1.0, 2.0, 3.0])))
    signals.append(SignalAt(START + 2 * STEP, "break", 1))
    (before,) = collector.take(columns([7.0, 8.0, 9.0, 10.0]))
    (after,) = collector.finish()
    assert before.path.mids.tolist() == [4.0, 8.0, 12.0]
    assert [signal.rule for signal in before.signals] == ["bounce"]
    assert after.path.mids.tolist() == [28.0, 32.0, 36.0, 40.0]
    assert [signal.rule for signal in after.signals] == ["break"]
