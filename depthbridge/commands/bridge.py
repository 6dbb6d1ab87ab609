"""``bridge``: the package that NinjaTrader imports."""

import argparse
import sys
from pathlib import Path

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "writes the package for NinjaTrader's import dialog, or copies it into its folder"
EXAMPLE = """\
bridge
bridge --check
bridge --install "Documents/NinjaTrader 8\""""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--check", action="store_true", help="compile it first; nothing is written if that fails"
    )
    parser.add_argument(
        "--install", type=Path, metavar="DIR", help="also copy it into this NinjaTrader folder"
    )
    parser.add_argument(
        "--yes", action="store_true", help="remove files of an older version without asking"
    )


def run(args: argparse.Namespace) -> int:
    """Do it and say where the package is; 1: it does not compile, 2: nothing was installed."""
    from depthbridge.bridge import Installation, bridge_sources, compile_sources, write_archive
    from depthbridge.checkout import checkout
    from depthbridge.version import VERSION

    root = checkout("bridge/ninjatrader")
    sources = bridge_sources(root / "bridge" / "ninjatrader")
    installation = Installation(args.install, sources) if args.install else None
    if args.check:
        complaint = compile_sources(sources, root / "tests" / "csharp" / "Stubs")
        if complaint:
            print(complaint, file=sys.stderr)
            return 1
        print(f"compiled: {len(sources)} files, one assembly")
    path = root / "dist" / f"depthbridge-ninjatrader-{VERSION}.zip"
    write_archive(sources, path)
    print(f"wrote {path}")
    if installation is None:
        print("import it: NinjaTrader, Tools > Import > NinjaScript Add-On")
        return 0
    if installation.stale and not args.yes and not _agreed(installation.stale):
        print("nothing was installed", file=sys.stderr)
        return 2
    for line in installation.carry_out():
        print(line)
    print(f"installed {len(sources)} files into {installation.custom}")
    return 0


def _agreed(stale: list[str]) -> bool:
    print("files of an older version, which would not compile with this one:")
    for name in stale:
        print(f"  {name}")
    try:
        return input("remove them? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        print()
        return False
