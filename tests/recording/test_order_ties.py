"""The book command on the ES orders in all their forms: every row against plain books."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest

from depthbridge.cli import main
from market.ticks import Grid
from tests.evidence.databento import decoded, mbo_events
from tests.recording.test_dbn import mbp10 as mbp10
from tests.recording.test_lobster import plain_seeded
from tests.reference.dbn_files import mbo_recs
from tests.reference.order_book import Levels, OrderBook, Row, rows_of
from tests.reference.order_files import CSV_HEAD, Line, csv_lines, lobster_lines, steps_of

QUARTER = Grid("0.25")
LEVELS = 10


class Table(NamedTuple):
    """Rows as ``book`` writes them; an empty level is NaN."""

    index: np.ndarray
    time: np.ndarray
    levels: np.ndarray


def book(out: Path, *words: object, code: int = 0) -> Table:
    """Run the command; every event, ten levels."""
    arguments = ["book", *map(str, words), "--levels", str(LEVELS), "--every", "event"]
    assert main([*arguments, "--out", str(out)]) == code
    table = pq.read_table(out)
    names = [name for name in table.column_names if name not in ("index", "time_ns")]
    columns = [table[name].to_numpy().astype(float) for name in names]
    return Table(
        table["index"].to_numpy(),
        table["time_ns"].cast("int64").to_numpy(),
        np.stack(columns, axis=1),
    )


def cells_of(bids: Levels, asks: Levels) -> list[float]:
    """A row's levels; prices from billionths."""
    cells: list[float] = []
    for level in range(LEVELS):
        for side in (bids, asks):
            there = level < len(side)
            cells += [side[level][0] / 10**9, side[level][1]] if there else [np.nan, np.nan]
    return cells


def require(found: Table, rows: Sequence[Row]) -> None:
    """Every row is the plain one."""
    assert found.index.tolist() == [row.index for row in rows]
    assert found.time.tolist() == [row.time for row in rows]
    wanted = np.array([cells_of(row.bids, row.asks) for row in rows])
    np.testing.assert_array_equal(found.levels, wanted)


@pytest.fixture(scope="module")
def source(recorded: Path) -> Path:
    return recorded / "databento" / "es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"


@pytest.fixture(scope="module")
def plain(source: Path) -> list[Row]:
    """The book after each of the vendor's records."""
    recs = (
        (index, rec) for index, message in enumerate(decoded(source)) for rec in mbo_recs(message)
    )
    return list(rows_of(OrderBook(QUARTER), recs, LEVELS))


def rows_after(lines: Iterable[Line], plain: list[Row], first: int) -> Iterator[Row]:
    """A row per line: the vendor's book where the line completes a record of it, else our own."""
    own = OrderBook(QUARTER)
    for index, line in enumerate(lines, first):
        for rec in line.recs:
            own.apply(rec, index)
        same = plain[line.after] if line.after >= 0 else None
        bids, asks = own.top(LEVELS) if same is None else (same.bids, same.asks)
        yield Row(index, line.recs[-1].time, bids, asks)


