"""Text files whose first line names their columns: the header, and a parser that follows it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np

from market.errors import FileFormatError
from market.instrument import Instrument
from recording.readers.state import MAKER_WIDTH, new_parser

__all__ = ["IGNORED", "INSTRUMENT", "UTC", "Header"]

IGNORED: Final = 0
INSTRUMENT: Final = 1
"""Meanings that all formats share (``order`` of the parser); their own begin after these."""

UTC: Final = np.array([[-(2**63), 0]], np.int64)
"""The zone table of times that are UTC already."""

_MOST_COLUMNS: Final = 16


class Header(NamedTuple):
    """The first line of a file, and what the second says.

    Attributes:
        separator: comma or semicolon, whichever is more frequent.
        names: of the columns, in lower case.
        cells: of the first row; empty if there is none.
    """

    separator: str
    names: tuple[str, ...]
    cells: tuple[str, ...]

    @classmethod
    def of(cls, head: bytes) -> Self:
        """From a file's first bytes."""
        lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 2)
        texts = [line.rstrip(b"\r").decode("utf-8", "replace") for line in lines[:2]]
        separator = ";" if texts[0].count(";") > texts[0].count(",") else ","
        names = tuple(name.strip().lower() for name in texts[0].split(separator))
        cells = tuple(texts[1].split(separator)) if len(texts) > 1 else ()
        return cls(separator, names, cells)

    def require(self, needed: frozenset[str], path: Path, line: int) -> None:
        """Refuse a header that lacks a column, or cannot be one.

        Raises:
            FileFormatError: at ``line``.
        """
        missing = needed - set(self.names)
        if missing:
            what = f"lacks {', '.join(sorted(missing))}"
        elif len(self.names) > _MOST_COLUMNS or len(set(self.names)) != len(self.names):
            what = "has too many or equal columns"
        else:
            return
        raise FileFormatError(f"{path}: the header {what}", path=str(path), line=line)

    def first(self, column: str) -> str | None:
        """A cell of the first row; None if there is no such column or row, or it is empty."""
        if column not in self.names:
            return None
        place = self.names.index(column)
        return self.cells[place] or None if place < len(self.cells) else None

    def parser(self, instrument: Instrument, meaning: Mapping[str, int]) -> np.ndarray:
        """The state before the first row.

        Args:
            instrument: of the file; a column ``instrument`` must name what its first row names.
            meaning: by column; others are ignored.
        """
        parser = new_parser(instrument.tick, instrument.size, UTC)
        parser["separator"] = ord(self.separator)
        parser["columns"] = len(self.names)
        order = [meaning.get(name, IGNORED) for name in self.names]
        name = (self.first("instrument") or "").encode()
        if name and len(name) < MAKER_WIDTH:
            parser["names"][0, 0, 0] = len(name)
            parser["names"][0, 0, 1 : 1 + len(name)] = np.frombuffer(name, np.uint8)
            order[self.names.index("instrument")] = INSTRUMENT
        parser["order"][0, : len(order)] = order
        return parser
