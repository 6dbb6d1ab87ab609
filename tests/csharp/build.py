"""Compiles the bridge, NinjaTrader's stand-ins and the runner, once per session.

The core is compiled by itself and without the stand-ins: it must not know NinjaTrader. What is in
NinjaTrader's namespaces comes on top, and the runner (`Runner/`, one program with verbs) uses both.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from depthbridge.bridge.compiling import REFERENCES, compiler

__all__ = ["Program", "bridge_files", "built", "compiled_core", "core_files", "runner"]

ROOT: Final = Path(__file__).resolve().parents[2]
BRIDGE: Final = ROOT / "bridge" / "ninjatrader"
HERE: Final = Path(__file__).resolve().parent
_PATIENCE_S: Final = 120


class Program(NamedTuple):
    """The runner.

    Attributes:
        path: of the .exe.
    """

    path: Path

    def command(self, *words: str) -> list[str]:
        """How to start it with a verb and its arguments."""
        return ["mono", "--debug", str(self.path), *words]

    def run(self, *words: str, text: str = "", patience: float = _PATIENCE_S) -> str:
        """What a verb writes.

        Args:
            words: the verb and its arguments.
            text: its standard input.
            patience: seconds.
        """
        done = subprocess.run(
            self.command(*words),
            input=text,
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=patience,
        )
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def lines(self, verb: str, lines: Sequence[str], *words: str) -> list[str]:
        """The answers of a verb that gives one line for each line."""
        answers = self.run(verb, *words, text="".join(f"{line}\n" for line in lines)).splitlines()
        assert len(answers) == len(lines), answers[-3:]
        return answers


def is_core(path: Path) -> bool:
    """Whether a file knows nothing of NinjaTrader."""
    return "namespace Depthbridge" in path.read_text(encoding="ascii")


def core_files() -> list[Path]:
    """The files without a NinjaTrader type."""
    return [path for path in sorted((BRIDGE / "AddOns").glob("*.cs")) if is_core(path)]


def bridge_files() -> list[Path]:
    """The files in NinjaTrader's namespaces."""
    return [path for path in sorted(BRIDGE.glob("*/*.cs")) if not is_core(path)]


def compiled(
    target: Path, files: Sequence[Path], references: Sequence[Path] = (), *, held: bool = True
) -> Path:
    """An assembly: a .dll, or a program if its name ends so.

    Args:
        target: where it goes.
        files: its sources.
        references: other assemblies.
        held: to C# 5 and .NET Framework 4.8, as what NinjaTrader compiles; programs of the tests
            may use what Mono has.
    """
    strict = compiler() if held else [*compiler()[:1], "-warnaserror", "-warn:4", "-nologo"]
    options = [option for option in strict if option != "-target:library"]
    kind = "exe" if target.suffix == ".exe" else "library"
    done = subprocess.run(
        [
            *options,
            "-debug",
            f"-target:{kind}",
            f"-out:{target}",
            *(f"-r:{reference}.dll" for reference in REFERENCES),
            *(f"-r:{reference}" for reference in references),
            *map(str, files),
        ],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=_PATIENCE_S,
    )
    assert done.returncode == 0, f"{target.name}:\n{done.stderr}{done.stdout}"
    return target


def require_mono() -> None:
    """Skip, for all to see, where there is no Mono."""
    missing = [tool for tool in ("mcs", "mono") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing: python run.py test installs Mono")


@pytest.fixture(scope="session")
def compiled_core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core, compiled without anything of NinjaTrader's."""
    require_mono()
    return compiled(tmp_path_factory.mktemp("csharp") / "core.dll", core_files())


@pytest.fixture(scope="session")
def built(compiled_core: Path) -> Path:
    """The folder with core.dll, stubs.dll, bridge.dll and runner.exe."""
    folder = compiled_core.parent
    stubs = compiled(folder / "stubs.dll", sorted((HERE / "Stubs").glob("*.cs")), [compiled_core])
    bridge = compiled(folder / "bridge.dll", bridge_files(), [compiled_core, stubs])
    libraries = [compiled_core, stubs, bridge]
    compiled(folder / "runner.exe", sorted((HERE / "Runner").glob("*.cs")), libraries, held=False)
    return folder


@pytest.fixture(scope="session")
def runner(built: Path) -> Program:
    """The program with the verbs."""
    return Program(built / "runner.exe")
