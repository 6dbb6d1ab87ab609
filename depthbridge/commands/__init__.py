"""The commands, one module each.

A command module has ``HELP`` (one line), ``EXAMPLE`` (a command line or several),
``add_arguments(parser)`` and ``run(args) -> int``. It imports what is heavy inside ``run``, so that
the help and the other commands stay quick.
"""

from typing import Final

__all__ = ["BARE", "NAMES"]

BARE: Final = "main"
"""The module behind the bare command: the main job."""

NAMES: Final = (
    "serve",
    "replay",
    "book",
    "metrics",
    "convert",
    "calibrate",
    "review",
    "compare",
    "report",
    "recordings",
    "journal",
    "incident",
    "generate",
    "bridge",
    "autostart",
    "doctor",
    "test",
    "bench",
)
"""Commands in the order of the help."""
