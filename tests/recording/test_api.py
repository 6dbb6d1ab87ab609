"""The Python API: the same rows as the commands, lazily, as frames and arrays."""

import datetime
import inspect
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import depthbridge
from depthbridge.api import Recorded, Table
from depthbridge.cli import main
from depthbridge.runs.columns import in_units
from depthbridge.runs.told import ClustersRun
from depthbridge.runs.trades import TradesRun
from depthbridge.schemas import CLUSTER_COLUMNS, METRICS_COLUMNS, SIGNAL_COLUMNS
from market.enums import Source
from market.errors import DataError, UsageError
from market.instrument import DEFAULT_INSTRUMENTS
from recording.hit_rates import HitRates, InstrumentRates, RuleRate
from recording.readers import open_recording
from tests.recording.helpers import flat

START = 1_795_099_800


@pytest.fixture(scope="module")
def sample(root: Path) -> Path:
    return root / "depthbridge" / "sample" / "es_12-26.txt.zst"


def test_it_offers_what_it_announces() -> None:
    assert depthbridge.Client.__name__ == "Client"
    assert depthbridge.open is not open
    assert depthbridge.Recorded is Recorded
    assert depthbridge.Table is Table
    with pytest.raises(AttributeError):
        depthbridge.nothing  # noqa: B018


def test_nothing_is_read_before_a_table_is_asked_for() -> None:
    day = depthbridge.open("no/such/file", datetime.date(2026, 11, 19))
    book = day.book(levels=1, every="1s")
    assert "no/such/file" in repr(day)
    with pytest.raises(UsageError, match="no/such/file"):
        book.to_arrow()
    with pytest.raises(UsageError, match="often"):
        day.book(every="often")
    for wrong in ("19.11.2026", "2026-99-19"):
        with pytest.raises(UsageError, match=wrong):
            depthbridge.open("ES", wrong)


