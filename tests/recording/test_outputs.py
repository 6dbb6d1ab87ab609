"""Output files: complete or not there, nulls as empty cells, floats that round-trip."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthbridge.converting import convert
from depthbridge.exporting import export
from depthbridge.outputs import LinesOutput, TableOutput, check_ending, replacing
from depthbridge.progress import Progress
from market.errors import EnvironmentFault, UsageError

SCHEMA = pa.schema(
    [
        ("index", pa.int64()),
        ("time_ns", pa.timestamp("ns", "UTC")),
        ("value", pa.float64()),
        ("word", pa.string()),
        ("flag", pa.bool_()),
        ("later", pa.float64()),
    ]
)


def columns(values: list[float]) -> dict[str, object]:
    count = len(values)
    return {
        "index": np.arange(count),
        "time_ns": np.arange(count) + 1_795_099_800_000_000_001,
        "value": np.array(values),
        "word": pa.array(["synced", None] * count)[:count],
        "flag": np.zeros(count, bool),
    }


@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=30))
def test_floats_round_trip_and_nulls_are_empty(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("out")
    for ending in (".csv", ".jsonl", ".parquet"):
        path = folder / f"out{ending}"
        with TableOutput(path, SCHEMA) as output:
            output.write(columns(values))
            output.metadata["who"] = "me"
            output.commit()
        assert output.rows == len(values)
        if ending == ".csv":
            lines = path.read_text().splitlines()
            assert lines[0] == "index,time_ns,value,word,flag,later"
            cells = [line.split(",") for line in lines[1:]]
            read = [float(cell[2]) if cell[2] else None for cell in cells]
            assert cells[0][:2] == ["0", "1795099800000000001"]
            assert all(cell[5] == "" for cell in cells)
        elif ending == ".jsonl":
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            read = [row["value"] for row in rows]
        else:
            table = pq.read_table(path)
            assert table.schema.field("time_ns").type == pa.timestamp("ns", "UTC")
            assert pq.read_metadata(path).metadata[b"who"] == b"me"
            read = table.column("value").to_pylist()
        assert read == [None if math.isnan(value) else value for value in values]


def test_masked_values_are_null(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with TableOutput(path, pa.schema([("a", pa.int64()), ("b", pa.float64())])) as output:
        output.write(
            {
                "a": np.ma.MaskedArray([1, 2**60 + 1], [True, False]),
                "b": np.ma.MaskedArray([0.5, 1.0], [False, True]),
            }
        )
        output.write({"a": np.zeros(0, np.int64), "b": np.zeros(0)})
        output.commit()
    assert path.read_text() == f"a,b\n,0.5\n{2**60 + 1},\n"


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
def test_an_output_is_complete_or_not_there(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    path.write_text("old")
    with pytest.raises(RuntimeError), TableOutput(path, SCHEMA) as output:  # noqa: PT012
        output.write(columns([1.0]))
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with TableOutput(path, SCHEMA) as output:
        output.commit()
    assert path.read_bytes() != b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with LinesOutput(path) as output:
        output.write(b'{"a":1}')
        output.commit()
    assert path.read_text() == '{"a":1}\n'
    with pytest.raises(UsageError):
        LinesOutput(tmp_path / "out.csv")


def test_endings() -> None:
    assert check_ending(Path("a.CSV")) == ".csv"
    for name in ("a", ".csv", "a.txt", "csv"):
        with pytest.raises(UsageError):
            check_ending(Path(name))


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="missing"), replacing(tmp_path / "missing" / "a"):
        pass
    with pytest.raises(UsageError), replacing(tmp_path):
        pass
    with replacing(tmp_path / "a") as part:
        part.write_text("new")
    assert (tmp_path / "a").read_text() == "new"


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.at(10**9)
    assert capsys.readouterr().err == ""


def test_progress_cleans_up_after_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    now = [0.0]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Progress("rows") as progress:
        progress.at(1)
        now[0] = 2.0
        progress.at(4_000_000)
    assert capsys.readouterr().err == "\r\x1b[K4,000,000 rows, 2,000,000 a second\r\x1b[K"


def test_the_drivers_are_documented() -> None:
    assert export.__doc__
    assert convert.__doc__
