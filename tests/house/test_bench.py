"""`bench` runs what is under benchmarks/ and keeps the raw figures if asked to."""

import json
from pathlib import Path

import pytest

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
