"""``serve``: only the server."""

import argparse

from depthbridge.serving import add_server_arguments

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "runs the server until Ctrl-C"
EXAMPLE = "serve --config depthbridge.yaml --port 8765"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_server_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve; 0 after SIGTERM, 130 after Ctrl-C."""
    from depthbridge.serving import run_server, server_settings

    return run_server(server_settings(args))
