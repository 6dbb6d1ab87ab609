"""Recordings for hftbacktest: the book that its rules make of the events is ours."""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depthbridge.cli import main
from depthbridge.inputs import Window
from depthbridge.sample import DUMP
from market.enums import FrameFlag, FrameType, Side, Source
from market.errors import BookFaultError, DataError
from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.record import Frame
from orderbook import OrderBook
from orderbook.books.book import level_records
from recording.backtest import EVENT, Translator
from recording.entries import FrameEntry, GapEntry, InstrumentEntry, SessionEntry
from recording.readers import open_recording
from tests.orderbook.book_streams import ladder_stream, price_levels
from tests.orderbook.test_order_book import crowd
from tests.reference.event_book import BUY, CLEAR, DEPTH, FILL, SELL, SNAPSHOT, EventBook
from tests.reference.order_book import CANCEL, MODIFY
from tests.reference.order_book import FILL as FILLED
from tests.reference.records import ADD, ASK, BID, ORDER, TRADE, Rec, ask, bid, frames_of, trade
from tests.reference.records import SELL as SELLER

LATENCY = 2_000_000
SECOND = 10**9
START = 1_700_000_000 * SECOND


def instrument() -> Instrument:
    found = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert found is not None
    return found


def opening() -> InstrumentEntry:
    return InstrumentEntry(instrument(), Source.LIVE)


def translated(
    recs: Sequence[Rec], limit: int = 4096, window: Window | None = None
) -> list[np.ndarray[Any, Any]]:
    """The events of records, entry by entry."""
    translator = Translator(LATENCY, window)
    found = list(translator.take(opening()))
    for frame in frames_of(recs, limit):
        found += translator.take(FrameEntry(frame))
    return [*found, *translator.finish()]


def book_of(events: Sequence[np.ndarray[Any, Any]]) -> EventBook:
    book = EventBook(0.25)
    for part in events:
        assert part.dtype == EVENT
        book.apply(part)
    return book


def by_time(events: Sequence[np.ndarray[Any, Any]]) -> dict[int, np.ndarray[Any, Any]]:
    """Events by the exchange's time."""
    whole = np.concatenate([*events, np.zeros(0, EVENT)])
    times = np.unique(whole["exch_ts"]).tolist()
    return {time: whole[whole["exch_ts"] == time] for time in times}


def same_after_every_group(recs: Sequence[Rec], limit: int, depth: int = 0) -> EventBook:
    """Our own book and the one of the events agree whenever time has moved on."""
    parts = by_time(translated(recs, limit))
    ours, other = OrderBook(depth or 10), EventBook(0.25)
    clock = 0
    moved = [(max(clock := max(clock, rec.time), 0), rec) for rec in recs]
    for time, group in groupby(moved, key=lambda pair: pair[0]):
        for frame in frames_of([rec for _, rec in group]):
            assert ours.apply(frame.records, frame.base).fault is None
        other.apply(parts.pop(time, np.zeros(0, EVENT)))
        expected = ours.top(depth) if depth else ours.levels()
        assert other.sides == tuple([level for level in side if level[1]] for side in expected)
    assert not parts
    return other


@pytest.mark.parametrize("limit", [1, 7, 4096])
def test_a_ladder_gives_its_levels_after_every_group(limit: int) -> None:
    recs = ladder_stream(3, 3_000)
    other = same_after_every_group(recs, limit, depth=10)
    told = [
        (SELL if r.side == SELLER else BUY, r.price, r.size, r.time)
        for r in recs
        if r.kind == TRADE
    ]
    assert other.trades == told


@settings(max_examples=100)
@given(recs=price_levels(3_000), limit=st.sampled_from((1, 7, 200)))
def test_levels_by_price(recs: list[Rec], limit: int) -> None:
    same_after_every_group(recs, limit)


@pytest.mark.parametrize("limit", [1, 200, 4096])
def test_orders_keep_their_queues(limit: int) -> None:
    recs = [r._replace(time=START + 1_000 * i) for i, r in enumerate(crowd(5, 4_000, 300))]
    other = same_after_every_group(recs, limit)
    ours = OrderBook()
    for frame in frames_of(recs):
        ours.apply(frame.records, frame.base)
    assert len(ours) == len(other.orders) > 100
    for side, name in ((Side.BID, BUY), (Side.ASK, SELL)):
        for ticks, _ in ours.levels()[1 - side]:
            assert ours.queue(side, ticks) == other.queue(name, ticks)
    translator = Translator(0)
    list(translator.take(opening()))
    for frame in frames_of(recs):
        list(translator.take(FrameEntry(frame)))
    list(translator.finish())
    assert translator.faults == {word: n for word, (n, _) in ours.faults.items()}
    assert translator.by_order


