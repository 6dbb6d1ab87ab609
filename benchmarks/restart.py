"""How long a server takes to go on after a restart, by the size of its journal.

``python -m benchmarks.restart --gb 1 --folder /tmp/restart`` writes a journal of one day's depth,
quotes and trades with frames of 1 to 40 records, then reads it back as a start does: from the last
checkpoint, and as if no checkpoint could be used, from the beginning of the run.
"""

import argparse
import json
import platform
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from depthbridge.kernels import prepare_cache

prepare_cache()

from market.enums import Kind, Source  # noqa: E402 - Numba must see the cache first
from market.instrument import DEFAULT_INSTRUMENTS  # noqa: E402
from market.record import RECORD, Records, make_frames  # noqa: E402
from market.session import calendar_for  # noqa: E402
from orderbook import warmup  # noqa: E402
from recording.entries import (  # noqa: E402
    FrameEntry,
    InstrumentEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import JournalWriter, segments_of  # noqa: E402
from recording.output import OutputRecorder  # noqa: E402
from recording.resume import Resumed, resume  # noqa: E402
from recording.stream import Stream  # noqa: E402

START = 1_795_129_300_000_000_000  # Thursday 2026-11-19, 23:01 UTC: the session of the 20th
PIECE = 200_000


def market(count: int, seed: int) -> Records:
    """Rows of ten levels that change in size, trades at the touch, quotes."""
    rng = np.random.default_rng(seed)
    records = np.zeros(count, RECORD)
    kinds = rng.choice([0, 2, 3], count, p=[0.85, 0.05, 0.10])
    depth = kinds == Kind.DEPTH_POSITION
    records["kind"], records["op"] = kinds, np.where(depth, 1, 0)
    records["side"] = rng.integers(0, 2, count)
    records["position"] = np.where(depth, rng.integers(0, 10, count), 0)
    rows = records["position"].astype(np.int64)
    records["price"] = np.where(records["side"] == 1, 27_249 - rows, 27_250 + rows)
    records["size"] = rng.integers(1, 60, count)
    records["size"][depth & (rng.random(count) < 0.002)] = 900
    return records


def first_rows() -> Records:
    records = np.zeros(20, RECORD)
    records["side"] = np.repeat([0, 1], 10)
    rows = np.tile(np.arange(10), 2)
    records["position"] = rows
    records["price"] = np.where(records["side"] == 1, 27_249 - rows, 27_250 + rows)
    records["size"] = 10
    return records


def write_journal(folder: Path, size: int) -> tuple[int, int]:
    """Returns frames and records."""
    instrument = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert instrument is not None
    calendar = calendar_for(instrument.session)
    stream = Stream(instrument, calendar=calendar)
    writer = JournalWriter(folder, instrument, Source.LIVE, calendar)
    outputs = OutputRecorder(stream, writer)
    rng = np.random.default_rng(1)
    frames = seq = 0
    now, received = START, time.time_ns() - 3_600_000_000_000

    def take(entry: object) -> None:
        writer.write(entry, received)  # type: ignore[arg-type]
        output = outputs.applied(stream.apply(entry))  # type: ignore[arg-type]
        if output is not None:
            writer.write(output, received)

    take(InstrumentEntry(instrument, Source.LIVE))
    take(SettingsEntry(stream.parameters.to_mapping(), stream.config))
    take(SessionEntry("one"))
    written = 0
    while written < size:
        records = market(PIECE, seq)
        if not seq:
            records[:20] = first_rows()
        times = now + np.cumsum(rng.integers(0, 2_000_000, len(records)))
        now = int(times[-1])
        writer.sync()
        cuts = [0, *np.cumsum(rng.integers(1, 41, len(records))).tolist()]
        for begin, end in pairwise(cuts):
            if begin >= len(records):
                break
            for frame in make_frames(records[begin:end], times[begin:end], seq + 1, 4096):
                take(FrameEntry(frame))
                seq = frame.end - 1
                frames += 1
                written += 64 + 32 * len(frame.records)
    return frames, seq


def measure(home: Path, *, checkpoints: bool) -> dict[str, object]:
    from recording import resume as module

    usable = module.CheckpointEntry.usable
    if not checkpoints:
        module.CheckpointEntry.usable = property(lambda _: False)  # type: ignore[assignment,method-assign]
    begun, worked = time.perf_counter(), time.process_time()
    try:
        found = resume(
            home, lambda e: Stream(e.instrument, calendar=calendar_for(e.instrument.session)), 0
        )
    finally:
        module.CheckpointEntry.usable = usable  # type: ignore[method-assign]
    seconds, busy = time.perf_counter() - begun, time.process_time() - worked
    assert isinstance(found, Resumed), found
    assert found.checkpoint is checkpoints
    state = found.stream.freeze()
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(busy, 2),
        "entries": found.entries,
        "records": found.records,
        "state": hash(state),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gb", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, required=True)
    args = parser.parse_args()
    warmup()
    home = args.folder / "live" / "ES_12-26"
    made = write_journal(args.folder, int(args.gb * 1e9)) if not home.exists() else None
    size = sum(path.stat().st_size for path in segments_of(home))
    print(f"{size / 1e9:.2f} GB, {len(segments_of(home))} segments, {made} frames and records")
    print(f"Python {platform.python_version()}, {platform.machine()}")
    results = [measure(home, checkpoints=known) for known in (True, False)]
    assert results[0]["state"] == results[1]["state"], "both ways lead to the same state"
    for name, result in zip(("from the checkpoint", "from the beginning"), results, strict=True):
        print(name, json.dumps(result))


if __name__ == "__main__":
    main()
