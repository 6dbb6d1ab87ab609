"""A snapshot that tells whose its rows are: accounts are there at once, nothing else differs."""

from pathlib import Path

import numpy as np
import pytest

from depthbridge.cli import main
from depthbridge.player import Player
from market.enums import FrameFlag, FrameType, Kind, Source
from market.record import RECORD, Frame, Records
from market.session import calendar_for
from recording.entries import Entry, FrameEntry, InstrumentEntry, MakersEntry, SessionEntry
from recording.journal import JournalWriter, read_journal
from recording.messages import book_fields
from recording.stream import Stream
from tests.journal.entry_streams import added_up, entries_of, stream_of, tell
from tests.recording.test_days import _Publishing
from tests.recording.test_healed_faults import ES, MONDAY, NS, one, rows

LAST = int(FrameFlag.LAST)


def test_whose_rows_are_shapes_no_output() -> None:
    """Rows, events, signals, phases of random streams: bit for bit those of the sums."""
    shared = owned = 0
    for seed in range(60):
        plan, entries = entries_of(seed, 80)
        named, plain = stream_of(plan), stream_of(plan)
        for entry, sums in zip(entries, added_up(entries), strict=True):
            found, wanted = tell(named, entry), tell(plain, sums)
            assert (*found[:3], found[4]) == (*wanted[:3], wanted[4]), f"seed {seed}, {entry}"
            assert named.phase is plain.phase
            signals = (stream.analyzer.take_signals().tobytes() for stream in (named, plain))
            assert next(signals) == next(signals)
            if isinstance(entry, FrameEntry) and entry.frame.type == FrameType.SNAPSHOT:
                shared += 1
                owned += named.maker_rows is not None and bool(entry.frame.flags & LAST)
        assert named.analyzer.freeze() == plain.analyzer.freeze(), f"seed {seed}"
        assert repr(named.analyzer.calculate_advanced_metrics()) == repr(
            plain.analyzer.calculate_advanced_metrics()
        )
    assert shared > owned > 15


def shares(levels: Records) -> Records:
    """Each level as three shares: nobody's 1, the first maker's 3, the second one's 1."""
    made = np.repeat(levels, 3)
    made["size"], made["ref"] = np.tile((1, 3, 1), len(levels)), np.tile((0, 1, 2), len(levels))
    return made


def entries(*, shared: bool, apart: bool = True, kind: Kind = Kind.DEPTH_POSITION) -> list[Entry]:
    """A book, a snapshot of two parts that cut a level, an update of its best bid by the second."""
    levels = rows(-3)
    levels["kind"] = kind
    told = shares(levels) if shared else levels
    update = one(27_246, 0)
    update["ref"] = 2
    cut = 16 if shared else 5
    return [
        InstrumentEntry(ES, Source.LIVE),
        SessionEntry("one", flags={"useL3": apart}),
        MakersEntry(("NSDQ", "ARCA")),
        FrameEntry(Frame(rows(), MONDAY, 1)),
        FrameEntry(Frame(told[:cut], MONDAY + NS, 22, FrameType.SNAPSHOT)),
        FrameEntry(Frame(told[cut:], MONDAY + NS, 22, FrameType.SNAPSHOT, LAST)),
        FrameEntry(Frame(update, MONDAY + 3 * NS, 22)),
    ]


def streamed(told: list[Entry]) -> Stream:
    stream = Stream(ES)
    for entry in told:
        stream.apply(entry)
    return stream


def test_the_accounts_are_there_at_once() -> None:
    """And a change goes on from them."""
    told = entries(shared=True)
    fields = book_fields(streamed(told[:-1]), 10)
    row = [["NSDQ", 3.0], [None, 1.0], ["ARCA", 1.0]]
    assert [[list(share) for share in level] for level in fields["ask_makers"]] == [row] * 10
    assert [volume for _, volume in fields["bids"]] == [5.0] * 10
    fields = book_fields(streamed(told), 2)
    assert [list(share) for share in fields["bid_makers"][0]] == [
        ["ARCA", 5.0],
        ["NSDQ", 3.0],
        [None, 1.0],
    ]


@pytest.mark.parametrize(
    "told",
    [
        entries(shared=True, apart=False)[:-1],
        entries(shared=False)[:-1],
        entries(shared=True, kind=Kind.DEPTH_PRICE)[:-1],
    ],
    ids=["without useL3", "names nobody", "by price"],
)
def test_rows_are_nobody_s(told: list[Entry]) -> None:
    stream = streamed(told)
    assert stream.maker_rows is None
    assert "bid_makers" not in book_fields(stream, 10)


def test_a_snapshot_that_names_nobody_forgets_the_accounts() -> None:
    again = FrameEntry(Frame(rows(), MONDAY + 4 * NS, 23, FrameType.SNAPSHOT, LAST))
    assert streamed([*entries(shared=True), again]).maker_rows is None


def journal(folder: Path, *, shared: bool) -> Path:
    writer = JournalWriter(folder, ES, Source.LIVE, calendar_for("cme_equity"))
    for entry in entries(shared=shared):
        writer.write(entry, MONDAY)
    writer.close(MONDAY + 9 * NS)
    return writer.home


@pytest.mark.parametrize(
    "words",
    [
        ["book", "IN", "--levels", "12", "--every", "event", "--out", "OUT.csv"],
        ["metrics", "IN", "--out", "OUT.csv"],
        ["convert", "IN", "OUT.npz"],
        ["convert", "IN", "OUT.csv", "--from", "2026-11-16T15:00:02"],
    ],
    ids=["book", "metrics", "backtest", "cut"],
)
def test_every_command_reads_the_sums(tmp_path: Path, words: list[str]) -> None:
    made = []
    for shared in (False, True):
        folder = tmp_path / str(shared)
        folder.mkdir()
        out = next(word.replace("OUT", str(folder / "out")) for word in words if "OUT" in word)
        source = str(journal(folder / "in", shared=shared))
        places = {"IN": source}
        assert main([places.get(word, out if "OUT" in word else word) for word in words]) == 0
        made.append(Path(out))
    if made[0].suffix == ".npz":
        one, other = (np.load(path)["data"] for path in made)
        assert len(one) > 40
        assert one.tobytes() == other.tobytes()
        return
    texts = [path.read_text().splitlines() for path in made]
    assert len(texts[0]) > 1
    # The records before a row are counted, and shares are more of them.
    number = texts[0][0].split(",").index("index") if "index" in texts[0][0] else None
    for line, other_line in zip(*texts, strict=True):
        fields, other_fields = line.split(","), other_line.split(",")
        if number is not None:
            del fields[number], other_fields[number]
        assert fields == other_fields


async def test_a_player_seeds_the_sums(tmp_path: Path) -> None:
    publisher = _Publishing(ES)
    player = Player(publisher, ES.symbol, None)  # type: ignore[arg-type]
    await player.play(read_journal(journal(tmp_path, shared=True)), lambda _: True)
    assert publisher.published.book.levels() == streamed(entries(shared=True)).analyzer.top(12)


def test_what_is_no_depth_names_no_maker() -> None:
    orders = np.zeros(2, RECORD)
    orders["kind"], orders["side"], orders["size"] = Kind.ORDER, (0, 1), 1
    orders["price"], orders["ref"] = (27_250, 27_249), (1, 2)
    snapshot = FrameEntry(Frame(orders, MONDAY, 1, FrameType.SNAPSHOT, LAST))
    assert streamed([*entries(shared=True)[:2], snapshot]).maker_rows is None
