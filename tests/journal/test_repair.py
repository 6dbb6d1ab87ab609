"""Salvage keeps every whole entry, marks every hole, and leaves the old bytes beside it."""

from pathlib import Path

import pytest

from market.errors import FileFormatError, UsageError
from recording.entries import FrameEntry, GapEntry
from recording.journal import RollRules, read_journal, repair, segments_of, verify
from recording.journal.layout import FileHeader, pack_file_header
from tests.journal.small import START, beginning, entry_ends, frame, frames_in, writer

COUNT = 12
SEQS = [1 + 5 * n for n in range(COUNT)]


@pytest.fixture
def closed(tmp_path: Path) -> tuple[Path, ...]:
    """The segments of a journal of twelve frames, four in each."""
    journal = writer(tmp_path, rules=RollRules(size=800))
    for entry in beginning():
        journal.write(entry, START)
    for seq in SEQS:
        journal.write(FrameEntry(frame(seq, 5)), START)
    journal.close(START)
    assert len(segments_of(tmp_path)) > 3
    return segments_of(tmp_path)


def spoil(path: Path, start: int, stop: int) -> None:
    data = bytearray(path.read_bytes())
    data[start:stop] = bytes(byte ^ 0x55 for byte in data[start:stop])
    path.write_bytes(data)


def test_a_hole_is_marked_and_what_follows_is_salvaged(
    closed: tuple[Path, ...], tmp_path: Path
) -> None:
    bad = closed[1]
    ends = entry_ends(bad.read_bytes())
    spoil(bad, ends[-4] + 30, ends[-4] + 40)
    before = bad.read_bytes()
    assert not verify(tmp_path).ok
    report = repair(tmp_path)
    assert report.rewritten == list(closed[1:]), "the later ones are joined to the new chain"
    assert [path.read_bytes() for path in report.kept] == [before]
    assert (report.holes, report.lost_bytes) == (1, ends[-3] - ends[-4])
    assert report.salvaged == 1
    reader = read_journal(tmp_path)
    entries = list(reader)
    assert reader.report.clean
    assert verify(tmp_path).ok
    gap = entries.index(GapEntry("damage"))
    there = [one.seq for one in frames_in(entries)]
    before_gap = len(frames_in(entries[:gap]))
    assert there == SEQS[:before_gap] + SEQS[before_gap + 1 :]
    assert repair(tmp_path).rewritten == [], "nothing is left to do"


def test_a_lost_header_and_a_lost_end(closed: tuple[Path, ...], tmp_path: Path) -> None:
    spoil(closed[1], 3, 60)
    data = closed[2].read_bytes()
    closed[2].write_bytes(data[: entry_ends(data)[-2] - 7])
    report = repair(tmp_path)
    assert report.holes == 2
    entries = list(read_journal(tmp_path))
    assert entries.count(GapEntry("damage")) == 2
    lost = set(SEQS) - {one.seq for one in frames_in(entries)}
    assert len(lost) == 1, "only the frame that was cut"
    assert verify(tmp_path).ok


def test_a_segment_of_another_chain_is_told_apart(closed: tuple[Path, ...], tmp_path: Path) -> None:
    other = writer(tmp_path / "other", rules=RollRules(size=800))
    for seq in SEQS:
        other.write(FrameEntry(frame(seq + 1000, 5)), START)
    other.close(START)
    closed[2].write_bytes(segments_of(tmp_path / "other")[2].read_bytes())
    with pytest.raises(FileFormatError, match="does not continue"):
        list(read_journal(closed[0].parents[3] / "live"))
    report = repair(tmp_path / "live")
    assert report.holes == 2
    assert report.kept == []
    assert verify(tmp_path / "live").ok


def test_a_healthy_journal_and_a_torn_end_are_left_alone(
    closed: tuple[Path, ...], tmp_path: Path
) -> None:
    last = closed[-1]
    last.write_bytes(last.read_bytes()[:-5])
    before = [path.read_bytes() for path in closed]
    report = repair(tmp_path)
    assert (report.rewritten, report.kept, report.holes) == ([], [], 0)
    assert [path.read_bytes() for path in closed] == before


def test_a_later_format_is_not_touched(closed: tuple[Path, ...], tmp_path: Path) -> None:
    path = closed[-1]
    data = path.read_bytes()
    path.write_bytes(pack_file_header(FileHeader(4, START, bytes(32), 3)) + data[64:])
    with pytest.raises(FileFormatError, match="journal format 3 is not one of this program"):
        repair(tmp_path)
    assert path.read_bytes()[64:] == data[64:]


def test_a_file_alone_cannot_be_repaired(closed: tuple[Path, ...]) -> None:
    with pytest.raises(UsageError, match="not the folder of a journal"):
        repair(closed[0])
