"""Compiles every kernel that live data goes through, with the shapes that live data has."""

import gc

import numpy as np

import wire.fast
import wire.frames
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame
from recording.entries import ClockEntry, FrameEntry
from recording.messages import metrics_message
from recording.stream import Stream

__all__ = ["warm_kernels"]


def warm_kernels() -> None:
    """Compile, or load from the cache; takes milliseconds or half a minute.

    A compiler makes millions of small objects that stay: collecting them costs a fifth of its time.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        _touch_kernels()
    finally:
        if collected:
            gc.enable()


def _touch_kernels() -> None:
    wire.frames.warmup()
    wire.fast.warmup()
    instrument = DEFAULT_INSTRUMENTS.resolve("ES")
    assert instrument is not None
    stream = Stream(instrument)
    records = np.zeros(2, RECORD)
    records["side"] = (0, 1)
    records["price"] = (2, 1)
    records["size"] = 1
    stream.apply(FrameEntry(Frame(records, 1_700_000_000_000_000_000, 1)))
    stream.apply(ClockEntry(1_700_000_001_000_000_000))
    metrics_message(stream)
