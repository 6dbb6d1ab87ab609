"""`bench` runs what is under benchmarks/ and keeps the raw figures if asked to."""

import json
from pathlib import Path

import pytest

from benchmarks.page import renewed
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


FIGURES = {
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