@pytest.mark.recordings
def test_every_record_of_the_order_file_is_a_row_of_the_plain_book(
    source: Path, plain: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require(book(tmp_path / "out.parquet", source), plain)
    assert len(plain) == 68_792
    assert "order" not in capsys.readouterr().err


@pytest.mark.recordings
def test_every_row_of_the_orders_as_csv(source: Path, plain: list[Row], tmp_path: Path) -> None:
    lines = list(csv_lines(steps_of(mbo_events(source))))
    path = tmp_path / "ES 03-24.csv"
    path.write_text(CSV_HEAD + "".join(line.text for line in lines))
    require(book(tmp_path / "out.parquet", path), list(rows_after(lines, plain, 1)))


@pytest.mark.recordings
def test_every_message_of_the_orders_as_lobster(
    source: Path, plain: list[Row], tmp_path: Path
) -> None:
    lines = list(lobster_lines(steps_of(mbo_events(source))))
    path = tmp_path / "ESH4_2023-12-25_message.csv"
    path.write_text("".join(line.text for line in lines))
    found = book(tmp_path / "out.parquet", path, "--format", "lobster")
    require(found, list(rows_after(lines, plain, 0)))


@pytest.mark.recordings
@pytest.mark.parametrize("levels", [10, 200])
def test_messages_from_the_middle_with_a_seed(
    source: Path, tmp_path: Path, levels: int, capsys: pytest.CaptureFixture[str]
) -> None:
    every = list(lobster_lines(steps_of(mbo_events(source))))
    start = next(i for i, line in enumerate(every) if line.after >= 40_000)
    whole = OrderBook(QUARTER)
    for line in every[: start + 1]:
        for rec in line.recs:
            whole.apply(rec)
    bids, asks = whole.top(levels)
    cells = [n for (b, s), (a, z) in zip(bids, asks, strict=True) for n in (a, z, b, s)]
    cells = [n // 100_000 if i % 2 == 0 else n for i, n in enumerate(cells)]
    seed = tmp_path / "ESH4_2023-12-25_orderbook.csv"
    seed.write_text(",".join(map(str, cells)) + "\n")
    lines = every[start : start + 6000]
    path = tmp_path / "ESH4_2023-12-25_message.csv"
    path.write_text("".join(line.text for line in lines))
    found = book(tmp_path / "out.parquet", path, "--format", "lobster", "--seed", seed)
    require(found, list(plain_seeded(lines, bids, asks)))
    assert len(found.index) == 6000
    capsys.readouterr()
    # Without the seed the same file runs as well, row for row; what it does not know is counted.
    rows = list(
        rows_of(
            OrderBook(QUARTER), ((i, r) for i, line in enumerate(lines) for r in line.recs), LEVELS
        )
    )
    require(book(tmp_path / "out.parquet", path, "--format", "lobster"), rows)
    assert "unknown" in capsys.readouterr().err


@pytest.mark.recordings
def test_ten_levels_of_the_vendor_are_the_orders_ten_levels(
    mbp10: tuple[bytes, list[Any]], tmp_path: Path
) -> None:
    data, tops = mbp10
    path = tmp_path / "esh4.mbp10.dbn"
    path.write_bytes(data)
    rows = [
        Row(i, time, *([(p * 250_000_000, s) for p, s in side] for side in sides))
        for i, (time, *sides) in enumerate(tops)
    ]
    require(book(tmp_path / "out.parquet", path), rows)


@pytest.mark.recordings
def test_the_dump_shows_the_same_ten_levels_at_the_end_of_each_event(
    source: Path, recorded: Path, tmp_path: Path
) -> None:
    orders = book(tmp_path / "orders.parquet", source)
    dump = book(
        tmp_path / "dump.parquet", recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt"
    )
    stamps = orders.time // 100
    last = np.flatnonzero(np.append(stamps[1:] != stamps[:-1], True))
    last = last[orders.index[last] >= 8_725]  # the snapshot comes before
    shown = np.searchsorted(dump.time // 100, stamps[last], side="right") - 1
    assert shown.min() >= 0
    np.testing.assert_array_equal(dump.levels[shown], orders.levels[last])
    assert len(last) > 40_000


STUBS = """\
34200.1,1,1,100,1,1
34200.2,1,2,100,1000000000,-1
34200.3,1,3,10,5853300,1
34200.4,1,4,10,5853400,-1
34200.5,1,5,7,5853350,-1
34200.6,2,1,40,1,1
34200.7,4,5,3,5853350,-1
34200.8,3,2,100,1000000000,-1
34200.9,3,9,100,5853300,1
"""


def test_stub_quotes_stand_at_their_exact_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "AAPL_2012-06-21_34200000_57600000_message_10.csv"
    path.write_text(STUBS)
    out = tmp_path / "out.csv"
    assert main(["book", str(path), "--levels", "3", "--every", "event", "--out", str(out)]) == 0
    rows = [line.split(",") for line in out.read_text().splitlines()[1:]]
    assert [row[0] for row in rows] == [str(i) for i in range(9)]
    assert rows[1][2:6] == ["0.0001", "100", "100000", "100"]
    deep = "585.33,10,585.335,{},0.0001,{},585.34,10,,,{}"
    assert ",".join(rows[4][2:]) == deep.format(7, 100, "100000,100")
    assert ",".join(rows[6][2:]) == deep.format(4, 60, "100000,100")
    assert ",".join(rows[8][2:]) == deep.format(4, 60, ",")
    said = capsys.readouterr().err
    assert "2 orders at prices between two ticks, the first is line 1" in said
    assert "unknown" in said
