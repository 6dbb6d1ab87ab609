"""Files: parsing dump text, replay through the book and with metrics, Parquet."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest

from benchmarks import inputs
from benchmarks.inputs import ES
from benchmarks.measuring import OURS, Measure
from depthbridge.cli import main
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


def _metrics_words(out: Path) -> list[str]:
    words = ["metrics", str(inputs.dump_file()), "--instrument", "ES", "--time-zone", _ZONE]
    return [*words, "--out", str(out)]


def test_dump_to_metrics(measure: Measure, tmp_path: Path) -> None:
    """The command without the start of its process: survey, parse, book, analytics, Parquet."""
    out = tmp_path / "rows.parquet"
    rows = len(inputs.rows())
    code = measure.time("dump_metrics", lambda: main(_metrics_words(out)), rows, rounds=5)
    assert code == 0
    assert pyarrow.parquet.read_metadata(out).num_rows == -(-rows // 200)


def test_metrics_command(measure: Measure, tmp_path: Path) -> None:
    """The same in a process of its own, with imports and kernels from the cache; wall time."""
    words = [sys.executable, "-P", "-m", "depthbridge", *_metrics_words(tmp_path / "rows.csv")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}

    def once() -> dict[str, dict[str, float]]:
        begun = time.perf_counter()
        answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        return {OURS: {"metrics_command": time.perf_counter() - begun}}

    once()
    assert measure.keep(once)[OURS]["metrics_command"][0] > 0


def test_size_of_parquet(measure: Measure) -> None:
    size = _parquet().stat().st_size
    measure.keep(lambda: {OURS: {"parquet_size": size / len(inputs.rows())}}, rounds=1)
    assert size
