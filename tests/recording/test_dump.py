"""The dump reader against a plain twin, at every cut, with every decimal, line end and fault."""

import gzip
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import FileFormatError, UsageError
from market.jit import kernel
from market.record import MAX_DT, MAX_RECORDS
from market.ticks import Grid
from recording.entries import Entry, FrameEntry, InstrumentEntry, MakersEntry
from recording.readers import open_recording
from recording.readers.dump import FORMAT
from recording.readers.dump_kernel import parse_dump
from recording.readers.report import Report
from recording.readers.state import CAPACITY, MAX_LINE, new_parser
from recording.readers.text import TextStream
from recording.readers.text_kernel import BAD, civil_days
from recording.readers.zones import zone_table
from tests.recording.helpers import Pieces, rows_of, until_error
from tests.reference.dump_lines import PlainDump, WrongLineError

HEAD = b"L2;1;20231226143000;1800871;0;0;;4799.25;16\n"


def parsed(
    data: bytes, sizes: tuple[int, ...] = (1 << 20,), *, tolerant: bool = False, zone: str = "UTC"
) -> tuple[list[Entry], Report, FileFormatError | None]:
    """What the text stream makes of bytes that come in pieces."""
    report = Report()
    parser = new_parser(Grid(0.25), Grid(1), zone_table(zone))
    source = Pieces(data, sizes)
    stream = TextStream(source, parser, parse_dump, report, tolerant=tolerant)  # type: ignore[arg-type]
    entries: list[Entry] = []
    try:
        for entry in stream:
            entries.append(entry)  # noqa: PERF402 - what came before an error counts
    except FileFormatError as error:
        return entries, report, error
    return entries, report, None


def prices(comma: bool) -> st.SearchStrategy[str]:
    def text(quarter: int, zeros: int) -> str:
        sign = "-" if quarter < 0 else ""
        whole, rest = divmod(abs(quarter), 4)
        fraction = {0: "", 1: "25", 2: "5", 3: "75"}[rest]
        fraction += "0" * zeros if fraction else ""
        return f"{sign}{whole}" + (("," if comma else ".") + fraction if fraction else "")

    numbers = st.one_of(st.integers(19000, 19400), st.integers(-(10**9), 10**9))
    return st.builds(text, numbers, st.integers(0, 3))


@st.composite
def lines(draw: st.DrawFn, comma: bool) -> str:
    day = draw(st.sampled_from(["20231226", "20240310", "20241103", "20240229"]))
    clock = draw(st.sampled_from(["143000", "143001", "000000", "235959", "013000", "023000"]))
    time = f"{day}{clock};{draw(st.integers(0, 9_999_999))}"
    price = draw(prices(comma))
    size = draw(st.one_of(st.integers(0, 300), st.integers(0, 10**12)))
    if draw(st.booleans()):
        return f"L1;{draw(st.integers(0, 9))};{time};{price};{size}"
    maker = draw(st.sampled_from(["", "", "", "NSDQ", "ARCA", "Ünï"]))
    side, op, row = draw(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 255)))
    return f"L2;{side};{time};{op};{row};{maker};{price};{size}"


@st.composite
def dumps(draw: st.DrawFn) -> bytes:
    comma = draw(st.booleans())
    end = draw(st.sampled_from(["\n", "\r\n"]))
    rows = draw(st.lists(lines(comma), max_size=40))
    mark = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    return mark + "".join(row + end for row in rows).encode("utf-8")


