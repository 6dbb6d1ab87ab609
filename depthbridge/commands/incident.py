"""``incident``: one ZIP with what is needed to find out what happened."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "collects logs, journal and versions of the last minutes into a ZIP, without secrets"
EXAMPLE = """\
incident --last 10m
incident --last 1h --out incident.zip --config depthbridge.yaml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--last",
        default="10m",
        metavar="TIME",
        help="how long before the newest entry: 90s, 10m, 1h (default %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="ZIP",
        help="default: depthbridge-incident-<date>-<time>.zip in this folder",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the server's configuration")


def run(args: argparse.Namespace) -> int:
    """Write the ZIP and say what is in it."""
    from depthbridge.incident import duration, write_incident
    from depthbridge.outputs import check_ending
    from server.settings import load_settings

    last = duration(args.last)
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    out = args.out or Path(f"depthbridge-incident-{stamp}.zip")
    check_ending(out, (".zip",))
    write_incident(out, load_settings(args.config), last, dict(os.environ))
    return 0
