"""``replay``: plays a recording into a running server, as the bridge would."""

import argparse
import asyncio
from pathlib import Path
from typing import Final

from depthbridge.inputs import Input, add_input_arguments, check_reach

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "plays a recording into a running server, as source replay; --verify: computes it anew"
EXAMPLE = """
replay es_20231225.txt --speed 10
replay "ES 12-26" --date 2026-11-19 --session RTH --speed max
replay "ES 12-26" --verify
"""


_PATIENCE_S: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_input_arguments(parser)
    parser.add_argument(
        "--url",
        default="ws://127.0.0.1:8765/ws",
        metavar="WS",
        help="of the server (%(default)s)",
    )
    parser.add_argument(
        "--speed",
        default="max",
        type=_speed,
        metavar="X|max",
        help="event seconds per second (max: as fast as the server takes it)",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="no server: compute a journal anew and compare with what it says came out",
    )
    parser.add_argument("--token-file", metavar="FILE", help="for a server that wants a token")


def run(args: argparse.Namespace) -> int:
    """Play; 0 when everything was acknowledged. Verify; 1 at the first difference."""
    if args.verify:
        from depthbridge.verifying import verify

        return verify(args)
    from depthbridge.inputs import open_input
    from server.run import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_replay(args, open_input(args), _token(args.token_file)))
    return 0


def _tell_waiting(url: str) -> None:
    """Why nothing comes yet."""
    print(f"waiting for {url}: a server that was updated compiles its kernels first", flush=True)


def _token(path: str | None) -> str | None:
    return Path(path).read_text(encoding="utf-8").strip() if path else None


async def _replay(args: argparse.Namespace, opened: Input, token: str | None) -> None:
    import time

    from client import Publisher
    from depthbridge.player import Player, Printer, parse_speed
    from depthbridge.progress import Progress

    instrument = opened.recording.instrument
    printer = Printer()
    started = time.monotonic()
    waiting = asyncio.get_running_loop().call_later(_PATIENCE_S, _tell_waiting, args.url)
    async with Publisher(
        args.url,
        [instrument],
        source="replay",
        client="depthbridge-replay",
        flags={"useL3": True},  # what a recording holds shows only when it is read
        subscribe=("metrics", "clusters", "signals"),
        token=token,
    ) as publisher:
        waiting.cancel()
        following = asyncio.create_task(printer.follow(publisher))
        player = Player(publisher, instrument.symbol, parse_speed(args.speed), opened.window)
        try:
            with Progress() as progress:
                await player.play(opened.recording, progress.at)
        finally:
            await publisher.flush()
    await following
    check_reach(opened.recording, opened.window)
    seconds = time.monotonic() - started
    print(f"{player.rows:,} rows in {seconds:.1f} s, {player.rows / seconds:,.0f} rows/s")
    if player.left_out:
        print(
            f"{player.left_out:,} records of orders between two ticks were not sent: the server's "
            "book is the part of the file's that lies on the grid"
        )
    print(f"signals: {printer.signals}")
    print(printer.summary)


def _speed(text: str) -> str:
    from depthbridge.player import parse_speed

    try:
        parse_speed(text)
    except ValueError as cause:
        raise argparse.ArgumentTypeError(f"{text} is neither a positive number nor max") from cause
    return text
