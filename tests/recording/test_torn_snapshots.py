"""A snapshot that a killed server could not write to its end counts nowhere, as in the stream."""

from pathlib import Path

import numpy as np
import pytest

from depthbridge.cli import main
from depthbridge.player import Player
from market.enums import FrameFlag, FrameType, Source
from market.record import Frame
from market.session import calendar_for
from recording.entries import Entry, FrameEntry, InstrumentEntry, PhaseEntry
from recording.journal import JournalWriter, read_journal
from recording.stream import Stream
from tests.recording.test_days import _Publishing
from tests.recording.test_healed_faults import ES, MONDAY, NS, one, rows

PART, LAST = int(FrameType.SNAPSHOT), int(FrameFlag.LAST)


def entries(torn: str) -> list[Entry]:
    """A book, perhaps the greater part of a snapshot, a whole one of two parts, an update."""
    at = MONDAY + 2 * NS
    whole = rows(-3)
    found: list[Entry] = [InstrumentEntry(ES, Source.LIVE), FrameEntry(Frame(rows(), MONDAY, 1))]
    if torn == "silent":
        found.append(FrameEntry(Frame(rows()[:15], at, 22, PART)))
    if torn == "another":
        found.append(FrameEntry(Frame(rows()[:15], at, 21, PART)))
    found += [] if torn == "another" else [PhaseEntry("stale", "silent")]
    for frame in (
        Frame(whole[:15], at + NS, 22, PART),
        Frame(whole[15:], at + NS, 22, PART, LAST),
        Frame(one(27_246, 0), at + 3 * NS, 22),
    ):
        found.append(FrameEntry(frame))
    return found


def journal(folder: Path, torn: str) -> Path:
    writer = JournalWriter(folder, ES, Source.LIVE, calendar_for("cme_equity"))
    for entry in entries(torn):
        writer.write(entry, MONDAY)
    writer.close(MONDAY + 9 * NS)
    return writer.home


def streamed(torn: str) -> Stream:
    stream = Stream(ES)
    for entry in entries(torn):
        stream.apply(entry)
    return stream


@pytest.mark.parametrize("torn", ["silent", "another"])
def test_it_is_not_in_the_book(tmp_path: Path, torn: str) -> None:
    """``silent``: a process was killed and came back; ``another``: one of other numbers follows."""
    out = tmp_path / "out.csv"
    words = ["--levels", "12", "--every", "event", "--out", str(out)]
    assert main(["book", str(journal(tmp_path / "in", torn)), *words]) == 0
    last = np.genfromtxt(out, delimiter=",", names=True)[-1]
    for name, side in zip(("bid", "ask"), streamed(torn).analyzer.top(12), strict=True):
        assert len(side) == 10
        found = [last[f"{name}_price_{level}"] * 4 for level in range(1, 13)]
        assert found[:10] == [price for price, _ in side]
        assert np.isnan(found[10:]).all()


@pytest.mark.parametrize("torn", ["silent", "another"])
@pytest.mark.parametrize("name", ["part.csv", "part.npz"])
def test_what_is_converted_is_the_same_without_it(tmp_path: Path, torn: str, name: str) -> None:
    made = []
    for which in (torn, ""):
        folder = tmp_path / f"of {which}"
        folder.mkdir()
        words = ["--from", "2026-11-16T15:00:04"] if name.endswith("csv") else []
        source = journal(folder / "in", which)
        assert main(["convert", str(source), str(folder / name), *words]) == 0
        made.append((folder / name).read_bytes())
    if name.endswith("csv"):
        assert made[0] == made[1]
        assert made[0].count(b"\n") == 22
        return
    one, other = (np.load(tmp_path / f"of {which}" / name)["data"] for which in (torn, ""))
    assert len(one) > 40
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("torn", ["silent", "another"])
async def test_it_is_not_played(tmp_path: Path, torn: str) -> None:
    publisher = _Publishing(ES)
    player = Player(publisher, ES.symbol, None)  # type: ignore[arg-type]
    await player.play(read_journal(journal(tmp_path, torn)), lambda _: True)
    assert publisher.published.book.levels() == streamed(torn).analyzer.top(12)
