"""``incident``: one ZIP with what is needed to find out what happened."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "collects logs, journal and versions of the last minutes into a ZIP, without secrets"
EXAMPLE = """\
incident --last 10m
incident --last 1h --out incident.zip --config depthbridge.yaml
incident --ninjatrader "D:/Documents/NinjaTrader 8\""""


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
    parser.add_argument(
        "--ninjatrader",
        type=Path,
        metavar="DIR",
        help="NinjaTrader's folder, for the bridge's side (default: the one in Documents)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the ZIP and say what is in it."""
    from depthbridge.incident import bridge_log, duration, write_incident
    from depthbridge.outputs import check_ending
    from server.settings import load_settings

    last = duration(args.last)
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    out = args.out or Path(f"depthbridge-incident-{stamp}.zip")
    check_ending(out, (".zip",))
    settings = load_settings(args.config)
    write_incident(out, settings, last, dict(os.environ), bridge_log(args.ninjatrader))
    return 0