def decoded(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The twin reads bytes as latin-1, makers are UTF-8."""
    return [(*row[:-1], str(row[-1]).encode("latin-1").decode()) for row in rows]


ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata"])


@given(dumps(), ZONES, st.lists(st.integers(1, 90), min_size=1, max_size=4))
def test_any_dump_is_read_as_by_the_plain_twin(data: bytes, zone: str, sizes: list[int]) -> None:
    twin = PlainDump(zone).read(data)
    entries, report, error = parsed(data, tuple(sizes), zone=zone)
    assert error is None
    assert rows_of(entries) == decoded(twin.rows)
    assert report.uncarried == twin.uncarried
    assert report.inversions == len(twin.inversions)
    assert report.first_inversion == (twin.inversions[0] if twin.inversions else None)
    assert report.lines == data.count(b"\n")
    assert report.records == len(twin.rows)


@given(dumps(), st.integers(0, 10**9), st.binary(min_size=1, max_size=3), st.booleans())
def test_damaged_bytes_are_judged_as_by_the_plain_twin(
    data: bytes, place: int, damage: bytes, tolerant: bool
) -> None:
    data = data or HEAD
    place %= len(data)
    data = data[:place] + damage + data[place + len(damage) :]
    if not data.endswith(b"\n"):
        data += b"\n"
    twin = PlainDump()
    wrong: int | None = None
    try:
        twin.read(data, tolerant=tolerant)
    except WrongLineError as error:
        wrong = error.number
    entries, report, failed = parsed(data, tolerant=tolerant)
    assert (None if failed is None else failed.line) == wrong
    ours = [row[:-1] for row in rows_of(entries)]
    assert ours == [row[:-1] for row in twin.rows]
    if tolerant:
        assert report.lines == data.count(b"\n")


def sample() -> bytes:
    """A few lines of every kind."""
    return (
        b"L2;0;20231226143000;1800871;0;0;;4799.25;16\r\n"
        b"L2;1;20231226143000;1800871;0;0;MM;4799;16\r\n"
        b"L1;0;20231226143000;5;4799.25;16\r\n"
        b"L1;5;20231226143001;0;0;123456\r\n"
        b"L1;3;20231226143001;10;4801.13;0\r\n"
        b"\r\n"
        b"L1;2;20231226143001;9999999;4799,25;3\r\n"
    )


def test_every_cut_between_two_reads_gives_the_same() -> None:
    data = sample()
    whole = rows_of(parsed(data)[0])
    assert len(whole) == 5
    for cut in range(1, len(data)):
        entries, _, error = parsed(data, (cut, len(data)))
        assert error is None
        assert rows_of(entries) == whole


def test_a_file_cut_at_any_byte_delivers_its_whole_lines_and_names_the_cut_one() -> None:
    data = sample()
    whole = rows_of(parsed(data)[0])
    for cut in range(len(data)):
        entries, _, error = parsed(data[:cut])
        complete = data[:cut].count(b"\n")
        assert rows_of(entries) == [row for row in whole if row[0] < complete]
        if data[:cut].endswith(b"\n") or cut == 0:
            assert error is None
        else:
            assert error is not None
            assert error.line == complete
            assert "cut" in error.message


def test_a_tolerant_reader_takes_a_last_line_without_its_end() -> None:
    data = HEAD + HEAD.strip()
    assert len(rows_of(parsed(data, tolerant=True)[0])) == 2
    entries, report, error = parsed(HEAD + b"L2;1;2023", tolerant=True)
    assert (len(rows_of(entries)), report.malformed, report.first_malformed) == (1, 1, 1)
    assert error is None


def test_an_off_grid_price_is_refused_with_its_line() -> None:
    data = HEAD * 2 + HEAD.replace(b"4799.25", b"4799.3") + HEAD
    entries, _, error = parsed(data)
    assert len(rows_of(entries)) == 2
    assert error is not None
    assert error.line == 2
    assert "line 3" in error.message
    assert "grid" in error.message


@pytest.mark.parametrize(
    "line",
    [
        "L2;2;20231226143000;0;0;0;;1;1",
        "L2;0;20231226143000;0;3;0;;1;1",
        "L2;0;20231226143000;0;0;256;;1;1",
        "L2;0;20231326143000;0;0;0;;1;1",
        "L2;0;20230229143000;0;0;0;;1;1",
        "L2;0;20231226240000;0;0;0;;1;1",
        "L2;0;20231226146000;0;0;0;;1;1",
        "L2;0;20231226143060;0;0;0;;1;1",
        "L2;0;20231226143000;10000000;0;0;;1;1",
        "L2;0;20231226143000;;0;0;;1;1",
        "L2;0;20231226143000;0;0;0;;;1",
        "L2;0;20231226143000;0;0;0;;1;",
        "L2;0;20231226143000;0;0;0;;1;-1",
        "L2;0;20231226143000;0;0;0;;1;1;2",
        "L2;0;20231226143000;0;0;0;;1.;1",
        "L2;0;20231226143000;0;0;0;;1.2.5;1",
        "L2;0;20231226143000;0;0;0;;1e3;1",
        "L2;0;20231226143000;0;0;0;;99999999999999999999;1",
        "L2;0;20231226143000;0;0;0;;1;9999999999999999999",
        "L2;0;20231226143000;0;0;0;;1;1.5",
        "L2;0;20231226143000;0;0;0;" + "m" * 40 + ";1;1",
        "L3;0;20231226143000;0;1;1",
        "L1;0;20231226143000;0;1",
        "L1;:;20231226143000;0;1;1",
        "L1;7;20231226143000;0;x;1",
        "L1;5;20231226143000;0;1;x",
        "time;price",
        "\0",
    ],
)
def test_a_line_that_no_dump_has_is_refused(line: str) -> None:
    entries, _, error = parsed(HEAD + line.encode() + b"\n" + HEAD)
    assert len(rows_of(entries)) == 1
    assert error is not None
    assert error.line == 1


def test_a_line_without_end_is_no_recording() -> None:
    entries, _, error = parsed(HEAD + b"L" * (MAX_LINE * 2))
    assert len(rows_of(entries)) == 1
    assert error is not None
    assert error.line == 1


def test_frames_respect_the_limits_of_their_header() -> None:
    many = HEAD * (MAX_RECORDS + 10)
    late = HEAD.replace(b"143000", b"143005")
    early = HEAD.replace(b"143000", b"142959")
    entries, report, _ = parsed(many + late + early)
    frames = [entry.frame for entry in entries if isinstance(entry, FrameEntry)]
    assert [len(frame.records) for frame in frames] == [MAX_RECORDS, 10, 1, 1]
    assert [frame.seq for frame in frames] == [1, 4097, 4107, 4108]
    assert all(int(frame.records["dt"].max()) <= MAX_DT for frame in frames)
    assert report.inversions == 1
    assert report.first_inversion == MAX_RECORDS + 11


def test_more_records_than_one_call_holds() -> None:
    entries, report, _ = parsed(HEAD * (CAPACITY + 5))
    assert len(rows_of(entries)) == CAPACITY + 5 == report.records


def test_entries_that_are_kept_do_not_change() -> None:
    data = b"".join(
        b"L2;1;20231226143000;%d;1;0;;%d;%d\n" % (i, 4000 + i, i) for i in range(60_000)
    )
    entries, _, _ = parsed(data)
    sizes = np.concatenate(
        [entry.frame.records["size"] for entry in entries if isinstance(entry, FrameEntry)]
    )
    assert np.array_equal(sizes, np.arange(60_000))


def test_market_makers_are_named_before_they_are_used() -> None:
    data = b"".join(HEAD.replace(b";;", b";M%d;" % (i % 50)) for i in range(200))
    entries, _, error = parsed(data, (500,))
    assert error is None
    assert isinstance(entries[0], MakersEntry)
    assert [row[-1] for row in rows_of(entries)] == [f"M{i % 50}" for i in range(200)]


def test_the_aggressor_comes_from_quotes_else_from_the_tick_rule() -> None:
    def line(kind: int, price: float) -> bytes:
        return b"L1;%d;20231226143000;0;%s;1\n" % (kind, str(price).encode())

    data = b"".join(
        [
            line(2, 4799.0),  # nothing known
            line(2, 4799.0),  # unchanged, still nothing known
            line(2, 4799.25),  # up
            line(1, 4799.0),  # only a bid yet
            line(2, 4799.0),  # down
            line(0, 4799.5),
            line(2, 4799.25),  # between: as the trade before, a sell
            line(2, 4799.5),  # at the ask
            line(2, 4799.25),  # between: a buy
            line(2, 4798.75),  # below the bid
        ]
    )
    trades = [row[3:5] for row in rows_of(parsed(data)[0]) if row[2] == 3]
    assert trades == [(2, 4), (2, 4), (1, 3), (0, 3), (0, 2), (1, 2), (1, 2), (0, 2)]


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "instrument", "zone"),
    [
        ("real_fragments_NQ_20211119.csv", "NQ 12-21", "America/New_York"),
        ("real_fragments_ES_20260810.csv", "ES 09-26", "America/Sao_Paulo"),
    ],
)
def test_genuine_fragments_are_read_as_by_the_twin(
    recorded: Path, name: str, instrument: str, zone: str
) -> None:
    path = recorded / "nt8_dump" / name
    recording = open_recording(path, instrument=instrument, time_zone=zone)
    twin = PlainDump(zone).read(path.read_bytes())
    assert rows_of(recording) == decoded(twin.rows)
    assert recording.report.inversions == 0
    assert recording.format is FORMAT


@pytest.mark.recordings
def test_genuine_lines_of_machines_with_a_decimal_comma(recorded: Path, tmp_path: Path) -> None:
    text = (recorded / "nt8_dump" / "real_fragments_misc.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("L") and "1855" not in line]
    path = tmp_path / "NQ 12-24.txt"
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    rows = rows_of(open_recording(path))
    assert [row[6] for row in rows] == [87793, 87790, 68179, 84880, 85117]
    assert rows == decoded(PlainDump().read(path.read_bytes()).rows)


@pytest.mark.recordings
def test_the_hour_of_es_is_read_as_by_the_twin(recorded: Path) -> None:
    path = recorded / "ninjatrader" / "es_20231225_derived_from_mbo.txt"
    recording = open_recording(path)
    entries = list(recording)
    assert rows_of(entries) == PlainDump().read(path.read_bytes()).rows
    first = entries[0]
    assert isinstance(first, InstrumentEntry)
    assert first.instrument.symbol == "ES"
    assert (recording.report.zone, recording.report.zone_origin) == ("UTC", "default")
    assert len(recording.report.notes) == 2, "a line for the instrument, one for the zone"


@kernel
def days_of(day: int) -> int:
    """A fused step runs inside of kernels only."""
    return civil_days(day)  # type: ignore[no-any-return]


def test_the_calendar_is_gregorian() -> None:
    first = date(1970, 1, 1)
    for day in range((date(2201, 1, 1) - first).days):
        moment = first + timedelta(days=day)
        assert days_of(int(moment.strftime("%Y%m%d"))) == day
    for wrong in (19691231, 20230229, 21000229, 20230431, 20231301, 20230001, 20230100, 99):
        assert days_of(wrong) == BAD


def test_an_unknown_instrument_needs_its_tick_size(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSD.txt"
    path.write_bytes(HEAD)
    with pytest.raises(UsageError, match="--instrument"):
        list(open_recording(path))
    with pytest.raises(UsageError, match="--tick-size"):
        list(open_recording(path, instrument="BTCUSD"))
    rows = rows_of(open_recording(path, instrument="BTCUSD", tick_size="0.05"))
    assert rows[0][6] == 95985
    with pytest.raises(UsageError, match=r"0\.25"):
        list(open_recording(path, instrument="ES 12-26", tick_size=0.5))


def test_a_compressed_dump_that_was_cut_delivers_its_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "ES 12-26.txt.gz"
    data = b"".join(HEAD.replace(b";16\n", b";%d\n" % i) for i in range(20_000))
    path.write_bytes(gzip.compress(data)[:-3000])
    entries, error = until_error(open_recording(path))
    rows = rows_of(entries)
    assert 1000 < len(rows) < 20_000
    assert [row[7] for row in rows] == list(range(len(rows)))
    assert isinstance(error, FileFormatError)
    assert error.offset is not None
