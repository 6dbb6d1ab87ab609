"""What holds for every format: one table, found by content, round trips to the same bits."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard
from databento_dbn import Action, MBOMsg
from databento_dbn import Side as DbnSide
from hypothesis import given
from hypothesis import strategies as st

from market.enums import FrameFlag, FrameType, Source
from market.errors import DataError, FileFormatError, UsageError
from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.record import RECORD, Frame, make_frames, times_of
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    MakersEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.readers import csv_kernel, format_named, formats, headed, open_recording
from recording.readers.depth_csv import COLUMNS
from recording.readers.journal_file import FORMAT as JOURNAL
from recording.readers.parquet import FORMAT as PARQUET
from recording.readers.reading import Recording
from recording.readers.registry import detect
from recording.writers import WRITERS, writer_named
from recording.writers.base import RecordingWriter
from recording.writers.depth_csv import Writer as CsvWriter
from recording.writers.dump import Writer as DumpWriter
from recording.writers.journal import Writer as JournalWriter
from recording.writers.parquet import Writer as ParquetWriter
from tests.recording.helpers import flat, rows_of, until_error
from tests.reference.dbn_files import dbn_file

NS = 10**9
START = 1_766_700_000 * NS
ES = DEFAULT_INSTRUMENTS.define("ES 03-26")
COIN = DEFAULT_INSTRUMENTS.define("ETH-PERP", "0.01", "0.001")
ENDINGS = {"csv": ".csv", "parquet": ".parquet", "nt-dump": ".txt", "journal": ""}
READ_ONLY = {
    "nt-export": b"20260111 230000 0960000;6900.5;62\r\n20260111 230001 0000001;6900.25;1\r\n",
    "orders": (
        b"time_ns,action,side,order_id,price,size,new_order_id\n"
        b"1,add,bid,5,6900.25,3,\n2,replace,bid,5,6900.5,3,6\n3,fill,bid,6,6900.5,1,\n"
    ),
    "lobster": b"34200,1,7,100,69002500,1\n34200.5,4,7,50,69002500,1\r\n34201,7,0,0,-1,-1\n",
    "dbn": dbn_file(
        "mbo",
        (
            MBOMsg(1, 17077, time, time, 6900 * 10**9, 3, action, DbnSide.BID, time, flags=128)
            for time, action in ((1, Action.ADD), (1, Action.CANCEL), (2, Action.FILL))
        ),
    ),
}
"""Of each format that is read but not written a whole file, of ES."""
SUFFIXES: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
    ".xz": lzma.compress,
}


def write(path: Path, name: str, entries: list[Entry]) -> RecordingWriter:
    writer = writer_named(name)(path)
    try:
        for entry in entries:
            writer.write(entry)
        writer.close()
    finally:
        writer.abandon()
    sidecar = writer.sidecar()
    if sidecar is not None:
        path.with_name(path.name + ".json").write_bytes(sidecar)
    return writer


@st.composite
def recordings(
    draw: st.DrawFn, instrument: Instrument = ES, kinds: tuple[int, ...] = (0, 1, 2, 3, 4)
) -> list[Entry]:
    count = draw(st.integers(1, 60))
    rows = np.zeros(count, RECORD)
    times = np.zeros(count, np.int64)
    time = START
    for i in range(count):
        kind = draw(st.sampled_from(kinds))
        side = draw(st.integers(0, 2 if kind == 3 else 1))
        op = draw(st.integers(0, {0: 2, 1: 2, 2: 1, 3: 4, 4: 6}[kind]))
        price = draw(st.integers(-(10**7), 10**7))
        if (kind, op) == (2, 1):
            side = price = 0
        row = draw(st.integers(0, {0: 255, 4: 3}.get(kind, 0)))
        ref = draw(st.integers(0, 2**64 - 1)) if kind == 4 else 0
        rows[i] = (0, kind, side, op, row, price, draw(st.integers(0, 10**9)), ref)
        time += draw(st.sampled_from([0, 0, 0, 100, 10**6, 7 * NS, -3 * NS]))
        times[i] = time
    frames = [FrameEntry(frame) for frame in make_frames(rows, times, 1)]
    return [InstrumentEntry(instrument, Source.REPLAY), *frames]


@pytest.mark.parametrize("name", ["csv", "parquet", "journal"])
@given(entries=recordings())
def test_any_records_survive_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, name: str, entries: list[Entry]
) -> None:
    path = tmp_path_factory.mktemp("trip") / f"recording{ENDINGS[name]}"
    write(path, name, entries)
    back = open_recording(path)
    assert back.format.name == name
    assert back.instrument == ES
    records, times = flat(entries)
    again, when = flat(back)
    assert np.array_equal(records, again)
    assert np.array_equal(times, when)


@pytest.mark.parametrize("name", ["csv", "parquet"])
@given(entries=recordings(COIN))
def test_sizes_in_size_steps_survive(
    tmp_path_factory: pytest.TempPathFactory, name: str, entries: list[Entry]
) -> None:
    path = tmp_path_factory.mktemp("trip") / f"recording{ENDINGS[name]}"
    write(path, name, entries)
    path.with_name(path.name + ".json").write_text(
        json.dumps({"tick_size": "0.01", "size_step": "0.001", "ours": False})
    )
    back = open_recording(path)
    assert back.instrument.size == COIN.size
    assert np.array_equal(flat(back)[0], flat(entries)[0])


@given(entries=recordings(kinds=(0, 2)))
def test_a_dump_survives_every_format(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    first = folder / "first.txt"
    write(first, "nt-dump", entries)
    chain = [first]
    for name in ("parquet", "journal", "csv", "nt-dump"):
        path = folder / f"as {name}{ENDINGS[name]}"
        write(path, name, list(open_recording(chain[-1])))
        chain.append(path)
    assert chain[-1].read_bytes() == first.read_bytes()
    assert np.array_equal(flat(open_recording(first))[0], flat(entries)[0])


def controlled() -> list[Entry]:
    """Every kind of entry, in an order that a live journal may have."""
    rows = np.zeros(4, RECORD)
    rows["price"], rows["size"], rows["dt"] = [5, 6, 7, 8], [1, 2, 3, 4], [0, 100, 100, 200]
    makers = rows.copy()
    makers["ref"] = 1
    events = FrameType.EVENTS
    return [
        InstrumentEntry(ES, Source.LIVE, 3),
        SessionEntry("s1", "client", 1, {"useL3": True}),
        SettingsEntry({"clusters": {"grid_ms": 100}}, "abcd"),
        FrameEntry(Frame(rows, START, 1, FrameType.SNAPSHOT)),
        FrameEntry(Frame(rows, START + 500, 1, FrameType.SNAPSHOT, FrameFlag.LAST)),
        FrameEntry(Frame(rows, START + 900, 1, events)),
        ClockEntry(START + NS),
        GapEntry("gap", 5, 9),
        FrameEntry(Frame(rows, START + 2 * NS, 10, events)),
        MakersEntry(("NSDQ",)),
        FrameEntry(Frame(makers, START + 2 * NS, 14, events)),
        BarEntry(18, {"series": {"type": "minute", "value": 1}, "time": START, "open": 1.0}),
        PhaseEntry("paused", "silent"),
        FrameEntry(Frame(rows, START + 3 * NS, 19, events)),
        ClockEntry(START + 4 * NS),
    ]


def comparable(entries: list[Entry]) -> list[object]:
    """Entries with records as bytes and absolute times; events joined over frame borders."""
    found: list[object] = []
    for entry in entries:
        if not isinstance(entry, FrameEntry):
            found.append(entry)
            continue
        frame = entry.frame
        base = frame.base if frame.type != FrameType.EVENTS else None
        for row, time in zip(frame.records.tolist(), times_of(frame).tolist(), strict=True):
            found.append((int(frame.type), int(frame.flags), base, frame.seq, time, row[1:]))
            frame = frame._replace(seq=frame.seq + (base is None))
    return found


@pytest.mark.parametrize("name", ["parquet", "journal"])
def test_control_entries_keep_their_place(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"out{ENDINGS[name]}"
    write(path, name, controlled())
    assert comparable(list(open_recording(path))) == comparable(controlled())


def test_parquet_says_what_a_replay_needs(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "out.parquet"
    write(path, "parquet", controlled())
    metadata = {k.decode(): v.decode() for k, v in pq.read_metadata(path).metadata.items()}
    assert metadata["instrument"] == "ES 03-26"
    assert metadata["tick_size"] == "0.25"
    assert metadata["session"] == "cme_equity"
    assert metadata["config_hash"] == "abcd"
    assert json.loads(metadata["gaps"]) == [{"row": 12, "reason": "gap", "first": 5, "last": 9}]
    assert str(pq.read_schema(path).field("time").type) == "timestamp[ns, tz=UTC]"


def test_a_csv_has_no_row_for_control_entries_and_counts_them(tmp_path: Path) -> None:
    entries = [e for e in controlled() if not (isinstance(e, FrameEntry) and e.frame.type == 2)]
    path = tmp_path / "out.csv"
    writer = write(path, "csv", entries)
    assert writer.dropped == 8
    assert len(path.read_bytes().splitlines()) == 17
    with pytest.raises(UsageError, match="snapshot"):
        write(path, "csv", controlled())


@pytest.mark.recordings
def test_parquet_takes_at_most_five_bytes_a_row(recorded: Path, tmp_path: Path) -> None:
    source = recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt"
    path = tmp_path / "es.parquet"
    write(path, "parquet", list(open_recording(source)))
    assert path.stat().st_size <= 5 * 72_567
    assert np.array_equal(flat(open_recording(path))[0], flat(open_recording(source))[0])


@pytest.mark.recordings
def test_the_hour_of_es_comes_back_as_the_same_bytes(recorded: Path, tmp_path: Path) -> None:
    source = recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt"
    path = tmp_path / "es.txt"
    write(path, "nt-dump", list(open_recording(source)))
    assert path.read_bytes().replace(b"\r\n", b"\n") == source.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["csv", "nt-dump"])
def test_text_in_every_compression(tmp_path: Path, name: str, suffix: str) -> None:
    entries = [e for e in controlled() if isinstance(e, InstrumentEntry)]
    rows = np.zeros(3, RECORD)
    entries += [FrameEntry(f) for f in make_frames(rows, np.full(3, START), 1)]  # type: ignore[arg-type]
    plain = tmp_path / f"ES 03-26{ENDINGS[name]}"
    write(plain, name, list(entries))
    packed = tmp_path / f"ES 03-26 packed{ENDINGS[name]}{suffix}"
    packed.write_bytes(SUFFIXES[suffix](plain.read_bytes()))
    assert detect(packed).name == name
    assert rows_of(open_recording(packed)) == rows_of(open_recording(plain))


@pytest.mark.parametrize("name", ["csv", "parquet", "journal", "nt-dump"])
def test_a_file_cut_at_any_byte_gives_a_prefix_or_nothing(tmp_path: Path, name: str) -> None:
    entries = [e for e in controlled() if not (isinstance(e, FrameEntry) and e.frame.type == 2)]
    kept = InstrumentEntry | FrameEntry | MakersEntry
    entries = [e for e in entries if isinstance(e, kept)]
    whole = tmp_path / f"ES 03-26{ENDINGS[name]}"
    write(whole, name, entries)
    if whole.is_dir():
        whole = next(whole.rglob("*.dbj"))
    data = whole.read_bytes()
    expected = [row[1:] for row in rows_of(open_recording(whole))]
    cut = tmp_path / f"ES 03-26 cut{whole.suffix}"
    step = {"parquet": 23, "journal": 5}.get(name, 1)
    for size in range(0, len(data), step):
        cut.write_bytes(data[:size])
        try:
            got, error = until_error(open_recording(cut, format=name))
        except DataError as refused:
            got, error = [], refused
        rows = [row[1:] for row in rows_of(got)]
        assert rows == expected[: len(rows)]
        if name == "parquet":
            assert error is not None
        assert error is None or isinstance(error, DataError | UsageError), error


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", READ_ONLY)
def test_what_is_only_read_in_every_compression(tmp_path: Path, name: str, suffix: str) -> None:
    plain = tmp_path / "plain.bin"
    plain.write_bytes(READ_ONLY[name])
    packed = tmp_path / f"packed{suffix}"
    packed.write_bytes(SUFFIXES[suffix](READ_ONLY[name]))
    assert detect(packed).name == name
    rows = rows_of(open_recording(packed, instrument="ES 03-26"))
    assert rows == rows_of(open_recording(plain, instrument="ES 03-26"))
    assert len(rows) >= 2


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_is_only_read_gives_a_prefix_when_cut(tmp_path: Path, name: str) -> None:
    path = tmp_path / "cut.bin"
    path.write_bytes(READ_ONLY[name])
    whole = rows_of(open_recording(path, instrument="ES 03-26"))
    lengths = set()
    for size in range(len(READ_ONLY[name])):
        path.write_bytes(READ_ONLY[name][:size])
        try:
            got, error = until_error(open_recording(path, format=name, instrument="ES 03-26"))
        except DataError as refused:
            got, error = [], refused
        rows = rows_of(got)
        assert rows == whole[: len(rows)]
        assert error is None or isinstance(error, DataError)
        lengths.add(len(rows))
    assert len(lengths) >= 2


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_is_only_read_counts_through_a_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "ES 03-26"
    folder.mkdir()
    for day in (1, 2):
        (folder / f"2026010{day}").write_bytes(READ_ONLY[name])
    rows = rows_of(open_recording(folder, format=name, instrument="ES 03-26"))
    half = len(rows) // 2
    shift = rows[half][0] - rows[0][0]
    days = [
        [(row[0] - begin, *row[2:]) for row in part]
        for part, begin in ((rows[:half], 0), (rows[half:], shift))
    ]  # a file's name may date its times
    assert days[0] == days[1]
    assert shift >= rows[half - 1][0] + 1 - rows[0][0]


def test_every_format_is_found_by_content_alone(tmp_path: Path) -> None:
    for name, ending in ENDINGS.items():
        folder = tmp_path / name
        folder.mkdir()
        path = folder / f"ES 03-26{ending}"
        rows = FrameEntry(Frame(np.zeros(1, RECORD), START, 1))
        write(path, name, [InstrumentEntry(ES, Source.REPLAY), rows])
        file = next(path.rglob("*.dbj")) if path.is_dir() else path
        other = file.rename(tmp_path / f"{name}.bin")
        assert detect(other).name == name
    assert {known.name for known in formats()} == {*WRITERS, *READ_ONLY}
    assert format_named("parquet") is PARQUET
    assert format_named("journal") is JOURNAL
    assert {CsvWriter, DumpWriter, JournalWriter, ParquetWriter} == {
        writer_named(name) for name in WRITERS
    }


@pytest.mark.parametrize(
    "data", [b"", b"hello\nworld\n", b"\0" * 100, b"\x1f\x8b", b"PAR1", b"DBJ"]
)
def test_what_is_no_recording_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ES 03-26.csv"
    path.write_bytes(data)
    with pytest.raises(FileFormatError) as caught:
        list(open_recording(path))
    assert caught.value.offset is not None
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_wrong_format_is_the_callers_word_against_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ES 03-26.csv"
    write(path, "csv", [InstrumentEntry(ES, Source.REPLAY)])
    with pytest.raises(UsageError, match="nt-dump"):
        open_recording(path, format="dump")
    for name in ("nt-dump", "journal", "parquet"):
        with pytest.raises(FileFormatError):
            list(open_recording(path, format=name))
    with pytest.raises(UsageError):
        writer_named("lobster")


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "ES 03-26"
    folder.mkdir()
    for day in (2, 1, 3):
        rows = np.zeros(2, RECORD)
        rows["size"] = day
        entries = [FrameEntry(f) for f in make_frames(rows, np.full(2, START + 100 * day), 1)]
        path = folder / f"2026010{day}.txt"
        write(path, "nt-dump", [InstrumentEntry(ES, Source.REPLAY), *entries])
    recording = open_recording(folder)
    entries_read = list(recording)
    assert sum(isinstance(entry, InstrumentEntry) for entry in entries_read) == 1
    assert [row[0] for row in rows_of(entries_read)] == list(range(6))
    assert [row[7] for row in rows_of(entries_read)] == [1, 1, 2, 2, 3, 3]
    seqs = [entry.frame.seq for entry in entries_read if isinstance(entry, FrameEntry)]
    assert seqs == [1, 3, 5]
    write(folder / "20260104.parquet", "parquet", [InstrumentEntry(COIN, Source.REPLAY)])
    with pytest.raises(UsageError, match="ETH-PERP"):
        list(open_recording(folder))
    with pytest.raises(UsageError):
        open_recording(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError):
        open_recording(tmp_path / "empty")


@pytest.mark.parametrize("text", ["Notes of the week.\n", ""])
def test_a_foreign_file_in_a_folder_is_named_and_skipped_only_on_request(
    tmp_path: Path, text: str
) -> None:
    folder = tmp_path / "ES 03-26"
    folder.mkdir()
    frames = [FrameEntry(f) for f in make_frames(np.zeros(2, RECORD), np.full(2, START), 1)]
    write(folder / "20260101.txt", "nt-dump", [InstrumentEntry(ES, Source.REPLAY), *frames])
    for name in ("Thumbs.db", "desktop.ini", ".notes", "20260101.txt.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    assert len(open_recording(folder).files) == 1
    (folder / "README.md").write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"README\.md: not a recording.*--tolerant"):
        open_recording(folder)
    recording = open_recording(folder, tolerant=True)
    for _ in range(2):
        assert len(rows_of(list(recording))) == 2
        assert "README.md is no recording and was skipped" in recording.report.summary()
    (folder / "20260102.txt.gz").write_bytes(b"\x1f\x8b\x08" + bytes(40))
    with pytest.raises(FileFormatError, match="damaged"):
        open_recording(folder, tolerant=True)
    (folder / "20260102.txt.gz").unlink()
    (folder / "20260101.txt").unlink()
    with pytest.raises(UsageError, match="holds no recording"):
        open_recording(folder, tolerant=True)


def test_asking_for_the_instrument_reads_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write(path, "parquet", controlled())
    recording = open_recording(path)
    assert isinstance(recording, Recording)
    assert recording.instrument == ES
    once, again = list(recording), list(recording)
    assert comparable(once) == comparable(again)
    assert recording.instrument == ES


CSV_HEAD = "time_ns,kind,side,op,position,price,size,ref"


@pytest.mark.parametrize(
    ("header", "line", "row"),
    [
        (CSV_HEAD, f"{START},0,1,2,7,6900.25,5,9", (0, 1, 2, 7, 27601, 5, 9)),
        (CSV_HEAD, f"{START},depth,bid,remove,7,6900.25,5,", (0, 1, 2, 7, 27601, 5, 0)),
        (CSV_HEAD, f"{START},depth,ask,update,,6900.25,5,", (1, 0, 1, 0, 27601, 5, 0)),
        (CSV_HEAD, f"{START},trade,buy,,,6900.25,5,", (3, 1, 0, 0, 27601, 5, 0)),
        (CSV_HEAD, f"{START},trade,,,,6900.25,5,", (3, 2, 4, 0, 27601, 5, 0)),
        (CSV_HEAD, f"{START},quote,ask,,,6900.25,5,", (2, 0, 0, 0, 27601, 5, 0)),
        (CSV_HEAD, f"{START},2,,1,,,123,", (2, 0, 1, 0, 0, 123, 0)),
        (
            CSV_HEAD,
            f"{START},order,bid,1,1,6900,5,9223372036854775807",
            (4, 1, 1, 1, 27600, 5, 2**63 - 1),
        ),
        (CSV_HEAD, f"{START},4,1,0,2,6900,5,{2**64 - 1}", (4, 1, 0, 2, 69 * 10**11, 5, 2**64 - 1)),
        (CSV_HEAD, f"{START},order,bid,0,,6900.1,5,1", (4, 1, 0, 2, 6_900_100_000_000, 5, 1)),
        ("size;price;side;time_ns;op", f"5;6900,5;bid;{START};add", (1, 1, 0, 0, 27602, 5, 0)),
        (
            "TIME_NS, Side ,price,size,venue",
            f"{START},b,6900.5,5,CME",
            (1, 1, None, 0, 27602, 5, 0),
        ),
    ],
)
def test_csv_columns_in_any_order_numbers_or_words(
    tmp_path: Path, header: str, line: str, row: tuple[int | None, ...]
) -> None:
    path = tmp_path / "ES 03-26.csv"
    path.write_text(f"{header}\n{line}\n")
    if row[2] is None:
        _, error = until_error(open_recording(path))
        assert isinstance(error, FileFormatError), "a depth row needs its operation"
        return
    records, times = flat(open_recording(path))
    assert times.tolist() == [START]
    assert records[0].tolist()[1:] == row


@pytest.mark.parametrize(
    "line",
    [
        f"{START},5,1,0,0,6900,5,0",
        f"{START},0,2,0,0,6900,5,0",
        f"{START},0,1,3,0,6900,5,0",
        f"{START},0,1,0,256,6900,5,0",
        f"{START},0,1,0,,6900,5,0",
        f"{START},0,1,0,0,,5,0",
        f"{START},0,1,0,0,6900.1,5,0",
        f"{START},0,1,0,0,6900,,0",
        f"{START},0,1,0,0,6900,-5,0",
        f"{START},0,1,0,0,6900,5.5,0",
        f"{START},0,1,0,0,6900,5",
        f"{START},0,1,0,0,6900,5,0,0",
        f"{START},0,1,0,0,6900,5,99999999999999999999",
        "99999999999999999999,0,1,0,0,6900,5,0",
        f"{2**62},0,1,0,0,6900,5,0",
        ",0,1,0,0,6900,5,0",
        f"{START},zero,1,0,0,6900,5,0",
        f"{START},0,left,0,0,6900,5,0",
        f"{START},0,1,move,0,6900,5,0",
        f"{START}x,0,1,0,0,6900,5,0",
    ],
)
def test_csv_rows_that_no_record_holds(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ES 03-26.csv"
    good = f"{START},0,1,0,0,6900,5,0"
    path.write_text(f"{CSV_HEAD}\n{good}\n{line}\n{good}\n")
    entries, error = until_error(open_recording(path))
    assert len(rows_of(entries)) == 1
    assert isinstance(error, FileFormatError)
    assert error.line == 2
    recording = open_recording(path, tolerant=True)
    assert [row[0] for row in rows_of(recording)] == [1, 3]
    assert recording.report.malformed == 1


def test_csv_of_two_instruments_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "both.csv"
    row = "0,1,0,0,6900,5,0"
    path.write_text(f"{','.join(COLUMNS)}\n1,{START},ES 03-26,{row}\n2,{START},NQ 03-26,{row}\n")
    entries, error = until_error(open_recording(path))
    assert len(rows_of(entries)) == 1
    assert isinstance(error, FileFormatError)
    path.write_text("time_ns,side,price\n1,1,1\n")
    with pytest.raises(FileFormatError, match="size"):
        list(open_recording(path, format="csv"))
    assert csv_kernel.TIME > headed.INSTRUMENT > headed.IGNORED


@pytest.mark.parametrize("zone", ["Mars", "", "America"])
@pytest.mark.parametrize("known", [format.name for format in formats()])
def test_a_time_zone_that_is_none_is_refused_whatever_the_format(
    tmp_path: Path, known: str, zone: str
) -> None:
    """Also where the times are in UTC: it would be ignored, and the mistake with it."""
    path = tmp_path / "ES 12-26.txt"
    path.write_text("nothing\n")
    with pytest.raises(UsageError, match="time zone") as refused:
        open_recording(path, format=known, time_zone=zone)
    assert refused.value.code == "unknown_zone"
