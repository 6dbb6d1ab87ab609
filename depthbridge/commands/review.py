"""``review``: what the signals of a recording were worth."""

import argparse
from pathlib import Path
from typing import Final

from depthbridge.inputs import add_input_arguments, check_reach, open_input
from depthbridge.numbers import random_seed, whole_number

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "says what the signals of a recording were worth, beside random times"
EXAMPLE = """\
review ES --date 2026-11-19
review "ES 12-26" --json review.json --hit-rates hit_rates.json"""
_DRAWS: Final = 20
_MOST: Final = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")
    parser.add_argument(
        "--hit-rates",
        type=Path,
        metavar="FILE",
        help=".json: also put the rules' hit rates there, for the confidence of later signals; "
        "what it says of other instruments stays",
    )
    parser.add_argument(
        "--draws", type=_draws, default=_DRAWS, metavar="N", help=f"random times, default {_DRAWS}"
    )
    parser.add_argument(
        "--random-seed", type=random_seed, default=1, help="of the random times, default 1"
    )


def run(args: argparse.Namespace) -> int:
    """Print the review, and write what was asked for."""
    import sys

    import orjson

    from depthbridge.outputs import check_ending, keep_apart, replacing
    from depthbridge.reviewing import Reviewer
    from depthbridge.reviewing.report import as_json, as_text, hit_rates
    from depthbridge.reviewing.sessions import sessions_of
    from market.errors import DataError
    from recording.hit_rates import HitRates

    for path in (args.json, args.hit_rates):
        if path is not None:
            check_ending(path, (".json",))
    given = open_input(args)
    keep_apart(given.recording, args.json, args.hit_rates)
    known = None
    if args.hit_rates is not None and args.hit_rates.exists():
        known = HitRates.read(args.hit_rates)
    reviewer = Reviewer(args.draws, args.random_seed)
    error: DataError | None = None
    try:
        for part in sessions_of(
            given, given.recording, given.settings.analytics, tolerant=args.tolerant
        ):
            reviewer.take(part.path, part.signals)
    except DataError as caught:
        error = caught
    if error is None:
        check_reach(given.recording, given.window)
    review, instrument = reviewer.result(), given.recording.instrument
    for line in given.recording.report.summary():
        print(line, file=sys.stderr)
    print(as_text(review, instrument), end="")
    if args.json is not None:
        text = orjson.dumps(as_json(review, instrument), option=orjson.OPT_INDENT_2)
        with replacing(args.json) as part_path:
            part_path.write_bytes(text + b"\n")
    if args.hit_rates is not None and error is None and review.sessions:
        hit_rates(review, instrument, given.recording.source, known).write(args.hit_rates)
    if error is not None:
        raise error
    return 0


def _draws(text: str) -> int:
    number = whole_number(text)
    if not 1 <= number <= _MOST:
        raise argparse.ArgumentTypeError(f"{text} is not 1 to {_MOST}")
    return number
