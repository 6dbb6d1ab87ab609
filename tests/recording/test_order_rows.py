"""``book`` on order-level files: a row for each message, exact prices, what was wrong counted."""

import csv
from pathlib import Path

import pyarrow.parquet
import pytest

import depthbridge
from depthbridge.cli import main
from market.errors import BookFaultError

# Message 2 is a hidden execution, 6 a halt; 3 takes from the seeded size, 4 replaces nothing known.
MESSAGES = """\
34200.1,1,1,18,5853300,1
34200.2,1,2,5,5853400,1
34201.0,5,0,7,5853900,1
34202.0,3,99,10,5853000,1
34203.0,4,2,5,5853400,1
34204.0,3,77,10,4000000,1
34205.0,7,0,0,-1,-1
34206.0,1,3,1,1,1
"""
SEED = "5859400,200,5853300,18,1000000000,7,5853000,150\n"
ROWS = [
    ["585.94", "200", "585.33", "18", "100000", "7", "585.3", "150"],
    ["585.94", "200", "585.34", "5", "100000", "7", "585.33", "18"],
    ["585.94", "200", "585.34", "5", "100000", "7", "585.33", "18"],
    ["585.94", "200", "585.34", "5", "100000", "7", "585.33", "18"],
    ["585.94", "200", "585.33", "18", "100000", "7", "585.3", "140"],
    ["585.94", "200", "585.33", "18", "100000", "7", "585.3", "140"],
    ["585.94", "200", "585.33", "18", "100000", "7", "585.3", "140"],
    ["585.94", "200", "585.33", "18", "100000", "7", "585.3", "140"],
]
ORDERS = """\
time_ns,action,side,order_id,price,size,new_order_id
1340285400000000000,add,bid,18446744073709551615,585.33,18,
1340285401000000000,add,ask,2,585.3401,5,
1340285402000000000,replace,ask,2,585.34,6,3
1340285403000000000,cancel,ask,2,585.34,1,
1340285404000000000,add,ask,3,585.40,9,
1340285405000000000,fill,ask,3,585.34,7,
1340285406000000000,modify,bid,4,585.30,2,
1340285407000000000,clear,,,,,
"""
TOLD = ("--instrument", "AAPL", "--tick-size", "0.01")


@pytest.fixture
def lobster(tmp_path: Path) -> Path:
    path = tmp_path / "AAPL_2012-06-21_34200000_57600000_message_2.csv"
    path.write_text(MESSAGES)
    path.with_name("seed.csv").write_text(SEED)
    return path


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_lobster_gives_exactly_one_row_per_message(tmp_path: Path, lobster: Path) -> None:
    out = tmp_path / "out.csv"
    seed = str(lobster.with_name("seed.csv"))
    words = ["book", str(lobster), "--format", "lobster", "--seed", seed, "--levels", "2"]
    assert main([*words, "--every", "event", "--out", str(out)]) == 0
    rows = table(out)
    assert [int(row["index"]) for row in rows] == list(range(8))
    names = [f"{s}_{w}_{n}" for n in (1, 2) for s in ("ask", "bid") for w in ("price", "size")]
    assert [[row[name] for name in names] for row in rows] == ROWS


def test_without_a_seed_what_is_unknown_is_counted(
    tmp_path: Path, lobster: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    words = ["book", str(lobster), "--format", "lobster", "--levels", "2", "--out", str(out)]
    assert main([*words, "--every", "event"]) == 0
    assert "2 order records: unknown, the first is 4" in capsys.readouterr().err
    assert len(table(out)) == 8


def test_order_csv_counts_what_is_wrong_and_says_where(
    tmp_path: Path, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.parquet"
    words = ["book", str(orders), *TOLD, "--levels", "1", "--every", "event", "--out", str(out)]
    assert main(words) == 0
    said = capsys.readouterr().err
    for line in (
        "1 order records: unknown, the first is 5",
        "1 order records: double_add, the first is 6",
        "1 order records: beyond, the first is 7",
        "1 order records: dead_modify, the first is 8",
    ):
        assert line in said
    read = pyarrow.parquet.read_table(out)
    assert read["ask_price_1"].to_pylist() == [
        *(None, 585.3401, 585.34, 585.34, 585.34, None, None, None)
    ]
    assert read["bid_size_1"].to_pylist() == [18, 18, 18, 18, 18, 18, 18, None]
    assert pyarrow.parquet.read_metadata(out).metadata[b"book"] == b"L3"


def test_strict_ends_at_the_first_that_is_wrong_with_what_was_good(
    tmp_path: Path, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    words = ["book", str(orders), *TOLD, "--levels", "1", "--every", "event", "--out", str(out)]
    assert main([*words, "--strict"]) == 2
    said = capsys.readouterr().err
    assert "line or record 5 is wrong (it takes off an order that does not stand)" in said
    assert [int(row["index"]) for row in table(out)] == [1, 2, 3]
    assert main([*words, "--strict", "--tolerant"]) == 2


def test_metrics_count_the_same_faults_and_say_where(
    tmp_path: Path, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    words = ["metrics", str(orders), *TOLD, "--batch", "2", "--out", str(out)]
    assert main(words) == 0
    said = capsys.readouterr().err
    for line in (
        "1 order records: unknown, the first is 5",
        "1 order records: double_add, the first is 6",
        "1 order records: beyond, the first is 7",
        "1 order records: dead_modify, the first is 8",
    ):
        assert line in said
    assert main([*words, "--strict"]) == 2
    said = capsys.readouterr().err
    assert "line or record 5 is wrong (it takes off an order that does not stand)" in said
    assert [int(row["index"]) for row in table(out)] == [2, 3]
    for strict in (
        opened(orders).book(1, "event", strict=True),
        opened(orders).metrics(strict=True),
    ):
        with pytest.raises(BookFaultError, match="line or record 5 is wrong"):
            strict.to_arrow()
    assert opened(orders).book(1, "event").to_arrow().num_rows == 8


def opened(path: Path) -> depthbridge.Recorded:
    """By the Python API, as TOLD."""
    return depthbridge.open(path, instrument=TOLD[1], tick_size=TOLD[3])
