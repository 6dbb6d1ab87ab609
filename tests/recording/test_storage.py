"""How much room recordings take, and when to warn; the disk is a fake one."""

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from recording import storage
from recording.journal.folder import SUFFIX
from recording.storage import DISK_LOW, RECORDINGS_LARGE, Storage, measure_storage

NOW = 1_800_000_000.0
GB = 10**9


class Usage(NamedTuple):
    free: int


@pytest.mark.parametrize(
    ("size", "free", "per_day", "warnings"),
    [
        (0, 0, 0, ()),
        (10 * GB - 1, 5 * GB, GB, ()),
        (10 * GB, 5 * GB, GB, (RECORDINGS_LARGE,)),
        (1, 5 * GB - 1, GB, (DISK_LOW,)),
        (11 * GB, GB, GB, (RECORDINGS_LARGE, DISK_LOW)),
    ],
)
def test_the_limits(size: int, free: int, per_day: int, warnings: tuple[str, ...]) -> None:
    assert Storage(size, free, per_day).warnings == warnings


def test_the_rate_is_what_segments_took_in_a_day(tmp_path: Path) -> None:
    day = tmp_path / "live" / "ES_12-26" / "2026-11-16"
    day.mkdir(parents=True)
    for name, size, age in (
        ("000001-000009.parquet", 500, 10),
        ("000010.dbj", 300, 86_401),
        ("000011.dbj", 200, 86_399),
        ("000012.dbj", 100, 0),
    ):
        (day / name).write_bytes(bytes(size))
        os.utime(day / name, (NOW - age, NOW - age))
    asked: list[Path] = []

    def usage(path: Path) -> Usage:
        asked.append(path)
        return Usage(1200)

    found = measure_storage(tmp_path, NOW, usage)
    assert found == Storage(1100, 1200, 300)
    assert found.days_left == 4.0
    assert "4.0 days" in found.text()
    assert asked == [tmp_path]
    nothing = measure_storage(tmp_path / "not" / "yet", NOW, usage)
    assert nothing == Storage(0, 1200, 0)
    assert nothing.days_left is None
    assert "days" not in nothing.text()
    assert asked[-1] == tmp_path


def test_the_real_disk_is_asked(tmp_path: Path) -> None:
    assert measure_storage(tmp_path, NOW).free > 0
    assert storage.LARGE == 10 * GB
    assert storage._SEGMENT == SUFFIX
