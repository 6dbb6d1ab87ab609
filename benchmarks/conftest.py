"""Kernel cache, conditions of the run, and the table at its end."""

import os
import sys
from importlib import metadata
from typing import Any, Final

import pytest

from depthbridge.kernels import prepare_cache

prepare_cache()

from benchmarks import pace  # noqa: E402 - Numba must see the cache first
from benchmarks.measuring import CORE, Measure  # noqa: E402
from benchmarks.native import compiler_version  # noqa: E402
from benchmarks.table import lines_of  # noqa: E402

_PACKAGES: Final = ("numpy", "numba", "uvicorn", "uvloop", "orjson", "pyarrow", "sortedcontainers")
_RESULTS: Final = pytest.StashKey[dict[str, Any]]()
_PACE: Final = pytest.StashKey[list[float]]()


@pytest.fixture
def measure(benchmark: Any, request: pytest.FixtureRequest) -> Measure:  # noqa: ANN401 - untyped
    """Measures one side of one line; how fast the machine is just now is noted before it."""
    request.config.stash[_PACE].extend(pace.sample())
    return Measure(benchmark)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "benchmark: of pytest-benchmark")
    config.stash[_RESULTS] = {"load": [_load()]}
    config.stash[_PACE] = []


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    machine_info["depthbridge"] = {
        "cores": os.cpu_count(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "pinned": "not pinned" if CORE is None else f"pinned to core {CORE}",
        "compiler": compiler_version() or "no compiler, its lines are without C",
        "pace": pace.paced(config.stash[_PACE]),
        "load": [config.stash[_RESULTS]["load"][0], _load()],
    }


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    config.stash[_RESULTS]["json"] = output_json


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401
    results = config.stash[_RESULTS].get("json")
    if results and results["benchmarks"]:
        terminalreporter.write_line("")
        reports = [one["extra_info"].get("report", []) for one in results["benchmarks"]]
        for line in (*lines_of(results), *(line for report in reports for line in ["", *report])):
            terminalreporter.write_line(line)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def _load() -> float:
    return 0.0 if sys.platform == "win32" else os.getloadavg()[0]
