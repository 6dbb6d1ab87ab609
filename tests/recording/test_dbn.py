"""Databento's files: records against the vendor's own decoder, and one form against the other."""

import struct
from pathlib import Path
from typing import Any

import databento_dbn as dbn
import pytest
import zstandard

from market.errors import FileFormatError, UsageError
from market.instrument import DEFAULT_INSTRUMENTS
from recording.entries import FrameEntry
from recording.readers import dbn as reader
from recording.readers import dbn_kernel, open_recording
from recording.readers.reading import Recording
from tests.evidence.databento import decoded, mbo_events
from tests.recording.helpers import until_error
from tests.reference.dbn_files import dbn_file, level_recs, mbo_recs
from tests.reference.mbo_book import LAST, SNAPSHOT, MboBook
from tests.reference.order_book import ADD, BILLIONTHS, CANCEL
from tests.reference.price_book import PriceBook
from tests.reference.records import ASK, BID, ORDER, PRICE, REMOVE, TRADE, Rec, recs_of

NAME = "esh4.dbn"
TICK = 250_000_000
A, B, N = dbn.Side.ASK, dbn.Side.BID, dbn.Side.NONE


def indexed(recording: Recording) -> list[tuple[int, Rec]]:
    """Every record with its index."""
    found: list[tuple[int, Rec]] = []
    for entry in recording:
        if isinstance(entry, FrameEntry):
            assert entry.index is not None
            found += zip(entry.index.tolist(), recs_of(entry.frame), strict=True)
    return found


def mbo(
    action: str, side: Any = B, price: int = 6900 * 10**9, size: int = 3, **more: Any
) -> dbn.MBOMsg:
    words = {"order_id": 5, "ts_event": 7, "instrument_id": 17077, "flags": 0} | more
    return dbn.MBOMsg(
        publisher_id=1,
        price=price,
        size=size,
        action=dbn.Action.from_str(action),
        side=side,
        ts_recv=9,
        **words,
    )


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def undefined(record: dbn.MBOMsg) -> bytes:
    """The record without a price."""
    data = bytearray(bytes(record))
    struct.pack_into("<q", data, 24, 2**63 - 1)
    return bytes(data)


def with_action(letter: bytes, side: bytes = b"B") -> bytes:
    data = bytearray(bytes(mbo("A")))
    data[38:40] = letter + side
    return bytes(data)


def test_who_hears_is_told_when_each_record_was_received(tmp_path: Path) -> None:
    path = written(tmp_path / NAME, dbn_file("mbo", [mbo("R", N), mbo("A"), mbo("C")]))
    recording = open_recording(path)
    recording.hear()
    for _ in range(2):
        received = [
            recording.report.received.tolist()  # type: ignore[union-attr]
            for entry in recording
            if isinstance(entry, FrameEntry)
        ]
        assert received == [[9, 9, 9]]


