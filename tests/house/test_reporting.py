"""The page: numbers worked out by hand and by plain sums, the same bytes twice, nothing unescaped.

What the page says is read back out of its HTML, section by section.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthbridge.cli import main
from depthbridge.inputs import Window
from depthbridge.reporting import Findings, page
from depthbridge.reporting import gather as gather_all
from depthbridge.reporting.charts import Mark, price_chart
from depthbridge.reporting.gather import differing
from depthbridge.reporting.markup import Markup, cell, join, table, tag
from depthbridge.reporting.series import BINS, How, Thinned
from depthbridge.reporting.told import LARGEST, ClusterTally, SignalTally
from depthbridge.runs import MetricsRun, TradesRun
from market.enums import FrameFlag, FrameType, Kind, Source
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame
from market.session import calendar_for
from orderbook import Parameters
from recording.entries import (
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import JournalWriter, RollRules
from recording.readers import open_recording
from recording.stream import Stream
from wire.frames import encode_frame

NS = 10**9
RTH = int(datetime(2026, 11, 16, 14, 30, tzinfo=UTC).timestamp()) * NS
HEAD = "time_ns,kind,side,op,position,price,size\n"
SECTIONS = [
    *("recorded", "price", "profile", "flow", "clusters", "worth", "signals", "quality"),
    "settings",
]
VOID = {"meta", "br", "line", "rect", "path", "polyline", "polygon", "circle"}


@dataclass
class Section:
    facts: dict[str, str] = field(default_factory=dict)
    tables: list[list[list[str]]] = field(default_factory=list)
    text: str = ""
    charts: int = 0
    titles: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """A page as sections of facts and tables; every element must be closed as it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.sections: dict[str, Section] = {}
        self.heading = ""
        self._at = Section()
        self._open: list[str] = []
        self._name = ""
        self.feed(text)
        self.close()
        assert self._open == [], "an element was left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe", "object"), "the page needs something"
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("src", "href", "xlink:href"):
                assert (value or "").startswith("#"), "the page points elsewhere"
        if tag == "section":
            self._at = self.sections[dict(attrs)["id"] or ""] = Section()
        elif tag == "svg":
            self._at.charts += 1
        elif tag == "table":
            self._at.tables.append([])
        elif tag == "tr":
            self._at.tables[-1].append([])
        elif tag in ("th", "td"):
            self._at.tables[-1][-1].append("")
        if tag not in VOID or self._raw_open(tag):
            self._open.append(tag)

    def _raw_open(self, tag: str) -> bool:
        return not (self.get_starttag_text() or "").endswith("/>") and tag not in ("meta", "br")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        here = self._open[-1] if self._open else ""
        if here == "h1":
            self.heading = data
        elif here == "dt":
            self._name = data
        elif here == "dd":
            self._at.facts[self._name] = data
        elif here == "title":
            self._at.titles.append(data)
        elif here in ("td", "th") or (here == "strong" and "td" in self._open):
            self._at.tables[-1][-1][-1] += data
        self._at.text += data


def report(path: Path, out: Path, *words: str, code: int = 0) -> Page:
    assert main(["report", str(path), "--out", str(out), *words]) == code
    return Page(out.read_text("utf-8"))


