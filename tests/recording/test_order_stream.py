"""Orders in a stream: snapshots in parts, states that go on, a journal that gives the same rows."""

from pathlib import Path

import numpy as np
import pytest

from depthbridge.cli import main
from market.enums import FrameFlag, FrameType
from market.record import Frame
from orderbook.books.order_book import adds_of, standing_orders
from recording.entries import Entry, FrameEntry, GapEntry, InstrumentEntry
from recording.stream import Stream, state_at
from tests.orderbook.compare import instrument
from tests.orderbook.test_order_analytics import NOON, market
from tests.reference.records import frames_of


def streamed(*entries: Entry) -> Stream:
    stream = Stream(instrument())
    for entry in entries:
        stream.apply(entry)
    return stream


def beginning(count: int) -> list[Entry]:
    frames = frames_of(market(11, count), 200)
    return [InstrumentEntry(instrument(), Stream(instrument()).source), *map(FrameEntry, frames)]


def parts(source: Stream) -> list[Entry]:
    """A snapshot of a stream's orders, in two frames."""
    book = source.analyzer.book()
    adds = adds_of(standing_orders(book.state, book.heap))
    at, seq = source.analyzer.clock, source.expected
    return [
        FrameEntry(Frame(adds[:9], at, seq, FrameType.SNAPSHOT)),
        FrameEntry(Frame(adds[9:], at, seq, FrameType.SNAPSHOT, FrameFlag.LAST)),
    ]


def test_a_snapshot_of_orders_mends_a_broken_stream() -> None:
    whole = streamed(*beginning(900))
    first, last = parts(whole)
    broken = streamed(*beginning(300), GapEntry("gap"), first)
    assert broken.broken
    kept = Stream(instrument())
    kept.thaw(broken.freeze())
    for stream in (broken, kept):
        assert stream.apply(last).applied > 0
        assert not stream.broken
        assert stream.phase == whole.phase
        assert stream.analyzer.top(10) == whole.analyzer.top(10)
    assert broken.freeze() == kept.freeze()


def test_an_unfinished_snapshot_keeps_an_order_between_two_ticks() -> None:
    orders = adds_of(np.array([[1, 4 * 7 + 1, 5], [2, 4 * 1_750_000_001 + 2, 6]]))
    first = Frame(orders, NOON, 1, FrameType.SNAPSHOT)
    last = Frame(orders[:0], NOON, 1, FrameType.SNAPSHOT, FrameFlag.LAST)
    half = streamed(*beginning(0), FrameEntry(first))
    kept = Stream(instrument())
    kept.thaw(half.freeze())
    for stream in (half, kept):
        stream.apply(FrameEntry(last))
        assert stream.analyzer.book().off_grid(0) == [(1_750_000_001, 6)]


def test_a_checkpoint_is_what_the_stream_was() -> None:
    entries = beginning(1_200)
    whole = streamed(*entries)
    half = streamed(*entries[:4])
    found = state_at(half.checkpoint("2023-11-14"), half.instrument, half.source)
    assert found is not None
    for entry in entries[4:]:
        found.apply(entry)
    assert found.freeze() == whole.freeze()
    assert found.analyzer.clock > NOON


@pytest.mark.parametrize("command", ["metrics", "book"])
def test_a_journal_gives_the_rows_of_the_file_it_was_made_from(
    tmp_path: Path, command: str
) -> None:
    path = tmp_path / "ES 12-26 orders.csv"
    words = ("add", "modify", "cancel", "delete", "fill")
    lines = ["time_ns,action,side,order_id,price,size,new_order_id"]
    for rec in market(12, 1_000):
        if rec.kind == 4:
            side, price = ("ask", "bid")[rec.side], f"{rec.price / 4:.2f}" if rec.op < 2 else ""
            size = "" if rec.op == 3 else rec.size
            lines.append(f"{rec.time},{words[rec.op]},{side},{rec.ref},{price},{size},")
    path.write_text("\n".join(lines) + "\n")
    journal, one, other = tmp_path / "journal", tmp_path / "one.csv", tmp_path / "other.csv"
    assert main(["convert", str(path), str(journal), "--to", "journal"]) == 0
    for source, out in ((path, one), (journal, other)):
        assert main([command, str(source), "--every", "0.5", "--out", str(out)]) == 0
    first, second = (np.genfromtxt(out, delimiter=",", names=True) for out in (one, other))
    assert len(first) == len(second) > 10
    for name in first.dtype.names[1:]:
        assert np.array_equal(first[name], second[name], equal_nan=True), name
