"""Which numbers a journal holds, whatever became of its last segments."""

from pathlib import Path

import pytest

from market.enums import FrameFlag, FrameType
from recording.entries import BarEntry, FrameEntry, PhaseEntry, SessionEntry
from recording.journal import RollRules, segments_of
from recording.journal.held import numbers_held
from tests.journal.small import HOME, START, beginning, entry_ends, frame, writer
from tests.recording.journals import write_days

SESSION = "0b5e"
"""Of ``beginning()``."""


def write(folder: Path, *more: object, frames: int = 8, size: int = 1 << 20) -> tuple[Path, ...]:
    """Frames of five records from 1 on, then ``more``; closed."""
    journal = writer(folder, rules=RollRules(size=size))
    for entry in beginning():
        journal.write(entry, START)
    for number in range(frames):
        journal.write(FrameEntry(frame(1 + 5 * number, 5)), START)
    for entry in more:
        journal.write(entry, START)  # type: ignore[arg-type]
    journal.close(START)
    return segments_of(folder)


def held(folder: Path) -> dict[str, int]:
    return numbers_held(folder / HOME)


def test_no_journal_holds_nothing(tmp_path: Path) -> None:
    assert held(tmp_path) == {}


def test_the_last_number_of_each_session(tmp_path: Path) -> None:
    write(tmp_path, SessionEntry("b"), FrameEntry(frame(1, 3)), SessionEntry("c"))
    assert held(tmp_path) == {SESSION: 40, "b": 3, "c": 0}


def test_a_session_that_came_back_has_its_highest_number(tmp_path: Path) -> None:
    write(tmp_path, SessionEntry("b"), FrameEntry(frame(1, 3)), SessionEntry(SESSION, seq=41))
    assert held(tmp_path) == {"b": 3, SESSION: 40}


@pytest.mark.parametrize(
    ("entry", "last"),
    [
        (BarEntry(41, {}), 41),
        (FrameEntry(frame(60, 2, kind=FrameType.SNAPSHOT)._replace(flags=int(FrameFlag.LAST))), 59),
        (FrameEntry(frame(60, 2, kind=FrameType.SNAPSHOT)), 40),
        (FrameEntry(frame(41, 0)), 40),
        (PhaseEntry("stale", "gap"), 40),
    ],
    ids=["a bar", "what a snapshot skips", "half a snapshot", "no records", "no number"],
)
def test_what_takes_a_number(tmp_path: Path, entry: object, last: int) -> None:
    write(tmp_path, entry)
    assert held(tmp_path) == {SESSION: last}


def test_behind_damage_too(tmp_path: Path) -> None:
    (path,) = write(tmp_path)
    data = bytearray(path.read_bytes())
    data[entry_ends(bytes(data))[5] + 60] ^= 1
    path.write_bytes(data)
    assert held(tmp_path) == {SESSION: 40}
    path.write_bytes(bytes(64) + bytes(data[64:]))
    assert held(tmp_path) == {SESSION: 40}, "without a file header"


def test_a_last_segment_without_numbers_sends_back_to_those_before(tmp_path: Path) -> None:
    paths = write(tmp_path, size=600)
    assert len(paths) > 2
    last = paths[-1]
    data = last.read_bytes()
    for content in (b"", data[:64], data[: entry_ends(data)[3]]):
        last.write_bytes(content)
        before = held(tmp_path)[SESSION]
        assert 0 < before < 40
        assert before % 5 == 0


def test_records_whose_session_is_lost_belong_to_the_one_before(tmp_path: Path) -> None:
    paths = write(tmp_path, size=600)
    data = bytearray(paths[-1].read_bytes())
    data[64 + 30 : 64 + 31] = b"\0"
    for end in entry_ends(bytes(data))[1:3]:
        data[end + 30] ^= 1
    paths[-1].write_bytes(data)
    assert held(tmp_path) == {SESSION: 40}


def test_compacted_days_and_checkpoints_are_read_too(tmp_path: Path) -> None:
    from depthbridge.cli import main

    write_days(tmp_path, days=2, frames=3, checkpoints=True)
    home = tmp_path / "live" / "ES_12-26"
    whole = numbers_held(home)
    assert whole == {"s1": 26}
    assert main(["journal", "compact", str(tmp_path)]) == 0
    for path in segments_of(home):
        path.unlink()
    assert numbers_held(home) == {"s0": 13, "s1": 13}, "it began before its first record's day"


def test_nonsense_with_a_right_checksum_is_passed_over(tmp_path: Path) -> None:
    from recording.journal.layout import EntryType, pack_entry

    (path,) = write(tmp_path)
    forged = b"".join(
        pack_entry(kind, b'{"seq":"x"}', 0, START)[0] for kind in (EntryType.SESSION, EntryType.BAR)
    )
    path.write_bytes(path.read_bytes() + forged)
    assert held(tmp_path)[SESSION] == 40
