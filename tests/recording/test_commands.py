"""book, metrics, convert, recordings: what they write, and how they fail."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from depthbridge.cli import main
from depthbridge.runs.metrics import MetricsRun
from depthbridge.schemas import METRICS_COLUMNS
from market.instrument import DEFAULT_INSTRUMENTS
from orderbook import Analyzer
from recording.entries import FrameEntry
from recording.readers import open_recording
from recording.readers.opener import peek
from tests.recording.helpers import flat
from tests.reference.position_book import PositionBook
from tests.reference.records import Rec

NS = 10**9
LINES = 4000
LEVEL_ONE = "".join(
    f"L1;2;20261119143{i // 60:01d}{i % 60:02d};0;5000.25;1\r\n" for i in range(500)
)


@pytest.fixture(scope="module")
def dump(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first lines of the bundled sample."""
    sample = root / "depthbridge" / "sample" / "es_12-26.txt.zst"
    data = peek(sample, 1 << 20)
    path = tmp_path_factory.mktemp("dump") / "ES 12-26.txt"
    path.write_bytes(b"".join(data.splitlines(keepends=True)[:LINES]))
    path.with_name(path.name + ".json").write_bytes(
        sample.with_name(sample.name + ".json").read_bytes()
    )
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def plain_states(dump: Path, levels: int) -> Iterator[tuple[int, int, list[str]]]:
    """Index, time and top levels after every record, by the plain book, as the export writes it."""
    book = PositionBook(10)
    for entry in open_recording(dump):
        if not isinstance(entry, FrameEntry):
            continue
        assert entry.index is not None
        for index, record in zip(entry.index.tolist(), entry.frame.records.tolist(), strict=True):
            dt, kind, side, op, row, price, size, _ = record
            book.apply([Rec(entry.frame.base + dt, kind, side, op, row, price, size)])
            cells = []
            for level in range(levels):
                for rows in (book.rows[1], book.rows[0]):
                    if level < len(rows):
                        cells += [f"{rows[level][0] * 0.25:g}", str(rows[level][1])]
                    else:
                        cells += ["", ""]
            yield index, entry.frame.base + dt, cells


def cells_of(row: dict[str, str]) -> list[str]:
    return [value for name, value in row.items() if name not in ("index", "time_ns")]


def test_book_writes_the_state_after_every_record(dump: Path, tmp_path: Path) -> None:
    out = tmp_path / "book.csv"
    assert main(["book", str(dump), "--levels", "3", "--out", str(out), "--every", "event"]) == 0
    header = out.read_text().splitlines()[0]
    assert header.startswith("index,time_ns,bid_price_1,bid_size_1,ask_price_1,ask_size_1,bid_")
    expected = list(plain_states(dump, 3))
    rows = table(out)
    assert [(int(r["index"]), int(r["time_ns"]), cells_of(r)) for r in rows] == expected


def test_book_writes_changes_only_by_default(dump: Path, tmp_path: Path) -> None:
    out = tmp_path / "book.csv"
    assert main(["book", str(dump), "--levels", "2", "--out", str(out)]) == 0
    expected = []
    last = [""] * 8
    for index, time, cells in plain_states(dump, 2):
        if cells != last:
            expected.append((index, time, cells))
            last = cells
    assert [(int(r["index"]), int(r["time_ns"]), cells_of(r)) for r in table(out)] == expected


