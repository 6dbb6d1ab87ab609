"""Rows of no market that only a snapshot's time brings out: a file says so, with the index."""

from pathlib import Path

import numpy as np
import pytest

from depthbridge.cli import main
from market.enums import FrameFlag, FrameType, Kind, Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame, Records
from market.session import calendar_for
from recording.entries import FrameEntry, InstrumentEntry
from recording.journal import JournalWriter

NS = 10**9
MONDAY = 1_794_841_200 * NS  # 16 November 2026, 15:00 UTC
ES = DEFAULT_INSTRUMENTS.define("ES 12-26")
BROKEN, SNAPSHOT = 22, 20


def rows(shift: int = 0) -> Records:
    """Ten rows a side, by position."""
    records = np.zeros(20, RECORD)
    records["side"] = np.repeat([0, 1], 10)
    places = np.tile(np.arange(10), 2)
    records["position"], records["size"] = places, 5
    records["price"] = shift + np.where(records["side"] == 1, 27_249 - places, 27_250 + places)
    return records


def one(price: int, position: int) -> Records:
    """An update of a bid."""
    record = np.zeros(1, RECORD)
    record["kind"], record["side"], record["op"] = Kind.DEPTH_POSITION, 1, 1
    record["price"], record["position"], record["size"] = price, position, 9
    return record


def journal(folder: Path, later: int) -> Path:
    """Records 1 to 20 make the book, 21 and 22 break it; a snapshot of two parts; one record."""
    part, last = int(FrameType.SNAPSHOT), int(FrameFlag.LAST)
    at = MONDAY + NS + later
    frames = [
        Frame(rows(), MONDAY, 1),
        Frame(np.concatenate([one(27_247, 2), one(27_247, 3)]), MONDAY + NS, 21),
        Frame(rows()[:10], at, 23, part),
        Frame(rows()[10:], at, 23, part, last),
        Frame(one(27_249, 0), MONDAY + 9 * NS, 23),
    ]
    writer = JournalWriter(folder, ES, Source.LIVE, calendar_for("cme_equity"))
    writer.write(InstrumentEntry(ES, Source.LIVE), MONDAY)
    for frame in frames:
        writer.write(FrameEntry(frame), frame.base)
    writer.close(MONDAY + 10 * NS)
    return writer.home


COMMANDS = (
    ["book", "--levels", "1", "--every", "event"],
    ["book", "--levels", "1", "--every", "1"],
    ["book", "--levels", "1", "--every", "event", "--strict"],
    ["metrics", "--batch", "7"],
    ["metrics", "--every", "20"],
)


@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_the_file_at_the_last_record_of_those_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    path, out = journal(tmp_path / "in", NS), tmp_path / "out.csv"
    assert main([command[0], str(path), *command[1:], "--out", str(out)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "the book broke at line or record 22 (its rows are not in the order" in error
    table = np.genfromtxt(out, delimiter=",", names=True, dtype=None, encoding="utf-8")
    assert table["index"].max() == BROKEN - 1, "what was good is there, and no more"


@pytest.mark.parametrize("command", COMMANDS)
def test_tolerant_it_is_a_gap_that_the_snapshot_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    path, out = journal(tmp_path / "in", NS), tmp_path / "out.csv"
    words = [command[0], str(path), *command[1:], "--tolerant", "--out", str(out)]
    assert main(words) == 0
    assert "1 gaps" in capsys.readouterr().err
    table = np.genfromtxt(out, delimiter=",", names=True, dtype=None, encoding="utf-8")
    last = table[-1] if table.ndim else table
    assert last["index"] == BROKEN + SNAPSHOT
    best = "bid_price_1" if command[0] == "book" else "best_bid"
    assert last[best] == 27_249 / 4


@pytest.mark.parametrize("command", COMMANDS)
def test_rows_of_the_snapshots_own_time_are_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    path, out = journal(tmp_path / "in", 0), tmp_path / "out.csv"
    assert main([command[0], str(path), *command[1:], "--out", str(out)]) == 0
    assert "gaps" not in capsys.readouterr().err
