"""What a recording consists of: everything that can shape an output, in one order.

Readers of all formats yield entries, the journal stores them, and ``recording.stream.Stream``
turns them into metrics and cluster events. The server writes an entry to the journal and then
feeds that same entry to its stream, so live output and replay cannot differ.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import Source
from market.errors import DataError
from market.instrument import Instrument
from market.record import Frame
from orderbook.frozen import LAYOUT

__all__ = [
    "DAMAGE",
    "HOLES",
    "MISSING",
    "BarEntry",
    "CheckpointEntry",
    "ClockEntry",
    "Entry",
    "FrameEntry",
    "GapEntry",
    "HoldEntry",
    "InstrumentEntry",
    "MakersEntry",
    "MessageEntry",
    "OutputEntry",
    "PhaseEntry",
    "SessionEntry",
    "SettingsEntry",
]

DAMAGE: Final = "damage"
"""Reason of a gap that a repair has written; and of ``stale`` where reading goes on behind one."""
MISSING: Final = "missing_segment"
"""Reason of a gap that a reader puts where segments are not there."""
HOLES: Final = (DAMAGE, MISSING)
"""Reasons of gaps in the recording itself, of which the server knew nothing."""


@dataclass(frozen=True, slots=True)
class InstrumentEntry:
    """Definition of the stream that the entries after it belong to; always first."""

    instrument: Instrument
    source: Source
    stream: int = 0


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """A publisher takes the stream over; numbering starts again at ``seq``."""

    session: str
    client: str = ""
    seq: int = 1
    flags: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SettingsEntry:
    """The analytics settings in force from here on, canonical, with their hash."""

    settings: Mapping[str, Any]
    config: str


@dataclass(slots=True)
class FrameEntry:
    """Events, or one frame of a snapshot (``frame.type``).

    Not frozen as the others are: there is one for every frame, and that doubles what it takes.

    Attributes:
        frame: the records.
        index: for each record the zero-based line (text) or record (binary) of the input, int64;
            None where the input is the frame itself (journal): then a running count applies.
    """

    frame: Frame
    index: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class PhaseEntry:
    """The book is not to be trusted from here on, for a reason that records do not show.

    Attributes:
        phase: ``stale`` or ``paused``.
        reason: of a pause empty, or ``over``; else ``gap``, ``silent``, ``checksum``, ``reset``,
            ``feed``, ``restart``, ``book_fault``; ``damage``: never written, a reader says it
            behind a hole of the recording.
    """

    phase: str
    reason: str


@dataclass(frozen=True, slots=True)
class BarEntry:
    """A bar of the publisher; it takes the number ``seq``. ``values`` as in ``bar_update``."""

    seq: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClockEntry:
    """A heartbeat moves the event clock through silence; ns UTC."""

    time: int


@dataclass(frozen=True, slots=True)
class GapEntry:
    """Records ``first`` to ``last`` (inclusive) are missing; -1 where unknown.

    Both are unknown where the feed itself was interrupted: what it said then never got a number.
    """

    reason: str
    first: int = -1
    last: int = -1


@dataclass(frozen=True, slots=True)
class HoldEntry:
    """Whether the session before it still claims the stream; until it says otherwise it does.

    It shapes no output: a restart needs it, to know whom another session has to wait for.

    Attributes:
        held: False: it said ``bye``; True: it came back after that.
    """

    held: bool


@dataclass(frozen=True, slots=True)
class MakersEntry:
    """Names of market makers; a depth record's ``ref`` is the index into this list plus one."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """What NinjaTrader did, in its place among the data; takes no number, shapes no output.

    Attributes:
        kind: ``order``, ``fill`` or ``position``.
        time: of the event, ns UTC.
        values: the further fields as received.
    """

    kind: str
    time: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OutputEntry:
    """What the entries before it in its segment led to; shapes no output.

    Attributes:
        segment: number of the segment that it speaks of; anywhere else it says nothing.
        count: outputs since the segment's beginning.
        digest: of these outputs, 32 bytes; see ``recording.output``.
        row: the last metrics row, METRICS_ROW as bytes; empty before the first.
    """

    segment: int
    count: int
    digest: bytes
    row: bytes


@dataclass(frozen=True, slots=True)
class CheckpointEntry:
    """The whole state of the stream, so that reading can begin here.

    Attributes:
        layout: whose states these are: 16 bytes; a program of another layout ignores the entry.
        trade_date: of the segment that begins with it, ISO.
        packed: the state, zlib.
    """

    layout: bytes
    trade_date: str
    packed: bytes

    @classmethod
    def of(cls, state: bytes, trade_date: str) -> "CheckpointEntry":
        """The entry for a frozen stream."""
        return cls(LAYOUT, trade_date, zlib.compress(state, 1))

    @property
    def usable(self) -> bool:
        """Whether this program's states look like this."""
        return self.layout == LAYOUT

    def unpacked(self) -> bytes:
        """The frozen stream.

        Raises:
            DataError: ``state_layout``: another program's; ``state_damaged``.
        """
        if not self.usable:
            raise DataError(
                "the state was frozen by a program with another memory layout", code="state_layout"
            )
        unpacker = zlib.decompressobj()
        try:
            state = unpacker.decompress(self.packed, _MOST_STATE)
        except zlib.error as cause:
            raise DataError(f"the state is damaged: {cause}", code="state_damaged") from cause
        if not unpacker.eof:
            raise DataError("the state is damaged: it does not end", code="state_damaged")
        return state


_MOST_STATE: Final = 1 << 28
"""Bytes of a state; a book and a session take a thousandth of it."""

Entry = (
    InstrumentEntry
    | SessionEntry
    | SettingsEntry
    | FrameEntry
    | PhaseEntry
    | BarEntry
    | ClockEntry
    | GapEntry
    | HoldEntry
    | MakersEntry
    | MessageEntry
    | OutputEntry
    | CheckpointEntry
)
