"""What every writer offers."""

from pathlib import Path
from typing import Protocol

from recording.entries import Entry

__all__ = ["RecordingWriter"]


class RecordingWriter(Protocol):
    """Writes one recording; the file is complete only after ``close``.

    Attributes:
        dropped: control entries that the format has no place for.
    """

    dropped: int

    def __init__(self, path: Path) -> None: ...

    def write(self, entry: Entry) -> None:
        """Add an entry; the first one is an ``InstrumentEntry``.

        Raises:
            UsageError: this format cannot hold it.
        """

    def close(self) -> None:
        """Write what is left and the footer."""

    def abandon(self) -> None:
        """Let go of the file without finishing it."""

    def sidecar(self) -> bytes | None:
        """What belongs into ``<file>.json`` after ``close``; None: the format says everything."""
