"""Drives a text parser over a file: fills its buffer, cuts frames, raises its errors.

One kernel call gives up to CAPACITY records; they lie in fresh arrays, so whoever keeps an entry
keeps it unchanged. Memory does not depend on the file's size.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.errors import FileFormatError
from market.record import RECORD, Frame
from recording.entries import Entry, FrameEntry, MakersEntry
from recording.readers.dump_kernel import MAKER
from recording.readers.opener import ByteSource
from recording.readers.report import Report
from recording.readers.state import BUFFER, CAPACITY, MAX_LINE, MAX_MAKERS, PADDING
from recording.readers.text_kernel import DONE, FULL, OFF_GRID

__all__ = ["ParseFunction", "TextStream", "WholeLine"]

ParseFunction = Callable[
    [
        NDArray[Any],
        NDArray[Any],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int64],
    ],
    int,
]
"""A parser: state, records, index, starts, bases; returns a status."""
WholeLine = Callable[[bytes], bool]
"""Whether a line without its end can only be whole: nothing of what it must say may be short."""

_ROOM: Final = BUFFER - PADDING
_SHOWN: Final = 60
_BOM: Final = b"\xef\xbb\xbf"


class TextStream:
    """Entries of one text file.

    Args:
        source: its bytes.
        parser: the state before the first line; its buffer is filled from ``source``.
        parse: the kernel.
        report: counts, updated while reading.
        tolerant: skip and count malformed lines instead of raising.
        header: whether the first line is not for the kernel.
        seq: number of the first record.
        line: number of the first line.
        whole: which last lines are taken without their end; None: none, as a size may be short.
    """

    _end = "line end"

    def __init__(
        self,
        source: ByteSource,
        parser: NDArray[Any],
        parse: ParseFunction,
        report: Report,
        *,
        tolerant: bool = False,
        header: bool = False,
        seq: int = 1,
        line: int = 0,
        whole: WholeLine | None = None,
    ) -> None:
        self.seq = seq
        self._source = source
        self._parser = parser
        self._state = parser[0]
        self._state.line = line
        self._bytes: NDArray[np.uint8] = parser["bytes"][0]
        self._view = memoryview(self._bytes)
        self._parse = parse
        self._report = report
        self._tolerant = tolerant
        self._header = header
        self._whole = whole
        self._filled = 0
        self._ended = False
        self._damage: FileFormatError | None = None
        self._makers: list[str] = []
        self._announced = 0
        self._starts = np.empty(CAPACITY, np.int64)
        self._bases = np.empty(CAPACITY, np.int64)

    @property
    def line(self) -> int:
        """Number of the next line."""
        return int(self._state.line)

    def __iter__(self) -> Iterator[Entry]:
        """Entries in the file's order.

        Raises:
            FileFormatError: at the first line that is wrong (unless tolerant), or at damage; what
                came before it was delivered.
        """
        self._fill()
        self._skip_head()
        while True:
            yield from self._drain()
            if self._ended:
                break
            self._fill()
        if self._damage is not None:
            raise self._damage
        if self._filled > self._state.pos:
            raise self._error(f"has no {self._end}: the file was cut there")

    def _fill(self) -> None:
        """Move what is left to the front and read until there is a whole line, or the end."""
        state = self._state
        pos = int(state.pos)
        left = self._filled - pos
        if pos:
            self._bytes[:left] = self._bytes[pos : self._filled].copy()
        state.pos = state.stop = 0
        self._filled = left
        while not self._ended and not state.stop:
            if self._filled > MAX_LINE:
                raise self._error(f"is longer than {MAX_LINE:,} bytes: this is no recording")
            self._read()
            state.stop = self._last_end(left)
        if self._ended and self._damage is None and self._takes_last_line():
            self._end_last_line()

    def _last_end(self, first: int) -> int:
        """The index after the last LF from ``first`` on; 0 if there is none."""
        for low in (max(first, self._filled - MAX_LINE), first):
            found = self._view[low : self._filled].tobytes().rfind(b"\n")
            if found >= 0:
                return low + found + 1
        return 0

    def _read(self) -> None:
        try:
            count = self._source.readinto(self._view[self._filled : _ROOM])
        except FileFormatError as damage:
            self._damage, count = damage, 0
        self._filled += count
        self._ended = count == 0

    def _takes_last_line(self) -> bool:
        """Whether a last line without its end counts: to the tolerant, or as it must be whole."""
        if self._tolerant or self._whole is None:
            return self._tolerant
        first = int(self._state.stop)
        last = self._view[first : self._filled].tobytes()
        return self._whole(last if first else last.removeprefix(_BOM))

    def _end_last_line(self) -> None:
        if self._filled > self._state.stop:
            self._bytes[self._filled] = 10
            self._filled += 1
            self._state.stop = self._filled

    def _skip_head(self) -> None:
        """Step over a byte-order mark and the header."""
        state = self._state
        if self._view[:3].tobytes() == _BOM:
            state.pos = 3
        if self._header:
            found = self._view[: int(state.stop)].tobytes().find(b"\n", 0, MAX_LINE)
            state.pos = found + 1
            state.line += found >= 0

    def _drain(self) -> Iterator[Entry]:
        """All whole lines that the buffer holds."""
        status = FULL
        while status != DONE:
            records = np.empty(CAPACITY, RECORD)
            index = np.empty(CAPACITY, np.int64)
            starts, bases = self._starts, self._bases
            status = int(self._parse(self._parser, records, index, starts, bases))
            self._note(records, starts, bases)
            if len(self._makers) > self._announced:
                self._announced = len(self._makers)
                yield MakersEntry(tuple(self._makers))
            yield from self._frames(records, index, starts, bases)
            if status == MAKER:
                self._learn_maker()
            elif status not in (DONE, FULL):
                self._refuse(status)

    def _frames(
        self,
        records: NDArray[Any],
        index: NDArray[np.int64],
        starts: NDArray[np.int64],
        bases: NDArray[np.int64],
    ) -> Iterator[FrameEntry]:
        frames = int(self._state.frames)
        edges = [*starts[:frames].tolist(), int(self._state.count)]
        for number, base in enumerate(bases[:frames].tolist()):
            low, high = edges[number], edges[number + 1]
            frame = Frame(records[low:high], base, self.seq)
            self.seq += high - low
            yield FrameEntry(frame, index[low:high])

    def _note(
        self, records: NDArray[Any], starts: NDArray[np.int64], bases: NDArray[np.int64]
    ) -> None:
        """Bring the report up to date."""
        report, state = self._report, self._state
        count, frames = int(state.count), int(state.frames)
        report.lines = int(state.line)
        report.records += count
        report.inversions = int(state.inversions)
        if report.inversions:
            report.first_inversion = int(state.first_inversion)
        report.uncarried = {
            kind: number for kind, number in enumerate(state.uncarried.tolist()) if number
        }
        report.off_grid, report.left_out = int(state.off_grid), int(state.left_out)
        if report.off_grid:
            report.first_off_grid = int(state.first_off_grid)
        if count:
            last = int(bases[frames - 1]) + int(records["dt"][count - 1])
            if report.first_time is None:
                report.first_time = int(bases[0])
            report.last_time = max(last, report.last_time or last)

    def _learn_maker(self) -> None:
        """Enter an unknown market maker into the table; the kernel takes the line up again."""
        state = self._state
        if len(self._makers) == MAX_MAKERS:
            raise self._error(f"names more than {MAX_MAKERS} market makers")
        name = self._view[int(state.name_start) : int(state.name_stop)].tobytes()
        row = state.names[len(self._makers)]
        row[0] = len(name)
        row[1 : 1 + len(name)] = np.frombuffer(name, np.uint8)
        self._makers.append(name.decode("utf-8", "replace"))
        state.makers = len(self._makers)

    def _refuse(self, status: int) -> None:
        """Raise for the line at ``pos``, or step over it."""
        if not self._tolerant:
            raise self._error(
                "has a price or size that is not on the instrument's grid (see --tick-size)"
                if status == OFF_GRID
                else "is malformed"
            )
        report, state = self._report, self._state
        if report.first_malformed is None:
            report.first_malformed = int(state.line)
        report.malformed += 1
        state.pos = int(state.pos) + len(self._this_line())
        state.line += 1

    def _this_line(self) -> bytes:
        """The line at ``pos`` with its end."""
        low = int(self._state.pos)
        piece = self._view[low : min(self._filled, low + MAX_LINE)].tobytes()
        end = piece.find(b"\n")
        return piece if end < 0 else piece[: end + 1]

    def _named(self, what: str) -> str:
        """What is wrong with the line at ``pos``, for people."""
        text = self._this_line().rstrip(b"\r\n")[:_SHOWN].decode("utf-8", "backslashreplace")
        return f"line {self.line + 1:,} {what}: {text}"

    def _error(self, what: str) -> FileFormatError:
        path = self._source.path
        said = self._named(what)
        damage = self._damage or self._source.damage_ahead()
        if damage is not None:
            return FileFormatError(
                f"{damage.message}; {said}",
                path=str(path),
                line=self.line,
                offset=damage.offset,
            )
        return FileFormatError(f"{path}: {said}", path=str(path), line=self.line)
