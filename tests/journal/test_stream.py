"""What each entry does to a stream."""

from typing import Any

import numpy as np
import pytest

from market.enums import FrameFlag, FrameType, Kind, Phase, Source
from market.errors import MalformedError
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame, Records
from orderbook import Parameters
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    MakersEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.messages import metrics_message
from recording.stream import Stream

SECOND = 1_000_000_000
START = 1_795_099_800 * SECOND
INSTRUMENT = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
BAR = {"series": {"type": "minute", "value": 1}, "time": START, "open": 2.0, "high": 3.0}
BAR |= {"low": 1.0, "close": 2.5, "volume": 4.0, "delta": None}


def book(seq: int = 1, *, snapshot: bool = False, time: int = START) -> FrameEntry:
    records = np.zeros(20, RECORD)
    records["side"] = np.repeat([0, 1], 10)
    rows = np.tile(np.arange(10), 2)
    records["position"] = rows
    records["price"] = np.where(records["side"] == 1, 27_249 - rows, 27_250 + rows)
    records["size"] = 10
    if snapshot:
        return FrameEntry(Frame(records, time, seq, FrameType.SNAPSHOT, int(FrameFlag.LAST)))
    return FrameEntry(Frame(records, time, seq))


def trades(seq: int, time: int, count: int = 1) -> FrameEntry:
    records: Records = np.zeros(count, RECORD)
    records["kind"], records["side"], records["price"], records["size"] = Kind.TRADE, 1, 27_250, 5
    return FrameEntry(Frame(records, time, seq))


def bad(seq: int, time: int) -> FrameEntry:
    """Two bids at one price, then a trade of a later time."""
    records = np.zeros(2, RECORD)
    records["kind"], records["op"] = (Kind.DEPTH_POSITION, Kind.TRADE), (1, 0)
    records["side"], records["position"], records["size"] = 1, (3, 0), 5
    records["price"], records["dt"] = (27_249, 27_250), (0, 10)
    return FrameEntry(Frame(records, time, seq))


@pytest.fixture
def stream() -> Stream:
    assert INSTRUMENT is not None
    made = Stream(INSTRUMENT)
    made.apply(InstrumentEntry(INSTRUMENT, Source.LIVE))
    made.apply(SessionEntry("one"))
    made.apply(book())
    made.apply(ClockEntry(START + 1))
    return made


def cvd(stream: Stream) -> Any:
    return stream.analyzer.calculate_metrics()["cvd"]


def test_a_snapshot_that_was_cut_off_by_a_restart_is_none(stream: Stream) -> None:
    whole = book(21, snapshot=True).frame
    half = whole._replace(records=whole.records[:10], flags=0)
    stream.apply(FrameEntry(half))
    stream.apply(PhaseEntry("stale", "silent"))
    stream.apply(FrameEntry(half))
    stream.apply(FrameEntry(whole._replace(records=whole.records[10:])))
    assert [len(side) for side in stream.analyzer.best(20)] == [10, 10]


def test_a_frame_emits_a_row_and_moves_the_number(stream: Stream) -> None:
    result = stream.apply(trades(21, START + SECOND))
    assert (result.applied, result.fault, result.emits, result.publishes) == (1, None, True, True)
    assert result.row is not None
    assert int(result.row[0]["seq"]) == 21
    assert (stream.expected, stream.phase) == (22, Phase.SYNCED)


def test_a_fault_breaks_the_stream_until_a_snapshot(stream: Stream) -> None:
    stream.apply(trades(21, START + SECOND))
    result = stream.apply(bad(22, START + 2 * SECOND))
    assert (result.applied, result.fault, result.publishes) == (1, "unsorted", True)
    assert (stream.broken, stream.phase, stream.expected) == (True, Phase.STALE, 24)
    held = stream.apply(trades(24, START + 3 * SECOND))
    assert (held.applied, held.emits, held.publishes) == (0, False, False)
    assert stream.expected == 25
    assert stream.analyzer.clock < START + 3 * SECOND, "what is held reaches nothing"
    healed = stream.apply(book(25, snapshot=True, time=START + 4 * SECOND))
    assert (healed.applied, healed.publishes, stream.broken) == (20, True, False)
    stream.apply(trades(25, START + 5 * SECOND))
    assert cvd(stream) == 10, "the trades of the fault's frame and of the held one do not count"


