"""What the trader's guide says is what the code does; what the package ships compiles."""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from depthbridge.bridge import bridge_sources, write_archive
from tests.csharp.build import BRIDGE, HERE, Program, compiled

GUIDE: Final = BRIDGE / "README.md"
UNRELATED: Final = """namespace NinjaTrader.NinjaScript.Strategies
{
    public class SomebodyElse : Strategy
    {
        private readonly System.Random Publisher = new System.Random();

        protected override void OnStateChange()
        {
            Name = Publisher.Next().ToString();
        }
    }
}
"""


@pytest.fixture(scope="module")
def code(runner: Program) -> dict[str, Any]:
    """What the code says of itself."""
    found: dict[str, Any] = json.loads(runner.run("guide"))
    return found


def table(head: str) -> list[list[str]]:
    """Cells of the table that begins with a head, without head and rule."""
    lines = iter(GUIDE.read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith(f"| {head} |"):
            next(lines)
            return [_cells(row) for row in _until_blank(lines)]
    raise AssertionError(head)


def _until_blank(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("|"):
            return
        yield line


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def numbers(text: str) -> list[int]:
    """``100-107`` and single numbers."""
    low, _, high = text.partition("-")
    return list(range(int(low), int(high or low) + 1))


def test_every_state_is_explained_and_no_other(code: dict[str, Any]) -> None:
    assert sorted(row[0] for row in table("on the chart")) == sorted(code["states"])
    assert "LIVE" in code["title"]


def test_every_number_of_the_log_is_explained_and_no_other(code: dict[str, Any]) -> None:
    told = [number for row in table("number") for number in numbers(row[0])]
    assert told == sorted(number for number, _ in code["events"])
    assert sorted(code["declared"]) == told, "declared, and not in the list of all"


def test_each_range_of_the_log_says_as_much_as_it_spans(code: dict[str, Any]) -> None:
    """A number that was added to the end of a range needs a word of its own."""
    for span, words in table("number"):
        said = len(re.split(r", | and | or ", words.rpartition(": ")[2]))
        assert said == len(numbers(span)), (span, words)


def test_numbers_and_words_of_the_log_in_the_symptoms_are_the_code_s(code: dict[str, Any]) -> None:
    texts = dict(code["events"])
    quoted = 0
    for row in table("symptom"):
        for number in re.findall(r"\b(?:log|Log tab has) (\d{3})\b", " ".join(row)):
            assert int(number) in texts, row
            quoted += 1
        for number, words in re.findall(r'log (\d{3}), "([^"]+)"', row[0]):
            assert words in texts[int(number)], row
    assert quoted >= 4


def test_words_of_refusals_in_the_symptoms_are_the_protocol_s(code: dict[str, Any]) -> None:
    words = [
        word
        for row in table("symptom")
        if row[0].startswith("NO SERVER")
        for word in re.findall(r"`([a-z_]+)`", row[0])
    ]
    assert len(words) >= 2
    assert set(words) <= set(code["refusals"])


def test_the_settings_are_the_strategy_s(code: dict[str, Any]) -> None:
    told = [name.strip() for row in table("name") for name in row[0].split(",")]
    assert sorted(told) == sorted(code["strategy"])
    shared = {"Host", "Port", "Token file", "ClusterOpacityThreshold"}
    assert shared <= set(code["indicator"])


def test_members_that_the_guide_shows_are_there() -> None:
    strategy = (BRIDGE / "Strategies" / "DepthbridgeStrategy.cs").read_text("ascii")
    text = GUIDE.read_text("utf-8").partition("## Your own strategy")[2].partition("\n## ")[0]
    names = re.findall(r"`([A-Za-z]+)`", text)
    assert len(names) >= 8
    for name in names:
        assert re.search(rf"\bpublic\b[^\n]*\b{name}\b", strategy), name
    for name in re.findall(r"protected override void (\w+)\(", text):
        assert f"protected virtual void {name}(" in strategy, name


def test_what_is_in_the_zip_compiles_beside_somebody_else_s_strategy(
    compiled_core: Path, tmp_path: Path
) -> None:
    """The archive's own bytes, all in one assembly, as NinjaTrader compiles its folder."""
    archive = tmp_path / "bridge.zip"
    write_archive(bridge_sources(BRIDGE), archive)
    folder = tmp_path / "Custom"
    with zipfile.ZipFile(archive) as package:
        package.extractall(folder)
    files = sorted(folder.rglob("*.cs"))
    inside = {path.relative_to(folder).as_posix() for path in files}
    assert inside == {path.relative_to(BRIDGE).as_posix() for path in BRIDGE.rglob("*.cs")}
    stranger = tmp_path / "SomebodyElse.cs"
    stranger.write_text(UNRELATED)
    stubs = sorted((HERE / "Stubs").glob("*.cs"))
    whole = compiled(tmp_path / "Custom.dll", [*files, stranger, *stubs])
    assert whole.stat().st_size > 100_000
