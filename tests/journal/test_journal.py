"""Writing and reading a journal: round trips, rolls, damage, truncation, the folder's lock."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from market.enums import FrameType, Source
from market.errors import EnvironmentFault, FileFormatError, UsageError
from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.record import RECORD, Frame
from market.session import calendar_for
from recording.entries import (
    BarEntry,
    CheckpointEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
    OutputEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import (
    FolderLock,
    JournalReader,
    JournalWriter,
    RollRules,
    journal_streams,
    read_journal,
    segments_of,
)
from recording.journal.folder import slug
from recording.journal.layout import HEAD_SIZE, HEADER_SIZE, EntryType
from recording.journal.segment import DiskSegment, LocalDisk
from wire.frames import encode_frame

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND  # Tuesday 14 November 2023, 22:13:20 UTC: closed in Chicago
OPEN = START + 7200 * SECOND


def es() -> Instrument:
    found = DEFAULT_INSTRUMENTS.resolve("ES 12-23")
    assert found is not None
    return found


def frame(seq: int, count: int, *, time: int = OPEN, kind: int = FrameType.EVENTS) -> Frame:
    records = np.zeros(count, RECORD)
    records["dt"] = np.arange(count)
    records["position"] = np.arange(count) % 10
    records["price"] = 18_000 + np.arange(count)
    records["size"] = seq + np.arange(count)
    return Frame(records, time, seq, kind, 0, 0, time + 5)


def one_of_each() -> list[Entry]:
    """Every kind of entry, with values that JSON could spoil."""
    return [
        InstrumentEntry(es(), Source.LIVE, 3),
        SessionEntry("0b5e", "äöü/1", 1, {"useL3": False, "DebugMode": True}),
        SettingsEntry({"clusters": {"on": 3.0, "grid_ms": 100}, "x": [1, 2.5, None]}, "ab12"),
        MakersEntry(("NSDQ", "ARCA")),
        FrameEntry(frame(1, 3)),
        ClockEntry(OPEN + 7),
        BarEntry(4, {"open": 0.1, "close": 1e-7, "time": OPEN, "volume": 2**53 + 1}),
        FrameEntry(frame(5, 0)),
        GapEntry("gap", 5, 9),
        PhaseEntry("stale", "silent"),
        HoldEntry(False),
        HoldEntry(True),
        FrameEntry(frame(10, 2, kind=FrameType.SNAPSHOT)),
        FrameEntry(frame(10, 20)),
        OutputEntry(7, 2**40, bytes(range(32)), b"row"),
        CheckpointEntry(bytes(range(16)), "2026-11-20", b"packed"),
    ]


def writer(folder: Path, **options: object) -> JournalWriter:
    return JournalWriter(folder, es(), Source.LIVE, calendar_for("cme_equity"), **options)  # type: ignore[arg-type]


def plain(entry: Entry) -> object:
    """An entry as something that compares by content."""
    if isinstance(entry, FrameEntry):
        return encode_frame(entry.frame)
    return entry


def written(folder: Path, entries: Sequence[Entry], *, close: bool = True) -> Path:
    journal = writer(folder)
    for number, entry in enumerate(entries):
        journal.write(entry, START + number)
    if close:
        journal.close(START + len(entries))
    else:
        journal.sync()
    (path,) = segments_of(folder)
    return path


def delivered(reader: JournalReader) -> tuple[list[object], FileFormatError | None]:
    good: list[object] = []
    try:
        good.extend(plain(entry) for entry in reader)
    except FileFormatError as error:
        return good, error
    return good, None


def test_every_entry_comes_back(tmp_path: Path) -> None:
    entries = one_of_each()
    path = written(tmp_path, entries)
    reader = read_journal(path)
    assert [plain(e) for e in reader] == [plain(e) for e in entries]
    assert reader.report.clean
    assert reader.report.entries == len(entries)
    assert [t for t, _ in reader.timed()] == [START + n for n in range(len(entries))]


def test_equal_entries_have_equal_bytes(tmp_path: Path) -> None:
    first = written(tmp_path / "a", one_of_each()).read_bytes()
    turned = [
        SettingsEntry(dict(reversed(list(e.settings.items()))), e.config)
        if isinstance(e, SettingsEntry)
        else e
        for e in one_of_each()
    ]
    assert written(tmp_path / "b", turned).read_bytes() == first


def test_the_raw_bytes_of_a_frame_are_kept(tmp_path: Path) -> None:
    entry = FrameEntry(frame(1, 200))
    raw = encode_frame(entry.frame, deflate=True)
    journal = writer(tmp_path)
    journal.write(entry, START, raw)
    journal.close(START)
    (path,) = segments_of(tmp_path)
    data = path.read_bytes()
    assert data[HEADER_SIZE + HEAD_SIZE :][: len(raw)] == raw
    (back,) = read_journal(path)
    assert isinstance(back, FrameEntry)
    assert back.frame.records.tobytes() == entry.frame.records.tobytes()


def test_truncation_at_every_byte_gives_the_exact_good_prefix(tmp_path: Path) -> None:
    entries = one_of_each()
    path = written(tmp_path, entries)
    data = path.read_bytes()
    expected = [plain(entry) for entry in entries]
    ends = _entry_ends(data)
    cut = tmp_path / "cut.dbj"
    for length in range(len(data)):
        cut.write_bytes(data[:length])
        reader = read_journal(cut)
        good, error = delivered(reader)
        whole = min(sum(end <= length for end in ends), len(entries))
        assert good == expected[:whole], length
        if length < HEADER_SIZE:
            assert error is not None
        else:
            assert error is None, length
            (unclean,) = reader.report.unclean
            assert unclean.offset == max([HEADER_SIZE, *(e for e in ends if e <= length)])
            assert unclean.offset + unclean.torn == length


def test_a_flipped_bit_is_found_where_it_is(tmp_path: Path) -> None:
    entries = one_of_each()
    path = written(tmp_path, entries)
    data = path.read_bytes()
    expected = [plain(entry) for entry in entries]
    ends = [HEADER_SIZE, *_entry_ends(data)]
    bad = tmp_path / "bad.dbj"
    for position in range(len(data)):
        spoiled = bytearray(data)
        spoiled[position] ^= 1 << (position % 8)
        bad.write_bytes(spoiled)
        reader = read_journal(bad)
        good, error = delivered(reader)
        if position >= ends[-2]:
            assert (good, error) == (expected, None), "the footer cannot be told from a torn one"
            assert [end.offset for end in reader.report.unclean] == [ends[-2]]
            continue
        assert error is not None, position
        if position < HEADER_SIZE:
            assert (good, error.offset) == ([], 0)
            continue
        number = sum(end <= position for end in ends) - 1
        assert good == expected[:number], position
        assert error.offset == ends[number], position


def test_bytes_after_the_footer_are_damage(tmp_path: Path) -> None:
    path = written(tmp_path, one_of_each())
    path.write_bytes(path.read_bytes() + b"\0")
    good, error = delivered(read_journal(path))
    assert len(good) == len(one_of_each())
    assert error is not None


def test_an_entry_taken_out_is_noticed_by_the_chain(tmp_path: Path) -> None:
    path = written(tmp_path, one_of_each())
    data = path.read_bytes()
    ends = [HEADER_SIZE, *_entry_ends(data)]
    path.write_bytes(data[: ends[4]] + data[ends[5] :])
    _, error = delivered(read_journal(path))
    assert error is not None
    assert "footer" in error.message


def test_two_entries_exchanged_are_noticed_by_the_chain(tmp_path: Path) -> None:
    path = written(tmp_path, one_of_each())
    data = path.read_bytes()
    ends = [HEADER_SIZE, *_entry_ends(data)]
    first, second = data[ends[4] : ends[5]], data[ends[5] : ends[6]]
    path.write_bytes(data[: ends[4]] + second + first + data[ends[6] :])
    _, error = delivered(read_journal(path))
    assert error is not None
    assert "footer" in error.message


def test_other_files_are_refused_with_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.dbj"
    path.write_bytes(b"L1;0;20231225;" * 20)
    with pytest.raises(FileFormatError, match="not a Depthbridge journal"):
        list(read_journal(path))
    path.write_bytes(b"")
    with pytest.raises(FileFormatError, match="empty"):
        list(read_journal(path))
    with pytest.raises(UsageError, match="does not exist"):
        read_journal(tmp_path / "none.dbj")


def test_segments_roll_by_size_and_read_as_one(tmp_path: Path) -> None:
    entries = one_of_each()[:4] + [FrameEntry(frame(1 + 50 * n, 50)) for n in range(20)]
    journal = writer(tmp_path, rules=RollRules(size=8000))
    for entry in entries:
        journal.write(entry, START)
    journal.close(START)
    paths = segments_of(tmp_path)
    assert len(paths) > 3
    reader = read_journal(tmp_path)
    assert [plain(e) for e in reader] == [plain(e) for e in entries]
    assert reader.report.clean
    alone = list(read_journal(paths[2]))
    assert [plain(e) for e in alone[:4]] == [plain(e) for e in entries[:4]], "state is carried over"


def test_segments_roll_by_age_and_by_trade_date(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.write(FrameEntry(frame(1, 1, time=OPEN)), START)
    journal.write(FrameEntry(frame(2, 1, time=OPEN + SECOND)), START + 3599 * SECOND)
    assert len(segments_of(tmp_path)) == 1
    journal.write(FrameEntry(frame(3, 1, time=OPEN + 2 * SECOND)), START + 3600 * SECOND)
    assert len(segments_of(tmp_path)) == 2
    day = 24 * 3600 * SECOND
    journal.write(FrameEntry(frame(4, 1, time=OPEN + day)), START + 3601 * SECOND)
    journal.close(START)
    dates = [path.parent.name for path in segments_of(tmp_path)]
    assert dates == ["2023-11-15", "2023-11-15", "2023-11-16"]
    (stream,) = journal_streams(tmp_path)
    assert (stream.source, stream.name) == ("live", "ES_12-23")


def test_a_missing_segment_is_a_gap_and_reported(tmp_path: Path) -> None:
    journal = writer(tmp_path, rules=RollRules(size=1000))
    for n in range(6):
        journal.write(FrameEntry(frame(1 + 40 * n, 40)), START)
    journal.close(START)
    paths = segments_of(tmp_path)
    paths[2].unlink()
    reader = read_journal(tmp_path)
    entries = list(reader)
    assert GapEntry("missing_segment") in entries
    assert reader.report.missing == [3]
    assert not reader.report.clean


def test_a_second_run_continues_the_numbering(tmp_path: Path) -> None:
    for _ in range(2):
        journal = writer(tmp_path)
        journal.write(InstrumentEntry(es(), Source.LIVE), START)
        journal.write(FrameEntry(frame(1, 1)), START)
        journal.close(START)
    assert [path.stem for path in segments_of(tmp_path)] == ["000001", "000002"]
    reader = read_journal(tmp_path)
    assert len(list(reader)) == 4, "the second run's own instrument entry is delivered"


class FullSegment(DiskSegment):
    """Takes a part of what does not fit, as a disk does, then refuses."""

    room = 0

    @staticmethod
    def _write(fd: int, data: bytes) -> int:
        if not FullSegment.room:
            raise OSError(28, "No space left on device")
        written = os.write(fd, data[: FullSegment.room])
        FullSegment.room -= written
        return written


class FullDisk(LocalDisk):
    def create(self, path: Path) -> FullSegment:
        return FullSegment(path)


def test_a_full_disk_loses_nothing_and_recovers(tmp_path: Path) -> None:
    journal = writer(tmp_path, disk=FullDisk())
    FullSegment.room = 10_000
    kept = 7
    for n in range(kept):
        journal.write(FrameEntry(frame(1 + 40 * n, 40)), START)
    assert not journal.refusing
    for n in range(kept, kept + 3):
        journal.write(FrameEntry(frame(1 + 40 * n, 40)), START)
        assert journal.refusing
        assert journal.written_seq == 40 * kept
    assert not journal.retry()
    assert journal.fault is not None
    assert journal.fault.code == "journal_write"
    assert "No space left" in journal.fault.message
    FullSegment.room = 1 << 30
    assert journal.retry()
    assert (journal.written_seq, journal.refusing) == (40 * (kept + 3), False)
    journal.close(START)
    entries = [e for e in read_journal(tmp_path) if isinstance(e, FrameEntry)]
    assert [e.frame.seq for e in entries] == [1 + 40 * n for n in range(kept + 3)]


def test_durable_follows_sync(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.write(SessionEntry("a"), START)
    journal.write(FrameEntry(frame(1, 10)), START)
    assert (journal.written_seq, journal.durable_seq) == (10, 0)
    journal.sync()
    assert (journal.written_seq, journal.durable_seq) == (10, 10)
    journal.write(BarEntry(11, {}), START)
    assert (journal.written_seq, journal.durable_seq) == (11, 10)
    journal.write(SessionEntry("b", seq=1), START)
    assert (journal.written_seq, journal.durable_seq) == (0, 0)
    journal.close(START)


def test_a_killed_process_loses_nothing_that_was_written(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "sys.path[:0] = [sys.argv[2], sys.argv[3]]\n"
        "import test_journal as t\n"
        "journal = t.writer(pathlib.Path(sys.argv[1]))\n"
        "for n in range(50):\n"
        "    journal.write(t.FrameEntry(t.frame(1 + 7 * n, 7)), t.START)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    here = Path(__file__).parent
    command = [sys.executable, "-c", script, str(tmp_path), str(here.parents[1]), str(here)]
    subprocess.run(command, check=False, capture_output=True, timeout=60)
    reader = read_journal(tmp_path)
    frames = [e.frame for e in reader if isinstance(e, FrameEntry)]
    assert [f.seq for f in frames] == [1 + 7 * n for n in range(50)]
    assert len(reader.report.unclean) == 1


def test_a_second_server_is_kept_out(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(EnvironmentFault) as caught:
        FolderLock(tmp_path)
    assert caught.value.code == "folder_in_use"
    assert "\n" not in caught.value.message
    lock.release()
    FolderLock(tmp_path).release()


def test_an_unwritable_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault) as caught:
        FolderLock(tmp_path / "file" / "below")
    assert caught.value.code == "folder_unwritable"


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("ES 12-26", "ES_12-26"),
        ("A/B", "A%2FB"),
        ("A_B", "A%5FB"),
        ("..", ".%2E"),
        ("CON", "%43ON"),
    ],
)
def test_symbols_make_harmless_folder_names(symbol: str, name: str) -> None:
    assert slug(symbol) == name


def test_several_journals_are_not_mixed(tmp_path: Path) -> None:
    for symbol in ("ES 12-23", "NQ 12-23"):
        found = DEFAULT_INSTRUMENTS.resolve(symbol)
        assert found is not None
        journal = JournalWriter(tmp_path, found, Source.LIVE, calendar_for("cme_equity"))
        journal.write(ClockEntry(OPEN), START)
        journal.close(START)
    with pytest.raises(UsageError, match=r"live/ES_12-23, live/NQ_12-23"):
        read_journal(tmp_path)
    assert len(list(read_journal(tmp_path / "live" / "NQ_12-23"))) == 1


def test_entry_types_are_settled() -> None:
    names = [kind.name for kind in EntryType if kind is not EntryType.FOOTER]
    known = ["FRAME", "INSTRUMENT", "SESSION", "SETTINGS", "PHASE", "BAR", "CLOCK", "GAP", "MAKERS"]
    assert names == [*known, "OUTPUT", "CHECKPOINT", "MESSAGE", "MARK", "HOLD"]
    assert [EntryType[name].value for name in names] == list(range(1, 15))
    assert EntryType.FOOTER == 255


def _entry_ends(data: bytes) -> list[int]:
    """Byte after each entry, by walking the lengths."""
    ends = []
    offset = HEADER_SIZE
    while offset < len(data):
        offset += HEAD_SIZE + int.from_bytes(data[offset : offset + 4], "little")
        ends.append(offset)
    return ends
