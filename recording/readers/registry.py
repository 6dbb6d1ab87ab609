"""What every reader gets and gives, and the one table of formats.

A new format is a module with a ``Format`` and a line in ``formats()``; the tests that hold for all
formats find it there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Final

from market.errors import FileFormatError, UsageError
from market.instrument import InstrumentTable
from recording.entries import Entry
from recording.readers.opener import damage_of, peek
from recording.readers.report import Report

__all__ = ["Format", "Request", "detect", "format_named", "formats", "recognised"]


@dataclass(frozen=True, slots=True)
class Request:
    """One file to read.

    Attributes:
        path: the file.
        table: the instruments that are known.
        instrument: its name, if the caller says it.
        tick_size: for an instrument that is not known.
        time_zone: of wall times, if the caller says it.
        tolerant: skip and count malformed lines.
        seq: number of the first record.
        first: number of the first line or record: files of a folder are counted through.
        report: to be filled.
        segments: of a journal, what to read; empty: all.
        seed: the book that the recording begins with, where its format has a file for it.
        day: whose times these are, where the format's times have none.
    """

    path: Path
    table: InstrumentTable
    report: Report
    instrument: str | None = None
    tick_size: float | str | None = None
    time_zone: str | None = None
    tolerant: bool = False
    seq: int = 1
    first: int = 0
    segments: tuple[Path, ...] = ()
    seed: Path | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A recording's format.

    Attributes:
        name: for ``--format``.
        title: for people.
        detect: whether a file that begins with these (decompressed) bytes has this format.
        read: entries of a file; raises UsageError before the first, FileFormatError where it ends
            to be readable.
        suffixes: endings of file names that ``convert`` takes for this format.
        dated: whether its times are of a day that the caller may say.
        seeded: whether the book that it begins with may lie in a file of its own.
        by_order: whether it always tells of a book of orders, though none of them may stand.
        holds: whether a folder is one recording of this format, which ``read`` then takes whole.
    """

    name: str
    title: str
    detect: Callable[[bytes], bool]
    read: Callable[[Request], Iterator[Entry]]
    suffixes: tuple[str, ...] = ()
    dated: bool = False
    seeded: bool = False
    by_order: bool = False
    holds: Callable[[Path], bool] = lambda _folder: False


_MODULES: Final = (
    "journal_file",
    "parquet",
    "dbn",
    "dump",
    "nt_export",
    "order_csv",
    "depth_csv",
    "lobster",
)
"""In the order of detection."""


def formats() -> tuple[Format, ...]:
    """All formats."""
    return tuple(import_module(f"recording.readers.{name}").FORMAT for name in _MODULES)


def format_named(name: str) -> Format:
    """A format by its name.

    Raises:
        UsageError: there is none, with the names there are.
    """
    for known in formats():
        if known.name == name:
            return known
    names = ", ".join(known.name for known in formats())
    raise UsageError(f"format {name!r} is unknown; there are {names}", code="unknown_format")


def detect(path: Path) -> Format:
    """The format of a file, by its content.

    Raises:
        FileFormatError: empty, damaged, or of no known format.
    """
    found = recognised(path)
    if found is not None:
        return found
    names = ", ".join(known.name for known in formats())
    raise FileFormatError(
        f"{path}: not a recording: its first bytes fit none of {names}; "
        "pass --format to say what it is"
        if peek(path, 1)
        else f"{path}: the file is empty",
        path=str(path),
        offset=0,
    )


def recognised(path: Path) -> Format | None:
    """The format of a file, by its content; None: it is empty, or of no known format.

    Raises:
        FileFormatError: its compressed data is damaged, so that nobody can tell.
    """
    head = peek(path)
    for known in formats() if head else ():
        if known.detect(head):
            return known
    damage = damage_of(path)
    if damage is not None:
        raise damage
    return None
