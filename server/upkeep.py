"""What recordings need besides being written: nightly compaction, old days deleted, room watched.

Compaction runs in a process of its own at the lowest priority, so that it takes nothing from the
live data; killed at any point it loses nothing.
"""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from recording.journal import journal_streams
from recording.storage import Storage, measure_storage
from server.clock import SYSTEM, Clock
from server.settings import Settings

__all__ = ["Upkeep", "next_time"]

_LOG: Final = logging.getLogger("depthbridge.upkeep")
_ROOT: Final = Path(__file__).resolve().parents[1]
_SECOND: Final = 1_000_000_000
_STEP_S: Final = 30
_LOOK_NS: Final = 600 * _SECOND
_AFTER_START_NS: Final = 600 * _SECOND
"""A machine that is off at night compacts when the server has started and settled."""


class Upkeep:
    """Looks after the recordings folder of one server.

    Attributes:
        storage: what was seen last; None before.
        compacting: whether the process is at work.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = SYSTEM,
        usage: Callable[[Path], Any] = shutil.disk_usage,
    ) -> None:
        self.storage: Storage | None = None
        self.compacting = False
        self._settings = settings
        self._clock = clock
        self._usage = usage
        self._look_at = 0
        self._compact_at = clock.wall_ns() + _AFTER_START_NS
        self._warned: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Stable words: ``recordings_large``, ``disk_low``."""
        return self.storage.warnings if self.storage is not None else ()

    async def run(self) -> None:
        """Do what is due, as long as the server lives."""
        while True:
            await self.step(self._clock.wall_ns())
            await asyncio.sleep(_STEP_S)

    async def step(self, now: int) -> None:
        """Do what is due at ``now``, ns UTC."""
        if now >= self._look_at:
            self._look_at = now + _LOOK_NS
            await asyncio.to_thread(self._look, now)
        at = self._settings.recording.compact_at
        if at is not None and now >= self._compact_at:
            self._compact_at = next_time(now, at)
            await self._compact()

    def _look(self, now: int) -> None:
        try:
            folder = self._settings.recordings_folder
            self.storage = measure_storage(folder, now / _SECOND, self._usage)
        except OSError as fault:
            _LOG.warning("the disk cannot be asked", extra={"reason": str(fault)})
            return
        news = [word for word in self.warnings if word not in self._warned]
        self._warned = self.warnings
        if news:
            said = {"warnings": list(self.warnings), "storage": self.storage.text()}
            _LOG.warning("room for recordings", extra=said)

    async def _compact(self) -> None:
        folder = self._settings.recordings_folder
        if not await asyncio.to_thread(lambda: any(True for _ in journal_streams(folder))):
            return
        process = await asyncio.create_subprocess_exec(
            *_command(folder, self._settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": _python_path()},
            creationflags=_creation_flags(),
        )
        self.compacting = True
        try:
            said, refused = await process.communicate()
        finally:
            self.compacting = False
            if process.returncode is None:
                process.kill()
                await process.wait()
        for line in said.decode("utf-8", "replace").splitlines():
            _LOG.info("recordings", extra={"said": line})
        for line in refused.decode("utf-8", "replace").splitlines():
            _LOG.warning("recordings", extra={"said": line})


def next_time(now: int, at: time) -> int:
    """The next time after ``now`` that the local clock shows ``at``; both ns UTC."""
    local = datetime.fromtimestamp(now // _SECOND).astimezone()
    found = datetime.combine(local.date(), at).astimezone()
    if found <= local:
        found = datetime.combine(local.date() + timedelta(days=1), at).astimezone()
    return int(found.timestamp()) * _SECOND


def _command(folder: Path, settings: Settings) -> Sequence[str]:
    words = ["-P", "-m", "depthbridge", "journal", "compact", str(folder), "--background"]
    recording = settings.recording
    if recording.keep_gb is not None:
        words += ["--keep-gb", str(recording.keep_gb)]
    if recording.keep_days is not None:
        words += ["--keep-days", str(recording.keep_days)]
    return [sys.executable, *words]


def _python_path() -> str:
    """Where this program lies, before what was there."""
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_ROOT), before] if before else [str(_ROOT)])


def _creation_flags() -> int:
    """Lowest priority and no window on Windows; elsewhere the process steps back by itself."""
    if sys.platform == "win32":
        return subprocess.IDLE_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    return 0
