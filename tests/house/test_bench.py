"""`bench` runs what is under benchmarks/ and keeps the raw figures if asked to."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lines import LINES
from benchmarks.pace import THERE, paced
from benchmarks.page import renewed
from benchmarks.table import Verdict, markdown
from depthbridge.commands import bench


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one benchmark in it."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    text = "def test_sum(benchmark):\n    benchmark.pedantic(sum, ([1],), rounds=2)\n"
    (tmp_path / "benchmarks" / "bench_it.py").write_text(text)
    monkeypatch.setattr(bench, "checkout", lambda _: tmp_path)
    return tmp_path


def run(only: str | None = None, figures: Path | None = None) -> int:
    return bench.run(type("Args", (), {"only": only, "json": figures})())


def test_figures_are_kept_when_asked_for(project: Path) -> None:
    figures = project / "figures.json"
    assert run(figures=figures) == 0
    assert [one["name"] for one in json.loads(figures.read_text())["benchmarks"]] == ["test_sum"]


def test_only_what_is_named_runs(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = "def test_other(benchmark):\n    assert False\n"
    (project / "benchmarks" / "bench_other.py").write_text(text)
    assert run(only="sum") == 0
    assert run() == 1
    assert "1 failed" in capfd.readouterr().out


FIGURES: dict[str, Any] = {
    "datetime": "2026-11-28T00:01:24",
    "commit_info": {"id": "0123456789abcdef"},
    "machine_info": {
        "depthbridge": {
            "cores": 2,
            "versions": {"numpy": "2"},
            "pinned": "not pinned",
            "load": [1.0, 2.0],
            "compiler": "none",
        },
        "processor": "a processor",
        "system": "Linux",
        "release": "6",
        "python_version": "3.11",
    },
    "benchmarks": [{"extra_info": {"figures": {"ours": {"bridge_flow": [2.5]}}}}],
}
TITLE = "| (v) the NinjaTrader bridge under Mono, both cores |"


def test_a_part_measured_by_itself_replaces_its_table_and_says_when() -> None:
    kept = "# Benchmarks\n\nold\n\n## Run of long ago\n\n| (i) kept | 1 |\n"
    page = renewed(f"{kept}\n{TITLE} a |\n|---|\n| b |\n\nhand\n", FIGURES)
    assert renewed(page, FIGURES) == page
    assert "| (i) kept | 1 |" in page
    assert page.endswith("\nhand\n")
    assert "| b |" not in page
    assert page.count("Measured by itself, 2026-11-28 00:01 UTC, 0123456:") == 1
    assert "| end to end, journal off | 2.5 | 2.5 | M records/s |" in page
    with pytest.raises(ValueError, match="0 times"):
        renewed("# Benchmarks\n", FIGURES)


def test_a_goal_without_a_rival_is_judged_for_this_machine_too() -> None:
    frame = Verdict(LINES["frame_200"], [12.0], {}, pace=2.0)
    assert (frame.excess, frame.goal_here) == (4.0, 6.0)
    assert frame.word == "MISSED 4.0 ×; here MISSED 2.0 ×"
    assert Verdict(LINES["frame_200"], [5.0], {}, pace=2.0).word == "MISSED 1.7 ×; here reached"
    assert Verdict(LINES["frame_200"], [5.0], {}).word == "MISSED 1.7 ×"
    replay = Verdict(LINES["replay_book"], [45.0], {}, pace=2.0)
    assert (replay.goal_here, replay.word) == (90.0, "MISSED 4.0 ×; here MISSED 2.0 ×")


def test_neither_a_size_nor_what_a_rival_decides_has_a_goal_of_here() -> None:
    assert Verdict(LINES["book_size"], [60.0], {}, pace=2.0).goal_here is None
    orders = LINES["orders_made"]
    assert Verdict(orders, [20.0], {"C": [18.0]}, pace=2.0).goal_here is None
    assert Verdict(orders, [20.0], {}, pace=2.0).goal_here == 30.0


def test_the_table_says_how_much_longer_this_machine_takes() -> None:
    assert paced([]) is None
    pace = paced([2 * THERE, 3 * THERE, 2 * THERE])
    assert pace == {"here": 2 * THERE, "there": THERE, "times": 2.0}
    machine = FIGURES["machine_info"]
    conditions = {**machine["depthbridge"], "pace": pace}
    figures = {
        **FIGURES,
        "machine_info": {**machine, "depthbridge": conditions},
        "benchmarks": [{"extra_info": {"figures": {"ours": {"frame_1": [2.0]}}}}],
    }
    (table,) = markdown(figures).values()
    row = "| bytes in to bytes out, 1 record | 2 | 2 | µs |  |  | ≤ 0.9, here ≤ 1.8 |"
    assert table[-1] == f"{row} MISSED 2.2 ×; here within 1.5 × |"
    page = renewed(f"# Benchmarks\n\n## Run of long ago\n\n{table[0]}\n|---|\n", figures)
    assert "C book of orders: 23.8 ns a record, 11.9 where the goals come from; × 2  \n" in page
