"""The same recording, time-shuffled: sizes that do not last, at the prices and times that were.

Prices, times, trades and the moves of the ladder stay. The sizes of depth records change places
among those of the same side and row within a block, so their distribution stays, and nothing that
a size said about what came after it.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import DepthOp, FrameType, Kind
from market.record import Records
from recording.entries import CheckpointEntry, Entry, FrameEntry, SettingsEntry
from recording.readers import Recording

__all__ = ["Shuffled", "Unset"]

_BLOCK: Final = 1 << 16
"""Records among which sizes change places."""


class Unset:
    """A recording without the settings that it was recorded with, so that others count.

    It has what a run reads of a recording.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a recording has
        return getattr(self._recording, name)

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._recording:
            if not isinstance(entry, (SettingsEntry, CheckpointEntry)):
                yield entry


class Shuffled(Unset):
    """The recording with sizes that do not last.

    Args:
        recording: of depth; orders are left as they are.
        seed: any integer.
    """

    def __init__(self, recording: Recording, seed: int) -> None:
        super().__init__(recording)
        self._seed = seed

    def __iter__(self) -> Iterator[Entry]:
        draw = np.random.default_rng(self._seed)
        held: list[Entry] = []
        rows = 0
        for entry in super().__iter__():
            held.append(entry)
            if isinstance(entry, FrameEntry):
                rows += len(entry.frame.records)
            if rows >= _BLOCK:
                yield from _shuffled(held, draw)
                held, rows = [], 0
        yield from _shuffled(held, draw)


def _shuffled(entries: list[Entry], draw: np.random.Generator) -> Iterator[Entry]:
    frames = [
        entry.frame
        for entry in entries
        if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS
    ]
    if not frames:
        yield from entries
        return
    records = np.concatenate([frame.records for frame in frames])
    _change_places(records, draw)
    at = 0
    for entry in entries:
        if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.EVENTS:
            count = len(entry.frame.records)
            frame = entry.frame._replace(records=records[at : at + count])
            at += count
            yield FrameEntry(frame, entry.index)
        else:
            yield entry


def _change_places(records: Records, draw: np.random.Generator) -> None:
    depth = records["kind"] <= Kind.DEPTH_PRICE
    depth &= (records["op"] != DepthOp.REMOVE) & (records["size"] > 0)
    keys: NDArray[np.int64] = records["side"].astype(np.int64) * 256 + records["position"]
    for key in np.unique(keys[depth]).tolist():
        places = np.flatnonzero(depth & (keys == key))
        records["size"][places] = records["size"][draw.permutation(places)]
