"""NinjaTrader's row rules in plain lists: what the generator's lines are judged by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

ASK, BID = 0, 1


@dataclass
class Line:
    level: str
    kind: int
    time: str
    op: int = 0
    position: int = 0
    price: float = 0.0
    size: int = 0


@dataclass
class PlainBook:
    """`sides[ASK]` and `sides[BID]`: rows of [price, size], best first."""

    sides: list[list[list[float]]] = field(default_factory=lambda: [[], []])
    most_rows: int = 0

    def apply(self, line: Line) -> None:
        rows = self.sides[line.kind]
        if line.op == 0:
            rows.insert(line.position, [line.price, line.size])
        elif line.op == 1:
            assert line.position < len(rows), "an Update names a row that is there"
            rows[line.position] = [line.price, line.size]
        else:
            gone = rows.pop(line.position)
            assert gone[0] == line.price, "a Remove names the price it takes away"
        self.most_rows = max(self.most_rows, len(rows))

    def size_at(self, side: int, price: float) -> int:
        return next((int(size) for p, size in self.sides[side] if p == price), 0)


def parse(text: str) -> Line:
    fields = text.removesuffix("\r\n").split(";")
    assert text.endswith("\r\n")
    time = fields[2] + fields[3].rjust(7, "0")
    if fields[0] == "L1":
        return Line("L1", int(fields[1]), time, price=float(fields[4]), size=int(fields[5]))
    assert fields[6] == "", "futures have no market maker"
    return Line(
        "L2",
        int(fields[1]),
        time,
        op=int(fields[4]),
        position=int(fields[5]),
        price=float(fields[7]),
        size=int(fields[8]),
    )


def groups(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines of equal time, together."""
    group: list[Line] = []
    for line in lines:
        if group and line.time != group[0].time:
            yield group
            group = []
        group.append(line)
    if group:
        yield group
