"""The export of journals: a row for every numbered record, what is good before damage."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from market.enums import FrameFlag, FrameType, Kind, Source
from market.errors import FileFormatError, UsageError
from market.record import RECORD, Frame
from recording.entries import BarEntry, ClockEntry, Entry, FrameEntry, GapEntry, InstrumentEntry
from recording.export import BAR_KIND, CsvExport
from recording.journal import JournalReader
from tests.recording.journals import COIN, ES, MONDAY, events, write_days


def exported(*journals: list[Entry]) -> list[dict[str, str]]:
    file = io.BytesIO()
    export = CsvExport(file)
    for entries in journals:
        export.add(entries)
    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode())))
    assert len(rows) == export.rows
    return rows


def bar(seq: int, **values: object) -> BarEntry:
    return BarEntry(seq, {"time": MONDAY, "close": 6900.25, "volume": 12, **values})


def test_every_number_has_its_row() -> None:
    records = np.zeros(2, RECORD)
    records["kind"] = Kind.TRADE
    records["ref"] = [1, 2]
    told = Frame(records, MONDAY, 6, FrameType.EVENTS, FrameFlag.HISTORICAL)
    snapshot = Frame(np.zeros(3, RECORD), MONDAY, 8, FrameType.SNAPSHOT, FrameFlag.LAST)
    rows = exported(
        [
            InstrumentEntry(ES, Source.LIVE),
            events(MONDAY, 1),
            ClockEntry(MONDAY),
            bar(5),
            FrameEntry(told),
            GapEntry("gap", 6, 7),
            FrameEntry(snapshot),
            events(MONDAY, 8, 1),
        ]
    )
    assert [row["seq"] for row in rows] == ["1", "2", "3", "4", "5", "8"]
    assert rows[1] == {
        "seq": "2",
        "time_ns": str(MONDAY + 1000),
        "instrument": "ES 12-26",
        "kind": "3",
        "side": "0",
        "op": "0",
        "position": "0",
        "price": "6750.25",
        "size": "2",
        "ref": "0",
    }
    empty = dict.fromkeys(("side", "op", "position", "ref"), "")
    assert rows[4] == {
        "seq": "5",
        "time_ns": str(MONDAY),
        "instrument": "ES 12-26",
        "kind": str(BAR_KIND),
        "price": "6900.25",
        "size": "12",
        **empty,
    }


def test_several_journals_one_after_the_other() -> None:
    coin = [InstrumentEntry(COIN, Source.LIVE), events(MONDAY, 7, 1)]
    rows = exported([InstrumentEntry(ES, Source.LIVE), events(MONDAY, 1, 1)], coin)
    assert [(row["instrument"], row["price"], row["size"]) for row in rows] == [
        ("ES 12-26", "6750", "1"),
        ("ETH-PERP", "270", "0.007"),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-7, "0.0000001"), (1e22, "10000000000000000000000"), (None, ""), ("x", ""), (7, "7")],
)
def test_numbers_of_a_bar_have_no_exponent(value: object, text: str) -> None:
    (row,) = exported([InstrumentEntry(ES, Source.LIVE), bar(1, close=value)])
    assert row["price"] == text


def test_damage_comes_after_what_is_good(tmp_path: Path) -> None:
    writer = write_days(tmp_path, days=1, size=1 << 20)
    (segment,) = writer.home.rglob("*.dbj")
    good = exported(list(JournalReader(tmp_path)))
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    file = io.BytesIO()
    export = CsvExport(file)
    with pytest.raises(FileFormatError):
        export.add(JournalReader(tmp_path))
    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode())))
    assert 0 < len(rows) < len(good)
    assert rows == good[: len(rows)]


def test_records_of_nobody_are_refused() -> None:
    with pytest.raises(UsageError):
        exported([events(MONDAY, 1)])
