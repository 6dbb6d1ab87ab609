"""A LOBSTER order book file as the book that a message file begins with.

Row 0 of the order book file is the book after message 0. Its levels become orders of their own, at
the head of their queues, instead of message 0. What later messages take from orders that were
there before is taken from the seed at their price, at most what is left; never from a known order.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from market.enums import Kind, OrderOp, Side
from market.errors import FileFormatError
from market.instrument import Instrument
from market.record import MAX_RECORDS, RECORD, Frame, Records
from recording.entries import Entry, FrameEntry
from recording.readers.lines import text_lines
from recording.readers.lobster_kernel import DECIMALS, LEFT, add_known, route
from recording.readers.order_kernel import BILLIONTHS, LAST
from recording.readers.report import Report

__all__ = ["FIRST_SEED", "Seeded", "read_seed"]

FIRST_SEED: Final = 0xDB5EED << 40
"""Id of the first seeded order: far from an exchange's small ids and from the ends of 64 bits."""
_NO_PRICE: Final = 9_999_999_999
_CELLS: Final = 4
_FIRST_TABLE: Final = 1 << 15


def read_seed(path: Path, instrument: Instrument) -> Records:
    """The levels of the file's first row as adds, the best first; an empty level has none.

    Without any level: one record, a cancel of nothing, as message 0 has to be something.

    Raises:
        FileFormatError: the row is no order book.
        UsageError: no such file.
    """
    line = next(text_lines(path), None)
    cells = [] if line is None else line.text.split(b",")
    try:
        numbers = [int(cell) for cell in cells]
        if not numbers or len(numbers) % _CELLS or len(numbers) // 2 > MAX_RECORDS:
            raise ValueError
        levels: dict[tuple[int, int, int], int] = {}
        for place in range(0, len(numbers), 2):
            price, size = numbers[place : place + 2]
            if size and abs(price) != _NO_PRICE:
                side = int(Side.BID if place % _CELLS else Side.ASK)
                key = (side, *_price(price, instrument))
                levels[key] = levels.get(key, 0) + _size(size, instrument)
    except ValueError as cause:
        raise FileFormatError(
            f"{path}: line 1 is no row of a LOBSTER order book "
            "(ask price, ask size, bid price, bid size, and so on)",
            path=str(path),
            line=0,
        ) from cause
    records = np.zeros(max(len(levels), 1), RECORD)
    records["kind"] = Kind.ORDER
    records["op"] = OrderOp.ADD if levels else OrderOp.CANCEL
    for number, ((side, price, bits), size) in enumerate(levels.items()):
        record = records[number]
        record["side"], record["price"], record["position"] = side, price, bits
        record["size"], record["ref"] = size, FIRST_SEED + number
    return records


def _price(number: int, instrument: Instrument) -> tuple[int, int]:
    """Ticks, or billionths with their bit; as the messages' prices."""
    price = Fraction(number, 10**DECIMALS)
    ticks = price / instrument.tick.fraction
    if ticks.denominator == 1:
        return ticks.numerator, 0
    return number * 10 ** (9 - DECIMALS), BILLIONTHS


def _size(number: int, instrument: Instrument) -> int:
    steps = number / instrument.size.fraction
    if steps.denominator != 1 or steps < 0:
        raise ValueError(number)
    return steps.numerator


class Seeded:
    """Entries of a message file, with a seed instead of its first message.

    Args:
        entries: of the message file.
        seed: see ``read_seed``.
        first: number of the file's first line.
        report: counts and notes, updated.
    """

    def __init__(self, entries: Iterable[Entry], seed: Records, first: int, report: Report) -> None:
        self._entries = entries
        self._seed = seed
        self._first = first
        self._report = report
        words = ("side", "price", "position", "size", "ref")
        self._left = np.stack([seed[word].astype(np.int64) for word in words], axis=1)
        # ids known, size left in all seeds, messages that wanted more, line of the first
        self._marks = np.array([0, self._left[:, LEFT].sum(), 0, -1], np.int64)
        self._known = np.zeros(_FIRST_TABLE, np.uint64)
        self._used = np.zeros(_FIRST_TABLE, np.uint8)
        self._shift: int | None = None

    def __iter__(self) -> Iterator[Entry]:
        """Entries in the file's order.

        Raises:
            FileFormatError: as the message file.
        """
        try:
            for entry in self._entries:
                if isinstance(entry, FrameEntry):
                    yield from self._frame(entry)
                else:
                    yield entry
        finally:
            self._say()

    def _frame(self, entry: FrameEntry) -> Iterator[FrameEntry]:
        frame, index = entry.frame, entry.index
        assert index is not None
        if self._shift is None:
            told = int(np.count_nonzero(index == self._first))
            self._shift = len(self._seed) - told
            self._report.records += self._shift
            yield self._begin(frame)
            base = frame.base
            frame = Frame(frame.records[told:], base, frame.seq + told)
            index = index[told:]
        if len(index):
            self._route(frame.records, index)
            yield FrameEntry(frame._replace(seq=frame.seq + self._shift), index)

    def _begin(self, frame: Frame) -> FrameEntry:
        records = self._seed.copy()
        records["position"][-1] |= LAST
        time = frame.base + int(frame.records["dt"][0])
        return FrameEntry(
            Frame(records, time, frame.seq), np.full(len(records), self._first, np.int64)
        )

    def _route(self, records: Records, index: NDArray[np.int64]) -> None:
        """Ids are remembered as long as anything is left of the seed."""
        if self._marks[1] == 0:
            return
        if 2 * (self._marks[0] + len(records)) > len(self._known):
            known = np.zeros(2 * len(self._known), np.uint64)
            used = np.zeros(len(known), np.uint8)
            add_known(self._known, self._used, known, used)
            self._known, self._used = known, used
        route(records, index, self._known, self._used, self._left, self._marks)

    def _say(self) -> None:
        more, line = int(self._marks[2]), int(self._marks[3])
        if more:
            self._report.notes.append(
                f"{more:,} messages took more than the seed had left at their price, the first is "
                f"line {line + 1:,}"
            )
