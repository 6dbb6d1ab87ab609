"""CSV of order events: rows by hand, and every row of the ES orders against the plain book."""

from itertools import islice
from pathlib import Path

import pytest

from market.errors import FileFormatError, UsageError
from market.instrument import DEFAULT_INSTRUMENTS
from market.ticks import Grid
from recording.entries import FrameEntry
from recording.readers import (
    cells_kernel,
    open_recording,
    order_csv,
    order_csv_kernel,
    order_kernel,
)
from recording.readers.reading import Recording
from recording.readers.registry import detect
from tests.evidence.databento import mbo_events
from tests.recording.helpers import until_error
from tests.reference.mbo_book import MboBook
from tests.reference.order_book import (
    ADD,
    BILLIONTHS,
    CANCEL,
    CLEAR,
    DELETE,
    FILL,
    LAST,
    MODIFY,
    REPLACE,
    OrderBook,
)
from tests.reference.order_files import CSV_HEAD, MIDNIGHT, csv_lines, steps_of
from tests.reference.records import ASK, BID, BUY, ORDER, SELL, TRADE, Rec, recs_of

ES = DEFAULT_INSTRUMENTS.define("ES 03-24")
NAME = "ES 03-24 orders.csv"


def indexed(recording: Recording) -> list[tuple[int, Rec]]:
    """Every record with its index."""
    found: list[tuple[int, Rec]] = []
    for entry in recording:
        if isinstance(entry, FrameEntry):
            assert entry.index is not None
            found += zip(entry.index.tolist(), recs_of(entry.frame), strict=True)
    return found


def written(path: Path, *lines: str, head: str = CSV_HEAD) -> Path:
    path.write_text(head + "".join(f"{line}\n" for line in lines))
    return path


def order(op: int, side: int, price: int, size: int, ref: int, bits: int = LAST) -> Rec:
    return Rec(7, ORDER, side, op, bits, price, size, ref)


@pytest.mark.parametrize(
    ("line", "recs"),
    [
        ("7,add,bid,5,6900.25,3,", [order(ADD, BID, 27601, 3, 5)]),
        ("7,ADD,A,5,6900.25,3,0", [order(ADD, ASK, 27601, 3, 5)]),
        ("7,0,0,5,6900.25,3,", [order(ADD, ASK, 27601, 3, 5)]),
        (
            f"7,add,ask,{2**64 - 1},6900.25,3,",
            [order(ADD, ASK, 27601, 3, 2**64 - 1)],
        ),
        (
            f"7,add,ask,{2**63},6900.30,3,",
            [order(ADD, ASK, 6_900_300_000_000, 3, 2**63, LAST | BILLIONTHS)],
        ),
        ("7,add,ask,5,100000,3,", [order(ADD, ASK, 400_000, 3, 5)]),
        ("7,add,bid,5,0.0001,3,", [order(ADD, BID, 100_000, 3, 5, LAST | BILLIONTHS)]),
        ("7,add,bid,5,-1.25,3,", [order(ADD, BID, -5, 3, 5)]),
        ("7,modify,bid,5,6900.25,3,", [order(MODIFY, BID, 27601, 3, 5)]),
        ("7,modify,,5,6900.25,0,", [order(MODIFY, ASK, 27601, 0, 5)]),
        ("7,cancel,bid,5,6900.25,3,", [order(CANCEL, BID, 27601, 3, 5)]),
        ("7,cancel,,5,,3,", [order(CANCEL, ASK, 0, 3, 5)]),
        ("7,delete,bid,5,6900.25,3,", [order(DELETE, BID, 27601, 3, 5)]),
        ("7,delete,,5,,,", [order(DELETE, ASK, 0, 0, 5)]),
        (
            "7,fill,bid,5,6900.25,3,",
            [Rec(7, TRADE, SELL, 0, 0, 27601, 3), order(FILL, BID, 27601, 3, 5)],
        ),
        (
            "7,fill,ask,5,6900.25,3,",
            [Rec(7, TRADE, BUY, 0, 0, 27601, 3), order(FILL, ASK, 27601, 3, 5)],
        ),
        ("7,fill,,5,,3,", [order(FILL, ASK, 0, 3, 5)]),
        ("7,fill,bid,5,6900.25,0,", [order(FILL, BID, 27601, 0, 5)]),
        (
            "7,replace,bid,5,6900.5,3,6",
            [order(REPLACE, BID, 0, 0, 5, 0), order(ADD, BID, 27602, 3, 6)],
        ),
        ("7,clear,,,,,", [order(CLEAR, ASK, 0, 0, 0)]),
        ("7,clear,bid,0,0,0,0", [order(CLEAR, BID, 0, 0, 0)]),
    ],
)
def test_a_row_of_each_action(tmp_path: Path, line: str, recs: list[Rec]) -> None:
    path = written(tmp_path / NAME, "1,clear,,,,,", line)
    recording = open_recording(path)
    assert recording.format is order_csv.FORMAT
    assert indexed(recording)[1:] == [(2, rec) for rec in recs]


