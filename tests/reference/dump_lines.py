"""The dump parser, slow and obvious: regular expressions, Decimal, zoneinfo, one line at a time."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

_NUMBER = r"(-?\d+(?:[.,]\d+)?)"
_L1 = re.compile(rf"L1;(\d);(\d{{14}});(\d{{1,7}});{_NUMBER};(\d+(?:[.,]\d+)?)")
_L2 = re.compile(
    rf"L2;([01]);(\d{{14}});(\d{{1,7}});([012]);(\d{{1,3}});([^;]{{0,31}});{_NUMBER};(\d+(?:[.,]\d+)?)"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WrongLineError(Exception):
    """Line ``number`` is not a dump's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass
class PlainDump:
    """Rows as tuples: line, ns UTC, kind, side, op, position, ticks, size, market maker."""

    zone: str = "UTC"
    tick: Fraction = Fraction(1, 4)
    rows: list[tuple[int, int, int, int, int, int, int, int, str]] = field(default_factory=list)
    uncarried: dict[int, int] = field(default_factory=dict)
    inversions: list[int] = field(default_factory=list)
    last: int | None = None
    bid: int | None = None
    ask: int | None = None
    trade: int | None = None
    side: int = 2

    def read(self, text: bytes, *, tolerant: bool = False) -> "PlainDump":
        *lines, rest = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        for number, line in enumerate(lines):
            try:
                self._line(number, line.removesuffix(b"\r").decode("latin-1"))
            except WrongLineError:
                if not tolerant:
                    raise
        if rest:
            raise WrongLineError(len(lines))
        return self

    def _line(self, number: int, line: str) -> None:
        if not line:
            return
        if match := _L2.fullmatch(line):
            side, stamp, offset, op, position, maker, price, size = match.groups()
            if int(position) > 255:
                raise WrongLineError(number)
            row = (0, int(side), int(op), int(position), self._ticks(number, price))
        elif match := _L1.fullmatch(line):
            kind, stamp, offset, price, size = match.groups()
            maker = ""
            row = self._level_one(number, int(kind), price)
        else:
            raise WrongLineError(number)
        amount = Fraction(size.replace(",", "."))
        if amount.denominator != 1:
            raise WrongLineError(number)
        time = self._time(number, stamp, int(offset))
        if row[0] == 3:
            row = self._judged(row[4])
        elif row[0] == 2 and row[2] == 0:
            if row[1] == 0:
                self.ask = row[4]
            else:
                self.bid = row[4]
        if self.last is not None and time < self.last:
            self.inversions.append(number)
        self.last = time
        if row[0] < 0:
            self.uncarried[row[1]] = self.uncarried.get(row[1], 0) + 1
        else:
            self.rows.append((number, time, *row, int(amount), maker))

    def _level_one(self, number: int, kind: int, price: str) -> tuple[int, int, int, int, int]:
        if kind <= 1:
            return 2, kind, 0, 0, self._ticks(number, price)
        if kind == 2:
            return 3, 2, 4, 0, self._ticks(number, price)
        if kind == 5:
            return 2, 0, 1, 0, 0
        return -1, kind, 0, 0, 0

    def _judged(self, price: int) -> tuple[int, int, int, int, int]:
        source = 2
        if self.bid is not None and self.ask is not None:
            if price >= self.ask:
                self.side = 1
            elif price <= self.bid:
                self.side = 0
        else:
            source = 3
            if self.trade is not None and price != self.trade:
                self.side = int(price > self.trade)
        self.trade = price
        return 3, self.side, 4 if self.side == 2 else source, 0, price

    def _ticks(self, number: int, price: str) -> int:
        ticks = Fraction(price.replace(",", ".")) / self.tick
        if ticks.denominator != 1:
            raise WrongLineError(number)
        return ticks.numerator

    def _time(self, number: int, stamp: str, offset: int) -> int:
        try:
            local = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(self.zone))
        except ValueError:
            raise WrongLineError(number) from None
        return (local.astimezone(UTC) - _EPOCH) // timedelta(seconds=1) * 10**9 + offset * 100
