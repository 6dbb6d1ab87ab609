"""A trade date read alone gives what it gives within the whole journal."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import depthbridge
import recording.entries
from client.stream import PublishedStream
from depthbridge.cli import main
from depthbridge.player import Player
from market.enums import Source
from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.record import Frame, make_frames
from market.session import calendar_for
from orderbook import Parameters
from orderbook.frozen import LAYOUT
from recording.catalogue import find_recording
from recording.entries import (
    CheckpointEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    InstrumentEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import JournalWriter, RollRules, read_journal, segments_of
from recording.output import OutputRecorder
from recording.stream import Stream
from tests.orderbook.book_streams import ladder_stream
from tests.reference.records import records_of

SECOND = 1_000_000_000
FIRST = 1_795_118_400 * SECOND  # Thursday 2026-11-19, 20:00 UTC, 14:00 in Chicago
DAYS = ("2026-11-19", "2026-11-20")
SYMBOL = "ES 12-26"


def entries() -> Iterator[Entry]:
    """An afternoon, a heartbeat while closed, the next session's evening and its morning."""
    instrument = DEFAULT_INSTRUMENTS.resolve(SYMBOL)
    assert instrument is not None
    yield InstrumentEntry(instrument, Source.LIVE)
    clusters = {"on_factor": 1.5, "off_factor": 1.2, "announce_ms": 0}
    parameters = Parameters.from_mapping({"clusters": clusters})
    yield SettingsEntry(parameters.to_mapping(), parameters.config_hash)
    yield SessionEntry("one")
    records, times = records_of(ladder_stream(3, 2_900))
    times = times - times[0] + FIRST
    seq = 1
    for part, hours in enumerate((0, 4, 18)):
        if part == 1:
            yield ClockEntry(FIRST + 2 * 3600 * SECOND + 500)
        chosen = slice(part * 950, part * 950 + 950 if part < 2 else None)
        later = times[chosen] - times[chosen][0] + FIRST + hours * 3600 * SECOND + 7
        for frame in make_frames(records[chosen].copy(), later, seq, 30):
            seq = frame.end
            yield FrameEntry(frame)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``live/ES_12-26`` in a recordings folder, as the server writes it."""
    folder = tmp_path_factory.mktemp("recordings")
    writer: JournalWriter | None = None
    for entry in entries():
        if isinstance(entry, InstrumentEntry):
            calendar = calendar_for(entry.instrument.session)
            stream = Stream(entry.instrument, calendar=calendar)
            rules = RollRules(size=25_000)
            writer = JournalWriter(folder, entry.instrument, Source.LIVE, calendar, rules=rules)
            outputs = OutputRecorder(stream, writer)
        assert writer is not None
        writer.write(entry, FIRST)
        output = outputs.applied(stream.apply(entry))
        if output is not None:
            writer.write(output, FIRST)
    assert writer is not None
    writer.close(FIRST)
    found = writer.home
    assert sorted(path.name for path in found.iterdir()) == list(DAYS)
    assert len(segments_of(found / DAYS[1])) > 1
    return found


def lines(tmp_path: Path, name: str, *words: str) -> list[str]:
    out = tmp_path / f"{name}.csv"
    assert main([*words, "--out", str(out)]) == 0
    return out.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    "options",
    [[], ["--batch", "7"], ["--every", "1s"]],
    ids=["batches of 200", "of 7", "every second"],
)
def test_metrics_of_a_day_are_the_rows_of_the_whole(
    journal: Path, tmp_path: Path, options: list[str]
) -> None:
    whole = lines(tmp_path, "whole", "metrics", str(journal), *options)
    first = lines(tmp_path, "first", "metrics", str(journal / DAYS[0]), *options)
    second = lines(tmp_path, "second", "metrics", str(journal / DAYS[1]), *options)
    assert whole[0] == first[0] == second[0]
    assert whole[1:] == first[1:] + second[1:]
    assert min(len(first), len(second)) > 3


def test_rows_do_not_begin_anew_where_only_a_segment_does(journal: Path, tmp_path: Path) -> None:
    """The same records without segments and checkpoints; within a day the rows are the same."""
    plain = tmp_path / "plain"
    instrument = DEFAULT_INSTRUMENTS.resolve(SYMBOL)
    assert instrument is not None
    writer = JournalWriter(plain, instrument, Source.LIVE, calendar_for(instrument.session))
    for entry in entries():
        writer.write(entry, FIRST)
    writer.close(FIRST)
    options = ["metrics", "--every", "1s"]
    with_checkpoints = lines(tmp_path, "day", *options, str(journal / DAYS[0]))
    without = lines(tmp_path, "plain", *options, str(plain))
    assert without[: len(with_checkpoints)] == with_checkpoints


def test_clusters_of_a_day_are_those_of_the_whole(journal: Path, tmp_path: Path) -> None:
    told = {}
    for name, path in (("whole", journal), *((day, journal / day) for day in DAYS)):
        out = tmp_path / f"{name}.jsonl"
        rows = tmp_path / f"{name}.csv"
        words = ["metrics", str(path), "--out", str(rows), "--clusters", str(out)]
        assert main(words) == 0
        told[name] = out.read_bytes()
    assert told["whole"] == told[DAYS[0]] + told[DAYS[1]]
    assert told[DAYS[1]]


def test_books_and_trades_of_a_day_go_on_too(journal: Path, tmp_path: Path) -> None:
    words = ["book", "--levels", "10", "--every", "event"]
    whole = lines(tmp_path, "whole", *words, str(journal))
    second = lines(tmp_path, "second", *words, str(journal / DAYS[1]))
    assert whole[-len(second) + 1 :] == second[1:]
    assert len(second) > 100
    trades = [depthbridge.open(path).trades().to_arrow() for path in (journal, journal / DAYS[1])]
    assert trades[0].slice(trades[0].num_rows - trades[1].num_rows).equals(trades[1])
    assert trades[1].num_rows > 50


def test_a_day_is_found_without_what_comes_before_it(journal: Path) -> None:
    table = DEFAULT_INSTRUMENTS
    found = find_recording(journal.parents[1], SYMBOL, date(2026, 11, 20), table)
    assert found is not None
    assert {path.parent.name for path in found.segments} == {DAYS[1]}


class _Publishing:
    """What a player needs of a publisher."""

    def __init__(self, instrument: Instrument) -> None:
        self.published = PublishedStream(instrument)

    def stream(self, _: str) -> PublishedStream:
        return self.published

    async def publish(self, _: str, frame: Frame) -> None:
        self.published.push(frame, 0)

    def wake(self) -> None:
        """There is nobody to wake."""


async def test_a_day_is_played_onto_the_book_that_it_began_with(journal: Path) -> None:
    instrument = DEFAULT_INSTRUMENTS.resolve(SYMBOL)
    assert instrument is not None
    whole = Stream(instrument, calendar=calendar_for(instrument.session))
    for entry in read_journal(journal):
        whole.apply(entry)
    publisher = _Publishing(instrument)
    player = Player(publisher, SYMBOL, None)  # type: ignore[arg-type]
    await player.play(read_journal(journal / DAYS[1]), lambda _: True)
    assert player.rows > 100
    assert publisher.published.faults == 0
    assert publisher.published.book.levels() == whole.analyzer.book().levels()


def test_a_format_without_snapshots_does_not_leave_the_book_out(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "day.csv"
    assert main(["convert", str(journal / DAYS[1]), str(out)]) == 2
    assert "snapshot" in capsys.readouterr().err
    assert not out.exists()


def test_a_day_whose_checkpoint_is_of_another_program_is_led_in(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording.entries, "LAYOUT", bytes(reversed(LAYOUT)))
    found = find_recording(journal.parents[1], SYMBOL, date(2026, 11, 20), DEFAULT_INSTRUMENTS)
    assert found is not None
    assert {path.parent.name for path in found.segments} == set(DAYS)
    first = next(e for e in read_journal(found.segments[-1]) if isinstance(e, CheckpointEntry))
    assert not first.usable


def test_metrics_name_the_settings_that_the_recording_carries(
    journal: Path, tmp_path: Path
) -> None:
    own = next(entry.config for entry in entries() if isinstance(entry, SettingsEntry))
    for place in (journal, journal / DAYS[1]):
        out = tmp_path / "m.parquet"
        assert main(["metrics", str(place), "--out", str(out)]) == 0
        assert pq.read_metadata(out).metadata[b"config_hash"].decode() == own
