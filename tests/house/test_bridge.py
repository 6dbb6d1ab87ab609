"""The package for NinjaTrader: whole, compiled on request, installed without losing work."""

import argparse
import io
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from depthbridge.bridge import Installation, Source, bridge_sources, compile_sources, write_archive
from depthbridge.bridge.compiling import compiler
from depthbridge.commands import bridge as command
from depthbridge.version import VERSION
from market.errors import UsageError

GOOD = Source("AddOns/DepthbridgeGood.cs", b"namespace Depthbridge { public class Good { } }\r\n")
STUB = """namespace NinjaTrader.NinjaScript.Strategies
{
    public class Strategy
    {
        protected virtual void OnBarUpdate() { }
    }
}
"""
needs_compiler = pytest.mark.skipif(
    shutil.which("mcs") is None and sys.platform != "win32", reason="no C# compiler (mono-mcs)"
)


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    folder = tmp_path / "Stubs"
    folder.mkdir()
    (folder / "Strategy.cs").write_text(STUB)
    return folder


@pytest.fixture
def ninja(tmp_path: Path) -> Path:
    """A NinjaTrader folder."""
    folder = tmp_path / "NinjaTrader 8"
    for kind in ("AddOns", "Indicators", "Strategies"):
        (folder / "bin" / "Custom" / kind).mkdir(parents=True)
    return folder


