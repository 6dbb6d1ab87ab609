"""Compiling the package as NinjaTrader does: one assembly, together with other people's files.

NinjaTrader's own types are stood in for by ``tests/csharp/Stubs``. Mono's compiler is used, or on
Windows the one that comes with .NET Framework; both read C# 5.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from depthbridge.bridge.sources import Source
from market.errors import UsageError

__all__ = ["REFERENCES", "compile_sources", "compiler"]

REFERENCES: Final = (
    "System",
    "System.Core",
    "System.Net.Http",
    "System.Xml",
    "System.Web.Extensions",
    "System.ComponentModel.DataAnnotations",
)
"""What NinjaTrader's compiler references by default, apart from its own assemblies."""
STRANGER: Final = b"""namespace NinjaTrader.NinjaScript.Strategies
{
    public class SomebodyElses : Strategy
    {
        private readonly System.Collections.Generic.Dictionary<string, double> levels =
            new System.Collections.Generic.Dictionary<string, double>();

        protected override void OnBarUpdate()
        {
            levels["close"] = 1.0;
        }
    }
}
"""
"""A strategy of somebody else, which must go on compiling."""
_FRAMEWORK_API: Final = Path("/usr/lib/mono/4.8-api/mscorlib.dll")
_PATIENCE_S: Final = 120
_SHOWN: Final = 20


def compiler() -> list[str]:
    """The command that compiles, with what does not depend on the files.

    Where Debian's reference assemblies are there, it is held to what .NET Framework 4.8 has: Mono's
    own libraries have more.

    Raises:
        UsageError: there is none.
    """
    common = ["-langversion:5", "-warnaserror", "-warn:4", "-target:library", "-nologo"]
    mono = shutil.which("mcs")
    if mono is not None:
        exact = ["-sdk:4.8"] if _FRAMEWORK_API.exists() else []
        return [mono, *common[:-1], *exact]
    windows = Path(os.environ.get("WINDIR", "")) / "Microsoft.NET/Framework64/v4.0.30319/csc.exe"
    if windows.is_file():
        return [str(windows), *common]
    raise UsageError(
        "no C# compiler: install mono-mcs (Linux) or .NET Framework 4.8 (Windows); "
        "the package itself needs none"
    )


def compile_sources(sources: Sequence[Source], stubs: Path, library: Path | None = None) -> str:
    """Compile everything into one assembly.

    Args:
        sources: the package.
        stubs: folder of the stand-ins for NinjaTrader's types.
        library: where the assembly is kept; None: nowhere.

    Returns:
        What the compiler complained about, the first lines; empty: nothing.

    Raises:
        UsageError: there is no compiler, or no stand-ins.
    """
    stand_ins = sorted(stubs.resolve().rglob("*.cs"))
    if not stand_ins:
        raise UsageError(f"no stand-ins for NinjaTrader's types in {stubs}")
    command = compiler()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in (*sources, Source("Strategies/SomebodyElses.cs", STRANGER)):
            path = folder / source.name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(source.content)
        done = subprocess.run(
            [
                *command,
                f"-out:{library or folder / 'package.dll'}",
                *(f"-r:{reference}.dll" for reference in REFERENCES),
                *(str(path.relative_to(folder)) for path in sorted(folder.rglob("*.cs"))),
                *map(str, stand_ins),
            ],
            cwd=folder,
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE_S,
        )
    if done.returncode == 0:
        return ""
    lines = (done.stderr + done.stdout).strip().splitlines() or ["the compiler failed"]
    return "\n".join(lines[:_SHOWN])