def test_a_snapshot_counts_when_it_is_whole(stream: Stream) -> None:
    whole = book(21, snapshot=True).frame
    parts = [
        whole._replace(records=whole.records[10:], flags=0),
        whole._replace(records=whole.records[:10]),
    ]
    other = whole._replace(records=whole.records[:5], seq=30, flags=0)
    stream.apply(PhaseEntry("stale", "checksum"))
    assert not stream.apply(FrameEntry(other)).publishes
    assert not stream.apply(FrameEntry(parts[0])).publishes
    assert stream.broken
    assert stream.apply(FrameEntry(parts[1])).applied == 20
    assert stream.analyzer.top(1) == ([(27_249, 10)], [(27_250, 10)])


@pytest.mark.parametrize("reason", ["gap", "silent"])
def test_doubt_ends_with_the_next_record(stream: Stream, reason: str) -> None:
    assert stream.apply(PhaseEntry("stale", reason)).publishes
    assert (stream.phase, stream.broken) == (Phase.STALE, False)
    assert b"best_bid" not in metrics_message(stream)
    assert not stream.apply(PhaseEntry("stale", reason)).publishes, "said once"
    assert stream.apply(trades(21, START + SECOND)).applied == 1
    assert stream.phase is Phase.SYNCED
    assert b"best_bid" in metrics_message(stream)


@pytest.mark.parametrize(
    "entry", [GapEntry("gap", 21, 30), PhaseEntry("stale", "reset"), PhaseEntry("stale", "feed")]
)
def test_what_only_a_snapshot_heals(stream: Stream, entry: Any) -> None:
    stream.apply(entry)
    assert (stream.broken, stream.phase) == (True, Phase.STALE)
    assert stream.apply(trades(31, START + SECOND)).applied == 0
    stream.apply(book(32, snapshot=True, time=START + 2 * SECOND))
    assert not stream.broken
    assert stream.analyzer.calculate_metrics()["complete"] is False


def test_another_session_begins_with_an_empty_book(stream: Stream) -> None:
    stream.apply(trades(21, START + SECOND))
    stream.apply(SessionEntry("one"))
    assert stream.expected == 22
    stream.apply(SessionEntry("two"))
    assert (stream.expected, stream.broken) == (1, False)
    assert stream.analyzer.top(10) == ([], [])
    stream.apply(trades(1, START + 2 * SECOND))
    assert cvd(stream) == 10, "the session's sums go on"


def test_settings_go_on_from_here(stream: Stream) -> None:
    other = Parameters.from_mapping({"clusters": {"on_factor": 4}})
    stream.apply(SettingsEntry(other.to_mapping(), other.config_hash))
    assert (stream.parameters, stream.config) == (other, other.config_hash)
    assert other.config_hash.encode() in metrics_message(stream)


def test_another_run_begins_fresh(stream: Stream) -> None:
    assert INSTRUMENT is not None
    other = Parameters.from_mapping({"clusters": {"on_factor": 4}})
    stream.apply(SettingsEntry(other.to_mapping(), other.config_hash))
    stream.apply(InstrumentEntry(INSTRUMENT, Source.LIVE))
    assert stream.analyzer.top(10) == ([], [])
    assert (stream.parameters, stream.expected, stream.analyzer.clock) == (Parameters(), 1, 0)


def test_bars_take_a_number_and_are_checked_beforehand(stream: Stream) -> None:
    stream.require_bar(BAR)
    stream.apply(BarEntry(21, BAR))
    assert stream.expected == 22
    for wrong in ({"high": 1.5, "time": START + 1}, {"time": START}, {"time": START - 1}):
        with pytest.raises(MalformedError):
            stream.require_bar({**BAR, **wrong})
    stream.require_bar({**BAR, "series": {"type": "minute", "value": 5}})


