"""``replay --verify``: a journal computed anew, and compared with what it says came out."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from depthbridge.progress import Progress
from market.errors import UsageError

if TYPE_CHECKING:  # heavy, and not needed for the help
    from server.settings import Settings

__all__ = ["verify"]


def verify(args: argparse.Namespace) -> int:
    """Compare, and print what was compared; 1 at the first difference, 2 where something is gone.

    Raises:
        UsageError: INPUT is no journal.
        DataError: it is damaged.
    """
    from recording.recompute import Recomputation
    from recording.stream import Stream
    from server.settings import load_settings

    settings = load_settings(args.config)
    paths = _parts(args, settings)
    work = Recomputation(
        lambda entry: Stream(
            entry.instrument,
            entry.source,
            settings.analytics,
            settings.calendar(entry.instrument.session),
        )
    )
    with Progress() as progress:
        for records in work.run(paths):
            progress.at(records)
    if work.difference is not None:
        print(f"difference: {work.difference}")
        return 1
    print(
        f"verified: {work.entries:,} entries, {work.outputs:,} outputs, {work.segments:,} segments"
    )
    if work.checkpoints:
        print(f"{work.checkpoints:,} checkpoints agree with the computed state")
    if work.unknown:
        print(f"{work.unknown:,} segments have no digest of their output (killed, or older)")
    if work.unread:
        print(f"{work.unread:,} segments without a known state (no checkpoint before, or a hole)")
    for note in work.judge.notes():
        print(note)
    for damage in work.judge.damage:
        print(f"damaged: {damage}")
    return 2 if work.judge.damage else 0


def _parts(args: argparse.Namespace, settings: "Settings") -> tuple[Path, ...]:
    from recording.catalogue import find_recording
    from recording.journal.folder import COMPACTED, only_stream, parts_of
    from recording.journal.layout import MAGIC

    path = Path(args.input)
    if path.is_dir():
        only_stream(path)
        return parts_of(path)
    if path.is_file():
        with path.open("rb") as file:
            journal = file.read(len(MAGIC)) == MAGIC
        if journal or (path.suffix == COMPACTED and path in parts_of(path.parent)):
            return (path,)
        raise UsageError(
            f"{path} is no journal: only a journal says what came out when it was recorded",
            code="no_journal",
            path=str(path),
        )
    found = find_recording(settings.recordings_folder, args.input, args.date, settings.instruments)
    if found is None:
        raise UsageError(
            f"{args.input} is neither a journal nor recorded in {settings.recordings_folder}",
            code="no_file",
        )
    return found.segments
