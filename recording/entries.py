"""What a recording consists of: everything that can shape an output, in one order.

Readers of all formats yield entries, the journal stores them, and ``recording.stream.Stream``
turns them into metrics and cluster events. The server writes an entry to the journal and then
feeds that same entry to its stream, so live output and replay cannot differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.enums import Source
from market.instrument import Instrument
from market.record import Frame

__all__ = [
    "BarEntry",
    "ClockEntry",
    "Entry",
    "FrameEntry",
    "GapEntry",
    "InstrumentEntry",
    "MakersEntry",
    "PhaseEntry",
    "SessionEntry",
    "SettingsEntry",
]


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


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """Events, or one frame of a snapshot (``frame.type``).

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
        reason: ``silent``, ``checksum``, ``reset``, ``feed``, ``restart``, ``book_fault``.
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
    """Records ``first`` to ``last`` (inclusive) are missing; -1 where unknown."""

    reason: str
    first: int = -1
    last: int = -1


@dataclass(frozen=True, slots=True)
class MakersEntry:
    """Names of market makers; a depth record's ``ref`` is the index into this list plus one."""

    names: tuple[str, ...]


Entry = (
    InstrumentEntry
    | SessionEntry
    | SettingsEntry
    | FrameEntry
    | PhaseEntry
    | BarEntry
    | ClockEntry
    | GapEntry
    | MakersEntry
)
