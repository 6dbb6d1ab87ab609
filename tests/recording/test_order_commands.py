"""Commands on order-level files: what they take, what they say, what they write."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

import depthbridge
from depthbridge.cli import main
from depthbridge.player import Player
from market.record import Frame
from recording.readers import open_recording
from tests.recording.helpers import flat
from tests.reference.order_book import BILLIONTHS
from wire.frames import require_records

MESSAGES = """\
34200,1,1,18,5853300,1
34200.5,1,2,5,5853300,1
34201,1,3,7,1,1
34202,3,99,10,5853300,1
34203,4,2,5,5853300,1
34204,7,0,0,-1,-1
"""
SEED = "5859400,200,5853300,18,1000000000,7,5853000,150\n"
ORDERS = """\
time_ns,action,side,order_id,price,size,new_order_id
1340285400000000000,add,bid,18446744073709551615,585.33,18,
1340285401000000000,add,ask,2,585.0001,5,
1340285402000000000,replace,ask,2,585.34,6,3
1340285403000000000,fill,ask,3,585.34,1,
1340285404000000000,clear,,,,,
"""
NS = 10**9
OPEN = 1_340_285_400 * NS


@pytest.fixture
def lobster(tmp_path: Path) -> tuple[Path, Path]:
    """Messages and order book."""
    path = tmp_path / "AAPL_2012-06-21_34200000_57600000_message_2.csv"
    path.write_text(MESSAGES)
    seed = tmp_path / "AAPL_2012-06-21_34200000_57600000_orderbook_2.csv"
    seed.write_text(SEED)
    return path, seed


@pytest.mark.parametrize("ending", [".parquet", ".csv", ""])
def test_convert_keeps_every_order_with_its_exact_price(
    tmp_path: Path, lobster: tuple[Path, Path], ending: str
) -> None:
    orders = tmp_path / "AAPL orders.csv"
    orders.write_text(ORDERS)
    told = ["--instrument", "AAPL", "--tick-size", "0.01"]
    for source, words in ((orders, told), (lobster[0], []), (lobster[0], ["--seed", "S"])):
        out = tmp_path / f"out{len(words)}{source.stem[-2:]}{ending}"
        words = [str(lobster[1]) if word == "S" else word for word in words]
        to = [] if ending else ["--to", "journal"]
        assert main(["convert", str(source), str(out), *words, *to]) == 0
        seed = lobster[1] if "--seed" in words else None
        given = open_recording(source, instrument="AAPL", tick_size="0.01", seed=seed)
        back = open_recording(out, instrument="AAPL", tick_size="0.01")
        for one, other in zip(flat(given), flat(back), strict=True):
            assert np.array_equal(one, other)
        assert (flat(back)[0]["position"] & BILLIONTHS).any()


def test_convert_says_what_it_took(
    tmp_path: Path, lobster: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    moved = lobster[0].rename(tmp_path / "messages.csv")
    out = tmp_path / "out.parquet"
    assert main(["convert", str(moved), str(out), "--seed", str(lobster[1])]) == 0
    said = capsys.readouterr().err
    assert "instrument messages taken from the name messages.csv" in said
    assert "1970-01-01: neither the name" in said
    assert "1 orders at prices between two ticks, the first is line 3" in said
    times = flat(open_recording(out))[1]
    assert times[0] == (34_200 + 5 * 3600) * NS
    assert main(["convert", str(moved), str(out), "--date", "2012-06-21"]) == 0
    assert "1970" not in capsys.readouterr().err
    assert flat(open_recording(out))[1][0] == OPEN


def test_the_day_of_messages_cuts_nothing_off_but_dates_the_window(
    tmp_path: Path, lobster: tuple[Path, Path]
) -> None:
    late = lobster[0].with_name("messages.csv")
    late.write_text("86399,1,1,18,5853300,1\n")
    out = tmp_path / "out.parquet"
    for more in ([], ["--from", "13:30"]):
        assert main(["convert", str(late), str(out), "--date", "2012-06-21", *more]) == 0
        assert len(flat(open_recording(out))[1]) == 1
    words = ["--date", "2012-06-21", "--from", "13:30:01", "--until", "13:30:03"]
    assert main(["convert", str(lobster[0]), str(out), *words]) == 0
    begun = [NS, NS]  # a part begins with a clear and the one order that stands
    assert (flat(open_recording(out))[1] - OPEN).tolist() == [*begun, NS, 2 * NS]
    words = ["--from", "2012-06-21T13:30:03"]
    assert main(["convert", str(lobster[0]), str(out), *words]) == 0
    begun = [3 * NS] * 3  # now another stands between two ticks
    assert (flat(open_recording(out))[1] - OPEN).tolist() == [*begun, 3 * NS, 3 * NS, 4 * NS]


def test_a_seed_for_another_format_is_refused(
    tmp_path: Path, lobster: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    orders = tmp_path / "ES 03-26 orders.csv"
    orders.write_text(ORDERS)
    words = ["convert", str(orders), str(tmp_path / "out.parquet"), "--seed", str(lobster[1])]
    assert main(words) == 2
    assert "a seed goes with one LOBSTER message file" in capsys.readouterr().err
    assert main([*words[:1], str(lobster[0]), words[2], "--seed", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err


def test_the_api_takes_a_seed_and_a_day(lobster: tuple[Path, Path]) -> None:
    recorded = depthbridge.open(lobster[0], "2013-01-02", seed=lobster[1])
    assert recorded.instrument.symbol == "AAPL"
    trades = recorded.trades().to_numpy()
    assert trades["time_ns"].tolist() == [(1_357_102_800 + 34_203) * NS]


@pytest.mark.parametrize("name", ["part.csv", "part.parquet", "journal"])
def test_a_part_begins_with_the_orders_between_two_ticks_too(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of them comes onto the grid later: without it the part would name an unknown order."""
    source, out, book = (tmp_path / one for one in ("AAPL orders.csv", name, "book.csv"))
    source.write_text(ORDERS)
    words = ["--instrument", "AAPL", "--tick-size", "0.01"]
    to = ["--to", "journal"] if name == "journal" else []
    since = ["--from", "2012-06-21T13:30:02"]
    assert main(["convert", str(source), str(out), *words, *since, *to]) == 0
    states = []
    for path, window in ((source, since), (out, [])):
        shown = [*words, "--levels", "2", "--every", "event", "--out", str(book)]
        assert main(["book", str(path), *shown, *window]) == 0
        rows = [line.split(",") for line in book.read_text().splitlines()[1:]]
        states.append({time: cells for _, time, *cells in rows})
        assert "unknown" not in capsys.readouterr().err
    assert states[0] == states[1]
    assert len(states[0]) == 3


class Told:
    """Takes what a publisher would send."""

    def __init__(self) -> None:
        self.records: list[tuple[int, ...]] = []

    def stream(self, _symbol: str) -> None:
        """Nothing of it is asked for."""

    async def publish(self, _symbol: str, frame: Frame) -> None:
        require_records(frame.records)
        self.records += [record[1:] for record in frame.records.tolist()]


def test_a_replay_leaves_out_what_the_wire_does_not_carry(
    lobster: tuple[Path, Path],
) -> None:
    told = Told()
    player = Player(told, "AAPL", None)  # type: ignore[arg-type]
    recording = open_recording(lobster[0])
    asyncio.run(player.play(recording, lambda _rows: True))
    records = flat(recording)[0]
    sent = [record[1:] for record in records.tolist() if not record[4] & BILLIONTHS]
    assert told.records == sent
    assert (player.left_out, player.rows) == (1, len(sent))
    assert len(sent) == len(records) - 1
