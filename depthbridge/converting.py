"""Copies a recording into another format, complete or not at all."""

import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from depthbridge.cutting import cut
from depthbridge.inputs import Input, check_reach
from depthbridge.outputs import keep_apart, part_of, replacing
from depthbridge.progress import Progress
from market.enums import FrameFlag, FrameType
from market.errors import DataError, EnvironmentFault, UsageError
from market.record import Frame
from orderbook.books.book import level_records
from recording.entries import CheckpointEntry, Entry, FrameEntry, InstrumentEntry
from recording.stream import state_at
from recording.writers import RecordingWriter, writer_named

__all__ = ["convert"]

_STATEFUL = ("journal", "parquet")
"""Formats that keep the state itself."""


def convert(given: Input, out: Path, name: str) -> int:
    """Write a recording in another format; prints what was written.

    Data that ends to be good half-way is still delivered: the output has what came before.

    Raises:
        UsageError: the format cannot hold the content, or cannot be written; the recording has
            nothing of the window.
        DataError: after the output is complete up to where the data was good.
    """
    keep_apart(given.recording, out)
    error: DataError | None = None
    records = 0
    with _place(out, name) as part, Progress() as progress:
        writer = writer_named(name)(part)
        try:
            try:
                entries = _wanted(given, name)
                for entry in entries if name in _STATEFUL else _with_book(entries):
                    writer.write(entry)
                    if isinstance(entry, FrameEntry):
                        records += len(entry.frame.records)
                        progress.at(records)
            except DataError as caught:
                if not records:
                    raise
                error = caught
            if not records and error is None:
                check_reach(given.recording, given.window)
            writer.close()
        except BaseException:
            writer.abandon()
            raise
    _write_sidecar(writer, out)
    for line in given.recording.report.summary():
        print(line, file=sys.stderr)
    if not given.recording.report.records and error is None:
        print(f"{given.recording.path} holds no record", file=sys.stderr)
    if writer.dropped:
        print(f"{writer.dropped:,} control entries have no place in {name}", file=sys.stderr)
    print(f"{records:,} records in {out}")
    if error is not None:
        raise error
    return 0


def _wanted(given: Input, name: str) -> Iterator[Entry]:
    """The entries of the window; without one, all as they are."""
    if given.window is None:
        return iter(given.recording)
    return cut(given.recording, given.window, snapshots=name in _STATEFUL)


def _with_book(entries: Iterable[Entry]) -> Iterator[Entry]:
    """A recording that begins with a state begins with the book of that state."""
    of: InstrumentEntry | None = None
    for entry in entries:
        if isinstance(entry, InstrumentEntry):
            of = entry
        elif isinstance(entry, CheckpointEntry) and of is not None:
            state = state_at(entry, of.instrument, of.source)
            if state is not None:
                records = level_records(*state.analyzer.book().levels())
                kind, last = FrameType.SNAPSHOT, int(FrameFlag.LAST)
                time = state.analyzer.clock
                yield FrameEntry(Frame(records, time, state.expected, kind, last))
            of = None
        elif isinstance(entry, FrameEntry):
            of = None
        yield entry


@contextmanager
def _place(out: Path, name: str) -> Iterator[Path]:
    """Where to write until it is complete: a file beside, or for a journal a folder."""
    if name != "journal":
        with replacing(out) as part:
            yield part
        return
    if out.exists():
        raise UsageError(f"{out} exists already; a journal is written into a new folder")
    part = part_of(out)
    part.unlink()
    try:
        part.mkdir()
        yield part
        part.replace(out)
    except OSError as cause:
        raise EnvironmentFault(f"{out} cannot be written: {cause.strerror}") from cause
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_sidecar(writer: RecordingWriter, out: Path) -> None:
    """What a dump cannot say of itself."""
    text = writer.sidecar()
    if text is not None:
        with replacing(out.with_name(out.name + ".json")) as part:
            part.write_bytes(text)
