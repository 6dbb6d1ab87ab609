"""Alert rules and dashboard: what they name exists, each alert fires when it should."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.metrics import Disk, render
from server.observe import observe
from server.runtime import Runtime
from server.settings import settings_from

PROMTOOL = shutil.which("promtool")
NAME = re.compile(r"\b(?:depthbridge|process)_[a-z0-9_]+\b")
CASES = Path(__file__).with_name("depthbridge.rules.test.yaml")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")


@pytest.fixture(scope="module")
def rules(root: Path) -> list[dict[str, Any]]:
    text = (root / "ops/prometheus/depthbridge.rules.yaml").read_text(encoding="utf-8")
    (group,) = yaml.safe_load(text)["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


@pytest.fixture(scope="module")
def dashboard(root: Path) -> dict[str, Any]:
    text = (root / "ops/grafana/depthbridge.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture
def shown(tmp_path: Path) -> set[str]:
    """Every name that a server with one book shows, label names included."""
    from market.enums import Source

    runtime = Runtime(settings_from({"recording": {"folder": str(tmp_path)}}), "0")
    channel = runtime.hub.channel(runtime.hub.define("ES 12-26"), Source.LIVE)
    channel.live.heard = channel.live.feed_lag = 1
    text = render(observe(runtime), Disk())[0].decode()
    channel.close()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    labels = set(re.findall(r"([a-z_]+)=\"", text))
    return {re.split(r"[{ ]", line)[0] for line in lines} | labels | {"depthbridge_degraded"}


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def test_the_rules_name_only_what_is_shown(rules: list[dict[str, Any]], shown: set[str]) -> None:
    named = {name for rule in rules for name in NAME.findall(rule["expr"])}
    assert len(named) > 10
    assert named - shown == set()


def test_the_dashboard_names_only_what_is_shown(dashboard: dict[str, Any], shown: set[str]) -> None:
    named = {name for text in expressions(dashboard) for name in NAME.findall(text)}
    assert len(named) > 30
    assert named - shown == set()


def test_the_dashboard_shows_everything(dashboard: dict[str, Any], shown: set[str]) -> None:
    """A number that nobody sees is not worth its scrape."""
    named = {name for text in expressions(dashboard) for name in NAME.findall(text)}
    ours = {
        re.sub(r"_(bucket|count|sum|created)$", "", name)
        for name in shown
        if name.startswith("depthbridge_")
    }
    unseen = {name for name in ours if name not in named and f"{name}_bucket" not in named}
    assert unseen == {
        "depthbridge_config_info",
        "depthbridge_book_last_sequence",
        "depthbridge_book_listeners",
    }


def test_the_panels_lie_side_by_side(dashboard: dict[str, Any]) -> None:
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_alert_is_tested_and_explained(rules: list[dict[str, Any]]) -> None:
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    fired = {
        case["alertname"]
        for group in cases
        for case in group["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert {rule["alert"] for rule in rules} == fired
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}


def promtool(*words: str, folder: Path) -> tuple[int, str]:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *words], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@needs_promtool
def test_the_rules_are_rules(root: Path) -> None:
    code, text = promtool("check", "rules", "ops/prometheus/depthbridge.rules.yaml", folder=root)
    assert code == 0, text


@needs_promtool
def test_each_alert_fires_when_it_should_and_not_else(root: Path) -> None:
    code, text = promtool("test", "rules", str(CASES.relative_to(root)), folder=root)
    assert code == 0, text


@needs_promtool
@pytest.mark.parametrize(
    ("alert", "words"),
    [
        (
            "DepthbridgeBookStale",
            "and ignoring (depthbridge_book_phase) depthbridge_book_session_open == 1",
        ),
        ("DepthbridgePublisherSilent", "and depthbridge_book_session_open == 1"),
        ("DepthbridgePublisherSilent", "< 43200"),
        ("DepthbridgePublisherSilent", '{source="live"}'),
        ("DepthbridgeFeedLag", "and depthbridge_book_session_open == 1"),
    ],
)
def test_what_keeps_an_alert_quiet_is_tested(
    root: Path, tmp_path: Path, alert: str, words: str
) -> None:
    """A rule that forgets the closed session, the retired contract, the playback: seen."""
    text = (root / "ops/prometheus/depthbridge.rules.yaml").read_text(encoding="utf-8")
    head, marker, rest = text.partition(f"alert: {alert}\n")
    assert words in rest.partition("- alert:")[0]
    planted = tmp_path / "ops" / "prometheus" / "depthbridge.rules.yaml"
    planted.parent.mkdir(parents=True)
    planted.write_text(head + marker + rest.replace(words, "", 1), encoding="utf-8")
    cases = tmp_path / "tests" / "ops" / CASES.name
    cases.parent.mkdir(parents=True)
    shutil.copy(CASES, cases)
    code, said = promtool("test", "rules", str(cases), folder=tmp_path)
    assert code != 0
    assert alert in said
