"""``doctor``: is this machine fit, and if not, what to do."""

import argparse
from pathlib import Path

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "checks Python, packages, port, folder, kernels, clock and time zones; says what to do"
EXAMPLE = "doctor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the server's configuration")


def run(args: argparse.Namespace) -> int:
    """Print a line for each check; 1 if anything is wrong, else 0."""
    from depthbridge.doctor import Verdict, diagnose
    from server.settings import load_settings

    settings = load_settings(args.config)
    wrong = 0
    for finding in diagnose(settings.server.host, settings.server.port, settings.recordings_folder):
        print(f"{finding.verdict:<6}{finding.subject:<12}{finding.text}", flush=True)
        if finding.advice:
            print(f"{'':<18}do: {finding.advice}")
        wrong += finding.verdict is Verdict.WRONG
    print("all is well" if not wrong else f"{wrong} wrong: see the lines with 'do:'")
    return 1 if wrong else 0
