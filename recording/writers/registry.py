"""The one table of writers."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

from market.errors import UsageError
from recording.writers.base import RecordingWriter

__all__ = ["WRITERS", "writer_named"]

WRITERS: Final = {
    "csv": "recording.writers.depth_csv",
    "parquet": "recording.writers.parquet",
    "nt-dump": "recording.writers.dump",
    "journal": "recording.writers.journal",
}
"""Format name to the module with its ``Writer``."""


def writer_named(name: str) -> Callable[[Path], RecordingWriter]:
    """The writer of a format.

    Raises:
        UsageError: no such writer, with the names there are.
    """
    if name not in WRITERS:
        names = ", ".join(WRITERS)
        raise UsageError(f"nothing writes the format {name!r}; there are {names}")
    writer: Callable[[Path], RecordingWriter] = import_module(WRITERS[name]).Writer
    return writer
