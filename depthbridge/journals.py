"""Journals as their owner handles them: verify, repair and export every one in a folder."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
from recording.journal.folder import COMPACTED, numbers_of
from recording.journal.judge import Judge, spans
from recording.journal.repair import repair
from recording.journal.verify import VerifyReport, verify
from recording.rejoining import rejoin

__all__ = ["export_all", "repair_all", "verify_all"]

_STEP: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Judged:
    """A journal as all commands see it.

    Attributes:
        report: of every byte.
        entries: of the good prefix.
        records: numbered ones among them.
        notes: what is no damage, in words.
        faults: all damage in words, each once.
    """

    report: VerifyReport
    entries: int
    records: int
    notes: list[str]
    faults: list[str]

    def line(self, name: str) -> str:
        """For people."""
        report = self.report
        words = [
            f"{self.entries:,} entries",
            f"{self.records:,} records",
            f"{len(report.segments):,} segments",
        ]
        if report.tables:
            words.append(f"{len(report.tables):,} compacted")
        if not (report.judge.unclean or report.judge.tabled):
            words.append("0 unclean ends")
        faults = f"damaged: {'; '.join(self.faults)}" if self.faults else "good"
        return f"{name}: {', '.join([*words, *self.notes])}; {faults}"


def verify_all(folder: Path) -> int:
    """Print a line for each journal; 2 if any is damaged."""
    damaged = False
    for name, home in _journals(folder):
        judged = _judged(home)
        damaged = damaged or bool(judged.faults)
        print(judged.line(name), flush=True)
    return 2 if damaged else 0


def _judged(home: Path) -> _Judged:
    """Every byte by its checksums, then the meaning of the good prefix."""
    report = verify(home)
    reader = JournalReader(home)
    records = entries = 0
    faults = [str(damage) for damage in report.damage]
    try:
        for entry in reader:
            entries += 1
            records += _numbers(entry)
    except DataError as damage:
        if damage.message not in faults:
            faults.append(damage.message)
    return _Judged(report, entries, records, report.judge.notes(reader.report.judge.holes), faults)


def _numbers(entry: Entry) -> int:
    """How many numbers of the stream an entry takes."""
    if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
        return len(entry.frame.records)
    return int(isinstance(entry, BarEntry))


def export_all(folder: Path, out: Path | None) -> int:
    """Write the numbered records of all journals; what is good comes before an error.

    Raises:
        DataError: after the output is complete up to where the data was good.
    """
    faults: list[DataError] = []
    judges: list[tuple[str, Judge]] = []
    journals = list(_journals(folder))
    if out is not None:
        _require_csv(out)
        if any(_lies_in(out, home) for _, home in journals):
            raise UsageError(
                f"{out} lies in the journal: name an output elsewhere", code="bad_output"
            )
    with _sink(out) as file, Progress() as progress:
        export = CsvExport(file)
        for name, home in journals:
            reader = JournalReader(home)
            try:
                export.add(_watched(reader, export, progress))
            except DataError as damage:
                faults.append(damage)
            judges.append((name, reader.report.judge))
    print(f"{export.rows:,} rows in {out or 'the output'}", file=sys.stderr)
    if export.told_again:
        print(f"{export.told_again:,} trades told again after a gap left out", file=sys.stderr)
    return max([0, *(_tell(name, judge) for name, judge in judges), _end(faults)])


def _tell(name: str, judge: Judge) -> int:
    """What is to be known of a journal that was read, for people; 2 where something is gone."""
    for note in judge.notes():
        print(f"{name}: {note}", file=sys.stderr)
    gone = [damage for damage in judge.damage if damage.offset < 0]
    for damage in gone:
        print(f"{name}: damaged: {damage}", file=sys.stderr)
    return 2 if gone else 0


def _end(faults: Sequence[DataError]) -> int:
    """Name what ended the reading of journals; the last one is raised."""
    for fault in faults[:-1]:
        print(fault.message, file=sys.stderr)
    if faults:
        raise faults[-1]
    return 0


def _require_csv(out: Path) -> None:
    if out.suffix.lower() not in ("", ".csv"):
        raise UsageError(
            f"{out}: journal export writes CSV only; name a .csv, or use convert for other formats",
            code="bad_output",
        )


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
        hurt = [(name, home) for name, home in homes if _is_hurt(name, home)]
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


def _is_hurt(name: str, home: Path) -> bool:
    judged = _judged(home)
    if judged.faults:
        print(judged.line(name), flush=True)
    return bool(judged.faults)


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
    if report.absent:
        print(f"{name}: segments {spans(report.absent)} were gone: a gap stands in their place")
    for path in report.kept:
        print(f"{name}: the damaged original is kept as {path}")
    left = _judged(home)
    for note in left.notes:
        print(f"{name}: {note}")
    for fault in left.faults:
        print(f"{name}: still damaged: {fault}", file=sys.stderr)
    return 2 if left.faults else 0


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
