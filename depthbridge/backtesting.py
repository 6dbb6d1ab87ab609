"""Writes a recording for hftbacktest: one ``.npz`` with the events in ``data``."""

import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from depthbridge.inputs import Input
from depthbridge.outputs import keep_apart, replacing
from depthbridge.progress import Progress
from market.errors import DataError, UsageError
from recording.backtest import EVENT, Translator
from recording.entries import FrameEntry

__all__ = ["ENDING", "write_backtest"]

ENDING: Final = ".npz"
_BLOCK: Final = 1 << 20
_LEVEL: Final = 1
"""Of deflate: higher ones take several times as long and save a tenth."""


def write_backtest(given: Input, out: Path, latency: int, *, tolerant: bool) -> int:
    """Write the events of a recording; prints what was written and what it is to be read with.

    Data that ends to be good half-way is still delivered: the output has what came before.

    Args:
        given: the recording and its window.
        out: ends in ``.npz``.
        latency: ns from the exchange to the local side, where the input does not say it.
        tolerant: a fault of the book empties it instead of ending the output.

    Raises:
        UsageError: another ending, or a recording without anything to write.
        DataError: after the output is complete up to where the data was good.
    """
    if out.suffix.lower() != ENDING:
        raise UsageError(f"{out}: hftbacktest reads files that end in {ENDING}", code="bad_output")
    keep_apart(given.recording, out)
    given.recording.hear()
    translator = Translator(latency, given.window, tolerant=tolerant)
    error: DataError | None = None
    with replacing(out) as part, _spool(part) as raw:
        count = 0
        try:
            for events in _events(given, translator):
                raw.write(events.tobytes())
                count += len(events)
        except DataError as caught:
            error = caught
        if not count:
            if error is not None:
                raise error
            raise UsageError(f"{given.recording.path} has neither depth nor trades in that part")
        raw.seek(0)
        _pack(raw, count, part)
    _report(given, translator, latency)
    print(f"{count:,} events in {out}")
    if error is not None:
        raise error
    return 0


def _events(given: Input, translator: Translator) -> Iterator[NDArray[Any]]:
    records, recording = 0, given.recording
    error: DataError | None = None
    with Progress("records") as progress:
        try:
            for entry in recording:
                if isinstance(entry, FrameEntry):
                    if given.window is not None and given.window.over(entry.frame.base):
                        break
                    records += len(entry.frame.records)
                    progress.at(records)
                yield from translator.take(entry, recording.report.received)
        except DataError as caught:
            error = caught
        yield from translator.finish()
        if error is not None:
            raise error


@contextmanager
def _spool(part: Path) -> Iterator[BinaryIO]:
    """Where events wait until their number is known, which the file says before them."""
    path = part.with_name(part.name + ".events")
    try:
        with path.open("w+b") as file:
            yield file
    finally:
        path.unlink(missing_ok=True)


def _pack(raw: BinaryIO, count: int, out: Path) -> None:
    """Write ``out`` as ``numpy.savez_compressed(out, data=events)`` does, without the array."""
    head = {"descr": EVENT.descr, "fortran_order": False, "shape": (count,)}
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
        archive.open("data.npy", "w", force_zip64=True) as file,
    ):
        np.lib.format.write_array_header_1_0(file, head)
        while block := raw.read(_BLOCK):
            file.write(block)


def _report(given: Input, translator: Translator, latency: int) -> None:
    lines = given.recording.report.summary()
    if translator.heard:
        lines.append(f"local time of {translator.heard:,} records: when they were received")
        if translator.clamped:
            lines.append(
                f"{translator.clamped:,} of them before the exchange's time, which they got instead"
            )
    else:
        milliseconds = latency / 1_000_000
        lines.append(
            f"local time: {milliseconds:g} ms after the exchange's (--latency), as the input has "
            "no time of receipt"
        )
    if translator.breaks:
        lines.append(f"the book was lost {translator.breaks:,} times; it is empty until it is back")
    lines += [
        f"{number:,} order records left out: {word}" for word, number in translator.faults.items()
    ]
    if translator.between:
        lines.append(f"{translator.between:,} orders at prices between two ticks left out")
    for line in lines:
        print(line, file=sys.stderr)
    instrument = translator.instrument
    assert instrument is not None
    kind = "with l3_fifo_queue_model()" if translator.by_order else "with an L2 queue model"
    print(
        f"for BacktestAsset().tick_size({instrument.tick.step!r})"
        f".lot_size({instrument.size.step!r}), {kind}"
    )
