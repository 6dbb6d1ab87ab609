"""What all runs share: counting, gaps, the window, errors after what was good."""

import argparse
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from depthbridge.clocktime import moment
from depthbridge.inputs import Window
from depthbridge.numbers import decimal_number
from market.enums import Source
from market.errors import BookFaultError, DataError, UsageError
from market.instrument import Instrument
from recording.entries import CheckpointEntry, Entry, FrameEntry
from recording.readers import Recording
from recording.stream import Stream, state_at

__all__ = ["Columns", "Run", "every_seconds", "fault_of"]

Columns = dict[str, Any]
"""Column name to an array; all of one length."""

_NS: Final = 1_000_000_000
_SHORTEST: Final = _NS // 1000
"""Of an interval: a day has 86 million of them already; what is finer has a row per record."""
_LONGEST: Final = 365 * 86_400 * _NS
"""Of an interval: beyond this the end of the first one may lie where no time in ns reaches."""
_MOST_SILENT: Final = 1 << 24
"""Rows of one silence: 194 days of seconds. More is a wrong time, or a disk that is soon full."""
_FAULT_WORDS: Final = {
    "unsorted": "its rows are not in the order of their prices",
    "too_deep": "it has more rows than the instrument's depth",
    "mixed": "depth by position and by price in one book",
}
_ORDER_WORDS: Final = {
    "unknown": "it takes off an order that does not stand",
    "dead_modify": "it modifies an order that does not stand",
    "double_add": "it adds an order that stands already",
    "beyond": "it takes more off an order than there is",
}


def every_seconds(text: str, words: tuple[str, ...]) -> str | int:
    """``--every``: one of the words, or seconds as ns.

    Raises:
        UsageError: neither, or not between a millisecond and a year.
    """
    if text in words:
        return text
    try:
        interval = decimal_number(text.removesuffix("s")) * _NS
    except argparse.ArgumentTypeError:
        interval = 0.0
    if not _SHORTEST <= interval <= _LONGEST:
        raise UsageError(
            f"--every {text}: give {', '.join(words)}, or seconds (0.001, to a year at most)"
        )
    return round(interval)


class Run(ABC):
    """What all runs share.

    Attributes:
        recording: the input.
        instrument: known once the run has begun.
        gaps: breaks of the stream so far: ``{"time": ns, "index": n, "reason": word}``.
        config: hash of the analytics settings.
        rows: records read so far, for progress.
        window: the part of the recording that is wanted.
    """

    def __init__(self, recording: Recording, window: Window | None, *, tolerant: bool) -> None:
        self.recording = recording
        self.instrument: Instrument | None = None
        self.gaps: list[dict[str, Any]] = []
        self.config = ""
        self.rows = 0
        self.window = self._window = window or Window()
        self._tolerant = tolerant
        self._time = 0
        self._index = -1
        self._begun = False
        self._ending = False

    def metadata(self) -> dict[str, str]:
        """For Parquet: what a reader of the output must know."""
        assert self.instrument is not None
        return {
            "instrument": self.instrument.symbol,
            "tick_size": repr(self.instrument.tick.step),
            "size_step": repr(self.instrument.size.step),
            "session": self.instrument.session,
            "gaps": json.dumps(self.gaps),
            "config_hash": self.config,
        }

    @property
    def order_faults(self) -> dict[str, tuple[int, int]]:
        """What was wrong with order records: word, how often, index of the first."""
        return {}

    def _numbered(self, entry: FrameEntry) -> NDArray[np.int64]:
        """The index of each record of a frame; moves the counters."""
        self._begun = True
        count = len(entry.frame.records)
        index = entry.index
        if index is None:
            index = np.arange(self.rows, self.rows + count, dtype=np.int64)
        self.rows += count
        if count and not entry.frame.historical:
            self._index = int(index[-1])
            self._time = entry.frame.base + int(entry.frame.records["dt"][-1])
        return index

    def __iter__(self) -> Iterator[Columns]:
        """All columns.

        Raises:
            DataError: the input is wrong from here on; what was good before it was yielded.
            UsageError: the input cannot be read, or does not hold what the run needs.
        """
        error: DataError | None = None
        try:
            for entry in self.recording:
                if self._over(entry):
                    yield from self._take_last(entry)
                    break
                yield from self._take(entry)
        except DataError as caught:
            error = caught
        if self.instrument is not None:
            yield from self._finish()
        if error is not None:
            raise error

    @abstractmethod
    def _take(self, entry: Entry) -> Iterator[Columns]: ...

    def _take_last(self, entry: Entry) -> Iterator[Columns]:
        """The first entry beyond the window says how long the silence before it was.

        What is wrong with the entry itself does not count: nobody wants it.
        """
        last, self._ending = self._index, True
        try:
            yield from self._take(entry)
        except BookFaultError as fault:
            if fault.index <= last:
                raise

    def _finish(self) -> Iterator[Columns]:
        """What is left at the end of the input."""
        yield from ()

    def _gap(self, reason: str) -> None:
        self.gaps.append({"time": self._time, "index": self._index, "reason": reason})

    def _state_at(self, entry: CheckpointEntry, source: Source) -> Stream | None:
        """The state that a recording, or a run in it, begins with. None: it began before.

        At the recording's beginning the counters move: records that were counted before the
        checkpoint keep their numbers.
        """
        if self._begun or self.instrument is None:
            return None
        self._begun = True
        stream = state_at(entry, self.instrument, source)
        if stream is not None and not self.rows:
            self._go_on_at(stream.records)
        return stream

    def _begin_run(self) -> None:
        """The instrument is named, anew perhaps: a checkpoint may follow."""
        self._begun = False

    def _go_on_at(self, records: int) -> None:
        self.rows = records
        self._index = records - 1

    def _check_silence(self, since: int, until: int, interval: int) -> None:
        """Refuse rows of a silence that nobody can want: they would fill the disk.

        Raises:
            UsageError: more than 16,777,216 rows in the window.
        """
        count = (min(until, self._window.end) - max(since, self._window.begin)) // interval
        if count > _MOST_SILENT:
            raise UsageError(
                f"--every {interval / _NS:g}: the silence after {moment(since)} UTC would be "
                f"{count:,} rows; give a longer interval, or --from after it"
            )

    def _over(self, entry: Entry) -> bool:
        """Whether nothing from here on can lie in the window."""
        return (
            isinstance(entry, FrameEntry)
            and len(entry.frame.records) > 0
            and self._window.over(entry.frame.base)
        )


def fault_of(reason: str, index: int, seq: int) -> BookFaultError:
    """The error for a book fault at a line or record."""
    place = f"line or record {index + 1:,}"
    if reason in _ORDER_WORDS:
        text = f"{place} is wrong ({_ORDER_WORDS[reason]}); without --strict it is counted"
    else:
        text = (
            f"the book broke at {place} ({_FAULT_WORDS[reason]}); "
            "--tolerant empties the book and goes on"
        )
    return BookFaultError(text, reason=reason, index=int(index), seq=int(seq))
