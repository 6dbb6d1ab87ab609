"""Compaction: what is read stays the same to the byte, wherever it is killed."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.enums import Source
from market.errors import DataError, EnvironmentFault
from market.session import SessionCalendar, calendar_for
from recording import compaction
from recording.catalogue import Day, days, find_recording, summarise
from recording.compaction import Compacted, Disk, closed_runs, compact_folder, require_equal
from recording.entries import CheckpointEntry, Entry, InstrumentEntry
from recording.journal import (
    JournalReader,
    JournalWriter,
    RollRules,
    journal_streams,
    read_journal,
    segments_of,
)
from recording.journal.compacted import CompactedScan
from recording.journal.folder import last_number, leftovers_of, numbers_of, parts_of
from recording.journal.recover import recover
from recording.journal.verify import verify
from recording.readers import open_recording
from recording.stream import Stream
from tests.recording.journals import DAY, ES, MONDAY, NS, entries, plain, write_days

LATER = MONDAY + 30 * DAY
Item = tuple[int, object]


class Killed(BaseException):
    """The process ends here."""


class Dying(Disk):
    """Ends the process before its n-th operation, or after it."""

    def __init__(self, left: int, *, after: bool) -> None:
        self.left = left
        self._after = after

    def _count(self, operation: object, *paths: Path) -> None:
        self.left -= 1
        if self.left < 0 and not self._after:
            raise Killed
        operation(*paths)  # type: ignore[operator]
        if self.left < 0:
            raise Killed

    def sync(self, path: Path) -> None:
        self._count(super().sync, path)

    def sync_folder(self, folder: Path) -> None:
        self._count(super().sync_folder, folder)

    def replace(self, path: Path, target: Path) -> None:
        self._count(super().replace, path, target)

    def remove(self, path: Path) -> None:
        self._count(super().remove, path)


def read(folder: Path) -> list[Item]:
    return [(received, plain(entry)) for received, entry in JournalReader(folder).timed()]


def compact(folder: Path, disk: Disk | None = None) -> list[Compacted]:
    return list(compact_folder(folder, calendar_for, LATER, disk))


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_days(tmp_path)
    return tmp_path


def test_a_closed_day_becomes_one_table_and_reads_the_same(folder: Path) -> None:
    before = read(folder)
    summaries = [summarise(day, calendar_for) for day in days(folder)]
    done = compact(folder)
    assert [result.refused for result in done] == ["", ""]
    assert all(result.segments > 2 and result.rows == 48 for result in done)
    home = folder / "live" / "ES_12-26"
    found = [sorted(path.suffix for path in day.iterdir()) for day in sorted(home.iterdir())]
    assert found[:2] == [[".parquet"], [".parquet"]]
    assert set(found[2]) == {".dbj"}, "the newest day stays"
    assert read(folder) == before
    assert [summarise(day, calendar_for) for day in days(folder)] == summaries
    assert [day.compacted for day in days(folder)] == [True, True, False]
    assert compact(folder) == [], "nothing is left to do"
    assert read(folder) == before
    report = JournalReader(home)
    list(report)
    assert report.report.clean


def test_checkpoints_and_digests_are_kept(tmp_path: Path) -> None:
    write_days(tmp_path, size=30_000, frames=40, checkpoints=True)
    before = read(tmp_path)
    kept = [item for _, item in before if isinstance(item, CheckpointEntry)]
    assert len(kept) >= 4
    day = tmp_path / "live" / "ES_12-26" / "2026-11-17"
    alone = read(day)
    assert any(isinstance(item, CheckpointEntry) for _, item in alone[:4])
    outputs = [segment.output for segment in verify(day).segments]
    assert all(outputs)
    assert [result.refused for result in compact(tmp_path)] == ["", ""]
    assert read(tmp_path) == before
    assert read(day) == alone
    with CompactedScan(parts_of(day)[0]) as scan:
        assert [bytes.fromhex(str(facts["output"])) for facts in scan.segments] == outputs


def test_every_reader_finds_the_compacted_days(folder: Path) -> None:
    from datetime import date

    from market.instrument import DEFAULT_INSTRUMENTS

    day = date(2026, 11, 17)
    whole = [plain(entry) for entry in open_recording(folder)]
    alone = [plain(entry) for entry in read_journal(folder / "live" / "ES_12-26" / str(day))]
    compact(folder)
    assert [plain(entry) for entry in open_recording(folder)] == whole
    (table,) = (folder / "live" / "ES_12-26" / str(day)).iterdir()
    assert [plain(entry) for entry in open_recording(table)] == alone, "and by itself"
    recording = open_recording(table.parent)
    assert recording.format.name == "journal"
    assert [plain(entry) for entry in recording] == alone, "or as its day's folder"
    assert [plain(entry) for entry in open_recording(table, format="journal")] == alone
    found = find_recording(folder, "ES", day, DEFAULT_INSTRUMENTS)
    assert found is not None
    assert [path.suffix for path in found.segments] == [".parquet", ".parquet"]
    (stream,) = journal_streams(folder)
    assert len(stream.parts) == 2 + len(stream.segments)
    assert verify(folder).ok
    assert [table.rows for table in verify(folder).tables] == [48, 48]


def test_the_replay_gives_the_same_output(folder: Path, warmed: None) -> None:
    def output() -> list[bytes]:
        stream = Stream(ES, Source.LIVE)
        rows = []
        for entry in read_journal(folder):
            if isinstance(entry, InstrumentEntry) or not hasattr(entry, "values"):
                result = stream.apply(entry)
                rows.append(result.events.tobytes())
                if result.row is not None:
                    rows.append(result.row.tobytes())
        return rows

    before = output()
    assert len(before) > 60
    compact(folder)
    assert output() == before


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_step_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, *, after: bool
) -> None:
    origin = tmp_path_factory.mktemp("origin")
    write_days(origin, frames=5)
    before = read(origin)
    steps = 0
    while True:
        folder = tmp_path_factory.mktemp("copy") / "recordings"
        shutil.copytree(origin, folder)
        try:
            compact(folder, Dying(steps, after=after))
        except Killed:
            assert read(folder) == before, f"killed at step {steps}"
            assert verify(folder).ok
            again = compact(folder)
            assert [result.refused for result in again if result.refused] == []
            assert read(folder) == before, f"finished after step {steps}"
            assert not any(".part" in name for name in names(folder))
            assert list(leftovers_of(folder)) == []
            assert [day.compacted for day in days(folder)] == [True, True, False]
        else:
            break
        steps += 1
    assert steps > 8, "every operation was a place to die"


def test_a_full_disk_leaves_everything_as_it_was(folder: Path) -> None:
    class Full(Disk):
        def sync(self, path: Path) -> None:
            raise OSError(28, "No space left on device", str(path))

    before, there = read(folder), names(folder)
    assert all("No space left" in result.refused for result in compact(folder, Full()))
    assert names(folder) == there
    assert read(folder) == before


def test_a_wrong_table_is_never_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = compaction.TableWriter.write_raw

    def forgetful(self: compaction.TableWriter, raw: compaction.RawEntry) -> Entry:
        return real(self, raw._replace(received=raw.received + (raw.kind == 7)))

    before, there = read(folder), names(folder)
    monkeypatch.setattr(compaction.TableWriter, "write_raw", forgetful)
    assert all("differs from" in result.refused for result in compact(folder))
    assert names(folder) == there
    assert read(folder) == before


def test_leftovers_that_differ_from_their_table_stay(folder: Path) -> None:
    class Stuck(Disk):
        def remove(self, path: Path) -> None:
            raise OSError(13, "Permission denied", str(path))

    before = read(folder)
    assert all("Permission denied" in result.refused for result in compact(folder, Stuck()))
    assert read(folder) == before, "the segments are leftovers that nobody reads"
    path, table = next(leftovers_of(folder))
    other = next(one for one, of in leftovers_of(folder) if of != table)
    shutil.copy(other, path)
    refused = [result for result in compact(folder) if result.refused]
    assert [result.table for result in refused] == [table]
    assert path.exists()
    assert len({of for _, of in leftovers_of(folder)}) == 1, "the other day is cleared"


def test_what_is_not_closed_stays(folder: Path) -> None:
    monday, tuesday, _ = days(folder)
    calendar = calendar_for("cme_equity")
    session = calendar.trading_session(MONDAY)
    assert session is not None

    def runs(now: int) -> list[str]:
        return [run.folder.name for run in closed_runs(folder, calendar_for, now)]

    assert runs(session.close) == []
    assert runs(session.close + 3600 * NS - 1) == []
    assert runs(session.close + 3600 * NS) == [monday.trade_date]
    assert runs(LATER) == [monday.trade_date, tuesday.trade_date]

    def unknown(_: str) -> SessionCalendar:
        return calendar_for("another computer's")

    friday = MONDAY - MONDAY % DAY + 2 * DAY
    assert [run.folder.name for run in closed_runs(folder, unknown, friday)] == ["2026-11-16"]
    assert list(closed_runs(folder, unknown, friday - 1)) == []


def test_damage_keeps_the_segments(folder: Path) -> None:
    home = folder / "live" / "ES_12-26"
    hurt = segments_of(home)[1]
    data = bytearray(hurt.read_bytes())
    data[200] ^= 1
    hurt.write_bytes(data)
    there = names(hurt.parent)
    done = compact(folder)
    assert str(hurt) in done[0].refused
    assert done[1].refused == ""
    assert names(hurt.parent) == there


def test_a_segment_of_another_chain_is_damage(folder: Path) -> None:
    home = folder / "live" / "ES_12-26"
    one, two = segments_of(home)[1:3]
    other = folder / "other"
    write_days(other, frames=13)
    shutil.copy(segments_of(other)[2], two)
    assert one.parent == two.parent
    assert "does not continue" in compact(folder)[0].refused


def test_an_unclean_end_is_compacted_and_still_reported(tmp_path: Path) -> None:
    writer = write_days(tmp_path, days=1, frames=4, size=1 << 20)
    (segment,) = segments_of(writer.home)
    segment.write_bytes(segment.read_bytes()[:-90])
    whole = read(tmp_path)
    recovered = JournalWriter(tmp_path, ES, Source.LIVE, calendar_for("cme_equity"))
    recovered.write(InstrumentEntry(ES, Source.LIVE), MONDAY + DAY)
    for entry in (e for _, e in JournalReader(segment).timed()):
        if not isinstance(entry, InstrumentEntry):
            recovered.write(entry, MONDAY + DAY)
    recovered.close(MONDAY + DAY)
    later = sorted(segments_of(writer.home))[1]
    target = writer.home / "2026-11-17"
    target.mkdir(exist_ok=True)
    later.rename(target / later.name)
    before = read(tmp_path)
    assert before[: len(whole)] == whole
    (done,) = compact(tmp_path)
    assert done.refused == ""
    assert read(tmp_path) == before
    assert [table.unclean for table in verify(tmp_path).tables] == [1]


def test_a_journal_that_comes_back_to_a_date_keeps_its_order(tmp_path: Path) -> None:
    from tests.recording.journals import events

    writer = JournalWriter(
        tmp_path, ES, Source.PLAYBACK, calendar_for("cme_equity"), rules=RollRules(size=400)
    )
    writer.write(InstrumentEntry(ES, Source.PLAYBACK), MONDAY)
    seq = 1
    for day in (0, 0, 1, 0, 0, 2, 1, 3):
        writer.write(events(MONDAY + day * DAY + seq, seq), MONDAY + seq)
        seq += 4
    writer.close(MONDAY + seq)
    before = read(tmp_path)
    done = compact(tmp_path)
    assert [result.segments for result in done] == [2, 1, 2, 1, 1]
    assert read(tmp_path) == before
    monday = next(day for day in days(tmp_path) if day.trade_date == "2026-11-16")
    assert [path.suffix for path in monday.parts] == [".parquet", ".parquet"]
    assert summarise(monday).rows == 16


def test_a_segment_after_a_table_is_not_set_aside(tmp_path: Path) -> None:
    """A journal that comes back to a date, killed before a mark is in its newest segment."""
    from tests.recording.journals import events

    writer = JournalWriter(tmp_path, ES, Source.PLAYBACK, calendar_for("cme_equity"))
    writer.write(InstrumentEntry(ES, Source.PLAYBACK), MONDAY)
    for place, day in enumerate((2, 0, 2)):
        writer.write(events(MONDAY + day * DAY + place, 1 + 4 * place), MONDAY + place)
    before = read(tmp_path)
    (done,) = compact(tmp_path)
    assert (done.table.name, done.refused) == ("000002-000002.parquet", "")
    found = recover(tmp_path / "playback" / "ES_12-26")
    assert (found.number, found.removed, found.closed, found.damage) == (3, (), True, None)
    assert read(tmp_path) == before
    assert verify(tmp_path).ok


def test_missing_segments_are_still_missing(folder: Path) -> None:
    home = folder / "live" / "ES_12-26"
    segments_of(home)[1].unlink()
    before = read(folder)
    assert verify(folder).missing == [2]
    assert [(result.segments, result.refused) for result in compact(folder)][:2] == [
        (1, ""),
        (2, ""),
    ]
    assert read(folder) == before
    assert verify(folder).missing == [2]
    assert tuple(
        entry.reason for _, entry in before if getattr(entry, "reason", "") == "missing_segment"
    ) == ("missing_segment",)


def test_numbers_go_on_after_what_was_compacted(folder: Path) -> None:
    compact(folder)
    home = folder / "live" / "ES_12-26"
    highest = last_number(home)
    shutil.rmtree(home / "2026-11-18")
    left = last_number(home)
    assert 0 < left < highest
    writer = JournalWriter(
        folder, ES, Source.LIVE, calendar_for("cme_equity"), recovered=recover(home)
    )
    writer.write(InstrumentEntry(ES, Source.LIVE), LATER)
    for _, entry in JournalReader(home).timed():
        if not isinstance(entry, InstrumentEntry):
            writer.write(entry, LATER)
            break
    writer.write(next(iter(_frames(home))), LATER)
    writer.close(LATER)
    assert int(segments_of(home)[0].stem) == left + 1
    assert verify(folder).ok
    assert verify(folder).missing == []


def _frames(home: Path) -> Iterator[Entry]:
    from recording.entries import FrameEntry

    return (entry for entry in JournalReader(home) if isinstance(entry, FrameEntry))


def test_reading_while_it_is_compacted_says_so(folder: Path) -> None:
    reader = JournalReader(folder)
    items = iter(reader)
    next(items)
    compact(folder)
    with pytest.raises(EnvironmentFault, match="start again"):
        list(items)


def test_a_changed_byte_in_a_table_is_damage(folder: Path) -> None:
    compact(folder)
    good = read(folder)
    table = parts_of(folder)[1]
    data = table.read_bytes()
    random = np.random.default_rng(3)
    for place in random.choice(len(data), 40, replace=False).tolist():
        hurt = bytearray(data)
        hurt[place] ^= 1 << int(random.integers(8))
        table.write_bytes(hurt)
        found: list[tuple[int, Entry]] = []
        with pytest.raises(DataError, match=table.name):
            found.extend(JournalReader(folder).timed())
        assert [(when, plain(entry)) for when, entry in found] == good[: len(found)]
        assert len(found) == 24, "the day before it is delivered"
        assert [damage.path for damage in verify(folder).damage] == [table]
        day = next(day for day in days(folder) if day.folder == table.parent)
        assert summarise(day, calendar_for).rows in (0, 48)


def test_a_table_of_something_else_is_no_journal(folder: Path) -> None:
    from recording.writers.parquet import Writer

    compact(folder)
    table = parts_of(folder)[0]
    entries_there = list(open_recording(table))
    writer = Writer(table)
    for entry in entries_there:
        writer.write(entry)
    writer.close()
    with CompactedScan(table) as scan:
        assert scan.header is None
        assert scan.damage is not None
        assert "which segments" in scan.damage.what
    with pytest.raises(DataError, match="which segments"):
        read(folder)


def test_names_say_what_a_file_stands_for(tmp_path: Path) -> None:
    found = {
        name: numbers_of(tmp_path / name)
        for name in ("000001.dbj", "000001-000024.parquet", "x.parquet", "1-2.parquet", "a.dbj")
    }
    assert found == {
        "000001.dbj": (1, 1),
        "000001-000024.parquet": (1, 24),
        "x.parquet": None,
        "1-2.parquet": None,
        "a.dbj": None,
    }


times = st.integers(0, 2**62)


@settings(max_examples=40)
@given(items=st.lists(st.tuples(times, entries()), min_size=1, max_size=30))
def test_whatever_a_journal_holds_is_compacted_exactly(
    tmp_path_factory: pytest.TempPathFactory, items: list[tuple[int, Entry]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    always = calendar_for("always")
    writer = JournalWriter(folder, ES, Source.LIVE, always, rules=RollRules(size=500))
    writer.write(InstrumentEntry(ES, Source.LIVE), 1)
    for received, entry in items:
        writer.write(entry, received)
    writer.close(2**62)
    if not parts_of(folder):
        return
    before = read(folder)
    for run in _all_runs(folder):
        compaction.compact_run(run, Disk())
    assert not segments_of(folder)
    assert read(folder) == before


def _all_runs(folder: Path) -> list[compaction.Run]:
    """As closed_runs, with the newest day, whatever the time."""
    (stream,) = journal_streams(folder)
    runs: list[list[Path]] = []
    for path in stream.parts:
        if runs and runs[-1][-1].parent == path.parent:
            runs[-1].append(path)
        else:
            runs.append([path])
    return [compaction.Run(stream, run[0].parent, tuple(run)) for run in runs]


def test_the_summary_is_kept_in_the_table(folder: Path) -> None:
    compact(folder)
    day: Day = next(iter(days(folder)))
    with compaction.TableReader(day.parts[0]) as table:
        kept = json.loads(table.metadata["summary"])
    assert kept["rows"] == 48
    assert kept["symbol"] == "ES 12-26"
    require_equal(day.parts[0], ())


_VICTIM = """\
import sys
from pathlib import Path
from market.session import calendar_for
from recording.compaction import compact_folder
print("go", flush=True)
for result in compact_folder(Path(sys.argv[1]), calendar_for, int(sys.argv[2])):
    assert not result.refused, result.refused
"""


def kill(tmp_path: Path, rounds: int, seed: int) -> int:
    """Kill compactions at random moments; how many were in the middle of their work."""
    root = Path(__file__).resolve().parents[2]
    origin = tmp_path / "origin"
    write_days(origin, days=4, frames=400, size=20_000)
    before = read(origin)
    random = np.random.default_rng(seed)
    caught = 0
    for number in range(rounds):
        folder = Path(shutil.copytree(origin, tmp_path / f"round {number}"))
        words = [sys.executable, "-c", _VICTIM, str(folder), str(LATER)]
        with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(float(random.uniform(0, 0.5)))
            process.kill()
        caught += process.returncode != 0
        assert read(folder) == before
        assert [result.refused for result in compact(folder) if result.refused] == []
        assert read(folder) == before
        assert not any(".part" in name for name in names(folder))
        assert [day.compacted for day in days(folder)] == [True, True, True, False]
        shutil.rmtree(folder)
    return caught


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    assert kill(tmp_path, 3, seed=1) > 0


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_killed_processes_lose_nothing(tmp_path: Path) -> None:
    caught = kill(tmp_path, 200, seed=2)
    print(f"killed 200 times, {caught} of them at work: 0 entries lost")  # noqa: T201
    assert caught > 50
