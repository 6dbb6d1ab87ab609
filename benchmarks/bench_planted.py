"""Planted truth: what of it is found, how soon, and what is announced where nothing was planted."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.independent import independent_frames
from benchmarks.inputs import ES
from benchmarks.planted import KINDS, Announced, Score, score, table
from market.enums import Source
from orderbook.describe import KINDS as KIND_WORDS
from orderbook.describe import SIDES
from orderbook.layout import EVENT_NEW
from recording.entries import Entry, FrameEntry, InstrumentEntry
from recording.generator import SAMPLE, Generator
from recording.readers import open_recording
from recording.stream import Stream

SEEDS = (1, 2, 3)
MINUTES = 120
ALONE = 120


def announced(entries: Iterator[Entry]) -> tuple[list[Announced], int, int]:
    """The ``new`` events of a recording, and its first and last time."""
    stream: Stream | None = None
    found: list[Announced] = []
    begin = 0
    for entry in entries:
        if isinstance(entry, InstrumentEntry):
            stream = Stream(entry.instrument, entry.source)
        assert stream is not None
        events = stream.apply(entry).events
        if isinstance(entry, FrameEntry):
            begin = begin or entry.frame.base
        found += [
            Announced(
                KIND_WORDS[event["kind"]],
                SIDES[event["side"]],
                int(event["tick_low"]),
                int(event["tick_high"]),
                int(event["time"]),
            )
            for event in events[events["event"] == EVENT_NEW]
        ]
    assert stream is not None
    return found, begin, stream.analyzer.clock


def generated(folder: Path, seed: int) -> tuple[Path, dict[str, Any]]:
    """A dump with everything planted, and the truth about it."""
    generator = Generator(replace(SAMPLE, seed=seed, minutes=MINUTES, everything=True))
    path = folder / f"{seed}.txt"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(generator.lines())
    path.with_name(path.name + ".json").write_text(json.dumps(generator.sidecar()))
    return path, generator.truth()


def independent() -> Iterator[Entry]:
    yield InstrumentEntry(ES, Source.REPLAY)
    for frame in independent_frames(1, ALONE):
        yield FrameEntry(frame)


def judged(folder: Path) -> dict[str, Score]:
    scores = {kind: Score() for kind in KINDS}
    for seed in SEEDS:
        path, truth = generated(folder, seed)
        found, begin, end = announced(iter(open_recording(path)))
        for kind, total in scores.items():
            total.add(score(kind, truth, found, begin, end))
    return scores


def test_planted_truth(benchmark: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Recall and precision are the result; the time it takes is not a line of the table."""
    scores = benchmark.pedantic(judged, args=(tmp_path,), rounds=1, iterations=1)
    found, begin, end = announced(independent())
    false = {kind: score(kind, {}, found, begin, end) for kind in KINDS}
    walls = scores["resting"]
    benchmark.extra_info["figures"] = {}
    benchmark.extra_info["report"] = [
        f"planted truth: seeds {', '.join(map(str, SEEDS))} of {MINUTES} minutes; {ALONE} minutes "
        "of independent arrivals",
        *table(scores, false),
        f"announced walls that flicker (each planted one counts once per try): {walls.flickers}",
    ]
    assert walls.recall is not None
    assert walls.recall > 0.9
    assert walls.precision is not None
    assert walls.precision > 0.9