def test_within_a_group_trades_come_first_then_what_went_then_what_is_new() -> None:
    recs = [ask(START, ADD, 0, 101, 5), bid(START, ADD, 0, 100, 5)]
    later = START + SECOND
    recs += [
        ask(later, ADD, 0, 100, 3),
        bid(later, 2, 0, 100, 0),
        bid(later, ADD, 0, 99, 7),
        trade(later, SELLER, 100, 5),
    ]
    last = translated(recs)[-1]
    assert [(int(e["ev"]) & 0xFF, e["px"], e["qty"]) for e in last] == [
        (2, 25.0, 5.0),
        (DEPTH, 25.0, 0.0),
        (DEPTH, 24.75, 7.0),
        (DEPTH, 25.0, 3.0),
    ]
    assert (last["exch_ts"] == later).all()
    assert (last["local_ts"] == later + LATENCY).all()


def test_trades_explain_the_fills_that_a_source_does_not_tell() -> None:
    def order(op: int, ref: int, size: int, price: int = 101) -> Rec:
        return Rec(START + SECOND, ORDER, ASK, op, 0, price, size, ref)

    def add(ref: int, size: int, price: int = 101) -> Rec:
        return order(ADD, ref, size, price)._replace(time=START)

    recs = [
        add(1, 5),
        add(2, 4),
        add(3, 9),
        add(4, 2, 102),
        trade(START + SECOND, 1, 101, 7),
        order(CANCEL, 1, 5),
        order(MODIFY, 2, 1),
        order(CANCEL, 4, 2, 102),
    ]
    assert book_of(translated(recs)).filled == [(1, 5), (2, 2)]
    told = [*recs[:5], order(FILLED, 1, 5), order(FILLED, 2, 2), order(MODIFY, 2, 1)]
    assert book_of(translated(told)).filled == [(1, 5), (2, 2)]


def test_a_trade_explains_nothing_of_what_comes_later() -> None:
    def order(time: int, op: int, size: int) -> Rec:
        return Rec(START + time, ORDER, ASK, op, 0, 101, size, 1)

    recs = [order(0, ADD, 9), trade(START + 1, 1, 101, 7), order(1, CANCEL, 2), order(2, CANCEL, 7)]
    assert book_of(translated(recs)).filled == [(1, 2)]


def test_orders_between_two_ticks_are_left_out() -> None:
    half = Rec(START, ORDER, BID, ADD, 2, 100_125_000_000, 5, 7)
    recs = [
        half,
        Rec(START, ORDER, BID, ADD, 0, 400, 5, 8),
        half._replace(op=MODIFY, position=0, price=401, size=6),
        Rec(START, ORDER, BID, MODIFY, 2, 100_125_000_000, 5, 8),
    ]
    book = book_of(translated(recs))
    assert book.sides == ([(401, 6)], [])


def test_receipt_is_the_local_time_where_the_input_says_it() -> None:
    translator = Translator(LATENCY)
    list(translator.take(opening()))
    recs = [ask(START + i * SECOND, ADD, 0, 200 - i, 5) for i in range(4)]
    heard = [START + 5, START + SECOND - 1, START + 4 * SECOND, START + 3 * SECOND]
    events = []
    for frame, at in zip(frames_of(recs, 1), heard, strict=True):
        events += translator.take(FrameEntry(frame), at)
    events += translator.finish()
    local = {int(e["exch_ts"]): int(e["local_ts"]) for e in np.concatenate(events)}
    assert list(local.values()) == [
        START + 5,
        START + SECOND,
        START + 4 * SECOND,
        START + 4 * SECOND,
    ]
    assert (translator.heard, translator.clamped) == (4, 1)


def test_orders_told_again_in_a_snapshot_take_place_when_they_were_heard_of() -> None:
    translator = Translator(LATENCY)
    list(translator.take(opening()))
    day = 86_400 * SECOND
    recs = [
        Rec(START - day, ORDER, BID, ADD, 0, 400, 5, 1),
        Rec(START, ORDER, BID, ADD, 0, 401, 5, 2),
    ]
    events = []
    for frame in frames_of(recs):
        events += translator.take(FrameEntry(frame), START + 9)
    whole = np.concatenate([*events, *translator.finish()])
    assert set(whole["exch_ts"].tolist()) == {START + 9}