@pytest.mark.parametrize("again", ["another run", "time went back", "playback"])
def test_bars_that_are_told_again_begin_their_series_anew(stream: Stream, again: str) -> None:
    """Refused, each of them would cost the publisher a snapshot and what had queued up with it."""

    def tell(minute: int, close: float = 2.0) -> None:
        values = {**BAR, "time": START + minute, "close": close, "high": max(close, BAR["high"])}
        stream.require_bar(values)
        stream.apply(BarEntry(stream.expected, values))

    bars = stream.analyzer.bars
    for minute in range(1, 31):
        tell(minute, minute)
    with pytest.raises(MalformedError):
        tell(30)
    if again == "playback":
        stream.source = Source.PLAYBACK
    elif again == "another run":
        stream.apply(SessionEntry("two", seq=stream.expected))
    else:
        earlier = Frame(np.zeros(1, RECORD), START - 10**10, stream.expected)
        assert stream.apply(FrameEntry(earlier)).rewound
    before = bars["minute 1"].freeze()
    tell(30, 9.0)
    assert bars["minute 1"].freeze() == before, "the last one told again"
    tell(5)
    assert len(bars["minute 1"].freeze()["closes"]) == 1
    if again == "playback":
        return
    with pytest.raises(MalformedError):
        tell(5)
    stream.apply(SessionEntry("three", seq=stream.expected))
    tell(6)
    with pytest.raises(MalformedError):
        tell(5)


def test_makers_are_kept(stream: Stream) -> None:
    stream.apply(MakersEntry(("NSDQ",)))
    assert stream.makers == ("NSDQ",)


def told(seq: int, first: int, count: int, time: int = START, *, last: bool = False) -> FrameEntry:
    """Part of a back-fill: places ``first`` on, each of size 5."""
    entry = trades(seq, time, count)
    entry.frame.records["ref"] = np.arange(first, first + count)
    flags = int(FrameFlag.HISTORICAL) | (int(FrameFlag.LAST) if last else 0)
    return FrameEntry(entry.frame._replace(flags=flags))


def sums(stream: Stream) -> tuple[Any, Any]:
    row = stream.analyzer.read()[0]
    return float(row["cvd"]), bool(row["complete"])


def test_a_back_fill_makes_one_row_at_its_end_and_heals_the_sums(stream: Stream) -> None:
    stream.apply(GapEntry("gap", 21, 30))
    stream.apply(book(31, snapshot=True, time=START + 2))
    assert not sums(stream)[1]
    result = stream.apply(told(31, 1, 3))
    assert (result.emits, result.publishes, stream.expected) == (False, False, 34)
    result = stream.apply(told(34, 4, 2, last=True))
    assert (result.emits, result.publishes, stream.expected) == (True, True, 36)
    assert result.row is not None
    assert (float(result.row[0]["cvd"]), bool(result.row[0]["complete"])) == (25.0, True)
    assert int(result.row[0]["seq"]) == 35
    assert stream.analyzer.clock == START + 2


@pytest.mark.parametrize("end", [
    GapEntry("gap", 34, 40),
    PhaseEntry("stale", "checksum"),
    SessionEntry("two"),
])  # fmt: skip
def test_what_makes_the_book_wrong_voids_the_list(stream: Stream, end: Entry) -> None:
    stream.apply(told(21, 1, 3))
    stream.apply(end)
    stream.apply(book(41, snapshot=True, time=START + 2))
    stream.apply(told(41, 4, 2, last=True))
    assert not sums(stream)[1]
    stream.apply(told(43, 1, 5, last=True))
    assert sums(stream) == (25.0, True)


def test_a_broken_stream_only_numbers_a_back_fill(stream: Stream) -> None:
    stream.apply(trades(21, START + 3))
    stream.apply(PhaseEntry("stale", "checksum"))
    stream.apply(told(22, 1, 3, last=True))
    assert (stream.expected, sums(stream)) == (25, (5.0, False))


def test_missing_numbers_that_come_late_leave_the_list_whole(stream: Stream) -> None:
    stream.apply(GapEntry("gap", 21, 30))
    stream.apply(book(31, snapshot=True, time=START + 2))
    stream.apply(told(31, 1, 3))
    stream.apply(PhaseEntry("stale", "gap"))
    stream.apply(told(34, 4, 1, last=True))
    assert sums(stream) == (20.0, True)
