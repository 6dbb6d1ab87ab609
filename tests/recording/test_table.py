"""Tables: every entry comes back as it was, damage is never taken for data, version 1 is read."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.enums import FrameFlag, FrameType, Source
from market.errors import DataError, UsageError
from market.instrument import Instrument
from market.record import RECORD, Frame
from recording.entries import Entry, FrameEntry, InstrumentEntry
from recording.journal.codec import decode_entry, encode_entry
from recording.journal.layout import HEAD_SIZE
from recording.readers import open_recording
from recording.readers import parquet as parquet_reader
from recording.table import TableReader, TableWriter
from recording.table import reader as reader_module
from recording.table import writer as writer_module
from recording.table.layout import RawEntry, digest_of, pack_entry, unpack_entries
from tests.recording.journals import COIN, ES, FINE, MONDAY, entries, events, instruments, plain
from tests.recording.test_formats import comparable, controlled

GOLDEN = Path(__file__).with_name("golden")
Timed = tuple[int, Entry]


def write(path: Path, items: list[Timed]) -> TableWriter:
    writer = TableWriter(path)
    for received, entry in items:
        writer.write(entry, received)
    writer.close({"summary": "{}"})
    return writer


def read(path: Path) -> list[tuple[int, object]]:
    found = []
    with TableReader(path) as table:
        for received, item, _ in table:
            if isinstance(item, Frame):
                found.append((received, plain(FrameEntry(item))))
            else:
                found.append((received, plain(decode_entry(item.kind, item.payload))))
    return found


def expected(items: list[Timed]) -> list[tuple[int, object]]:
    return [(received, plain(decode_entry(*encode_entry(entry)))) for received, entry in items]


times = st.integers(-(2**63), 2**63 - 1)


@given(
    instrument=instruments(),
    items=st.lists(st.tuples(times, entries()), max_size=25),
    batch=st.integers(1, 9),
)
def test_every_entry_comes_back_with_its_time(
    tmp_path_factory: pytest.TempPathFactory,
    instrument: Instrument,
    items: list[Timed],
    batch: int,
) -> None:
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    given_items = [(7, InstrumentEntry(instrument, Source.LIVE, 3)), *items]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_module, "_BATCH", batch)
        patch.setattr(writer_module, "_MOST_FRAMES", 2 + batch)
        write(path, given_items)
        assert read(path) == expected(given_items)


def test_another_instrument_on_the_way_keeps_its_own_grid(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    other = events(MONDAY, 9)
    items: list[Timed] = [
        (1, InstrumentEntry(ES, Source.LIVE)),
        (2, events(MONDAY, 1)),
        (3, InstrumentEntry(COIN, Source.LIVE)),
        (4, other),
        (5, InstrumentEntry(ES, Source.LIVE)),
        (6, events(MONDAY, 13)),
    ]
    writer = write(path, items)
    assert read(path) == expected(items)
    assert writer.rows == 8, "the other instrument's records are no rows of this table"


def test_a_flag_of_the_journal_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    writer = TableWriter(path)
    writer.write(InstrumentEntry(ES, Source.LIVE), 5, 1)
    writer.write(events(MONDAY, 1), 6, 1)
    writer.close()
    with TableReader(path) as table:
        items = [item for _, item, _ in table]
    assert [(item.kind, item.flags) for item in items if isinstance(item, RawEntry)] == [
        (2, 1),
        (1, 1),
    ]


def test_rows_that_no_double_can_hold_stay_bytes(tmp_path: Path) -> None:
    rows = np.zeros(3, RECORD)
    rows["price"] = [2**53 - 1, 1, -(2**53) + 1]
    rows["size"] = 2**53 - 1
    frame = FrameEntry(Frame(rows, MONDAY, 1, FrameType.EVENTS))
    for instrument in (FINE, COIN):
        path = tmp_path / f"{instrument.symbol}.parquet"
        items: list[Timed] = [
            (1, InstrumentEntry(instrument, Source.LIVE)),
            (2, events(MONDAY, 1)),
            (3, frame),
            (4, events(MONDAY, 9)),
            (5, frame),
        ]
        assert write(path, items).rows == 8
        assert read(path) == expected(items)


def test_no_instrument_no_table(tmp_path: Path) -> None:
    writer = TableWriter(tmp_path / "t.parquet")
    writer.write(events(MONDAY, 1))
    with pytest.raises(UsageError):
        writer.close()


def test_a_changed_byte_is_never_taken_for_data(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    items: list[Timed] = [(1, InstrumentEntry(ES, Source.LIVE))]
    items += [(MONDAY + n, events(MONDAY + n * 10**6, 1 + 4 * n)) for n in range(40)]
    write(path, items)
    data = path.read_bytes()
    random = np.random.default_rng(1)
    found = 0
    for place in random.choice(len(data), 250, replace=False).tolist():
        hurt = bytearray(data)
        hurt[place] ^= 1 << int(random.integers(8))
        path.write_bytes(hurt)
        delivered = []
        try:
            with TableReader(path) as table:
                delivered.extend(table)
        except DataError:
            found += 1
        assert delivered == [], place
    assert found == 250


def test_a_table_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write(path, [(1, InstrumentEntry(ES, Source.LIVE)), (2, events(MONDAY, 1))])
    data = path.read_bytes()
    for size in range(0, len(data), 97):
        path.write_bytes(data[:size])
        with pytest.raises(DataError, match=r"t\.parquet"):
            read(path)


def test_metadata_of_another_table_is_refused(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    write(path, [(1, InstrumentEntry(ES, Source.LIVE)), (2, events(MONDAY, 1))])
    table = pq.read_table(path)
    metadata = {**pq.read_metadata(path).metadata, b"tick_size": b"0.5"}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(DataError, match="damaged metadata"):
        read(path)


def test_the_cell_of_entries_is_checked() -> None:
    packed = pack_entry(RawEntry(7, 0, 1, bytes(8))) + pack_entry(RawEntry(200, 0, 2, b"new"))
    assert [raw.kind for raw in unpack_entries(packed)] == [7, 200]
    for size in range(1, len(packed)):
        if size != HEAD_SIZE + 8:
            with pytest.raises(DataError):
                list(unpack_entries(packed[:size]))
    for place in range(len(packed)):
        hurt = bytearray(packed)
        hurt[place] ^= 1
        with pytest.raises(DataError):
            list(unpack_entries(bytes(hurt)))


def test_the_digest_holds_names_and_values() -> None:
    one = digest_of({"a": "1", "b": "2"})
    assert one != digest_of({"a": "12", "b": ""})
    assert one == digest_of({"b": "2", "a": "1", "digest": "x", "ARROW:schema": "y"})


def test_version_one_is_still_read() -> None:
    found = list(open_recording(GOLDEN / "version1.parquet"))
    assert comparable(found) == comparable(controlled())


def version_one(path: Path, count: int, runs: list[list[int]]) -> None:
    """A file as the first release wrote it."""
    import base64

    import pyarrow as pa
    import pyarrow.parquet as pq

    kind, payload = encode_entry(InstrumentEntry(ES, Source.LIVE))
    whole = pa.array(np.zeros(count, np.uint8))
    columns = dict.fromkeys(("kind", "side", "op", "position"), whole)
    columns["time"] = pa.array(np.full(count, MONDAY), pa.timestamp("ns", "UTC"))
    columns["price"] = pa.array(np.arange(count) * 0.25)
    columns["size"] = pa.array(np.ones(count, np.int64))
    columns["ref"] = pa.array(np.zeros(count, np.uint64))
    metadata = {
        "depthbridge": "1",
        "runs": json.dumps(runs),
        "controls": json.dumps([[0, int(kind), base64.b64encode(payload).decode()]]),
    }
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)


def test_version_one_keeps_snapshots_whole_and_empty_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.parquet"
    snapshot, last = int(FrameType.SNAPSHOT), int(FrameFlag.LAST)
    runs = [
        [0, snapshot, last, 7, MONDAY],  # without a record
        [0, snapshot, 0, 7, MONDAY],
        [4, snapshot, last, 7, MONDAY],
        [9, int(FrameType.EVENTS), 0, 7, -1],
        [11, snapshot, last, 9, MONDAY],  # the end, without a record
    ]
    version_one(path, 11, runs)
    monkeypatch.setattr(parquet_reader, "_BATCH", 3)
    frames = [entry.frame for entry in open_recording(path) if isinstance(entry, FrameEntry)]
    found = [(int(f.type), int(f.flags), f.seq, len(f.records)) for f in frames]
    assert found == [
        (snapshot, last, 7, 0),
        (snapshot, 0, 7, 3),
        (snapshot, 0, 7, 1),
        (snapshot, 0, 7, 2),
        (snapshot, last, 7, 3),
        (1, 0, 7, 2),
        (snapshot, last, 9, 0),
    ]


def test_a_table_names_its_index_by_row(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write(path, [(0, entry) for entry in controlled()])
    recording = open_recording(path)
    places = [e.index for e in recording if isinstance(e, FrameEntry)]
    assert np.concatenate(places).tolist() == list(range(24))  # type: ignore[arg-type]
    assert recording.report.records == 24
    assert recording.report.gaps == 1
    with TableReader(path) as table:
        assert json.loads(table.metadata["gaps"])[0]["reason"] == "gap"
        assert table.rows == 24