@pytest.mark.parametrize(
    ("message", "rec"),
    [
        (mbo("A"), Rec(7, ORDER, BID, ADD, 0, 27600, 3, 5)),
        (mbo("A", A, flags=128), Rec(7, ORDER, ASK, ADD, 1, 27600, 3, 5)),
        (mbo("A", order_id=2**64 - 1), Rec(7, ORDER, BID, ADD, 0, 27600, 3, 2**64 - 1)),
        (mbo("A", price=-(10**9)), Rec(7, ORDER, BID, ADD, 0, -4, 3, 5)),
        (mbo("A", price=100_000), Rec(7, ORDER, BID, ADD, BILLIONTHS, 100_000, 3, 5)),
        (mbo("A", price=-100_000), Rec(7, ORDER, BID, ADD, BILLIONTHS, -100_000, 3, 5)),
        (mbo("M", A), Rec(7, ORDER, ASK, 1, 0, 27600, 3, 5)),
        (mbo("M", N), Rec(7, ORDER, ASK, 1, 0, 27600, 3, 5)),
        (mbo("C", flags=130), Rec(7, ORDER, BID, CANCEL, 1, 27600, 3, 5)),
        (undefined(mbo("C")), Rec(7, ORDER, BID, CANCEL, 0, 0, 3, 5)),
        (mbo("R", N, flags=128), Rec(7, ORDER, ASK, 6, 1, 0, 0)),
        (mbo("F"), Rec(7, ORDER, ASK, CANCEL, 0, 0, 0)),
        (mbo("N", flags=128), Rec(7, ORDER, ASK, CANCEL, 1, 0, 0)),
        (mbo("T"), Rec(7, TRADE, 1, 0, 0, 27600, 3)),
        (mbo("T", A), Rec(7, TRADE, 0, 0, 0, 27600, 3)),
        (mbo("T", N), Rec(7, TRADE, 2, 4, 0, 27600, 3)),
        (mbo("T", size=0), Rec(7, ORDER, ASK, CANCEL, 0, 0, 0)),
        (mbo("T", price=6900 * 10**9 + 1, flags=128), Rec(7, ORDER, ASK, CANCEL, 1, 0, 0)),
    ],
)
def test_an_order_message_of_each_action(tmp_path: Path, message: Any, rec: Rec) -> None:
    path = written(tmp_path / NAME, dbn_file("mbo", [mbo("R", N), message, mbo("R", N)]))
    recording = open_recording(path)
    assert recording.format is reader.FORMAT
    assert recording.instrument == DEFAULT_INSTRUMENTS.define("ES 03-24")
    found = indexed(recording)
    assert found[1] == (1, rec)
    assert [index for index, _ in found] == [0, 1, 2]
    assert recording.report.received is None
    if not isinstance(message, bytes) and not rec.position & BILLIONTHS and message.size:
        between = message.price % TICK != 0
        assert between or [rec] == mbo_recs(message)
        assert recording.report.left_out == between


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (with_action(b"X"), "malformed"),
        (with_action(b"A", b"N"), "malformed"),
        (with_action(b"A", b"X"), "malformed"),
        (undefined(mbo("A")), "malformed"),
        (undefined(mbo("M")), "malformed"),
        (mbo("A", price=9_100_000_000_000_001), "malformed"),
        (mbo("A", ts_event=2**64 - 1), "malformed"),
        (mbo("A", ts_event=2**62), "malformed"),
        (bytes(mbo("A"))[:0] + b"\x0d" + bytes(mbo("A"))[1:52], "malformed"),
    ],
)
def test_a_record_that_says_no_event_is_refused_with_its_number(
    tmp_path: Path, message: Any, word: str
) -> None:
    path = written(tmp_path / NAME, dbn_file("mbo", [mbo("A"), message, mbo("C")]))
    entries, error = until_error(open_recording(path))
    assert isinstance(error, FileFormatError)
    assert error.line == 1
    assert f"record 2 is {word}" in error.message
    assert sum(len(e.frame.records) for e in entries if isinstance(e, FrameEntry)) == 1
    recording = open_recording(path, tolerant=True)
    assert [index for index, _ in indexed(recording)] == [0, 2]
    assert recording.report.malformed == 1


