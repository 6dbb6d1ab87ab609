"""Journals as their owner handles them: verify, repair and export every one in a folder."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

from depthbridge.outputs import replacing
from depthbridge.progress import Progress
from depthbridge.upkeep import COMPACTING, closing_lock, root_of
from market.enums import FrameType
from market.errors import DataError, UsageError
from recording.entries import BarEntry, Entry, FrameEntry
from recording.export import CsvExport
from recording.journal import JournalReader, journal_streams
from recording.journal.folder import COMPACTED, numbers_of, parts_of
from recording.journal.repair import repair
from recording.journal.verify import VerifyReport, verify
from recording.rejoining import rejoin

__all__ = ["export_all", "repair_all", "verify_all"]

_STEP: Final = 10_000


def verify_all(folder: Path) -> int:
    """Print a line for each journal; 2 if any is damaged."""
    damaged = False
    for name, home in _journals(folder):
        report = verify(home)
        entries, records, broken = _counted(home)
        faults = _faults(report, broken) + _holes(home)
        damaged = damaged or bool(faults)
        print(_line(name, report, entries, records, faults), flush=True)
    return 2 if damaged else 0


def _counted(home: Path) -> tuple[int, int, str]:
    """Entries and numbered records of the good prefix, and what ends it."""
    reader = JournalReader(home)
    records = entries = 0
    try:
        for entry in reader:
            entries += 1
            records += _numbers(entry)
    except DataError as damage:
        return entries, records, damage.message
    return entries, records, ""


def _numbers(entry: Entry) -> int:
    """How many numbers of the stream an entry takes."""
    if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
        return len(entry.frame.records)
    return int(isinstance(entry, BarEntry))


def _faults(report: VerifyReport, broken: str) -> list[str]:
    """All damage in words, each once."""
    faults = [str(damage) for damage in report.damage]
    if broken and broken not in faults:
        faults.append(broken)
    return faults


def _holes(home: Path) -> list[str]:
    """Segments that are missing within one date; whole days may have been deleted or moved."""
    found = []
    for one, other in pairwise(parts_of(home) if home.is_dir() else ()):
        last, first = (numbers_of(one) or (0, 0))[1], (numbers_of(other) or (0, 0))[0]
        if one.parent == other.parent and first > last + 1:
            found.append(f"{one.parent}: segments {_spans(list(range(last + 1, first)))} are gone")
    return found


def _line(name: str, report: VerifyReport, entries: int, records: int, faults: list[str]) -> str:
    unclean = [one for one in report.segments if one.ending in {"open", "torn", "headless"}]
    words = [
        f"{entries:,} entries",
        f"{records:,} records",
        f"{len(report.segments):,} segments",
    ]
    if report.tables:
        words.append(f"{len(report.tables):,} compacted")
    ends = len(unclean) + sum(table.unclean for table in report.tables)
    words.append(f"{ends:,} unclean {'end' if ends == 1 else 'ends'}")
    if unclean:
        words[-1] += " (" + ", ".join(f"{one.path} at byte {one.end}" for one in unclean) + ")"
    if report.missing:
        words.append(f"missing segments {_spans(report.missing)}")
    return f"{name}: {', '.join(words)}; " + ("damaged: " + "; ".join(faults) if faults else "good")


def _spans(numbers: list[int]) -> str:
    """``3-5, 9``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{low}-{high}" if high > low else str(low) for low, high in spans)


def export_all(folder: Path, out: Path | None) -> int:
    """Write the numbered records of all journals; what is good comes before an error.

    Raises:
        DataError: after the output is complete up to where the data was good.
    """
    faults: list[DataError] = []
    journals = list(_journals(folder))
    if out is not None and any(_lies_in(out, home) for _, home in journals):
        raise UsageError(f"{out} lies in the journal: name an output elsewhere", code="bad_output")
    with _sink(out) as file, Progress() as progress:
        export = CsvExport(file)
        for _, home in journals:
            try:
                export.add(_watched(JournalReader(home), export, progress))
            except DataError as damage:
                faults.append(damage)
    print(f"{export.rows:,} rows in {out or 'the output'}", file=sys.stderr)
    if export.told_again:
        print(f"{export.told_again:,} trades told again after a gap left out", file=sys.stderr)
    for fault in faults[:-1]:
        print(fault.message, file=sys.stderr)
    if faults:
        raise faults[-1]
    return 0


def _watched(reader: JournalReader, export: CsvExport, progress: Progress) -> Iterator[Entry]:
    for number, entry in enumerate(reader):
        if number % _STEP == 0:
            progress.at(export.rows)
        yield entry


def _lies_in(out: Path, home: Path) -> bool:
    home = home.resolve()
    return home in out.resolve().parents or home == out.resolve()


@contextmanager
def _sink(out: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears when it is complete."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replacing(out) as part, part.open("wb") as file:
        yield file


def repair_all(folder: Path, *, sure: bool) -> int:
    """Mend every damaged journal after asking; prints what was kept and what is lost.

    Returns:
        2 where damage is left: a compacted file cannot be mended.

    Raises:
        UsageError: nobody is there to ask.
        EnvironmentFault: a server is recording into the folder, or it is being compacted.
    """
    root = root_of(folder)
    with closing_lock(root), closing_lock(root, COMPACTING):
        homes = [(name, _home_of(home)) for name, home in _journals(folder)]
        hurt = [(name, home) for name, home in homes if not _is_good(name, home)]
        if not hurt:
            print("nothing to repair")
            return 0
        if not sure:
            _ask(len(hurt))
        return max([_repair(name, home) for name, home in hurt])


def _home_of(path: Path) -> Path:
    """The folder of the whole journal: the chain goes through all of its dates."""
    for stream in journal_streams(path if path.is_dir() else path.parent):
        return stream.folder
    return path


def _is_good(name: str, home: Path) -> bool:
    report = verify(home)
    entries, records, broken = _counted(home)
    faults = _faults(report, broken)
    if faults:
        print(_line(name, report, entries, records, faults), flush=True)
    return not faults


def _ask(count: int) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("repair changes journals: say --yes, or run it in a terminal")
    what = "this journal" if count == 1 else f"these {count} journals"
    answer = input(f"set the damaged segments of {what} aside and write them anew? [y/N] ")
    if answer.strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was changed")


def _repair(name: str, home: Path) -> int:
    """Mend one journal; 2 if damage is left."""
    report = repair(home)
    joined = rejoin(home, report.rewritten)
    print(
        f"{name}: {len(report.rewritten):,} segments and {len(joined):,} compacted files written "
        f"anew, {report.salvaged:,} entries saved behind {report.holes:,} holes, "
        f"{report.lost_bytes:,} bytes lost"
    )
    for path in report.kept:
        print(f"{name}: the damaged original is kept as {path}")
    left = _faults(verify(home), _counted(home)[2])
    for fault in left:
        print(f"{name}: still damaged: {fault}", file=sys.stderr)
    return 2 if left else 0


def _journals(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every journal at or below a path with its name for people; a segment is one by itself.

    Raises:
        UsageError: there is none.
    """
    if folder.is_file():
        if numbers_of(folder) is None and folder.suffix != COMPACTED:
            raise UsageError(f"{folder} is no journal", code="no_journal", path=str(folder))
        yield str(folder), folder
        return
    found = False
    for stream in journal_streams(folder):
        found = True
        home = folder if stream.folder in (folder, *folder.parents) else stream.folder
        yield f"{stream.source}/{stream.name}", home
    if not found:
        raise UsageError(f"{folder} holds no journal", code="no_journal", path=str(folder))
