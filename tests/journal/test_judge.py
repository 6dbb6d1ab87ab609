"""One judgement of a journal: four commands say the same of it, and go on alike behind a hole."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import recording.entries
from depthbridge.cli import main
from depthbridge.runs.book import BookRun
from depthbridge.runs.metrics import MetricsRun
from market.enums import Source
from market.record import make_frames
from orderbook import Parameters
from recording.compaction import Disk, Run, compact_run
from recording.entries import (
    CheckpointEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import (
    JournalReader,
    RollRules,
    journal_streams,
    read_journal,
    repair,
    segments_of,
    verify,
)
from recording.journal.folder import parts_of
from recording.readers import open_recording
from recording.recompute import Recomputation
from recording.stream import Stream
from tests.journal.entry_streams import CALENDAR, Recorder, instrument_of, record
from tests.orderbook.market_fuzz import make_plan
from tests.recording.journals import plain, write_days
from tests.reference.records import records_of

Damage = Callable[[Path], None]
Capture = pytest.CaptureFixture[str]
UNTRUSTED = PhaseEntry("stale", "damage")


def nothing(folder: Path) -> None:
    """As its writer left it."""


def middle_gone(folder: Path) -> None:
    segments_of(folder)[1].unlink()


def two_gone(folder: Path) -> None:
    for path in segments_of(folder)[1:3]:
        path.unlink()


def middle_emptied(folder: Path) -> None:
    segments_of(folder)[1].write_bytes(b"")


def first_emptied(folder: Path) -> None:
    segments_of(folder)[0].write_bytes(b"")


def first_two_cut(folder: Path) -> None:
    for path in segments_of(folder)[:2]:
        path.write_bytes(path.read_bytes()[:40])


def end_lost(folder: Path) -> None:
    path = segments_of(folder)[1]
    path.write_bytes(path.read_bytes()[:-1500])


def flipped_bit(folder: Path) -> None:
    path = segments_of(folder)[1]
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4] ^= 1
    path.write_bytes(data)


def header_lost(folder: Path) -> None:
    path = segments_of(folder)[1]
    path.write_bytes(bytes(64) + path.read_bytes()[64:])


def instrument_lost(folder: Path) -> None:
    path = segments_of(folder)[0]
    data = bytearray(path.read_bytes())
    data[150] ^= 1
    path.write_bytes(data)


def last_emptied(folder: Path) -> None:
    segments_of(folder)[-1].write_bytes(b"")


def last_torn(folder: Path) -> None:
    path = segments_of(folder)[-1]
    path.write_bytes(path.read_bytes()[:-50])


def last_stump(folder: Path) -> None:
    path = segments_of(folder)[-1]
    path.with_name(f"{int(path.stem) + 1:06d}.dbj").write_bytes(bytes(30))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A steady market in segments of one date."""
    folder = tmp_path / "recordings"
    plan = make_plan(5, 240, rewinds=False, gaps=False, faults=False)
    recorder = Recorder(folder, plan, RollRules(size=9_000))
    recorder.take(InstrumentEntry(instrument_of(plan), Source.LIVE))
    parameters = Parameters.from_mapping(plan.settings)
    recorder.take(SettingsEntry(parameters.to_mapping(), parameters.config_hash))
    recorder.take(SessionEntry("session 0"))
    seq = 1
    for step in plan.steps:
        for frame in frames_of(step.recs, seq):
            seq = frame.frame.end
            recorder.take(frame)
    recorder.close()
    assert len(segments_of(folder)) > 4
    assert len({path.parent for path in segments_of(folder)}) == 1
    return folder


def frames_of(recs: Any, seq: int) -> list[FrameEntry]:
    return [FrameEntry(frame) for frame in make_frames(*records_of(recs), seq, 7)] if recs else []


