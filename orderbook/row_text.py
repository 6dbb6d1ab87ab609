"""The metrics row as the fields of a JSON object, written by one compiled call.

The text is what orjson makes of the same fields: a dictionary of fifty objects costs several times
what their digits do.
"""

from typing import Final

import numpy as np

from market.jit import borrowed, inlined, kernel, unsigned
from orderbook.describe import OUTLOOKS, PHASES
from orderbook.layout import METRICS_FIELDS, METRICS_ROW, Words, as_int, word_of
from orderbook.numerals import Text, write_float, write_int

__all__ = ["ROW_TEXT_BYTES", "write_row_text"]

_ORDER: Final = ("seq", "time_ns", "book", *METRICS_FIELDS[METRICS_FIELDS.index("phase") :])
"""The fields as the message has them; ``book`` is the state's, the others are the row's."""
_RENAMED: Final = {"time_ns": "time"}
_INT, _FLOAT, _WORD = (as_int(i) for i in range(3))
_WORDS: Final = {
    "book": ('"L2"', '"L2"', '"L2"', '"L3"'),
    "phase": tuple(f'"{word}"' for word in PHASES),
    "outlook": ("null", *(f'"{word}"' for word in OUTLOOKS)),
    "complete": ("false", "true"),
    "warmup": ("false", "true"),
}
"""What a field with few values says, by its value; ``outlook`` begins at -1."""
_NULLS: Final = ("since",)
"""Fields of which 0 is null."""
_LONGEST: Final = 26
"""Bytes of the longest value."""


def _row_of(name: str, pieces: list[bytes]) -> tuple[int, ...]:
    """A field's row of _FIELDS; its texts are appended to ``pieces``."""
    comma = "," if pieces else ""
    label = len(pieces)
    words = ("null",) if name in _NULLS else _WORDS.get(name, ())
    pieces.append(f'{comma}"{_RENAMED.get(name, name)}":'.encode())
    pieces += [word.encode() for word in words]
    if name == "book":
        return word_of("book", "mode"), int(_WORD), label, label + 1
    kind = _FLOAT if METRICS_ROW[name].kind == "f" else (_WORD if name in _WORDS else _INT)
    first = label + (2 if name == "outlook" else 1)
    return word_of("row", name), int(kind), label, first if words else 0


_PIECES: list[bytes] = []
_FIELDS: Final = np.array([_row_of(name, _PIECES) for name in _ORDER])
"""Of each field: its word in the state, its kind, the piece that names it, the piece of value 0."""
_LETTERS: Final = np.frombuffer(b"".join(_PIECES), np.uint8)
_ENDS: Final = np.cumsum([0, *map(len, _PIECES)])
"""Piece ``i`` is the letters from number ``i`` of these to the next."""
ROW_TEXT_BYTES: Final = len(_LETTERS) + _LONGEST * len(_ORDER)
"""More than the text ever needs."""


@kernel
def write_row_text(words: Words, text: Text) -> int:
    """Write the metrics row, from ``"seq":`` to the value of ``"warmup"``, without braces.

    Args:
        words: STATE with a row.
        text: uint8, ROW_TEXT_BYTES; changed in place.

    Returns:
        Bytes written. 1 to 2 µs.
    """
    words = borrowed(words)
    text = borrowed(text)
    at = as_int(0)
    for i in range(len(_FIELDS)):
        value = words[unsigned(_FIELDS[i, 0])]
        kind = _FIELDS[i, 1]
        zero = _FIELDS[i, 3]
        at = _copy(text, at, _FIELDS[i, 2])
        if kind == _FLOAT:
            at = write_float(text, at, value)
        elif kind == _WORD or (zero > 0 and value == 0):
            at = _copy(text, at, zero + value)
        else:
            at = write_int(text, at, value)
    return at


@inlined
def _copy(text: Text, at: int, piece: int) -> int:
    """Write one of the pieces; returns where the text goes on."""
    start = _ENDS[unsigned(piece)]
    size = _ENDS[unsigned(piece + 1)] - start
    for i in range(size):
        text[unsigned(at + i)] = _LETTERS[unsigned(start + i)]
    return at + size
