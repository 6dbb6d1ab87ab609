"""Reading into plain values, and bytes that come in pieces."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from market.errors import DataError, UsageError
from recording.entries import Entry, FrameEntry, MakersEntry
from recording.readers import Recording


class Pieces:
    """A byte source that gives its data in pieces of the given sizes, again and again."""

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self.path = Path("pieces.txt")
        self._data = data
        self._sizes = list(sizes)
        self._turn = 0

    def damage_ahead(self) -> None:
        """Never damaged."""

    def readinto(self, view: memoryview) -> int:
        size = min(self._sizes[self._turn % len(self._sizes)], len(view), len(self._data))
        self._turn += 1
        view[:size] = self._data[:size]
        self._data = self._data[size:]
        return size


def rows_of(entries: Iterable[Entry]) -> list[tuple[Any, ...]]:
    """Index, ns UTC, then the record's fields but dt, with the maker's name for ref."""
    names: tuple[str, ...] = ()
    rows = []
    for entry in entries:
        if isinstance(entry, MakersEntry):
            assert entry.names[: len(names)] == names, "names keep their numbers"
            names = entry.names
        elif isinstance(entry, FrameEntry):
            frame = entry.frame
            index = range(len(frame.records)) if entry.index is None else entry.index.tolist()
            for number, (dt, kind, side, op, position, price, size, ref) in zip(
                index, frame.records.tolist(), strict=True
            ):
                maker = names[ref - 1] if 0 < ref <= len(names) else str(ref or "")
                rows.append((number, frame.base + dt, kind, side, op, position, price, size, maker))
    return rows


def flat(entries: Iterable[Entry]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """All records with dt 0, and their times."""
    records, times = [], []
    for entry in entries:
        if isinstance(entry, FrameEntry):
            part = entry.frame.records.copy()
            times.append(part["dt"].astype(np.int64) + entry.frame.base)
            part["dt"] = 0
            records.append(part)
    return np.concatenate(records), np.concatenate(times)


def until_error(recording: Recording) -> tuple[list[Entry], Exception | None]:
    """What a recording delivers, and the error at its end."""
    entries: list[Entry] = []
    try:
        for entry in recording:
            entries.append(entry)  # noqa: PERF402 - what came before the error counts
    except (DataError, UsageError) as error:
        return entries, error
    return entries, None
