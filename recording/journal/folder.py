"""Where journals lie on disk, and who may write there.

::

    <recordings>/.lock                                   held by the one server that writes here
    <recordings>/<source>/<symbol>/<trade date>/NNNNNN.dbj
    <recordings>/<source>/<symbol>/<trade date>/NNNNNN-MMMMMM.parquet
    <recordings>/<source>/<symbol>/<trade date>/.pinned  retention leaves this day alone

``source`` is ``live``, ``playback`` or ``replay``. ``symbol`` is the instrument's full name:
letters, digits, ``.`` and ``-`` as they are, a blank as ``_``, other bytes as ``%XX``. The trade
date is the session's (``2026-11-20``). Segments are numbered through the whole journal of an
instrument and source, so their order never depends on a clock. A compacted file stands for the
segments from its first to its second number; where both are there, the segments are leftovers
that nobody reads.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from market.errors import EnvironmentFault, UsageError

__all__ = [
    "COMPACTED",
    "PINNED",
    "SUFFIX",
    "FolderLock",
    "JournalStream",
    "journal_streams",
    "last_number",
    "leftovers_of",
    "numbers_of",
    "parts_of",
    "segments_of",
    "slug",
]

SUFFIX: Final = ".dbj"
COMPACTED: Final = ".parquet"
PINNED: Final = ".pinned"
_COMPACTED_NAME: Final = re.compile(r"(\d{6,})-(\d{6,})\.parquet")
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-")
_DEVICES: Final = frozenset(
    ["CON", "PRN", "AUX", "NUL"] + [f"{port}{i}" for port in ("COM", "LPT") for i in range(1, 10)]
)
"""Names that Windows keeps for itself, and exchanges do not."""
_LOCK_NAME: Final = ".lock"


class JournalStream(NamedTuple):
    """One instrument and source on disk.

    Attributes:
        folder: ``<recordings>/<source>/<symbol>``.
        segments: its segments that no compacted file stands for, in order.
        parts: all that is to be read, segments and compacted files, in order.
    """

    source: str
    name: str
    folder: Path
    segments: tuple[Path, ...]
    parts: tuple[Path, ...]


def slug(symbol: str) -> str:
    """A symbol as a folder name that every file system takes, one to one."""
    parts = []
    for byte in symbol.encode():
        char = chr(byte)
        if char in _PLAIN:
            parts.append(char)
        else:
            parts.append("_" if char == " " else f"%{byte:02X}")
    name = "".join(parts)
    if name.endswith("."):
        name = name[:-1] + "%2E"
    if name.partition(".")[0].upper() in _DEVICES:
        name = f"%{ord(name[0]):02X}{name[1:]}"
    return name


def segments_of(folder: Path) -> tuple[Path, ...]:
    """The segments of one journal (or one of its trade dates), in order."""
    files = [path for path in folder.rglob(f"*{SUFFIX}") if path.stem.isdigit()]
    return tuple(sorted(files, key=lambda path: int(path.stem)))


def numbers_of(path: Path) -> tuple[int, int] | None:
    """First and last segment number that a file stands for; None: it is no part of a journal."""
    if path.suffix == SUFFIX and path.stem.isdigit():
        return int(path.stem), int(path.stem)
    named = _COMPACTED_NAME.fullmatch(path.name)
    return (int(named[1]), int(named[2])) if named else None


def parts_of(folder: Path) -> tuple[Path, ...]:
    """Segments and compacted files of one journal (or one of its trade dates), in order."""
    compacted = _compacted_in(folder)
    kept = [path for path in segments_of(folder) if not _is_covered(path, compacted)]
    kept += [path for spans in compacted.values() for _, _, path in spans]
    return tuple(sorted(kept, key=_first_number))


def leftovers_of(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Segments that a compacted file stands for already, each with that file."""
    compacted = _compacted_in(folder)
    for path in segments_of(folder):
        number = int(path.stem)
        for first, last, table in compacted.get(path.parent, ()):
            if first <= number <= last:
                yield path, table


def last_number(home: Path) -> int:
    """The highest number that the journal in ``<source>/<symbol>`` has used; 0: none."""
    spans = [numbers_of(path) for path in home.glob("*/*")] if home.is_dir() else []
    return max((span[1] for span in spans if span is not None), default=0)


def _compacted_in(folder: Path) -> dict[Path, list[tuple[int, int, Path]]]:
    found: dict[Path, list[tuple[int, int, Path]]] = {}
    for path in folder.rglob(f"*{COMPACTED}"):
        span = numbers_of(path)
        if span is not None:
            found.setdefault(path.parent, []).append((*span, path))
    return found


def _is_covered(path: Path, compacted: dict[Path, list[tuple[int, int, Path]]]) -> bool:
    number = int(path.stem)
    return any(first <= number <= last for first, last, _ in compacted.get(path.parent, ()))


def _first_number(path: Path) -> int:
    span = numbers_of(path)
    return span[0] if span else 0


def journal_streams(folder: Path) -> Iterator[JournalStream]:
    """All journals in a recordings folder, or in a folder below it, by source and symbol."""
    homes: dict[Path, list[Path]] = {}
    for path in parts_of(folder):
        homes.setdefault(path.parent.parent, []).append(path)
    for home in sorted(homes):
        parts = tuple(homes[home])
        segments = tuple(path for path in parts if path.suffix == SUFFIX)
        yield JournalStream(home.parent.name, home.name, home, segments, parts)


class FolderLock:
    """Keeps a second server out of a recordings folder, for as long as this process lives.

    The operating system drops the lock with the process, so a crash leaves nothing to clean.
    """

    def __init__(self, folder: Path, name: str = _LOCK_NAME) -> None:
        """Make the folder if need be, and lock it.

        Args:
            folder: the recordings folder.
            name: of the lock's file; another one for another kind of work.

        Raises:
            EnvironmentFault: ``folder_unwritable`` or ``folder_in_use``.
        """
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as cause:
            raise EnvironmentFault(
                f"the recordings folder {folder} cannot be written: {cause.strerror}",
                code="folder_unwritable",
                folder=str(folder),
            ) from cause
        if not _try_lock(self._fd):
            os.close(self._fd)
            raise EnvironmentFault(
                f"another server is recording into {folder}; stop it, or set recording.folder",
                code="folder_in_use",
                folder=str(folder),
            )

    def release(self) -> None:
        """Let the next server in."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def only_stream(folder: Path) -> JournalStream:
    """The one journal below a folder.

    Raises:
        UsageError: there is none, or more than one.
    """
    streams = list(journal_streams(folder))
    if not streams:
        raise UsageError(f"{folder} holds no journal", code="no_journal", path=str(folder))
    if len(streams) > 1:
        names = ", ".join(f"{stream.source}/{stream.name}" for stream in streams)
        raise UsageError(
            f"{folder} holds several journals ({names}); name one of them",
            code="several_journals",
            path=str(folder),
        )
    return streams[0]


if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
