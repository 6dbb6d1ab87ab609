"""``generate``: more recordings like the bundled sample, with the truth beside them."""

import argparse
import gzip
import lzma
from pathlib import Path
from typing import IO, Final, cast

from depthbridge.numbers import whole_number
from market.errors import UsageError

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "writes generated depth as a NinjaTrader dump, and what was planted in it beside it"
EXAMPLE = "generate es.txt.zst --seed 7 --minutes 30"

_SUFFIXES: Final = ("", ".gz", ".zst", ".xz")
_MOST: Final = 1440


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults make the bundled sample."""
    from recording.generator import SAMPLE

    parser.add_argument("out", type=Path, metavar="OUT", help="NAME.txt, or .txt.gz, .zst, .xz")
    parser.add_argument(
        "--seed", type=whole_number, default=SAMPLE.seed, help="default %(default)s"
    )
    parser.add_argument(
        "--minutes", type=whole_number, default=SAMPLE.minutes, help="default %(default)s"
    )
    parser.add_argument("--no-walls", action="store_true", help="the same market without walls")
    parser.add_argument(
        "--everything",
        action="store_true",
        help="also icebergs, absorption and flickering walls",
    )


def run(args: argparse.Namespace) -> int:
    """Write ``OUT``, ``OUT.json`` (what a reader must know) and ``NAME.truth.json``."""
    from depthbridge.outputs import replacing
    from recording.generator import Generator, GeneratorSettings, render

    out: Path = args.out
    name, dump, suffix = out.name.partition(".txt")
    if not name or not dump or suffix not in _SUFFIXES:
        endings = ", ".join(f".txt{ending}" for ending in _SUFFIXES)
        raise UsageError(f"{out} must end in one of {endings}")
    if not 1 <= args.minutes <= _MOST:
        raise UsageError(f"--minutes must be 1 to {_MOST:,}")
    generator = Generator(
        GeneratorSettings(
            seed=args.seed,
            minutes=args.minutes,
            walls=not args.no_walls,
            everything=args.everything,
        )
    )
    with replacing(out) as part, _open(part, suffix) as file:
        for line in generator.lines():
            file.write(line.encode())
    beside = {f"{out.name}.json": generator.sidecar(), f"{name}.truth.json": generator.truth()}
    for file_name, document in beside.items():
        with replacing(out.with_name(file_name)) as part:
            part.write_text(render(document), encoding="utf-8", newline="\n")
    print(f"{generator.truth()['lines']} lines in {out}")
    return 0


def _open(path: Path, suffix: str) -> IO[bytes]:
    if suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "wb"))
    if suffix == ".xz":
        return cast("IO[bytes]", lzma.open(path, "wb"))
    if suffix == ".zst":
        import zstandard

        return cast("IO[bytes]", zstandard.open(path, "wb", cctx=zstandard.ZstdCompressor(19)))
    return path.open("wb")
