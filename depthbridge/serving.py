"""What the commands that run a server share: options, start, the line that says where it is."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from depthbridge.numbers import whole_number
from depthbridge.version import VERSION

if TYPE_CHECKING:
    from server.run import ServerProcess
    from server.runtime import Runtime
    from server.settings import Settings

__all__ = ["add_server_arguments", "run_server", "server_settings"]

_PATIENCE_S: Final = 2.0
"""A start that takes longer says so."""


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--config``, ``--host``, ``--log`` and ``--port``."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML; all keys: depthbridge.default.yaml"
    )
    parser.add_argument("--host", metavar="H", help="address to listen on (127.0.0.1)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="also log into this file")
    parser.add_argument(
        "--port", type=whole_number, metavar="P", help="port to listen on (8765); 0: any"
    )


def server_settings(args: argparse.Namespace, *, log_level: str | None = None) -> "Settings":
    """The configuration with the command's options over it; logging is set up.

    Raises:
        SettingsError: with the key's path and what is allowed.
    """
    from server.logs import configure_logging
    from server.settings import load_settings

    given = {"host": args.host, "port": args.port}
    overrides: dict[str, dict[str, Any]] = {
        "server": {key: value for key, value in given.items() if value is not None}
    }
    if args.log is not None:
        overrides["logging"] = {"file": str(args.log)}
    path = args.config
    if path is None and os.environ.get("DEPTHBRIDGE_CONFIG"):
        path = Path(os.environ["DEPTHBRIDGE_CONFIG"])
    settings = load_settings(path, overrides=overrides)
    logs = settings.logging
    configure_logging(logs.config, log_level or logs.level, logs.file)
    for note in settings.notes:
        logging.getLogger("depthbridge.settings").warning("renamed", extra={"setting": note})
    return settings


def run_server(
    settings: "Settings", work: "Callable[[ServerProcess], Awaitable[None]] | None" = None
) -> int:
    """Run a server, and ``work`` beside it once it listens; returns the exit code.

    Without ``work`` it runs until a signal; with it until ``work`` returns or a signal comes.

    Raises:
        EnvironmentFault: port or folder in use.
        DepthbridgeError: what ``work`` raised, unless a signal had come.
    """
    from server.run import new_event_loop

    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(_run(settings, work))
    finally:
        gc.unfreeze()


async def _run(
    settings: "Settings", work: "Callable[[ServerProcess], Awaitable[None]] | None"
) -> int:
    from server.run import ServerProcess

    process = ServerProcess(settings, VERSION)
    gc.freeze()
    await process.start()
    telling = asyncio.create_task(_tell_if_slow(process.runtime, time.monotonic()))
    settling = asyncio.create_task(_settle(process.runtime))
    print(f"dashboard: {process.url}/", flush=True)
    if settings.recording.enabled:
        print(f"recordings: {settings.recordings_folder}", flush=True)
    served = asyncio.create_task(process.wait())
    if work is not None:
        working = asyncio.create_task(_as_coroutine(work(process)))
        await asyncio.wait((served, working), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await process.stop()
            await served
            if process.stopped_by is None:
                working.result()
            elif not working.cancelled():
                # The signal closed the server under the work, whose word of that is no news.
                working.exception()
        else:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    await served
    telling.cancel()
    settling.cancel()
    if process.stopped_by == signal.SIGINT:
        print("stopped", file=sys.stderr)
        return 130
    return 0


async def _tell_if_slow(runtime: "Runtime", started: float) -> None:
    """The first start of a version compiles for a while, and a long journal takes time to read."""
    try:
        await asyncio.wait_for(runtime.when_warm(), _PATIENCE_S)
    except TimeoutError:
        print(
            "starting: kernels are compiled, once for each version, and journals read; "
            "this can take some minutes",
            flush=True,
        )
        await runtime.when_warm()
        print(f"ready after {time.monotonic() - started:.0f} s", flush=True)


async def _settle(runtime: "Runtime") -> None:
    """Spare the collector what stays: modules and kernels, some 300,000 objects.

    It looks at all that it knows while everything else stands still, for tenths of a second, when
    a few hundred connections have come and gone. What imports made is frozen before the start.
    """
    await runtime.when_warm()
    gc.collect()
    gc.freeze()


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work