@pytest.fixture
def project(tmp_path: Path, stubs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one file of C# in it."""
    root = tmp_path / "project"
    add_ons = root / "bridge" / "ninjatrader" / "AddOns"
    add_ons.mkdir(parents=True)
    (add_ons / "DepthbridgeGood.cs").write_bytes(GOOD.content)
    shutil.copytree(stubs, root / "tests" / "csharp" / "Stubs")
    monkeypatch.setattr("depthbridge.checkout.checkout", lambda _: root)
    return root


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def package(root: Path) -> Path:
    return root / "dist" / f"depthbridge-ninjatrader-{VERSION}.zip"


def test_the_package_is_what_the_import_dialog_wants(root: Path, tmp_path: Path) -> None:
    sources = bridge_sources(root / "bridge" / "ninjatrader")
    write_archive(sources, tmp_path / "new" / "a.zip")
    with zipfile.ZipFile(tmp_path / "new" / "a.zip") as archive:
        assert archive.testzip() is None
        info = archive.read("Info.xml")
        names = archive.namelist()
    assert info.startswith(b"\xef\xbb\xbf<?xml")
    assert re.search(rb"<Version>[\d.]+</Version>\s*<Agile>None</Agile>", info)
    assert names == ["Info.xml", *(source.name for source in sources)]
    assert {name.partition("/")[0] for name in names[1:]} <= {"AddOns", "Indicators", "Strategies"}


def test_no_file_of_a_release_is_renamed_or_removed(root: Path) -> None:
    lines = (root / "tests" / "csharp" / "released_names.txt").read_text().splitlines()
    released = {line for line in lines if not line.startswith("#")}
    assert len(released) > 100
    assert (
        released - {source.name for source in bridge_sources(root / "bridge/ninjatrader")} == set()
    )


def test_the_same_sources_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_archive([GOOD], tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_every_file_has_crlf_and_plain_characters(root: Path) -> None:
    for source in bridge_sources(root / "bridge" / "ninjatrader"):
        assert b"\n" not in source.content.replace(b"\r\n", b""), source.name


def test_a_character_that_depends_on_the_code_page_is_refused(tmp_path: Path) -> None:
    (tmp_path / "AddOns").mkdir()
    (tmp_path / "AddOns" / "DepthbridgeX.cs").write_text("// µ\n", encoding="utf-8")
    with pytest.raises(UsageError, match="ASCII"):
        bridge_sources(tmp_path)
    with pytest.raises(UsageError, match="no bridge"):
        bridge_sources(tmp_path / "AddOns")


def test_both_sides_have_one_version(root: Path) -> None:
    text = (root / "bridge/ninjatrader/AddOns/DepthbridgeBridgeVersion.cs").read_text()
    assert re.findall(r'Text = "([^"]+)"', text) == [VERSION]


@needs_compiler
@pytest.mark.parametrize(
    "broken", [b"class {", b"class A { int unused; }", b'class A { string a = $"{1}"; }']
)
def test_what_does_not_compile_is_named(stubs: Path, broken: bytes) -> None:
    assert compile_sources([GOOD], stubs) == ""
    complaint = compile_sources([GOOD, Source("Strategies/DepthbridgeBad.cs", broken)], stubs)
    assert "DepthbridgeBad.cs" in complaint


@needs_compiler
def test_a_name_that_hides_somebody_elses_is_found(stubs: Path) -> None:
    theft = b"namespace NinjaTrader.NinjaScript.Strategies { public class SomebodyElses { } }"
    assert "SomebodyElses" in compile_sources(
        [Source("Strategies/DepthbridgeBad.cs", theft)], stubs
    )


@needs_compiler
def test_what_only_mono_has_is_refused(stubs: Path) -> None:
    if "-sdk:4.8" not in compiler():
        pytest.skip("the reference assemblies of .NET 4.8 are not here (package mono-devel)")
    newer = b'class A { bool b = "abc".Contains((char)98); public bool B { get { return b; } } }'
    assert "CS1503" in compile_sources([Source("AddOns/DepthbridgeBad.cs", newer)], stubs)


def test_without_a_compiler_the_user_is_told(stubs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv("WINDIR", "/nowhere")
    with pytest.raises(UsageError, match="no C# compiler"):
        compile_sources([GOOD], stubs)
    with pytest.raises(UsageError, match="no stand-ins"):
        compile_sources([GOOD], stubs / "none")


def test_the_command_writes_the_package(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert package(project).exists()
    assert "Tools > Import" in capsys.readouterr().out


@needs_compiler
def test_nothing_is_written_that_does_not_compile(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "bridge/ninjatrader/AddOns/DepthbridgeBad.cs").write_text("class {")
    assert run("--check") == 1
    assert not package(project).exists()
    assert "DepthbridgeBad.cs" in capsys.readouterr().err


def test_it_copies_into_ninjatraders_folder(project: Path, ninja: Path) -> None:
    assert run("--install", str(ninja)) == 0
    assert (ninja / "bin/Custom/AddOns/DepthbridgeGood.cs").read_bytes() == GOOD.content
    assert run("--install", str(ninja / "bin" / "Custom")) == 0, "the inner folder will do"


def test_a_folder_that_is_none_is_refused_before_anything_is_written(
    project: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no NinjaTrader folder"):
        run("--install", str(tmp_path / "nowhere"))
    assert not package(project).exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 2), ("", 2), ("no\n", 2)])
def test_files_of_an_older_version_go_after_asking(
    project: Path, ninja: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    old = ninja / "bin/Custom/Strategies/DepthbridgeOld.cs"
    old.write_text("class Old { }")
    other = ninja / "bin/Custom/Strategies/Mine.cs"
    other.write_text("class Mine { }")
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert run("--install", str(ninja)) == code
    assert old.exists() == (code != 0)
    assert (ninja / "bin/Custom/AddOns/DepthbridgeGood.cs").exists() == (code == 0)
    assert other.exists()


def test_without_a_question_on_request(project: Path, ninja: Path) -> None:
    old = ninja / "bin/Custom/Strategies/DepthbridgeOld.cs"
    old.write_text("class Old { }")
    assert run("--install", str(ninja), "--yes") == 0
    assert not old.exists()


def test_what_the_user_changed_is_kept(ninja: Path) -> None:
    Installation(ninja, [GOOD]).carry_out()
    path = ninja / "bin/Custom/AddOns/DepthbridgeGood.cs"
    newer = Source(GOOD.name, b"// newer\r\n")
    assert Installation(ninja, [newer]).changed == [], "an older version is nobody's work"
    path.write_bytes(b"// mine\r\n")
    again = Installation(ninja, [newer])
    assert again.changed == [GOOD.name]
    assert any("kept" in line for line in again.carry_out())
    assert path.read_bytes() == newer.content
    assert path.with_name(path.name + ".bak").read_bytes() == b"// mine\r\n"
    path.write_bytes(b"// mine too\r\n")
    Installation(ninja, [newer]).carry_out()
    assert path.with_name(path.name + ".bak").read_bytes() == b"// mine\r\n"
    assert path.with_name(path.name + ".2.bak").read_bytes() == b"// mine too\r\n"


@pytest.mark.parametrize("way", ["a folder of the file's name", "a file of the folder's name"])
def test_what_stands_in_the_way_is_named_before_anything_is_written(ninja: Path, way: str) -> None:
    custom = ninja / "bin" / "Custom"
    other = Source("Indicators/DepthbridgeOther.cs", b"// other\r\n")
    if way.startswith("a folder"):
        (custom / other.name).mkdir()
    else:
        (custom / "Indicators").rmdir()
        (custom / "Indicators").write_text("")
    with pytest.raises(UsageError, match=r"Indicators.* move it away; nothing was installed"):
        Installation(ninja, [GOOD, other])
    assert list((custom / "AddOns").iterdir()) == []
