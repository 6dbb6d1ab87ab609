"""What is on disk: days, gaps, lag, coverage, and the segments that a day's book needs."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from market.enums import FrameFlag, FrameType, Kind, Source
from market.errors import UsageError
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame
from market.session import calendar_for
from recording.catalogue import days, find_recording, summarise
from recording.entries import Entry, FrameEntry, GapEntry, InstrumentEntry, PhaseEntry
from recording.journal import JournalWriter

NS = 10**9
MONDAY = int(datetime(2026, 11, 16, 15, 0, tzinfo=UTC).timestamp()) * NS
DAY = 86_400 * NS


def frame(time: int, seq: int, kind: int = FrameType.EVENTS, lag: int = 0) -> FrameEntry:
    rows = np.zeros(2, RECORD)
    rows["dt"][1] = NS
    flags = FrameFlag.LAST if kind == FrameType.SNAPSHOT else 0
    sent = time + NS + lag if lag else 0
    return FrameEntry(Frame(rows, time, seq, kind, flags, 0, sent))


def journal(folder: Path, symbol: str, source: Source, *entries: tuple[int, Entry]) -> None:
    instrument = DEFAULT_INSTRUMENTS.define(symbol)
    writer = JournalWriter(folder, instrument, source, calendar_for("cme_equity"))
    writer.write(InstrumentEntry(instrument, source), entries[0][0])
    for time, entry in entries:
        writer.write(entry, time)
    writer.close(entries[-1][0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    times = [MONDAY + n * DAY for n in range(3)]
    journal(
        tmp_path,
        "ES 12-26",
        Source.LIVE,
        (times[0], frame(times[0], 1, FrameType.SNAPSHOT)),
        (times[0], frame(times[0], 1, lag=5_000_000)),
        (times[1], frame(times[1], 3, lag=7_000_000)),
        (times[1], GapEntry("gap", 5, 6)),
        (times[1], PhaseEntry("stale", "gap")),
        (times[1], PhaseEntry("stale", "checksum")),
        (times[1] + NS, frame(times[1] + 3600 * NS, 7)),
        (times[2], frame(times[2], 9)),
    )
    journal(tmp_path, "ES 12-26", Source.REPLAY, (times[0], frame(times[0], 1)))
    journal(tmp_path, "NQ 12-26", Source.LIVE, (times[0], frame(times[0], 1)))
    journal(tmp_path, "NQ 03-27", Source.LIVE, (times[0], frame(times[0], 1)))
    return tmp_path


def test_a_day_is_summed_up(folder: Path) -> None:
    found = {(day.source, day.name, day.trade_date): day for day in days(folder)}
    assert len(found) == 6
    day = found["live", "ES_12-26", "2026-11-17"]
    assert day.size == sum(path.stat().st_size for path in day.folder.iterdir())
    summary = summarise(day, calendar_for)
    assert (summary.symbol, summary.rows, summary.gaps, summary.resyncs) == ("ES 12-26", 4, 1, 1)
    assert summary.lag_p99_ms == 7.0
    assert summary.coverage == pytest.approx(1 / 23)
    quiet = summarise(found["replay", "ES_12-26", "2026-11-16"])
    assert (quiet.lag_p99_ms, quiet.coverage, quiet.damage) == (None, None, None)


def test_damage_is_named_and_ends_the_sum(folder: Path) -> None:
    day = next(day for day in days(folder) if day.name == "NQ_03-27")
    segment = next(day.folder.iterdir())
    data = bytearray(segment.read_bytes())
    data[100] ^= 1
    segment.write_bytes(data)
    summary = summarise(day, calendar_for)
    assert summary.damage is not None
    assert str(segment) in summary.damage


@pytest.mark.parametrize("name", ["ES 12-26", "ESZ6", "ES", "ES_12-26"])
def test_an_instrument_by_any_of_its_names(folder: Path, name: str) -> None:
    found = find_recording(folder, name, None, DEFAULT_INSTRUMENTS)
    assert found is not None
    assert found.folder == folder / "live" / "ES_12-26"
    assert len(found.segments) == 3


def test_a_day_is_led_in_by_the_last_snapshot(folder: Path) -> None:
    def dates(day: int) -> list[str]:
        found = find_recording(folder, "ES", date(2026, 11, day), DEFAULT_INSTRUMENTS)
        assert found is not None
        return [path.parent.name[-2:] for path in found.segments]

    assert dates(16) == ["16"]
    assert dates(17) == ["16", "17"]
    assert dates(18) == ["16", "17", "18"]
    assert find_recording(folder, "ES", date(2026, 11, 19), DEFAULT_INSTRUMENTS) is None


def test_several_contracts_of_a_root_must_be_told_apart(folder: Path) -> None:
    with pytest.raises(UsageError, match="NQ_03-27, NQ_12-26"):
        find_recording(folder, "NQ", None, DEFAULT_INSTRUMENTS)
    assert find_recording(folder, "NQ 03-27", None, DEFAULT_INSTRUMENTS) is not None


def test_trades_told_again_say_nothing_of_lag_and_coverage(tmp_path: Path) -> None:
    entry = frame(MONDAY, 1, lag=5_000_000)
    old = frame(MONDAY - 3600 * NS, 3, lag=3600 * NS)
    old.frame.records["kind"], old.frame.records["ref"] = Kind.TRADE, (1, 2)
    again = FrameEntry(old.frame._replace(flags=FrameFlag.HISTORICAL))
    journal(tmp_path, "ES 12-26", Source.LIVE, (MONDAY, entry), (MONDAY, again))
    (day,) = days(tmp_path)
    summary = summarise(day, calendar_for)
    assert (summary.rows, summary.lag_p99_ms, summary.coverage) == (4, 5.0, 0.0)