def test_book_by_interval_labels_the_end_and_fills_silence(dump: Path, tmp_path: Path) -> None:
    out = tmp_path / "book.csv"
    step = NS // 4
    assert main(["book", str(dump), "--levels", "1", "--out", str(out), "--every", "0.25"]) == 0
    states = list(plain_states(dump, 1))
    first, last = -(-states[0][1] // step), -(-states[-1][1] // step)
    expected = []
    place = 0
    for label in range(first, last + 1):
        while place + 1 < len(states) and states[place + 1][1] <= label * step:
            place += 1
        expected.append((states[place][0], label * step, states[place][2]))
    assert [(int(r["index"]), int(r["time_ns"]), cells_of(r)) for r in table(out)] == expected
    assert len(expected) > len({row[0] for row in expected}), "there is silence in it"


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_book_in_other_endings_is_the_same_table(dump: Path, tmp_path: Path, ending: str) -> None:
    paths = [tmp_path / f"book.{name}" for name in ("csv", ending)]
    for path in paths:
        assert main(["book", str(dump), "--levels", "2", "--out", str(path)]) == 0
    text = [[cell or None for cell in row.values()] for row in table(paths[0])]
    if ending == "jsonl":
        rows = [list(json.loads(line).values()) for line in paths[1].read_text().splitlines()]
    else:
        import pyarrow.parquet as pq

        read = pq.read_table(paths[1])
        assert str(read.schema.field("time_ns").type) == "timestamp[ns, tz=UTC]"
        metadata = {k.decode(): v.decode() for k, v in pq.read_metadata(paths[1]).metadata.items()}
        assert metadata["instrument"] == "ES 12-26"
        assert metadata["tick_size"] == "0.25"
        assert metadata["session"] == "cme_equity"
        assert json.loads(metadata["gaps"]) == []
        column = read.column("time_ns").cast("int64")
        rows = [list(row.values()) for row in read.set_column(1, "t", column).to_pylist()]
    assert [
        [None if v is None else f"{v:g}" if isinstance(v, float) else str(v) for v in row]
        for row in rows
    ] == text


def test_metrics_rows_are_those_of_the_analyzer(dump: Path, tmp_path: Path) -> None:
    out, clusters = tmp_path / "m.csv", tmp_path / "c.jsonl"
    words = ["metrics", str(dump), "--out", str(out), "--clusters", str(clusters)]
    assert main([*words, "--batch", "300"]) == 0
    assert tuple(out.read_text().splitlines()[0].split(",")) == METRICS_COLUMNS
    rows = table(out)
    records, times = flat(open_recording(dump))
    assert len(rows) == -(-len(records) // 300)
    assert int(rows[0]["index"]) == 299
    assert int(rows[-1]["time_ns"]) == int(times.max())
    assert int(rows[-1]["index"]) == LINES - 1
    assert rows[-1]["microprice"] == "", "a field of later"
    assert all("nan" not in line.lower() for line in out.read_text().splitlines())
    instrument = DEFAULT_INSTRUMENTS.define("ES 12-26")
    analyzer = Analyzer(instrument)
    for entry in open_recording(dump):
        if isinstance(entry, FrameEntry):
            analyzer.process_l2_update(entry.frame)
    last = analyzer.row()[0]
    for name in ("best_bid", "best_ask", "mid", "imbalance", "weighted_mid"):
        assert float(rows[-1][name]) == float(last[name]), name
    for line in clusters.read_text().splitlines():
        message = json.loads(line)
        assert message["type"] == "clusters"
        assert message["event"] in ("new", "update", "end")


def test_metrics_do_not_depend_on_batches_or_intervals(dump: Path, tmp_path: Path) -> None:
    found = []
    for number, more in enumerate((["--batch", "1"], ["--batch", "7"], ["--every", "0.5"])):
        out, clusters = tmp_path / f"{number}.csv", tmp_path / f"{number}.jsonl"
        words = ["metrics", str(dump), "--out", str(out), "--clusters", str(clusters), *more]
        assert main(words) == 0
        found.append((table(out), clusters.read_bytes()))
    (every, events), (seventh, same), (timed, also) = found
    ignored = ("ofi", "ofi_1", "ofi_2", "ofi_3", "ofi_4", "ofi_5")  # since the row before
    strip = lambda row: {k: v for k, v in row.items() if k not in ignored}  # noqa: E731
    assert [strip(row) for row in every[6::7]] == [strip(row) for row in seventh[: len(every) // 7]]
    assert events == same == also
    for name in ignored:
        sums = [float(row[name] or 0) for row in every]
        assert any(sums)
        for k, row in enumerate(seventh):
            assert float(row[name] or 0) == sum(sums[7 * k : 7 * k + 7]), (name, k)
        assert sum(float(row[name] or 0) for row in timed) == sum(sums), name
    by_index = {row["index"]: row for row in every}
    labels = [int(row["time_ns"]) for row in timed]
    assert labels == list(range(labels[0], labels[-1] + 1, NS // 2))
    times = flat(open_recording(dump))[1]
    for row in timed:
        last = int(np.searchsorted(times, int(row["time_ns"]), side="right")) - 1
        assert int(row["index"]) == last, "what happened up to the label and at it"
        for name in ("best_bid", "best_ask", "mid", "imbalance"):
            assert row[name] == by_index[row["index"]][name]


def test_a_run_knows_its_input_when_it_is_over(dump: Path) -> None:
    run = MetricsRun(open_recording(dump), batch=1000)
    assert run.instrument is None
    assert sum(len(columns["index"]) for columns in run) == LINES // 1000
    assert run.metadata()["instrument"] == "ES 12-26"
    assert run.metadata()["config_hash"] == run.config != ""
    assert run.rows == LINES


def test_level_one_only_has_metrics_but_no_book(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ES 12-26.txt"
    path.write_text(LEVEL_ONE, newline="")
    out = tmp_path / "out.csv"
    assert main(["book", str(path), "--levels", "3", "--out", str(out)]) == 2
    assert "no depth" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]
    assert main(["metrics", str(path), "--out", str(out)]) == 0
    assert table(out)[-1]["cvd"] != "" or table(out)[-1]["volume"] == ""
    assert len(table(out)) == 3


@pytest.mark.parametrize("command", ["book", "metrics", "convert"])
def test_a_damaged_recording_delivers_what_was_good(
    dump: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = dump.read_bytes().splitlines(keepends=True)
    path = tmp_path / "ES 12-26.txt"
    path.write_bytes(b"".join(lines[:2000]) + b"rubbish\r\n" + b"".join(lines[2000:]))
    out = tmp_path / "out.csv"
    words = {
        "book": ["--levels", "1", "--out", str(out), "--every", "event"],
        "metrics": ["--out", str(out), "--batch", "1"],
        "convert": [str(out)],
    }[command]
    assert main([command, str(path), *words]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "line 2,001" in error
    assert "rubbish" in error
    assert len(table(out)) == 2000
    assert main([command, str(path), "--tolerant", *words]) == 0
    assert len(table(out)) == LINES
    assert "malformed" in capsys.readouterr().err


def test_a_book_fault_stops_or_is_a_gap(
    dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = dump.read_bytes().splitlines(keepends=True)
    swapped = [
        line for line in lines[:2000] if not line.startswith(b"L2;1;") or b";0;0;;" not in line
    ]
    path = tmp_path / "ES 12-26.txt"
    extra = lines[999].split(b";")
    bad = b"L2;0;%b;%b;1;3;;1000;5\r\n" % (extra[2], extra[3])
    path.write_bytes(b"".join(lines[:1000]) + bad + b"".join(lines[1000:]))
    assert swapped
    for command in (["book", "--levels", "1"], ["metrics"]):
        out = tmp_path / "out.csv"
        words = [command[0], str(path), *command[1:], "--out", str(out)]
        assert main(words) == 2
        assert "not in the order" in capsys.readouterr().err
        assert len(table(out)) > 0
        good = len(table(out))
        assert main([*words, "--tolerant"]) == 0
        assert "gaps" in capsys.readouterr().err
        assert len(table(out)) > good


def test_an_old_output_survives_what_goes_wrong(
    tmp_path: Path, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old")
    from depthbridge.runs import BookRun

    def interrupted(self: BookRun) -> Iterator[object]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(BookRun, "__iter__", interrupted)
    assert main(["book", str(dump), "--levels", "1", "--out", str(out)]) == 130
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["book", "{dump}", "--out", "x.txt"], ".parquet"),
        (["book", "{dump}", "--out", "x.csv", "--every", "often"], "--every"),
        (["book", "{dump}", "--out", "x.csv", "--every", "0"], "--every"),
        (["book", "{dump}", "--out", "x.csv", "--every", "1e30"], "--every"),
        (["metrics", "{dump}", "--out", "x.csv", "--every", "31536001"], "--every"),
        (["metrics", "{dump}", "--out", "x.csv", "--every", "0.000999"], "--every"),
        (["book", "{dump}", "--out", "x.csv", "--every", "1_0"], "--every"),
        (["book", "{dump}", "--out", "x.csv", "--levels", "1_0"], "--levels"),
        (["book", "{dump}", "--out", "x.csv", "--date", "2026-11-20"], "nothing in that window"),
        (["metrics", "{dump}", "--out", "x.csv", "--date", "2026-11-18"], "it begins at"),
        (["metrics", "{dump}", "--out", "x.csv", "--every", "1", "--date", "2026-11-18"], "begins"),
        (["convert", "{dump}", "x.csv", "--date", "2026-11-20"], "nothing in that window"),
        (["review", "{dump}", "--json", "x.json", "--date", "2026-11-20"], "nothing in that"),
        (["report", "{dump}", "--out", "x.html", "--date", "2026-11-20"], "nothing in that"),
        (["generate", "x.txt", "--minutes", "1441"], "--minutes"),
        (["book", "{dump}", "--out", "x.csv", "--levels", "0"], "--levels"),
        (["book", "{dump}", "--out", "no/folder/x.csv"], "cannot be written"),
        (["book", "{dump}", "--out", "x.csv", "--format", "moldudp"], "there are"),
        (["book", "{dump}", "--out", "x.csv", "--tick-size", "0.3"], "tick_size"),
        (["metrics", "{dump}", "--out", "x.csv", "--tick-size", "0"], "must be above 0"),
        (["metrics", "{dump}", "--out", "x.csv", "--tick-size", "a"], "a is no number"),
        (["book", "{dump}", "--out", "x.csv", "--time-zone", "Mars"], "time zone"),
        (["book", "{dump}", "--out", "x.csv", "--date", "yesterday"], "date"),
        (["book", "{dump}", "--out", "x.csv", "--date", "2026-11-21"], "no session"),
        (["book", "{dump}", "--out", "x.csv", "--from", "14:30"], "--date"),
        (["book", "{dump}", "--out", "x.csv", "--from", ""], "--from '' is no time"),
        (["metrics", "{dump}", "--out", "x.csv", "--to", ""], "'' is no time"),
        (["book", "{dump}", "--out", "x.csv", "--session", "lunch"], "session"),
        (["book", "nothing.txt", "--out", "x.csv"], "nothing.txt"),
        (["metrics", "{dump}", "--out", "x.csv", "--batch", "0"], "--batch"),
        (["metrics", "{dump}", "--out", "x.csv", "--every", "1", "--batch", "5"], "--batch"),
        (["metrics", "{dump}", "--out", "x.jsonl", "--clusters", "./x.jsonl"], "two outputs"),
        (["metrics", "{dump}", "--out", "x.csv", "--clusters", "c.csv"], ".jsonl"),
        (["metrics", "{dump}", "--out", "x.csv", "--clusters", ""], ".jsonl"),
        (["metrics", "{dump}", "--out", "x.csv", "--config", "none.yaml"], "none.yaml"),
        (["review", "{dump}", "--random-seed", "-1"], "below 0"),
        (["calibrate", "{dump}", "--random-seed", "-1"], "below 0"),
        (["convert", "{dump}", "x.out"], "--to"),
        (["convert", "{dump}", "x.out", "--to", "moldudp"], "there are"),
        (["recordings", "nowhere"], "nowhere"),
    ],
)
def test_wrong_arguments_end_with_one_line(
    dump: Path,
    tmp_path: Path,
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert main([word.replace("{dump}", str(dump)) for word in words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert not list(tmp_path.iterdir()), "nothing is left, complete or not"
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_was_converted_is_found_by_instrument_and_date(
    dump: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "recordings"
    parquet = tmp_path / "es.parquet"
    assert main(["convert", str(dump), str(parquet)]) == 0
    assert main(["convert", str(parquet), str(folder), "--to", "journal"]) == 0
    assert main(["convert", str(parquet), str(folder), "--to", "journal"]) == 2
    capsys.readouterr()
    monkeypatch.setenv("DEPTHBRIDGE_RECORDING_FOLDER", str(folder))
    assert main(["recordings"]) == 0
    listing = capsys.readouterr().out.splitlines()
    assert len(listing) == 2
    assert listing[1].split()[:5] == ["2026-11-19", "ES", "12-26", "replay", f"{LINES:,}"]
    states = {row[0]: row for row in plain_states(dump, 1)}
    for name in ("ES", "ES 12-26", "ESZ6"):
        out = tmp_path / "out.csv"
        words = ["book", name, "--date", "2026-11-19", "--levels", "1", "--out", str(out)]
        assert main(words) == 0
        assert cells_of(table(out)[-1]) == states[int(table(out)[-1]["index"])][2]
    assert main(["book", "ES", "--date", "2026-11-20", "--out", str(tmp_path / "x.csv")]) == 2
    assert main(["book", "NQ", "--out", str(tmp_path / "x.csv")]) == 2


def test_a_window_shows_part_of_the_rows_of_the_whole(dump: Path, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    assert main(["book", str(dump), "--levels", "1", "--out", str(whole)]) == 0
    rows = table(whole)
    low, high = int(rows[50]["time_ns"]), int(rows[-50]["time_ns"])
    iso = [str(np.datetime64(time, "ns")) for time in (low, high)]
    low, high = (int(np.datetime64(text[:26], "ns").astype(np.int64)) for text in iso)
    words = ["book", str(dump), "--levels", "1", "--out", str(part)]
    assert main([*words, "--from", iso[0][:26], "--to", iso[1][:26]]) == 0
    assert table(part) == [row for row in rows if low <= int(row["time_ns"]) < high]
    assert main([*words, "--date", "2026-11-19", "--session", "rth"]) == 0
    assert table(part) == rows, "the sample lies within the regular hours"


@pytest.mark.parametrize(
    "words",
    [
        ["book", "i/s.csv", "--out", "i/s.csv"],
        ["book", "i/s.csv", "--out", "i/../i/s.csv"],
        ["book", "i/s.csv", "--out", "link.csv"],
        ["book", "i/s.csv", "--out", "hard.csv"],
        ["book", "i", "--out", "i/new.csv"],
        ["metrics", "i/s.csv", "--out", "i/s.csv"],
        [
            "metrics",
            "i/s.jsonl",
            "--format",
            "nt-dump",
            "--out",
            "o.csv",
            "--clusters",
            "i/s.jsonl",
        ],
        ["metrics", "i/s.csv.part", "--format", "nt-dump", "--out", "i/s.csv"],
        ["convert", "i/s.csv", "i/s.csv"],
        ["convert", "i", "i/s.csv"],
        ["convert", "i/s.csv", "i/s.csv", "--to", "nt-dump"],
    ],
)
def test_an_output_never_takes_the_place_of_the_input(
    dump: Path,
    tmp_path: Path,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded = tmp_path / "i" / Path(words[1]).name if words[1] != "i" else tmp_path / "i" / "s.csv"
    recorded.parent.mkdir()
    recorded.write_bytes(dump.read_bytes())
    Path("link.csv").symlink_to(recorded)
    Path("hard.csv").hardlink_to(recorded)
    before = sorted(tmp_path.rglob("*"))
    assert main([*words, "--instrument", "ES 12-26", "--time-zone", "UTC"]) == 2
    error = capsys.readouterr().err
    assert "input" in error
    assert len(error.strip().splitlines()) == 1
    assert recorded.read_bytes() == dump.read_bytes()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("every", ["0.1", "60"])
def test_a_book_that_breaks_before_silence_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], every: str
) -> None:
    start, out = 1_794_839_400 * NS, tmp_path / "m.csv"
    rows = [f"{start},0,{side},0,0,{100 + 0.25 * (1 - side)},5" for side in (1, 0)]
    rows.append(f"{start + NS},0,1,0,1,100.5,5")  # a second bid above the first
    rows += [f"{start + 5 * NS},0,{side},1,0,{100 + 0.25 * (1 - side)},6" for side in (1, 0)]
    path = tmp_path / "ES 12-26.csv"
    path.write_text("time_ns,kind,side,op,position,price,size\n" + "\n".join(rows) + "\n")
    words = ["metrics", str(path), "--every", every, "--out", str(out)]
    assert main(words) == 2
    assert "the book broke at line or record" in capsys.readouterr().err
    assert main([*words, "--tolerant"]) == 0
    assert "1 gaps" in capsys.readouterr().err
    assert table(out)[-1]["phase"] != "stale"


@pytest.mark.parametrize("command", ["book", "metrics"])
def test_a_silence_that_would_fill_the_disk_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, out = 1_794_839_400 * NS, tmp_path / "x.csv"
    monkeypatch.setattr("depthbridge.runs.base._MOST_SILENT", 20_000)  # 16,777,216 take long
    silence = 20 * NS  # at a millisecond: the longest
    path = tmp_path / "ES 12-26.csv"

    def write(later: int) -> None:
        rows = [
            f"{time},0,{side},{op},0,{100 + 0.25 * (1 - side)},5"
            for time, op in ((start, 0), (start + later, 1))
            for side in (1, 0)
        ]
        path.write_text("time_ns,kind,side,op,position,price,size\n" + "\n".join(rows) + "\n")

    words = [command, str(path), "--out", str(out), "--every"]
    write(silence + NS // 1000)
    assert main([*words, "0.001"]) == 2
    assert (
        "the silence after 2026-11-16 14:30:00 UTC would be 20,001 rows" in capsys.readouterr().err
    )
    assert not out.exists()
    assert main([*words, "1"]) == 0
    after = str(np.datetime64(start // NS + 1, "s"))
    before = [*words, "0.001", "--to", after]
    assert main(before) == 0, "of what nobody wants there may be as much as there is"
    assert len(table(out)) == 1000


@pytest.mark.parametrize("command", ["book", "metrics"])
@pytest.mark.parametrize("broken", [False, True])
def test_a_window_that_ends_in_silence_has_its_rows_and_events(
    tmp_path: Path, command: str, broken: bool
) -> None:
    """As of the whole; what is wrong beyond the window is nobody's."""
    start = 1_794_839_400 * NS
    rows = [
        f"{start + time * NS},0,{side},{op},{position},{100 + away * (1 - 2 * side)},{size}"
        for time, op in ((0, 0), (1, 1), (60, 1))
        for position in range(5)
        for side, away, size in ((1, position, 5 if position else 90), (0, position + 0.25, 5))
    ]
    path = tmp_path / "ES 12-26.csv"
    head = "time_ns,kind,side,op,position,price,size\n"
    path.write_text(head + "\n".join(rows) + "\n")
    told, part = tmp_path / "c.jsonl", tmp_path / "part.csv"
    more = ["--clusters", str(told)] if command == "metrics" else []
    words = [command, str(path), "--every", "1", *more, "--out"]
    assert main([*words, str(tmp_path / "whole.csv")]) == 0
    events = told.read_text() if more else ""
    if broken:
        rows[-1] = f"{start + 60 * NS},0,1,0,1,500,5"  # a second bid far above the first
        rows.append(f"{start + 61 * NS},0,0,0,1,1,5")
        path.write_text(head + "\n".join(rows) + "\n")
        assert main([*words, str(tmp_path / "no.csv")]) == 2
    end = start + 40 * NS
    assert main([*words, str(part), "--to", str(np.datetime64(end, "ns"))[:19]]) == 0
    whole = table(tmp_path / "whole.csv")
    assert table(part) == [row for row in whole if int(row["time_ns"]) < end]
    assert len(table(part)) == 40
    if more:
        assert told.read_text() == events
        assert '"new"' in events


def test_an_input_without_a_record_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "ES 12-26.csv", tmp_path / "x.csv"
    path.write_text("time_ns,kind,side,op,position,price,size\n")
    for words in (["metrics", str(path), "--out", str(out)], ["convert", str(path), str(out)]):
        assert main(words) == 0
        assert "holds no record" in capsys.readouterr().err
