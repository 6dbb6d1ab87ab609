"""A disk that refuses: nothing is lost or doubled, nothing counts before it is there."""

import shutil
from pathlib import Path

import pytest

from market.errors import DataError, EnvironmentFault
from recording.entries import ClockEntry, Entry, FrameEntry, MakersEntry, SessionEntry
from recording.journal import JournalWriter, RollRules, read_journal, recover, segments_of, verify
from recording.journal.layout import MAX_PAYLOAD
from tests.journal.disk import FailingDisk
from tests.journal.small import HOME, OPEN, START, beginning, frame, frames_in, plain, writer

RULES = RollRules(size=700)
"""A roll after every third frame."""


def script() -> list[Entry]:
    """Enough for four segments."""
    entries = beginning()
    for n in range(8):
        entries.append(FrameEntry(frame(1 + 5 * n, 5)))
        if n == 3:
            entries.append(ClockEntry(OPEN + 3))
        if n == 5:
            entries.append(MakersEntry(("NSDQ",)))
    return entries


def require_truth(folder: Path, journal: JournalWriter, entries: list[Entry]) -> None:
    """What a killed process would leave now: a beginning, and all that counts as written."""
    if not segments_of(folder):
        assert journal.written_seq == 0
        return
    good = list(read_journal(folder))
    assert [plain(e) for e in good] == [plain(e) for e in entries[: len(good)]]
    there = max((one.end - 1 for one in frames_in(good)), default=0)
    assert journal.written_seq <= there


def write_all(journal: JournalWriter, entries: list[Entry], folder: Path) -> None:
    for number, entry in enumerate(entries):
        refused = journal.refusing
        before = journal.written_seq
        journal.write(entry, START + number)
        if refused:
            assert journal.written_seq == before, "nothing counts while older entries wait"
        require_truth(folder, journal, entries)


def require_all(folder: Path, entries: list[Entry]) -> None:
    reader = read_journal(folder)
    assert [plain(e) for e in reader] == [plain(e) for e in entries]
    assert reader.report.clean
    report = verify(folder)
    assert report.ok
    assert not report.missing


def size_of_all(folder: Path) -> int:
    journal = writer(folder, rules=RULES)
    for number, entry in enumerate(script()):
        journal.write(entry, START + number)
    journal.close(START)
    assert len(segments_of(folder)) == 4
    return sum(path.stat().st_size for path in segments_of(folder))


@pytest.mark.parametrize("cuts", [True, False], ids=["cut at once", "cannot be cut"])
def test_a_disk_that_is_full_at_any_byte(tmp_path: Path, *, cuts: bool) -> None:
    total = size_of_all(tmp_path / "whole")
    for room in range(0, total, 13 if cuts else 29):
        folder = tmp_path / str(room)
        disk = FailingDisk(room)
        journal = writer(folder, rules=RULES, disk=disk)
        disk.cuts = cuts
        write_all(journal, script(), folder)
        assert not journal.retry() or not journal.refusing
        disk.room, disk.cuts = 1 << 40, True
        assert journal.retry()
        assert journal.written_seq == 40
        journal.close(START)
        require_all(folder, script())
        shutil.rmtree(folder)


def test_a_full_disk_that_stays_full_leaves_what_can_be_recovered(tmp_path: Path) -> None:
    total = size_of_all(tmp_path / "whole")
    for room in range(0, total, 41):
        folder = tmp_path / str(room)
        disk = FailingDisk(room)
        journal = writer(folder, rules=RULES, disk=disk)
        disk.cuts = room % 2 == 0
        write_all(journal, script(), folder)
        written = journal.written_seq
        found = recover(folder / HOME)
        assert found.damage is None
        if segments_of(folder):
            good = list(read_journal(folder))
            assert [plain(e) for e in good] == [plain(e) for e in script()[: len(good)]]
            assert max((one.end - 1 for one in frames_in(good)), default=0) >= written
        shutil.rmtree(folder, ignore_errors=True)


def test_short_writes_are_continued(tmp_path: Path) -> None:
    journal = writer(tmp_path, rules=RULES, disk=FailingDisk(most=7))
    write_all(journal, script(), tmp_path)
    assert not journal.refusing
    journal.close(START)
    require_all(tmp_path, script())