def seqs(out: Path) -> list[int]:
    with out.open(newline="") as file:
        return [int(row["seq"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("damage", "hurt", "note"),
    [
        (nothing, False, ""),
        (last_emptied, False, "1 unclean end"),
        (last_torn, False, "1 unclean end"),
        (last_stump, False, "1 unclean end"),
        (middle_gone, True, "1 hole"),
        (two_gone, True, "2 holes"),
        (middle_emptied, True, "1 hole"),
        (first_emptied, True, "1 hole"),
        (first_two_cut, True, "2 holes"),
        (end_lost, True, "1 hole"),
        (flipped_bit, True, "1 hole"),
        (header_lost, True, "1 hole"),
        (instrument_lost, True, "1 hole"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_verify_repair_export_and_replay_agree(
    journal: Path, config: Path, tmp_path: Path, capsys: Capture, damage: Damage, hurt: bool,
    note: str,
) -> None:  # fmt: skip
    out = tmp_path / "out.csv"

    def codes() -> tuple[list[int], str]:
        capsys.readouterr()
        found = [
            main(["journal", "verify", str(journal)]),
            main(["journal", "export", str(journal), "--out", str(out)]),
            main(["replay", "--verify", "--config", str(config), str(journal)]),
        ]
        captured = capsys.readouterr()
        return found, captured.out + captured.err

    assert main(["journal", "export", str(journal), "--out", str(out)]) == 0
    before = seqs(out)
    damage(journal)
    found, said = codes()
    assert found == ([2, 2, 2] if hurt else [0, 0, 0]), said
    if not hurt:
        assert said.count(note) >= 3 or not note, "each of them says so"
    assert main(["journal", "repair", str(journal), "--yes"]) == 0
    assert ("nothing to repair" in capsys.readouterr().out) is not hurt
    found, said = codes()
    assert found == [0, 0, 0], said
    assert said.count(note) >= 3 or not note
    after = seqs(out)
    assert after == [number for number in before if number in set(after)]
    if hurt:
        lost = sorted(set(before) - set(after))
        known = lost and damage not in (first_emptied, first_two_cut)  # who knows where it began
        numbers = f"numbers {lost[0]:,} to {lost[-1]:,} are lost" if known else "no number known"
        assert numbers in said
        assert bool(lost) is (damage not in (header_lost, instrument_lost))
        assert main(["journal", "repair", str(journal), "--yes"]) == 0
        assert "nothing to repair" in capsys.readouterr().out


@pytest.mark.parametrize("emptied", [(-1,), (-1, 0), (-2, -1)], ids=str)
def test_what_is_emptied_at_the_border_of_two_days_is_mended_too(
    tmp_path: Path, capsys: Capture, emptied: tuple[int, ...]
) -> None:
    write_days(tmp_path)
    paths = segments_of(tmp_path)
    border = next(i for i, path in enumerate(paths) if path.parent != paths[0].parent)
    out = tmp_path / "x.csv"
    lost = {paths[border + place] for place in emptied}
    kept = []
    for path in paths:
        assert main(["journal", "export", str(path), "--out", str(out)]) == 0
        kept += [] if path in lost else seqs(out)
    for path in lost:
        path.write_bytes(b"")
    assert main(["journal", "verify", str(tmp_path)]) == 2
    assert main(["journal", "repair", str(tmp_path), "--yes"]) == 0
    capsys.readouterr()
    assert main(["journal", "verify", str(tmp_path)]) == 0
    assert "hole" in capsys.readouterr().out
    assert main(["journal", "export", str(tmp_path), "--out", str(out)]) == 0
    assert seqs(out) == kept


def test_whole_days_may_be_gone(tmp_path: Path, capsys: Capture) -> None:
    write_days(tmp_path)
    shutil.rmtree(tmp_path / "live" / "ES_12-26" / "2026-11-17")
    assert main(["journal", "verify", str(tmp_path)]) == 0
    assert "missing segments" in capsys.readouterr().out
    assert main(["journal", "export", str(tmp_path), "--out", str(tmp_path / "x.csv")]) == 0
    assert "missing segments" in capsys.readouterr().err


# Behind a hole.


def rows_of(folder: Path) -> dict[int, tuple[Any, ...]]:
    """Metrics after every record, by its number; without the index, which counts what is there."""
    run = MetricsRun(open_recording(folder), batch=1, calendar_of=lambda _: CALENDAR)
    found = {}
    for columns in run:
        names = [name for name in columns if name != "index"]
        for place in range(len(columns["seq"])):
            row = tuple(str(columns[name][place]) for name in names)
            found[int(columns["seq"][place])] = row
    return found


def first_number(path: Path) -> int:
    """The first number of a segment."""
    return next(e.frame.seq for e in read_journal(path) if isinstance(e, FrameEntry))


@pytest.mark.parametrize(
    "damage", [flipped_bit, end_lost, middle_gone, header_lost, instrument_lost]
)
@pytest.mark.parametrize("mended", [True, False])
def test_the_next_checkpoint_ends_what_a_hole_began(
    journal: Path, damage: Damage, mended: bool
) -> None:
    whole = rows_of(journal)
    behind = first_number(segments_of(journal)[2])
    damage(journal)
    if mended:
        repair(journal)
    elif damage is not middle_gone:
        return  # reading stops there
    found = rows_of(journal)
    assert [number for number in found if number >= behind] == [n for n in whole if n >= behind]
    for number, row in found.items():
        if number >= behind:
            assert row == whole[number], "what the server said"
        else:
            assert row == whole[number] or "stale" in row, "or nothing"
    assert any("stale" not in row for number, row in found.items() if number >= behind)


def test_the_book_too(journal: Path) -> None:
    def books() -> dict[int, list[str]]:
        found = {}
        for columns in BookRun(open_recording(journal), 5, "event"):
            names = [name for name in columns if name not in ("index", "time_ns")]
            for place, time in enumerate(columns["time_ns"].tolist()):
                found[time] = [str(columns[name][place]) for name in names]
        return found

    whole = books()
    behind = read_journal(segments_of(journal)[2])
    start = next(entry.frame.base for entry in behind if isinstance(entry, FrameEntry))
    flipped_bit(journal)
    repair(journal)
    found = books()
    later = [time for time in whole if time > start]
    assert later
    assert [found.get(time) for time in later] == [whole[time] for time in later]


@pytest.mark.parametrize("damage", [flipped_bit, middle_gone])
def test_without_a_checkpoint_the_book_is_stale_until_a_snapshot(
    journal: Path, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = first_number(segments_of(journal)[2])
    damage(journal)
    repair(journal)
    monkeypatch.setattr(recording.entries, "LAYOUT", bytes(16))
    later = [row for number, row in rows_of(journal).items() if number >= behind]
    assert later
    assert all("stale" in row for row in later)


def test_what_is_carried_behind_a_hole_is_delivered_and_the_book_distrusted(journal: Path) -> None:
    flipped_bit(journal)
    repair(journal)
    entries = list(JournalReader(journal))
    hole = entries.index(GapEntry("damage"))
    again = [type(entry).__name__ for entry in entries[hole:]]
    place = again.index("InstrumentEntry")
    assert again[place : place + 5] == [
        "InstrumentEntry", "SettingsEntry", "SessionEntry", "PhaseEntry", "CheckpointEntry",
    ]  # fmt: skip
    assert entries.count(UNTRUSTED) == 1
    assert again.count("InstrumentEntry") == 1, "once; the segments after it are joined"


def test_many_mended_journals_are_what_the_server_said(tmp_path: Path) -> None:
    """Sessions, settings, makers that changed within the hole: all of it is carried."""
    compared = 0
    for seed in range(12):
        folder = tmp_path / str(seed)
        record(folder, seed, 200, 8_000)
        (flipped_bit, end_lost, middle_gone)[seed % 3](folder)
        repair(folder)
        assert verify(folder).ok
        before = recomputed(folder)
        if seed < 3:
            (stream,) = journal_streams(folder)
            for day in {path.parent for path in stream.segments}:
                compact_run(Run(stream, day, segments_of(day)), Disk())
            assert recomputed(folder) == before, "compacted too"
        compared += before
    assert compared > 30


def recomputed(folder: Path) -> int:
    """Segments whose output is what the server said it was; none is another one."""
    work = Recomputation(made)
    for _ in work.run(parts_of(folder)):
        pass
    assert work.difference is None, work.difference
    assert work.judge.holes
    return work.segments


def made(entry: InstrumentEntry) -> Stream:
    return Stream(entry.instrument, entry.source, calendar=CALENDAR)


def test_a_mended_day_reads_alike_when_it_is_compacted(tmp_path: Path) -> None:
    write_days(tmp_path, days=2, checkpoints=True)
    flipped_bit(tmp_path)
    repair(tmp_path)

    def read() -> list[object]:
        return [plain(entry) for entry in JournalReader(tmp_path)]

    before = read()
    assert before.count(UNTRUSTED) == 1
    assert main(["journal", "compact", str(tmp_path)]) == 0
    assert len(segments_of(tmp_path / "live" / "ES_12-26" / "2026-11-16")) == 0
    assert read() == before
    assert main(["journal", "verify", str(tmp_path)]) == 0


def test_a_hole_that_a_new_run_follows_is_no_longer_one(journal: Path) -> None:
    """What the server begins anew needs no checkpoint of before."""
    from recording.journal.judge import Judge

    judge = Judge()
    gap, run = GapEntry("damage"), next(iter(JournalReader(journal)))
    assert isinstance(run, InstrumentEntry)
    entries: list[Entry] = [gap, run]
    judge.take(entries[0])
    assert judge.holed
    judge.take(entries[1])
    assert not judge.holed
    assert [hole.reason for hole in judge.holes] == ["damage"]


def test_the_checkpoint_is_only_taken_where_nothing_else_has_come(journal: Path) -> None:
    entries = list(JournalReader(journal))
    checkpoint = next(e for e in entries if isinstance(e, CheckpointEntry))
    first = entries[0]
    assert isinstance(first, InstrumentEntry)
    for between, taken in ((UNTRUSTED, True), (PhaseEntry("stale", "reset"), False)):
        stream = made(first)
        for entry in (*entries[:3], between, checkpoint):
            stream.apply(entry)
        assert stream.resumed is taken
