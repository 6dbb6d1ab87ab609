"""``calibrate``: thresholds for so many signals an hour, from the user's own recordings."""

import argparse
from pathlib import Path
from typing import Final

from depthbridge.inputs import add_input_arguments, open_input
from depthbridge.numbers import decimal_number, random_seed

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "finds thresholds for so many signals an hour on a recording"
EXAMPLE = """\
calibrate ES --signals-per-hour 10 --out settings.yaml
calibrate ES.txt --instrument "ES 12-26" --json calibration.json --png calibration.png"""
_RATE: Final = 10.0
_MOST: Final = 1000.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser)
    parser.add_argument(
        "--signals-per-hour",
        type=_rate,
        default=_RATE,
        metavar="N",
        help=f"about so many, default {_RATE:g}",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=".yaml: the thresholds, for --config"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")
    parser.add_argument("--png", type=Path, metavar="FILE", help="also draw it")
    parser.add_argument(
        "--random-seed", type=random_seed, default=1, help="of the shuffled book, default 1"
    )


def run(args: argparse.Namespace) -> int:
    """Print the calibration, and write what was asked for."""
    import sys

    import orjson

    from depthbridge.calibrating import calibrate
    from depthbridge.calibrating.picture import picture
    from depthbridge.calibrating.report import as_json, as_settings, as_text
    from depthbridge.outputs import check_ending, keep_apart, part_of, replacing

    outs = ((args.out, (".yaml", ".yml")), (args.json, (".json",)), (args.png, (".png",)))
    for path, endings in outs:
        if path is not None:
            check_ending(path, endings)
    given = open_input(args)
    keep_apart(given.recording, args.out, args.json, args.png)
    for path, _ in outs:
        if path is not None:  # what cannot be written is said before the work
            part_of(path).unlink()
    found = calibrate(given, args.signals_per_hour, args.random_seed, tolerant=args.tolerant)
    for line in given.recording.report.summary():
        print(line, file=sys.stderr)
    print(as_text(found), end="")
    text = orjson.dumps(as_json(found), option=orjson.OPT_INDENT_2) + b"\n"
    made = [(args.out, as_settings(found).encode()), (args.json, text)]
    if args.png is not None:
        made.append((args.png, picture(found)))
    for path, content in made:
        if path is not None:
            with replacing(path) as part:
                part.write_bytes(content)
    return 0


def _rate(text: str) -> float:
    value = decimal_number(text)
    if not 0.0 < value <= _MOST:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most {_MOST:g}")
    return value