def test_a_window_begins_with_the_book_of_its_moment() -> None:
    recs = ladder_stream(4, 3_000)
    middle, last = recs[1_500].time, recs[-1].time
    events = translated(recs, window=Window(middle, last))
    first = events[0]
    assert int(first[0]["ev"]) & 0xFF == CLEAR
    assert {int(e["ev"]) & 0xFF for e in first[1:]} == {SNAPSHOT}
    ours = OrderBook(10)
    for frame in frames_of([rec for rec in recs if rec.time < middle]):
        ours.apply(frame.records, frame.base)
    assert book_of([first]).sides == ours.top(10)
    for frame in frames_of([rec for rec in recs if middle <= rec.time < last]):
        ours.apply(frame.records, frame.base)
    assert book_of(events).sides == ours.top(10)
    assert int(np.concatenate(events)["exch_ts"].min()) >= middle


def test_hours_that_are_left_out_are_bridged_by_a_snapshot() -> None:
    class Holes:
        def mask(self, times: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return (times // (100 * SECOND)) % 2 == 0

        def holds(self, time: int) -> bool:
            return (time // (100 * SECOND)) % 2 == 0

    recs = ladder_stream(8, 4_000)
    translator = Translator(LATENCY, Holes())
    events = list(translator.take(opening()))
    for frame in frames_of(recs, 500):
        events += translator.take(FrameEntry(frame))
    events += translator.finish()
    starts = int((np.concatenate(events)["ev"] & 0xFF == CLEAR).sum())
    assert starts > 2
    ours = OrderBook(10)
    inside = [rec for rec in recs if (rec.time // (100 * SECOND)) % 2 == 0]
    until = inside[-1].time
    for frame in frames_of([rec for rec in recs if rec.time <= until]):
        ours.apply(frame.records, frame.base)
    assert book_of(events).sides == ours.top(10)


def test_a_gap_empties_the_book_until_a_snapshot() -> None:
    recs = ladder_stream(5, 600)
    translator = Translator(LATENCY)
    events = list(translator.take(opening()))
    frames = list(frames_of(recs, 200))
    events += translator.take(FrameEntry(frames[0]))
    events += translator.take(GapEntry("gap"))
    assert book_of(events).sides == ([], [])
    events += translator.take(FrameEntry(frames[1]))
    assert book_of(events).sides == ([], [])
    levels = level_records([(100, 4), (99, 0)], [(102, 5)])
    kind, flag = FrameType.SNAPSHOT, int(FrameFlag.LAST)
    snapshot = Frame(levels, frames[1].base + 9 * SECOND, frames[1].end, kind, flag)
    events += translator.take(FrameEntry(snapshot))
    assert book_of(events).sides == ([(100, 4)], [(102, 5)])
    assert translator.breaks == 1
    events += translator.take(SessionEntry("another"))
    assert book_of(events).sides == ([], [])


def test_time_that_goes_far_back_ends_it() -> None:
    recs = [ask(START, ADD, 0, 101, 5), ask(START - 6 * SECOND, ADD, 0, 100, 5)]
    with pytest.raises(DataError, match="back by more than 5 s"):
        translated(recs)


def test_rows_that_no_market_has_end_it_or_empty_the_book() -> None:
    recs = [bid(START, ADD, 0, 100, 5), bid(START, ADD, 1, 101, 5), bid(START + 1, ADD, 2, 99, 5)]
    with pytest.raises(BookFaultError, match="line or record 3 ") as caught:
        translated(recs, 1)
    assert (caught.value.index, caught.value.seq) == (2, 3)
    translator = Translator(LATENCY, tolerant=True)
    list(translator.take(opening()))
    for frame in frames_of(recs):
        list(translator.take(FrameEntry(frame)))
    list(translator.finish())
    assert translator.breaks == 1


def test_a_fault_costs_nothing_of_what_is_good_around_it() -> None:
    """All in one frame: trades and levels before it, and behind it on an emptied book."""
    recs = [
        bid(START, ADD, 0, 100, 5),
        trade(START, 1, 101, 3),
        bid(START + 1, ADD, 1, 101, 5),
        bid(START + 2, ADD, 0, 98, 7),
        trade(START + 2, SELLER, 98, 2),
        ask(START + 3, ADD, 0, 102, 6),
    ]
    translator = Translator(LATENCY)
    list(translator.take(opening()))
    (frame,) = frames_of(recs)
    before: list[np.ndarray[Any, Any]] = []
    with pytest.raises(BookFaultError):
        before.extend(translator.take(FrameEntry(frame)))
    told = np.concatenate(before)
    assert told[told["ev"] & 0xFF == 2]["qty"].tolist() == [3.0]
    translator = Translator(LATENCY, tolerant=True)
    events = list(translator.take(opening()))
    events += translator.take(FrameEntry(frame))
    events += translator.finish()
    traded = np.concatenate(events)
    traded = traded[traded["ev"] & 0xFF == 2]
    assert traded["qty"].tolist() == [3.0, 2.0]
    assert book_of(events).sides == ([(98, 7)], [(102, 6)])
    assert translator.breaks == 1


# -- the command ---------------------------------------------------------------------------------


def test_the_file_is_what_numpy_would_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sample.npz"
    assert main(["convert", str(DUMP), str(out), "--latency", "2.5"]) == 0
    said = capsys.readouterr()
    assert "tick_size(0.25).lot_size(1.0), with an L2 queue model" in said.out
    assert "2.5 ms after the exchange's" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["sample.npz"]
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == ["data.npy"]
    events = np.load(out)["data"]
    assert (events["local_ts"] - events["exch_ts"] == 2_500_000).all()
    last, found = 0, EventBook(0.25)
    found.apply(events)
    exporter = OrderBook(10)
    for entry in open_recording(DUMP):
        if isinstance(entry, FrameEntry):
            exporter.apply(entry.frame.records, entry.frame.base)
            last += len(entry.frame.records)
    assert found.sides == exporter.top(10)
    assert len(found.trades) > 1_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["out.csv", "--latency", "2"], "--latency goes with --to hftbacktest"),
        (["out.csv", "--to", "hftbacktest"], "files that end in .npz"),
        (["out.npz", "--latency", "-1"], "not 0 to 60000 ms"),
        (["out.npz", "--from", "2027-01-01"], "neither depth nor trades in that part"),
        (["no/folder/out.npz"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    words[0] = str(tmp_path / words[0])
    assert main(["convert", str(DUMP), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.strip().count("\n") == 0
    assert not list(tmp_path.iterdir())


def test_a_damaged_input_delivers_what_came_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recs = ladder_stream(6, 50)
    rows = [
        f"{r.time},{r.kind},{r.side},{r.op},{r.position},{r.price * 0.25},{r.size}" for r in recs
    ]
    text = "time_ns,kind,side,op,position,price,size\n" + "\n".join(rows)
    source = tmp_path / "ES 12-26.csv"
    source.write_text(text + "\nnonsense\n")
    assert main(["convert", str(source), str(tmp_path / "out.npz")]) == 2
    assert "is malformed" in capsys.readouterr().err
    book = EventBook(0.25)
    book.apply(np.load(tmp_path / "out.npz")["data"])
    ours = OrderBook(10)
    for frame in frames_of(recs):
        ours.apply(frame.records, frame.base)
    assert book.sides == ours.top(10)


def test_a_recording_of_orders_that_begins_with_a_state_begins_with_its_queues() -> None:
    """The queues of a checkpoint are there, in their order."""
    from recording.stream import Stream

    recs = [r._replace(time=START + 1_000 * i) for i, r in enumerate(crowd(6, 900, 100))]
    stream = Stream(instrument(), Source.LIVE)
    frames = list(frames_of(recs, 300))
    for frame in frames[:2]:
        stream.apply(FrameEntry(frame))
    translator = Translator(LATENCY)
    events = list(translator.take(opening()))
    events += translator.take(stream.checkpoint("2023-11-14"))
    events += translator.take(FrameEntry(frames[2]))
    events += translator.finish()
    book, ours = book_of(events), OrderBook()
    for frame in frames:
        ours.apply(frame.records, frame.base)
    assert book.sides == ours.levels()
    for side, name in ((Side.BID, BUY), (Side.ASK, SELL)):
        for ticks, _ in ours.levels()[1 - side]:
            assert ours.queue(side, ticks) == book.queue(name, ticks)


def test_the_instrument_says_the_units() -> None:
    translator = Translator(0)
    small = replace(instrument(), tick=type(instrument().tick)("0.1"))
    events = list(translator.take(InstrumentEntry(small, Source.LIVE)))
    for frame in frames_of([ask(START, ADD, 0, 3, 5)]):
        events += translator.take(FrameEntry(frame))
    whole = np.concatenate([*events, *translator.finish()])
    assert whole["px"].tolist() == [0.0, 0.3]
    assert FILL not in (whole["ev"] & 0xFF)
