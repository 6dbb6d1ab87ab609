"""``report``: one recording as a page to keep."""

import argparse
from pathlib import Path
from typing import Final

from depthbridge.inputs import add_input_arguments, check_reach, open_input

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "writes what a recording holds, and what its signals were worth, as one HTML page"
EXAMPLE = """\
report ES --date 2026-11-19 --out report.html
report ES.txt --instrument "ES 12-26" --session RTH --out report.html"""
_ENDINGS: Final = (".html", ".htm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".html: the page; needs no network"
    )


def run(args: argparse.Namespace) -> int:
    """Write the page; of a damaged recording it has what came before."""
    import sys

    from depthbridge.outputs import check_ending, keep_apart, part_of, replacing
    from depthbridge.reporting import gather, page

    check_ending(args.out, _ENDINGS)
    given = open_input(args)
    keep_apart(given.recording, args.out)
    part_of(args.out).unlink()  # what cannot be written is said before the work
    found, error = gather(given, tolerant=args.tolerant)
    if error is None:
        check_reach(given.recording, given.window)
    for line in found.notes:
        print(line, file=sys.stderr)
    with replacing(args.out) as part:
        part.write_bytes(page(found).encode())
    print(f"{found.tally.rows:,} records, {found.signals.count:,} signals in {args.out}")
    if error is not None:
        raise error
    return 0
