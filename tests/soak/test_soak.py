"""Under a steady load with lost connections nothing is lost or doubled, and nothing grows."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from market.record import Frame, make_frames
from tests.soak.audit import Audit, audit
from tests.soak.market import Market
from tests.soak.slope import theil_sen, windows
from tests.soak.soak import Report, Sample, Soak, judge_memory

_START = 1_795_099_800_000_000_000
_MOST_MIB_PER_HOUR = 1.0
_IN_FLIGHT = 6
"""Descriptors of connections that come and go, and of a segment that follows another."""


def frames(count: int, size: int = 37) -> list[Frame]:
    records, times = Market(1, _START).take(count)
    return list(make_frames(records, times, 1, size))


def found(given: list[Frame], sent: int = 1000) -> Audit:
    return audit(given, Market(1, _START), sent)


def test_the_market_is_the_same_in_any_portions() -> None:
    whole = Market(1, _START).take(1000)
    market = Market(1, _START)
    parts = [market.take(size) for size in (1, 99, 250, 0, 650)]
    assert np.array_equal(np.concatenate([part[0] for part in parts]), whole[0])
    assert np.array_equal(np.concatenate([part[1] for part in parts]), whole[1])


def test_a_true_journal_is_found_true() -> None:
    assert found(frames(1000)) == Audit(read=1000)


def test_the_audit_finds_what_was_planted() -> None:
    given = frames(1000)
    assert found(given[:3] + given[4:]).lost == 37
    assert found(given[:-1]).lost == len(given[-1].records)
    assert found(given[:3] + given[2:]).doubled == 37
    changed = given[5].records.copy()
    changed["size"][3] += 1
    assert found([*given[:5], given[5]._replace(records=changed), *given[6:]]).changed == 1
    later = given[5]._replace(base=given[5].base + 1)
    assert found([*given[:5], later, *given[6:]]).changed == 37


def samples(rss: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[Sample]:
    return [
        Sample(float(at), int(value), 20, 8, "ok", "synced", 0, 0.001)
        for at, value in enumerate(rss)
    ]


@pytest.mark.parametrize("slope", [-3.0, 0.0, 0.8, 5.0])
def test_the_slope_sees_a_leak_through_noise_and_steps(slope: float) -> None:
    """MiB an hour, over 50 minutes, with a buffer that grew once and late by 8 MiB."""
    rng = np.random.default_rng(3)
    at = np.arange(3000.0)
    rss = 300 + slope * at / 3600 + rng.normal(0, 0.05, len(at)) + 8 * (at > 2700)
    assert judge_memory(samples(rss * (1 << 20))) == pytest.approx(slope, abs=0.6)


def test_theil_sen_is_the_median_slope_of_all_pairs() -> None:
    x = np.array([0.0, 1.0, 2.0, 4.0])
    y = np.array([1.0, 3.0, 2.0, 9.0])
    by_hand = sorted([2.0, 0.5, 2.0, -1.0, 2.0, 3.5])
    assert theil_sen(x, y) == (by_hand[2] + by_hand[3]) / 2


def test_windows_take_medians() -> None:
    middles, values = windows(np.arange(20.0), np.r_[np.zeros(9), 100.0, np.ones(10)])
    assert middles.tolist() == [4.5, 14.5]
    assert values.tolist() == [0.0, 1.0]


def require_whole(report: Report) -> None:
    assert report.audit == Audit(read=report.sent)
    assert report.complaints == []
    assert (report.stream["gaps"], report.stream["faults"]) == (0, 0)
    assert report.reconnects > 0
    assert report.heard > 0


def require_steady(report: Report, warm_up_s: float) -> None:
    """The medians of the thirds, and of all minutes, agree; moments hold what is in flight."""
    kept = report.after(warm_up_s)
    counts = np.array([sample.descriptors for sample in kept])
    assert np.ptp([np.median(third) for third in np.array_split(counts, 3)]) <= 1
    assert len(set(report.figures(warm_up_s)["descriptors_by_minute"])) == 1
    assert counts.max() <= np.median(counts) + _IN_FLIGHT


async def test_a_short_soak_loses_nothing(tmp_path: Path, root: Path, warmed: None) -> None:
    report = await Soak(tmp_path, root, seconds=8.0, reconnect_s=1.5).run()
    require_whole(report)
    require_steady(report, 2.0)
    assert report.reconnects >= 4


@pytest.mark.long
@pytest.mark.timeout(0)
async def test_a_soak(
    tmp_path: Path,
    root: Path,
    warmed: None,
    pytestconfig: pytest.Config,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The kernels are compiled before: a compiler leaves free memory that would hide a leak."""
    minutes: float = pytestconfig.getoption("--soak-minutes")
    warm_up_s = min(600.0, 10.0 * minutes)
    report = await Soak(tmp_path, root, seconds=60 * minutes).run()
    figures = report.figures(warm_up_s)
    results = root / "results"
    results.mkdir(exist_ok=True)
    text = json.dumps(figures, indent=2)
    (results / "soak.json").write_text(text + "\n", encoding="utf-8")
    with capsys.disabled():
        sys.stdout.write(f"\nsoak: {text}\n")
    require_whole(report)
    require_steady(report, warm_up_s)
    assert all(after.at > before.at for before, after in pairwise(report.samples))
    assert figures["memory_slope_mib_per_hour"] < _MOST_MIB_PER_HOUR
