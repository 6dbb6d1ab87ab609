"""Retention: whole compacted days, the oldest first, and never anything else."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.enums import Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.session import calendar_for
from recording.catalogue import Day, days
from recording.compaction import Disk, compact_folder
from recording.journal import JournalReader
from recording.retention import delete_old, pin
from tests.recording.journals import DAY, MONDAY, write_days

LATER = MONDAY + 30 * DAY
TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of ES (live, playback) and NQ; the newest of each is not compacted."""
    folder = tmp_path_factory.mktemp("origin")
    write_days(folder, days=4, frames=3)
    write_days(folder, days=4, frames=5, source=Source.PLAYBACK)
    write_days(folder, days=3, frames=4, instrument=DEFAULT_INSTRUMENTS.define("NQ 12-26"))
    assert all(not result.refused for result in compact_folder(folder, calendar_for, LATER))
    return folder


@pytest.fixture
def folder(origin: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(origin, tmp_path / "recordings"))


def names(found: list[Day]) -> set[tuple[str, str, str]]:
    return {(day.source, day.name, day.trade_date) for day in found}


@given(
    share=st.none() | st.floats(0, 1.2),
    age=st.none() | st.integers(0, 6),
    pinned=st.sets(st.integers(0, 10)),
)
def test_only_old_compacted_days_that_nobody_pinned_go(
    origin: Path,
    tmp_path_factory: pytest.TempPathFactory,
    share: float | None,
    age: int | None,
    pinned: set[int],
) -> None:
    folder = Path(shutil.copytree(origin, tmp_path_factory.mktemp("r") / "recordings"))
    before = list(days(folder))
    for number in pinned:
        pin(before[number], pinned=True)
    total = sum(day.size for day in before)
    limit = None if share is None else int(share * total)
    gone = list(delete_old(folder, TODAY, keep_bytes=limit, keep_days=age))
    after = list(days(folder))
    assert names(gone) | names(after) == names(before)
    assert not names(gone) & names(after)
    free = [d for n, d in enumerate(before) if d.compacted and n not in pinned]
    assert names(gone) <= names(free)
    left = [day for day in free if day not in gone]
    assert max([d.trade_date for d in gone], default="") <= min(
        [d.trade_date for d in left], default="9"
    ), "the oldest go first"
    assert not any(age is not None and d.trade_date < f"2026-11-{20 - age}" for d in left)
    if limit is not None:
        assert sum(day.size for day in after) <= limit or not left
    if limit is None and age is None:
        assert gone == []
    if gone and share is not None and age is None:
        kept = sum(day.size for day in after)
        assert kept + gone[-1].size > limit, "not one more than needed"
    for day in before:
        assert day.folder.exists() == (day not in gone)


def test_a_pinned_day_is_shown_and_stays(folder: Path) -> None:
    day = next(iter(days(folder)))
    assert pin(day, pinned=True)
    assert not pin(day, pinned=True)
    assert next(iter(days(folder))).pinned
    gone = list(delete_old(folder, TODAY, keep_bytes=0))
    assert day.folder not in [one.folder for one in gone]
    assert pin(day, pinned=False)
    assert not next(iter(days(folder))).pinned
    assert [one.folder for one in delete_old(folder, TODAY, keep_bytes=0)] == [day.folder]


def test_a_day_with_a_leftover_segment_stays(folder: Path) -> None:
    day = next(iter(days(folder)))
    table = day.parts[0]
    (day.folder / f"{table.stem[:6]}.dbj").write_bytes(b"of a compaction that was not finished")
    assert day.folder not in [one.folder for one in delete_old(folder, TODAY, keep_bytes=0)]


def test_what_stays_of_a_journal_is_still_read(folder: Path) -> None:
    live = folder / "live" / "ES_12-26"
    whole = [when for when, _ in JournalReader(live).timed()]
    list(delete_old(folder, TODAY, keep_days=3))
    reader = JournalReader(live)
    rest = [when for when, _ in reader.timed()]
    assert rest[-10:] == whole[-10:]
    assert reader.report.missing == []
    assert not list(live.glob("2026-11-16"))


def test_a_disk_that_refuses_stops_it(folder: Path) -> None:
    class Stuck(Disk):
        def remove(self, path: Path) -> None:
            raise OSError(13, "Permission denied", str(path))

    before = names(list(days(folder)))
    with pytest.raises(OSError, match="denied"):
        list(delete_old(folder, TODAY, keep_bytes=0, disk=Stuck()))
    assert names(list(days(folder))) == before
