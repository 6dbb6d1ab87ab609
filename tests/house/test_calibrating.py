"""Thresholds for so many signals an hour: the dial, the shuffled book, scores, the page."""

import json
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from depthbridge.calibrating.dial import KNOBS, SWITCHES, find_dial, settings_at, turned
from depthbridge.calibrating.raster import BLACK, Canvas
from depthbridge.calibrating.run import noise_in
from depthbridge.calibrating.scores import ScoreKeeper
from depthbridge.calibrating.shuffled import Shuffled, Unset
from depthbridge.cli import main
from depthbridge.reviewing.outcomes import Path as MidPath
from depthbridge.reviewing.sessions import SCORES, SessionPart, seconds_of, sums_by_second
from market.enums import DepthOp, Kind, Source
from market.instrument import DEFAULT_INSTRUMENTS
from orderbook import Parameters
from orderbook.signals import RULE_WORDS
from recording.entries import Entry, FrameEntry, InstrumentEntry, SettingsEntry
from server.settings import load_settings
from tests.orderbook.book_streams import ladder_stream
from tests.reference.records import frames_of

NS = 10**9
START = 1_795_100_000 * NS


# -- the dial ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [0.5, 3.0, 10.0, 40.0, 190.0])
def test_the_dial_finds_a_rate_that_falls_with_strictness(wanted: float) -> None:
    calls = []

    def rate(dial: float) -> float:
        calls.append(dial)
        return 200.0 * math.exp(-7.0 * dial)

    tried = find_dial(rate, wanted, 12)
    assert abs(tried[-1].rate - wanted) <= 0.11 * wanted
    assert len(calls) == len(tried) <= 12


def test_a_rate_out_of_reach_leaves_the_dial_at_its_end() -> None:
    assert find_dial(lambda dial: 5.0 - dial, 500.0, 9)[-1].dial == 0.0
    assert find_dial(lambda dial: 900.0 - dial, 10.0, 9)[-1].dial == 1.0
    assert len(find_dial(lambda dial: 5.0 - dial, 500.0, 9)) == 2


def test_of_rates_that_jump_the_nearest_is_taken() -> None:
    tried = find_dial(lambda dial: 30.0 if dial < 0.4 else 4.0, 10.0, 9)
    assert tried[-1].rate == 4.0
    assert len(tried) == 9


def test_no_signal_at_all_is_as_loose_as_it_goes() -> None:
    assert find_dial(lambda _: 0.0, 10.0, 9)[-1].dial in (0.0, 0.5)


def test_every_position_is_a_valid_setting_and_the_knobs_move_one_way() -> None:
    for dial in np.linspace(0, 1, 21):
        parameters = turned(Parameters(), float(dial))
        for knob in KNOBS:
            section = getattr(parameters, knob.section)
            assert getattr(section, knob.key) == settings_at(float(dial))[knob.section][knob.key]
    assert all(knob.loose < knob.strict for knob in KNOBS)
    rows = [settings_at(dial)["signals"]["stack_rows"] for dial in (0.0, 0.1, 0.2, 1.0)]
    assert rows == [3.0, 3.0, 4.0, 7.0], "a stack of three rows has no fraction of one"


@pytest.mark.parametrize(
    ("rules", "shuffled", "found"),
    [
        ({"pull_ahead": 9, "bounce": 40}, {"pull_ahead": 5, "bounce": 20}, ["pull_ahead"]),
        ({"pull_ahead": 10}, {"pull_ahead": 5}, []),
        ({"pull_ahead": 1}, {"pull_ahead": 4}, []),
        ({}, {"break": 5}, ["break"]),
        ({"break": 5}, {}, []),
        ({"stack_continuation": 9}, {"stack_continuation": 9, "absorption_reversal": 9}, []),
    ],
)
def test_a_rule_that_says_as_much_where_nothing_is_is_noise(
    rules: dict[str, int], shuffled: dict[str, int], found: list[str]
) -> None:
    assert noise_in(rules, shuffled) == found


def test_every_rule_has_its_switch() -> None:
    assert set(SWITCHES) == set(RULE_WORDS)
    for rule, switch in SWITCHES.items():
        signals = turned(Parameters(), 0.5, [rule]).signals
        off = [key for key in SWITCHES.values() if getattr(signals, key) == "off"]
        assert off == [switch]


# -- the shuffled book ---------------------------------------------------------------------------