@pytest.mark.parametrize(
    "line",
    [
        "7,add,bid,5,6900.25,,",
        "7,add,bid,5,,3,",
        "7,add,,5,6900.25,3,",
        "7,add,bid,,6900.25,3,",
        "7,add,unknown,5,6900.25,3,",
        "7,add,2,5,6900.25,3,",
        "7,add,bid,5,6900.25,-3,",
        "7,add,bid,5,6900.25,3.5,",
        "7,add,bid,5,6900.0000000001,3,",
        "7,add,bid,5,69OO,3,",
        f"7,add,bid,{2**64},6900.25,3,",
        "7,add,bid,-5,6900.25,3,",
        "7,add,bid,5,6900.25,3",
        "7,add,bid,5,6900.25,3,,",
        ",add,bid,5,6900.25,3,",
        "-7,add,bid,5,6900.25,3,",
        f"{2**62},add,bid,5,6900.25,3,",
        f"{2**63},add,bid,5,6900.25,3,",
        "7,,bid,5,6900.25,3,",
        "7,adds,bid,5,6900.25,3,",
        "7,7,bid,5,6900.25,3,",
        "7,move,bid,5,6900.25,3,",
        "7,modify,bid,5,,3,",
        "7,modify,bid,5,6900.25,,",
        "7,cancel,bid,5,,,",
        "7,cancel,bid,,,3,",
        "7,fill,bid,5,6900.25,,",
        "7,delete,bid,,,,",
        "7,replace,bid,5,6900.25,3,",
        "7,replace,,5,6900.25,3,6",
        "7,replace,bid,5,,3,6",
        "7,replace,bid,,6900.25,3,6",
        "7;add;bid;5;6900.25;3;",
    ],
)
def test_a_row_that_says_no_event_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    good = "1,add,bid,1,6900,1,"
    path = written(tmp_path / NAME, good, line, "", good)
    entries, error = until_error(open_recording(path))
    assert isinstance(error, FileFormatError)
    assert error.line == 2
    assert "line 3" in error.message
    assert sum(len(e.frame.records) for e in entries if isinstance(e, FrameEntry)) == 1
    recording = open_recording(path, tolerant=True)
    assert [index for index, _ in indexed(recording)] == [1, 4]
    assert recording.report.malformed == 1
    assert recording.report.off_grid == recording.report.left_out == 0


@pytest.mark.parametrize(
    ("head", "last", "taken"),
    [
        (CSV_HEAD, "7,add,bid,5,6900.25,3,", True),
        (CSV_HEAD, "7,add,bid,5,6900.25,3,\r", True),
        (CSV_HEAD, "7,add,bid,5,6900.25,3", False),
        (CSV_HEAD, "7,replace,bid,1,6900.25,3,12", False),
        ("time_ns,action,side,order_id,price,size\n", "7,add,bid,5,6900.25,3", False),
        ("time_ns,action,side,order_id,price,size,venue\n", "7,add,bid,5,6900.25,3,XN", True),
        ("time_ns,action,side,order_id,price,size,venue\n", "7,add,bid,5,6900.25,3", False),
    ],
)
def test_a_last_row_without_its_line_end_counts_if_nothing_of_it_can_be_missing(
    tmp_path: Path, head: str, last: str, taken: bool
) -> None:
    path = tmp_path / NAME
    good = "1,add,bid,1,6900,1" + "," * (head.count(",") - 5)
    path.write_bytes(f"{head}{good}\n{last}".encode())
    entries, error = until_error(open_recording(path))
    found = sum(len(e.frame.records) for e in entries if isinstance(e, FrameEntry))
    assert found == 1 + taken
    assert (error is None) == taken
    assert taken or "line 3 has no line end" in str(error)


