"""``metrics``: the analytics of a recording, offline."""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from depthbridge.inputs import add_input_arguments, open_input
from depthbridge.numbers import whole_number
from market.errors import UsageError

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "computes metrics, clusters and signals of a recording"
EXAMPLE = """\
metrics "ES 12-26/20261119.csv" --out metrics.csv --clusters clusters.jsonl --signals signals.jsonl
metrics ES --date 2026-11-19 --out metrics.parquet --every 1"""

_BATCH: Final = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help=".csv, .parquet or .jsonl")
    parser.add_argument(
        "--every", default="batch", help="batch (default), or SECONDS: a row per interval"
    )
    parser.add_argument(
        "--batch", type=whole_number, metavar="N", help=f"records of a batch, default {_BATCH}"
    )
    parser.add_argument(
        "--clusters", type=Path, metavar="OUT", help=".jsonl: a cluster event per line"
    )
    parser.add_argument("--signals", type=Path, metavar="OUT", help=".jsonl: a signal per line")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end at the first order record that is wrong (exit code 2); else they are counted",
    )


def run(args: argparse.Namespace) -> int:
    """Write the rows, the cluster events and the signals."""
    from depthbridge.exporting import export
    from depthbridge.outputs import LinesOutput, check_ending, keep_apart
    from depthbridge.runs import MetricsRun, every_seconds
    from depthbridge.schemas import metrics_schema

    check_ending(args.out)
    for path in (args.clusters, args.signals):
        if path is not None:
            check_ending(path, (".jsonl",))
    every = every_seconds(args.every, ("batch",))
    if args.batch is not None and every != "batch":
        raise UsageError("--batch goes with rows per batch, not with --every SECONDS: give one")
    given = open_input(args)
    keep_apart(given.recording, args.out, args.clusters, args.signals)
    with ExitStack() as stack:
        clusters, signals = (
            stack.enter_context(LinesOutput(path)) if path else None
            for path in (args.clusters, args.signals)
        )
        metrics = MetricsRun(
            given.recording,
            every,
            _BATCH if args.batch is None else args.batch,
            given.window,
            parameters=given.settings.analytics,
            calendar_of=given.settings.calendar,
            informed=given.settings.informed,
            clusters=clusters.write if clusters else None,
            signals=signals.write if signals else None,
            tolerant=args.tolerant,
            strict=args.strict,
        )
        return export(metrics, metrics_schema(), args.out, clusters, signals)
