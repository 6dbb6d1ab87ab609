"""``journal`` on the command line: verify, export, compact, pin; exit codes for good and bad."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from depthbridge import journals, upkeep
from depthbridge.cli import main
from market.enums import Source
from recording.entries import GapEntry, InstrumentEntry
from recording.journal import FolderLock, JournalReader, read_journal, segments_of
from recording.journal.folder import parts_of
from recording.journal.layout import FileHeader, pack_file_header
from recording.rejoining import rejoin
from tests.recording.journals import COIN, MONDAY, plain, write_days

HEADER = "seq,time_ns,instrument,kind,side,op,position,price,size,ref"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    write_days(folder)
    write_days(folder, days=2, frames=3, instrument=COIN, source=Source.REPLAY)
    return folder


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def run(*words: object) -> int:
    return main(["journal", *map(str, words)])


def test_verify_says_a_line_for_each_journal(folder: Path, capsys: Capture) -> None:
    assert run("verify", folder) == 0
    live, replay = capsys.readouterr().out.splitlines()
    count = len(segments_of(folder / "live"))
    assert live.startswith(f"live/ES_12-26: 65 entries, 153 records, {count} segments, ")
    assert live.endswith("0 unclean ends; good")
    assert replay.startswith("replay/ETH-PERP: ")
    assert run("verify", folder / "replay") == 0
    assert capsys.readouterr().out.splitlines() == [replay]


def test_an_unclean_end_is_reported_and_good(folder: Path, capsys: Capture) -> None:
    last = segments_of(folder / "live")[-1]
    last.write_bytes(last.read_bytes()[:-80])
    assert run("verify", folder / "live") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert f"1 unclean end ({last} at byte " in line
    assert run("verify", last) == 0, "a segment by itself"
    assert capsys.readouterr().out.startswith(f"{last}: ")


def test_damage_in_the_middle_is_named_and_two(folder: Path, capsys: Capture) -> None:
    hurt = segments_of(folder / "live")[1]
    flip(hurt, 150)
    assert run("verify", folder) == 2
    live, replay = capsys.readouterr().out.splitlines()
    assert "; damaged: " in live
    assert str(hurt) in live
    assert "at byte " in live
    assert replay.endswith("good"), "the others are still looked at"


def test_a_segment_that_is_gone_within_a_day_is_damage(folder: Path, capsys: Capture) -> None:
    segments_of(folder / "live")[1].unlink()
    assert run("verify", folder / "live") == 2
    line = capsys.readouterr().out
    assert "missing segments 2" in line
    assert "segments 2 are gone" in line


def test_the_export_goes_to_a_file_or_the_output(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run("export", folder, "--out", out) == 0
    lines = out.read_text().splitlines()
    assert lines[0] == HEADER
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert {row["instrument"] for row in rows} == {"ES 12-26", "ETH-PERP"}
    es = [int(row["seq"]) for row in rows if row["instrument"] == "ES 12-26"]
    lost = {number for day in range(3) for number in range(27 + 54 * day, 30 + 54 * day)}
    assert es == [number for number in range(1, 163) if number not in lost]
    assert sum(row["kind"] == "5" for row in rows) == 9 + 2
    root = Path(__file__).resolve().parents[2]
    words = [sys.executable, "-m", "depthbridge", "journal", "export", str(folder)]
    piped = subprocess.run(
        words, cwd=root, capture_output=True, check=True, env={**os.environ}, timeout=120
    )
    assert piped.stdout.decode().splitlines() == lines
    assert f"{len(rows)} rows" in piped.stderr.decode()


def test_the_good_prefix_is_exported_before_the_error(
    folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    assert run("export", folder, "--out", whole) == 0
    hurt = segments_of(folder / "live")[2]
    flip(hurt, 200)
    capsys.readouterr()
    assert run("export", folder, "--out", part) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert str(hurt) in error[-1]
    good, all_rows = part.read_text().splitlines(), whole.read_text().splitlines()
    es = [line for line in good if ",ES 12-26," in line]
    assert 1 < len(es) < 150
    assert good[: 1 + len(es)] == all_rows[: 1 + len(es)]
    assert good[1 + len(es) :] == [line for line in all_rows if ",ETH-PERP," in line]
    assert not list(tmp_path.glob("*.part"))


def test_verify_and_export_work_beside_a_server(folder: Path, tmp_path: Path) -> None:
    lock = FolderLock(folder)
    assert run("verify", folder) == 0
    assert run("export", folder, "--out", tmp_path / "out.csv") == 0
    assert run("compact", folder) == 0
    lock.release()


def test_compact_says_what_it_did_and_changes_no_row(
    folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    assert run("export", folder, "--out", before) == 0
    capsys.readouterr()
    assert run("compact", folder) == 0
    done = capsys.readouterr().out.splitlines()
    assert len(done) == 3
    assert done[0].startswith("live/ES_12-26/2026-11-16/000001-")
    assert "bytes a row" in done[0]
    assert run("compact", folder) == 0
    assert capsys.readouterr().out == ""
    assert run("export", folder, "--out", after) == 0
    assert after.read_bytes() == before.read_bytes()
    assert run("verify", folder) == 0
    assert "2 compacted" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no nice")
def test_compact_in_the_background_steps_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    monkeypatch.setattr(os, "nice", steps.append)
    assert run("compact", folder, "--background") == 0
    assert steps == [19]


def test_compact_keeps_within_limits_and_spares_what_is_pinned(
    folder: Path, capsys: Capture
) -> None:
    assert run("pin", folder / "live" / "ES_12-26" / "2026-11-17") == 0
    assert capsys.readouterr().out == "live/ES_12-26/2026-11-17: pinned\n"
    assert run("compact", folder, "--keep-gb", "0") == 0
    said = capsys.readouterr().out
    assert "live/ES_12-26/2026-11-16: deleted" in said
    assert "2026-11-17: deleted" not in said
    left = [path.parent.name for path in parts_of(folder / "live") if path.suffix == ".parquet"]
    assert left == ["2026-11-17"]
    assert run("unpin", folder) == 0
    assert run("compact", folder, "--keep-days", "0") == 0
    assert "live/ES_12-26/2026-11-17: deleted" in capsys.readouterr().out


def test_only_one_compaction_at_a_time(folder: Path, capsys: Capture) -> None:
    lock = FolderLock(folder, ".compacting")
    assert run("compact", folder / "live") == 2
    assert "being compacted already" in capsys.readouterr().err
    lock.release()
    assert run("compact", folder / "live", "--background") == 0


def test_what_cannot_be_compacted_is_said(folder: Path, capsys: Capture) -> None:
    flip(segments_of(folder / "live")[1], 150)
    assert run("compact", folder) == 2
    captured = capsys.readouterr()
    assert "not compacted" in captured.err
    assert len(captured.out.splitlines()) == 2, "the other days are"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify", "{nowhere}"], "does not exist"),
        (["verify", "{empty}"], "holds no journal"),
        (["export", "{empty}"], "holds no journal"),
        (["export", "{empty}", "--out", "{empty}"], "holds no journal"),
        (["export", "{text}"], "is no journal"),
        (["compact", "{empty}"], "holds no journal"),
        (["pin", "{empty}"], "holds no journal"),
        (["export", "{folder}", "--out", "{folder}"], "is a folder"),
        (["export", "{folder}", "--out", "{folder}/live/ES_12-26/x.csv"], "lies in the journal"),
        (["export", "{folder}", "--out", "{nowhere}/x.csv"], "cannot be written"),
        (["export", "{folder}", "--out", "x.parquet"], "writes CSV only"),
        (["export", "{folder}", "--out", "x.csv.gz"], "writes CSV only"),
        (["verify", "{folder}", "--out", "x.csv"], "--out belongs to journal export"),
        (["verify", "{folder}", "--keep-gb", "1"], "--keep-gb belongs to journal compact"),
        (["compact", "{folder}", "--keep-gb", "nan"], "nan is no number"),
        (["compact", "{folder}", "--keep-days", "-1"], "from 0"),
        (["weigh", "{folder}"], "invalid choice"),
        ([], "ACTION"),
    ],
)
def test_wrong_words_end_with_one_line(
    folder: Path, tmp_path: Path, capsys: Capture, words: list[str], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("no journal")
    places = {
        "{nowhere}": tmp_path / "nowhere",
        "{empty}": tmp_path / "empty",
        "{text}": tmp_path / "a.txt",
        "{folder}": folder,
    }
    for place, path in places.items():
        words = [word.replace(place, str(path)) for word in words]
    assert run(*words) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert "Traceback" not in captured.err
    assert not list(tmp_path.rglob("*.part"))


def test_the_configured_folder_is_the_default(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPTHBRIDGE_RECORDING_FOLDER", str(folder))
    assert run("verify") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_part_knows_its_recordings_folder(folder: Path) -> None:
    segment = segments_of(folder / "live")[0]
    for place in (folder, folder / "live", segment.parent):
        assert upkeep.root_of(place) == folder
    assert journals.verify_all(segment) == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def hurt(folder: Path, number: int = 1, place: int = 150) -> Path:
    segment = segments_of(folder / "live")[number]
    flip(segment, place)
    return segment


def test_repair_keeps_the_original_and_marks_the_hole(folder: Path, capsys: Capture) -> None:
    segment = hurt(folder)
    damaged = segment.read_bytes()
    before = [plain(entry) for entry in JournalReader(segments_of(folder / "live")[0])]
    assert run("repair", folder, "--yes") == 0
    captured = capsys.readouterr().out
    assert f"kept as {segment}.damaged" in captured
    assert "1 holes" in captured
    assert Path(f"{segment}.damaged").read_bytes() == damaged
    assert run("verify", folder) == 0
    entries = list(JournalReader(folder / "live"))
    assert [plain(entry) for entry in entries[: len(before)]] == before
    assert [e.reason for e in entries if isinstance(e, GapEntry)].count("damage") == 1
    capsys.readouterr()
    assert run("repair", folder, "--yes") == 0
    assert capsys.readouterr().out == "nothing to repair\n"


def test_repair_of_a_date_mends_the_whole_chain(folder: Path) -> None:
    segment = hurt(folder)
    assert run("repair", segment.parent, "--yes") == 0
    assert run("verify", folder) == 0


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 2), ("\n", 2)])
def test_repair_asks(folder: Path, answer: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = hurt(folder)
    damaged = segment.read_bytes()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert run("repair", folder) == code
    assert (segment.read_bytes() == damaged) == (code == 2)


def test_repair_refuses_without_anybody_to_ask(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = hurt(folder)
    damaged = segment.read_bytes()
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run("repair", folder) == 2
    assert "say --yes" in capsys.readouterr().err
    assert segment.read_bytes() == damaged


@pytest.mark.parametrize("name", [".lock", ".compacting"])
def test_repair_refuses_beside_a_server_or_a_compaction(
    folder: Path, name: str, capsys: Capture
) -> None:
    hurt(folder)
    lock = FolderLock(folder, name)
    assert run("repair", folder / "live", "--yes") == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    lock.release()
    assert run("repair", folder / "live", "--yes") == 0


def test_repair_before_a_compacted_day_joins_it_again(folder: Path, capsys: Capture) -> None:
    hurt(folder, 0, 900)
    assert run("compact", folder) == 2, "the damaged day stays"
    assert [path.suffix for path in parts_of(folder / "live")].count(".parquet") == 1
    table = next(path for path in parts_of(folder / "live") if path.suffix == ".parquet")
    before = [plain(entry) for entry in read_journal(table)]
    assert run("repair", folder, "--yes") == 0
    assert "1 compacted files written anew" in capsys.readouterr().out
    assert run("verify", folder) == 0
    assert [plain(entry) for entry in read_journal(table)] == before
    assert run("compact", folder) == 0
    assert run("verify", folder) == 0


def test_a_journal_that_lost_its_instrument_gets_the_copy_of_the_next_segment(
    folder: Path, tmp_path: Path
) -> None:
    hurt(folder, 0)
    assert run("repair", folder, "--yes") == 0
    first = next(iter(JournalReader(folder / "live")))
    assert isinstance(first, InstrumentEntry)
    assert first.instrument.symbol == "ES 12-26"
    out, again = tmp_path / "out.csv", tmp_path / "again.csv"
    assert run("export", folder, "--out", out) == 0
    assert "\n1," in out.read_text(), "no record was lost"
    assert run("compact", folder) == 0
    assert run("export", folder, "--out", again) == 0
    assert again.read_bytes() == out.read_bytes()


def test_a_damaged_table_cannot_be_mended(folder: Path, capsys: Capture) -> None:
    assert run("compact", folder) == 0
    table = parts_of(folder / "live")[0]
    flip(table, 300)
    data = table.read_bytes()
    assert run("repair", folder, "--yes") == 2
    assert str(table) in capsys.readouterr().err
    assert table.read_bytes() == data


def test_a_lost_end_before_a_compacted_day_is_never_hidden(folder: Path) -> None:
    assert run("compact", folder / "live") == 0
    home = folder / "live" / "ES_12-26"
    table = parts_of(home)[1]
    first = parts_of(home)[0]
    first.unlink()
    number = int(table.stem[:6]) - 1
    header = pack_file_header(FileHeader(number, MONDAY, bytes(32)))
    first.with_name(f"{number:06d}.dbj").write_bytes(header)
    kept = table.read_bytes()
    assert rejoin(home, ()) == []
    assert table.read_bytes() == kept
    assert run("verify", home) == 2


def test_recordings_shows_what_is_compacted_and_pinned(folder: Path, capsys: Capture) -> None:
    def listing() -> tuple[list[str], list[str]]:
        """The rows up to the last column (sizes are all 0.0 MiB), and the last column."""
        capsys.readouterr()
        assert main(["recordings", str(folder)]) == 0
        head, *rows = capsys.readouterr().out.splitlines()
        place = head.index("kept as")
        return [row[:place] for row in rows], [row[place:] for row in rows]

    facts, kept = listing()
    assert kept == ["segments"] * 5
    assert run("compact", folder) == 0
    assert run("pin", folder / "live" / "ES_12-26" / "2026-11-17") == 0
    after, kept = listing()
    assert after == facts, "a compacted day tells the same of itself"
    assert kept == ["compacted", "compacted", "compacted, pinned", "segments", "segments"]


@pytest.mark.parametrize("action", ["pin", "unpin", "compact", "repair"])
def test_a_file_is_not_taken_for_its_day(folder: Path, action: str, capsys: Capture) -> None:
    """Nobody may believe that a day is pinned which is not."""
    segment = segments_of(folder / "live")[0]
    assert run(action, segment) == 2
    assert "is a file: name the folder of its day" in capsys.readouterr().err
    stray = folder / "notes.txt"
    stray.write_text("mine")
    assert run(action, stray) == 2
    assert "is a file" in capsys.readouterr().err
