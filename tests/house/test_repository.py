"""The repository keeps its own promises: versions, documents, tests, public names."""

import argparse
import ast
import importlib
import os
import re
import shlex
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from depthbridge.commands import BARE, NAMES
from depthbridge.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("market", "wire", "orderbook", "recording", "client", "server", "depthbridge")
MODULES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.stat().st_size
)
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "bridge" / "ninjatrader" / "README.md",
]
DRIVEN = {
    "depthbridge/autostart/": "tests/house/test_autostart.py",
    "depthbridge/backtesting.py": "tests/recording/test_backtest.py",
    "depthbridge/bridge/": "tests/house/test_bridge.py",
    "depthbridge/calibrating/": "tests/house/test_calibrating.py",
    "depthbridge/commands/": "tests/house/test_cli.py",
    "depthbridge/comparing/": "tests/house/test_comparing.py",
    "depthbridge/inputs.py": "tests/recording/test_commands.py",
    "depthbridge/player.py": "tests/server/test_process.py",
    "depthbridge/reporting/": "tests/house/test_reporting.py",
    "depthbridge/reviewing/": "tests/house/test_reviewing.py",
    "depthbridge/runs/": "tests/recording/test_commands.py",
    "depthbridge/serving.py": "tests/server/test_process.py",
    "depthbridge/verifying.py": "tests/journal/test_recompute.py",
    "orderbook/analytics/": "tests/orderbook/test_analyzer.py",
    "orderbook/analyzer.py": "tests/orderbook/test_analyzer.py",
    "orderbook/books/": "tests/orderbook/test_book.py",
    "orderbook/clock.py": "tests/orderbook/test_analyzer.py",
    "orderbook/engine.py": "tests/orderbook/test_analyzer.py",
    "orderbook/heap.py": "tests/orderbook/test_book.py",
    "orderbook/profiles.py": "tests/orderbook/test_analyzer.py",
    "recording/backtest/": "tests/recording/test_backtest.py",
    "recording/journal/": "tests/journal/test_journal.py",
    "recording/readers/text_kernel.py": "tests/recording/test_dump.py",
    "recording/writers/registry.py": "tests/recording/test_formats.py",
    "server/answers.py": "tests/server/test_http.py",
    "server/app.py": "tests/server/test_http.py",
    "server/channel.py": "tests/server/test_dialogue.py",
    "server/guard/answering.py": "tests/server/guard/test_requests.py",
    "server/guard/deadline.py": "tests/server/guard/test_requests.py",
    "server/health.py": "tests/server/test_http.py",
    "server/hub.py": "tests/server/test_dialogue.py",
    "server/liveness.py": "tests/server/test_http.py",
    "server/logs.py": "tests/server/test_logs.py",
    "server/options.py": "tests/server/test_settings.py",
    "server/pipeline.py": "tests/server/test_dialogue.py",
    "server/published.py": "tests/server/test_dialogue.py",
    "server/reports.py": "tests/server/test_posts.py",
    "server/roles.py": "tests/server/test_dialogue.py",
    "server/snapshots.py": "tests/server/test_dialogue.py",
    "server/protocol.py": "tests/server/test_connection.py",
    "server/runtime.py": "tests/server/test_process.py",
    "server/subscription.py": "tests/server/test_dialogue.py",
    "server/yaml_file.py": "tests/server/test_settings.py",
}
"""Parts that are only reached through their owner, and the test that drives them there."""
COMMAND = re.compile(r"python run\.py[^\n`#]*")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def commands_in(document: Path) -> Iterator[str]:
    for match in COMMAND.finditer(document.read_text(encoding="utf-8")):
        yield match[0].strip()


def test_the_changelog_has_this_version_on_top() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\S+)", text, re.MULTILINE)
    assert headings[headings[0] == "Unreleased"] == VERSION


def test_the_package_takes_its_version_from_the_same_place() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["dynamic"] == ["version"]
    place = settings["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    module, _, attribute = place.rpartition(".")
    assert getattr(importlib.import_module(module), attribute) == VERSION


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize(
    ("document", "command"),
    [(document, command) for document in DOCUMENTS for command in commands_in(document)],
    ids=lambda value: name_of(value) if isinstance(value, Path) else value,
)
def test_documented_commands_are_real(document: Path, command: str) -> None:
    words = [word for word in shlex.split(command)[2:] if word != "--help"]
    if words[:1] == ["COMMAND"]:
        return
    name = words.pop(0) if words and not words[0].startswith("-") else BARE
    assert name in (BARE, *NAMES)
    module = importlib.import_module(f"depthbridge.commands.{name}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)
    if words or name == BARE:
        parser.parse_args(words)


def test_the_readme_starts_with_the_two_commands() -> None:
    assert list(commands_in(ROOT / "README.md"))[:2] == [
        "python run.py --once",
        "python run.py test",
    ]


def imported_by_tests() -> set[str]:
    """Dotted names that any file under tests/ imports, names from a module included."""
    found = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_module_has_its_test_file() -> None:
    """One named after it, one that imports it, or the one that drives it through its owner."""
    named = {path.stem.removeprefix("test_") for path in (ROOT / "tests").rglob("test_*.py")}
    imported = imported_by_tests()
    untested = {
        name_of(module)
        for module in MODULES
        if module.stem not in {"__init__", "__main__"}
        and module.stem.removesuffix("_kernel") not in named
        and dotted(module) not in imported
        and not any(name_of(module).startswith(part) for part in DRIVEN)
    }
    assert sorted(untested) == []
    assert [test for test in DRIVEN.values() if not (ROOT / test).exists()] == []


def test_the_readmes_python_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert len(names["book"]) > 1000  # type: ignore[arg-type]
    assert len(names["clusters"]) > 50  # type: ignore[arg-type]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_public_names_exist_and_are_documented(module: Path) -> None:
    loaded = importlib.import_module(dotted(module))
    assert loaded.__doc__, "says what it owns"
    public = getattr(loaded, "__all__", None)
    if public is None:
        return
    assert sorted(set(public)) == sorted(public)
    tree = ast.parse(module.read_text(encoding="utf-8"))
    own = {
        node.name: ast.get_docstring(node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    }
    for name in public:
        assert hasattr(loaded, name), f"{name} is announced but not there"
        assert own.get(name, "imported or a value"), f"{name} has no docstring"


@pytest.mark.parametrize("name", ["run.py", ".ci/run"])
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_scripts_can_be_started(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & stat.S_IXUSR
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env ")


def test_ci_runs_what_a_developer_runs() -> None:
    assert "exec python run.py test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_hooks_are_local() -> None:
    import yaml

    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert [repository["repo"] for repository in yaml.safe_load(text)["repos"]] == ["local"]


def test_the_licence_is_the_one_that_is_declared() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["license"] == "Apache-2.0"


def test_nothing_large_is_part_of_the_package() -> None:
    large = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and os.path.getsize(path) > 1_500_000  # noqa: PTH202 - not followed
    ]
    assert large == []
