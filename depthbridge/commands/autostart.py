"""``autostart``: the server starts at login, and again whenever it ends."""

import argparse
from pathlib import Path

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "starts the server at every login (Task Scheduler on Windows, systemd on Linux)"
EXAMPLE = """\
autostart on
autostart on --config depthbridge.yaml
autostart status
autostart off"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("what", choices=("on", "off", "status"), help="off also ends the server")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the server's configuration")


def run(args: argparse.Namespace) -> int:
    """Do it and say what was done; ``status``: 0 if it is on, 1 if it is off."""
    from depthbridge.autostart import starter
    from depthbridge.autostart.launch import server_launch
    from server.settings import default_log_file, load_settings

    system = starter()
    if args.what == "status":
        is_on, lines = system.status()
        code = 0 if is_on else 1
    elif args.what == "off":
        lines, code = system.off(), 0
    else:
        log = default_log_file(load_settings(args.config))
        lines, code = [*system.on(server_launch(log, args.config)), f"log: {log}"], 0
    for line in lines:
        print(line)
    return code
