"""What recovery cuts, what it closes, and what it does not touch."""

from pathlib import Path

import pytest

from market.errors import FileFormatError
from recording.entries import FrameEntry, GapEntry, PhaseEntry, SessionEntry
from recording.journal import RollRules, read_journal, recover, segments_of, verify
from recording.journal.layout import EMPTY_HASH, HEADER_SIZE
from tests.journal.small import HOME, START, beginning, entry_ends, frame, frames_in, writer


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A journal of ten frames as a killed process leaves it, and its writer's folder."""
    journal = writer(tmp_path)
    for entry in beginning():
        journal.write(entry, START)
    for n in range(10):
        journal.write(FrameEntry(frame(1 + 5 * n, 5)), START + n)
    return tmp_path


def seqs(folder: Path) -> list[int]:
    return [one.seq for one in frames_in(read_journal(folder))]


def test_nothing_there_is_nothing_to_recover(tmp_path: Path) -> None:
    found = recover(tmp_path / HOME)
    assert (found.number, found.previous, found.closed, found.damage) == (
        0,
        EMPTY_HASH,
        False,
        None,
    )


@pytest.mark.parametrize(
    "tail", [b"", b"\0" * 5000, b"\xff" * 77, b"L1;0;20231225", b"\x68"], ids=len
)
def test_a_torn_tail_is_cut_and_the_chain_goes_on(started: Path, tail: bytes) -> None:
    (path,) = segments_of(started)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    found = recover(started / HOME)
    assert (found.number, found.cut, found.closed, found.damage) == (1, len(tail), True, None)
    assert path.read_bytes()[: len(whole)] == whole
    journal = writer(started, recovered=found, state=beginning(), resume_seq=50)
    assert (journal.written_seq, journal.durable_seq) == (50, 50)
    journal.write(PhaseEntry("stale", "silent"), START)
    journal.write(FrameEntry(frame(51, 5)), START)
    journal.close(START)
    reader = read_journal(started)
    entries = list(reader)
    assert reader.report.clean, "every segment has its footer"
    assert entries.count(PhaseEntry("stale", "silent")) == 1
    assert len([e for e in entries if type(e).__name__ == "InstrumentEntry"]) == 1, "one run"
    assert seqs(started) == [1 + 5 * n for n in range(11)]
    assert verify(started).ok
    second = segments_of(started)[1].read_bytes()
    assert second[24:56] == found.previous != EMPTY_HASH


def test_recovering_again_changes_nothing(started: Path) -> None:
    (path,) = segments_of(started)
    path.write_bytes(path.read_bytes() + b"\1\2\3")
    first = recover(started / HOME)
    data = path.read_bytes()
    again = recover(started / HOME)
    assert path.read_bytes() == data
    assert (again.number, again.previous) == (first.number, first.previous)
    assert (again.cut, again.closed) == (0, False)


def test_a_kill_within_the_footer_is_recovered_to_the_same_bytes(started: Path) -> None:
    (path,) = segments_of(started)
    open_end = path.stat().st_size
    recover(started / HOME)
    data = path.read_bytes()
    for size in range(open_end, len(data)):
        path.write_bytes(data[:size])
        found = recover(started / HOME)
        assert path.read_bytes() == data
        assert found.cut == size - open_end


@pytest.mark.parametrize("kept", [0, 1, HEADER_SIZE - 1])
def test_a_segment_cut_within_its_header_is_no_segment(started: Path, kept: int) -> None:
    recover(started / HOME)
    (path,) = segments_of(started)
    stump = path.with_name("000002.dbj")
    stump.write_bytes(path.read_bytes()[:kept])
    found = recover(started / HOME)
    assert found.removed == (stump,)
    assert (found.number, found.damage) == (1, None)
    assert [one.name for one in segments_of(started)] == ["000001.dbj"]
    assert len(seqs(started)) == 10


def test_a_header_alone_is_closed(started: Path) -> None:
    (path,) = segments_of(started)
    path.write_bytes(path.read_bytes()[:HEADER_SIZE])
    found = recover(started / HOME)
    assert (found.number, found.closed, found.cut) == (1, True, 0)
    assert seqs(started) == []
    assert verify(started).ok


