"""``book``: rebuilds the book and exports its top levels."""

import argparse
from pathlib import Path

from depthbridge.inputs import add_input_arguments, open_input
from depthbridge.numbers import whole_number

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "rebuilds the book from a recording and exports its top levels"
EXAMPLE = """\
book "ES 12-26/20261119.csv" --levels 10 --out book.parquet --every 1
book ES --date 2026-11-19 --session RTH --levels 5 --out book.csv"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser)
    parser.add_argument("--levels", type=whole_number, default=10, metavar="N", help="default 10")
    parser.add_argument("--out", type=Path, required=True, help=".csv, .parquet or .jsonl")
    parser.add_argument(
        "--every",
        default="change",
        help="event: a row per record or line; change (default): a row for each that changed the "
        "top N; "
        "SECONDS: a row per interval, at its end",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end at the first order record that is wrong (exit code 2); else they are counted",
    )


def run(args: argparse.Namespace) -> int:
    """Write the rows."""
    from depthbridge.exporting import export
    from depthbridge.outputs import check_ending, keep_apart
    from depthbridge.runs import BookRun, every_seconds
    from depthbridge.schemas import book_schema

    check_ending(args.out)
    every = every_seconds(args.every, ("event", "change"))
    given = open_input(args)
    keep_apart(given.recording, args.out)
    book = BookRun(
        given.recording,
        args.levels,
        every,
        given.window,
        tolerant=args.tolerant,
        strict=args.strict,
    )
    schema = book_schema(args.levels, given.recording.instrument)
    return export(book, schema, args.out)
