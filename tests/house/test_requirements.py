"""Pins, ranges and floors agree, and what is pinned is all that is needed."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from depthbridge.doctor import FLOORS

# From the architecture: versions below these have known holes.
KNOWN_HOLES = {
    "starlette": "1.5.1",
    "uvicorn": "0.54",
    "websockets": "17.0.1",
    "h11": "0.16",
    "httptools": "0.8",
    "orjson": "3.11.6",
}


def pins(path: Path) -> dict[str, Version]:
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            requirement = Requirement(line)
            exact = re.fullmatch(r"==([0-9][0-9a-z.]*)", str(requirement.specifier))
            assert exact, f"{line} is not one exact version"
            found[canonicalize_name(requirement.name)] = Version(exact[1])
    return found


@pytest.fixture(scope="module")
def runtime(root: Path) -> dict[str, Version]:
    return pins(root / "requirements.txt")


@pytest.fixture(scope="module")
def everything(root: Path, runtime: dict[str, Version]) -> dict[str, Version]:
    development = pins(root / "requirements-dev.txt")
    assert not set(runtime) & set(development), "pinned once"
    return runtime | development


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize(("name", "floor"), KNOWN_HOLES.items())
def test_floors_are_kept_by_pins_ranges_and_doctor(
    name: str, floor: str, runtime: dict[str, Version], project: dict
) -> None:
    assert runtime[name] >= Version(floor)
    (declared,) = [r for r in map(Requirement, project["dependencies"]) if r.name == name]
    below = Version(f"{floor}.dev0")
    assert not declared.specifier.contains(below, prereleases=True), str(declared)
    assert FLOORS[name] == tuple(map(int, floor.split(".")))


def test_every_dependency_is_pinned_within_its_range(
    runtime: dict[str, Version], project: dict
) -> None:
    for requirement in map(Requirement, project["dependencies"]):
        version = runtime[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} against {version}"
        assert any(s.operator == "<" for s in requirement.specifier) or requirement.name == "tzdata"


def test_optional_dependencies_are_pinned_within_their_ranges_for_the_tests(
    everything: dict[str, Version], project: dict
) -> None:
    for extra in project["optional-dependencies"].values():
        for requirement in map(Requirement, extra):
            version = everything[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_what_pinned_packages_need_is_pinned_too(everything: dict[str, Version]) -> None:
    for name in everything:
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another platform
        for requirement in map(Requirement, needed):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                pin = everything.get(canonicalize_name(requirement.name))
                assert pin is not None, f"{name} needs {requirement}"
                assert requirement.specifier.contains(pin, prereleases=True), f"{name}: {pin}"


def test_runtime_needs_nothing_from_development(runtime: dict[str, Version]) -> None:
    for name in runtime:
        for requirement in map(Requirement, metadata.requires(name) or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert canonicalize_name(requirement.name) in runtime, f"{name}: {requirement}"


def test_windows_gets_no_uvloop(root: Path) -> None:
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("uvloop")]
    marker = Requirement(line).marker
    assert marker is not None
    assert not marker.evaluate({"platform_system": "Windows"})
    assert marker.evaluate({"platform_system": "Linux"})


def test_installed_is_what_is_pinned(everything: dict[str, Version]) -> None:
    different = {}
    for name, version in everything.items():
        try:
            installed = Version(metadata.version(name))
        except metadata.PackageNotFoundError:
            continue
        if installed != version:
            different[name] = (installed, version)
    assert different == {}
