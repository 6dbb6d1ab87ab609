"""``compare``: our numbers beside those of a NinjaTrader export, and why they differ."""

import argparse
from pathlib import Path

from depthbridge.inputs import add_input_arguments, open_input

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "says where a recording differs from a NinjaTrader export, and why"
EXAMPLE = """\
compare ES.txt "ES 12-26.Last.txt" --instrument "ES 12-26"
compare ES "ES 12-26.Last.txt" --date 2026-11-19 --json differences.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser)
    parser.add_argument(
        "export",
        type=Path,
        metavar="NT_EXPORT",
        help="written by Tools > Historical Data > Export: ticks (with bid and ask), minutes, days",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the differences by cause; 0 also where there are some."""
    import sys

    import orjson

    from depthbridge.comparing import (
        as_json,
        as_text,
        check_contract,
        compare,
        tally_export,
        tally_recording,
    )
    from depthbridge.outputs import check_ending, keep_apart, replacing
    from market.errors import UsageError
    from recording.readers import open_recording
    from recording.readers.naming import name_in

    if args.json is not None:
        check_ending(args.json, (".json",))
    given = open_input(args)
    keep_apart(given.recording, args.json)
    if args.export.is_dir():
        raise UsageError(f"{args.export} is a folder: name one export", code="no_file")
    symbol = given.recording.instrument.symbol
    named = name_in(args.export, given.settings.instruments, folder=False)
    if named is not None:
        check_contract(symbol, named)
    theirs = open_recording(
        args.export,
        format="nt-export",
        instrument=args.instrument or symbol,
        tick_size=args.tick_size,
        tolerant=args.tolerant,
        instruments=given.settings.instruments,
    )
    keep_apart(theirs, args.json)
    found = compare(
        tally_recording(given.recording, given.window),
        tally_export(theirs, given.window),
        given.settings.calendar(given.recording.instrument.session),
    )
    for line in (*given.recording.report.summary(), *theirs.report.summary()):
        print(line, file=sys.stderr)
    print(as_text(found), end="")
    if args.json is not None:
        with replacing(args.json) as part:
            part.write_bytes(orjson.dumps(as_json(found), option=orjson.OPT_INDENT_2) + b"\n")
    return 0
