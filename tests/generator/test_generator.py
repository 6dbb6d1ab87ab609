"""The generator against NinjaTrader's row rules, and the truth it tells against its own lines."""

import itertools
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from zoneinfo import ZoneInfo

import pytest
import zstandard

from depthbridge.sample import DUMP, SIDECAR, TRUTH
from recording.generator import SAMPLE, Generator, GeneratorSettings, render
from tests.generator.plain_book import ASK, BID, Line, PlainBook, groups, parse

SAMPLE_TICK = float(SAMPLE.tick_size)
KIND_OF_L1 = {0: "quote", 1: "quote", 2: "trade", 5: "quote"}


@pytest.fixture(scope="module")
def sample_text() -> list[str]:
    return zstandard.ZstdDecompressor().decompress(DUMP.read_bytes()).decode().splitlines(True)


@pytest.fixture(scope="module")
def sample(sample_text: list[str]) -> list[Line]:
    return [parse(line) for line in sample_text]


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads(TRUTH.read_text(encoding="utf-8"))


def nanoseconds(time: str) -> int:
    moment = datetime.strptime(time[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 - zone on the next line
    aware = moment.replace(tzinfo=ZoneInfo(SAMPLE.time_zone)).astimezone(UTC)
    return int(aware.timestamp()) * 10**9 + int(time[14:]) * 100


def test_the_bundled_sample_is_what_the_generator_makes(sample_text: list[str]) -> None:
    generator = Generator()
    assert list(generator.lines()) == sample_text
    assert render(generator.truth()) == TRUTH.read_text(encoding="utf-8")
    assert render(generator.sidecar()) == SIDECAR.read_text(encoding="utf-8")


def test_the_sample_is_long_enough_and_small_enough(sample: list[Line]) -> None:
    assert nanoseconds(sample[-1].time) - nanoseconds(sample[0].time) >= 75 * 60 * 10**9
    assert DUMP.stat().st_size < 1_500_000
    assert 150_000 <= len(sample) <= 250_000


def test_the_seed_decides() -> None:
    short = replace(SAMPLE, minutes=2)
    first = list(Generator(short).lines())
    assert first == list(Generator(short).lines())
    assert first != list(Generator(replace(short, seed=2)).lines())


def test_rows_follow_the_rules(sample: list[Line]) -> None:
    book = PlainBook()
    for group in groups(sample):
        before = {side: list(rows) for side, rows in enumerate(book.sides)}
        for line in group:
            if line.level == "L2":
                book.apply(line)
        for side, direction in ((ASK, 1), (BID, -1)):
            prices = [price * direction for price, _ in book.sides[side]]
            assert prices == sorted(set(prices)), f"sorted after {group[-1].time}"
            assert len(prices) == 10, f"ten rows after {group[-1].time}"
            assert all(size > 0 for _, size in book.sides[side])
        assert book.sides[BID][0][0] < book.sides[ASK][0][0], f"uncrossed, was {before}"
    assert book.most_rows == 11


def test_an_eleventh_row_comes_and_goes_as_ninjatrader_does_it(sample: list[Line]) -> None:
    ladder = [line for line in sample if line.level == "L2"][20:]
    for line, following in itertools.pairwise(ladder):
        same_place = (following.kind, following.time) == (line.kind, line.time)
        if (line.op, line.position) == (0, 0):
            assert same_place
            assert (following.op, following.position, following.size) == (2, 10, 0)
        if (line.op, line.position) == (2, 0):
            assert same_place
            assert line.size == 0
            assert (following.op, following.position) == (0, 9)


def test_a_file_starts_with_asks_then_bids(sample: list[Line]) -> None:
    first = [(line.kind, line.op, line.position) for line in sample[:22] if line.level == "L2"]
    assert first == [(side, 0, position) for side in (ASK, BID) for position in range(10)]


def test_proportions_are_those_of_real_dumps(sample: list[Line]) -> None:
    pairs = list(itertools.pairwise(sample))
    ladder = [line for line in sample if line.level == "L2"]
    assert sum(line.op == 1 for line in ladder) / len(ladder) >= 0.95
    assert 0.77 <= sum(a.time == b.time for a, b in pairs) / len(pairs) <= 0.81
    assert all(a.time <= b.time for a, b in pairs)
    kinds = [
        "depth" if line.level == "L2" else KIND_OF_L1[line.kind]
        for line in sample
        if line.level == "L2" or line.kind in KIND_OF_L1
    ]
    runs = 1 + sum(a != b for a, b in itertools.pairwise(kinds))
    assert 1.3 <= len(kinds) / runs <= 1.5


def test_level_one_lines_tell_the_touch(sample: list[Line]) -> None:
    book = PlainBook()
    for group in groups(sample):
        quotes = {line.kind: line for line in group if line.level == "L1" and line.kind < 2}
        for line in group:
            if line.level == "L2":
                book.apply(line)
        for side, line in quotes.items():
            assert [line.price, line.size] == book.sides[side][0]


def test_trades_happen_at_the_quotes_and_the_running_volume_counts_them(
    sample: list[Line],
) -> None:
    quotes: dict[int, float] = {}
    running, traded, sides = None, 0, Counter[str]()
    for line in (line for line in sample if line.level == "L1"):
        if line.kind in (ASK, BID):
            quotes[line.kind] = line.price
        elif line.kind == 2:
            assert line.price in quotes.values()
            sides["buy" if line.price >= quotes[ASK] else "sell"] += 1
            traded += line.size
        elif line.kind == 5:
            assert running is None or line.size - running == traded
            running, traded = line.size, 0
    assert running is not None
    assert min(sides.values()) > 0.4 * sides.total()


def test_there_are_bursts_and_quiet_phases_but_always_trades(sample: list[Line]) -> None:
    seconds = Counter(line.time[:14] for line in sample)
    assert max(seconds.values()) > 250
    assert sorted(seconds.values())[len(seconds) // 10] < 20
    trades = [nanoseconds(line.time) for line in sample if (line.level, line.kind) == ("L1", 2)]
    gaps = sorted(b - a for a, b in itertools.pairwise(trades))
    assert gaps[-1] < 20 * 10**9
    assert gaps[len(gaps) * 99 // 100] < 4 * 10**9


def test_truth_holds_in_the_lines(sample: list[Line], truth: dict) -> None:
    walls = truth["walls"]
    fates = Counter((wall["fate"], wall["side"]) for wall in walls)
    assert set(fates) == {(f, s) for f in ("consumed", "pulled", "through") for s in ("ask", "bid")}
    assert min(fates.values()) >= 3
    book = PlainBook()
    watched: dict[int, list] = {index: [] for index in range(len(walls))}
    updates = set()
    for group in groups(sample):
        time = nanoseconds(group[0].time)
        for line in group:
            if line.level == "L2":
                book.apply(line)
                updates.add((time, "bid" if line.kind == BID else "ask", line.price, line.size))
        for index, wall in enumerate(walls):
            if wall["t_start"] <= time <= wall["t_end"]:
                side = ASK if wall["side"] == "ask" else BID
                typical = median(size for rows in book.sides for _, size in rows)
                watched[index].append((time, book.size_at(side, wall["price"]), typical))
    for index, wall in enumerate(walls):
        states = watched[index]
        quiet_until = wall["t_hit"] or wall["t_end"]
        assert states[0][0] == wall["t_start"]
        assert (wall["t_start"], wall["side"], wall["price"], wall["size"]) in updates
        assert states[-1][0] == wall["t_end"]
        assert all(size > 5 * typical for time, size, typical in states if time < quiet_until)
        assert states[-1][1] < 2 * states[-1][2]
        assert wall["t_end"] - wall["t_start"] > 5 * 10**9


def test_fates_are_what_was_traded(sample: list[Line], truth: dict) -> None:
    trades = [
        (nanoseconds(line.time), line.price, line.size)
        for line in sample
        if (line.level, line.kind) == ("L1", 2)
    ]
    for wall in truth["walls"]:
        sign = 1 if wall["side"] == "ask" else -1
        during = [t for t in trades if wall["t_start"] <= t[0] <= wall["t_end"]]
        beyond = [t for t in during if (t[1] - wall["price"]) * sign > SAMPLE_TICK]
        near = sum(t[2] for t in during if abs(t[1] - wall["price"]) <= SAMPLE_TICK)
        assert bool(beyond) == (wall["fate"] == "through")
        if wall["fate"] == "pulled":
            assert near == 0
            assert wall["t_hit"] is None
        else:
            assert near > wall["size"] / 2


@pytest.mark.parametrize("seed", [SAMPLE.seed, 1, 2])
def test_without_walls_no_row_stands_out(seed: int) -> None:
    generator = Generator(GeneratorSettings(seed=seed, minutes=20, walls=False))
    book = PlainBook()
    base, since = 0.0, 0
    for group in groups(parse(line) for line in generator.lines()):
        time = nanoseconds(group[0].time)
        sizes = [size for rows in book.sides for _, size in rows]
        if sizes:
            typical = median(sizes)
            keep = 2 ** (-(time - since) / 60e9) if base else 0.0
            base = typical + (base - typical) * keep
            assert max(sizes) < 2.5 * base
        since = time
        for line in group:
            if line.level == "L2":
                book.apply(line)
    assert generator.truth()["walls"] == []


def test_removing_the_walls_changes_nothing_else() -> None:
    settings = GeneratorSettings(minutes=12)
    with_walls = list(Generator(settings).lines())
    without = list(Generator(replace(settings, walls=False)).lines())

    def skeleton(lines: list[str]) -> list[tuple[str, int, int, float]]:
        """Moves of the ladder: they are the same, only sizes and trades at walls differ."""
        parsed = (parse(line) for line in lines)
        return [
            (p.time, p.op, p.position, p.price) for p in parsed if p.level == "L2" and p.op != 1
        ]

    assert with_walls != without
    assert skeleton(with_walls) == skeleton(without)


def test_concentrated_trading_is_where_the_truth_says(sample: list[Line], truth: dict) -> None:
    assert len(truth["concentrations"]) >= 5
    for planted in truth["concentrations"]:
        volume = sum(
            line.size
            for line in sample
            if (line.level, line.kind, line.price) == ("L1", 2, planted["price"])
            and planted["t_start"] <= nanoseconds(line.time) <= planted["t_end"]
        )
        assert volume >= planted["volume"] > 1000
