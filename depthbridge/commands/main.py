"""The bare command: the server, and the bundled sample through it while no bridge has connected."""

import argparse
from typing import TYPE_CHECKING, Final

from depthbridge.serving import add_server_arguments

if TYPE_CHECKING:
    from server.run import ServerProcess

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "starts the server and, while no bridge has connected, plays the bundled sample through it"
EXAMPLE = "\n--once"
_SPEED: Final = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_server_arguments(parser)
    parser.add_argument(
        "--once", action="store_true", help="play the sample once at full speed, then end"
    )


def run(args: argparse.Namespace) -> int:
    """Serve and play; 0 after ``--once`` or SIGTERM, 130 after Ctrl-C."""
    from depthbridge.serving import run_server, server_settings

    settings = server_settings(args, log_level="warning")
    if args.once:
        return run_server(settings, _play_once)
    return run_server(settings, _play_until_a_bridge_comes)


async def _play_once(process: "ServerProcess") -> None:
    from depthbridge.player import Printer

    printer = Printer()
    await process.runtime.when_warm()
    await _play(process, printer, None)
    print(f"signals: {printer.signals}")
    print(printer.summary, flush=True)


async def _play_until_a_bridge_comes(process: "ServerProcess") -> None:
    import asyncio

    from depthbridge.player import Printer

    runtime = process.runtime
    await runtime.when_warm()
    printer = Printer()
    print("no bridge yet: the bundled sample plays as source demo", flush=True)
    while not runtime.bridges:
        await _play(process, printer, _SPEED)
    print("a bridge has connected: the sample stops", flush=True)
    await asyncio.Event().wait()


async def _play(process: "ServerProcess", printer: object, speed: float | None) -> None:
    import asyncio

    from client import Publisher
    from depthbridge.player import Player, Printer
    from depthbridge.sample import DUMP
    from recording.readers import open_recording

    assert isinstance(printer, Printer)
    recording = open_recording(DUMP)
    instrument = recording.instrument
    url = process.url.replace("http", "ws", 1) + "/ws"
    async with Publisher(
        url,
        [instrument],
        source="demo",
        subscribe=("metrics", "clusters", "signals"),
        takeover=True,
        token=process.token.reveal() if process.token else None,
    ) as publisher:
        following = asyncio.create_task(printer.follow(publisher))
        player = Player(publisher, instrument.symbol, speed)
        await player.play(recording, lambda _: speed is None or not process.runtime.bridges)
        await publisher.flush()
    await following
