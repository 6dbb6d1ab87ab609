"""The metrics row as the fields of a JSON object, written by one compiled call.

The text is what orjson makes of the same fields: a dictionary of fifty objects costs several times
what their digits do. The digits in turn cost several times what a copy of them does, and from one
frame to the next most fields say the same: what each said last is kept beside the text.
"""

from typing import Final

import numpy as np

from market.jit import BLOCK, borrowed, brief, copy_block, fused, inlined, unsigned
from orderbook.describe import OUTLOOKS, PHASES
from orderbook.layout import METRICS_FIELDS, METRICS_ROW, Words, as_int, word_of
from orderbook.numerals import Text, write_float, write_int

__all__ = ["ROW_TEXT_START", "ROW_TEXT_WORDS", "write_row_text"]

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
_SAID: Final = 2 * BLOCK
"""Bytes kept for what a field says, its name and value; 45 are the most."""
_KEPT: Final = 2 + _SAID // 8
"""Words of a kept field: the value it was made of, its bytes (0: none was made), and they."""


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
_LETTERS: Final = np.frombuffer(b"".join([*_PIECES, bytes(BLOCK)]), np.uint8)
_ENDS: Final = np.cumsum([0, *map(len, _PIECES)])
"""Piece ``i`` is the letters from number ``i`` of these to the next."""
ROW_TEXT_START: Final = 8 * _KEPT * len(_ORDER)
"""The byte at which the text begins; before it are the kept fields."""
ROW_TEXT_WORDS: Final = (ROW_TEXT_START + _SAID * (len(_ORDER) + 1)) // 8
"""Words of both, and of what may be written behind the text's end."""


@brief
def write_row_text(words: Words, text: Words) -> int:
    """Write the metrics row, from ``"seq":`` to the value of ``"warmup"``, without braces.

    Args:
        words: STATE with a row.
        text: ROW_TEXT_WORDS, at first zeros; the text stands at byte ROW_TEXT_START.

    Returns:
        Bytes of the text. Some 3 ns a field, and 20 for each that says something else than before.
    """
    words = borrowed(words)
    text = borrowed(text)
    letters = borrowed(text.view(np.uint8))
    at = as_int(ROW_TEXT_START)
    for i in range(len(_FIELDS)):
        kept = i * _KEPT
        said = 8 * (kept + 2)
        value = words[unsigned(_FIELDS[i, 0])]
        if text[unsigned(kept)] != value or text[unsigned(kept + 1)] == 0:
            text[unsigned(kept)] = value
            text[unsigned(kept + 1)] = _write_field(letters, said, i, value) - said
        copy_block(letters, at, letters, said)
        copy_block(letters, at + BLOCK, letters, said + BLOCK)
        at += text[unsigned(kept + 1)]
    return at - ROW_TEXT_START


@inlined
def _write_field(letters: Text, at: int, field: int, value: int) -> int:
    """Write the name and the value of a field; returns where they end."""
    kind = _FIELDS[unsigned(field), 1]
    zero = _FIELDS[unsigned(field), 3]
    at = _copy(letters, at, _FIELDS[unsigned(field), 2])
    if kind == _FLOAT:
        return write_float(letters, at, value)
    if kind == _WORD or (zero > 0 and value == 0):
        return _copy(letters, at, zero + value)
    return write_int(letters, at, value)


@fused
def _copy(letters: Text, at: int, piece: int) -> int:
    """Write one of the pieces, none is longer than a block; returns where the text goes on."""
    start = _ENDS[unsigned(piece)]
    copy_block(letters, at, _LETTERS, start)
    return at + _ENDS[unsigned(piece + 1)] - start