def test_where_a_length_is_none_reading_ends(tmp_path: Path) -> None:
    data = dbn_file("mbo", [mbo("A"), b"\x00" * 56, mbo("C")])
    for tolerant in (False, True):
        recording = open_recording(written(tmp_path / NAME, data), tolerant=tolerant)
        entries, error = until_error(recording)
        assert sum(len(e.frame.records) for e in entries if isinstance(e, FrameEntry)) == 1
        assert isinstance(error, FileFormatError)
        assert "record 2 says that it has no length" in error.message
    path = written(tmp_path / NAME, dbn_file("mbo", [mbo("A"), mbo("C")])[:-1])
    _, error = until_error(open_recording(path))
    assert error is not None
    assert "record 2 has no end" in str(error)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"DBN\x04" + bytes(200), "version 4"),
        (b"DBN\x00" + bytes(200), "version 0"),
        (b"DBN\x03\xff\xff\xff\xff" + bytes(200), "bytes of metadata"),
        (b"DBN\x03\x60\x01\x00\x00" + bytes(200), "cut at byte 200"),
        (b"DBN\x03\x64\x00\x00\x00" + b"\xff" * 200, "metadata"),
        (dbn_file("ohlcv-1s", []), "schema ohlcv-1s"),
    ],
)
def test_what_is_no_readable_file_is_refused(tmp_path: Path, data: bytes, word: str) -> None:
    with pytest.raises(FileFormatError, match=word):
        list(open_recording(written(tmp_path / NAME, data)))
    with pytest.raises(FileFormatError, match="no DBN file"):
        list(open_recording(written(tmp_path / NAME, b"hello, world"), format="dbn"))


def test_one_instrument_of_several_is_chosen(tmp_path: Path) -> None:
    records = [mbo("A"), mbo("A", instrument_id=9, order_id=6), mbo("C")]
    path = written(tmp_path / NAME, dbn_file("mbo", records, {"ESH4": 17077, "ESM4": 9}))
    with pytest.raises(UsageError, match="holds ESH4, ESM4; name one with --instrument"):
        list(open_recording(path))
    for name in ("ESM4", "ES 06-24"):
        recording = open_recording(path, instrument=name)
        assert recording.instrument.symbol == "ES 06-24"
        assert [(index, rec.ref) for index, rec in indexed(recording)] == [(1, 6)]
        assert recording.report.summary() == ["2 records of other instruments"]
    path = written(tmp_path / NAME, dbn_file("mbo", records[:1], {"ES.c.0": 17077}))
    assert open_recording(path).instrument.symbol == "ES"
    path = written(tmp_path / NAME, dbn_file("mbo", records[:1], {"AAPL": 17077}))
    with pytest.raises(UsageError, match="AAPL is not a known instrument; pass --tick-size"):
        list(open_recording(path))
    assert indexed(open_recording(path, tick_size="0.01"))[0][1].price == 690_000


def test_records_of_other_types_are_counted_through(tmp_path: Path) -> None:
    system = dbn.SystemMsg(ts_event=1, msg="hello")
    path = written(tmp_path / NAME, dbn_file("mbo", [system, mbo("A"), system, mbo("C")]))
    recording = open_recording(path)
    assert [index for index, _ in indexed(recording)] == [1, 3]
    assert recording.report.lines == 4


def test_levels_between_two_ticks_are_refused(tmp_path: Path) -> None:
    pair = dbn.BidAskPair(bid_px=6900 * 10**9, ask_px=6900 * 10**9 + 1, bid_sz=1, ask_sz=1)
    words = {"publisher_id": 1, "instrument_id": 17077, "ts_event": 7, "size": 1, "depth": 0}
    message = dbn.MBP1Msg(**words, price=1, action=dbn.Action.ADD, side=A, ts_recv=1, levels=pair)
    _, error = until_error(open_recording(written(tmp_path / NAME, dbn_file("mbp-1", [message]))))
    assert error is not None
    assert "not on the instrument's grid" in str(error)
    empty = dbn.MBP1Msg(
        **words, price=1, action=dbn.Action.ADD, side=A, ts_recv=1, levels=dbn.BidAskPair()
    )
    found = indexed(open_recording(written(tmp_path / NAME, dbn_file("mbp-1", [empty, empty]))))
    assert found == [(i, Rec(7, PRICE, ASK, REMOVE, 0, 0, 0)) for i in (0, 1)]
    assert dbn_kernel.TYPES["mbp-1"] == 1


