"""Upkeep: when compaction is due, that it runs in a process of its own, and the warnings."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from market.errors import SettingsError
from recording.catalogue import days
from recording.journal import FolderLock, JournalReader, segments_of
from recording.storage import DISK_LOW, Storage
from server import upkeep
from server.health import health
from server.runtime import Runtime
from server.settings import Settings, settings_from
from server.upkeep import Upkeep, next_time
from tests.recording.journals import plain, write_days
from tests.waiting import PATIENCE_S

NS = 10**9
START = int(datetime(2027, 1, 4, 12, 0, tzinfo=UTC).timestamp()) * NS
MINUTE = 60 * NS


class Usage(NamedTuple):
    free: int


class Stopped:
    """A clock that stands still."""

    def monotonic_ns(self) -> int:
        return START

    def wall_ns(self) -> int:
        return START


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process does not step back, which on a busy machine is waiting."""
    command = upkeep._command

    def own(*asked: Any) -> list[str]:
        words = list(command(*asked))
        words.remove("--background")
        return words

    monkeypatch.setattr(upkeep, "_command", own)


def settings(folder: Path, **recording: object) -> Settings:
    return settings_from({"recording": {"folder": str(folder), **recording}})


async def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never happened")


def local(now: int) -> datetime:
    return datetime.fromtimestamp(now // NS).astimezone()


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_the_next_time_is_the_next_on_the_local_clock(hour: int) -> None:
    for step in range(0, 48, 7):
        now = START + step * 3600 * NS + 1
        due = next_time(now, time(hour, 30))
        assert now < due <= now + 25 * 3600 * NS
        assert (local(due).hour, local(due).minute) == (hour, 30)
    assert next_time(due, time(hour, 30)) > due


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("04:00", time(4)), (990, time(16, 30)), (None, None), ("23:59", time(23, 59))],
)
def test_the_time_of_day_as_yaml_reads_it(text: object, wanted: time | None) -> None:
    assert settings_from({"recording": {"compact_at": text}}).recording.compact_at == wanted


@pytest.mark.parametrize("text", ["4 o'clock", "24:00", 1440, -1, 4.5, True, ""])
def test_what_is_no_time_of_day_is_refused(text: object) -> None:
    with pytest.raises(SettingsError, match=r"recording\.compact_at"):
        settings_from({"recording": {"compact_at": text}})


@pytest.mark.usefixtures("at_once")
async def test_it_compacts_after_the_start_and_then_every_night(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_days(tmp_path)
    before = [plain(entry) for entry in JournalReader(tmp_path)]
    server = FolderLock(tmp_path)
    keeper = Upkeep(settings(tmp_path, keep_days=36_500, keep_gb=100), clock=Stopped())
    with caplog.at_level(logging.INFO, "depthbridge.upkeep"):
        await keeper.step(START)
        assert len(segments_of(tmp_path)) > 10, "not before the server has settled"
        await keeper.step(START + 10 * MINUTE)
    server.release()
    assert [day.compacted for day in days(tmp_path)] == [True, True, False]
    assert [plain(entry) for entry in JournalReader(tmp_path)] == before
    said = [record.__dict__["said"] for record in caplog.records if "said" in record.__dict__]
    assert [line.split(":")[0].count(".parquet") for line in said] == [1, 1]
    ran = []

    async def compact() -> None:
        ran.append(True)

    keeper._compact = compact  # type: ignore[method-assign]
    due = next_time(START + 10 * MINUTE, time(4))
    await keeper.step(due - 1)
    assert ran == []
    await keeper.step(due)
    await keeper.step(due + MINUTE)
    assert ran == [True]


async def test_null_is_never(tmp_path: Path) -> None:
    write_days(tmp_path)
    keeper = Upkeep(settings(tmp_path, compact_at=None), clock=Stopped())
    await keeper.step(START + 10**6 * MINUTE)
    assert len(segments_of(tmp_path)) > 10


@pytest.mark.usefixtures("at_once")
async def test_what_is_refused_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_days(tmp_path)
    hurt = segments_of(tmp_path)[1]
    data = bytearray(hurt.read_bytes())
    data[150] ^= 1
    hurt.write_bytes(data)
    keeper = Upkeep(settings(tmp_path), clock=Stopped())
    await keeper.step(START + 10 * MINUTE)
    warned = [r.__dict__["said"] for r in caplog.records if r.levelname == "WARNING"]
    assert [str(hurt) in line for line in warned] == [True]


async def test_the_end_of_the_server_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_days(tmp_path, days=2)
    monkeypatch.setattr(
        upkeep, "_command", lambda *_: [upkeep.sys.executable, "-c", "import time; time.sleep(60)"]
    )
    begun: list[asyncio.subprocess.Process] = []
    real = asyncio.create_subprocess_exec

    async def begin(*words: str, **options: Any) -> asyncio.subprocess.Process:
        begun.append(await real(*words, **options))
        return begun[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", begin)
    keeper = Upkeep(settings(tmp_path), clock=Stopped())
    task = asyncio.create_task(keeper.step(START + 10 * MINUTE))
    await until(lambda: keeper.compacting)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(task, PATIENCE_S)
    assert not keeper.compacting
    assert begun[0].returncode is not None, "it does not outlive the server"


async def test_an_empty_folder_needs_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_command", lambda *_: pytest.fail("nothing to compact"))
    await Upkeep(settings(tmp_path), clock=Stopped()).step(START + 10 * MINUTE)


async def test_little_room_is_a_warning_not_a_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    day = tmp_path / "live" / "ES_12-26" / "2026-11-16"
    day.mkdir(parents=True)
    (day / "000001.dbj").write_bytes(bytes(1000))
    now = int((day / "000001.dbj").stat().st_mtime) * NS
    free = [5001]
    runtime = Runtime(settings(tmp_path, compact_at=None), "1")
    runtime._warm.set()
    keeper = runtime.upkeep = Upkeep(
        runtime.settings, clock=Stopped(), usage=lambda _: Usage(free[0])
    )
    assert health(runtime)["storage"] is None
    await keeper.step(now)
    assert (keeper.storage, keeper.warnings) == (Storage(1000, 5001, 1000), ())
    assert health(runtime)["status"] == "ok"
    free[0] = 4999
    await keeper.step(now + 9 * MINUTE)
    assert keeper.warnings == (), "looked at every ten minutes"
    await keeper.step(now + 10 * MINUTE)
    assert keeper.warnings == (DISK_LOW,)
    answer = health(runtime)
    assert (answer["status"], answer["reason"], answer["reasons"]) == ("ok", DISK_LOW, [DISK_LOW])
    assert answer["storage"] == {"bytes": 1000, "free_bytes": 4999, "days_left": 5.0}
    await keeper.step(now + 30 * MINUTE)
    warned = [record for record in caplog.records if record.msg == "room for recordings"]
    assert len(warned) == 1, "said once"


async def test_a_disk_that_does_not_answer_is_no_defect(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Path) -> Usage:
        raise OSError(5, "Input/output error")

    keeper = Upkeep(settings(tmp_path), clock=Stopped(), usage=broken)
    await keeper.step(START)
    assert keeper.storage is None
    assert keeper.warnings == ()
    assert "Input/output error" in str(caplog.records[-1].__dict__["reason"])