def csv(path: Path, rows: Sequence[tuple[object, ...]]) -> Path:
    path.write_text(HEAD + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


Row = tuple[object, ...]


def quotes(time: int, bid: float, ask: float, bids: int = 10, asks: int = 10) -> list[Row]:
    return [(time, 1, 1, 1, 0, bid, bids), (time, 1, 0, 1, 0, ask, asks)]


def trade(time: int, price: float, size: int, side: int) -> Row:
    return (time, 3, side, 0, 0, price, size)


def by_hand(folder: Path) -> Path:
    """Four trades of 30 contracts: 25 bought, 5 sold; a second with one side of the book only."""
    rows = quotes(RTH, 6750.0, 6750.25)
    rows += [
        trade(RTH + 1 * NS, 6750.0, 5, 1),
        trade(RTH + 2 * NS, 6750.25, 20, 1),
        trade(RTH + 3 * NS, 6750.0, 3, 0),
        trade(RTH + 4 * NS, 6749.75, 2, 0),
        (RTH + 5 * NS, 1, 0, 2, 0, 6750.25, 0),
        (RTH + 6 * NS, 1, 0, 0, 0, 6750.25, 4),
        (RTH + 10 * NS, 1, 1, 1, 0, 6750.0, 7),
    ]
    return csv(folder / "ES 12-26.csv", rows)


def test_a_page_by_hand(tmp_path: Path) -> None:
    found = report(by_hand(tmp_path), tmp_path / "r.html")
    assert list(found.sections) == SECTIONS
    assert found.heading == "ES 12-26 2026-11-16"
    facts = found.sections["recorded"].facts
    assert facts["Instrument"] == "ES 12-26 (ES), tick 0.25"
    assert facts["Records"] == "9"
    assert facts["Gaps"] == "0"
    assert (facts["From"], facts["To"]) == ("2026-11-16 14:30:00", "2026-11-16 14:30:10")
    assert facts["Complete since"] == "2026-11-16 14:30:00 (not the whole session)"
    assert facts["Configuration"] == Parameters().config_hash
    names, row = found.sections["price"].tables[0]
    session = dict(zip(names, row, strict=True))
    assert session["trade date"] == "2026-11-16"
    assert (session["low"], session["high"]) == ("6,749.75", "6,750.25")
    assert session["volume"] == "30"
    assert session["CVD"] == "+20"
    # (8·6750 + 20·6750.25 + 2·6749.75)/30 = 6750 + 4.5/30; the mean of squares less its square
    assert session["VWAP"] == "6,750.15"
    assert session["deviation"] == f"{(22 * 0.25**2 / 30 - 0.15**2) ** 0.5:.2f}"
    # 20 of the 21 that 70 % needs lie at the POC; above is nothing, so the pair below joins
    profile = found.sections["profile"].facts
    assert profile["POC"] == "6,750.25"
    assert profile["Value area (cbot2)"] == "6,749.75 to 6,750.25"
    assert profile["Volume"] == "30: 25 bought, 5 sold"
    assert found.sections["settings"].text.startswith(
        "SettingsAll analytics settings are the defaults."
    )


def test_the_quality_by_hand(tmp_path: Path) -> None:
    rows = report(by_hand(tmp_path), tmp_path / "r.html").sections["quality"].tables
    # instants 14:30:00.0 to 14:30:10.0; the ask is away from 5.0 to 5.9
    quality = {row[0]: row[1:] for row in rows[0][1:]}
    assert quality["one side only"] == ["1 s", f"{10 / 101:.2%}"]
    assert quality["neither side"][0] == "0 s"
    # at the first instant its group may still go on
    assert quality["readable"] == ["10 s", f"{100 / 101:.2%}"]
    assert quality["waiting for both sides"][0] == "0.1 s"
    assert rows[1][1:] == [["1", "9 s", "100.00%"]]


def test_what_a_window_leaves_out_is_not_on_the_page(tmp_path: Path) -> None:
    path = by_hand(tmp_path)
    words = ["--from", "2026-11-16T14:30:01.500", "--to", "2026-11-16T14:30:03.500"]
    found = report(path, tmp_path / "r.html", *words)
    names, row = found.sections["price"].tables[0]
    session = dict(zip(names, row, strict=True))
    assert (session["from"], session["to"]) == ("11-16 14:30:01", "11-16 14:30:03")
    assert session["volume"] == "28", "the last trade comes after the window"
    assert session["CVD"] == "+22"
    part = found.sections["recorded"].facts["Part of it"]
    assert part == "from 2026-11-16 14:30:01 to before 2026-11-16 14:30:03"


# -- sessions ------------------------------------------------------------------------------------


def contiguous(folder: Path) -> Path:
    """A market that never closes: a trade in the last 50 ms of a day, and one just after it."""
    midnight = int(datetime(2026, 11, 17, tzinfo=UTC).timestamp()) * NS
    rows = quotes(midnight - 2 * NS, 100.0, 100.5)
    rows += [
        trade(midnight - 1 * NS, 100.0, 7, 0),
        trade(midnight - NS // 20, 100.5, 4, 1),
        trade(midnight, 101.0, 2, 1),
        trade(midnight + NS // 20, 101.5, 1, 1),
        (midnight + NS, 1, 1, 1, 0, 100.0, 11),
    ]
    return csv(folder / "day.csv", rows)


COIN = ("--instrument", "COIN", "--tick-size", "0.5")


def test_a_session_holds_its_last_trade_and_not_the_next_ones(tmp_path: Path) -> None:
    found = report(contiguous(tmp_path), tmp_path / "r.html", *COIN)
    names, *rows = found.sections["price"].tables[0]
    days = [dict(zip(names, row, strict=True)) for row in rows]
    told = [(day["trade date"], day["volume"], day["low"], day["high"]) for day in days]
    assert told == [("2026-11-16", "11", "100", "100.5"), ("2026-11-17", "3", "101", "101.5")]
    assert found.sections["profile"].charts == 2
    only = report(contiguous(tmp_path), tmp_path / "r.html", *COIN, "--date", "2026-11-16")
    assert [row[8] for row in only.sections["price"].tables[0][1:]] == ["11"]


def test_who_watches_changes_no_row(tmp_path: Path) -> None:
    path = contiguous(tmp_path)

    class Watcher:
        def __init__(self) -> None:
            self.labels: list[int] = []
            self.ends: list[int] = []

        def row(self, stream: Stream, label: int) -> None:
            self.labels.append(label)

        def session_over(self, stream: Stream, boundary: int) -> None:
            self.ends.append(boundary)

    def rows(watcher: Watcher | None) -> list[bytes]:
        recording = open_recording(path, instrument="COIN", tick_size="0.5")
        run = MetricsRun(
            recording, NS // 10, calendar_of=lambda _: calendar_for("always"), watch=watcher
        )
        return [
            np.asarray(columns[name]).tobytes()
            for columns in run
            for name in ("time_ns", "mid", "ofi", "cvd", "vwap", "since")
        ]

    watcher = Watcher()
    assert rows(watcher) == rows(None)
    midnight = int(datetime(2026, 11, 17, tzinfo=UTC).timestamp()) * NS
    assert watcher.ends == [midnight]
    assert watcher.labels == list(range(midnight - 2 * NS, midnight + NS + 1, NS // 10))


def test_the_window_says_how_far_it_reaches() -> None:
    calendar = calendar_for("cme_equity")
    open_, close = calendar.rth(datetime(2026, 11, 16, tzinfo=UTC).date()) or (0, 0)
    hours = Window(calendar=calendar, session="RTH")
    assert hours.reach(open_) == close
    assert hours.reach(open_ - 1) == open_ - 1
    assert Window(5, 9).reach(5) == 9
    assert Window(5, 9).reach(9) == 9
    assert Window(5, close - 7, calendar, "RTH").reach(open_) == close - 7


# -- beside what other commands say --------------------------------------------------------------


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty minutes with signals."""
    path = tmp_path_factory.mktemp("market") / "es_7.txt"
    assert main(["generate", str(path), "--seed", "7", "--minutes", "40", "--everything"]) == 0
    return path


@pytest.fixture(scope="module")
def shown(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return report(market, tmp_path_factory.mktemp("shown") / "r.html")


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_signals_and_clusters_are_those_of_the_other_commands(
    market: Path, shown: Page, tmp_path: Path
) -> None:
    outs = [tmp_path / name for name in ("m.csv", "c.jsonl", "s.jsonl")]
    words = ["--out", str(outs[0]), "--clusters", str(outs[1]), "--signals", str(outs[2])]
    assert main(["metrics", str(market), *words]) == 0
    signals = lines_of(outs[2])
    assert len(signals) > 5
    names, *rows = shown.sections["signals"].tables[0]
    assert names[1] == "signal, and what it saw"
    told_of = [f"{one['kind']}{one['reason']}" for one in signals]
    assert [row[1][2:] for row in rows] == told_of
    assert [row[6] for row in rows] == [f"{one['seq']:,}" for one in signals]
    price = shown.sections["signals"].tables[0][1][3].replace(",", "")
    assert float(price) == signals[0]["price"]
    new = Counter(
        one["clusters"][0]["kind"]  # type: ignore[index]
        for one in lines_of(outs[1])
        if one["event"] == "new"
    )
    told = {
        row[0]: int(row[1].replace(",", "")) for row in shown.sections["clusters"].tables[0][1:]
    }
    assert told == dict(new)
    assert set(told) >= {"resting", "absorption"}


def test_the_worth_is_that_of_review(market: Path, shown: Page, tmp_path: Path) -> None:
    out = tmp_path / "review.json"
    assert main(["review", str(market), "--json", str(out)]) == 0
    lines = json.loads(out.read_text())["lines"]
    names, *rows = shown.sections["worth"].tables[0]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        cells = dict(zip(names, row, strict=True))
        assert cells["rule"] == line["rule"]
        assert cells["after"] == f"{line['seconds']} s"
        unknown = f", {line['unknown']} unknown" if line["unknown"] else ""
        assert cells["signals"] == f"{line['signals']:,}{unknown}"
        if line["signals"]:
            excess = line["excess"]
            bounds = f"[{excess['low']:+.2f}, {excess['high']:+.2f}]"
            assert cells["excess"] == f"{excess['value']:+.2f} {bounds}"
    total = next(line for line in lines if line["rule"] == "all" and line["seconds"] == 60)
    moves = [row[8] for row in shown.sections["signals"].tables[0][1:]]
    known = [float(move) for move in moves if move != "–"]
    assert len(known) == total["signals"]
    assert np.mean(known) == pytest.approx(total["move"]["value"], abs=0.05)


def test_volume_and_delta_are_plain_sums_of_the_trades(market: Path, shown: Page) -> None:
    trades = [0.0, 0.0]
    for columns in TradesRun(open_recording(market)):
        sides = columns["aggressor"].to_pylist()
        for side, size in zip(sides, columns["size"].tolist(), strict=True):
            trades[side == "sell"] += size
    names, row = shown.sections["price"].tables[0]
    session = dict(zip(names, row, strict=True))
    assert session["volume"] == f"{sum(trades):,.0f}"
    assert session["CVD"] == f"{trades[0] - trades[1]:+,.0f}"


def test_a_chart_has_a_sign_for_each_signal(shown: Page) -> None:
    rows = shown.sections["signals"].tables[0][1:]
    chart = shown.sections["price"]
    signs = [title for title in chart.titles if not title.startswith(("nothing", "gap"))]
    assert [sign[-14:] for sign in signs] == [row[0] for row in rows]
    kinds = [sign.split()[0] for sign in signs]
    assert all(row[1][2:].startswith(kind) for row, kind in zip(rows, kinds, strict=True))


def test_two_runs_give_the_same_bytes(market: Path, shown: Page, tmp_path: Path) -> None:
    assert report(market, tmp_path / "again.html").source == shown.source


def test_the_page_needs_nothing_else(shown: Page) -> None:
    text = shown.source
    assert "default-src &#x27;none&#x27;" in text
    assert re.findall(r"https?:|url\(|@import|//[a-z]", text) == []
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert 'name="viewport"' in text


# -- recordings that lack something --------------------------------------------------------------


def test_without_trades(tmp_path: Path) -> None:
    rows = quotes(RTH, 6750.0, 6750.25) + quotes(RTH + 9 * NS, 6750.25, 6750.5)
    found = report(csv(tmp_path / "ES 12-26.csv", rows), tmp_path / "r.html")
    assert "No trade lies in this recording" in found.sections["profile"].text
    assert "No signal came of this recording" in found.sections["worth"].text
    assert "No cluster became active" in found.sections["clusters"].text
    names, row = found.sections["price"].tables[0]
    session = dict(zip(names, row, strict=True))
    assert [session[name] for name in ("low", "high", "VWAP", "POC", "value area")] == ["–"] * 5
    assert session["volume"] == "0"


def test_with_trades_alone(tmp_path: Path) -> None:
    rows = [trade(RTH + i * NS, 6750 + 0.25 * (i % 3), 1, i % 2) for i in range(20)]
    found = report(csv(tmp_path / "ES 12-26.csv", rows), tmp_path / "r.html")
    assert found.sections["profile"].facts["Volume"] == "20: 10 bought, 10 sold"
    assert "neither side" not in str(found.sections["price"].tables)


def test_with_level_one_alone(tmp_path: Path) -> None:
    lines = [f"L1;2;20261119143{i // 60:01d}{i % 60:02d};0;5000.25;1\r\n" for i in range(500)]
    path = tmp_path / "ES 12-26.txt"
    path.write_text("".join(lines))
    found = report(path, tmp_path / "r.html", "--time-zone", "America/Chicago")
    assert found.sections["profile"].facts["POC"] == "5,000.25"
    assert found.sections["profile"].facts["Volume"].startswith("500:")


def test_of_orders(tmp_path: Path) -> None:
    path = tmp_path / "ES 12-26.csv"
    rows = [(RTH, "add", "bid", 1, 6750.0, 5), (RTH + NS, "add", "ask", 2, 6750.25, 4)]
    rows.append((RTH + 5 * NS, "cancel", "bid", 9, 6750.0, 1))
    rows.append((RTH + 6 * NS, "add", "bid", 3, 6750.0, 5))
    text = "".join(",".join(map(str, row)) + "\n" for row in rows)
    path.write_text("time_ns,action,side,order_id,price,size\n" + text)
    found = report(path, tmp_path / "r.html")
    assert found.sections["recorded"].facts["Book"] == "of orders (L3)"
    assert "1 order records were wrong: unknown" in found.sections["quality"].text


def test_of_no_trading_session(tmp_path: Path) -> None:
    saturday = RTH - 2 * 86_400 * NS
    rows = [*quotes(saturday, 6750.0, 6750.25), trade(saturday + NS, 6750.0, 1, 1)]
    found = report(csv(tmp_path / "ES 12-26.csv", rows), tmp_path / "r.html")
    assert found.heading == "ES 12-26 2026-11-14"
    assert "No instant of a trading session" in found.sections["price"].text
    assert "market closed" in found.sections["quality"].text


def journal_with_gaps(folder: Path) -> Path:
    """A quote each second for a minute; after 20 s two records are lost, 5 s later a book comes."""
    name, source = DEFAULT_INSTRUMENTS.resolve("ES 12-26"), Source.LIVE
    assert name is not None
    writer = JournalWriter(folder, name, source, calendar_for("cme_equity"), rules=RollRules())

    def frame(second: int, seq: int, kind: FrameType) -> FrameEntry:
        rows = np.zeros(2, RECORD)
        rows["kind"] = Kind.DEPTH_PRICE
        rows["side"] = (1, 0)
        rows["price"] = (27_000, 27_001)
        rows["size"] = 5 + second % 2
        flags = FrameFlag.LAST if kind == FrameType.SNAPSHOT else 0
        return FrameEntry(Frame(rows, RTH + second * NS, seq, kind, flags, 0, RTH + second * NS))

    entries = [
        *(InstrumentEntry(name, source), SettingsEntry({"clusters": {"on_factor": 4.0}}, "ab")),
        *(SessionEntry("s", "test", 1), frame(0, 1, FrameType.SNAPSHOT)),
        *(frame(second, 2 * second - 1, FrameType.EVENTS) for second in range(1, 21)),
        *(PhaseEntry("stale", "gap"), GapEntry("gap", 41, 43), PhaseEntry("stale", "resync")),
        frame(25, 43, FrameType.SNAPSHOT),
        *(frame(second, 43 + 2 * (second - 26), FrameType.EVENTS) for second in range(26, 60)),
    ]
    time = RTH
    for entry in entries:
        if isinstance(entry, FrameEntry):
            time = entry.frame.base
            writer.write(entry, time, encode_frame(entry.frame))
        else:
            writer.write(entry, time)
    writer.close(time)
    return folder


def test_a_journal_with_gaps(tmp_path: Path) -> None:
    folder = journal_with_gaps(tmp_path / "live" / "ES_12-26")
    found = report(folder, tmp_path / "r.html")
    facts = found.sections["recorded"].facts
    assert facts["Records"] == f"{2 * (20 + 34)}"
    assert (facts["Gaps"], facts["Resyncs"], facts["Source"]) == ("1", "1", "live")
    assert facts["Lag, 99th percentile"] == "0.0 ms"
    quality = found.sections["quality"]
    assert "1: gap 1." in quality.text
    names, row = quality.tables[-1]
    assert names == ["time", "reason", "after record"]
    assert row == ["2026-11-16 14:30:20", "gap", "42"], "two of the snapshot, and forty"
    times = {row[0]: row[1] for row in quality.tables[0][1:]}
    assert times["stale: records are missing"] == "5 s"
    assert found.sections["price"].titles.count("gap: gap") == 1
    changed = Parameters.from_recorded({"clusters": {"on_factor": 4.0}})
    assert facts["Configuration"] == changed.config_hash
    settings = {row[0]: row[1:3] for row in found.sections["settings"].tables[0][1:]}
    assert settings["clusters.on_factor"] == ["4.0", "3.0"]
    assert settings["signals.bounce"] == ["off", "on"], "the recording was made without it"


# -- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "F", "--out", "r.pdf"], "ends in .html, .htm"),
        (["report", "F"], "--out"),
        (["report", "gone.txt", "--out", "r.html"], "neither a file nor recorded"),
        (["report", "F", "--out", "gone/r.html"], "cannot be written"),
        (["report", "F", "--out", "r.html", "--from", "14:30"], "needs --date"),
        (["report", "E", "--out", "r.html"], "not a recording"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"F": by_hand(tmp_path), "E": tmp_path / "else.bin"}
    files["E"].write_bytes(b"no recording at all\n")
    before = sorted(tmp_path.iterdir())
    assert main([str(files.get(word, word)) for word in words]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line
    assert sorted(tmp_path.iterdir()) == before


def test_of_a_damaged_recording_the_page_has_what_came_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = by_hand(tmp_path)
    path.write_text(path.read_text() + "nonsense\n" + f"{RTH + 11 * NS},3,1,0,0,6750.25,9\n")
    found = report(path, tmp_path / "r.html", code=2)
    assert found.sections["recorded"].facts["Records"] == "9"
    assert "Reading stopped early" in found.source
    capsys.readouterr()
    whole = report(path, tmp_path / "r.html", "--tolerant")
    assert whole.sections["profile"].facts["Volume"] == "39: 34 bought, 5 sold"
    assert "1 malformed lines skipped" in whole.sections["recorded"].text
    path.write_text(HEAD + "nonsense\n")
    (tmp_path / "r.html").unlink()
    assert main(["report", str(path), "--out", str(tmp_path / "r.html")]) == 2
    assert not (tmp_path / "r.html").exists(), "nothing could be read: there is no page"


def test_an_interrupt_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_: Findings) -> str:
        raise KeyboardInterrupt

    path = by_hand(tmp_path)
    monkeypatch.setattr("depthbridge.reporting.page", stopped)
    assert main(["report", str(path), "--out", str(tmp_path / "r.html")]) == 130
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


# -- escaping ------------------------------------------------------------------------------------

NASTY = "<script>alert('1')</script>\"&amp;"


@pytest.fixture(scope="module")
def findings(market: Path) -> Findings:
    """As the command gathers them."""
    from argparse import ArgumentParser

    from depthbridge.commands import report as command
    from depthbridge.inputs import open_input

    parser = ArgumentParser()
    command.add_arguments(parser)
    found, error = gather_all(
        open_input(parser.parse_args([str(market), "--out", "r.html"])), tolerant=False
    )
    assert error is None
    return found


def test_every_text_is_escaped(findings: Findings) -> None:
    plain = page(findings)
    told = SignalTally()
    for one in findings.signals.shown():
        told.take({**one.message, "reason": NASTY, "kind": NASTY, "side": NASTY})
    clusters = ClusterTally()
    clusters.take({"event": "end", "clusters": [{**_zone(1, 5.0), "end_reason": NASTY}]})
    bad = replace(
        findings,
        name=NASTY,
        files=[(NASTY, 1)],
        format=NASTY,
        instrument=replace(findings.instrument, symbol=NASTY, root=NASTY, session=NASTY),
        notes=[NASTY],
        error=NASTY,
        gaps=[{"time": RTH, "index": 1, "reason": NASTY}],
        gap_reasons=Counter({NASTY: 1}),
        order_faults={NASTY: 1},
        configs=[(RTH, NASTY), (RTH, "b")],
        signals=told,
        clusters=clusters,
        withheld={NASTY: 1},
    )
    found = Page(page(bad))
    assert "<script" not in found.source
    assert found.source.count("&lt;script&gt;") > 20
    assert NASTY in found.heading
    assert plain != found.source


def _zone(number: int, size: float) -> dict[str, object]:
    return {
        "id": number,
        "kind": "resting",
        "side": "bid",
        "size_peak": size,
        "age_ms": 1000,
        "price_low": 1.0,
        "price_high": 1.0,
        "buy": 0,
        "sell": 0,
        "t_first": RTH,
        "score": None,
        "end_reason": "pulled",
    }


def test_markup_is_escaped_once_and_never_twice() -> None:
    assert tag("p", "a < b & c") == "<p>a &lt; b &amp; c</p>"
    assert tag("p", tag("b", "<"), "&") == "<p><b>&lt;</b>&amp;</p>"
    assert tag("a", "x", title='"<>') == '<a title="&quot;&lt;&gt;">x</a>'
    assert tag("p", tag("b", "x") + "<i>") == "<p>&lt;b&gt;x&lt;/b&gt;&lt;i&gt;</p>"
    assert isinstance(join(["<", Markup("<br>")]), Markup)
    assert join(["<", Markup("<br>")]) == "&lt;<br>"


@pytest.mark.parametrize(
    ("value", "digits", "sign", "text"),
    [
        (None, None, False, "–"),
        (float("nan"), 2, True, "–"),
        (1234567.0, None, False, "1,234,567"),
        (6750.25, None, False, "6,750.25"),
        (0.1, None, True, "+0.1"),
        (-3.0, None, True, "-3"),
        (-0.0, 1, True, "0.0"),
        (1234.567, 1, True, "+1,234.6"),
    ],
)
def test_numbers_as_cells(value: float | None, digits: int | None, sign: bool, text: str) -> None:
    assert cell(value, digits, sign=sign) == (text, "n")


def test_a_table_without_rows_has_its_headings() -> None:
    assert '<th scope="col">a</th>' in table(("a", "b"), [])


# -- what is kept --------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 400), st.floats(-5, 5) | st.just(float("nan"))), max_size=60),
    st.lists(st.integers(1, 30), max_size=8),
    st.sampled_from((1, 40)),
)
def test_thinned_numbers_are_those_of_plain_bins(
    rows: list[tuple[int, float]], parts: list[int], scale: int
) -> None:
    kinds: tuple[How, ...] = ("last", "low", "high", "sum", "mean")
    times = RTH + np.cumsum([step * scale * NS // 10 for step, _ in rows], dtype=np.int64)
    values = np.array([value for _, value in rows])
    thinned = Thinned({how: how for how in kinds})
    cuts = [0, *np.cumsum(parts).tolist(), len(rows)]
    for start, stop in pairwise(cuts):
        part = slice(min(start, len(rows)), min(stop, len(rows)))
        thinned.add(times[part], dict.fromkeys(kinds, values[part]))
    found = thinned.result()
    assert len(found.times) <= BINS
    bins: dict[int, list[float]] = {}
    begin = int(found.times[0]) if len(rows) else 0
    for time, value in zip(times.tolist(), values.tolist(), strict=True):
        end = begin + -(-(time - begin) // found.width) * found.width
        bins.setdefault(end, []).append(value)
    assert found.times.tolist() == sorted(bins)
    plain: dict[str, Callable[[list[float]], float]] = {
        "last": lambda some: some[-1],
        "low": min,
        "high": max,
        "sum": sum,
        "mean": lambda some: sum(some) / len(some),
    }
    for how in kinds:
        for place, end in enumerate(sorted(bins)):
            known = [value for value in bins[end] if value == value]
            value = found.columns[how][place]
            if not known:
                assert np.isnan(value)
            else:
                assert value == pytest.approx(plain[how](known), abs=1e-9)


def test_a_year_takes_no_more_room_than_an_hour() -> None:
    thinned = Thinned({"mid": "last"})
    for day in range(365):
        times = RTH + day * 86_400 * NS + np.arange(1, 86_400, 60, dtype=np.int64) * NS
        thinned.add(times, {"mid": np.full(len(times), float(day))})
    found = thinned.result()
    assert BINS // 2 <= len(found.times) <= BINS
    assert found.columns["mid"][-1] == 364.0
    signals = SignalTally()
    for number in range(5000):
        signals.take({"time": number, "kind": "bounce", "strength": 1.0})
    assert signals.count == 5000
    assert len(signals.shown()) == 1000
    assert signals.shown()[-1].message["time"] == 4999


def test_the_largest_clusters_are_kept_and_those_that_live() -> None:
    tally = ClusterTally()
    for number in range(1, 20):
        tally.take({"event": "new", "clusters": [_zone(number, 1.0)]})
        if number != 7:
            ended = _zone(number, float(number % 10))
            tally.take({"event": "end", "clusters": [ended]})
    tally.take({"event": "update", "clusters": [_zone(7, 50.0)]})
    assert tally.count("resting") == 1
    kind = tally.kinds["resting"]
    assert (kind.announced, kind.ended, kind.age_ms) == (19, 18, 18_000)
    assert [one["id"] for one in tally.largest("resting")] == [7, 9, 19, 8, 18]
    assert len(kind.largest) == LARGEST
    tally.take({"event": "end", "clusters": [_zone(99, 3.0)]})
    assert tally.count("resting") == 1, "one that was never seen to begin was not counted"


def test_settings_that_differ() -> None:
    assert differing(Parameters()) == []
    changed = Parameters.from_mapping({"clusters": {"on_factor": 4.0}, "signals": {"pull": "off"}})
    assert [(one.key, one.value, one.default, one.unit) for one in differing(changed)] == [
        ("clusters.on_factor", 4.0, 3.0, "x base"),
        ("signals.pull", "off", "on", ""),
    ]


def test_a_hole_is_marked_and_takes_no_room() -> None:
    thinned = Thinned({"mid": "last", "vwap": "last", "low": "low", "high": "high"})
    times = RTH + np.concatenate([np.arange(1, 50), np.arange(400, 450)]) * NS
    values = np.linspace(100.0, 101.0, len(times))
    thinned.add(times, dict.fromkeys(("mid", "vwap", "low", "high"), values))
    series = thinned.result()
    inside = Mark(RTH + 20 * NS, 100.5, True, "inside")
    chart = price_chart(series, [inside, Mark(RTH - NS * 9, 100.5, False, "before")], [], 0.25)
    assert chart.count("nothing recorded here") == 1
    assert "inside" in chart
    assert "before" not in chart
    x = float(re.findall(r'points="([0-9.]+),', chart)[0])
    # the 20th of 99 bins of one second ends there, between the margins of 66 and 10 of 760
    assert x == pytest.approx(66 + 20 / 99 * (760 - 76), abs=0.1)