class Recorded:
    """Entries that can be read again and again."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self.path = Path("made.txt")

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)


def recorded() -> Recorded:
    instrument = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert instrument is not None
    frames = [FrameEntry(frame) for frame in frames_of(ladder_stream(3, 5_000), 500)]
    settings = SettingsEntry(Parameters().to_mapping(), "")
    return Recorded([InstrumentEntry(instrument, Source.LIVE), settings, *frames])


def records_of(entries: object) -> np.ndarray:
    return np.concatenate([e.frame.records for e in entries if isinstance(e, FrameEntry)])


def test_a_shuffled_book_keeps_prices_times_trades_and_the_sizes_of_each_row() -> None:
    source = recorded()
    before = records_of(source).copy()
    after = records_of(Shuffled(source, 5))  # type: ignore[arg-type]
    assert np.array_equal(records_of(source), before)
    for name in ("dt", "kind", "side", "op", "position", "price", "ref"):
        assert np.array_equal(before[name], after[name])
    depth = (before["kind"] == Kind.DEPTH_POSITION) & (before["op"] != DepthOp.REMOVE)
    assert np.array_equal(before["size"][~depth], after["size"][~depth])
    assert (before["size"] != after["size"]).mean() > 0.5
    for side in (0, 1):
        for row in range(10):
            mine = depth & (before["side"] == side) & (before["position"] == row)
            assert sorted(before["size"][mine]) == sorted(after["size"][mine])
    again = records_of(Shuffled(source, 5))  # type: ignore[arg-type]
    assert np.array_equal(after, again)


def test_settings_of_the_recording_are_left_out() -> None:
    source = recorded()
    kept = list(Unset(source))  # type: ignore[arg-type]
    assert len(kept) == len(list(source)) - 1
    assert not any(isinstance(entry, SettingsEntry) for entry in kept)


# -- scores --------------------------------------------------------------------------------------


def part(mids: np.ndarray, ofi: np.ndarray, imbalance: np.ndarray) -> SessionPart:
    scores = {name: np.full(len(imbalance), np.nan) for name in SCORES}
    scores["queue_imbalance"] = imbalance
    return SessionPart(MidPath(START, NS // 10, mids), ofi, scores, [])


def test_full_seconds_and_the_sums_between_them() -> None:
    values = np.arange(35.0)
    assert seconds_of(values, START).tolist() == [0, 10, 20, 30]
    assert seconds_of(values, START + 300_000_000).tolist() == [7, 17, 27]
    sums = sums_by_second(values, START + 300_000_000)
    assert sums.tolist() == [sum(range(8, 18)), sum(range(18, 28))]


def test_order_flow_that_moves_mid_explains_it_and_not_the_next_second() -> None:
    draw = np.random.default_rng(4)
    seconds = 4_000
    flow = draw.normal(0, 10, seconds)
    mids = np.concatenate([[100.0], 100.0 + np.cumsum(0.05 * flow + draw.normal(0, 0.2, seconds))])
    ofi = np.zeros(10 * seconds + 1)
    ofi[10::10] = flow
    imbalance = np.full(seconds + 1, 0.2)
    keeper = ScoreKeeper()
    keeper.take(part(np.repeat(mids, 10)[: 10 * seconds + 1], ofi, imbalance))
    found = keeper.result()
    assert found.flow is not None
    assert found.flow.r2 is not None
    assert found.flow.r2_next is not None
    assert found.flow.r2 == pytest.approx(0.25 / 0.29, abs=0.02)
    assert found.flow.slope == pytest.approx(0.05, rel=0.05)
    assert found.flow.r2_next < 0.01
    assert set(found.scores) == {"queue_imbalance"}
    assert found.scores["queue_imbalance"].quantiles == (0.2,) * 7
    assert sum(found.scores["queue_imbalance"].counts) == seconds + 1


def test_imbalance_that_foretells_every_move_has_an_auc_of_one() -> None:
    draw = np.random.default_rng(4)
    steps = draw.choice((-1.0, 1.0), 500)
    mids = np.concatenate([[100.0], 100.0 + steps.cumsum()])
    imbalance = np.concatenate([steps * draw.uniform(0.1, 0.9, 500), [0.0]])
    keeper = ScoreKeeper()
    keeper.take(part(np.repeat(mids, 10)[:5001], np.zeros(5001), imbalance))
    assert keeper.result().queue_auc == 1.0


def test_the_next_move_is_seen_though_mid_is_back_at_the_next_full_second() -> None:
    seconds = 200
    mids = np.full(10 * seconds + 1, 100.0)
    up = np.arange(seconds) % 2 == 0
    mids[3 : 10 * seconds : 10] += np.where(up, 1.0, -1.0)
    # what is left at full seconds goes the other way, and far less often
    mids[1000:] += 1.0
    imbalance = np.append(np.where(up, 0.5, -0.5), 0.0)
    keeper = ScoreKeeper()
    keeper.take(part(mids, np.zeros(len(mids)), imbalance))
    assert keeper.result().queue_auc == 1.0


# -- the picture ---------------------------------------------------------------------------------


def test_a_png_holds_the_pixels() -> None:
    canvas = Canvas(40, 20)
    canvas.box(2, 3, 5, 4, BLACK)
    canvas.text(10, 5, "A1%")
    data = canvas.png()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks = {}
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (40, 20, 8, 2, 0, 0, 0)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(20, 121)
    assert (lines[:, 0] == 0).all()
    assert np.array_equal(lines[:, 1:].reshape(20, 40, 3), canvas.pixels)
    assert (canvas.pixels[3:7, 2:7] == BLACK).all()
    assert (canvas.pixels[:3] == 255).all()
    assert (canvas.pixels[5:15, 10:34] == BLACK).any()
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]


# -- the commands --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two generated recordings of the same kind of market."""
    folder = tmp_path_factory.mktemp("seeds")
    made = []
    for seed in (101, 202):
        path = folder / f"es_{seed}.txt"
        assert main(["generate", str(path), "--seed", str(seed), "--minutes", "90"]) == 0
        made.append(path)
    return made[0], made[1]


