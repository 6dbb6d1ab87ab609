"""``metrics``: the analytics of a recording, offline."""

import argparse
from contextlib import ExitStack
from pathlib import Path

from depthbridge.inputs import add_input_arguments, open_input

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "computes metrics and clusters of a recording"
EXAMPLE = """\
metrics "ES 12-26/20261119.csv" --out metrics.csv --clusters clusters.jsonl
metrics ES --date 2026-11-19 --out metrics.parquet --every 1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help=".csv, .parquet or .jsonl")
    parser.add_argument(
        "--every", default="batch", help="batch (default), or SECONDS: a row per interval"
    )
    parser.add_argument(
        "--batch", type=int, default=200, metavar="N", help="records of a batch, default 200"
    )
    parser.add_argument(
        "--clusters", type=Path, metavar="OUT", help=".jsonl: a cluster event per line"
    )


def run(args: argparse.Namespace) -> int:
    """Write the rows, and the cluster events."""
    from depthbridge.exporting import export
    from depthbridge.outputs import LinesOutput, check_ending
    from depthbridge.runs import MetricsRun, every_seconds
    from depthbridge.schemas import metrics_schema

    check_ending(args.out)
    every = every_seconds(args.every, ("batch",))
    given = open_input(args)
    with ExitStack() as stack:
        clusters = stack.enter_context(LinesOutput(args.clusters)) if args.clusters else None
        metrics = MetricsRun(
            given.recording,
            every,
            args.batch,
            given.window,
            parameters=given.settings.analytics,
            calendar_of=given.settings.calendar,
            clusters=clusters.write if clusters else None,
            tolerant=args.tolerant,
        )
        return export(metrics, metrics_schema(), args.out, clusters)
