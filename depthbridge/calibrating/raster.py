"""Boxes and letters on pixels, and their PNG: enough for a page of histograms, and no package.

PNG by RFC 2083: 8-bit RGB, one IDAT, no filter.
"""

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLACK", "GREY", "Canvas", "Colour"]

Colour = tuple[int, int, int]
BLACK: Final[Colour] = (32, 32, 36)
GREY: Final[Colour] = (205, 208, 214)
_WHITE: Final = 255
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_WIDE: Final = 4
"""Columns of a letter, the gap behind it included."""

_FONT: Final[dict[str, str]] = {
    # five rows of three pixels, each row as an octal digit
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717",
    "6": "74757", "7": "71244", "8": "75757", "9": "75717", "A": "25755", "B": "65656",
    "C": "34443", "D": "65556", "E": "74647", "F": "74644", "G": "34553", "H": "55755",
    "I": "72227", "J": "11152", "K": "55655", "L": "44447", "M": "57755", "N": "65555",
    "O": "25552", "P": "65644", "Q": "25563", "R": "65655", "S": "34216", "T": "72222",
    "U": "55557", "V": "55552", "W": "55775", "X": "55255", "Y": "55222", "Z": "71247",
    ".": "00002", ",": "00024", "-": "00700", "+": "02720", ":": "02020", "%": "51245",
    "_": "00007", "(": "12221", ")": "42224", "/": "11244", "=": "07070", "²": "62400",
    "½": "44021",
}  # fmt: skip


class Canvas:
    """White pixels to draw on; what lies outside is cut off.

    Args:
        width: pixels.
        height: pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.pixels: NDArray[np.uint8] = np.full((height, width, 3), _WHITE, np.uint8)

    def box(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        """Fill a rectangle."""
        rows = slice(max(top, 0), max(top + height, 0))
        self.pixels[rows, max(left, 0) : max(left + width, 0)] = colour

    def text(self, left: int, top: int, words: str, colour: Colour = BLACK, scale: int = 2) -> None:
        """Write capitals, digits and a few signs; what the font lacks is a gap."""
        for place, sign in enumerate(words.upper()):
            rows = _FONT.get(sign, "00000")
            for row, bits in enumerate(rows):
                for column in range(3):
                    if int(bits) & (4 >> column):
                        at = left + scale * (_WIDE * place + column)
                        self.box(at, top + scale * row, scale, scale, colour)

    def png(self) -> bytes:
        """The picture as a file."""
        height, width = self.pixels.shape[:2]
        lines = np.zeros((height, 1 + 3 * width), np.uint8)  # each line begins with its filter, 0
        lines[:, 1:] = self.pixels.reshape(height, -1)
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
        return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
