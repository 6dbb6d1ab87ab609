"""``journal``: checks, mends, exports, compacts and pins what the server recorded."""

import argparse
from pathlib import Path
from typing import Final

from depthbridge.numbers import decimal_number, whole_number

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "checks, mends, exports, compacts or pins recorded journals"
EXAMPLE = """\
journal verify
journal repair recordings/live/ES_12-26
journal export recordings/live/ES_12-26/2026-11-19 --out es.csv
journal compact recordings
journal pin recordings/live/ES_12-26/2026-11-19"""

_ACTIONS: Final = ("verify", "repair", "export", "compact", "pin", "unpin")
_ABOUT: Final = """\
verify   a line for each journal: entries, numbered records, segments, unclean ends, damage.
         An unclean end (no footer, a torn tail) is what a killed server leaves: exit code 0.
         Damage in the middle, or a segment that is gone within a day: exit code 2
repair   sets damaged segments aside (*.damaged, never deleted) and writes them anew, with a
         gap where entries are lost or segments are gone; asks before it does, refuses beside a
         running server
export   CSV only, a row for every numbered record, bars included (kind 5: close and volume), no
         control entries; what comes before damage is delivered, then exit code 2
compact  closed trade dates become one Parquet file each, nothing is lost; the server does it
         every night (recording.compact_at)
pin      retention (recording.keep_gb, keep_days) never deletes these days; unpin: it may"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = f"{HELP}\n\n{_ABOUT}"
    parser.add_argument("action", choices=_ACTIONS, metavar="ACTION", help=", ".join(_ACTIONS))
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="the recordings folder, a folder below it, or a segment; default: the configured one",
    )
    parser.add_argument(
        "--out", type=Path, metavar="CSV", help="of export; default: standard output"
    )
    parser.add_argument("--yes", action="store_true", help="repair without asking")
    parser.add_argument(
        "--keep-gb", type=decimal_number, metavar="GB", help="compact: then delete oldest"
    )
    parser.add_argument(
        "--keep-days", type=whole_number, metavar="DAYS", help="compact: then delete older"
    )
    parser.add_argument("--background", action="store_true", help="compact: at lowest priority")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration (YAML)")


def run(args: argparse.Namespace) -> int:
    """Do what is asked; 2 where something is damaged."""
    from depthbridge import journals, upkeep
    from market.errors import UsageError
    from server.settings import load_settings

    _check_options(args)
    settings = load_settings(args.config)
    folder = args.folder or settings.recordings_folder
    if not folder.exists():
        raise UsageError(f"{folder} does not exist", code="no_file", path=str(folder))
    match args.action:
        case "verify":
            return journals.verify_all(folder)
        case "repair":
            return journals.repair_all(folder, sure=args.yes)
        case "export":
            return journals.export_all(folder, args.out)
        case "compact":
            return upkeep.compact_all(
                folder,
                settings,
                keep_gb=args.keep_gb,
                keep_days=args.keep_days,
                background=args.background,
            )
        case _:
            return upkeep.pin_all(folder, pinned=args.action == "pin")


def _check_options(args: argparse.Namespace) -> None:
    from market.errors import UsageError

    for option, action, given in (
        ("--out", "export", args.out is not None),
        ("--yes", "repair", args.yes),
        ("--keep-gb", "compact", args.keep_gb is not None),
        ("--keep-days", "compact", args.keep_days is not None),
        ("--background", "compact", args.background),
    ):
        if given and args.action != action:
            raise UsageError(f"{option} belongs to journal {action}, not to {args.action}")
    for option, value in (("--keep-gb", args.keep_gb), ("--keep-days", args.keep_days)):
        if value is not None and not value >= 0:
            raise UsageError(f"{option} {value}: give a number from 0")