def test_a_header_that_is_cut_off_is_line_1(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text("time_ns,action,side,order_id,price,size,new_order_id")
    _, error = until_error(open_recording(path))
    assert "line 1 has no line end" in str(error)


def test_columns_in_any_order_with_semicolons_and_a_decimal_comma(tmp_path: Path) -> None:
    head = "Price;Size;Venue;Action;Order_ID;Side;TIME_NS\n"
    path = written(tmp_path / NAME, "6900,25;3;X;add;5;bid;7", head=head)
    assert indexed(open_recording(path)) == [(1, order(ADD, BID, 27601, 3, 5))]
    assert detect(written(tmp_path / "a.csv", head="time_ns,side,price,size\n")).name == "csv"
    path = written(tmp_path / NAME, head="time_ns,action,side,price,size\n")
    with pytest.raises(FileFormatError, match="order_id"):
        list(open_recording(path, format="orders"))


def test_prices_between_two_ticks_are_counted(tmp_path: Path) -> None:
    path = written(
        tmp_path / NAME,
        "1,add,bid,1,6900,1,",
        "1,add,bid,2,6900.01,1,",
        "1,modify,bid,1,6900.02,1,",
        "1,replace,bid,1,6900.03,1,3",
        "1,cancel,bid,3,6900.03,1,",
        "1,fill,bid,2,6900.01,1,",
    )
    recording = open_recording(path)
    assert [rec.kind for _, rec in indexed(recording)] == [ORDER] * 7
    assert recording.report.summary()[1:] == [
        "3 orders at prices between two ticks, the first is line 3",
        "1 trades at prices between two ticks are left out",
    ]


def test_the_instrument_is_asked_for_unless_the_tick_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "ITCH 20260102.csv", "7,add,bid,5,10.01,3,")
    with pytest.raises(UsageError, match="--instrument"):
        list(open_recording(path))
    recording = open_recording(path, tick_size="0.01")
    assert recording.instrument.symbol == "ITCH 20260102"
    assert indexed(recording)[0][1].price == 1001
    assert open_recording(path, instrument="X", tick_size="0.01").instrument.symbol == "X"
    head = f"instrument,{CSV_HEAD}"
    path = written(tmp_path / "a.csv", "ES 03-24,7,clear,,,,,", "NQ 03-24,7,clear,,,,,", head=head)
    entries, error = until_error(open_recording(path))
    assert entries[0].instrument == ES  # type: ignore[union-attr]
    assert isinstance(error, FileFormatError)
    assert error.line == 2


def test_records_of_one_line_lie_in_one_frame(tmp_path: Path) -> None:
    lines = ["7,add,bid,1,6900,1,"]
    lines += [f"7,replace,bid,{i},6900,1,{i + 1}" for i in range(1, 20_000)]
    recording = open_recording(written(tmp_path / NAME, *lines))
    sizes = []
    last = -1
    for entry in recording:
        if isinstance(entry, FrameEntry):
            assert entry.index is not None
            assert entry.index[0] > last
            last = int(entry.index[-1])
            sizes.append(len(entry.frame.records))
    assert last == 20_000
    assert max(sizes) in (4095, 4096)
    assert sum(sizes) == 39_999
    assert order_kernel.MOST_RECORDS == 2
    assert cells_kernel.whole is not cells_kernel.whole64
    assert order_csv_kernel.NEW_ID < 16


@pytest.mark.recordings
def test_every_row_of_the_es_orders_equals_the_plain_book(recorded: Path, tmp_path: Path) -> None:
    source = recorded / "databento" / "es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    events = list(mbo_events(source))
    lines = list(csv_lines(steps_of(events)))
    path = written(tmp_path / NAME, *(line.text.rstrip() for line in lines))
    found = indexed(open_recording(path))
    assert found == [(i, rec) for i, line in enumerate(lines, 1) for rec in line.recs]
    assert {rec.op for _, rec in found if rec.kind == ORDER} == {0, 1, 2, 3, 4, 5}
    assert sum(rec.kind == TRADE for _, rec in found) > 2000
    # The same book as the vendor's records lead to, after each of them that changes it.
    plain, vendors, done = OrderBook(Grid("0.25")), MboBook(), 0
    for line in lines:
        for rec in line.recs:
            plain.apply(rec)
        for event in islice(events, done, line.after + 1):
            vendors.apply(event)
        done = line.after + 1
        if line.after % 8 == 0:
            bids, asks = vendors.top(10)
            scaled = [[(p * 250_000_000, s) for p, s in rows] for rows in (bids, asks)]
            assert list(plain.top(10)) == scaled
    assert plain.faults == {}
    assert done > 68_000
    assert min(rec.time for _, rec in found) == MIDNIGHT
