"""Journals of all kinds of entries: as Hypothesis makes them up, as a server would write them."""

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from market.enums import FrameFlag, FrameType, Source
from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.record import RECORD, Frame
from market.session import calendar_for
from recording.entries import (
    BarEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import JournalWriter, RollRules
from recording.stream import Stream
from wire.frames import encode_frame

NS = 10**9
ES = DEFAULT_INSTRUMENTS.define("ES 12-26")
COIN = DEFAULT_INSTRUMENTS.define("ETH-PERP", "0.01", "0.001")
FINE = DEFAULT_INSTRUMENTS.define("ODD", "0.0000007", "3")
MONDAY = 1_794_841_200 * NS  # 16 November 2026, 15:00 UTC
DAY = 86_400 * NS


@st.composite
def frames(draw: st.DrawFn, *, most: int = 6) -> Frame:
    """Any frame that a decoder takes."""
    count = draw(st.integers(0, most))
    rows = np.zeros(count, RECORD)
    snapshot = draw(st.booleans())
    edge = draw(st.booleans())
    top = 2**53 - 1 if edge else 10**6
    for i in range(count):
        kind = draw(st.sampled_from((0, 1, 4) if snapshot else (0, 1, 2, 3, 4)))
        op = 0 if snapshot else draw(st.integers(0, {0: 2, 1: 2, 2: 1, 3: 4, 4: 6}[kind]))
        side = draw(st.integers(0, 2 if kind == 3 else 1))
        price = draw(st.integers(-top, top))
        if (kind, op) == (2, 1):
            side = price = 0
        row = draw(st.integers(0, 1 if kind == 4 else 255))
        dt = draw(st.integers(0, 2**32 - 1))
        ref = draw(st.integers(0, 2**64 - 1))
        rows[i] = (dt, kind, side, op, row, price, draw(st.integers(0, top)), ref)
    flags = draw(st.sampled_from([0, FrameFlag.LAST, FrameFlag.REPLY_NOW]))
    return Frame(
        rows,
        draw(st.integers(0, 2**61)),
        draw(st.integers(0, 2**62)),
        int(FrameType.SNAPSHOT if snapshot else FrameType.EVENTS),
        int(flags),
        draw(st.integers(0, 255)),
        draw(st.sampled_from([0, 1, MONDAY, 2**63 - 1, -(2**63)])),
    )


def entries() -> st.SearchStrategy[Entry]:
    """Any entry but an instrument's."""
    words = st.text(max_size=8)
    values = st.dictionaries(words, st.integers(-(2**53), 2**53) | st.floats(allow_nan=False))
    return st.one_of(
        frames().map(FrameEntry),
        frames().map(FrameEntry),
        st.builds(ClockEntry, st.integers(0, 2**62)),
        st.builds(BarEntry, st.integers(1, 2**53), values),
        st.builds(GapEntry, words, st.integers(-1, 2**53), st.integers(-1, 2**53)),
        st.builds(PhaseEntry, st.sampled_from(["stale", "paused"]), words),
        st.builds(SessionEntry, words, words, st.integers(1, 2**53), st.just({"useL3": True})),
        st.builds(SettingsEntry, values.map(lambda v: {"x": v}), words),
        st.builds(HoldEntry, st.booleans()),
        st.builds(MakersEntry, st.lists(words, max_size=3).map(tuple)),
    )


def instruments() -> st.SearchStrategy[Instrument]:
    return st.sampled_from([ES, COIN, FINE])


def plain(entry: Entry) -> object:
    """An entry as something that compares by content."""
    return encode_frame(entry.frame) if isinstance(entry, FrameEntry) else entry


def events(time: int, seq: int, count: int = 4, **fields: Any) -> FrameEntry:
    """Quotes and trades, one after the other."""
    rows = np.zeros(count, RECORD)
    rows["dt"] = np.arange(count) * 1000
    rows["kind"] = np.where(np.arange(count) % 2, 3, 0)
    rows["position"] = np.where(rows["kind"] == 0, np.arange(count) % 10, 0)
    rows["price"] = 27_000 + np.arange(count) % 7
    rows["size"] = seq + np.arange(count)
    return FrameEntry(Frame(rows, time, seq, FrameType.EVENTS, 0, 0, time + 2_000_000, **fields))


def write_days(
    folder: Path,
    *,
    days: int = 3,
    frames: int = 12,
    instrument: Instrument = ES,
    source: Source = Source.LIVE,
    size: int = 1500,
    checkpoints: bool = False,
) -> JournalWriter:
    """A journal of several trade dates in small segments, with control entries between frames.

    ``checkpoints``: each segment carries one, as a server's do.
    """
    writer = JournalWriter(
        folder, instrument, source, calendar_for("cme_equity"), rules=RollRules(size=size)
    )
    if checkpoints:
        stream = Stream(instrument, source)
        writer.at_begin = lambda _: [stream.checkpoint(writer.trade_date)]
        writer.digest = lambda: bytes(range(32))
    writer.write(InstrumentEntry(instrument, source), MONDAY)
    writer.write(SettingsEntry({"clusters": {"grid_ms": 100}}, "ab12"), MONDAY)
    seq = 1
    for day in range(days):
        start = MONDAY + day * DAY
        writer.write(SessionEntry(f"s{day}", "test", seq), start)
        for number in range(frames):
            time = start + number * NS
            entry = events(time, seq)
            writer.write(
                entry, time + 2_500_000, encode_frame(entry.frame, deflate=number % 3 == 0)
            )
            seq = entry.frame.end
            if number % 4 == 1:
                writer.write(ClockEntry(time + NS // 2), time + NS // 2)
                writer.write(BarEntry(seq, {"open": 0.1, "time": time, "close": 6900.25}), time)
                seq += 1
            if number == 5:
                writer.write(PhaseEntry("stale", "gap"), time)
                writer.write(GapEntry("gap", seq, seq + 2), time)
                seq += 3
    writer.close(MONDAY + days * DAY)
    return writer
