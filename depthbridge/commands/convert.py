"""``convert``: a recording from one format to another."""

import argparse
from pathlib import Path
from typing import Final

from depthbridge.inputs import add_input_arguments, open_input

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "converts a recording into another format"
EXAMPLE = """\
convert "ES 12-26/20261119.csv" es.parquet
convert es.parquet recordings --to journal"""

_BY_ENDING: Final = {".csv": "csv", ".parquet": "parquet", ".txt": "nt-dump"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser, until="--until")
    parser.add_argument("out", type=Path, metavar="OUT", help="a file; with --to journal a folder")
    parser.add_argument("--to", metavar="FORMAT", help="csv, parquet, nt-dump or journal")


def run(args: argparse.Namespace) -> int:
    """Write the recording anew."""
    from depthbridge.converting import convert
    from market.errors import UsageError
    from recording.writers import WRITERS

    name = args.to or _BY_ENDING.get(args.out.suffix.lower())
    if name is None:
        endings = ", ".join(_BY_ENDING)
        raise UsageError(f"{args.out} ends in none of {endings}: say --to {'|'.join(WRITERS)}")
    given = open_input(args)
    return convert(given, args.out, name)