def test_an_input_output_error_now_and_then(tmp_path: Path) -> None:
    disk = FailingDisk(error=5)
    journal = writer(tmp_path, rules=RULES, disk=disk)
    for number, entry in enumerate(script()):
        disk.room = 0 if number % 2 else 1 << 40
        journal.write(entry, START + number)
        if not number % 3:
            disk.room = 1 << 40
            assert journal.retry()
        require_truth(tmp_path, journal, script())
    disk.room = 1 << 40
    journal.close(START)
    require_all(tmp_path, script())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    disk = FailingDisk()
    disk.makes = False
    journal = writer(tmp_path, rules=RULES, disk=disk)
    write_all(journal, script(), tmp_path)
    assert journal.refusing
    assert not segments_of(tmp_path)
    with pytest.raises(EnvironmentFault) as caught:
        journal.close(START)
    assert caught.value.code == "journal_write"
    disk.makes = True
    journal.close(START)
    require_all(tmp_path, script())


def test_a_new_session_that_waits_is_not_acknowledged_with_the_old_ones_numbers(
    tmp_path: Path,
) -> None:
    disk = FailingDisk()
    journal = writer(tmp_path, disk=disk)
    for entry in script():
        journal.write(entry, START)
    assert journal.written_seq == 40
    disk.room = 0
    journal.write(SessionEntry("next"), START)
    assert journal.written_seq == 0
    journal.write(FrameEntry(frame(1, 5)), START)
    assert journal.written_seq == 0
    disk.room = 1 << 40
    assert journal.retry()
    assert (journal.written_seq, journal.durable_seq) == (5, 0)


def test_a_sync_that_fails_freezes_what_is_durable(tmp_path: Path) -> None:
    disk = FailingDisk()
    journal = writer(tmp_path, disk=disk)
    journal.write(FrameEntry(frame(1, 5)), START)
    journal.sync()
    assert journal.durable_seq == 5
    disk.syncs = False
    journal.write(FrameEntry(frame(6, 5)), START)
    for _ in range(3):
        with pytest.raises(EnvironmentFault) as caught:
            journal.sync()
        assert caught.value.code == "journal_sync"
        assert (journal.durable_seq, journal.written_seq) == (5, 10)
        assert journal.dirty, "it is tried again"
        assert journal.refusing, "what cannot be secured is not acknowledged"
        assert not journal.retry()
    disk.syncs = True
    journal.sync()
    assert journal.durable_seq == 10
    assert journal.retry()
    assert not journal.refusing


def test_a_backlog_that_is_full_is_dropped_and_a_new_run_begins(tmp_path: Path) -> None:
    disk = FailingDisk()
    journal = writer(tmp_path, disk=disk, backlog=2000)
    for entry in script():
        journal.write(entry, START)
    disk.room = 0
    for n in range(8, 30):
        journal.write(FrameEntry(frame(1 + 5 * n, 5)), START)
    assert journal.overflowed
    assert journal.refusing
    assert not journal.retry()
    disk.room = 1 << 40
    assert journal.retry()
    assert journal.overflowed, "until the run begins"
    journal.write(FrameEntry(frame(151, 5)), START)
    assert journal.written_seq == 40, "what comes before the new run is dropped as well"
    journal.begin_run()
    assert not journal.refusing
    run = [*beginning()[:2], SessionEntry("0b5e", "x/1", 41), FrameEntry(frame(41, 5))]
    for entry in run:
        journal.write(entry, START)
    assert journal.written_seq == 45
    journal.close(START)
    require_all(tmp_path, script() + run)


def test_syncs_that_fail_for_too_long_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recording.journal.unsynced.KEPT", 1000)
    disk = FailingDisk()
    journal = writer(tmp_path, disk=disk)
    disk.syncs = False
    for n in range(8):
        journal.write(FrameEntry(frame(1 + 5 * n, 5)), START)
    with pytest.raises(EnvironmentFault):
        journal.sync()
    assert journal.overflowed
    assert journal.durable_seq == 0
    disk.syncs = True
    journal.sync()
    assert journal.retry()
    journal.begin_run()
    assert not journal.refusing


def test_an_entry_that_no_reader_would_take_is_refused(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    with pytest.raises(DataError, match="too long"):
        journal.write(MakersEntry(("x" * MAX_PAYLOAD,)), START)
