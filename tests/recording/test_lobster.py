"""LOBSTER messages: lines by hand, seeds, the ES orders message by message against plain books."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import pytest

from depthbridge.cli import main
from market.errors import FileFormatError, UsageError
from market.ticks import Grid
from recording.entries import FrameEntry
from recording.readers import lobster, lobster_kernel, lobster_seed, open_recording
from recording.readers.reading import Recording
from tests.evidence.databento import mbo_events
from tests.recording.helpers import until_error
from tests.reference.mbo_book import MboBook
from tests.reference.order_book import (
    ADD,
    BILLIONTHS,
    CANCEL,
    DELETE,
    FILL,
    LAST,
    Levels,
    OrderBook,
    Row,
    rows_of,
)
from tests.reference.order_files import MIDNIGHT, Line, lobster_lines, steps_of
from tests.reference.records import ASK, BID, BUY, ORDER, SELL, TRADE, UNKNOWN, Rec, recs_of

NAME = "AAPL_2012-06-21_34200000_57600000_message_10.csv"
NS = 10**9
OPEN = int(datetime(2012, 6, 21, 13, 30, tzinfo=UTC).timestamp()) * NS
CENT = Grid("0.01")
NOTHING = Rec(OPEN, ORDER, 0, CANCEL, LAST, 0, 0)
FIRST = lobster_seed.FIRST_SEED


def indexed(recording: Recording) -> list[tuple[int, Rec]]:
    """Every record with its index."""
    found: list[tuple[int, Rec]] = []
    for entry in recording:
        if isinstance(entry, FrameEntry):
            assert entry.index is not None
            found += zip(entry.index.tolist(), recs_of(entry.frame), strict=True)
    return found


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def order(op: int, side: int, price: int, size: int, ref: int, bits: int = LAST) -> Rec:
    return Rec(OPEN, ORDER, side, op, bits, price, size, ref)


def traded(side: int, price: int, size: int) -> Rec:
    return Rec(OPEN, TRADE, side, 4 if side == UNKNOWN else 0, 0, price, size)


@pytest.mark.parametrize(
    ("line", "recs"),
    [
        ("34200,1,7,100,5853300,1", [order(ADD, BID, 58533, 100, 7)]),
        ("34200.000000000,1,7,100,5853300,-1", [order(ADD, ASK, 58533, 100, 7)]),
        (f"34200,1,{2**64 - 1},100,5853300,-1", [order(ADD, ASK, 58533, 100, 2**64 - 1)]),
        ("34200,1,7,100,5853300,1,null", [order(ADD, BID, 58533, 100, 7)]),
        ("34200,1,7,100,1,1", [order(ADD, BID, 100_000, 100, 7, LAST | BILLIONTHS)]),
        ("34200,1,7,100,1000000000,-1", [order(ADD, ASK, 10_000_000, 100, 7)]),
        ("34200,2,7,50,5853300,1", [order(CANCEL, BID, 58533, 50, 7)]),
        ("34200,3,7,50,5853300,-1", [order(DELETE, ASK, 58533, 50, 7)]),
        (
            "34200,4,7,50,5853300,-1",
            [traded(BUY, 58533, 50), order(FILL, ASK, 58533, 50, 7)],
        ),
        (
            "34200,4,7,50,5853300,1",
            [traded(SELL, 58533, 50), order(FILL, BID, 58533, 50, 7)],
        ),
        ("34200,4,7,50,5853350,1", [order(FILL, BID, 585_335_000_000, 50, 7, LAST | BILLIONTHS)]),
        ("34200,5,0,50,5853300,1", [traded(SELL, 58533, 50)]),
        ("34200,5,0,50,5853300,-1", [traded(BUY, 58533, 50)]),
        ("34200,5,0,50,5853350,-1", [NOTHING]),
        ("34200,5,0,0,5853300,-1", [NOTHING]),
        ("34200,6,-1,50,5853300,-1", [traded(UNKNOWN, 58533, 50)]),
        ("34200,7,0,0,-1,-1", [NOTHING]),
        ("34200,7,0,0,0,-1", [NOTHING]),
        ("34200,7,0,0,1,-1", [NOTHING]),
    ],
)
def test_a_message_of_each_type(tmp_path: Path, line: str, recs: list[Rec]) -> None:
    recording = open_recording(written(tmp_path / NAME, "34200,7,0,0,0,-1", line))
    assert recording.format is lobster.FORMAT
    assert indexed(recording)[1:] == [(1, rec) for rec in recs]
    assert recording.report.zone == "America/New_York"


@pytest.mark.parametrize(
    "line",
    [
        "34200,0,7,100,5853300,1",
        "34200,8,7,100,5853300,1",
        "34200,1,7,100,5853300,0",
        "34200,1,7,100,5853300,2",
        "34200,1,7,100,5853300,11",
        "34200,1,7,100,5853300,",
        "34200,1,7,100,5853300",
        "34200,1,7,100,-5853300,1",
        "34200,1,-7,100,5853300,1",
        "34200,1,7,-100,5853300,1",
        "34200,1,7,100.5,5853300,1",
        "34200,1,7,100,585.33,1",
        f"34200,1,{2**64},100,5853300,1",
        "34200.,1,7,100,5853300,1",
        "-1,1,7,100,5853300,1",
        "86400,1,7,100,5853300,1",
        "34200x,1,7,100,5853300,1",
        "34200;1;7;100;5853300;1",
        "34200,1 ,7,100,5853300,1",
    ],
)
def test_a_line_that_is_no_message_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    good = "34200,1,7,100,5853300,1"
    path = written(tmp_path / NAME, good, line, good)
    entries, error = until_error(open_recording(path))
    assert isinstance(error, FileFormatError)
    assert error.line == 1
    assert sum(len(e.frame.records) for e in entries if isinstance(e, FrameEntry)) == 1
    recording = open_recording(path, tolerant=True)
    assert [index for index, _ in indexed(recording)] == [0, 2]
    assert recording.report.malformed == 1


@pytest.mark.parametrize("end", ["", "\r", ",null", ","])
def test_a_last_message_without_its_line_end_is_whole(tmp_path: Path, end: str) -> None:
    line = "34200,1,7,100,5853300,-1"
    path = tmp_path / NAME
    path.write_bytes(f"{line}\n{line}{end}".encode())
    assert [index for index, _ in indexed(open_recording(path))] == [0, 1]
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + f"{line}{end}".encode())
        assert indexed(open_recording(path)) == [(0, order(ADD, ASK, 58533, 100, 7))]


@pytest.mark.parametrize("cut", range(1, 22))
def test_a_last_message_that_is_cut_is_refused(tmp_path: Path, cut: int) -> None:
    line = "34200,1,7,100,5853300,-1"
    path = tmp_path / NAME
    path.write_text(f"{line}\n{line[:-cut]}")
    entries, error = until_error(open_recording(path))
    assert isinstance(error, FileFormatError)
    assert "line 2 has no line end" in error.message
    assert sum(len(e.frame.records) for e in entries if isinstance(e, FrameEntry)) == 1


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("34200.000000001", 1),
        ("34200.1", 100_000_000),
        ("34200.0174596179999", 17_459_618),
        ("34200.9999999995", NS),
        ("34200.9999999994", NS - 1),
        ("34201", NS),
        ("4.5", -34_195_500_000_000),
    ],
)
def test_times_have_any_number_of_decimals(tmp_path: Path, text: str, ns: int) -> None:
    path = written(tmp_path / NAME, f"{text},7,0,0,0,-1")
    assert indexed(open_recording(path))[0][1].time == OPEN + ns


@pytest.mark.parametrize(
    ("name", "given", "midnight"),
    [
        (NAME, None, "2012-06-21T04:00"),
        (NAME, date(2013, 1, 2), "2013-01-02T05:00"),
        ("msg_20240110.csv", None, "2024-01-10T05:00"),
        ("messages.csv", None, "1970-01-01T05:00"),
        ("messages_34200000_57600000.csv", None, "1970-01-01T05:00"),
        ("messages.csv", date(2024, 3, 10), "2024-03-10T04:00"),
    ],
)
def test_the_day_is_said_by_the_caller_or_the_name(
    tmp_path: Path, name: str, given: date | None, midnight: str
) -> None:
    recording = open_recording(written(tmp_path / name, "0,7,0,0,0,-1"), date=given)
    (_, rec), *_ = indexed(recording)
    assert rec.time == int(datetime.fromisoformat(midnight + "+00:00").timestamp()) * NS
    warned = any("1970-01-01: neither" in line for line in recording.report.summary())
    assert warned == midnight.startswith("1970")


def test_a_share_has_ticks_of_a_cent_and_its_own_name(tmp_path: Path) -> None:
    line = "34200,1,7,100,5853300,1"
    path = written(tmp_path / NAME, line)
    assert open_recording(path).instrument.symbol == "AAPL"
    assert open_recording(path).instrument.tick == CENT
    assert open_recording(path, tick_size="0.05").instrument.tick == Grid("0.05")
    assert open_recording(path, instrument="ES 03-24").instrument.point_value == 50
    path = written(tmp_path / NAME.replace("AAPL", "CL"), line)
    assert open_recording(path).instrument.point_value == 1
    assert open_recording(written(tmp_path / "my file.csv", line)).instrument.symbol == "my file"


def seeded(tmp_path: Path, book: str, *lines: str) -> Recording:
    seed = tmp_path / NAME.replace("message", "orderbook")
    seed.write_text(book + "\n" + "5859400,999,5853300,999\n")
    return open_recording(written(tmp_path / NAME, *lines), seed=seed)


BOOK = "5859400,200,5853300,18,5859800,200,5853000,150,1000000000,7,1,8,9999999999,0,-9999999999,0"
SEEDS = [
    order(ADD, ASK, 58594, 200, FIRST, 0),
    order(ADD, BID, 58533, 18, FIRST + 1, 0),
    order(ADD, ASK, 58598, 200, FIRST + 2, 0),
    order(ADD, BID, 58530, 150, FIRST + 3, 0),
    order(ADD, ASK, 10_000_000, 7, FIRST + 4, 0),
    order(ADD, BID, 100_000, 8, FIRST + 5, LAST | BILLIONTHS),
]


def test_the_seed_stands_in_the_place_of_the_first_message(tmp_path: Path) -> None:
    for first in ("34200,1,1,18,5853300,1", "34200,4,1,2,5859400,-1", "34200,7,0,0,0,-1"):
        recording = seeded(tmp_path, BOOK, first, "34200,1,2,5,5853300,1")
        found = indexed(recording)
        assert found == [(0, rec) for rec in SEEDS] + [(1, order(ADD, BID, 58533, 5, 2))]
        assert recording.report.records == 7
    recording = seeded(tmp_path, "9999999999,0,-9999999999,0", "34200,1,1,18,5853300,1")
    assert indexed(recording) == [(0, NOTHING)]


@pytest.mark.parametrize(
    ("lines", "recs", "more"),
    [
        (["2,9,10,5853300,1"], [order(CANCEL, BID, 58533, 10, FIRST + 1)], None),
        (["3,9,10,5853300,1"], [order(CANCEL, BID, 58533, 10, FIRST + 1)], None),
        (
            ["4,9,10,5853300,1"],
            [traded(SELL, 58533, 10), order(FILL, BID, 58533, 10, FIRST + 1)],
            None,
        ),
        # The first message's order is in the seed, not known.
        (["3,1,18,5853300,1"], [order(CANCEL, BID, 58533, 18, FIRST + 1)], None),
        # At most what is left; with nothing left, or no seed there, it is an unknown order's.
        (["3,9,19,5853300,1"], [order(CANCEL, BID, 58533, 18, FIRST + 1)], 2),
        (
            ["3,9,11,5853300,1", "2,8,11,5853300,1", "3,7,1,5853300,1"],
            [
                order(CANCEL, BID, 58533, 11, FIRST + 1),
                order(CANCEL, BID, 58533, 7, FIRST + 1),
                order(DELETE, BID, 58533, 1, 7),
            ],
            3,
        ),
        (["3,9,5,5853300,-1"], [order(DELETE, ASK, 58533, 5, 9)], None),
        (["3,9,5,5853200,1"], [order(DELETE, BID, 58532, 5, 9)], None),
        (["3,9,5,10000000,1"], [order(DELETE, BID, 100_000, 5, 9)], None),
        # Never from a known order, alive or gone, and never for one.
        (
            ["1,9,5,5853300,1", "3,9,5,5853300,1", "3,9,5,5853300,1"],
            [
                order(ADD, BID, 58533, 5, 9),
                order(DELETE, BID, 58533, 5, 9),
                order(DELETE, BID, 58533, 5, 9),
            ],
            None,
        ),
        (
            ["4,9,3,1,1"],
            [order(FILL, BID, 100_000, 3, FIRST + 5, LAST | BILLIONTHS)],
            None,
        ),
        (
            ["4,9,3,1000000000,-1"],
            [traded(BUY, 10_000_000, 3), order(FILL, ASK, 10_000_000, 3, FIRST + 4)],
            None,
        ),
        (["5,9,3,5853300,1"], [traded(SELL, 58533, 3)], None),
    ],
)
def test_what_unknown_orders_lose_the_seed_loses(
    tmp_path: Path, lines: list[str], recs: list[Rec], more: int | None
) -> None:
    recording = seeded(
        tmp_path, BOOK, "34200,1,1,18,5853300,1", *(f"34200,{line}" for line in lines)
    )
    found = indexed(recording)
    assert found[:6] == [(0, rec) for rec in SEEDS]
    assert [rec for _, rec in found[6:]] == recs
    notes = [line for line in recording.report.summary() if "than the seed had left" in line]
    assert len(notes) == (more is not None)
    if more is not None:
        assert notes[0].startswith("1 messages")
        assert notes[0].endswith(f"the first is line {more}")


@pytest.mark.parametrize("ref", [2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1])
def test_a_seed_is_not_taken_for_an_order_of_the_file(tmp_path: Path, ref: int) -> None:
    recording = seeded(
        tmp_path,
        BOOK,
        "34200,7,0,0,0,-1",
        f"34200,1,{ref},5,5853300,1",
        f"34200,3,{ref},5,5853300,1",
    )
    assert indexed(recording)[6:] == [
        (1, order(ADD, BID, 58533, 5, ref)),
        (2, order(DELETE, BID, 58533, 5, ref)),
    ]
    assert all(rec.ref != ref for rec in SEEDS)


def test_ids_are_remembered_in_a_table_that_grows(tmp_path: Path) -> None:
    count = 50_000
    lines = ["34200,7,0,0,0,-1"]
    lines += [f"34200,1,{7 * i + 1},1,5853300,1" for i in range(count)]
    lines += [f"34200,3,{7 * i + 1},1,5853300,1" for i in range(count)]
    lines += ["34200,3,5,1,5853300,1"]
    found = indexed(seeded(tmp_path, BOOK, *lines))
    assert [rec.ref for _, rec in found[6 + count : -1]] == [7 * i + 1 for i in range(count)]
    assert found[-1][1].ref == FIRST + 1
    assert lobster_kernel.SEED == 4


@pytest.mark.parametrize(
    "book",
    ["", "5859400,200,5853300", "ask,200,5853300,18", "5859400,-200,5853300,18", "5859400.5,1,1,1"],
)
def test_what_is_no_order_book_is_refused(tmp_path: Path, book: str) -> None:
    recording = seeded(tmp_path, book, "34200,7,0,0,0,-1")
    with pytest.raises(FileFormatError, match=r"orderbook_10\.csv: line 1"):
        indexed(recording)


def test_a_byte_order_mark_is_no_part_of_a_message(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"\xef\xbb\xbf34200,1,7,100,5853300,1\n")
    assert indexed(open_recording(path)) == [(0, order(ADD, BID, 58533, 100, 7))]
    seed = tmp_path / "orderbook.csv"
    seed.write_bytes(b"\xef\xbb\xbf5853400,7,5853300,9\n")
    found = [rec for _, rec in indexed(open_recording(path, seed=seed))]
    assert [(rec.side, rec.price, rec.size) for rec in found] == [(ASK, 58534, 7), (BID, 58533, 9)]


@pytest.mark.parametrize("line", ["34200,5,0,9,5853300,1", "34200,6,-1,9,5853300,-1"])
def test_a_file_of_messages_that_change_no_book_has_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    path, out = written(tmp_path / NAME, line, line), tmp_path / "out.csv"
    words = ["book", str(path), "--levels", "1", "--out", str(out)]
    assert main([*words, "--every", "event"]) == 0
    assert out.read_text().splitlines()[1:] == [f"{i},{OPEN},,,," for i in range(2)]
    path.write_text("")
    assert main([*words, "--format", "lobster"]) == 2
    assert "no record" in capsys.readouterr().err


def test_a_seed_goes_with_one_message_file(tmp_path: Path) -> None:
    path = written(tmp_path / NAME, "34200,7,0,0,0,-1")
    with pytest.raises(UsageError, match="nothing"):
        indexed(open_recording(path, seed=tmp_path / "nothing.csv"))
    written(tmp_path / "second.csv", "34200,7,0,0,0,-1")
    with pytest.raises(UsageError, match="seed"):
        open_recording(tmp_path, seed=path)
    other = tmp_path / "ES 03-24.csv"
    other.write_text("time_ns,side,price,size\n")
    with pytest.raises(UsageError, match="seed"):
        open_recording(other, seed=path)


@pytest.fixture(scope="module")
def es_lines(recorded: Path) -> list[Line]:
    source = recorded / "databento" / "es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    return list(lobster_lines(steps_of(mbo_events(source))))


@pytest.mark.recordings
def test_every_message_of_the_es_orders_is_the_record_that_it_means(
    recorded: Path, tmp_path: Path, es_lines: list[Line]
) -> None:
    path = tmp_path / "ESH4_2023-12-25_message.csv"
    path.write_text("".join(line.text for line in es_lines))
    found = indexed(open_recording(path, instrument="ES 03-24"))
    assert found == [(i, rec) for i, line in enumerate(es_lines) for rec in line.recs]
    assert min(rec.time for _, rec in found) == MIDNIGHT
    # The same book as the vendor's records lead to.
    source = recorded / "databento" / "es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    plain, vendors, done = OrderBook(Grid("0.25")), MboBook(), 0
    events = list(mbo_events(source))
    for line in es_lines:
        for rec in line.recs:
            plain.apply(rec)
        if line.after < 0:
            continue
        for event in islice(events, done, line.after + 1):
            vendors.apply(event)
        done = line.after + 1
        if line.after % 8 == 0:
            tops = [[(p * 250_000_000, s) for p, s in rows] for rows in vendors.top(10)]
            assert list(plain.top(10)) == tops
    assert plain.faults == {}


def plain_seeded(lines: list[Line], bids: Levels, asks: Levels) -> Iterator[Row]:
    """The rows of a file that begins in the middle, by a plain book that knows what a seed is.

    Seeded size stands as a number beside the known orders; what unknown orders lose comes off it.
    """
    book = OrderBook(Grid("0.25"))
    seed = {(BID, price): size for price, size in bids}
    seed |= {(ASK, price): size for price, size in asks}
    known: set[int] = set()
    for index, line in enumerate(lines):
        for rec in line.recs if index else ():
            if rec.kind == ORDER and rec.op == ADD:
                known.add(rec.ref)
            if rec.kind == ORDER and rec.size and rec.op != ADD and rec.ref not in known:
                key = (rec.side, book.price_of(rec))
                seed[key] = max(seed.get(key, 0) - rec.size, 0)
            else:
                book.apply(rec, index)
        tops = []
        for side, sign in ((BID, -1), (ASK, 1)):
            totals = {price: book.total(side, price) for price in book.queues[side]}
            for (of, price), size in seed.items():
                if of == side and size:
                    totals[price] = totals.get(price, 0) + size
            tops.append(sorted(totals.items(), key=lambda level: sign * level[0])[:10])
        yield Row(index, line.recs[-1].time, *tops)


@pytest.mark.recordings
@pytest.mark.parametrize("levels", [10, 200])
def test_a_file_from_the_middle_equals_the_plain_book_with_a_seed(
    tmp_path: Path, es_lines: list[Line], levels: int
) -> None:
    start = bisect_left(range(len(es_lines)), True, key=lambda i: es_lines[i].after >= 40_000)
    whole = OrderBook(Grid("0.25"))
    for line in es_lines[: start + 1]:
        for rec in line.recs:
            whole.apply(rec)
    lines = es_lines[start : start + 4000]
    bids, asks = whole.top(levels)
    seed = tmp_path / "orderbook.csv"
    cells = []
    for (bid, b), (ask, a) in zip(bids, asks, strict=True):
        cells += [ask // 100_000, a, bid // 100_000, b]
    seed.write_text(",".join(map(str, cells)) + "\n")
    path = tmp_path / "ESH4_2023-12-25_message.csv"
    path.write_text("".join(line.text for line in lines))
    recording = open_recording(path, instrument="ES 03-24", seed=seed)
    rows = list(rows_of(OrderBook(Grid("0.25")), indexed(recording), 10))
    assert rows == list(plain_seeded(lines, bids, asks))
    assert [row.index for row in rows] == list(range(len(lines)))
    if levels == 200:  # all that was there is in the seed: the top is the whole book's
        for line in lines[1:]:
            for rec in line.recs:
                whole.apply(rec)
        assert (rows[-1].bids, rows[-1].asks) == whole.top(10)