@pytest.mark.parametrize("package", ["polars", "pandas"])
def test_a_missing_package_is_named(
    sample: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    table = depthbridge.open(sample).trades()
    with pytest.raises(UsageError, match=f"pip install {package}"):
        getattr(table, f"to_{package}")()


def test_tables_equal_the_files_of_the_commands(sample: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    day = depthbridge.open(sample, begin="2026-11-19T14:51", end="2026-11-19T14:55")
    window = ["--from", "2026-11-19T14:51", "--to", "2026-11-19T14:55"]
    out = tmp_path / "out.parquet"
    words = [str(sample), "--out", str(out), *window]
    assert main(["book", *words, "--levels", "2", "--every", "1"]) == 0
    book = day.book(levels=2, every="1s").to_arrow()
    assert book.num_rows == 240
    assert pq.read_table(out).equals(book)
    assert main(["metrics", *words, "--every", "10"]) == 0
    assert pq.read_table(out).equals(day.metrics(every=10).to_arrow())


def test_signals_equal_the_lines_of_the_command_and_name_what_they_saw(
    sample: Path, tmp_path: Path
) -> None:
    window = ["--to", "2026-11-19T15:25"]
    day = depthbridge.open(sample, end=window[1])
    paths = {name: tmp_path / f"{name}.jsonl" for name in ("out", "signals", "clusters")}
    files = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
    assert main(["metrics", str(sample), *files, *window]) == 0
    told = [json.loads(line) for line in paths["signals"].read_text("utf-8").splitlines()]
    rows = day.signals().to_arrow()
    for name in ("time_ns", "expires"):
        column = rows.column(name).cast("int64")
        rows = rows.set_column(rows.column_names.index(name), name, column)
    expected = [{**message, "time_ns": message["time"]} for message in told]
    assert rows.to_pylist() == [{name: one[name] for name in SIGNAL_COLUMNS} for one in expected]
    assert len(told) >= 3
    clusters = {
        line["clusters"][0]["id"]: line
        for line in map(json.loads, paths["clusters"].read_text("utf-8").splitlines())
    }
    for message in told:
        cluster = clusters[message["cluster"]]["clusters"][0]
        assert cluster["side"] == message["side"]
        named = f" {message['cluster']} "
        if cluster["kind"] == "resting":
            named = f"cluster{named}at {cluster['price_low']!r}"
        assert named in f" {message['reason']}"


def test_confidence_comes_from_the_configured_hit_rates_of_the_past(
    sample: Path, tmp_path: Path
) -> None:
    day = depthbridge.open(sample, end="2026-11-19T15:25")
    plain = day.signals().to_numpy()
    assert np.isnan(plain["confidence"]).all()
    (source,) = {str(entry.source) for entry in open_recording(sample) if hasattr(entry, "source")}
    until, kind = int(plain["time_ns"][0]), str(plain["kind"][1])
    known = InstrumentRates(until, {kind: RuleRate(0.5, 7)})
    HitRates({("ES", Source(source)): known}).write(tmp_path / "rates.json")
    config = tmp_path / "config.yaml"
    config.write_text(f"recording: {{hit_rates: '{tmp_path / 'rates.json'}'}}\n", "utf-8")
    options = {"end": "2026-11-19T15:25", "config": config}
    rated = depthbridge.open(sample, **options).signals().to_numpy()
    expected = [
        0.5 if one["kind"] == kind and one["time_ns"] > until else math.nan for one in plain
    ]
    assert np.array_equal(rated["confidence"], expected, equal_nan=True)
    assert 0.5 in expected


def test_frames_and_arrays_hold_the_same(sample: Path) -> None:
    day = depthbridge.open(sample, end="2026-11-19T14:52")
    table = day.book(levels=1, every="0.5s")
    polars, pandas, numpy = table.to_polars(), table.to_pandas(), table.to_numpy()
    assert polars.height == len(pandas) == len(numpy) == sum(t.num_rows for t in table.batches())
    assert numpy.dtype["time_ns"] == np.int64
    assert np.array_equal(numpy["time_ns"], pandas["time_ns"].astype("int64"))
    assert np.array_equal(numpy["bid_price_1"], polars["bid_price_1"].to_numpy(), equal_nan=True)
    assert str(pandas["time_ns"].dtype) == "datetime64[ns, UTC]"
    metrics = day.metrics(batch=500).to_numpy()
    assert metrics.dtype.names == METRICS_COLUMNS
    assert set(metrics["phase"]) <= {"waiting", "synced"}


def test_trades_are_those_of_the_recording(sample: Path) -> None:
    trades = depthbridge.open(sample).trades().to_numpy()
    records, times = flat(open_recording(sample))
    kept = records["kind"] == 3
    assert np.array_equal(trades["time_ns"], times[kept])
    assert np.array_equal(trades["price"], records["price"][kept] * 0.25)
    assert np.array_equal(trades["size"], records["size"][kept])
    assert set(trades["aggressor"]) == {"buy", "sell"}
    assert set(trades["source"]) == {"quotes"}
    assert issubclass(TradesRun, object)


def test_clusters_live_and_end(sample: Path) -> None:
    clusters = depthbridge.open(sample).clusters().to_numpy()
    assert clusters.dtype.names == CLUSTER_COLUMNS
    born = set(clusters["id"][clusters["event"] == "new"])
    ended = set(clusters["id"][clusters["event"] == "end"])
    assert len(born) > 5
    assert ended <= born
    assert np.all(np.diff(clusters["time_ns"]) >= 0)
    assert set(inspect.signature(ClustersRun).parameters) >= {"window", "tolerant"}


def test_damage_is_raised_and_tolerance_is_asked_for(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "ES 12-26.txt"
    line = b"L1;2;20261119143000;%d;5000.25;1\n"
    path.write_bytes(line % 1 + b"rubbish\n" + line % 2)
    day = depthbridge.open(path)
    with pytest.raises(DataError, match="rubbish"):
        day.trades().to_arrow()
    assert depthbridge.open(path, tolerant=True).trades().to_arrow().num_rows == 2
    assert day.instrument.symbol == "ES 12-26"


def test_an_empty_result_has_its_columns(sample: Path) -> None:
    empty = depthbridge.open(sample, begin="2030-01-01").trades().to_polars()
    assert empty.height == 0
    assert empty.columns == ["index", "time_ns", "price", "size", "aggressor", "source"]


def test_sizes_in_units() -> None:
    steps = np.array([1, 2500])
    assert in_units(steps, DEFAULT_INSTRUMENTS.define("ES 12-26")).dtype == np.int64
    coin = DEFAULT_INSTRUMENTS.define("ETH-PERP", "0.01", "0.001")
    assert in_units(steps, coin).tolist() == [0.001, 2.5]


def test_a_footprint_has_every_trade_once(sample: Path) -> None:
    day = depthbridge.open(sample, end="2026-11-19T14:58")
    trades = day.trades().to_numpy()
    assert len(trades) > 100
    for bars in ("1m", "5m", "50t", "200v"):
        rows = day.footprint(bars).to_numpy()
        assert rows["trades"].sum() == len(trades)
        for name in ("buy", "sell", "unknown"):
            assert rows[name].sum() == trades["size"][trades["aggressor"] == name].sum()
        assert (rows["delta"] == rows["buy"] - rows["sell"]).all()
        assert not (rows["buy_stack"] & ~rows["buy_imbalance"]).any()


def test_bars_end_where_they_are_said_to(sample: Path) -> None:
    day = depthbridge.open(sample, end="2026-11-19T14:58")
    minutes = day.footprint("5m").to_numpy()["time_ns"]
    assert (np.unique(minutes) % 300_000_000_000 == 0).all()
    table = day.footprint("50t").to_numpy()
    counts = [
        int(table["trades"][table["time_ns"] == t].sum()) for t in np.unique(table["time_ns"])
    ]
    assert set(counts[:-1]) == {50}


def test_the_footprints_imbalances_are_those_of_the_bars(sample: Path) -> None:
    """Each preset marks other rows; a row's mark is that of the rule on its neighbours."""
    day = depthbridge.open(sample, end="2026-11-19T15:20")
    counts = {}
    for preset in ("nt", "tv", "atas"):
        rows = day.footprint(preset=preset, zero="ignore").to_numpy()
        counts[preset] = int(rows["buy_imbalance"].sum() + rows["sell_imbalance"].sum())
        at = {(row["time_ns"], row["price"]): row for row in rows}
        for row in rows[rows["buy_imbalance"]]:
            below = at[row["time_ns"], row["price"] - 0.25]
            assert row["buy"] >= {"nt": 1.5, "tv": 3.0, "atas": 3.0}[preset] * below["sell"] > 0
    assert len(set(counts.values())) == 3


@pytest.mark.parametrize("bars", ["", "5", "0m", "1h", "-1t", "m"])
def test_bars_of_another_kind_are_refused(sample: Path, bars: str) -> None:
    with pytest.raises(UsageError, match="500t"):
        depthbridge.open(sample).footprint(bars)
    with pytest.raises(UsageError, match="none of"):
        depthbridge.open(sample).footprint(preset="x")
