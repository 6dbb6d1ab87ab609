"""``recordings``: what is on disk."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from recording.catalogue import Day, Summary

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "lists what is recorded, with gaps and coverage"
EXAMPLE = """\
recordings
recordings --instrument ES"""

_HEADINGS: Final = (
    *("date", "instrument", "source", "rows", "size", "gaps", "resyncs", "lag p99", "coverage"),
    "kept as",
)
_MIB: Final = 1 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="instead of the configured one"
    )
    parser.add_argument("--instrument", help="only this one")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration (YAML)")


def run(args: argparse.Namespace) -> int:
    """Print the table; damage is named below it."""
    from depthbridge.progress import Progress
    from market.errors import UsageError
    from recording.catalogue import days, summarise
    from server.settings import load_settings

    settings = load_settings(args.config)
    folder = args.folder or settings.recordings_folder
    if args.folder is not None and not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    rows = []
    damaged = []
    with Progress("days") as progress:
        for number, day in enumerate(days(folder) if folder.is_dir() else ()):
            summary = summarise(day, settings.calendar)
            if args.instrument and args.instrument not in (summary.symbol, day.name):
                root = settings.instruments.resolve(summary.symbol)
                if root is None or args.instrument != root.root:
                    continue
            rows.append(_cells(day, summary))
            if summary.damage:
                damaged.append(summary.damage)
            progress.at(number + 1)
    if not rows:
        print(f"nothing is recorded in {folder}")
        return 0
    _print_table(sorted(rows))
    for line in damaged:
        print(line)
    return 0


def _cells(day: "Day", summary: "Summary") -> tuple[str, ...]:
    lag = "" if summary.lag_p99_ms is None else f"{summary.lag_p99_ms:.1f} ms"
    coverage = "" if summary.coverage is None else f"{summary.coverage:.0%}"
    return (
        day.trade_date,
        summary.symbol,
        day.source,
        f"{summary.rows:,}",
        f"{day.size / _MIB:.1f} MiB",
        str(summary.gaps),
        str(summary.resyncs),
        lag,
        coverage,
        _kept_as(day),
    )


def _kept_as(day: "Day") -> str:
    words = ["compacted" if day.compacted else "segments"]
    return ", ".join(words + ["pinned"] * day.pinned)


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    for row in (_HEADINGS, *rows):
        cells = [
            cell.ljust(width) if place < 3 or place == len(_HEADINGS) - 1 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