def plain_recs(path: Path) -> list[tuple[int, Rec]]:
    """What a file means, by the vendor's decoder and in plain words."""
    before: tuple[dict[int, int], dict[int, int]] = ({}, {})
    found: list[tuple[int, Rec]] = []
    for index, message in enumerate(decoded(path)):
        single = isinstance(message, dbn.MBOMsg | dbn.TradeMsg)
        recs = mbo_recs(message) if single else level_recs(message, before)
        found += [(index, rec) for rec in recs]
    return found


@pytest.mark.recordings
@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("schema", ["mbo", "mbp-1", "mbp-10", "trades"])
def test_the_vendors_files_of_all_versions(
    recorded: Path, tmp_path: Path, schema: str, version: int
) -> None:
    packed = recorded / "databento" / "dbn_tests" / f"test_data.{schema}.v{version}.dbn.zst"
    recording = open_recording(packed)
    assert recording.format.name == "dbn"
    found = indexed(recording)
    assert found == plain_recs(packed)
    assert len({index for index, _ in found}) == 2
    raw = zstandard.ZstdDecompressor().stream_reader(packed.read_bytes()).read()
    assert raw[3] == version
    plain = written(tmp_path / NAME, raw)
    assert indexed(open_recording(plain)) == found


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("esh4-glbx-mdp3-20231225.mbo.dbn.zst", 68_792),
        ("esh4-glbx-mdp3-20231224.mbo.dbn.zst", 8_725),
        ("orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst", 13_796),
        ("futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst", 2_288),
        ("futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst", 120),
    ],
)
def test_every_record_of_es(recorded: Path, name: str, rows: int) -> None:
    path = recorded / "databento" / "es" / name
    recording = open_recording(path)
    found = indexed(recording)
    assert found == plain_recs(path)
    assert len({index for index, _ in found}) == recording.report.lines == rows


@pytest.mark.recordings
def test_the_trades_file_is_the_trades_of_the_quotes_file(recorded: Path) -> None:
    folder = recorded / "databento" / "es"
    trades, quotes = (
        [rec for _, rec in indexed(open_recording(next(folder.glob(name)))) if rec.kind == TRADE]
        for name in ("futures_trades_*", "futures_mbp-1_*")
    )
    assert trades == quotes
    assert len(trades) == 120


@pytest.fixture(scope="module")
def mbp10(recorded: Path) -> tuple[bytes, list[Any]]:
    """An mbp-10 file of the ES orders: ten levels after each event; and these levels."""
    source = recorded / "databento" / "es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    book, messages, tops = MboBook(), [], []
    for event in mbo_events(source):
        book.apply(event)
        if not event.flags & LAST or event.flags & SNAPSHOT:
            continue
        bids, asks = book.top(10)
        pairs = []
        for row in range(10):
            words = {}
            for name, levels in (("bid", bids), ("ask", asks)):
                if row < len(levels):
                    words |= {f"{name}_px": levels[row][0] * TICK, f"{name}_sz": levels[row][1]}
            pairs.append(dbn.BidAskPair(**words))
        messages.append(
            dbn.MBP10Msg(
                1, 17077, event.time, event.price * TICK, event.size, dbn.Action.MODIFY,
                B if event.side == "B" else A, 0, event.time, levels=pairs,
            )
        )  # fmt: skip
        tops.append((event.time, bids, asks))
    return dbn_file("mbp-10", messages), tops


@pytest.mark.recordings
def test_ten_levels_equal_the_order_file_after_every_event(
    tmp_path: Path, mbp10: tuple[bytes, list[Any]]
) -> None:
    data, tops = mbp10
    found = indexed(open_recording(written(tmp_path / NAME, data)))
    book = PriceBook()
    place = 0
    for index, (time, bids, asks) in enumerate(tops):
        while place < len(found) and found[place][0] == index:
            assert found[place][1].time == time
            book.apply([found[place][1]])
            place += 1
        assert book.top(11) == (bids, asks)
    assert place == len(found)
    assert len(tops) == 47_022
