"""Seeded input of realistic shape, made once and kept in the temporary folder.

The stream is ``recording.generator``'s market over nine hours, told five times as fast: about
1.5 million records at 240 a second, as on a busy day of ES, 45 % of them L1, the kind changing
every 1.5 records (1.3 in recorded ES data). It is read back through the dump reader. The same
depth by price is derived from it with a plain book.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

import recording.simulation
from market.enums import DepthOp, Kind, OrderOp
from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.record import RECORD, Frame, Records, make_frames
from recording.entries import FrameEntry
from recording.generator import Generator, GeneratorSettings
from recording.readers import open_recording

__all__ = [
    "ES",
    "Rows",
    "book_of",
    "burst",
    "depth_only",
    "dump_file",
    "frames_of",
    "orders",
    "prices",
    "recorded",
    "recorded_orders",
    "rows",
    "squeezed",
    "work_folder",
]

_SESSION_OPEN: Final = 1_794_956_400 * 10**9 + 300 * 10**9
"""2026-11-17 18:05 in New York, five minutes into a session of ES."""
_MINUTES: Final = 540
_HASTE: Final = 5
_BURST: Final = 9
_SETTINGS: Final = GeneratorSettings(seed=7, minutes=_MINUTES, start=_SESSION_OPEN)
_DAY: Final = "20261117"
_ORDER_EVENTS: Final = 300_000
_STANDING_ORDERS: Final = 5_000
_RECORDED_ORDERS: Final = "shared/data/databento/es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"
_RECORDED: Final = "shared/data/ninjatrader/es_20231225_derived_from_mbo.txt"


def _instrument() -> Instrument:
    found = DEFAULT_INSTRUMENTS.resolve("ES")
    assert found is not None
    return found


ES: Final = _instrument()


@dataclass(frozen=True, slots=True)
class Rows:
    """Records with absolute times.

    Attributes:
        records: RECORD[n], ``dt`` relative to the frame that ``frames_of`` cuts.
        times: ns UTC, int64[n].
    """

    records: Records
    times: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.records)

    def part(self, low: int, high: int) -> "Rows":
        """A copy of some rows."""
        return Rows(self.records[low:high].copy(), self.times[low:high].copy())


@cache
def work_folder() -> Path:
    """Where inputs are kept between runs; named after what makes them."""
    digest = hashlib.sha256()
    for source in (__file__, recording.simulation.__file__):
        digest.update(Path(source).read_bytes())
    user = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    folder = Path(tempfile.gettempdir()) / f"depthbridge-bench{user}" / digest.hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def dump_file(*, depth_alone: bool = False) -> Path:
    """The stream as a NinjaTrader Market Replay dump."""
    path = work_folder() / ("es_depth.txt" if depth_alone else "es_mixed.txt")
    if not path.exists():
        lines: Iterator[str] = Generator(_SETTINGS).lines()
        if depth_alone:
            lines = (line for line in lines if line.startswith("L2"))
        part = path.with_suffix(".part")
        with part.open("w", newline="", encoding="ascii") as file:
            file.writelines(_hastened(lines))
        part.replace(path)
    return path


def _hastened(lines: Iterator[str]) -> Iterator[str]:
    """The same lines in a fifth of the time; all on one day."""
    start = 0
    for line in lines:
        level, kind, stamp, offset, rest = line.split(";", 4)
        clock = int(stamp[8:10]) * 3600 + int(stamp[10:12]) * 60 + int(stamp[12:14])
        units = clock * 10**7 + int(offset)
        start = start or units
        seconds, units = divmod(start + (units - start) % (86_400 * 10**7) // _HASTE, 10**7)
        minutes, second = divmod(seconds, 60)
        stamp = f"{_DAY}{minutes // 60:02}{minutes % 60:02}{second:02}"
        yield f"{level};{kind};{stamp};{units};{rest}"


@cache
def rows() -> Rows:
    """The stream, mixed as it was born."""
    path = work_folder() / "mixed.npz"
    if not path.exists():
        save(path, _read(dump_file()))
    return load(path)


@cache
def depth_only() -> Rows:
    """Its depth by position."""
    whole = rows()
    keep = whole.records["kind"] == Kind.DEPTH_POSITION
    return Rows(whole.records[keep], whole.times[keep])


@cache
def prices(*, depth_alone: bool = False) -> Rows:
    """The same stream with its depth by price."""
    path = work_folder() / "prices.npz"
    if not path.exists():
        save(path, _by_price(rows()))
    whole = load(path)
    if not depth_alone:
        return whole
    keep = whole.records["kind"] == Kind.DEPTH_PRICE
    return Rows(whole.records[keep], whole.times[keep])


@cache
def orders() -> Rows:
    """Seeded order events: about 5,000 orders stand, two of three within 20 ticks of the touch."""
    path = work_folder() / "orders.npz"
    if not path.exists():
        save(path, _orders(np.random.default_rng(11)))
    return load(path)


def recorded_orders() -> Rows | None:
    """The recorded ES hour order by order, its snapshot first; None where it is absent."""
    path = Path(__file__).resolve().parents[2] / _RECORDED_ORDERS
    if not path.exists():
        return None
    whole = _read(path)
    keep = (whole.records["kind"] == Kind.ORDER) & (whole.records["ref"] != 0)
    return Rows(whole.records[keep], whole.times[keep])


def burst() -> Rows:
    """The stream another nine times as fast, 2,200 records a second: an instant in 200 records."""
    whole = rows()
    start = whole.times[0]
    return Rows(whole.records.copy(), start + (whole.times - start) // _BURST)


def squeezed(part: Rows) -> Rows:
    """The same groups, a nanosecond apart, so that one frame can hold them all."""
    return Rows(part.records.copy(), np.unique(part.times, return_inverse=True)[1])


def recorded() -> Rows | None:
    """The recorded ES hour beside the repository; None where it is absent."""
    path = Path(__file__).resolve().parents[2] / _RECORDED
    if not path.exists():
        return None
    return _read(path)


def frames_of(part: Rows, size: int) -> list[Frame]:
    """Frames of at most ``size`` records, read only, as the wire gives them."""
    part.records.flags.writeable = True
    frames = list(make_frames(part.records, part.times, 1, size))
    for frame in frames:
        frame.records.flags.writeable = False
    return frames


def book_of(depth: int, count: int, step: int, seed: int = 5) -> Rows:
    """Updates of a full book of ``depth`` rows with walls, ``step`` ns apart.

    Args:
        depth: rows a side.
        count: records after the ones that fill the book.
        step: ns between two records.
        seed: of sizes and rows.
    """
    random = np.random.default_rng(seed)
    records = np.zeros(2 * depth + count, RECORD)
    fill, moves = records[: 2 * depth], records[2 * depth :]
    fill["side"] = np.repeat([0, 1], depth)
    fill["position"] = np.tile(np.arange(depth), 2)
    moves["side"] = random.integers(0, 2, count)
    moves["position"] = np.minimum(random.exponential(2.2, count), depth - 1)
    moves["op"] = DepthOp.UPDATE
    sign = 1 - 2 * records["side"].astype(np.int64)
    best = 27_001 - records["side"].astype(np.int64)
    records["price"] = best + sign * records["position"].astype(np.int64)
    records["size"] = random.integers(40, 160, len(records))
    records["size"][::41] *= 6
    times = _SESSION_OPEN + step * np.maximum(np.arange(len(records)) - 2 * depth + 1, 0)
    return Rows(records, times)


def save(path: Path, part: Rows) -> None:
    """Keep rows."""
    np.savez(path, records=part.records.view(np.uint8), times=part.times)


def load(path: Path) -> Rows:
    """Kept rows."""
    with np.load(path) as kept:
        return Rows(kept["records"].view(RECORD), kept["times"])


def _read(path: Path) -> Rows:
    frames = [
        e.frame
        for e in open_recording(path, instrument="ES", time_zone="America/New_York")
        if isinstance(e, FrameEntry)
    ]
    times = [frame.records["dt"].astype(np.int64) + frame.base for frame in frames]
    return Rows(np.concatenate([frame.records for frame in frames]), np.concatenate(times))


def _orders(rng: np.random.Generator) -> Rows:
    records = np.zeros(_ORDER_EVENTS, RECORD)
    records["kind"] = Kind.ORDER
    near = rng.random(_ORDER_EVENTS) < 2 / 3
    away = np.where(near, rng.integers(1, 20, _ORDER_EVENTS), rng.integers(20, 400, _ORDER_EVENTS))
    sizes, chance = rng.integers(1, 30, _ORDER_EVENTS), rng.random(_ORDER_EVENTS)
    which, middle = rng.random(_ORDER_EVENTS), 20_000
    standing: list[tuple[int, int]] = []
    for at in range(_ORDER_EVENTS):
        record = records[at]
        middle += int(rng.integers(-1, 2)) if chance[at] < 0.002 else 0
        adds = chance[at] < (0.45 if len(standing) > _STANDING_ORDERS else 0.9)
        if adds or not standing:
            ref, side = (1 << 40) + 7 * at, at & 1
            standing.append((ref, side))
            op = OrderOp.ADD
        else:
            place = int(which[at] * len(standing))
            ref, side = standing[place]
            op = OrderOp.MODIFY if chance[at] > 0.9 else OrderOp.DELETE
            if op == OrderOp.DELETE:
                standing[place] = standing[-1]
                standing.pop()
        record["op"], record["side"], record["ref"] = op, side, ref
        record["price"] = middle + int(away[at]) * (1 - 2 * side)
        record["size"] = sizes[at]
    return Rows(records, np.arange(_ORDER_EVENTS, dtype=np.int64))


def _by_price(whole: Rows) -> Rows:
    """Each change of a row as the changes of price levels that it means."""
    sides: tuple[list[tuple[int, int]], ...] = ([], [])
    source: list[int] = []
    changes: list[tuple[int, int, int]] = []
    columns = (
        whole.records[name].tolist() for name in ("kind", "side", "op", "position", "price", "size")
    )
    for at, (kind, side, op, row, price, size) in enumerate(zip(*columns, strict=True)):
        if kind != Kind.DEPTH_POSITION:
            continue
        for level in _level_changes(sides[side], op, row, price, size):
            source.append(at)
            changes.append((side, *level))
    others = np.flatnonzero(whole.records["kind"] != Kind.DEPTH_POSITION)
    order = np.argsort(np.concatenate([source, others]), kind="stable")
    records = np.concatenate([_price_records(changes), whole.records[others]])[order]
    times = np.concatenate([whole.times[source], whole.times[others]])[order]
    return Rows(records, times)


def _level_changes(
    side: list[tuple[int, int]], op: int, row: int, price: int, size: int
) -> list[tuple[int, int]]:
    """Apply a row's change to a plain ladder; returns (price, size) of the levels it sets."""
    if op == DepthOp.REMOVE:
        return [(side.pop(row)[0], 0)] if row < len(side) else []
    if op == DepthOp.ADD or row >= len(side):
        side.insert(row, (price, size))
        return [(price, size)]
    before = side[row][0]
    side[row] = (price, size)
    return [(price, size)] if before == price else [(before, 0), (price, size)]


def _price_records(changes: Sequence[tuple[int, int, int]]) -> Records:
    table = np.array(changes, np.int64)
    records = np.zeros(len(table), RECORD)
    records["kind"] = Kind.DEPTH_PRICE
    records["side"], records["price"], records["size"] = table.T
    records["op"] = np.where(records["size"] == 0, int(DepthOp.REMOVE), int(DepthOp.UPDATE))
    return records
