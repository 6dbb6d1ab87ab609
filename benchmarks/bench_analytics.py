"""Analytics: one instant, one row, and a frame's way from bytes to bytes inside the process."""

import time
from collections.abc import Callable

import orjson
import pytest

from benchmarks import inputs
from benchmarks.inputs import ES, Rows
from benchmarks.measuring import OURS, Measure
from market.instrument import Instrument
from market.record import Frame
from orderbook import Analyzer, Parameters
from recording.entries import FrameEntry
from recording.messages import cluster_messages, metrics_message
from recording.stream import Stream
from wire.frames import decode_frame, encode_frame

pytestmark = pytest.mark.benchmark(timer=time.process_time)
_MS = 1_000_000
_TRIES = 7


def _deep(depth: int) -> Instrument:
    return Instrument("ES", "ES", ES.tick, ES.size, 50.0, "always", depth)


def _analyzer(depth: int, grid_ms: int, *, rows: bool = True) -> Analyzer:
    parameters = Parameters.from_mapping({"clusters": {"grid_ms": grid_ms}})
    return Analyzer(_deep(depth), parameters, row_per_frame=rows)


def _run(analyzer: Analyzer, frames: list[Frame]) -> None:
    for frame in frames:
        analyzer.process_l2_update(frame)


@pytest.mark.parametrize("depth", [10, 100])
def test_instant(measure: Measure, depth: int) -> None:
    """The same updates with an instant after each one and with hardly any; the difference."""
    part = inputs.book_of(depth, 20_000, 10 * _MS)
    frames = inputs.frames_of(part, 400)
    instants = (int(part.times[-1]) - int(part.times[0])) // (10 * _MS)

    def once() -> dict[str, dict[str, float]]:
        spent = []
        for grid_ms in (10, 1000):
            analyzer = _analyzer(depth, grid_ms)
            start = time.process_time()
            _run(analyzer, frames)
            spent.append(time.process_time() - start)
            assert len(analyzer.take_events()) > 0
        few = instants // 100
        each = (spent[0] - spent[1]) / (instants - few)
        return {OURS: {f"instant_{depth}": each * 1e6}}

    once()
    measure.keep(once, rounds=9)


@pytest.mark.parametrize("depth", [10, 100])
def test_row(measure: Measure, depth: int) -> None:
    """Frames that make a row each in their own call, and the same without; the difference."""
    frames = inputs.frames_of(inputs.book_of(depth, 20_000, 10 * _MS), 2)

    def spent(*, rows: bool) -> float:
        analyzer = _analyzer(depth, 1000, rows=rows)
        start = time.process_time()
        _run(analyzer, frames)
        seconds = time.process_time() - start
        assert (int(analyzer.row()["seq"][0]) == frames[-1].end - 1) == rows
        return seconds

    def once() -> dict[str, dict[str, float]]:
        tries = [(spent(rows=True), spent(rows=False)) for _ in range(_TRIES)]
        made, without = (min(each) for each in zip(*tries, strict=True))
        return {OURS: {f"row_{depth}": (made - without) / len(frames) * 1e6}}

    once()
    measure.keep(once, rounds=9)


@pytest.mark.parametrize("depth", [10, 100])
def test_row_copied(measure: Measure, depth: int) -> None:
    """A row that Python asks for: a call of its own, and a copy of the row."""
    analyzer = _analyzer(depth, 100)
    _run(analyzer, inputs.frames_of(inputs.book_of(depth, 4000, 10 * _MS), 400))

    def work() -> None:
        for _ in range(10_000):
            analyzer.read()

    measure.time(f"row_copied_{depth}", work, 10_000)
    assert analyzer.row()["imbalance"][0] == analyzer.row()["imbalance"][0]


def test_analyzer(measure: Measure) -> None:
    """A burst: an instant in about 200 records."""
    frames = inputs.frames_of(inputs.burst(), 200)

    def work() -> Analyzer:
        analyzer = Analyzer(ES)
        for frame in frames:
            analyzer.process_l2_update(frame)
            analyzer.take_events()
        return analyzer

    analyzer = measure.time("analyzer_200", work, sum(len(f.records) for f in frames), rounds=5)
    assert analyzer.seq == frames[-1].end
    assert analyzer.calculate_metrics()["imbalance"] is not None


def _encoded(part: Rows, size: int, count: int) -> list[bytes]:
    return [encode_frame(frame) for frame in inputs.frames_of(part, size)[:count]]


@pytest.mark.parametrize("size", [200, 1])
@pytest.mark.parametrize("listening", [True, False], ids=["heard", "quiet"])
def test_bytes_to_bytes(measure: Measure, size: int, listening: bool) -> None:
    """Decode, apply, render metrics and cluster events, as the server does for a subscriber."""
    messages = _encoded(inputs.burst(), size, 4000 if size > 1 else 20_000)
    work = _replier(messages, listening)
    line = f"frame_{size}" if listening else f"frame_{size}_quiet"
    reply = measure.time(line, work, len(messages), rounds=5)
    seq = decode_frame(messages[-1]).end - 1
    assert not listening or orjson.loads(reply)["seq"] == seq


def _replier(messages: list[bytes], listening: bool) -> Callable[[], bytes]:
    def work() -> bytes:
        stream = Stream(ES)
        reply = b""
        for message in messages:
            result = stream.apply(FrameEntry(decode_frame(message)))
            if listening:
                cluster_messages(stream, result)
                if result.publishes:
                    reply = metrics_message(stream)
        return reply

    return work
