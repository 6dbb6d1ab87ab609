"""The compiled way for the plain form of ``l2_update``.

Plain means: ``type`` first, ``updates`` as objects with the protocol's keys in its order, no spaces
in them, plain on-grid decimals. Everything else, and everything that is wrong, goes the general
way, which gives the same records or the error. The fields beside ``updates`` always do.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from market.errors import MalformedError
from market.instrument import Instrument
from market.record import RECORD
from market.ticks import Grid
from wire.batches import L2Update
from wire.frames import require_records
from wire.json_kernels import parse_l2_rows
from wire.messages import MessageDecoder
from wire.updates import MAX_ROWS, Batch, l2_update

__all__ = ["PlainL2", "split_plain_l2", "warmup"]

_BEGIN: Final = b'{"type":"l2_update",'
_UPDATES: Final = b'"updates":['
_SHORTEST: Final = 60
"""Bytes of the shortest element: bounds the records that a text can hold."""


class PlainL2:
    """A message in its plain form, the rows still as text.

    The grids are known only after the fields beside the rows were read: so those come first.

    Attributes:
        message: the message with empty ``updates``.
    """

    __slots__ = ("_decoder", "_end", "_start", "_text", "_unknown", "message")

    def __init__(
        self,
        text: bytes,
        span: tuple[int, int],
        message: L2Update,
        decoder: MessageDecoder,
        unknown: int,
    ) -> None:
        self._text: Final = text
        self._start, self._end = span
        self._decoder: Final = decoder
        self._unknown: Final = unknown
        self.message: Final = message

    def batch(self, instrument: Instrument, makers: Sequence[str] = ()) -> Batch:
        """The records, as :func:`wire.updates.l2_update` gives them.

        Raises:
            MalformedError: with ``code``, ``index`` and ``field``.
        """
        room = min(MAX_ROWS, (self._end - self._start) // _SHORTEST + 1)
        records = np.empty(room, RECORD)
        times = np.empty(room, np.int64)
        tick, size = instrument.tick, instrument.size
        grids = (tick.numerator, tick.denominator, size.numerator, size.denominator)
        source = np.frombuffer(self._text, np.uint8)
        count, end = parse_l2_rows(source, self._start, grids, records, times)
        if end != self._end:
            return self._general(instrument, makers)
        records = records[:count]
        try:
            require_records(records)
        except MalformedError:
            return self._general(instrument, makers)
        return Batch(records, times[:count])

    def _general(self, instrument: Instrument, makers: Sequence[str]) -> Batch:
        decoder = MessageDecoder(self._decoder.limit)
        message = decoder.decode(self._text)
        self._decoder.unknown += decoder.unknown - self._unknown
        assert isinstance(message, L2Update)
        return l2_update(message, instrument, makers)


def split_plain_l2(text: bytes, decoder: MessageDecoder) -> PlainL2 | None:
    """The message if it looks plain; None: take the general way.

    Unknown fields are counted on ``decoder``.
    """
    if not text.startswith(_BEGIN) or len(text) > decoder.limit:
        return None
    start = text.find(_UPDATES)
    end = text.find(b"]", start) + 1
    if start < 0 or not end:
        return None
    head = text[:start]
    if head.count(b"{") != 1 or b"[" in head or b"\\" in head:
        return None
    start += len(_UPDATES)
    before = decoder.unknown
    try:
        message = decoder.decode(text[:start] + text[end - 1 :])
    except MalformedError:
        return None
    assert isinstance(message, L2Update)
    return PlainL2(text, (start, end), message, decoder, decoder.unknown - before)


def warmup() -> None:
    """Compile the scan and the parser."""
    text = (
        b'{"type":"l2_update","updates":[{"time":1,"side":"bid","operation":"add",'
        b'"position":0,"price":1.25,"volume":1}]}'
    )
    plain = split_plain_l2(text, MessageDecoder())
    assert plain is not None
    plain.batch(Instrument("", "", Grid("0.25"), Grid(1), 1.0, "always"))
