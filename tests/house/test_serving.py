"""A server with work beside it: whose end counts."""

import asyncio
import gc
import signal
import sys
import time
from pathlib import Path
from typing import cast

import pytest

from depthbridge import serving
from depthbridge.serving import run_server
from market.errors import SessionError
from server.run import ServerProcess
from server.runtime import Runtime
from server.settings import settings_from
from tests.waiting import PATIENCE_S


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(
            signal.SIGINT,
            130,
            marks=pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
        ),
        (signal.SIGTERM, 0),
        (None, None),
    ],
)
def test_a_signal_wins_over_what_the_work_says_of_it(
    tmp_path: Path,
    number: signal.Signals | None,
    code: int | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = settings_from(
        {"server": {"port": 0}, "recording": {"folder": str(tmp_path / "recordings")}}
    )

    async def work(process: ServerProcess) -> None:
        if number is not None:
            signal.raise_signal(number)
        raise SessionError(f"no server answers at {process.url}", code="unreachable")

    if code is None:
        with pytest.raises(SessionError, match="no server answers"):
            run_server(settings, work)
        return
    assert run_server(settings, work) == code
    assert capsys.readouterr().err == ("stopped\n" if code == 130 else "")


def test_the_collector_looks_at_nothing_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_from(
        {"server": {"port": 0}, "recording": {"folder": str(tmp_path / "recordings")}}
    )
    freeze, calls = gc.freeze, list[int]()
    found: list[int] = []

    def counting() -> None:
        freeze()
        calls.append(1)

    monkeypatch.setattr(gc, "freeze", counting)

    async def work(process: ServerProcess) -> None:
        await process.runtime.when_warm()
        async with asyncio.timeout(PATIENCE_S):
            while len(calls) < 2:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
        found.extend((gc.get_freeze_count(), len(gc.get_objects())))

    run_server(settings, work)
    kept, looked_at = found
    assert kept > 10_000
    assert looked_at < kept // 10
    assert gc.get_freeze_count() == 0, "a program that goes on gets them back"


@pytest.mark.parametrize("slow", [True, False])
def test_a_slow_start_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], slow: bool
) -> None:
    """Else the first start of a version shows nothing for a minute."""
    monkeypatch.setattr(serving, "_PATIENCE_S", 0.01)
    warm = asyncio.Event()

    class Starting:
        async def when_warm(self) -> None:
            await warm.wait()

    async def start() -> None:
        if not slow:
            warm.set()
        asyncio.get_running_loop().call_later(0.1, warm.set)
        await serving._tell_if_slow(cast("Runtime", Starting()), time.monotonic())

    asyncio.run(start())
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == (["starting:", "ready"] if slow else [])
