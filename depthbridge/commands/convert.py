"""``convert``: a recording from one format to another."""

import argparse
from pathlib import Path
from typing import Final

from depthbridge.inputs import add_input_arguments, open_input
from depthbridge.numbers import decimal_number

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "converts a recording into another format"
EXAMPLE = """\
convert "ES 12-26/20261119.csv" es.parquet
convert es.parquet recordings --to journal
convert ES es.npz --date 2026-11-19 --session RTH --to hftbacktest --latency 2"""

_BY_ENDING: Final = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".txt": "nt-dump",
    ".npz": "hftbacktest",
}
_BACKTEST: Final = "hftbacktest"
_LATENCY: Final = 1.0
_NS: Final = 1_000_000
_MOST: Final = 60_000.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser, until="--until")
    parser.add_argument("out", type=Path, metavar="OUT", help="a file; with --to journal a folder")
    parser.add_argument(
        "--to", metavar="FORMAT", help="csv, parquet, nt-dump, journal or hftbacktest"
    )
    parser.add_argument(
        "--latency",
        type=_milliseconds,
        metavar="MS",
        help="hftbacktest: from the exchange to you, where the input has no time of receipt "
        f"(default {_LATENCY:g})",
    )


def run(args: argparse.Namespace) -> int:
    """Write the recording anew."""
    from depthbridge.converting import convert
    from market.errors import UsageError
    from recording.writers import WRITERS

    name = args.to or _BY_ENDING.get(args.out.suffix.lower())
    if name is None:
        endings = ", ".join(_BY_ENDING)
        names = "|".join([*WRITERS, _BACKTEST])
        raise UsageError(f"{args.out} ends in none of {endings}: say --to {names}")
    if name == _BACKTEST:
        from depthbridge.backtesting import write_backtest

        latency = _LATENCY if args.latency is None else args.latency
        given = open_input(args)
        return write_backtest(given, args.out, round(latency * _NS), tolerant=args.tolerant)
    if args.latency is not None:
        raise UsageError("--latency goes with --to hftbacktest")
    given = open_input(args)
    return convert(given, args.out, name)


def _milliseconds(text: str) -> float:
    value = decimal_number(text)
    if not 0 <= value <= _MOST:
        raise argparse.ArgumentTypeError(f"{text} is not 0 to {_MOST:g} ms")
    return value
