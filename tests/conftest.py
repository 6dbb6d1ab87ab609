"""What all tests share: the kernel cache, recorded data, warmed kernels, `--long`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from depthbridge.kernels import prepare_cache

prepare_cache()

from hypothesis import HealthCheck, settings  # noqa: E402 - Numba must see the cache first

ROOT = Path(__file__).resolve().parents[1]

# The first call of a kernel compiles it, so a deadline would fail at random. The quick run takes
# the same examples every time; the long run takes new and more of them.
settings.register_profile(
    "quick",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long", settings.get_profile("quick"), derandomize=False, max_examples=1000
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run what is marked `long`")
    parser.addoption(
        "--soak-minutes", type=float, default=60.0, help="length of the soak (with --long)"
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("long" if config.getoption("--long") else "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The soak comes last: it takes an hour, and what else is wrong should be known before."""
    items.sort(key=lambda item: item.path.parent.name == "soak")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("long") and not item.config.getoption("--long"):
        pytest.skip("long: runs with `python run.py test --long`")


@pytest.fixture(autouse=True, scope="session")
def _undisturbed() -> Iterator[None]:
    """What would change this process, or those that tests start, for all later tests.

    A compaction lowers its process's priority for good; pytest-xdist names its worker in the
    environment, and pytest-benchmark measures nothing there.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda _: 0, raising=False)
        patch.delenv("PYTEST_XDIST_WORKER", raising=False)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Folder of recorded market data beside the repository: `recorded / "crypto" / …`."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("recorded market data is absent (expected in ../shared/data)")
    return folder


@pytest.fixture(scope="session")
def warmed() -> None:
    """All kernels compiled, by the function that the server's start uses."""
    from server.warmup import warm_kernels

    warm_kernels()