def test_damage_that_a_mark_claims_is_left_alone(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    for n in range(10):
        journal.write(FrameEntry(frame(1 + 5 * n, 5)), START)
        if n == 6:
            journal.sync()
    (path,) = segments_of(tmp_path)
    data = bytearray(path.read_bytes())
    ends = entry_ends(bytes(data))
    data[ends[2] + 30] ^= 4
    path.write_bytes(data)
    found = recover(tmp_path / HOME)
    assert found.damage is not None
    assert (found.damage.path, found.damage.offset) == (path, ends[2])
    assert found.previous == EMPTY_HASH
    assert path.read_bytes() == data
    with pytest.raises(FileFormatError, match=f"at byte {ends[2]}"):
        seqs(tmp_path)
    assert not verify(tmp_path).ok


def test_a_hole_that_no_mark_claims_is_what_a_power_loss_leaves(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    for n in range(10):
        journal.write(FrameEntry(frame(1 + 5 * n, 5)), START)
        if n == 3:
            journal.sync()
    (path,) = segments_of(tmp_path)
    data = bytearray(path.read_bytes())
    ends = entry_ends(bytes(data))
    start = ends[6]
    data[start : start + 100] = bytes(100)
    path.write_bytes(data)
    found = recover(tmp_path / HOME)
    assert (found.damage, found.closed, found.cut) == (None, True, len(data) - start)
    assert seqs(tmp_path) == [1 + 5 * n for n in range(5)], "one entry is the mark"
    aside = path.with_name(path.name + ".torn")
    assert aside.read_bytes() == data[start:], "what was cut is kept beside the journal"


def test_a_later_segment_without_its_predecessors_end_is_set_aside(tmp_path: Path) -> None:
    journal = writer(tmp_path, rules=RollRules(size=1500))
    for n in range(20):
        journal.write(FrameEntry(frame(1 + 5 * n, 5)), START)
    paths = segments_of(tmp_path)
    assert len(paths) > 2
    lost = paths[-2]
    with lost.open("r+b") as file:
        file.truncate(lost.stat().st_size - 150)
    with pytest.raises(FileFormatError, match="the end of the segment is lost"):
        seqs(tmp_path)
    found = recover(tmp_path / HOME)
    assert (found.number, found.removed) == (int(lost.stem), (paths[-1],))
    reader = read_journal(tmp_path)
    frames = [one.seq for one in frames_in(reader)]
    assert frames == [1 + 5 * n for n in range(len(frames))]
    assert reader.report.clean
    assert paths[-1].with_name(paths[-1].name + ".torn").exists()


def test_a_new_run_after_an_unclean_segment_is_no_damage(started: Path) -> None:
    (path,) = segments_of(started)
    path.write_bytes(path.read_bytes() + b"\0" * 9)
    journal = writer(started)
    for entry in beginning():
        journal.write(entry, START)
    journal.write(GapEntry("gap"), START)
    journal.close(START)
    reader = read_journal(started)
    entries = list(reader)
    assert len(entries) == 2 * len(beginning()) + 11
    assert [end.torn for end in reader.report.unclean] == [9]
    assert verify(started).ok


def test_format_1_is_closed_in_its_own_format(tmp_path: Path) -> None:
    golden = Path(__file__).parent / "golden" / "v1" / "live" / "ES_12-23" / "2023-11-15"
    home = tmp_path / HOME / golden.name
    home.mkdir(parents=True)
    for path in sorted(golden.iterdir()):
        (home / path.name).write_bytes(path.read_bytes())
    last = home / "000002.dbj"
    whole = last.read_bytes()
    last.write_bytes(whole[:-70])
    found = recover(tmp_path / HOME)
    assert (found.number, found.closed) == (2, True)
    report = verify(tmp_path)
    assert report.ok
    assert [state.version for state in report.segments] == [1, 1]


def test_numbers_of_a_session_that_comes_back_are_durable_with_the_next_sync(
    tmp_path: Path,
) -> None:
    journal = writer(tmp_path)
    for entry in (*beginning(), FrameEntry(frame(1, 5)), SessionEntry("b")):
        journal.write(entry, START)
    journal.write(SessionEntry("0b5e", seq=6), START)
    assert (journal.written_seq, journal.durable_seq) == (5, 0), "no sync has reached them"
    journal.sync()
    assert journal.durable_seq == 5
