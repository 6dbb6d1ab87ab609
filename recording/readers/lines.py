"""Lines of a small text file, streaming: for formats that need no compiled parser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from market.errors import FileFormatError
from recording.readers.opener import open_bytes
from recording.readers.state import MAX_LINE

__all__ = ["Line", "text_lines"]

_BLOCK: Final = 1 << 18
_BOM: Final = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line.

    Attributes:
        number: zero-based.
        text: without its end.
        whole: whether it has an end; the last line of a cut file has none.
    """

    number: int
    text: bytes
    whole: bool


def text_lines(path: Path, first: int = 0) -> Iterator[Line]:
    """Lines of a file, plain or compressed, numbered from ``first``.

    Raises:
        FileFormatError: damage, after the lines before it; a line that is too long.
    """
    number = first
    block = bytearray(_BLOCK)
    rest = b""
    with open_bytes(path) as source:
        while True:
            count = source.readinto(memoryview(block))
            if count == 0:
                break
            data = rest + bytes(block[:count])
            if number == first and not rest:
                data = data.removeprefix(_BOM)
            *lines, rest = data.split(b"\n")
            for text in lines:
                yield Line(number, text.removesuffix(b"\r"), whole=True)
                number += 1
            if len(rest) > MAX_LINE:
                raise FileFormatError(
                    f"{path}: line {number + 1:,} is longer than {MAX_LINE:,} bytes",
                    path=str(path),
                    line=number,
                )
    if rest:
        yield Line(number, rest, whole=False)
