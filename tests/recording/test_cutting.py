"""A part of a recording is a recording: its book is that of the whole at every moment of it."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from depthbridge.cli import main
from depthbridge.cutting import cut
from depthbridge.inputs import Window
from market.enums import FrameFlag, FrameType, Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import Frame, make_frames
from recording.entries import Entry, FrameEntry, GapEntry, InstrumentEntry
from tests.orderbook.book_streams import ladder_stream
from tests.reference.records import (
    ADD,
    ASK,
    BID,
    ORDER,
    POSITION,
    PRICE,
    REMOVE,
    UPDATE,
    Rec,
    records_of,
    recs_of,
)

SECOND = 10**9
START = 1_700_000_000 * SECOND
CLEAR = 6
KINDS = {"position": POSITION, "price": PRICE, "orders": ORDER}


class Plain:
    """A book of any kind, as plainly as it can be said."""

    def __init__(self) -> None:
        self.ladder: dict[int, list[list[int]]] = {ASK: [], BID: []}
        self.prices: dict[tuple[int, int], int] = {}
        self.orders: dict[int, tuple[int, int, int]] = {}

    def apply(self, rec: Rec) -> None:
        if rec.kind == POSITION:
            rows = self.ladder[rec.side]
            if rec.op == ADD:
                rows.insert(rec.position, [rec.price, rec.size])
            elif rec.op == REMOVE:
                del rows[rec.position : rec.position + 1]
            else:
                rows[rec.position : rec.position + 1] = [[rec.price, rec.size]]
        elif rec.kind == PRICE:
            self.prices.pop((rec.side, rec.price), None)
            if rec.op != REMOVE:
                self.prices[rec.side, rec.price] = rec.size
        elif rec.kind == ORDER:
            if rec.op == CLEAR:
                self.orders.clear()
            elif rec.op == ADD:
                self.orders[rec.ref] = (rec.side, rec.price, rec.size)
            else:  # a delete
                self.orders.pop(rec.ref, None)

    def load(self, recs: Sequence[Rec], kind: int) -> None:
        self.__init__()  # type: ignore[misc]
        if kind != POSITION:
            for rec in recs:
                self.apply(rec)
            return
        for side, sign in ((ASK, 1), (BID, -1)):
            rows = [[rec.price, rec.size] for rec in recs if rec.side == side]
            self.ladder[side] = sorted(rows, key=lambda row: sign * row[0])

    def levels(self) -> list[tuple[int, int, int]]:
        found: dict[tuple[int, int], int] = dict(self.prices)
        for side, rows in self.ladder.items():
            found |= {(side, price): size for price, size in rows}
        for side, price, size in self.orders.values():
            found[side, price] = found.get((side, price), 0) + size
        return sorted((*key, size) for key, size in found.items())


class Stretches(Window):
    """Several stretches of time, as the sessions of some days are."""

    def __init__(self, stretches: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self._stretches = stretches

    def mask(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        inside = np.zeros(len(times), np.bool_)
        for low, high in self._stretches:
            inside |= (times >= low) & (times < high)
        return inside


def stream(kind: int, seed: int) -> list[Rec]:
    """Some minutes of a market without trades, bid below 100 and ask from there on."""
    rng = random.Random(seed)
    if kind == POSITION:
        return [rec for rec in ladder_stream(seed, 1500) if rec.kind == POSITION]
    time, found, standing = START, [], dict[int, Rec]()
    for number in range(1, 1500):
        time += rng.choice((0, 1, rng.randrange(SECOND // 2)))
        if standing and rng.random() < 0.4:
            old = standing.pop(rng.choice(list(standing)))
            op = REMOVE if kind == PRICE else 3
            found.append(old._replace(time=time, op=op, size=0 if kind == PRICE else old.size))
            continue
        side = rng.choice((ASK, BID))
        price = 100 + rng.randrange(9) if side == ASK else 99 - rng.randrange(9)
        key = number if kind == ORDER else price
        op = UPDATE if key in standing else ADD
        rec = Rec(time, kind, side, op, 0, price, rng.randint(1, 40), number)
        standing[key] = rec if kind == ORDER else rec._replace(ref=0)
        found.append(standing[key])
    return found


def entries_of(recs: list[Rec]) -> Iterator[Entry]:
    instrument = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert instrument is not None
    yield InstrumentEntry(instrument, Source.REPLAY)
    for frame in make_frames(*records_of(recs), 1, 50):
        yield FrameEntry(frame)


def states_of(entries: Iterator[Entry], kind: int) -> dict[int, list[tuple[int, int, int]]]:
    """The levels after everything of a time; the numbers must be in order."""
    book, found, seq, parts = Plain(), {}, 1, list[Rec]()
    for entry in entries:
        if not isinstance(entry, FrameEntry):
            continue
        frame = entry.frame
        assert frame.seq == seq
        if frame.type == FrameType.SNAPSHOT:
            parts += recs_of(frame)
            if frame.flags & FrameFlag.LAST:
                book.load(parts, kind)
                parts = []
            continue
        seq = frame.end
        for rec in recs_of(frame):
            book.apply(rec)
            found[rec.time] = book.levels()
    assert not parts
    return found


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("snapshots", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_book_of_a_part_is_that_of_the_whole(name: str, snapshots: bool, seed: int) -> None:
    kind = KINDS[name]
    recs = stream(kind, seed)
    first, last = recs[0].time, recs[-1].time
    edges = [first + (last - first) * part // 10 for part in (1, 3, 5, 8)]
    window = Stretches([(edges[0], edges[1]), (edges[2], edges[3])])
    whole = states_of(entries_of(recs), kind)
    part = states_of(cut(entries_of(recs), window, snapshots=snapshots), kind)
    times = np.array(sorted(whole))
    assert part == {time: whole[time] for time in times[window.mask(times)].tolist()}
    assert len(part) > 100
    assert any(part.values())


def test_a_snapshot_outside_is_known_inside_and_a_gap_forgets() -> None:
    instrument = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert instrument is not None
    names = [("snapshot", 0), ("update", 5), ("gap", 6), ("update", 20)]

    def entries() -> Iterator[Entry]:
        yield InstrumentEntry(instrument, Source.LIVE)
        for what, second in names:
            time = START + second * SECOND
            if what == "gap":
                yield GapEntry("resync")
                continue
            records, _ = records_of([Rec(time, PRICE, BID, ADD, 0, 99 - second, 7)])
            if what == "snapshot":
                yield FrameEntry(Frame(records, time, 41, FrameType.SNAPSHOT, int(FrameFlag.LAST)))
            else:
                yield FrameEntry(Frame(records, time, 41))

    first = Stretches([(START + SECOND, START + 10 * SECOND)])
    assert states_of(cut(entries(), first, snapshots=True), PRICE) == {
        START + 5 * SECOND: [(BID, 94, 7), (BID, 99, 7)]
    }
    later = Stretches([(START + 10 * SECOND, START + 30 * SECOND)])
    assert states_of(cut(entries(), later, snapshots=True), PRICE) == {
        START + 20 * SECOND: [(BID, 79, 7)]
    }


@pytest.mark.parametrize("name", ["part.csv", "part.parquet", "part.txt", "part"])
def test_a_converted_part_is_read_as_the_part_is(root: Path, tmp_path: Path, name: str) -> None:
    sample = root / "depthbridge" / "sample" / "es_12-26.txt.zst"
    window = ["--from", "2026-11-19T14:52", "--to", "2026-11-19T14:53"]
    part, rows = tmp_path / name, []
    words = ["convert", str(sample), str(part), *window[:3], window[3]]
    words[words.index("--to")] = "--until"
    assert main([*words, *(["--to", "journal"] if name == "part" else [])]) == 0
    for path, more in ((sample, window), (part, ["--instrument", "ES 12-26"])):
        out = tmp_path / "book.csv"
        told = ["--levels", "10", "--every", "event", "--out", str(out)]
        assert main(["book", str(path), *more, *told]) == 0
        states = {}
        for line in out.read_text().splitlines()[1:]:
            _, time, cells = line.split(",", 2)
            states[time] = cells
        rows.append(states)
    assert rows[0] == rows[1]
    assert len(rows[0]) > 100
