"""Trades told again are no trades of their moment: whoever lists trades leaves them out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import depthbridge
from market.enums import FrameFlag, FrameType, Kind, Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame
from recording.catalogue import days, summarise
from recording.entries import Entry, FrameEntry, GapEntry, InstrumentEntry
from recording.readers import open_recording
from recording.writers import writer_named

SECOND = 10**9
START = 1_795_099_800 * SECOND
ES = DEFAULT_INSTRUMENTS.define("ES 12-26")
SNAPSHOT = (FrameType.SNAPSHOT, int(FrameFlag.LAST))


def book(seq: int, time: int, kind: tuple[int, int] = (FrameType.EVENTS, 0)) -> Entry:
    records = np.zeros(4, RECORD)
    records["side"], records["position"] = (0, 0, 1, 1), (0, 1, 0, 1)
    records["price"], records["size"] = (27_250, 27_251, 27_249, 27_248), 5
    return FrameEntry(Frame(records, time, seq, *kind))


def trades(seq: int, time: int, count: int, flags: int = 0, place: int = 1) -> Entry:
    records = np.zeros(count, RECORD)
    records["kind"], records["side"], records["price"] = Kind.TRADE, 1, 27_250
    records["size"] = np.arange(count) + 1
    if flags:
        records["ref"] = np.arange(place, place + count)
    return FrameEntry(Frame(records, time, seq, FrameType.EVENTS, flags))


def entries(*, snapshots: bool = True) -> list[Entry]:
    told = int(FrameFlag.HISTORICAL)
    skipped: list[Entry] = [GapEntry("gap", 8, 10), book(11, START + 5 * SECOND, SNAPSHOT)]
    return [
        InstrumentEntry(ES, Source.REPLAY),
        book(1, START),
        trades(5, START + SECOND, 3),
        *(skipped if snapshots else []),
        trades(11, START + SECOND, 4, told),
        trades(15, START + 4 * SECOND, 2, told | int(FrameFlag.LAST), place=5),
        trades(17, START + 6 * SECOND, 1),
    ]


def written(path: Path, name: str, given: list[Entry]) -> Any:
    writer = writer_named(name)(path)
    for entry in given:
        writer.write(entry)
    writer.close()
    return writer


@pytest.mark.parametrize("name", ["journal", "parquet"])
def test_a_recording_keeps_the_back_fill_and_does_not_list_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / ("day" if name == "journal" else "day.parquet")
    written(path, name, entries())
    kept = [e.frame for e in open_recording(path) if isinstance(e, FrameEntry) if e.frame.flags]
    wanted = [e.frame for e in entries() if isinstance(e, FrameEntry) if e.frame.flags]
    assert [(f.seq, f.flags, f.base, f.records.tobytes()) for f in kept] == [
        (f.seq, f.flags, f.base, f.records.tobytes()) for f in wanted
    ]
    recording = depthbridge.open(path)
    assert recording.trades().to_pandas()["size"].tolist() == [1, 2, 3, 1]
    metrics = recording.metrics(batch=1).to_pandas()
    assert metrics["time_ns"].is_monotonic_increasing
    assert (metrics["cvd"].iloc[-1], bool(metrics["complete"].iloc[-1])) == (10 + 3 + 1, True)


@pytest.mark.parametrize("name", ["csv", "nt-dump"])
def test_formats_without_a_place_for_it_leave_it_out(tmp_path: Path, name: str) -> None:
    path = tmp_path / ("day.csv" if name == "csv" else "day.txt")
    given = entries(snapshots=False)
    if name == "nt-dump":
        given = [
            e
            for e in given
            if not isinstance(e, FrameEntry)
            or e.frame.records["kind"][0] != 3
            or e.frame.historical
        ]
    writer = written(path, name, given)
    assert writer.dropped == 2
    listed = path.read_bytes().splitlines()
    assert len(listed) == {"csv": 1 + 4 + 3 + 1, "nt-dump": 4}[name]


def test_the_catalogue_counts_what_happened(tmp_path: Path) -> None:
    written(tmp_path / "day", "journal", entries())
    (day,) = list(days(tmp_path / "day"))
    found = summarise(day)
    assert found.rows == 4 + 3 + 4 + 2 + 1, "all that is numbered"