def test_calibrated_on_one_seed_the_other_gives_half_to_twice_as_many(
    seeds: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outs = [tmp_path / name for name in ("settings.yaml", "found.json", "found.png")]
    words = ["--out", str(outs[0]), "--json", str(outs[1]), "--png", str(outs[2])]
    assert main(["calibrate", str(seeds[0]), "--signals-per-hour", "10", *words]) == 0
    said = capsys.readouterr()
    assert "signals an hour over" in said.out
    assert "false alarms:" in said.out
    assert "dial 0.500" in said.err
    found = json.loads(outs[1].read_text())
    assert 5 <= found["rate"] <= 20
    by_rule = sum(found["false_alarms_by_rule"].values())
    assert found["false_alarms"] == pytest.approx(by_rule)
    assert set(found["noise"]) == {"pull_ahead"}, "sizes that vanish are what shuffling makes"
    assert found["settings"]["signals"]["pull"] == "off"
    assert "pull_ahead is not separated from noise" in said.out
    assert "pull_ahead" not in found["false_alarms_by_rule"]
    assert found["noise"]["pull_ahead"]["false_alarms"] > found["noise"]["pull_ahead"]["rate"]
    assert found["ofi"]["r2"] > 0.1
    assert found["queue_imbalance_auc"] > 0.5
    assert outs[2].read_bytes()[:4] == b"\x89PNG"
    settings = load_settings(outs[0])
    assert (
        settings.analytics.clusters.on_factor
        == yaml.safe_load(outs[0].read_text())["clusters"]["on_factor"]
    )
    assert settings.analytics.signals.pull == "off"
    signals = tmp_path / "signals.jsonl"
    words = ["--config", str(outs[0]), "--out", str(tmp_path / "m.csv"), "--signals", str(signals)]
    assert main(["metrics", str(seeds[1]), *words]) == 0
    rate = len(signals.read_text().splitlines()) / 1.5
    assert 5 <= rate <= 20
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "found.json",
        "found.png",
        "m.csv",
        "settings.yaml",
        "signals.jsonl",
    ]


def test_review_of_a_recording(
    seeds: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, rates = tmp_path / "review.json", tmp_path / "rates.json"
    words = ["--json", str(out), "--hit-rates", str(rates), "--draws", "5"]
    assert main(["review", str(seeds[0]), *words]) == 0
    said = capsys.readouterr().out
    found = json.loads(out.read_text())
    assert sum(found["signals"].values()) > 0
    assert found["hours"] == pytest.approx(1.5, abs=0.01)
    assert {line["seconds"] for line in found["lines"]} == {10, 60, 300}
    assert "hits" in said
    told = json.loads(rates.read_text())
    assert told["format"] == 1
    assert list(told["rates"]) == ["ES 12-26"]
    told["rates"]["NQ 12-26"] = {"live": {"until": 5, "rules": {}}}
    rates.write_text(json.dumps(told))
    assert main(["review", str(seeds[0]), *words]) == 0
    assert set(json.loads(rates.read_text())["rates"]) == {"ES 12-26", "NQ 12-26"}
    assert json.loads(out.read_text()) == found
    known, damaged = rates.read_bytes(), tmp_path / "ES 12-26.csv"
    damaged.write_text("time_ns,kind,side,op,position,price,size\nnonsense\n")
    assert main(["review", str(damaged), *words]) == 2
    assert rates.read_bytes() == known, "what could not be read says nothing of the rules"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["calibrate", "F", "--signals-per-hour", "0"], "not above 0"),
        (["calibrate", "F", "--png", "a.jpg"], "ends in .png"),
        (["calibrate", "F", "--out", "a.json"], "ends in .yaml, .yml"),
        (["calibrate", "gone.txt"], "neither a file nor recorded"),
        (["review", "F", "--draws", "0"], "not 1 to 1000"),
        (["review", "F", "--json", "a.txt"], "ends in .json"),
        (["calibrate", "F"], "minutes with a book, and needs 6"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    short = tmp_path / "es_short.txt"
    assert main(["generate", str(short), "--minutes", "3"]) == 0
    capsys.readouterr()
    assert main([str(short) if word == "F" else word for word in words]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert said in error[-1]
