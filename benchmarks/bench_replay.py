"""Files: parsing dump text, replay through the book and with metrics, Parquet."""

import time
from pathlib import Path

import pytest

from benchmarks import inputs
from benchmarks.inputs import ES
from benchmarks.measuring import OURS, Measure
from orderbook import Book
from recording.entries import FrameEntry
from recording.readers import open_recording
from recording.stream import Stream
from recording.writers.registry import writer_named

pytestmark = pytest.mark.benchmark(timer=time.process_time)
_ZONE = "America/New_York"
_RAW_COLUMNS = ["level", "kind", "stamp", "offset", "op", "position", "maker", "price", "size"]


def _count(path: Path) -> int:
    recording = open_recording(path, instrument="ES", time_zone=_ZONE)
    return sum(len(entry.frame.records) for entry in recording if isinstance(entry, FrameEntry))


@pytest.mark.parametrize("name", ["dump_depth", "dump_mixed"])
def test_dump(measure: Measure, name: str) -> None:
    path = inputs.dump_file(depth_alone=name == "dump_depth")
    expected = len(inputs.depth_only() if name == "dump_depth" else inputs.rows())
    assert measure.time(name, lambda: _count(path), expected, rounds=5) == expected


def test_dump_by_pyarrow(measure: Measure) -> None:
    """Fields only: neither times nor ticks. It reads no lines of different length."""
    from pyarrow import csv

    path = inputs.dump_file(depth_alone=True)
    rows = len(inputs.depth_only())

    def work() -> int:
        table = csv.read_csv(
            path,
            csv.ReadOptions(use_threads=False, column_names=_RAW_COLUMNS),
            csv.ParseOptions(delimiter=";"),
        )
        return int(table.num_rows)

    assert measure.time("dump_depth", work, rows, role="pyarrow CSV", rounds=5) == rows


def test_replay_book(measure: Measure) -> None:
    frames = inputs.frames_of(inputs.squeezed(inputs.rows()), 4096)

    def work() -> Book:
        book = Book(10)
        for frame in frames:
            book.apply(frame.records, frame.base)
        return book

    book = measure.time("replay_book", work, len(inputs.rows()))
    book.check()


def test_replay_metrics(measure: Measure) -> None:
    """Bursts: an instant and a row per 200 records."""
    frames = inputs.frames_of(inputs.burst(), 200)

    def work() -> int:
        stream = Stream(ES)
        rows = 0
        for frame in frames:
            result = stream.apply(FrameEntry(frame))
            rows += result.row is not None
        return rows

    assert measure.time("replay_metrics", work, len(inputs.rows()), rounds=5) == len(frames)


def _parquet() -> Path:
    path = inputs.work_folder() / "mixed.parquet"
    if not path.exists():
        writer = writer_named("parquet")(path.with_suffix(".part"))
        for entry in open_recording(inputs.dump_file(), instrument="ES", time_zone=_ZONE):
            writer.write(entry)
        writer.close()
        path.with_suffix(".part").replace(path)
    return path


def test_parquet(measure: Measure) -> None:
    path = _parquet()

    def work() -> int:
        book, rows = Book(10), 0
        for entry in open_recording(path):
            if isinstance(entry, FrameEntry):
                book.apply(entry.frame.records, entry.frame.base)
                rows += len(entry.frame.records)
        return rows

    assert measure.time("parquet_book", work, len(inputs.rows()), rounds=5) == len(inputs.rows())


def test_size_of_parquet(measure: Measure) -> None:
    size = _parquet().stat().st_size
    measure.keep(lambda: {OURS: {"parquet_size": size / len(inputs.rows())}}, rounds=1)
    assert size
