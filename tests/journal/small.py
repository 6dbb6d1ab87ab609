"""Small journals for the tests beside this file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from market.enums import FrameType, Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame
from market.session import calendar_for
from recording.entries import Entry, FrameEntry, InstrumentEntry, SessionEntry, SettingsEntry
from recording.journal import JournalWriter
from recording.journal.layout import HEAD_SIZE, HEADER_SIZE
from wire.frames import encode_frame

START = 1_700_000_000_000_000_000  # Tuesday 14 November 2023, 22:13:20 UTC: closed in Chicago
OPEN = START + 7_200_000_000_000
HOME = Path("live") / "ES_12-23"
INSTRUMENT = DEFAULT_INSTRUMENTS.resolve("ES 12-23")


def frame(seq: int, count: int, *, time: int = OPEN, kind: int = FrameType.EVENTS) -> Frame:
    """Records whose sizes are their numbers."""
    records = np.zeros(count, RECORD)
    records["dt"] = np.arange(count)
    records["position"] = np.arange(count) % 10
    records["price"] = 18_000 + np.arange(count)
    records["size"] = seq + np.arange(count)
    return Frame(records, time, seq, kind, 0, 0, time + 5)


def beginning() -> list[Entry]:
    """What a run begins with."""
    assert INSTRUMENT is not None
    settings = SettingsEntry({"clusters": {"on": 3.0}}, "ab12")
    return [InstrumentEntry(INSTRUMENT, Source.LIVE), settings, SessionEntry("0b5e", "x/1")]


def writer(folder: Path, **options: Any) -> JournalWriter:
    """Of ``<folder>/live/ES_12-23``."""
    assert INSTRUMENT is not None
    return JournalWriter(folder, INSTRUMENT, Source.LIVE, calendar_for("cme_equity"), **options)


def entry_ends(data: bytes) -> list[int]:
    """The byte after the file header, then after each entry, by walking the lengths."""
    ends = [HEADER_SIZE]
    while ends[-1] < len(data):
        length = int.from_bytes(data[ends[-1] : ends[-1] + 4], "little")
        ends.append(ends[-1] + HEAD_SIZE + length)
    return ends


def plain(entry: Entry) -> object:
    """An entry as something that compares by content."""
    return encode_frame(entry.frame) if isinstance(entry, FrameEntry) else entry


def frames_in(entries: Iterable[Entry]) -> list[Frame]:
    """Only the frames."""
    return [entry.frame for entry in entries if isinstance(entry, FrameEntry)]
