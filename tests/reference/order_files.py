"""The vendor's ES orders told again as CSV of order events and as a LOBSTER message file.

Each line comes with the records that it means by the documented rules, made here without the
product's readers, and with the number of the vendor's record after which the book is the same.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.reference.mbo_book import MboEvent
from tests.reference.order_book import (
    ADD,
    CANCEL,
    CLEAR,
    DELETE,
    FILL,
    LAST,
    MODIFY,
    REPLACE,
)
from tests.reference.records import ASK, BID, BUY, ORDER, SELL, TRADE, Rec

__all__ = ["CSV_HEAD", "MIDNIGHT", "Line", "Step", "csv_lines", "lobster_lines", "steps_of"]

CSV_HEAD = "time_ns,action,side,order_id,price,size,new_order_id\n"
MIDNIGHT = 1_703_480_400 * 10**9
"""Of New York, 2023-12-25, ns UTC."""

_WORDS = ("add", "modify", "cancel", "delete", "fill", "replace", "clear")


class Step(NamedTuple):
    """One change of the book; ``after``: number of the vendor's record that it completes."""

    after: int
    time: int
    op: int
    side: int
    ref: int
    price: int
    size: int
    new: int = 0


class Line(NamedTuple):
    """One line of a file; ``after`` is -1 where the vendor's book has no state to compare."""

    text: str
    recs: list[Rec]
    after: int


class _Standing(NamedTuple):
    """An order as the file knows it."""

    ref: int
    side: int
    price: int
    size: int


def steps_of(events: Iterable[MboEvent]) -> Iterator[Step]:
    """What the vendor's records do to the book, with every operation that a file can have.

    A fill changes nothing at the vendor's; the cancel or modify after it does, and becomes one. A
    modify that loses its place is told as replace with a new id every other time.
    """
    standing: dict[int, _Standing] = {}
    filled: dict[int, int] = {}
    ids = 1 << 62
    for number, event in enumerate(events):
        side = BID if event.side == "B" else ASK
        old = standing.get(event.order_id)
        time = max(event.time, MIDNIGHT)
        if event.action == "R":
            standing.clear()
            yield Step(number, time, CLEAR, 0, 0, 0, 0)
        elif event.action == "F":
            filled[event.order_id] = filled.get(event.order_id, 0) + event.size
        elif event.action == "A":
            standing[event.order_id] = _Standing(event.order_id, side, event.price, event.size)
            yield Step(number, time, ADD, side, event.order_id, event.price, event.size)
        elif event.action == "C":
            assert old is not None
            was_fill = filled.pop(event.order_id, 0) == event.size
            op = FILL if was_fill else CANCEL
            if event.size == old.size:
                del standing[event.order_id]
                op = op if was_fill or number % 2 else DELETE
            else:
                standing[event.order_id] = old._replace(size=old.size - event.size)
            yield Step(number, time, op, old.side, old.ref, old.price, event.size)
        elif event.action == "M":
            assert old is not None
            new = old._replace(price=event.price, size=event.size)
            if event.price == old.price and event.size < old.size:
                less = old.size - event.size
                op = FILL if filled.pop(event.order_id, 0) == less else (CANCEL, MODIFY)[number % 2]
                amount = event.size if op == MODIFY else less
                yield Step(number, time, op, old.side, old.ref, old.price, amount)
            elif number % 2:
                ids += 1
                new = new._replace(ref=ids)
                yield Step(
                    number, time, REPLACE, old.side, old.ref, event.price, event.size, new=ids
                )
            else:
                yield Step(number, time, MODIFY, old.side, old.ref, event.price, event.size)
            standing[event.order_id] = new


def _records(step: Step) -> list[Rec]:
    time, side, price, size = step.time, step.side, step.price, step.size
    if step.op == REPLACE:
        return [
            Rec(time, ORDER, side, REPLACE, 0, 0, 0, step.ref),
            Rec(time, ORDER, side, ADD, LAST, price, size, step.new),
        ]
    order = Rec(time, ORDER, side, step.op, LAST, price, size, step.ref)
    if step.op == FILL:
        return [Rec(time, TRADE, BUY if side == ASK else SELL, 0, 0, price, size), order]
    return [order]


def csv_lines(steps: Iterable[Step]) -> Iterator[Line]:
    """Rows under ``CSV_HEAD``; prices of ES."""
    for step in steps:
        cells = [str(step.time), _WORDS[step.op], ("ask", "bid")[step.side], str(step.ref)]
        cells += [f"{step.price * 0.25:g}" if step.price % 4 else str(step.price // 4)]
        cells += [str(step.size), str(step.new) if step.op == REPLACE else ""]
        yield Line(",".join(cells) + "\n", _records(step), step.after)


def lobster_lines(steps: Iterable[Step]) -> Iterator[Line]:
    """Messages of a LOBSTER file: what it cannot say is a deletion and a submission.

    Here and there stand a hidden execution and a halt, which change no book.
    """
    standing: dict[int, _Standing] = {}
    ids = 1 << 61
    for count, step in enumerate(steps):
        assert step.op != CLEAR
        old = standing.pop(step.ref, None)
        if step.op == ADD:
            standing[step.ref] = _Standing(step.ref, step.side, step.price, step.size)
            yield _message(step)
        elif step.op in (CANCEL, FILL):
            assert old is not None
            if step.size < old.size:
                standing[step.ref] = old._replace(size=old.size - step.size)
            yield _message(step._replace(ref=old.ref))
        elif step.op == MODIFY and old is not None and _shrinks(old, step):
            standing[step.ref] = old._replace(size=step.size)
            less = old.size - step.size
            yield _message(step._replace(op=CANCEL, ref=old.ref, size=less))
        else:
            assert old is not None
            gone = step._replace(op=DELETE, ref=old.ref, price=old.price, size=old.size)
            yield _message(gone)._replace(after=step.after if step.op == DELETE else -1)
            if step.op != DELETE:
                ids += 1
                key = step.new if step.op == REPLACE else step.ref
                standing[key] = _Standing(ids, step.side, step.price, step.size)
                yield _message(step._replace(op=ADD, ref=ids))
        if count % 97 == 0:
            side, direction = (BUY, -1) if count % 2 else (SELL, 1)
            text = f"{_seconds(step.time)},5,0,3,{step.price * 2500},{direction}\n"
            yield Line(text, [Rec(step.time, TRADE, side, 0, 0, step.price, 3)], step.after)
        if count % 997 == 0:
            text = f"{_seconds(step.time)},7,0,0,{count % 3 - 1},-1\n"
            yield Line(text, [Rec(step.time, ORDER, 0, CANCEL, LAST, 0, 0)], step.after)


def _shrinks(old: _Standing, step: Step) -> bool:
    return step.price == old.price and step.size < old.size


_TYPES = {ADD: 1, CANCEL: 2, DELETE: 3, FILL: 4}


def _message(step: Step) -> Line:
    direction = 1 if step.side == BID else -1
    cells = [_TYPES[step.op], step.ref, step.size, step.price * 2500, direction]
    text = ",".join([_seconds(step.time), *map(str, cells)]) + "\n"
    return Line(text, _records(step), step.after)


def _seconds(time: int) -> str:
    """Seconds after midnight of New York, without trailing zeros."""
    whole, fraction = divmod(time - MIDNIGHT, 10**9)
    return f"{whole}.{fraction:09d}".rstrip("0").rstrip(".")
