"""A server with work beside it: whose end counts."""

import asyncio
import gc
import signal
import sys
from pathlib import Path

import pytest

from depthbridge.serving import run_server
from market.errors import SessionError
from server.run import ServerProcess
from server.settings import settings_from


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


def test_the_collector_looks_at_nothing_that_stays(tmp_path: Path) -> None:
    settings = settings_from(
        {"server": {"port": 0}, "recording": {"folder": str(tmp_path / "recordings")}}
    )
    frozen: list[int] = []

    async def work(process: ServerProcess) -> None:
        frozen.append(gc.get_freeze_count())
        await process.runtime.when_warm()
        async with asyncio.timeout(10):
            while gc.get_freeze_count() <= frozen[0]:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
        frozen.append(gc.get_freeze_count())
        frozen.append(len(gc.get_objects()))

    run_server(settings, work)
    before, after, looked_at = frozen
    assert before > 10_000
    assert after > before > looked_at
    assert gc.get_freeze_count() == 0, "a program that goes on gets them back"
